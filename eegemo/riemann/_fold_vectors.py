"""Tangent vectors at the means of many training sets of the same matrices."""

import numpy as np
from pyriemann.geometry.tangentspace import tangent_space

from ._karcher import expm, karcher_mean, log_vectors, logm, roots
from ._mean import resolve_metric, spd_mean


def fold_vectors(C, training_sets, metric):
    """Tangent vectors of all matrices, at the mean of one training set after another.

    Parameters
    ----------
    C : float array of shape (n_matrices, n, n), SPD
    training_sets : list of int arrays
        Places of the training matrices in C.
    metric : str or dict
        See :class:`eegemo.riemann.TangentSpace`.

    Yields
    ------
    vectors : array of shape (n_matrices, n * (n + 1) / 2)
        Those of a :class:`eegemo.riemann.TangentSpace` fitted on the training set, up
        to the tolerance of the mean: the search for it starts from the mean of the set
        before, which shares most matrices. With the dtype of C.
    """
    mean_metric, map_metric = resolve_metric(metric, "map")
    D = C.astype(np.float64, copy=False)
    logs = [logm(C) for C in D] if mean_metric == "logeuclid" else None
    mean = None
    for train in training_sets:
        whitener = None
        if mean_metric == "riemann":
            weight = np.full(len(train), 1 / len(train))
            mean, whitener, _ = karcher_mean(D[train], weight, start=mean)
        elif mean_metric == "logeuclid":
            mean = expm(np.mean([logs[i] for i in train], axis=0))
        else:
            mean = spd_mean(D[train], mean_metric)
        if map_metric == "riemann":
            whitener = roots(mean)[1] if whitener is None else whitener
            vectors = log_vectors(D, whitener)
        else:
            vectors = tangent_space(D, mean, metric=map_metric)
        yield vectors.astype(C.dtype, copy=False)

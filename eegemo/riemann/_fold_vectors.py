"""Tangent vectors at the means of many training sets of the same matrices."""

import numpy as np

from ._functions import expm, unupper
from ._karcher import karcher_mean, nearer
from ._logs import log_vectors
from ._mean import resolve_metric, spd_mean, tangent_vectors

_NAME = "The mean of a training set"


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
        to the tolerance of the mean, or to what rounding leaves of it where matrices
        are ill-conditioned: the search for it starts near the mean of the set before,
        which shares most matrices. With the dtype of C.
    """
    mean_metric, map_metric = resolve_metric(metric, "map")
    if mean_metric == map_metric == "riemann":
        all_vectors = _affine_invariant(C, training_sets)
    else:
        means = _means(C, training_sets, mean_metric)
        all_vectors = (tangent_vectors(C, mean, map_metric) for mean in means)
    for vectors in all_vectors:
        yield vectors.astype(C.dtype, copy=False)


def _means(C, training_sets, metric):
    """One mean after another; logarithms and starts that they share."""
    logs = log_vectors(C) if metric == "logeuclid" else None
    mean = None
    for train in training_sets:
        if metric == "logeuclid":
            mean = expm(unupper(logs[train].mean(axis=0)))
        elif metric == "riemann":
            mean = karcher_mean(C[train], start=mean, name=_NAME).mean
        else:
            mean = spd_mean(C[train], metric, name=_NAME)
        yield mean


def _affine_invariant(C, training_sets):
    """Keep the logarithms that the search for each mean ends with.

    From all of them follows a first step to the mean of the next set.
    """
    mean = vectors = None
    for train in training_sets:
        start = None if mean is None else nearer(mean, vectors[train])
        mean, whitener, seen, _, _ = karcher_mean(C[train], None, start, _NAME)
        unseen = np.setdiff1d(np.arange(len(C)), train)
        vectors = np.empty((len(C), seen.shape[1]))
        vectors[train], vectors[unseen] = seen, log_vectors(C[unseen], whitener)
        yield vectors

"""Distances of SPD matrices from a few others."""

import numpy as np
from pyriemann.geometry.distance import distance

from ._blocks import joined_distances
from ._logs import squared_norms


def distances_from(X, references, metric):
    """Compute the distance of each matrix from each reference, in float64.

    Parameters
    ----------
    X : float array of shape (n_matrices, n, n) or (n_matrices, n_blocks, n, n)
    references : float64 array of shape (n_references, n, n) or with blocks as X
    metric : str
        See :func:`pyriemann.geometry.distance.distance`, which computes all but
        "riemann".

    Returns
    -------
    distances : float64 array of shape (n_matrices, n_references)
    """
    if metric == "riemann":
        whiteners = np.linalg.inv(np.linalg.cholesky(references))
        return np.sqrt(squared_norms(X, whiteners))
    if X.ndim == 4:
        blocks = range(X.shape[1])
        alone = [distances_from(X[:, b], references[:, b], metric) for b in blocks]
        return joined_distances(alone, metric)
    X = X.astype(np.float64, copy=False)
    return np.column_stack([distance(X, C, metric=metric).ravel() for C in references])

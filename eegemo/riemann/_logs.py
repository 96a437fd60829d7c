"""Logarithms of SPD matrices, as vectors."""

import math

import numpy as np
from pyriemann.geometry.tangentspace import unupper, upper

from .._kernels.lanes import LANES, rows
from .._kernels.spd import lay_side_by_side, logs, work_size
from ._functions import eigh_spd
from ._rational_log import LIMIT, rational_logs

_IN_CACHE = 2**15  # numbers at a time: 256 KiB, and a few times that in all
_NOTHING = np.empty((0, 0))


def log_vectors(X, whitener=None):
    """Logarithms of ``whitener @ X @ whitener``, by their upper triangles.

    Parameters
    ----------
    X : float array of shape (n_matrices, n, n), SPD
    whitener : float64 array of shape (n, n), symmetric, default=None
        None is the identity.

    Returns
    -------
    vectors : float64 array of shape (n_matrices, n * (n + 1) / 2)
        Row by row; off-diagonal elements are multiplied by the square root of 2, so
        that the norm of a vector is that of the matrix.
    """
    n = X.shape[1]
    vectors = np.empty((len(X), n * (n + 1) // 2))
    for part in parts(X):
        _fill(X[part], whitener, vectors[part])
    return vectors


def squared_norms(X, whitener):
    """Squared norms of the logarithms of ``whitener @ X @ whitener.T``.

    They are the squared affine-invariant distances of X from the inverse of
    ``whitener.T @ whitener``.

    Parameters
    ----------
    X : float array of shape (n_matrices, n, n), SPD
    whitener : float64 array of shape (n, n)

    Returns
    -------
    norms : float64 array of shape (n_matrices,)
    """
    norms = np.empty(len(X))
    for part in parts(X):
        norms[part] = _summary(X[part], whitener)[:, 2]
    return norms


def mean_log(X, weight, whitener, vectors):
    """Mean logarithm of whitened matrices.

    Parameters
    ----------
    X : float array of shape (n_matrices, n, n), SPD
    weight : float64 array of shape (n_matrices,)
        Summing to 1.
    whitener : float64 array of shape (n, n), symmetric, or None
        As in :func:`log_vectors`.
    vectors : float64 array of shape (n_matrices, n * (n + 1) / 2)
        Where to leave the logarithms.

    Returns
    -------
    mean : float64 array of shape (n, n)
    rounding : float
        What the rounding of the whitened matrices may leave in the mean, about;
        infinite if one of them is not positive definite any more.
    """
    rounding = 0.0
    gain = 1 if whitener is None else np.linalg.norm(whitener, 2) ** 2
    for part in parts(X):
        least = _fill(X[part], whitener, vectors[part])
        largest = gain * np.trace(X[part], axis1=1, axis2=2)
        with np.errstate(divide="ignore"):
            rounding += weight[part] @ (largest / least)
    return unupper(weight @ vectors), np.finfo(np.float64).eps * rounding


def parts(X):
    """Slices of as many matrices as stay in the cache, in whole groups of lanes."""
    size = math.prod(X.shape[1:])
    step = max(1, _IN_CACHE // size // LANES) * LANES
    for start in range(0, len(X), step):
        yield slice(start, start + step)


def _fill(X, whitener, vectors):
    """Compute the vectors of a part; return lower bounds of the eigenvalues, or 0."""
    n = X.shape[1]
    if whitener is not None:
        return _summary(X, whitener, vectors)[:, 0]
    # The kernel squares numbers, which should neither vanish nor overflow.
    size = np.trace(X, axis1=1, axis2=2, dtype=np.float64) / n
    least = size * _summary(X / size[:, None, None], None, vectors)[:, 0]
    vectors += np.log(size)[:, None] * upper(np.eye(n))
    return least


def _summary(X, whitener, vectors=_NOTHING):
    """Compute the vectors of a part, if wanted, and the kernel's summary."""
    X = np.ascontiguousarray(X, np.float64)
    n = X.shape[1]
    lanes = _side_by_side(X) if whitener is None else _whiten(X, whitener)
    summary = np.empty((len(X), 3))
    with np.errstate(all="ignore"):  # where it is not compiled, NumPy would warn
        logs(lanes, n, *rational_logs(), vectors, summary, rows(work_size(n)))
        beyond = ~(summary[:, 1] <= LIMIT * summary[:, 0])
    for i in np.flatnonzero(beyond):
        C = X[i] if whitener is None else whitener @ X[i] @ whitener.T
        values, basis, condition = eigh_spd(C)
        least = values[0] if condition < np.inf else 0
        summary[i] = least, values[-1], np.sum(np.log(values) ** 2)
        if len(vectors):
            vectors[i] = upper((basis * np.log(values)) @ basis.T)
    return summary


def _side_by_side(X):
    n_groups = -(-len(X) // LANES)
    lanes = rows(n_groups * X[0].size)
    lay_side_by_side(X, lanes)
    return lanes


def _whiten(X, whitener):
    """Lay ``whitener @ X @ whitener.T`` side by side."""
    n = X.shape[1]
    half = _side_by_side((X.reshape(-1, n) @ whitener.T).reshape(X.shape))
    lanes = rows(len(half))
    sides = half.reshape(-1, n, n * LANES), lanes.reshape(-1, n, n * LANES)
    np.matmul(whitener, sides[0], out=sides[1])
    return lanes

"""Hjorth's descriptors of EEG windows."""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def hjorth(X):
    """Activity, mobility and complexity of every row.

    Parameters
    ----------
    X : float array of shape (n_rows, n_times), n_times >= 4

    Returns
    -------
    out : float64 array of shape (n_rows, 3)
        Activity in the squared unit of X, the others without unit. Of a flat row, and
        the complexity of a ramp, zero.
    """
    n_rows, n_times = X.shape
    out = np.zeros((n_rows, 3))
    x = np.empty(n_times)
    for r in range(n_rows):
        first = np.float64(X[r, 0])
        for t in range(n_times):
            x[t] = X[r, t] - first  # exactly zero if flat, whatever the level
        v0, v1, v2 = _variances(x, n_times)
        out[r, 0] = v0
        if v0 > 0.0 and v1 > 0.0:
            mobility = np.sqrt(v1 / v0)
            out[r, 1] = mobility
            out[r, 2] = np.sqrt(v2 / v1) / mobility
    return out


@njit(cache=True, nogil=True, fastmath={"reassoc", "nsz", "contract"})
def _variances(x, n):
    """Variances of x, its differences, and theirs.

    Two passes, since the one-pass formula cancels under a slow drift. The differences'
    sums telescope. The flags let the sums be taken in vectors.
    """
    m0 = 0.0
    for t in range(n):
        m0 += x[t]
    m0 /= n
    m1 = (x[n - 1] - x[0]) / (n - 1)
    m2 = ((x[n - 1] - x[n - 2]) - (x[1] - x[0])) / (n - 2)
    s0, s1, s2 = (x[0] - m0) ** 2 + (x[1] - m0) ** 2, (x[1] - x[0] - m1) ** 2, 0.0
    for t in range(2, n):
        d = x[t] - x[t - 1]
        e = d - (x[t - 1] - x[t - 2])
        s0 += (x[t] - m0) ** 2
        s1 += (d - m1) ** 2
        s2 += (e - m2) ** 2
    return s0 / n, s1 / (n - 1), s2 / (n - 2)

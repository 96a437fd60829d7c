"""Filters of a few taps, each over the rows that are its own.

Row r belongs to filter ``r % n_filters``. Four taps are taken per pass over a row that
is padded with zeros, so that loads and stores are shared.
"""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True, fastmath={"contract"})
def correlate(X, weights, before, after):
    """Filter each row, with zeros before and after it.

    Parameters
    ----------
    X : float array of shape (n_rows, n_times), C order
    weights : float array of shape (n_filters, n_taps), C order
        In the precision of X.
    before, after : int
        Number of zeros.

    Returns
    -------
    out : array of shape (n_rows, n_times + before + after - n_taps + 1)
    """
    n_rows, n_times = X.shape
    n_filters, n_taps = weights.shape
    n_passes = (n_taps + 3) // 4
    taps = np.zeros((n_filters, 4 * n_passes), X.dtype)
    for f in range(n_filters):
        for k in range(n_taps):
            taps[f, k] = weights[f, k]
    n_out = n_times + before + after - n_taps + 1
    out = np.empty((n_rows, n_out), X.dtype)
    padded = np.zeros(n_out + 4 * n_passes, X.dtype)
    for r in range(n_rows):
        for t in range(n_times):
            padded[before + t] = X[r, t]
        w = taps[r % n_filters]
        y = out[r]
        for i in range(n_passes):
            k = 4 * i
            x = padded[k : k + n_out + 3]
            a, b, c, d = w[k], w[k + 1], w[k + 2], w[k + 3]
            if i == 0:
                for t in range(n_out):
                    y[t] = a * x[t] + b * x[t + 1] + c * x[t + 2] + d * x[t + 3]
            else:
                for t in range(n_out):
                    y[t] += a * x[t] + b * x[t + 1] + c * x[t + 2] + d * x[t + 3]
    return out


@njit(cache=True, nogil=True, fastmath={"reassoc", "nsz", "contract"})
def correlate_taps(X, G, before, n_filters, n_taps):
    """Sum over rows and time the products of G with X, for each tap.

    Parameters
    ----------
    X : float array of shape (n_rows, n_times), C order
    G : float array of shape (n_rows, n_out), C order
        As the output of :func:`correlate`.
    before : int
        Number of zeros before each row of X.
    n_filters, n_taps : int

    Returns
    -------
    out : array of shape (n_filters, n_taps)
    """
    n_rows, n_times = X.shape
    n_out = G.shape[1]
    n_passes = (n_taps + 3) // 4
    out = np.zeros((n_filters, n_taps), X.dtype)
    padded = np.zeros(max(n_out + 4 * n_passes, before + n_times), X.dtype)
    zero = X.dtype.type(0)
    for r in range(n_rows):
        for t in range(n_times):
            padded[before + t] = X[r, t]
        g = G[r]
        for i in range(n_passes):
            k = 4 * i
            x = padded[k : k + n_out + 3]
            a, b, c, d = zero, zero, zero, zero
            for t in range(n_out):
                a += g[t] * x[t]
                b += g[t] * x[t + 1]
                c += g[t] * x[t + 2]
                d += g[t] * x[t + 3]
            for j, total in enumerate((a, b, c, d)):
                if k + j < n_taps:
                    out[r % n_filters, k + j] += total
    return out

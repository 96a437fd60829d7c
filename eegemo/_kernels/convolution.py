"""Filters of a few taps, each over the rows that are its own.

Row r of the output belongs to filter ``r % n_filters``, and to row ``r // multiplier``
of the input. Eight taps are taken per pass over a row, which is padded with zeros, so
that loads and stores are shared: a matrix product with all shifted rows would be slower
by the time to lay them out.
"""

import numpy as np
from numba import njit

_PASS = 8


@njit(cache=True, nogil=True, fastmath={"contract"})
def correlate(X, weights, multiplier, before, after):
    """Filter each row, with zeros before and after it.

    Parameters
    ----------
    X : float array of shape (n_rows, n_times), C order
    weights : float array of shape (n_filters, n_taps), C order
        In the precision of X.
    multiplier : int
        Filters per row.
    before, after : int
        Number of zeros.

    Returns
    -------
    out : array of shape (n_rows * multiplier, n_times + before + after - n_taps + 1)
    """
    n_rows, n_times = X.shape
    n_filters, n_taps = weights.shape
    n_passes = (n_taps + _PASS - 1) // _PASS
    taps = np.zeros((n_filters, _PASS * n_passes), X.dtype)
    for f in range(n_filters):
        for k in range(n_taps):
            taps[f, k] = weights[f, k]
    n_out = n_times + before + after - n_taps + 1
    out = np.zeros((n_rows * multiplier, n_out), X.dtype)
    padded = np.zeros(n_out + _PASS * n_passes, X.dtype)
    for r in range(len(out)):
        if r % multiplier == 0:
            for t in range(n_times):
                padded[before + t] = X[r // multiplier, t]
        y = out[r]
        for i in range(n_passes):
            w = taps[r % n_filters, _PASS * i : _PASS * (i + 1)]
            x = padded[_PASS * i : _PASS * (i + 1) + n_out]
            a, b, c, d, e, f, g, h = w[0], w[1], w[2], w[3], w[4], w[5], w[6], w[7]
            for t in range(n_out):
                first = a * x[t] + b * x[t + 1] + c * x[t + 2] + d * x[t + 3]
                last = e * x[t + 4] + f * x[t + 5] + g * x[t + 6] + h * x[t + 7]
                y[t] += first + last
    return out


@njit(cache=True, nogil=True, fastmath={"reassoc", "nsz", "contract"})
def correlate_taps(X, G, multiplier, before, n_filters, n_taps):
    """Sum over rows and time the products of G with X, for each tap.

    Parameters
    ----------
    X : float array of shape (n_rows, n_times), C order
    G : float array of shape (n_rows * multiplier, n_out), C order
        As the output of :func:`correlate`.
    multiplier : int
        Filters per row.
    before : int
        Number of zeros before each row of X.
    n_filters, n_taps : int

    Returns
    -------
    out : array of shape (n_filters, n_taps)
    """
    n_times = X.shape[1]
    n_out = G.shape[1]
    n_passes = (n_taps + _PASS - 1) // _PASS
    out = np.zeros((n_filters, n_taps), X.dtype)
    padded = np.zeros(max(n_out + _PASS * n_passes, before + n_times), X.dtype)
    zero = X.dtype.type(0)
    for r in range(len(G)):
        if r % multiplier == 0:
            for t in range(n_times):
                padded[before + t] = X[r // multiplier, t]
        y = G[r]
        for i in range(n_passes):
            x = padded[_PASS * i : _PASS * (i + 1) + n_out]
            a, b, c, d, e, f, g, h = zero, zero, zero, zero, zero, zero, zero, zero
            for t in range(n_out):
                a += y[t] * x[t]
                b += y[t] * x[t + 1]
                c += y[t] * x[t + 2]
                d += y[t] * x[t + 3]
                e += y[t] * x[t + 4]
                f += y[t] * x[t + 5]
                g += y[t] * x[t + 6]
                h += y[t] * x[t + 7]
            for j, total in enumerate((a, b, c, d, e, f, g, h)):
                if _PASS * i + j < n_taps:
                    out[r % n_filters, _PASS * i + j] += total
    return out

"""Sums over the positive samples, and what differentiates them."""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True, fastmath={"reassoc", "nsz", "contract"})
def rectified_moments(X):
    """Sum the positive samples of each row, and their squares, in float64.

    Parameters
    ----------
    X : float array of shape (n_rows, n_times), C order

    Returns
    -------
    sums, squares : float64 arrays of shape (n_rows,)
    """
    n_rows, n_times = X.shape
    sums, squares = np.empty(n_rows), np.empty(n_rows)
    zero = X.dtype.type(0)
    for r in range(n_rows):
        x = X[r]
        total, square = 0.0, 0.0
        for t in range(n_times):
            positive = np.float64(x[t] if x[t] > zero else zero)
            total += positive
            square += positive * positive
        sums[r], squares[r] = total, square
    return sums, squares


@njit(cache=True, nogil=True, fastmath={"contract"})
def rectified_lines(X, shifts, slopes):
    """Replace, in place, the positive samples by a line of them, the others by zero.

    Parameters
    ----------
    X : float array of shape (n_rows, n_times), C order
    shifts, slopes : arrays of shape (n_rows,)
        In the precision of X.
    """
    n_rows, n_times = X.shape
    zero = X.dtype.type(0)
    for r in range(n_rows):
        x, shift, slope = X[r], shifts[r], slopes[r]
        for t in range(n_times):
            x[t] = shift + slope * x[t] if x[t] > zero else zero


@njit(cache=True, nogil=True)
def rectify_swapped(X, out):
    """Write the positive part, with the two first axes swapped.

    Parameters
    ----------
    X : float array of shape (n, m, n_times), C order
    out : array of shape (m, n, n_times)
    """
    n, m, n_times = X.shape
    zero = X.dtype.type(0)
    for j in range(m):
        for i in range(n):
            x, o = X[i, j], out[j, i]
            for t in range(n_times):
                o[t] = zero if x[t] < zero else x[t]  # NaN stays


@njit(cache=True, nogil=True)
def swapped_back(gradient, out, by_X):
    """Write the gradient by the ``X`` of :func:`rectify_swapped`.

    Parameters
    ----------
    gradient, out : float arrays of shape (m, n, n_times), C order
    by_X : array of shape (n, m, n_times)
    """
    m, n, n_times = out.shape
    zero = gradient.dtype.type(0)
    for j in range(m):
        for i in range(n):
            g, o, b = gradient[j, i], out[j, i], by_X[i, j]
            for t in range(n_times):
                b[t] = g[t] if o[t] > zero else zero

"""Covariance of the channels of each window, and of their delayed copies.

A window is read once, centred in float64, and stays in the cache while its lagged
products, shrinkage intensity and matrix are computed. Products are blocks of three by
three sums along time, nine of which a processor holds in registers.
"""

import numpy as np
from numba import njit

from .lanes import LANES, broadcast, load_from, rows, total

LANES_EDITION = "510e1431"

SCM, LWF, OAS, CORR = 0, 1, 2, 3


def new_window(n_channels, n_times):
    """Make room for a window, in whole lanes, and zeros behind for what is delayed."""
    n_lanes = -(-n_times // LANES) + 1
    window = rows(n_channels * n_lanes)
    window[:] = 0
    return window.reshape(n_channels, n_lanes * LANES)


@njit(cache=True, nogil=True)
def lagged_products(X, delays, centre, window, out):
    """Sum x(t) x(t + d)' over time, for every delay d of every window.

    Parameters
    ----------
    X : float array of shape (n_windows, n_channels, n_times), C order
    delays : int array of shape (n_delays,)
        In samples, from 0 to n_times - 1.
    centre : bool
        Whether the mean of each channel of each window is removed first.
    window : float64 array
        To work in; see ``new_window``.
    out : float64 array of shape (n_windows, n_delays, n_channels, n_channels)
        Row i, column j: channel i at t times channel j at t + d.
    """
    n_times = X.shape[2]
    for w in range(len(X)):
        _load(X[w], centre, window)
        for k in range(len(delays)):
            _products(window, n_times, delays[k], out[w, k])


@njit(cache=True, nogil=True)
def augmented_covariance(X, order, lag, estimator, centre, table, places, window, out):
    """Compute the covariance of every window stacked with its delayed copies.

    Parameters
    ----------
    X : float array of shape (n_windows, n_channels, n_times), C order
    order, lag : int
        With at least two samples left: n_times - (order - 1) * lag >= 2.
    estimator : int
        SCM, LWF, OAS or CORR.
    centre : bool
        Whether the mean of every row of the stacked window is removed.
    table : float64 array of shape (n_windows, n_delays, n_channels, n_channels)
        The lagged products, with the same ``centre``; empty to compute them here.
    places : int array of shape (order,)
        Where along axis 1 of the table the delays 0, lag, 2 * lag, ... lie.
    window : float64 array
        To work in; see ``new_window``.
    out : float array of shape (n_windows, order * n_channels, order * n_channels)
        The result. A flat row makes its CORR elements NaN.
    """
    n_windows, n_channels, n_times = X.shape
    n_edge = (order - 1) * lag
    head = np.empty((n_edge, n_channels))
    tail = np.empty((n_edge, n_channels))
    products = np.empty((order, n_channels, n_channels))
    means = np.zeros((order, n_channels))
    matrix = np.empty((order * n_channels, order * n_channels))
    for w in range(n_windows):
        _load(X[w], centre, window)
        for p in range(order):
            if len(table) > 0:
                _copy(table[w, places[p]], products[p])
            else:
                _products(window, n_times, p * lag, products[p])
        for c in range(n_channels):
            for t in range(n_edge):
                head[t, c] = window[c, t]
                tail[t, c] = window[c, n_times - n_edge + t]
        if centre:
            _means(head, tail, n_times - n_edge, lag, means)
        _assemble(head, tail, products, means, n_times - n_edge, lag, matrix)
        if estimator == CORR:
            _to_correlations(matrix)
        elif estimator != SCM:
            n_kept = n_times - n_edge
            _shrink(window, means, lag, n_kept, estimator == OAS, matrix)
        _copy(matrix, out[w])


@njit(cache=True, nogil=True)
def _copy(matrix, out):
    for i in range(len(matrix)):
        for j in range(len(matrix)):
            out[i, j] = matrix[i, j]


@njit(cache=True, nogil=True, fastmath={"reassoc", "nsz", "contract"})
def _load(x, centre, window):
    """Copy x to float64, less the mean of each channel.

    The first sample goes before the mean, so that neither a large offset nor float32
    costs digits, and a flat channel becomes zero.
    """
    n_channels, n_times = x.shape
    for c in range(n_channels):
        mean = 0.0
        if centre:
            first = np.float64(x[c, 0])
            for t in range(n_times):
                mean += np.float64(x[c, t]) - first
            mean = mean / n_times + first
        for t in range(n_times):
            window[c, t] = np.float64(x[c, t]) - mean


@njit(cache=True, nogil=True)
def _products(window, n, delay, out):
    """Sum of x(t) x(t + delay)' over all t for which both lie in the window."""
    last = len(window) - 1
    for i in range(0, len(window), 3):
        for j in range(0, i + 3 if delay == 0 else len(window), 3):
            _block(window, n, i, min(j, last), delay, out)
    if delay == 0:
        for i in range(len(out)):
            for j in range(i):
                out[j, i] = out[i, j]


@njit(cache=True, nogil=True)
def _block(window, n, i0, j0, delay, out):
    """Nine products of three neighbouring rows with three delayed ones.

    Beyond the last channel, the last one is taken again.
    """
    last = len(window) - 1
    i1, i2 = min(i0 + 1, last), min(i0 + 2, last)
    j1, j2 = min(j0 + 1, last), min(j0 + 2, last)
    x0, x1, x2 = window[i0], window[i1], window[i2]
    y0, y1, y2 = window[j0][delay:], window[j1][delay:], window[j2][delay:]
    s00 = s01 = s02 = s10 = s11 = s12 = s20 = s21 = s22 = broadcast(0.0)
    for t in range(0, n - delay, LANES):
        a, b, c = load_from(y0, t), load_from(y1, t), load_from(y2, t)
        x = load_from(x0, t)
        s00, s01, s02 = s00 + x * a, s01 + x * b, s02 + x * c
        x = load_from(x1, t)
        s10, s11, s12 = s10 + x * a, s11 + x * b, s12 + x * c
        x = load_from(x2, t)
        s20, s21, s22 = s20 + x * a, s21 + x * b, s22 + x * c
    out[i0, j0], out[i0, j1], out[i0, j2] = total(s00), total(s01), total(s02)
    out[i1, j0], out[i1, j1], out[i1, j2] = total(s10), total(s11), total(s12)
    out[i2, j0], out[i2, j1], out[i2, j2] = total(s20), total(s21), total(s22)


@njit(cache=True, nogil=True)
def _means(head, tail, n_kept, lag, means):
    """Mean of each row of the stacked window, whose channels have mean zero.

    Block p leaves out the first p lag samples and those after n_kept more.
    """
    order = len(means)
    n_edge, n_channels = head.shape
    for p in range(order):
        for c in range(n_channels):
            means[p, c] = 0.0
        for t in range(p * lag):
            for c in range(n_channels):
                means[p, c] -= head[t, c]
        for t in range(p * lag, n_edge):
            for c in range(n_channels):
                means[p, c] -= tail[t, c]
        for c in range(n_channels):
            means[p, c] *= 1.0 / n_kept


@njit(cache=True, nogil=True)
def _assemble(head, tail, products, means, n_kept, lag, matrix):
    """Fill the covariance of the stacked window from its lagged products.

    Block (p, p + k) sums x(t) x(t + k lag)' over the n_kept samples from p lag on. The
    product of delay k lag covers them and some at both ends, so it is reduced to block
    (0, k), and each further block gains lag samples at one end and loses lag at the
    other. The product is used up.
    """
    order, n_channels = means.shape
    scale = 1.0 / n_kept
    for k in range(order):
        block = products[k]
        delay = k * lag
        _add(tail, 0, len(tail) - delay, delay, -1.0, block)
        for p in range(order - k):
            if p > 0:
                _add(head, (p - 1) * lag, p * lag, delay, -1.0, block)
                _add(tail, (p - 1) * lag, p * lag, delay, 1.0, block)
            for i in range(n_channels):
                row = matrix[p * n_channels + i]
                for j in range(n_channels):
                    value = scale * block[i, j] - means[p, i] * means[p + k, j]
                    row[(p + k) * n_channels + j] = value
    for i in range(len(matrix)):
        for j in range(i):
            matrix[i, j] = matrix[j, i]


@njit(cache=True, nogil=True, fastmath={"contract"})
def _add(samples, start, stop, delay, sign, block):
    """Add sign * x(t) x(t + delay)' over start <= t < stop to the block."""
    n_channels = samples.shape[1]
    for t in range(start, stop):
        y = samples[t + delay]
        for i in range(n_channels):
            x = sign * samples[t, i]
            row = block[i]
            for j in range(n_channels):
                row[j] += x * y[j]


@njit(cache=True, nogil=True, error_model="numpy")
def _to_correlations(matrix):
    n = len(matrix)
    for i in range(n):
        for j in range(i):
            matrix[i, j] /= np.sqrt(matrix[i, i] * matrix[j, j])
            matrix[j, i] = matrix[i, j]
    for i in range(n):
        matrix[i, i] /= matrix[i, i]


@njit(cache=True, nogil=True, error_model="numpy")
def _shrink(window, means, lag, n_kept, oas, matrix):
    """Move the sample covariance towards a multiple of the identity, in place.

    The intensity is that of Chen et al. (2010) or of Ledoit and Wolf (2004), both as
    scikit-learn computes them.
    """
    n = len(matrix)
    trace = 0.0
    for i in range(n):
        trace += matrix[i, i]
    square = _sum_of_squares(matrix.ravel())
    if oas:
        numerator = square + trace * trace
        denominator = (n_kept + 1.0) * (square - trace * trace / n)
    else:
        numerator = (_fourth_moment(window, means, lag, n_kept) - square) / n_kept
        denominator = square - trace * trace / n
    shrinkage = 1.0
    if numerator < denominator:
        shrinkage = numerator / denominator
    for i in range(n):
        for j in range(n):
            matrix[i, j] *= 1.0 - shrinkage
        matrix[i, i] += shrinkage * trace / n


@njit(cache=True, nogil=True, fastmath={"reassoc", "nsz", "contract"})
def _sum_of_squares(x):
    total = 0.0
    for i in range(len(x)):
        total += x[i] * x[i]
    return total


@njit(cache=True, nogil=True, fastmath={"contract"})
def _fourth_moment(window, means, lag, n_kept):
    """Mean over time of the fourth power of the norm of the stacked samples."""
    order, n_channels = means.shape
    norms = np.zeros(n_kept)
    for p in range(order):
        for c in range(n_channels):
            x = window[c, p * lag : p * lag + n_kept]
            mean = means[p, c]
            for t in range(n_kept):
                norms[t] += (x[t] - mean) ** 2
    return _sum_of_squares(norms) / n_kept

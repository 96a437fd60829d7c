"""Batch normalisation and ELU: what takes several passes in NumPy, in one each."""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True, fastmath={"reassoc", "nsz", "contract"})
def channel_moments(x, centers):
    """Sum x, less the center of each channel, and its squares, for each channel.

    x : array of shape (n_samples, n_channels, n_times), C order
    centers : array of shape (n_channels,), of the type of x
    sums, squares : float64 arrays of shape (n_channels,)
    """
    n_samples, n_channels, n_times = x.shape
    sums, squares = np.zeros(n_channels), np.zeros(n_channels)
    for i in range(n_samples):
        for c in range(n_channels):
            row, center = x[i, c], centers[c]
            total = center - center  # of its type
            square = total
            for t in range(n_times):
                z = row[t] - center
                total += z
                square += z * z
            sums[c] += total
            squares[c] += square
    return sums, squares


@njit(cache=True, nogil=True, fastmath={"contract"})
def scale_and_clip(x, slopes, shifts):
    """Scale and shift each channel; return that, and its negative part.

    x : array of shape (n_samples, n_channels, n_times), C order
    slopes, shifts : arrays of shape (n_channels,), of the type of x
    scaled, negative : arrays like x
    """
    n_samples, n_channels, n_times = x.shape
    scaled, negative = np.empty_like(x), np.empty_like(x)
    zero = x.dtype.type(0)
    for i in range(n_samples):
        for c in range(n_channels):
            slope, shift = slopes[c], shifts[c]
            row, out, low = x[i, c], scaled[i, c], negative[i, c]
            for t in range(n_times):
                y = slope * row[t] + shift
                out[t] = y
                low[t] = y if y < zero else zero
    return scaled, negative


@njit(cache=True, nogil=True, fastmath={"reassoc", "nsz", "contract"})
def differentiate_elu(gradient, out, x, means):
    """Differentiate ELU in place; sum that, and its products with x less its mean.

    gradient, out, x : arrays of shape (n_samples, n_channels, n_times), C order
        Of the loss by the output of ELU, that output, and the input of normalisation.
    means : array of shape (n_channels,), of the type of x
    sums, products : float64 arrays of shape (n_channels,)
    """
    n_samples, n_channels, n_times = x.shape
    sums, products = np.zeros(n_channels), np.zeros(n_channels)
    zero, one = x.dtype.type(0), x.dtype.type(1)
    for i in range(n_samples):
        for c in range(n_channels):
            g, y, row, mean = gradient[i, c], out[i, c], x[i, c], means[c]
            total, product = zero, zero
            for t in range(n_times):
                value = g[t] * (one + (y[t] if y[t] < zero else zero))
                g[t] = value
                total += value
                product += value * (row[t] - mean)
            sums[c] += total
            products[c] += product
    return sums, products


@njit(cache=True, nogil=True, fastmath={"contract"})
def combine(gradient, x, means, a, b, shifts):
    """Replace the gradient, in place, by a gradient + b (x - mean) + shift.

    gradient, x : arrays of shape (n_samples, n_channels, n_times), C order
    means, a, b, shifts : arrays of shape (n_channels,), of the type of x
    """
    n_samples, n_channels, n_times = x.shape
    for i in range(n_samples):
        for c in range(n_channels):
            g, row, mean = gradient[i, c], x[i, c], means[c]
            of_gradient, of_x, shift = a[c], b[c], shifts[c]
            for t in range(n_times):
                g[t] = of_gradient * g[t] + of_x * (row[t] - mean) + shift

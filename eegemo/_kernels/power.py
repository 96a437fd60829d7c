"""Sums over blocks of samples, and what differentiates them."""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True, fastmath={"reassoc", "nsz", "contract"})
def block_moments(y, centers, size):
    """Sum y, less the center of each map, and its squares, over blocks of samples.

    y : array of shape (n_windows, n_maps, n_times), in any memory order over windows
        and maps, samples side by side
    centers : array of shape (n_maps,), of the type of y
    size : int
        Length of a block; the last may be shorter.
    sums, squares : float64 arrays of shape (n_windows, n_maps, n_blocks)
    """
    n_windows, n_maps, n_times = y.shape
    n_blocks = (n_times + size - 1) // size
    sums = np.empty((n_windows, n_maps, n_blocks))
    squares = np.empty((n_windows, n_maps, n_blocks))
    for w in range(n_windows):
        for m in range(n_maps):
            row, center = y[w, m], centers[m]
            for b in range(n_blocks):
                total = center - center  # of its type
                square = total
                for t in range(b * size, min((b + 1) * size, n_times)):
                    z = row[t] - center
                    total += z
                    square += z * z
                sums[w, m, b] = total
                squares[w, m, b] = square
    return sums, squares


@njit(cache=True, nogil=True)
def scale_blocks(y, slopes, shifts, size):
    """Multiply each block of samples, in place, by a number, and add another.

    y : array of shape (n_windows, n_maps, n_times)
    slopes, shifts : arrays of shape (n_windows, n_maps, n_blocks), of the type of y
    size : int
        Length of a block; the last may be shorter.
    """
    n_windows, n_maps, n_times = y.shape
    for w in range(n_windows):
        for m in range(n_maps):
            row = y[w, m]
            for b in range(slopes.shape[2]):
                slope, shift = slopes[w, m, b], shifts[w, m, b]
                for t in range(b * size, min((b + 1) * size, n_times)):
                    row[t] = slope * row[t] + shift

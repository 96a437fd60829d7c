"""Rows folded at the middle, for transforms whose terms are even or odd about it."""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True, fastmath={"reassoc", "nsz", "contract"})
def fold(X, offset, first, last):
    """Add each sample and its mirror image, and subtract them.

    A product with a table of cosines, or of sines, needs half of the table then. NumPy
    takes longer for the fold, which it does in several passes, than for the product.

    Parameters
    ----------
    X : float64 array of shape (n_rows, n_times)
    offset : float64 array of shape (n_rows,) or (0,)
        Subtracted from the rows; if empty, their means are.
    first, last : int
        Samples that are images of each other, 0 <= first <= last < n_times.

    Returns
    -------
    even, odd : float64 arrays of shape (n_rows, n_pairs)
        If their number is odd, the sample in the middle is paired with itself.
    """
    n_rows, n_times = X.shape
    n_pairs = (last - first) // 2 + 1
    even, odd = np.empty((n_rows, n_pairs)), np.empty((n_rows, n_pairs))
    for r in range(n_rows):
        mean = 0.0
        if len(offset):
            mean = offset[r]
        else:
            for t in range(n_times):
                mean += X[r, t]
            mean /= n_times
        for t in range(n_pairs):
            left, right = X[r, first + t], X[r, last - t]
            even[r, t] = left + right - 2 * mean
            odd[r, t] = left - right
    return even, odd

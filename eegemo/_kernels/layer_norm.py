"""Layer normalisation, row by row, each passed over while it is in the cache."""

import numpy as np
from numba import njit


# The flags let the sums along a row vectorise.
@njit(cache=True, nogil=True, error_model="numpy", fastmath={"reassoc", "nsz"})
def standardise(x, scale, shift, constants, out, inverse):
    """Standardise each row, in place, and scale and shift it.

    x, out : arrays of shape (n_rows, n), in C order; those below are of their type
    scale, shift : arrays of shape (n,)
    constants : array of shape (2,): what is added to variances, and one over n
    inverse : array of shape (n_rows,), for one over the standard deviations
    """
    eps, one_nth = constants
    n_rows, n = x.shape
    for i in range(n_rows):
        mean = x[i, 0]
        for j in range(1, n):
            mean += x[i, j]
        mean *= one_nth
        for j in range(n):
            x[i, j] -= mean
        square = x[i, 0] * x[i, 0]
        for j in range(1, n):
            square += x[i, j] * x[i, j]
        inverse[i] = 1 / np.sqrt(square * one_nth + eps)
        for j in range(n):
            x[i, j] *= inverse[i]
            out[i, j] = x[i, j] * scale[j] + shift[j]


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"reassoc", "nsz"})
def through_standardise(gradient, z, scale, constants, inverse, of_scale, of_shift):
    """Turn the gradient by the output into that by the input, in place.

    gradient, z : arrays of shape (n_rows, n), in C order; z are the standardised rows
    scale, constants, inverse : as above
    of_scale, of_shift : arrays of shape (n,), for the gradients by scale and shift
    """
    one_nth = constants[1]
    n_rows, n = z.shape
    of_scale[:] = 0
    of_shift[:] = 0
    for i in range(n_rows):
        for j in range(n):
            of_shift[j] += gradient[i, j]
            of_scale[j] += gradient[i, j] * z[i, j]
            gradient[i, j] *= scale[j]
        mean = gradient[i, 0]
        along = gradient[i, 0] * z[i, 0]
        for j in range(1, n):
            mean += gradient[i, j]
            along += gradient[i, j] * z[i, j]
        mean *= one_nth
        along *= one_nth
        for j in range(n):
            gradient[i, j] = (gradient[i, j] - mean - z[i, j] * along) * inverse[i]

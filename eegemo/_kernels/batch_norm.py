"""Batch normalisation, channel by channel, in few passes over small batches."""

from numba import njit


# The flags let the sums along a row vectorise.
@njit(cache=True, nogil=True, error_model="numpy", fastmath={"reassoc", "nsz"})
def standardise_channels(x, mean, variance):
    """Subtract the mean of each channel, in place, and compute its variance.

    x : array of shape (n_samples, n_channels, n_times), in C order
    mean, variance : arrays of shape (n_channels,), of the same type
    """
    n_samples, n_channels, n_times = x.shape
    n = n_samples * n_times
    for c in range(n_channels):
        total = 0.0
        for i in range(n_samples):
            row = x[i, c, 0]
            for t in range(1, n_times):
                row += x[i, c, t]
            total += row
        mean[c] = total / n
        total = 0.0
        for i in range(n_samples):
            row = x.dtype.type(0)
            for t in range(n_times):
                x[i, c, t] -= mean[c]
                row += x[i, c, t] * x[i, c, t]
            total += row
        variance[c] = total / n


@njit(cache=True, nogil=True, error_model="numpy")
def scale_channels(x, inverse, scale, shift, out):
    """Multiply each channel by ``inverse``, in place; then scale and shift it."""
    n_samples, n_channels, n_times = x.shape
    for i in range(n_samples):
        for c in range(n_channels):
            for t in range(n_times):
                x[i, c, t] *= inverse[c]
                out[i, c, t] = x[i, c, t] * scale[c] + shift[c]


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"reassoc", "nsz"})
def through_channels(gradient, z, factor, of_scale, of_shift):
    """Turn the gradient by the output into that by the input, in place.

    gradient, z : arrays of shape (n_samples, n_channels, n_times), in C order; z is
        standardised
    factor : array of shape (n_channels,): the scale over the standard deviation
    of_scale, of_shift : arrays of shape (n_channels,), for the gradients by both
    """
    n_samples, n_channels, n_times = gradient.shape
    n = n_samples * n_times
    for c in range(n_channels):
        total, along = 0.0, 0.0
        for i in range(n_samples):
            row, product = gradient[i, c, 0], gradient[i, c, 0] * z[i, c, 0]
            for t in range(1, n_times):
                row += gradient[i, c, t]
                product += gradient[i, c, t] * z[i, c, t]
            total += row
            along += product
        of_shift[c], of_scale[c] = total, along
        mean, slope = gradient.dtype.type(total / n), gradient.dtype.type(along / n)
        for i in range(n_samples):
            for t in range(n_times):
                rest = gradient[i, c, t] - mean - z[i, c, t] * slope
                gradient[i, c, t] = rest * factor[c]

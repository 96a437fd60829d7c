"""What a dense layer does beside its product: biases, the positive part, and back."""

from numba import njit


@njit(cache=True, nogil=True)
def shift_rows(rows, bias, rectified):
    """Add the biases to each row, in place, and then take the positive part or not.

    rows : array of shape (n, n_outputs), in C order
    bias : array of shape (n_outputs,), of that type
    rectified : bool
        NaN stays.
    """
    n, n_outputs = rows.shape
    zero = rows.dtype.type(0)
    for i in range(n):
        row = rows[i]
        if rectified:
            for j in range(n_outputs):
                value = row[j] + bias[j]
                row[j] = zero if value < zero else value
        else:
            for j in range(n_outputs):
                row[j] += bias[j]


@njit(cache=True, nogil=True)
def rows_back(gradient, rows, rectified, by_bias):
    """Sum the gradients by the biases; take out those that do not reach them, in place.

    gradient : array of shape (n, n_outputs), in C order
        By what :func:`shift_rows` left in ``rows``.
    by_bias : array of shape (n_outputs,), that is written
    """
    n, n_outputs = gradient.shape
    zero = gradient.dtype.type(0)
    by_bias[:] = zero
    for i in range(n):
        g, row = gradient[i], rows[i]
        if rectified:
            for j in range(n_outputs):
                g[j] = g[j] if row[j] > zero else zero
        for j in range(n_outputs):
            by_bias[j] += g[j]

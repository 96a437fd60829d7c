"""Cholesky factors of SPD matrices and congruences by them, eight matrices at a time.

With X = L L', the matrix W X W' is the product of W L with its own transpose: where W
is triangular too, that is a sixth of the arithmetic of two full products.

Matrices are cut into panels of four rows, in which the four elements of a column follow
one another; columns and rows are filled up to a multiple of four.
"""

from numba import njit

from .lanes import (
    LANES,
    broadcast,
    load,
    load_from,
    sqrt,
    store,
    total,
    transpose,
)

LANES_EDITION = "510e1431"

BLOCK = 4  # sixteen sums at once, which the vector registers hold
_TINY = 1e-300


def padded(n):
    """Rows of a matrix once they are filled up."""
    return -(-n // BLOCK) * BLOCK


@njit(cache=True, nogil=True)
def asymmetries(X, square, out):
    """Squared differences to the transpose, relative to the diagonal.

    Parameters
    ----------
    X : float64 array of shape (n_matrices, n, n), C order
    square : float64 array of shape (LANES, LANES)
        To work with.
    out : float64 array of shape (n_matrices,)
        Sums over the matrix, of differences over the largest diagonal element.
    """
    n_matrices, n, _ = X.shape
    flat = X.reshape(-1)
    whole = n // LANES * LANES
    for m in range(n_matrices):
        C = flat[m * n * n : (m + 1) * n * n]
        size = _TINY
        for i in range(n):
            size = max(size, C[i * n + i])
        scale = 1 / size
        sums = broadcast(0.0)
        for i in range(0, whole, LANES):
            for j in range(0, i + 1, LANES):
                transpose(C, j * n + i, n, square, 0, 1)
                for k in range(LANES):
                    there = load_from(C, (i + k) * n + j)
                    difference = scale * (there - load(square, k))
                    sums = sums + difference * difference
        out[m] = total(sums)
        for i in range(whole, n):
            for j in range(i):
                difference = scale * (C[i * n + j] - C[j * n + i])
                out[m] += difference * difference


@njit(cache=True, nogil=True)
def lay_in_panels(X, less, panels):
    """Copy lower triangles to panels, the same element of each in neighbouring lanes.

    Parameters
    ----------
    X : float64 array of shape (n_matrices, n, n), C order
    less : float64 array of shape (n_matrices,)
        What to subtract from the diagonal of each.
    panels : float64 array of shape (n_groups * padded(n) ** 2, LANES)
        The last group is filled up with the last matrix; beyond a matrix's rows is the
        identity. What is above the diagonal blocks is left as it is.
    """
    n_matrices, n, _ = X.shape
    flat = X.reshape(n_matrices, n * n)
    n_padded = -(-n // BLOCK) * BLOCK
    for group in range(len(panels) // n_padded**2):
        first = group * LANES
        p = panels[group * n_padded**2 :]
        for i in range(n_padded):
            panel = i // BLOCK * BLOCK
            for j in range(panel + BLOCK):
                k = panel * n_padded + j * BLOCK + i - panel
                if i < n and j <= i:
                    for lane in range(LANES):
                        p[k, lane] = flat[min(first + lane, n_matrices - 1), i * n + j]
                    if i == j:
                        for lane in range(LANES):
                            p[k, lane] -= less[min(first + lane, n_matrices - 1)]
                else:
                    store(p, k, broadcast(1.0 if i == j else 0.0))


@njit(cache=True, nogil=True, error_model="numpy")
def factor(panels, n_padded, inverse):
    """Replace matrices by their Cholesky factors.

    The last element of a factor is positive, unless a finite matrix has none.

    Parameters
    ----------
    panels : float64 array of shape (n_groups * n_padded ** 2, LANES)
        As of ``lay_in_panels``.
    n_padded : int
    inverse : float64 array of shape (BLOCK, LANES)
        To work with.
    """
    for group in range(len(panels) // n_padded**2):
        p = panels[group * n_padded**2 :]
        for j in range(0, n_padded, BLOCK):
            across = p[j * n_padded :]
            corner = p[j * n_padded + j * BLOCK :]
            for i in range(j, n_padded, BLOCK):
                down = p[i * n_padded :]
                block = p[i * n_padded + j * BLOCK :]
                _products(down, across, j, -1.0, block)
                if i == j:
                    _factor_block(block, inverse)
                else:
                    _solve_block(block, corner, inverse)


@njit(cache=True, nogil=True, error_model="numpy")
def _factor_block(block, inverse):
    """Factor a diagonal block, and keep the inverses of the pivots."""
    for c in range(BLOCK):
        for s in range(c):
            factor = load(block, s * BLOCK + c)
            for r in range(c, BLOCK):
                k = c * BLOCK + r
                store(block, k, load(block, k) - factor * load(block, s * BLOCK + r))
        pivot = sqrt(load(block, c * BLOCK + c))
        store(inverse, c, 1.0 / pivot)
        store(block, c * BLOCK + c, pivot)
        for r in range(c):
            store(block, c * BLOCK + r, broadcast(0.0))
        for r in range(c + 1, BLOCK):
            k = c * BLOCK + r
            store(block, k, load(block, k) * load(inverse, c))


@njit(cache=True, nogil=True)
def _solve_block(block, corner, inverse):
    """Multiply a block by the inverse of the transposed factor in the corner."""
    for c in range(BLOCK):
        for s in range(c):
            factor = load(corner, s * BLOCK + c)
            for r in range(BLOCK):
                k = c * BLOCK + r
                store(block, k, load(block, k) - load(block, s * BLOCK + r) * factor)
        for r in range(BLOCK):
            k = c * BLOCK + r
            store(block, k, load(block, k) * load(inverse, c))


@njit(cache=True, nogil=True)
def congruences(factors, W, triangular, n, product, A):
    """Lower triangles of W X W', from the Cholesky factors of X.

    Parameters
    ----------
    factors : float64 array of shape (n_groups * padded(n) ** 2, LANES)
        As of ``factor``.
    W : float64 array of shape (padded(n), padded(n)), C order
        Filled up with zeros.
    triangular : bool
        If W is zero above its diagonal.
    n : int
    product : float64 array of shape (padded(n) ** 2, LANES)
        To work with.
    A : float64 array of shape (n_groups * n * n, LANES)
        As of ``lay_side_by_side``, of which the lower triangles are set.
    """
    n_padded = len(W)
    block = product[n_padded**2 :]
    for group in range(len(factors) // n_padded**2):
        _multiply(factors[group * n_padded**2 :], W, triangular, product)
        a = A[group * n * n :]
        for i in range(0, n_padded, BLOCK):
            down = product[i * n_padded :]
            for j in range(0, i + BLOCK, BLOCK):
                stop = j + BLOCK if triangular else n_padded
                for k in range(BLOCK * BLOCK):
                    store(block, k, broadcast(0.0))
                _products(down, product[j * n_padded :], stop, 1.0, block)
                for r in range(min(BLOCK, n - i)):
                    for c in range(min(BLOCK, i + r - j + 1)):
                        store(a, (i + r) * n + j + c, load(block, c * BLOCK + r))


@njit(cache=True, nogil=True)
def _multiply(L, W, triangular, product):
    """Panels of W L."""
    n_padded = len(W)
    for i in range(0, n_padded, BLOCK):
        w0, w1, w2, w3 = W[i], W[i + 1], W[i + 2], W[i + 3]
        last = i + BLOCK if triangular else n_padded
        for j in range(0, last, BLOCK):
            a0 = a1 = a2 = a3 = b0 = b1 = b2 = b3 = broadcast(0.0)
            c0 = c1 = c2 = c3 = d0 = d1 = d2 = d3 = broadcast(0.0)
            for k in range(j, last):
                first = k // BLOCK * BLOCK
                row = L[first * n_padded + j * BLOCK + k - first :]
                x0, x1 = load(row, 0), load(row, BLOCK)
                x2, x3 = load(row, 2 * BLOCK), load(row, 3 * BLOCK)
                y = w0[k]
                a0, a1, a2, a3 = a0 + y * x0, a1 + y * x1, a2 + y * x2, a3 + y * x3
                y = w1[k]
                b0, b1, b2, b3 = b0 + y * x0, b1 + y * x1, b2 + y * x2, b3 + y * x3
                y = w2[k]
                c0, c1, c2, c3 = c0 + y * x0, c1 + y * x1, c2 + y * x2, c3 + y * x3
                y = w3[k]
                d0, d1, d2, d3 = d0 + y * x0, d1 + y * x1, d2 + y * x2, d3 + y * x3
            out = product[i * n_padded + j * BLOCK :]
            _store_columns(out, a0, a1, a2, a3)
            _store_columns(out[1:], b0, b1, b2, b3)
            _store_columns(out[2:], c0, c1, c2, c3)
            _store_columns(out[3:], d0, d1, d2, d3)
        for k in range(last * BLOCK, n_padded * BLOCK):
            store(product, i * n_padded + k, broadcast(0.0))


@njit(cache=True, nogil=True)
def _store_columns(out, x0, x1, x2, x3):
    """Set the first row of a block."""
    store(out, 0, x0)
    store(out, BLOCK, x1)
    store(out, 2 * BLOCK, x2)
    store(out, 3 * BLOCK, x3)


@njit(cache=True, nogil=True)
def _products(down, across, n_columns, sign, block):
    """Add to a block the products of the rows of two panels, times ``sign``."""
    a0 = a1 = a2 = a3 = b0 = b1 = b2 = b3 = broadcast(0.0)
    c0 = c1 = c2 = c3 = d0 = d1 = d2 = d3 = broadcast(0.0)
    for k in range(0, n_columns * BLOCK, BLOCK):
        x0, x1, x2, x3 = (
            load(across, k),
            load(across, k + 1),
            load(across, k + 2),
            load(across, k + 3),
        )
        y = load(down, k)
        a0, a1, a2, a3 = a0 + y * x0, a1 + y * x1, a2 + y * x2, a3 + y * x3
        y = load(down, k + 1)
        b0, b1, b2, b3 = b0 + y * x0, b1 + y * x1, b2 + y * x2, b3 + y * x3
        y = load(down, k + 2)
        c0, c1, c2, c3 = c0 + y * x0, c1 + y * x1, c2 + y * x2, c3 + y * x3
        y = load(down, k + 3)
        d0, d1, d2, d3 = d0 + y * x0, d1 + y * x1, d2 + y * x2, d3 + y * x3
    _add_row(block, sign, a0, a1, a2, a3)
    _add_row(block[1:], sign, b0, b1, b2, b3)
    _add_row(block[2:], sign, c0, c1, c2, c3)
    _add_row(block[3:], sign, d0, d1, d2, d3)


@njit(cache=True, nogil=True)
def _add_row(block, sign, x0, x1, x2, x3):
    """Add to the first row of a block."""
    store(block, 0, load(block, 0) + sign * x0)
    store(block, BLOCK, load(block, BLOCK) + sign * x1)
    store(block, 2 * BLOCK, load(block, 2 * BLOCK) + sign * x2)
    store(block, 3 * BLOCK, load(block, 3 * BLOCK) + sign * x3)

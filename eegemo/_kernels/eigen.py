"""Eigenvectors of small symmetric matrices, by reflections and the QL algorithm.

As LAPACK does, but all loops go along rows, eight numbers at a time, of which the last
are filled up with zeros: at tens of rows, neither LAPACK nor loops that the compiler
makes into vectors come to use them.

References
----------
B. N. Parlett, "The symmetric eigenvalue problem", SIAM 1998, chapters 7 and 8.
"""

import numpy as np
from numba import njit

from .lanes import LANES, broadcast, load, store, total

LANES_EDITION = "510e1431"

_SIDE_BY_SIDE = 8  # matrices
_MOST_STEPS = 60  # to an eigenvalue; two are usual
_EPS = np.finfo(np.float64).eps


def work_size(n):
    """Rows that ``eigen`` needs to work with."""
    return ((_SIDE_BY_SIDE + 1) * n + 2) * -(-n // LANES)


@njit(cache=True, nogil=True, error_model="numpy")
def eigen(X, work):
    """Eigenvalues, in no order, and eigenvectors of symmetric matrices.

    X : float64 array of shape (n_matrices, n, n), in C order
        Of which the upper triangles count. Squares of its numbers should not underflow.
    work : float64 array of shape (work_size(n), LANES)
    values, vectors : float64 arrays of shapes (n_matrices, n) and (n_matrices, n, n)
        A row of vectors is an eigenvector.
    """
    n_matrices, n, _ = X.shape
    p = -(-n // LANES)  # pieces of a row
    values = np.empty((n_matrices, n))
    vectors = np.empty((n_matrices, n, n))
    beside, tau = np.empty((_SIDE_BY_SIDE, n)), np.empty(n)
    A, v, w = work[: n * p], work[n * p : (n + 1) * p], work[(n + 1) * p :]
    Z = work[(n + 2) * p :]
    for first in range(0, n_matrices, _SIDE_BY_SIDE):
        beyond = min(first + _SIDE_BY_SIDE, n_matrices)
        for i in range(first, beyond):
            for k in range(n * p):
                store(A, k, broadcast(0.0))
            for j in range(n):
                for k in range(j, n):
                    A[j * p + k // LANES, k % LANES] = X[i, j, k]
                    A[k * p + j // LANES, j % LANES] = X[i, j, k]
            _tridiagonalise(A, p, values[i], beside[i - first], tau, v, w)
            _multiply_reflections(A, p, tau, Z[(i - first) * n * p :])
        _diagonalise(values[first:beyond], beside, Z, p)
        for i in range(first, beyond):
            start = (i - first) * n * p
            for j in range(n):
                for k in range(n):
                    vectors[i, j, k] = Z[start + j * p + k // LANES, k % LANES]
    return values, vectors


@njit(cache=True, nogil=True, error_model="numpy")
def _tridiagonalise(A, p, diagonal, beside, tau, v, w):
    """Leave the vector of the k-th reflection, in all of a row, in row k of A."""
    n = len(diagonal)
    for k in range(n):
        diagonal[k] = A[k * p + k // LANES, k % LANES]
        tau[k] = 0.0
        if k == n - 1:
            break
        for j in range(k + 1):
            A[k * p + j // LANES, j % LANES] = 0.0
        first = A[k * p + (k + 1) // LANES, (k + 1) % LANES]
        A[k * p + (k + 1) // LANES, (k + 1) % LANES] = 0.0
        start = (k + 1) // LANES
        rest = _dot(A, k * p, A, k * p, start, p)
        if rest == 0.0:
            beside[k] = first
            continue
        beside[k] = -np.copysign(np.sqrt(first * first + rest), first)
        pivot = first - beside[k]
        A[k * p + (k + 1) // LANES, (k + 1) % LANES] = pivot
        tau[k] = 2.0 / (pivot * pivot + rest)
        for m in range(start, p):
            store(v, m, load(A, k * p + m))
            store(w, m, broadcast(0.0))
        for j in range(k + 1, n):
            w[j // LANES, j % LANES] = tau[k] * _dot(A, j * p, v, 0, start, p)
        along = 0.5 * tau[k] * _dot(v, 0, w, 0, start, p)
        for m in range(start, p):
            store(w, m, load(w, m) - along * load(v, m))
        for j in range(k + 1, n):
            vj, wj = v[j // LANES, j % LANES], w[j // LANES, j % LANES]
            for m in range(start, p):
                change = vj * load(w, m) + wj * load(v, m)
                store(A, j * p + m, load(A, j * p + m) - change)


@njit(cache=True, nogil=True, error_model="numpy")
def _multiply_reflections(A, p, tau, Z):
    """Multiply them, the last first, so that rows are short at first."""
    n = len(tau)
    for k in range(n * p):
        store(Z, k, broadcast(0.0))
    for j in range(n):
        Z[j * p + j // LANES, j % LANES] = 1.0
    for k in range(n - 2, -1, -1):
        start = (k + 1) // LANES
        for j in range(k + 1, n):
            along = tau[k] * _dot(Z, j * p, A, k * p, start, p)
            for m in range(start, p):
                z = load(Z, j * p + m) - along * load(A, k * p + m)
                store(Z, j * p + m, z)


@njit(cache=True, nogil=True, error_model="numpy")
def _dot(x, i, y, j, start, p):
    """Inner product of p pieces from rows i and j on, without the first ones."""
    products = broadcast(0.0)
    for m in range(start, p):
        products = products + load(x, i + m) * load(y, j + m)
    return total(products)


@njit(cache=True, nogil=True, error_model="numpy")
def _diagonalise(diagonal, beside, Z, p):
    """Rotate neighbouring rows of Z until what is beside the diagonal vanishes.

    A rotation waits for the root and the quotients of the one before. So all matrices
    go along row by row, and the processor computes theirs at the same time.
    """
    n_matrices, n = diagonal.shape
    top = np.zeros(n_matrices, np.int64)  # rows above have their eigenvalues
    end = np.zeros(n_matrices, np.int64)
    steps = np.zeros(n_matrices, np.int64)
    x, moved = np.empty(n_matrices), np.empty(n_matrices)
    sine, cosine = np.empty((n_matrices, n)), np.empty((n_matrices, n))
    while True:
        highest, lowest = n, 0
        for i in range(n_matrices):
            _find_block(diagonal[i], beside[i], i, top, end, steps)
            if top[i] == n - 1:
                continue
            highest, lowest = min(highest, top[i]), max(lowest, end[i])
            x[i] = _shifted(diagonal[i], beside[i], top[i], end[i])
            sine[i, end[i]], cosine[i, end[i]], moved[i] = 1.0, 1.0, 0.0
        if highest == n:
            break
        for j in range(lowest - 1, highest - 1, -1):
            for i in range(n_matrices):
                if top[i] <= j < end[i]:
                    _chase(diagonal, beside, i, j, x, moved, sine, cosine)
        for i in range(n_matrices):
            if top[i] < n - 1:
                diagonal[i, top[i]] -= moved[i]
                beside[i, top[i]] = x[i]
                beside[i, end[i]] = 0.0
                start = i * n * p
                _rotate(sine[i], cosine[i], top[i], end[i], Z, start, p)


@njit(cache=True, nogil=True, error_model="numpy")
def _find_block(diagonal, beside, i, top, end, steps):
    """Find the first rows that are not apart from those below them."""
    n = len(diagonal)
    beside[n - 1] = 0.0
    while top[i] < n - 1:
        last = top[i]
        while last < n - 1:
            size = abs(diagonal[last]) + abs(diagonal[last + 1])
            if abs(beside[last]) <= _EPS * size:
                break
            last += 1
        end[i] = last
        steps[i] += 1
        if last > top[i] and steps[i] <= _MOST_STEPS:
            break
        steps[i] = 0
        top[i] += 1


@njit(cache=True, nogil=True, error_model="numpy")
def _shifted(diagonal, beside, top, end):
    """Last number of the diagonal, less Wilkinson's shift."""
    half = (diagonal[top + 1] - diagonal[top]) / (2.0 * beside[top])
    shift = beside[top] / (half + np.copysign(np.sqrt(half * half + 1.0), half))
    return diagonal[end] - diagonal[top] + shift


@njit(cache=True, nogil=True, error_model="numpy")
def _chase(diagonal, beside, i, j, x, moved, sine, cosine):
    """Chase a bulge from row j + 1 up to row j of the i-th matrix."""
    bulge, b = sine[i, j + 1] * beside[i, j], cosine[i, j + 1] * beside[i, j]
    size = np.sqrt(bulge * bulge + x[i] * x[i])
    beside[i, j + 1] = size
    if size == 0.0:
        sine[i, j], cosine[i, j] = 0.0, 1.0
    else:
        sine[i, j], cosine[i, j] = bulge / size, x[i] / size
    rest = diagonal[i, j + 1] - moved[i]
    y = (diagonal[i, j] - rest) * sine[i, j] + 2.0 * cosine[i, j] * b
    moved[i] = sine[i, j] * y
    diagonal[i, j + 1] = rest + moved[i]
    x[i] = cosine[i, j] * y - b


@njit(cache=True, nogil=True, error_model="numpy")
def _rotate(sine, cosine, top, end, Z, start, p):
    """Rotate rows ``end`` to ``top`` of a matrix, each with the one above."""
    for j in range(end - 1, top - 1, -1):
        for m in range(start + j * p, start + (j + 1) * p):
            upper, lower = load(Z, m), load(Z, m + p)
            store(Z, m + p, sine[j] * upper + cosine[j] * lower)
            store(Z, m, cosine[j] * upper - sine[j] * lower)

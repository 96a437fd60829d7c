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

_MOST_STEPS = 60  # to an eigenvalue; two are usual
_EPS = np.finfo(np.float64).eps


def work_size(n):
    """Rows that ``eigen`` needs to work with."""
    return (2 * n + 2) * -(-n // LANES)


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
    beside, tau = np.empty(n), np.empty(n)
    A, Z = work[: n * p], work[n * p : 2 * n * p]
    v, w = work[2 * n * p : (2 * n + 1) * p], work[(2 * n + 1) * p :]
    for i in range(n_matrices):
        for k in range(n * p):
            store(A, k, broadcast(0.0))
        for j in range(n):
            for k in range(j, n):
                A[j * p + k // LANES, k % LANES] = X[i, j, k]
                A[k * p + j // LANES, j % LANES] = X[i, j, k]
        _tridiagonalise(A, p, values[i], beside, tau, v, w)
        _multiply_reflections(A, p, tau, Z)
        _diagonalise(values[i], beside, Z, p)
        for j in range(n):
            for k in range(n):
                vectors[i, j, k] = Z[j * p + k // LANES, k % LANES]
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
    """Rotate neighbouring rows of Z until what is beside the diagonal vanishes."""
    n = len(diagonal)
    beside[n - 1] = 0.0
    for k in range(n):
        for _ in range(_MOST_STEPS):
            end = k
            while end < n - 1:
                size = abs(diagonal[end]) + abs(diagonal[end + 1])
                if abs(beside[end]) <= _EPS * size:
                    break
                end += 1
            if end == k:
                break
            _ql_step(diagonal, beside, k, end, Z, p)


@njit(cache=True, nogil=True, error_model="numpy")
def _ql_step(diagonal, beside, k, end, Z, p):
    """Chase a bulge from row ``end`` up to row k, with Wilkinson's shift."""
    half = (diagonal[k + 1] - diagonal[k]) / (2.0 * beside[k])
    shift = beside[k] / (half + np.copysign(np.sqrt(half * half + 1.0), half))
    x = diagonal[end] - diagonal[k] + shift
    sine, cosine, moved = 1.0, 1.0, 0.0
    for j in range(end - 1, k - 1, -1):
        bulge, b = sine * beside[j], cosine * beside[j]
        size = np.sqrt(bulge * bulge + x * x)
        beside[j + 1] = size
        if size == 0.0:  # the matrix has come apart here
            diagonal[j + 1] -= moved
            beside[end] = 0.0
            return
        sine, cosine = bulge / size, x / size
        x = diagonal[j + 1] - moved
        y = (diagonal[j] - x) * sine + 2.0 * cosine * b
        moved = sine * y
        diagonal[j + 1] = x + moved
        x = cosine * y - b
        for m in range(j * p, (j + 1) * p):
            upper, lower = load(Z, m), load(Z, m + p)
            store(Z, m + p, sine * upper + cosine * lower)
            store(Z, m, cosine * upper - sine * lower)
    diagonal[k] -= moved
    beside[k] = x
    beside[end] = 0.0

"""Logarithms of SPD matrices without their eigenvectors, eight matrices at a time.

Reflections make a matrix tridiagonal. The logarithm of the tridiagonal matrix is a sum
of inverses of shifted ones, by partial fractions of a rational approximation, and the
same reflections bring it back.
"""

import numpy as np
from numba import njit

from .lanes import (
    LANES,
    absolute,
    broadcast,
    copysign,
    load,
    maximum,
    minimum,
    sqrt,
    store,
)

LANES_EDITION = "510e1431"

_TINY = 1e-150  # instead of zero where it is divided by; its square is not zero
_NEWTON = 3  # steps to the least eigenvalue


@njit(cache=True, nogil=True)
def lay_side_by_side(X, scales, A):
    """Scale matrices in groups, the same element of each in neighbouring lanes.

    Parameters
    ----------
    X : float64 array of shape (n_matrices, n, n), C order
    scales : float64 array of shape (n_groups, LANES)
        What to multiply each matrix by.
    A : float64 array of shape (n_groups * n * n, LANES)
        Row by row of the first group, and so on; the last group is filled up with the
        last matrix.
    """
    n_matrices, n, _ = X.shape
    flat = X.reshape(n_matrices, n * n)
    for group in range(len(scales)):
        scale = load(scales, group)
        for k in range(group * n * n, (group + 1) * n * n):
            for lane in range(LANES):
                i = min(group * LANES + lane, n_matrices - 1)
                A[k, lane] = flat[i, k - group * n * n]
            store(A, k, scale * load(A, k))


def work_size(n):
    """Rows that ``logs`` needs to work with."""
    return n * n + 17 * n + 3


@njit(cache=True, nogil=True, error_model="numpy")
def logs(A, n, sizes, limits, poles, residues, constants, out, summary, work):
    """Logarithms of matrices, as the upper triangles with weighted off-diagonals.

    Parameters
    ----------
    A : float64 array of shape (n_groups * n * n, LANES)
        SPD matrices side by side, of which the lower triangles are read. Overwritten.
    n : int
        Rows of a matrix.
    sizes : float64 array of shape (n_matrices,)
        What the matrices were divided by.
    limits : float64 array of shape (n_approximations,)
        Increasing condition numbers up to which each approximation holds.
    poles, residues : float64 arrays of shape (n_approximations, n_poles)
        log(x) = constant + sum residue / (x + pole) on [1 / sqrt(limit), sqrt(limit)].
    constants : float64 array of shape (n_approximations,)
    out : float64 array of shape (n_matrices, n * (n + 1) / 2) or (0, 0)
        If empty, only the summary is computed.
    summary : float64 array of shape (n_matrices, 3)
        Lower and upper bound of the eigenvalues, and the squared norm of the logarithm,
        which means nothing, nor the logarithm, where the ratio of the bounds is beyond
        the last limit, or the lower one is not positive.
    work : float64 array of shape (work_size(n), LANES)
    """
    reflectors, rest = work[: n * n], work[n * n :]
    v, w, p = rest[: 2 * n], rest[2 * n : 4 * n], rest[4 * n : 6 * n]
    tau, diagonal, beside = (
        rest[6 * n : 7 * n],
        rest[7 * n : 8 * n],
        rest[8 * n : 9 * n],
    )
    factors, limit = rest[9 * n : 17 * n], rest[17 * n :]
    for first in range(0, len(summary), LANES):
        n_filled = min(LANES, len(summary) - first)
        a = A[first // LANES * n * n :]
        _tridiagonalise(a, n, reflectors, tau, diagonal, beside, v, w, p)
        _bounds(diagonal, beside, n, limit, factors)
        ratio = 1.0
        for lane in range(LANES):
            limit[2, lane] = sizes[min(first + lane, len(sizes) - 1)]
            ratio = max(ratio, limit[1, lane] / limit[0, lane])
            if lane < n_filled:
                size = sizes[first + lane]
                summary[first + lane, 0] = size * limit[0, lane]
                summary[first + lane, 1] = size * limit[1, lane]
        t = 0
        while t < len(limits) - 1 and limits[t] < ratio:
            t += 1
        _tridiagonal_log(
            diagonal, beside, n, limit, poles[t], residues[t], constants[t], factors, a
        )
        store(limit, 0, _squared_norm(a, n))
        for lane in range(n_filled):
            summary[first + lane, 2] = limit[0, lane]
        if len(out) == 0:
            continue
        _back(a, n, reflectors, tau, v, w, p)
        rows = out[first : first + n_filled]
        k = 0
        for i in range(n):
            for j in range(i, n):
                value = load(a, j * n + i)
                store(limit, 0, value if i == j else np.sqrt(2.0) * value)
                for lane in range(n_filled):
                    rows[lane, k] = limit[0, lane]
                k += 1


@njit(cache=True, nogil=True)
def _squared_norm(a, n):
    total = broadcast(0.0)
    for i in range(n):
        beside = broadcast(0.0)
        for j in range(i):
            value = load(a, i * n + j)
            beside = beside + value * value
        value = load(a, i * n + i)
        total = total + (2.0 * beside + value * value)
    return total


@njit(cache=True, nogil=True)
def _tridiagonalise(a, n, reflectors, tau, diagonal, beside, v, w, p):
    for j in range(n):
        store(v, j, broadcast(0.0))
        store(w, j, broadcast(0.0))
    for k in range(n - 1, 0, -1):
        x = reflectors[k * n :]
        vk, wk = load(v, k), load(w, k)
        store(diagonal, k, load(a, k * n + k) - 2.0 * (vk * wk))
        square = broadcast(0.0)
        for j in range(k):
            value = load(a, k * n + j) - vk * load(w, j) - wk * load(v, j)
            store(x, j, value)
            if j < k - 1:
                square = square + value * value
        pivot = load(x, k - 1)
        if k == 1:
            store(beside, 0, pivot)
            break
        pivot = pivot + copysign(broadcast(_TINY), pivot)
        square = square + pivot * pivot
        norm = 0.0 - copysign(sqrt(square), pivot)
        store(beside, k - 1, norm)
        t = (norm - pivot) / norm
        store(tau, k, t)
        scale = 1.0 / (pivot - norm)
        for j in range(k - 1):
            store(x, j, scale * load(x, j))
        store(x, k - 1, broadcast(1.0))
        _sweep(a, n, k, v, w, x, p)
        _turn(k, t, x, p, v, w)
    store(diagonal, 0, load(a, 0) - 2.0 * (load(v, 0) * load(w, 0)))


@njit(cache=True, nogil=True)
def _turn(k, t, x, p, v, w):
    """Bring a reflection into the form -v w' - w v', from p = a x."""
    dot = broadcast(0.0)
    for j in range(k):
        dot = dot + load(p, j) * load(x, j)
    half = 0.5 * (t * t * dot)
    for j in range(k):
        xj = load(x, j)
        store(v, j, xj)
        store(w, j, t * load(p, j) - half * xj)


@njit(cache=True, nogil=True)
def _sweep(a, n, k, v, w, x, p):
    """Subtract v w' + w v' from the first k rows and columns; set p = a x there."""
    first = k % 2
    if first:
        value = load(a, 0) - 2.0 * (load(v, 0) * load(w, 0))
        store(a, 0, value)
        store(p, 0, value * load(x, 0))
    for i in range(first, k, 2):
        upper, lower = i * n, (i + 1) * n
        v0, w0, x0 = load(v, i), load(w, i), load(x, i)
        v1, w1, x1 = load(v, i + 1), load(w, i + 1), load(x, i + 1)
        s0 = s1 = broadcast(0.0)
        for j in range(i):
            vj, wj, xj = load(v, j), load(w, j), load(x, j)
            value = load(a, upper + j) - v0 * wj - w0 * vj
            store(a, upper + j, value)
            s0 = s0 + value * xj
            pj = load(p, j) + value * x0
            value = load(a, lower + j) - v1 * wj - w1 * vj
            store(a, lower + j, value)
            s1 = s1 + value * xj
            store(p, j, pj + value * x1)
        value = load(a, upper + i) - 2.0 * (v0 * w0)
        store(a, upper + i, value)
        s0 = s0 + value * x0
        value = load(a, lower + i) - v1 * w0 - w1 * v0
        store(a, lower + i, value)
        s0 = s0 + value * x1
        s1 = s1 + value * x0
        value = load(a, lower + i + 1) - 2.0 * (v1 * w1)
        store(a, lower + i + 1, value)
        store(p, i, s0)
        store(p, i + 1, s1 + value * x1)


@njit(cache=True, nogil=True)
def _back(a, n, reflectors, tau, v, w, p):
    """Apply the reflections to a from both sides, two at a time."""
    for j in range(2 * n):
        store(v, j, broadcast(0.0))
        store(w, j, broadcast(0.0))
    first = 2 - n % 2
    if first == 1 < n:  # an even number of them, with one that changes nothing
        store(reflectors, n, broadcast(0.0))
        store(tau, 1, broadcast(0.0))
    for k in range(first, n, 2):
        x, y = reflectors[k * n :], reflectors[(k + 1) * n :]
        store(x, k, broadcast(0.0))
        _sweep_two(a, n, k + 1, v, w, x, y, p)
        _sweep_two_below(a, n, k + 1, v, w, x, y, p)
        _turn_two(k + 1, n, load(tau, k), load(tau, k + 1), x, y, p, v, w)
    _sweep_two(a, n, n, v, w, w, w[n:], p)


@njit(cache=True, nogil=True)
def _turn_two(k, n, t0, t1, x, y, p, v, w):
    """As ``_turn``, for a reflection by x and then one by y.

    Together they subtract t0 x x' + t1 y y' + s y x' from the identity.
    """
    xy = xp = yp = yq = broadcast(0.0)
    for j in range(k):
        xj, yj = load(x, j), load(y, j)
        pj, qj = load(p, j), load(p, n + j)
        xy = xy + xj * yj
        xp = xp + xj * pj
        yp = yp + yj * pj
        yq = yq + yj * qj
    s = 0.0 - t0 * t1 * xy
    m00 = 0.5 * (t0 * t0 * xp)
    m01 = 0.5 * (t0 * (s * xp + t1 * yp))
    m11 = 0.5 * (s * s * xp + 2.0 * (s * t1 * yp) + t1 * t1 * yq)
    for j in range(n):
        pj, qj = load(p, j), load(p, n + j)
        wj, uj = t0 * pj, s * pj + t1 * qj
        if j < k:
            xj, yj = load(x, j), load(y, j)
            store(v, j, xj)
            store(v, n + j, yj)
            wj = wj - m00 * xj - m01 * yj
            uj = uj - m01 * xj - m11 * yj
        store(w, j, wj)
        store(w, n + j, uj)


@njit(cache=True, nogil=True)
def _sweep_two(a, n, k, v, w, x, y, p):
    """As ``_sweep``, for two pairs of v and w and the two products a x and a y."""
    first = k % 2
    if first:
        value = load(a, 0) - 2.0 * (load(v, 0) * load(w, 0) + load(v, n) * load(w, n))
        store(a, 0, value)
        store(p, 0, value * load(x, 0))
        store(p, n, value * load(y, 0))
    for i in range(first, k, 2):
        upper, lower = i * n, (i + 1) * n
        v0, w0, x0 = load(v, i), load(w, i), load(x, i)
        v1, w1, x1 = load(v, i + 1), load(w, i + 1), load(x, i + 1)
        c0, u0, y0 = load(v, n + i), load(w, n + i), load(y, i)
        c1, u1, y1 = load(v, n + i + 1), load(w, n + i + 1), load(y, i + 1)
        s0 = s1 = r0 = r1 = broadcast(0.0)
        for j in range(i):
            vj, wj, cj, uj = load(v, j), load(w, j), load(v, n + j), load(w, n + j)
            xj, yj = load(x, j), load(y, j)
            b0 = load(a, upper + j) - v0 * wj - w0 * vj - c0 * uj - u0 * cj
            b1 = load(a, lower + j) - v1 * wj - w1 * vj - c1 * uj - u1 * cj
            store(a, upper + j, b0)
            store(a, lower + j, b1)
            s0, s1 = s0 + b0 * xj, s1 + b1 * xj
            r0, r1 = r0 + b0 * yj, r1 + b1 * yj
            store(p, j, load(p, j) + b0 * x0 + b1 * x1)
            store(p, n + j, load(p, n + j) + b0 * y0 + b1 * y1)
        b00 = load(a, upper + i) - 2.0 * (v0 * w0 + c0 * u0)
        b01 = load(a, lower + i) - v1 * w0 - w1 * v0 - c1 * u0 - u1 * c0
        b11 = load(a, lower + i + 1) - 2.0 * (v1 * w1 + c1 * u1)
        store(a, upper + i, b00)
        store(a, lower + i, b01)
        store(a, lower + i + 1, b11)
        store(p, i, s0 + b00 * x0 + b01 * x1)
        store(p, i + 1, s1 + b01 * x0 + b11 * x1)
        store(p, n + i, r0 + b00 * y0 + b01 * y1)
        store(p, n + i + 1, r1 + b01 * y0 + b11 * y1)


@njit(cache=True, nogil=True)
def _sweep_two_below(a, n, k, v, w, x, y, p):
    """As ``_sweep_two``, for the first k columns of the rows from k on.

    There v is zero, and p gets no share of the rows above. The last row comes twice
    where their number is odd.
    """
    for i in range(k, n, 2):
        last = min(i + 1, n - 1)
        upper, lower = i * n, last * n
        w0, u0 = load(w, i), load(w, n + i)
        w1, u1 = load(w, last), load(w, n + last)
        s0 = s1 = r0 = r1 = broadcast(0.0)
        for j in range(k):
            vj, cj, xj, yj = load(v, j), load(v, n + j), load(x, j), load(y, j)
            b0 = load(a, upper + j) - w0 * vj - u0 * cj
            b1 = load(a, lower + j) - w1 * vj - u1 * cj
            store(a, upper + j, b0)
            store(a, lower + j, b1)
            s0, s1 = s0 + b0 * xj, s1 + b1 * xj
            r0, r1 = r0 + b0 * yj, r1 + b1 * yj
        store(p, i, s0)
        store(p, last, s1)
        store(p, n + i, r0)
        store(p, n + last, r1)


@njit(cache=True, nogil=True, error_model="numpy")
def _bounds(diagonal, beside, n, limit, work):
    """Bounds of the eigenvalues: Gershgorin's, and steps of Newton's method from zero.

    The slope of the logarithm of the characteristic polynomial is minus the trace of
    the inverse. From below the least root, no step goes beyond it.
    """
    upper = load(diagonal, 0)
    before = broadcast(0.0)
    for i in range(n):
        after = absolute(load(beside, i)) if i < n - 1 else broadcast(0.0)
        upper = maximum(upper, load(diagonal, i) + (before + after))
        before = after
    store(limit, 1, upper)
    store(limit, 0, broadcast(0.0))
    for _ in range(_NEWTON):
        lower = load(limit, 0)
        pivot = load(diagonal, 0) - lower
        inverse = 1.0 / pivot
        least, slope, trace = pivot, broadcast(1.0), inverse
        for i in range(1, n):
            b = load(beside, i - 1)
            ratio = b * inverse
            pivot = load(diagonal, i) - lower - ratio * b
            slope = 1.0 + ratio * ratio * slope
            inverse = 1.0 / pivot
            trace = trace + slope * inverse
            least = minimum(least, pivot)
        store(work, 0, least)
        store(work, 1, trace)
        for lane in range(LANES):
            # At the start, or where the last step met the root, it may not be.
            if work[0, lane] > 0:
                limit[0, lane] += 1.0 / work[1, lane]


@njit(cache=True, nogil=True, error_model="numpy")
def _tridiagonal_log(diagonal, beside, n, limit, poles, residues, constant, factors, a):
    """Sum of inverses of T + pole, four at a time.

    Below the diagonal, an element of the inverse is its right neighbour times a ratio
    that is the same for the whole column.
    """
    for lane in range(LANES):
        size = np.sqrt(limit[0, lane] * limit[1, lane])
        limit[0, lane] = 1 / size
        limit[1, lane] = np.log(size) + np.log(limit[2, lane]) + constant
    scale, offset = load(limit, 0), load(limit, 1)
    for i in range(n):
        store(diagonal, i, scale * load(diagonal, i))
        store(beside, i, scale * load(beside, i))
    for first in range(0, len(poles), 4):
        if residues[first] == 0:
            break
        _inverses(diagonal, beside, n, poles[first:], residues[first:], factors)
        for i in range(n):
            row = a[i * n :]
            g0 = load(factors, 8 * i + 4)
            g1 = load(factors, 8 * i + 5)
            g2 = load(factors, 8 * i + 6)
            g3 = load(factors, 8 * i + 7)
            value = (g0 + g1) + (g2 + g3)
            if first == 0:
                store(row, i, offset + value)
            else:
                store(row, i, load(row, i) + value)
            for j in range(i - 1, -1, -1):
                g0 = g0 * load(factors, 8 * j)
                g1 = g1 * load(factors, 8 * j + 1)
                g2 = g2 * load(factors, 8 * j + 2)
                g3 = g3 * load(factors, 8 * j + 3)
                value = (g0 + g1) + (g2 + g3)
                if first > 0:
                    value = value + load(row, j)
                store(row, j, value)


@njit(cache=True, nogil=True)
def _inverses(diagonal, beside, n, poles, residues, factors):
    """Diagonals of four residue * (T + pole)^-1, and the ratios of columns."""
    p0, p1, p2, p3 = poles[0], poles[1], poles[2], poles[3]
    b = broadcast(0.0)
    x0 = x1 = x2 = x3 = b
    for i in range(n):
        d = load(diagonal, i)
        x0 = p0 + (d - x0 * b)
        x1 = p1 + (d - x1 * b)
        x2 = p2 + (d - x2 * b)
        x3 = p3 + (d - x3 * b)
        x01 = x0 * x1
        x23 = x2 * x3
        inverse = 1.0 / (x01 * x23)  # the only division
        x23 = x23 * inverse
        x01 = x01 * inverse
        i0, i1, i2, i3 = x1 * x23, x0 * x23, x3 * x01, x2 * x01
        store(factors, 8 * i + 4, i0)
        store(factors, 8 * i + 5, i1)
        store(factors, 8 * i + 6, i2)
        store(factors, 8 * i + 7, i3)
        b = load(beside, i)
        x0, x1, x2, x3 = b * i0, b * i1, b * i2, b * i3
        store(factors, 8 * i, 0.0 - x0)
        store(factors, 8 * i + 1, 0.0 - x1)
        store(factors, 8 * i + 2, 0.0 - x2)
        store(factors, 8 * i + 3, 0.0 - x3)
    for q in range(4):
        residue = residues[q]
        g = residue * load(factors, 8 * (n - 1) + 4 + q)
        store(factors, 8 * (n - 1) + 4 + q, g)
        for i in range(n - 2, -1, -1):
            ratio = load(factors, 8 * i + q)
            g = residue * load(factors, 8 * i + 4 + q) + ratio * ratio * g
            store(factors, 8 * i + 4 + q, g)

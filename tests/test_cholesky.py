"""Cholesky factors and congruences, eight at a time."""

import numpy as np
import pytest
import reference
from numba import config
from numpy.testing import assert_allclose, assert_array_equal

from eegemo._kernels.cholesky import (
    BLOCK,
    asymmetries,
    congruences,
    factor,
    lay_in_panels,
    padded,
)
from eegemo._kernels.lanes import LANES, rows

EPS = np.finfo(float).eps
SIZES = [1, 2, 3, 4, 5, 7, 8, 9, 12, 17, 31, 40]
COUNTS = [1, 7, 8, 9, 17]
if config.DISABLE_JIT:  # the plain twins are slow
    SIZES, COUNTS = SIZES[:9], [9]


def matrices(n, n_matrices=17, seed=0):
    X = np.random.default_rng(seed + n).standard_normal((n_matrices, n, 3 * n))
    return X @ X.swapaxes(1, 2) / (3 * n)


def factors_of(C, less=0.0):
    n_groups, n_padded = -(-len(C) // LANES), padded(C.shape[1])
    panels = rows(n_groups * n_padded**2)
    panels[:] = 777.0  # memory as it comes
    lay_in_panels(C, np.full(len(C), less), panels)
    with np.errstate(all="ignore"):
        factor(panels, n_padded, rows(BLOCK))
    return panels


def unpacked(panels, n, n_matrices):
    """Lower triangles of the matrices in panels."""
    n_padded = padded(n)
    shape = (-1, n_padded // BLOCK, n_padded, BLOCK, LANES)
    cut = panels.reshape(shape).transpose(0, 4, 1, 3, 2)
    return np.tril(cut.reshape(-1, n_padded, n_padded)[:n_matrices, :n, :n])


def run_congruences(C, W):
    n = C.shape[1]
    filled_up = np.zeros((padded(n), padded(n)))
    filled_up[:n, :n] = W
    A = rows(-(-len(C) // LANES) * n * n)
    A[:] = 777.0
    triangular = not np.triu(W, 1).any()
    product = rows(padded(n) ** 2 + BLOCK**2)
    congruences(factors_of(C), filled_up, triangular, n, product, A)
    lanes = A.reshape(-1, n, n, LANES).transpose(0, 3, 1, 2)
    return lanes.reshape(-1, n, n)[: len(C)]


@pytest.mark.parametrize("n", SIZES)
def test_factors(n):
    """As the twin's and LAPACK's, to a few roundings of sums of n."""
    C = matrices(n)
    for count in COUNTS:
        got = unpacked(factors_of(C[:count]), n, count)
        assert_allclose(got, np.linalg.cholesky(C[:count]), atol=20 * n * EPS)
        assert_allclose(got[0], reference.cholesky(C[0]), atol=20 * n * EPS)


def test_factor_of_less():
    C = matrices(6)
    got = unpacked(factors_of(C, 0.01), 6, len(C))
    assert_allclose(got, np.linalg.cholesky(C - 0.01 * np.eye(6)), atol=1e-13)


def test_only_the_lower_triangle_is_read():
    C = matrices(6)
    expected = factors_of(C)
    assert_array_equal(factors_of(np.tril(C)), expected)


@pytest.mark.parametrize("n", [1, 2, 4, 5, 7, 8])
@pytest.mark.parametrize(
    "bad",
    [
        lambda C: np.zeros_like(C),
        lambda C: -C,
        lambda C: np.diag([*[1.0] * (len(C) - 1), -1.0]),
        lambda C: np.diag([-1.0, *[1.0] * (len(C) - 1)]),
        lambda C: np.full_like(C, np.nan),
        lambda C: np.diag([np.nan, *[1.0] * (len(C) - 1)]),
    ],
)
def test_what_has_no_factor_says_so_in_its_last_element(n, bad):
    """And leaves its neighbours as they are."""
    C = matrices(n, 9)
    expected = factors_of(C)
    C[3] = bad(C[3])
    got = factors_of(C)
    last = got[padded(n) ** 2 - 1 :: padded(n) ** 2].ravel()
    assert_array_equal(last[:9] > 0, np.arange(9) != 3)
    others = np.arange(LANES) != 3
    assert_array_equal(
        unpacked(got[:, others].repeat(2, axis=1)[:, :LANES], n, LANES),
        unpacked(expected[:, others].repeat(2, axis=1)[:, :LANES], n, LANES),
    )


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("triangular", [True, False])
def test_congruences(n, triangular):
    """As the products themselves: W and C have elements near one."""
    C = matrices(n)
    W = np.random.default_rng(n).standard_normal((n, n))
    W = np.tril(W) if triangular else W
    expected = np.tril(W @ C @ W.T)
    for count in COUNTS:
        got = run_congruences(C[:count], W)
        assert_allclose(np.tril(got), expected[:count], atol=20 * n**2 * EPS)


def test_congruence_keeps_small_eigenvalues():
    """They come from the factors, whose condition number is the root of C's."""
    values = 10.0 ** -np.arange(0, 12, 2)
    Q = np.linalg.qr(np.random.default_rng(0).standard_normal((6, 6)))[0]
    C = (Q * values) @ Q.T
    C = (C + C.T) / 2
    L = unpacked(factors_of(C[None]), 6, 1)[0]
    A = run_congruences(C[None], np.linalg.inv(L))
    assert_allclose(np.tril(A[0]), np.eye(6), atol=EPS * 1e5)


@pytest.mark.parametrize("n", [1, 2, 5, 8, 9, 16, 19])
@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
def test_asymmetries(n, scale):
    C = scale * matrices(n)
    C += scale * 1e-3 * np.random.default_rng(0).standard_normal(C.shape)
    found = np.empty(len(C))
    asymmetries(C, rows(LANES), found)
    size = C.diagonal(axis1=1, axis2=2).max(axis=1)
    squares = (C - C.swapaxes(1, 2)) ** 2 / size[:, None, None] ** 2
    # Blocks on the diagonal count twice.
    whole = n // LANES * LANES
    counts = np.tril(np.ones((n, n)), -1)
    for i in range(0, whole, LANES):
        counts[i : i + LANES, i : i + LANES] = 1
    expected = (counts * squares).sum(axis=(1, 2))
    assert_allclose(found, expected, rtol=1e-12)


def test_asymmetry_of_nan_and_nothing():
    C = np.zeros((3, 2, 2))
    C[1, 0, 1] = np.nan
    C[2, 0, 1] = np.inf
    found = np.empty(3)
    with np.errstate(all="ignore"):
        asymmetries(C, rows(LANES), found)
    assert found[0] == 0 and not (found[1:] <= 1).any()

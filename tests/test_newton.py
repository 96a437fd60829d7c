"""Newton's step towards the affine-invariant mean, from where the point is identity."""

import numpy as np
import pytest
import reference
from numpy.testing import assert_allclose, assert_array_equal
from pyriemann.geometry.tangentspace import unupper, upper

from eegemo.riemann import _logs
from eegemo.riemann._functions import expm, logm, roots
from eegemo.riemann._karcher import nearer
from eegemo.riemann._logs import log_vectors
from eegemo.riemann._newton import (
    _eigenvalue_variances,
    _mean_double_commutator,
    newton_step,
)


def logarithms(n=3, spread=1.0, n_matrices=7):
    L = np.random.default_rng(n).standard_normal((n_matrices, n, n)) * spread
    weight = np.random.default_rng(1).random(n_matrices)
    return (L + L.swapaxes(1, 2)) / 2, weight / weight.sum()


def steps(L, weight):
    """Step, the one that solves the true problem, and the gradient, as vectors.

    Central differences of 1e-4 are precise to about 1e-8.
    """
    gradient = np.tensordot(weight, L, axes=1)
    columns = []
    for direction in 1e-4 * np.eye(upper(gradient).size):
        u = unupper(direction)
        after = reference.moved_mean_log(L, weight, u)
        before = reference.moved_mean_log(L, weight, -u)
        columns.append((before - after) / 2e-4)
    true = np.linalg.solve(np.transpose(columns), upper(gradient))
    return upper(newton_step(upper(L), weight, gradient)), true, upper(gradient)


@pytest.mark.parametrize("n", [2, 3, 4])
def test_small_spread(n):
    """The error is of the fourth order, that of 1 + x^2 / 12 as x / 2 coth(x / 2)."""
    errors = []
    for spread in (0.1, 0.2):
        step, true, _ = steps(*logarithms(n, spread))
        errors.append(np.linalg.norm(step - true) / np.linalg.norm(true))
    assert 0 < errors[0] < 5e-5
    assert 12 < errors[1] / errors[0] < 20


@pytest.mark.parametrize("n", [2, 4])
@pytest.mark.parametrize("spread", [0.1, 0.5, 1.0, 2.0])
def test_not_too_long(n, spread):
    """Along the gradient: 1 + x^2 / 12 is never less than x / 2 coth(x / 2)."""
    step, true, gradient = steps(*logarithms(n, spread))
    assert 0.3 < gradient @ step / (gradient @ true) < 1 + 1e-6


@pytest.mark.parametrize("spread", [0.01, 0.3, 2.0])
def test_gradient_where_logarithms_commute_with_it(spread):
    values, weight = logarithms(5, spread)[0][:, 0], logarithms()[1]
    L = np.eye(5) * values[:, None, :]
    gradient = np.tensordot(weight, L, axes=1)
    got = newton_step(upper(L), weight, gradient)
    assert_allclose(got, gradient, rtol=1e-12)


def test_multiples_of_identity():
    """Commute with all, and their eigenvalues do not vary: nothing to correct."""
    gradient = logarithms()[0][0]
    L = np.arange(4.0)[:, None, None] * np.eye(3)
    got = newton_step(upper(L), np.full(4, 0.25), gradient)
    assert_allclose(got, gradient, rtol=1e-14)


def test_matrix_far_away():
    """The step is short where it is far, and as long as the gradient elsewhere.

    Up to what the spread of the other matrices adds.
    """
    L, weight = logarithms(6, 0.1, 30)
    L[0] = np.diag([200.0, 0, 0, 0, 0, 0])
    u = np.zeros((6, 6))
    u[0, 1] = u[1, 0] = 0.05
    u[2, 3] = u[3, 2] = 5.0
    gradient = u + reference.mean_double_commutator(L, weight, u) / 12
    got = newton_step(upper(L), weight, gradient)
    assert_allclose(got, u, rtol=0, atol=0.01)


@pytest.mark.parametrize("n", [1, 2, 5])
def test_nothing_to_do(n):
    """No gradient, no step; nor a warning of a division by its length."""
    L, weight = logarithms(n)
    assert_array_equal(newton_step(upper(L), weight, np.zeros((n, n))), 0)


@pytest.mark.parametrize("in_cache", [1, 2**15])
@pytest.mark.parametrize("size", [1e-30, 1.0, 1e30])
def test_double_commutator(size, in_cache, monkeypatch):
    """In float32, but whatever the size of the direction."""
    monkeypatch.setattr(_logs, "_IN_CACHE", in_cache)
    L, weight = logarithms(5, n_matrices=20)
    u = size * logarithms(5, n_matrices=21)[0][-1]
    got = _mean_double_commutator(upper(L), weight, u)
    expected = reference.mean_double_commutator(L, weight, u)
    assert got.dtype == np.float64
    error = np.linalg.norm(got - expected) / np.linalg.norm(expected)
    assert error < 1e-5
    assert_array_equal(got, got.T)


@pytest.mark.parametrize("n", [1, 2, 5])
def test_eigenvalue_variances(n):
    L = logarithms(n)[0]
    expected = np.linalg.eigvalsh(L).var(axis=1)
    assert_allclose(_eigenvalue_variances(upper(L), n), expected, atol=1e-14)


def test_nearer():
    """The gradient at the new point is what the fourth order leaves."""
    L, _ = logarithms(4, 0.2)
    frame = expm(logarithms(4)[0][0])  # whose square the point is
    C = frame @ expm(L) @ frame
    point = nearer(frame @ frame, upper(L))
    left = log_vectors(C, roots(point)[1]).mean(axis=0)
    assert np.linalg.norm(left) < 1e-3 * np.linalg.norm(L.mean(axis=0))
    assert_allclose(logm(point), logm(point).T, atol=1e-14)

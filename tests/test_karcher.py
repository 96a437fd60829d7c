import numpy as np
import pytest
import reference
from numba import config
from numpy.testing import assert_allclose
from pyriemann.geometry.mean import mean_riemann
from scipy import linalg
from sklearn.exceptions import ConvergenceWarning

from eegemo.riemann import _karcher
from eegemo.riemann._functions import expm, logm
from eegemo.riemann._karcher import karcher_mean
from eegemo.riemann._logs import MeanLog, log_vectors
from eegemo.riemann._mean import spd_mean

# The mean is found to 1e-8 in the norm of its logarithms.
TOLERANCE = {"rtol": 1e-7, "atol": 1e-8}


def matrices(n=4, n_matrices=12, spread=1.0):
    L = np.random.default_rng(n).standard_normal((n_matrices, n, n)) * spread
    C = expm((L + L.swapaxes(1, 2)) / 2)
    return (C + C.swapaxes(1, 2)) / 2


def mean_of(C, weight=None, start=None, **options):
    weight = np.full(len(C), 1 / len(C)) if weight is None else weight / weight.sum()
    return karcher_mean(C, weight, start, **options)


@pytest.mark.parametrize("n, spread", [(2, 1.0), (5, 0.1), (5, 1.0), (12, 0.3)])
def test_reference_and_pyriemann(n, spread):
    C = matrices(n, spread=spread)
    mean, whitener, *_ = mean_of(C)
    assert_allclose(mean, mean_riemann(C, maxiter=200), **TOLERANCE)
    assert_allclose(mean, reference.mean_riemann(C), **TOLERANCE)
    assert_allclose(whitener @ mean @ whitener, np.eye(n), atol=1e-10)


@pytest.mark.parametrize("n", [1, 5, 12] if config.DISABLE_JIT else [1, 5, 12, 30])
@pytest.mark.parametrize("spread", [0.5, 1.5])
def test_logarithms_average_to_zero(n, spread):
    """Which is the definition; at the largest spread pyRiemann stops far from it.

    The mean itself is rounded: the more, the worse its condition.
    """
    C = matrices(n, spread=spread)
    mean = mean_of(C)[0]
    rounding = 100 * np.finfo(float).eps * np.linalg.cond(C).mean()
    assert np.linalg.norm(logs_at(C, mean).mean(axis=0)) < 2e-8 + rounding


def test_of_two_is_the_midpoint():
    A, B = matrices(4, 2)
    root = linalg.sqrtm(A)
    whitener = linalg.inv(root)
    midpoint = root @ linalg.sqrtm(whitener @ B @ whitener) @ root
    assert_allclose(mean_of(np.stack([A, B]))[0], midpoint, **TOLERANCE)


def test_of_commuting_matrices_is_geometric():
    Q = np.linalg.qr(np.random.default_rng(0).standard_normal((3, 3)))[0]
    values = np.exp(np.random.default_rng(1).standard_normal((7, 3)))
    weight = np.arange(1.0, 8.0)
    got = mean_of((Q * values[:, None, :]) @ Q.T, weight)[0]
    geometric = np.exp(weight @ np.log(values) / weight.sum())
    assert_allclose(got, (Q * geometric) @ Q.T, **TOLERANCE)


def test_symmetries():
    """Congruence, inversion, order, and weights as repetitions."""
    C = matrices()
    mean = mean_of(C)[0]
    A = np.random.default_rng(5).standard_normal((4, 4))
    assert_allclose(mean_of(A @ C @ A.T)[0], A @ mean @ A.T, **TOLERANCE)
    assert_allclose(mean_of(np.linalg.inv(C))[0], np.linalg.inv(mean), **TOLERANCE)
    assert_allclose(mean_of(C[::-1])[0], mean, **TOLERANCE)
    weight = np.array([1.0, 2, 3] * 4)
    repeated = np.repeat(C, weight.astype(int), axis=0)
    assert_allclose(mean_of(C, weight)[0], mean_of(repeated)[0], **TOLERANCE)


@pytest.mark.parametrize("spread", [0.1, 1.0, 3.0])
@pytest.mark.parametrize("ratio", [1e-4, 1e4, 1e8])
def test_start_does_not_matter(spread, ratio):
    """However far; it costs steps only."""
    C = matrices(4, spread=spread)
    far = np.diag(np.geomspace(1, ratio, 4))
    near, distant = mean_of(C), mean_of(C, start=far)
    assert_allclose(distant[0], near[0], **TOLERANCE)
    assert distant.n_iter < 40
    assert mean_of(C, start=near.mean).n_iter == 1


@pytest.mark.parametrize("condition", [1e4, 1e6])
@pytest.mark.parametrize("seed", range(6))
def test_two_far_apart(seed, condition):
    """Their logarithms at the mean have eigenvalues that differ much."""
    values = np.stack([np.geomspace(1, condition, 6)] * 2)
    Q = np.linalg.qr(np.random.default_rng(seed).standard_normal((2, 6, 6)))[0]
    C = (Q * values[:, None, :]) @ Q.swapaxes(1, 2)
    assert mean_of((C + C.swapaxes(1, 2)) / 2).n_iter < 35


@pytest.mark.parametrize("gain", [1e-1, 1e-3, 1e-6])
@pytest.mark.parametrize("n", [2, 8])
def test_gain(n, gain):
    """Half the matrices in another unit: the mean lies between, in no more steps."""
    C = matrices(n, spread=0.5)
    unit = np.where(np.arange(12) % 2, gain, 1.0)[:, None, None]
    found = mean_of(unit * C)
    assert_allclose(found.mean / np.sqrt(gain), mean_of(C)[0], **TOLERANCE)
    assert found.n_iter <= mean_of(C).n_iter + 2


@pytest.mark.parametrize("seed", range(20))
def test_wild_sets_end(seed):
    """One matrix far from all others: no error, and the best point found."""
    rng = np.random.default_rng(seed)
    n, n_matrices, condition = (
        rng.integers(2, 12),
        rng.integers(2, 8),
        10 ** (9 + rng.random() * 2.9),
    )
    Q = np.linalg.qr(rng.standard_normal((n_matrices, n, n)))[0]
    values = 1 + rng.random((n_matrices, n))
    values[0] = condition ** rng.random(n)
    C = (Q * values[:, None, :]) @ Q.swapaxes(1, 2)
    mean = mean_of((C + C.swapaxes(1, 2)) / 2)[0]
    assert np.linalg.eigvalsh(mean)[0] > 0


def test_rounding_is_no_excuse(monkeypatch):
    """Where matrices are hardly positive definite, it may be said to be anything."""

    class Rounded(MeanLog):
        def __call__(self, *args):
            return super().__call__(*args)[0], 100.0

    monkeypatch.setattr(_karcher, "MeanLog", Rounded)
    C = matrices(6, spread=2.5)
    mean = mean_of(C)[0]
    assert 1e-4 < np.linalg.norm(logs_at(C, mean).mean(axis=0)) < 0.011


def test_best_point_is_returned_and_reported():
    C = matrices(6, spread=2.5)
    with pytest.warns(ConvergenceWarning) as caught:
        mean = mean_of(C, max_iter=4)[0]
    reported = float(str(caught[0].message).split("norm ")[1].split(",")[0])
    actual = np.linalg.norm(logs_at(C, mean).mean(axis=0))
    assert actual == pytest.approx(reported, rel=0.05)


def test_outlier():
    """pyRiemann's iteration gives up here: one matrix has condition 1e10."""
    C = matrices(4, 5, spread=0.3)
    C[0] = matrices(4, 1, spread=0.3)[0] + np.diag([0, 0, 1e5, 1e10])
    mean, _, _, n_iter, _ = mean_of(C)
    assert n_iter < 40
    # Whitened, that matrix has condition 1e8, and its logarithm 1e-8 of rounding.
    assert np.linalg.norm(logs_at(C, mean).mean(axis=0)) < 1e-6


def logs_at(C, mean):
    values, vectors = linalg.eigh(mean)
    whitener = vectors / np.sqrt(values)
    return logm(whitener.T @ C @ whitener)


def test_log_vectors():
    C = matrices(3)
    mean, whitener, *_ = mean_of(C)
    expected = [reference.tangent_vector(c, mean) for c in C]
    assert_allclose(log_vectors(C, whitener), expected, atol=1e-10)


def test_log_and_exp_are_inverse():
    C = matrices(5)
    assert_allclose(expm(logm(C)), C, rtol=1e-12, atol=1e-12)


def test_warning_says_which():
    message = (
        r"^The mean of class 'calm' \(12 matrices of 4 rows\) did not converge in 2 "
        r"steps.*above the tolerance of 1e-08.*metric='logeuclid'"
    )
    with pytest.warns(ConvergenceWarning, match=message):
        mean_of(matrices(), name="The mean of class 'calm'", max_iter=2)


def test_fewer_steps_than_pyriemann():
    C = matrices(8, 30, spread=0.7)
    n_iter = mean_of(C).n_iter
    with pytest.warns(UserWarning, match="Convergence not reached"):
        mean_riemann(C, tol=1e-8, maxiter=n_iter)


def test_weight_zero_is_left_out():
    C = matrices()
    weight = np.array([0.0, 1.0] * 6)
    assert_allclose(spd_mean(C, "riemann", weight), mean_of(C[1::2])[0], **TOLERANCE)

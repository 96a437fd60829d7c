"""Means of SPD matrices, by what defines them and by their symmetries.

Affine-invariant means are found to 1e-8 in the norm of the mean logarithm, here and in
pyRiemann, and Wasserstein means to 1e-8 by a step that contracts. pyRiemann's iteration
for "logdet" ends at a step of 1e-4, of the unit of the matrices there and of about
their size here. All else is rounding.
"""

import numpy as np
import pytest
from numba import config
from numpy.testing import assert_allclose
from pyriemann.geometry.mean import gmean, mean_functions
from scipy import linalg, stats
from sklearn.exceptions import ConvergenceWarning

from eegemo.adapt import Recenter
from eegemo.riemann import MDM, TangentSpace, _mean, distance_spd, log_map, mean_spd
from eegemo.riemann._functions import expm
from eegemo.riemann._karcher import karcher_mean
from eegemo.riemann._mean import MEANS

N, N_MATRICES = 3, 5
METRICS = sorted(MEANS)
LOOSE = {"riemann": 1e-7, "wasserstein": 1e-7, "logdet": 1e-3}
WEIGHTED = sorted(MEANS - {"thompson"})
ONES = np.ones(N_MATRICES)
WEIGHT = np.array([1.0, 2, 0, 1, 3])

# "thompson" takes thousands of steps, and pyRiemann warns after fifty.
pytestmark = pytest.mark.filterwarnings("ignore:Convergence not reached")


def tolerance(metric, least=1e-11):
    """Relative to 1, which the elements of the matrices are not far from."""
    rtol = max(LOOSE.get(metric, 0), least)
    return {"rtol": rtol, "atol": rtol}


def matrices(n=N, n_matrices=N_MATRICES, spread=0.5, seed=0):
    L = spread * np.random.default_rng(seed).standard_normal((n_matrices, n, n))
    return symmetric(expm(symmetric(2 * L)))


def symmetric(C):
    return (C + np.swapaxes(C, -1, -2)) / 2


def rotation(n=N):
    return np.linalg.qr(np.random.default_rng(1).standard_normal((n, n)))[0]


def mixture(n=N):
    return np.random.default_rng(2).standard_normal((n, n)) + np.eye(n)


def test_metrics_are_those_of_pyriemann():
    """But for exponents, and for what is not fit for more than four matrices."""
    left_out = {"power", "poweuclid", "alm", "bmp", "cheap"}
    assert set(METRICS) == set(mean_functions) - left_out
    for metric in left_out:
        with pytest.raises(ValueError, match=f"Unknown metric '{metric}'"):
            mean_spd(matrices(), metric)
        with pytest.raises(ValueError, match=f"Unknown metric '{metric}' for the mean"):
            MDM({"mean": metric, "distance": "riemann"}).fit(
                matrices(), [0, 0, 1, 1, 1]
            )


class TestPyRiemann:
    @pytest.mark.parametrize("metric", METRICS)
    @pytest.mark.parametrize("weight", [None, ONES, WEIGHT], ids=["no", "ones", "some"])
    @pytest.mark.parametrize("dtype", [np.float64, np.float32])
    def test_equal(self, metric, weight, dtype):
        """float32 is read as float64; a matrix of weight zero is left out."""
        if metric == "thompson" and weight is WEIGHT:
            pytest.skip("takes no weights")
        C = matrices().astype(dtype)
        D = C.astype(np.float64)
        kept = slice(None) if weight is None else weight > 0
        w = None if weight is None else weight[kept]
        expected = gmean(D[kept], metric=metric, sample_weight=w)
        got = mean_spd(C, metric, weight)
        assert got.dtype == np.float64
        assert_allclose(got, expected, **tolerance(metric))

    @pytest.mark.parametrize("spread", [0.01, 0.3])
    @pytest.mark.parametrize("n", [1, 2, 7])
    def test_affine_invariant(self, n, spread):
        C = matrices(n, spread=spread)
        expected = gmean(C, metric="riemann", sample_weight=WEIGHT)
        assert_allclose(
            mean_spd(C, "riemann", WEIGHT), expected, **tolerance("riemann")
        )


class TestWeights:
    @pytest.mark.parametrize("metric", sorted(set(WEIGHTED) - {"ale"}))
    def test_are_repetitions(self, metric):
        """But for "ale", whose joint diagonaliser is the same for all weights."""
        C = matrices()
        repeated = mean_spd(np.repeat(C, WEIGHT.astype(int), axis=0), metric)
        assert_allclose(mean_spd(C, metric, WEIGHT), repeated, **tolerance(metric))

    @pytest.mark.parametrize("metric", WEIGHTED)
    @pytest.mark.parametrize("unit", [1e-300, 1e-9, 1e9, 1e307])
    def test_unit(self, metric, unit):
        C = matrices()
        expected = mean_spd(C, metric, WEIGHT)
        got = mean_spd(C, metric, unit * WEIGHT)
        assert_allclose(got, expected, **tolerance(metric, 1e-13))

    @pytest.mark.parametrize("metric", METRICS)
    def test_zero_is_left_out(self, metric):
        """Whatever the matrix."""
        C = matrices()
        C[2] = 1e9 * np.diag([1, 1e-4, 1])
        got = mean_spd(C, metric, [2.0, 2, 0, 2, 2])
        expected = mean_spd(C[[0, 1, 3, 4]], metric)
        assert_allclose(got, expected, **tolerance(metric, 1e-13))

    def test_nearly_zero_is_nearly_left_out(self):
        C = matrices()
        got = mean_spd(C, sample_weight=[1e-12, 1, 1, 1, 1])
        assert_allclose(got, mean_spd(C[1:]), **tolerance("riemann"))

    @pytest.mark.parametrize("weights", [[1, 2, 1, 1, 1], [0, 1, 1, 1, 1.5]])
    def test_metric_without(self, weights):
        """pyRiemann takes them for this metric, and does without."""
        with pytest.raises(ValueError, match="cannot be weighted .*'thompson'"):
            mean_spd(matrices(), "thompson", weights)


class TestClosedForms:
    @pytest.mark.parametrize(
        "metric, mean",
        [
            ("euclid", np.mean),
            ("harmonic", stats.hmean),
            ("riemann", stats.gmean),
            ("logeuclid", stats.gmean),
            ("logchol", stats.gmean),
            ("ale", stats.gmean),
            ("chol", lambda x: np.mean(np.sqrt(x)) ** 2),
            ("wasserstein", lambda x: np.mean(np.sqrt(x)) ** 2),
            ("kullback_sym", lambda x: np.sqrt(np.mean(x) * stats.hmean(x))),
        ],
    )
    def test_numbers(self, metric, mean):
        x = np.array([0.3, 1.0, 7.0, 20.0])
        got = mean_spd(x[:, None, None], metric)
        assert_allclose(got, [[mean(x)]], **tolerance(metric))

    @pytest.mark.parametrize(
        "metric, mean",
        [
            ("euclid", lambda x, w: w @ x),
            ("harmonic", lambda x, w: 1 / (w @ (1 / x))),
            ("riemann", lambda x, w: np.exp(w @ np.log(x))),
            ("logeuclid", lambda x, w: np.exp(w @ np.log(x))),
            ("wasserstein", lambda x, w: (w @ np.sqrt(x)) ** 2),
            ("kullback_sym", lambda x, w: np.sqrt((w @ x) / (w @ (1 / x)))),
        ],
    )
    @pytest.mark.parametrize("n", [2, 3, 6])
    def test_commuting(self, metric, mean, n):
        values = np.exp(np.random.default_rng(3).standard_normal((N_MATRICES, n)))
        Q = rotation(n)
        C = symmetric((Q * values[:, None, :]) @ Q.T)
        expected = (Q * mean(values, WEIGHT / WEIGHT.sum())) @ Q.T
        got = mean_spd(C, metric, WEIGHT)
        assert_allclose(got, expected, **tolerance(metric))

    @pytest.mark.parametrize("dtype", [np.float64, np.float32])
    def test_euclid_and_harmonic(self, dtype):
        C = matrices().astype(dtype)
        D = C.astype(np.float64)
        w = WEIGHT / WEIGHT.sum()
        expected = np.einsum("i,ijk->jk", w, D)
        assert_allclose(mean_spd(C, "euclid", WEIGHT), expected, rtol=1e-14)
        expected = linalg.inv(np.einsum("i,ijk->jk", w, np.linalg.inv(D)))
        got = mean_spd(C, "harmonic", WEIGHT)
        assert_allclose(got, expected, rtol=1e-12, atol=1e-12)

    @pytest.mark.parametrize("weight", [0.5, 0.1, 0.99])
    @pytest.mark.parametrize("n", [1, 2, 4, 9])
    def test_two_are_joined_by_a_geodesic(self, n, weight):
        A, B = matrices(n, 2)
        root = linalg.sqrtm(A)
        whitener = linalg.inv(root)
        seen = whitener @ B @ whitener
        expected = root @ linalg.fractional_matrix_power(seen, weight) @ root
        got = mean_spd([A, B], sample_weight=[1 - weight, weight])
        assert_allclose(got, expected, **tolerance("riemann"))

    @pytest.mark.parametrize("metric", METRICS)
    @pytest.mark.parametrize("n_matrices", [1, 4])
    def test_equal_matrices(self, metric, n_matrices):
        C = matrices(n_matrices=1)
        got = mean_spd(np.repeat(C, n_matrices, axis=0), metric)
        assert_allclose(got, C[0], rtol=1e-12, atol=1e-12)

    @pytest.mark.parametrize("metric", METRICS)
    def test_nearly_equal_matrices(self, metric):
        """All means are the arithmetic one, to the second order: to 1e-12 here.

        And "thompson", which stops early, to the first.
        """
        L = 1e-6 * matrices()
        C = np.eye(N) + L
        atol = 1e-5 if metric == "thompson" else 3e-10
        assert_allclose(mean_spd(C, metric), C.mean(axis=0), rtol=0, atol=atol)


class TestSymmetries:
    @pytest.mark.parametrize("metric", METRICS)
    @pytest.mark.parametrize("unit", [1e-150, 1e-12, 1e3, 1e150])
    def test_unit(self, metric, unit):
        """Volts or microvolts: 1e-12 between their squares.

        A unit of pyRiemann's tolerance would end its iterations at once.
        """
        C = matrices()
        got = mean_spd(unit * C, metric) / unit
        assert_allclose(got, mean_spd(C, metric), **tolerance(metric))

    @pytest.mark.parametrize("metric", ["riemann", "logeuclid"])
    @pytest.mark.parametrize("spread", [1.0, 10.0, 100.0])
    def test_own_unit_of_each(self, metric, spread):
        """Factors from exp(-spread) to exp(spread) come out as their geometric mean."""
        factors = np.exp(np.linspace(-spread, spread, N_MATRICES) + 0.5)
        got = mean_spd(factors[:, None, None] * matrices(), metric)
        expected = np.exp(0.5) * mean_spd(matrices(), metric)
        assert_allclose(got, expected, **tolerance(metric, 1e-10))

    @pytest.mark.parametrize("metric", sorted(set(METRICS) - {"ale", "thompson"}))
    def test_order_of_matrices(self, metric):
        """Not with "ale" and "thompson", whose results depend on it."""
        C, order = matrices(), [3, 0, 4, 1, 2]
        got = mean_spd(C[order], metric, WEIGHT[order])
        expected = mean_spd(C, metric, WEIGHT)
        assert_allclose(got, expected, **tolerance(metric))

    @pytest.mark.parametrize(
        "metric",
        ["riemann", "logeuclid", "euclid", "harmonic", "kullback_sym", "logdet"]
        + ["wasserstein", "thompson"],
    )
    def test_rotation(self, metric):
        C, Q = matrices(), rotation()
        expected = Q @ mean_spd(C, metric) @ Q.T
        got = mean_spd(symmetric(Q @ C @ Q.T), metric)
        assert_allclose(got, expected, **tolerance(metric, 1e-9))

    @pytest.mark.parametrize(
        "metric",
        ["riemann", "euclid", "harmonic", "kullback_sym", "logdet", "thompson"],
    )
    def test_congruence(self, metric):
        """Another mixture of the channels: one thousandfold, of condition 14."""
        C, A = matrices(), mixture()
        expected = A @ mean_spd(C, metric) @ A.T
        got = mean_spd(symmetric(A @ C @ A.T), metric)
        loose = {"logdet": 1e-2, "thompson": 1e-8}.get(metric, 1e-6)
        assert_allclose(got, expected, rtol=loose, atol=loose)

    @pytest.mark.parametrize(
        "metric, dual",
        [
            ("riemann", "riemann"),
            ("logeuclid", "logeuclid"),
            ("kullback_sym", "kullback_sym"),
            ("euclid", "harmonic"),
            ("harmonic", "euclid"),
        ],
    )
    def test_inversion(self, metric, dual):
        C = matrices()
        got = mean_spd(symmetric(np.linalg.inv(C)), dual, WEIGHT)
        expected = np.linalg.inv(mean_spd(C, metric, WEIGHT))
        assert_allclose(got, expected, **tolerance(metric))

    @pytest.mark.parametrize("metric", ["riemann", "logeuclid", "logchol"])
    def test_determinant(self, metric):
        """The geometric mean of the determinants."""
        C = matrices()
        logs = np.linalg.slogdet(C)[1]
        got = np.linalg.slogdet(mean_spd(C, metric, WEIGHT))[1]
        assert got == pytest.approx(WEIGHT @ logs / WEIGHT.sum(), abs=1e-8)

    @pytest.mark.parametrize(
        "metric", ["euclid", "harmonic", "logeuclid", "chol", "logchol"]
    )
    def test_of_parts(self, metric):
        """Those that are arithmetic in other coordinates; not the affine-invariant."""
        C = matrices()
        parts = [mean_spd(C[:2], metric), mean_spd(C[2:], metric)]
        got = mean_spd(symmetric(np.stack(parts)), metric, [2, 3])
        assert_allclose(got, mean_spd(C, metric), **tolerance(metric))


class TestMeaning:
    @pytest.mark.parametrize("metric", ["riemann", "logeuclid", "wasserstein"])
    @pytest.mark.parametrize("size", [1e-2, 1.0])
    def test_least_sum_of_squared_distances(self, metric, size):
        """Steps away from the mean make it larger, and not by rounding."""
        C = matrices()
        mean = mean_spd(C, metric, WEIGHT)
        w = WEIGHT / WEIGHT.sum()
        least = w @ distance_spd(C, symmetric(mean), metric, squared=True)
        root = linalg.sqrtm(mean)
        for seed in range(10):
            L = np.random.default_rng(seed).standard_normal((N, N))
            moved = symmetric(root @ expm(size * symmetric(L)) @ root)
            total = w @ distance_spd(C, moved, metric, squared=True)
            assert total - least > 1e-2 * size**2

    @pytest.mark.parametrize("spread", [0.1, 0.5, 1.0])
    def test_between_harmonic_and_arithmetic(self, spread):
        C = matrices(spread=spread)
        mean = mean_spd(C, "riemann", WEIGHT)
        above = mean_spd(C, "euclid", WEIGHT) - mean
        below = mean - mean_spd(C, "harmonic", WEIGHT)
        assert np.linalg.eigvalsh(above)[0] > 0
        assert np.linalg.eigvalsh(below)[0] > 0

    @pytest.mark.parametrize("exponent", [2, 6, 10])
    def test_ill_conditioned(self, exponent):
        """Matrices of one ill-conditioned mixture: it is known where their mean is.

        The error seen from the mean is what rounding makes of the matrices there.
        """
        C = matrices(4)
        scale = np.sqrt(np.geomspace(1, 10.0**exponent, 4))
        got = mean_spd(scale[:, None] * C * scale)
        error = got / scale[:, None] / scale - mean_spd(C)
        assert np.abs(error).max() < 1e-7 + 1e-14 * 10.0**exponent

    @pytest.mark.parametrize("exponent", [9, 11])
    def test_wild_bases(self, exponent):
        """What the norm says is true, and small."""
        rng = np.random.default_rng(exponent)
        Q = np.linalg.qr(rng.standard_normal((6, 5, 5)))[0]
        values = 10.0 ** (-exponent * rng.random((6, 5)))
        C = symmetric((Q * values[:, None, :]) @ Q.swapaxes(1, 2))
        mean, n_iter, norm = mean_spd(C, return_convergence=True)
        assert n_iter < 50 and norm < 1e-2
        found = np.linalg.norm(log_map(C, mean).mean(axis=0))
        assert found < norm + 1e-4

    @pytest.mark.parametrize("exponent", [12.5, 14, 17])
    def test_beyond_the_limit(self, exponent):
        C = np.stack([np.eye(3), np.diag([1, 0.1, 10.0**-exponent])])
        for metric in METRICS:
            with pytest.raises(ValueError, match="Matrix 1 is not positive definite"):
                mean_spd(C, metric)

    @pytest.mark.skipif(config.DISABLE_JIT, reason="too large for plain Python")
    @pytest.mark.parametrize("n", [64, 256])
    def test_large(self, n):
        """Logarithms of size 1, and means of them that vanish to 1e-8."""
        L = np.random.default_rng(n).standard_normal((3, n, n)) / np.sqrt(n) / 2
        C = symmetric(expm(symmetric(L)))
        mean, n_iter, norm = mean_spd(C, return_convergence=True)
        assert norm <= 1e-8 and n_iter < 8
        seen = log_map(C, symmetric(mean))
        assert np.linalg.norm(seen.mean(axis=0)) < 2e-8
        expected = gmean(C, metric="riemann")
        assert_allclose(mean, expected, rtol=0, atol=1e-7)


class TestConvergence:
    @pytest.mark.parametrize("tol", [1e-2, 1e-5, 1e-8, 1e-11])
    @pytest.mark.parametrize("spread", [0.3, 1.0])
    def test_norm_and_steps(self, tol, spread):
        """The norm is that of the gradient; the logarithms are rounded to 1e-12."""
        C = matrices(4, spread=spread)
        mean, n_iter, norm = mean_spd(C, tol=tol, return_convergence=True)
        assert isinstance(n_iter, int) and isinstance(norm, float)
        assert norm <= tol
        actual = np.linalg.norm(log_map(C, symmetric(mean)).mean(axis=0))
        assert actual == pytest.approx(norm, abs=1e-11)
        assert mean_spd(C, tol=2 * norm, return_convergence=True)[1] <= n_iter
        with pytest.warns(ConvergenceWarning, match=f"in {n_iter - 1} steps"):
            mean_spd(C, tol=tol, max_iter=n_iter - 1)

    def test_norm_is_weighted(self):
        C = matrices()
        mean, _, norm = mean_spd(C, sample_weight=WEIGHT, return_convergence=True)
        logs = np.average(log_map(C, symmetric(mean)), axis=0, weights=WEIGHT)
        assert np.linalg.norm(logs) == pytest.approx(norm, abs=1e-11)

    def test_unit_and_repetition_do_not_matter(self):
        C = matrices()
        n_iter, norm = mean_spd(C, return_convergence=True)[1:]
        for same in (1e-12 * C, 1e150 * C, np.repeat(C, 3, axis=0)):
            got = mean_spd(same, return_convergence=True)[1:]
            assert got[0] == n_iter
            assert got[1] == pytest.approx(norm, abs=1e-11)

    def test_what_is_returned_is_the_nearest(self):
        C = matrices(6, spread=2.0)
        with pytest.warns(ConvergenceWarning):
            mean, n_iter, norm = mean_spd(C, max_iter=3, return_convergence=True)
        assert n_iter == 3
        actual = np.linalg.norm(log_map(C, symmetric(mean)).mean(axis=0))
        assert actual == pytest.approx(norm, rel=1e-6)

    @pytest.mark.parametrize("metric", sorted(MEANS - {"riemann"}))
    @pytest.mark.parametrize(
        "option",
        [{"tol": 1e-3}, {"max_iter": 9}, {"return_convergence": True}],
        ids=str,
    )
    def test_is_of_one_metric(self, metric, option):
        with pytest.raises(ValueError, match=f"leave them out with metric='{metric}'"):
            mean_spd(matrices(), metric, **option)

    @pytest.mark.parametrize(
        "option", [{"tol": -1.0}, {"tol": "1"}, {"max_iter": 0}, {"max_iter": 2.5}]
    )
    def test_bad_options(self, option):
        with pytest.raises((ValueError, TypeError), match=next(iter(option))):
            mean_spd(matrices(), **option)

    @pytest.mark.parametrize("size", [1e100, 1e200, 1e299])
    def test_sizes_far_apart(self, size):
        """Neither their ratio nor their squares are within the range of float64."""
        C = np.array([1 / size, 1 / size, size])[:, None, None] * np.diag([1.0, 2.0])
        expected = size ** (-1 / 3) * np.diag([1.0, 2.0])
        assert_allclose(mean_spd(C), expected, rtol=1e-12)


@pytest.fixture
def impatient(monkeypatch):
    def give_up(*args, **options):
        return karcher_mean(*args, **options, max_iter=1)

    monkeypatch.setattr(_mean, "karcher_mean", give_up)


class TestEstimators:
    Y = np.array(["calm", "calm", "tense", "tense", "tense"])

    def test_steps_of_tangent_space(self):
        C = matrices()
        expected = mean_spd(C, return_convergence=True)[1]
        assert expected > 1
        for weight in (None, ONES):
            assert TangentSpace().fit(C, sample_weight=weight).n_iter_ == expected
            fitted = TangentSpace()
            fitted.fit_transform(C, sample_weight=weight)
            assert fitted.n_iter_ == expected
        assert fitted.set_params(metric="logeuclid").fit(C).n_iter_ is None

    def test_steps_of_mdm(self):
        C = matrices()
        fitted = MDM().fit(C, self.Y)
        expected = [
            mean_spd(C[self.Y == c], return_convergence=True)[1]
            for c in fitted.classes_
        ]
        assert fitted.n_iter_.tolist() == expected
        assert fitted.set_params(metric="euclid").fit(C, self.Y).n_iter_ is None

    @pytest.mark.usefixtures("impatient")
    @pytest.mark.parametrize(
        "y, names",
        [
            (Y, ["'calm' (2 matrices", "'tense' (3"]),
            ([7, 7, 7, 8, 8], ["7 (3", "8 (2"]),
            (Y.astype(object), ["'calm' (2 matrices", "'tense' (3"]),
        ],
        ids=["str", "int", "object"],
    )
    def test_warning_names_the_class(self, y, names):
        with pytest.warns(ConvergenceWarning) as caught:
            MDM().fit(matrices(spread=1.0), y)
        messages = [str(warning.message) for warning in caught]
        assert len(messages) == 2
        for message, name in zip(messages, names, strict=True):
            assert message.startswith(f"The mean of class {name}")

    @pytest.mark.usefixtures("impatient")
    def test_warning_of_tangent_space(self):
        with pytest.warns(
            ConvergenceWarning, match="mean of all training matrices .5 m"
        ):
            fitted = TangentSpace(tsupdate=True).fit(matrices(spread=1.0))
        with pytest.warns(ConvergenceWarning, match="mean of X in transform .3 matric"):
            fitted.transform(matrices(spread=1.0)[:3])

    @pytest.mark.usefixtures("impatient")
    @pytest.mark.parametrize("mode", ["training", "transductive"])
    def test_warning_names_the_domain(self, mode):
        with pytest.warns(ConvergenceWarning) as caught:
            Recenter(mode).fit_transform(matrices(spread=1.0), domain=[1, 1, 1, 2, 2])
        messages = [str(warning.message) for warning in caught]
        expected = ["domain 1 (3 matrices", "domain 2 (2 matrices"]
        if mode == "training":
            expected.insert(0, "all samples (5 matrices")
        for message, name in zip(messages, expected, strict=True):
            assert message.startswith(f"The mean of {name}")

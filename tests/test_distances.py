"""Distances and maps of SPD matrices, by what defines them and by their symmetries.

Matrices are of condition 1e3 at most, so that rounding leaves 1e-12 of a distance. Some
of pyRiemann's squared distances are differences of larger numbers: to rounding, such a
distance of a matrix from itself is the root of 1e-15.
"""

import numpy as np
import pytest
from numba import config
from numpy.testing import assert_allclose
from pyriemann.geometry.distance import distance, distance_functions
from pyriemann.geometry.tangentspace import exp_map as pyriemann_exp_map
from pyriemann.geometry.tangentspace import exp_map_functions, log_map_functions
from pyriemann.geometry.tangentspace import log_map as pyriemann_log_map
from scipy import linalg
from sklearn.metrics.pairwise import euclidean_distances

from eegemo.riemann import (
    TangentSpace,
    distance_spd,
    exp_map,
    log_map,
    mean_spd,
    pairwise_distance_spd,
)
from eegemo.riemann._functions import expm

N = 3
METRICS = sorted(distance_functions)
MAPS = sorted(log_map_functions)
DIVERGENCES = {"kullback", "kullback_right"}  # not symmetric
NEAR_ZERO = 1e-6


def symmetric(C):
    return (C + np.swapaxes(C, -1, -2)) / 2


def matrices(n=N, n_matrices=5, spread=0.5, seed=0):
    L = spread * np.random.default_rng(seed).standard_normal((n_matrices, n, n))
    return symmetric(expm(symmetric(2 * L)))


A, B = matrices(n_matrices=2, seed=1)
Q = np.linalg.qr(np.random.default_rng(2).standard_normal((N, N)))[0]
W = np.random.default_rng(3).standard_normal((N, N)) + np.eye(N)


def d(A, B, metric, **options):
    return distance_spd([A], B, metric, **options)[0]


class TestDistances:
    @pytest.mark.parametrize("metric", METRICS)
    @pytest.mark.parametrize("squared", [False, True])
    @pytest.mark.parametrize("dtype", [np.float64, np.float32])
    def test_pyriemann(self, metric, squared, dtype):
        X, Y = matrices().astype(dtype), matrices(n_matrices=2, seed=4).astype(dtype)
        got = pairwise_distance_spd(X, Y, metric, squared)
        D, E = X.astype(np.float64), Y.astype(np.float64)
        options = {"metric": metric, "squared": squared}
        expected = [[distance(C, F, **options) for F in E] for C in D]
        assert got.dtype == np.float64
        assert_allclose(got, expected, rtol=1e-10)
        assert_allclose(distance_spd(X, Y[0], metric, squared), got[:, 0], rtol=1e-10)

    @pytest.mark.parametrize("metric", METRICS)
    def test_among_themselves(self, metric):
        C = matrices()
        got = pairwise_distance_spd(C, metric=metric)
        assert_allclose(np.diag(got), 0, atol=NEAR_ZERO)
        for i, row in enumerate(got):
            expected = [d(C[i], other, metric) for other in C]
            assert_allclose(row, expected, rtol=1e-9, atol=NEAR_ZERO)
        if metric not in DIVERGENCES:
            assert_allclose(got, got.T, rtol=1e-9, atol=NEAR_ZERO)

    @pytest.mark.parametrize(
        "metric", sorted(set(METRICS) - DIVERGENCES - {"kullback_sym"})
    )
    def test_triangle(self, metric):
        """Not with "kullback_sym", which is no metric."""
        D = pairwise_distance_spd(matrices(n_matrices=8), metric=metric)
        detour = (D[:, :, None] + D[None, :, :]).min(axis=1)
        assert (D <= detour + NEAR_ZERO).all()
        assert (D[~np.eye(8, dtype=bool)] > 0.1).all()

    @pytest.mark.parametrize(
        "metric, function",
        [
            ("riemann", lambda a, b: np.linalg.norm(np.log(a / b))),
            ("logeuclid", lambda a, b: np.linalg.norm(np.log(a / b))),
            ("euclid", lambda a, b: np.linalg.norm(a - b)),
            ("harmonic", lambda a, b: np.linalg.norm(1 / a - 1 / b)),
            ("wasserstein", lambda a, b: np.linalg.norm(np.sqrt(a) - np.sqrt(b))),
            ("thompson", lambda a, b: np.abs(np.log(a / b)).max()),
            ("kullback", lambda a, b: np.sum(a / b - 1 - np.log(a / b)) / 2),
            (
                "logdet",
                lambda a, b: np.sqrt(np.sum(np.log((a + b) / 2 / np.sqrt(a * b)))),
            ),
        ],
    )
    def test_commuting(self, metric, function):
        a, b = np.array([[0.2, 1.0, 9.0], [3.0, 1.5, 0.5]])
        got = d(symmetric((Q * a) @ Q.T), symmetric((Q * b) @ Q.T), metric)
        assert got == pytest.approx(function(a, b), rel=1e-10)

    @pytest.mark.parametrize("metric", ["riemann", "logeuclid", "thompson", "logdet"])
    def test_inversion(self, metric):
        expected = d(A, B, metric)
        got = d(symmetric(linalg.inv(A)), symmetric(linalg.inv(B)), metric)
        assert got == pytest.approx(expected, rel=1e-10)

    @pytest.mark.parametrize("metric", sorted(set(METRICS) - {"chol", "logchol"}))
    def test_rotation(self, metric):
        got = d(symmetric(Q @ A @ Q.T), symmetric(Q @ B @ Q.T), metric)
        assert got == pytest.approx(d(A, B, metric), rel=1e-9)

    @pytest.mark.parametrize(
        "metric", ["riemann", "thompson", "kullback", "kullback_right", "logdet"]
    )
    def test_congruence(self, metric):
        got = d(symmetric(W @ A @ W.T), symmetric(W @ B @ W.T), metric)
        assert got == pytest.approx(d(A, B, metric), rel=1e-9)

    @pytest.mark.parametrize("unit", [1e-150, 1e-12, 1e150])
    @pytest.mark.parametrize("metric", METRICS)
    def test_unit(self, metric, unit):
        power = {"euclid": 1, "harmonic": -1, "wasserstein": 0.5, "chol": 0.5}
        if metric == "logchol":
            pytest.skip("below the diagonal it has a unit, on it none")
        expected = d(A, B, metric) * unit ** power.get(metric, 0)
        assert d(unit * A, unit * B, metric) == pytest.approx(expected, rel=1e-9)

    @pytest.mark.parametrize("exponent", [-140, -12, 6, 140])
    @pytest.mark.parametrize("metric", ["riemann", "logeuclid"])
    def test_far_apart(self, metric, exponent):
        """Of multiples of one matrix: the logarithm of the factor, once a row."""
        expected = abs(exponent) * np.log(10) * np.sqrt(N)
        assert d(10.0**exponent * A, A, metric) == pytest.approx(expected, rel=1e-12)
        pair = [A, 10.0**exponent * A]
        for got in pairwise_distance_spd(pair, metric=metric)[[0, 1], [1, 0]]:
            assert got == pytest.approx(expected, rel=1e-12)

    @pytest.mark.parametrize("size", [1e-4, 1e-7, 1e-10])
    def test_nearly_equal(self, size):
        """To rounding: not the root of it, as if differences were squared."""
        L = size * symmetric(matrices()[0])
        for metric in ("riemann", "logeuclid"):
            got = d(symmetric(expm(L)), np.eye(N), metric)
            assert got == pytest.approx(np.linalg.norm(L), abs=2e-13)

    @pytest.mark.parametrize("spread", [0.1, 0.5, 1.0])
    def test_affine_invariant_is_not_less_than_log_euclidean(self, spread):
        C = matrices(spread=spread)
        longer = pairwise_distance_spd(C)
        assert (longer >= pairwise_distance_spd(C, metric="logeuclid") - 1e-12).all()

    @pytest.mark.parametrize("exponent", [6, 9, 11])
    def test_ill_conditioned(self, exponent):
        """One mixture of all, as bad as can be, changes no distance but by rounding."""
        C = matrices(n_matrices=4)
        scale = np.sqrt(np.geomspace(1, 10.0 ** (exponent - 1), N))
        got = pairwise_distance_spd(scale[:, None] * C * scale)
        atol = 1e-12 + 1e-15 * 10**exponent
        assert_allclose(got, pairwise_distance_spd(C), atol=atol)

    @pytest.mark.skipif(config.DISABLE_JIT, reason="too large for plain Python")
    @pytest.mark.parametrize("n", [64, 256])
    def test_large(self, n):
        L = np.random.default_rng(n).standard_normal((3, n, n)) / np.sqrt(n)
        C = symmetric(expm(symmetric(L)))
        got = pairwise_distance_spd(C)
        expected = [np.log(linalg.eigvalsh(C[i], C[j])) for i, j in ((0, 1), (2, 0))]
        expected = np.linalg.norm(expected, axis=1)
        assert_allclose(got[[0, 2], [1, 0]], expected, rtol=1e-10)
        assert_allclose(distance_spd(C, C[1]), got[1], rtol=1e-10, atol=1e-10)


class TestMaps:
    @pytest.mark.parametrize("metric", MAPS)
    @pytest.mark.parametrize("n", [1, 2, 5])
    def test_pyriemann_and_back(self, metric, n):
        C, G = matrices(n), matrices(n, seed=4)[0]
        logs = log_map(C, G, metric)
        assert_allclose(logs, pyriemann_log_map(C, G, metric=metric), atol=1e-11)
        back = exp_map(symmetric(logs), G, metric)
        assert_allclose(back, pyriemann_exp_map(logs, G, metric=metric), atol=1e-10)
        assert_allclose(back, C, atol=1e-10)

    @pytest.mark.parametrize("metric", MAPS)
    def test_reference_is_the_origin(self, metric):
        assert_allclose(log_map([A], A, metric), 0, atol=1e-11)
        assert_allclose(exp_map(np.zeros((1, N, N)), A, metric), [A], atol=1e-12)

    @pytest.mark.parametrize("metric", sorted(set(MAPS) - {"riemann"}))
    @pytest.mark.parametrize("unit", [1e-150, 1e-20, 1e-12, 1e12, 1e150])
    def test_unit(self, metric, unit):
        """Logarithms are in the unit of the matrices, but where they are whitened.

        pyRiemann's divided differences would take eigenvalues of 1e-12 for equal.
        """
        C = matrices()
        logs = symmetric(log_map(unit * C, unit * A, metric))
        assert_allclose(logs / unit, log_map(C, A, metric), atol=1e-10)
        assert_allclose(exp_map(logs, unit * A, metric) / unit, C, atol=1e-10)
        ts = TangentSpace(metric).fit(unit * C)
        back = ts.inverse_transform(ts.transform(unit * C))
        assert_allclose(back / unit, C, atol=1e-10)

    @pytest.mark.parametrize("unit", [1e-150, 1e-12, 1e150])
    def test_unit_of_whitened_logarithms(self, unit):
        C = matrices()
        logs = log_map(unit * C, unit * A)
        assert_allclose(logs, log_map(C, A), atol=1e-11)
        assert_allclose(exp_map(logs, unit * A) / unit, C, atol=1e-10)

    def test_closed_forms(self):
        root = linalg.sqrtm(A)
        whitener = linalg.inv(root)
        expected = linalg.logm(whitener @ B @ whitener)
        assert_allclose(log_map([B], A), [expected], atol=1e-11)
        assert_allclose(log_map([B], np.eye(N)), [linalg.logm(B)], atol=1e-11)
        assert_allclose(exp_map([expected], A), [B], atol=1e-11)
        for metric in ("riemann", "logeuclid"):
            got = exp_map([symmetric(Q)], np.eye(N), metric)
            assert_allclose(got, [linalg.expm(symmetric(Q))], atol=1e-12)

    def test_length_is_the_distance(self):
        C = matrices()
        lengths = np.linalg.norm(log_map(C, A), axis=(1, 2))
        assert_allclose(lengths, distance_spd(C, A), rtol=1e-11)

    @pytest.mark.parametrize("way", [-1.0, 0.3, 1.0, 2.5])
    def test_geodesic(self, way):
        """Distances along it are as the way; in the middle lies the mean."""
        log = log_map([B], A)
        point = symmetric(exp_map(way * log, A))
        expected = abs(way) * d(A, B, "riemann")
        assert distance_spd(point, A)[0] == pytest.approx(expected, rel=1e-10)
        middle = exp_map(0.5 * log, A)[0]
        assert_allclose(middle, mean_spd([A, B]), atol=1e-8)

    def test_mean_is_where_logarithms_vanish(self):
        """And those of the inverses, as of the other kind of invariance."""
        C = matrices()
        mean = symmetric(mean_spd(C))
        assert np.linalg.norm(log_map(C, mean).mean(axis=0)) < 2e-8
        inverses, inverse = symmetric(np.linalg.inv(C)), symmetric(linalg.inv(mean))
        assert np.linalg.norm(log_map(inverses, inverse).mean(axis=0)) < 2e-8

    @pytest.mark.parametrize("metric", ["riemann", "logeuclid"])
    @pytest.mark.parametrize("large", [800.0, 1e300])
    def test_too_large(self, metric, large):
        L = np.stack([np.eye(N), np.diag([large, 0, 0])])
        with pytest.raises(ValueError, match="element 1 of X is too large for float64"):
            exp_map(L, np.eye(N), metric)
        ts = TangentSpace(metric).fit([np.eye(N)] * 2)
        vectors = np.zeros((2, 6))
        vectors[1, 0] = large
        with pytest.raises(ValueError, match="element 1 of X is too large for float64"):
            ts.inverse_transform(vectors)

    def test_metrics(self):
        assert set(exp_map_functions) == set(log_map_functions)
        assert {"euclid", "logchol", "logeuclid", "wasserstein"} < set(MAPS)


def test_log_euclidean_distances_are_of_vectors():
    vectors = TangentSpace({"mean": "logeuclid", "map": "riemann"})
    C = matrices()
    at_identity = vectors.fit([np.eye(N)]).transform(C)
    got = pairwise_distance_spd(C, metric="logeuclid")
    assert_allclose(got, euclidean_distances(at_identity), rtol=1e-7, atol=1e-7)

import numpy as np
import pytest
from numpy.testing import assert_allclose
from pyriemann.geometry.distance import distance, distance_functions, pairwise_distance
from pyriemann.geometry.mean import gmean
from pyriemann.geometry.tangentspace import exp_map as pyriemann_exp_map
from pyriemann.geometry.tangentspace import exp_map_functions
from pyriemann.geometry.tangentspace import log_map as pyriemann_log_map

from eegemo.riemann import (
    distance_spd,
    exp_map,
    log_map,
    mean_spd,
    pairwise_distance_spd,
)
from eegemo.riemann._functions import expm

METRICS = ["riemann", "logeuclid", "euclid", "wasserstein"]
# pyRiemann finds the affine-invariant mean to 1e-8; the rest is rounding.
ROUNDING = {"rtol": 1e-9, "atol": 1e-11}


@pytest.fixture(params=[np.float64, np.float32])
def C(request):
    return matrices().astype(request.param)


def matrices(n=4, n_matrices=9, seed=0):
    L = 0.5 * np.random.default_rng(seed).standard_normal((n_matrices, n, n))
    C = expm(L + L.swapaxes(1, 2))
    return (C + C.swapaxes(1, 2)) / 2


def in_float64(C):
    return C.astype(np.float64)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("weight", [None, np.arange(9.0)])
def test_mean(C, metric, weight):
    expected = gmean(in_float64(C), metric=metric, sample_weight=weight)
    got = mean_spd(C, metric, weight)
    assert got.dtype == np.float64
    assert_allclose(got, expected, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("squared", [False, True])
@pytest.mark.parametrize("metric", METRICS)
def test_distances(C, metric, squared):
    D, reference = in_float64(C), matrices(seed=1)[0]
    got = distance_spd(C, reference, metric, squared)
    expected = distance(D, reference, metric=metric, squared=squared).ravel()
    assert_allclose(got, expected, **ROUNDING)
    got = pairwise_distance_spd(C, D[:3], metric, squared)
    expected = pairwise_distance(D, D[:3], metric=metric, squared=squared)
    assert_allclose(got, expected, atol=1e-7)  # of a matrix from itself: of rounding
    got = pairwise_distance_spd(C, metric=metric, squared=squared)
    expected = pairwise_distance(D, metric=metric, squared=squared)
    assert_allclose(got, expected, atol=1e-7)
    assert_allclose(got, got.T, rtol=1e-12, atol=0)


@pytest.mark.parametrize("metric", ["riemann", "logeuclid", "euclid", "logchol"])
def test_maps(C, metric):
    D, reference = in_float64(C), matrices(seed=1)[0]
    logs = log_map(C, reference, metric)
    assert_allclose(logs, pyriemann_log_map(D, reference, metric=metric), **ROUNDING)
    back = exp_map(logs, reference, metric)
    expected = pyriemann_exp_map(logs, reference, metric=metric)
    assert_allclose(back, expected, **ROUNDING)
    assert_allclose(back, D, **ROUNDING)


def test_affine_invariance():
    C, A = matrices(), np.random.default_rng(2).standard_normal((4, 4))
    moved = A @ C @ A.T
    moved = (moved + moved.swapaxes(1, 2)) / 2
    for kind in (C, np.linalg.inv(C)):
        expected = pairwise_distance_spd(C)
        kind = (kind + kind.swapaxes(1, 2)) / 2
        assert_allclose(pairwise_distance_spd(kind), expected, rtol=1e-9, atol=1e-9)
    assert_allclose(pairwise_distance_spd(moved), expected, rtol=1e-8, atol=1e-8)
    mean = A @ mean_spd(C) @ A.T
    assert_allclose(mean_spd(moved), mean, rtol=1e-7, atol=1e-7)


def test_mean_is_on_the_geodesic():
    C = matrices(n_matrices=2)
    middle = mean_spd(C)
    ends = distance_spd(C, middle)
    assert ends[0] == pytest.approx(ends[1], rel=1e-7)
    assert ends.sum() == pytest.approx(distance_spd(C[:1], C[1])[0], rel=1e-9)


@pytest.mark.parametrize(
    "function", [mean_spd, lambda X: distance_spd(X, np.eye(2)), pairwise_distance_spd]
)
def test_what_is_refused(function):
    for bad, message in (
        (np.eye(2), "one matrix"),
        (np.ones((2, 2, 3)), "Expected matrices"),
        (np.ones((2, 2, 2)), "[Mm]atrix 0 is"),
        (np.full((1, 2, 2), np.nan), "NaN"),
        (np.array([[[1.0, 0.5], [0.0, 1.0]]]), "not symmetric"),
    ):
        with pytest.raises(ValueError, match=message):
            function(bad)


def test_unknown_metric():
    C = matrices(2, 2)
    for function in (
        lambda m: mean_spd(C, m),
        lambda m: distance_spd(C, C[0], m),
        lambda m: pairwise_distance_spd(C, metric=m),
        lambda m: log_map(C, C[0], m),
        lambda m: exp_map(C, C[0], m),
    ):
        with pytest.raises(ValueError, match="Unknown metric 'nope'.*'riemann'"):
            function("nope")
    assert "nope" not in distance_functions and "nope" not in exp_map_functions

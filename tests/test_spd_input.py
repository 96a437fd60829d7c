"""What functions and estimators of SPD matrices take and refuse, whichever it is."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from eegemo._input import check_spd
from eegemo.adapt import Recenter
from eegemo.covariance import Covariances
from eegemo.riemann import (
    MDM,
    TangentSpace,
    distance_spd,
    exp_map,
    log_map,
    mean_spd,
    pairwise_distance_spd,
)
from eegemo.riemann._functions import expm

N, N_MATRICES = 3, 6
EYE = np.eye(N)
Y = np.arange(N_MATRICES) % 2

FUNCTIONS = {
    "mean_spd": mean_spd,
    "mean_spd, logeuclid": lambda X: mean_spd(X, "logeuclid"),
    "mean_spd, harmonic": lambda X: mean_spd(X, "harmonic"),
    "distance_spd": lambda X: distance_spd(X, EYE),
    "distance_spd, euclid": lambda X: distance_spd(X, EYE, "euclid"),
    "pairwise_distance_spd": pairwise_distance_spd,
    "pairwise_distance_spd, Y": lambda X: pairwise_distance_spd(X, EYE[None]),
    "log_map": lambda X: log_map(X, EYE),
    "exp_map": lambda X: exp_map(X, EYE),
}
ESTIMATORS = {
    "TangentSpace.fit": lambda X: TangentSpace().fit(X).reference_,
    "TangentSpace.fit_transform": TangentSpace().fit_transform,
    "TangentSpace.transform": lambda X: TangentSpace().fit([EYE, EYE]).transform(X),
    "MDM.fit": lambda X: MDM().fit(X, Y).covmeans_,
    "MDM.transform": lambda X: MDM().fit([EYE, 2 * EYE], [0, 1]).transform(X),
    "Recenter.fit_transform": Recenter().fit_transform,
}
ALL = FUNCTIONS | ESTIMATORS
SPD_ONLY = {name: call for name, call in ALL.items() if name != "exp_map"}


def each(calls):
    return pytest.mark.parametrize("call", calls.values(), ids=calls)


def matrices(n_matrices=N_MATRICES):
    L = 0.5 * np.random.default_rng(0).standard_normal((n_matrices, N, N))
    C = expm(L + L.swapaxes(1, 2)).astype(np.float32)  # exact in float64 too
    return np.tril(C).astype(np.float64) + np.tril(C, -1).swapaxes(1, 2)


def memory_map(C, folder):
    path = folder / "C.npy"
    np.save(path, C)
    return np.load(path, mmap_mode="r")


@each(ALL)
def test_any_layout(call, tmp_path):
    """The same numbers give the same result, and stay as they are."""
    C = matrices()
    expected = call(C)
    spaced = np.zeros((N_MATRICES, 2 * N, 5))
    spaced[:, ::2, 1:4] = C
    read_only = C.copy()
    read_only.flags.writeable = False
    masked_nowhere = np.ma.masked_array(C)
    for same in (
        C.tolist(),
        list(C),
        tuple(C),
        np.asfortranarray(C),
        spaced[:, ::2, 1:4],
        C[::-1][::-1],
        C.swapaxes(1, 2),
        read_only,
        memory_map(C, tmp_path),
        C.astype(">f8"),
        C.astype(object),
        masked_nowhere,
    ):
        before = np.array(same)
        assert_array_equal(call(same), expected)
        assert_array_equal(np.array(same), before)


@each(FUNCTIONS)
@pytest.mark.parametrize("order", ["C", "F"])
def test_float32(call, order):
    """Computed in float64 from what float32 holds."""
    C = matrices()
    got = call(np.asarray(C, np.float32, order=order))
    assert got.dtype == np.float64
    assert_array_equal(got, call(C))


@each(FUNCTIONS)
def test_integers(call):
    C = np.stack([EYE, 2 * EYE + 1])
    assert_array_equal(call(C.astype(int)), call(C))


@each(FUNCTIONS)
@pytest.mark.parametrize("n", [1, 2])
def test_result_is_fresh(call, n):
    """Even that of a single matrix."""
    C = matrices(n)
    assert not np.shares_memory(call(C), C)


@each(ALL)
@pytest.mark.parametrize("lone", [False, True])
def test_nan(call, lone):
    """The worst row is the bad channel, though the others have NaN in its column."""
    C = matrices()
    C[3, 1, :] = C[3, :, 1] = C[5] = np.nan
    if lone:
        C[3, 1, :] = C[3, :, 1] = 1.0
        C[3, 1, 1] = np.nan
    message = "^Matrix 3 contains NaN, most in row 1. Drop or .*mean.nanmean_riemann"
    for same in (C, C.astype(np.float32), C.tolist()):
        with pytest.raises(ValueError, match=message):
            call(same)


@each(ALL)
@pytest.mark.parametrize("infinity", [np.inf, -np.inf])
def test_infinity(call, infinity):
    C = matrices()
    C[2, 0, 0] = infinity
    with pytest.raises(ValueError, match="Matrix 2 contains infinity, most in row 0"):
        call(C)


@each(ALL)
def test_masked(call):
    """Not silently taken with what is behind the mask."""
    C = np.ma.masked_array(matrices())
    C[3, 1, :] = C[3, :, 1] = np.ma.masked
    for same in (C, list(C), tuple(C)):
        with pytest.raises(ValueError, match="masked array.*maskedmean_riemann"):
            call(same)


def test_masked_windows():
    X = np.ma.masked_array(np.random.default_rng(0).standard_normal((4, 3, 50)))
    X[1, 2] = np.ma.masked
    with pytest.raises(ValueError, match="masked array.*interpolate"):
        Covariances().fit_transform(X)


@each(ALL)
def test_asymmetric(call):
    """The first, though the largest difference is in one of another unit, by rounding.

    Differences of 1e-15 of a matrix are rounding.
    """
    C = matrices()
    C[0] = 1e20 * EYE
    C[0, 0, 1] = 1e5
    C[4, 0, 1] += 1e-3
    C[5, 0, 1] += 0.5
    if call is FUNCTIONS["exp_map"]:
        C[0] *= 1e-20
    with pytest.raises(ValueError, match="Matrix 4 is not symmetric: .* reaches 0.001"):
        call(C)


@each(SPD_ONLY)
@pytest.mark.parametrize(
    "bad",
    [np.zeros((N, N)), -EYE, np.diag([1.0, 1, -1e-9]), np.ones((N, N))]
    + [np.diag([1.0, 1, 10.0**-13])],
    ids=["zero", "negative", "indefinite", "singular", "condition"],
)
def test_not_positive_definite(call, bad):
    C = matrices()
    C[4] = C[5] = bad
    with pytest.raises(ValueError, match="Matrix 4 is not positive definite in"):
        call(C)


@each(SPD_ONLY)
def test_condition_up_to_the_limit(call):
    C = matrices()
    C[4] = np.diag([1.0, 1, 10.0**-11.5])
    assert np.isfinite(call(C)).all()


@each(ALL)
@pytest.mark.parametrize("unit", [1e-150, 1e-12, 1e-3])
def test_unit(call, unit):
    """No numbers vanish or overflow. In huge units exp_map does, as it says."""
    assert np.isfinite(call(unit * matrices())).all()
    if call is not FUNCTIONS["exp_map"]:
        assert np.isfinite(call(matrices() / unit)).all()


@each(ALL)
@pytest.mark.parametrize(
    "shape", [(0, 3, 3), (2, 0, 0), (3, 3), (2, 3, 4), (3,), (), (2, 1, 3, 4)], ids=str
)
def test_shapes(call, shape):
    with pytest.raises(ValueError, match="shape|0 sample|0 features|numbers of s"):
        call(np.ones(shape))


@each(ALL)
def test_complex(call):
    with pytest.raises(ValueError, match="Complex data not supported"):
        call(matrices() + 0j)


WITH_REFERENCE = {
    "distance_spd": distance_spd,
    "log_map": log_map,
    "exp_map": exp_map,
}


@each(WITH_REFERENCE)
@pytest.mark.parametrize("metric", ["riemann", "logeuclid"])
class TestReference:
    @pytest.mark.parametrize("n", [1, 2, 4])
    def test_size(self, call, metric, n):
        with pytest.raises(ValueError, match=f"same number of rows, got 3 and {n}"):
            call(matrices(), np.eye(n), metric)

    @pytest.mark.parametrize("shape", [(1, 3, 3), (3,), ()], ids=str)
    def test_shape(self, call, metric, shape):
        with pytest.raises(ValueError, match="reference should be one matrix"):
            call(matrices(), np.ones(shape), metric)

    @pytest.mark.parametrize(
        "bad, message",
        [
            (np.ones((N, N)), "is not positive definite"),
            (np.full((N, N), np.nan), "contains NaN"),
            (np.tri(N), "is not symmetric"),
        ],
    )
    def test_is_named(self, call, metric, bad, message):
        with pytest.raises(ValueError, match=f"^The reference {message}"):
            call(matrices(), bad, metric)

    def test_masked(self, call, metric):
        with pytest.raises(ValueError, match="masked"):
            call(matrices(), np.ma.masked_less(EYE, 0.5), metric)

    def test_list(self, call, metric):
        expected = call(matrices(), EYE, metric)
        assert_array_equal(call(matrices(), EYE.tolist(), metric), expected)


@pytest.mark.parametrize("metric", ["riemann", "logeuclid", "euclid"])
def test_second_set_is_named(metric):
    C = matrices()
    C[2] = 1.0
    with pytest.raises(ValueError, match="^Matrix 2 of Y is not positive definite"):
        pairwise_distance_spd(matrices(), C, metric)
    C[2] = np.nan
    with pytest.raises(ValueError, match="^Matrix 2 of Y contains NaN"):
        pairwise_distance_spd(matrices(), C, metric)
    with pytest.raises(ValueError, match="same number of rows, got 3 and 2"):
        pairwise_distance_spd(matrices(), np.eye(2)[None], metric)


@pytest.mark.parametrize("n", [1, 3, 4, 5])
@pytest.mark.parametrize("fault", ["negative", "asymmetric", "nan"])
def test_one_bad_matrix_anywhere(n, fault):
    """In whatever group of lanes it is, and the last of a group that is not full."""
    if n == 1 and fault == "asymmetric":
        pytest.skip("one number is symmetric")
    for i in range(19):
        C = np.tile(np.eye(n), (19, 1, 1))
        C[i, -1, 0] = {"negative": 0, "asymmetric": 1e-3, "nan": np.nan}[fault]
        if fault == "negative":
            C[i, -1, -1] = -1e-3
        with pytest.raises(ValueError, match=f"^Matrix {i} "):
            check_spd(C)

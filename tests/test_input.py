import numpy as np
import pytest
from numpy.testing import assert_array_equal

from eegemo._input import check_spd, names_out, recording_of
from eegemo.covariance import Covariances
from eegemo.riemann import TangentSpace


def spd(condition, n, seed=0):
    Q, _ = np.linalg.qr(np.random.default_rng(seed).standard_normal((n, n)))
    M = (Q * np.geomspace(1 / condition, 1, n)) @ Q.T
    return (M + M.T) / 2


@pytest.mark.parametrize("n", [2, 8, 62])
@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
def test_limit_of_the_condition(n, scale):
    """In volts or microvolts squared alike; rounding blurs the limit of 1e12 a bit."""
    check_spd(scale * spd(5e11, n)[None])
    with pytest.raises(ValueError, match="Matrix 0 is not positive .* in float64"):
        check_spd(scale * spd(2e12, n)[None])


@pytest.mark.parametrize("n", [2, 8, 62])
def test_limit_of_the_condition_in_float32(n):
    limit = 1 / (n * np.finfo(np.float32).eps)
    check_spd(spd(limit / 3, n).astype(np.float32)[None])
    with pytest.raises(ValueError, match="not positive definite in float32"):
        check_spd(spd(limit * 10, n).astype(np.float32)[None])


def test_rank_is_reported():
    C = np.stack([np.eye(5), np.diag([4.0, 2.0, 1.0, 0.0, 0.0])])
    with pytest.raises(ValueError, match=r"Matrix 1 .* from 0 to 4 \(rank 3 of 5\)"):
        check_spd(C)


def test_asymmetry_is_relative():
    C = 1e-12 * np.array([[2.0, 1.0], [1.0 + 1e-6, 2.0]])
    with pytest.raises(ValueError, match="not symmetric: .* reaches 1e-18 where"):
        check_spd(C[None])


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_valid_arrays_are_not_copied(dtype):
    X = np.random.default_rng(0).standard_normal((3, 4, 20)).astype(dtype)
    assert np.shares_memory(Covariances()._check_windows(X, reset=True), X)
    C = np.repeat(np.eye(4, dtype=dtype)[None], 3, axis=0)
    assert np.shares_memory(TangentSpace()._check_matrices(C, reset=True), C)


def test_arrays_are_no_recording():
    assert recording_of(np.zeros((2, 3, 4))) is None
    assert recording_of([[[0.0]]]) is None


def test_names_out():
    fitted = Covariances().fit(np.random.default_rng(0).standard_normal((2, 3, 9)))
    assert_array_equal(names_out(fitted), ["ch0", "ch1", "ch2"])
    assert_array_equal(names_out(fitted, ("a", "b", "c")), ["a", "b", "c"])


@pytest.mark.parametrize("shape", [(9,), (3, 9), (2, 3, 9, 1)])
def test_message_of_the_shape(shape):
    message = "expects X of shape .*got an array of shape .*one window is X.None."
    for X in (np.zeros(shape), np.zeros(shape).tolist()):
        with pytest.raises(ValueError, match=message):
            Covariances().transform(X)


@pytest.mark.parametrize("shape", [(0, 3, 9), (2, 0, 9), (2, 3, 0)])
def test_empty_arrays_are_refused(shape):
    with pytest.raises(ValueError, match="0 sample|0 feature|empty"):
        Covariances().transform(np.zeros(shape))


@pytest.mark.parametrize("ratio", [1e-11, 1e-12, 1e-13, 1e-14, 0.0, -1e-9])
@pytest.mark.parametrize("seed", range(3))
def test_limit_is_that_of_the_eigenvalues(ratio, seed):
    """The quick proof by a Cholesky factor never accepts what eigenvalues refuse."""
    rng = np.random.default_rng(seed)
    Q, _ = np.linalg.qr(rng.standard_normal((20, 20)))
    spectrum = np.geomspace(1, 1e-3, 20)
    spectrum[-1] = ratio
    C = (Q * spectrum) @ Q.T
    C = (C + C.T) / 2
    good = np.stack([np.eye(20), C])
    eigenvalues = np.linalg.eigvalsh(C)
    if eigenvalues[0] > 1e-12 * eigenvalues[-1]:
        check_spd(good)
    else:
        with pytest.raises(ValueError, match="Matrix 1 is not positive definite"):
            check_spd(good)


@pytest.mark.parametrize("size, refused", [(1e-15, False), (1e-12, True), (1e-6, True)])
def test_asymmetry_beyond_rounding_is_refused(size, refused):
    C = np.eye(3)[None].repeat(2, axis=0)
    C[1, 0, 1] = size
    if not refused:
        check_spd(C)
        return
    with pytest.raises(ValueError, match="Matrix 1 is not symmetric"):
        check_spd(C)


def test_offender_is_named_beyond_the_first_part(monkeypatch):
    monkeypatch.setattr("eegemo._input._IN_CACHE", 10)
    C = np.stack([np.eye(2)] * 20)
    check_spd(C)
    C[9] = 1
    with pytest.raises(ValueError, match="Matrix 9 is not positive definite"):
        check_spd(C)
    C[18, 0, 1] = 1
    with pytest.raises(ValueError, match="Matrix 9"):
        check_spd(C)
    C[9] = np.eye(2)
    with pytest.raises(ValueError, match="Matrix 18 is not symmetric"):
        check_spd(C)

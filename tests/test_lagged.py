import numpy as np
import pytest
import reference
from numpy.testing import assert_allclose, assert_array_equal

from eegemo.covariance import AugmentedCovariances, lagged_covariances
from eegemo.covariance._estimate import fill_covariances
from eegemo.covariance._lagged import lagged_table


@pytest.fixture
def X():
    return np.random.default_rng(0).standard_normal((3, 4, 50)) + 1.0


@pytest.mark.parametrize("centred", [False, True])
def test_reference(X, centred):
    """Equal to rounding, from no delay to the longest."""
    delays = [0, 1, 7, 49]
    got = lagged_covariances(X, delays, assume_centered=centred)
    expected = reference.lagged_covariances(X, delays, centred)
    assert_allclose(got, expected, rtol=1e-11, atol=1e-13)


def test_sine_has_known_covariance():
    """Over whole periods and long windows, cos(w d) / 2; the ends cost 1 / T."""
    w = 2 * np.pi / 20
    x = np.sin(w * np.arange(20_000))[None, None]
    delays = np.arange(10)
    got = lagged_covariances(x, delays)[0, :, 0, 0]
    assert_allclose(got, np.cos(w * delays) / 2, atol=1e-3)


def test_time_can_run_backwards(X):
    """Which is the transpose."""
    got = lagged_covariances(X[:, :, ::-1], [0, 3])
    assert_allclose(got, lagged_covariances(X, [0, 3]).swapaxes(2, 3), rtol=1e-10)


def test_offset_and_scale(X):
    """1e6 costs the ten digits that it takes from the data itself."""
    expected = lagged_covariances(X, [0, 2])
    assert_allclose(lagged_covariances(3 * X + 1e6, [0, 2]) / 9, expected, atol=1e-8)


@pytest.mark.parametrize("estimator", ["scm", "lwf", "oas", "corr"])
@pytest.mark.parametrize("order, lag", [(1, 1), (2, 5), (4, 2), (3, 20)])
def test_augmented_covariance_from_the_table(X, estimator, order, lag):
    """The same kernel, given its products or not: exactly equal."""
    delays = np.arange(45)
    table = lagged_table(X, delays, True)
    before = table.copy()
    C = np.empty((3, 4 * order, 4 * order))
    places = lag * np.arange(order)
    fill_covariances(X, order, lag, estimator, True, C, table, places)
    assert_array_equal(C, AugmentedCovariances(order, lag, estimator).transform(X))
    assert_array_equal(table, before)


def test_layouts(X):
    expected = lagged_covariances(X, [0, 2])
    X.flags.writeable = False
    for same in (X, np.asfortranarray(X), X[:, ::-1][:, ::-1], X.tolist()):
        assert_array_equal(lagged_covariances(same, [0, 2]), expected)
    single = X.astype(np.float32)
    assert lagged_covariances(single, [0]).dtype == np.float64


def test_no_delay_and_one_delay(X):
    assert lagged_covariances(X, []).shape == (3, 0, 4, 4)
    assert_array_equal(lagged_covariances(X, 2), lagged_covariances(X, [2]))


@pytest.mark.parametrize(
    "delays, message",
    [
        ([-1], "between 0 and 49.*-1"),
        ([0, 50], "between 0 and 49.*0 to 50"),
        ([0.5], "whole numbers"),
        ([[1]], "whole numbers"),
    ],
)
def test_bad_delays(X, delays, message):
    with pytest.raises(ValueError, match=message):
        lagged_covariances(X, delays)


def test_bad_windows(X):
    with pytest.raises(ValueError, match=r"n_times\), got an array of shape \(4, 50"):
        lagged_covariances(X[0], [0])
    X[1, 1, 1] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        lagged_covariances(X, [0])

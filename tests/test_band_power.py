import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import signal

from eegemo.features import BandPower, DifferentialEntropy

SFREQ = 128
BANDS = {"low": (4, 10), "mid": (10, 20), "high": (20, 40)}
methods = pytest.mark.parametrize("method", ["iir", "fft"])


@pytest.fixture
def X():
    return np.random.default_rng(0).standard_normal((3, 2, SFREQ)) + 4.0


@methods
@pytest.mark.parametrize("causal", [True, False])
def test_log_power_is_twice_the_entropy(X, method, causal):
    shared = {"method": method, "order": 2, "causal": causal}
    entropy = DifferentialEntropy(SFREQ, BANDS, **shared).transform(X)
    got = BandPower(SFREQ, BANDS, scale="log", **shared).transform(X)
    assert_allclose(got, 2 * entropy - np.log(2 * np.pi * np.e), rtol=1e-12)


def test_is_the_periodogram_of_scipy(X):
    """Its density times the distance of the bins, summed."""
    f, density = signal.periodogram(X, SFREQ, "hann", detrend="constant")
    got = BandPower(SFREQ, BANDS).transform(X).reshape(3, 2, 3)
    for b, (low, high) in enumerate(BANDS.values()):
        expected = density[:, :, (low <= f) & (f < high)].sum(axis=2) * (f[1] - f[0])
        assert_allclose(got[:, :, b], expected, rtol=1e-10)


@methods
def test_scales(X, method):
    power = BandPower(SFREQ, BANDS, method).transform(X).reshape(3, 2, 3)
    log = BandPower(SFREQ, BANDS, method, "log").transform(X)
    relative = BandPower(SFREQ, BANDS, method, "relative").transform(X)
    assert_allclose(log, np.log(power).reshape(3, -1))
    share = power / power.sum(axis=2, keepdims=True)
    assert_allclose(relative, share.reshape(3, -1))
    scaled = BandPower(SFREQ, BANDS, method, "relative").transform(1e3 * X)
    assert_allclose(scaled, relative, rtol=1e-9)


@methods
@pytest.mark.parametrize(
    "scale, value", [("absolute", 1e-20), ("log", np.log(1e-20)), ("relative", 1 / 3)]
)
def test_flat_channel(method, scale, value):
    power = BandPower(SFREQ, BANDS, method, scale, floor=1e-20)
    assert_allclose(power.transform(np.zeros((1, 2, SFREQ))), value)


@pytest.mark.parametrize(
    "params, message",
    [
        ({"scale": "db"}, r"scale should be one of .*: 'db'"),
        ({"method": "fft-mean"}, r"method should be one of \('iir', 'fft'\)"),
        ({"bands": [(8, 64)]}, "reaches the Nyquist frequency"),
        ({"sfreq": None}, "sampling rate is unknown"),
        ({"floor": 0}, "floor"),
    ],
    ids=str,
)
def test_bad_parameters(X, params, message):
    with pytest.raises(ValueError, match=message):
        BandPower(**{"sfreq": SFREQ, **params}).fit(X)

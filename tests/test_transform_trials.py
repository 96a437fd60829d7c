"""Features of consecutive segments of whole trials."""

import mne
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import signal
from sklearn.exceptions import NotFittedError

from eegemo.features import BandPower, DifferentialEntropy

SFREQ = 100
BANDS = {"low": (4, 10), "high": (10, 30)}
estimators = pytest.mark.parametrize("cls", [BandPower, DifferentialEntropy])


@pytest.fixture
def X():
    return np.random.default_rng(0).standard_normal((2, 3, 230)) + 5.0


@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("window, step", [(0.5, None), (0.5, 0.25), (1, 0.7)])
def test_filters_run_over_the_trial(X, causal, window, step):
    power = BandPower(SFREQ, BANDS, "iir", order=2, causal=causal)
    got = power.transform_trials(X, window, step)
    n, every = int(window * SFREQ), int((step or window) * SFREQ)
    starts = range(0, 230 - n + 1, every)
    assert got.shape == (2, len(starts), 6)
    centred = X - X.mean(axis=2, keepdims=True)
    for b, band in enumerate(BANDS.values()):
        sos = signal.butter(2, band, "bandpass", fs=SFREQ, output="sos")
        y = (signal.sosfilt if causal else signal.sosfiltfilt)(sos, centred)
        for i, start in enumerate(starts):
            expected = y[:, :, start : start + n].var(axis=2)
            assert_allclose(got[:, i, b::2], expected, rtol=1e-9)


@estimators
@pytest.mark.parametrize("step", [None, 0.3])
def test_transforms_are_those_of_windows(X, cls, step):
    features = cls(SFREQ, BANDS, "fft")
    got = features.transform_trials(X, 0.8, step)
    for i in range(got.shape[1]):
        start = i * round(SFREQ * (step or 0.8))
        window = np.ascontiguousarray(X[:, :, start : start + 80])
        assert_allclose(got[:, i], features.transform(window), rtol=1e-12)


@estimators
@pytest.mark.parametrize("method", ["iir", "fft"])
def test_one_segment_is_the_window(X, cls, method):
    features = cls(SFREQ, BANDS, method, order=1)
    assert_array_equal(features.transform_trials(X, 2.3)[:, 0], features.transform(X))


def test_without_scaling_a_causal_filter_answers_to_the_offset(X):
    options = {"order": 1, "causal": True}
    centred = DifferentialEntropy(SFREQ, BANDS, **options).transform_trials(X, 1)
    plain = DifferentialEntropy(SFREQ, BANDS, scaling=None, **options)
    got = plain.transform_trials(X, 1)
    assert (got[:, 0] > centred[:, 0] + 0.01).all()
    assert_allclose(got[:, 1], centred[:, 1], atol=1e-6)  # a second later it is gone


@pytest.mark.parametrize("method", ["iir", "fft"])
def test_zscore(X, method):
    """By filters of the trial, by transforms of each segment."""
    options = {"method": method, "order": 1, "causal": True}
    got = DifferentialEntropy(
        SFREQ, BANDS, scaling="zscore", **options
    ).transform_trials(X, 1)
    plain = DifferentialEntropy(SFREQ, BANDS, scaling=None, **options)
    for i in range(2):
        part = X if method == "iir" else X[:, :, 100 * i : 100 * (i + 1)]
        mean, std = (f(part, axis=(1, 2), keepdims=True) for f in (np.mean, np.std))
        expected = plain.transform_trials((X - mean) / std, 1)
        assert_allclose(got[:, i], expected[:, i], atol=1e-9)


def test_float32(X):
    de = DifferentialEntropy(SFREQ, BANDS, order=1)
    got = de.transform_trials(X.astype(np.float32), 1)
    assert got.dtype == np.float32
    assert_allclose(got, de.transform_trials(X, 1), rtol=1e-4)


@estimators
def test_epochs_and_fit(X, cls):
    features = cls(bands=BANDS, method="fft")
    with pytest.raises(NotFittedError):
        features.transform_trials(X, 1)
    epochs = mne.EpochsArray(X, mne.create_info(3, SFREQ, "eeg"), verbose=False)
    got = features.fit(epochs).transform_trials(epochs, 1)
    assert_array_equal(got, cls(SFREQ, BANDS, "fft").transform_trials(X, 1))


@pytest.mark.parametrize(
    "window, step, message",
    [
        (3, None, "trials last 2.3 s, less than window=3 s: choose a shorter"),
        (1, 0.001, "step=0.001 s is less than half a sample"),
        (-1, None, "window == -1, must be > 0"),
        (1, 0, "step == 0, must be > 0"),
        (np.inf, None, "window should be finite"),
        (0.05, None, "'low' .* windows of 0.05 s resolve"),
    ],
)
def test_bad_segments(X, window, step, message):
    with pytest.raises(ValueError, match=message):
        DifferentialEntropy(SFREQ, BANDS).transform_trials(X, window, step)

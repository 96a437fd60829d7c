import tracemalloc

import mne
import numpy as np
import pytest
import reference
from numba import config
from numpy.testing import assert_allclose, assert_array_equal
from pyriemann.geometry.covariance import covariances
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from eegemo.bands import BANDS
from eegemo.covariance import FilterBankCovariances
from eegemo.riemann import TangentSpace

SFREQ = 128
EDGES = list(BANDS["eegemo"].values())


def windows(n_windows=3, n_channels=3, n_times=128, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n_windows, n_channels, n_times))
    return np.cumsum(X, axis=2) + 10 * X + 1e3  # with a trend and an offset, as EEG


@pytest.mark.parametrize("estimator", ["scm", "oas", "lwf", "corr", "cov", np.cov])
@pytest.mark.parametrize("order, causal", [(4, False), (3, False), (2, True)])
def test_equals_a_loop_over_windows_and_bands(estimator, order, causal):
    X = windows()
    bank = FilterBankCovariances(SFREQ, EDGES, estimator, order=order, causal=causal)
    filtered = reference.filter_bank(X, SFREQ, EDGES, order, causal)
    expected = [covariances(part, estimator=estimator) for part in filtered]
    # the same recursions, summed in another order
    assert_allclose(bank.transform(X), np.stack(expected, axis=1), rtol=1e-8)


def test_in_parts_as_at_once(monkeypatch):
    X = windows(7)
    expected = FilterBankCovariances(SFREQ).transform(X)
    monkeypatch.setattr("eegemo.covariance._filter_bank._IN_CACHE", 2 * X[0].size)
    assert_allclose(FilterBankCovariances(SFREQ).transform(X), expected, rtol=1e-12)


@pytest.mark.parametrize("causal", [False, True])
def test_sine_is_in_one_band(causal):
    """A sine of amplitude a has variance a^2 / 2; channels in phase share it."""
    t = np.arange(8 * SFREQ) / SFREQ
    X = np.array([2.0, 3.0])[:, None] * np.sin(2 * np.pi * 10 * t)
    bank = FilterBankCovariances(SFREQ, estimator="scm", causal=causal)
    C = bank.transform(X[None])[0]
    # the filter's transient, where it is causal, takes some of the first second
    assert_allclose(C[2], [[2.0, 3.0], [3.0, 4.5]], rtol=0.1 if causal else 0.01)
    others = np.delete(np.trace(C, axis1=1, axis2=2), 2)
    assert (others < (0.1 if causal else 0.01) * np.trace(C[2])).all()


def test_bands_are_in_order_and_scale_with_the_square():
    X = windows()
    C = FilterBankCovariances(SFREQ, {"alpha": (8, 13), "theta": (4, 8)}).transform(X)
    alone = FilterBankCovariances(SFREQ, [(4, 8)]).transform(X)
    assert_array_equal(C[:, 1:], alone)
    bank = FilterBankCovariances(SFREQ)
    assert_allclose(bank.transform(1e-6 * X), 1e-12 * bank.transform(X), rtol=1e-6)


def test_float32_is_computed_in_float64():
    X = windows().astype(np.float32)
    bank = FilterBankCovariances(SFREQ)
    C = bank.transform(X)
    assert C.dtype == np.float32
    assert_array_equal(C, bank.transform(X.astype(float)).astype(np.float32))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("estimator", ["oas", "lwf"])
def test_narrow_bands_stay_positive_definite(estimator, dtype):
    """With fewer independent samples in a window than channels."""
    X = windows(2, 12, SFREQ // 2).astype(dtype)
    X -= X.mean(axis=1, keepdims=True)  # average reference
    C = FilterBankCovariances(SFREQ, [(2, 4), (8, 10)], estimator).transform(X)
    values = np.linalg.eigvalsh(C.astype(float))
    assert (values[..., 0] > 1e-5 * values[..., -1]).all()
    TangentSpace().fit(C)


def test_plain_covariances_of_narrow_bands_are_refused_further_on():
    X = windows(2, 32, SFREQ)
    C = FilterBankCovariances(SFREQ, [(8, 30), (8, 9)], "scm").transform(X)
    with pytest.raises(ValueError, match="Block 1 of matrix 0 is not positive definit"):
        TangentSpace().fit(C)


@pytest.mark.skipif(config.DISABLE_JIT, reason="takes too long interpreted")
@pytest.mark.parametrize("causal", [False, True])
def test_no_filtered_copy_of_the_batch(causal):
    X = windows(200, 8, 512)
    bank = FilterBankCovariances(SFREQ, causal=causal)
    bank.transform(X[:2])
    tracemalloc.start()
    C = bank.transform(X)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # a part is 1 MiB, the batch 6.25 MiB; SciPy keeps some four copies of what it gets
    assert peak - C.nbytes < 6 * 2**20


@pytest.mark.parametrize(
    "params, message",
    [
        ({"bands": [(8, 64)]}, "8-64Hz.* reaches the Nyquist frequency, 64 Hz"),
        ({"bands": [(8.1, 8.2)]}, "lies between the frequencies"),
        ({"bands": "sleep"}, "Unknown bands"),
        ({"order": 0}, "order == 0"),
        ({"order": 50}, "needs at least 304 samples per window, got 128"),
        ({"sfreq": -1}, "sfreq == -1"),
        ({"sfreq": None}, "sampling rate is unknown"),
        ({"estimator": "no"}, "Unknown covariance estimator"),
    ],
)
def test_wrong_parameters(params, message):
    bank = FilterBankCovariances(SFREQ).set_params(**params)
    with pytest.raises(ValueError, match=message):
        bank.fit(windows())
    if bank.sfreq is not None:
        with pytest.raises(ValueError, match=message):
            bank.transform(windows())


def test_short_windows():
    X = windows(n_times=27)
    short = FilterBankCovariances(SFREQ, [(8, 30)])
    with pytest.raises(ValueError, match="at least 28 samples per window, got 27: use"):
        short.transform(X)
    assert short.set_params(causal=True).transform(X).shape == (3, 1, 3, 3)


def test_flat_channel_has_no_correlation():
    X = windows()
    X[2, 1] = 5.0
    with pytest.raises(ValueError, match="Channel 1 of window 2 is flat"):
        FilterBankCovariances(SFREQ, estimator="corr").transform(X)


def test_epochs():
    X = windows()
    info = mne.create_info(["Fz", "Cz", "Pz"], SFREQ, "eeg")
    epochs = mne.EpochsArray(X, info, verbose=False)
    bank = FilterBankCovariances().fit(epochs)
    assert bank.sfreq_ == SFREQ
    expected = FilterBankCovariances(SFREQ).transform(X)
    assert_array_equal(bank.transform(epochs), expected)
    assert_array_equal(bank.transform(X), expected)
    with pytest.raises(ValueError, match="contradicts the 100 Hz given"):
        FilterBankCovariances(100).fit(epochs)
    names = make_pipeline(bank, TangentSpace()).fit(epochs).get_feature_names_out()
    assert len(names) == 30
    assert list(names[[0, 1, 6]]) == ["block0:Fz*Fz", "block0:Fz*Cz", "block1:Fz*Fz"]


def test_search_finds_the_band():
    """The classes differ in how two channels share a band; all else is noise."""
    rng = np.random.default_rng(2)
    X = rng.standard_normal((24, 2, 128))
    y = np.arange(24) % 2
    t = np.arange(128) / SFREQ
    beat = np.sin(2 * np.pi * 20 * t + rng.uniform(0, 2 * np.pi, (24, 1)))
    X[:, 0] += beat
    X[:, 1] += np.where(y == 1, 1, -1)[:, None] * beat
    pipeline = make_pipeline(
        FilterBankCovariances(SFREQ), TangentSpace(), LogisticRegression()
    )
    grid = {"filterbankcovariances__bands": [[(4, 8), (8, 13)], [(4, 8), (13, 30)]]}
    search = GridSearchCV(pipeline, grid, cv=4, error_score="raise").fit(X, y)
    assert search.best_params_["filterbankcovariances__bands"][1] == (13, 30)
    assert search.best_score_ > 0.9

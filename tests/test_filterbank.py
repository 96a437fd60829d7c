"""The filter bank, against SciPy's filters one row and band at a time."""

import numpy as np
import pytest
import reference
from numpy.testing import assert_allclose, assert_array_equal

from eegemo import _chunks
from eegemo._kernels import filterbank
from eegemo._kernels.lanes import LANES
from eegemo.features._filtered import filtered_variance, pad_length

SFREQ = 200
BANDS = [(1, 4), (30, 49)]
RTOL = 1e-10  # SciPy scales and pairs the sections in another way; seen: 5e-13

causally = pytest.mark.parametrize("causal", [True, False])


def variance(X, causal, order=2, offset=None, ddof=0, bands=BANDS, **segments):
    offset = np.zeros(len(X)) if offset is None else offset
    return filtered_variance(
        X, offset, SFREQ, bands, order=order, causal=causal, ddof=ddof, **segments
    )


def noise(*shape):
    return np.random.default_rng(shape[-1]).standard_normal(shape)


def filtered(X, band, causal, order=2):
    """SciPy's output for every row."""
    from scipy import signal

    sos = signal.butter(order, band, "bandpass", fs=SFREQ, output="sos")
    return (signal.sosfilt if causal else signal.sosfiltfilt)(sos, X)


@causally
@pytest.mark.parametrize("order", [1, 3, 4])
@pytest.mark.parametrize("n_times", [28, 65, 130])
def test_scipy(causal, order, n_times):
    """Below, at and above a chunk; pads differ with the order."""
    X = noise(3, n_times) + 2.0
    got = variance(X, causal, order, ddof=1)
    assert got.shape == (3, 1, 2)
    for r, x in enumerate(X):
        for b, band in enumerate(BANDS):
            expected = reference.band_variance(
                x, SFREQ, band, order, causal=causal, ddof=1
            )
            assert_allclose(got[r, 0, b], expected, rtol=RTOL)


@causally
@pytest.mark.parametrize("n_times", [16, 75])
def test_rows_side_by_side(causal, n_times):
    """A block, then a full vector and one that is not; 75 samples are no multiple."""
    X = noise(filterbank.BLOCK + LANES + 3, n_times) + 1.0
    got = variance(X, causal, order=1)
    for b, band in enumerate(BANDS):
        expected = filtered(X, band, causal, order=1).var(axis=1)
        assert_allclose(got[:, 0, b], expected, rtol=RTOL)


@causally
def test_more_rows_than_lanes(causal):
    """A second block that is not full must not see the first."""
    X = noise(filterbank.BLOCK + 3, 70)
    X[: filterbank.BLOCK] *= 1e6
    got = variance(X, causal, order=1)
    alone = variance(np.ascontiguousarray(X[-3:]), causal, order=1)
    assert_array_equal(got[-3:], alone)


@causally
@pytest.mark.parametrize("window, step", [(100, 100), (100, 30), (50, 90), (130, 700)])
@pytest.mark.parametrize("n_times", [333, 700])
def test_segments(causal, window, step, n_times):
    """Adjacent, overlapping, apart and one; the longer row is filtered in chunks."""
    X = noise(2, n_times)
    got = variance(X, causal, order=1, window=window, step=step)
    starts = range(0, n_times - window + 1, step)
    assert got.shape == (2, len(starts), 2)
    for b, band in enumerate(BANDS):
        y = filtered(X, band, causal, order=1)
        expected = np.stack([y[:, s : s + window].var(axis=1) for s in starts], 1)
        assert_allclose(got[:, :, b], expected, rtol=RTOL)


def test_chunks_of_zero_phase_filters_do_not_matter():
    """Around the length from which rows are cut into chunks."""
    for n_times in range(495, 505):
        X = noise(1, n_times)
        n_long = n_times + 2 * pad_length(1)
        assert (n_long <= filterbank._WHOLE) == (n_times < 495)
        y = filtered(X, BANDS[1], False, order=1)
        got = variance(X, False, order=1, bands=BANDS[1:])
        assert_allclose(got[0, 0, 0], y.var(), rtol=RTOL)


def test_extension_longer_than_a_chunk():
    X = noise(2, 520)
    assert pad_length(11) > filterbank._CHUNK
    got = variance(X, False, order=11, bands=[(20, 60)])
    expected = filtered(X, (20, 60), False, order=11).var(axis=1)
    assert_allclose(got[:, 0, 0], expected, rtol=RTOL)


@causally
def test_offset_is_subtracted(causal):
    X = noise(3, 80)
    offset = np.array([0.0, 2.0, -1e6])
    got = variance(X + offset[:, None], causal, offset=offset)
    assert_allclose(got, variance(X, causal), rtol=1e-6)  # X + 1e6 is rounded to 1e-10


@causally
@pytest.mark.parametrize("n_times", [30, 80])
def test_means_are_subtracted(causal, n_times):
    """Of whole rows, also if a causal filter takes these in chunks."""
    X = noise(3, n_times) + np.array([[0.0], [2.0], [-1e6]])
    expected = variance(X - X.mean(axis=1, keepdims=True), causal)
    got = filtered_variance(X, None, SFREQ, BANDS, order=2, causal=causal, ddof=0)
    assert_allclose(got, expected, rtol=1e-7)  # the mean is rounded to 1e-10


@causally
@pytest.mark.parametrize("known", [True, False])
def test_parts_do_not_matter(causal, known, monkeypatch):
    """Float32, and rows that cannot be written, are converted part by part."""
    X = noise(2 * filterbank.BLOCK + 3, 30).astype(np.float32)
    offset = np.arange(len(X)) / 10 if known else X.mean(axis=1, dtype=np.float64)
    expected = variance(X - offset[:, None], causal, order=1)
    monkeypatch.setattr(_chunks, "_IN_CACHE", (filterbank.BLOCK + 5) * X[0].size)
    options = dict(order=1, causal=causal, ddof=0)
    frozen = X.astype(np.float64)
    frozen.flags.writeable = False
    for rows in (X, frozen):
        got = filtered_variance(
            rows, offset if known else None, SFREQ, BANDS, **options
        )
        assert_allclose(got, expected, rtol=1e-7)


@causally
def test_float32_is_computed_in_float64(causal):
    X = noise(2, 80).astype(np.float32)
    assert_array_equal(variance(X, causal), variance(X.astype(float), causal))


@causally
def test_zeros_give_zero(causal):
    assert not variance(np.zeros((2, 80)), causal).any()


def test_zero_phase_does_not_see_a_constant():
    """It starts from the steady state; a causal filter answers to the step."""
    X = np.full((1, 80), 7.0)
    assert variance(X, False).max() < 1e-25
    assert variance(X, True).min() > 1e-3


def test_zero_phase_is_symmetric_in_time():
    """Up to the ends, from where only the forward pass starts."""
    X = noise(2, 400)
    X[:, :150] = X[:, 250:] = 0.0
    back = np.ascontiguousarray(X[:, ::-1])
    got = variance(X, False, bands=BANDS[1:])
    assert_allclose(got, variance(back, False, bands=BANDS[1:]), rtol=1e-9)


@causally
@pytest.mark.parametrize("scale", [1e-9, 1e9])
def test_scale(causal, scale):
    X = noise(2, 80)
    assert_allclose(variance(scale * X, causal), scale**2 * variance(X, causal))

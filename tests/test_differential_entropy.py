import numpy as np
import pytest
import reference
from numpy.testing import assert_allclose, assert_array_equal
from scipy import signal

from eegemo.features import DifferentialEntropy, _spectral

SFREQ = 200
METHODS = ["iir", "fft"]
methods = pytest.mark.parametrize("method", METHODS)


@pytest.fixture
def X():
    return np.random.default_rng(0).standard_normal((4, 3, SFREQ))


def entropy(variance):
    return 0.5 * np.log(2 * np.pi * np.e * np.asarray(variance))


@methods
@pytest.mark.parametrize("n_times", [75, 200])
def test_reference(method, n_times):
    """Equal to rounding, for odd and even numbers of samples."""
    X = np.random.default_rng(n_times).standard_normal((2, 3, n_times)) + 5
    bands = [(4, 8), (8, 13), (13.5, 90)]
    twin = getattr(reference, f"differential_entropy_{method}")
    got = DifferentialEntropy(SFREQ, bands, method).transform(X)
    assert_allclose(got, twin(X, SFREQ, bands), rtol=1e-9)


def test_is_sosfiltfilt(X):
    """With SciPy's defaults, exactly, whatever the batch."""
    sos = signal.butter(4, (8, 14), "bandpass", fs=SFREQ, output="sos")
    centred = X - X.mean(axis=2, keepdims=True)
    expected = entropy(signal.sosfiltfilt(sos, centred, axis=2).var(axis=2))
    got = DifferentialEntropy(SFREQ, {"alpha": (8, 14)}).transform(X)
    assert_allclose(got, expected, rtol=1e-12)


@pytest.mark.parametrize("amplitude", [1e-6, 1.0, 50.0])
@pytest.mark.parametrize("method, rtol", [("fft", 1e-9), ("iir", 0.02)])
def test_sinusoid(method, rtol, amplitude):
    """A whole number of periods has variance A^2 / 2, all of it in the band.

    The filter's gain is not quite one, and the window's edges disturb it.
    """
    t = np.arange(4 * SFREQ) / SFREQ
    x = amplitude * np.sin(2 * np.pi * 10 * t)[None, None]
    got = DifferentialEntropy(SFREQ, [(7, 14), (20, 40)], method).transform(x)
    expected = 0.5 * np.log(2 * np.pi * np.e * amplitude**2 / 2)
    assert_allclose(got[0, 0], expected, atol=rtol, rtol=0)
    assert got[0, 1] < expected - 4  # nothing of it in the other band


@methods
@pytest.mark.parametrize("band", [(2, 4), (8, 13), (30, 45)])
def test_white_noise(method, band):
    """Its spectrum is flat: the variance is that of the noise times the band's share.

    For the filter, the integral of the fourth power of its gain. There are some
    4000 independent Fourier terms per hertz: the error is below 0.02.
    """
    sigma = 3.0
    X = sigma * np.random.default_rng(0).standard_normal((1, 32, 12_000))
    if method == "fft":
        share = (band[1] - band[0]) / (SFREQ / 2)
    else:
        sos = signal.butter(4, band, "bandpass", fs=SFREQ, output="sos")
        _, gain = signal.sosfreqz(sos, worN=2**17)  # evenly over 0 .. Nyquist
        share = np.mean(np.abs(gain) ** 4)
    got = DifferentialEntropy(SFREQ, [band], method).transform(X)
    assert_allclose(got.mean(), entropy(sigma**2 * share), atol=0.02)


@methods
@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_unit_adds_a_constant(X, method, scale):
    de = DifferentialEntropy(SFREQ, method=method)
    expected = de.transform(X) + np.log(scale)
    assert_allclose(de.transform(scale * X), expected, rtol=1e-9)


@methods
def test_sign_and_order_of_channels(X, method):
    de = DifferentialEntropy(SFREQ, method=method)
    expected = de.transform(X).reshape(4, 3, 5)
    got = de.transform(-X[:, ::-1]).reshape(4, 3, 5)
    assert_allclose(got, expected[:, ::-1], rtol=1e-12)


@methods
@pytest.mark.parametrize("dtype, atol", [(np.float64, 1e-7), (np.float32, 0.05)])
def test_offset(X, method, dtype, atol):
    """A DC offset of 1e6 standard deviations is lost in the mean, not in the bands.

    float32 itself rounds X to steps of 1/16 there, noise of variance 3e-4 in a band
    that holds 1e-2 and more.
    """
    de = DifferentialEntropy(SFREQ, "eegemo", method)
    got = de.transform((X + 1e6).astype(dtype))
    assert got.dtype == dtype
    assert_allclose(got, de.transform(X), atol=atol, rtol=0)


@methods
@pytest.mark.parametrize("base", [2, 10, 0.5])
def test_log_base(X, method, base):
    natural = DifferentialEntropy(SFREQ, method=method).transform(X)
    got = DifferentialEntropy(SFREQ, method=method, log_base=base).transform(X)
    assert_allclose(got * np.log(base), natural, rtol=1e-12)


@methods
@pytest.mark.parametrize("level", [0.0, 0.1, -1e6])
def test_flat_channel_is_finite(method, level):
    """The floor, or above it the rounding error of a constant's mean."""
    X = np.full((2, 3, SFREQ), level)
    for floor in (1e-30, 1e-12):
        de = DifferentialEntropy(SFREQ, method=method, floor=floor)
        for dtype in (np.float64, np.float32):
            got = de.transform(X.astype(dtype))
            assert np.isfinite(got).all()
            assert (got >= entropy(floor) - 1e-5).all()
        if level == 0:
            assert_allclose(de.transform(X), entropy(floor))


def test_contiguous_bands_share_no_bin(X):
    """low <= f < high: the variances of neighbours add up to that of both."""
    cut = DifferentialEntropy(SFREQ, [(4, 10), (10, 40)], "fft")
    whole = DifferentialEntropy(SFREQ, [(4, 40)], "fft")
    parts = np.exp(2 * cut.transform(X)).reshape(4, 3, 2).sum(axis=2)
    assert_allclose(parts, np.exp(2 * whole.transform(X)), rtol=1e-12)


def test_band_edges_are_half_open():
    """A tone on an edge counts above it; a Hann window leaks into the next bin only."""
    t = np.arange(SFREQ) / SFREQ
    x = np.sin(2 * np.pi * 10 * t)[None, None]
    below, above = DifferentialEntropy(SFREQ, [(4, 10), (10, 16)], "fft").transform(x)[
        0
    ]
    # |1/2|^2 of the amplitude in each neighbour: variances in proportion 1 : 4 + 1
    assert above - below == pytest.approx(0.5 * np.log(5), abs=1e-9)


@methods
def test_chunks_do_not_matter(X, method, monkeypatch):
    de = DifferentialEntropy(SFREQ, method=method)
    expected = de.transform(X)
    monkeypatch.setattr(_spectral, "_BLOCK", 5)
    assert_allclose(de.transform(X), expected, rtol=1e-12)


@methods
def test_columns_go_by_channel_then_band(X, method):
    X[:, 1] *= 100
    de = DifferentialEntropy(SFREQ, method=method).fit(X)
    names = list(de.get_feature_names_out(["Fz", "Cz", "Pz"]))
    assert names[:2] == ["Fz_delta", "Fz_theta"] and names[5] == "Cz_delta"
    assert (de.transform(X)[:, 1::5].argmax(axis=1) == 1).all()


@pytest.mark.parametrize("bands", ["seed", {"a": (8, 13)}, [(8, 13), (13, 30)]])
def test_bands_of_every_kind(X, bands):
    de = DifferentialEntropy(SFREQ, bands).fit(X)
    assert len(de.get_feature_names_out()) == de.transform(X).shape[1]


@methods
@pytest.mark.parametrize(
    "params, message",
    [
        ({"sfreq": 100}, "'gamma' .31 to 50 Hz. reaches the Nyquist frequency, 50 Hz"),
        ({"bands": [(8.2, 8.8)]}, "'8.2-8.8Hz'.*windows of 1 s resolve.*1 Hz apart"),
        ({"bands": "sleep"}, "Unknown bands 'sleep'"),
        ({"bands": [(13, 8)]}, "0 < low < high"),
        ({"sfreq": 0}, "sfreq == 0, must be > 0"),
        ({"sfreq": None}, "sampling rate is unknown: give sfreq in Hz, or mne.Epochs"),
        ({"log_base": 1}, "log_base should be positive, not 1"),
        ({"log_base": -2}, "log_base"),
        ({"floor": 0.0}, "floor"),
        ({"method": "welch"}, r"method should be one of \('iir', 'fft', .*: 'welch'"),
        ({"order": 0}, "order == 0, must be >= 1"),
        ({"ddof": -1}, "ddof == -1, must be >= 0"),
        ({"ddof": SFREQ}, "no variance with ddof=200"),
        ({"scaling": "minmax"}, r"scaling should be one of .*: 'minmax'"),
        ({"n_fft": 0}, "n_fft == 0, must be >= 1"),
    ],
    ids=str,
)
def test_bad_parameters(X, method, params, message):
    de = DifferentialEntropy(**{"sfreq": SFREQ, "method": method, **params})
    with pytest.raises(ValueError, match=message):
        de.fit(X)


def test_shortest_window():
    X = np.random.default_rng(0).standard_normal((2, 3, 28))
    de = DifferentialEntropy(SFREQ, [(8, 30)])
    assert np.isfinite(de.transform(X)).all()
    with pytest.raises(ValueError, match="at least 28 samples.*got 27"):
        de.fit(X[:, :, :27])


def test_changed_sampling_rate_needs_no_fit(X):
    """Stateless: what counts is the parameter, not what an earlier fit saw."""
    de = DifferentialEntropy(SFREQ).fit(X).set_params(sfreq=128)
    assert_array_equal(de.transform(X), DifferentialEntropy(128).transform(X))


def test_epochs_of_another_rate_than_fitted_on_an_array(X):
    mne = pytest.importorskip("mne")
    epochs = mne.EpochsArray(X, mne.create_info(3, 128, "eeg"), verbose=False)
    with pytest.raises(ValueError, match="128 Hz, which contradicts the 200 Hz"):
        DifferentialEntropy(SFREQ).fit(X).transform(epochs)

"""Each preset against the other library's definition, written out slowly."""

import numpy as np
import pytest
import reference
from numpy.testing import assert_allclose

from eegemo.bands import BANDS
from eegemo.features import DifferentialEntropy
from eegemo.features._presets import PRESETS

TORCHEEG = list(BANDS["torcheeg"].values())
LIBEER = list(BANDS["libeer"].values())
SEED = [1, 4, 8, 14, 31, 50]
TIGHT = 1e-9
# A transfer function of order 5 at 4 Hz rounds its poles to about 1e-5 of their
# distance from the unit circle; one of order 3 at 0.5 Hz is no better.
LOOSE = 1e-3

rates = pytest.mark.parametrize("sfreq", [128, 200])


def windows(n_times):
    """Noise with an offset, which filters from rest answer to."""
    rng = np.random.default_rng(n_times)
    return rng.standard_normal((2, 3, n_times)) * [[[1], [5], [0.2]]] + 3.0


def preset(name, sfreq):
    return DifferentialEntropy.from_preset(name, sfreq)


@rates
def test_torcheeg(sfreq):
    X = windows(sfreq)
    got = preset("torcheeg", sfreq).transform(X)
    assert_allclose(got, reference.de_torcheeg(X, sfreq, TORCHEEG), atol=TIGHT)
    theirs = reference.de_torcheeg(X, sfreq, TORCHEEG, sections=False)
    assert_allclose(got, theirs, atol=LOOSE)


@pytest.mark.parametrize("sfreq", [100, 128, 200, 250, 256, 500, 512, 1000])
def test_torcheeg_fft(sfreq):
    """Shorter windows are filled up with zeros."""
    for n_times in (sfreq, 3 * sfreq // 4):
        X = windows(n_times)
        got = preset("torcheeg-fft", sfreq).transform(X)
        assert_allclose(got, reference.de_torcheeg_fft(X, sfreq, TORCHEEG), atol=TIGHT)


@rates
def test_eegemolib(sfreq):
    X = windows(sfreq)
    got = preset("eegemolib", sfreq).transform(X)
    assert_allclose(got, reference.de_eegemolib(X, sfreq, SEED), atol=TIGHT)


@rates
def test_rbtransformer(sfreq):
    X = windows(sfreq)
    got = preset("rbtransformer", sfreq).transform(X)
    assert_allclose(got, reference.de_rbtransformer(X, sfreq, TORCHEEG), atol=TIGHT)


@rates
def test_libeer(sfreq):
    X = windows(3 * sfreq + 7)
    got = preset("libeer", sfreq).transform_trials(X, window=1)
    assert_allclose(got, reference.de_libeer(X, sfreq, LIBEER, sfreq), atol=TIGHT)
    theirs = reference.de_libeer(X, sfreq, LIBEER, sfreq, sections=False)
    assert_allclose(got, theirs, atol=LOOSE)


@pytest.mark.parametrize("name", PRESETS)
def test_names_are_the_bands(name):
    """Five, but no delta in TorchEEG, nor in what follows it."""
    bands = ["delta", "theta", "alpha", "beta", "gamma"]
    if name in ("torcheeg", "torcheeg-fft", "rbtransformer"):
        bands.remove("delta")
    names = preset(name, 200).fit(windows(200)).get_feature_names_out()
    assert list(names) == [f"ch{c}_{band}" for c in range(3) for band in bands]


def test_without_a_rate():
    assert DifferentialEntropy.from_preset("libeer").sfreq is None
    for name in ("torcheeg-fft", "eegemolib"):
        with pytest.raises(ValueError, match="give sfreq in Hz"):
            DifferentialEntropy.from_preset(name)


def test_what_a_preset_cannot_do():
    with pytest.raises(ValueError, match="Unknown preset 'seed': choose from torch"):
        preset("seed", 200)
    with pytest.raises(ValueError, match="up to 256 Hz, got 500 Hz"):
        preset("eegemolib", 500)
    with pytest.raises(ValueError, match="n_fft=200 would cut windows of 400 samples"):
        preset("torcheeg-fft", 200).fit(windows(400))

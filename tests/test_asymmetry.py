import mne
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import get_tags

from eegemo.covariance import Covariances
from eegemo.features import (
    AsymmetryFeatures,
    BandPower,
    DifferentialEntropy,
    HjorthFeatures,
)
from eegemo.montage import SEED_CHANNELS

SFREQ = 64
CHANNELS = ["F3", "Pz", "F4", "P4", "Fz", "P3"]
BANDS = {"low": (4, 10), "high": (10, 25)}
DE = DifferentialEntropy(SFREQ, BANDS, "fft")


@pytest.fixture
def X():
    rng = np.random.default_rng(0)
    return rng.standard_normal((5, 6, SFREQ)) * np.arange(1, 7)[:, None]


def epochs(X):
    return mne.EpochsArray(X, mne.create_info(CHANNELS, SFREQ, "eeg"), verbose=False)


@pytest.mark.parametrize(
    "kind, pairs",
    [
        ("dasm", [("F3", "F4"), ("P3", "P4")]),
        ("rasm", [("F3", "F4"), ("P3", "P4")]),
        ("dcau", [("F3", "P3"), ("Fz", "Pz"), ("F4", "P4")]),
    ],
)
def test_definition(X, kind, pairs):
    asymmetry = AsymmetryFeatures(DE, kind, channels=CHANNELS).fit(X)
    got = asymmetry.transform(X)
    names = list(asymmetry.get_feature_names_out())
    entropy = DE.transform(X).reshape(5, 6, 2)
    assert got.shape == (5, 2 * len(pairs)) == (5, len(names))
    sign = "/" if kind == "rasm" else "-"
    for first, second in pairs:
        for b, band in enumerate(BANDS):
            one = entropy[:, CHANNELS.index(first), b]
            other = entropy[:, CHANNELS.index(second), b]
            expected = one / other if kind == "rasm" else one - other
            column = names.index(f"{first}{sign}{second}_{band}")
            assert_allclose(got[:, column], expected, rtol=1e-12)


def test_seed_has_as_many_features_as_in_its_papers():
    X = np.random.default_rng(0).standard_normal((1, 62, 200))
    de = DifferentialEntropy(200, "seed", "fft")
    for kind, n_features in (("dasm", 135), ("rasm", 135), ("dcau", 115)):
        asymmetry = AsymmetryFeatures(de, kind, channels=SEED_CHANNELS)
        assert asymmetry.transform(X).shape == (1, n_features)


def test_epochs_bring_names_and_rate(X):
    de = DifferentialEntropy(None, BANDS, "fft")
    fitted = AsymmetryFeatures(de).fit(epochs(X))
    expected = AsymmetryFeatures(DE, pairs=[(0, 2), (5, 3)]).fit_transform(X)
    assert_array_equal(fitted.transform(epochs(X)), expected)
    assert fitted.get_feature_names_out()[0] == "F3-F4_low"


def test_names_and_indices_are_alike(X):
    by_name = AsymmetryFeatures(DE, pairs=[("Pz", "F3")], channels=CHANNELS)
    by_index = AsymmetryFeatures(DE, pairs=[(1, 0)])
    assert_array_equal(by_name.fit_transform(X), by_index.fit_transform(X))
    assert by_index.get_feature_names_out()[0] == "ch1-ch0_low"


def test_swapping_the_hemispheres_changes_the_sign(X):
    got = AsymmetryFeatures(DE, pairs=[(0, 2), (5, 3)]).transform(X)
    mirrored = AsymmetryFeatures(DE, pairs=[(0, 2), (5, 3)]).transform(
        X[:, [2, 1, 0, 5, 4, 3]]
    )
    assert_array_equal(mirrored, -got)


class Given(TransformerMixin, BaseEstimator):
    """The first sample of each channel, as if it were a feature."""

    names = "{}_first"

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return X[:, :, 0]

    def get_feature_names_out(self, channels):
        return np.array([self.names.format(c) for c in channels], object)


def test_ratio_near_zero_is_bounded():
    """At a thousand, on the side of the signs, in whatever unit."""
    X = np.zeros((12, 2, 4))
    X[:, 0, 0] = [2, 2, 2, 2, 2, 2, 2, -2, -2, 0, 0, 1e-323]
    X[:, 1, 0] = [0.5, -0.5, 1e-9, -1e-9, 0, -0.0, 0.002, 1e-9, 0, 0, -3, 0]
    expected = [4, -4, 1e3, -1e3, 1e3, -1e3, 1e3, -1e3, -1e3, 1, 0, 1e3]
    rasm = AsymmetryFeatures(Given(), "rasm", pairs=[(0, 1)])
    for unit in (1, 1e-12, 1e12):
        assert_allclose(rasm.fit_transform(unit * X)[:11, 0], expected[:11])
    assert_allclose(rasm.transform(X)[:, 0], expected)
    got = rasm.transform(X.astype("float32"))
    assert got.dtype == "float32"
    assert_allclose(got[:11, 0], expected[:11], rtol=1e-6)


def test_ratio_of_entropies_near_zero_is_bounded(X):
    """With the right channel scaled to an entropy of some 1e-9."""
    entropy = DE.transform(X).reshape(5, 6, 2)
    X[:, 2] *= np.exp(1e-9 - entropy[:, 2, :1])  # F4, of the lower band
    got = AsymmetryFeatures(DE, "rasm", pairs=[(0, 2)]).transform(X)
    assert_array_equal(got[:, 0], 1000 * np.sign(entropy[:, 0, 0]))


@pytest.mark.parametrize(
    "transformer",
    [
        BandPower(SFREQ, BANDS),
        BandPower(SFREQ, BANDS, scale="relative"),
        HjorthFeatures(log_activity=False),
    ],
    ids=str,
)
def test_ratio_of_powers_has_no_unit(X, transformer):
    rasm = AsymmetryFeatures(transformer, "rasm", pairs=[(0, 2), (5, 3)])
    microvolts = rasm.transform(X)
    power = transformer.fit_transform(X).reshape(5, 6, -1)
    expected = power[:, [0, 5]] / power[:, [2, 3]]
    assert_allclose(microvolts, expected.reshape(5, -1), rtol=1e-12)
    assert_allclose(rasm.transform(1e-6 * X), microvolts, rtol=1e-9)


@pytest.mark.parametrize("kind", ["dasm", "rasm"])
def test_trials(X, kind):
    asymmetry = AsymmetryFeatures(DE, kind, pairs=[(0, 2), (5, 3)])
    got = asymmetry.transform_trials(X, window=0.5)
    assert got.shape == (5, 2, 4)
    for i in range(2):
        half = np.ascontiguousarray(X[:, :, 32 * i : 32 * (i + 1)])
        assert_allclose(got[:, i], asymmetry.transform(half), rtol=1e-12)


def test_trials_only_if_the_transformer_cuts_them():
    assert hasattr(AsymmetryFeatures(BandPower(SFREQ)), "transform_trials")
    assert not hasattr(AsymmetryFeatures(HjorthFeatures()), "transform_trials")


def test_needs_fit_if_its_transformer_does(X):
    needs = AsymmetryFeatures(DifferentialEntropy())
    assert get_tags(needs).requires_fit
    assert not get_tags(AsymmetryFeatures(DE)).requires_fit


class Elsewhere(Given):
    names = "first_of_{}"


@pytest.mark.parametrize(
    "params, message",
    [
        ({"kind": "sum"}, r"kind should be one of .*: 'sum'"),
        ({}, "which channels are opposite: give channels= names, pairs= indices, or"),
        ({"pairs": []}, "No pair of channels"),
        ({"pairs": [(0, 1, 2)]}, r"list of \(channel, channel\)"),
        ({"pairs": [(0, 6)]}, "the channel 6, but X has 6 channels"),
        ({"pairs": [("F3", "F4")]}, "the channel 'F3', but X has 6 channels"),
        ({"pairs": [("F3", "F9")], "channels": CHANNELS}, "'F9'.* 6 channels named F3"),
        ({"channels": CHANNELS[:3]}, "6 different names, .*got 3: F3, Pz, F4"),
        ({"channels": ["Cz"] * 6}, "6 different names"),
        ({"channels": list("abcdef")}, "No pair .* names a, b, c, .* rename"),
        (
            {"channels": [f"EEG {name}-REF" for name in CHANNELS]},
            "names EEG F3-REF, .* 10-20 system .* rename_channels",
        ),
        (
            {"channels": [f"{name}." for name in CHANNELS], "kind": "dcau"},
            r"names F3\., .* 10-20 system .* rename_channels",
        ),
        (
            {"transformer": Elsewhere(), "pairs": [(0, 1)]},
            "go by channel, .* first_of_ch0",
        ),
    ],
    ids=str,
)
def test_bad_parameters(X, params, message):
    with pytest.raises(ValueError, match=message):
        AsymmetryFeatures(**{"transformer": DE, **params}).fit(X)


def test_names_that_contradict_the_epochs(X):
    with pytest.raises(ValueError, match="contradicts the Epochs, .* F3, Pz"):
        AsymmetryFeatures(DE, channels=CHANNELS[::-1]).fit(epochs(X))


def test_transformer_of_matrices_is_refused(X):
    with pytest.raises(ValueError, match="features go by channel"):
        AsymmetryFeatures(Covariances(), pairs=[(0, 1)]).fit(X)

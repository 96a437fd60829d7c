"""The network of sub-bands: its filters, layers, size and errors."""

import mne
import numpy as np
import pytest
import reference
from networks import built, check_gradients, forward
from numpy.testing import assert_allclose, assert_array_equal
from scipy.signal import cheby1, sosfiltfilt, sosfreqz

from eegemo.networks import SSVEPNet
from eegemo.networks._layer import Pass, arrays
from eegemo.networks._ssvepnet import subband_edges
from eegemo.networks._subbands import Subbands

SFREQ = 250


def windows(n=24, n_times=60, seed=0):
    """Sines of 10 and 15 Hz, in noise."""
    rng = np.random.default_rng(seed)
    y = np.resize([10, 15], n)
    wave = np.sin(2 * np.pi * y[:, None, None] * np.arange(n_times) / SFREQ)
    return wave + rng.standard_normal((n, 2, n_times)), y


def network(**parameters):
    network = SSVEPNet(SFREQ, max_epochs=8, learning_rate=0.003, random_state=0)
    return network.set_params(**parameters)


def test_size_of_the_paper():
    net = SSVEPNet(SFREQ)
    layers = net._network((9, 100), 40)
    layers.build((9, 100), np.random.default_rng(0))
    weights = arrays(layers, "weights")
    assert sum(w.size for w in weights.values()) == 414283
    assert_array_equal(weights["subbands.weight"], 1)
    for name in ("spatial", "pairs", "temporal", "output"):
        assert_array_equal(weights[f"{name}.bias"], 0)
        spread = weights[f"{name}.weight"].std()
        assert_allclose(spread, 0.01, rtol=0.1)  # of 1080 draws and more
    assert (net.max_epochs, net.batch_size) == (1000, 100)
    assert (net.learning_rate, net.weight_decay) == (1e-4, 1e-3)


class TestSubbands:
    @pytest.mark.parametrize("dtype", [np.float64, np.float32])
    def test_filters(self, dtype):
        X, _ = windows(70)
        X = X.astype(dtype)
        layer = Subbands([(8, 90), (16, 90)], SFREQ)
        prepared = layer.prepare(X)
        assert prepared.shape == (70, 2, 2, 60)
        assert prepared.dtype == dtype
        for b, low in enumerate((8, 16)):
            sos = cheby1(2, 1, (low, 90), "bandpass", output="sos", fs=SFREQ)
            expected = sosfiltfilt(sos, X.astype(float))
            assert_allclose(prepared[:, b], expected, rtol=1e-5, atol=1e-6)

    def test_ripple(self):
        """One decibel within the band, of each way."""
        (sos,) = Subbands([(16, 90)], SFREQ).filters
        frequencies, response = sosfreqz(sos, worN=4000, fs=SFREQ)
        inside = (frequencies >= 16) & (frequencies <= 90)
        decibels = 20 * np.log10(np.abs(response[inside]))
        assert_allclose([decibels.min(), decibels.max()], [-1, 0], atol=0.02)

    def test_gradients(self):
        layer = Subbands([(8, 90), (16, 90), (24, 90)], SFREQ)
        assert built(layer, (2, 20)) == (2, 20)
        layer.weights["weight"][:] = [1, -2, 3]
        X = windows(4, 20)[0]
        check_gradients(layer, X, of_input=False)
        expected = np.einsum("b,nbct->nct", [1, -2, 3], layer.prepare(X))
        assert_allclose(forward(layer, X), expected, rtol=1e-10)

    def test_edges(self):
        assert subband_edges(3, 250) == [(8, 90), (16, 90), (24, 90)]
        assert subband_edges(2, 128) == [(8, 57.6), (16, 57.6)]
        with pytest.raises(ValueError, match="Sub-band 7 would be from 56 to 45 Hz"):
            subband_edges(7, 100)
        with pytest.raises(ValueError, match="n_subbands"):
            subband_edges(0, 100)


def test_forward_matches_loops():
    X, _ = windows(3, 20)
    layers = network()._network((2, 20), 4)
    built(layers, (2, 20))
    rng = np.random.default_rng(1)
    weights = arrays(layers, "weights")
    for weight in weights.values():
        weight += 0.1 * rng.standard_normal(weight.shape)
    prepared = layers.prepare(X)
    found = layers.forward(prepared.copy(), Pass())
    x = np.einsum("b,nbct->nct", weights["subbands.weight"], prepared)
    x = np.einsum("nct,oc->not", x, weights["spatial.weight"])
    x = x + weights["spatial.bias"][:, None]
    x = reference.convolution(x, weights["pairs.weight"], weights["pairs.bias"], 2)
    x = np.pad(np.maximum(x, 0), ((0, 0), (0, 0), (4, 5)))
    x = reference.convolution(
        x, weights["temporal.weight"], weights["temporal.bias"], 1
    )
    expected = x.reshape(3, -1) @ weights["output.weight"] + weights["output.bias"]
    assert_allclose(found, expected, rtol=1e-9)


def test_learns_frequencies():
    assert network().fit(*windows(40)).score(*windows(40, seed=1)) > 0.9


def test_sampling_rate(tmp_path):
    X, y = windows(8)
    with pytest.raises(ValueError, match="sampling rate is unknown"):
        network(sfreq=None).fit(X, y)
    epochs = mne.EpochsArray(X, mne.create_info(2, SFREQ, "eeg"), verbose=False)
    slow = mne.EpochsArray(X, mne.create_info(2, 128, "eeg"), verbose=False)
    net = network(max_epochs=1)
    with pytest.raises(ValueError, match="128 Hz, which contradicts the 250 Hz"):
        net.fit(slow, y)
    expected = net.fit(X, y).predict_proba(X)
    with pytest.raises(ValueError, match="128 Hz, which contradicts the 250 Hz"):
        net.predict(slow)
    net = network(max_epochs=1, sfreq=None).fit(epochs, y)
    assert_array_equal(net.predict_proba(epochs), expected)
    net.save_weights(tmp_path / "weights.npz")
    again = network(sfreq=None).load_weights(tmp_path / "weights.npz")
    assert_array_equal(again.predict_proba(epochs), expected)


def test_read_only_filters():
    """As joblib hands them to its workers."""
    layer = Subbands([(8, 90)], SFREQ)
    X, _ = windows(2)
    expected = layer.prepare(X)
    layer.filters[0].flags.writeable = False
    assert_array_equal(layer.prepare(X), expected)


def test_errors():
    X, y = windows(4, 15)
    with pytest.raises(ValueError, match="need longer windows than 15 samples"):
        network().fit(X, y)
    with pytest.raises(ValueError, match="lower n_subbands"):
        network(n_subbands=20).fit(*windows(4))

"""Normalised temporal and spatial filters as one, against layer after layer."""

import networks
import numpy as np
import pytest
from numpy.testing import assert_allclose

from eegemo.networks._layer import Pass
from eegemo.networks._normalization import BatchNorm
from eegemo.networks._normalized_filters import NormalizedTemporalThenSpatial

SHAPES = [(5, 3), (6, 8), (9, 4), (12, 7)]  # samples and taps


def windows(n_times):
    return np.random.default_rng(n_times).standard_normal((4, 3, n_times)) + 0.5


def layer_of(n_times, n_taps):
    layer = NormalizedTemporalThenSpatial(2, n_taps, 2, max_norm=1.0)
    assert networks.built(layer, (3, n_times)) == (4, n_times)
    layer.norm.weights["scale"][:] = [0.5, -2.0]
    layer.norm.weights["shift"][:] = [0.3, 1.0]
    return layer


def filtered(X, h):
    """As the sums are written, with zeros around; (n_windows, n_filters, ...)."""
    K, T = len(h), X.shape[2]
    padded = np.pad(X, [(0, 0), (0, 0), ((K - 1) // 2, K // 2)])
    return sum(
        h[k][None, :, None, None] * padded[:, None, :, k : k + T] for k in range(K)
    )


@pytest.mark.parametrize("n_times, n_taps", SHAPES)
def test_gradients(n_times, n_taps):
    layer = layer_of(n_times, n_taps)
    networks.check_gradients(layer, windows(n_times), of_input=False)


@pytest.mark.parametrize("n_times, n_taps", SHAPES)
@pytest.mark.parametrize("training", [True, False])
def test_is_the_layers_it_stands_for(n_times, n_taps, training):
    layer, norm = layer_of(n_times, n_taps), BatchNorm()
    networks.built(norm, (2, 3, n_times))
    for name, weight in layer.norm.weights.items():
        norm.weights[name][:] = weight
    run = Pass(np.random.default_rng(0) if training else None)
    X = windows(n_times)
    z = norm.forward(filtered(X, layer.weights["temporal"]), run)
    S = layer.weights["spatial"].reshape(3, 2, 2)
    expected = np.einsum("cfd,nfct->nfdt", S, z).reshape(4, 4, n_times)
    actual = networks.forward(layer, X, run=run)
    # the moments come through a Fourier transform of squares
    assert_allclose(actual, expected, rtol=1e-10, atol=1e-12)
    for name, value in norm.statistics.items():
        assert_allclose(layer.norm.statistics[name], value, rtol=1e-10)


@pytest.mark.parametrize("n_times, n_taps", SHAPES)
def test_moments(n_times, n_taps):
    layer = layer_of(n_times, n_taps)
    X = windows(n_times)
    means, covariances = layer.prepare(X)[1:]
    one_tap = filtered(X, np.eye(n_taps))
    for i in range(len(X)):
        under = one_tap[i].reshape(n_taps, -1)
        assert_allclose(means[i], under.mean(axis=1), atol=1e-13)
        assert_allclose(covariances[i], np.cov(under, ddof=0), atol=1e-13)

"""Batch normalisation and ELU at once, against the two layers."""

import networks
import numpy as np
import pytest
from numpy.testing import assert_allclose

from eegemo.networks._layer import Pass, Sequential, arrays
from eegemo.networks._normalization import BatchNorm
from eegemo.networks._normalized_elu import NormalizedELU
from eegemo.networks._pointwise import ELU


def data(n=6, n_channels=3, n_times=7, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, n_channels, n_times))
    return X * [[1.0], [20.0], [0.1]] + [[0.0], [100.0], [-1.0]]


def layers():
    """The layer, and the two, with the same weights and statistics."""
    pair = NormalizedELU(), Sequential(norm=BatchNorm(), elu=ELU())
    rng = np.random.default_rng(3)
    for layer in pair:
        networks.built(layer, (3, 7))
    for kind in ("weights", "statistics"):
        for one, two in zip(*(arrays(p, kind).values() for p in pair), strict=True):
            one[...] = two[...] = 1 + rng.random(3)
    return pair


def test_gradients():
    layer, _ = layers()
    networks.check_gradients(layer, data(), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("training", [True, False])
def test_is_both_layers(training):
    one, two = layers()
    X, outputs, gradients = data(), [], []
    for layer in (one, two):
        run = Pass(np.random.default_rng(0) if training else None)
        outputs.append(layer.forward(X.copy(), run))
        if training:
            gradients.append(layer.backward(np.cos(X), run))
    assert_allclose(outputs[0], outputs[1], rtol=1e-10, atol=1e-12)
    assert outputs[0].min() < -0.5 and outputs[0].max() > 1
    if training:
        assert_allclose(gradients[0], gradients[1], rtol=1e-8, atol=1e-9)
        for kind in ("gradients", "statistics"):
            pair = arrays(one, kind).values(), arrays(two, kind).values()
            for a, b in zip(*pair, strict=True):
                assert_allclose(a, b, rtol=1e-10)


def test_single_precision():
    """A mean of a thousand times the deviation costs a thousandfold rounding."""
    X = data() + [[0.0], [2e4], [0.0]]
    expected = networks.forward(layers()[0], X)
    single, _ = layers()
    for kind in (single.weights, single.statistics):
        for name, array in kind.items():
            kind[name] = array.astype(np.float32)
    single.gradients = {}
    got = networks.forward(single, X.astype(np.float32))
    assert got.dtype == np.float32
    assert_allclose(got, expected, atol=2e-3)
    assert all(array.dtype == np.float32 for array in single.statistics.values())


def test_of_transposed_samples():
    layer, _ = layers()
    X = data()
    expected = networks.forward(layer, X)
    view = np.ascontiguousarray(X.swapaxes(1, 2)).swapaxes(1, 2)
    run = Pass(np.random.default_rng(0))
    assert_allclose(layer.forward(view, run), expected)
    assert layer.backward(np.asfortranarray(X), run).shape == X.shape


def test_without_the_gradient_of_the_input():
    layer, _ = layers()
    run = Pass(np.random.default_rng(0))
    layer.forward(data(), run)
    assert layer.backward(data(seed=1), run, needs_input=False) is None

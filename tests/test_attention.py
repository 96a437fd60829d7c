import networks
import numpy as np
import pytest
import reference
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import softmax

from eegemo._kernels.attention import (
    divide_by_sums,
    subtract_highest,
    through_softmax,
)
from eegemo.networks._attention import Attention, ElectrodeEmbedding, MeanToken
from eegemo.networks._layer import Pass, Sequential


@pytest.fixture
def X():
    return np.random.default_rng(0).standard_normal((3, 5, 4))


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_gradients(X, dropout):
    layer = Attention(2, 3, dropout)
    assert networks.built(layer, X.shape[1:]) == X.shape[1:]
    networks.check_gradients(layer, X)


@pytest.mark.parametrize("layer", [ElectrodeEmbedding(), MeanToken()])
def test_gradients_of_tokens(X, layer):
    networks.built(layer, X.shape[1:])
    networks.check_gradients(layer, X)


def test_reference(X):
    layer = Attention(2, 3, 0.5)
    networks.built(layer, X.shape[1:])
    weights, expected = reference.attention(X, *layer.weights.values(), n_heads=2)
    assert_allclose(layer.forward(X, Pass()), expected, rtol=1e-12, atol=1e-14)
    assert_allclose(layer.attention(X), weights, rtol=1e-12)
    assert_allclose(layer.attention(X).sum(axis=-1), 1)


def test_order_of_tokens_does_not_matter_to_attention(X):
    layer = Attention(2, 3, 0.0)
    networks.built(layer, X.shape[1:])
    out = layer.forward(X, Pass())
    assert_allclose(layer.forward(X[:, ::-1], Pass()), out[:, ::-1], rtol=1e-12)


def test_dropout_is_of_the_weights_and_keeps_the_mean(X):
    """The mean of 4000 masks at rate 0.5 errs by 1.6 % of each term."""
    layer = Attention(1, 3, 0.5)
    networks.built(layer, X.shape[1:])
    expected = layer.forward(X[:1], Pass())
    run = Pass(np.random.default_rng(0))
    out = layer.forward(np.repeat(X[:1], 4000, axis=0), run)
    assert out.std(axis=0).min() > 0
    assert_allclose(out.mean(axis=0), expected[0], atol=0.05)


def test_large_scores_do_not_overflow(X):
    layer = Attention(2, 3, 0.0)
    networks.built(layer, X.shape[1:])
    with np.errstate(all="raise", under="ignore"):
        weights = layer.attention(1e3 * X)
    assert np.isfinite(weights).all()


def test_single_precision_stays(X):
    network = Sequential(
        electrodes=ElectrodeEmbedding(),
        attention=Attention(2, 3, 0.1),
        mean=MeanToken(),
    )
    network.build(X.shape[1:], np.random.default_rng(0))
    networks.flatten(network, np.float32)
    run = Pass(np.random.default_rng(0))
    out = network.forward(X.astype(np.float32), run)
    assert out.dtype == np.float32
    assert network.backward(np.ones_like(out), run).dtype == np.float32


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_kernels(dtype):
    """To a few units in the last place."""
    rng = np.random.default_rng(0)
    scores, gradient = 10 * rng.standard_normal((2, 3, 6, 7)).astype(dtype)
    weights = scores.copy()
    subtract_highest(weights)
    assert_array_equal(weights, scores - scores.max(axis=1, keepdims=True))
    np.exp(weights, out=weights)
    divide_by_sums(weights)
    rtol = 100 * np.finfo(dtype).eps
    assert_allclose(weights, softmax(scores, axis=1), rtol=rtol)
    dropped = weights * (rng.random(weights.shape) > 0.5).astype(dtype)
    inner = gradient * dropped
    expected = inner - weights * inner.sum(axis=1, keepdims=True)
    through_softmax(gradient, dropped, weights)
    assert_allclose(gradient, expected, rtol=rtol, atol=rtol)

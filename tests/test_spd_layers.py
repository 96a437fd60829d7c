import networks
import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.linalg import logm

from eegemo.networks._layer import Layer, Pass, Sequential
from eegemo.networks._spd_layers import BiMap, LogEig, ReEig, UpperTriangle
from eegemo.riemann._functions import symmetric

THRESHOLD = 0.1
EIGENVALUES = {
    "apart": [0.5, 1.0, 2.0, 4.0],
    "repeated": [0.5, 2.0, 2.0, 2.0],
    "nearly repeated": [0.5, 2.0, 2.0 + 1e-9, 2.0 + 1e-8],
    "all equal": [1.0, 1.0, 1.0, 1.0],
    "below the threshold": [1e-3, 1e-3, 0.05, 2.0],
    "both sides of the threshold": [0.08, 0.12, 1.0, 1.0],
    "all below": [1e-6, 1e-3, 1e-2, 1e-2],
}


class Symmetric(Layer):
    """So that differences may move one element alone."""

    def forward(self, x, run):
        return symmetric(x)

    def backward(self, gradient, run, needs_input=True):
        return symmetric(gradient)


def with_eigenvalues(values, n_matrices=2):
    rng = np.random.default_rng(len(values))
    Q = np.linalg.qr(rng.standard_normal((n_matrices, len(values), len(values))))[0]
    return symmetric(Q * np.asarray(values) @ Q.mT)


@pytest.mark.parametrize("layer", [ReEig, LogEig])
@pytest.mark.parametrize("values", EIGENVALUES.values(), ids=EIGENVALUES)
def test_gradients(layer, values):
    """Second derivatives are up to one over the square of the threshold."""
    network = Sequential(symmetric=Symmetric(), layer=layer(THRESHOLD))
    networks.built(network, (4, 4))
    networks.check_gradients(network, with_eigenvalues(values), rtol=1e-5, atol=1e-7)


def test_gradients_of_what_leads_on():
    network = Sequential(symmetric=Symmetric(), upper=UpperTriangle())
    networks.built(network, (3, 3))
    networks.check_gradients(network, with_eigenvalues([1, 2, 3]))


def test_bimap_gradient_of_input():
    layer = BiMap(2)
    networks.built(layer, (4, 4))
    X, direction = with_eigenvalues([1, 2, 3, 4]), np.ones((2, 2, 2))
    run = Pass(np.random.default_rng(0))
    layer.forward(X, run)
    W = layer.weights["weight"]
    assert_allclose(layer.backward(direction, run)[0], W @ direction[0] @ W.T)


def test_bimap_gradient_is_of_the_manifold():
    """The slope along a curve of orthonormal columns is the product with its start."""
    layer = BiMap(2)
    networks.built(layer, (4, 4))
    X, rng = with_eigenvalues([1, 2, 3, 4]), np.random.default_rng(1)
    direction = symmetric(rng.standard_normal((2, 2, 2)))
    run = Pass(rng)
    W = layer.weights["weight"].copy()
    layer.forward(X, run)
    layer.backward(direction.copy(), run, needs_input=False)
    gradient = layer.gradients["weight"]
    assert_allclose(symmetric(W.T @ gradient), 0, atol=1e-12)  # is tangent
    start = rng.standard_normal(W.shape)
    start -= W @ symmetric(W.T @ start)
    losses = []
    for step in (1e-6, -1e-6):
        layer.weights["weight"][:] = W + step * start
        layer.constrain()
        losses.append((layer.forward(X, run) * direction).sum())
    slope = (losses[0] - losses[1]) / 2e-6
    assert_allclose(slope, (gradient * start).sum(), rtol=1e-7)


def test_constrain_makes_columns_orthonormal_and_keeps_those_that_are():
    layer = BiMap(3)
    networks.built(layer, (5, 5))
    W = layer.weights["weight"]
    assert_allclose(W.T @ W, np.eye(3), atol=1e-14)
    before = W.copy()
    layer.constrain()
    assert_allclose(W, before, atol=1e-14)
    W += 0.1
    layer.constrain()
    assert_allclose(W.T @ W, np.eye(3), atol=1e-14)


def test_logeig_is_the_logarithm_of_reeig():
    X = with_eigenvalues([1e-3, 0.5, 1, 7])
    rectified = ReEig(THRESHOLD).forward(X, Pass())
    assert_allclose(np.linalg.eigvalsh(rectified[0])[0], THRESHOLD)
    expected = [logm(C) for C in rectified]
    assert_allclose(LogEig(THRESHOLD).forward(X, Pass()), expected, atol=1e-12)


def test_upper_triangle_keeps_norms():
    X = with_eigenvalues([1, 2, 3])
    vectors = UpperTriangle().forward(X, Pass())
    assert vectors.shape == (2, 6)
    assert_allclose(np.linalg.norm(vectors, axis=1), np.linalg.norm(X, axis=(1, 2)))


def test_single_precision_stays():
    network = Sequential(
        map=BiMap(2), re=ReEig(1e-4), log=LogEig(1e-4), upper=UpperTriangle()
    )
    network.build((4, 4), np.random.default_rng(0))
    networks.flatten(network, np.float32)
    run = Pass(np.random.default_rng(0))
    out = network.forward(with_eigenvalues([1, 2, 3, 4]).astype(np.float32), run)
    assert out.dtype == np.float32
    assert network.backward(np.ones_like(out), run).dtype == np.float32

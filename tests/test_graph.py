"""Propagation on graphs, against spectral definitions and finite differences."""

import networks
import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import eval_chebyt

from eegemo.networks._graph import (
    FixedPropagation,
    LearnedPropagation,
    block_diagonal,
    scaled_laplacian,
)

PATH = (3, [(0, 1), (1, 2)])
SQUARE = (4, [(0, 1), (1, 2), (2, 3), (0, 3)])
LONELY = (1, [])
GRAPHS = [[PATH], [SQUARE, PATH], [PATH, LONELY, (2, [])]]


def of_matrix(function, matrix):
    """Apply a function to the eigenvalues of a symmetric matrix."""
    values, vectors = np.linalg.eigh(matrix)
    return vectors * function(values) @ vectors.T


def data(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def test_scaled_laplacian():
    """A path of three has the eigenvalues 0, 1, 3; a cycle of four 0, 2, 2, 4."""
    path = np.linalg.eigvalsh(scaled_laplacian(*PATH))
    assert_allclose(path, [-1, 2 / 3 - 1, 1], atol=1e-12)
    square = np.linalg.eigvalsh(scaled_laplacian(*SQUARE))
    assert_allclose(square, [-1, 0, 0, 1], atol=1e-12)
    assert_allclose(scaled_laplacian(2, []), -np.eye(2))


@pytest.mark.parametrize("order", [0, 1, 2, 4])
@pytest.mark.parametrize("graphs", GRAPHS)
def test_fixed_propagation_is_spectral(graphs, order):
    layer = FixedPropagation(graphs, order)
    n = sum(n for n, _ in graphs)
    assert networks.built(layer, (n, 5)) == (n, 5)
    X = data(3, n, 5)
    blocks = []
    for graph, weight in zip(graphs, layer.weights["coefficients"], strict=True):

        def response(values, weight=weight):
            return sum(w * eval_chebyt(k, values) for k, w in enumerate(weight))

        blocks.append(of_matrix(response, scaled_laplacian(*graph)))
    expected = np.einsum("ij,bjt->bit", block_diagonal(blocks), X)
    assert_allclose(networks.forward(layer, X), expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("shape", [(), (3,)])
@pytest.mark.parametrize("graphs", GRAPHS)
def test_gradients_of_fixed_propagation(graphs, shape):
    layer = FixedPropagation(graphs, 2)
    n = sum(n for n, _ in graphs)
    networks.built(layer, (n, *shape))
    networks.check_gradients(layer, data(4, n, *shape))


def test_signals_go_as_far_as_the_order():
    layer = FixedPropagation([(5, [(0, 1), (1, 2), (2, 3), (3, 4)])], 2)
    networks.built(layer, (5,))
    X = np.zeros((1, 5))
    X[0, 0] = 1
    reached = networks.forward(layer, X)[0] != 0
    assert reached.tolist() == [True, True, True, False, False]


@pytest.mark.parametrize("n_polynomials", [1, 2, 3, 5])
def test_gradients_of_learned_propagation(n_polynomials):
    layer = LearnedPropagation(3, n_polynomials)
    assert networks.built(layer, (2, 4)) == (3, 4)
    layer.weights["adjacency"][...] = data(4, 4, seed=2)  # some negative
    networks.check_gradients(layer, data(5, 2, 4))
    negative = layer.weights["adjacency"] < 0
    assert negative.any() and not layer.gradients["adjacency"][negative].any()


def test_learned_propagation_is_spectral():
    """With the largest eigenvalue of the normalised Laplacian taken to be 2."""
    layer = LearnedPropagation(3, 4)
    networks.built(layer, (2, 6))
    layer.weights["adjacency"][...] = data(6, 6, seed=1)
    graph = layer.graph()
    assert_allclose(graph, graph.T)
    assert graph.min() == 0
    root = 1 / np.sqrt(graph.sum(axis=0))
    laplacian = np.eye(6) - root[:, None] * graph * root
    values = np.linalg.eigvalsh(laplacian)
    assert -1e-12 < values[0] and values[-1] < 2 + 1e-12
    X = data(5, 2, 6)
    expected = 0
    for k, weight in enumerate(layer.weights["filters"]):
        polynomial = of_matrix(lambda v, k=k: eval_chebyt(k, 2 * v / 2 - 1), laplacian)
        expected = expected + polynomial @ X.swapaxes(1, 2) @ weight
    expected = np.maximum(expected, 0).swapaxes(1, 2)
    assert_allclose(networks.forward(layer, X), expected, rtol=1e-8, atol=1e-10)


def test_learned_propagation_of_a_lonely_node():
    """It has no edge, and odd polynomials of it are zero."""
    layer = LearnedPropagation(2, 2)
    networks.built(layer, (1, 3))
    layer.weights["adjacency"][0] = layer.weights["adjacency"][:, 0] = -1
    X = data(4, 1, 3)
    expected = np.maximum(X[:, :, 0] @ layer.weights["filters"][0], 0)
    assert_allclose(networks.forward(layer, X)[:, :, 0], expected, rtol=1e-12)
    networks.check_gradients(layer, X)


def test_single_precision():
    for layer in (FixedPropagation([PATH, SQUARE], 3), LearnedPropagation(2, 3)):
        networks.built(layer, (7, 7))
        X = data(4, 7, 7)
        expected = networks.forward(layer, X)
        for name, weight in layer.weights.items():
            layer.weights[name] = weight.astype(np.float32)
        got = networks.forward(layer, X.astype(np.float32))
        assert got.dtype == np.float32
        assert_allclose(got, expected, atol=1e-5)

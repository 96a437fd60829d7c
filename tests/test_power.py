"""Mean power in one pass, against the layers that it stands for."""

import networks
import numpy as np
import pytest
from numpy.testing import assert_allclose

from eegemo._kernels.power import block_moments, scale_blocks
from eegemo.networks._layer import Pass
from eegemo.networks._normalization import BatchNorm
from eegemo.networks._power import MeanPower

SHAPES = [(4, 2, 11), (3, 3, 9), (5, 5, 23), (6, 4, 6)]


def maps(n_times, offset=0.0):
    return np.random.default_rng(n_times).standard_normal((5, 3, n_times)) + offset


@pytest.mark.parametrize("size, stride, n_times", SHAPES)
def test_gradients(size, stride, n_times):
    layer = MeanPower(size, stride)
    networks.built(layer, (3, n_times))
    layer.weights["scale"][:] = [0.5, 1.0, -2.0]
    layer.weights["shift"][:] = [0.3, 0.0, 1.0]
    networks.check_gradients(layer, maps(n_times))


@pytest.mark.parametrize("size, stride, n_times", SHAPES)
@pytest.mark.parametrize("training", [True, False])
def test_is_the_layers_it_stands_for(size, stride, n_times, training):
    layer, norm = MeanPower(size, stride), BatchNorm()
    shape = networks.built(layer, (3, n_times))
    networks.built(norm, (3, n_times))
    for each in (layer, norm):
        each.weights["scale"][:] = [0.5, 1.0, -2.0]
        each.weights["shift"][:] = [0.3, 0.0, 1.0]
        each.statistics["mean"][:] = 0.1
    run = Pass(np.random.default_rng(0) if training else None)
    X = maps(n_times)
    squares = norm.forward(X.copy(), run) ** 2
    starts = range(0, n_times - size + 1, stride)
    expected = np.stack([squares[..., s : s + size].mean(axis=2) for s in starts], 2)
    assert expected.shape[1:] == shape
    assert_allclose(layer.forward(X.copy(), run), expected, rtol=1e-12)
    for name, value in norm.statistics.items():
        assert_allclose(layer.statistics[name], value, rtol=1e-12)


def test_offset_is_removed():
    """An offset of 100 takes two of the seven digits of float32."""
    layer = MeanPower(5, 5)
    networks.built(layer, (3, 50))
    run = Pass(np.random.default_rng(0))
    plain = layer.forward(maps(50).astype(np.float32), run)
    shifted = layer.forward(maps(50, 100.0).astype(np.float32), run)
    assert_allclose(shifted, plain, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("size", [1, 4, 10, 30])
def test_kernels(size):
    X = maps(10)
    centers = np.array([0.0, 1.0, -2.0])
    sums, squares = block_moments(X, centers, size)
    edges = np.arange(0, 10, size)
    Z = X - centers[:, None]
    assert_allclose(sums, np.add.reduceat(Z, edges, axis=2), atol=1e-13)
    assert_allclose(squares, np.add.reduceat(Z**2, edges, axis=2), atol=1e-13)
    out = X.copy()
    scale_blocks(out, sums, squares, size)
    each = np.repeat(np.arange(len(edges)), size)[:10]
    assert_allclose(out, X * sums[..., each] + squares[..., each], atol=1e-14)

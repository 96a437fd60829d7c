"""The layers of HiSTN, against slow twins and finite differences."""

import networks
import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import softmax

from eegemo.networks._layer import arrays
from eegemo.networks._levels import Levels, SqueezedFilters
from eegemo.networks._regions import RegionFusion, RegionPointwise

GRAPHS = [(3, [(0, 1), (1, 2)]), (2, [(0, 1)]), (1, [])]
RING = [(0, 1), (1, 2), (0, 2)]


def data(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


@pytest.mark.parametrize("n_taps", [1, 4, 5, 12])
def test_squeezed_filters_are_two_convolutions(n_taps):
    """Of an even number of taps, the middle is the one before the middle."""
    layer = SqueezedFilters(3, n_taps, [2, 0, 1], max_norm=1.0)
    assert networks.built(layer, (3, 9)) == (3, 9)
    X = data(4, 3, 9)
    padded = np.pad(X, ((0, 0), (0, 0), ((n_taps - 1) // 2, n_taps // 2)))
    seen = np.lib.stride_tricks.sliding_window_view(padded, n_taps, axis=-1)
    maps = np.einsum("bctk,fk->bcft", seen[:, [2, 0, 1]], layer.weights["temporal"])
    expected = np.einsum("bcft,cf->bct", maps, layer.weights["mixtures"])
    assert_allclose(networks.forward(layer, X), expected, rtol=1e-10, atol=1e-12)
    networks.check_gradients(layer, X, of_input=False)


def test_squeezed_filters_are_constrained():
    layer = SqueezedFilters(3, 4, [0, 1], max_norm=1.0)
    networks.built(layer, (2, 9))
    layer.weights["mixtures"][...] = [[3, 0, 4], [0.1, 0.2, 0.3]]
    layer.constrain()
    assert_allclose(layer.weights["mixtures"], [[0.6, 0, 0.8], [0.1, 0.2, 0.3]])


@pytest.mark.parametrize("sizes", [[3], [2, 3, 1]])
def test_region_pointwise(sizes):
    layer = RegionPointwise(sizes, max_norm=1.0)
    n = sum(sizes)
    networks.built(layer, (n, 4))
    X = data(5, n, 4)
    weight, start, expected = layer.weights["weight"], 0, []
    channels = np.split(X, np.cumsum(sizes)[:-1], axis=1)
    for size, part in zip(sizes, channels, strict=True):
        block = weight[start : start + size**2].reshape(size, size)
        expected.append(np.einsum("ij,bjt->bit", block, part))
        start += size**2
    assert start == weight.size
    assert_allclose(networks.forward(layer, X), np.concatenate(expected, axis=1))
    networks.check_gradients(layer, X)
    layer.weights["weight"] *= 100
    layer.constrain()
    assert_allclose(np.linalg.norm(layer.matrix(), axis=1), 1)


@pytest.mark.parametrize("sizes", [[3], [2, 3, 1]])
def test_region_fusion(sizes):
    layer = RegionFusion(sizes)
    n = sum(sizes)
    assert networks.built(layer, (n,)) == (len(sizes),)
    layer.weights["bias"][...] = data(n, seed=1)
    X = 3 * data(5, n)
    logits = X @ layer.matrix().T + layer.weights["bias"]
    split = np.cumsum(sizes)[:-1]
    parts = zip(np.split(X, split, 1), np.split(logits, split, 1), strict=True)
    expected = [(x * softmax(z, axis=1)).sum(axis=1) for x, z in parts]
    assert_allclose(networks.forward(layer, X), np.transpose(expected))
    networks.check_gradients(layer, X)


def test_region_fusion_of_large_numbers():
    """The largest takes all, without overflow, in each region."""
    layer = RegionFusion([2, 2])
    networks.built(layer, (4,))
    layer.weights["weight"][...] = [1, 0, 0, 1] * 2
    X = np.array([[1e5, 0, -1e5, -2e5]])
    assert_allclose(networks.forward(layer, X), [[1e5, -1e5]])


def fuse(layer, X):
    """Weighted means over all times, by weights from the means over time."""
    logits = X.mean(axis=2) @ layer.matrix().T + layer.weights["bias"]
    split = np.cumsum(layer.sizes)[:-1]
    parts = zip(np.split(X, split, 1), np.split(logits, split, 1), strict=True)
    fused = [np.einsum("bct,bc->bt", x, softmax(z, axis=1)) for x, z in parts]
    return np.stack(fused, axis=1)


def test_levels_are_those_of_the_paper():
    """Computed at all times, as published, and averaged over time at the end."""
    layer = Levels(GRAPHS, RING, order=2, n_taps=5)
    assert networks.built(layer, (6, 11)) == (10,)
    X = data(4, 6, 11)
    got = networks.forward(layer, X)
    electrodes = networks.forward(layer.electrodes, X)
    before, after = fuse(layer.before, X), fuse(layer.after, electrodes)
    regions = np.einsum("ij,bjt->bit", layer.ring.matrix(), before) + after
    head = fuse(layer.head_before, before) + fuse(layer.head_after, after)
    expected = np.concatenate([X + electrodes, regions, head], axis=1).mean(axis=2)
    assert_allclose(got, expected, rtol=1e-10, atol=1e-12)


def test_gradients_of_levels():
    layer = Levels(GRAPHS, RING, order=2, n_taps=3)
    networks.built(layer, (6, 7))
    for name, weight in arrays(layer, "weights").items():
        if name.endswith("bias"):
            weight[...] = data(*weight.shape, seed=5)
    networks.check_gradients(layer, data(4, 6, 7), rtol=1e-5)

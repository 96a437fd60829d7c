"""Filters in the frequency domain, against sums over time."""

import networks
import numpy as np
import pytest
from numpy.testing import assert_allclose

from eegemo.networks._spectral import TemporalThenSpatial

LAYERS = [
    lambda: TemporalThenSpatial(3, 4, 2),
    lambda: TemporalThenSpatial(2, 1, 3),
]


def windows(n_times=17, n=3, n_channels=3, seed=0):
    return np.random.default_rng(seed).standard_normal((n, n_channels, n_times))


@pytest.mark.parametrize("make", LAYERS)
@pytest.mark.parametrize("n_times", [5, 16, 17])
def test_gradients(make, n_times):
    layer = make()
    networks.built(layer, (3, n_times))
    networks.check_gradients(layer, windows(n_times), of_input=False)


@pytest.mark.parametrize("n_times", [4, 5, 30, 31])
def test_temporal_then_spatial_is_two_convolutions(n_times):
    layer = TemporalThenSpatial(3, 4, 2)
    assert networks.built(layer, (3, n_times)) == (2, n_times - 3)
    X = windows(n_times)
    w = layer.weights
    expected = np.zeros((3, 2, n_times - 3))
    for k in range(4):
        shifted = X[:, :, k : k + n_times - 3]
        expected += np.einsum(
            "g,gcf,nct->nft", w["temporal"][:, k], w["spatial"], shifted
        )
    assert_allclose(networks.forward(layer, X), expected, atol=1e-13)

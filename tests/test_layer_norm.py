import networks
import numpy as np
import pytest
from numpy.testing import assert_allclose

from eegemo.networks._layer import Pass
from eegemo.networks._normalization import LayerNorm


@pytest.mark.parametrize("shape", [(3, 5), (2, 3, 17)])
def test_gradients(shape):
    layer = LayerNorm()
    networks.built(layer, shape[1:])
    layer.weights["scale"][:] = np.linspace(0.5, 2, shape[-1])
    layer.weights["shift"][:] = 0.3
    networks.check_gradients(layer, np.random.default_rng(0).standard_normal(shape))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_standardises(dtype):
    """With an offset of 100, of which single precision leaves five digits."""
    X = 100 + np.random.default_rng(0).standard_normal((4, 3, 70)).astype(dtype)
    expected = X - X.mean(axis=-1, keepdims=True, dtype=np.float64)
    expected /= np.sqrt(np.mean(expected**2, axis=-1, keepdims=True) + 1e-5)
    layer = LayerNorm()
    networks.built(layer, X.shape[1:])
    out = layer.forward(X.copy(), Pass())
    assert out.dtype == dtype
    assert_allclose(out, expected, atol=1e-4 if dtype == np.float32 else 1e-12)


def test_constant_rows_become_the_shift():
    layer = LayerNorm()
    networks.built(layer, (4,))
    layer.weights["shift"][:] = 2
    assert_allclose(layer.forward(np.full((2, 4), 7.0), Pass()), 2)

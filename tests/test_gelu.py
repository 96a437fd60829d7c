import networks
import numpy as np
from numpy.testing import assert_allclose
from scipy.special import ndtr

from eegemo._kernels.normal import CONSTANTS, share_below
from eegemo.networks._layer import Pass
from eegemo.networks._pointwise import GELU


def test_share_in_single_precision():
    """To a few units in the last place of one half, far out too, and NaN stays."""
    x = np.array([*np.linspace(-8, 8, 1601), -np.inf, np.inf, np.nan], np.float32)
    out = np.empty_like(x)
    share_below(x, CONSTANTS, out)
    assert_allclose(out, ndtr(x.astype(np.float64)), atol=3e-7)


def test_gradients():
    layer = GELU()
    networks.built(layer, (9,))
    networks.check_gradients(layer, np.linspace(-4, 4, 18).reshape(2, 9))


def test_gradient_in_single_precision():
    x = np.linspace(-6, 6, 101)
    slopes = []
    for dtype in (np.float32, np.float64):
        layer, run = GELU(), Pass(np.random.default_rng(0))
        out = layer.forward(x.astype(dtype), run)
        assert out.dtype == dtype
        slopes.append(layer.backward(np.ones_like(out), run))
    assert_allclose(slopes[0], slopes[1], atol=1e-6)

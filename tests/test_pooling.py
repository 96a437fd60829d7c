"""Means over time, against loops and finite differences."""

import numpy as np
import pytest
from networks import built, check_gradients
from numpy.testing import assert_allclose, assert_array_equal

from eegemo.networks._layer import Pass
from eegemo.networks._pooling import GlobalMean, MeanPool

SIZES = [(4, None), (6, 4), (5, 3), (3, 7), (11, None), (1, 2)]


@pytest.mark.parametrize("size, stride", SIZES)
def test_matches_loop(size, stride):
    x = np.random.default_rng(0).standard_normal((2, 3, 11))
    layer = MeanPool(size, stride)
    shape = layer.build((3, 11), None)
    out = layer.forward(x, Pass())
    starts = range(0, 11 - size + 1, stride or size)
    expected = np.stack([x[..., s : s + size].mean(axis=-1) for s in starts], axis=-1)
    assert out.shape == (2, *shape) == expected.shape
    assert_allclose(out, expected, rtol=1e-13, atol=1e-15)  # sums in another order


@pytest.mark.parametrize("size, stride", SIZES)
def test_gradients(size, stride):
    x = np.random.default_rng(1).standard_normal((2, 2, 11))
    layer = MeanPool(size, stride)
    built(layer, (2, 11))
    check_gradients(layer, x)


def test_precision_stays():
    x = np.ones((2, 3, 9), np.float32)
    run = Pass(np.random.default_rng(0))
    for layer in (MeanPool(4, 2), GlobalMean()):
        layer.build((3, 9), None)
        out = layer.forward(x, run)
        assert out.dtype == np.float32
        assert layer.backward(out, run).dtype == np.float32


def test_too_short():
    with pytest.raises(ValueError, match="mean over 12 samples needs as many, got 11"):
        MeanPool(12).build((3, 11), None)


def test_global_mean():
    x = np.random.default_rng(2).standard_normal((2, 3, 11))
    layer = GlobalMean()
    assert layer.build((3, 11), None) == (3,)
    assert_array_equal(layer.forward(x, Pass()), x.mean(axis=-1))
    check_gradients(layer, x)

"""Convolutions, against loops, SciPy and finite differences."""

import numpy as np
import pytest
import reference
from networks import built, check_gradients
from numpy.testing import assert_allclose, assert_array_equal
from scipy.signal import correlate as scipy_correlate

from eegemo._kernels.convolution import correlate, correlate_taps
from eegemo.networks._convolution import (
    Convolution,
    DepthwiseConvolution,
    Pointwise,
    margins,
)
from eegemo.networks._layer import Pass, flatten


class TestKernels:
    @pytest.mark.parametrize("n_taps", [1, 3, 7, 8, 9, 17])
    @pytest.mark.parametrize("before, after", [(0, 0), (2, 0), (7, 8)])
    @pytest.mark.parametrize("multiplier", [1, 2])
    @pytest.mark.parametrize("dtype", [np.float64, np.float32])
    def test_match_scipy(self, n_taps, before, after, multiplier, dtype):
        rng = np.random.default_rng(n_taps)
        X = rng.standard_normal((6, 20)).astype(dtype)
        n_filters = 3 * multiplier
        w = rng.standard_normal((n_filters, n_taps)).astype(dtype)
        out = correlate(X, w, multiplier, before, after)
        rows = np.pad(X, ((0, 0), (before, after))).repeat(multiplier, axis=0)
        filtered = [
            scipy_correlate(x, w[r % n_filters], "valid", "direct")
            for r, x in enumerate(rows)
        ]
        # some roundings of sums of up to 70 numbers
        tolerance = 100 * np.finfo(dtype).eps
        assert out.dtype == dtype
        assert_allclose(out, filtered, rtol=tolerance, atol=tolerance)
        G = rng.standard_normal(out.shape).astype(dtype)
        taps = correlate_taps(X, G, multiplier, before, n_filters, n_taps)
        expected = np.zeros((n_filters, n_taps))
        for r, x in enumerate(rows):
            expected[r % n_filters] += scipy_correlate(x, G[r], "valid", "direct")
        assert taps.dtype == dtype
        assert_allclose(taps, expected, rtol=tolerance, atol=tolerance)

    def test_read_only(self):
        X, w = np.ones((2, 5)), np.ones((1, 3))
        X.flags.writeable = w.flags.writeable = False
        assert_array_equal(correlate(X, w, 1, 0, 0), np.full((2, 3), 3.0))
        taps = correlate_taps(X, X[:, :3].copy(), 1, 0, 1, 3)
        assert_array_equal(taps, np.full((1, 3), 6.0))


class TestConvolution:
    @pytest.mark.parametrize("n_taps", [1, 2, 5])
    @pytest.mark.parametrize("stride", [1, 2, 3])
    @pytest.mark.parametrize("padding", ["valid", "same"])
    def test_matches_loop(self, n_taps, stride, padding):
        x = np.random.default_rng(n_taps).standard_normal((3, 2, 9))
        layer = Convolution(4, n_taps, stride, padding)
        shape = built(layer, (2, 9))
        out = layer.forward(x, Pass())
        padded = np.pad(x, ((0, 0), (0, 0), margins(padding, n_taps)))
        expected = reference.convolution(padded, **layer.weights, stride=stride)
        assert out.shape == (3, *shape)
        assert_allclose(out, expected, rtol=1e-12, atol=1e-14)

    @pytest.mark.parametrize(
        "n_taps, stride, padding", [(3, 1, "same"), (4, 1, "same"), (2, 2, "valid")]
    )
    def test_gradients(self, n_taps, stride, padding):
        x = np.random.default_rng(1).standard_normal((3, 2, 7))
        layer = Convolution(2, n_taps, stride, padding)
        built(layer, (2, 7))
        check_gradients(layer, x)

    def test_gradients_without_bias_and_input(self):
        x = np.random.default_rng(1).standard_normal((3, 2, 7))
        layer = Convolution(2, 3, bias=False)
        built(layer, (2, 7))
        check_gradients(layer, x, of_input=False)

    def test_buffer_is_not_the_output(self):
        layer = Convolution(2, 1, bias=False)
        built(layer, (2, 5))
        run = Pass()
        x = np.random.default_rng(0).standard_normal((3, 2, 5))
        first = layer.forward(x, run)
        kept = first.copy()
        layer.forward(2 * x, run)
        assert_array_equal(first, kept)

    def test_too_short(self):
        with pytest.raises(ValueError, match="5 taps needs as many samples, got 4"):
            Convolution(2, 5).build((2, 4), np.random.default_rng(0))


class TestDepthwise:
    @pytest.mark.parametrize("n_taps", [1, 4, 5])
    @pytest.mark.parametrize("padding", ["valid", "same"])
    @pytest.mark.parametrize("multiplier", [1, 2])
    def test_is_a_sparse_convolution(self, n_taps, padding, multiplier):
        x = np.random.default_rng(n_taps).standard_normal((3, 2, 9))
        layer = DepthwiseConvolution(n_taps, padding, multiplier, bias=True)
        shape = built(layer, (2, 9))
        dense = Convolution(2 * multiplier, n_taps, padding=padding)
        built(dense, (2, 9))
        dense.weights["bias"][:] = layer.weights["bias"]
        dense.weights["weight"][:] = 0
        for f, taps in enumerate(layer.weights["weight"]):
            dense.weights["weight"][f, f // multiplier] = taps
        out = layer.forward(x, Pass())
        assert out.shape == (3, *shape)
        assert_allclose(out, dense.forward(x, Pass()), rtol=1e-12, atol=1e-14)

    @pytest.mark.parametrize("n_taps", [3, 4])
    @pytest.mark.parametrize("padding", ["valid", "same"])
    @pytest.mark.parametrize("multiplier, bias", [(1, False), (3, True)])
    def test_gradients(self, n_taps, padding, multiplier, bias):
        x = np.random.default_rng(1).standard_normal((2, 2, 7))
        layer = DepthwiseConvolution(n_taps, padding, multiplier, bias)
        built(layer, (2, 7))
        check_gradients(layer, x)

    def test_max_norm(self):
        layer = DepthwiseConvolution(5, max_norm=0.5)
        built(layer, (3, 9))
        layer.weights["weight"][0] = 3
        layer.weights["weight"][1] = 0.1
        layer.constrain()
        norms = np.linalg.norm(layer.weights["weight"], axis=1)
        assert_allclose(norms[:2], [0.5, 0.1 * np.sqrt(5)])

    def test_too_short(self):
        with pytest.raises(ValueError, match="5 taps needs as many samples, got 4"):
            DepthwiseConvolution(5).build((2, 4), np.random.default_rng(0))


class TestPointwise:
    @pytest.mark.parametrize("shape", [(3, 7), (3, 2, 4)])
    @pytest.mark.parametrize("bias", [False, True])
    def test_matches_einsum_and_gradients(self, shape, bias):
        x = np.random.default_rng(1).standard_normal((2, *shape))
        layer = Pointwise(4, bias)
        assert built(layer, shape) == (4, *shape[1:])
        out = layer.forward(x, Pass())
        if bias:
            out = np.moveaxis(np.moveaxis(out, 1, -1) - layer.weights["bias"], -1, 1)
        expected = np.einsum("ni...,oi->no...", x, layer.weights["weight"])
        assert_allclose(out, expected, rtol=1e-12, atol=1e-14)
        check_gradients(layer, x)

    def test_max_norm(self):
        layer = Pointwise(2, max_norm=1)
        built(layer, (3, 5))
        layer.weights["weight"][:] = [[2, 2, 1], [0.1, 0, 0]]
        layer.constrain()
        assert_allclose(layer.weights["weight"], [[2 / 3, 2 / 3, 1 / 3], [0.1, 0, 0]])


@pytest.mark.parametrize(
    "layer",
    [
        Convolution(4, 3, 2),
        DepthwiseConvolution(4, "same", 2, True),
        Pointwise(2, True),
    ],
)
def test_precision_stays(layer):
    x = np.random.default_rng(0).standard_normal((3, 2, 9)).astype(np.float32)
    layer.build((2, 9), np.random.default_rng(0))
    flatten(layer, np.float32)
    run = Pass(np.random.default_rng(0))
    out = layer.forward(x, run)
    assert out.dtype == np.float32
    assert layer.backward(out, run).dtype == np.float32

import numpy as np
import pytest
from numpy.testing import assert_allclose

from eegemo._kernels.batch_norm import (
    scale_channels,
    standardise_channels,
    through_channels,
)


@pytest.mark.parametrize("shape", [(2, 1, 1), (5, 3, 1), (1, 3, 4), (4, 2, 33)])
@pytest.mark.parametrize(("dtype", "rtol"), [(np.float32, 1e-5), (np.float64, 1e-13)])
def test_kernels_match_numpy(shape, dtype, rtol):
    """To a hundred units in the last place, of sums in other order."""
    rng = np.random.default_rng(0)
    x, gradient = rng.standard_normal((2, *shape)).astype(dtype) + dtype(3)
    scale, shift, inverse, mean, variance = np.ones((5, shape[1]), dtype)
    scale += np.arange(shape[1], dtype=dtype)
    expected = x.mean(axis=(0, 2)), x.var(axis=(0, 2))
    z = x.copy()
    standardise_channels(z, mean, variance)
    assert_allclose(mean, expected[0], rtol=rtol)
    assert_allclose(variance, expected[1], rtol=rtol, atol=rtol)
    assert_allclose(z, x - mean[:, None], atol=rtol)
    inverse *= dtype(0.5)
    out = np.empty_like(z)
    scale_channels(z, inverse, scale, shift, out)
    assert_allclose(z, (x - mean[:, None]) / 2, atol=rtol)
    assert_allclose(out, z * scale[:, None] + shift[:, None], rtol=rtol)
    of_scale, of_shift = np.empty((2, shape[1]), dtype)
    by_input = gradient.copy()
    through_channels(by_input, z, scale, of_scale, of_shift)
    assert_allclose(of_shift, gradient.sum(axis=(0, 2)), rtol=rtol)
    along = (gradient * z).sum(axis=(0, 2))
    assert_allclose(of_scale, along, rtol=rtol, atol=100 * rtol)
    n = shape[0] * shape[2]
    rest = gradient - (of_shift / n)[:, None] - z * (of_scale / n)[:, None]
    assert_allclose(by_input, rest * scale[:, None], atol=100 * rtol)

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from reference import hashed_halves

from eegemo._kernels.dropout import fill_mask
from eegemo.networks._pointwise import draw_mask


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n", [0, 1, 1023, 1024, 1500])
def test_mask_is_that_of_the_hash(n, dtype):
    key = np.array([2**32 - 700, 12345], np.uint64)  # the places go round
    mask = np.full(n, np.nan, dtype)
    fill_mask(mask, key, 20000, 1.5)
    expected = np.where(hashed_halves(n, *key.tolist()) >= 20000, 1.5, 0)
    assert_array_equal(mask, expected)


def test_numbers_of_a_mask_are_independent():
    """Side by side, above each other, at half a block, and in the next mask."""
    rng = np.random.default_rng(0)
    first, second = (draw_mask(rng, (300, 1024), 0.3, np.float64) > 0 for _ in range(2))
    pairs = {
        "side by side": (first[:, 1:], first[:, :-1]),
        "two apart": (first[:, 2:], first[:, :-2]),
        "above each other": (first[1:], first[:-1]),
        "half a block": (first[:, 512:], first[:, :512]),
        "next mask": (first, second),
    }
    for name, (a, b) in pairs.items():
        correlation = np.corrcoef(a.ravel(), b.ravel())[0, 1]
        # five standard errors
        assert abs(correlation) < 5 / a.size**0.5, name
    # a share of each column as of independent numbers: its variance, to five
    # standard errors of one of 1024 columns
    assert_allclose(first.mean(axis=0).var(), 0.21 / 300, rtol=5 * (2 / 1024) ** 0.5)


def test_same_generator_same_mask():
    a, b = (draw_mask(np.random.default_rng(3), (7, 5), 0.4, "f4") for _ in range(2))
    assert_array_equal(a, b)

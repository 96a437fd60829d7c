"""Tangent vectors at the means of training sets, against TangentSpace one by one."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from eegemo.riemann import TangentSpace
from eegemo.riemann._fold_vectors import fold_vectors
from eegemo.riemann._functions import expm

N_MATRICES = 18
EVERY = np.arange(N_MATRICES)
SETS = {
    "disjoint": [EVERY[:6], EVERY[6:12], EVERY[12:]],
    "overlapping": [EVERY[EVERY % 3 != fold] for fold in range(3)],
    "partial": [EVERY[2:9], np.array([15, 3, 7, 1]), EVERY[10:11]],
    "all": [EVERY, EVERY[::-1], EVERY[1:]],
}
METRICS = [
    "riemann",
    "logeuclid",
    {"mean": "riemann", "map": "logeuclid"},
    {"mean": "logeuclid", "map": "riemann"},
    "euclid",
]


def matrices(spread=0.5):
    L = np.random.default_rng(0).standard_normal((N_MATRICES, 4, 4)) * spread
    L += np.linspace(-1, 1, N_MATRICES)[:, None, None]  # so that means differ
    C = expm((L + L.swapaxes(1, 2)) / 2)
    return (C + C.swapaxes(1, 2)) / 2


@pytest.mark.parametrize("sets", SETS.values(), ids=SETS)
@pytest.mark.parametrize("metric", METRICS, ids=str)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_equals_tangent_space(sets, metric, dtype):
    """Means are found to 1e-8, and computed in float64; the rest is the same.

    But products of several matrices and of one are rounded in different ways, and
    logarithms take that times the condition.
    """
    C = matrices().astype(dtype)
    C = (C + C.swapaxes(1, 2)) / 2
    rounding = 10 * np.finfo(float).eps * np.linalg.cond(C.astype(float)).max()
    atol = 1e-7 if "riemann" in str(metric) else rounding
    all_vectors = list(fold_vectors(C, sets, metric))
    assert len(all_vectors) == len(sets)
    for vectors, train in zip(all_vectors, sets, strict=True):
        expected = TangentSpace(metric).fit(C[train]).transform(C)
        assert vectors.dtype == expected.dtype == dtype
        assert_allclose(vectors, expected, rtol=2 * np.finfo(dtype).eps, atol=atol)


def test_identical_matrices():
    """At their mean already, where there is no direction to it from the last one."""
    C = np.stack([np.eye(2)] * 6)
    for vectors in fold_vectors(C, [np.arange(4), np.arange(2, 6)], "riemann"):
        assert_allclose(vectors, 0, atol=1e-12)


def test_input_is_left_alone():
    C = matrices()
    C.flags.writeable = False
    before = C.copy()
    for metric in METRICS:
        list(fold_vectors(C, SETS["partial"], metric))
    assert_array_equal(C, before)

import numpy as np
import pytest
from numpy.testing import assert_allclose

from eegemo._kernels import eigen as kernel
from eegemo._kernels.lanes import rows


def eigen(X):
    return kernel.eigen(X, rows(kernel.work_size(X.shape[1])))


def check(X):
    """To a few units in the last place of the largest number, as LAPACK's."""
    values, vectors = eigen(X)
    scale = np.abs(X).max(axis=(1, 2), keepdims=True)
    scale[scale == 0] = 1
    n = X.shape[1]
    assert_allclose(
        vectors @ vectors.mT, np.tile(np.eye(n), (len(X), 1, 1)), atol=1e-13
    )
    again = (vectors.mT * values[:, None]) @ vectors
    assert_allclose(again / scale, X / scale, atol=1e-13)
    expected = np.linalg.eigvalsh(X) / scale[:, 0]
    assert_allclose(np.sort(values) / scale[:, 0], expected, atol=1e-13)


@pytest.mark.parametrize("n", [1, 2, 3, 7, 8, 9, 17])
def test_random_matrices(n):
    X = np.random.default_rng(n).standard_normal((5, n, n))
    check(X + X.mT)


def test_special_matrices():
    rng = np.random.default_rng(0)
    Q = np.linalg.qr(rng.standard_normal((7, 7)))[0]
    graded = (Q * 10.0 ** np.arange(-12, 2, 2)) @ Q.T
    apart = np.zeros((7, 7))
    apart[:3, :3] = 1
    apart[3:, 3:] = 1
    matrices = {
        "zero": np.zeros((7, 7)),
        "identity": np.eye(7),
        "diagonal": np.diag(np.arange(7.0)),
        "rank one": np.ones((7, 7)),
        "two blocks": apart,
        "alternating": np.diag(np.ones(6), 1) + np.diag(np.ones(6), -1),
        "graded": (graded + graded.T) / 2,
        "large": 1e100 * (graded + graded.T),
        "small": 1e-100 * (graded + graded.T),
    }
    check(np.stack(list(matrices.values())))


def test_reads_the_upper_triangle():
    X = np.random.default_rng(0).standard_normal((1, 5, 5))
    upper = np.triu(X) + np.triu(X, 1).mT
    assert_allclose(np.sort(eigen(X)[0]), np.linalg.eigvalsh(upper), atol=1e-13)


def test_ends_with_nan():
    X = np.eye(4)[None].copy()
    X[0, 1, 2] = np.nan
    assert np.isnan(eigen(X)[0]).any()

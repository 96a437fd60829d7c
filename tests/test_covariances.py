import numpy as np
import pytest
import reference
from numpy.testing import assert_allclose, assert_array_equal
from pyriemann.estimation import Covariances as PyRiemannCovariances

from eegemo.covariance import AugmentedCovariances, Covariances, _estimate


@pytest.fixture
def X():
    rng = np.random.default_rng(0)
    mixing = rng.standard_normal((4, 4))
    return mixing @ rng.standard_normal((5, 4, 80)) + 3.0


@pytest.mark.parametrize("estimator", ["scm", "oas", "lwf"])
@pytest.mark.parametrize("n_channels, n_times", [(1, 20), (4, 80), (6, 5)])
def test_reference(estimator, n_channels, n_times):
    """Equal to rounding, also with more channels than samples."""
    X = np.random.default_rng(n_times).standard_normal((3, n_channels, n_times))
    X[:, 0] *= 3
    # At one channel the shrinkage intensity is 0 / 0, and its target is the matrix.
    twin = reference.scm if n_channels == 1 else getattr(reference, estimator)
    assert_allclose(Covariances(estimator).transform(X), twin(X), rtol=1e-10)


@pytest.mark.filterwarnings("ignore:.xpx:DeprecationWarning")  # pyRiemann's, in sch
@pytest.mark.parametrize("name", ["scm", "lwf", "oas", "corr", "cov", "sch", "hub"])
def test_pyriemann(X, name):
    """Exactly: they are its functions."""
    expected = PyRiemannCovariances(name).fit_transform(X)
    assert_array_equal(Covariances(name).fit_transform(X), expected)


@pytest.mark.parametrize("name", ["scm", "lwf", "oas"])
def test_pyriemann_with_params(X, name):
    expected = PyRiemannCovariances(name, assume_centered=True).fit_transform(X)
    params = {"assume_centered": True}
    assert_array_equal(Covariances(name, params).fit_transform(X), expected)
    assert not np.allclose(Covariances(name).fit_transform(X), expected)


def test_callable_gets_the_params(X):
    def scaled(X, factor):
        return factor * X @ X.swapaxes(-1, -2)

    got = Covariances(scaled, {"factor": 2.0}).fit_transform(X)
    assert_allclose(got, 2 * X @ X.swapaxes(1, 2))


@pytest.mark.parametrize("name", ["scm", "oas", "lwf"])
@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_unit(X, name, scale):
    """Volts or microvolts: the matrices scale by the square."""
    expected = Covariances(name).transform(X)
    got = Covariances(name).transform(scale * X)
    assert_allclose(got / scale**2, expected, rtol=1e-9)


def test_mean_does_not_matter(X):
    """Centring loses what the offset rounds away: 1e6 times eps, 1e-10."""
    expected = Covariances().transform(X)
    assert_allclose(Covariances().transform(X + 1e6), expected, rtol=1e-7)


def test_float32_is_computed_in_float64(X):
    X = (X + 1e4).astype(np.float32)
    expected = Covariances().transform(X.astype(np.float64)).astype(np.float32)
    assert_array_equal(Covariances().transform(X), expected)


@pytest.mark.parametrize("name", ["oas", "lwf"])
def test_shrinkage_repairs_an_average_reference(X, name):
    X = X - X.mean(axis=1, keepdims=True)
    assert np.linalg.eigvalsh(Covariances().transform(X)).min() < 1e-12
    assert np.linalg.eigvalsh(Covariances(name).transform(X)).min() > 1e-3


@pytest.mark.parametrize("name", ["scm", "oas"])
def test_chunks_do_not_matter(X, name, monkeypatch):
    plain, augmented = Covariances(name), AugmentedCovariances(2, 3, name)
    expected = plain.transform(X), augmented.transform(X)
    monkeypatch.setattr(_estimate, "_CHUNK", 2 * X[0].size)
    assert_allclose(plain.transform(X), expected[0], rtol=1e-12)
    assert_allclose(augmented.transform(X), expected[1], rtol=1e-12)


def test_flat_channel(X):
    X[3, 1] = 0.1
    with pytest.raises(ValueError, match="Channel 1 of window 3 is flat.*Drop"):
        Covariances("corr").transform(X)
    assert np.isfinite(Covariances().transform(X)).all()


@pytest.mark.parametrize("cls", [Covariances, AugmentedCovariances])
@pytest.mark.parametrize(
    "params, error, message",
    [
        ({"estimator": "ledoit"}, ValueError, "ledoit"),
        ({"estimator": 3}, TypeError, "name of a covariance estimator.*got 3"),
        ({"estimator_params": "x"}, TypeError, "estimator_params should be a dict"),
    ],
)
def test_bad_parameters(X, cls, params, error, message):
    for method in ("fit", "transform"):
        with pytest.raises(error, match=message):
            getattr(cls(**params), method)(X)


def test_one_sample_is_refused(X):
    with pytest.raises(ValueError, match="at least 2 samples.*got 1"):
        Covariances().fit(X[:, :, :1])

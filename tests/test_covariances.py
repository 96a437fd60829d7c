import numpy as np
import pytest
import reference
from numpy.testing import assert_allclose, assert_array_equal
from pyriemann.estimation import Covariances as PyRiemannCovariances

from eegemo import _chunks
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
    """Equal to rounding: the kernels sum in another order."""
    expected = PyRiemannCovariances(name).fit_transform(X)
    assert_allclose(Covariances(name).fit_transform(X), expected, rtol=1e-12)


@pytest.mark.parametrize("name", ["scm", "lwf", "oas"])
def test_pyriemann_with_params(X, name):
    expected = PyRiemannCovariances(name, assume_centered=True).fit_transform(X)
    params = {"assume_centered": True}
    got = Covariances(name, params).fit_transform(X)
    assert_allclose(got, expected, rtol=1e-12)
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


def test_weights_are_pyriemanns(X):
    weights = np.linspace(1, 2, X.shape[2])
    expected = PyRiemannCovariances("scm", weights=weights).fit_transform(X)
    got = Covariances("scm", {"weights": weights}).fit_transform(X)
    assert_array_equal(got, expected)


@pytest.mark.parametrize("name", ["scm", "oas", "lwf", "corr"])
@pytest.mark.parametrize("n_channels", [1, 2, 3, 4, 5, 6, 7])
def test_every_remainder_of_the_blocks(name, n_channels):
    """Products are summed three by three channels; every remainder is right."""
    X = np.random.default_rng(n_channels).standard_normal((2, n_channels, 33))
    if n_channels == 1 and name == "corr":
        expected = np.ones((2, 1, 1))
    elif n_channels == 1:
        expected = X.var(axis=2)[:, None]
    else:
        expected = PyRiemannCovariances(name).fit_transform(X)
    got = Covariances(name).transform(X)
    assert_allclose(got, expected, rtol=1e-11, atol=1e-14)
    assert_array_equal(got, got.swapaxes(1, 2))


@pytest.mark.parametrize("name", ["scm", "oas", "lwf", "corr"])
def test_channels_can_be_permuted(X, name):
    order = [2, 0, 3, 1]
    expected = Covariances(name).transform(X)[:, order][:, :, order]
    assert_allclose(Covariances(name).transform(X[:, order]), expected, rtol=1e-12)


@pytest.mark.parametrize("name", ["scm", "oas", "lwf"])
def test_time_can_run_backwards(X, name):
    expected = Covariances(name).transform(X)
    assert_allclose(Covariances(name).transform(X[:, :, ::-1]), expected, rtol=1e-12)


def test_sines_have_known_covariance():
    """Over whole periods: half the product of amplitudes times cos of the phase."""
    t = 2 * np.pi * np.arange(128) / 32
    X = np.stack([2 * np.sin(t), 3 * np.sin(t + np.pi / 3), np.cos(2 * t)])[None]
    expected = [[2, 1.5, 0], [1.5, 4.5, 0], [0, 0, 0.5]]
    assert_allclose(Covariances().transform(X)[0], expected, atol=1e-13)


def test_isotropic_windows_need_no_shrinkage():
    """The sample covariance is its own target; the intensity is 0 / 0 or any."""
    X = np.array([[[1.0, -1, 0, 0], [0, 0, 1, -1]]])
    for name in ("scm", "oas", "lwf"):
        assert_allclose(Covariances(name).transform(X)[0], np.eye(2) / 2, rtol=1e-12)


def test_flat_windows_give_zeros():
    X = np.full((2, 3, 10), 0.1)
    for name in ("scm", "oas", "lwf"):
        assert_array_equal(Covariances(name).transform(X), np.zeros((2, 3, 3)))


def test_memory_map(X, tmp_path):
    """Read-only from disk, as joblib hands large arrays to its workers."""
    for dtype in (np.float32, np.float64):
        stored = X.astype(dtype)
        np.save(tmp_path / "X.npy", stored)
        mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
        got = Covariances("oas").transform(mapped)
        assert_array_equal(got, Covariances("oas").transform(stored))


def test_mean_does_not_matter(X):
    """Centring loses what the offset rounds away: 1e6 times eps, 1e-10."""
    expected = Covariances().transform(X)
    assert_allclose(Covariances().transform(X + 1e6), expected, rtol=1e-7)


def test_float32_is_computed_in_float64(X):
    """A DC offset of 1e6, as of some amplifiers, leaves float32 seven digits."""
    X = (X + 1e6).astype(np.float32)
    expected = Covariances().transform(X.astype(np.float64)).astype(np.float32)
    assert_array_equal(Covariances().transform(X), expected)


@pytest.mark.parametrize("name", ["oas", "lwf"])
def test_shrinkage_repairs_an_average_reference(X, name):
    X = X - X.mean(axis=1, keepdims=True)
    assert np.linalg.eigvalsh(Covariances().transform(X)).min() < 1e-12
    assert np.linalg.eigvalsh(Covariances(name).transform(X)).min() > 1e-3


@pytest.mark.parametrize("name", ["scm", "oas", "cov"])
def test_chunks_do_not_matter(X, name, monkeypatch):
    plain, augmented = Covariances(name), AugmentedCovariances(2, 3, name)
    expected = plain.transform(X), augmented.transform(X)
    single = X.astype(np.float32)
    expected_single = plain.transform(single)
    monkeypatch.setattr(_estimate, "_CHUNK", 2 * X[0].size)
    monkeypatch.setattr(_chunks, "_IN_CACHE", 2 * X[0].size)
    assert_allclose(plain.transform(X), expected[0], rtol=1e-12)
    assert_allclose(augmented.transform(X), expected[1], rtol=1e-12)
    assert_array_equal(plain.transform(single), expected_single)


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


CENTRED = {"assume_centered": True}


@pytest.mark.parametrize("place", [(0, 0, 0), (1, 2, 9)])
@pytest.mark.parametrize("bad", [np.nan, -np.inf])
@pytest.mark.parametrize(
    "name, params",
    [("scm", None), ("scm", CENTRED), ("lwf", None), ("oas", CENTRED), ("corr", None)],
)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@np.errstate(invalid="ignore")  # where nothing is compiled, NumPy warns
def test_not_finite(X, name, params, bad, place, dtype):
    """Told by the matrix, even if no row of the stacked window has the sample."""
    X = X[:, :, :20].astype(dtype)
    X[place] = bad
    message = "Input X contains NaN" if np.isnan(bad) else "Input X contains infinity"
    for estimator in (
        Covariances(name, params),
        AugmentedCovariances(2, 3, name, params),
        AugmentedCovariances(2, 18, name, params),
    ):
        with pytest.raises(ValueError, match=message):
            estimator.transform(X)

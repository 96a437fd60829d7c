import numpy as np
import pytest
import reference
from numpy.testing import assert_allclose, assert_array_equal

from eegemo._kernels.hjorth import hjorth
from eegemo.features import HjorthFeatures


@pytest.fixture
def X():
    return np.random.default_rng(0).standard_normal((4, 3, 100))


@pytest.mark.parametrize("n_times", [4, 5, 16, 129])
@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_reference(n_times, offset):
    """An offset of 1e6 rounds X to 1e-10, and its mean in the twin as well."""
    X = np.random.default_rng(n_times).standard_normal((5, n_times)) + offset
    rtol = 1e-12 if offset == 0 else 1e-7
    assert_allclose(hjorth(X), reference.hjorth(X), rtol=rtol)


def test_sine():
    """Sampled at w radians: mobility 2 sin(w / 2), complexity 1; whole periods."""
    w = 2 * np.pi / 32
    x = 3 * np.sin(w * np.arange(32 * 200))[None]
    assert_allclose(hjorth(x)[0], [4.5, 2 * np.sin(w / 2), 1.0], rtol=1e-3)


def test_ramp():
    """Its differences are constant: no mobility, and no complexity to divide by."""
    assert_allclose(hjorth(np.arange(8.0)[None]), [[5.25, 0, 0]])


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_only_activity_depends_on_the_unit(X, scale):
    rows = X.reshape(12, -1)
    assert_allclose(hjorth(scale * rows), hjorth(rows) * [scale**2, 1, 1], rtol=1e-12)


@pytest.mark.parametrize("level", [0.0, 0.1, -1e6])
def test_flat_channel(level):
    X = np.full((2, 3, 50), level)
    assert not hjorth(X[0]).any()
    got = HjorthFeatures().transform(X).reshape(-1, 3)
    assert_allclose(got, [[np.log(1e-30), 0, 0]] * 6)


def test_float32_is_computed_in_float64(X):
    rows = (X.reshape(12, -1) + 1000).astype(np.float32)
    assert_array_equal(hjorth(rows), hjorth(rows.astype(float)))


def test_columns(X):
    X[:, 1] *= 100.0
    features = HjorthFeatures(log_activity=False).fit(X)
    names = list(features.get_feature_names_out(["Fz", "Cz", "Pz"]))
    assert names[3:6] == ["Cz_activity", "Cz_mobility", "Cz_complexity"]
    got = features.transform(X)
    assert (got[:, ::3].argmax(axis=1) == 1).all()
    logarithm = HjorthFeatures().transform(X)
    assert_allclose(logarithm[:, ::3], np.log(got[:, ::3]))
    assert_array_equal(logarithm[:, 1::3], got[:, 1::3])


def test_short_windows_are_refused(X):
    with pytest.raises(ValueError, match="at least 4 samples per window, got 3"):
        HjorthFeatures().fit(X[:, :, :3])

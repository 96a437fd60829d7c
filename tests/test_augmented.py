import re

import numpy as np
import pytest
import reference
from numpy.testing import assert_allclose, assert_array_equal
from pyriemann.estimation import Covariances as PyRiemannCovariances

from eegemo.covariance import AugmentedCovariances, Covariances


@pytest.fixture
def X():
    return np.random.default_rng(0).standard_normal((4, 3, 60)) + 1.0


@pytest.mark.parametrize("order, lag", [(1, 1), (2, 1), (3, 5), (4, 19)])
def test_reference(X, order, lag):
    got = AugmentedCovariances(order, lag, "scm").transform(X)
    expected = reference.augmented_scm(X, order, lag)
    assert_allclose(got, expected, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("name", ["scm", "oas"])
def test_order_one_is_the_spatial_covariance(X, name):
    got = AugmentedCovariances(order=1, estimator=name).transform(X)
    assert_array_equal(got, Covariances(name).transform(X))


@pytest.mark.parametrize("name", ["scm", "oas", "lwf"])
@pytest.mark.parametrize("n_channels", [1, 2, 3, 5])
@pytest.mark.parametrize("order, lag", [(2, 1), (2, 37), (3, 7), (7, 6), (39, 1)])
@pytest.mark.parametrize("centred", [False, True])
def test_stacking(name, n_channels, order, lag, centred):
    """Equal to the estimator on the stacked signal, however few samples are left.

    The kernel never stacks: it updates lagged products at the ends of the window.
    Twelve digits of the largest element, since small ones are differences.
    """
    X = np.random.default_rng(order).standard_normal((2, n_channels, 40)) + 2.0
    n_kept = 40 - (order - 1) * lag
    stacked = np.concatenate(
        [X[:, :, p * lag : p * lag + n_kept] for p in range(order)], axis=1
    )
    params = {"assume_centered": centred}
    expected = PyRiemannCovariances(name, **params).fit_transform(stacked)
    got = AugmentedCovariances(order, lag, name, params).transform(X)
    assert_allclose(got, expected, rtol=0, atol=1e-12 * np.abs(expected).max())
    assert_array_equal(got, got.swapaxes(1, 2))


@pytest.mark.parametrize("order, lag", [(2, 1), (3, 4), (5, 2)])
@pytest.mark.parametrize("name", ["scm", "cov", "lwf", "oas", "corr"])
def test_moabb(X, order, lag, name):
    """MOABB drops the last lag samples without need; given as many, we are equal."""
    features = pytest.importorskip("moabb.pipelines.features")
    stacked = features.AugmentedDataset(order, lag).transform(X)
    assert stacked.shape[2] == X.shape[2] - order * lag
    expected = PyRiemannCovariances(name).fit_transform(stacked)
    ours = AugmentedCovariances(order, lag, name)
    assert_allclose(ours.transform(X[:, :, :-lag]), expected, rtol=1e-10, atol=1e-13)
    assert not np.allclose(ours.transform(X), expected)


@pytest.mark.parametrize("lag", [1, 3])
def test_yule_walker(lag):
    """The blocks hold the equations of an autoregressive model, and return it.

    With 2e5 samples the standard error of a coefficient is about 0.003.
    """
    first = np.array([[0.5, 0.2], [-0.3, 0.4]])
    second = np.array([[-0.3, 0.0], [0.1, -0.2]])
    noise = np.random.default_rng(0).standard_normal((200_000, 2)) * [1.0, 2.0]
    x = np.zeros_like(noise)
    for t in range(2 * lag, len(x)):
        x[t] = first @ x[t - lag] + second @ x[t - 2 * lag] + noise[t]
    C = AugmentedCovariances(3, lag, "scm").transform(x.T[None])[0]
    past, cross = C[:4, :4], C[4:, :4]
    coefficients = cross @ np.linalg.inv(past)
    assert_allclose(coefficients, np.hstack([second, first]), atol=0.015)
    innovation = C[4:, 4:] - coefficients @ cross.T
    assert_allclose(innovation, np.diag([1.0, 4.0]), atol=0.05)


def test_delays_go_forward():
    """Row c+d of the names holds channel c, d samples later."""
    x = np.random.default_rng(0).standard_normal(5002)
    X = np.stack([x[2:-2], x[4:]])[None]  # the second channel is two samples ahead
    ours = AugmentedCovariances(2, lag=2, estimator="corr").fit(X)
    names = list(ours.get_feature_names_out(["slow", "fast"]))
    assert names == ["slow", "fast", "slow+2", "fast+2"]
    C = ours.transform(X)[0]
    assert C[names.index("slow+2"), names.index("fast")] == pytest.approx(1)
    assert abs(C[names.index("fast+2"), names.index("slow")]) < 0.1


@pytest.mark.parametrize("n_times", [2, 3, 10, 11])
def test_limits_of_order_and_lag_are_exact(n_times):
    """The message names the largest that work, and no larger one does."""
    X = np.random.default_rng(0).standard_normal((2, 2, n_times))
    for order in range(2, 14):
        for lag in range(1, 14):
            if _works(X, order, lag):
                continue
            with pytest.raises(ValueError, match="Largest") as caught:
                AugmentedCovariances(order, lag).fit(X)
            found = re.findall(r"Largest [^:]+: (\w+)", str(caught.value))
            largest_order, largest_lag = found
            assert _works(X, int(largest_order), lag)
            assert not _works(X, int(largest_order) + 1, lag)
            if largest_lag == "none":
                assert not _works(X, order, 1)
            else:
                assert _works(X, order, int(largest_lag))
                assert not _works(X, order, int(largest_lag) + 1)


def _works(X, order, lag):
    try:
        return np.isfinite(AugmentedCovariances(order, lag).fit_transform(X)).all()
    except ValueError:
        return False


def test_message_of_the_limits(X):
    message = (
        r"order=5 and lag=20 need windows of at least 82 samples, got 60. Largest "
        r"possible order at lag 20: 3. Largest possible lag at order 5: 14."
    )
    with pytest.raises(ValueError, match=message):
        AugmentedCovariances(5, 20).fit(X)


@pytest.mark.parametrize("name", ["order", "lag"])
def test_bad_order_and_lag(X, name):
    with pytest.raises(ValueError, match=f"{name} == 0, must be >= 1"):
        AugmentedCovariances(**{name: 0}).fit(X)
    with pytest.raises(TypeError, match=f"{name} must be an instance of int"):
        AugmentedCovariances(**{name: 1.5}).transform(X)

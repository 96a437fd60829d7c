import networks
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import softmax
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from eegemo.features import DifferentialEntropy
from eegemo.networks import DGCNN


def features(n=96, n_channels=4, n_bands=2, seed=0):
    """The class is that of the electrode, of the first two, with more in band one."""
    X = np.random.default_rng(seed).standard_normal((n, n_channels * n_bands))
    return X, np.where(X[:, 0] > X[:, n_bands], "calm", "tense")


def small(**parameters):
    options = {"n_bands": 2, "n_filters": 4, "n_hidden": 6, "max_epochs": 3}
    return DGCNN(**(options | {"random_state": 0} | parameters))


def test_sizes_are_those_of_torcheeg():
    """62 * 62 edges, 2 * 5 of normalisation, 2 * 5 * 32 filters, and dense layers."""
    network = DGCNN(max_epochs=1, random_state=0)
    X = np.random.default_rng(0).standard_normal((12, 62 * 5))
    network.fit(X, np.arange(12) % 3)
    assert network.n_parameters_ == 3844 + 10 + 320 + (62 * 32 * 64 + 64) + (64 * 3 + 3)


def test_learns():
    X, y = features(256)
    network = small(max_epochs=60, learning_rate=0.01).fit(X[:192], y[:192])
    assert network.score(X[192:], y[192:]) > 0.9
    assert network.loss_curve_[-1] < 0.2 < network.loss_curve_[0]


@pytest.mark.parametrize("n_polynomials", [1, 2, 4])
def test_gradients(n_polynomials):
    network = small(n_polynomials=n_polynomials, dropout=0.25)._network((6,), 3)
    assert networks.built(network, (6,)) == (3,)
    X = np.random.default_rng(1).standard_normal((7, 6))
    networks.check_gradients(network, X, rtol=1e-5, of_input=False)


def test_probabilities_by_hand():
    """Computed from the weights, with T_0 = 1, T_1 = x and T_2 = 2 x^2 - 1."""
    X, y = features()
    network = small(n_polynomials=3).fit(X, y)
    w = network.get_weights()
    A = network.adjacency_
    root = 1 / np.sqrt(A.sum(axis=0))
    scaled = -root[:, None] * A * root
    terms = [np.eye(4), scaled, 2 * scaled @ scaled - np.eye(4)]
    Z = X.reshape(len(X), 4, 2) - w["normalization.mean"]
    Z /= np.sqrt(w["normalization.variance"] + 1e-5)
    Z = Z * w["normalization.scale"] + w["normalization.shift"]
    filters = w["propagation.filters"]
    H = np.maximum(sum(t @ Z @ f for t, f in zip(terms, filters, strict=True)), 0)
    H = H.swapaxes(1, 2).reshape(len(X), -1) @ w["hidden.weight"] + w["hidden.bias"]
    logits = np.maximum(H, 0) @ w["output.weight"] + w["output.bias"]
    assert_allclose(network.predict_proba(X), softmax(logits, axis=1), rtol=1e-8)


def test_adjacency_is_that_of_an_undirected_graph():
    X, y = features()
    network = small(max_epochs=20, learning_rate=0.1)
    with pytest.raises(NotFittedError):
        _ = network.adjacency_
    A = network.fit(X, y).adjacency_
    assert A.shape == (4, 4) and A.dtype == np.float64
    assert_array_equal(A, A.T)
    positive = np.maximum(network.get_weights()["propagation.adjacency"], 0)
    assert_allclose(A, (positive + positive.T) / 2)
    start = small(max_epochs=1, learning_rate=1e-9).fit(X, y).adjacency_
    assert np.abs(A - start).max() > 0.1  # it has been learned
    network.adjacency_[...] = 0
    assert_array_equal(network.adjacency_, A)


def test_electrodes_are_bands_of_features():
    """To reorder the electrodes is to reorder rows and columns of the graph."""
    X, y = features()
    network = small().fit(X, y)
    order = [2, 0, 3, 1]
    w = network.get_weights()
    edges = w["propagation.adjacency"][np.ix_(order, order)]
    by_electrode = w["hidden.weight"].reshape(-1, 4, 6)[:, order]
    expected = network.predict_proba(X)
    network.set_weights(
        {
            "propagation.adjacency": edges,
            "hidden.weight": by_electrode.reshape(-1, 6),
        }
    )
    X = X.reshape(-1, 4, 2)[:, order].reshape(-1, 8)
    assert_allclose(network.predict_proba(X), expected, rtol=1e-10)


def test_after_differential_entropy():
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((24, 3, 64)), np.arange(24) % 2
    X[y == 1, 1] *= 5
    bands = {"slow": (1, 13), "fast": (13, 45)}
    pipeline = make_pipeline(
        DifferentialEntropy(128, bands, "fft"),
        StandardScaler(),
        small(max_epochs=40, learning_rate=0.01),
    ).fit(X, y)
    assert pipeline.score(X, y) == 1
    assert pipeline[-1].adjacency_.shape == (3, 3)


def test_features_that_are_no_multiple_of_the_bands():
    X, y = features()
    with pytest.raises(ValueError, match=r"n_bands=3.*got 8 features"):
        small(n_bands=3).fit(X, y)


@pytest.mark.parametrize("name", ["n_bands", "n_filters", "n_polynomials", "n_hidden"])
def test_sizes_are_positive(name):
    X, y = features()
    with pytest.raises(ValueError, match=name):
        small(**{name: 0}).fit(X, y)


def test_prediction_does_not_need_the_batch():
    X, y = features()
    network = small(dropout=0.5).fit(X, y)
    one_by_one = np.concatenate([network.predict_proba(x[None]) for x in X])
    assert_allclose(one_by_one, network.predict_proba(X), rtol=1e-12)

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from pyriemann.datasets import make_matrices

from eegemo.networks import SPDNet


def matrices(n=24, n_channels=4):
    """Two classes that differ in the power of a channel."""
    X = make_matrices(n, n_channels, "spd", rs=0)
    y = np.arange(n) % 2
    X[y == 1, 0] *= 3
    X[y == 1, :, 0] *= 3
    return X, y


@pytest.mark.parametrize(
    "n_channels, n_filters, expected",
    [
        (62, None, 62 * 31 + 3 * (31 * 32 // 2 + 1)),
        (22, None, 22 * 11 + 3 * (66 + 1)),
        (6, (4, 3), 6 * 4 + 4 * 3 + 3 * (6 + 1)),
    ],
)
def test_number_of_parameters(n_channels, n_filters, expected):
    X = np.tile(np.eye(n_channels), (3, 1, 1))
    network = SPDNet(n_filters, max_epochs=1).fit(X, [0, 1, 2])
    assert network.n_parameters_ == expected


@pytest.mark.parametrize("n_filters", [None, (3, 2)])
def test_learns_and_filters_stay_orthonormal(n_filters):
    X, y = matrices()
    network = SPDNet(n_filters, max_epochs=60, random_state=0).fit(X, y)
    assert network.score(X, y) == 1
    for name, W in network.get_weights().items():
        if name.startswith("bimap"):
            assert_allclose(W.T @ W, np.eye(W.shape[1]), atol=1e-12)


def test_units_do_not_matter():
    """By a power of two, by which no number is rounded; the threshold follows."""
    X, y = matrices()
    network = SPDNet(max_epochs=5, threshold=0.3, random_state=0)
    expected = network.fit(X, y).predict_proba(X)
    unit = 2.0**-40
    assert_array_equal(network.fit(unit * X, y).predict_proba(unit * X), expected)


def test_single_precision_input():
    """Which is all that is rounded: to 6e-8, and 1e-5 after training."""
    X, y = matrices()
    network = SPDNet(max_epochs=5, random_state=0)
    expected = network.fit(X, y).predict_proba(X)
    X = X.astype(np.float32)
    assert_allclose(network.fit(X, y).predict_proba(X), expected, atol=1e-4)


def test_saved_and_loaded(tmp_path):
    X, y = matrices()
    network = SPDNet(max_epochs=2, random_state=0).fit(X, y)
    network.save_weights(tmp_path / "spdnet.npz")
    loaded = SPDNet().load_weights(tmp_path / "spdnet.npz")
    assert_array_equal(loaded.predict_proba(X), network.predict_proba(X))


@pytest.mark.parametrize("n_filters", [0, 5, (3, 4), (), (3, 0), 2.5, (3, 2.0), "22"])
def test_refuses_sizes(n_filters):
    with pytest.raises(ValueError, match="do not increase"):
        SPDNet(n_filters).fit(*matrices())


def test_refuses_threshold():
    with pytest.raises(ValueError, match="threshold should be positive"):
        SPDNet(threshold=0).fit(*matrices())


def test_refuses_blocks():
    X, y = matrices()
    with pytest.raises(ValueError, match="expects SPD matrices of shape"):
        SPDNet().fit(X[:, None], y)

import mne
import networks
import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.base import clone

from eegemo.montage import SEED_CHANNELS
from eegemo.networks import HiSTN
from eegemo.networks._layer import arrays

DREAMER = "AF3 F7 F3 FC5 T7 P7 O1 O2 P8 T8 FC6 F4 F8 AF4".split()
FOUR = ["AF3", "T7", "T8", "AF4"]


def windows(n=48, n_channels=4, n_times=48, seed=0):
    rng = np.random.default_rng(seed)
    X, y = rng.standard_normal((n, n_channels, n_times)), 1 + np.arange(n) % 3
    X[:, 0] *= y[:, None]
    return X, y


def small(channels=FOUR, **parameters):
    options = {"n_filters": 2, "filter_length": 8, "max_epochs": 3, "batch_size": 16}
    return HiSTN(channels, **(options | {"random_state": 0} | parameters))


@pytest.mark.parametrize(("n_classes", "n_parameters"), [(5, 1181), (2, 1121)])
def test_size_is_that_of_the_paper(n_classes, n_parameters):
    """1,181 weights of five classes, and 84 statistics."""
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((10, 14, 128)), np.arange(10) % n_classes
    network = HiSTN(DREAMER, max_epochs=1, random_state=0).fit(X, y)
    assert network.n_parameters_ == n_parameters
    assert sum(map(np.size, network.get_weights().values())) == n_parameters + 84


def test_layers_are_those_of_the_paper():
    network = HiSTN(DREAMER)._network((14, 128), 5)
    shape, shapes = (14, 128), {}
    for name, layer in network.layers.items():
        shapes[name] = shape = layer.build(shape, np.random.default_rng(0))
    assert shapes["filters"] == (14, 128)  # zeros before and after
    assert shapes["taps"] == (14, 124)
    assert shapes["dropout"] == (14, 62)
    assert shapes["levels"] == (14 + 4 + 1,)
    sizes = {k: w.size for k, w in arrays(network, "weights").items()}
    of_electrodes = {
        k: n for k, n in sizes.items() if k.startswith("levels.electrodes")
    }
    assert list(of_electrodes.values()) == [12, 70, 50, 14, 14]
    assert sizes["filters.temporal"] == 512 and sizes["filters.mixtures"] == 112
    assert sizes["levels.ring.coefficients"] == 3
    assert sizes["levels.before.weight"] + sizes["levels.before.bias"] == 64
    assert sizes["levels.head_after.weight"] + sizes["levels.head_after.bias"] == 20


def test_graph_of_dreamer():
    """A cycle of four regions, which are those of Kuang and Michoski (2024)."""
    levels = HiSTN(DREAMER)._network((14, 128), 5).layers["levels"]
    assert levels.ring.graphs == [(4, [(0, 1), (1, 2), (2, 3), (3, 0)])]
    left = [(0, 2), (1, 2), (1, 3), (2, 3)]
    graphs = levels.electrodes.layers["propagation"].graphs
    assert [n for n, _ in graphs] == [4, 3, 3, 4]
    assert graphs[0][1] == left
    assert graphs[1][1] == graphs[2][1] == [(0, 1), (1, 2)]
    mirrored = {frozenset((3 - i, 3 - j)) for i, j in left}
    assert {frozenset(edge) for edge in graphs[3][1]} == mirrored


def test_gradients():
    network = small(["AF3", "F3", "T7", "AF4"])._network((4, 12), 3)
    networks.built(network, (4, 12))
    X = np.random.default_rng(1).standard_normal((5, 4, 12))
    networks.check_gradients(network, X, rtol=1e-5, of_input=False)


def test_learns():
    X, y = windows(90, n_times=24)
    network = small(max_epochs=25, learning_rate=0.03, dropout=0.1)
    network.fit(X[:60], y[:60])
    assert network.score(X[60:], y[60:]) > 0.65
    assert network.loss_curve_[-1] < network.loss_curve_[0]


def test_norms_are_constrained():
    X, y = windows()
    weights = small(learning_rate=1.0).fit(X, y).get_weights()
    bound = 1 + 1e-6  # of float32
    for name in ("filters.mixtures", "taps.weight"):
        norms = np.linalg.norm(weights[name], axis=1)
        assert norms.max() <= bound
    points = weights["levels.electrodes.pointwise.weight"]
    assert np.abs(points).max() <= bound
    assert np.abs(weights["levels.electrodes.taps.weight"]).max() > 1


def test_order_of_the_channels_does_not_matter():
    """Channels of a region keep their order, which their weights follow."""
    X, y = windows(n_channels=5)
    names = ["AF3", "T7", "T8", "F4", "AF4"]
    expected = small(names).fit(X, y)
    order = [2, 3, 0, 4, 1]
    moved = small([names[i] for i in order]).fit(X[:, order], y)
    assert_allclose(
        moved.predict_proba(X[:, order]), expected.predict_proba(X), rtol=1e-5
    )
    assert moved.regions_ == expected.regions_
    assert expected.regions_["right frontal"] == ["F4", "AF4"]


@pytest.mark.parametrize(
    ("channels", "n_ring"),
    [(["Cz"], 0), (["F3", "F4"], 1), (["F3", "P3", "P4"], 3), (FOUR, 4)],
)
def test_regions_without_channels(channels, n_ring):
    X, y = windows(n_channels=len(channels))
    network = small(channels, max_epochs=1).fit(X, y)
    assert network.predict_proba(X).shape == (48, 3)
    n, ring = network.network_.layers["levels"].ring.graphs[0]
    assert len(ring) == n_ring and n == len(network.regions_)


def test_whole_caps():
    X, y = windows(12, 62, 16)
    network = small(SEED_CHANNELS, max_epochs=1).fit(X, y)
    assert sum(map(len, network.regions_.values())) == 62


def test_epochs_bring_the_names():
    X, y = windows()
    info = mne.create_info(FOUR, 128, "eeg")
    epochs = mne.EpochsArray(X * 1e-6, info, verbose=False)
    network = small(None).fit(epochs, y)
    expected = small().fit(X, y)
    assert_allclose(network.predict_proba(epochs), expected.predict_proba(X), rtol=1e-4)
    assert network.regions_ == expected.regions_
    small(FOUR).fit(epochs, y)
    with pytest.raises(ValueError, match=r"but the Epochs have \['AF3', 'T7'"):
        small(FOUR[::-1]).fit(epochs, y)


def test_names_are_needed():
    X, y = windows()
    with pytest.raises(ValueError, match="from the names of the channels"):
        small(None).fit(X, y)
    with pytest.raises(ValueError, match="all 4 channels, got 14 names"):
        small(DREAMER).fit(X, y)
    with pytest.raises(ValueError, match="'E1' is no electrode"):
        small(["E1", *FOUR[1:]]).fit(X, y)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_filters": 0}, "n_filters"),
        ({"filter_length": 0}, "filter_length"),
        ({"order": -1}, "order"),
    ],
)
def test_parameters(parameters, message):
    X, y = windows()
    with pytest.raises(ValueError, match=message):
        small(**parameters).fit(X, y)


def test_short_windows():
    X, y = windows(n_times=6)
    assert small(max_epochs=1).fit(X, y).predict(X).shape == (48,)
    with pytest.raises(ValueError, match="at least 6 samples per window, got 5"):
        small().fit(X[..., :5], y)


def test_save_and_load(tmp_path):
    X, y = windows()
    info = mne.create_info(FOUR, 128, "eeg")
    epochs = mne.EpochsArray(X, info, verbose=False)
    for estimator, data in ((small(), X), (small(None), epochs)):
        fitted = clone(estimator).fit(data, y)
        fitted.save_weights(tmp_path / "weights.npz")
        loaded = clone(estimator).load_weights(tmp_path / "weights.npz")
        assert_allclose(
            loaded.predict_proba(data), fitted.predict_proba(data), rtol=1e-12
        )
        assert loaded.regions_ == fitted.regions_

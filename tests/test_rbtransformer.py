import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from eegemo.networks import RBTransformer, explain_with_null
from eegemo.networks._layer import Pass, arrays
from eegemo.networks._loss import soft_targets
from eegemo.networks._optimizer import Adam
from eegemo.networks._training import Trainer


def test_explanation_is_attention_beside_a_null():
    X = np.random.default_rng(0).standard_normal((16, 12))
    network = RBTransformer(2, n_blocks=1, n_heads=1, width=4, max_epochs=1)
    y = np.arange(16) % 2
    explained = explain_with_null(network, X, y, n_permutations=3, random_state=0)
    assert explained.values.shape == explained.exceeded.shape == (16, 6, 6)
    assert_allclose(explained.values.sum(axis=2), 1)


def test_sizes():
    for name in ("n_bands", "n_blocks", "n_heads", "width"):
        with pytest.raises(ValueError, match=name):
            RBTransformer(**{name: 0}).fit(np.ones((4, 8)), [0, 1, 0, 1])


def features(n=24, n_channels=3, n_bands=2):
    """The class is whether the first channel has the higher first band."""
    X = np.random.default_rng(0).standard_normal((n, n_channels * n_bands))
    return X, (X[:, 0] > X[:, n_bands]).astype(int)


def small(**parameters):
    parameters = {"n_blocks": 2, "n_heads": 2, "width": 8, "max_epochs": 1} | parameters
    return RBTransformer(2, random_state=0, **parameters)


@pytest.mark.parametrize(
    "n_channels, n_classes, expected",
    [(62, 3, 668_803), (32, 2, 664_834), (14, 2, 662_530)],
)
def test_number_of_parameters(n_channels, n_classes, expected):
    """As counted in the authors' networks of SEED, DEAP and DREAMER."""
    network = RBTransformer()._network((4 * n_channels,), n_classes)
    network.build((4 * n_channels,), np.random.default_rng(0))
    assert sum(w.size for w in arrays(network, "weights").values()) == expected


def test_learns():
    X, y = features(48)
    network = small(max_epochs=40, batch_size=16, learning_rate=0.01, dropout=0.0).fit(
        X, y
    )
    assert network.loss_curve_[-1] < network.loss_curve_[0] - 0.2
    assert network.score(X, y) > 0.9


def test_channels_may_be_told_apart_by_their_embedding_alone():
    X, y = features()
    network = small().fit(X, y)
    swapped = X.reshape(24, 3, 2)[:, ::-1].reshape(24, 6)
    assert not np.allclose(network.predict_proba(swapped), network.predict_proba(X))
    weights = {"electrodes.weight": np.zeros((3, 8))}
    network.set_weights(weights)
    assert_allclose(network.predict_proba(swapped), network.predict_proba(X))


def test_features_are_ordered_by_channel_and_then_band():
    """What the first channel takes of the others does not depend on the third."""
    X, y = features()
    network = small().fit(X, y)
    before = network.attention(X, average=False)[:, 0, :, 0]
    X[:, 4:] += 1
    after = network.attention(X, average=False)[:, 0, :, 0]
    ratio = before[:, :, 0] / before[:, :, 1]
    assert_allclose(after[:, :, 0] / after[:, :, 1], ratio)
    assert np.abs(after - before).max() > 1e-3


def test_attention():
    X, y = features()
    network = small().fit(X, y)
    maps = network.attention(X, average=False)
    assert maps.shape == (24, 2, 2, 3, 3)
    assert_allclose(maps.sum(axis=-1), 1)
    assert_allclose(network.attention(X), maps.mean(axis=(1, 2)))
    layer, run = network.network_, Pass()
    x = X.copy()
    for name in ("tokens", "linear", "electrodes"):
        x = layer.layers[name].forward(x, run)
    block = layer.layers["attend0"].layers
    first = block["attention"].attention(block["norm"].forward(x, run))
    assert_allclose(maps[:, 0], first)


def test_parts_of_a_batch_give_the_gradient_of_the_batch():
    """Of single precision's 6e-8, some digits are lost in sums."""
    X, y = features(10)
    weights = np.linspace(0.5, 1.5, 10).astype(np.float32)
    targets = soft_targets(y, 2, 0.12).astype(np.float32)
    results = []
    for at_a_time in (None, 4, 10):
        network = small(dropout=0.0)._network((6,), 2)
        network.build((6,), np.random.default_rng(0))
        size = sum(w.size for w in arrays(network, "weights").values())
        adam = Adam(size, np.float32, True, 0.0)
        rng = np.random.default_rng(0)
        trainer = Trainer(network, adam, rng, at_a_time=at_a_time)
        loss = trainer.step(X.astype(np.float32), targets, weights, 1e-3)
        results.append((loss, trainer.gradients.copy()))
    assert_array_equal(results[0][1], results[2][1])
    assert results[0][0] == pytest.approx(results[1][0], rel=1e-5)
    assert_allclose(results[0][1], results[1][1], atol=1e-5)


def test_windows_are_predicted_alone():
    X, y = features()
    network = small().fit(X, y)
    alone = [network.predict_proba(x[None])[0] for x in X]
    assert_allclose(network.predict_proba(X), alone, rtol=1e-12)


def test_refuses_features_of_other_bands():
    X, y = features()
    with pytest.raises(ValueError, match="4 features of each channel"):
        RBTransformer(4).fit(X, y)

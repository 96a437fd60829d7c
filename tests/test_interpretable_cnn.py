"""The interpretable network: its layers, size, modes and maps."""

import numpy as np
import pytest
import reference
from networks import built, check_gradients
from numpy.testing import assert_allclose, assert_array_equal

from eegemo.networks import InterpretableCNN
from eegemo.networks._class_activation import standardised, strongest
from eegemo.networks._layer import Pass, Sequential, flatten
from eegemo.networks._normalization import BatchNorm
from eegemo.networks._pointwise import ReLU
from eegemo.networks._pooling import GlobalMean
from eegemo.networks._rectified_mean import RectifiedMean


def centred(X, network):
    return (X - X.mean(axis=2, keepdims=True)) / network.input_scale_


class TestRectifiedMean:
    def layers(self):
        fused = RectifiedMean()
        steps = Sequential(relu=ReLU(), norm=BatchNorm(), mean=GlobalMean())
        for layer in (fused, steps):
            assert built(layer, (3, 20)) == (3,)
        rng = np.random.default_rng(0)
        for name in ("scale", "shift"):
            fused.weights[name][:] = rng.standard_normal(3)
            steps.layers["norm"].weights[name][:] = fused.weights[name]
        return fused, steps

    @pytest.mark.parametrize("training", [True, False])
    def test_is_the_three_layers(self, training):
        X = np.random.default_rng(1).standard_normal((4, 3, 20)) + 0.3
        fused, steps = self.layers()
        for _ in range(2):  # the second time, after the statistics have moved
            runs = [Pass(np.random.default_rng(0) if training else None)] * 2
            out = [
                layer.forward(X.copy(), run)
                for layer, run in zip((fused, steps), runs, strict=True)
            ]
            assert_allclose(*out, rtol=1e-12, atol=1e-13)
            for name, statistic in fused.statistics.items():
                expected = steps.layers["norm"].statistics[name]
                assert_allclose(statistic, expected, rtol=1e-12)

    def test_gradients(self):
        X = np.random.default_rng(2).standard_normal((4, 3, 20))
        check_gradients(self.layers()[0], X)

    def test_precision_stays(self):
        layer = RectifiedMean()
        layer.build((3, 20), None)
        flatten(layer, np.float32)
        run = Pass(np.random.default_rng(0))
        X = np.random.default_rng(2).standard_normal((4, 3, 20)).astype(np.float32)
        out = layer.forward(X, run)
        assert out.dtype == np.float32
        assert layer.backward(out, run).dtype == np.float32

    def test_offset(self):
        """Squares of samples far from zero leave enough digits for their variance."""
        X = np.random.default_rng(3).standard_normal((4, 3, 200)) + 100
        for dtype, rtol in ((np.float64, 1e-9), (np.float32, 1e-5)):
            layer = RectifiedMean()
            moments = layer.moments(X.astype(dtype))
            assert_allclose(layer.of_batch(*moments)[1], X.var(axis=(0, 2)), rtol)


def windows(n=24, n_channels=4, n_times=40, seed=0):
    """Noise, with a burst in channel 2 of every second window."""
    X = np.random.default_rng(seed).standard_normal((n, n_channels, n_times))
    X[1::2, 2, 15:25] *= 6
    return X, np.where(np.arange(n) % 2, "tense", "calm")


def fitted(**parameters):
    network = InterpretableCNN(
        3,
        filter_length=8,
        max_epochs=30,
        batch_size=8,
        learning_rate=0.01,
        random_state=0,
    )
    return network.set_params(**parameters).fit(*windows())


@pytest.fixture(scope="module")
def network():
    return fitted()


@pytest.fixture(scope="module")
def transductive():
    return fitted(transductive=True)


def test_size_of_the_paper():
    X = np.random.default_rng(0).standard_normal((4, 30, 384))
    network = InterpretableCNN(max_epochs=1, random_state=0).fit(X, [0, 1, 0, 1])
    assert network.n_parameters_ == 2706
    assert network.get_params()["batch_size"] == 50
    assert InterpretableCNN().max_epochs == 11


def test_learns(network):
    X, y = windows(seed=1)
    assert network.score(X, y) > 0.9
    assert network.loss_curve_[-1] < 0.5 * network.loss_curve_[0]


class TestPrediction:
    def expected(self, network, X, statistics):
        weights = network.get_weights()
        logits = []
        for x in centred(X, network):
            _, normalised = reference.interpretable_cnn(weights, x, *statistics, 2)
            means = normalised.mean(axis=1)
            logits.append(means @ weights["output.weight"] + weights["output.bias"])
        odds = np.exp(logits)
        return odds / odds.sum(axis=1, keepdims=True)

    def test_matches_loop(self, network):
        X, _ = windows(70, seed=2)
        weights = network.get_weights()
        statistics = weights["mean.mean"], weights["mean.variance"]
        expected = self.expected(network, X, statistics)
        assert_allclose(network.predict_proba(X), expected, rtol=1e-10)

    def test_transductive_matches_loop(self, transductive):
        """Statistics of all 70 windows, which are more than are filtered at a time."""
        X, _ = windows(70, seed=2)
        weights = transductive.get_weights()
        nothing = np.zeros(6), np.ones(6)
        outputs = [
            reference.interpretable_cnn(weights, x, *nothing, 2)[0]
            for x in centred(X, transductive)
        ]
        positive = np.maximum(outputs, 0)
        statistics = positive.mean(axis=(0, 2)), positive.var(axis=(0, 2))
        expected = self.expected(transductive, X, statistics)
        assert_allclose(transductive.predict_proba(X), expected, rtol=1e-10)

    def test_only_transductive_depends_on_other_windows(self, network, transductive):
        X, _ = windows(12, seed=3)
        alone = np.concatenate([network.predict_proba(x[None]) for x in X])
        assert_allclose(network.predict_proba(X), alone, rtol=1e-10)
        alone = np.concatenate([transductive.predict_proba(x[None]) for x in X])
        assert np.abs(transductive.predict_proba(X) - alone).max() > 0.01

    def test_units_do_not_matter(self, network):
        X, y = windows()
        other = InterpretableCNN(**network.get_params()).fit(2**20 * X, y)
        expected = network.predict_proba(X)
        assert_allclose(other.predict_proba(2**20 * X), expected, rtol=1e-12)


class TestExplain:
    @pytest.mark.parametrize("label", [None, "calm", "tense"])
    def test_matches_loop(self, network, label):
        X, _ = windows(6, seed=4)
        maps = network.explain(X, label)
        labels = network.predict(X) if label is None else [label] * 6
        weights = network.get_weights()
        statistics = weights["mean.mean"], weights["mean.variance"]
        for x, name, found in zip(centred(X, network), labels, maps, strict=True):
            number = list(network.classes_).index(name)
            expected = reference.activation_map(weights, x, number, *statistics, 2)
            assert_allclose(found, expected, atol=1e-9)

    def test_transductive_uses_all_windows(self, transductive):
        X, _ = windows(6, seed=4)
        together = transductive.explain(X, "tense")
        alone = [transductive.explain(x[None], "tense")[0] for x in X]
        assert np.abs(together - alone).max() > 0.1

    def test_scale(self, network):
        maps = network.explain(windows(70, seed=5)[0], "tense")
        assert maps.shape == (70, 4, 40)
        assert_allclose(maps.mean(axis=(1, 2)), 0, atol=1e-12)
        assert_allclose(np.mean(maps**2, axis=(1, 2)), 1, rtol=1e-10)

    def test_points_to_the_source(self, network):
        X, _ = windows(20, seed=6)
        mean = network.explain(X[1::2], "tense").mean(axis=0)
        channel, time = np.unravel_index(mean.argmax(), mean.shape)
        assert channel == 2
        assert 12 <= time < 28  # a filter is 8 samples long, the burst from 15 to 24

    def test_without_evidence(self):
        """Where a hundred outputs are equal, none exceeds the hundredth."""
        assert not strongest(np.ones((2, 60))).any()
        assert strongest(np.arange(4.0)[None]).tolist() == [[False, True, True, True]]
        assert_array_equal(standardised(np.zeros((2, 3, 4))), np.zeros((2, 3, 4)))

    def test_unknown_label(self, network):
        with pytest.raises(ValueError, match="one of .'calm', 'tense'., got 'sad'"):
            network.explain(windows()[0], "sad")


def test_short_windows():
    with pytest.raises(ValueError, match="filter_length=64 samples.*windows have 40"):
        InterpretableCNN().fit(*windows())

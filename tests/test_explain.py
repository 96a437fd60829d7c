"""Patterns of filters, and explanations against those of random labels and weights."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.signal import freqz
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from eegemo.networks import (
    EEGNet,
    InterpretableCNN,
    MultilayerPerceptron,
    ShallowConvNet,
    explain_with_null,
)
from eegemo.networks._explain import patterns_of, permuted
from eegemo.networks._layer import Pass, Sequential

QUICK = {"max_epochs": 2, "batch_size": 8, "random_state": 0}


def small(**parameters):
    network = InterpretableCNN(
        2,
        filter_length=6,
        max_epochs=10,
        batch_size=8,
        learning_rate=0.05,
        random_state=0,
    )
    return network.set_params(**parameters)


def noise(n=12, n_channels=4, n_times=30, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, n_channels, n_times)), np.arange(n) % 2


def burst(n=16, seed=0):
    """In channel 2, from sample 14 to 21, of windows of class 1."""
    X, y = noise(n, seed=seed)
    X[1::2, 2, 14:22] *= 8
    return X, y


class TestPatterns:
    def source(self):
        """A source in known channels, under noise that channels 1 and 2 share."""
        rng = np.random.default_rng(0)
        mixing = np.array([0.0, 1.0, 0.5, 0.0])
        shared = np.array([0.0, 1.0, 1.0, 0.0])
        s, n = rng.standard_normal((2, 8, 500))
        X = mixing[:, None] * s[:, None] + 3 * shared[:, None] * n[:, None]
        return X + 0.01 * rng.standard_normal(X.shape), mixing, s

    def test_filter_is_not_the_pattern(self):
        """The filter that cancels the noise has a weight of -1 in channel 2."""
        X, mixing, _ = self.source()
        weights = np.array([0.0, 1.0, -1.0, 0.0])
        filters = weights[None, :, None] * np.ones((1, 1, 1))
        found = patterns_of(filters, [X[:3], X[3:]])
        expected = mixing / np.linalg.norm(mixing)
        # as far as source and noise are uncorrelated in 4000 samples
        assert_allclose(found.spatial[0], expected, atol=0.15)
        assert found.spatiotemporal.shape == (1, 4, 1)

    def test_is_the_covariance_with_the_output(self):
        X, *_ = self.source()
        filters = np.random.default_rng(1).standard_normal((5, 4, 3))
        found = patterns_of(filters, [X]).spatiotemporal
        windows = np.lib.stride_tricks.sliding_window_view(
            X - X.mean(axis=2, keepdims=True), 5, axis=2
        )
        outputs = np.einsum("kcm,wctk->wtm", filters, windows)
        outputs -= outputs.mean(axis=1, keepdims=True)
        expected = np.einsum("wctk,wtm->mck", windows, outputs)
        expected /= np.sum(outputs**2, axis=(0, 1))[:, None, None]
        assert_allclose(found, expected, rtol=1e-9, atol=1e-12)

    def test_gain(self):
        filters = np.random.default_rng(1).standard_normal((5, 4, 3))
        found = patterns_of(filters, [noise()[0]], sfreq=128)
        expected = 0
        for c in range(4):
            w, response = freqz(filters[:, c, 1], worN=found.frequencies, fs=128)
            expected = expected + np.abs(response) ** 2
        assert_allclose(found.gain[1], np.sqrt(expected), rtol=1e-9)
        assert found.frequencies[-1] == 64

    def test_silent_filter(self):
        found = patterns_of(np.zeros((3, 4, 1)), [noise()[0]])
        assert_array_equal(found.spatiotemporal, 0)
        assert np.isfinite(found.spatial).all()

    @pytest.mark.parametrize(
        "network",
        [small(max_epochs=2), EEGNet(2, 2, 4, 6, 3, 0.0, **QUICK)]
        + [ShallowConvNet(3, 6, 10, 5, 0.0, **QUICK)],
        ids=lambda network: type(network).__name__,
    )
    def test_filters_are_those_of_the_network(self, network):
        """Outputs of the first layers, but for constants, where nothing is padded."""
        X, y = burst()
        network = clone(network).fit(X, y)
        run, layers = Pass(), network.network_.layers
        first = layers.get("filters", Sequential(a=layers.get("spatial")))
        x = network._scaled(X, np.float64)
        out = first.forward(first.gather(first.prepare(x), np.arange(16), run), run)
        if "temporal" in layers:
            out = layers["temporal"].forward(out, run)
        filters = network._linear_filters()
        start = (out.shape[2] - 25) // 2  # of those that see no padding
        for m in range(filters.shape[2]):
            direct = sum(filters[k, :, m] @ x[3][:, k : k + 25] for k in range(6))
            found = out[3, m, start : start + 25]
            assert_allclose(direct - direct[0], found - found[0], atol=1e-9)
        patterns = network.patterns(X, sfreq=128)
        assert patterns.spatial.shape == (filters.shape[2], 4)
        assert_allclose(np.linalg.norm(patterns.spatial, axis=1), 1)
        assert_allclose(patterns.spatial, network.patterns(4 * X).spatial, atol=1e-9)


def test_patterns_of_filters_longer_than_windows():
    X, y = noise(n_times=6)
    network = EEGNet(2, filter_length=16, **QUICK).fit(X, y)
    with pytest.raises(ValueError, match="filters of 16 samples need longer windows"):
        network.patterns(X)


def of_class_one(network, X):
    return network.explain(X[1::2], 1).mean(axis=0)


class TestNull:
    def test_source_exceeds(self):
        X, y = burst(24)
        found = explain_with_null(
            small(max_epochs=20),
            X,
            y,
            X_explained=burst(seed=1)[0],
            explain=of_class_one,
            n_permutations=6,
            random_state=0,
        )
        channel, time = np.unravel_index(found.values.argmax(), found.values.shape)
        assert channel == 2 and 11 <= time <= 24
        assert found.exceeded[channel, time] > 0.8

    def test_noise_is_like_its_null(self):
        """Twelve times, a value of noise exceeds a share of its null that is uniform.

        The mean of 12 such shares is within 0.25 of a half but for one in 400 draws,
        and maps have several independent points.
        """
        shares = []
        for seed in range(12):
            X, y = noise(seed=seed)
            found = explain_with_null(
                small(max_epochs=2),
                X,
                y,
                explain=lambda network, X: network.explain(X, 1).mean(axis=(0, 2)),
                n_permutations=3,
                random_state=seed,
            )
            shares.append(found.exceeded)
        assert abs(np.mean(shares) - 0.5) < 0.2
        assert np.std(shares) > 0.2

    def test_default_is_explain(self):
        X, y = burst()
        found = explain_with_null(small(max_epochs=1), X, y, n_permutations=1)
        assert found.values.shape == found.exceeded.shape == X.shape
        assert set(np.unique(found.exceeded)) <= {0, 0.5, 1}

    def test_weights_are_as_drawn(self):
        """What is explained of weights has the spread of untrained ones."""
        X, y = burst()
        drawn = []

        def remember(network, X):
            drawn.append(network.get_weights())
            return np.zeros(1)

        network = small(schedule={5: 0.1}, weight_decay=0.1, max_epochs=8)
        explain_with_null(
            network, X, y, explain=remember, null="weights", n_permutations=2
        )
        for weights in drawn[1:]:
            assert_array_equal(weights["mean.scale"], 1)
            assert np.abs(weights["mean.shift"]).max() < 1e-20
            assert not np.allclose(weights["mean.variance"], 1)
        assert np.ptp([w["spatial.weight"][0, 0] for w in drawn]) > 0

    def test_same_state_gives_the_same(self):
        X, y = noise()
        first, second = (
            explain_with_null(
                small(max_epochs=1), X, y, n_permutations=2, random_state=3
            )
            for _ in range(2)
        )
        for a, b in zip(first, second, strict=True):
            assert_array_equal(a, b)

    def test_pipeline(self):
        """Any classifier, as long as a function says what it explains."""
        X, y = noise(40, 5, 2)
        X[y == 1, 3] += 2
        found = explain_with_null(
            make_pipeline(StandardScaler(), LogisticRegression()),
            X[:, :, 0],
            y,
            explain=lambda model, X: model[-1].coef_[0],
            n_permutations=30,
            random_state=0,
        )
        assert found.values.argmax() == 3
        assert found.p_value == 1 / 31

    def test_early_stopping_gets_the_groups(self):
        """Or it would warn that it has none."""
        X, y = noise()
        stopping = small(max_epochs=1, early_stopping=True)
        groups = np.arange(12)
        explain_with_null(stopping, X, y, groups=groups, n_permutations=1)
        with pytest.raises(ValueError, match="at least two groups"):
            explain_with_null(stopping, X, y, groups=np.zeros(12), n_permutations=1)

    def test_ties_speak_for_the_null(self):
        X, y = noise()
        found = explain_with_null(
            LogisticRegression(), X[:, :, 0], y, explain=lambda model, X: [1, 0]
        )
        assert found.p_value == 1
        assert_array_equal(found.exceeded, 0.5)

    @pytest.mark.parametrize("value", [np.nan, np.inf])
    def test_no_numbers(self, value):
        X, y = noise()
        with pytest.raises(ValueError, match="NaN or infinity"):
            explain_with_null(
                LogisticRegression(), X[:, :, 0], y, explain=lambda model, X: [value]
            )

    def test_weights_of_a_pipeline(self):
        X, y = noise()
        network = MultilayerPerceptron((2,), max_epochs=20)
        curves = []

        def remember(pipeline, X):
            curves.append(pipeline[-1].loss_curve_)
            return np.zeros(1)

        explain_with_null(
            make_pipeline(StandardScaler(), network),
            X[:, :, 0],
            y,
            explain=remember,
            null="weights",
            n_permutations=1,
        )
        assert np.ptp(curves[0]) > 1e-4 and np.ptp(curves[1]) < 1e-6

    def test_errors(self):
        X, y = noise()
        with pytest.raises(ValueError, match="LogisticRegression neither is nor has"):
            explain_with_null(
                LogisticRegression(),
                X[:, :, 0],
                y,
                explain=lambda model, X: model.coef_[0],
                null="weights",
            )
        with pytest.raises(ValueError, match='"labels" or "weights", got .noise'):
            explain_with_null(small(), X, y, null="noise")
        with pytest.raises(
            ValueError, match="LogisticRegression has no method explain"
        ):
            explain_with_null(LogisticRegression(), X[:, :, 0], y)
        with pytest.raises(ValueError, match=r"shape, \(1,\) and \(2,\)"):
            sizes = iter([1, 2])
            explain_with_null(
                small(max_epochs=1),
                X,
                y,
                explain=lambda network, X: np.zeros(next(sizes)),
            )


class TestPermuted:
    def test_groups_stay_whole(self):
        groups = np.repeat(["a", "b", "c", "d", "e", "f"], [1, 2, 3, 4, 5, 6])
        y = np.repeat([0, 1, 0, 1, 0, 1], [1, 2, 3, 4, 5, 6])
        rng = np.random.RandomState(0)
        seen = set()
        for _ in range(50):
            labels = permuted(y, groups, rng)
            by_group = [np.unique(labels[groups == name]) for name in "abcdef"]
            assert all(len(found) == 1 for found in by_group)
            assert np.concatenate(by_group).sum() == 3
            seen.add(tuple(np.concatenate(by_group)))
        assert len(seen) > 10  # of 20

    def test_without_groups(self):
        y = np.arange(20)
        labels = permuted(y, None, np.random.RandomState(0))
        assert sorted(labels) == sorted(y) and (labels != y).any()

    def test_several_labels(self):
        with pytest.raises(ValueError, match="Group 'b' has windows of several labels"):
            permuted(np.array([0, 0, 1]), ["a", "b", "b"], np.random.RandomState(0))

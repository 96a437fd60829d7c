"""How networks are trained, stopped, saved and continued."""

import os
import pickle
from inspect import signature

import networks
import numpy as np
import pandas as pd
import pytest
from joblib import Parallel, delayed
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import log_softmax
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_info, threadpool_limits

from eegemo._kernels.adam import adam_step
from eegemo._kernels.cross_entropy import cross_entropy
from eegemo.covariance import Covariances
from eegemo.networks import (
    DGCNN,
    EEGNet,
    HiSTN,
    InterpretableCNN,
    MultilayerPerceptron,
    RBTransformer,
    ShallowConvNet,
    SPDNet,
    SSVEPNet,
)
from eegemo.networks._dense import Flatten, Linear
from eegemo.networks._layer import Pass, Residual, Sequential, arrays
from eegemo.networks._loss import soft_targets
from eegemo.networks._normalization import BatchNorm, LayerNorm
from eegemo.networks._optimizer import Adam, learning_rate
from eegemo.networks._pointwise import (
    ELU,
    GELU,
    Dropout,
    Log,
    ReLU,
    draw_mask,
)
from eegemo.networks._threads import one_blas_thread
from eegemo.networks._training import Trainer

SMALL = {
    "max_epochs": 4,
    "random_state": 0,
    "schedule": "constant",
    "label_smoothing": 0.0,
}
WINDOW_NETWORKS = [
    ShallowConvNet(3, 5, 10, 5, batch_size=8, **SMALL),
    EEGNet(2, 2, filter_length=6, batch_size=8, **SMALL),
    InterpretableCNN(2, 2, 6, batch_size=8, **SMALL),
    HiSTN(["AF3", "O1", "O2"], 2, 6, batch_size=8, **SMALL),
    SSVEPNet(200, 2, 8, last_dropout=0.5, batch_size=8, **SMALL),
]
FEATURE_NETWORKS = [
    MultilayerPerceptron((6,), 0.3, batch_size=8, **SMALL),
    DGCNN(1, 4, 2, 6, batch_size=8, **SMALL),
    RBTransformer(1, n_blocks=1, n_heads=2, width=8, batch_size=8, **SMALL),
]
PERCEPTRON = FEATURE_NETWORKS[0]
MATRIX_NETWORKS = [SPDNet(batch_size=8, **SMALL)]
NETWORKS = WINDOW_NETWORKS + FEATURE_NETWORKS + MATRIX_NETWORKS
each = pytest.mark.parametrize("estimator", NETWORKS, ids=lambda e: type(e).__name__)


def data(estimator, n=24, n_times=40):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, 3, n_times))
    y = np.array(["calm", "fear", "joy"] * (n // 3))
    X[y == "fear", 0] *= 3
    X[y == "joy", 1] *= 3
    if isinstance(estimator, SPDNet):
        X = Covariances().fit_transform(X)
    elif any(isinstance(estimator, type(other)) for other in FEATURE_NETWORKS):
        X = np.log(X.var(axis=2))
    return X, y


# Layers.

LAYERS = {
    "linear": Linear(3),
    "linear, rectified": Linear(4, rectified=True),
    "flatten": Flatten(),
    "relu": ReLU(),
    "elu": ELU(),
    "gelu": GELU(),
    "log": Log(0.2),
    "dropout": Dropout(0.4),
    "batch norm": BatchNorm(),
    "batch norm of the last axis": BatchNorm(axis=2),
    "layer norm": LayerNorm(),
    "sequential": Sequential(a=Linear(5), b=GELU(), c=LayerNorm(), d=Linear(2)),
    "residual": Residual(a=LayerNorm(), b=Linear(5), c=ELU(), d=Linear(4)),
}


@pytest.mark.parametrize("layer", LAYERS.values(), ids=LAYERS)
def test_gradients(layer):
    X = np.random.default_rng(2).standard_normal((5, 3, 4))
    X[np.abs(X) < 0.01] = 0.5  # where ReLU has no derivative
    if isinstance(layer, Log):
        X = np.abs(X) + 0.01
        X[np.abs(X - 0.2) < 0.01] = 0.5
    out = networks.built(layer, (3, 4))
    assert networks.forward(layer, X).shape == (5, *out)
    networks.check_gradients(layer, X)


@pytest.mark.parametrize("layer", LAYERS.values(), ids=LAYERS)
def test_layers_keep_float32(layer):
    X = np.abs(np.random.default_rng(2).standard_normal((5, 3, 4))).astype(np.float32)
    networks.built(layer, (3, 4), dtype=np.float32)
    run = Pass(np.random.default_rng(0))
    out = networks.forward(layer, X, run=run)
    assert out.dtype == np.float32
    assert layer.backward(np.ones_like(out), run).dtype == np.float32


def test_batch_norm_follows_the_batches():
    """To the mean and the unbiased variance, as a geometric series of shares 0.1."""
    layer = BatchNorm()
    networks.built(layer, (2, 3))
    X = np.random.default_rng(0).standard_normal((50, 2, 3)) * 3 + 1
    for _ in range(200):
        networks.forward(layer, X)
    flat = X.swapaxes(0, 1).reshape(2, -1)
    assert_allclose(layer.statistics["mean"], flat.mean(axis=1), rtol=1e-8)
    assert_allclose(layer.statistics["variance"], flat.var(axis=1, ddof=1), rtol=1e-8)
    out = layer.forward(X.copy(), Pass())
    assert_allclose(out.mean(axis=(0, 2)), 0, atol=1e-8)


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.95])
def test_dropout_keeps_the_mean(rate):
    mask = draw_mask(np.random.default_rng(0), (1000, 100), rate, np.float64)
    assert len(np.unique(mask)) == 2
    # five standard errors of a share of 100 000
    assert_allclose((mask == 0).mean(), rate, atol=5 * (rate * (1 - rate) / 1e5) ** 0.5)
    assert_allclose(mask.max(), 1 / (1 - rate), rtol=1e-3)  # to 16 bits of the rate


def test_dropout_ends_with_training():
    X = np.ones((2, 3))
    assert Dropout(0.5).forward(X, Pass()) is X


def test_max_norm():
    layer = Linear(3, max_norm=0.2)
    networks.built(layer, (10,))
    layer.weights["weight"][:, 0] *= 0.01
    before = layer.weights["weight"].copy()
    layer.constrain()
    norms = np.linalg.norm(layer.weights["weight"], axis=0)
    assert_allclose(norms[1:], 0.2)
    assert_array_equal(layer.weights["weight"][:, 0], before[:, 0])


# Loss and optimiser.


@pytest.mark.parametrize("smoothing", [0.0, 0.12, "ordinal"])
def test_cross_entropy(smoothing):
    rng = np.random.default_rng(0)
    logits = 3 * rng.standard_normal((7, 4))
    targets = soft_targets(rng.integers(0, 4, 7), 4, smoothing)
    weights = rng.uniform(0, 2, 7)
    assert_allclose(targets.sum(axis=1), 1)
    loss, gradient = cross_entropy(logits, targets, weights)
    terms = -(targets * log_softmax(logits, axis=1)).sum(axis=1)
    assert_allclose(loss, np.mean(weights * terms))
    for i in np.ndindex(logits.shape):
        high, low = logits.copy(), logits.copy()
        high[i] += 1e-6
        low[i] -= 1e-6
        slope = cross_entropy(high, targets, weights)[0]
        slope = (slope - cross_entropy(low, targets, weights)[0]) / 2e-6
        assert_allclose(gradient[i], slope, atol=1e-9)


def test_cross_entropy_of_far_logits():
    targets = np.eye(2)
    loss, _ = cross_entropy(np.array([[1e4, 0], [1e4, 0.0]]), targets, np.ones(2))
    assert loss == 5e3
    assert np.isnan(cross_entropy(np.full((2, 2), np.nan), targets, np.ones(2))[0])


def test_ordinal_targets_of_the_paper():
    """HiSTN's: .787 at the label and .107 beside it; .881 and .119 at an end."""
    targets = soft_targets([2, 0], 5, "ordinal")
    assert_allclose(targets[0], [0.0, 0.107, 0.786, 0.107, 0.0], atol=6e-4)
    assert_allclose(targets[1, :2], [0.881, 0.119], atol=6e-4)


def reference_adam(w, gradients, rate, decay, decoupled):
    """Adam as the papers write it, with a list of gradients."""
    m = v = 0
    for t, g in enumerate(gradients, 1):
        if decoupled:
            w = w - rate * decay * w
        else:
            g = g + decay * w
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * g**2
        w = w - rate * m / (1 - 0.9**t) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
    return w


@pytest.mark.parametrize("decoupled", [False, True])
@pytest.mark.parametrize("decay", [0.0, 0.1])
@pytest.mark.parametrize("dtype, rtol", [(np.float64, 1e-12), (np.float32, 1e-5)])
def test_adam(decoupled, decay, dtype, rtol):
    rng = np.random.default_rng(0)
    start, gradients = rng.standard_normal(9), rng.standard_normal((5, 9))
    expected = reference_adam(start, gradients, 0.01, decay, decoupled)
    adam, values = Adam(9, dtype, decoupled, decay), start.astype(dtype)
    for gradient in gradients:
        adam.step(values, gradient.astype(dtype), 0.01)
    assert_allclose(values, expected, rtol=rtol)
    assert values.dtype == adam.first.dtype == dtype


def test_adam_step_with_zero_gradient_stays():
    values = np.ones(3)
    zeros = [np.zeros(3) for _ in range(3)]
    adam_step(values, *zeros, (0.1, 0.9, 0.999, 1.0, 1.0, 1e-8, 0.0))
    assert_array_equal(values, 1)


def test_schedules():
    assert learning_rate("constant", 0.1, 7, 10) == 0.1
    assert learning_rate("cosine", 0.1, 0, 10) == 0.1
    assert_allclose(learning_rate("cosine", 0.1, 5, 10), 0.1 * 1.001 / 2)
    assert_allclose(learning_rate("cosine", 0.1, 10, 10), 1e-4)
    steps = {30: 5e-4, 40: 1e-4}
    got = [learning_rate(steps, 1e-3, e, 50) for e in (0, 29, 30, 39, 40, 49)]
    assert got == [1e-3, 1e-3, 5e-4, 5e-4, 1e-4, 1e-4]


# Training.


@pytest.mark.parametrize("n, sizes", [(20, [7, 7, 6]), (8, [8]), (9, [5, 4])])
def test_batches(n, sizes):
    """At most of ``batch_size``, alike, and each sample is in one of them."""
    network = Sequential(output=Linear(2))
    network.build((1,), np.random.default_rng(0))
    seen = []

    class Remembers(Trainer):
        def step(self, batch, targets, weights, rate):
            seen.append(batch[:, 0].copy())
            return float(len(batch))

    trainer = Remembers(network, None, np.random.default_rng(0))
    X = np.arange(30, dtype=np.float32)[:, None]
    samples = np.arange(30)[-n:]
    loss = trainer.epoch(X, samples, np.zeros((30, 2)), np.ones(30), 8, 0.1)
    assert [len(batch) for batch in seen] == sizes
    assert sorted(np.concatenate(seen)) == samples.tolist()
    assert_allclose(loss, np.dot(sizes, sizes) / n)


@each
class TestTraining:
    def test_loss_falls(self, estimator):
        X, y = data(estimator)
        quick = clone(estimator).set_params(max_epochs=40, learning_rate=0.01)
        fitted = quick.fit(X, y)
        assert len(fitted.loss_curve_) == fitted.n_iter_ == 40
        assert np.mean(fitted.loss_curve_[-5:]) < 0.9 * fitted.loss_curve_[0]
        assert fitted.validation_curve_ == []

    def test_same_seed_same_weights(self, estimator):
        X, y = data(estimator)
        one, other = (clone(estimator).fit(X, y).get_weights() for _ in range(2))
        third = clone(estimator).set_params(random_state=1).fit(X, y).get_weights()
        assert all(np.array_equal(one[k], other[k]) for k in one)
        assert not all(np.array_equal(one[k], third[k]) for k in one)

    @pytest.mark.parametrize("n_threads", [1, 2])
    def test_threads_of_blas_do_not_matter(self, estimator, n_threads):
        X, y = data(estimator)
        expected = clone(estimator).fit(X, y)
        with threadpool_limits(n_threads):
            got = clone(estimator).fit(X, y).predict_proba(X)
        assert_array_equal(got, expected.predict_proba(X))

    @pytest.mark.parametrize("backend", ["loky", "threading"])
    def test_workers_do_not_matter(self, estimator, backend):
        X, y = data(estimator)
        expected = clone(estimator).fit(X, y).predict_proba(X)
        fitted = Parallel(n_jobs=2, backend=backend)(
            delayed(clone(estimator).fit)(X, y) for _ in range(2)
        )
        for one in fitted:
            assert_array_equal(one.predict_proba(X), expected)
        shared = Parallel(n_jobs=2, backend="threading")(
            delayed(fitted[0].predict_proba)(X) for _ in range(4)
        )
        assert all(np.array_equal(part, expected) for part in shared)

    def test_one_window_is_its_row(self, estimator):
        """To rounding in float64, whatever the batch it is in."""
        X, y = data(estimator)
        fitted = clone(estimator).fit(X, y)
        expected = fitted.predict_proba(X)
        for i in (0, 5):
            single = fitted.predict_proba(X[i : i + 1])[0]
            assert_allclose(single, expected[i], rtol=1e-12)
        big = np.concatenate([X] * 6)  # more than are predicted at a time
        assert_allclose(fitted.predict_proba(big)[-len(X) :], expected, rtol=1e-12)

    def test_warm_start_goes_on(self, estimator):
        """Two and two epochs are four, dropout and order of the windows included."""
        X, y = data(estimator)
        whole = clone(estimator).fit(X, y)
        half = clone(estimator).set_params(max_epochs=2, warm_start=True).fit(X, y)
        half = pickle.loads(pickle.dumps(half)).fit(X, y)
        assert half.n_iter_ == 4
        assert half.loss_curve_ == whole.loss_curve_
        assert_array_equal(half.predict_proba(X), whole.predict_proba(X))

    def test_warm_start_with_other_parameters(self, estimator):
        """Those of layers are refused, and those of training are taken."""
        X, y = data(estimator)
        fitted = clone(estimator).set_params(warm_start=True).fit(X, y)
        name = next(iter(signature(type(estimator)).parameters))
        value = getattr(estimator, name)
        other = ["T7", "P7", "T8"] if name == "channels" else 4
        with pytest.raises(ValueError, match=f"made with {name}="):
            fitted.set_params(**{name: other}).fit(X, y)
        with pytest.raises(ValueError, match=f"made with {name}="):
            fitted.partial_fit(X, y)
        fitted.set_params(**{name: value})
        strong = pickle.loads(pickle.dumps(fitted))
        strong.set_params(optimizer="adamw", weight_decay=100.0).fit(X, y)
        weights = [
            sum(
                np.abs(w).sum()
                for w in arrays(n.fit(X, y).network_, "weights").values()
            )
            for n in (fitted, strong)
        ]
        assert weights[1] < weights[0]

    def test_partial_fit_is_an_epoch(self, estimator):
        X, y = data(estimator)
        parts = clone(estimator)
        for _ in range(4):
            parts.partial_fit(X, y, classes=["calm", "fear", "joy"])
        whole = clone(estimator).fit(X, y)
        assert_array_equal(parts.predict_proba(X), whole.predict_proba(X))
        parts.partial_fit(X[:2], y[:2])
        assert parts.n_iter_ == 5

    def test_partial_fit_knows_its_classes(self, estimator):
        X, y = data(estimator)
        with pytest.raises(ValueError, match="one class"):
            clone(estimator).partial_fit(X[:1], y[:1])
        fitted = clone(estimator).partial_fit(X[:2], y[:2], classes=np.unique(y))
        with pytest.raises(ValueError, match="was fitted on the classes"):
            fitted.partial_fit(X[:2], ["calm", "anger"])

    def test_weights_go_out_and_in(self, estimator):
        X, y = data(estimator)
        fitted = clone(estimator).fit(X, y)
        other = clone(estimator).set_params(random_state=5).fit(X, y)
        weights = fitted.get_weights()
        assert not np.array_equal(other.predict_proba(X), fitted.predict_proba(X))
        other.set_weights(weights)
        assert_array_equal(other.predict_proba(X), fitted.predict_proba(X))
        name = next(iter(weights))
        weights[name][...] = np.nan  # copies
        assert np.isfinite(fitted.predict_proba(X)).all()
        with pytest.raises(ValueError, match="no weights 'w'"):
            fitted.set_weights({"w": 1.0})
        with pytest.raises(ValueError, match="should be of shape"):
            fitted.set_weights({name: weights[name][:-1]})

    def test_file(self, estimator, tmp_path):
        X, y = data(estimator)
        fitted = clone(estimator).fit(X, y)
        fitted.save_weights(tmp_path / "net.npz")
        again = clone(estimator).load_weights(tmp_path / "net.npz")
        assert_array_equal(again.predict_proba(X), fitted.predict_proba(X))
        assert_array_equal(again.predict(X), fitted.predict(X))
        assert [p.name for p in tmp_path.iterdir()] == ["net.npz"]
        again.set_params(warm_start=True).fit(X, y)

    def test_early_stopping_keeps_groups_whole(self, estimator, monkeypatch):
        X, y = data(estimator, 48)
        groups = np.repeat(np.arange(8), 6)
        seen = {}

        def split(y, groups, fraction, rng):
            seen["train"], seen["validate"] = validation_split(y, groups, fraction, rng)
            return seen["train"], seen["validate"]

        from eegemo.networks import _classifier
        from eegemo.networks._validation import validation_split

        monkeypatch.setattr(_classifier, "validation_split", split)
        stopping = clone(estimator).set_params(
            early_stopping=True, patience=3, max_epochs=60, validation_fraction=0.25
        )
        stopping.fit(X, y, groups=groups)
        train, validate = seen["train"], seen["validate"]
        assert not set(groups[train]) & set(groups[validate])
        assert sorted([*train, *validate]) == list(range(48))
        curve = stopping.validation_curve_
        assert len(curve) == len(stopping.loss_curve_) == stopping.n_iter_ <= 60
        # the weights are those of the least loss, before the last three
        proba = stopping.predict_proba(X[validate])
        labels = np.searchsorted(stopping.classes_, y[validate])
        loss = -np.log(proba[np.arange(len(labels)), labels]).mean()
        assert_allclose(loss, min(curve), rtol=1e-4)
        if stopping.n_iter_ < 60:
            assert np.argmin(curve) == len(curve) - 4

    def test_early_stopping_without_groups_says_so(self, estimator):
        X, y = data(estimator)
        stopping = clone(estimator).set_params(early_stopping=True, max_epochs=1)
        with pytest.warns(UserWarning, match="groups=trials"):
            stopping.fit(X, y)

    def test_class_weight(self, estimator):
        X, y = data(estimator)
        few = np.r_[np.flatnonzero(y != "joy"), np.flatnonzero(y == "joy")[:2]]
        X, y = X[few], y[few]
        balanced = clone(estimator).set_params(class_weight="balanced").fit(X, y)
        weight = len(y) / 3 / np.array([8, 8, 2])[np.searchsorted(balanced.classes_, y)]
        weighted = clone(estimator).fit(X, y, sample_weight=weight)
        assert_allclose(balanced.predict_proba(X), weighted.predict_proba(X), rtol=1e-4)

    def test_exploding_loss_keeps_the_best_weights(self, estimator):
        X, y = data(estimator)
        fitted = clone(estimator).set_params(max_epochs=2, warm_start=True).fit(X, y)
        before = fitted.get_weights()
        with pytest.raises(FloatingPointError, match="in epoch 1.*learning_rate=1e"):
            fitted.set_params(learning_rate=1e308).fit(X, y)
        after = fitted.get_weights()
        assert all(np.array_equal(before[k], after[k]) for k in before)
        assert fitted.n_iter_ == 2 and np.isfinite(fitted.predict_proba(X)).all()

    @pytest.mark.parametrize("max_epochs", [1, 3])
    def test_steps_that_go_astray(self, estimator, max_epochs):
        """The loss, measured before each step, need not tell of the last one."""
        X, y = data(estimator)
        network = clone(estimator).set_params(
            batch_size=24, max_epochs=max_epochs, learning_rate=1e308
        )
        with pytest.raises(FloatingPointError, match="became nan"):
            network.fit(X, y)
        assert all(np.isfinite(w).all() for w in network.get_weights().values())
        assert np.isfinite(network.predict_proba(X)).all()
        network.set_params(warm_start=True, learning_rate=1e-4).fit(X, y)
        assert np.isfinite(network.loss_curve_).all()

    @pytest.mark.parametrize(
        "parameters, message",
        [
            ({"max_epochs": 0}, "max_epochs"),
            ({"batch_size": 0}, "batch_size"),
            ({"learning_rate": 0}, "learning_rate"),
            ({"optimizer": "sgd"}, "optimizer should be one of"),
            ({"schedule": "step"}, "schedule should be"),
            ({"schedule": {3: -1}}, "schedule should be"),
            ({"label_smoothing": "even"}, "label_smoothing should be"),
            ({"label_smoothing": 2}, "label_smoothing"),
            ({"weight_decay": -1}, "weight_decay"),
            ({"early_stopping": True, "patience": 0}, "patience"),
            ({"early_stopping": True, "validation_fraction": 0}, "validation_fraction"),
        ],
        ids=str,
    )
    def test_wrong_parameters(self, estimator, parameters, message):
        X, y = data(estimator)
        with pytest.raises(ValueError, match=message):
            clone(estimator).set_params(**parameters).fit(X, y, groups=np.arange(24))

    @pytest.mark.parametrize(
        "parameters, n_groups",
        [({"max_epochs": 1.5}, 24), ({"early_stopping": True}, 1)],
        ids=str,
    )
    def test_what_is_refused_changes_nothing(self, estimator, parameters, n_groups):
        X, y = data(estimator)
        wrong = clone(estimator).set_params(**parameters)
        groups = np.arange(24) % n_groups
        with pytest.raises((TypeError, ValueError)):
            wrong.fit(X, y, groups=groups)
        assert vars(wrong).keys() == vars(clone(wrong)).keys()  # is not fitted
        fitted = clone(estimator).fit(X, y)
        expected = fitted.predict_proba(X)
        with pytest.raises((TypeError, ValueError)):
            fitted.set_params(**parameters).fit(2 * X, y, groups=groups)
        assert_array_equal(fitted.predict_proba(X), expected)

    def test_samples_without_weight_are_left_out(self, estimator):
        X, y = data(estimator)
        balanced = clone(estimator).set_params(class_weight="balanced")
        weight = np.ones(24)
        weight[[0, 3, 6]] = 0
        loud = X * np.where(weight, 1, 100).reshape(-1, *[1] * (X.ndim - 1))
        kept = weight > 0
        expected = clone(balanced).fit(X[kept], y[kept]).predict_proba(X)
        got = clone(balanced).fit(loud, y, sample_weight=weight).predict_proba(X)
        assert_array_equal(got, expected)
        expected = clone(balanced).partial_fit(X[kept], y[kept]).predict_proba(X)
        got = clone(balanced).partial_fit(loud, y, sample_weight=weight)
        assert_array_equal(got.predict_proba(X), expected)

    def test_class_weights_of_zero(self, estimator):
        X, y = data(estimator)
        nothing = dict.fromkeys(["calm", "fear", "joy"], 0)
        with pytest.raises(ValueError, match="leaves no sample"):
            clone(estimator).set_params(class_weight=nothing).fit(X, y)

    def test_all_windows_in_one_batch(self, estimator):
        X, y = data(estimator)
        fitted = clone(estimator).set_params(batch_size=1000).fit(X, y)
        assert np.isfinite(fitted.loss_curve_).all()

    def test_constant_channel(self, estimator):
        X, y = data(estimator)
        if estimator in MATRIX_NETWORKS:
            pytest.skip("its covariance is singular, and refused")
        X[:, 2] = 5.0 if X.ndim == 3 else 0.0
        fitted = clone(estimator).fit(X, y)
        assert np.isfinite(fitted.predict_proba(X)).all()

    def test_verbose(self, estimator, capsys):
        X, y = data(estimator)
        clone(estimator).set_params(verbose=True).fit(X, y)
        assert "4/4" in capsys.readouterr().err


@pytest.mark.parametrize("factor", [1e-6, 1e6])
@pytest.mark.parametrize("estimator", WINDOW_NETWORKS, ids=lambda e: type(e).__name__)
def test_units_do_not_matter(estimator, factor):
    X, y = data(estimator)
    expected = clone(estimator).fit(X, y).predict_proba(X)
    got = clone(estimator).fit(factor * X, y).predict_proba(factor * X)
    assert_allclose(got, expected, rtol=1e-3, atol=1e-4)  # float32, over some steps


@pytest.mark.parametrize("estimator", WINDOW_NETWORKS, ids=lambda e: type(e).__name__)
def test_offsets_do_not_matter(estimator):
    """Such as those of electrodes that are recorded without a high-pass filter."""
    X, y = data(estimator)
    offset = 1e4 * np.random.default_rng(1).standard_normal((len(X), 3, 1))
    expected = clone(estimator).fit(X, y).predict_proba(X)
    got = clone(estimator).fit(X + offset, y).predict_proba(X + offset)
    assert_allclose(got, expected, rtol=1e-3, atol=1e-4)  # float32, over some steps


def test_warm_fits_validate_with_the_same_groups():
    X, y = data(PERCEPTRON, 48)
    groups = np.repeat(np.arange(8), 6)
    options = {"early_stopping": True, "warm_start": True, "validation_fraction": 0.25}
    warm = clone(PERCEPTRON).set_params(**options).fit(X, y, groups=groups)
    train, validate = warm._split(y, groups)
    again = np.random.default_rng(0).permutation(48)
    assert set(groups[validate]) == set(groups[again][warm._split(y, groups[again])[1]])
    assert not set(groups[train]) & set(groups[validate])
    with pytest.warns(UserWarning, match="were trained with before"):
        warm.fit(X, y, groups=groups + 100)


@pytest.mark.parametrize("estimator", WINDOW_NETWORKS, ids=lambda e: type(e).__name__)
def test_windows_of_another_length_are_refused(estimator):
    X, y = data(estimator)
    fitted = clone(estimator).fit(X, y)
    with pytest.raises(ValueError, match=r"shape \(3, 40\), got \(3, 39\)"):
        fitted.predict(X[:, :, 1:])


def test_short_windows():
    X, y = data(NETWORKS[0], n_times=4)
    with pytest.raises(ValueError, match="filter_length=5 samples; the windows have 4"):
        clone(NETWORKS[0]).fit(X, y)
    clone(NETWORKS[1]).fit(X, y)  # zeros beyond the ends


def test_numbers_of_parameters():
    """EEGNet-8,2 as its paper's table: F1 (K + D C) + F2 (16 + F2) + ..., no biases."""
    X, y = np.zeros((4, 64, 128)), [0, 1, 0, 1]
    eegnet = EEGNet(max_epochs=1).fit(X, y)
    convolutions = 8 * 64 + 16 * 64 + 16 * 16 + 16 * 16
    norms = 2 * (8 + 16 + 16)
    assert eegnet.n_parameters_ == convolutions + norms + 16 * (128 // 32) * 2 + 2
    shallow = ShallowConvNet(max_epochs=1).fit(X, y)
    n_means = (128 - 24 - 75) // 15 + 1
    expected = 40 * 25 + 40 * 40 * 64 + 2 * 40 + 40 * n_means * 2 + 2
    assert shallow.n_parameters_ == expected


SIZES = {
    ShallowConvNet: ["n_filters", "filter_length", "pool_length", "pool_stride"],
    EEGNet: ["n_temporal", "n_each", "n_separable", "filter_length"],
    InterpretableCNN: ["n_spatial", "n_each", "filter_length"],
    HiSTN: ["n_filters", "filter_length"],
    SSVEPNet: ["n_filters", "n_subbands"],
}


@pytest.mark.parametrize("estimator", WINDOW_NETWORKS, ids=lambda e: type(e).__name__)
def test_wrong_sizes(estimator):
    X, y = data(estimator)
    for name in SIZES[type(estimator)]:
        for value in (0, -1):
            with pytest.raises(ValueError, match=f"{name} == {value}, must be >= 1"):
                clone(estimator).set_params(**{name: value}).fit(X, y)
        with pytest.raises(TypeError, match=f"{name} must be an instance of int"):
            clone(estimator).set_params(**{name: 2.5}).fit(X, y)


@pytest.mark.parametrize("sizes", [5, "ab", (0,), (-1, 2)])
def test_wrong_sizes_of_a_perceptron(sizes):
    X, y = data(PERCEPTRON)
    with pytest.raises((TypeError, ValueError), match="hidden_layer_sizes"):
        MultilayerPerceptron(sizes).fit(X, y)


@pytest.mark.parametrize("rate", [1.0, -0.1, np.nan, "a", None])
def test_wrong_dropout(rate):
    X, y = data(PERCEPTRON)
    with pytest.raises(ValueError, match="at least 0 and less than 1"):
        MultilayerPerceptron(dropout=rate).fit(X, y)


def test_dropout_close_to_one():
    mask = draw_mask(np.random.default_rng(0), (100, 100), 1 - 1e-9, np.float32)
    assert np.isfinite(mask).all()


@pytest.mark.parametrize(
    "parameters, message",
    [
        ({"learning_rate": np.nan}, "learning_rate should be finite"),
        ({"weight_decay": np.inf}, "weight_decay should be finite"),
        ({"schedule": {"a": 1}}, "schedule should be"),
        ({"schedule": {0: "a"}}, "schedule should be"),
        ({"schedule": {0: np.nan}}, "schedule should be"),
    ],
    ids=str,
)
def test_no_numbers(parameters, message):
    X, y = data(PERCEPTRON)
    with pytest.raises(ValueError, match=message):
        clone(PERCEPTRON).set_params(**parameters).fit(X, y)


class TestFiles:
    @pytest.fixture
    def path(self, tmp_path):
        network = clone(PERCEPTRON)
        network.fit(*data(network)).save_weights(tmp_path / "net.npz")
        return tmp_path / "net.npz"

    def test_missing(self, tmp_path):
        with pytest.raises(FileNotFoundError):
            clone(PERCEPTRON).load_weights(tmp_path / "none.npz")

    @pytest.mark.parametrize("content", [b"", b"text", None])
    def test_damaged(self, path, content):
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) // 2] if content is None else content)
        unfitted = clone(PERCEPTRON)
        with pytest.raises(ValueError, match="holds no weights"):
            unfitted.load_weights(path)
        assert not hasattr(unfitted, "network_")

    def test_pickles_are_refused(self, path):
        content = dict(np.load(path))
        content["classes"] = np.array([print, len], dtype=object)
        np.savez(path, **content)
        with pytest.raises(ValueError, match="holds no weights"):
            clone(PERCEPTRON).load_weights(path)

    def test_of_another_network(self, path):
        with pytest.raises(ValueError, match="of MultilayerPerceptron, not of EEGNet"):
            EEGNet().load_weights(path)

    def test_of_other_parameters(self, path):
        fitted = MultilayerPerceptron((7,), max_epochs=1)
        fitted.fit(*data(fitted))
        before = fitted.get_weights()
        with pytest.raises(ValueError, match=r"sizes.*\[6\].*this one.*\[7\]"):
            fitted.load_weights(path)
        assert all(
            np.array_equal(before[k], v) for k, v in fitted.get_weights().items()
        )
        content = dict(np.load(path))
        del content["weights/linear0.bias"]
        np.savez(path, **content)
        with pytest.raises(ValueError, match="lacks the weights linear0.bias"):
            clone(PERCEPTRON).load_weights(path)

    def test_of_another_rate(self, tmp_path):
        """Whose weights are of the same shapes."""
        X, y = data(WINDOW_NETWORKS[0])
        network = SSVEPNet(200, 2, 8, max_epochs=1)
        network.fit(X, y).save_weights(tmp_path / "net.npz")
        with pytest.raises(ValueError, match='"sfreq": 200.*"sfreq": 250'):
            SSVEPNet(250, 2, 8).load_weights(tmp_path / "net.npz")

    def test_names_of_features(self, path, tmp_path):
        """Go with the file, and those of an earlier fit go away."""
        X, y = data(PERCEPTRON)
        frame = pd.DataFrame(X, columns=["a", "b", "c"])
        named = clone(PERCEPTRON).fit(frame, y)
        named.save_weights(tmp_path / "named.npz")
        loaded = clone(PERCEPTRON).load_weights(tmp_path / "named.npz")
        assert_array_equal(loaded.predict(frame), named.predict(frame))
        assert loaded.feature_names_in_.dtype == object
        with pytest.raises(ValueError, match="feature names should match"):
            loaded.predict(frame[["c", "b", "a"]])
        loaded.load_weights(path).predict(X)  # warns of no names

    @pytest.mark.skipif(os.name == "nt", reason="permissions are others there")
    def test_permissions(self, path):
        other = path.with_name("other")
        other.touch()
        assert path.stat().st_mode == other.stat().st_mode

    def test_no_file(self, tmp_path):
        """Which is not the fault of its content."""
        with pytest.raises(OSError, match=r"Is a directory|Permission"):
            clone(PERCEPTRON).load_weights(tmp_path)

    def test_without_writing(self, path):
        before = path.read_bytes()
        network = clone(PERCEPTRON)
        X, y = data(network)
        network.fit(X, y)
        network.classes_ = np.array([("calm",), ("joy",), ("fear",)], dtype=object)
        with pytest.raises(ValueError, match="objects"):
            network.save_weights(path)
        assert path.read_bytes() == before
        assert len(list(path.parent.iterdir())) == 1


def test_limits_of_threads_that_overlap():
    """The last to leave puts back what was before the first."""
    with threadpool_limits(2, "blas"):
        first, second = one_blas_thread(), one_blas_thread()
        first.__enter__()
        second.__enter__()
        first.__exit__(None, None, None)
        assert set(blas_threads()) == {1}
        second.__exit__(None, None, None)
        assert set(blas_threads()) == {2}


def blas_threads():
    return [i["num_threads"] for i in threadpool_info() if i["user_api"] == "blas"]


def test_grid_search_in_a_pipeline():
    X, y = data(PERCEPTRON, 48)
    groups = np.repeat(np.arange(8), 6)
    pipeline = make_pipeline(
        StandardScaler(), clone(PERCEPTRON).set_params(max_epochs=60)
    )
    grid = {"multilayerperceptron__hidden_layer_sizes": [(2,), (16,)]}
    search = GridSearchCV(pipeline, grid, cv=GroupKFold(3), error_score="raise")
    assert search.fit(X, y, groups=groups).best_score_ > 0.8


def test_cross_validation_of_windows():
    X, y = data(WINDOW_NETWORKS[0], 48)
    groups = np.repeat(np.arange(8), 6)
    network = clone(WINDOW_NETWORKS[0]).set_params(max_epochs=60, learning_rate=0.01)
    scores = cross_val_score(
        network, X, y, groups=groups, cv=GroupKFold(3), error_score="raise"
    )
    assert scores.mean() > 0.8


def test_not_a_number_is_not_rectified():
    layer = Linear(2, rectified=True)
    networks.built(layer, (3,))
    X = np.array([[np.nan, 1, 1], [1, 2, 3]])
    out = networks.forward(layer, X)
    assert np.isnan(out[0]).all() and (out[1] >= 0).all()

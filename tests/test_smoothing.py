"""Kernels and transformers that smooth features within trials."""

import mne
import numpy as np
import pandas as pd
import pytest
import reference
import sklearn
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from eegemo._kernels import smoothing
from eegemo.temporal import LDSSmoother, MovingAverageSmoother

LENGTHS = [7, 1, 12, 2]
SETTINGS = [(1e-4, 1.0, 0.01), (0.3, 2.0, 5.0), (4.0, 0.1, 1e-3)]
SMOOTHERS = [
    LDSSmoother(),
    LDSSmoother(0.1, initial_mean="first"),
    LDSSmoother(0.1, backward=True),
    LDSSmoother(em_iterations=3),
    MovingAverageSmoother(4),
    MovingAverageSmoother(5, causal=False),
]
smoothers = pytest.mark.parametrize("smoother", SMOOTHERS, ids=str)


def rows(seed=0, n_features=3):
    X = np.random.default_rng(seed).standard_normal((sum(LENGTHS), n_features))
    stops = np.cumsum(LENGTHS)
    return np.cumsum(X, axis=0) + 10.0, np.column_stack([stops - LENGTHS, stops])


def sequences(n_trials=4, n_steps=30, n_features=3):
    X = np.random.default_rng(1).standard_normal((n_trials, n_steps, n_features))
    return np.cumsum(X, axis=1)


def trials():
    return np.repeat(["a", "c", "b", "d"], LENGTHS)


class TestKernels:
    @pytest.mark.parametrize("from_mean", [True, False])
    @pytest.mark.parametrize("noise", SETTINGS)
    def test_textbook(self, noise, from_mean):
        """To rounding, which only the order of operations changes."""
        X, bounds = rows()
        Q, R, V0 = noise
        forward, both = (
            smoothing.smooth_lds(X, bounds, Q, R, V0, from_mean, backward)
            for backward in (False, True)
        )
        for i in range(len(LENGTHS)):
            part = slice(*bounds[i])
            for f in range(X.shape[1]):
                x = X[part, f]
                m = x.mean() if from_mean else x[0]
                filtered, smoothed = reference.kalman(x, m, V0, Q, R)
                assert_allclose(forward[part, f], filtered, rtol=1e-12)
                assert_allclose(both[part, f], smoothed, rtol=1e-12)

    @pytest.mark.parametrize("noise", SETTINGS)
    def test_joint_posterior(self, noise):
        """The states are one Gaussian vector: condition it on the rows it caused."""
        Q, R, V0 = noise
        x = np.random.default_rng(2).standard_normal(6)
        args = (x[:, None], np.array([[0, 6]]), Q, R, V0, False)
        states, seen = reference.joint_gaussian(6, V0, Q, R)
        posterior = x[0] + states @ np.linalg.solve(seen, x - x[0])
        assert_allclose(
            smoothing.smooth_lds(*args, True)[:, 0], posterior, rtol=1e-9, atol=1e-12
        )
        for t in range(6):
            known = seen[: t + 1, : t + 1]
            weights = np.linalg.solve(known, x[: t + 1] - x[0])
            assert_allclose(
                smoothing.smooth_lds(*args, False)[t, 0],
                x[0] + states[t, : t + 1] @ weights,
                rtol=1e-9,
                atol=1e-12,
            )

    def test_learned_noise_may_be_fixed_noise(self):
        X, bounds = rows()
        parameters = smoothing.learn_lds(X, bounds, 0.3, 2.0, 5.0, True, 0)
        assert_allclose(parameters[2, :, 0], [X[8:20, 0].mean(), 5.0, 0.3, 2.0])
        for backward in (False, True):
            assert_allclose(
                smoothing.smooth_learned(X, bounds, parameters, backward),
                smoothing.smooth_lds(X, bounds, 0.3, 2.0, 5.0, True, backward),
                rtol=1e-12,
            )

    def test_expectation_maximisation_step_by_step(self):
        X, bounds = rows()
        parameters = smoothing.learn_lds(X, bounds, 0.3, 2.0, 5.0, True, 3)
        for i in (0, 2):
            for f in range(X.shape[1]):
                x = X[bounds[i, 0] : bounds[i, 1], f]
                theta = (x.mean(), 5.0, 0.3, 2.0)
                for _ in range(3):
                    theta = reference.kalman_em(x, *theta)
                assert_allclose(parameters[i, :, f], theta, rtol=1e-9)

    @pytest.mark.parametrize("noise", SETTINGS)
    def test_likelihood_never_falls(self, noise):
        X, bounds = rows(n_features=1)
        x = X[8:20]
        likelihood = []
        for n_iterations in range(12):
            theta = smoothing.learn_lds(
                x, np.array([[0, 12]]), *noise, True, n_iterations
            )
            likelihood.append(reference.log_likelihood(x[:, 0], *theta[0, :, 0]))
        assert np.diff(likelihood).min() > 0
        assert likelihood[-1] - likelihood[0] > 1

    def test_learning_finds_the_noise(self):
        """To 15 %, about what 2000 steps can tell."""
        rng = np.random.default_rng(0)
        z = np.cumsum(np.sqrt(0.5) * rng.standard_normal(2000))
        x = (z + np.sqrt(2.0) * rng.standard_normal(2000))[:, None]
        theta = smoothing.learn_lds(x, np.array([[0, 2000]]), 1.0, 1.0, 1.0, False, 40)
        assert_allclose(theta[0, 2:, 0], [0.5, 2.0], rtol=0.15)

    @pytest.mark.parametrize("level", [0.0, 5.0])
    def test_learning_from_a_constant(self, level):
        """The noise tends to zero, and nothing is divided by it."""
        x = np.full((9, 1), level)
        bounds = np.array([[0, 9]])
        for n_iterations in (10, 200):
            theta = smoothing.learn_lds(x, bounds, 1.0, 1.0, 1.0, True, n_iterations)
            assert (theta[0, 1:] >= 0).all() and theta[0, 3] < 0.2
            for backward in (False, True):
                z = smoothing.smooth_learned(x, bounds, theta, backward)
                assert_allclose(z, x, rtol=1e-12)

    def test_nothing_is_divided_by_zero(self):
        """Parameters that iterations may end at, when variances underflow."""
        x, bounds = np.array([[1.0], [2.0], [3.0]]), np.array([[0, 3]])
        theta = np.array([[[1.5], [0.0], [0.0], [0.0]]])
        z = smoothing.smooth_learned(x, bounds, theta, True)
        assert_array_equal(z, np.full((3, 1), 1.5))

    @pytest.mark.parametrize("before, after", [(0, 0), (4, 0), (1, 1), (30, 30)])
    def test_moving_average(self, before, after):
        X, bounds = rows()
        got = smoothing.moving_average(X, bounds, before, after)
        for start, stop in bounds:
            expected = reference.moving_average(X[start:stop], before, after)
            assert_allclose(got[start:stop], expected, rtol=1e-14)

    def test_padding_may_be_anywhere(self):
        """It is not read: what stands in it comes out as NaN."""
        X, bounds = rows()
        gap = np.array([0, 2, 3, 3])
        padded = np.full((30, 3), np.inf)
        moved = bounds + gap[:, None]
        for (a, b), (c, d) in zip(bounds, moved, strict=True):
            padded[c:d] = X[a:b]
        for kernel, *args in (
            (smoothing.smooth_lds, 0.3, 2.0, 5.0, True, True),
            (smoothing.smooth_learned, np.ones((4, 4, 3)), True),
            (smoothing.moving_average, 2, 1),
        ):
            got = kernel(padded, moved, *args)
            assert_array_equal(np.isnan(got), np.isinf(padded))
            expected = kernel(X, bounds, *args)
            assert_array_equal(got[~np.isinf(padded)], expected.ravel())

    def test_moving_average_forgets_an_outlier(self):
        x = np.full((9, 1), 0.1)
        x[2] = 1e17
        out = smoothing.moving_average(x, np.array([[0, 9]]), 2, 0)
        assert_allclose(out[5:], 0.1, rtol=1e-15)


class TestClosedForms:
    @smoothers
    @pytest.mark.parametrize("level", [0.1, -1e6])
    def test_constant_stays(self, smoother, level):
        X = np.full((2, 20, 3), level)
        assert_allclose(smoother.fit_transform(X), X, rtol=1e-14)

    def test_gain_settles(self):
        """The Riccati equation's fixed point; a jump is answered geometrically."""
        Q, R = 0.5, 2.0
        P = Q / 2 + np.sqrt(Q**2 / 4 + Q * R)
        gain = P / (P + R)
        x = np.zeros((1, 300, 1))
        x[0, 200:] = 1.0
        z = LDSSmoother(Q, R, 1.0, "first").fit_transform(x)[0, :, 0]
        assert_allclose(z[200:], 1 - (1 - gain) ** np.arange(1, 101), rtol=1e-12)

    def test_without_a_walk_and_prior_it_is_the_running_mean(self):
        x = sequences()
        z = LDSSmoother(1e-12, 1.0, 1e9, "first").fit_transform(x)
        expected = np.cumsum(x, axis=1) / np.arange(1, 31)[:, None]
        assert_allclose(z, expected, atol=1e-6)  # 1 / 1e9, and 1e-12 * 30 steps

    def test_without_noise_nothing_changes(self):
        x = sequences()
        assert_allclose(LDSSmoother(1.0, 1e-14).fit_transform(x), x, rtol=1e-10)

    def test_averages_of_width_one(self):
        assert_array_equal(
            MovingAverageSmoother(1).fit_transform(sequences()), sequences()
        )


class TestSymmetry:
    @smoothers
    def test_shift_and_sign(self, smoother):
        """To the rounding of the shift."""
        X = sequences()
        out = smoother.fit_transform(X)
        assert_allclose(smoother.fit_transform(X + 100.0), out + 100.0, rtol=1e-12)
        assert_array_equal(smoother.fit_transform(-X), -out)

    @smoothers
    def test_scale(self, smoother):
        """Of the features, and of the noise with their square."""
        names = ("process_noise", "observation_noise", "initial_variance")
        parameters = smoother.get_params()
        scaled = {n: 64.0 * parameters[n] for n in names if n in parameters}
        rescaled = sklearn.clone(smoother).set_params(**scaled)
        X = sequences()
        assert_array_equal(rescaled.fit_transform(8 * X), 8 * smoother.fit_transform(X))

    def test_backward_in_time(self):
        """With a prior so wide that the start is as unknown as the end."""
        X = sequences()
        smoother = LDSSmoother(0.3, 1.0, 1e9, "first", backward=True)
        reverse = smoother.fit_transform(X[:, ::-1])[:, ::-1]
        assert_allclose(smoother.fit_transform(X), reverse, atol=1e-6)
        centred = MovingAverageSmoother(5, causal=False)
        reverse = centred.fit_transform(X[:, ::-1])[:, ::-1]
        assert_allclose(centred.fit_transform(X), reverse, atol=1e-14)

    @smoothers
    def test_features_are_independent(self, smoother):
        X = sequences()
        alone = smoother.fit_transform(np.ascontiguousarray(X[:, :, 1:2]))
        assert_array_equal(smoother.fit_transform(X)[:, :, 1:2], alone)

    @smoothers
    def test_trials_are_independent(self, smoother):
        X = sequences()
        out = smoother.fit_transform(X)
        X[1:] = 1e6
        assert_array_equal(smoother.fit_transform(X)[0], out[0])


CAUSAL = {
    str(smoother): smoother
    for smoother in (
        LDSSmoother(0.1, initial_mean="first"),
        MovingAverageSmoother(4),
    )
}
OTHERS = {
    str(smoother): smoother
    for smoother in (
        LDSSmoother(),
        LDSSmoother(initial_mean="first", backward=True),
        LDSSmoother(initial_mean="first", em_iterations=1),
        MovingAverageSmoother(5, causal=False),
    )
}


@pytest.mark.parametrize("name", [*CAUSAL, *OTHERS])
def test_causal_is_what_the_documentation_calls_causal(name):
    X = sequences()
    smoother = (CAUSAL | OTHERS)[name]
    before = smoother.fit_transform(X)[:, :20]
    X[:, 20:] += 3.0
    after = smoother.fit_transform(X)[:, :20]
    assert np.array_equal(before, after) == (name in CAUSAL)


def test_first_step_of_a_toolbox_is_shifted():
    """LibEER starts from the variance in place of the mean, and forgets it slowly."""
    x = 10.0 + np.random.default_rng(0).standard_normal(50)
    ours = LDSSmoother().fit_transform(x[None, :, None])[0, :, 0]
    theirs = reference.kalman_of_a_toolbox(x)
    shift = (x.mean() - 0.01) * 0.01 / 1.01
    assert_allclose(theirs[0] - ours[0], shift, rtol=1e-12)
    assert (np.diff(theirs - ours) < 0).all() and theirs[-1] - ours[-1] > shift / 2


class TestPadding:
    @smoothers
    @pytest.mark.parametrize("dtype", [np.float64, np.float32])
    def test_changes_nothing(self, smoother, dtype):
        X = sequences().astype(dtype)
        X[1, 12:] = np.nan
        X[3, 1:] = np.nan
        out = smoother.fit_transform(X)
        assert out.dtype == dtype
        assert_array_equal(np.isnan(out), np.isnan(X))
        assert_array_equal(out[1, :12], smoother.transform(X[1:2, :12])[0])
        assert_array_equal(out[2], smoother.transform(X[2:3])[0])

    @smoothers
    def test_sequences_are_rows(self, smoother):
        X, bounds = rows()
        padded = np.full((4, 14, 3), np.nan)
        for i, length in enumerate(LENGTHS):
            padded[i, :length] = X[bounds[i, 0] : bounds[i, 1]]
        out = smoother.fit_transform(padded)
        assert_array_equal(
            out[~np.isnan(padded)].reshape(-1, 3),
            smoother.fit_transform(X, trial=trials()),
        )

    @pytest.mark.parametrize(
        "where, message",
        [
            ((1, 3, slice(None)), "Trial 1 has NaN at 3"),
            ((2, slice(5, None), 0), "Trial 2 has NaN at 5"),
            ((0, slice(0, 2), slice(None)), "Trial 0 has NaN at 0"),
            ((3,), "Trial 3 is empty"),
        ],
    )
    def test_elsewhere_is_refused(self, where, message):
        X = sequences()
        X[where] = np.nan
        for method in (LDSSmoother().fit, LDSSmoother().transform):
            with pytest.raises(ValueError, match=message):
                method(X)


class TestRows:
    @smoothers
    def test_without_trial_are_refused(self, smoother):
        X, _ = rows()
        smoother = sklearn.clone(smoother).fit(X)
        with pytest.raises(ValueError, match="across trials .* set_transform_request"):
            smoother.transform(X)

    @pytest.mark.parametrize("shape", [(3,), (2, 3, 4, 5), (0, 3, 4), (2, 0, 4)])
    def test_of_another_shape(self, shape):
        with pytest.raises(ValueError, match="1D array|expects X of shape|is empty"):
            LDSSmoother().fit(np.zeros(shape))

    @pytest.mark.parametrize("kind", [list, np.array, pd.Series])
    def test_trial_may_be(self, kind):
        X, _ = rows()
        expected = LDSSmoother().fit_transform(X, trial=np.repeat(range(4), LENGTHS))
        assert_array_equal(
            LDSSmoother().fit_transform(X, trial=kind(trials())), expected
        )

    @pytest.mark.parametrize(
        "trial, message",
        [
            (np.repeat([0, 1, 0, 2], LENGTHS), r"Trial .*0.* comes back in row 8"),
            (np.zeros(5), "inconsistent numbers of samples"),
            (np.zeros((22, 2)), "1d array"),
            (np.r_[np.nan, np.zeros(21)], "trial has NaN"),
        ],
        ids=["split", "length", "2d", "nan"],
    )
    def test_trial_may_not_be(self, trial, message):
        with pytest.raises(ValueError, match=message):
            LDSSmoother().fit_transform(rows()[0], trial=trial)

    def test_sequences_have_no_trial(self):
        with pytest.raises(ValueError, match="is a trial already"):
            LDSSmoother().fit_transform(sequences(), trial=np.arange(4))

    def test_nan_is_refused(self):
        X, _ = rows()
        X[3, 1] = np.nan
        with pytest.raises(ValueError, match="NaN"):
            LDSSmoother().fit_transform(X, trial=trials())

    @smoothers
    def test_frames(self, smoother):
        X, _ = rows()
        expected = smoother.fit_transform(X, trial=trials())
        frame = pd.DataFrame(X, columns=["Fz_alpha", "Cz_alpha", "Pz_alpha"])
        framed = sklearn.clone(smoother).set_output(transform="pandas")
        out = framed.fit_transform(frame, trial=trials())
        assert list(out.columns) == list(frame.columns)
        assert_array_equal(out.to_numpy(), expected)
        assert list(framed.get_feature_names_out()) == list(frame.columns)
        with sklearn.config_context(transform_output="pandas"):
            assert isinstance(smoother.transform(X, trial=trials()), pd.DataFrame)

    @smoothers
    def test_sequences_are_never_framed(self, smoother):
        expected = smoother.fit_transform(sequences())
        framed = sklearn.clone(smoother).set_output(transform="pandas")
        assert_array_equal(framed.fit_transform(sequences()), expected)
        with sklearn.config_context(transform_output="pandas"):
            assert_array_equal(smoother.fit_transform(sequences()), expected)


def test_trial_is_routed_through_a_pipeline():
    rng = np.random.default_rng(0)
    trial = np.repeat(np.arange(8), 5)
    y = trial % 2
    X = y[:, None] + rng.standard_normal((40, 3))
    with sklearn.config_context(enable_metadata_routing=True):
        smoother = LDSSmoother(0.1).set_transform_request(trial=True)
        pipeline = make_pipeline(StandardScaler(), smoother, LogisticRegression())
        fitted = pipeline.fit(X, y, trial=trial)
        got = fitted.predict_proba(X, trial=trial)
    Z = LDSSmoother(0.1).fit_transform(StandardScaler().fit_transform(X), trial=trial)
    assert_array_equal(got, LogisticRegression().fit(Z, y).predict_proba(Z))


@pytest.mark.skipif(
    sklearn.__version__.startswith("1.6."),
    reason="scikit-learn 1.6 does not hand metadata on from score to transform",
)
def test_trial_is_routed_through_cross_validation():
    rng = np.random.default_rng(0)
    trial = np.repeat(np.arange(8), 5)
    y = trial % 2
    X = y[:, None] + rng.standard_normal((40, 3))
    with sklearn.config_context(enable_metadata_routing=True):
        smoother = LDSSmoother(0.1).set_transform_request(trial=True)
        scores = cross_validate(
            make_pipeline(smoother, LogisticRegression()),
            X,
            y,
            cv=GroupKFold(4),
            params={"groups": trial, "trial": trial},
            error_score="raise",
        )
    assert np.isfinite(scores["test_score"]).all()


@pytest.mark.parametrize(
    "smoother, error, message",
    [
        (LDSSmoother(process_noise=0.0), ValueError, "process_noise"),
        (LDSSmoother(observation_noise=np.inf), ValueError, "observation_noise"),
        (LDSSmoother(initial_variance="1"), TypeError, "initial_variance"),
        (
            LDSSmoother(initial_mean="zero"),
            ValueError,
            "'trial' or 'first', got 'zero'",
        ),
        (LDSSmoother(em_iterations=-1), ValueError, "em_iterations"),
        (MovingAverageSmoother(0), ValueError, "width"),
        (MovingAverageSmoother(2.5), TypeError, "width"),
        (MovingAverageSmoother(4, causal=False), ValueError, "give an odd one"),
    ],
)
def test_parameters(smoother, error, message):
    for method in (smoother.fit, smoother.transform):
        with pytest.raises(error, match=message):
            method(sequences())


def test_recordings_are_refused():
    info = mne.create_info(4, 100.0, "eeg")
    epochs = mne.EpochsArray(np.zeros((2, 4, 50)), info, verbose=False)
    for X in (epochs, [epochs[0], epochs[1]]):
        with pytest.raises(ValueError, match="smooths features, got mne.Epochs"):
            LDSSmoother().fit(X)

"""The trial as the sample: windows within, votes, and no leak under any splitter."""

import mne
import numpy as np
import pytest
import sklearn
from moabb.evaluations import WithinSessionEvaluation
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import StackingClassifier
from sklearn.feature_selection import RFECV
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, RidgeClassifierCV
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    GroupShuffleSplit,
    KFold,
    ShuffleSplit,
    StratifiedGroupKFold,
    TunedThresholdClassifierCV,
    cross_val_score,
)
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from eegemo.covariance import Covariances
from eegemo.datasets import SimulatedEmotion
from eegemo.features import AsymmetryFeatures, DifferentialEntropy
from eegemo.paradigm import EmotionParadigm
from eegemo.riemann import TangentSpace
from eegemo.temporal import LDSSmoother, MovingAverageSmoother, TrialClassifier

SFREQ = 32


class LogVariance(TransformerMixin, BaseEstimator):
    """Of each channel of each window, or of windows of trials taken as a whole."""

    def fit(self, X, y=None):
        self.n_windows_ = len(X)
        return self

    def transform(self, X):
        return np.log(X.var(axis=2))


class WholeTrials(LogVariance):
    """Its ``transform_trials`` tells by a factor that it was used."""

    def transform_trials(self, X, window, step):
        assert not np.isnan(X).any()
        size, step = round(window * SFREQ), round(step * SFREQ)
        starts = range(0, X.shape[2] - size + 1, step)
        parts = [self.transform(X[:, :, s : s + size]) for s in starts]
        return 2.0 * np.stack(parts, axis=1)


class Recorder(ClassifierMixin, BaseEstimator):
    """Remember what fit was given; say that the first feature is the probability."""

    def fit(self, X, y, groups=None):
        self.X_, self.y_, self.groups_ = X, y, groups
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        return np.column_stack([1 - X[:, 0], X[:, 0]])

    def predict(self, X):
        return self.classes_[(X[:, 0] > 0.5).astype(int)]


class Means(TransformerMixin, BaseEstimator):
    """Mean of each channel of each window."""

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return X.mean(axis=2)


def trials(n_trials=8, seconds=4, effect=1.0, trial_effect=0.0, seed=0):
    """White noise; log-gains of the channels depend on the class and on the trial."""
    rng = np.random.default_rng(seed)
    y = np.array(["calm", "tense"])[np.arange(n_trials) % 2]
    gain = trial_effect * rng.standard_normal((n_trials, 4))
    gain[:, 0] += effect * (y == "tense")
    X = rng.standard_normal((n_trials, 4, seconds * SFREQ))
    return np.exp(gain)[:, :, None] * X, y


def curves(*values):
    """Trials of one channel whose windows of one second have these means, and y."""
    n_times = max(map(len, values)) * SFREQ
    X = np.full((len(values), 1, n_times), np.nan)
    for i, value in enumerate(values):
        X[i, 0, : len(value) * SFREQ] = np.repeat(np.asarray(value, float), SFREQ)
    return X, np.array(["a", "b"] * len(values))[: len(values)]


def voting(**parameters):
    return TrialClassifier(Recorder(), SFREQ, features=Means(), **parameters)


class TestWindows:
    @pytest.mark.parametrize(
        "window, step, size, starts",
        [
            (1.0, None, 32, [0, 32, 64, 96]),
            (1.5, None, 48, [0, 48]),
            (1.0, 0.75, 32, [0, 24, 48, 72, 96]),
            (4.0, None, 128, [0]),
        ],
    )
    def test_are_cut_in_order(self, window, step, size, starts):
        X, y = trials()
        fitted = TrialClassifier(Recorder(), SFREQ, window, step).fit(X, y)
        expected = [x[:, s : s + size] for x in X for s in starts]
        assert_array_equal(fitted.estimator_.X_, expected)
        assert_array_equal(fitted.estimator_.y_, np.repeat(y, len(starts)))
        assert_array_equal(fitted.estimator_.groups_, np.repeat(range(8), len(starts)))

    def test_of_unequal_trials(self):
        X, y = curves([0, 1], [2, 3, 4], [5], [6, 7])
        fitted = voting().fit(X, y)
        assert_array_equal(fitted.estimator_.X_.ravel(), range(8))
        assert_array_equal(fitted.estimator_.groups_, [0, 0, 1, 1, 1, 2, 3, 3])

    def test_what_does_not_fill_a_window_is_left_out(self):
        X, y = curves([0, 1], [2, 3, 4])
        X[1, 0, -1] = np.nan
        assert_array_equal(voting().fit(X, y).estimator_.X_.ravel(), range(4))

    def test_padding_changes_nothing(self):
        X, y = trials()
        longer = np.full((8, 4, 200), np.nan)
        longer[:, :, : X.shape[2]] = X
        classifier = TrialClassifier(
            LogisticRegression(), SFREQ, features=LogVariance(), smoother=LDSSmoother()
        )
        fitted = classifier.fit(X, y)
        assert_array_equal(fitted.predict_windows(longer), fitted.predict_windows(X))
        again = clone(classifier).fit(longer, y)
        assert_array_equal(again.predict_proba(X), fitted.predict_proba(X))

    def test_short_trial_is_named(self):
        X, y = trials()
        X[5, :, 20:] = np.nan
        with pytest.raises(ValueError, match="Trial 5 lasts 0.625 s, shorter .* 1 s"):
            TrialClassifier(SVC(), SFREQ).fit(X, y)

    @pytest.mark.parametrize(
        "where, message",
        [
            ((2, 1, slice(None)), "Trial 2 has NaN at 0"),
            ((3, slice(None), 60), "Trial 3 has NaN at 60"),
            ((4,), "Trial 4 is empty"),
        ],
    )
    def test_other_nan_is_refused(self, where, message):
        X, y = trials()
        fitted = TrialClassifier(SVC(), SFREQ, features=LogVariance()).fit(X, y)
        X[where] = np.nan
        for method in (fitted.predict, lambda X: fitted.fit(X, y)):
            with pytest.raises(ValueError, match=message):
                method(X)


class TestVotes:
    X, y = curves([0.8, 0.4, 0.4], [0.9, 0.1], [0.3], [0.7, 0.0, 0.7])
    windows = np.array(
        [[0.8, 0.4, 0.4], [0.9, 0.1, np.nan], [0.3, np.nan, np.nan], [0.7, 0.0, 0.7]]
    )

    @pytest.mark.parametrize(
        "vote, expected, labels",
        [
            ("soft", [1.6 / 3, 0.5, 0.3, 1.4 / 3], "baaa"),
            ("hard", [1 / 3, 0.5, 0.0, 2 / 3], "aaab"),
            ("last", [0.4, 0.1, 0.3, 0.7], "aaab"),
        ],
    )
    def test_are_counted(self, vote, expected, labels):
        fitted = voting(vote=vote).fit(self.X, self.y)
        assert_allclose(fitted.predict_proba(self.X)[:, 1], expected, rtol=1e-12)
        assert_array_equal(fitted.predict(self.X), list(labels))
        assert fitted.vote_ == vote
        curves = self.windows if vote != "hard" else 1.0 * (self.windows > 0.5)
        curves[np.isnan(self.windows)] = np.nan
        got = fitted.predict_windows(self.X)
        assert_allclose(got[:, :, 1], curves, rtol=1e-12)
        assert_allclose(got[:, :, 0], 1 - curves, rtol=1e-12)

    @pytest.mark.parametrize("vote, used", [("soft", "hard"), ("last", "last")])
    def test_without_probabilities(self, vote, used):
        X, y = trials()
        fitted = TrialClassifier(SVC(), SFREQ, features=LogVariance(), vote=vote)
        fitted.fit(X, y)
        assert fitted.vote_ == used
        assert set(np.unique(fitted.predict_windows(X))) == {0.0, 1.0}
        assert fitted.score(X, y) == 1.0


class TestSteps:
    def test_smoother_stays_within_trials(self):
        X, y = curves([0, 2], [4, 6, 8])
        fitted = voting(smoother=MovingAverageSmoother(2)).fit(X, y)
        assert_array_equal(fitted.estimator_.X_.ravel(), [0, 1, 4, 5, 7])

    def test_features_are_fitted_on_training_windows(self):
        X, y = trials()
        features = make_pipeline(LogVariance(), StandardScaler())
        fitted = TrialClassifier(SVC(), SFREQ, features=features).fit(X[:6], y[:6])
        assert fitted.features_[0].n_windows_ == 24
        windows = X[:6].reshape(6, 4, 4, SFREQ).swapaxes(1, 2).reshape(24, 4, SFREQ)
        expected = clone(features).fit(windows)[1].mean_
        assert_array_equal(fitted.features_[1].mean_, expected)
        fitted.predict(X)
        assert_array_equal(fitted.features_[1].mean_, expected)

    def test_what_is_given_is_not_changed(self):
        classifier = TrialClassifier(
            GridSearchCV(SVC(), {"C": [1.0, 2.0]}, cv=3),
            SFREQ,
            features=LogVariance(),
            smoother=LDSSmoother(),
        )
        before = str(classifier.get_params())
        classifier.fit(*trials())
        assert str(classifier.get_params()) == before
        assert not hasattr(classifier.features, "n_windows_")

    def test_pipeline_of_windows(self):
        X, y = trials()
        pipeline = make_pipeline(Covariances(), TangentSpace(), SVC())
        assert TrialClassifier(pipeline, SFREQ).fit(X, y).score(X, y) == 1.0

    def test_matrices_cannot_be_smoothed(self):
        classifier = TrialClassifier(
            SVC(), SFREQ, features=Covariances(), smoother=LDSSmoother()
        )
        with pytest.raises(ValueError, match=r"LDSSmoother smooths .* \(32, 4, 4\)"):
            classifier.fit(*trials())

    def test_frames_do_no_harm(self):
        X, y = trials()
        classifier = TrialClassifier(
            LogisticRegression(),
            SFREQ,
            features=DifferentialEntropy(SFREQ, {"all": (2, 12)}, "fft"),
            smoother=LDSSmoother(),
        )
        expected = classifier.fit(X, y).predict_proba(X)
        with sklearn.config_context(transform_output="pandas"):
            assert_array_equal(clone(classifier).fit(X, y).predict_proba(X), expected)


class TestWholeTrialFilter:
    def test_is_used(self):
        X, y = trials()
        X[2, :, 70:] = np.nan
        X[4, :, 100:] = np.nan
        fitted = [
            TrialClassifier(
                Recorder(), SFREQ, step=0.5, features=WholeTrials(), filter=filter
            ).fit(X, y)
            for filter in ("window", "trial")
        ]
        by_window, by_trial = (f.estimator_.X_ for f in fitted)
        assert_allclose(by_trial, 2.0 * by_window, rtol=1e-12)
        assert_allclose(
            fitted[1].predict_windows(X)[:, :, 1],
            2.0 * fitted[0].predict_windows(X)[:, :, 1],
            rtol=1e-12,
        )

    @pytest.mark.parametrize("features", [LogVariance(), None])
    def test_is_missing(self, features):
        classifier = TrialClassifier(SVC(), SFREQ, features=features, filter="trial")
        with pytest.raises(TypeError, match="transform_trials, which .* has not"):
            classifier.fit(*trials())

    def test_returns_too_little(self):
        class Short(WholeTrials):
            def transform_trials(self, X, window, step):
                return super().transform_trials(X, window, step)[:, 1:]

        classifier = TrialClassifier(SVC(), SFREQ, features=Short(), filter="trial")
        with pytest.raises(ValueError, match=r"Short should return .*\(8, 4, 'n_feat"):
            classifier.fit(*trials())


class TestInnerSearch:
    @pytest.mark.parametrize("cv", [None, 3, StratifiedGroupKFold(3), GroupKFold(4)])
    def test_splits_by_trials(self, cv):
        X, y = trials()
        search = GridSearchCV(SVC(), {"C": [0.1, 1.0]}, cv=cv)
        fitted = TrialClassifier(search, SFREQ, features=LogVariance()).fit(X, y)
        trial = np.repeat(range(8), 4)
        splits = fitted.estimator_.cv
        assert len(splits) == (5 if cv is None else cv if cv == 3 else cv.n_splits)
        for train, test in splits:
            assert not set(trial[train]) & set(trial[test])
        assert_array_equal(np.sort(np.concatenate([s[1] for s in splits])), range(32))

    def test_in_a_pipeline(self):
        X, y = trials()
        search = GridSearchCV(Recorder(), {}, cv=4)
        pipeline = make_pipeline(StandardScaler(), search)
        classifier = TrialClassifier(pipeline, SFREQ, features=LogVariance())
        trial = np.repeat(range(8), 4)
        for train, test in classifier.fit(X, y).estimator_[-1].cv:
            assert not set(trial[train]) & set(trial[test])

    def test_steps_that_are_no_estimators_are_passed(self):
        pipeline = make_pipeline("passthrough", SVC())
        TrialClassifier(pipeline, SFREQ, features=LogVariance()).fit(*trials())

    def test_what_was_fitted_before_splits_nothing(self):
        X, y = trials()
        fitted = LinearDiscriminantAnalysis().fit(LogVariance().transform(X), y)
        stack = StackingClassifier([("lda", FrozenEstimator(fitted))], cv="prefit")
        classifier = TrialClassifier(stack, SFREQ, features=LogVariance()).fit(X, y)
        assert classifier.estimator_.cv == "prefit"

    def test_of_another_kind(self):
        X, y = trials()
        ridge = RidgeClassifierCV((0.1, 1.0), cv=4)
        classifier = TrialClassifier(ridge, SFREQ, features=LogVariance())
        assert classifier.fit(X, y).score(X, y) == 1.0

    def test_folds_that_part_no_trial_by_chance_are_fine(self):
        search = GridSearchCV(SVC(), {"C": [0.1, 1.0]}, cv=KFold(4))
        TrialClassifier(search, SFREQ, features=LogVariance()).fit(*trials())

    @pytest.mark.parametrize("cv", [KFold(3, shuffle=True), ShuffleSplit(2)])
    def test_splitter_that_parts_trials_is_refused(self, cv):
        search = GridSearchCV(SVC(), {"C": [0.1, 1.0]}, cv=cv)
        classifier = TrialClassifier(search, SFREQ, features=LogVariance())
        with pytest.raises(ValueError, match="parts the windows of . trials"):
            classifier.fit(*trials())

    def test_search_in_a_search_is_refused(self):
        inner = GridSearchCV(SVC(), {"C": [0.1, 1.0]})
        classifier = TrialClassifier(CalibratedClassifierCV(inner), SFREQ)
        with pytest.raises(ValueError, match="estimator__cv of CalibratedClassifierCV"):
            classifier.fit(*trials())

    @pytest.mark.parametrize("cv", [2, StratifiedGroupKFold(2)])
    def test_in_features(self, cv):
        X, y = trials()
        selector = RFECV(SVC(kernel="linear"), cv=cv)
        features = make_pipeline(LogVariance(), StandardScaler(), selector)
        fitted = TrialClassifier(SVC(), SFREQ, features=features).fit(X, y)
        trial = np.repeat(range(8), 4)
        assert len(fitted.features_[-1].cv) == 2
        for train, test in fitted.features_[-1].cv:
            assert not set(trial[train]) & set(trial[test])
        assert selector.cv == cv

    @pytest.mark.parametrize("place", ["estimator", "features"])
    def test_splitter_is_told_the_trials(self, place):
        seen = []

        class Spy(GroupKFold):
            def split(self, X, y, groups):
                seen.append((len(X), list(y), list(groups)))
                return super().split(X, y, groups)

        X, y = trials(6)
        X[1, :, 70:] = np.nan
        search = make_pipeline(LogVariance(), RFECV(SVC(kernel="linear"), cv=Spy(2)))
        parts = {
            "estimator": {"estimator": make_pipeline(search, SVC())},
            "features": {"estimator": SVC(), "features": search},
        }
        TrialClassifier(sfreq=SFREQ, **parts[place]).fit(X, y)
        trial = np.repeat(range(6), [4, 2, 4, 4, 4, 4])
        assert seen == [(22, list(y[trial]), list(trial))]

    def test_splitter_that_parts_trials_is_refused_in_features(self):
        selector = RFECV(SVC(kernel="linear"), cv=KFold(3, shuffle=True))
        features = make_pipeline(LogVariance(), selector)
        classifier = TrialClassifier(SVC(), SFREQ, features=features)
        with pytest.raises(ValueError, match="parts the windows of . trials"):
            classifier.fit(*trials())

    def test_share_of_windows_is_refused(self):
        tuned = TunedThresholdClassifierCV(LogisticRegression(), cv=0.25)
        classifier = TrialClassifier(tuned, SFREQ, features=LogVariance())
        with pytest.raises(ValueError, match="cv=0.25 .* share of .* GroupShuffleSpl"):
            classifier.fit(*trials())
        # what the message proposes
        tuned.set_params(cv=GroupShuffleSplit(1, test_size=0.25, random_state=1))
        assert len(classifier.fit(*trials()).estimator_.cv) == 1

    def test_too_few_trials(self):
        search = GridSearchCV(SVC(), {"C": [0.1, 1.0]})
        classifier = TrialClassifier(search, SFREQ, features=LogVariance())
        with pytest.raises(ValueError, match="5 folds, but only 4 trials"):
            classifier.fit(*trials(4))


class TestWeights:
    def classifier(self, estimator):
        return TrialClassifier(estimator, SFREQ, features=LogVariance())

    @pytest.mark.parametrize(
        "estimator",
        [
            LogisticRegression(),
            make_pipeline(LogVariance(), LogisticRegression()),
            GridSearchCV(LogisticRegression(), {"C": [1.0]}, cv=2),
        ],
        ids=["plain", "pipeline", "search"],
    )
    def test_reach_the_estimator(self, estimator):
        X, y = trials(effect=0.1)
        weight = np.arange(8) % 4 + 1
        features = None if hasattr(estimator, "steps") else LogVariance()
        got = TrialClassifier(estimator, SFREQ, features=features)
        got = got.fit(X, y, sample_weight=weight).predict_proba(X)
        plain = self.classifier(LogisticRegression())
        expected = plain.fit(X, y, sample_weight=weight).predict_proba(X)
        assert_array_equal(got, expected)
        assert not np.allclose(got, plain.fit(X, y).predict_proba(X))

    def test_reach_a_pipeline_by_routing(self):
        X, y = trials(effect=0.1)
        weight = np.arange(8) % 4 + 1
        with sklearn.config_context(enable_metadata_routing=True):
            last = LogisticRegression().set_fit_request(sample_weight=True)
            first = StandardScaler().set_fit_request(sample_weight=False)
            got = self.classifier(make_pipeline(first, last))
            got.fit(X, y, sample_weight=weight)
        expected = self.classifier(make_pipeline(StandardScaler(), last))
        expected.fit(X, y, sample_weight=weight)
        assert_array_equal(got.predict_proba(X), expected.predict_proba(X))

    def test_of_zero_leaves_the_features_alone(self):
        """Features know no weights, so a trial of none is not shown to them."""
        X, y = trials()
        fitted = self.classifier(LogisticRegression())
        fitted.fit(X, y, sample_weight=[0, 0, 1, 1, 1, 1, 1, 1])
        assert fitted.features_.n_windows_ == 24

    @pytest.mark.parametrize("search", [False, True])
    def test_are_refused(self, search):
        estimator = LinearDiscriminantAnalysis()
        if search:
            estimator = GridSearchCV(make_pipeline(estimator), {}, cv=2)
        with pytest.raises(TypeError, match="LinearDisc.* takes no sample_weight"):
            self.classifier(estimator).fit(*trials(), sample_weight=np.ones(8))


class TestRecordings:
    def epochs(self, X, sfreq=SFREQ):
        info = mne.create_info(["Fz", "EOG", "Cz"], sfreq, ["eeg", "eog", "eeg"])
        return mne.EpochsArray(X[:, :3], info, verbose=False)

    def test_epochs_are_arrays(self):
        X, y = trials()
        X[3, :, 90:] = np.nan
        array = TrialClassifier(LogisticRegression(), SFREQ, features=LogVariance())
        array.fit(X[:, [0, 2]], y)
        fitted = clone(array).set_params(sfreq=None).fit(self.epochs(X), y)
        assert fitted.sfreq_ == SFREQ and list(fitted.channel_names_in_) == ["Fz", "Cz"]
        for given in (self.epochs(X), X[:, [0, 2]]):
            assert_array_equal(fitted.predict_proba(given), array.predict_proba(given))

    def test_epochs_in_cross_validation(self):
        X, y = trials()
        classifier = TrialClassifier(LogisticRegression(), features=LogVariance())
        scores = cross_val_score(classifier, self.epochs(X), y, cv=KFold(4))
        assert scores.mean() == 1.0

    def test_rates_agree(self):
        X, y = trials()
        classifier = TrialClassifier(LogisticRegression(), features=LogVariance())
        with pytest.raises(ValueError, match="sampling rate is unknown"):
            classifier.fit(X, y)
        with pytest.raises(ValueError, match="have 64 Hz, which contradicts the 32"):
            clone(classifier).set_params(sfreq=32).fit(self.epochs(X, 64), y)
        classifier.fit(self.epochs(X), y)
        with pytest.raises(ValueError, match="have 64 Hz, which contradicts the 32"):
            classifier.predict(self.epochs(X, 64))


class TestStepsAreToldTheRecording:
    de = DifferentialEntropy(bands={"low": (2, 8), "high": (8, 14)}, method="fft")
    names = ["F3", "F4", "P3", "P4"]

    def epochs(self, X):
        info = mne.create_info(self.names, SFREQ, "eeg")
        return mne.EpochsArray(X, info, verbose=False)

    def wrapped(self, de):
        """The transformer as features, within features, and within the estimator."""
        asymmetry = AsymmetryFeatures(de, pairs=[(0, 1), (2, 3)])
        return [
            {"estimator": SVC(), "features": de},
            {"estimator": SVC(), "features": make_pipeline(de, StandardScaler())},
            {"estimator": SVC(), "features": asymmetry},
            {"estimator": make_pipeline(asymmetry, SVC())},
            {"estimator": GridSearchCV(make_pipeline(de, SVC()), {}, cv=2)},
        ]

    def test_of_the_rate(self):
        X, y = trials()
        given = clone(self.de).set_params(sfreq=SFREQ)
        for without, explicit in zip(
            self.wrapped(self.de), self.wrapped(given), strict=True
        ):
            expected = TrialClassifier(sfreq=SFREQ, **explicit).fit(X, y)
            told = [
                TrialClassifier(sfreq=SFREQ, **without).fit(X, y),
                TrialClassifier(**without).fit(self.epochs(X), y),
            ]
            for fitted in told:
                assert_array_equal(
                    fitted.predict_windows(X), expected.predict_windows(X)
                )
        assert self.de.sfreq is None

    def test_another_rate_is_refused(self):
        X, y = trials()
        other = clone(self.de).set_params(sfreq=128)
        for parts in self.wrapped(other):
            with pytest.raises(ValueError, match="sfreq of .* is 128 Hz, .* have 32 H"):
                TrialClassifier(sfreq=SFREQ, **parts).fit(X, y)
            with pytest.raises(ValueError, match="sfreq of .* is 128 Hz, .* have 32 H"):
                TrialClassifier(**parts).fit(self.epochs(X), y)

    def test_parameter_is_named(self):
        asymmetry = AsymmetryFeatures(DifferentialEntropy(128), channels=self.names)
        features = make_pipeline(asymmetry, StandardScaler())
        classifier = TrialClassifier(SVC(), SFREQ, features=features)
        with pytest.raises(
            ValueError, match="^asymmetryfeatures__transformer__sfreq of Pipeline"
        ):
            classifier.fit(*trials())

    def test_rates_that_differ_by_rounding_agree(self):
        de = clone(self.de).set_params(sfreq=SFREQ + 1e-6)
        fitted = TrialClassifier(SVC(), SFREQ, features=de).fit(*trials())
        assert fitted.features_.sfreq == SFREQ + 1e-6

    @pytest.mark.parametrize("filter", ["window", "trial"])
    def test_of_the_channels(self, filter):
        X, y = trials()
        asymmetry = AsymmetryFeatures(self.de)
        fitted = TrialClassifier(SVC(), features=asymmetry, filter=filter)
        fitted.fit(self.epochs(X), y)
        assert_array_equal(fitted.features_.pairs_, [(0, 1), (2, 3)])
        names = fitted.features_.get_feature_names_out()
        assert list(names[:2]) == ["F3-F4_low", "F3-F4_high"]
        assert asymmetry.channels is None

    @pytest.mark.parametrize(
        "parts",
        [
            {
                "estimator": SVC(),
                "features": make_pipeline(AsymmetryFeatures(de), StandardScaler()),
            },
            {"estimator": make_pipeline(AsymmetryFeatures(de), SVC())},
        ],
        ids=["features", "estimator"],
    )
    def test_of_the_channels_in_a_pipeline(self, parts):
        X, y = trials()
        fitted = TrialClassifier(**parts).fit(self.epochs(X), y)
        assert fitted.score(self.epochs(X), y) == 1.0

    def test_other_channels_are_refused(self):
        X, y = trials()
        asymmetry = AsymmetryFeatures(self.de, channels=["P3", "P4", "F3", "F4"])
        classifier = TrialClassifier(SVC(), features=asymmetry)
        with pytest.raises(ValueError, match="channels .* contradicts .* F3, F4, P3"):
            classifier.fit(self.epochs(X), y)

    def test_channels_of_another_kind_are_left_alone(self):
        class Foreign(LogVariance):
            def __init__(self, channels=None):
                self.channels = channels

        X, y = trials()
        fitted = TrialClassifier(SVC(), features=Foreign()).fit(self.epochs(X), y)
        assert fitted.features_.channels is None


@pytest.mark.parametrize(
    "parameters, message",
    [
        ({"window": 0.0}, "window"),
        ({"window": np.inf}, "window"),
        ({"step": -1.0}, "step"),
        ({"sfreq": np.nan}, "sfreq"),
        ({"vote": "loud"}, "vote should be one of .*'loud'"),
        ({"filter": "none"}, "filter should be one of .*'none'"),
        ({"smoother": LDSSmoother()}, "smoother needs features"),
    ],
)
def test_parameters(parameters, message):
    classifier = TrialClassifier(**({"estimator": SVC(), "sfreq": SFREQ} | parameters))
    with pytest.raises(ValueError, match=message):
        classifier.fit(*trials())


def test_one_kind_of_trial_is_not_enough():
    X, _ = trials()
    with pytest.raises(ValueError, match="got one class: .*calm"):
        TrialClassifier(SVC(), SFREQ).fit(X, ["calm"] * 8)


class TestNothingLeaks:
    """Trials differ strongly, and their labels say nothing: the score is chance.

    Chance is the mean over random labels, 20 times 24 trials, whose standard error is
    0.023 if trials are guessed independently.
    """

    nearest = KNeighborsClassifier(1)
    searched = GridSearchCV(nearest, {"n_neighbors": [1, 3]}, cv=2)

    def score(self, classifier, by_window, cv):
        scores = []
        for seed in range(20):
            X, y = trials(24, effect=0.0, trial_effect=1.0, seed=seed)
            np.random.default_rng(seed).shuffle(y)
            if by_window:
                X = X.reshape(24, 4, 4, SFREQ).swapaxes(1, 2).reshape(96, 4, SFREQ)
                X, y = LogVariance().fit_transform(X), np.repeat(y, 4)
            scores.append(
                cross_val_score(classifier, X, y, cv=cv, error_score="raise").mean()
            )
        return np.mean(scores)

    CVS = {
        "folds": KFold(4),
        "shuffled": KFold(4, shuffle=True, random_state=0),
        "shuffle-split": ShuffleSplit(3, test_size=0.25, random_state=0),
    }

    @pytest.mark.parametrize("estimator", [nearest, searched], ids=["plain", "search"])
    @pytest.mark.parametrize("cv", CVS)
    def test_trials(self, estimator, cv):
        classifier = TrialClassifier(
            estimator, SFREQ, features=LogVariance(), smoother=LDSSmoother(0.1)
        )
        assert abs(self.score(classifier, False, self.CVS[cv]) - 0.5) < 0.06

    @pytest.mark.parametrize("cv", ["shuffled", "shuffle-split"])
    def test_windows_would(self, cv):
        assert self.score(self.nearest, True, self.CVS[cv]) > 0.9

    def test_search_over_it(self):
        X, y = trials(24, effect=0.0, trial_effect=1.0)
        classifier = TrialClassifier(self.nearest, SFREQ, features=LogVariance())
        best = []
        for seed in range(20):
            np.random.default_rng(seed).shuffle(y)
            cv = KFold(4, shuffle=True, random_state=seed)
            search = GridSearchCV(classifier, {"window": [1.0]}, cv=cv)
            best.append(search.fit(X, y).best_score_)
        assert abs(np.mean(best) - 0.5) < 0.06

    @pytest.mark.filterwarnings("ignore:Creating a dataset without")  # MOABB, of h5py
    def test_stock_evaluation(self, tmp_path):
        """MOABB's own shuffled folds, of whole trials; three classes."""
        data = SimulatedEmotion(
            n_subjects=4,
            n_sessions=1,
            n_trials=24,
            trial_seconds=4.0,
            effect=0.0,
            trial_effect=8.0,
        )
        evaluation = {
            "overwrite": True,
            "codecarbon_config": {"country_iso_code": "FRA", "save_to_file": False},
        }
        bands = {"low": (4, 13), "high": (13, 40)}
        de = DifferentialEntropy(128, bands, "fft")
        scores = {}
        for window, pipeline in (
            (None, TrialClassifier(self.nearest, 128, features=de)),
            (1.0, make_pipeline(de, self.nearest)),
        ):
            results = WithinSessionEvaluation(
                paradigm=EmotionParadigm(window=window),
                datasets=[data],
                hdf5_path=str(tmp_path / str(window)),
                **evaluation,
            ).process({"nearest": pipeline})
            scores[window] = results["score"].mean()
        assert abs(scores[None] - 1 / 3) < 0.15  # 96 trials: 3 standard errors
        assert scores[1.0] > 0.95

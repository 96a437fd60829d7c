import json

import numpy as np
import pandas as pd
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import BaggingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    LeaveOneGroupOut,
    RandomizedSearchCV,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from test_runner import small

from eegemo.covariance import AugmentedCovarianceSearchCV, Covariances
from eegemo.evaluation import audit_split, run_benchmark
from eegemo.evaluation._hoist import HoistedWindows, split_head
from eegemo.evaluation._inner import inner_folds, with_inner_folds
from eegemo.evaluation._protocols import PROTOCOLS
from eegemo.features import DifferentialEntropy
from eegemo.networks import MultilayerPerceptron
from eegemo.paradigm import EmotionParadigm
from eegemo.pipelines import make_named_pipeline
from eegemo.riemann import TangentSpace


def windows(n_subjects=4, n_sessions=2, n_trials=8, n_windows=3):
    """Rows of subjects who all saw the same clips, in each session others."""
    index = pd.MultiIndex.from_product(
        [
            range(1, n_subjects + 1),
            map(str, range(n_sessions)),
            range(n_trials),
            range(n_windows),
        ],
        names=["subject", "session", "trial", "window"],
    )
    metadata = index.to_frame(index=False)
    metadata["run"] = "0"
    metadata["stimulus"] = metadata["session"] + "-" + metadata["trial"].astype(str)
    metadata["onset"] = 20.0 * metadata["trial"] + 4.0 * metadata.pop("window")
    metadata["duration"] = 4.0
    y = np.where(metadata["trial"] % 2, "calm", "tense")
    return metadata, y


@pytest.mark.parametrize("n_splits", [2, 3, 5])
@pytest.mark.parametrize("name", [n for n in PROTOCOLS if n != "window-leaky"])
def test_inner_folds_share_nothing_that_is_forbidden(name, n_splits):
    metadata, y = windows()
    if PROTOCOLS[name].by_subject:
        of_one = metadata["subject"].eq(1).to_numpy()
        metadata, y = metadata[of_one].reset_index(drop=True), y[of_one]
    forbidden = PROTOCOLS[name].forbidden
    folds = inner_folds(metadata, y, forbidden, n_splits, 0)
    assert 2 <= len(folds) <= n_splits
    for train, test in folds:
        shared = audit_split(train, test, metadata)
        assert not any(shared[what] for what in forbidden)
        assert set(y[train]) == set(y[test]) == {"calm", "tense"}
    if name != "cross-subject-stimulus":  # each window is tested once
        tested = np.concatenate([test for _, test in folds])
        assert sorted(tested) == list(range(len(y)))
    again = inner_folds(metadata, y, forbidden, n_splits, 0)
    for (a, b), (c, d) in zip(folds, again, strict=True):
        assert np.array_equal(a, c) and np.array_equal(b, d)


def test_folds_of_a_single_subject_are_of_stimuli():
    metadata, y = windows(n_subjects=1, n_sessions=1)
    for name in "cross-subject", "cross-session", "cross-subject-stimulus":
        for train, test in inner_folds(metadata, y, PROTOCOLS[name].forbidden, 5, 0):
            shared = audit_split(train, test, metadata)
            assert shared["stimulus"] == shared["trial"] == 0


def test_inner_folds_of_leaky_protocol_leak():
    """As they do where people do so: the audit shows what that gains."""
    metadata, y = windows(1, 1)
    folds = inner_folds(metadata, y, PROTOCOLS["window-leaky"].forbidden, 3, 0)
    assert any(audit_split(*fold, metadata)["trial"] for fold in folds)


def test_stimuli_of_which_most_people_feel_the_same():
    """By their most frequent label they are one class, but not by each person's own."""
    metadata, _ = windows()
    stimulus = metadata["trial"] + 8 * metadata["session"].astype(int)
    y = np.where(stimulus % 4 == metadata["subject"] - 1, "tense", "calm")
    forbidden = PROTOCOLS["cross-subject-stimulus"].forbidden
    folds = inner_folds(metadata, y, forbidden, 3, 0)
    assert len(folds) == 3
    for train, test in folds:
        shared = audit_split(train, test, metadata)
        assert len(test) and not any(shared[what] for what in forbidden)
        assert set(y[train]) == {"calm", "tense"}


def test_too_few_stimuli_for_inner_folds():
    metadata, y = windows(1, 1, n_trials=3)
    with pytest.raises(ValueError, match="fewer than two stimuli"):
        inner_folds(metadata, y, PROTOCOLS["within-session"].forbidden, 5, 0)


def hoisted(metadata, y):
    X = np.random.default_rng(0).standard_normal((len(y), 4))
    return HoistedWindows({"k": X}, {}, metadata, np.zeros(len(y), np.uint64), 4)


FORBIDDEN = PROTOCOLS["within-session"].forbidden


@pytest.mark.parametrize(
    "estimator, name",
    [
        (GridSearchCV(SVC(), {"C": [1]}), "cv"),
        (make_pipeline(StandardScaler(), CalibratedClassifierCV(SVC(), cv=3)), None),
        (AugmentedCovarianceSearchCV(), "cv"),
    ],
)
def test_whatever_has_cv_gets_grouped_folds(estimator, name):
    metadata, y = windows(1, 1)
    X = hoisted(metadata, y)
    got = with_inner_folds(estimator, X, y, FORBIDDEN)
    folds = got.get_params()[name or "calibratedclassifiercv__cv"]
    assert len(folds) == (4 if name else 3)  # the rarest class has 4 stimuli
    for fold in folds:
        assert audit_split(*fold, metadata)["stimulus"] == 0
    assert estimator.get_params()[name or "calibratedclassifiercv__cv"] in (None, 3)


@pytest.mark.parametrize("cv", [GroupKFold(2), LeaveOneGroupOut()])
def test_grouped_splitter_is_kept(cv):
    metadata, y = windows(1, 1)
    search = GridSearchCV(SVC(), {"C": [1]}, cv=cv)
    folds = with_inner_folds(search, hoisted(metadata, y), y, FORBIDDEN).cv
    assert len(folds) == (2 if isinstance(cv, GroupKFold) else 8)


@pytest.mark.parametrize(
    "cv, message",
    [
        (KFold(3, shuffle=True, random_state=0), "share .*trial.* rules out"),
        ([([0, 1], [2, 3])], "cannot know the training windows"),
    ],
)
def test_folds_that_leak_are_refused(cv, message):
    metadata, y = windows(1, 1)
    search = GridSearchCV(SVC(), {"C": [1]}, cv=cv)
    with pytest.raises(ValueError, match=message):
        with_inner_folds(search, hoisted(metadata, y), y, FORBIDDEN)


def test_search_within_a_search_is_refused():
    metadata, y = windows(1, 1)
    search = GridSearchCV(CalibratedClassifierCV(SVC()), {"estimator__C": [1]})
    with pytest.raises(ValueError, match="estimator__cv of GridSearchCV would"):
        with_inner_folds(search, hoisted(metadata, y), y, FORBIDDEN)


def test_search_within_another_estimator_is_refused():
    """A bagging draws other rows, which the folds would not be of."""
    metadata, y = windows(1, 1)
    bagging = BaggingClassifier(GridSearchCV(SVC(), {"C": [1]}))
    with pytest.raises(ValueError, match="estimator__cv of BaggingClassifier would"):
        with_inner_folds(bagging, hoisted(metadata, y), y, FORBIDDEN)


def test_head_of_a_search_is_hoisted_unless_searched():
    pipeline = make_pipeline(
        Covariances(), TangentSpace(), LogisticRegression(), memory=None
    )
    search = GridSearchCV(pipeline, {"logisticregression__C": [1, 10]})
    head, tail = split_head(search)
    assert list(head.named_steps) == ["covariances"]
    assert list(tail.estimator.named_steps) == ["tangentspace", "logisticregression"]
    assert tail.param_grid == search.param_grid
    searched = RandomizedSearchCV(pipeline, {"covariances__estimator": ["scm", "oas"]})
    assert split_head(searched)[0] is None
    assert split_head(GridSearchCV(SVC(), {"C": [1]}))[0] is None


GRID = {"svm__C": [1e-9, 0.1]}


@pytest.mark.parametrize("protocol", ["within-session", "cross-session"])
def test_nested_search_equals_one_by_hand(protocol):
    data = small(n_subjects=1, n_trials=9)
    scores = run_benchmark(
        data, ["de-svm"], protocols=[protocol], param_grid={"de-svm": GRID}
    ).query("pipeline == 'de-svm'")
    X, y, metadata = EmotionParadigm().get_data(data)
    chosen = [json.loads(text)["svm__C"] for text in scores["best_params"]]
    expected, n_right = [], []
    for row in scores.itertuples():
        of_session = metadata["session"].eq(row.session)
        trials = [int(trial) for trial in row.test_trials.split()]
        test = (of_session & metadata["trial"].isin(trials)).to_numpy()
        train = ~test
        if protocol == "within-session":
            train &= of_session.to_numpy()
        folds = inner_folds(
            metadata[train], y[train], PROTOCOLS[protocol].forbidden, 5, 0
        )
        pipeline = make_named_pipeline("de-svm", 128)
        search = GridSearchCV(pipeline, GRID, scoring="balanced_accuracy", cv=folds)
        search.fit(X[train], y[train])
        expected.append(search.best_params_["svm__C"])
        n_right.append((search.predict(X[test]) == y[test]).mean())
    assert chosen == expected
    assert scores["accuracy"].tolist() == pytest.approx(n_right)


@pytest.mark.parametrize(
    "grid, message",
    [
        ({"cov-mdm": {"a": [1]}}, "cov-mdm, which are not run"),
        ({"de-svm": {"svm__c": [1]}}, "de-svm has no parameter svm__c: choose from"),
        ({"de-svm": [{"svm__C": [1]}, {"C": [1]}]}, "no parameter C"),
    ],
)
def test_grids_that_fit_no_pipeline(grid, message):
    with pytest.raises(ValueError, match=message):
        run_benchmark(small(n_subjects=1), ["de-svm"], param_grid=grid)


def test_leaky_search_fails_and_says_why():
    search = GridSearchCV(
        make_named_pipeline("de-svm", 128), GRID, cv=KFold(2, shuffle=True)
    )
    scores = run_benchmark(
        small(n_subjects=1), {"leaky": search}, protocols=["within-session"]
    ).query("pipeline == 'leaky'")
    assert scores["error"].str.contains("rules out").all()
    assert scores["best_params"].eq("{}").all()


class Groups(MultilayerPerceptron):
    """Shows the groups that it was given."""

    seen = []

    def fit(self, X, y, sample_weight=None, groups=None):
        Groups.seen.append(np.unique(groups).tolist())
        return super().fit(X, y, sample_weight, groups)


def test_early_stopping_gets_groups():
    data = small(n_subjects=3, n_sessions=1)
    model = make_pipeline(
        DifferentialEntropy(128), StandardScaler(), Groups((4,), max_epochs=1)
    )
    Groups.seen.clear()
    for protocol in "within-session", "cross-subject":
        run_benchmark(data, {"network": model}, protocols=[protocol])
    assert len(Groups.seen[0]) > 1 and "1" not in Groups.seen[0]  # stimuli
    assert ["2", "3"] in Groups.seen  # those trained with when 1 is tested

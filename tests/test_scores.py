import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import metrics
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from eegemo.evaluation._scores import (
    balanced_accuracy,
    fold_scores,
    predict_scores,
    trial_votes,
)


def data(n_classes, n=60, seed=0):
    rng = np.random.default_rng(seed)
    classes = [f"class{i}" for i in range(n_classes)]
    y = np.array(classes)[np.arange(n) % n_classes]
    X = rng.standard_normal((n, 4)) + (np.arange(n) % n_classes)[:, None] * 0.4
    trial = np.arange(n) // (3 * n_classes) * n_classes + np.arange(n) % n_classes
    return classes, X, y, trial


@pytest.mark.parametrize("n_classes", [2, 3, 5])
@pytest.mark.parametrize("make", [LogisticRegression, LinearSVC])
def test_scores_equal_those_of_scikit_learn(n_classes, make):
    classes, X, y, trial = data(n_classes)
    estimator = make().fit(X, y)
    scores = fold_scores(classes, y, trial, predict_scores(estimator, X, classes))
    predicted = estimator.predict(X)
    for name, expected in [
        ("balanced_accuracy", metrics.balanced_accuracy_score(y, predicted)),
        ("accuracy", metrics.accuracy_score(y, predicted)),
        ("f1_macro", metrics.f1_score(y, predicted, average="macro")),
    ]:
        assert_allclose(scores[name], expected, rtol=1e-14, err_msg=name)
    assert scores["chance"] == 1 / n_classes
    if make is LogisticRegression:
        proba = estimator.predict_proba(X)
        proba = proba[:, 1] if n_classes == 2 else proba
        options = {} if n_classes == 2 else {"multi_class": "ovr"}
        expected = metrics.roc_auc_score(y, proba, **options)
        # decision values and probabilities of three or more classes rank differently
        assert_allclose(
            scores["roc_auc"], expected, atol=1e-14 if n_classes == 2 else 0.05
        )


def test_auc_of_probabilities_equals_scikit_learn():
    classes, X, y, trial = data(3)

    class OnlyProba:
        def __init__(self, inner):
            self.predict, self.predict_proba = inner.predict, inner.predict_proba
            self.classes_ = inner.classes_

    inner = LogisticRegression().fit(X, y)
    scores = fold_scores(
        classes, y, trial, predict_scores(OnlyProba(inner), X, classes)
    )
    expected = metrics.roc_auc_score(y, inner.predict_proba(X), multi_class="ovr")
    assert_allclose(scores["roc_auc"], expected, rtol=1e-12)


def test_class_missing_from_training():
    """Its windows count as wrong, and nothing warns or fails."""
    classes, X, y, trial = data(3)
    seen = y != "class2"
    estimator = LogisticRegression().fit(X[seen], y[seen])
    scores = fold_scores(classes, y, trial, predict_scores(estimator, X, classes))
    assert scores["confusion"][2][2] == 0
    assert 0 < scores["balanced_accuracy"] <= 2 / 3


def test_one_class_in_the_test_set_has_no_auc():
    classes, X, y, trial = data(2)
    estimator = LogisticRegression().fit(X, y)
    one = y == "class0"
    scores = fold_scores(
        classes, y[one], trial[one], predict_scores(estimator, X[one], classes)
    )
    assert scores["roc_auc"] is None and scores["balanced_accuracy"] is None
    assert 0 < scores["accuracy"] <= 1


def test_classifier_without_scores_has_no_auc():
    classes, X, y, trial = data(2)

    class OnlyPredict:
        def predict(self, X):
            return np.full(len(X), "class0")

    scores = fold_scores(classes, y, trial, predict_scores(OnlyPredict(), X, classes))
    assert scores["roc_auc"] is None
    assert scores["balanced_accuracy"] == scores["trial_balanced_accuracy"] == 0.5


def test_failed_pipeline_has_no_score():
    classes, _, y, trial = data(2)
    scores = fold_scores(classes, y, trial, None)
    assert scores["balanced_accuracy"] is None and scores["y_pred"] is None
    assert scores["chance"] == 0.5


def test_votes_are_the_majority():
    true = np.array([0, 0, 0, 1, 1, 1])
    trial = np.array([7, 7, 7, 3, 3, 3])
    predicted = np.array([0, 1, 0, 0, 0, 1])
    none = np.full((6, 2), np.nan)
    assert_array_equal(trial_votes(true, trial, predicted, none), [[1, 0], [0, 0]])


def test_equal_votes_are_decided_by_the_scores():
    true, trial = np.zeros(2, int), np.zeros(2, int)
    predicted = np.array([0, 1])
    for scores, winner in [
        ([[0.6, 0.4], [0.1, 0.9]], 1),
        ([[0.9, 0.1], [0.4, 0.6]], 0),
    ]:
        assert trial_votes(true, trial, predicted, np.array(scores))[1] == [winner]


def test_balanced_accuracy_needs_every_class():
    assert balanced_accuracy(np.array([[3, 1], [1, 1]])) == 0.625
    assert balanced_accuracy(np.array([[3, 1], [0, 0]])) is None

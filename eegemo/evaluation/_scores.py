"""Scores of one fold, per window and per trial."""

import numpy as np
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.pipeline import Pipeline

from ._rating_scores import RATING_SCORES, predicted_ratings, rating_scores
from ._routing import domain_for

SCORES = (
    "balanced_accuracy",
    "accuracy",
    "f1_macro",
    "roc_auc",
    "trial_balanced_accuracy",
)
SEARCHES = (GridSearchCV, RandomizedSearchCV)


def main_score(table):
    """Name of the score that pipelines are compared by.

    Parameters
    ----------
    table : pandas.DataFrame or dict
        With a column for each score.

    Returns
    -------
    name : str
        ``balanced_accuracy``, or ``ccc`` of ratings.
    """
    return RATING_SCORES[0] if RATING_SCORES[0] in table else SCORES[0]


def predict_scores(estimator, X, classes, domain=None):
    """Predicted class and score of each class, in the order of ``classes``.

    Parameters
    ----------
    estimator : fitted classifier, or regressor
    X : array of shape (n_windows, ...)
    classes : sequence of str
        The classes of the task; () for ratings.
    domain : array of shape (n_windows,), default=None
        For the steps that request it, with metadata routing enabled.

    Returns
    -------
    predicted : int array of shape (n_windows,)
        Positions in ``classes``; ratings are floats.
    scores : array of shape (n_windows, n_classes)
        NaN if the classifier has no scores; -inf for a class it was not trained on. Of
        ratings, a column of them.
    """
    if domain is not None:  # a search hands nothing on to predict
        estimator = getattr(estimator, "best_estimator_", estimator)
    if isinstance(estimator, Pipeline) and len(estimator) > 1:
        head = estimator[:-1]  # once, for the classes and for their scores
        X = head.transform(X, **domain_for(head, "transform", domain))
        estimator = estimator[-1]
    labels = estimator.predict(X, **domain_for(estimator, "predict", domain))
    if not classes:
        ratings = predicted_ratings(labels, X)
        return ratings, ratings[:, None]
    position = {name: i for i, name in enumerate(classes)}
    predicted = np.array([position[name] for name in labels], int)
    if len(predicted) != len(X):
        raise ValueError(f"predict gave {len(predicted)} labels for {len(X)} windows.")
    scores = np.full((len(predicted), len(classes)), np.nan)
    raw = _class_scores(estimator, X, domain)
    if raw is not None:
        scores[:] = -np.inf
        scores[:, [position[name] for name in estimator.classes_]] = raw
    return predicted, scores


def _class_scores(estimator, X, domain):
    """Return the scores of the classes that the estimator knows, or None."""
    methods = ("decision_function", "predict_proba")
    method = next((m for m in methods if hasattr(estimator, m)), None)
    if method is None or getattr(estimator, "decision_function_shape", "ovr") == "ovo":
        return None
    raw = getattr(estimator, method)(X, **domain_for(estimator, method, domain))
    raw = np.asarray(raw)
    if raw.ndim == 1:
        raw = np.column_stack([-raw, raw])
    return raw if raw.shape[1] == len(estimator.classes_) else None


def is_transductive(estimator, X, classes, domain, prediction):
    """Tell whether the prediction of a window depends on the others given with it.

    Two windows are predicted on their own and compared, whatever the estimator says of
    itself.

    Parameters
    ----------
    estimator : fitted classifier
    X : array of shape (n_windows, ...)
    classes : sequence of str
    domain : array of shape (n_windows,), or None
    prediction : tuple
        What :func:`predict_scores` returned for all of X.

    Returns
    -------
    transductive : bool
    """
    # labels alone change more rarely than scores
    n_alone = 2 if np.isfinite(prediction[1]).any() else 16
    alone = np.unique(np.linspace(0, len(X) // 2, n_alone).astype(int))
    if len(alone) == len(X):
        return False
    predicted, scores = (part[alone] for part in prediction)
    if domain is not None:
        domain = domain[alone]
    again, scores_again = predict_scores(estimator, X[alone], classes, domain)
    if np.isfinite(scores).any():
        tolerance = 1e-6 * np.abs(scores[np.isfinite(scores)]).max()
        return not np.allclose(
            scores_again, scores, rtol=0, atol=tolerance, equal_nan=True
        )
    return not np.array_equal(again, predicted)


def fold_scores(classes, y, trial, prediction):
    """All scores of a test set.

    Parameters
    ----------
    classes : sequence of str
        () for ratings.
    y : array of str, or of float, shape (n_windows,)
    trial : sequence of int, shape (n_windows,)
    prediction : (predicted, scores) or None
        What :func:`predict_scores` returned; None if the pipeline failed.

    Returns
    -------
    scores : dict
        The scores, None where one is undefined; the chance level of balanced accuracy;
        the confusion matrices (rows are true classes) of windows and of trials; the
        true and predicted classes of the windows. Of ratings, see
        :func:`rating_scores`.
    """
    if not classes:
        return rating_scores(y, trial, prediction and prediction[0])
    true = np.array([classes.index(name) for name in y], int)
    out = dict.fromkeys(SCORES) | {"chance": 1 / len(classes)}
    out |= {"confusion": None, "trial_confusion": None, "y_true": true.tolist()}
    if prediction is None:
        return out | {"y_pred": None}
    predicted, scores = prediction
    windows = _confusion(true, predicted, len(classes))
    trials = _confusion(*trial_votes(true, trial, predicted, scores), len(classes))
    return out | {
        "balanced_accuracy": balanced_accuracy(windows),
        "accuracy": accuracy(windows),
        "f1_macro": f1_macro(windows),
        "roc_auc": _roc_auc(true, scores),
        "trial_balanced_accuracy": balanced_accuracy(trials),
        "confusion": windows.tolist(),
        "trial_confusion": trials.tolist(),
        "y_pred": predicted.tolist(),
    }


def _confusion(true, predicted, n_classes):
    counts = np.bincount(true * n_classes + predicted, minlength=n_classes**2)
    return counts.reshape(n_classes, n_classes)


def balanced_accuracy(confusion):
    """Mean recall of the classes; None if a class does not occur.

    Of the classes that occur, it would be no score: a constant answer would often get
    more than chance.

    Parameters
    ----------
    confusion : int array of shape (n_classes, n_classes)
        Rows are true classes.

    Returns
    -------
    score : float or None
    """
    support = confusion.sum(axis=1)
    if not support.all():
        return None
    return float((np.diag(confusion) / support).mean())


def accuracy(confusion):
    """Share of the predictions that are right."""
    return float(np.trace(confusion) / confusion.sum())


def f1_macro(confusion):
    """Mean F1 of the classes that occur or were predicted."""
    total = confusion.sum(axis=0) + confusion.sum(axis=1)
    occurs = total > 0
    return float((2 * np.diag(confusion)[occurs] / total[occurs]).mean())


def trial_votes(true, trial, predicted, scores):
    """Majority vote over the windows of each trial.

    Equal votes are decided by the sum of the classes' scores.

    Returns
    -------
    true, voted : int arrays of shape (n_trials,)
    """
    _, first, of_trial = np.unique(trial, return_index=True, return_inverse=True)
    votes = np.zeros((len(first), scores.shape[1]))
    np.add.at(votes, (of_trial, predicted), 1)
    sums = np.zeros_like(votes)
    np.add.at(sums, of_trial, np.nan_to_num(scores, nan=0.0, neginf=-1e300))
    best = votes == votes.max(axis=1, keepdims=True)
    return true[first], np.where(best, sums, -np.inf).argmax(axis=1)


def _roc_auc(true, scores):
    """Compute the area under the ROC curve, macro one-vs-rest over several classes."""
    if np.isnan(scores).any():
        return None
    finite = np.nan_to_num(scores, neginf=np.finfo(float).min)
    if scores.shape[1] == 2:
        finite = finite[:, 1:]
        classes = [1]
    else:
        classes = range(scores.shape[1])
    areas = [
        roc_auc_score(true == c, finite[:, i])
        for i, c in enumerate(classes)
        if 0 < (true == c).sum() < len(true)
    ]
    return float(np.mean(areas)) if areas else None

"""From the rows of a benchmark to the scores of sessions and subjects."""

import json

import numpy as np
import pandas as pd

from ._one_label import join_subjects
from ._rating_scores import RATING_SCORES, scores_of_sums
from ._scores import SCORES, accuracy, balanced_accuracy, f1_macro, main_score

RUN = ["dataset", "protocol", "task"]


def subject_scores(scores):
    """Score of each subject, behind the means of :func:`summarize`.

    Parameters
    ----------
    scores : pandas.DataFrame
        From :func:`run_benchmark`, or its ``scores.csv``.

    Returns
    -------
    subjects : pandas.DataFrame
        One row per data set, protocol, task, pipeline and subject, with the columns
        that name scores in :func:`summarize`: folds of a session pooled, then the mean
        of sessions. Subjects without a session that has all classes are left out.

    Examples
    --------
    >>> from eegemo.datasets import SimulatedEmotion
    >>> from eegemo.evaluation import run_benchmark, subject_scores
    >>> data = SimulatedEmotion(n_subjects=2, n_sessions=1, n_trials=12)
    >>> scores = run_benchmark(data, ["de-svm"], protocols=["within-session"])
    >>> subject_scores(scores)[["pipeline", "subject", "balanced_accuracy"]].round(2)
      pipeline subject  balanced_accuracy
    0  trivial       1               0.33
    1  trivial       2               0.33
    2   de-svm       1               0.63
    3   de-svm       2               0.68
    """
    parts = []
    for run, of_run in scores.groupby(RUN, sort=False):
        subjects = subject_means(pool_folds(of_run)).reset_index()
        for name, value in zip(reversed(RUN), reversed(run), strict=True):
            subjects.insert(0, name, value)
        parts.append(subjects)
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def pool_folds(of_run):
    """Score each subject's session on the test windows of all its folds together.

    Parameters
    ----------
    of_run : pandas.DataFrame
        The rows of one data set, protocol and task.

    Returns
    -------
    sessions : pandas.DataFrame
        One row per pipeline, subject and session, with the scores, the number of trials
        behind them and the confusion matrices of windows and of trials. Scores are NaN,
        and matrices None, if the session lacks a class or all its ratings are alike, or
        if the pipeline failed.
    """
    rows = []
    keys = ["pipeline", "subject", "session"]
    of_run = join_subjects(of_run)
    scores, pooled = SCORES, _pooled_classes
    if main_score(of_run) not in SCORES:
        scores, pooled = RATING_SCORES, _pooled_ratings
    for key, part in of_run.groupby(keys, sort=False):
        row = dict(zip(keys, key, strict=True))
        row["n_trials"] = _n_distinct(part["test_trials"])
        rows.append(row | pooled(part))
    columns = [*keys, *scores, "n_trials", "confusion", "trial_confusion"]
    return pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(scores, float))


def _pooled_classes(part):
    windows, trials = _total(part, "confusion"), _total(part, "trial_confusion")
    if np.isnan(_balanced(windows)):
        return {}
    return {
        "balanced_accuracy": _balanced(windows),
        "trial_balanced_accuracy": _balanced(trials),
        "accuracy": accuracy(windows),
        "f1_macro": f1_macro(windows),
        "roc_auc": part["roc_auc"].mean(),
        "confusion": windows,
        "trial_confusion": trials,
    }


def _pooled_ratings(part):
    windows, trials = _total(part, "sums"), _total(part, "trial_sums")
    return {} if windows is None else scores_of_sums(windows, trials)


def subject_means(sessions):
    """Mean over the sessions of each subject, those without a score left out.

    Parameters
    ----------
    sessions : pandas.DataFrame
        From :func:`pool_folds`.

    Returns
    -------
    subjects : pandas.DataFrame
        Indexed by pipeline and subject.
    """
    scored = sessions.dropna(subset=main_score(sessions))
    scores = SCORES if main_score(sessions) in SCORES else RATING_SCORES
    return scored.groupby(["pipeline", "subject"], sort=False)[list(scores)].mean()


def _total(part, column):
    """Sum the confusion matrices, or the sums of ratings, of the rows.

    None if there is none.
    """
    matrices = [json.loads(text) for text in part[column]]
    matrices = [np.array(matrix) for matrix in matrices if matrix is not None]
    return sum(matrices) if matrices else None


def _balanced(confusion):
    score = None if confusion is None else balanced_accuracy(confusion)
    return np.nan if score is None else score


def _n_distinct(lists):
    return len({trial for trials in lists.astype(str) for trial in trials.split()})

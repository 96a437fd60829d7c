"""From the rows of a benchmark to the scores of sessions and subjects."""

import json

import numpy as np
import pandas as pd

from ._one_label import join_subjects
from ._scores import accuracy, balanced_accuracy, f1_macro

RUN = ["dataset", "protocol", "task"]
MAIN = "balanced_accuracy"
OTHERS = ("trial_balanced_accuracy", "accuracy", "f1_macro", "roc_auc")


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
        and matrices None, if the session lacks a class, or if the pipeline failed.
    """
    rows = []
    keys = ["pipeline", "subject", "session"]
    of_run = join_subjects(of_run)
    for key, part in of_run.groupby(keys, sort=False):
        row = dict(zip(keys, key, strict=True)) | dict.fromkeys([MAIN, *OTHERS])
        row["n_trials"] = _n_distinct(part["test_trials"])
        row["confusion"] = row["trial_confusion"] = None
        windows, trials = _total(part, "confusion"), _total(part, "trial_confusion")
        if not np.isnan(_balanced(windows)):
            row[MAIN] = _balanced(windows)
            row["trial_balanced_accuracy"] = _balanced(trials)
            row["accuracy"] = accuracy(windows)
            row["f1_macro"] = f1_macro(windows)
            row["roc_auc"] = part["roc_auc"].mean()
            row["confusion"], row["trial_confusion"] = windows, trials
        rows.append(row)
    return pd.DataFrame(rows).astype(dict.fromkeys([MAIN, *OTHERS], float))


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
    scored = sessions.dropna(subset=MAIN)
    by_subject = scored.groupby(["pipeline", "subject"], sort=False)
    return by_subject[[MAIN, *OTHERS]].mean()


def _total(part, column):
    """Sum the confusion matrices of the rows, None if there is none."""
    matrices = [json.loads(text) for text in part[column]]
    matrices = [np.array(matrix) for matrix in matrices if matrix is not None]
    return sum(matrices) if matrices else None


def _balanced(confusion):
    score = None if confusion is None else balanced_accuracy(confusion)
    return np.nan if score is None else score


def _n_distinct(lists):
    return len({trial for trials in lists.astype(str) for trial in trials.split()})

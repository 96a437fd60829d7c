"""From the rows of a benchmark to the table that people read."""

import json
import warnings

import numpy as np
import pandas as pd
from moabb.analysis.chance_level import adjusted_chance_level
from moabb.analysis.meta_analysis import compute_dataset_statistics

from ._one_label import join_subjects
from ._scores import accuracy, balanced_accuracy, f1_macro

_RUN = ["dataset", "protocol", "task"]


def summarize(scores):
    """Mean and spread over subjects of each pipeline under each protocol.

    A fold with few trials may lack a class. So the folds of a subject's session are
    pooled before they are scored, then sessions are averaged, then subjects. A session
    that lacks a class altogether, as ratings make it happen, is left out: a constant
    answer would score above chance on it.

    Parameters
    ----------
    scores : pandas.DataFrame
        From :func:`run_benchmark`, or its ``scores.csv``.

    Returns
    -------
    summary : pandas.DataFrame
        One row per data set, protocol, task and pipeline, with the columns

        - ``balanced_accuracy`` and ``sd``, mean and deviation over subjects;
          ``trial_balanced_accuracy``, ``accuracy``, ``f1_macro``, ``roc_auc``: means;
        - ``chance``, and ``chance_95``, which a classifier that guesses exceeds in one
          run of twenty, counted in trials, since the windows of one trial are no
          independent evidence;
        - ``p_trivial``: p-value of MOABB's paired one-sided test over subjects that the
          pipeline beats the trivial baseline; NaN below three subjects;
        - ``n_subjects`` and ``n_trials`` behind the means, ``n_all_subjects``,
          ``n_failed`` test sets without a score, ``marks``, and ``seconds`` to fit and
          predict all folds.
    """
    scores = join_subjects(scores)
    rows = []
    for run, of_run in scores.groupby(_RUN, sort=False):
        sessions = _pool_folds(of_run)
        p_values = _beats_trivial(sessions)
        chance = of_run["chance"].iloc[0]
        for name, own in of_run.groupby("pipeline", sort=False):
            scored = sessions[sessions["pipeline"] == name].dropna(subset=_MAIN)
            subjects = scored.groupby("subject")[[_MAIN, *_OTHERS]].mean()
            n_trials = int(scored["n_trials"].sum())
            marks = own["marks"].astype(object).fillna("").str.split(";").explode()
            seconds = own.groupby("fold")["fit_seconds"].first().sum()
            rows.append(
                dict(zip(_RUN, run, strict=True))
                | {"pipeline": name, _MAIN: subjects[_MAIN].mean()}
                | {"sd": subjects[_MAIN].std()}
                | subjects[list(_OTHERS)].mean().to_dict()
                | {
                    "chance": chance,
                    "chance_95": _chance_95(chance, n_trials),
                    "p_trivial": p_values.get(name, np.nan),
                    "n_subjects": len(subjects),
                    "n_all_subjects": own["subject"].nunique(),
                    "n_trials": n_trials,
                    "n_failed": int(
                        own["error"].astype(object).fillna("").ne("").sum()
                    ),
                    "marks": ";".join(m for m in dict.fromkeys(marks) if m),
                    "seconds": seconds + own["predict_seconds"].sum(),
                }
            )
    return pd.DataFrame(rows)


_MAIN = "balanced_accuracy"
_OTHERS = ("trial_balanced_accuracy", "accuracy", "f1_macro", "roc_auc")


def _pool_folds(of_run):
    """Score each subject's session on the test windows of all its folds together.

    The scores are NaN if the session lacks a class, or if the pipeline failed.
    """
    rows = []
    keys = ["pipeline", "subject", "session"]
    for key, part in of_run.groupby(keys, sort=False):
        row = dict(zip(keys, key, strict=True)) | dict.fromkeys([_MAIN, *_OTHERS])
        row["n_trials"] = _n_distinct(part["test_trials"])
        windows, trials = _total(part, "confusion"), _total(part, "trial_confusion")
        if not np.isnan(_balanced(windows)):
            row[_MAIN] = _balanced(windows)
            row["trial_balanced_accuracy"] = _balanced(trials)
            row["accuracy"] = accuracy(windows)
            row["f1_macro"] = f1_macro(windows)
            row["roc_auc"] = part["roc_auc"].mean()
        rows.append(row)
    return pd.DataFrame(rows).astype(dict.fromkeys([_MAIN, *_OTHERS], float))


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


def _chance_95(chance, n_trials):
    """Return MOABB's binomial bound, NaN without trials."""
    if n_trials == 0:
        return np.nan
    return float(adjusted_chance_level(round(1 / chance), n_trials))


def _beats_trivial(sessions):
    """P-values of each pipeline against the trivial one, by MOABB's paired tests."""
    subjects = sessions.pivot_table(_MAIN, "subject", "pipeline", sort=False)
    if "trivial" not in subjects:
        return {}
    subjects = subjects[subjects["trivial"].notna()].dropna(axis="columns")
    if len(subjects) < 3 or subjects.shape[1] < 2:
        return {}
    long = subjects.reset_index().melt("subject", value_name="score")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # equal scores give 0 / 0
        tests = compute_dataset_statistics(long.assign(dataset=""))
    tests = tests[(tests["pipe2"] == "trivial") & (tests["pipe1"] != "trivial")]
    return dict(zip(tests["pipe1"], tests["p"], strict=True))


def format_summary(summary, skipped=()):
    """Lay out a summary for a terminal.

    Parameters
    ----------
    summary : pandas.DataFrame
        From :func:`summarize`.
    skipped : sequence of dict
        Sessions that gave no fold, as in the protocol of a benchmark.

    Returns
    -------
    text : str
    """
    blocks = []
    for (dataset, protocol, task), part in summary.groupby(_RUN, sort=False):
        first = part.iloc[0]
        title = f"{dataset}  {protocol}  (task: {task})"
        subjects = (
            f"{first['n_subjects']} subject{'s' if first['n_subjects'] != 1 else ''}"
        )
        if first["n_subjects"] < first["n_all_subjects"]:
            subjects += f" with every class, of {first['n_all_subjects']}"
        evidence = f"{subjects}; chance {first['chance']:.3f}"
        if first["n_trials"]:
            evidence += (
                f", a guess exceeds {first['chance_95']:.3f} in 1 run of 20 "
                f"({first['n_trials']} test trials)"
            )
        blocks.append("\n".join([title, evidence, _format_rows(part)]))
    notes = [_NOTE, *(f"Marks: {text}" for text in _explain(summary))]
    if skipped:
        names = ", ".join(f"{s['subject']}/{s['session']}" for s in skipped)
        notes.append(
            f"Left out, subject/session with fewer than two stimuli of a class: {names}"
        )
    return "\n\n".join([*blocks, "\n".join(notes)])


_NOTE = """\
bal.acc: balanced accuracy of windows, mean and SD over subjects; trial: the same for
trials by vote; p: paired test that it beats trivial, not corrected for the number of
pipelines; seconds: fit and predict, without features computed while loading."""
_MARKS = {
    "stimulus-seen": "the clips tested on were also trained on, with other subjects or "
    "in other sessions,\nso the clip may have been recognised, not the emotion",
    "subject-labels": "each subject has one label, so all are scored together, as one",
    "class-missing": "a test set lacks a class, so its balanced accuracy is undefined",
    "transductive": "a prediction uses other unlabelled test windows",
    "leaky": "windows of one trial on both sides of the split: NOT a result",
    "permuted-labels": "labels were permuted among trials: chance is the right score",
    "failed": "see the column error in scores.csv",
}


def _explain(summary):
    present = set(";".join(summary["marks"]).split(";"))
    return [f"{mark} = {text}." for mark, text in _MARKS.items() if mark in present]


def _format_rows(part):
    width = max(14, *map(len, part["pipeline"]))
    header = f"  {'pipeline':<{width}} {'bal.acc':>13} {'trial':>6} {'acc':>6} "
    header += f"{'F1':>6} {'AUC':>6} {'p':>7} {'seconds':>8}  marks"
    lines = [header]
    for row in part.itertuples():
        spread = "" if np.isnan(row.sd) else f" ± {row.sd:.3f}"
        p = "" if np.isnan(row.p_trivial) else f"{row.p_trivial:.4f}"
        lines.append(
            f"  {row.pipeline:<{width}} "
            f"{_number(row.balanced_accuracy) + spread:>13} "
            f"{_number(row.trial_balanced_accuracy):>6} {_number(row.accuracy):>6} "
            f"{_number(row.f1_macro):>6} {_number(row.roc_auc):>6} {p:>7} "
            f"{row.seconds:>8.1f}  {row.marks}".rstrip()
        )
    return "\n".join(lines)


def _number(value):
    return "-" if np.isnan(value) else f"{value:.3f}"

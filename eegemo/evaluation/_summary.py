"""From the rows of a benchmark to the table that people read."""

import json
import warnings

import numpy as np
import pandas as pd
from moabb.analysis.chance_level import adjusted_chance_level
from moabb.analysis.meta_analysis import compute_dataset_statistics

from ._scores import accuracy, balanced_accuracy, f1_macro

_RUN = ["dataset", "protocol", "task"]


def summarize(scores):
    """Mean and spread over subjects of each pipeline under each protocol.

    A fold with few trials may lack a class, and its balanced accuracy then means
    little. So the folds of a subject's session are pooled before they are scored, then
    sessions are averaged, then subjects.

    Parameters
    ----------
    scores : pandas.DataFrame
        From :func:`run_benchmark`, or its ``scores.csv``.

    Returns
    -------
    summary : pandas.DataFrame
        One row per data set, protocol, task and pipeline: ``balanced_accuracy`` with
        ``sd`` (over subjects), ``trial_balanced_accuracy``, ``accuracy``, ``f1_macro``
        and ``roc_auc``; ``chance``; ``chance_95``, which a classifier that guesses
        exceeds in one run of twenty, counted in trials, since the windows of one trial
        are no independent evidence; ``p_trivial``, the p-value of MOABB's paired test
        over subjects that the pipeline beats the trivial baseline (NaN below three
        subjects); ``n_subjects``, ``n_trials``, ``n_failed`` (test sets without a
        score), ``marks`` and ``seconds`` (fit and predict, all folds together).
    """
    rows = []
    for run, of_run in scores.groupby(_RUN, sort=False):
        pooled = _pool_folds(of_run)
        p_values = _beats_trivial(pooled)
        chance = of_run["chance"].iloc[0]
        for name, part in pooled.groupby("pipeline", sort=False):
            subjects = part.groupby("subject").mean(numeric_only=True)
            n_trials = int(part["n_trials"].sum())
            own = of_run[of_run["pipeline"] == name]
            marks = own["marks"].astype(object).fillna("").str.split(";").explode()
            means = subjects.mean().to_dict()
            rows.append(
                dict(zip(_RUN, run, strict=True))
                | {"pipeline": name, "balanced_accuracy": means["balanced_accuracy"]}
                | {"sd": subjects["balanced_accuracy"].std()}
                | {k: means[k] for k in _OTHER_SCORES}
                | {
                    "chance": chance,
                    "chance_95": _chance_95(chance, n_trials),
                    "p_trivial": p_values.get(name, np.nan),
                    "n_subjects": int(subjects["balanced_accuracy"].count()),
                    "n_trials": n_trials,
                    "n_failed": int(own["balanced_accuracy"].isna().sum()),
                    "marks": ";".join(m for m in dict.fromkeys(marks) if m),
                    "seconds": own["fit_seconds"].groupby(own["fold"]).first().sum()
                    + own["predict_seconds"].sum(),
                }
            )
    return pd.DataFrame(rows)


_OTHER_SCORES = ("trial_balanced_accuracy", "accuracy", "f1_macro", "roc_auc")


def _pool_folds(of_run):
    """Score each subject's session on the test windows of all its folds together."""
    rows = []
    keys = ["pipeline", "subject", "session"]
    for key, part in of_run.groupby(keys, sort=False):
        good = part[part["balanced_accuracy"].notna()]
        row = dict(zip(keys, key, strict=True)) | dict.fromkeys(_OTHER_SCORES, np.nan)
        row |= {
            "balanced_accuracy": np.nan,
            "n_trials": _n_distinct(part["test_trials"]),
        }
        if len(good):
            windows, trials = (
                sum(np.array(json.loads(matrix)) for matrix in good[column])
                for column in ("confusion", "trial_confusion")
            )
            row["balanced_accuracy"] = balanced_accuracy(windows)
            row["trial_balanced_accuracy"] = balanced_accuracy(trials)
            row["accuracy"] = accuracy(windows)
            row["f1_macro"] = f1_macro(windows)
            row["roc_auc"] = good["roc_auc"].mean()
        rows.append(row)
    return pd.DataFrame(rows)


def _n_distinct(lists):
    return len({trial for trials in lists.astype(str) for trial in trials.split()})


def _chance_95(chance, n_trials):
    return float(adjusted_chance_level(round(1 / chance), n_trials))


def _beats_trivial(pooled):
    """P-values of each pipeline against the trivial one, by MOABB's paired tests."""
    complete = pooled.rename(columns={"balanced_accuracy": "score"})
    failed = complete.loc[complete["score"].isna(), "pipeline"].unique()
    complete = complete[~complete["pipeline"].isin(failed)].assign(dataset="")
    names = complete["pipeline"].unique()
    if complete["subject"].nunique() < 3 or "trivial" not in names or len(names) < 2:
        return {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # equal scores give 0 / 0
        tests = compute_dataset_statistics(complete)
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
        evidence = (
            f"{first['n_subjects']} subjects, {first['n_trials']} test trials; "
            f"chance {first['chance']:.3f}, a lucky guess 1 run in 20 "
            f"{first['chance_95']:.3f}"
        )
        blocks.append("\n".join([title, evidence, _format_rows(part)]))
    notes = [_NOTE, *(f"Marks: {text}" for text in _explain(summary))]
    if skipped:
        names = ", ".join(f"{s['subject']}/{s['session']}" for s in skipped)
        notes.append(
            f"Left out, subject/session with fewer than two stimuli of a class: {names}"
        )
    return "\n\n".join([*blocks, "\n".join(notes)])


_NOTE = (
    "bal.acc: balanced accuracy of windows, mean and SD over subjects; trial: the same "
    "for trials by vote;\np: paired test against trivial, not corrected for the number "
    "of pipelines."
)
_MARKS = {
    "stimulus-seen": "the clips tested on were also trained on, with other subjects or "
    "in other sessions,\nso the clip may have been recognised, not the emotion",
    "transductive": "a prediction uses other unlabelled test windows",
    "leaky": "windows of one trial on both sides of the split: NOT a result",
    "permuted-labels": "labels were permuted among trials: chance is the right score",
    "failed": "see the column error in scores.csv",
}


def _explain(summary):
    present = set(";".join(summary["marks"]).split(";"))
    return [f"{mark} = {text}." for mark, text in _MARKS.items() if mark in present]


def _format_rows(part):
    header = f"  {'pipeline':<14} {'bal.acc':>13} {'trial':>6} {'acc':>6} {'F1':>6} "
    header += f"{'AUC':>6} {'p':>7} {'seconds':>8}  marks"
    lines = [header]
    for row in part.itertuples():
        spread = "" if np.isnan(row.sd) else f" ± {row.sd:.3f}"
        p = "" if np.isnan(row.p_trivial) else f"{row.p_trivial:.4f}"
        lines.append(
            f"  {row.pipeline:<14} {_number(row.balanced_accuracy) + spread:>13} "
            f"{_number(row.trial_balanced_accuracy):>6} {_number(row.accuracy):>6} "
            f"{_number(row.f1_macro):>6} {_number(row.roc_auc):>6} {p:>7} "
            f"{row.seconds:>8.1f}  {row.marks}".rstrip()
        )
    return "\n".join(lines)


def _number(value):
    return "-" if np.isnan(value) else f"{value:.3f}"

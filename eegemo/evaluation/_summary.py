"""From the rows of a benchmark to the table that people read."""

import numpy as np
import pandas as pd
from moabb.analysis.chance_level import adjusted_chance_level
from scipy.stats import t

from ._comparisons import beats_trivial, holm
from ._one_label import join_subjects
from ._permutation import p_permutation, permuted_scores
from ._pooling import RUN, pool_folds, subject_means
from ._score_names import axis_of, short_names
from ._scores import SCORES, main_score


def summarize(scores):
    """Mean and spread over subjects of each pipeline under each protocol.

    A fold with few trials may lack a class, or have but one rating. So the folds of a
    subject's session are pooled before they are scored, then sessions are averaged,
    then subjects. A session that lacks a class altogether, as ratings make it happen,
    is left out: a constant answer would score above chance on it.

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
          of ratings instead ``ccc`` and ``sd``, ``trial_ccc``, ``r2``, ``mae`` and
          ``pearson``;
        - ``ci_low`` and ``ci_high``, Student's 95 % confidence interval of that mean by
          subject, cut at 0 and 1, or -1 and 1; NaN with a single subject;
        - ``chance``, and ``chance_95``, which a classifier that guesses exceeds in one
          run of twenty, counted in trials, since the windows of one trial are no
          independent evidence; of ratings, the bound of Pearson's correlation, of
          which the concordance is never further from 0;
        - ``p_trivial``: p-value of MOABB's paired one-sided test over subjects that the
          pipeline beats the trivial baseline, or a constant, which scores 0, where
          ratings make that better; NaN below three subjects;
          ``p_trivial_holm``: corrected by Holm's method for the number of pipelines;
        - ``p_permutation``: share of the scores under permuted labels, this one
          included, that are at least as high; NaN without ``n_permutations``, of which
          ``scores.attrs`` holds the scores, or too few trials to score;
        - ``n_subjects`` and ``n_trials`` behind the means, ``n_all_subjects``,
          ``n_failed`` test sets without a score, ``marks``, and ``seconds`` to fit and
          predict all folds.

    Examples
    --------
    >>> from eegemo.datasets import SimulatedEmotion
    >>> from eegemo.evaluation import run_benchmark, summarize
    >>> data = SimulatedEmotion(n_subjects=2, n_sessions=1, n_trials=6)
    >>> scores = run_benchmark(data, ["cov-mdm"], protocols=["within-session"])
    >>> summary = summarize(scores).set_index("pipeline")
    >>> summary.loc["trivial", ["balanced_accuracy", "n_trials"]].round(3).to_dict()
    {'balanced_accuracy': 0.333, 'n_trials': 12.0}
    """
    scores = join_subjects(scores)
    rows = []
    for run, of_run in scores.groupby(RUN, sort=False):
        sessions = pool_folds(of_run)
        p_values = beats_trivial(sessions)
        p_holm = dict(zip(p_values, holm(list(p_values.values())), strict=True))
        permuted = permuted_scores(scores.attrs, run)
        means = subject_means(sessions)
        main = main_score(sessions)
        chance = of_run["chance"].iloc[0]
        for name, own in of_run.groupby("pipeline", sort=False):
            scored = sessions[sessions["pipeline"] == name].dropna(subset=main)
            subjects = means[means.index.get_level_values("pipeline") == name]
            low, high = _interval(subjects[main], axis_of(sessions)[-1])
            n_trials = int(scored["n_trials"].sum())
            marks = own["marks"].astype(object).fillna("").str.split(";").explode()
            seconds = own.groupby("fold")["fit_seconds"].first().sum()
            rows.append(
                dict(zip(RUN, run, strict=True))
                | {"pipeline": name, main: subjects[main].mean()}
                | {"sd": subjects[main].std(), "ci_low": low, "ci_high": high}
                | subjects.drop(columns=main).mean().to_dict()
                | {
                    "chance": chance,
                    "chance_95": _chance_95(chance, n_trials, len(scored)),
                    "p_trivial": p_values.get(name, np.nan),
                    "p_trivial_holm": p_holm.get(name, np.nan),
                    "p_permutation": p_permutation(
                        subjects[main].mean(), permuted.get(name, [])
                    ),
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


def _chance_95(chance, n_trials, n_sessions):
    """Return MOABB's binomial bound, or that of a correlation; NaN with few trials.

    Each session whose correlation enters the mean costs a degree of freedom.
    """
    if chance == 0:
        free = n_trials - n_sessions - 1
        if free < 1:
            return np.nan
        bound = t.ppf(0.95, free)
        return float(bound / np.sqrt(free + bound**2))
    if n_trials == 0:
        return np.nan
    return float(adjusted_chance_level(round(1 / chance), n_trials))


def _interval(scores, lowest):
    """Return the bounds of Student's interval for the mean, within its range."""
    if len(scores) < 2:
        return np.nan, np.nan
    half = t.ppf(0.975, len(scores) - 1) * scores.std() / np.sqrt(len(scores))
    return max(scores.mean() - half, lowest), min(scores.mean() + half, 1.0)


def format_summary(summary, runs=()):
    """Lay out a summary for a terminal.

    Parameters
    ----------
    summary : pandas.DataFrame
        From :func:`summarize`.
    runs : sequence of dict
        What the protocol of a benchmark says of its runs, with the sessions that gave
        no fold.

    Returns
    -------
    text : str
    """
    blocks = []
    for (dataset, protocol, task), part in summary.groupby(RUN, sort=False):
        title = f"{dataset}  {protocol}  (task: {task})"
        evidence = format_evidence(part.iloc[0])
        blocks.append("\n".join([title, evidence, _format_rows(part)]))
    note = _NOTE if main_score(summary) in SCORES else _RATING_NOTE
    notes = [note + _TESTS, *(f"Marks: {text}" for text in _explain(summary))]
    for run in runs:
        skipped = run.get("skipped", ())
        names = ", ".join(f"{s['subject']}/{s['session']}" for s in skipped)
        if names:
            notes.append(f"Left out of {run['protocol']}, subject/session: {names}.")
    return "\n\n".join([*blocks, "\n".join(notes)])


def format_evidence(first):
    """Say on how many subjects and trials a run stands, and what chance is.

    Parameters
    ----------
    first : pandas.Series
        The row of a summary of the first pipeline, which is the trivial one.

    Returns
    -------
    text : str
    """
    text = f"{first['n_subjects']} subject{'s' if first['n_subjects'] != 1 else ''}"
    if first["n_subjects"] < first["n_all_subjects"]:
        of_ratings = first["chance"] == 0
        text += " with several ratings" if of_ratings else " with every class"
        text += f", of {first['n_all_subjects']}"
    text += f"; chance {first['chance']:.3f}"
    if first["n_trials"]:
        text += (
            f", a guess exceeds {first['chance_95']:.3f} in 1 run of 20 "
            f"({first['n_trials']} test trials)"
        )
    return text


_NOTE = """\
bal.acc: balanced accuracy of windows, mean and SD over subjects; trial: the same for
trials by vote;
"""
_RATING_NOTE = """\
ccc: concordance correlation coefficient of the ratings of windows, mean and SD over
subjects; trial: the same for the means of trials; R2: 1 - squared error / variance;
MAE: mean absolute error, in units of the scale; r: Pearson's correlation, which a
constant has not; trivial counts as 0 in tests where its ccc is below, as a constant's;
"""
_TESTS = """\
p: paired test that it beats trivial, and p.perm: share of permutations of the
labels that score as high, neither corrected for the number of pipelines;
seconds: fit and predict, without features computed while loading."""
MARKS = {
    "stimulus-seen": "the clips tested on were also trained on, with other subjects or "
    "in other sessions,\nso the clip may have been recognised, not the emotion",
    "subject-labels": "each subject has one label, so all are scored together, as one",
    "class-missing": "a test set lacks a class, so its balanced accuracy is undefined",
    "one-rating": "all ratings of a test set are alike: there is no correlation",
    "transductive": "a prediction uses other unlabelled test windows",
    "calibrated": "labelled trials of the tested subject were trained with, and others "
    "tested",
    "leaky": "windows of one trial on both sides of the split: NOT a result",
    "permuted-labels": "labels were permuted among trials: chance is the right score",
    "failed": "see the column error in scores.csv",
}


def _explain(summary):
    present = set(";".join(summary["marks"]).split(";"))
    return [f"{mark} = {text}." for mark, text in MARKS.items() if mark in present]


def _format_rows(part):
    width = max(14, *map(len, part["pipeline"]))
    permuted = part["p_permutation"].notna().any()
    main = main_score(part)
    others = short_names(part)
    header = f"  {'pipeline':<{width}} {others.pop(main):>13} "
    header += " ".join(f"{title:>6}" for title in others.values()) + f" {'p':>7} "
    header += f"{'p.perm':>7} " if permuted else ""
    header += f"{'seconds':>8}  marks"
    lines = [header]
    for row in part.to_dict("records"):
        spread = "" if np.isnan(row["sd"]) else f" ± {row['sd']:.3f}"
        p = f"{_p_value(row['p_trivial']):>7}"
        p += f" {_p_value(row['p_permutation']):>7}" if permuted else ""
        scores = " ".join(f"{_number(row[name]):>6}" for name in others)
        lines.append(
            f"  {row['pipeline']:<{width}} {_number(row[main]) + spread:>13} {scores} "
            f"{p} {row['seconds']:>8.1f}  {row['marks']}".rstrip()
        )
    return "\n".join(lines)


def _p_value(value):
    return "" if np.isnan(value) else f"{value:.4f}"


def _number(value):
    return "-" if np.isnan(value) else f"{value:.3f}"

"""How much leakage gains: the same pipelines under leaky and under grouped folds."""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from ..paradigm import EmotionParadigm
from ._permutation import permutation_means
from ._runner import run_benchmark
from ._scores import main_score
from ._store import write_whole
from ._summary import summarize

AUDIT_PIPELINES = ("de-1nn", "de-svm", "cov-ts-lr")
AUDIT_RATING_PIPELINES = ("de-svr", "cov-ts-ridge")


def audit_leakage(
    dataset,
    pipelines=None,
    *,
    paradigm=None,
    protocols=None,
    n_permutations=1,
    random_state=0,
    **options,
):
    """Compare leaky and grouped folds, with true and with permuted trial labels.

    Under ``window-leaky``, windows are shuffled into folds, as much published work
    does, so that windows of one trial stand on both sides. Whatever a pipeline gains
    from that with permuted labels, it gains from recognising trials, not emotions.

    Parameters
    ----------
    dataset : EmotionDataset
        A data set of :mod:`eegemo.datasets`, or one of your own.
    pipelines : sequence of str, or dict of str to estimator or str, default=None
        As in :func:`run_benchmark`; None means some that show leaks well.
    paradigm : EmotionParadigm, default=None
        Task, windows and filter; None means the defaults of the class.
    protocols : sequence of str, default=None
        None means ``window-leaky``, ``within-session`` and, with several subjects,
        ``cross-subject`` (and ``cross-subject-stimulus`` where clips repeat).
    n_permutations : int, default=1
        Permutations of the labels among the trials of each session; the mean over them
        is reported.
    random_state : int, default=0
        Seed of the splits, and of the first permutation.
    **options
        Passed on to :func:`run_benchmark`.

    Returns
    -------
    audit : pandas.DataFrame
        One row per protocol and pipeline: ``true`` and ``permuted``, the balanced
        accuracies, or concordances of ratings, with true and with permuted labels;
        ``sd``, the deviation of the former over subjects; ``chance``; ``chance_95``,
        what a guess exceeds in one run of twenty; and ``marks``. ``audit.attrs`` holds
        the whole protocol.

    Raises
    ------
    ValueError
        ``n_permutations`` is below 1, or as of :func:`run_benchmark`.

    Examples
    --------
    >>> from eegemo.datasets import SimulatedEmotion
    >>> from eegemo.evaluation import audit_leakage
    >>> null = SimulatedEmotion(n_subjects=1, n_sessions=1, n_trials=12, effect=0)
    >>> audit = audit_leakage(null, ["de-1nn"]).query("pipeline == 'de-1nn'")
    >>> audit.set_index("protocol")["permuted"].gt(0.9).to_dict()
    {'window-leaky': True, 'within-session': False}
    """
    if n_permutations < 1:
        raise ValueError(f"n_permutations should be at least 1, got {n_permutations}.")
    paradigm = EmotionParadigm() if paradigm is None else paradigm
    if pipelines is None:
        of_classes = paradigm.classes_of(dataset)
        pipelines = AUDIT_PIPELINES if of_classes else AUDIT_RATING_PIPELINES
    if protocols is None:
        protocols = ["window-leaky", "within-session"]
        if len(dataset.subject_list) > 1:
            protocols.append("cross-subject")
    scores = run_benchmark(
        dataset,
        pipelines,
        paradigm=paradigm,
        protocols=protocols,
        random_state=random_state,
        n_permutations=n_permutations,
        **options,
    )
    audit = summarize(scores)
    audit = audit.rename(columns={main_score(audit): "true"})
    permuted = {run["protocol"]: run["permuted"] for run in scores.attrs["runs"]}
    means = [
        pd.Series(permutation_means(permuted[row.protocol][row.pipeline])).mean()
        for row in audit.itertuples()
    ]
    permutations = list(range(random_state, random_state + n_permutations))
    keys = ["dataset", "protocol", "task", "pipeline"]
    audit = audit.assign(permuted=means)
    audit = audit[[*keys, "true", "sd", "permuted", "chance", "chance_95", "marks"]]
    audit.attrs = scores.attrs | {"permutations": permutations}
    return audit


def save_audit(audit, folder):
    """Write ``audit.csv`` and ``audit.json``, each wholly or not at all.

    Parameters
    ----------
    audit : pandas.DataFrame
        From :func:`audit_leakage`.
    folder : path
    """
    folder = Path(folder)
    write_whole(
        {
            folder / "audit.csv": audit.to_csv(index=False, lineterminator="\n"),
            folder / "audit.json": json.dumps(audit.attrs, indent=2) + "\n",
        }
    )


def format_audit(audit):
    """Lay out an audit for a terminal.

    Parameters
    ----------
    audit : pandas.DataFrame
        From :func:`audit_leakage`.

    Returns
    -------
    text : str
    """
    width = max(14, *map(len, audit["pipeline"]))
    lines = [
        f"{audit['dataset'].iloc[0]}  (task: {audit['task'].iloc[0]}, "
        f"chance {audit['chance'].iloc[0]:.3f})",
        f"  {'pipeline':<{width}} {'protocol':<24} {'true':>13} {'permuted':>9}  marks",
    ]
    for row in audit.itertuples():
        spread = "" if np.isnan(row.sd) else f" ± {row.sd:.3f}"
        lines.append(
            f"  {row.pipeline:<{width}} {row.protocol:<24} "
            f"{f'{row.true:.3f}' + spread:>13} "
            f"{row.permuted:>9.3f}  {row.marks}".rstrip()
        )
    gaps = leak_gaps(audit)
    if len(gaps):
        lines += ["", "What shuffling windows instead of trials adds (the leak):"]
    for name, gap in gaps.iterrows():
        lines.append(
            f"  {name:<{width}} {gap['true']:+.3f} with true labels, "
            f"{gap['permuted']:+.3f} with permuted labels"
        )
    return "\n".join(lines)


def leak_gaps(audit):
    """Subtract the scores under grouped folds from those under leaky folds.

    Parameters
    ----------
    audit : pandas.DataFrame
        From :func:`audit_leakage`.

    Returns
    -------
    gaps : pandas.DataFrame
        Indexed by pipeline, with the columns ``true`` and ``permuted``; empty unless
        the audit has both ``window-leaky`` and ``within-session``.
    """
    scores = audit.set_index(["protocol", "pipeline"])[["true", "permuted"]]
    if not {"window-leaky", "within-session"} <= set(audit["protocol"]):
        return scores.iloc[:0]
    return scores.loc["window-leaky"] - scores.loc["within-session"]

"""Join the results of runs that shared the work."""

import copy
from pathlib import Path

import pandas as pd

from ._pooling import RUN
from ._protocols import get_protocol
from ._results import read_scores
from ._scores import main_score
from ._table import save_scores

_OF_SHARDS = ("subjects", "skipped", "permuted", "pipelines", "digests")


def merge_results(folders, output=None):
    """Join the results of several runs, each of some subjects or some pipelines.

    Subjects may be shared out under protocols in which they are independent, such as
    ``within-session``; where subjects are trained with others, all runs need all, and
    may share out the pipelines.

    Parameters
    ----------
    folders : sequence of path
        Each the ``output`` of :func:`run_benchmark`.
    output : path, default=None
        Where to write ``scores.csv`` and ``protocol.json`` of all.

    Returns
    -------
    scores : pandas.DataFrame
        As of one run, with its ``attrs``.

    Raises
    ------
    FileNotFoundError, ValueError
        A file is missing or damaged; the runs differ in protocol, data, options or
        versions, or two of them have the same pipeline on the same subject, with other
        results.

    Examples
    --------
    Two machines, a pipeline each:

    >>> from tempfile import TemporaryDirectory
    >>> from eegemo.datasets import SimulatedEmotion
    >>> from eegemo.evaluation import merge_results, run_benchmark
    >>> data = SimulatedEmotion(n_subjects=2, n_sessions=1, n_trials=6)
    >>> options = {"protocols": ["within-session"]}
    >>> with TemporaryDirectory() as folder:
    ...     parts = [f"{folder}/{name}" for name in ["cov-mdm", "cov-ts-lr"]]
    ...     for part, name in zip(parts, ["cov-mdm", "cov-ts-lr"]):
    ...         scores = run_benchmark(data, [name], output=part, **options)
    ...     scores = merge_results(parts)
    >>> sorted(scores["pipeline"].unique())
    ['cov-mdm', 'cov-ts-lr', 'trivial']
    """
    folders = [Path(folder) for folder in folders]
    if not folders:
        raise ValueError("Give the folders of at least one run.")
    shards = [read_scores(folder) for folder in folders]
    first = shards[0]
    runs = {}
    for folder, scores in zip(folders, shards, strict=True):
        _check_same(_described(first), _described(scores), folders[0], folder)
        for run in scores.attrs["runs"]:
            key = tuple(run[name] for name in RUN)
            if key not in runs:
                runs[key] = copy.deepcopy(run)
                continue
            if run["subjects"] != runs[key]["subjects"]:  # so its folds are others
                of_run = scores[list(RUN)].itertuples(index=False, name=None)
                n_before = 1 + max(part["fold"].max() for part in shards)
                scores.loc[[other == key for other in of_run], "fold"] += n_before
            _join(runs[key], run, folder)
    table = pd.concat(shards, ignore_index=True)
    identity = [*RUN, "pipeline", "subject", "session", "test_trials"]
    table = table.drop_duplicates([*identity, main_score(table)])  # the trivial one
    twice = table[table.duplicated(identity)]
    if len(twice):
        row = twice.iloc[0]
        raise ValueError(
            f"Two runs have results of {row['pipeline']} on subject {row['subject']} "
            f"under {row['protocol']}, which differ: leave one of them out."
        )
    for run in runs.values():  # in the order of the data set, whoever came first
        run["subjects"].sort()
    subjects = {
        str(subject): number
        for run in runs.values()
        for number, subject in enumerate(run["subjects"])
    }
    order = {key: number for number, key in enumerate(runs)}
    names = {
        name: number
        for number, name in enumerate(
            dict.fromkeys(n for run in runs.values() for n in run["pipelines"])
        )
    }
    keys = zip(*(table[name] for name in RUN), strict=True)
    table = table.assign(_run=[order[key] for key in keys])
    table = table.assign(_pipeline=table["pipeline"].map(names))
    table = table.assign(_subject=table["subject"].astype(str).map(subjects))
    table = table.sort_values(["_run", "_pipeline", "_subject"], kind="stable")
    table = table.loc[:, shards[0].columns].reset_index(drop=True)
    table.attrs = _described(first) | {"runs": list(runs.values())}
    if output is not None:
        output = Path(output)
        output.mkdir(parents=True, exist_ok=True)
        save_scores(table, output)
    return table


def _described(scores):
    return {k: v for k, v in scores.attrs.items() if k != "runs"}


def _check_same(one, other, folder, another):
    different = [k for k in one | other if one.get(k) != other.get(k)]
    if different:
        what = "; ".join(f"{k}: {one.get(k)} and {other.get(k)}" for k in different)
        raise ValueError(
            f"{folder} and {another} are runs of different protocols ({what}): their "
            "scores cannot stand in one table."
        )


def _join(run, other, folder):
    """Add to a run what another one has; raise ValueError if they do not fit."""
    fixed = [
        {k: v for k, v in one.items() if k not in _OF_SHARDS} for one in (run, other)
    ]
    _check_same(*fixed, "The others", folder)
    if run["subjects"] != other["subjects"]:
        if not get_protocol(run["protocol"]).by_subject:
            raise ValueError(
                f"Under {run['protocol']}, subjects are trained with others, so those "
                f"of {run['subjects']} and, in {folder}, {other['subjects']} are "
                "different protocols. Share out the pipelines instead."
            )
        if run["digests"] != other["digests"]:
            raise ValueError(
                f"The run in {folder} has other subjects and other pipelines than the "
                "others: share out the ones or the others."
            )
    run["subjects"] += [s for s in other["subjects"] if s not in run["subjects"]]
    run["skipped"] += [s for s in other["skipped"] if s not in run["skipped"]]
    for name, digest in other["digests"].items():
        run["pipelines"].setdefault(name, other["pipelines"][name])
        if run["digests"].setdefault(name, digest) != digest:
            raise ValueError(
                f"{name} is another pipeline in {folder} than in the others: give it "
                "another name."
            )
    for name, permuted in other.get("permuted", {}).items():
        known = run["permuted"].setdefault(name, [{} for _ in permuted])
        for scores, more in zip(known, permuted, strict=True):
            scores |= more

"""Results of benchmarks and audits, read back from their files and checked."""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from ._fingerprint import digest_text
from ._pooling import RUN

_ROW = [*RUN, "pipeline", "subject", "session", "marks", "test_trials", "error"]
_NUMBERS = ["fold", "chance", "fit_seconds", "predict_seconds"]
_SCORES = {  # the columns that a report needs: of text, and of numbers
    "texts": [*_ROW, "confusion", "trial_confusion"],
    "numbers": [*_NUMBERS, "roc_auc"],
}
_RATINGS = {"texts": [*_ROW, "sums", "trial_sums"], "numbers": [*_NUMBERS, "ccc"]}
_AUDIT = {
    "texts": [*RUN, "pipeline", "marks"],
    "numbers": ["true", "sd", "permuted", "chance", "chance_95"],
}
_TEXTS = {*_SCORES["texts"], *_RATINGS["texts"], "best_params"}
_AGAIN = "Run the command again that wrote it."


def load_results(results):
    """Read and check results, and that they may stand on one page.

    Parameters
    ----------
    results : path, pandas.DataFrame, or sequence of them
        Folders of a benchmark, their ``scores.csv``, or frames from
        :func:`run_benchmark` and :func:`audit_leakage`.

    Returns
    -------
    scores, audits : lists of pandas.DataFrame
        With the protocol under ``attrs``.

    Raises
    ------
    FileNotFoundError, ValueError
        A file is missing, empty, damaged or of something else, or two results are of
        the same run or of different data under one name.
    """
    if isinstance(results, (str, Path, pd.DataFrame)):
        results = [results]
    scores, audits = [], []
    for i, result in enumerate(results):
        if not isinstance(result, pd.DataFrame):
            of_scores, of_audit = _read_folder(result)
        elif "permuted" in result:
            of_scores, of_audit = None, _check(result, _AUDIT, f"results[{i}]")
        else:
            of_scores, of_audit = _check_scores(result, f"results[{i}]"), None
        scores += [of_scores] if of_scores is not None else []
        audits += [of_audit] if of_audit is not None else []
    if not scores:
        raise ValueError("Give the results of at least one benchmark.")
    _check_together(scores, audits)
    return scores, audits


def _read_folder(path):
    """Read scores, and the audit that may lie beside them."""
    path = Path(path)
    folder = path.parent if path.name == "scores.csv" else path
    scores = read_scores(folder)
    if not (folder / "audit.csv").exists():
        return scores, None
    audit = _read(folder / "audit.csv", folder / "audit.json")
    return scores, _check(audit, _AUDIT, folder / "audit.csv")


def read_scores(folder):
    """Read what :func:`run_benchmark` wrote.

    Parameters
    ----------
    folder : path

    Returns
    -------
    scores : pandas.DataFrame
        With the protocol under ``attrs``.

    Raises
    ------
    FileNotFoundError, ValueError
        A file is missing, empty, damaged or of something else.
    """
    folder = Path(folder)
    if not folder.is_dir():
        what = "another file" if folder.exists() else "not there"
        raise FileNotFoundError(
            f"{folder} is {what}: give a folder that 'eegemo benchmark' wrote, or its "
            "scores.csv."
        )
    path = folder / "scores.csv"
    scores = _read(path, folder / "protocol.json")
    digest = scores.attrs.pop("scores_digest", None)  # older results have none
    _check_scores(scores, path)
    if digest not in (None, digest_text(path.read_text(encoding="utf-8"))):
        raise ValueError(
            f"{path} was changed, or is of another run than protocol.json, as when two "
            f"write there at once. {_AGAIN} What it computed is kept."
        )
    return scores


def _read(table_path, protocol_path):
    """Read a table and its protocol."""
    for path in (table_path, protocol_path):
        if not path.is_file():
            raise FileNotFoundError(
                f"{path} is missing: a report needs {table_path.name} and "
                f"{protocol_path.name} as 'eegemo' wrote them."
            )
    try:
        protocol = json.loads(protocol_path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{protocol_path} is damaged: {error}. {_AGAIN}") from error
    try:
        # a pipeline may well be called "None" or "NA"
        table = pd.read_csv(table_path, dtype=str, keep_default_na=False)
        for name in table.columns.difference(list(_TEXTS)):
            table[name] = pd.to_numeric(table[name])
    except ValueError as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"{table_path} is damaged: {reason}. {_AGAIN}") from error
    table.attrs = protocol if isinstance(protocol, dict) else {}
    return table


def _check(table, columns, where):
    """Raise unless a table has its columns and protocol; return it."""
    needed = [*columns["texts"], *columns["numbers"]]
    missing = [name for name in needed if name not in table]
    if missing:
        raise ValueError(f"{where} lacks the columns {', '.join(missing)}. {_AGAIN}")
    if table.empty:
        raise ValueError(f"{where} has no rows. {_AGAIN}")
    runs = table.attrs.get("runs")
    if not isinstance(runs, list) or not all(
        isinstance(run, dict)
        and {*RUN, "classes", "pipelines"} <= run.keys()
        and isinstance(run["pipelines"], dict)
        and isinstance(run["classes"], list)
        for run in runs
    ):
        raise ValueError(
            f"{where} comes without its protocol, which a report has to show. Give the "
            "folder, or the frame as it was returned."
        )
    for name in columns["texts"]:
        if not table[name].map(lambda value: isinstance(value, (str, int))).all():
            raise ValueError(f"{where} is damaged: {name} is incomplete. {_AGAIN}")
    lowest = "neither" if any(run["classes"] for run in runs) else "left"
    if not table["chance"].between(0, 1, inclusive=lowest).all():
        raise ValueError(f"{where} is damaged: chance is no share. {_AGAIN}")
    known = {tuple(run[name] for name in RUN) for run in runs}
    of_rows = set(table[RUN].itertuples(index=False, name=None))
    if known != of_rows:
        raise ValueError(
            f"{where} and its protocol do not belong together: one is of "
            f"{_names(of_rows)}, the other of {_names(known)}. {_AGAIN}"
        )
    return table


def _check_scores(scores, where):
    """Raise unless these are the rows of a whole benchmark; return them."""
    _check(scores, _RATINGS if "ccc" in scores else _SCORES, where)
    for run in scores.attrs["runs"]:
        rows = scores[(scores[RUN] == [run[name] for name in RUN]).all(axis=1)]
        n_classes = len(run["classes"])
        names, is_right = ("confusion", "trial_confusion"), _is_matrix
        what = f"a matrix of {n_classes} classes"
        if n_classes == 0:
            names, is_right, what = ("sums", "trial_sums"), _are_sums, "7 sums"
        for name in names:
            if not all(is_right(text, n_classes) for text in rows[name]):
                raise ValueError(
                    f"{where} is damaged: {name} should hold {what} in each row. "
                    f"{_AGAIN}"
                )
        tested = rows.groupby("pipeline")[["subject", "session", "test_trials"]]
        if tested.apply(lambda part: frozenset(map(tuple, part.values))).nunique() > 1:
            raise ValueError(
                f"{where} is damaged: in {_names([tuple(run[n] for n in RUN)])}, the "
                f"pipelines were not tested on the same trials. {_AGAIN}"
            )
    return scores


def _is_matrix(text, n_classes):
    """Tell whether a text is a confusion matrix, or that there is none."""
    try:
        matrix = json.loads(text)
        return matrix is None or (
            np.shape(matrix) == (n_classes, n_classes) and np.min(matrix) >= 0
        )
    except (ValueError, TypeError):
        return False


def _are_sums(text, _):
    """Tell whether a text is a list of the sums of ratings, or that there is none."""
    try:
        sums = json.loads(text)
        return sums is None or (np.shape(sums) == (7,) and np.isfinite(sums).all())
    except (ValueError, TypeError):
        return False


def _check_together(scores, audits):
    """Raise if two results cannot stand on one page."""
    seen = set()
    for table in scores:
        for run in table.attrs["runs"]:
            name = tuple(run[key] for key in RUN)
            if name in seen:
                raise ValueError(
                    f"{_names([name])} is there twice, and its rows could not be told "
                    "apart: leave one of the results out."
                )
            seen.add(name)
    parameters = {}
    for table in [*scores, *audits]:
        for run in table.attrs["runs"]:
            own = run.get("dataset_parameters")
            other = parameters.setdefault(run["dataset"], own)
            if own != other:
                raise ValueError(
                    f"Two results are of a data set called {run['dataset']}, but made "
                    f"with other parameters: {other} and {own}. Report them apart."
                )


def _names(runs):
    return "; ".join(sorted(" ".join(map(str, run)) for run in runs)) or "nothing"

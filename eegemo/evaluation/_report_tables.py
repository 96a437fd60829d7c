"""The tables of a report, as what its page fills in."""

import json
import math

import numpy as np

from ._audit import leak_gaps
from ._score_names import axis_of, long_names
from ._scores import main_score
from ._summary import MARKS

_BAD = ("leaky", "permuted-labels", "failed")
_MEGA = 1e6


def scores_table(summary):
    """Tabulate the summary of one run."""
    others = long_names(summary)
    main = main_score(summary)
    columns = ["pipeline", others.pop(main), "SD", "95 % interval", "subjects"]
    tests = {"p_trivial": "p against trivial", "p_trivial_holm": "p (Holm)"}
    if summary["p_permutation"].notna().any():
        tests["p_permutation"] = "p by permutations"
    return _table(
        "Scores: mean over subjects",
        [*columns, *others.values(), *tests.values(), "failed test sets"],
        [
            [
                _pipeline(row["pipeline"], row["marks"]),
                number(row[main]),
                number(row["sd"]),
                _interval(row["ci_low"], row["ci_high"]),
                _count(row["n_subjects"]),
                *(number(row[name]) for name in others),
                *(_p_value(row[name]) for name in tests),
                _count(row["n_failed"]),
            ]
            for row in summary.to_dict("records")
        ],
    )


def subjects_table(points, summary):
    """Tabulate main scores by subject (rows) and pipeline (columns)."""
    return _table(
        f"{main_title(summary)} of windows of each subject",
        ["subject", *map(_pipeline, summary["pipeline"], summary["marks"])],
        [[_text(subject), *map(number, points[subject])] for subject in points.columns],
    )


def main_title(summary):
    """Name of the main score, as a title."""
    score = axis_of(summary)[0]
    return score[:1].upper() + score[1:]


def choices_table(rows):
    """Tabulate what searches chose in how many folds; None if there was no search."""
    cells = []
    if "best_params" in rows:  # older results have none
        for (name, text), part in rows.groupby(["pipeline", "best_params"], sort=False):
            parameters = ", ".join(f"{k}={v}" for k, v in json.loads(text).items())
            if parameters:
                folds = _count(part["fold"].nunique())
                cells.append([_pipeline(name), _text(parameters), folds])
    if not cells:
        return None
    return _table("Chosen parameters", ["pipeline", "chosen", "folds"], cells)


def pairs_table(pairs, marks, caption):
    """Tabulate comparisons of pipelines."""
    columns = {
        "difference": ("first minus second, mean", number),
        "smd": ("in SD of the differences", lambda value: number(value, 2)),
        "p": ("p", _p_value),
        "p_holm": ("p (Holm)", _p_value),
        "n_subjects": ("subjects", _count),
        "n_datasets": ("data sets", _count),
    }
    columns = {name: value for name, value in columns.items() if name in pairs}
    return _table(
        caption,
        ["first", "second", *(title for title, _ in columns.values())],
        [
            [
                _pipeline(row["pipeline_1"], marks.get(row["pipeline_1"], "")),
                _pipeline(row["pipeline_2"], marks.get(row["pipeline_2"], "")),
                *(cell(row[name]) for name, (_, cell) in columns.items()),
            ]
            for row in pairs.to_dict("records")
        ],
    )


def costs_table(rows, summary):
    """Tabulate time and memory of the pipelines of one run."""
    cells = []
    for line in summary.itertuples():
        own = rows[rows["pipeline"] == line.pipeline]
        fits = own.groupby("fold")["fit_seconds"].first()
        n_test = own["n_test"].sum() if "n_test" in own else 0
        per_window = own["predict_seconds"].sum() / n_test if n_test else np.nan
        cells.append(
            [
                _pipeline(line.pipeline, line.marks),
                number(line.seconds, 1),
                number(fits.mean()),
                number(1e3 * per_window),
                *(
                    number(own[name].max() / _MEGA if name in own else np.nan, 2)
                    for name in ("train_bytes", "fit_bytes")
                ),
            ]
        )
    columns = ["pipeline", "all fits and predictions (s)", "one fit, mean (s)"]
    columns += ["one window predicted (ms)", "features (MB)", "growth in fit (MB)"]
    return _table("Time and memory", columns, cells)


def confusion_matrices(sessions, summary, classes):
    """Tabulate the confusion of windows and of trials, summed over sessions.

    Of ratings, there is none.
    """
    out = []
    if not classes:
        return out
    for line in summary.itertuples():
        own = sessions[sessions["pipeline"] == line.pipeline].dropna(
            subset=main_score(sessions)
        )
        for column, of in (("confusion", "windows"), ("trial_confusion", "trials")):
            if len(own):
                counts = np.sum(own[column].tolist(), axis=0)
                matrix = _pipeline(line.pipeline, line.marks)
                rows = [
                    {"name": name, "cells": _shares(row)}
                    for name, row in zip(classes, counts, strict=True)
                ]
                out.append(
                    {"name": matrix["text"], "marks": matrix["marks"], "of": of}
                    | {"classes": classes, "rows": rows}
                )
    return out


def _shares(row):
    shares = row / row.sum()
    return [
        {"text": f"{count} ({share:.0%})", "shade": f"{0.55 * share:.3f}"}
        for count, share in zip(row.tolist(), shares, strict=True)
    ]


def audit_table(audit):
    """Tabulate an audit."""
    of_ratings = (audit["chance"] == 0).all()
    score = "Concordance (CCC)" if of_ratings else "Balanced accuracy"
    return _table(
        f"{score} of windows with true and with permuted labels",
        ["pipeline", "protocol", "true", "SD", "permuted", "chance", "chance, 1 in 20"],
        [
            [
                _pipeline(row.pipeline, row.marks),
                _text(row.protocol),
                number(row.true),
                number(row.sd),
                number(row.permuted),
                number(row.chance),
                number(row.chance_95),
            ]
            for row in audit.itertuples()
        ],
    )


def gaps_table(audit):
    """Tabulate what a leak adds; None if the audit cannot tell."""
    gaps = leak_gaps(audit)
    if gaps.empty:
        return None
    return _table(
        "What shuffling windows instead of trials adds (the leak)",
        ["pipeline", "with true labels", "with permuted labels"],
        [
            [_pipeline(name), number(row["true"]), number(row["permuted"])]
            for name, row in gaps.iterrows()
        ],
    )


def splits_table(splits):
    """Tabulate how each protocol split the data.

    Parameters
    ----------
    splits : list of dict
        ``protocol`` and ``what`` it does; counts of sets to ``train`` and to ``test``
        on, and the range of their sizes, as far as they are known.
    """
    columns = {
        "train": "training sets",
        "n_train": "windows in each",
        "n_train_trials": "trials in each",
        "test": "test sets",
        "n_test": "windows in each",
        "n_test_trials": "trials in each",
    }
    columns = {k: v for k, v in columns.items() if all(k in row for row in splits)}
    return _table(
        "Splits",
        ["protocol", "what it does", *columns.values()],
        [
            [_text(row["protocol"]), _text(row["what"])]
            + [
                _range(*row[key]) if isinstance(row[key], tuple) else _count(row[key])
                for key in columns
            ]
            for row in splits
        ],
    )


def marks_of(*texts):
    """List the marks in texts such as ``leaky;failed``, each once, explained."""
    names = dict.fromkeys(name for text in texts for name in text.split(";") if name)
    unknown = "a mark that this version of eegemo does not know"
    return [
        {
            "name": name,
            "text": " ".join(MARKS.get(name, unknown).split()),
            "bad": name in _BAD,
        }
        for name in names
    ]


def number(value, digits=3):
    """Make the cell of a number; what is missing is a dash."""
    value = float(value)
    if math.isnan(value):
        return _cell("–", "", number=True)
    if math.isinf(value):
        sign = "-" if value < 0 else ""
        return _cell(f"{sign}∞", f"{sign}Infinity", number=True)
    return _cell(f"{value:.{digits}f}", repr(value), number=True)


def _cell(text, value, number=False, marks=()):
    """Make a cell: what it shows, and what it is sorted by."""
    return {"text": text, "value": value, "number": number, "marks": list(marks)}


def _p_value(value):
    cell = number(value, 4)
    return cell | {"text": "< 0.0001"} if value < 0.0001 else cell


def _count(value):
    return number(value, 0)


def _range(low, high):
    cell = number(low, 0)
    return cell if not low < high else cell | {"text": f"{low:.0f} to {high:.0f}"}


def _interval(low, high):
    cell = number(low)
    return cell if np.isnan(low) else cell | {"text": f"{low:.3f} to {high:.3f}"}


def _text(value):
    return _cell(str(value), str(value))


def _pipeline(name, marks=""):
    return _cell(str(name), str(name), marks=marks_of(marks))


def _table(caption, columns, rows):
    """Arrange cells; a column of numbers only is one of numbers itself."""
    columns = [_text(name) if isinstance(name, str) else name for name in columns]
    for i, column in enumerate(columns):
        column["number"] = bool(rows) and all(cells[i]["number"] for cells in rows)
    return {
        "caption": caption,
        "columns": columns,
        "rows": [
            {"cells": cells, "baseline": cells[0]["text"] == "trivial"}
            for cells in rows
        ],
    }

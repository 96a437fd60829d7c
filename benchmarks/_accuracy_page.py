"""The page of the accuracy benchmark, from its tables."""

import json
import re
from pathlib import Path

import numpy as np
from _accuracy_tables import tables_of
from speed import short

from eegemo.evaluation import list_protocols
from eegemo.evaluation._comparisons import MIN_WILCOXON, name_test
from eegemo.evaluation._summary import MARKS

LEVEL = 0.05
HEAD = """\
# Accuracy

Written by a command; do not edit. Every named pipeline with its default options, none
of them tuned, on the data that were at hand: simulated recordings, of which the truth
is known, and few real ones. **None of the tables says which pipeline is best for your
data**: subjects are few, and the intervals wide.
"""
NOTES = """\
## How to read the tables

- Score: balanced accuracy of windows of 4 s (of trials, with MOABB's evaluations); of
  ratings the concordance correlation coefficient (CCC), which is 0 for a constant. Mean
  and standard deviation over subjects (ddof 1). "by trial": the same of whole trials,
  by the vote or mean of their windows.
- *chance* is what a guess scores, and in parentheses what a guess exceeds in one run of
  twenty, counted in test trials. That takes trials as independent: where subjects share
  clips, a pipeline that knows clips again may exceed it more often. *trivial* answers
  with the most frequent training class, or the mean training rating, whatever the EEG.
- p: paired one-sided test over subjects that the pipeline beats *trivial*, corrected by
  Holm's method for the pipelines in the table. *trivial* of ratings counts as 0 where
  it scores less. "-": fewer than three subjects.
- Seconds: to fit and to predict all folds, in which features computed once while
  loading, such as covariances, are not counted, except with MOABB's evaluations, which
  give the seconds of all fits and no predictions. Other programs ran beside: they tell
  the order of magnitude, and the pages on speed more.
- Not run: the cell was left out, or the command was interrupted before.
- In EEGMAT, all subjects rest first and subtract second. Whatever drifts in the same
  way in all of them tells the two apart as well, in other subjects too, and online
  recentring meets their windows in that order.
- MOABB's own evaluations do not hand over the subject and session of each window. So
  the pipelines named cov-rct take all training windows for one subject there, and align
  no two of them; those named transductive and online use other test windows there, too.
- {protocols}
"""


def write(data, options):
    """Write the Markdown page and the JSON of all rows."""
    tables = [
        table
        for name, one in data.items()
        for table in tables_of(name, one, options.results)
    ]
    facts = join_facts(sorted(options.results.glob("*/*/tables/*/facts.md")))
    parts = [HEAD, facts, missing(data), index(tables)]
    for name, one in data.items():
        own = [table for table in tables if table["data"] == name]
        if one.dataset is not None:
            parts += [f"## {one.title}", *map(section, own)]
    summaries = list_protocols()
    protocols = "; ".join(
        f"{p}: {summaries[p]}" for p in dict.fromkeys(t["protocol"] for t in tables)
    )
    parts.append(NOTES.format(protocols=f"Protocols. {protocols}."))
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(
        "\n\n".join(part.strip() for part in parts if part) + "\n"
    )
    everything = {"facts": facts.splitlines(), "tables": tables}
    text = json.dumps(plain(everything), indent=1, allow_nan=False)
    options.output.with_suffix(".json").write_text(text + "\n")


def plain(thing):
    """Turn into what JSON can hold: no number is null."""
    if isinstance(thing, dict):
        return {key: plain(value) for key, value in thing.items()}
    if isinstance(thing, list):
        return [plain(value) for value in thing]
    if isinstance(thing, float | np.floating):
        return None if np.isnan(thing) else float(thing)
    return int(thing) if isinstance(thing, np.integer) else thing


def section(table):
    """One table, with what can be read from it."""
    title, parts, notes = f"### {table['data']}, {table['protocol']}", [], []
    if table["rows"]:
        parts.append("\n".join([header(table["rows"]), *lines(table)]))
        notes += reading(table)
    if table["not_run"]:
        which = ", ".join(table["not_run"]) if table["rows"] else "all pipelines"
        notes.append(f"Not run: {which}.")
    for names, failure in table["failures"].items():
        notes.append(f"FAILED ({names}): {cell(failure)}")
    return "\n\n".join([title, *parts, "\n".join(f"- {note}" for note in notes)])


def header(rows):
    score = "CCC" if rows[0]["score"] == "ccc" else "balanced accuracy"
    titles = ["pipeline", score, "by trial", "p (Holm)", "subjects", "seconds"]
    return f"| {' | '.join(titles)} |\n|---|---|---|---|---|---|"


def lines(table):
    rows = table["rows"]
    first = rows[0]
    bound = "" if np.isnan(first["chance_95"]) else f" ({first['chance_95']:.3f})"
    yield f"| *chance* | {first['chance']:.3f}{bound} | - | - | - | - |"
    for row in rows:
        if np.isnan(row["mean"]):
            yield f"| {row['pipeline']} | FAILED | - | - | - | - |"
            continue
        spread = (
            ""
            if np.isnan(row["sd"])
            else f"\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}{row['sd']:.3f}"
        )
        sets = "set" if row["n_failed"] == 1 else "sets"
        failed = f", {row['n_failed']} test {sets} FAILED" if row["n_failed"] else ""
        cells = [
            f"*{row['pipeline']}*" if row["pipeline"] == "trivial" else row["pipeline"],
            f"{row['mean']:.3f}{spread}{failed}",
            number(row["by_trial"]),
            number(row["p_trivial_holm"]),
            f"{row['n_subjects']}",
            short(row["seconds"]) if row["seconds"] else "0",
        ]
        yield f"| {' | '.join(cells)} |"


def reading(table):
    """Yield what the numbers of a table can tell, by the numbers."""
    rows = table["rows"]
    first, others = rows[0], [row for row in rows[1:] if not np.isnan(row["mean"])]
    n, n_all = first["n_subjects"], first["n_all_subjects"]
    subjects = f"{n} subject{'s' if n != 1 else ''}"
    if n < n_all:
        subjects += f" (of {n_all}; a session that lacks a class is not scored)"
    yield f"{subjects}, {first['n_trials']} test trials."
    for reason in dict.fromkeys(one["reason"] for one in table["skipped"]):
        own = [one for one in table["skipped"] if one["reason"] == reason]
        sessions = f"{len(own)} session{'s' if len(own) != 1 else ''}"
        yield f"{sessions} beside these could not be split: {reason}."
    tested = [row for row in others if not np.isnan(row["p_trivial_holm"])]
    yield against_trivial(tested, n)
    if not np.isnan(first["chance_95"]):
        whole = [row for row in others if is_whole(row, first)]
        above = sum(row["mean"] > row["chance_95"] for row in whole)
        yield (
            f"{above} of {len(whole)} exceed {first['chance_95']:.3f}, which one guess"
            " in twenty does."
        )
    for mark, text in MARKS.items():
        own = [row["pipeline"] for row in rows if mark in row["marks"].split(";")]
        if own and mark != "failed":
            which = "all" if len(own) == len(rows) else ", ".join(own)
            yield f"*{mark}* ({which}): {' '.join(text.split())}."
    for row in rows:
        if row["error"]:
            yield f"{row['pipeline']} FAILED: {cell(row['error'])}"


def against_trivial(tested, n_subjects):
    """Say which pipelines beat the trivial one, or that none of them could."""
    if not tested:
        return "No test against *trivial*: fewer than three subjects."
    better = [row for row in tested if row["p_trivial_holm"] <= LEVEL]
    better.sort(key=lambda row: -row["mean"])
    text = "None" if not better else str(len(better))
    text += f" of the {len(tested)} tested pipelines beat *trivial* at {LEVEL:.0%} "
    text += "after correction"
    if better:
        names = (f"{row['pipeline']} ({row['mean']:.3f})" for row in better)
        text += f": {', '.join(names)}"
    if (least := least_p(tested, n_subjects)) > LEVEL:
        text += (
            f"; with {n_subjects} subjects none could, as the least p-value there is, "
            f"{short(2.0**-n_subjects)}, becomes {short(least)} when corrected for "
            f"{len(tested)}"
        )
    return f"{text}. The test is {name_test(n_subjects)}."


def index(tables):
    """How many pipelines beat the trivial one, table by table."""
    titles = ["table", "subjects", "pipelines", "beat *trivial*", "best mean"]
    titles.append("a guess")
    lines = [f"| {' | '.join(titles)} |\n|{'---|' * len(titles)}"]
    for table in tables:
        rows = [row for row in table["rows"][1:] if not np.isnan(row["mean"])]
        if not rows:
            continue
        first = table["rows"][0]
        whole = [row for row in rows if is_whole(row, first)]
        best = max(whole, key=lambda row: row["mean"], default=first)
        n_subjects = first["n_subjects"]
        title = f"{table['data']}, {table['protocol']}"
        cells = [f"[{title}](#{title.replace(', ', '-')})", str(n_subjects)]
        cells += [str(len(rows)), n_better(rows, n_subjects)]
        cells.append(f"{best['mean']:.3f} {best['pipeline']}")
        cells.append(number(first["chance_95"]))
        lines.append(f"| {' | '.join(cells)} |")
    note = (
        f"Beat *trivial*: at {LEVEL:.0%}, corrected by Holm's method; *none can* where "
        "subjects are too few for any to do so. The best mean of many is too high for "
        "what it will be on new data: it was chosen by the scores that it is told by. "
        "Pipelines that failed in a test set are not among them. "
        '"A guess" is what a guess exceeds in one run of twenty.'
    )
    return "## Overview\n\n" + "\n".join(lines) + f"\n\n{note}"


def is_whole(row, first):
    """Tell whether a pipeline was scored wherever the first one was."""
    return not row["n_failed"] and row["n_subjects"] == first["n_subjects"]


def n_better(rows, n_subjects):
    """Say how many beat the trivial one, if any can."""
    tested = [row for row in rows if not np.isnan(row["p_trivial_holm"])]
    if not tested:
        return "no test"
    if least_p(tested, n_subjects) > LEVEL:
        return "*none can*"
    return str(sum(row["p_trivial_holm"] <= LEVEL for row in tested))


def least_p(tested, n_subjects):
    """Least corrected p-value there is, of a permutation test on signs."""
    least = 2.0**-n_subjects if n_subjects < MIN_WILCOXON else 0.0
    return min(1.0, len(tested) * least)


def missing(data):
    """Name the data sets that were not at hand; why, the command has said."""
    gone = [f"- {d.title}" for d in data.values() if d.dataset is None]
    return "Not at hand:\n\n" + "\n".join(gone) if gone else ""


def join_facts(paths):
    """Join the facts of all runs: each once; dates from the first to the last."""
    facts = {}
    for path in paths:
        for line in Path(path).read_text().splitlines():
            key, _, value = line.removeprefix("- ").partition(": ")
            facts.setdefault(key, {})[value] = None
    lines = []
    for key, values in facts.items():
        values = sorted(values) if key == "date" else list(values)
        if key == "date" and len(values) > 1:
            values = [f"{values[0]} to {values[-1]}"]
        lines.append(f"- {key}: {'; '.join(values)}" if values != [""] else f"- {key}")
    return "\n".join(lines)


def number(value):
    return "-" if np.isnan(value) else f"{value:.3f}"


def cell(text):
    """Make a text fit into a cell."""
    return re.sub(r"\s+", " ", text).replace("|", "/")[:300]

"""Results as one HTML page that needs nothing else."""

import base64
import hashlib
import re
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from ._comparisons import MIN_SUBJECTS, combine_pairs, compare_pairs, name_test
from ._pooling import RUN, pool_folds, subject_means
from ._report_figures import plot_subjects
from ._report_protocol import list_differences, list_sources
from ._report_tables import (
    audit_table,
    choices_table,
    confusion_matrices,
    costs_table,
    gaps_table,
    main_title,
    marks_of,
    pairs_table,
    scores_table,
    subjects_table,
)
from ._results import load_results
from ._scores import main_score
from ._store import write_whole
from ._summary import format_evidence, summarize

_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]"  # HTML and SVG forbid them
)
_NO_RESULT = {
    "leaky": "Windows of one trial stand on both sides of these folds.",
    "permuted-labels": "Labels were permuted among trials: this is a null test.",
}


def make_report(results, path="report.html"):
    """Write results as one HTML page, which needs no network and no other file.

    Under each data set and protocol: the table of :func:`summarize`, with confidence
    intervals; the score of each subject, drawn beside chance and the trivial baseline;
    paired tests of all pairs of pipelines by MOABB's statistics, corrected by Holm's
    method; confusion matrices; time and memory. Then pairs of pipelines across data
    sets, the leakage audit if it was run, and the whole protocol with all versions.
    What is leaky, transductive, or else needs a word is marked in each table.

    Parameters
    ----------
    results : path, pandas.DataFrame, or sequence of them
        Folders that :func:`run_benchmark` wrote, where ``eegemo audit --output`` may
        have left an audit too; or the frames of :func:`run_benchmark` and
        :func:`audit_leakage`.
    path : path, default="report.html"
        The page to write, wholly or not at all. The same results give the same page.

    Raises
    ------
    FileNotFoundError, ValueError
        Results are missing, empty, damaged, without their protocol, given twice, or
        computed on different data under one name.
    IsADirectoryError
        ``path`` is a folder.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from eegemo.datasets import SimulatedEmotion
    >>> from eegemo.evaluation import make_report, run_benchmark
    >>> data = SimulatedEmotion(n_subjects=2, n_sessions=1, n_trials=6)
    >>> scores = run_benchmark(data, ["cov-mdm"], protocols=["within-session"])
    >>> with TemporaryDirectory() as folder:
    ...     make_report(scores, f"{folder}/report.html")
    ...     page = Path(f"{folder}/report.html").read_text(encoding="utf-8")
    >>> "cov-mdm" in page
    True
    """
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder: name a file in it, {path}/x.html")
    tables, audits = load_results(results)
    runs = [part for table in tables for part in _runs(table)]
    sources = [*list_sources("Results", tables), *list_sources("Audit", audits)]
    names = dict.fromkeys(str(run["dataset"]) for run in runs)
    page = {
        "title": f"Emotion from EEG: benchmark of {', '.join(names)}",
        "versions": list(dict.fromkeys(str(t.attrs.get("eegemo")) for t in tables)),
        "notes": list_differences(sources),
        "runs": [_run_section(**run) for run in runs],
        "combined": _combined(runs),
        "audits": [_audit_section(audit) for audit in audits],
        "sources": sources,
    }
    page["marks"] = marks_of(
        *(run["summary"]["marks"].str.cat(sep=";") for run in runs),
        *(audit["marks"].str.cat(sep=";") for audit in audits),
    )
    write_whole({path: _render(page)})


def _render(page):
    """Fill in the page. Whatever comes from the results is escaped."""
    environment = Environment(
        loader=PackageLoader("eegemo.evaluation", "report_page"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_printable,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    script = environment.get_template("sort.js").render()
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return environment.get_template("page.html").render(
        page, script=Markup(script), script_digest=digest
    )


def _printable(value):
    if isinstance(value, str) and not isinstance(value, Markup):
        return _UNPRINTABLE.sub("\ufffd", value)
    return value


def _runs(table):
    """Split the rows of a benchmark by run, each with what all its sections need."""
    summary = summarize(table)
    for run in table.attrs["runs"]:
        rows, lines = (
            part[(part[RUN] == [run[name] for name in RUN]).all(axis=1)]
            for part in (table, summary)
        )
        sessions = pool_folds(rows)
        yield {
            "dataset": run["dataset"],
            "run": run,
            "rows": rows,
            "summary": lines,
            "sessions": sessions,
            "pairs": compare_pairs(sessions),
        }


def _run_section(dataset, run, rows, summary, sessions, pairs):
    """Fill in the section of one data set, protocol and task."""
    marks = marks_of(*summary["marks"])
    points = _points(sessions, rows)
    bad = [mark["name"] for mark in marks if mark["name"] in _NO_RESULT]
    failed = rows[rows["error"] != ""].drop_duplicates("pipeline")
    what = run.get("summary", run["protocol"])
    return {
        "title": _title(run),
        "no_result": " ".join(_NO_RESULT[name] for name in bad),
        "summary": what[:1].upper() + what[1:],
        "evidence": f"{format_evidence(summary.iloc[0])}.",
        "marks": marks,
        "scores": scores_table(summary),
        "figure": _figure(run, points, summary),
        "subjects": subjects_table(points, summary),
        "score": main_title(summary),
        "pairs": _pairs(pairs, summary) if len(pairs) else None,
        "test": _describe_test(pairs, summary),
        "matrices": confusion_matrices(sessions, summary, run["classes"]),
        "choices": choices_table(rows),
        "costs": costs_table(rows, summary),
        "skipped": [_name_skipped(**session) for session in run.get("skipped", ())],
        "errors": [f"{row.pipeline}: {row.error}" for row in failed.itertuples()],
    }


def _pairs(pairs, summary):
    caption = f"{main_title(summary)} of windows, pair by pair"
    return pairs_table(pairs, _marks(summary), caption)


def _points(sessions, rows):
    """Tabulate main scores by pipeline (rows) and subject (columns)."""
    means = subject_means(sessions)[main_score(sessions)].unstack("subject")
    order = {name: rows[name].drop_duplicates() for name in ("pipeline", "subject")}
    return means.reindex(index=order["pipeline"], columns=order["subject"])


def _figure(run, points, summary):
    labels = [
        _printable("\n".join([_shorten(row.pipeline), *row.marks.split(";")]).strip())
        for row in summary.itertuples()
    ]
    scores = summary[main_score(summary)]
    means = ", ".join(
        f"{name} {score:.3f}"
        for name, score in zip(summary["pipeline"], scores, strict=True)
    )
    return {
        "src": plot_subjects(points, summary, labels),
        "alt": f"Plot of each subject's score, {_title(run)}. {main_title(summary)}, "
        f"means: {means}; chance {summary['chance'].iloc[0]:.3f}. The table below has "
        "all values.",
    }


def _shorten(name):
    """Leave room for the axes."""
    return name if len(name) <= 32 else f"{name[:20]}…{name[-11:]}"


def _name_skipped(subject, session, reason, **details):
    place = f"subject {subject}" + (f", session {session}" if session else "")
    return f"{place}: {reason}"


def _marks(summary):
    return dict(zip(summary["pipeline"], summary["marks"], strict=True))


def _describe_test(pairs, summary):
    """Say which test was made on whom, or why none was."""
    if pairs.empty:
        return (
            f"Not compared: that takes two pipelines and {MIN_SUBJECTS} subjects with "
            "scores."
        )
    n_subjects = int(pairs["n_subjects"].iloc[0])
    text = f"By {name_test(n_subjects)} of {n_subjects} subjects"
    compared = {*pairs["pipeline_1"], *pairs["pipeline_2"]}
    left_out = [name for name in summary["pipeline"] if name not in compared]
    if left_out:
        text += f", without {', '.join(left_out)}, which failed on some"
    tests = "1 pair" if len(pairs) == 1 else f"{len(pairs)} pairs"
    least = min(1.0, 2 * 0.5**n_subjects)
    text += f"; two-sided, and corrected by Holm's method for {tests}."
    if least * len(pairs) >= 0.001:
        text += (
            f" With so few subjects, no p can be below {least:.3g}, and no corrected "
            f"one below {min(1.0, least * len(pairs)):.3g}."
        )
    return text


def _combined(runs):
    """Compare pipelines across data sets, under one protocol and task."""
    groups = {}
    for run in runs:
        marks = ";".join(run["summary"]["marks"]).split(";")
        if not set(_NO_RESULT) & set(marks) and len(run["pairs"]):
            key = run["run"]["protocol"], run["run"]["task"]
            groups.setdefault(key, []).append(run)
    tables = []
    for (protocol, task), together in groups.items():
        pairs = combine_pairs([run["pairs"] for run in together])
        if len(pairs):
            marks = {}
            for run in together:
                for name, of_one in _marks(run["summary"]).items():
                    marks[name] = f"{marks.get(name, '')};{of_one}"
            names = ", ".join(run["dataset"] for run in together)
            caption = f"{protocol}, task {task}: {names}"
            table = pairs_table(pairs, marks, caption)
            tables.append(table | {"marks": marks_of(*marks.values())})
    return tables


def _audit_section(audit):
    first = audit.iloc[0]
    n_permutations = len(audit.attrs.get("permutations", ()))
    permuted = f" Mean of {n_permutations} permutations." if n_permutations > 1 else ""
    return {
        "title": f"{first['dataset']}, task {first['task']}",
        "evidence": f"Chance {first['chance']:.3f}.{permuted}",
        "scores": audit_table(audit),
        "gaps": gaps_table(audit),
        "marks": marks_of(*audit["marks"]),
    }


def _title(run):
    return f"{run['dataset']}, {run['protocol']}, task {run['task']}"

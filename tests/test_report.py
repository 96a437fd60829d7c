"""The report says what the summary says, and can do no harm."""

import base64
import hashlib
import json
import re
import shutil
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from jinja2 import UndefinedError
from pages import Page

from eegemo.datasets import SimulatedEmotion
from eegemo.evaluation import _report as report
from eegemo.evaluation import audit_leakage, make_report, run_benchmark, summarize
from eegemo.evaluation._audit import save_audit
from eegemo.evaluation._memory import MemoryWatch
from eegemo.evaluation._table import COLUMNS, save_scores

SCORES = "Scores: mean over subjects"
SUBJECTS = "Balanced accuracy of windows of each subject"
PAIRS = "Balanced accuracy of windows, pair by pair"
COSTS = "Time and memory"


def toy(
    pipelines=("trivial", "a", "b"),
    n_subjects=4,
    dataset="Toy",
    protocols=("within-session",),
    classes=("low", "high"),
    marks="",
    seed=0,
    **attrs,
):
    """Rows of a benchmark that never was: two folds a subject."""
    rng = np.random.default_rng(seed)
    n_classes = len(classes)
    rows = []
    for protocol in protocols:
        for pipeline in pipelines:
            for subject in range(1, n_subjects + 1):
                for fold in range(2):
                    right = rng.integers(1, 10, n_classes)
                    matrix = np.diag(right) + np.roll(np.diag(10 - right), 1, axis=1)
                    if pipeline == "trivial":
                        matrix = np.zeros_like(matrix)
                        matrix[:, 0] = 10
                    rows.append(
                        {
                            "dataset": dataset,
                            "protocol": protocol,
                            "task": "valence",
                            "pipeline": pipeline,
                            "subject": str(subject),
                            "session": "0",
                            "fold": 2 * subject + fold,
                            "n_train": 40,
                            "n_test": 10 * n_classes,
                            "roc_auc": 0.5 + 0.01 * fold,
                            "chance": 1 / n_classes,
                            "marks": "" if pipeline == "trivial" else marks,
                            "fit_seconds": 0.5,
                            "predict_seconds": 0.25,
                            "train_bytes": 3e6,
                            "fit_bytes": 2.5e6,
                            "n_train_trials": 8,
                            "n_test_trials": 4,
                            "test_trials": " ".join(
                                map(str, range(fold * 4, 4 + fold * 4))
                            ),
                            "confusion": json.dumps(matrix.tolist()),
                            "trial_confusion": json.dumps((matrix // 2).tolist()),
                            "error": "",
                        }
                    )
    table = pd.DataFrame(rows)
    table.attrs = {
        "eegemo": "0.1",
        "versions": {"numpy": "2.0", "moabb": "1.7.2"},
        "paradigm": {"task": "valence", "window": 4.0, "fmin": None},
        "random_state": 0,
        **attrs,
        "runs": [
            {
                "dataset": dataset,
                "dataset_parameters": {"seed": 0},
                "subjects": list(range(1, n_subjects + 1)),
                "task": "valence",
                "classes": list(classes),
                "protocol": protocol,
                "summary": "folds of something",
                "pipelines": {name: f"Pipeline({name})" for name in pipelines},
                "skipped": [],
            }
            for protocol in protocols
        ],
    }
    return table


def fail(table, pipeline, subjects=None):
    """Let a pipeline fail on some subjects, or on all."""
    rows = table["pipeline"] == pipeline
    if subjects is not None:
        rows &= table["subject"].isin(subjects)
    table.loc[rows, ["confusion", "trial_confusion"]] = "null"
    table.loc[rows, "roc_auc"] = np.nan
    table.loc[rows, ["error", "marks"]] = ["RuntimeError: no", "failed"]
    return table


def read(results, tmp_path):
    path = tmp_path / "report.html"
    make_report(results, path)
    return Page(path.read_text(encoding="utf-8"))


def cells(*values, digits=3):
    return ["–" if np.isnan(value) else f"{value:.{digits}f}" for value in values]


@pytest.mark.parametrize("n_subjects", [1, 2, 5, 15, 21])
def test_numbers_are_those_of_the_summary(n_subjects, tmp_path):
    table = toy(n_subjects=n_subjects)
    page = read(table, tmp_path)
    ((_, *rows),) = page.tables[SCORES]
    assert [row[0] for row in rows] == ["trivial", "a", "b"]
    for row, line in zip(rows, summarize(table).itertuples(), strict=True):
        assert row[1:3] == cells(line.balanced_accuracy, line.sd)
        if n_subjects > 1:
            assert row[3] == f"{line.ci_low:.3f} to {line.ci_high:.3f}"
        assert row[4] == str(n_subjects) and row[11] == "0"
        scores = line.trial_balanced_accuracy, line.accuracy, line.f1_macro
        assert row[5:9] == cells(*scores, line.roc_auc)
        assert row[9:11] == cells(line.p_trivial, line.p_trivial_holm, digits=4)
    assert f"{n_subjects} subject" in page.text and "chance 0.500" in page.text
    ((_, *costs),) = page.tables[COSTS]
    seconds = summarize(table)["seconds"]
    assert [row[1] for row in costs] == cells(*seconds, digits=1)
    assert costs[0][2:] == ["0.500", "12.500", "3.00", "2.50"]


def test_points_average_to_the_mean(tmp_path):
    """Pooling and sessions are those of the summary: subjects' mean is its mean."""
    table = toy(n_subjects=6)
    ((header, *rows),) = read(table, tmp_path).tables[SUBJECTS]
    assert header == ["subject", "trivial", "a", "b"]
    assert [row[0] for row in rows] == list("123456")
    means = np.array([row[1:] for row in rows], float).mean(axis=0)
    assert means == pytest.approx(summarize(table)["balanced_accuracy"], abs=1e-3)


def test_confusion_counts_every_window(tmp_path):
    table = toy(classes=("sad", "calm", "glad"))
    page = read(table, tmp_path)
    for of, column in (("windows", "confusion"), ("trials", "trial_confusion")):
        ((header, *rows),) = page.tables[f"a, {of}"]
        assert header[1:] == [row[0] for row in rows] == ["sad", "calm", "glad"]
        own = table.query("pipeline == 'a'")[column].map(json.loads)
        expected = np.sum(own.tolist(), axis=0)
        counts = [[int(cell.split()[0]) for cell in row[1:]] for row in rows]
        assert np.array_equal(counts, expected)
        shares = [[cell.split()[1] for cell in row[1:]] for row in rows]
        total = expected.sum(axis=1)
        assert shares[0][0] == f"({expected[0, 0] / total[0]:.0%})"


def test_page_is_well_formed_and_loads_nothing(tmp_path):
    table = toy(protocols=["within-session", "cross-subject"], marks="transductive")
    page = read([table, toy(dataset="Other", seed=1)], tmp_path)
    loads = [*page.attributes("src"), *page.attributes("srcset")]
    loads += [attrs["href"] for tag, attrs in page.tags if tag == "link"]
    assert loads and all(address.startswith("data:") for address in loads)
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert not re.search(r"https?:|@import|url\(|<iframe|<object", text)
    images = [attrs for tag, attrs in page.tags if tag == "img"]
    assert len(images) == 3 and all(len(image["alt"]) > 40 for image in images)

    ids = page.attributes("id")
    assert len(ids) == len(set(ids))
    links = [attrs["href"] for tag, attrs in page.tags if tag == "a"]
    assert links and {link.removeprefix("#") for link in links} <= set(ids)
    levels = [level for level, _ in page.headings]
    assert levels[0] == 1 and levels.count(1) == 1
    steps = np.diff(levels)
    assert steps.max() == 1

    (policy,) = (a["content"] for t, a in page.tags if "http-equiv" in a)
    (script,) = page.raw["script"]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"'sha256-{digest}'" in policy and "default-src 'none'" in policy


def test_tables_can_be_sorted(tmp_path):
    """Each column has a button, and each cell what it is sorted by."""
    make_report(toy(), tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    tables = re.findall(r'<table class="sortable">.*?</table>', text, flags=re.DOTALL)
    assert len(tables) == 5
    for table in tables:
        head, body = table.split("<tbody>")
        columns = re.findall(r'<th scope="col" aria-sort="none".*?</th>', head)
        assert columns and all("<button type=" in column for column in columns)
        n_rows = body.count("<tr")
        assert body.count("data-value=") == n_rows * len(columns)
    ((_, *rows),) = Page(text).tables[SCORES]
    value = float(summarize(toy())["balanced_accuracy"][1])
    assert f'data-value="{value!r}" class="number">{rows[1][1]}<' in text


EVIL = "<script>alert(1)</script>\"'><img src=http://x onerror=alert(2)>{{7*7}}$x^$\x01"


def test_names_do_no_harm(tmp_path):
    """Whatever has a name in the results has an evil one."""
    table = toy(
        pipelines=("trivial", EVIL),
        dataset=EVIL,
        classes=(EVIL, "b"),
        marks=EVIL.replace(";", ""),
        eegemo=EVIL,
        versions={EVIL: EVIL},
    )
    table["subject"] = EVIL + table["subject"]
    table = fail(table, EVIL, [f"{EVIL}1"])
    table.loc[table["error"] != "", "error"] = EVIL
    run = table.attrs["runs"][0]
    run["summary"] = EVIL
    run["skipped"] = [{"subject": EVIL, "session": EVIL, "reason": EVIL}]
    page = read(table, tmp_path)
    assert [tag for tag, _ in page.tags].count("script") == 1
    assert not any(name.startswith("on") for _, a in page.tags for name in a)
    images = [attrs["src"] for tag, attrs in page.tags if tag == "img"]
    assert images and all(src.startswith("data:image/svg+xml;") for src in images)
    shown = EVIL.replace("\x01", "\ufffd")
    assert page.text.count(shown) > 20 and "\x01" not in page.text
    ElementTree.fromstring(base64.b64decode(images[0].partition(",")[2]))


@pytest.mark.parametrize("name", ["$\\frac{", "情感", "a--b & <c>", "x" * 200, "None"])
def test_figures_take_any_name(name, tmp_path):
    page = read(toy(pipelines=("trivial", name)), tmp_path)
    (image,) = (attrs for tag, attrs in page.tags if tag == "img")
    ElementTree.fromstring(base64.b64decode(image["src"].partition(",")[2]))
    assert name in image["alt"]


def test_same_results_give_the_same_page(tmp_path):
    table = toy(n_subjects=15)  # whose p-values MOABB draws
    pages = []
    for i in range(2):
        make_report(table, tmp_path / f"{i}.html")
        np.random.default_rng().random()
        pages.append((tmp_path / f"{i}.html").read_bytes())
    assert pages[0] == pages[1]
    save_scores(table, tmp_path / "folder")
    shutil.copytree(tmp_path / "folder", tmp_path / "elsewhere")
    for i, source in enumerate(("folder", "elsewhere/scores.csv")):
        make_report(tmp_path / source, tmp_path / f"{i}.html")
        pages.append((tmp_path / f"{i}.html").read_bytes())
    assert pages[2] == pages[3]
    from_file = Page(pages[2].decode())
    assert from_file.tables == Page(pages[0].decode()).tables


def test_function_addresses_do_not_show(tmp_path):
    table = toy()
    table.attrs["runs"][0]["pipelines"]["a"] = "F(func=<function f at 0x7fb8c5811260>)"
    assert "F(func=<function f>)" in read(table, tmp_path).text


def test_one_pipeline(tmp_path):
    page = read(toy(pipelines=("trivial",)), tmp_path)
    assert PAIRS not in page.tables and "Not compared: that takes two" in page.text
    page = read(toy(pipelines=("a",)), tmp_path)  # without the baseline
    assert page.tables[SCORES][0][1][0] == "a"


def test_one_subject(tmp_path):
    page = read(toy(n_subjects=1), tmp_path)
    ((_, *rows),) = page.tables[SCORES]
    assert [row[2:4] for row in rows] == [["–", "–"]] * 3
    assert "Not compared" in page.text


def test_failed_and_missing_scores(tmp_path):
    table = fail(fail(toy(pipelines=("trivial", "a", "b", "c")), "a"), "b", ["1"])
    page = read(table, tmp_path)
    ((_, *rows),) = page.tables[SCORES]
    assert [row[0] for row in rows] == ["trivial", "a failed", "b failed", "c"]
    assert rows[1][1:6] == ["–", "–", "–", "0", "–"] and rows[1][11] == "8"
    assert rows[2][4] == "3" and rows[2][11] == "2"
    assert "a, windows" not in page.tables
    ((_, *pairs),) = page.tables[PAIRS]
    assert [row[:2] for row in pairs] == [["trivial", "c"]]
    assert "without a, b, which failed on some" in page.text
    assert "a: RuntimeError: no" in page.text


def test_subject_without_all_classes(tmp_path):
    """Left out of the means, of the tests and of the confusion, yet shown."""
    table = toy(n_subjects=4)
    alone = table["subject"] == "2"
    table.loc[alone, "confusion"] = table.loc[alone, "trial_confusion"] = (
        "[[3,1],[0,0]]"
    )
    page = read(table, tmp_path)
    assert "3 subjects with every class, of 4" in page.text
    assert page.tables[SUBJECTS][0][2] == ["2", "–", "–", "–"]
    (matrix,) = page.tables["trivial, windows"]
    assert matrix[1][1] == "60 (100%)"
    assert page.tables[PAIRS][0][1][-1] == "3"


def test_nobody_was_scored(tmp_path):
    table = toy(n_subjects=3)
    table["confusion"] = table["trial_confusion"] = "[[3,1],[0,0]]"
    page = read(table, tmp_path)
    assert "0 subjects with every class, of 3" in page.text


def test_results_of_before_memory_was_kept(tmp_path):
    optional = ["train_bytes", "fit_bytes", "n_train_trials", "n_test_trials"]
    page = read(toy().drop(columns=[*optional, "n_test"]), tmp_path)
    ((_, *costs),) = page.tables[COSTS]
    assert [row[3:] for row in costs] == [["–", "–", "–"]] * 3


@pytest.mark.parametrize("marks", ["transductive", "calibrated", "leaky", "new-one"])
def test_marks_stand_in_every_table(marks, tmp_path):
    page = read(toy(marks=marks), tmp_path)
    for name, row, column in [(SCORES, 2, 0), (PAIRS, 3, 0), (COSTS, 2, 0)]:
        assert page.tables[name][0][row][column] == f"a {marks}"
    assert page.tables[SUBJECTS][0][0][2] == f"a {marks}"
    assert f"a {marks}, windows" in page.tables
    meaning = {
        "transductive": "a prediction uses other unlabelled test windows.",
        "calibrated": "labelled trials of the tested subject were trained with",
        "leaky": "windows of one trial on both sides of the split: NOT a result.",
        "new-one": "a mark that this version of eegemo does not know.",
    }
    assert page.text.count(f"{marks} {meaning[marks]}") >= 5
    assert ("Not a result." in page.text) == (marks == "leaky")


def test_several_results(tmp_path):
    first = toy(n_subjects=5, protocols=["within-session", "cross-subject"])
    second = toy(dataset="Other", seed=1, n_subjects=8, random_state=3)
    page = read([first, second], tmp_path)
    assert [len(page.tables[name]) for name in (SCORES, SUBJECTS, PAIRS)] == [3, 3, 3]
    assert "benchmark of Toy, Other" in page.text
    assert "The setting random_state differs. Results 1: 0; Results 2: 3." in page.text
    (combined,) = page.tables["within-session, task valence: Toy, Other"]
    assert [row[:2] for row in combined[1:]] == [
        ["trivial", "a"],
        ["trivial", "b"],
        ["a", "b"],
    ]
    assert combined[1][-2:] == ["13", "2"]
    assert not any(name.startswith("cross-subject, task") for name in page.tables)


def test_what_may_not_stand_together(tmp_path):
    table = toy()
    with pytest.raises(ValueError, match="Toy within-session valence is there twice"):
        make_report([table, toy(seed=1)], tmp_path / "x.html")
    other = toy(protocols=["cross-subject"])
    other.attrs["runs"][0]["dataset_parameters"] = {"seed": 1}
    with pytest.raises(ValueError, match="a data set called Toy, but made with other"):
        make_report([table, other], tmp_path / "x.html")
    with pytest.raises(ValueError, match="at least one benchmark"):
        make_report([], tmp_path / "x.html")
    assert not (tmp_path / "x.html").exists()


def damaged(change):
    """The bytes of ``scores.csv`` after a change."""
    return change(toy()).to_csv(index=False).encode()


@pytest.mark.parametrize(
    "name, text, message",
    [
        ("scores.csv", b"", "scores.csv is damaged: No columns"),
        ("scores.csv", b"\xff\xfe\x00", "scores.csv is damaged"),
        ("scores.csv", b"a,b\n1,2\n", "lacks the columns dataset, protocol, task"),
        ("scores.csv", damaged(lambda t: t.iloc[:0]), "scores.csv has no rows"),
        ("scores.csv", damaged(lambda t: t.drop(columns="fold")), "the columns fold"),
        ("scores.csv", damaged(lambda t: t)[:-60], "scores.csv is damaged"),
        ("scores.csv", damaged(lambda t: t.iloc[:-3]), "not tested on the same trials"),
        ("scores.csv", damaged(lambda t: t.assign(chance="x")), "Unable to parse"),
        ("scores.csv", damaged(lambda t: t.assign(chance=0)), "chance is no share"),
        ("scores.csv", damaged(lambda t: t.assign(confusion="[[1")), "hold a matrix"),
        ("scores.csv", damaged(lambda t: t.assign(confusion="[[1]]")), "of 2 classes"),
        ("scores.csv", damaged(lambda t: t.assign(confusion='"a"')), "of 2 classes"),
        ("scores.csv", damaged(lambda t: t.assign(task="x")), "do not belong together"),
        ("protocol.json", b"", "protocol.json is damaged"),
        ("protocol.json", b"{", "protocol.json is damaged"),
        ("protocol.json", b"[]", "without its protocol"),
        ("protocol.json", b'{"runs": [{}]}', "without its protocol"),
        ("audit.csv", b"", "audit.csv is damaged|audit.json is missing"),
        ("scores.csv", None, "scores.csv is missing"),
        ("protocol.json", None, "protocol.json is missing"),
    ],
)
def test_damaged_files_are_named(name, text, message, tmp_path):
    save_scores(toy(), tmp_path)
    path = tmp_path / name
    path.unlink(missing_ok=True)
    if text is not None:
        path.write_bytes(text)
    with pytest.raises((ValueError, FileNotFoundError), match=message) as error:
        make_report(tmp_path, tmp_path / "report.html")
    assert len(str(error.value)) < 400
    assert not (tmp_path / "report.html").exists()


def test_paths_that_are_wrong(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere is not there: give a folder"):
        make_report(tmp_path / "nowhere", tmp_path / "report.html")
    (tmp_path / "x.csv").write_text("a")
    with pytest.raises(FileNotFoundError, match="x.csv is another file: give a folder"):
        make_report(tmp_path / "x.csv", tmp_path / "report.html")
    with pytest.raises(IsADirectoryError, match="is a folder: name a file in it"):
        make_report(toy(), tmp_path)
    without = toy()
    without.attrs = {}
    with pytest.raises(ValueError, match="results.0. comes without its protocol"):
        make_report(without, tmp_path / "report.html")


def test_page_is_written_wholly_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "new" / "report.html"
    make_report(toy(), path)
    before = path.read_bytes()

    def stop(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr("eegemo.evaluation._store.os.replace", stop)
    with pytest.raises(KeyboardInterrupt):
        make_report(toy(seed=1), path)
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == ["report.html"]


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """A real benchmark and its audit, in a folder, of the trivial pipeline."""
    folder = tmp_path_factory.mktemp("real")
    data = SimulatedEmotion(n_subjects=3, n_sessions=1, n_trials=6, trial_seconds=8.0)
    scores = run_benchmark(data, ["trivial"], output=folder)
    save_audit(audit_leakage(data, ["trivial"], n_permutations=2), folder)
    return folder, data, scores


def test_real_results_with_an_audit(real, tmp_path):
    folder, _, scores = real
    page = read(folder, tmp_path)
    assert len(page.tables[SCORES]) == 3
    audit = "Balanced accuracy of windows with true and with permuted labels"
    ((_, *rows),) = page.tables[audit]
    protocols = ["window-leaky", "within-session"]
    protocols += ["cross-subject", "cross-subject-stimulus"]
    assert [row[1] for row in rows] == protocols
    assert rows[0][0] == "trivial leaky" and rows[0][2] == "0.333"
    assert "Mean of 2 permutations" in page.text
    assert "What shuffling windows instead of trials adds (the leak)" in page.tables
    for number in scores.attrs["versions"].values():
        assert number in page.text
    ((header, *splits),) = [t for t in page.tables["Splits"] if len(t[0]) > 2]
    assert splits[0][0] == "within-session" and len(header) == 8
    assert "differs" not in page.text


def test_frames_of_audits_may_be_given(tmp_path):
    scores = toy()
    audit = pd.DataFrame(
        {
            "dataset": "Toy",
            "protocol": ["within-session"],
            "task": "valence",
            "pipeline": "a",
            "true": 0.9,
            "sd": 0.1,
            "permuted": 0.5,
            "chance": 0.5,
            "chance_95": 0.6,
            "marks": "",
        }
    )
    audit.attrs = scores.attrs
    page = read([scores, audit], tmp_path)
    assert "What shuffling windows instead of trials adds (the leak)" not in page.tables
    assert ["a", "within-session", "0.900"] in [
        row[:3] for tables in page.tables.values() for t in tables for row in t
    ]
    with pytest.raises(ValueError, match="at least one benchmark"):
        make_report(audit, tmp_path / "x.html")


def test_audit_of_other_data_is_refused(real, tmp_path):
    shutil.copytree(real[0], tmp_path / "copy")
    audit = json.loads((tmp_path / "copy" / "audit.json").read_text())
    for run in audit["runs"]:
        run["dataset_parameters"]["effect"] = 0.0
    (tmp_path / "copy" / "audit.json").write_text(json.dumps(audit))
    with pytest.raises(ValueError, match="made with other parameters"):
        make_report(tmp_path / "copy", tmp_path / "report.html")


def test_memory_is_kept_and_old_folds_are_read(real, tmp_path):
    folder, data, scores = real
    assert scores["train_bytes"].gt(0).all() and scores["fit_bytes"].ge(0).all()
    assert {"train_bytes", "fit_bytes"} < set(COLUMNS)
    shutil.copytree(folder, tmp_path / "old")
    for path in (tmp_path / "old" / "folds").rglob("*.json"):
        record = json.loads(path.read_text())
        del record["train_bytes"], record["fit_bytes"]
        path.write_text(json.dumps(record))
    again = run_benchmark(data, ["trivial"], output=tmp_path / "old")
    assert again[["train_bytes", "fit_bytes"]].isna().all(axis=None)
    kept = [name for name in COLUMNS if not name.endswith("_bytes")]
    pd.testing.assert_frame_equal(again[kept], scores[kept])
    page = read(tmp_path / "old", tmp_path)
    assert page.tables[COSTS][0][1][-2:] == ["–", "–"]


def test_growth_is_seen():
    """64 MB that are touched; half of it is asked for, as freed pages may serve."""
    with MemoryWatch() as watch:
        np.ones(8 << 20)
        kept = np.ones(8 << 20)
    assert watch.growth > kept.nbytes // 2


def test_template_knows_all_that_it_is_given(tmp_path):
    """A name that the page lacks is an error, not a gap."""
    with pytest.raises(UndefinedError):
        report._render({"title": "x"})

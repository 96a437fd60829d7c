"""The benchmarks run on tiny data, and compare like with like."""

import json
import re
import sys
from importlib import import_module
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from numba import config
from sklearn.dummy import DummyRegressor

FOLDER = Path(__file__).parents[1] / "benchmarks"
sys.path.insert(0, str(FOLDER))
cases, measure = import_module("_cases").cases, import_module("_timing").measure
sys.path.remove(str(FOLDER))

# Python 3.12 warns of forks, should an earlier test have left a thread behind.
pytestmark = pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
TINY = cases(tiny=True)


@pytest.fixture
def benchmark(monkeypatch):
    monkeypatch.syspath_prepend(FOLDER)
    return import_module


@pytest.mark.parametrize("work, data", TINY)
def test_results_are_those_of_peers(work, data):
    if "MDOP" in work and config.DISABLE_JIT:
        pytest.skip("takes minutes without compiled kernels")
    case = TINY[work, data]()
    for row in measure(case, n_rounds=1, least=0, with_memory=False):
        if row["status"].startswith("not installed"):
            pytest.skip(row["status"])
        assert row["status"] == ""
        assert len(row["ours"]) == 1
        assert len(row["times"]) == (row["peer"] != "")


def test_wrong_results_are_not_timed(benchmark):
    timing = benchmark("_timing")
    wrong = timing.Peer("wrong", lambda: np.array([1.0, 2.0]))
    (row,) = measure(timing.Case(lambda: np.array([1.0, 2.1]), [wrong]), 1)
    assert row["status"] == "DIFFERS by 5e-02"
    assert row["times"] == []


def test_missing_peers_are_named(benchmark):
    timing = benchmark("_timing")
    missing = timing.Peer("missing", lambda: import_module("no_such_package"))
    (row,) = measure(timing.Case(lambda: np.ones(2), [missing]), 1)
    assert row["status"] == "not installed (no_such_package)"


def test_memory_is_that_of_one_call(benchmark):
    memory = benchmark("_timing").peak_memory(lambda: np.ones(2**22))
    if memory is None:
        pytest.skip("no /proc here")
    assert 2**25 <= memory < 2**25 + 2**23


def test_table(benchmark, tmp_path):
    speed = benchmark("speed")
    arguments = ["--tiny", "--rounds", "2", "--only", "scm", "--output"]
    options = speed.parse([*arguments, str(tmp_path / "table.md")])
    speed.main(options, arguments)
    text = (tmp_path / "table.md").read_text()
    rows = json.loads((tmp_path / "table.json").read_text())["rows"]
    assert text.count("| scm |") == len(rows) == 3
    assert "numba" in text


def test_search(benchmark, capsys):
    search = benchmark("search")
    few = "--shape 24 2 60 --orders 1 2 --lags 1 2 --folds 2 --search-metric logeuclid"
    assert search.main(search.parse(few.split()))
    assert "(2, 2)" in capsys.readouterr().out


@pytest.mark.filterwarnings("ignore:Setting non-standard config type")
def test_accuracy(benchmark, tmp_path, capsys):
    accuracy = benchmark("accuracy")
    cells = ["*/cross-subject/de-svm", "simulated-valence-*/cross-subject/de-ridge"]
    few = ["--tiny", "--results", str(tmp_path / "kept")]
    few += ["--output", str(tmp_path / "page.md"), "--only", *cells]
    accuracy.main(accuracy.parse(few))
    page = (tmp_path / "page.md").read_text()
    assert "FAILED" not in page
    assert len(re.findall(r"^\| \*trivial\* \| ", page, re.MULTILINE)) == 5
    assert len(re.findall(r"^\| de-.*\s±\s.* \| [23] \| ", page, re.MULTILINE)) == 5
    assert "Not run: all pipelines." in page
    capsys.readouterr()
    again = [*few[: -len(cells)], "no/such/cell", "--page"]
    accuracy.main(accuracy.parse(again))
    assert (tmp_path / "page.md").read_text() == page  # from what is kept
    tables = json.loads((tmp_path / "page.json").read_text())["tables"]
    found = {(t["data"], t["protocol"]): len(t["rows"]) for t in tables if t["rows"]}
    emotion = product(
        ("simulated", "simulated-valence-rating"),
        ("cross-subject", "cross-subject-stimulus"),  # which belongs to it
    )
    assert found == dict.fromkeys([("fakedataset", "cross-subject"), *emotion], 2)
    for table in tables:
        for row in table["rows"]:
            assert len(row["subjects"]) == row["n_subjects"] > 1
            assert np.mean(list(row["subjects"].values())) == pytest.approx(row["mean"])


def test_accuracy_names_what_fails(benchmark, tmp_path, monkeypatch):
    accuracy, data = benchmark("accuracy"), benchmark("_accuracy_data")
    monkeypatch.setattr(data, "make_named_pipeline", lambda *_, **__: DummyRegressor())
    few = ["--tiny", "--only", "fakedataset/*/de-svm", "--results", str(tmp_path)]
    few += ["--output", str(tmp_path / "page.md")]
    accuracy.main(accuracy.parse(few))
    page = (tmp_path / "page.md").read_text()
    assert "| de-svm | FAILED | " in page and "- de-svm FAILED: " in page


def test_accuracy_counts_whole_pipelines_only(benchmark):
    """One that failed in a test set is not the best; what was not split is named."""
    page = benchmark("_accuracy_page")
    row = {"score": "balanced_accuracy", "chance": 0.5, "chance_95": 0.6, "sd": 0.1}
    row |= {"by_trial": 0.5, "p_trivial_holm": 0.5, "n_subjects": 3, "n_trials": 30}
    row |= {"n_all_subjects": 3, "seconds": 1.0, "marks": "", "error": ""}
    means = {"trivial": (0.5, 0), "whole": (0.7, 0), "in part": (0.9, 1)}
    rows = [
        row | {"pipeline": name, "mean": mean, "n_failed": n_failed}
        for name, (mean, n_failed) in means.items()
    ]
    skipped = [{"subject": "4", "session": "0", "reason": "a single class"}]
    table = {"data": "a", "protocol": "b", "rows": rows, "skipped": skipped}
    table |= {"not_run": [], "failures": {}}
    assert "0.700 whole" in page.index([table])
    section = page.section(table)
    assert "- 1 of 1 exceed 0.600" in section
    assert "1 session beside these could not be split: a single class." in section


def test_accuracy_without_data(benchmark, tmp_path, monkeypatch):
    for variable in ("MNE_DATASETS_DASPS_PATH", "EEGMAT_PATH", "MNE_DATA"):
        monkeypatch.delenv(variable, raising=False)
    accuracy, data = benchmark("accuracy"), benchmark("_accuracy_data")
    options = accuracy.parse(["--root", str(tmp_path), "--eegmat", str(tmp_path)])
    found = data.find(options)
    gone = [name for name, one in found.items() if one.dataset is None]
    assert gone[0].startswith("dasps") and gone[-1] == "eegmat"
    assert {"physionetmi", "kalunga2016"} < set(gone)
    assert all(found[name].reason for name in gone)
    text = benchmark("_accuracy_page").missing(found)
    assert "\n- EEGMAT" in text and str(tmp_path) not in text
    jobs = accuracy.jobs(found, options)
    assert {name.partition("-")[0] for name, _, _ in jobs} == {"simulated"}


def test_leakage(benchmark, tmp_path):
    """Leaky folds find what is not there, where nothing else does."""
    leakage = benchmark("leakage")
    options = leakage.parse(["--tiny", "--output", str(tmp_path / "leakage.md")])
    results = leakage.main(options, [])
    summary, _ = results["nothing to find: de-1nn"]
    scores = summary.query("pipeline == 'de-1nn'").set_index("protocol")
    scores = scores["balanced_accuracy"]
    assert scores.pop("window-leaky") > 0.8 and scores.max() < 0.6
    page = (tmp_path / "leakage.md").read_text()
    assert page.count("± ") == 4 * 4 + 1 and "| `cross-subject-stimulus` |" in page
    assert (tmp_path / "leakage.png").stat().st_size > 10_000

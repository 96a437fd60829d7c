import json
import re
import subprocess
import sys

import pandas as pd
import pytest
from pages import Page
from sklearn.svm import SVC

from eegemo import __main__ as cli
from eegemo import pipelines
from eegemo.datasets import SimulatedEmotion

FAST = ["--window", "8", "--subjects", "1-2", "--pipelines", "cov-mdm"]


@pytest.fixture(autouse=True)
def small_simulation(monkeypatch):
    """The command, on a simulation that takes a second."""

    def make(self, *args, _init=SimulatedEmotion.__init__, **kwargs):
        small = {"n_subjects": 3, "n_sessions": 1, "n_trials": 6, "trial_seconds": 8.0}
        _init(self, *args, **(small | kwargs))

    monkeypatch.setattr(SimulatedEmotion, "__init__", make)
    monkeypatch.setattr(
        SimulatedEmotion, "parameters", property(lambda self: {"small": True})
    )


def test_benchmark_prints_a_table_and_writes_files(tmp_path, capsys):
    status = cli.main(["benchmark", *FAST, "--output", str(tmp_path / "out")])
    printed = capsys.readouterr()
    assert status == 0 and printed.err == ""
    for word in ("within-session", "cross-subject", "cov-mdm", "trivial", "chance"):
        assert word in printed.out
    scores = pd.read_csv(tmp_path / "out" / "scores.csv")
    assert set(scores["subject"]) == {1, 2}
    assert json.loads((tmp_path / "out" / "protocol.json").read_text())["runs"]


def test_options_reach_the_benchmark(tmp_path, capsys):
    options = "--task emotion --protocol window-leaky --stride 2 --window 4 --fmin 0"
    options += " --fmax 0 --sfreq 100 --seed 3 --subjects 2 --pipelines trivial"
    options += " --n-jobs 1 --overwrite"
    assert cli.main(["benchmark", *options.split(), "--output", str(tmp_path)]) == 0
    protocol = json.loads((tmp_path / "protocol.json").read_text())
    expected = {"task": "emotion", "stride": 2.0, "window": 4.0, "sfreq": 100.0}
    assert expected.items() <= protocol["paradigm"].items()
    assert protocol["paradigm"]["fmin"] is protocol["paradigm"]["fmax"] is None
    assert protocol["random_state"] == 3
    (run,) = protocol["runs"]
    assert run["protocol"] == "window-leaky" and run["subjects"] == [2]
    assert "NOT a result" in capsys.readouterr().out


@pytest.mark.parametrize(
    "options, message",
    [
        ("--dataset Seed", "unknown data set 'Seed': choose from"),
        ("--root x", "SimulatedEmotion reads no files"),
        ("--task fear", "has no task 'fear': choose one of emotion"),
        ("--protocol loso", "Unknown protocol 'loso': choose from within-session"),
        ("--pipelines cnn", "Unknown pipelines cnn: choose from trivial"),
        ("--subjects 1,9", "has no subject 9; it has 1, 2, 3"),
        ("--subjects 1 --protocol cross-subject", "needs at least two subjects"),
        ("--window -1", "window == -1.0, must be > 0"),
        ("--fmin 60", "fmin=60 should be below fmax=50"),
        ("--window 9", "lasts 8 s, too short for a window of 9 s"),
        ("--dataset DASPS --root /nonexistent", "/nonexistent"),
    ],
)
def test_errors_are_one_clear_line(options, message, tmp_path, capsys):
    output = ["--output", str(tmp_path / "out")]
    assert cli.main(["benchmark", *options.split(), *output]) == 1
    printed = capsys.readouterr()
    assert message in printed.err and printed.err.startswith("eegemo: ")
    assert len(printed.err.strip().splitlines()) == 1 and printed.out == ""


OWN = """\
from eegemo.datasets import SimulatedEmotion

class Mine(SimulatedEmotion):
    def __init__(self, root="here"):
        super().__init__()
        self.root = root

class Strict(SimulatedEmotion):
    def __init__(self, root="here"):
        assert root == "elsewhere"
        super().__init__()

not_a_class = 3
"""


@pytest.fixture
def own(tmp_path, monkeypatch):
    """The current folder has a module with data sets."""
    (tmp_path / "own_sets.py").write_text(OWN)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", sys.path.copy())
    monkeypatch.delitem(sys.modules, "own_sets", raising=False)


def test_data_set_of_ones_own(own, capsys):
    fast = [*FAST, "--protocol", "within-session", "--output", "out"]
    assert cli.main(["benchmark", "--dataset", "own_sets:Mine", *fast]) == 0
    ours = capsys.readouterr().out
    assert cli.main(["benchmark", *fast]) == 0
    assert capsys.readouterr().out == ours
    root = ["--root", "elsewhere"]
    assert cli.main(["benchmark", "--dataset", "own_sets:Strict", *root, *fast]) == 0


@pytest.mark.parametrize(
    "options, message",
    [
        ("own_sets:Nobody", "has no attribute 'Nobody'): give MODULE:CLASS, such as"),
        ("nowhere:Mine", "No module named 'nowhere'"),
        (":Mine", "cannot be imported"),
        ("own_sets:not_a_class", "derives from eegemo.datasets.EmotionDataset"),
        ("own_sets:Mine --follow-links", "is for the data sets of this package"),
    ],
)
def test_data_sets_that_are_none(options, message, own, capsys):
    assert cli.main(["benchmark", "--dataset", *options.split()]) == 1
    printed = capsys.readouterr()
    assert message in printed.err and len(printed.err.splitlines()) == 1


def test_own_data_set_without_a_check(own, capsys):
    assert cli.main(["datasets", "check", "own_sets:Mine"]) == 1
    assert "has no method check(subjects)" in capsys.readouterr().err


def test_debug_shows_the_traceback(tmp_path):
    with pytest.raises(ValueError, match="no task"):
        cli.main(["benchmark", "--task", "fear", "--debug", "--output", str(tmp_path)])


@pytest.mark.parametrize("text", ["x", "1-", "3-a", "", "5-2", ","])
def test_bad_subject_list(text, capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main(["benchmark", "--subjects", text])
    assert stopped.value.code == 2
    assert "no number or range of numbers" in capsys.readouterr().err


def _broken(sfreq, channels):
    """Broken on purpose: windows are no vectors."""
    return [("svm", SVC())]


@pytest.mark.parametrize(
    "options",
    ["--window nan", "--fmin inf", "--sfreq x", "--seed 1.5", "--n-jobs two"],
)
def test_bad_numbers(options):
    with pytest.raises(SystemExit) as stopped:
        cli.main(["benchmark", *options.split()])
    assert stopped.value.code == 2


def test_output_that_is_a_file(tmp_path, capsys):
    path = tmp_path / "file"
    path.write_text("")
    assert cli.main(["benchmark", *FAST, "--output", str(path)]) == 1
    assert "should be a folder, not a file" in capsys.readouterr().err


def test_failed_pipeline_gives_a_table_and_an_error_status(
    tmp_path, capsys, monkeypatch
):
    monkeypatch.setitem(pipelines._MAKERS, "de-svm", _broken)
    options = "--pipelines de-svm --protocol within-session --subjects 1".split()
    assert cli.main(["benchmark", *options, "--output", str(tmp_path)]) == 1
    printed = capsys.readouterr()
    assert "trivial" in printed.out and "de-svm failed in" in printed.err


def test_interruption(tmp_path, capsys, monkeypatch):
    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "_dataset", interrupt)
    assert cli.main(["benchmark", "--output", str(tmp_path)]) == 130
    assert "run the same command again" in capsys.readouterr().err


def test_audit(capsys):
    options = ["--window", "2", "--pipelines", "de-1nn", "--subjects", "1"]
    assert cli.main(["audit", *options]) == 0
    out = capsys.readouterr().out
    assert "window-leaky" in out and "permuted" in out


def test_report_of_a_benchmark_and_its_audit(tmp_path, capsys):
    """The numbers on the page are those that the benchmark prints."""
    out = str(tmp_path / "out")
    quick = ["--window", "8", "--subjects", "1-2", "--pipelines", "trivial"]
    assert cli.main(["benchmark", *quick, "--output", out]) == 0
    printed = capsys.readouterr().out
    before = (tmp_path / "out" / "scores.csv").read_bytes()
    assert cli.main(["audit", *quick, "--output", out]) == 0
    assert "audit.csv" in capsys.readouterr().out
    assert (tmp_path / "out" / "scores.csv").read_bytes() == before
    page = tmp_path / "page.html"
    assert cli.main(["report", out, "--output", str(page)]) == 0
    assert capsys.readouterr().out == f"Written: {page}\n"
    page = Page(page.read_text(encoding="utf-8"))
    (line, *_) = re.findall(
        r"trivial +(\S+) ± (\S+) +(\S+) +(\S+) +(\S+) +(\S+)", printed
    )
    row = page.tables["Scores: mean over subjects"][0][1]
    assert (*row[1:3], *row[5:9]) == line
    assert (
        "Balanced accuracy of windows with true and with permuted labels" in page.tables
    )


def test_report_defaults(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["report"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("eegemo: eegemo-results is not there: give a folder")
    assert len(error.splitlines()) == 1 and not list(tmp_path.iterdir())


def test_lists(capsys):
    assert cli.main(["datasets"]) == 0
    out = capsys.readouterr().out
    assert "SimulatedEmotion" in out and "DASPS" in out and "tasks: valence" in out
    assert cli.main(["protocols"]) == 0
    assert "seed-9-6 " in capsys.readouterr().out
    assert cli.main(["pipelines"]) == 0
    assert "cov-ts-lr" in capsys.readouterr().out


def test_search_permutations_and_calibration(tmp_path, capsys):
    grid = tmp_path / "grid.json"
    grid.write_text('{"de-svm": {"svm__C": [0.01, 1]}}')
    options = ["--subjects", "1-2", "--window", "4", "--pipelines", "de-svm"]
    options += ["--protocol", "cross-subject-calibrated", "--calibration", "2"]
    options += ["--param-grid", str(grid), "--permutations", "2"]
    assert cli.main(["benchmark", *options, "--output", str(tmp_path / "out")]) == 0
    printed = capsys.readouterr().out
    assert "p.perm" in printed and "calibrated" in printed
    protocol = json.loads((tmp_path / "out" / "protocol.json").read_text())
    assert protocol["runs"][0]["n_calibration"] == protocol["n_permutations"] == 2
    scores = pd.read_csv(tmp_path / "out" / "scores.csv").query("pipeline == 'de-svm'")
    chosen = [json.loads(text)["svm__C"] for text in scores["best_params"]]
    assert set(chosen) <= {0.01, 1}


@pytest.mark.parametrize("text", ["", "{", "[1]"])
def test_grids_that_cannot_be_read(text, tmp_path, capsys):
    (tmp_path / "grid.json").write_text(text)
    with pytest.raises(SystemExit):
        cli.main(["benchmark", "--param-grid", str(tmp_path / "grid.json")])
    assert "grid.json" in capsys.readouterr().err


@pytest.mark.parametrize(
    "command",
    ["benchmark", "audit", "merge", "report", "datasets", "pipelines", "protocols"],
)
def test_help_teaches(command, capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main([command, "--help"])
    assert stopped.value.code == 0
    assert command in capsys.readouterr().out


def test_help_is_quick_to_import():
    """Help and lists of pipelines load neither MOABB nor MNE."""
    code = (
        "import sys, eegemo.__main__ as m\n"
        "m.make_parser()\n"
        "assert not {'moabb', 'mne', 'sklearn', 'numba'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("command", ["benchmark", "audit", "report", "datasets"])
def test_missing_extra_is_named(command):
    """As after a plain installation, without MOABB."""
    code = (
        "import sys; sys.modules['moabb'] = None\n"
        f"import eegemo.__main__ as m; sys.exit(m.main(['{command}']))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.returncode == 1
    assert run.stderr == "eegemo: moabb is missing: pip install 'eegemo[benchmark]'\n"


def test_runs_as_a_module():
    run = subprocess.run(
        [sys.executable, "-m", "eegemo", "pipelines"], capture_output=True, text=True
    )
    assert run.returncode == 0 and "cov-mdm" in run.stdout

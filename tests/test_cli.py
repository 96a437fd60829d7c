import json
import subprocess
import sys

import pandas as pd
import pytest
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


def test_lists(capsys):
    assert cli.main(["datasets"]) == 0
    out = capsys.readouterr().out
    assert "SimulatedEmotion" in out and "DASPS" in out and "tasks: valence" in out
    assert cli.main(["pipelines"]) == 0
    assert "cov-ts-lr" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["benchmark", "audit", "datasets", "pipelines"])
def test_help_teaches(command, capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main([command, "--help"])
    assert stopped.value.code == 0
    assert command in capsys.readouterr().out


def test_help_is_quick_to_import():
    """Help and lists of pipelines load neither MOABB nor MNE."""
    code = (
        "import sys, eegemo.__main__ as m\n"
        "m._parser()\n"
        "assert not {'moabb', 'mne', 'sklearn', 'numba'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("command", ["benchmark", "audit", "datasets"])
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

"""Networks compute, differentiate and learn as torch does; their benchmark runs."""

import json
import sys
from importlib import import_module
from pathlib import Path

import pytest

pytest.importorskip("torch")

FOLDER = Path(__file__).parents[1] / "benchmarks"
sys.path.insert(0, str(FOLDER))
networks, learning = import_module("networks"), import_module("learning")
gradients, TWINS = import_module("gradients"), import_module("_layer_twins").TWINS
import_module("_sides")  # as the others do when they run
CASES = networks.choose(None)
sys.path.remove(str(FOLDER))

FIRST = {case.network: key for key, case in reversed(CASES.items())}.values()


@pytest.mark.parametrize("name", TWINS)
def test_gradients_of_layers(name):
    differences = gradients.compare_layer(TWINS[name])
    assert max(differences.values()) <= gradients.TOLERANCE, differences


def test_no_layer_is_forgotten():
    assert gradients.missing(TWINS.values()) == []


@pytest.mark.parametrize("key", CASES)
def test_gradients_of_networks(key):
    differences = gradients.compare_network(CASES[key])
    assert max(differences.values()) <= gradients.TOLERANCE, differences


@pytest.mark.parametrize("dtype", learning.TOLERANCES)
@pytest.mark.parametrize("key", CASES)
def test_losses(key, dtype):
    options = learning.parse(["--tiny", "--steps", "6"])
    ours, theirs = learning.losses(CASES[key], dtype, options)
    first, later = learning.TOLERANCES[dtype]
    assert ours[0] == pytest.approx(theirs[0], rel=first)
    assert ours == pytest.approx(theirs, rel=later)
    assert len(ours) == len(set(ours)) == 6


@pytest.mark.parametrize("key", FIRST)
def test_times(key, monkeypatch):
    case = CASES[key]
    monkeypatch.setattr(case, "braindecode", None)  # may be missing
    options = networks.parse(["--tiny", "--rounds", "2", "--epochs", "1"])
    row = networks.time_sides(case, options)
    row |= {"threads": 1, "memory": dict.fromkeys(row["epochs"], 2**20)}
    assert json.loads(json.dumps(row)) == row
    line = networks.lines(row)[0]
    assert line.count("|") == networks.HEADER.splitlines()[1].count("|")
    once = networks.time_first(case, options)
    assert once["eegemo"]["prepare"] > 0


def test_memory():
    key = next(iter(CASES))
    options = networks.parse(["--tiny"])
    found = networks.measure_memory(CASES[key], options, "torch")
    assert found is None or found >= 0


def test_failures_are_written(tmp_path):
    rows = [{"key": next(iter(CASES)), "status": "FAILS: no reason"}]
    options = networks.parse(["--tiny", "--output", str(tmp_path / "table.md")])
    networks.write(options, [], rows, [])
    assert "FAILS: no reason" in (tmp_path / "table.md").read_text()
    assert json.loads((tmp_path / "table.json").read_text())["rows"] == rows


def test_figure(tmp_path):
    pytest.importorskip("matplotlib")
    learning.draw({"a, b": ([2.0, 1.0], [2.0, 1.0])}, tmp_path / "loss.png")
    assert (tmp_path / "loss.png").stat().st_size > 1000

"""MOABB's own benchmark runs eegemo's YAML files, beside equal ones of pyRiemann."""

import socket
import sys
from importlib import import_module
from pathlib import Path

import matplotlib
import moabb.paradigms
import pandas as pd
import pytest
import yaml
from moabb.pipelines.utils import create_pipeline_from_config

FOLDER = Path(__file__).parents[1] / "benchmarks"
sys.path.insert(0, str(FOLDER))
suite = import_module("moabb_suite")
sys.path.remove(str(FOLDER))

FILES = sorted(suite.PIPELINES.glob("*.yml"))
CONFIGS = {path.stem: yaml.safe_load(path.read_text()) for path in FILES}
PAIRS = [stem for stem in CONFIGS if f"pyriemann-{stem[7:]}" in CONFIGS]


@pytest.fixture(autouse=True)
def restored(monkeypatch):
    """Undo what the command sets, and let it import its neighbours."""
    monkeypatch.syspath_prepend(FOLDER)
    monkeypatch.setenv("MNE_DATA", "unused")
    monkeypatch.setenv("MOABB_DOWNLOAD_PROVIDER", "upstream")
    for source in suite.SOURCES.values():
        monkeypatch.setenv(f"MNE_DATASETS_{source.sign}_PATH", "unused")
    with matplotlib.rc_context():  # MOABB sets a theme for good
        yield


@pytest.mark.parametrize("stem", CONFIGS)
def test_file_loads_to_what_it_names(stem):
    entry = CONFIGS[stem]
    pipeline = create_pipeline_from_config(entry["pipeline"])
    library = {"eegemo": "eegemo", "pyriemann": "pyRiemann"}.get(stem.split("-")[0])
    assert entry["name"] == "trivial" or entry["name"].endswith(f", {library}")
    for (_, step), named in zip(pipeline.steps, entry["pipeline"], strict=True):
        assert type(step).__name__ == named["name"]
        given = named.get("parameters", {})
        assert {name: step.get_params()[name] for name in given} == given
    for paradigm in entry["paradigms"]:
        assert hasattr(moabb.paradigms, paradigm)


def test_names_are_unique():
    assert len({entry["name"] for entry in CONFIGS.values()}) == len(FILES)
    assert len(PAIRS) == 4


@pytest.mark.parametrize("stem", PAIRS)
def test_pairs_have_the_same_steps(stem):
    ours, theirs = CONFIGS[stem], CONFIGS[f"pyriemann-{stem[7:]}"]
    assert ours["paradigms"] == theirs["paradigms"]
    assert ours["name"].removesuffix(suite.OURS) + suite.PEER == theirs["name"]
    if stem == "eegemo-acm-ts-svm":  # MOABB's embedding is a step of its own
        embedding, covariances, *others = theirs["pipeline"]
        parameters = embedding["parameters"] | covariances["parameters"]
        assert ours["pipeline"][0]["parameters"] == parameters
        pairs = zip(ours["pipeline"][1:], others, strict=True)
    else:
        pairs = zip(ours["pipeline"], theirs["pipeline"], strict=True)
    for a, b in pairs:
        assert a | {"from": ""} == b | {"from": ""}


@pytest.mark.filterwarnings("ignore:Setting non-standard config type")
def test_tiny_data_end_to_end(tmp_path, capsys):
    arguments = ["--tiny", "--evaluations", "WithinSession"]
    arguments += ["--only", "OAS + MDM*", "trivial"]
    arguments += ["--output", str(tmp_path / "page.md")]
    assert suite.main(suite.parse(arguments), arguments)
    text = (tmp_path / "page.md").read_text()
    assert text in capsys.readouterr().out
    lines = [x.split(" | ") for x in text.splitlines() if x.startswith("| Fake")]
    mdm, trivial, chance = lines
    assert mdm[:3] == [
        "| FakeDataset, 2 subjects",
        "WithinSession, roc_auc",
        "OAS + MDM",
    ]
    assert mdm[3] == mdm[4] and mdm[5] == "0"
    assert trivial[2:4] == ["trivial", "0.500 ± 0.000"]
    assert chance[2:4] == ["chance", "0.500"]
    assert {path.suffix for path in suite.PIPELINES.iterdir()} == {".yml"}  # no locks


def test_missing_data_are_skipped(tmp_path, capsys):
    arguments = ["--only", "trivial", "--data", str(tmp_path)]
    assert suite.main(suite.parse(arguments), arguments)
    out = capsys.readouterr().out
    for name in suite.SOURCES:
        assert f"- Skipped: {name}: no subject has all files, such as MNE-" in out
    assert not any(tmp_path.iterdir())


def test_subjects_on_disk_are_found(tmp_path):
    for file in [*suite.kalunga(7), suite.kalunga(2)[0]]:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
    jobs, skipped = suite.plan(suite.parse(["--data", str(tmp_path)]))
    ((paradigm, dataset, evaluation),) = jobs
    assert (paradigm, evaluation) == ("SSVEP", "WithinSession")
    assert dataset.subject_list == [7]  # one file of subject 2 is missing
    assert "Kalunga2016, CrossSubject: one subject is on disk" in skipped


def test_no_folder_is_an_error(monkeypatch, capsys):
    monkeypatch.delenv("MNE_DATA")
    with pytest.raises(SystemExit):
        suite.parse([])
    assert "MNE_DATA is needed" in capsys.readouterr().err


def test_nothing_is_fetched():
    before = socket.getaddrinfo
    with suite.offline(), pytest.raises(RuntimeError, match="example.org"):
        socket.create_connection(("example.org", 80))
    assert socket.getaddrinfo is before


def results(name, apart, n_rounds=2):
    """Make results of a pair, whose scores are apart and whose times 3 and 5 times."""
    rows = [
        {"round": r, "subject": s, "session": "0", "score": 0.5 + 0.1 * s}
        for r in range(n_rounds)
        for s in (1, 2)
    ]
    ours = pd.DataFrame(rows).assign(time=0.1, pipeline=name + suite.OURS)
    theirs = ours.assign(pipeline=name + suite.PEER, score=ours["score"] + apart)
    theirs["time"] = 0.3 + 0.2 * theirs["round"]
    return pd.concat([ours, theirs], ignore_index=True)


def test_pairs_stand_side_by_side():
    ((name, *cells),) = suite.pair(results("OAS + MDM", 0.0))
    assert name == "OAS + MDM"
    score = "0.650 ± 0.071"
    assert cells == [score, score, "0", "0.1", "0.4", "**4** (3-5)"]


@pytest.mark.parametrize(
    "name, apart, cell",
    [
        ("MDM", 0.01, "DIFFERS by 1e-02"),
        ("MDM", 1e-12, "1e-12"),
        ("ACM", 0.01, "1e-02"),
    ],
)
def test_unequal_scores_are_marked(name, apart, cell):
    ((_, _, _, found, *_),) = suite.pair(results(name, apart))
    assert found == cell


def test_one_library_alone():
    alone = results("MDM", 0.0).query("pipeline == 'MDM, pyRiemann'")
    ((name, *cells),) = suite.pair(alone)
    assert name == "MDM, pyRiemann"
    assert cells[1:3] == ["-", "-"]


def test_page_names_all():
    page = (FOLDER.parent / "docs" / "guide" / "moabb.md").read_text()
    assert all(f"`{stem}`" in page for stem in CONFIGS)

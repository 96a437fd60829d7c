import json

import numpy as np
import pytest
from folders_deap import CHEAP, messages, noise, refuses, statuses, write_modma
from numpy.testing import assert_allclose

from eegemo.datasets import MODMA
from eegemo.evaluation import run_benchmark, summarize
from eegemo.evaluation._summary import format_summary
from eegemo.paradigm import EmotionParadigm

PLACE = "EEG_128channels_resting_lanzhou_2015"
HINT = f"Use the files of {PLACE} as they are"
NAMES = {
    2010002: "02010002rest 20150416 1017..mat",
    2010004: "02010004rest 20150427 1335..mat",
    2010005: "02010005rest 20150507 0907..mat",
    2020023: "02020023restnew 20150709 10.mat",
    2030002: "02030002rest_new 20151022 1.mat",
    2030018: "02030018_rest 20151208 1443.mat",
}


@pytest.fixture(autouse=True)
def no_setting(monkeypatch):
    monkeypatch.delenv("MNE_DATASETS_MODMA_PATH", raising=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("modma")
    for name in NAMES.values():
        write_modma(folder, name)
    workbook = "subjects_information_EEG_128channels_resting_lanzhou_2015.xlsx"
    (folder / PLACE / workbook).write_bytes(b"PK")
    return folder


def short(folder, **options):
    """Return the data set of a folder whose recordings are of 12 s."""
    dataset = MODMA(root=folder, **options)
    dataset.interval = [0, 12]
    return dataset


def test_reads_what_was_written(folder):
    dataset = short(folder)
    assert dataset.subject_list == list(NAMES)
    for subject in NAMES:
        sessions = dataset.get_data(subjects=[subject])[subject]
        (raw,) = sessions["0"].values()
        assert raw.ch_names == [f"E{i}" for i in range(1, 129)]
        assert raw.ch_names == list(dataset.channels)
        written = noise((129, 3000), subject, "f8") - 3000
        assert_allclose(raw.get_data(), written[:128] * 1e-6, rtol=1e-14)
        positions = raw.get_montage().get_positions()["ch_pos"]
        assert np.isfinite(list(positions.values())).all() and len(positions) == 128


def test_labels(folder):
    groups = {}
    for subject in NAMES:
        raw = short(folder)._get_single_subject_data(subject)["0"]["0"]
        (extras,) = raw.annotations.extras
        groups[subject] = extras["depression"]
        assert extras["stimulus"] == f"rest{subject}"
    assert groups == {s: "depressed" if s < 2020000 else "control" for s in NAMES}


def test_benchmark(folder):
    """Folds of subjects; what is scored is all subjects together."""
    paradigm = EmotionParadigm(window=4.0, channels=["E11", "E36", "E104"])
    scores = run_benchmark(
        short(folder),
        CHEAP,
        paradigm=paradigm,
        protocols=["cross-subject"],
        n_splits=2,
    )
    assert (scores["error"] == "").all()
    assert set(scores["protocol"]) == {"cross-subject"}
    assert scores["balanced_accuracy"].isna().all()  # of each subject
    summary = summarize(scores).set_index("pipeline")
    assert summary.loc["trivial", "balanced_accuracy"] <= 0.5
    assert summary["balanced_accuracy"].between(0, 1).all()
    assert (summary["n_trials"] == 6).all()
    assert "subject-labels" in summary["marks"].iloc[0]
    right = scores.assign(n=[json.loads(text) for text in scores["trial_confusion"]])
    right = right.groupby("pipeline")["n"].apply(
        lambda n: np.trace(sum(map(np.array, n)))
    )
    # There are three of each class here.
    assert (summary["trial_balanced_accuracy"] == right[summary.index] / 6).all()
    assert "scored together" in format_summary(summary.reset_index())


@pytest.mark.parametrize("protocol", ["within-session", "window-leaky"])
def test_protocols_that_make_no_sense(folder, protocol):
    with pytest.raises(ValueError, match="one label for each subject.*cross-subject"):
        run_benchmark(short(folder), CHEAP, protocols=[protocol])


def test_without_a_folder():
    dataset = MODMA()
    assert dataset.subject_list == [2010002]
    assert dataset.tasks == {"depression": ("control", "depressed")}
    with pytest.raises(FileNotFoundError, match="MNE_DATASETS_MODMA_PATH.*ReShare"):
        dataset.get_data([2010002])


def test_check(folder):
    found = statuses(short(folder))
    assert found == {f"{PLACE}/{name}": "ok" for name in NAMES.values()} | {
        "*.mat": "missing"
    }
    assert messages(short(folder), "missing") == ["6 subjects, of 53 in the data set"]
    assert set(statuses(short(folder), [2010002]).values()) == {"ok"}


def test_empty_folder(tmp_path):
    dataset = MODMA(root=tmp_path)
    refuses(dataset, 2010002, "02010002*.mat is not in", error=FileNotFoundError)
    assert messages(dataset, "missing")[1] == "0 subjects, of 53 in the data set"


def test_other_layouts_and_files(tmp_path):
    path = write_modma(tmp_path, "02010002.MAT")
    path.parent.rename(tmp_path / PLACE.upper())
    (tmp_path / PLACE.upper() / "02040002rest.mat").write_text("")
    assert MODMA(root=tmp_path).subject_list == [2010002]
    inner = short(tmp_path / PLACE.upper())
    assert inner.subject_list == [2010002]
    assert len(inner.get_data(subjects=[2010002])) == 1
    assert statuses(inner, [2010002])["02040002rest.mat"] == "odd"


def test_missing_subject(folder):
    with pytest.raises(ValueError, match="subjects 2010002 to 2030018, got 1"):
        MODMA(root=folder).data_path(1)


def test_link_out_of_the_folder(folder, tmp_path):
    (tmp_path / "02010002.mat").symlink_to(folder / PLACE / NAMES[2010002])
    refuses(MODMA(root=tmp_path), 2010002, "out of the MODMA folder")
    assert MODMA(root=tmp_path, follow_links=True).subject_list == [2010002]


def test_two_files_of_a_subject(tmp_path):
    for name in ("02010002rest 1.mat", "02010002rest 2.mat"):
        write_modma(tmp_path, name)
    refuses(MODMA(root=tmp_path), 2010002, "are of one subject, 2010002. Keep one")


NAN = noise((129, 3000), 0, "f8").copy()
NAN[5, 100] = np.nan


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"data": np.zeros((128, 3000))}, "should have one array of shape (129, n)"),
        ({"data": np.zeros((3000, 129))}, "should have one array of shape (129, n)"),
        ({"other": np.zeros((129, 3000))}, "should have one array of shape (129, n)"),
        ({"rate": 500.0}, "'samplingRate' in"),
        ({"rate": 500.0}, "should be 250, got 500"),
        ({"rate": np.array([250.0, 250.0])}, "'samplingRate'"),
        ({"rate": "fast"}, "'samplingRate'"),
        ({"rate": None}, "a variable 'samplingRate'"),
    ],
)
def test_wrong_contents(tmp_path, change, part):
    path = write_modma(tmp_path, NAMES[2010002], **change)
    refuses(MODMA(root=tmp_path), 2010002, str(path), part, HINT)
    assert part in messages(MODMA(root=tmp_path), "wrong", [2010002])[0]


def test_not_finite(tmp_path):
    path = write_modma(tmp_path, NAMES[2010002], NAN)
    refuses(MODMA(root=tmp_path), 2010002, str(path), "channel E6, sample 100")


def test_truncated(tmp_path):
    path = write_modma(tmp_path, NAMES[2010002])
    path.write_bytes(path.read_bytes()[:-100])
    refuses(MODMA(root=tmp_path), 2010002, str(path), "damaged, incomplete")
    path.write_text("text")
    refuses(MODMA(root=tmp_path), 2010002, str(path), "of another format")

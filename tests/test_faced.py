from collections import Counter

import numpy as np
import pytest
from folders_deap import (
    CHEAP,
    FACED_SHAPE,
    messages,
    noise,
    refuses,
    statuses,
    write_faced,
    write_faced_features,
)
from numpy.testing import assert_allclose

from eegemo.datasets import FACED, load_features
from eegemo.datasets._faced import CHANNELS, labels_of
from eegemo.evaluation import run_benchmark
from eegemo.paradigm import EmotionParadigm

HINT = "Use the files of Processed_data as they are"
FIRST_COHORT = [*CHANNELS[:16], "A1", "A2", *CHANNELS[16:30]]


@pytest.fixture(autouse=True)
def no_setting(monkeypatch):
    monkeypatch.delenv("MNE_DATASETS_FACED_PATH", raising=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("faced")
    for subject in (0, 61, 122):
        write_faced(folder, subject)
    return folder


def test_reads_what_was_written(folder):
    dataset = FACED(root=folder)
    assert dataset.subject_list == [0, 61, 122]
    runs = dataset.get_data(subjects=[0])[0]["0"]
    written = noise(FACED_SHAPE, 0, "f2").astype(float)
    assert list(runs) == [str(clip) for clip in range(28)]
    for clip, raw in enumerate(runs.values()):
        assert raw.ch_names == list(CHANNELS) and raw.info["sfreq"] == 250
        assert raw.get_channel_types() == ["eeg"] * 30 + ["misc"] * 2
        assert_allclose(raw.get_data(), written[clip] * 1e-6, rtol=1e-14)
        (extras,) = raw.annotations.extras
        assert extras["stimulus"] == f"clip{clip + 1:02d}"


def test_labels():
    """As the clips are listed: the first, the neutral ones and their neighbours."""
    emotions = [labels_of(clip)["emotion"] for clip in range(28)]
    assert emotions[:4] == ["anger"] * 3 + ["disgust"]
    assert emotions[11:18] == ["sadness"] + ["neutral"] * 4 + ["amusement"] * 2
    assert emotions[-4:] == ["joy"] + ["tenderness"] * 3
    assert set(Counter(emotions).values()) == {3, 4}
    assert list(dict.fromkeys(emotions)) == list(FACED().tasks["emotion"])
    valences = Counter(labels_of(clip)["valence"] for clip in range(28))
    assert valences == {"negative": 12, "neutral": 4, "positive": 12}


def test_other_order_of_channels(folder):
    dataset = FACED(root=folder, channels=FIRST_COHORT)
    raw = dataset.get_data(subjects=[0])[0]["0"]["3"]
    assert raw.ch_names == FIRST_COHORT
    kinds = raw.get_channel_types()
    assert kinds[16:18] == ["misc"] * 2 and kinds.count("eeg") == 30
    assert dataset.parameters != FACED(root=folder).parameters
    assert dataset.channels == raw.copy().pick("eeg").ch_names
    assert dataset.code == FACED(root=folder).code == "FACED"


@pytest.mark.parametrize(
    ("channels", "part"),
    [
        (CHANNELS[:30], "32 distinct names in the order of the files, got 30"),
        ((*CHANNELS[:31], "Fp1"), "32 distinct names"),
        ((*CHANNELS[:31], "X1"), "names of the 10-05 system.*got X1"),
        ("Fp1", "a sequence of names, got 'Fp1'"),
        (3, "a sequence of names, got 3"),
    ],
)
def test_wrong_channels(channels, part):
    with pytest.raises(ValueError, match=part):
        FACED(channels=channels)


def test_benchmark(folder):
    dataset = FACED(root=folder)
    dataset.subject_list = [0, 61]
    paradigm = EmotionParadigm("valence", window=15.0, channels=["Fz", "Cz", "Pz"])
    scores = run_benchmark(
        dataset, CHEAP, paradigm=paradigm, protocols=["cross-subject-stimulus"]
    )
    assert (scores["error"] == "").all()
    (run,) = scores.attrs["runs"]
    assert run["classes"] == ["negative", "neutral", "positive"]
    assert run["dataset_parameters"] == {"channels": list(CHANNELS)}
    assert scores.query("pipeline == 'trivial'")["n_test"].sum() == 2 * 56


def test_all_eeg_channels_are_used(folder):
    dataset = FACED(root=folder)
    dataset.subject_list = [122]
    X, y, metadata = EmotionParadigm(window=None).get_data(dataset)
    assert X.shape == (28, 30, 7500)
    assert set(y) == set(dataset.tasks["emotion"])


def test_without_a_folder():
    dataset = FACED()
    assert dataset.subject_list == list(range(123)) and dataset.n_sessions == 1
    with pytest.raises(FileNotFoundError, match="MNE_DATASETS_FACED_PATH.*Synapse"):
        dataset.get_data([0])


def test_layouts_and_cases(tmp_path):
    path = write_faced(tmp_path, 7, np.zeros(3))
    path.rename(path.with_name("SUB007.PKL"))
    path.parent.rename(tmp_path / "Processed_Data")
    (tmp_path / "Processed_Data" / "notes.txt").write_text("")
    assert FACED(root=tmp_path).subject_list == [7]
    inner = FACED(root=tmp_path / "Processed_Data")
    assert inner.subject_list == [7]
    assert statuses(inner, [6, 7]) == {
        "sub006.pkl": "missing",
        "SUB007.PKL": "wrong",
        "notes.txt": "odd",
    }


def test_missing_subject(folder):
    with pytest.raises(FileNotFoundError, match="Processed_data/sub005.pkl is not in"):
        FACED(root=folder).data_path(5)
    with pytest.raises(ValueError, match="subjects 0 to 122, got 123"):
        FACED(root=folder).data_path(123)


@pytest.mark.parametrize(
    ("data", "part"),
    [
        ({"data": np.zeros(3)}, "should be an array, got dict"),
        (np.zeros((28, 30, 10)), "shape (28, 32, 7500), got (28, 30, 10)"),
        (np.zeros((28, 32, 10), int), "should be of type"),
        (np.zeros(3, object), "should hold arrays of numbers"),
        ([[1.0]], "should be an array, got list"),
    ],
)
def test_wrong_contents(tmp_path, data, part):
    path = write_faced(tmp_path, 0, data)
    refuses(FACED(root=tmp_path), 0, str(path), part)
    assert part in messages(FACED(root=tmp_path), "wrong", [0])[0]


def test_truncated(tmp_path):
    path = write_faced(tmp_path, 0, np.zeros(100))
    path.write_bytes(path.read_bytes()[:-1])
    refuses(FACED(root=tmp_path), 0, str(path), "damaged, incomplete")
    path.write_text("text")
    refuses(FACED(root=tmp_path), 0, str(path), "of another format")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_not_finite(tmp_path, value):
    data = noise(FACED_SHAPE, 0, "f2").copy()
    data[2, 29, 5] = value
    path = write_faced(tmp_path, 0, data)
    what = f"got {value} in trial 2, channel O2, sample 5"
    refuses(FACED(root=tmp_path), 0, str(path), what)


def test_volts(tmp_path):
    path = write_faced(tmp_path, 0, noise(FACED_SHAPE, 0, "f4") * np.float32(1e-6))
    parts = str(path), "as in volts", "Recording_info.csv"
    refuses(FACED(root=tmp_path), 0, *parts)
    assert "as in volts" in messages(FACED(root=tmp_path), "wrong", [0])[0]


def test_features(tmp_path):
    for subject in (0, 5):
        for kind in ("DE", "PSD"):
            write_faced_features(tmp_path, subject, kind)
    X, y, metadata = load_features("FACED", tmp_path)
    assert X.shape == (2 * 28 * 30, 32 * 5) and X.dtype == np.float64
    written = noise((28, 32, 30, 5), 5, "f8")
    rows = metadata.query("subject == 5 and trial == 9")
    assert rows["onset"].tolist() == list(map(float, range(30)))
    expected = written[9].transpose(1, 0, 2).reshape(30, 160)
    assert_allclose(X[rows.index], expected)
    assert set(y[rows.index]) == {"sadness"} and set(rows["stimulus"]) == {"clip10"}
    names = metadata.attrs["feature_names"]
    assert names[:6] == [
        *(f"Fp1 {b}" for b in "delta theta alpha beta gamma".split()),
        "Fp2 delta",
    ]
    X, _, _ = load_features("faced", tmp_path, "psd", subjects=[5])
    assert X.shape == (28 * 30, 160)
    with pytest.raises(ValueError, match="no feature 'de_LDS': choose from de, psd"):
        load_features("FACED", tmp_path, "de_LDS")


def test_check_of_features(tmp_path):
    write_faced_features(tmp_path, 0)
    write_faced_features(tmp_path, 1, data=np.zeros((28, 32, 30)))
    found = statuses(FACED(root=tmp_path), [0, 1, 2])
    names = [f"EEG_Features/DE/sub00{i}.pkl.pkl" for i in range(3)]
    assert found == dict(zip(names, ["ok", "wrong", "missing"], strict=True))
    with pytest.raises(ValueError, match="shape.*Use the files of EEG_Features"):
        load_features("FACED", tmp_path, subjects=[1])
    with pytest.raises(FileNotFoundError, match="sub002.pkl.pkl is not in"):
        load_features("FACED", tmp_path, subjects=[2])
    write_faced(tmp_path, 0, np.zeros(3))
    assert statuses(FACED(root=tmp_path), [0]) == {
        "Processed_data/sub000.pkl": "wrong",
        names[0]: "ok",
    }


def test_features_with_one_extension(tmp_path):
    path = write_faced_features(tmp_path, 3, "PSD")
    path.rename(path.with_name("sub003.pkl"))
    X, _, _ = load_features("FACED", tmp_path, "psd")
    assert len(X) == 28 * 30


@pytest.mark.parametrize("value", [np.nan, -np.inf])
def test_features_not_finite(tmp_path, value):
    data = noise((28, 32, 30, 5), 0, "f8").copy()
    data[1, 2, 3, 4] = value
    write_faced_features(tmp_path, 0, data=data)
    what = "clip 1, channel Fz, second 3, band 4"
    with pytest.raises(ValueError, match=what):
        load_features("FACED", tmp_path)

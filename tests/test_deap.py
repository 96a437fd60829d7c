import os

import numpy as np
import pytest
from folders_deap import (
    CHEAP,
    DEAP_SHAPE,
    deap_arrays,
    messages,
    refuses,
    statuses,
    write_deap,
)
from numpy.testing import assert_allclose

from eegemo.datasets import DEAP
from eegemo.evaluation import run_benchmark
from eegemo.paradigm import EmotionParadigm

HINT = "Use the preprocessed files of DEAP"
RATINGS = ["valence", "arousal", "dominance", "liking"]
SMALL = {"data": np.zeros((2, 3, 4)), "labels": np.ones((2, 4))}


@pytest.fixture(autouse=True)
def no_setting(monkeypatch):
    monkeypatch.delenv("MNE_DATASETS_DEAP_PATH", raising=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Subjects 1 and 32, as Python 2 wrote them."""
    folder = tmp_path_factory.mktemp("deap")
    for subject in (1, 32):
        write_deap(folder, subject, protocol=-2)
    return folder


def check_runs(runs, arrays):
    assert list(runs) == [str(trial) for trial in range(40)]
    for trial in (0, 7, 39):
        raw = runs[str(trial)]
        assert raw.ch_names[:3] == ["Fp1", "AF3", "F3"] and raw.ch_names[-1] == "O2"
        assert raw.ch_names == list(DEAP.channels)
        assert raw.get_channel_types() == ["eeg"] * 32
        assert raw.info["sfreq"] == 128
        expected = arrays["data"][trial, :32].astype(float) * 1e-6
        assert_allclose(raw.get_data(), expected, rtol=1e-14)
        (extras,) = raw.annotations.extras
        labels = arrays["labels"][trial].tolist()
        assert dict(extras) == {
            "trial": trial,
            "stimulus": f"video{trial + 1:02d}",
            **dict(zip(RATINGS, labels, strict=True)),
        }
        assert raw.annotations.onset == [3.0] and raw.annotations.duration == [60.0]


def test_python_2_pickles(folder):
    dataset = DEAP(root=folder)
    assert dataset.subject_list == [1, 32]
    check_runs(dataset._get_single_subject_data(32)["0"], deap_arrays(32))
    assert dataset.data_path(1) == [str(folder / "data_preprocessed_python/s01.dat")]


def test_matlab(tmp_path):
    arrays = deap_arrays(2, "f4")
    write_deap(tmp_path, 2, arrays, protocol=None)
    dataset = DEAP(root=tmp_path)
    assert dataset.subject_list == [2]
    check_runs(dataset._get_single_subject_data(2)["0"], arrays)
    assert statuses(dataset, [2]) == {"data_preprocessed_matlab/s02.mat": "ok"}
    inner = DEAP(root=tmp_path / "data_preprocessed_matlab")
    assert inner.subject_list == [2] and statuses(inner, [2]) == {"s02.mat": "ok"}


def test_double_precision_and_upper_case(tmp_path):
    """The files of the data set are of this size."""
    arrays = deap_arrays(3, "f8")
    path = write_deap(tmp_path, 3, arrays, protocol=4)
    path.rename(path.with_name("S03.DAT"))
    path.parent.rename(tmp_path / "DATA_preprocessed_Python")
    dataset = DEAP(root=tmp_path)
    raw = dataset._get_single_subject_data(3)["0"]["5"]
    assert_allclose(raw.get_data(), arrays["data"][5, :32] * 1e-6, rtol=1e-14)


def test_benchmark(folder):
    dataset = DEAP(root=folder)
    dataset.subject_list = [1]
    paradigm = EmotionParadigm("liking", window=30.0, channels=["Fz", "Cz", "Pz"])
    scores = run_benchmark(
        dataset, CHEAP, paradigm=paradigm, protocols=["within-session"]
    )
    assert (scores["error"] == "").all()
    assert scores.groupby("pipeline")["n_test"].sum().eq(80).all()


def test_windows_leave_out_the_rest_before(folder):
    dataset = DEAP(root=folder)
    dataset.subject_list = [1]
    paradigm = EmotionParadigm(window=20.0, fmin=None, fmax=None)
    X, y, metadata = paradigm.get_data(dataset)
    assert X.shape == (120, 32, 2560)
    assert metadata["onset"][:3].tolist() == [3.0, 23.0, 43.0]
    arrays = deap_arrays(1)
    expected = arrays["data"][0, :32, 384 : 384 + 2560].astype(float)
    assert_allclose(X[0], expected, rtol=1e-6)
    assert y[0] == ("high" if arrays["labels"][0, 0] >= 5 else "low")


def test_tasks():
    dataset = DEAP()
    assert dataset.scale == (1, 9) and dataset.code == "DEAP"
    assert dataset.subject_list == list(range(1, 33))
    assert all(dataset.tasks[rating] == ("low", "high") for rating in RATINGS)
    assert list(dataset.tasks) == [*RATINGS, "quadrant"]
    with pytest.raises(FileNotFoundError, match="MNE_DATASETS_DEAP_PATH.*agreement"):
        dataset.get_data([1])


def test_missing_subject(folder):
    parts = ("data_preprocessed_python/s05.dat is not in", "Copy it there")
    refuses(DEAP(root=folder), 5, "Invalid subject 5")
    with pytest.raises(FileNotFoundError, match=parts[0]):
        DEAP(root=folder).data_path(5)
    found = statuses(DEAP(root=folder))
    assert found["data_preprocessed_python/s05.dat"] == "missing"
    assert found["data_preprocessed_python/s32.dat"] == "ok"


def test_extra_files(tmp_path):
    write_deap(tmp_path, 1, SMALL)
    place = tmp_path / "data_preprocessed_python"
    for name in ("s33.dat", "s1.dat", "s01.dat.bak", "readme.txt", "s02.mat"):
        (place / name).write_text("")
    dataset = DEAP(root=tmp_path)
    assert dataset.subject_list == [1]
    odd = [f.file for f in dataset.check([1]) if f.status == "odd"]
    assert sorted(odd) == [
        f"data_preprocessed_python/{name}"
        for name in ("s01.dat.bak", "s02.mat", "s1.dat", "s33.dat")
    ]


@pytest.mark.parametrize(
    ("arrays", "part"),
    [
        ({}, "a dict of 'data' and 'labels', got []"),
        ({"data": np.zeros(3)}, "got ['data']"),
        (np.zeros(3), "got ndarray"),
        ([1], "got list"),
        (SMALL, "'data' in"),
        (SMALL, "should have the shape (40, 40, 8064), got (2, 3, 4)"),
        (SMALL | {"data": 1.0}, "should be an array, got float"),
        (SMALL | {"data": np.zeros(2, int)}, "should be of type"),
    ],
)
def test_wrong_contents(tmp_path, arrays, part):
    path = write_deap(tmp_path, 1, arrays)
    dataset = DEAP(root=tmp_path)
    refuses(dataset, 1, str(path), part, HINT)
    (message,) = messages(dataset, "wrong", [1])
    assert part in message


def test_matlab_with_another_variable(tmp_path):
    path = write_deap(tmp_path, 1, {"eeg": np.zeros((2, 3))}, protocol=None)
    refuses(DEAP(root=tmp_path), 1, str(path), "a variable 'data'", HINT)


@pytest.mark.parametrize("protocol", [None, -2, 4])
def test_truncated(tmp_path, protocol):
    path = write_deap(tmp_path, 1, SMALL, protocol)
    path.write_bytes(path.read_bytes()[:-20])
    refuses(DEAP(root=tmp_path), 1, str(path), "damaged, incomplete")
    assert list(statuses(DEAP(root=tmp_path), [1]).values()) == ["wrong"]


@pytest.mark.parametrize("protocol", [None, 2])
def test_text_of_the_right_name(tmp_path, protocol):
    path = write_deap(tmp_path, 1, SMALL, protocol)
    path.write_text("0.1 0.2 0.3\n" * 100)
    refuses(DEAP(root=tmp_path), 1, str(path), "of another format")


def test_hostile_pickle(tmp_path):
    path = write_deap(tmp_path, 1, SMALL)
    marker = tmp_path / "marker"
    path.write_bytes(f"cos\nsystem\n(S'touch {marker}'\ntR.".encode())
    refuses(DEAP(root=tmp_path), 1, str(path), "asks for os.system")
    assert not marker.exists()


def test_nan(tmp_path):
    arrays = {"data": np.zeros(DEAP_SHAPE, "f2"), "labels": np.full((40, 4), 5.0)}
    arrays["data"][4, 31, 100] = np.nan
    arrays["data"][3, 39, 100] = np.nan  # of a channel that is not read
    path = write_deap(tmp_path, 1, arrays)
    refuses(DEAP(root=tmp_path), 1, str(path), "trial 4, channel O2, sample 100")


@pytest.mark.parametrize("rating", [0.9, 9.1, np.nan, -1.0])
def test_rating_off_the_scale(tmp_path, rating):
    arrays = {"data": np.zeros(DEAP_SHAPE, "f2"), "labels": np.full((40, 4), 5.0)}
    arrays["labels"][6, 2] = rating
    path = write_deap(tmp_path, 1, arrays)
    what = f"got {rating:g} for dominance in trial 6"
    refuses(DEAP(root=tmp_path), 1, f"'labels' in {path}", "from 1 to 9", what)


def test_link_out_of_the_folder(folder, tmp_path):
    os.symlink(
        folder / "data_preprocessed_python", tmp_path / "data_preprocessed_python"
    )
    with pytest.raises(ValueError, match="out of the DEAP folder"):
        DEAP(root=tmp_path).data_path(1)
    assert DEAP(root=tmp_path, follow_links=True).subject_list == [1, 32]

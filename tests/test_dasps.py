import csv
import pickle
import re
import sys

import h5py
import mne
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from recordings import recordings

from eegemo.datasets import DASPS

CHANNELS = "AF3 F7 F3 FC5 T7 P7 O1 O2 P8 T8 FC6 F4 F8 AF4".split()
COLUMNS = ["subject", "situation", "valence", "arousal"]
SHAPE = (12, 1920, 14)


@pytest.fixture(autouse=True)
def no_setting(monkeypatch):
    monkeypatch.delenv("MNE_DATASETS_DASPS_PATH", raising=False)


@pytest.fixture
def folder(tmp_path):
    """Subjects 1, 2 and 23, written as the data set is."""
    folder = tmp_path / "dasps"
    folder.mkdir()
    for subject in (1, 2, 23):
        write_recording(folder, subject, signals(subject))
    write_ratings(folder)
    return folder


def signals(subject):
    rng = np.random.default_rng(subject)
    return (10 * rng.standard_normal(SHAPE)).astype(np.float32)


def rating(subject, situation, column):
    return (subject + 2 * situation + (column == "arousal")) % 9 + 1


def write_recording(folder, subject, data, name="data"):
    path = folder / f"S{subject:02d}preprocessed.mat"
    with h5py.File(path, "w", userblock_size=512) as file:
        file.create_dataset(name, data=data).attrs["MATLAB_class"] = np.bytes_("single")
    with open(path, "r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM")
    return path


def write_ratings(folder, change=lambda rows: rows):
    rows = [
        [f"S{s:02d}", i, rating(s, i, "valence"), rating(s, i, "arousal")]
        for s in (1, 2, 23)
        for i in range(1, 7)
    ]
    with open(folder / "ratings.csv", "w", newline="") as file:
        csv.writer(file).writerows(change([COLUMNS, *rows]))


def read(folder, subject=1):
    return DASPS(root=folder).get_data(subjects=[subject])[subject]


def refuses(folder, *messages, error=ValueError, subject=1):
    """Reading fails with a message that has all these parts."""
    with pytest.raises(error) as caught:
        read(folder, subject)
    for message in messages:
        assert message in str(caught.value)


def test_reads_what_was_written(folder):
    sessions = read(folder, 2)
    assert list(sessions) == ["0"]
    runs = sessions["0"]
    assert list(runs) == [str(trial) for trial in range(12)]
    written = signals(2)
    for trial in range(12):
        raw = runs[str(trial)]
        assert raw.ch_names == CHANNELS
        assert set(raw.get_channel_types()) == {"eeg"}
        assert raw.info["sfreq"] == 128
        assert raw.info["chs"][0]["unit"] == mne.io.constants.FIFF.FIFF_UNIT_V
        assert_allclose(raw.get_data(), written[trial].T * 1e-6, rtol=1e-6)


def test_electrodes_have_positions(folder):
    positions = read(folder)["0"]["0"].get_montage().get_positions()["ch_pos"]
    assert list(positions) == CHANNELS
    assert positions["F7"][0] < 0 < positions["F8"][0]
    assert positions["O1"][1] < 0 < positions["AF3"][1]


def test_annotations_say_what_was_felt(folder):
    runs = DASPS(root=folder)._get_single_subject_data(23)["0"]
    for trial in range(12):
        (annotation,) = runs[str(trial)].annotations
        situation = trial // 2 + 1
        assert annotation["onset"] == 0
        assert annotation["duration"] == 15
        assert annotation["description"] == "trial"
        assert dict(annotation["extras"]) == {
            "trial": trial,
            "stimulus": f"situation{situation}",
            "phase": ("recited", "recalled")[trial % 2],
            "valence": float(rating(23, situation, "valence")),
            "arousal": float(rating(23, situation, "arousal")),
        }


def test_facts_reach_moabb(folder):
    raw = read(folder)["0"]["5"]
    (extras,) = raw.annotations.extras
    assert (extras["trial"], extras["stimulus"]) == (5, "situation3")


def test_declares_its_tasks(folder):
    dataset = DASPS(root=folder)
    assert dataset.code == "DASPS"
    assert dataset.paradigm == "emotion"
    assert dataset.scale == (1, 9)
    assert dataset.tasks == {
        "valence": ("low", "high"),
        "arousal": ("low", "high"),
        "quadrant": ("LVLA", "LVHA", "HVLA", "HVHA"),
    }
    assert dataset.parameters == {}
    assert dataset.n_sessions == 1
    assert list(dataset.channels) == CHANNELS


def test_lists_the_subjects_in_the_folder(folder):
    (folder / "S02preprocessed.mat").rename(folder / "s02PREPROCESSED.MAT")
    for extra in ("S99preprocessed.mat", "S1preprocessed.mat", "S03preprocessed.mat~"):
        (folder / extra).write_text("")
    assert DASPS(root=folder).subject_list == [1, 2, 23]
    assert_allclose(
        read(folder, 2)["0"]["0"].get_data(), signals(2)[0].T * 1e-6, rtol=1e-6
    )


def test_files_of_a_subject(folder):
    paths = DASPS(root=str(folder)).data_path(2)
    assert paths == [str(folder / "S02preprocessed.mat"), str(folder / "ratings.csv")]
    assert DASPS().data_path(2, path=folder) == paths


@pytest.mark.parametrize("subject", [0, 24, "../1", None])
def test_unknown_subject(folder, subject):
    with pytest.raises(ValueError, match="subjects 1 to 23"):
        DASPS(root=folder).data_path(subject)


def test_folder_from_the_environment(folder, monkeypatch):
    monkeypatch.setenv("MNE_DATASETS_DASPS_PATH", str(folder))
    dataset = DASPS()
    assert dataset.subject_list == [1, 2, 23]
    assert len(dataset.get_data(subjects=[1])[1]["0"]) == 12


def test_root_wins_over_the_environment(folder, monkeypatch, tmp_path):
    monkeypatch.setenv("MNE_DATASETS_DASPS_PATH", str(tmp_path))
    assert DASPS(root=folder).subject_list == [1, 2, 23]


def test_pickles(folder):
    dataset = pickle.loads(pickle.dumps(DASPS(root=folder)))
    assert dataset.subject_list == [1, 2, 23]
    assert_array_equal(
        dataset.get_data([1])[1]["0"]["3"].get_data(), read(folder)["0"]["3"].get_data()
    )


def test_without_a_folder():
    dataset = DASPS()
    assert dataset.subject_list == list(range(1, 24))
    message = "root=.*MNE_DATASETS_DASPS_PATH.*no downloader.*IEEE DataPort"
    with pytest.raises(FileNotFoundError, match=message):
        dataset.get_data(subjects=[1])


def test_missing_folder(tmp_path):
    parts = str(tmp_path / "none"), "does not exist", "root=", "no downloader"
    refuses(tmp_path / "none", *parts, error=FileNotFoundError)


def test_folder_is_a_file(folder):
    path = folder / "ratings.csv"
    refuses(path, str(path), "is not a folder", error=FileNotFoundError)


def test_empty_folder(tmp_path):
    parts = "S01preprocessed.mat is not in", str(tmp_path), "Copy it there"
    refuses(tmp_path, *parts, error=FileNotFoundError)


def test_missing_subject(folder):
    with pytest.raises(FileNotFoundError, match=r"S05preprocessed\.mat is not in"):
        DASPS(root=folder).data_path(5)


def test_missing_ratings(folder):
    (folder / "ratings.csv").unlink()
    refuses(folder, "ratings.csv is not in", str(folder), error=FileNotFoundError)


def test_same_name_twice(folder):
    (folder / "s01PREPROCESSED.mat").write_bytes(b"")
    if len(list(folder.glob("*01*"))) < 2:
        pytest.skip("this file system does not tell upper from lower case")
    refuses(folder, "S01preprocessed.mat and s01PREPROCESSED.mat", "Keep one")


@pytest.mark.parametrize("kept", [0, 100, 700, 2000, 600_000])
def test_truncated_recording(folder, kept):
    path = folder / "S01preprocessed.mat"
    path.write_bytes(path.read_bytes()[:kept])
    refuses(folder, str(path), "damaged, incomplete or of another format", "Copy")


def test_text_in_place_of_a_recording(folder):
    path = folder / "S01preprocessed.mat"
    path.write_text("0.1 0.2 0.3\n" * 1000)
    refuses(folder, str(path), "MATLAB 7.3 (HDF5)", "-v7.3")


def test_damaged_chunks(folder):
    """A checksum inside the file notices what its headers do not."""
    path = folder / "S01preprocessed.mat"
    with h5py.File(path, "w") as file:
        options = {"chunks": (1, 1920, 14), "fletcher32": True}
        file.create_dataset("data", data=signals(1), **options)
        offset = file["data"].id.get_chunk_info(3).byte_offset
    with open(path, "r+b") as file:
        file.seek(offset + 500)
        file.write(b"damage")
    refuses(folder, str(path), "damaged")


def test_missing_variable(folder):
    path = write_recording(folder, 1, signals(1), name="eeg")
    refuses(folder, str(path), "'data'", "['eeg']")


def test_variable_is_a_group(folder):
    with h5py.File(folder / "S01preprocessed.mat", "w") as file:
        file.create_group("data")
    refuses(folder, "should be an array stored in that file")


def test_variable_is_in_another_file(folder, tmp_path):
    other = tmp_path / "other.h5"
    with h5py.File(other, "w") as file:
        file["data"] = signals(1)
    path = folder / "S01preprocessed.mat"
    with h5py.File(path, "w") as file:
        file["data"] = h5py.ExternalLink(other, "data")
    refuses(folder, str(path), "should be an array stored in that file")
    with h5py.File(path, "w") as file:
        layout = h5py.VirtualLayout(SHAPE, "f4")
        layout[...] = h5py.VirtualSource(other, "data", shape=SHAPE)
        file.create_virtual_dataset("data", layout)
    refuses(folder, str(path), "should be an array stored in that file")
    with h5py.File(path, "w") as file:
        raw = [(str(tmp_path / "raw"), 0, 12 * 1920 * 14 * 4)]
        file.create_dataset("data", SHAPE, "f4", external=raw)
    refuses(folder, str(path), "should be an array stored in that file")


@pytest.mark.parametrize(
    "shape",
    [(11, 1920, 14), (12, 1919, 14), (12, 1920, 16), (14, 1920, 12), (12, 1920), ()],
)
def test_wrong_shape(folder, shape):
    path = write_recording(folder, 1, np.zeros(shape, np.float32))
    refuses(folder, str(path), "(12, 1920, 14)", f"got {shape}", "reverse")


@pytest.mark.parametrize("dtype", ["int16", "complex64", "S4"])
def test_wrong_type(folder, dtype):
    path = write_recording(folder, 1, np.zeros(SHAPE, dtype))
    refuses(folder, str(path), "float32", f"got {np.dtype(dtype)}")


def test_double_precision(folder):
    write_recording(folder, 1, signals(1).astype(float))
    assert_allclose(
        read(folder)["0"]["4"].get_data(), signals(1)[4].T * 1e-6, rtol=1e-6
    )


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_not_finite(folder, value):
    data = signals(1)
    data[3, 100, 2] = value
    path = write_recording(folder, 1, data)
    refuses(folder, str(path), f"got {value}", "trial 3, sample 100, channel F3")


@pytest.mark.parametrize("column", range(4))
def test_missing_column(folder, column):
    write_ratings(
        folder, lambda rows: [[v for i, v in enumerate(r) if i != column] for r in rows]
    )
    refuses(folder, "ratings.csv", f"{COLUMNS[column]} not found among")


def test_other_separator(folder):
    path = folder / "ratings.csv"
    path.write_text(path.read_text().replace(",", ";"))
    refuses(folder, "separated by commas", "subject;situation;valence;arousal")


def test_empty_ratings(folder):
    (folder / "ratings.csv").write_text("")
    refuses(folder, "ratings.csv", "not found among []")


def test_spreadsheet_in_place_of_ratings(folder):
    (folder / "ratings.csv").write_bytes(b"PK\x03\x04\xff\xfe\x80" * 20)
    refuses(folder, "ratings.csv", "comma-separated text in UTF-8")


def test_missing_subject_row(folder):
    write_ratings(folder, lambda rows: [row for row in rows if row[0] != "S01"])
    refuses(folder, "ratings.csv", "subject S01", "none for [1, 2, 3, 4, 5, 6]")


def test_missing_situation(folder):
    write_ratings(folder, lambda rows: rows[:3] + rows[4:])
    refuses(folder, "ratings.csv", "subject S01", "none for [3]")


def test_second_row(folder):
    write_ratings(folder, lambda rows: [*rows, rows[2]])
    refuses(folder, "line 20", "second row for subject S01, situation 2")


@pytest.mark.parametrize("column", ["valence", "arousal"])
@pytest.mark.parametrize("value", ["0", "9.5", "-1", "nan", "inf", "", "high", None])
def test_rating_out_of_range(folder, column, value):
    def change(rows):
        place = COLUMNS.index(column)
        rows[4][place:] = [] if value is None else [value, *rows[4][place + 1 :]]
        return rows

    write_ratings(folder, change)
    refuses(folder, "ratings.csv, line 5", column, "from 1 to 9", f"got {value!r}")


@pytest.mark.parametrize(
    ("value", "message"),
    [("7", "from 1 to 6"), ("x", "from 1 to 6"), ("1.5", "whole number")],
)
def test_unknown_situation(folder, value, message):
    write_ratings(folder, lambda rows: [*rows, ["S01", value, 5, 5]])
    refuses(folder, "ratings.csv, line 20: situation", message, repr(value))


def test_other_subjects_do_not_matter(folder):
    """A subject can be read though the rows or the file of another are broken."""
    broken = [["S02", 9, "", "x"], [], ["", "", "", ""]]
    write_ratings(folder, lambda rows: rows + broken)
    refuses(folder, "line 20", subject=2)
    (folder / "S02preprocessed.mat").write_text("")
    assert len(read(folder, 1)["0"]) == 12


def test_ratings_from_a_spreadsheet_program(folder):
    """A byte order mark, spaces, other columns, small letters and tenths are fine."""
    rows = ["subject, situation, note, arousal, valence"]
    rows += [f"s01, {i}, ok, 2.0, {i}.5" for i in (6, 5, 4, 3, 2, 1)]
    (folder / "ratings.csv").write_text("\r\n".join(rows), encoding="utf-8-sig")
    extras = read(folder)["0"]["11"].annotations.extras[0]
    assert (extras["valence"], extras["arousal"]) == (6.5, 2.0)


def test_without_h5py(folder, monkeypatch):
    dataset = DASPS(root=folder)
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(ImportError, match=re.escape('pip install "eegemo[benchmark]"')):
        dataset.get_data(subjects=[1])


def test_real_folder():
    dataset = DASPS(root=recordings("dasps"))
    assert dataset.subject_list
    for subject in dataset.subject_list:
        runs = dataset.get_data(subjects=[subject])[subject]["0"]
        assert len(runs) == 12
        X = np.stack([raw.get_data() for raw in runs.values()]) * 1e6
        assert X.shape == (12, 14, 1920)
        assert (X.std(axis=2) > 0).all()
        # An EEG in microvolts, whatever its artefacts, has a spread of this order.
        assert 1 < np.median(X.std(axis=2)) < 50


def test_real_channels_are_in_order():
    """Neighbours correlate more than channels at opposite ends of the head."""
    dataset = DASPS(root=recordings("dasps"))
    names = dataset.get_data(subjects=[1])[1]["0"]["0"].ch_names
    pairs = {"near": [], "far": []}
    for subject in dataset.subject_list:
        for raw in dataset.get_data(subjects=[subject])[subject]["0"].values():
            r = np.corrcoef(raw.get_data())
            pairs["near"].append(r[names.index("O1"), names.index("O2")])
            pairs["far"].append(r[names.index("O1"), names.index("AF4")])
    assert np.median(pairs["near"]) > np.median(pairs["far"])


def test_real_ratings():
    raw = DASPS(root=recordings("dasps")).get_data(subjects=[1])[1]["0"]
    facts = [dict(run.annotations.extras[0]) for run in raw.values()]
    assert facts[3] == {
        "trial": 3,
        "stimulus": "situation2",
        "phase": "recalled",
        "valence": 3.0,
        "arousal": 8.0,
    }

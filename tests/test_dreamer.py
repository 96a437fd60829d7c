import numpy as np
import pytest
from folders_deap import (
    CHEAP,
    cells,
    dreamer_subject,
    messages,
    noise,
    refuses,
    statuses,
    write_dreamer,
)
from numpy.testing import assert_allclose
from scipy.io import savemat

from eegemo.datasets import DREAMER
from eegemo.datasets._dreamer import _read
from eegemo.evaluation import run_benchmark
from eegemo.paradigm import EmotionParadigm

HINT = "Use the file of DREAMER as it is"


@pytest.fixture(autouse=True)
def no_setting(monkeypatch):
    monkeypatch.delenv("MNE_DATASETS_DREAMER_PATH", raising=False)
    yield
    _read.cache_clear()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dreamer")
    write_dreamer(folder, [dreamer_subject(subject) for subject in (1, 2, 3)])
    return folder


def test_reads_what_was_written(folder):
    runs = DREAMER(root=folder)._get_single_subject_data(2)["0"]
    written = dreamer_subject(2)
    assert list(runs) == [str(clip) for clip in range(18)]
    for clip, raw in enumerate(runs.values()):
        assert raw.ch_names[:2] == ["AF3", "F7"] and raw.ch_names[-1] == "AF4"
        assert raw.ch_names == list(DREAMER.channels)
        expected = written["EEG"]["stimuli"][clip, 0].T * 1e-6
        assert_allclose(raw.get_data(), expected, rtol=1e-6)
        (extras,) = raw.annotations.extras
        assert dict(extras) == {
            "trial": clip,
            "stimulus": f"clip{clip + 1:02d}",
            "valence": written["ScoreValence"][clip, 0],
            "arousal": written["ScoreArousal"][clip, 0],
            "dominance": written["ScoreDominance"][clip, 0],
        }
        assert raw.annotations.duration == [8 + clip % 3]


def test_benchmark(folder):
    dataset = DREAMER(root=folder)
    dataset.subject_list = [3]
    dataset.interval = [0, 8]  # clips are shorter here
    paradigm = EmotionParadigm("dominance", window=4.0, fmin=1.0)
    scores = run_benchmark(
        dataset, CHEAP, paradigm=paradigm, protocols=["within-session"]
    )
    assert (scores["error"] == "").all()
    assert scores.groupby("pipeline")["n_test_trials"].sum().eq(18).all()


def test_the_middle_is_high(folder):
    dataset = DREAMER(root=folder)
    dataset.subject_list = [1]
    _, y, metadata = EmotionParadigm(window=8.0).get_data(dataset)
    scores = dreamer_subject(1)["ScoreValence"][metadata["trial"], 0]
    assert ((scores >= 3) == (y == "high")).all() and (scores == 3).any()


def test_offset_goes_with_the_filter(folder):
    dataset = DREAMER(root=folder)
    dataset.subject_list = [1]
    X, _, _ = EmotionParadigm(window=4.0).get_data(dataset)
    assert abs(X.mean()) < 1 and 4 < X.std() < 15


def test_is_read_once(tmp_path):
    write_dreamer(tmp_path, [dreamer_subject(1), dreamer_subject(2)])
    dataset = DREAMER(root=tmp_path)
    for subject in (1, 2, 1):
        dataset._get_single_subject_data(subject)
    assert _read.cache_info().misses == 1
    write_dreamer(tmp_path, [dreamer_subject(9)])
    raw = dataset._get_single_subject_data(1)["0"]["0"]
    expected = dreamer_subject(9)["EEG"]["stimuli"][0, 0].T * 1e-6
    assert_allclose(raw.get_data(), expected, rtol=1e-6)


def test_tasks_and_subjects(folder):
    dataset = DREAMER()
    assert dataset.scale == (1, 5)
    assert list(dataset.tasks) == ["valence", "arousal", "dominance", "quadrant"]
    assert dataset.subject_list == list(range(1, 24)) == DREAMER(folder).subject_list
    with pytest.raises(FileNotFoundError, match="MNE_DATASETS_DREAMER_PATH"):
        dataset.get_data([1])


def test_upper_case_and_other_files(tmp_path):
    path = write_dreamer(tmp_path, [dreamer_subject(1), dreamer_subject(2)])
    path.rename(tmp_path / "dreamer.MAT")
    (tmp_path / "notes.txt").write_text("")
    dataset = DREAMER(root=tmp_path)
    assert statuses(dataset, [1, 2]) == {"dreamer.MAT": "ok", "notes.txt": "odd"}
    assert messages(dataset, "ok", [1, 2]) == [
        "18 clips and their ratings of each subject"
    ]


def test_missing_file(tmp_path):
    refuses(DREAMER(tmp_path), 1, "DREAMER.mat is not in", error=FileNotFoundError)
    assert statuses(DREAMER(tmp_path), [1]) == {"DREAMER.mat": "missing"}


def test_missing_subject(folder):
    refuses(DREAMER(folder), 4, "should have 23 subjects, got 3", HINT)
    assert "got 3" in messages(DREAMER(folder), "wrong", [3, 4])[0]


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("kept", [0, 100, 0.5, 0.99])
def test_truncated(tmp_path, kept, compress):
    path = write_dreamer(tmp_path, [dreamer_subject(1)], compress)
    data = path.read_bytes()
    path.write_bytes(data[: int(kept if kept > 1 else kept * len(data))])
    refuses(DREAMER(tmp_path), 1, str(path), "damaged, incomplete")
    assert statuses(DREAMER(tmp_path), [1]) == {"DREAMER.mat": "wrong"}


def test_text_of_the_right_name(tmp_path):
    path = tmp_path / "DREAMER.mat"
    path.write_text("valence arousal\n" * 100)
    refuses(DREAMER(tmp_path), 1, str(path), "of another format")


@pytest.mark.parametrize(
    ("value", "part"),
    [
        ({"DREAMER": np.zeros((2, 2))}, "a field 'Data', got no structure"),
        ({"eeg": np.zeros((2, 2))}, "a variable 'DREAMER', got ['eeg']"),
        ({"DREAMER": {"data": 1.0}}, "a field 'Data', got ['data']"),
        ({"DREAMER": {"Data": np.zeros((1, 23))}}, "should be cells"),
        ({"DREAMER": {"Data": cells([np.zeros(3)])}}, "a field 'EEG'"),
    ],
)
def test_wrong_variables(tmp_path, value, part):
    savemat(tmp_path / "DREAMER.mat", value)
    refuses(DREAMER(tmp_path), 1, str(tmp_path), part, HINT)


def change(place, value):
    def changed(subject):
        *outer, last = place
        for name in outer:
            subject = subject[name]
        subject[last] = value
        return subject

    return changed


NAN = noise((1024, 14), 0, "f8")
NAN[7, 3] = np.nan
OFF = np.full((18, 1), 3.0)
OFF[4] = 5.5


@pytest.mark.parametrize(
    ("changed", "part"),
    [
        (change(["EEG", "stimuli"], cells([np.zeros((9, 14))] * 17)), "have 18 clips"),
        (change(["EEG", "stimuli"], np.zeros((18, 1))), "have 18 clips"),
        (change(["EEG"], {"baseline": 1.0}), "a field 'stimuli', got ['baseline']"),
        (change(["EEG", "stimuli", 2, 0], np.zeros((9, 13))), "shape (n, 14)"),
        (change(["EEG", "stimuli", 2, 0], np.zeros((0, 14))), "shape (n, 14)"),
        (change(["EEG", "stimuli", 2, 0], "text"), "an array of numbers"),
        (change(["EEG", "stimuli", 5, 0], NAN), "EEG of clip 6"),
        (change(["EEG", "stimuli", 5, 0], NAN), "sample 7, channel FC5"),
        (change(["ScoreArousal"], OFF), "got 5.5 for arousal in trial 4"),
        (change(["ScoreValence"], np.ones((17, 1))), "shape (18, 1), got (17, 1)"),
        (change(["ScoreValence"], OFF * np.nan), "got nan for valence"),
        (change(["ScoreDominance"], 1j * OFF), "should be of type"),
    ],
)
def test_one_wrong_subject(tmp_path, changed, part):
    """It is refused, and the others are read."""
    subjects = [dreamer_subject(subject) for subject in (1, 2)]
    changed(subjects[1])
    path = write_dreamer(tmp_path, subjects)
    dataset = DREAMER(root=tmp_path)
    refuses(dataset, 2, f"'DREAMER.Data{{2}}' in {path}", part)
    assert len(dataset._get_single_subject_data(1)["0"]) == 18
    assert part in messages(dataset, "wrong", [1, 2])[0]

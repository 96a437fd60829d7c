"""The data sets of the SEED family, end to end and broken in every way."""

import pickle
import struct

import mne
import numpy as np
import pytest
from folders import (
    SEED_LABELS,
    SEED_V_CODES,
    noise,
    seed_clip,
    write_cnt,
    write_mat,
    write_seed,
    write_seed_iv,
    write_seed_v,
    write_seed_vii,
)
from numpy.testing import assert_allclose
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from eegemo.datasets import SEED, SEEDIV, SEEDV, SEEDVII
from eegemo.evaluation import run_benchmark
from eegemo.montage import SEED_CHANNELS
from eegemo.paradigm import EmotionParadigm

WRITERS = {
    SEED: write_seed,
    SEEDIV: write_seed_iv,
    SEEDV: write_seed_v,
    SEEDVII: write_seed_vii,
}
FIRST = {
    SEED: "Preprocessed_EEG/1_20131027.mat",
    SEEDIV: "eeg_raw_data/1/1_20160518.mat",
    SEEDV: "EEG_raw/1_1_20180804.cnt",
    SEEDVII: "EEG_preprocessed/1.mat",
}
MATLAB = [SEED, SEEDIV, SEEDVII]


@pytest.fixture(autouse=True)
def no_setting(monkeypatch):
    for name in ("SEED", "SEEDIV", "SEEDV", "SEEDVII"):
        monkeypatch.delenv(f"MNE_DATASETS_{name}_PATH", raising=False)


@pytest.fixture(params=WRITERS, ids=lambda cls: cls.__name__)
def cls(request):
    return request.param


@pytest.fixture
def folder(cls, tmp_path):
    """Subject 1 only, with short clips."""
    return write(cls, tmp_path / "data")


def write(cls, root, **parameters):
    """Two subjects with clips of a few samples, or the shortest of the 1000 Hz."""
    short = {"seconds": 0.1} if cls is SEEDV else {}
    return WRITERS[cls](root, **({"subjects": (1,)} | short | parameters))


def read(cls, folder, subject=1):
    return cls(root=folder)._get_single_subject_data(subject)


def trial_facts(runs):
    """What the annotations of trials say, not those of ratings."""
    extras = [extra for raw in runs.values() for extra in raw.annotations.extras]
    return [extra for extra in extras if "trial" in extra]


def refuses(cls, folder, *messages, error=ValueError):
    """Reading fails, and the check too, with a message that has all these parts."""
    with pytest.raises(error) as caught:
        read(cls, folder)
    for message in messages:
        assert message in str(caught.value)
    if error is ValueError:
        wrong = [f.message for f in cls(root=folder).check([1]) if f.status == "wrong"]
        assert wrong == [str(caught.value)]


def log_variance(X):
    return np.log(np.var(X, axis=2))


@pytest.mark.filterwarnings("ignore:Limited .* annotation:RuntimeWarning")
@pytest.mark.parametrize(
    ("cls", "protocols"),
    [
        (SEED, ["cross-session", "cross-subject"]),
        (SEEDIV, ["cross-session"]),
        (SEEDV, ["cross-subject"]),
        (SEEDVII, ["cross-subject"]),
    ],
)
def test_benchmark(cls, protocols, tmp_path):
    size = {"seconds": 1} if cls is SEEDV else {"n_times": 220}
    folder = WRITERS[cls](tmp_path, **size)
    pipeline = make_pipeline(
        FunctionTransformer(log_variance), LinearDiscriminantAnalysis()
    )
    scores = run_benchmark(
        cls(root=folder),
        {"lda": pipeline},
        paradigm=EmotionParadigm(window=1.0, fmin=None, fmax=None, sfreq=200.0),
        protocols=protocols,
    )
    assert (scores["error"] == "").all()
    lda = scores[scores["pipeline"] == "lda"]
    assert set(protocols) <= set(lda["protocol"])
    assert set(lda["subject"]) == {"1", "2"}
    # There is nothing to find in noise.
    chance = 1 / len(cls().tasks["emotion"])
    assert abs(lda["accuracy"].mean() - chance) < 0.15
    assert ("cross-subject-stimulus" in set(lda["protocol"])) or cls is not SEED


def test_declares_its_facts(cls):
    dataset = cls()
    assert dataset.paradigm == "emotion" and "emotion" in dataset.tasks
    assert dataset.tasks.get("intensity", ()) == ()
    assert len(dataset.tasks) == (2 if cls is SEEDVII else 1)
    assert set(dataset.event_id) == set(dataset.tasks["emotion"])
    assert dataset.n_sessions == len(dataset.labels)
    for session in dataset.labels:
        assert set(session) <= set(dataset.tasks["emotion"])
    assert dataset.subject_list == list(dataset.everyone)
    with pytest.raises(FileNotFoundError, match=f"{cls.__name__}.*no downloader"):
        dataset.data_path(1)


def test_labels_of_seed():
    names = {-1: "negative", 0: "neutral", 1: "positive"}
    assert SEED.labels == 3 * (tuple(names[label] for label in SEED_LABELS),)


def test_labels_of_seed_iv():
    """The first and last five of each session, and 18 clips of each emotion."""
    neutral, sad, fear, happy = SEEDIV().tasks["emotion"]
    first, second, third = SEEDIV.labels
    assert first[:5] == (sad, fear, happy, neutral, fear)
    assert first[-5:] == (happy, neutral, happy, neutral, happy)
    assert second[:5] == (fear, sad, happy, neutral, neutral)
    assert second[-5:] == (happy, neutral, sad, happy, sad)
    assert third[:5] == (sad, fear, fear, sad, happy)
    assert third[-5:] == (neutral, fear, neutral, sad, neutral)
    everything = first + second + third
    assert {everything.count(name) for name in set(everything)} == {18}


def test_labels_of_seed_v():
    names = ("disgust", "fear", "sad", "neutral", "happy")
    assert SEEDV.labels == tuple(tuple(names[c] for c in line) for line in SEED_V_CODES)


def test_labels_of_seed_vii():
    everything = sum(SEEDVII.labels, ())
    counts = {name: everything.count(name) for name in set(everything)}
    assert counts.pop("neutral") == 8 and set(counts.values()) == {12}
    assert everything[:3] == ("happy", "neutral", "disgust")
    assert everything[59:62] == ("happy", "disgust", "sad")


@pytest.mark.parametrize("version", ["5", "7", "7.3"])
def test_seed_reads_what_was_written(version, tmp_path):
    sessions = read(SEED, write_seed(tmp_path, (1, 2), version=version), 2)
    assert list(sessions) == ["0", "1", "2"]
    for session, runs in sessions.items():
        assert list(runs) == [str(trial) for trial in range(15)]
        for trial in (0, 14):
            raw = runs[str(trial)]
            written = seed_clip(2, int(session), trial, 8)
            assert_allclose(raw.get_data(), written * 1e-6, rtol=1e-12)
            assert raw.info["sfreq"] == 200
            (annotation,) = raw.annotations
            assert annotation["onset"] == 0
            assert annotation["duration"] == pytest.approx(raw.n_times / 200)
            emotion = ("positive", "negative")[trial // 14]
            assert annotation["description"] == emotion
            assert dict(annotation["extras"]) == {
                "trial": trial,
                "stimulus": f"clip{trial + 1:02d}",
                "emotion": emotion,
            }


def test_channels(folder, cls):
    raw = read(cls, folder)["0"]["0"]
    assert EmotionParadigm().channels_of(cls(root=folder)) == raw.ch_names
    assert [name.upper() for name in raw.ch_names] == list(SEED_CHANNELS)
    assert raw.ch_names[:3] == ["Fp1", "Fpz", "Fp2"] and "CPz" in raw.ch_names
    assert set(raw.get_channel_types()) == {"eeg"}
    assert raw.info["chs"][0]["unit"] == mne.io.constants.FIFF.FIFF_UNIT_V
    assert raw.info["bads"] == []
    positions = raw.get_montage().get_positions()["ch_pos"]
    placed = [name for name in positions if np.isfinite(positions[name]).all()]
    assert set(raw.ch_names) - set(placed) == {"CB1", "CB2"}
    assert positions["F7"][0] < 0 < positions["F8"][0]
    assert positions["O1"][1] < 0 < positions["Fp1"][1]


def test_stimuli(folder, cls):
    """Clips repeat across the sessions of SEED only."""
    shown = [
        [fact["stimulus"] for fact in trial_facts(runs)]
        for runs in read(cls, folder).values()
    ]
    assert all(len(set(clips)) == len(clips) for clips in shown)
    if cls is SEED:
        assert shown[0] == shown[1] == shown[2]
    else:
        assert len(set(sum(shown, []))) == len(sum(shown, []))
        assert shown[1][0] == f"clip{len(shown[0]) + 1}"


def test_trials_count_from_zero_in_each_session(folder, cls):
    for session, runs in read(cls, folder).items():
        facts = trial_facts(runs)
        labels = cls.labels[int(session)]
        assert [e["trial"] for e in facts] == list(range(len(labels)))
        assert tuple(e["emotion"] for e in facts) == labels


def test_sessions_are_in_the_order_of_dates(tmp_path):
    folder = write_seed(tmp_path, (1,))
    path = folder / "Preprocessed_EEG" / "1_20131027.mat"
    path.rename(path.with_name("1_20140101.mat"))
    raw = read(SEED, folder)["2"]["3"]
    assert_allclose(raw.get_data(), seed_clip(1, 0, 3, 8) * 1e-6, rtol=1e-12)


def test_seed_v_reads_what_was_written(tmp_path):
    """Subject 2 had session 2 first; the names of files say which is which."""
    sessions = read(SEEDV, write_seed_v(tmp_path), 2)
    for session, runs in sessions.items():
        raw = runs["0"]
        assert raw.info["sfreq"] == 1000
        written = noise(2, int(session), shape=(raw.n_times, 66))
        signals = raw.get_data(picks=["Fp1", "Cz", "CB2"], stop=500)
        names = [*SEED_CHANNELS[:32], "M1", *SEED_CHANNELS[32:41], "M2"]
        names += SEED_CHANNELS[41:]
        columns = [names.index(name) for name in ("FP1", "CZ", "CB2")]
        assert_allclose(signals, written[:500, columns].T * 1e-6, atol=1e-8)
        onsets = 0.5 + np.cumsum([0, *(14 * [1.5 + int(session)])])
        onsets += np.cumsum([0, *(0.5 * (np.arange(14) % 2))])
        assert_allclose(raw.annotations.onset, onsets)
        assert_allclose(raw.annotations.duration, 1 + 0.5 * (np.arange(15) % 2))


@pytest.mark.parametrize("dtype", ["<i2", "<i4"])
def test_seed_v_numbers(dtype, tmp_path):
    folder = write_seed_v(tmp_path, (1,), seconds=0.1, dtype=dtype)
    raw = read(SEEDV, folder)["0"]["0"]
    written = noise(1, 0, shape=(raw.n_times, 66))
    assert_allclose(raw.get_data("Fp1")[0], written[:, 0] * 1e-6, atol=1e-8)


def test_seed_v_header_that_contradicts_the_size(tmp_path):
    folder = write_seed_v(tmp_path, (1,), seconds=0.1)
    path = folder / FIRST[SEEDV]
    content = bytearray(path.read_bytes())
    (n_times,) = struct.unpack_from("<i", content, 864)
    struct.pack_into("<i", content, 864, n_times - 1)
    path.write_bytes(content)
    signal = read(SEEDV, folder)["0"]["0"].get_data("Fp1", stop=n_times - 1)[0]
    written = noise(1, 0, shape=(n_times, 66))[:-1, 0]
    assert_allclose(signal, written * 1e-6, atol=1e-8)


def test_pickles(folder, cls):
    dataset = pickle.loads(pickle.dumps(cls(root=folder)))
    assert dataset.subject_list == [1]
    assert len(dataset.data_path(1)) == len(cls(root=folder).data_path(1))


def test_upper_and_lower_case(folder, cls):
    for path in sorted(folder.rglob("*"), key=lambda p: -len(p.parts)):
        path.rename(path.with_name(path.name.swapcase()))
    assert cls(root=folder).subject_list == [1]
    assert len(read(cls, folder)) == cls().n_sessions
    assert {f.status for f in cls(root=folder).check([1])} == {"ok"}


def test_same_name_twice(folder, cls):
    path = folder / FIRST[cls]
    n_files = len(list(path.parent.iterdir()))
    path.with_name(path.name.swapcase()).write_bytes(b"")
    if len(list(path.parent.iterdir())) == n_files:
        pytest.skip("upper and lower case are the same here")
    with pytest.raises(ValueError, match=r"Keep (one|what)"):
        cls(root=folder).data_path(1)


def test_extra_files(folder, cls):
    path = folder / FIRST[cls]
    path.with_name("x" + path.name).write_text("")
    path.with_name(path.name + ".part").write_text("")
    assert cls(root=folder).subject_list == [1]
    assert len(read(cls, folder)) == cls().n_sessions


def test_files_that_come_with_seed_v(tmp_path):
    folder = write_seed_v(tmp_path, (1,), seconds=0.1)
    for name in ("Channel Order.xlsx", "Read me.txt", "channel_62_pos.locs"):
        (folder / name).write_text("")
    assert {f.status for f in SEEDV(root=folder).check([1])} == {"ok"}
    (folder / "notes.txt").write_text("")
    odd = [f.file for f in SEEDV(root=folder).check([1]) if f.status == "odd"]
    assert odd == ["notes.txt"]


def test_missing_subject(folder, cls):
    assert cls(root=folder).subject_list == [1]
    with pytest.raises(FileNotFoundError, match=f"is not in the {cls.__name__} folder"):
        cls(root=folder).data_path(2)
    with pytest.raises(ValueError, match="has the subjects 1 to"):
        cls(root=folder).data_path(0)


@pytest.mark.parametrize("cls", [SEED, SEEDIV, SEEDV], indirect=True)
def test_missing_session(folder, cls):
    path = folder / FIRST[cls]
    others = sorted(set(path.parent.parent.rglob("1_*")) - {path})
    others[-1].unlink()
    refuses(cls, folder, "is not in the", error=FileNotFoundError)
    statuses = [f.status for f in cls(root=folder).check([1])]
    assert statuses.count("missing") == 1 and statuses.count("ok") >= 2


@pytest.mark.parametrize("cls", [SEED, SEEDIV, SEEDV], indirect=True)
def test_too_many_recordings(folder, cls):
    path = folder / FIRST[cls]
    path.with_name(path.stem[:-2] + "29" + path.suffix).write_bytes(b"")
    with pytest.raises(ValueError, match=r"got .*Keep"):
        cls(root=folder).data_path(1)


def test_features_in_place_of_recordings(tmp_path):
    (tmp_path / "ExtractedFeatures_1s").mkdir()
    path = tmp_path / "ExtractedFeatures_1s"
    write_mat(path / "1_20131027.mat", {"de_LDS1": np.ones((62, 2, 5))})
    message = r"Preprocessed_EEG/1_<date>\.mat is not in"
    for root in (tmp_path, path):
        with pytest.raises(FileNotFoundError, match=message):
            SEED(root=root).data_path(1)


@pytest.mark.parametrize("share", [0, 0.001, 0.5, 0.99])
def test_truncated_file(folder, cls, share):
    path = folder / FIRST[cls]
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    refuses(cls, folder, str(path), "damaged, incomplete", "Copy it anew")


def test_text_with_the_right_name(folder, cls):
    path = folder / FIRST[cls]
    path.write_text("0.1 0.2 0.3\n" * 1000)
    refuses(cls, folder, str(path), "of another format")


def change(cls, folder, number, value):
    """Replace a clip in the first file of subject 1."""
    path = folder / FIRST[cls]
    width = {SEED: 15, SEEDIV: 24, SEEDVII: 80}[cls]
    prefix = {SEED: "djc_eeg", SEEDIV: "cz_eeg", SEEDVII: ""}[cls]
    clips = {f"{prefix}{n}": noise(n, shape=(62, 8)) for n in range(1, width + 1)}
    if value is None:
        del clips[f"{prefix}{number}"]
    else:
        clips[f"{prefix}{number}"] = value
    return write_mat(path, clips)


@pytest.mark.parametrize("cls", MATLAB, indirect=True)
def test_missing_clip(folder, cls):
    path = change(cls, folder, 7, None)
    refuses(cls, folder, str(path), "should have one variable each of", "got [")


@pytest.mark.parametrize("cls", [SEED, SEEDIV], indirect=True)
def test_clip_twice(folder, cls):
    path = change(cls, folder, 7, noise(0, shape=(62, 8)))
    names = [f"{p}_eeg{n}" for p in ("a", "b") for n in range(1, 16)]
    write_mat(path, {name: np.ones((62, 3)) for name in names})
    refuses(cls, folder, str(path), "should have one variable each of")


@pytest.mark.parametrize("cls", MATLAB, indirect=True)
@pytest.mark.parametrize("shape", [(61, 8), (8, 62), (62, 8, 2), (62, 0)])
def test_wrong_shape(folder, cls, shape):
    path = change(cls, folder, 7, np.zeros(shape))
    refuses(
        cls, folder, str(path), "(62, n)", f"got {shape}", "eeg7" * (cls in MATLAB[:2])
    )


@pytest.mark.parametrize("cls", MATLAB, indirect=True)
@pytest.mark.parametrize(
    "value", [np.zeros((62, 8), np.int16), "text", 1j * np.eye(62)]
)
def test_wrong_type(folder, cls, value):
    path = change(cls, folder, 7, value)
    refuses(cls, folder, str(path), "should be", "Use the files of the data set")


@pytest.mark.parametrize("cls", MATLAB, indirect=True)
@pytest.mark.parametrize("value", [np.nan, -np.inf])
def test_not_finite(folder, cls, value):
    """Only reading notices; a check does not read values."""
    clip = np.zeros((62, 8))
    clip[2, 5] = value
    path = change(cls, folder, 7, clip)
    with pytest.raises(ValueError, match=f"got {value} in channel Fp2, sample 5") as e:
        read(cls, folder)
    assert str(path) in str(e.value)
    assert {f.status for f in cls(root=folder).check([1])} == {"ok"}


def test_wrong_labels(tmp_path):
    folder = write_seed(tmp_path, (1,))
    path = folder / "Preprocessed_EEG" / "label.mat"
    write_mat(path, {"label": np.arange(15.0)[None]})
    refuses(SEED, folder, str(path), "should be [1, 0, -1", "got [0.0, 1.0")
    path.unlink()
    assert len(read(SEED, folder)) == 3


def test_wrong_channels(tmp_path):
    folder = write_seed_v(tmp_path, (1,), seconds=0.1)
    path = folder / FIRST[SEEDV]
    names = [*SEED_CHANNELS, "M1", "M2", "HEO", "VEO"]
    names[5] = "XX"
    write_cnt(path, noise(0, shape=(20_000, 66)), names=names)
    refuses(SEEDV, folder, str(path), "got none of the name F7 among FP1")


def test_wrong_rate(tmp_path):
    folder = write_seed_v(tmp_path, (1,), seconds=0.1)
    path = folder / FIRST[SEEDV]
    content = bytearray(path.read_bytes())
    content[376:378] = (200).to_bytes(2, "little")
    path.write_bytes(content)
    refuses(SEEDV, folder, str(path), "should be sampled at 1000 Hz, got 200 Hz")


def test_recording_shorter_than_its_clips(tmp_path):
    folder = write_seed_v(tmp_path, (1,), seconds=0.1)
    path = write_cnt(folder / FIRST[SEEDV], noise(0, shape=(3000, 66)))
    message = f"{path} should last .* s, .*got 3 s"
    with pytest.raises(ValueError, match=message):
        read(SEEDV, folder)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("Session 2", "Sitting 2", "should say 'Session 2:'"),
        ("[0.5, ", "[", "session 1: should have 15 starts and ends"),
        ("[0.5, ", "[0.5, x, ", "session 1: could not convert"),
        ("[0.5, ", "[99, ", "in the order of time"),
        ("Session 1", "\x00", "should say 'Session 1:'"),
    ],
)
def test_times_that_make_no_sense(old, new, message, tmp_path):
    folder = write_seed_v(tmp_path, (1,), seconds=0.1)
    path = folder / "trial_start_end_timestamp.txt"
    path.write_text(path.read_text().replace(old, new, 1))
    refuses(SEEDV, folder, str(path), message)


def test_times_that_are_no_text(tmp_path):
    folder = write_seed_v(tmp_path, (1,), seconds=0.1)
    path = folder / "trial_start_end_timestamp.txt"
    path.write_bytes(b"\xff\xfe\x80" * 20)
    refuses(SEEDV, folder, str(path), "should be text in UTF-8")
    path.unlink()
    refuses(SEEDV, folder, f"{path.name} is not in", error=FileNotFoundError)


def test_continuous_labels(tmp_path):
    folder = write_seed_vii(tmp_path)
    labels = SEEDVII(root=folder).continuous_labels(2)
    assert list(labels) == ["0", "1", "2", "3"]
    assert all(list(trials) == list(range(20)) for trials in labels.values())
    assert_allclose(labels["2"][5], noise(2, 46, shape=(1, 3))[0] % 1)


def test_continuous_labels_that_are_wrong(tmp_path):
    folder = write_seed_vii(tmp_path, (1,))
    dataset = SEEDVII(root=folder)
    path = folder / "continuous_labels" / "1.mat"
    labels = {str(n): np.ones((1, 3)) for n in range(1, 81)}
    for value, message in [
        (np.ones((2, 3)), r"\(1, n\), got \(2, 3\)"),
        (np.array([[np.nan]]), "got nan in row 0, value 0"),
        ("text", "array stored in that file"),
    ]:
        write_mat(path, labels | {"9": value})
        with pytest.raises(ValueError, match=message):
            dataset.continuous_labels(1)
    path.unlink()
    with pytest.raises(FileNotFoundError, match=r"continuous_labels/1\.mat is not in"):
        dataset.continuous_labels(1)
    with pytest.raises(ValueError, match="subjects 1 to 20"):
        dataset.continuous_labels(21)
    assert len(read(SEEDVII, folder)) == 4  # only a regression needs them


def test_intensity_of_windows(tmp_path):
    """Each window gets the mean of the ratings over its time."""
    folder = write_seed_vii(tmp_path, (1,))
    dataset = SEEDVII(root=folder)
    dataset.subject_list = [1]
    paradigm = EmotionParadigm(task="intensity", window=None, fmin=None, fmax=None)
    with pytest.raises(ValueError, match="give window="):
        paradigm.get_data(dataset)
    runs = read(SEEDVII, folder)
    shortest = min(
        raw.times[-1] for session in runs.values() for raw in session.values()
    )
    paradigm = EmotionParadigm(
        task="intensity", window=shortest / 3, fmin=None, fmax=None
    )
    _, y, metadata = paradigm.get_data(dataset)
    ratings = dataset.continuous_labels(1)
    assert ((y >= 0) & (y <= 1)).all()
    for (session, trial), part in metadata.assign(y=y).groupby(["session", "trial"]):
        own = ratings[session][trial]
        assert (
            own.min() - 1e-9 <= part["y"].min() <= part["y"].max() <= own.max() + 1e-9
        )
    (folder / "continuous_labels" / "1.mat").unlink()
    with pytest.raises(ValueError, match="no rating of intensity"):
        paradigm.get_data(SEEDVII(root=folder))

import numpy as np
import pytest
from folders_deap import (
    CHEAP,
    EMOEEGMC_SHAPE,
    messages,
    noise,
    refuses,
    statuses,
    write_emoeegmc,
)
from numpy.testing import assert_allclose

from eegemo.datasets import EmoEEGMC
from eegemo.evaluation import run_benchmark
from eegemo.paradigm import EmotionParadigm

HINT = "Use the files of the derivatives as they are"
NAME = "derivatives/sub-01/ses-ima/eeg/sub-01_ses-ima_task-emotion_reorder.npy"


@pytest.fixture(autouse=True)
def no_setting(monkeypatch):
    monkeypatch.delenv("MNE_DATASETS_EMOEEGMC_PATH", raising=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Subjects 1, 2 and 60, who lacks trials, as the data set has them."""
    folder = tmp_path_factory.mktemp("ds005540")
    for context in ("ima", "vid"):
        write_emoeegmc(folder, 1, context)
        trials_first = noise(EMOEEGMC_SHAPE, 2, "f2").transpose(1, 0, 2)
        write_emoeegmc(folder, 2, context, trials_first)
        few = noise((64, 7 if context == "ima" else 9, 6000), 60, "f2")
        write_emoeegmc(folder, 60, context, few, extra_folder=False)
    for kind in ("de", "psd", "ica"):
        name = f"sub-01_ses-ima_task-emotion_{kind}.npy"
        (folder / "derivatives/sub-01/ses-ima/eeg" / name).write_bytes(b"")
    return folder


@pytest.mark.parametrize("subject", [1, 2])
def test_reads_what_was_written(folder, subject):
    sessions = EmoEEGMC(root=folder).get_data(subjects=[subject])[subject]
    assert list(sessions) == ["0imagery", "1video"]
    written = noise(EMOEEGMC_SHAPE, subject, "f2").astype(float)
    for session, runs in sessions.items():
        assert list(runs) == [str(trial) for trial in range(21)]
        for trial, raw in enumerate(runs.values()):
            assert raw.ch_names[:3] == ["Fp1", "Fpz", "Fp2"]
            assert len(raw.ch_names) == 64 and raw.ch_names[-1] == "TP10"
            assert raw.ch_names == list(EmoEEGMC.channels)
            assert raw.info["sfreq"] == 200
            assert_allclose(raw.get_data(), written[:, trial] * 1e-6, rtol=1e-14)
            (extras,) = raw.annotations.extras
            assert extras["stimulus"].startswith(session[1:] + "-")


def test_labels(folder):
    """In the order that the description of the data set documents."""
    runs = EmoEEGMC(root=folder)._get_single_subject_data(1)["1video"]
    facts = [dict(raw.annotations.extras[0]) for raw in runs.values()]
    assert facts[0] == {
        "trial": 0,
        "stimulus": "video-sad4",
        "emotion": "sadness",
        "valence": "negative",
    }
    emotions = list(dict.fromkeys(fact["emotion"] for fact in facts))
    assert emotions == [
        *("sadness", "disgust", "fear", "neutral", "joy", "tenderness", "inspiration")
    ]
    assert [facts[i]["stimulus"] for i in (1, 2, 9, 20)] == [
        *("video-sad5", "video-sad8", "video-neu4", "video-ins8")
    ]
    signs = [fact["valence"] for fact in facts]
    assert signs == ["negative"] * 9 + ["neutral"] * 3 + ["positive"] * 9


def test_subject_who_lacks_trials(folder):
    sessions = EmoEEGMC(root=folder)._get_single_subject_data(60)
    stimuli = {
        session: [raw.annotations.extras[0]["stimulus"] for raw in runs.values()]
        for session, runs in sessions.items()
    }
    shown = "sad4 dis4 dis5 neu4 neu5 neu8 ten4".split()
    assert stimuli["0imagery"] == [f"imagery-{name}" for name in shown]
    shown = "sad4 dis4 dis5 neu4 neu5 neu8 ten4 ten5 ins4".split()
    assert stimuli["1video"] == [f"video-{name}" for name in shown]


def test_from_one_context_to_the_other(folder):
    dataset = EmoEEGMC(root=folder)
    dataset.subject_list = [1]
    paradigm = EmotionParadigm("valence", window=10.0, channels=["Fz", "Cz", "Pz"])
    scores = run_benchmark(
        dataset, CHEAP, paradigm=paradigm, protocols=["cross-session"]
    )
    assert (scores["error"] == "").all()
    assert set(scores["session"]) == {"0imagery", "1video"}
    assert (scores["n_train"] == 63).all() and (scores["n_test"] == 63).all()
    assert not scores["marks"].str.contains("stimulus-seen").any()


def test_without_a_folder():
    dataset = EmoEEGMC()
    assert dataset.subject_list == [s for s in range(1, 61) if s != 55]
    assert dataset.code == "EmoEEG-MC" and dataset.n_sessions == 2
    with pytest.raises(FileNotFoundError, match="MNE_DATASETS_EMOEEGMC_PATH.*ds005540"):
        dataset.get_data([1])


def test_check(folder):
    assert EmoEEGMC(root=folder).subject_list == [1, 2, 60]
    found = statuses(EmoEEGMC(root=folder), [1, 3, 60])
    assert found == {
        NAME: "ok",
        NAME.replace("ses-ima", "ses-vid"): "ok",
        NAME.replace("sub-01", "sub-03"): "missing",
        NAME.replace("sub-01", "sub-60").replace("eeg/", ""): "ok",
        NAME.replace("sub-01", "sub-60").replace("eeg/", "").replace("ima", "vid"): (
            "ok"
        ),
    }


def test_subject_left_out(folder):
    with pytest.raises(ValueError, match="got 55"):
        EmoEEGMC(root=folder).data_path(55)
    assert "subject 55" in EmoEEGMC.__doc__


def test_other_case(tmp_path):
    path = write_emoeegmc(tmp_path, 1, "ima", np.zeros((64, 21, 6000), "f2"))
    path.rename(path.with_name(path.name.upper()))
    assert EmoEEGMC(root=tmp_path).subject_list == [1]
    missing = "ses-vid/eeg/sub-01_ses-vid_task-emotion_reorder.npy is not in"
    refuses(EmoEEGMC(root=tmp_path), 1, missing, error=FileNotFoundError)


def test_other_number_of_trials(tmp_path):
    """Which trials there are would be a guess."""
    path = write_emoeegmc(tmp_path, 56, "ima", np.zeros((64, 18, 6000), "f2"))
    write_emoeegmc(tmp_path, 56, "vid", np.zeros((64, 21, 6000), "f2"))
    part = "should have the shape (19, 64, 6000), got (18, 64, 6000)"
    refuses(EmoEEGMC(root=tmp_path), 56, str(path), part, HINT)
    assert part in messages(EmoEEGMC(root=tmp_path), "wrong", [56])[0]


@pytest.mark.parametrize(
    ("data", "part"),
    [
        (np.zeros((64, 21, 10)), "shape (21, 64, 6000), got (21, 64, 10)"),
        (np.zeros((62, 21, 10)), "shape (21, 64, 6000)"),
        (np.zeros((64, 21)), "shape (21, 64, 6000), got (64, 21)"),
        (np.zeros((64, 21, 6000), "i1"), "should be of type"),
        (np.array([None]), "cannot be read as a file of NumPy"),
        (np.array([{"de": np.zeros(3)}]), "cannot be read as a file of NumPy"),
    ],
)
def test_wrong_contents(tmp_path, data, part):
    path = write_emoeegmc(tmp_path, 1, "ima", data)
    write_emoeegmc(tmp_path, 1, "vid", np.zeros(3))
    refuses(EmoEEGMC(root=tmp_path), 1, str(path), part)
    assert part in messages(EmoEEGMC(root=tmp_path), "wrong", [1])[0]


@pytest.mark.parametrize(
    "content",
    [b"", b"text" * 99, b"PK\x03\x04" + bytes(99), b"../.git/annex/objects/K4/x"],
)
def test_no_array(tmp_path, content):
    """As a link of git-annex without its content looks where there are no links."""
    path = write_emoeegmc(tmp_path, 1, "ima", np.zeros(3))
    write_emoeegmc(tmp_path, 1, "vid", np.zeros(3))
    path.write_bytes(content)
    refuses(EmoEEGMC(root=tmp_path), 1, str(path), "a link of git-annex")


def test_truncated(tmp_path):
    path = write_emoeegmc(tmp_path, 1, "ima", np.zeros((64, 21, 60)))
    write_emoeegmc(tmp_path, 1, "vid", np.zeros(3))
    path.write_bytes(path.read_bytes()[:-8])
    refuses(EmoEEGMC(root=tmp_path), 1, str(path), "damaged, incomplete")


def test_random_damage(tmp_path):
    """Whatever byte of the header is wrong, the clear error comes out."""
    rng = np.random.default_rng(0)
    path = write_emoeegmc(tmp_path, 1, "ima", np.zeros((64, 21, 6)))
    write_emoeegmc(tmp_path, 1, "vid", np.zeros(3))
    good = path.read_bytes()
    for place in range(100):
        bad = bytearray(good)
        bad[place] = rng.integers(256)
        path.write_bytes(bad)
        with pytest.raises(ValueError, match="sub-01_ses-ima_task"):
            EmoEEGMC(root=tmp_path)._get_single_subject_data(1)


def test_not_finite(tmp_path):
    data = np.zeros(EMOEEGMC_SHAPE, "f2")
    data[9, 4, 77] = np.inf
    path = write_emoeegmc(tmp_path, 1, "ima", data)
    write_emoeegmc(tmp_path, 1, "vid", data)
    what = "got inf in trial 4, channel F3, sample 77"
    refuses(EmoEEGMC(root=tmp_path), 1, str(path), what)

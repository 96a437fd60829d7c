import numpy as np
import pytest
from fakes import SFREQ, MixedRecordings, RatedDataset
from moabb.analysis.results import get_pipeline_digest
from moabb.evaluations import WithinSessionEvaluation
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.dummy import DummyClassifier
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline

from eegemo.covariance import Covariances
from eegemo.datasets import SimulatedEmotion, trial_annotations
from eegemo.paradigm import EmotionParadigm
from eegemo.riemann import MDM

RAW = {"fmin": None, "fmax": None}


def raw_of(dataset, subject=1, session="0", run="0"):
    return dataset._get_single_subject_data(subject)[session][run]


@pytest.mark.parametrize("window, stride", [(1.0, None), (2.0, 0.5), (0.25, 0.1)])
def test_windows_are_slices_of_their_trial(window, stride):
    """Unfiltered windows equal the recording, exactly, in microvolts."""
    data = RatedDataset(n_subjects=1)
    X, _, metadata = EmotionParadigm(window=window, stride=stride, **RAW).get_data(data)
    raw = raw_of(data).get_data(picks="eeg") * 1e6
    length = round(window * SFREQ)
    assert X.shape == (len(metadata), 2, length)
    for x, row in zip(X, metadata.itertuples(), strict=True):
        start = round(row.onset * SFREQ)
        assert_array_equal(x, raw[:, start : start + length])
        trial_start = data.ONSETS[row.trial]
        assert row.onset >= trial_start
        assert row.onset + window <= trial_start + data.SECONDS[row.trial] + 1e-9
        assert row.duration == window
        assert row.stimulus == f"clip{row.trial}"


def test_number_of_windows():
    """1-s windows: 4 + 5 + 7 + 4, less the one that meets the bad annotation."""
    _, _, metadata = EmotionParadigm(window=1.0, **RAW).get_data(RatedDataset(1))
    assert metadata["trial"].value_counts(sort=False).to_dict() == {
        0: 4,
        1: 5,
        2: 6,
        3: 4,
    }


@pytest.mark.parametrize("sfreq", [64.0, 100.0, 50.0, 128.0, 62.5])
def test_exact_sample_counts_after_resampling(sfreq):
    X, _, _ = EmotionParadigm(window=2.0, sfreq=sfreq).get_data(RatedDataset(1))
    assert X.shape[2] == 2 * sfreq


class NumberedByRun(RatedDataset):
    """Each run begins with trial 0 again."""

    def _get_single_subject_data(self, subject):
        return {"0": {str(run): self._raw(subject, run) for run in range(2)}}


class NumberedAllAlike(RatedDataset):
    """All trials have the number 0."""

    def _raw(self, subject, session):
        raw = super()._raw(subject, session)
        for extra in raw.annotations.extras:
            if "trial" in extra:
                extra["trial"] = 0
        return raw


@pytest.mark.parametrize(
    "dataset, message",
    [
        (NumberedByRun(1), "session 0 has a trial 0 of run 0 and of 1. Number the"),
        (NumberedAllAlike(1), "a trial 0 of stimulus clip0 and of clip1 and of"),
    ],
)
def test_two_trials_of_one_number_are_refused(dataset, message):
    with pytest.raises(ValueError, match=message):
        EmotionParadigm(window=1.0).get_data(dataset)


@pytest.mark.parametrize("name", ["trial", "stimulus"])
def test_trial_without_identity_is_refused(name):
    facts = {"trial": 0, "stimulus": "clip", "emotion": "calm"}
    del facts[name]
    with pytest.raises(ValueError, match=f"annotation 0 lack {name}: without"):
        trial_annotations([0.0], [1.0], ["trial"], [facts])


def test_metadata_identify_every_window():
    _, _, metadata = EmotionParadigm(window=1.0).get_data(RatedDataset(2, 2))
    columns = ["subject", "session", "run", "trial", "stimulus", "onset", "duration"]
    assert metadata.columns.tolist() == columns
    assert not metadata.duplicated(["subject", "session", "run", "onset"]).any()
    assert metadata.groupby(["subject", "session"])["trial"].nunique().eq(4).all()
    assert metadata.index.equals(metadata.index.sort_values())


def test_bad_second_is_left_out():
    data = RatedDataset(n_subjects=1)
    _, _, metadata = EmotionParadigm(window=0.5, **RAW).get_data(data)
    end = metadata["onset"] + metadata["duration"]
    assert not ((metadata["onset"] < 13.7 - 1e-9) & (end > 13.5 + 1e-9)).any()


@pytest.mark.parametrize(
    "task, threshold, expected",
    [
        ("valence", None, ["low", "low", "high", "high"]),  # 5.0 is high: at least 5
        ("valence", 5.5, ["low", "low", "low", "high"]),
        ("arousal", None, ["high", "low", "high", "low"]),
        ("quadrant", None, ["LVHA", "LVLA", "HVHA", "HVLA"]),
        (None, None, ["low", "low", "high", "high"]),
    ],
)
def test_labels_from_ratings(task, threshold, expected):
    paradigm = EmotionParadigm(task=task, threshold=threshold, window=2.0)
    _, y, metadata = paradigm.get_data(RatedDataset(1))
    assert_array_equal(y, np.array(expected)[metadata["trial"]])
    assert list(paradigm.used_events(RatedDataset(1)).values()) == list(
        range(1, 1 + len(RatedDataset(1).tasks[task or "valence"]))
    )


def test_filter_equals_mne():
    data = RatedDataset(n_subjects=1)
    X, _, metadata = EmotionParadigm(window=2.0, fmin=4, fmax=30).get_data(data)
    raw = raw_of(data).pick("eeg").filter(4, 30, method="iir", verbose=False)
    start = round(metadata["onset"][3] * SFREQ)
    assert_allclose(X[3], raw.get_data()[:, start : start + 200] * 1e6, rtol=1e-12)


def test_fmax_at_nyquist_is_left_out():
    data = RatedDataset(n_subjects=1)
    at_nyquist = EmotionParadigm(window=2.0, fmin=4, fmax=50).get_data(data)[0]
    none = EmotionParadigm(window=2.0, fmin=4, fmax=None).get_data(data)[0]
    assert_array_equal(at_nyquist, none)


def test_channels_in_the_order_asked_for():
    data = RatedDataset(n_subjects=1)
    both = EmotionParadigm(window=2.0, channels=["Cz", "Fz"]).get_data(data)[0]
    assert_array_equal(both[:, ::-1], EmotionParadigm(window=2.0).get_data(data)[0])
    with pytest.raises(ValueError, match="no channel Pz; it has Fz, Cz"):
        EmotionParadigm(channels=["Pz"], window=2.0).get_data(data)


def test_epochs_hold_the_same_windows():
    data = RatedDataset(n_subjects=2)
    paradigm = EmotionParadigm(window=2.0)
    X, y, metadata = paradigm.get_data(data)
    epochs, y_epochs, metadata_epochs = paradigm.get_data(data, return_epochs=True)
    assert_allclose(epochs.get_data(copy=False) * 1e6, X, rtol=1e-12)
    assert_array_equal(y_epochs, y)
    assert metadata_epochs.equals(metadata)
    assert epochs.metadata["trial"].tolist() == metadata["trial"].tolist()


def test_postprocessing_is_applied_per_recording():
    data = RatedDataset(n_subjects=2)
    paradigm = EmotionParadigm(window=2.0)
    X, _, _ = paradigm.get_data(data)
    C, _, _ = paradigm.get_data(data, postprocess_pipeline=Covariances("oas"))
    assert_allclose(C, Covariances("oas").transform(X), rtol=1e-12)


def test_whole_trials_need_equal_lengths():
    data = SimulatedEmotion(n_subjects=1, n_sessions=1, n_trials=3, trial_seconds=5.0)
    X, _, metadata = EmotionParadigm(window=None).get_data(data)
    assert X.shape == (3, 16, 640)
    assert metadata["duration"].eq(5.0).all()
    with pytest.raises(ValueError, match="400 to 500 samples.*give window="):
        EmotionParadigm(window=None).get_data(RatedDataset(1))


@pytest.mark.parametrize(
    "change",
    [
        {"task": "arousal"},
        {"window": 1.0},
        {"stride": 0.5},
        {"fmin": 1.0},
        {"fmax": 40.0},
        {"sfreq": 50.0},
        {"channels": ["Fz"]},
        {"threshold": 6.0},
    ],
    ids=str,
)
def test_every_parameter_is_in_the_key_of_moabb(change):
    before = {"window": 2.0}
    keys, texts = set(), set()
    for parameters in (before, before | change):
        paradigm = EmotionParadigm(**parameters)
        (steps,) = paradigm.make_process_pipelines(RatedDataset(1))
        keys.add(get_pipeline_digest(steps, MDM()))
        texts.add(repr(paradigm))
    assert len(keys) == len(texts) == 2


def test_parameters_of_postprocessing_are_in_the_key_of_moabb():
    keys = {
        get_pipeline_digest(
            EmotionParadigm().make_process_pipelines(
                RatedDataset(1), postprocess_pipeline=Covariances(name)
            )[0],
            MDM(),
        )
        for name in ("scm", "oas")
    }
    assert len(keys) == 2


@pytest.mark.parametrize(
    "parameters, message",
    [
        ({"window": 0}, "window"),
        ({"window": -1.0}, "window"),
        ({"fmin": 30, "fmax": 10}, "fmin=30 should be below fmax=10"),
        ({"window": None, "stride": 1.0}, "stride means nothing"),
        ({"scorer": "no_such_score"}, "no_such_score"),
    ],
)
def test_bad_parameters(parameters, message):
    with pytest.raises(ValueError, match=message):
        EmotionParadigm(**parameters)


def test_bad_requests():
    data = RatedDataset(n_subjects=1)
    with pytest.raises(ValueError, match="no task 'dominance'.*valence, arousal"):
        EmotionParadigm(task="dominance").get_data(data)
    with pytest.raises(ValueError, match="Trial 0 lasts 4 s, too short.*4.5 s"):
        EmotionParadigm(window=4.5).get_data(data)
    with pytest.raises(ValueError, match="labels windows, not recordings"):
        EmotionParadigm().get_data(data, return_raws=True)


def test_cropped_recording_keeps_its_trials():
    """Onsets count from the first sample, wherever the file's clock started."""
    data = RatedDataset(n_subjects=1)
    raw = raw_of(data)
    raw.set_meas_date(1e9)
    late = raw.copy().crop(0.5)
    data._get_single_subject_data = lambda subject: {"0": {"0": late}}
    X, _, metadata = EmotionParadigm(window=2.0, **RAW).get_data(data)
    assert metadata["onset"][0] == 0.5
    assert_array_equal(X[0], raw.get_data("eeg")[:, 100:300] * 1e6)


@pytest.mark.filterwarnings("ignore:Creating a dataset without")  # MOABB, of h5py
def test_runs_in_a_stock_evaluation(tmp_path):
    evaluation = WithinSessionEvaluation(
        paradigm=EmotionParadigm(),
        datasets=[SimulatedEmotion(n_subjects=2, n_sessions=1, n_trials=6)],
        cv_class=StratifiedGroupKFold,
        cv_kwargs={"shuffle": False},
        groups="trial",
        n_splits=2,
        hdf5_path=str(tmp_path),
        codecarbon_config={"country_iso_code": "FRA", "save_to_file": False},
    )
    results = evaluation.process(
        {"mdm": make_pipeline(Covariances("oas"), MDM()), "dummy": DummyClassifier()}
    )
    assert results["score"].between(0, 1).all()
    assert results.query("pipeline == 'dummy'")["score"].eq(1 / 3).all()


@pytest.mark.parametrize("what", ["sfreq", "channels"])
def test_recordings_that_differ_are_refused(what):
    data = MixedRecordings(what)
    for return_epochs in (False, True):
        with pytest.raises(ValueError, match=f"subject 2.*has {what}.*Give {what}="):
            EmotionParadigm(window=2.0).get_data(data, return_epochs=return_epochs)
    agree = {"sfreq": 50.0} if what == "sfreq" else {"channels": ["Fz"]}
    for return_epochs in (False, True):
        X, _, metadata = EmotionParadigm(window=2.0, **agree).get_data(
            data, return_epochs=return_epochs
        )
        assert len(X) == len(metadata)
        assert metadata.attrs["channels"] == agree.get("channels", ["Fz", "Cz"])
        assert metadata.attrs["sfreq"] == agree.get("sfreq", SFREQ)


@pytest.mark.parametrize("rating", [np.nan, None])
def test_missing_rating_is_no_low_rating(rating):
    data = RatedDataset(n_subjects=1)
    raw = raw_of(data)
    raw.annotations.extras[1]["valence"] = rating
    data._get_single_subject_data = lambda subject: {"0": {"0": raw}}
    with pytest.raises(ValueError, match="Trial 1 has no rating of valence"):
        EmotionParadigm(window=2.0).get_data(data)
    EmotionParadigm("arousal", window=2.0).get_data(data)


def test_emotion_that_is_no_class():
    data = SimulatedEmotion(n_subjects=1, n_sessions=1, n_trials=3)
    raw = raw_of(data)
    raw.annotations.extras[2]["emotion"] = "joy"
    data._get_single_subject_data = lambda subject: {"0": {"0": raw}}
    with pytest.raises(ValueError, match="Trial 2 has the emotion 'joy': none of neg"):
        EmotionParadigm().get_data(data)


def test_is_valid_only_for_emotion():
    data = RatedDataset(1)
    assert EmotionParadigm().is_valid(data)
    assert not EmotionParadigm(task="anger").is_valid(data)
    data.tasks = {}
    assert not EmotionParadigm().is_valid(data)
    data.paradigm = "imagery"
    assert not EmotionParadigm().is_valid(data)


def test_lists_the_data_sets():
    names = [type(dataset).__name__ for dataset in EmotionParadigm().datasets]
    assert "SimulatedEmotion" in names

import numpy as np
import pytest
from test_split_audit import metadata

from eegemo.evaluation import audit_split
from eegemo.evaluation._splitters import (
    StimulusFolds,
    SubjectStimulusFolds,
    n_class_folds,
    subject_and_stimulus,
)


@pytest.mark.parametrize("seed", range(5))
def test_folds_keep_trials_whole_and_have_all_classes(seed):
    frame = metadata(1, 1, n_trials=9)
    y = np.array(["a", "b", "c"])[frame["trial"] % 3]
    folds = StimulusFolds(5, shuffle=True, random_state=seed)
    tested = []
    for train, test in folds.split(frame, y, frame["stimulus"]):
        assert audit_split(train, test, frame)["trial"] == 0
        assert set(y[train]) == set(y[test]) == {"a", "b", "c"}
        tested.append(test)
    assert len(tested) == 3  # the rarest class has three stimuli
    assert sorted(np.concatenate(tested)) == list(range(len(frame)))


def test_folds_of_a_rare_class():
    assert n_class_folds(["a"] * 4 + ["b"] * 2, [0, 0, 1, 1, 2, 2], 5) == 1
    assert n_class_folds(["a"] * 4 + ["b"] * 2, range(6), 5) == 2
    assert n_class_folds(["a", "a"], [0, 1], 5) == 0
    y = np.array(["a", "a", "b"])
    assert list(StimulusFolds(5).split(np.zeros(3), y, np.arange(3))) == []


@pytest.mark.parametrize("seed", range(5))
def test_subject_stimulus_folds_share_neither(seed):
    frame = metadata(3, 2, n_trials=6)
    y = np.array(["a", "b"])[frame["trial"] % 2]
    groups = subject_and_stimulus(frame)
    folds = SubjectStimulusFolds(3, shuffle=True, random_state=seed)
    tested = []
    for train, test in folds.split(frame, y, groups):
        shared = audit_split(train, test, frame)
        assert not any(shared.values())
        assert frame["subject"].iloc[test].nunique() == 1
        assert set(y[train]) == set(y[test]) == {"a", "b"}
        tested.append(test)
    assert len(tested) == 9
    assert sorted(np.concatenate(tested)) == list(range(len(frame)))


def test_names_of_subjects_and_stimuli_may_hold_anything():
    frame = metadata(2, 1).astype({"subject": object})
    frame["subject"] = frame["subject"].map({0: "a-b", 1: "a|b c"})
    frame["stimulus"] += "-x|y"
    y = np.array(["a", "b"])[frame["trial"] % 2]
    for train, test in SubjectStimulusFolds(2).split(
        frame, y, subject_and_stimulus(frame)
    ):
        assert not any(audit_split(train, test, frame).values())


def test_stimuli_that_subjects_label_differently():
    """The most frequent label counts; even with one class, two folds are made."""
    frame = metadata(4, 1, n_trials=5)
    y = np.where(frame["trial"] < 3, "a", "b").astype(object)
    y[(frame["subject"] == 0).to_numpy()] = "a"
    groups = subject_and_stimulus(frame)
    folds = list(SubjectStimulusFolds(5).split(frame, y, groups))
    assert len(folds) == 4 * 2
    for train, test in folds:
        assert not any(audit_split(train, test, frame).values())
    one_class = np.full(len(frame), "a")
    assert len(list(SubjectStimulusFolds(5).split(frame, one_class, groups))) == 4 * 2

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import KFold, LeaveOneGroupOut, StratifiedGroupKFold

from eegemo.evaluation import audit_split


def metadata(n_subjects=2, n_sessions=2, n_trials=4, n_windows=3, stride=4.0):
    rows = [
        {
            "subject": s,
            "session": str(e),
            "run": "0",
            "trial": t,
            "stimulus": f"clip{t}",
            "onset": 100.0 * t + stride * w,
            "duration": 4.0,
        }
        for s in range(n_subjects)
        for e in range(n_sessions)
        for t in range(n_trials)
        for w in range(n_windows)
    ]
    return pd.DataFrame(rows)


def test_row_on_both_sides():
    shared = audit_split([0, 1, 2], [2, 3], metadata())
    assert shared["rows"] == 1 and shared["time"] == 1 and shared["trial"] == 1


@pytest.mark.parametrize(
    "stride, overlapping", [(4.0, 0), (3.9, 1), (2.0, 1), (1.0, 1)]
)
def test_overlapping_time(stride, overlapping):
    frame = metadata(stride=stride)
    assert audit_split([0], [1], frame)["time"] == overlapping


def test_overlap_counts_against_all_pairs():
    rng = np.random.default_rng(0)
    frame = metadata(1, 1, 1, 60)
    frame["onset"] = rng.uniform(0, 100, 60)
    frame["duration"] = rng.uniform(0.1, 9, 60)
    train, test = np.arange(25), np.arange(25, 60)
    begin, end = frame["onset"], frame["onset"] + frame["duration"]
    expected = sum(
        any(begin[a] < end[b] and end[a] > begin[b] for a in train) for b in test
    )
    assert 0 < expected < len(test)
    assert audit_split(train, test, frame)["time"] == expected


def test_the_same_time_of_another_run_is_no_overlap():
    frame = metadata(n_sessions=1)
    frame["run"] = frame["trial"].astype(str)
    frame["onset"] = frame["onset"] % 100
    assert audit_split(np.arange(3), np.arange(3, 6), frame)["time"] == 0


def test_splitters_of_scikit_learn():
    """What each splitter is known to share."""
    frame = metadata()
    y = frame["trial"] % 2
    train, test = next(KFold(3, shuffle=True, random_state=0).split(frame))
    assert audit_split(train, test, frame)["trial"] > 0

    trials = frame["subject"] * 100 + frame["trial"]
    for train, test in StratifiedGroupKFold(2).split(frame, y, trials):
        shared = audit_split(train, test, frame)
        assert shared["trial"] == shared["rows"] == shared["time"] == 0

    for train, test in LeaveOneGroupOut().split(frame, y, frame["subject"]):
        shared = audit_split(train, test, frame)
        assert shared["subject"] == shared["session"] == shared["trial"] == 0
        assert shared["stimulus"] == 4


def test_masks_and_frames_are_the_same_as_rows():
    frame = metadata()
    train, test = np.arange(10), np.arange(8, 20)
    mask = np.isin(np.arange(len(frame)), train)
    expected = audit_split(train, test, frame)
    assert audit_split(mask, test, frame) == expected
    assert audit_split(frame.iloc[train], frame.iloc[test]) == expected


def test_only_columns_that_are_there_are_compared():
    frame = metadata()[["subject", "trial"]]
    assert audit_split([0], [1], frame) == {"rows": 0, "subject": 1}


@pytest.mark.parametrize(
    "train, test, message",
    [
        ([], [1], "empty"),
        ([0], [10_000], "has 48 rows"),
        ([-1], [0], "run from -1"),
    ],
)
def test_bad_rows(train, test, message):
    with pytest.raises(ValueError, match=message):
        audit_split(train, test, metadata())


def test_frames_or_metadata_are_needed():
    with pytest.raises(ValueError, match="metadata"):
        audit_split([0], [1])

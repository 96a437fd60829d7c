import numpy as np
import pytest
from test_inner import windows
from test_runner import small

from eegemo.evaluation import audit_split, list_protocols, run_benchmark
from eegemo.evaluation._protocols import PROTOCOLS
from eegemo.evaluation._published_splitters import (
    CalibratedSubjects,
    ConsecutiveSubjects,
    FirstTrials,
    FirstTrialsOf24,
    PartsOfTrials,
    subject_and_trial,
    trial_and_onset,
)


def folds(splitter, metadata, y, groups):
    return list(splitter.split(np.zeros(len(y)), y, groups))


@pytest.mark.parametrize(
    "splitter, n_trials, n_train", [(FirstTrials, 15, 9), (FirstTrialsOf24, 24, 16)]
)
def test_first_trials_train(splitter, n_trials, n_train):
    metadata, y = windows(1, 1, n_trials)
    shuffled = metadata.sample(frac=1, random_state=0).reset_index(drop=True)
    ((train, test),) = folds(splitter(), shuffled, y, shuffled["trial"].to_numpy())
    assert sorted(shuffled["trial"].iloc[train].unique()) == list(range(n_train))
    assert sorted(shuffled["trial"].iloc[test].unique()) == list(
        range(n_train, n_trials)
    )
    metadata, y = windows(1, 1, n_trials - 1)
    with pytest.raises(
        ValueError, match=f"first {n_train} of {n_trials} .* session of"
    ):
        folds(splitter(), metadata, y, metadata["trial"].to_numpy())


@pytest.mark.parametrize("n, sizes", [(123, [12] * 9 + [15]), (10, [1] * 10)])
def test_consecutive_subjects(n, sizes):
    metadata, y = windows(n, 1, 2, 1)
    groups = metadata["subject"].to_numpy(str)
    tested = [
        metadata["subject"].iloc[test].unique()
        for train, test in folds(ConsecutiveSubjects(), metadata, y, groups)
    ]
    assert [len(names) for names in tested] == sizes
    assert np.concatenate(tested).tolist() == list(range(1, n + 1))  # 2 before 10
    with pytest.raises(ValueError, match="10 folds of subjects, got 9"):
        folds(ConsecutiveSubjects(), metadata, y[:9], np.arange(9))


@pytest.mark.parametrize("k", [1, 3])
def test_calibration_takes_the_first_trials_whole(k):
    metadata, y = windows(3, 2, 4)
    groups = subject_and_trial(metadata)
    found = folds(CalibratedSubjects(k), metadata, y, groups)
    assert len(found) == 3
    for subject, (train, test) in enumerate(found, start=1):
        assert audit_split(train, test, metadata)["trial"] == 0
        own = metadata.iloc[train].query("subject == @subject")
        assert own["session"].eq("0").all()
        assert sorted(own["trial"].unique()) == list(range(k))
        assert metadata["subject"].iloc[test].eq(subject).all()
        assert len(train) + len(test) == len(y)
    with pytest.raises(ValueError, match="has 8 trials, none of which is left"):
        folds(CalibratedSubjects(8), metadata, y, groups)


def test_parts_of_trials_leak_as_published():
    metadata, y = windows(1, 1, 3, n_windows=30)
    found = folds(PartsOfTrials(), metadata, y, trial_and_onset(metadata))
    assert len(found) == 10
    for train, test in found:
        assert audit_split(train, test, metadata)["trial"] == 3
        for _, part in metadata.iloc[test].groupby("trial"):
            assert np.diff(part["onset"]).tolist() == [4, 4]
    assert sorted(np.concatenate([t for _, t in found])) == list(range(len(y)))


def test_each_published_protocol_has_a_source():
    listed = list_protocols()
    assert list(listed) == list(PROTOCOLS)
    for name, protocol in PROTOCOLS.items():
        assert bool(protocol.source) == name.startswith(
            ("seed", "deap", "faced", "as-published")
        )
        leaks = "trial" not in protocol.forbidden
        assert leaks == ("leaky" in protocol.marks)
        assert leaks == protocol.summary.startswith("LEAKY")
        if leaks and protocol.source:
            assert name.startswith("as-published")


def test_protocol_of_another_data_set():
    with pytest.raises(ValueError, match="seed-9-6 is a protocol of SEED, not of"):
        run_benchmark(small(), ["cov-mdm"], protocols=["seed-9-6"])


def test_calibrated_rows_are_marked():
    data = small(n_subjects=2, n_sessions=1)
    options = {"protocols": ["cross-subject-calibrated"]}
    few, more = (
        run_benchmark(data, ["cov-mdm"], n_calibration=k, **options) for k in (1, 4)
    )
    for scores, k in (few, 1), (more, 4):
        assert scores["marks"].str.contains("calibrated").all()
        assert scores["n_test_trials"].eq(6 - k).all()
        assert scores["n_train_trials"].eq(6 + k).all()
        assert scores.attrs["runs"][0]["n_calibration"] == k


def test_published_protocol_that_leaks_is_marked():
    scores = run_benchmark(
        small(n_subjects=1, n_sessions=1),
        ["cov-mdm"],
        protocols=["as-published-10-fold"],
    )
    assert scores["marks"].str.contains("leaky").all()
    assert scores["fold"].nunique() == 4  # the rarest class has so many windows

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from test_inner import windows

from eegemo.datasets import SimulatedEmotion
from eegemo.evaluation import run_benchmark, summarize
from eegemo.evaluation._permuted_labels import permute
from eegemo.paradigm import EmotionParadigm


def ratings(metadata):
    """Labels by which each subject feels something else of a stimulus."""
    odd = (metadata["trial"] + metadata["subject"]) % 2
    return np.where(odd, "high", "low")


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("own", [True, False])
def test_windows_follow_their_trial_and_classes_keep_their_size(own, seed):
    metadata, y = windows()
    y = ratings(metadata) if own else y
    frame = metadata.assign(true=y, permuted=permute(y, metadata, seed))
    by_trial = frame.groupby(["subject", "session", "trial"])
    assert by_trial["permuted"].nunique().eq(1).all()
    for _, session in frame.groupby(["subject", "session"]):
        assert sorted(session["true"]) == sorted(session["permuted"])
    assert (frame["true"] != frame["permuted"]).any()
    assert_array_equal(permute(y, metadata, seed), frame["permuted"])


def test_stimuli_keep_one_label_for_all_who_saw_them():
    metadata, y = windows()
    same = []
    for seed in range(5):
        permuted = metadata.assign(label=permute(y, metadata, seed))
        assert permuted.groupby("stimulus")["label"].nunique().eq(1).all()
        of_first = permuted.query("subject == 1").groupby(["session", "trial"])["label"]
        first, second = of_first.first().to_numpy().reshape(2, -1)
        same.append((first == second).all())
    assert not all(same)  # each session has clips of its own


def test_ratings_are_permuted_in_each_session_anew():
    metadata, _ = windows()
    y = ratings(metadata)
    frame = metadata.assign(label=permute(y, metadata, 0))
    orders = {
        tuple(part.groupby("trial")["label"].first())
        for _, part in frame.groupby(["subject", "session"])
    }
    assert len(orders) > 4


def test_labels_of_subjects_are_permuted_among_them():
    metadata, _ = windows(n_subjects=8)
    y = np.where(metadata["subject"] > 4, "patient", "control")
    orders = set()
    for seed in range(5):
        permuted = permute(y, metadata, seed, label_per_subject=True)
        by_subject = metadata.assign(label=permuted).groupby("subject")["label"]
        assert by_subject.nunique().eq(1).all()
        orders.add(tuple(by_subject.first()))
        assert sorted(by_subject.first()) == 4 * ["control"] + 4 * ["patient"]
    assert len(orders) > 1


class FeltAnew(SimulatedEmotion):
    """Each clip is seen twice; of the last one, the subject does not feel the same."""

    VALENCE = (1.0, 1.0, 2.0, 2.0, 8.0, 8.0, 9.0, 4.0)

    def _get_single_subject_data(self, subject):
        data = super()._get_single_subject_data(subject)
        for extra in data["0"]["0"].annotations.extras:
            extra["stimulus"] = f"clip{extra['trial'] // 2}"
            extra["valence"] = self.VALENCE[extra["trial"]]
        return data


def test_permutations_that_allow_no_fold_are_left_out():
    """A class may be that of most trials of but one clip."""
    data = FeltAnew(n_subjects=1, n_sessions=1, n_trials=8, trial_seconds=4.0)
    scores = run_benchmark(
        data,
        ["de-svm"],
        paradigm=EmotionParadigm(task="valence"),
        protocols=["within-session"],
        n_permutations=12,
    )
    (run,) = scores.attrs["runs"]
    found = [bool(subjects) for subjects in run["permuted"]["de-svm"]]
    assert len(found) == 12 and set(found) == {True, False}
    assert summarize(scores)["p_permutation"].between(1 / 13, 1).all()


def test_known_clips_are_no_evidence():
    """Without emotion, but with a signature of each clip, which others have taught."""
    data = SimulatedEmotion(
        n_subjects=3, n_sessions=1, n_trials=12, effect=0, clip_effect=3
    )
    scores = run_benchmark(
        data, ["de-svm"], protocols=["cross-subject"], n_permutations=4
    )
    table = summarize(scores).query("pipeline == 'de-svm'").set_index("protocol")
    assert table.loc["cross-subject", "balanced_accuracy"] > 0.45
    assert table.loc["cross-subject", "p_permutation"] > 0.2  # not the least there is

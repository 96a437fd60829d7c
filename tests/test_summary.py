import numpy as np
import pandas as pd
import pytest

from eegemo.datasets import SimulatedEmotion
from eegemo.evaluation import run_benchmark, subject_scores, summarize
from eegemo.evaluation._summary import format_summary


def rows(pipeline, subject, matrices, marks="", session="0"):
    """One row per fold, of two classes."""
    return [
        {
            "dataset": "Toy",
            "protocol": "within-session",
            "task": "valence",
            "pipeline": pipeline,
            "subject": subject,
            "session": session,
            "fold": fold,
            "balanced_accuracy": 0.5,
            "roc_auc": 0.6,
            "chance": 0.5,
            "marks": marks,
            "error": "RuntimeError: no" if marks == "failed" else "",
            "fit_seconds": 2.0,
            "predict_seconds": 1.0,
            "test_trials": f"{3 * fold} {3 * fold + 1} {3 * fold + 2}",
            "confusion": str(matrix),
            "trial_confusion": str(matrix),
        }
        for fold, matrix in enumerate(matrices)
    ]


def test_folds_are_pooled_before_they_are_scored():
    """A majority vote scores chance, though folds of one class would give it more."""
    folds = [[[2, 0], [1, 0]], [[3, 0], [0, 0]], [[2, 0], [1, 0]]]
    frame = pd.DataFrame(rows("trivial", "1", folds) + rows("trivial", "2", folds))
    (row,) = summarize(frame).to_dict("records")
    assert row["balanced_accuracy"] == row["trial_balanced_accuracy"] == 0.5
    assert row["accuracy"] == pytest.approx(7 / 9)
    assert row["sd"] == 0 and row["n_subjects"] == 2 and row["n_trials"] == 18
    assert row["seconds"] == 3 * 2.0 + 6 * 1.0
    mean_of_folds = np.mean([0.5, 1.0, 0.5])
    assert mean_of_folds > row["balanced_accuracy"]


def test_spread_and_test_are_over_subjects():
    good, bad = [[[9, 1], [1, 9]]], [[[10, 0], [10, 0]]]
    frame = pd.DataFrame(
        [
            row
            for subject in "12345"
            for row in rows("trivial", subject, bad) + rows("good", subject, good)
        ]
    )
    summary = summarize(frame).set_index("pipeline")
    assert summary.loc["good", "balanced_accuracy"] == pytest.approx(0.9)
    assert summary.loc["good", "p_trivial"] == pytest.approx(1 / 2**5)
    assert np.isnan(summary.loc["trivial", "p_trivial"])


def test_chance_counts_trials():
    """Binomial bound at 5 %, by its definition; 100 windows of 15 trials stay 15."""
    from scipy.stats import binom

    folds = [[[50, 0], [50, 0]]] * 5
    (row,) = summarize(pd.DataFrame(rows("trivial", "1", folds))).to_dict("records")
    assert row["n_trials"] == 15
    lucky = round(row["chance_95"] * 15)
    assert binom.sf(lucky, 15, 0.5) <= 0.05 < binom.sf(lucky - 1, 15, 0.5)


def test_failed_test_sets_are_left_out_and_counted():
    frame = pd.DataFrame(
        rows("a", "1", [None, [[1, 0], [0, 1]]]), dtype=object
    ).replace({"confusion": {"None": "null"}, "trial_confusion": {"None": "null"}})
    frame.loc[0, ["error", "marks"]] = ["RuntimeError: no", "failed"]
    (row,) = summarize(frame).to_dict("records")
    assert row["n_failed"] == 1 and row["balanced_accuracy"] == 1.0
    assert row["marks"] == "failed"
    assert "failed = see the column error" in format_summary(summarize(frame))


def test_pipeline_that_failed_everywhere():
    frame = pd.DataFrame(
        [r for s in "123" for r in rows("trivial", s, [[[1, 0], [1, 0]]])]
        + [r for s in "123" for r in rows("bad", s, [None], "failed")]
        + [r for s in "123" for r in rows("good", s, [[[1, 0], [0, 1]]])]
    ).replace({"confusion": {"None": "null"}, "trial_confusion": {"None": "null"}})
    summary = summarize(frame).set_index("pipeline")
    assert np.isnan(summary.loc["bad", "balanced_accuracy"])
    assert summary.loc["bad", "n_failed"] == 3 and summary.loc["bad", "n_subjects"] == 0
    assert summary.loc["good", "p_trivial"] == pytest.approx(1 / 8)
    assert " - " in format_summary(summary.reset_index())


def test_subjects_who_lack_a_class_are_left_out():
    """Else the constant answer would beat chance, as it does in the mean of recalls."""
    both, one = [[3, 1], [3, 1]], [[4, 0], [0, 0]]
    frame = pd.DataFrame(
        rows("trivial", "1", [both])
        + rows("trivial", "2", [both, one])
        + rows("trivial", "3", [one])
        + rows("trivial", "4", [one])
    )
    (row,) = summarize(frame).to_dict("records")
    assert row["n_subjects"] == 2 and row["n_all_subjects"] == 4
    expected = ((3 / 4 + 1 / 4) + (7 / 8 + 1 / 4)) / 4
    assert row["balanced_accuracy"] == pytest.approx(expected)
    assert "2 subjects with every class, of 4" in format_summary(summarize(frame))

    nobody = summarize(pd.DataFrame(rows("trivial", "3", [one])))
    assert np.isnan(nobody["balanced_accuracy"][0]) and np.isnan(nobody["chance_95"][0])
    assert "0 subjects with every class, of 1" in format_summary(nobody)


def test_subjects_are_those_behind_the_means():
    """By hand; who lacks a class is left out, and runs stay apart."""
    weak, good, one = [[3, 1], [3, 1]], [[4, 0], [1, 3]], [[4, 0], [0, 0]]
    frame = pd.DataFrame(
        rows("a", "1", [weak, good])
        + rows("a", "2", [good], session="0")
        + rows("a", "2", [weak], session="1")
        + rows("a", "3", [one])
    )
    frame = pd.concat([frame, frame.assign(protocol="cross-session")])
    subjects = subject_scores(frame)
    assert subjects.columns[:5].tolist() == [
        *("dataset", "protocol", "task", "pipeline", "subject")
    ]
    assert subjects["subject"].tolist() == ["1", "2", "1", "2"]
    expected = [(7 / 8 + 4 / 8) / 2, ((1 + 3 / 4) / 2 + (3 / 4 + 1 / 4) / 2) / 2]
    np.testing.assert_allclose(subjects["balanced_accuracy"], 2 * expected)
    means = subjects.groupby("protocol", sort=False)["balanced_accuracy"].mean()
    np.testing.assert_array_equal(means, summarize(frame)["balanced_accuracy"])
    assert subject_scores(frame[:0]).empty and summarize(frame[:0]).empty


def test_file_gives_the_same_summary(tmp_path):
    data = SimulatedEmotion(n_subjects=3, n_sessions=1, n_trials=6, trial_seconds=8.0)
    scores = run_benchmark(
        data, ["cov-mdm"], protocols=["cross-subject"], output=tmp_path
    )
    from_file = summarize(pd.read_csv(tmp_path / "scores.csv"))
    pd.testing.assert_frame_equal(from_file, summarize(scores))
    skipped = [{"subject": "9", "session": "0"}]
    runs = [{"protocol": "cross-subject", "skipped": skipped}]
    text = format_summary(from_file, runs)
    assert "cross-subject-stimulus" in text and "chance 0.333" in text
    assert "trivial" in text and "Left out" in text and "9/0" in text
    assert max(map(len, text.splitlines())) < 120

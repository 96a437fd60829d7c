"""The null tests: what must not score, does not; what leaks, is shown to."""

import pytest

from eegemo.datasets import SimulatedEmotion
from eegemo.evaluation import audit_leakage, run_benchmark, summarize
from eegemo.evaluation._audit import format_audit


def balanced(scores, pipeline):
    summary = summarize(scores).query("pipeline == @pipeline").set_index("protocol")
    return summary[["balanced_accuracy", "chance", "n_trials"]]


@pytest.mark.parametrize("seed", [0, 1])
def test_null_fools_leaky_folds_only(seed):
    """Nothing to find: shuffled windows are near perfect, grouped folds at chance.

    The bound is 3.3 standard errors (0.1 %) of the share of right trials, a trial's
    windows being as good as one.
    """
    data = SimulatedEmotion(n_subjects=4, effect=0.0, seed=seed)
    grouped = ["within-session", "cross-session", "cross-subject"]
    scores = run_benchmark(
        data, ["de-1nn"], protocols=["window-leaky", *grouped], random_state=seed
    )
    table = balanced(scores, "de-1nn")
    assert table.loc["window-leaky", "balanced_accuracy"] > 0.9
    for protocol in [*grouped, "cross-subject-stimulus"]:
        score, chance, n_trials = table.loc[protocol]
        bound = 3.3 * (chance * (1 - chance) / n_trials) ** 0.5
        assert abs(score - chance) < bound, protocol
    leaky = scores.query("protocol == 'window-leaky'")
    assert leaky["marks"].eq("leaky").all()


def test_clips_fool_cross_subject_but_not_cross_subject_stimulus():
    """A component per clip, shared by all and unrelated to the emotion."""
    data = SimulatedEmotion(n_subjects=6, effect=0.0, clip_effect=3.0)
    scores = run_benchmark(data, ["de-svm"], protocols=["cross-subject"])
    table = balanced(scores, "de-svm")
    assert table.loc["cross-subject", "balanced_accuracy"] > 0.5
    assert table.loc["cross-subject-stimulus", "balanced_accuracy"] < 0.41
    seen = scores.query("protocol == 'cross-subject'")["marks"]
    assert seen.eq("stimulus-seen").all()


def test_permuted_labels_are_at_chance_in_grouped_folds_only():
    data = SimulatedEmotion(n_subjects=2, n_sessions=2)
    audit = audit_leakage(data, ["de-1nn"], n_permutations=2)
    table = audit.query("pipeline == 'de-1nn'").set_index("protocol")
    assert table.loc["window-leaky", "permuted"] > 0.9
    for protocol in ("within-session", "cross-subject", "cross-subject-stimulus"):
        assert table.loc[protocol, "permuted"] < 0.5
    assert table.loc["window-leaky", "marks"] == "leaky"
    assert audit["chance_95"].nunique() == 1  # a trial counts once, not once a fold
    trivial = audit.query("pipeline == 'trivial'").set_index("protocol")["permuted"]
    assert trivial["within-session"] == trivial["cross-subject"] == pytest.approx(1 / 3)

    text = format_audit(audit)
    assert "What shuffling windows" in text and "leaky" in text
    assert "with permuted labels" in text


def test_audit_of_one_subject_has_no_cross_subject():
    data = SimulatedEmotion(n_subjects=1, n_sessions=1, n_trials=6, trial_seconds=8.0)
    audit = audit_leakage(data, ["trivial"])
    assert audit["protocol"].tolist() == ["window-leaky", "within-session"]
    assert audit.attrs["permutations"] == [0] and audit.attrs["permutation"] is None
    assert [run["protocol"] for run in audit.attrs["runs"]] == audit[
        "protocol"
    ].tolist()


def test_audit_needs_a_permutation():
    with pytest.raises(ValueError, match="n_permutations should be at least 1, got 0"):
        audit_leakage(SimulatedEmotion(), n_permutations=0)

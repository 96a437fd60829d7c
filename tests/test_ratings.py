"""Ratings through the benchmark: scores, folds, nulls, searches and reports."""

import json

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy.stats import pearsonr
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import LinearRegression
from sklearn.metrics import mean_absolute_error, r2_score
from test_inner import windows

from eegemo.__main__ import main
from eegemo.datasets import SimulatedEmotion
from eegemo.evaluation import (
    audit_leakage,
    audit_split,
    make_report,
    merge_results,
    run_benchmark,
    summarize,
)
from eegemo.evaluation._comparisons import compare_pairs
from eegemo.evaluation._inner import inner_folds
from eegemo.evaluation._permuted_labels import permute
from eegemo.evaluation._pooling import pool_folds
from eegemo.evaluation._rating_scores import (
    predicted_ratings,
    rating_scores,
    rating_sums,
    scores_of_sums,
)
from eegemo.evaluation._scores import is_transductive, predict_scores
from eegemo.evaluation._splitters import (
    StimulusFolds,
    SubjectStimulusFolds,
    subject_and_stimulus,
)
from eegemo.evaluation._summary import _chance_95, format_summary
from eegemo.metrics import concordance_ccc
from eegemo.paradigm import EmotionParadigm
from eegemo.pipelines import make_named_pipeline

VALENCE = {"paradigm": EmotionParadigm(task="valence", target="rating")}


def small(**options):
    options = {"n_subjects": 3, "n_sessions": 1, "n_trials": 8} | options
    return SimulatedEmotion(trial_seconds=8.0, **options)


def predictions(seed=0, n=40):
    rng = np.random.default_rng(seed)
    y = np.repeat(rng.uniform(1, 9, n // 4), 4)
    return y, np.repeat(np.arange(n // 4), 4), 0.5 * y + rng.standard_normal(n)


@pytest.mark.parametrize("seed", range(5))
def test_scores_equal_those_of_others(seed):
    """Sums of squares lose a few digits of fifteen to the means."""
    y, trial, predicted = predictions(seed)
    scores = rating_scores(y, trial, predicted)
    for name, expected in [
        ("ccc", concordance_ccc(y, predicted)),
        ("r2", r2_score(y, predicted)),
        ("mae", mean_absolute_error(y, predicted)),
        ("pearson", pearsonr(y, predicted).statistic),
        ("trial_ccc", concordance_ccc(y[::4], predicted.reshape(-1, 4).mean(axis=1))),
    ]:
        assert_allclose(scores[name], expected, rtol=1e-11, err_msg=name)
    assert scores["chance"] == 0


def test_wild_predictions_are_scored():
    """However large, they do not make the ratings seem alike."""
    y, trial, predicted = predictions()
    scores = rating_scores(y, trial, 1e9 * predicted)
    assert 0 < scores["ccc"] < 1e-6 and scores["r2"] < -1e12
    assert_allclose(scores["pearson"], pearsonr(y, predicted).statistic, rtol=1e-9)


def test_constant_has_no_concordance():
    """Not even what rounding leaves, on which a test of signs would count."""
    y, trial, _ = predictions(n=4 * 7)
    assert rating_scores(y, trial, np.full(len(y), 4.7))["ccc"] == 0


def test_sums_of_folds_add_up():
    y, _, predicted = predictions()
    parts = [rating_sums(y[i::3], predicted[i::3]) for i in range(3)]
    whole = scores_of_sums(*2 * [rating_sums(y, predicted)])
    assert_allclose(
        list(scores_of_sums(*2 * [np.sum(parts, axis=0)]).values()),
        list(whole.values()),
        rtol=1e-12,
    )


def test_closed_forms():
    """Everything right; the mean; the mean of something else; nothing to tell."""
    y = np.array([1.0, 2.0, 3.0, 6.0])
    trial = np.arange(4)
    right = rating_scores(y, trial, y)
    assert (right["ccc"], right["r2"], right["mae"]) == (1.0, 1.0, 0.0)
    mean = rating_scores(y, trial, np.full(4, 3.0))
    assert mean["ccc"] == mean["r2"] == 0 and mean["pearson"] is None
    assert rating_scores(y, trial, np.full(4, 4.0))["r2"] < 0
    assert_allclose(rating_scores(y, trial, 2 * y)["pearson"], 1.0)
    alike = rating_scores(np.full(4, 5.1), trial, y)
    assert alike["ccc"] is alike["r2"] is alike["pearson"] is None
    assert_allclose(alike["mae"], np.abs(y - 5.1).mean())


@pytest.mark.parametrize("scale", [1e-8, 1.0, 1e8])
def test_scores_have_no_unit(scale):
    y, trial, predicted = predictions()
    scores = rating_scores(y, trial, predicted)
    scaled = rating_scores(scale * y, trial, scale * predicted)
    for name in ("ccc", "r2", "pearson", "trial_ccc"):
        assert_allclose(scaled[name], scores[name], rtol=1e-10)


def test_predictions_that_are_none():
    X = np.zeros((3, 2))
    assert predicted_ratings(np.ones((3, 1)), X).shape == (3,)
    with pytest.raises(ValueError, match=r"shape \(2,\) for 3 windows"):
        predicted_ratings([1, 2], X)
    with pytest.raises(ValueError, match="NaN or infinite"):
        predicted_ratings([1, np.nan, 2], X)


def test_windows_are_rated_one_by_one():
    class Centred(RegressorMixin, BaseEstimator):
        def predict(self, X):
            return (X - X.mean(axis=0)).sum(axis=1)

    rng = np.random.default_rng(0)
    X = rng.standard_normal((20, 3))
    plain = LinearRegression().fit(X, rng.standard_normal(20))
    for estimator, expected in [(plain, False), (Centred(), True)]:
        prediction = predict_scores(estimator, X, ())
        assert is_transductive(estimator, X, (), None, prediction) == expected


@pytest.mark.parametrize("seed", range(3))
def test_folds_of_ratings_have_low_and_high_ones(seed):
    metadata, _ = windows()
    rng = np.random.default_rng(seed)
    of_trial = rng.uniform(1, 9, 100)
    y = of_trial[metadata["trial"]]
    rows = metadata["subject"] == 1
    metadata, y = metadata[rows].reset_index(drop=True), y[rows]
    stimuli = metadata["stimulus"].to_numpy(str)
    folds = list(StimulusFolds(2, shuffle=True, random_state=seed).split(y, y, stimuli))
    assert len(folds) == 2
    halves = np.median([y[stimuli == name].mean() for name in np.unique(stimuli)])
    for train, test in folds:
        assert audit_split(train, test, metadata)["stimulus"] == 0
        for part in (train, test):
            assert y[part].min() < halves < y[part].max()


def test_folds_of_subjects_and_stimuli():
    metadata, _ = windows()
    y = np.random.default_rng(0).uniform(1, 9, 100)[metadata["trial"]]
    groups = subject_and_stimulus(metadata)
    folds = list(SubjectStimulusFolds(2, shuffle=True).split(y, y, groups))
    assert folds
    for train, test in folds:
        shared = audit_split(train, test, metadata)
        assert shared["subject"] == shared["stimulus"] == 0
    folds = inner_folds(metadata, y, ("subject", "stimulus"), 3, 0)
    assert len(folds) > 1
    for train, test in folds:
        shared = audit_split(train, test, metadata)
        assert shared["subject"] == shared["stimulus"] == 0


def test_courses_are_permuted_among_trials():
    """A shorter course is stretched, a longer one squeezed; in order of time."""
    trial = np.repeat([0, 1, 2], [4, 8, 2])
    metadata = pd.DataFrame(
        {"subject": 1, "session": "0", "trial": trial, "stimulus": trial.astype(str)}
    )
    y = np.r_[np.arange(4) / 4, 10 + np.arange(8) / 8, 20 + np.arange(2) / 2]
    seen = set()
    for seed in range(12):
        permuted = permute(y, metadata, seed)
        sources = [set(np.floor(permuted[trial == i] / 10)) for i in range(3)]
        assert all(len(source) == 1 for source in sources)
        assert sorted(min(source) for source in sources) == [0, 1, 2]
        for i in range(3):
            assert (np.diff(permuted[trial == i]) >= 0).all()
        seen.add(tuple(min(source) for source in sources))
    assert len(seen) > 2


def test_benchmark_of_ratings(tmp_path):
    """The ridge learns valence, and no more than chance where there is no effect."""
    options = VALENCE | {"protocols": ["within-session", "cross-subject"]}
    options |= {"pipelines": ["de-ridge", "de-svr"], "n_permutations": 2}
    scores = run_benchmark(small(), output=tmp_path, **options)
    assert scores.attrs["runs"][0]["classes"] == []
    table = summarize(scores).set_index(["protocol", "pipeline"])
    for protocol in ("within-session", "cross-subject"):
        assert table.loc[(protocol, "de-ridge"), "ccc"] > 0.2
        assert table.loc[(protocol, "trivial"), "ccc"] <= 1e-9
        assert (table.loc[protocol, "chance"] == 0).all()
    assert_allclose(table.loc[("cross-subject", "trivial"), "ccc"], 0, atol=1e-12)
    assert table["p_permutation"].between(1 / 3, 1).all()
    text = format_summary(summarize(scores))
    assert "ccc: concordance correlation coefficient" in text and "bal.acc" not in text
    classes = run_benchmark(
        small(),
        ["de-svm"],
        paradigm=EmotionParadigm(task="valence"),
        protocols=["within-session"],
    )
    make_report([tmp_path, classes], tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "concordance (CCC)" in page and "p by permutations" in page
    assert page.count("<h4>Confusion matrices</h4>") == 1  # of the classes
    assert "task valence rating" in page and "within-session, task valence<" in page


def test_pooled_scores_are_those_of_all_predictions(tmp_path):
    scores = run_benchmark(
        small(), ["de-ridge"], output=tmp_path, protocols=["within-session"], **VALENCE
    )
    sessions = pool_folds(scores).query("pipeline == 'de-ridge'").set_index("subject")
    for subject in "123":
        records = [
            json.loads(path.read_text())
            for path in tmp_path.glob(f"folds/*/*/*-{subject}.json")
        ]
        records = [r for r in records if r["pipeline"] == "de-ridge"]
        assert len(records) > 1
        y, predicted = (
            np.concatenate([r[name] for r in records]) for name in ("y_true", "y_pred")
        )
        expected = concordance_ccc(y, predicted)
        assert_allclose(sessions.loc[subject, "ccc"], expected, rtol=1e-10)


def test_nothing_to_learn():
    """Without effect no pipeline exceeds what a guess does in one run of twenty."""
    data = small(n_subjects=4, n_trials=10, effect=0.0)
    scores = run_benchmark(data, protocols=["cross-subject-stimulus"], **VALENCE)
    table = summarize(scores)
    assert (table["ccc"] < table["chance_95"]).all()


@pytest.mark.parametrize("n_sessions, n_trials", [(1, 12), (30, 4), (10, 20)])
def test_a_guess_exceeds_the_bound_in_one_run_of_twenty(n_sessions, n_trials):
    """Mean of Pearson's correlations of each session; 5 % ± 3 errors of 20 000 runs."""
    rng = np.random.default_rng(0)
    y, guess = rng.standard_normal((2, 20_000, n_sessions, n_trials))
    y, guess = (v - v.mean(axis=-1, keepdims=True) for v in (y, guess))
    r = (y * guess).sum(axis=-1)
    r /= np.sqrt((y**2).sum(axis=-1) * (guess**2).sum(axis=-1))
    bound = _chance_95(0.0, n_sessions * n_trials, n_sessions)
    assert_allclose((r.mean(axis=1) > bound).mean(), 0.05, atol=0.005)


def test_constant_does_not_beat_the_trivial_mean():
    """Which scores below 0 where folds are pooled, as it is high where ratings are low.

    The constant ties with what counts as 0, so that all signs are as good.
    """
    data = small(n_subjects=5, n_trials=10)
    constant = DummyRegressor(strategy="constant", constant=5.0)
    scores = run_benchmark(
        data, {"constant": constant}, protocols=["within-session"], **VALENCE
    )
    table = summarize(scores).set_index("pipeline")
    assert (pool_folds(scores).query("pipeline == 'trivial'")["ccc"] < -1e-3).all()
    assert table.loc["constant", "ccc"] == 0
    assert table.loc["constant", "p_trivial"] > 0.5
    (pair,) = compare_pairs(pool_folds(scores)).to_dict("records")
    assert pair["difference"] == 0 and pair["p"] > 0.5


def test_leak_shows_in_ratings():
    data = small(n_subjects=1, n_trials=12, effect=0.0)
    audit = audit_leakage(data, {"nearest": nearest()}, **VALENCE)
    audit = audit.query("pipeline == 'nearest'").set_index("protocol")
    assert audit.loc["window-leaky", "permuted"] > 0.6
    assert audit.loc["within-session", "permuted"] < 0.4


def nearest():
    from sklearn.neighbors import KNeighborsRegressor
    from sklearn.pipeline import Pipeline

    *head, _ = make_named_pipeline("de-ridge", 128).steps
    return Pipeline([*head, ("nearest", KNeighborsRegressor(1))])


def test_search_maximises_concordance():
    scores = run_benchmark(
        small(n_subjects=2),
        ["de-ridge"],
        protocols=["within-session"],
        param_grid={"de-ridge": {"ridge__alpha": [1.0, 1e9]}},
        **VALENCE,
    )
    chosen = scores.query("pipeline == 'de-ridge'")["best_params"]
    # with the larger one, all predictions are the mean
    assert set(chosen) == {'{"ridge__alpha": 1.0}'}


def test_shards_of_ratings_are_merged(tmp_path):
    whole = run_benchmark(
        small(), ["de-ridge"], protocols=["within-session"], **VALENCE
    )
    for subject in (1, 2, 3):
        part = small()
        part.subject_list = [subject]
        run_benchmark(
            part,
            ["de-ridge"],
            protocols=["within-session"],
            output=tmp_path / str(subject),
            **VALENCE,
        )
    merged = merge_results([tmp_path / str(s) for s in (1, 2, 3)])
    keys = ["pipeline", "subject", "test_trials"]
    one, other = (t.sort_values(keys)["ccc"].to_numpy() for t in (whole, merged))
    assert_allclose(one, other, rtol=1e-14)  # older pandas read the last digit wrong


@pytest.mark.parametrize(
    "pipelines, options, message",
    [
        (["de-svm"], VALENCE, "de-svm predict classes, but the target .* is ratings"),
        (["de-ridge"], {}, "de-ridge predict ratings, but the target .* is classes"),
    ],
)
def test_pipelines_that_predict_something_else(pipelines, options, message):
    with pytest.raises(ValueError, match=message):
        run_benchmark(small(), pipelines, **options)


def test_too_few_stimuli_for_folds():
    with pytest.raises(ValueError, match="every session has fewer than four stimuli"):
        run_benchmark(
            small(n_trials=3), ["de-ridge"], protocols=["within-session"], **VALENCE
        )


def test_classes_and_ratings_cannot_stand_in_one_table():
    class OnlyRatings(SimulatedEmotion):
        def __init__(self):
            super().__init__(n_subjects=2)
            self.tasks, self.code = {"emotion": ()}, "OnlyRatings"

    with pytest.raises(ValueError, match="run them one at a time"):
        run_benchmark([small(), OnlyRatings()])


def test_command(tmp_path, capsys):
    out = str(tmp_path / "out")
    command = "benchmark --task valence --target rating --pipelines de-ridge"
    command += " --protocol within-session --subjects 1 --n-splits 2 --output"
    assert main([*command.split(), out]) == 0
    assert "ccc" in capsys.readouterr().out
    command = "benchmark --task valence --threshold median --ties leave-out"
    command += " --pipelines de-svm --protocol within-session --subjects 1 --output"
    assert main([*command.split(), str(tmp_path / "other")]) == 0
    assert "bal.acc" in capsys.readouterr().out
    assert main(["report", out, "--output", str(tmp_path / "report.html")]) == 0
    assert main(["benchmark", "--target", "rating", "--output", out]) == 1
    assert "choose valence or arousal" in capsys.readouterr().err


@pytest.mark.parametrize(
    "options, message",
    [
        (["--threshold", "medium"], "'medium' is no finite number, nor 'median'"),
        (["--window", "long"], "'long' is no finite number"),
    ],
)
def test_command_says_what_is_no_number(options, message, capsys):
    with pytest.raises(SystemExit):
        main(["benchmark", *options])
    assert message in capsys.readouterr().err

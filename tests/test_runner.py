"""The benchmark runner: honest, complete, resumable, and never stale."""

import json
import socket
import subprocess
import sys
from dataclasses import replace
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
import sklearn
from fakes import (
    Counting,
    Failing,
    LabelsFaked,
    MixedSessions,
    NeedsDomain,
    RatedDataset,
)
from joblib import parallel_config
from moabb.evaluations.utils import Emissions
from sklearn.base import is_regressor
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import AdaBoostClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import SVC

from eegemo.adapt import EuclideanAlignment, Recenter, Rescale
from eegemo.covariance import AugmentedCovariances, Covariances
from eegemo.datasets import SimulatedEmotion
from eegemo.evaluation import _runner as runner
from eegemo.evaluation import audit_split, run_benchmark, summarize
from eegemo.evaluation._fingerprint import digest_estimator
from eegemo.evaluation._permutation import permutation_means
from eegemo.evaluation._protocols import PROTOCOLS
from eegemo.evaluation._summary import format_summary
from eegemo.paradigm import EmotionParadigm
from eegemo.pipelines import list_pipelines, make_named_pipeline
from eegemo.riemann import MDM, TangentSpace

COLUMNS = (
    "dataset protocol task pipeline subject session fold n_train n_test "
    "balanced_accuracy accuracy f1_macro roc_auc trial_balanced_accuracy chance marks "
    "fit_seconds predict_seconds"
).split()
GROUPED = ["within-session", "cross-session", "cross-subject", "cross-subject-stimulus"]
MEASURED = ["fit_seconds", "predict_seconds", "fit_bytes"]


def small(**parameters):
    defaults = {"n_subjects": 2, "n_sessions": 2, "n_trials": 6, "trial_seconds": 8.0}
    return SimulatedEmotion(**(defaults | parameters))


def same(a, b):
    pd.testing.assert_frame_equal(a.drop(columns=MEASURED), b.drop(columns=MEASURED))


@pytest.fixture(scope="module")
def scores():
    return run_benchmark(small(), ["cov-mdm"], protocols=GROUPED)


def test_columns_and_rows(scores):
    assert scores.columns[: len(COLUMNS)].tolist() == COLUMNS
    assert set(scores["pipeline"]) == {"trivial", "cov-mdm"}
    rows = scores.query("pipeline == 'cov-mdm'").groupby("protocol").size().to_dict()
    # two stimuli a class: two folds of each of 4 sessions; 2 subjects x 2 folds x 2
    assert rows == {
        "within-session": 8,
        "cross-session": 4,
        "cross-subject": 4,
        "cross-subject-stimulus": 8,
    }
    assert scores["balanced_accuracy"].between(0, 1).all()
    assert not scores["error"].any()
    json.dumps(scores.attrs)


@pytest.mark.parametrize("protocol", GROUPED)
def test_every_window_is_tested_once(scores, protocol):
    rows = scores.query("protocol == @protocol and pipeline == 'cov-mdm'")
    assert rows["n_test"].sum() == 2 * 2 * 6 * 2
    assert rows["n_test_trials"].sum() == 2 * 2 * 6


def test_trivial_baseline_is_at_chance(scores):
    trivial = scores.query("pipeline == 'trivial'")
    assert trivial["balanced_accuracy"].to_numpy() == pytest.approx(1 / 3)
    assert trivial["roc_auc"].eq(0.5).all()
    assert scores["chance"].eq(1 / 3).all()


def test_marks_say_where_clips_were_seen(scores):
    seen = scores["marks"].eq("stimulus-seen").groupby(scores["protocol"]).agg(set)
    assert seen.to_dict() == {
        "within-session": {False},
        "cross-session": {True},
        "cross-subject": {True},
        "cross-subject-stimulus": {False},
    }


def test_cross_subject_brings_the_stimulus_protocol_along():
    table = run_benchmark(small(n_sessions=1), ["trivial"], protocols=["cross-subject"])
    assert set(table["protocol"]) == {"cross-subject", "cross-subject-stimulus"}


def test_stimulus_protocol_stays_away_where_no_clip_repeats():
    class OwnClips(RatedDataset):
        def _raw(self, subject, session):
            raw = super()._raw(subject, session)
            for extra in raw.annotations.extras:
                if "stimulus" in extra:
                    extra["stimulus"] += f"-of-{subject}"
            return raw

    paradigm = EmotionParadigm(window=2.0, fmax=None)
    table = run_benchmark(
        OwnClips(), ["trivial"], paradigm=paradigm, protocols=["cross-subject"]
    )
    assert set(table["protocol"]) == {"cross-subject"}
    assert not table["marks"].any()


def test_folds_of_subjects():
    table = run_benchmark(
        small(n_subjects=4, n_sessions=1),
        ["trivial"],
        protocols=["cross-subject"],
        n_splits=2,
    ).query("protocol == 'cross-subject'")
    assert table["fold"].nunique() == 2
    assert sorted(table["subject"]) == ["1", "2", "3", "4"]
    assert table["n_train_trials"].eq(12).all()


def test_scores_equal_those_by_hand():
    """Leave-one-subject-out with scikit-learn alone gives the same numbers."""
    data = small(n_sessions=1)
    X, y, metadata = EmotionParadigm().get_data(data)
    C = Covariances("oas").transform(X)
    table = run_benchmark(data, ["cov-mdm"], protocols=["cross-subject"])
    rows = table.query("protocol == 'cross-subject' and pipeline == 'cov-mdm'")
    for row in rows.itertuples():
        test = metadata["subject"].astype(str).eq(row.subject).to_numpy()
        model = MDM().fit(C[~test], y[~test])
        assert row.accuracy == model.score(C[test], y[test])
        assert (row.n_train, row.n_test) == ((~test).sum(), test.sum())


def test_parallel_folds_give_the_same_table(scores):
    same(run_benchmark(small(), ["cov-mdm"], protocols=GROUPED, n_jobs=2), scores)


def test_grid_search_inside_a_fold():
    grid = GridSearchCV(
        make_pipeline(AugmentedCovariances(), TangentSpace("logeuclid"), SVC()),
        {"augmentedcovariances__order": [1, 2]},
        cv=2,
    )
    data = small(n_sessions=1, n_trials=9)
    table = run_benchmark(data, {"grid": grid}, protocols=GROUPED[:1])
    assert not table["error"].any()


# A test domain's labels, and noise.


def predictions(folder, pipeline, subject):
    records = [json.loads(path.read_text()) for path in folder.glob("folds/*/*/*.json")]
    return {
        (r["session"], tuple(r["test_trials"])): r["y_pred"]
        for r in records
        if r["pipeline"] == pipeline and r["subject"] == subject
    }


@pytest.mark.parametrize("protocol", ["cross-subject", "cross-subject-stimulus"])
def test_faked_labels_of_the_test_subject_change_no_prediction(tmp_path, protocol):
    parameters = {"n_subjects": 3, "n_sessions": 1, "n_trials": 6, "trial_seconds": 8.0}
    both = []
    for cls in (SimulatedEmotion, LabelsFaked):
        folder = tmp_path / cls.__name__
        run_benchmark(
            cls(**parameters), ["cov-ts-lr"], protocols=[protocol], output=folder
        )
        both.append(predictions(folder, "cov-ts-lr", str(LabelsFaked.FAKED)))
    honest, faked = both
    tested = {trial for key in honest for trial in key[1]}
    assert tested == set(range(6)) and honest == faked


def test_noise_scores_at_chance():
    """A binomial bound at 0.1 %: 2 classes, 96 test trials, each voted."""
    data = RatedDataset(n_subjects=12, n_sessions=2)
    paradigm = EmotionParadigm(task="arousal", window=1.0, fmax=None)
    table = run_benchmark(
        data, ["cov-mdm", "cov-ts-lr"], paradigm=paradigm, protocols=["cross-subject"]
    ).query("protocol == 'cross-subject'")
    for _, rows in table.query("pipeline != 'trivial'").groupby("pipeline"):
        assert rows["n_test_trials"].sum() == 96
        assert abs(rows["trial_balanced_accuracy"].mean() - 0.5) < 3.3 * 0.5 / 96**0.5


# Failures.


@pytest.mark.parametrize("where", ["fit", "predict"])
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_failing_pipeline_is_reported_and_the_others_go_on(where, n_jobs, tmp_path):
    pipelines = {
        "bad": make_pipeline(Covariances("oas"), Failing(where)),
        "good": make_pipeline(Covariances("oas"), MDM()),
    }
    table = run_benchmark(
        small(n_sessions=1),
        pipelines,
        protocols=["within-session"],
        output=tmp_path,
        n_jobs=n_jobs,
    )
    bad = table.query("pipeline == 'bad'")
    assert bad["error"].eq(f"RuntimeError: {where} went wrong").all()
    assert bad["marks"].eq("failed").all() and bad["balanced_accuracy"].isna().all()
    good = table.query("pipeline == 'good'")
    assert not good["error"].any() and good["balanced_accuracy"].notna().all()


class WrongLength(Failing):
    """Predicts too few labels."""

    def predict(self, X):
        return self.classes_[:1]


def test_wrong_number_of_predictions_is_reported():
    pipelines = {"bad": make_pipeline(Covariances("oas"), WrongLength("never"))}
    table = run_benchmark(small(n_sessions=1), pipelines, protocols=["within-session"])
    errors = table.query("pipeline == 'bad'")["error"]
    assert errors.str.contains("predict gave 1 labels for 6 windows").all()


@pytest.mark.parametrize(
    "pipeline",
    [
        make_pipeline(Covariances("oas"), TangentSpace(tsupdate=True), SVC()),
        GridSearchCV(
            make_pipeline(Covariances("oas"), TangentSpace(), SVC()),
            {"tangentspace__tsupdate": [True]},
            cv=2,
        ),
        make_pipeline(Covariances("oas"), Recenter("transductive"), MDM()),
        make_pipeline(Covariances("oas"), Recenter("online"), MDM()),
        make_pipeline(EuclideanAlignment("transductive"), Covariances("oas"), MDM()),
    ],
    ids=["pipeline", "search", "recentred", "online", "windows"],
)
def test_transductive_pipelines_are_marked(pipeline):
    """By what they do: a window is predicted on its own, and compared."""
    data = small(n_sessions=1, n_trials=9)
    table = run_benchmark(data, {"update": pipeline}, protocols=["within-session"])
    marked = table["marks"].eq("transductive").groupby(table["pipeline"]).all()
    assert marked.to_dict() == {"trivial": False, "update": True}
    assert not table["error"].any()


def test_alignment_by_training_data_is_not_transductive():
    pipeline = make_pipeline(Covariances("oas"), Recenter(), Rescale(), MDM())
    table = run_benchmark(
        small(n_sessions=1), {"training": pipeline}, protocols=["within-session"]
    )
    assert not table["marks"].str.contains("transductive").any()
    assert not table["error"].any()


# Domains.

RECENTRED = {
    "training": "cov-rct-ts-lr",
    "transductive": "cov-rct-transductive-ts-lr",
    "online": "cov-rct-online-ts-lr",
}


RATED = {"paradigm": EmotionParadigm(window=1.0, fmax=None)}


@pytest.fixture(scope="module")
def recentred():
    """Three subjects with two sessions of mixed noise, and the scores on it."""
    assert not sklearn.get_config()["enable_metadata_routing"]
    protocols = ["within-session", "cross-session", "cross-subject"]
    data = MixedSessions(n_subjects=3, n_sessions=2)
    pipelines = ["cov-ts-lr", *RECENTRED.values()]
    table = run_benchmark(data, pipelines, protocols=protocols, **RATED)
    assert not sklearn.get_config()["enable_metadata_routing"]
    assert not table["error"].any()
    return data, table


@pytest.mark.parametrize("protocol", ["cross-session", "cross-subject"])
@pytest.mark.parametrize("mode", RECENTRED)
def test_domains_reach_fit_and_predict(recentred, mode, protocol):
    """Subjects and sessions are recentred each on its own, and in order of time."""
    data, table = recentred
    X, y, metadata = RATED["paradigm"].get_data(data)
    subject = metadata["subject"].astype(str).to_numpy()
    session = metadata["session"].astype(str).to_numpy()
    for _, rows in metadata.groupby(["subject", "session"]):
        assert rows["onset"].is_monotonic_increasing
    domain = np.array([f"{a}-{b}" for a, b in zip(subject, session, strict=True)])
    C = Covariances("oas").transform(X)
    rows = table.query("protocol == @protocol and pipeline == @RECENTRED[@mode]")
    assert len(rows) == 6
    for row in rows.itertuples():
        of_subject = subject == row.subject
        test = of_subject & (session == row.session)
        train = of_subject & ~test if protocol == "cross-session" else ~of_subject
        recenter = Recenter(mode)
        tail = make_named_pipeline("cov-ts-lr", 128.0)[1:]
        tail.fit(recenter.fit_transform(C[train], domain=domain[train]), y[train])
        decision = tail.decision_function(
            recenter.transform(C[test], domain=domain[test])
        )
        # classes_ are high, low
        assert row.roc_auc == pytest.approx(roc_auc_score(y[test] == "low", decision))
    marked = rows["marks"].str.contains("transductive")
    assert marked.eq(mode != "training").all()


def test_modes_differ(recentred):
    """Else the test above could not fail."""
    rows = recentred[1].query("protocol == 'cross-subject' and pipeline != 'trivial'")
    wide = rows.pivot(index=["subject", "session"], columns="pipeline")["roc_auc"]
    for one in wide:
        others = wide.drop(columns=one)
        assert others.sub(wide[one], axis=0).abs().max().gt(0.01).all()


def test_domain_that_was_seen_is_not_followed(recentred):
    """Within a session its training windows say what it is: as if not recentred."""
    rows = recentred[1].query("protocol == 'within-session'").set_index("pipeline")
    for mode in ("training", "online"):
        auc = rows.loc[RECENTRED[mode], "roc_auc"].to_numpy()
        assert auc == pytest.approx(rows.loc["cov-ts-lr", "roc_auc"].to_numpy())
        assert rows.loc[RECENTRED[mode], "marks"].eq("").all()
    assert rows.loc[RECENTRED["transductive"], "marks"].eq("transductive").all()


def test_domains_reach_parallel_unhoisted_folds(recentred):
    data, expected = recentred
    pipelines = ["cov-ts-lr", *RECENTRED.values()]
    options = {"protocols": ["cross-session"], "n_jobs": 2, "hoist": False}
    with parallel_config("threading"):  # each has a configuration of its own
        table = run_benchmark(data, pipelines, **options, **RATED)
    expected = expected.query("protocol == 'cross-session'").reset_index(drop=True)
    same(*(each.drop(columns="train_bytes") for each in (table, expected)))


def requesting(step, *methods):
    with sklearn.config_context(enable_metadata_routing=True):
        for method in methods:
            step = getattr(step, f"set_{method}_request")(domain=True)
    return step


def test_request_is_part_of_what_a_result_depends_on():
    plain = make_pipeline(Covariances(), Recenter(), MDM())
    asks = make_pipeline(Covariances(), requesting(Recenter(), "fit"), MDM())
    again = make_pipeline(Covariances(), requesting(Recenter(), "fit"), MDM())
    assert digest_estimator(asks) == digest_estimator(again)
    assert digest_estimator(asks) != digest_estimator(plain)


def constant(estimator, X, y):
    return 0.5


@pytest.mark.parametrize("kind", ["pipeline", "search", "windows", "stateless"])
def test_every_step_that_requests_domains_gets_them(kind):
    domains = {"1/0", "1/1", "2/0", "2/1"}
    step = NeedsDomain(domains, stateless=kind == "stateless")
    step = requesting(step, "fit", "transform")
    steps = [Covariances("oas"), step, TangentSpace("logeuclid"), SVC()]
    if kind in ("windows", "stateless"):
        steps[:2] = steps[1::-1]
    pipeline = make_pipeline(*steps)
    if kind == "search":
        pipeline = GridSearchCV(pipeline, {"svc__C": [0.1, 1]}, scoring=constant, cv=2)
    data = RatedDataset(n_subjects=2, n_sessions=2)
    protocols = ["cross-session", "cross-subject"]
    table = run_benchmark(data, {"needs": pipeline}, protocols=protocols, **RATED)
    if kind == "search":  # one clip of a class is left to choose parameters by
        table = table.query("protocol != 'cross-subject-stimulus'")
    assert not table["error"].any()
    assert not table["marks"].str.contains("transductive").any()


class NamesDomains(DummyClassifier):
    """Cannot do without domains, when it learns or when it predicts."""

    def fit(self, X, y, domain):
        return super().fit(X, y)

    def predict(self, X, domain):
        assert len(domain) == len(X)
        return super().predict(X)


def test_classifier_that_requests_domains_gets_them():
    """In methods that it requests them for, not in predict_proba."""
    classifier = requesting(NamesDomains(), "fit", "predict")
    pipelines = {
        "alone": classifier,
        "last": make_pipeline(Covariances("oas"), TangentSpace("euclid"), classifier),
    }
    data = RatedDataset(n_subjects=1, n_sessions=2)
    table = run_benchmark(data, pipelines, protocols=["cross-session"], **RATED)
    assert not table["error"].any()


def test_meta_estimators_without_routing():
    """They go on as before, unless a step requests what they cannot hand over."""
    boosted = AdaBoostClassifier(n_estimators=2)
    recenter = requesting(Recenter(), "fit", "transform")
    steps = TangentSpace("logeuclid"), boosted
    pipelines = {
        "plain": make_pipeline(Covariances("oas"), *steps),
        "requests": make_pipeline(Covariances("oas"), recenter, *steps),
    }
    data = RatedDataset(n_subjects=1, n_sessions=2)
    table = run_benchmark(data, pipelines, protocols=["cross-session"], **RATED)
    errors = table.set_index("pipeline")["error"]
    assert not errors["plain"].any()
    assert errors["requests"].str.contains("AdaBoost.* not implement.*routing").all()


def test_recentring_helps_across_subjects():
    """By more than what two scores of 96 trials, a fair coin each, differ by at 5 %."""
    table = run_benchmark(
        SimulatedEmotion(n_subjects=4),
        ["cov-ts-lr", *RECENTRED.values()],
        protocols=["cross-subject-stimulus"],
        n_splits=3,
    )
    of_pipeline = table.groupby("pipeline")
    assert of_pipeline["n_test_trials"].sum().eq(96).all()
    score = of_pipeline["trial_balanced_accuracy"].mean()
    margin = 1.65 * (2 * 0.25 / 96) ** 0.5
    assert score[RECENTRED["transductive"]] > score["cov-ts-lr"] + margin
    assert score[RECENTRED["online"]] > score["cov-ts-lr"]
    assert score["trivial"] == pytest.approx(1 / 3)


def test_failing_head_is_reported():
    pipelines = {"bad": make_pipeline(AugmentedCovariances(order=900), MDM())}
    table = run_benchmark(small(n_sessions=1), pipelines, protocols=["within-session"])
    errors = table.query("pipeline == 'bad'")["error"]
    assert len(errors) and errors.str.contains("order=900 and lag=1 need").all()


def test_failed_fold_is_tried_again(tmp_path):
    """What was wrong with the machine may have been mended."""
    options = {"protocols": ["within-session"], "output": tmp_path}
    data, bad = small(n_sessions=1), make_pipeline(Covariances("oas"), Failing())
    run_benchmark(data, {"bad": bad}, **options)
    for path in tmp_path.glob("folds/*/*/*.json"):
        record = json.loads(path.read_text())
        assert record["pipeline"] == "trivial" or record["error"]
    before = {p: p.stat().st_mtime_ns for p in tmp_path.glob("folds/*/*/*.json")}
    run_benchmark(data, {"bad": bad}, **options)
    again = {p for p, t in before.items() if p.stat().st_mtime_ns != t}
    assert {json.loads(p.read_text())["pipeline"] for p in again} == {"bad"}


def test_session_of_one_class_is_left_out_and_said():
    class OneClass(RatedDataset):
        def _raw(self, subject, session):
            raw = super()._raw(subject, session)
            if subject == 1:
                for extra in raw.annotations.extras:
                    extra["valence"] = 9.0
            return raw

    paradigm = EmotionParadigm(window=1.0, fmax=None)
    table = run_benchmark(
        OneClass(), ["trivial"], paradigm=paradigm, protocols=["within-session"]
    )
    assert set(table["subject"]) == {"2"}
    (skipped,) = table.attrs["runs"][0]["skipped"]
    assert skipped["subject"] == "1" and skipped["stimuli"] == {"high": 4}
    text = format_summary(summarize(table), table.attrs["runs"])
    assert "Left out of within-session, subject/session: 1/0." in text


def test_windows_of_short_runs_are_not_left_out():
    """Each trial is a run of its own, so that all start at zero."""

    class RunsOfTrials(RatedDataset):
        def _get_single_subject_data(self, subject):
            raw = self._raw(subject, 0)
            trials = np.flatnonzero(raw.annotations.description == "trial")
            parts = zip(trials, self.ONSETS, self.SECONDS, strict=True)
            return {
                "0": {
                    str(i): raw.copy()
                    .set_annotations(raw.annotations[[i]])
                    .crop(onset - 0.5, onset + seconds + 0.5)
                    for i, onset, seconds in parts
                }
            }

    paradigm = EmotionParadigm(window=2.0, fmin=None, fmax=None)
    table = run_benchmark(
        RunsOfTrials(), ["trivial"], paradigm=paradigm, protocols=["window-leaky"]
    )
    assert table.attrs["runs"][0]["skipped"] == [] and len(table) > 2


@pytest.mark.parametrize(
    "data, options, message",
    [
        (small(n_subjects=1), {"protocols": ["cross-subject"]}, "two subjects"),
        (small(n_sessions=1), {"protocols": ["cross-session"]}, "two sessions"),
        (small(), {"protocols": ["no-such"]}, "choose from within-session"),
        (small(), {"protocols": "no-such"}, "Unknown protocol 'no-such'"),
        (small(), {"protocols": []}, "at least one data set and one protocol"),
        ([], {}, "at least one data set and one protocol"),
        ([small(), small()], {}, "two data sets have the same code"),
        (small(), {"n_splits": 1}, "n_splits"),
        (small(), {"n_splits": 9, "protocols": ["cross-subject"]}, "9 folds of 2"),
        (small(), {"dtype": "int8"}, "'float64' or 'float32', got 'int8'"),
        (small(), {"n_jobs": 0}, "n_jobs"),
        (small(), {"pipelines": {"trivial": MDM()}}, "give yours another name"),
        (
            small(),
            {"pipelines": {"a": "cov-mdm"}},
            "a should be an estimator, got a str",
        ),
        (
            small(),
            {"paradigm": EmotionParadigm(threshold=3)},
            "classes made of ratings",
        ),
        (small(), {"pipelines": ["no-such"]}, "Unknown pipelines no-such: choose"),
        (small(), {"paradigm": EmotionParadigm(task="fear")}, "has no task 'fear'"),
        (small(n_trials=3), {"protocols": ["within-session"]}, "no fold is possible"),
    ],
)
def test_bad_requests(data, options, message):
    with pytest.raises(ValueError, match=f"(?i){message}"):
        run_benchmark(data, **options)


def test_lambda_in_a_pipeline_is_refused():
    same_again = FunctionTransformer(lambda X: X)
    pipeline = make_pipeline(same_again, Covariances("oas"), MDM())
    with pytest.raises(ValueError, match="named functions instead of lambdas"):
        run_benchmark(small(), {"lambda": pipeline}, protocols=["within-session"])


def test_wrong_splitter_is_caught(monkeypatch):
    """A protocol whose folds share what it rules out stops the benchmark."""
    leaky = replace(PROTOCOLS["window-leaky"], forbidden=("trial",), marks=())
    monkeypatch.setitem(PROTOCOLS, "within-session", leaky)
    with pytest.raises(RuntimeError, match="share trial"):
        run_benchmark(small(), ["cov-mdm"], protocols=["within-session"], n_splits=2)


# Resuming, and never returning what is stale.


@pytest.mark.parametrize("protocol", ["within-session", "cross-subject"])
def test_interrupted_run_goes_on(tmp_path, protocol):
    data, fits = small(), tmp_path / "fits"
    options = {"protocols": [protocol], "output": tmp_path / "out"}
    limited = make_pipeline(Covariances("oas"), Counting(str(fits), limit=1))
    with pytest.raises(KeyboardInterrupt):
        run_benchmark(data, {"count": limited}, **options)
    fits.unlink()

    calm = make_pipeline(Covariances("oas"), Counting(str(fits)))
    first = run_benchmark(data, {"count": calm}, **options)
    n_fits = Counting.fits(fits)
    assert (
        n_fits
        == first.query("pipeline == 'count'")
        .groupby("protocol")["fold"]
        .nunique()
        .sum()
    )
    stored = sorted(options["output"].glob("folds/*/*/*.json"))
    for path in stored[: len(stored) // 2]:  # as if it had been killed half-way
        path.unlink()
    second = run_benchmark(data, {"count": calm}, **options)
    same(first, second)
    assert n_fits < Counting.fits(fits) < 2 * n_fits
    third = run_benchmark(data, {"count": calm}, **options)
    pd.testing.assert_frame_equal(second, third)
    assert pd.read_csv(options["output"] / "scores.csv").shape == third.shape
    # a truncated file, as a full disk leaves it, is computed again
    for content in (b'{"pipel', b"{}", b"\xff\xfe", b"[]"):
        sorted(options["output"].glob("folds/*/*/*.json"))[0].write_bytes(content)
        same(run_benchmark(data, {"count": calm}, **options), first)


BASE = {
    "data": {},
    "paradigm": {"window": 2.0},
    "options": {"random_state": 0, "n_splits": 2},
    "pipeline": {"estimator": "oas"},
}
CHANGES = [
    ("data", {"effect": 0.5}),
    ("data", {"seed": 1}),
    ("data", {"clip_effect": 1.0}),
    ("data", {"trial_seconds": 10.0}),
    ("paradigm", {"fmin": 1.0}),
    ("paradigm", {"fmax": 30.0}),
    ("paradigm", {"window": 4.0}),
    ("paradigm", {"stride": 1.0}),
    ("paradigm", {"sfreq": 100.0}),
    ("paradigm", {"channels": ["Fz", "Cz", "Pz", "Oz"]}),
    ("options", {"random_state": 1}),
    ("options", {"n_splits": 3}),
    ("options", {"permutation": 0}),
    ("options", {"dtype": "float32"}),
    ("pipeline", {"estimator": "lwf"}),
    ("pipeline", {"estimator_params": {"assume_centered": True}}),
]


def counted(folder, fits, **change):
    """Run the benchmark with one option changed; return how many fits it took."""
    settings = {part: BASE[part] | change.get(part, {}) for part in BASE}
    fits.write_text("")
    pipeline = make_pipeline(Covariances(**settings["pipeline"]), Counting(str(fits)))
    run_benchmark(
        small(n_subjects=1, n_sessions=1, n_trials=9, **settings["data"]),
        {"count": pipeline},
        paradigm=EmotionParadigm(**settings["paradigm"]),
        protocols=["within-session"],
        output=folder,
        **settings["options"],
    )
    return Counting.fits(fits)


@pytest.fixture(scope="module")
def computed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("computed")
    assert counted(folder / "out", folder / "fits") == 2
    assert counted(folder / "out", folder / "fits") == 0
    return folder


@pytest.mark.parametrize("part, change", CHANGES, ids=str)
def test_changed_option_returns_nothing_old(computed, part, change):
    n_fits = counted(computed / "out", computed / "fits", **{part: change})
    assert n_fits >= 2
    assert counted(computed / "out", computed / "fits") == 0  # the old ones are kept


def test_changed_splitter_returns_nothing_old(computed, tmp_path):
    fits = computed / "fits"
    fits.write_text("")
    pipeline = make_pipeline(Covariances("oas"), Counting(str(fits)))
    options = {"paradigm": EmotionParadigm(window=2.0), "output": computed / "out"}
    data = small(n_subjects=1, n_sessions=1, n_trials=9)
    options |= {"random_state": 0, "n_splits": 2, "protocols": ["window-leaky"]}
    table = run_benchmark(data, {"count": pipeline}, **options)
    assert Counting.fits(fits) == 2
    assert table["marks"].eq("leaky").all()


@pytest.mark.parametrize("name", ["SCORES", "__version__"])
def test_changed_scores_or_version_return_nothing_old(computed, monkeypatch, name):
    value = {"SCORES": runner.SCORES[::-1], "__version__": "another"}[name]
    monkeypatch.setattr(runner, name, value)
    assert counted(computed / "out", computed / "fits") == 2


def test_changed_threshold_returns_nothing_old(tmp_path):
    fits = tmp_path / "fits"
    pipeline = make_pipeline(Covariances("oas"), Counting(str(fits)))
    for threshold in (None, 4.95, 3.0):
        fits.write_text("")
        paradigm = EmotionParadigm(window=2.0, threshold=threshold, fmax=None)
        run_benchmark(
            RatedDataset(),
            {"count": pipeline},
            paradigm=paradigm,
            protocols=["cross-subject"],
            output=tmp_path / "out",
        )
        assert Counting.fits(fits) >= 2


def test_changed_recording_returns_nothing_old(tmp_path):
    """The same names and options, but another file behind them."""

    class Louder(RatedDataset):
        def _raw(self, subject, session):
            return super()._raw(subject, session).apply_function(lambda x: 2 * x)

    Louder.__name__ = Louder.__qualname__ = "RatedDataset"
    fits = tmp_path / "fits"
    pipeline = make_pipeline(Covariances("oas"), Counting(str(fits)))
    for cls in (RatedDataset, Louder):
        fits.write_text("")
        run_benchmark(
            cls(),
            {"count": pipeline},
            paradigm=EmotionParadigm(window=2.0, fmax=None),
            protocols=["within-session"],
            output=tmp_path / "out",
        )
        assert Counting.fits(fits) > 0


def test_changed_code_of_an_estimator_returns_nothing_old(tmp_path, monkeypatch):
    """Pickles hold the name of a class, not what it does."""
    monkeypatch.syspath_prepend(tmp_path)
    code = """
import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

class Mine(ClassifierMixin, BaseEstimator):
    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[{}])
"""
    tables = []
    for answer in (0, 1):
        (tmp_path / "mine.py").write_text(code.format(answer))
        script = f"""
import sys
sys.path[:0] = [{str(tmp_path)!r}]
from mine import Mine
from sklearn.pipeline import make_pipeline
from eegemo.covariance import Covariances
from eegemo.datasets import SimulatedEmotion
from eegemo.evaluation import run_benchmark

data = SimulatedEmotion(n_subjects=1, n_sessions=1, n_trials=6, trial_seconds=8.0)
pipeline = make_pipeline(Covariances("oas"), Mine())
out = {str(tmp_path / "out")!r}
run_benchmark(data, {{"mine": pipeline}}, protocols=["within-session"], output=out)
"""
        subprocess.run([sys.executable, "-c", script], check=True)
        tables.append(pd.read_csv(tmp_path / "out" / "scores.csv"))
    first, second = (t.query("pipeline == 'mine'")["confusion"] for t in tables)
    assert first.ne(second).all()


@pytest.mark.parametrize("file", [None, "<stdin>"])
def test_typed_code_returns_nothing_old(file, monkeypatch):
    """As in a notebook, where a cell may redefine a class and no file tells."""
    notebook = ModuleType("notebook")
    notebook.__file__ = file
    monkeypatch.setitem(sys.modules, "notebook", notebook)
    cell = (
        "from sklearn.dummy import DummyClassifier\nclass Mine(DummyClassifier):\n {}"
    )
    digests = []
    for body in ("pass", "def predict(self, X): return X[:, 0]"):
        exec(cell.format(body), vars(notebook))
        digests.append(digest_estimator(notebook.Mine()))
    assert digests[0] != digests[1]


def test_overwrite_computes_again(computed):
    (computed / "fits").write_text("")
    pipeline = make_pipeline(Covariances("oas"), Counting(str(computed / "fits")))
    options = {"paradigm": EmotionParadigm(window=2.0), "output": computed / "out"}
    options |= {"random_state": 0, "n_splits": 2, "protocols": ["within-session"]}
    data = small(n_subjects=1, n_sessions=1, n_trials=9)
    run_benchmark(data, {"count": pipeline}, overwrite=True, **options)
    assert Counting.fits(computed / "fits") == 2


def test_output_holds_the_scores_and_the_whole_protocol(tmp_path):
    table = run_benchmark(small(), ["cov-mdm"], protocols=GROUPED[:1], output=tmp_path)
    texts = ["subject", "session", "marks", "error", "test_trials"]
    read = pd.read_csv(
        tmp_path / "scores.csv",
        dtype=dict.fromkeys(texts, str),
        keep_default_na=False,
        na_values=dict.fromkeys(runner.SCORES, ""),
    )
    same(read, table)
    protocol = json.loads((tmp_path / "protocol.json").read_text())
    assert protocol.pop("scores_digest")
    assert protocol == json.loads(json.dumps(table.attrs))
    assert protocol["runs"][0]["dataset_parameters"] == json.loads(
        json.dumps(small().parameters)
    )
    assert protocol["paradigm"]["window"] == 4.0
    assert set(protocol["versions"]) >= {"moabb", "pyriemann", "scikit-learn", "numpy"}
    assert not list(tmp_path.rglob("*.partial"))


# The outside world.


def test_nothing_asks_the_network(monkeypatch, tmp_path):
    def refuse(*args, **kwargs):
        raise AssertionError("network")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    run_benchmark(small(n_sessions=1), ["trivial"], protocols=GROUPED[:1])


def test_codecarbon_is_told_to_stay_offline():
    assert Emissions(codecarbon_config=runner._OFFLINE).codecarbon_offline


def test_several_data_sets_and_own_estimators():
    data = [small(n_sessions=1), small(n_sessions=1, seed=1)]
    table = run_benchmark(data, {"dummy": DummyClassifier()}, protocols=GROUPED[:1])
    assert table["dataset"].nunique() == 2
    assert table.groupby("pipeline")["balanced_accuracy"].mean().round(9).nunique() == 1


@pytest.mark.parametrize("name", sorted(list_pipelines()))
def test_named_pipelines_run(name):
    simulation = small(n_subjects=1)
    X, y, metadata = EmotionParadigm().get_data(simulation)
    train = metadata["session"].eq("0").to_numpy()
    assert audit_split(train, ~train, metadata)["trial"] == 0
    channels = EmotionParadigm().channels_of(simulation)
    model = make_named_pipeline(name, 128.0, channels)
    if "network" in model.named_steps:
        model.set_params(network__max_epochs=2)
    if "search" in model.named_steps:
        model.set_params(search__cv=2)
    if is_regressor(model):
        rated = metadata["trial"].to_numpy(float)
        predicted = model.fit(X[train], rated[train]).predict(X[~train])
        assert predicted.shape == (np.sum(~train),) and np.isfinite(predicted).all()
        return
    model.fit(X[train], y[train])
    assert np.isin(model.predict(X[~train]), y).all()


def test_named_search_gets_the_folds_of_the_protocol():
    """What it chose is on record, and no trial was on both sides."""
    scores = run_benchmark(
        small(n_subjects=1, n_sessions=1, n_trials=9),
        ["acm-search-svm"],
        protocols=["within-session"],
    )
    assert (scores["error"] == "").all()
    chosen = scores.query("pipeline == 'acm-search-svm'")["best_params"].map(json.loads)
    assert all(set(c) == {"search__order", "search__lag"} for c in chosen)


@pytest.mark.parametrize("sfreq", [0, -1.0, float("inf")])
def test_named_pipelines_need_a_sampling_rate(sfreq):
    with pytest.raises(ValueError, match="sfreq"):
        make_named_pipeline("shallow-conv-net", sfreq)


def test_unknown_named_pipeline():
    with pytest.raises(ValueError, match="choose from trivial, de-svm"):
        make_named_pipeline("de-cnn", 128.0)


def test_permutations_beside_the_truth(tmp_path):
    data = small(n_subjects=1, n_sessions=1, n_trials=9)
    options = {"protocols": ["within-session"], "output": tmp_path}
    scores = run_benchmark(data, ["cov-mdm"], n_permutations=3, **options)
    permuted = scores.attrs["runs"][0]["permuted"]
    permuted = {name: permutation_means(each) for name, each in permuted.items()}
    for seed in range(3):
        alone = run_benchmark(data, ["cov-mdm"], permutation=seed, **options)
        means = summarize(alone).set_index("pipeline")["balanced_accuracy"]
        assert means.to_dict() == pytest.approx(
            {k: v[seed] for k, v in permuted.items()}
        )
    table = summarize(scores).set_index("pipeline")
    for name, row in table.iterrows():
        as_high = sum(other >= row["balanced_accuracy"] for other in permuted[name])
        assert row["p_permutation"] == (1 + as_high) / 4
    assert table.loc["trivial", "p_permutation"] == 1  # all are as good
    assert "p.perm" in format_summary(summarize(scores))
    plain = run_benchmark(data, ["cov-mdm"], **options)
    same(plain, scores)
    assert summarize(plain)["p_permutation"].isna().all()
    assert "p.perm " not in format_summary(summarize(plain))


def test_permutations_of_permuted_labels_are_refused():
    with pytest.raises(ValueError, match="leave permutation out"):
        run_benchmark(small(), ["cov-mdm"], permutation=0, n_permutations=2)

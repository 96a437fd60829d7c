import numpy as np
import pandas as pd
import pytest
from fakes import MixedRecordings, NeedsDomain
from numpy.testing import assert_array_equal
from scipy.signal import lfilter
from sklearn import config_context
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from eegemo.adapt import Recenter, Rescale
from eegemo.covariance import AugmentedCovariances, Covariances
from eegemo.datasets import SimulatedEmotion
from eegemo.evaluation import run_benchmark
from eegemo.evaluation._hoist import HoistedParadigm, split_head
from eegemo.features import DifferentialEntropy
from eegemo.paradigm import EmotionParadigm
from eegemo.pipelines import make_named_pipeline
from eegemo.riemann import MDM, TangentSpace

SMALL = {"n_subjects": 2, "n_sessions": 1, "n_trials": 6, "trial_seconds": 8.0}


def names(pipeline):
    return [name for name, _ in pipeline.steps]


@pytest.mark.parametrize(
    "pipeline, head, tail",
    [
        (make_pipeline(Covariances(), MDM()), ["covariances"], ["mdm"]),
        (
            make_pipeline(DifferentialEntropy(128), StandardScaler(), MDM()),
            ["differentialentropy"],
            ["standardscaler", "mdm"],
        ),
        (
            make_pipeline(
                FunctionTransformer(), AugmentedCovariances(), TangentSpace()
            ),
            ["functiontransformer", "augmentedcovariances"],
            ["tangentspace"],
        ),
        (
            Pipeline([("skip", "passthrough"), ("c", Covariances()), ("mdm", MDM())]),
            ["skip", "c"],
            ["mdm"],
        ),
        (
            make_pipeline(
                Covariances(), Recenter("transductive"), Rescale("online"), MDM()
            ),
            ["covariances"],
            ["recenter", "rescale", "mdm"],
        ),
    ],
)
def test_head_is_what_needs_no_fit(pipeline, head, tail):
    found_head, found_tail = split_head(pipeline)
    assert names(found_head) == head
    assert names(found_tail) == tail


@pytest.mark.parametrize(
    "pipeline",
    [
        MDM(),
        make_pipeline(DifferentialEntropy(), LogisticRegression()),  # sfreq from Epochs
        make_pipeline(StandardScaler(), Covariances(), MDM()),
        GridSearchCV(
            make_pipeline(Covariances(), MDM()),
            {"steps": [[("oas", Covariances("oas")), ("mdm", MDM())]]},
        ),
    ],
)
def test_nothing_to_hoist(pipeline):
    head, tail = split_head(pipeline)
    assert head is None and tail is pipeline


def test_step_that_requests_domains_stays():
    """Heads are computed without; though it needs no fit, this one needs to know."""
    with config_context(enable_metadata_routing=True):
        step = NeedsDomain(stateless=True).set_transform_request(domain=True)
    head, tail = split_head(make_pipeline(Covariances(), step, MDM()))
    assert names(head) == ["covariances"]
    assert names(tail) == ["needsdomain", "mdm"]
    unasked = make_pipeline(Covariances(), NeedsDomain(stateless=True), MDM())
    assert names(split_head(unasked)[0]) == ["covariances", "needsdomain"]


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_scores_equal_the_unhoisted_ones(n_jobs):
    data = SimulatedEmotion(**SMALL)
    options = {"protocols": ["within-session", "cross-subject"], "n_jobs": n_jobs}
    tables = [run_benchmark(data, hoist=hoist, **options) for hoist in (True, False)]
    trivial = tables[0]["pipeline"].eq("trivial")
    assert (tables[0]["train_bytes"] < tables[1]["train_bytes"])[~trivial].all()
    cost = ["fit_seconds", "predict_seconds", "train_bytes", "fit_bytes"]
    pd.testing.assert_frame_equal(*(t.drop(columns=cost) for t in tables))
    assert not tables[0]["error"].any()


def test_windows_are_dropped_once_the_heads_are_computed():
    heads = {"c": Pipeline([("c", Covariances())])}
    hoisted = HoistedParadigm(EmotionParadigm(), heads)
    X, y, metadata = hoisted.get_data(SimulatedEmotion(**SMALL))
    assert X.features("c").shape == (len(y), 16, 16)
    assert len(metadata) == len(X) == X.shape[0]
    with pytest.raises(KeyError):
        X.features("windows")


def test_subjects_are_parts_of_all_and_no_copies():
    data = SimulatedEmotion(n_subjects=3, n_sessions=1, n_trials=3)
    head = make_pipeline(FunctionTransformer(_deviations))
    paradigm = HoistedParadigm(EmotionParadigm(), {"std": head})
    X, y, metadata = paradigm.get_data(data)
    assert X.__sizeof__() == X.features("std").nbytes
    for subject in data.subject_list:
        part, y_part, rows = paradigm.get_data(data, [subject])
        here = (metadata["subject"] == subject).to_numpy()
        assert np.shares_memory(part.features("std"), X.features("std"))
        assert_array_equal(part.features("std"), X.features("std")[here])
        assert_array_equal(part.digests, X.digests[here])
        assert_array_equal(y_part, y[here])
        assert set(rows["subject"]) == {subject}


def _deviations(X):
    return X.std(axis=-1)


def test_rows_are_indexed_together():
    heads = {"c": Pipeline([("c", Covariances())])}
    X, _, _ = HoistedParadigm(EmotionParadigm(), heads).get_data(
        SimulatedEmotion(**SMALL)
    )
    rows = np.array([3, 1, 7])
    part = X[rows]
    assert_array_equal(part.features("c"), X.features("c")[rows])
    assert_array_equal(part[[2]].features("c"), X.features("c")[[7]])
    assert_array_equal(part.digests, X.digests[rows])
    assert part.metadata["onset"].tolist() == X.metadata["onset"].iloc[rows].tolist()


def _centre_batch(X):
    return X - X.mean(axis=0)


def test_stateless_step_that_looks_at_its_batch_is_refused():
    pipeline = make_pipeline(
        FunctionTransformer(_centre_batch), Covariances("oas"), MDM()
    )
    data = SimulatedEmotion(**SMALL)
    scores = run_benchmark(data, {"batch": pipeline}, protocols=["within-session"])
    errors = scores.query("pipeline == 'batch'")["error"]
    assert errors.str.contains("other features in another batch.*hoist=False").all()
    assert not scores.query("pipeline == 'trivial'")["error"].any()
    scores = run_benchmark(
        data, {"batch": pipeline}, protocols=["within-session"], hoist=False
    )
    assert not scores["error"].any()
    marks = scores.query("pipeline == 'batch'")["marks"]
    assert marks.eq("transductive").all()


def _smooth(X):
    return lfilter([0.3], [1, -0.7], X, axis=0)


def test_smoothing_from_window_to_window_is_refused():
    """A causal smoother leaves the first windows of a recording alone."""
    pipeline = make_pipeline(
        DifferentialEntropy(128), FunctionTransformer(_smooth), LogisticRegression()
    )
    scores = run_benchmark(
        SimulatedEmotion(**SMALL), {"smooth": pipeline}, protocols=["within-session"]
    )
    errors = scores.query("pipeline == 'smooth'")["error"]
    assert errors.str.contains("other features in another batch").all()


def test_float32_windows():
    data = SimulatedEmotion(**SMALL)
    heads = {"c": make_named_pipeline("cov-mdm", 128)[:1], "windows": None}
    X, _, _ = HoistedParadigm(EmotionParadigm(), heads, "float32").get_data(data)
    assert X.features("c").dtype == X.features("windows").dtype == np.float32


def test_matrices_of_bands_pass():
    head, _ = split_head(make_named_pipeline("fb-ts-lr", 128))
    paradigm = HoistedParadigm(EmotionParadigm(), {"bank": head})
    X, _, _ = paradigm.get_data(SimulatedEmotion(**SMALL))
    C = X.features("bank")
    assert C.shape == (len(X), 5, X.n_channels, X.n_channels)
    assert_array_equal(X[3:5].features("bank"), C[3:5])


@pytest.mark.parametrize("what", ["sfreq", "channels"])
def test_subjects_recorded_differently_are_refused(what):
    """Also where each is loaded on its own."""
    options = {"paradigm": EmotionParadigm(window=2.0, fmax=None)}
    options["protocols"] = ["cross-subject"]
    with pytest.raises(ValueError, match=f"subject 2 has {what}.*Give {what}="):
        run_benchmark(MixedRecordings(what), ["trivial"], **options)

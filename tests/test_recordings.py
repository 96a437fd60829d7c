"""Real recordings through MOABB's own classes and through scikit-learn alone.

Scores are not tuned: the bounds say that there is signal and how sure one can be of it.
"""

import socket

import mne
import numpy as np
import pandas as pd
import pytest
import sklearn
from moabb.datasets import Kalunga2016, PhysionetMI
from moabb.evaluations import CrossSubjectEvaluation, WithinSessionEvaluation
from moabb.paradigms import SSVEP, LeftRightImagery
from moabb.pipelines.features import AugmentedDataset
from numpy.testing import assert_allclose
from pyriemann import classification, estimation, tangentspace
from recordings import recordings
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import LeaveOneGroupOut, cross_val_score
from sklearn.pipeline import make_pipeline

from eegemo.adapt import Recenter
from eegemo.covariance import AugmentedCovariances, Covariances
from eegemo.pipelines import make_named_pipeline
from eegemo.riemann import MDM, TangentSpace

pytestmark = [
    # MOABB's PhysionetMI asks for a montage that MNE 1.13 renamed.
    pytest.mark.filterwarnings("ignore:Montage name 'standard_1005':FutureWarning"),
    # MOABB's results file is created in a way that h5py 3.16 deprecates.
    pytest.mark.filterwarnings("ignore:Creating a dataset without passing data or"),
    # scikit-learn 1.6 to 1.7 pass options that SciPy 1.16 deprecates.
    pytest.mark.filterwarnings(
        "ignore:scipy.optimize. The `disp` and `iprint`:DeprecationWarning"
    ),
]


@pytest.fixture
def evaluate(tmp_path, monkeypatch):
    """Return a function that gives the scores, one column per pipeline."""
    data = recordings("mne_data")
    for name in ("MNE_DATA", "MNE_DATASETS_EEGBCI_PATH", "MNE_DATASETS_SSVEPEXO_PATH"):
        monkeypatch.setenv(name, str(data))
    monkeypatch.setattr(socket, "getaddrinfo", offline)

    def evaluate(evaluation, paradigm, dataset, subjects, pipelines):
        dataset.subject_list = subjects
        results = evaluation(
            paradigm, [dataset], random_state=0, hdf5_path=str(tmp_path)
        ).process(pipelines)
        return pd.pivot(
            results,
            index=["subject", "session"],
            columns="pipeline",
            values=["score", "samples"],
        )

    return evaluate


def offline(*args, **kwargs):
    raise OSError("the recordings are on disk: nothing should be fetched")


def tangent(*head):
    return make_pipeline(*head, TangentSpace(), LogisticRegression(max_iter=1000))


def tangent_pyriemann(*head):
    return make_pipeline(
        *head,
        estimation.Covariances("oas"),
        tangentspace.TangentSpace(),
        LogisticRegression(max_iter=1000),
    )


def ours_and_theirs():
    """Return pipelines that should agree: any difference is one of rounding."""
    return {
        "tangent": tangent(Covariances("oas")),
        "mdm": make_pipeline(Covariances("oas"), MDM()),
        "tangent-pyriemann": tangent_pyriemann(),
        "mdm-pyriemann": make_pipeline(
            estimation.Covariances("oas"), classification.MDM()
        ),
    }


def assert_same_scores(scores):
    # Accuracy and AUC move in steps, so rounding either changes nothing or shows.
    for name in ("tangent", "mdm"):
        assert_allclose(scores[name], scores[f"{name}-pyriemann"], rtol=1e-9)


def test_imagery_within_session(evaluate):
    augmented = {
        "augmented": tangent(AugmentedCovariances(order=2, lag=1, estimator="oas")),
        "augmented-moabb": tangent_pyriemann(AugmentedDataset(order=2, lag=1)),
    }
    results = evaluate(
        WithinSessionEvaluation,
        LeftRightImagery(),
        PhysionetMI(),
        [1],
        ours_and_theirs() | augmented,
    )
    assert (results["samples"] == 45).all(axis=None)
    scores = results["score"]
    assert_same_scores(scores)
    (auc,) = scores["tangent"]
    assert 0.75 < auc < 0.98
    # MOABB's class drops as many samples again as the embedding needs. One pair of
    # trials moves the AUC of 9 test trials by 0.05, and that of the five folds by 0.01.
    assert_allclose(scores["augmented"], scores["augmented-moabb"], atol=0.05)
    assert scores["augmented"].item() > 0.75


def test_networks_within_session(evaluate):
    """MOABB clones, fits and scores them as any classifier. 45 trials teach little."""
    names = ["shallow-conv-net", "interpretable-cnn", "cov-spdnet"]
    pipelines = {name: make_named_pipeline(name, sfreq=160) for name in names}
    results = evaluate(
        WithinSessionEvaluation, LeftRightImagery(), PhysionetMI(), [1], pipelines
    )
    scores = results["score"].iloc[0]
    # One standard error of an AUC of .7 on 45 trials is about 0.08.
    assert (scores[names] > 0.6).all()


def test_ssvep_within_session(evaluate):
    results = evaluate(
        WithinSessionEvaluation,
        SSVEP(),
        Kalunga2016(),
        [1, 2, 3, 4, 5, 6],
        ours_and_theirs(),
    )
    assert (results["samples"] == 64).all(axis=None)
    scores = results["score"]
    assert len(scores) == 6
    assert_same_scores(scores)
    # Chance is 0.25; the standard error over subjects is about 0.04.
    assert (scores.mean() > 0.37).all()


def test_ssvep_cross_subject(evaluate):
    results = evaluate(
        CrossSubjectEvaluation,
        SSVEP(),
        Kalunga2016(),
        [1, 2, 3, 4, 5, 6],
        ours_and_theirs(),
    )
    scores = results["score"]
    assert len(scores) == 6
    # Near chance: five subjects teach little about the sixth without alignment.
    assert_same_scores(scores)


@pytest.fixture(scope="module")
def arithmetic():
    """Windows of 4 s of rest and of mental arithmetic, with their subjects."""
    epochs, y, subjects = [], [], []
    for path in sorted(recordings("eegmat").glob("Subject*_[12].edf")):
        raw = mne.io.read_raw_edf(
            path, exclude=["EEG A2-A1", "ECG ECG"], preload=True, verbose="error"
        )
        raw.filter(1, 40, verbose="error")
        cut = mne.make_fixed_length_epochs(raw, 4.0, preload=True, verbose="error")
        epochs.append(cut.decimate(4, verbose="error"))
        y += [path.stem[-1] == "2"] * len(cut)
        subjects += [path.stem[:-2]] * len(cut)
    epochs = mne.concatenate_epochs(epochs, verbose="error")
    return epochs, np.array(y), np.array(subjects)


def test_arithmetic_leave_one_subject_out(arithmetic):
    epochs, y, subjects = arithmetic
    scores = cross_val_score(
        tangent(Covariances("oas")),
        epochs.get_data() * 1e6,
        y,
        groups=subjects,
        cv=LeaveOneGroupOut(),
        scoring="balanced_accuracy",
    )
    assert len(scores) == 16
    # Chance is 0.5; the standard error over subjects is about 0.04.
    assert scores.mean() > 0.5 + 2 * scores.std() / np.sqrt(len(scores))


def test_arithmetic_recentred(arithmetic):
    """Subjects are recentred, the one left out by its batch or by its past.

    One standard error over subjects is about 0.05, of a score and of a gain: the SD is
    0.2. Within a subject rest comes first, so online meets the classes one by one.
    """
    epochs, y, subjects = arithmetic
    C = Covariances("oas").transform(epochs.get_data() * 1e6)
    params = {"groups": subjects, "domain": subjects}
    options = {"cv": LeaveOneGroupOut(), "scoring": "balanced_accuracy"}
    plain = cross_val_score(tangent(), C, y, groups=subjects, **options)
    scores, gains = {}, {}
    with sklearn.config_context(enable_metadata_routing=True):
        for mode in ("training", "transductive", "online"):
            recenter = Recenter(mode).set_fit_request(domain=True)
            recenter.set_transform_request(domain=True)
            got = cross_val_score(tangent(recenter), C, y, params=params, **options)
            scores[mode], gains[mode] = got, got - plain
    bounds = {  # at 5 %, by a paired t-test with 15 degrees of freedom
        mode: 1.75 * gain.std(ddof=1) / np.sqrt(16) for mode, gain in gains.items()
    }
    for mode in ("transductive", "online"):
        assert gains[mode].mean() > bounds[mode]
        assert 0.65 < scores[mode].mean() < 0.9
    # The subject left out is not aligned, so there is no gain to rely on.
    assert abs(gains["training"].mean()) < bounds["training"]
    assert scores["online"].mean() > scores["training"].mean() + 0.05


def test_arithmetic_from_epochs(arithmetic):
    """A pipeline takes Epochs, learns their names and predicts as from arrays."""
    epochs, y, subjects = arithmetic
    test = subjects == "Subject00"
    pipeline = tangent(Covariances("oas")).fit(epochs[~test], y[~test])
    decision = pipeline.decision_function(epochs[test])
    assert pipeline[0].channel_names_in_.tolist() == epochs.ch_names
    assert pipeline[0].sfreq_in_ == 125
    X = epochs.get_data()
    pipeline.fit(X[~test], y[~test])
    assert_allclose(decision, pipeline.decision_function(X[test]), rtol=1e-9)

"""One network for all subjects, then one for each."""

import numpy as np
import pytest
import sklearn
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import SGDClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from eegemo.networks import (
    GlobalThenSubject,
    InterpretableCNN,
    MultilayerPerceptron,
)

SUBJECT = np.repeat(["anna", "ben", "cleo"], 24)


def data(seed=0):
    """Anna's and Ben's classes are opposite; Cleo's lack one."""
    X = np.random.default_rng(seed).standard_normal((72, 3))
    y = (X[:, 0] > 0) == (SUBJECT != "ben")
    y[SUBJECT == "cleo"] = True
    return X, np.where(y, "tense", "calm")


def network(**parameters):
    network = MultilayerPerceptron((8,), learning_rate=0.03, random_state=0)
    return network.set_params(**parameters)


@pytest.fixture(scope="module")
def model():
    return GlobalThenSubject(network()).fit(*data(), domain=SUBJECT)


def test_subjects_differ_from_all(model):
    X, y = data(seed=1)
    ours = SUBJECT != "cleo"
    named = model.predict(X, domain=SUBJECT)
    assert np.mean(named[ours] == y[ours]) > 0.8
    assert np.mean(model.predict(X)[ours] == y[ours]) < 0.65


def test_is_the_network_of_the_subject(model):
    X, _ = data()
    order = np.random.default_rng(1).permutation(len(X))
    found = model.predict_proba(X[order], domain=SUBJECT[order])
    assert list(model.subject_estimators_) == ["anna", "ben"]
    for name in ("anna", "ben", "cleo"):
        expert = model.subject_estimators_.get(name, model.estimator_)
        rows = SUBJECT[order] == name
        assert_array_equal(found[rows], expert.predict_proba(X[order][rows]))


def test_global_network_is_that_without_subjects(model):
    X, y = data()
    plain = network().fit(X, y)
    assert_array_equal(model.predict_proba(X), plain.predict_proba(X))
    unseen = model.predict_proba(X, domain=["dora"] * len(X))
    assert_array_equal(unseen, plain.predict_proba(X))
    assert GlobalThenSubject(network()).fit(X, y).subject_estimators_ == {}


def test_goes_on_from_the_weights_of_all():
    """With a learning rate that moves nothing, subjects keep the network of all."""
    X, y = data()
    params = {"learning_rate": 1e-30, "max_epochs": 3}
    model = GlobalThenSubject(network(), params).fit(X, y, domain=SUBJECT)
    ben = model.subject_estimators_["ben"]
    assert ben.n_iter_ == 3
    # but for the float32 in which training keeps them
    for name, weight in model.estimator_.get_weights().items():
        assert_allclose(ben.get_weights()[name], weight, rtol=1e-6, atol=1e-12)


def test_parameters_of_layers_change():
    X, y = data()
    model = GlobalThenSubject(network(), {"dropout": 0.9, "max_epochs": 1})
    model.fit(X, y, domain=SUBJECT)
    assert model.estimator_.network_.layers["dropout0"].rate == 0
    assert model.subject_estimators_["ben"].network_.layers["dropout0"].rate == 0.9
    assert model.estimator.get_params()["dropout"] == 0
    with pytest.raises(ValueError, match="should be of shape"):
        model.set_params(subject_params={"hidden_layer_sizes": (4,)})
        model.fit(X, y, domain=SUBJECT)


def test_separator():
    X, y = data()
    sessions = np.where(np.arange(72) % 2, "1", "2")
    domain = np.char.add(np.char.add(SUBJECT, "/"), sessions)
    whole = GlobalThenSubject(network(max_epochs=1)).fit(X, y, domain=domain)
    assert sorted(whole.subject_estimators_) == ["anna/1", "anna/2", "ben/1", "ben/2"]
    model = GlobalThenSubject(network(max_epochs=1), separator="/")
    model.fit(X, y, domain=domain)
    assert list(model.subject_estimators_) == ["anna", "ben"]
    new = model.predict_proba(X[:1], domain=["anna/3"])
    expected = model.subject_estimators_["anna"].predict_proba(X[:1])
    assert_array_equal(new, expected)


def test_windows():
    """Batch normalisation goes on, too, and the scale of the input stays."""
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((24, 3, 20)), np.arange(24) % 2
    X[12:] *= 5
    subject = np.repeat([7, 8], 12)
    network = InterpretableCNN(
        2, filter_length=4, max_epochs=2, batch_size=6, random_state=0
    )
    model = GlobalThenSubject(network).fit(X, y, domain=subject)
    first, second = model.subject_estimators_[7], model.subject_estimators_[8]
    assert first.input_scale_ == second.input_scale_ == model.estimator_.input_scale_
    variances = [e.get_weights()["mean.variance"] for e in (first, second)]
    assert (variances[0] < variances[1]).all()
    assert model.predict(X, domain=subject).shape == (24,)


def test_groups_reach_early_stopping():
    X, y = data()
    params = {"early_stopping": True, "validation_fraction": 0.3}
    model = GlobalThenSubject(network(**params, max_epochs=2))
    model.fit(X, y, domain=SUBJECT, groups=np.repeat(np.arange(24), 3))
    assert len(model.subject_estimators_["ben"].validation_curve_) == 2
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        model.fit(X, y, groups=[1, 2])


def test_other_classifiers():
    X, y = data()
    model = GlobalThenSubject(SGDClassifier(random_state=0), {"max_iter": 2000})
    model.fit(X, y, domain=SUBJECT)
    ours = SUBJECT != "cleo"
    named = model.predict(X, domain=SUBJECT)
    assert np.mean(named[ours] == y[ours]) > 0.9
    assert not hasattr(model, "predict_proba")
    with pytest.raises(ValueError, match="KNeighborsClassifier has no .* warm_start"):
        GlobalThenSubject(KNeighborsClassifier()).fit(X, y)


def test_missing_name(model):
    X, y = data()
    with pytest.raises(ValueError, match="domain is missing"):
        model.predict(X[:2], domain=["anna", None])
    with pytest.raises(ValueError, match="one identifier per sample"):
        GlobalThenSubject(network()).fit(X, y, domain=["anna"])


def test_domain_is_routed_through_a_pipeline():
    X, y = data()
    with sklearn.config_context(enable_metadata_routing=True):
        model = GlobalThenSubject(network())
        model = model.set_fit_request(domain=True).set_predict_request(domain=True)
        pipeline = make_pipeline(StandardScaler(), model).fit(X, y, domain=SUBJECT)
        labels = pipeline.predict(X, domain=SUBJECT)
    ours = SUBJECT != "cleo"
    assert np.mean(labels[ours] == y[ours]) > 0.9

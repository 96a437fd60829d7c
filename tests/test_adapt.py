import pickle
from functools import partial

import numpy as np
import pandas as pd
import pytest
import reference
import sklearn
from numba import config
from numpy.testing import assert_allclose, assert_array_equal
from pyriemann.transfer import TLCenter, TLScale, encode_domains
from sklearn.base import clone
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, LeaveOneGroupOut, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from eegemo.adapt import EuclideanAlignment, Recenter, Rescale
from eegemo.covariance import Covariances
from eegemo.datasets import SimulatedEmotion
from eegemo.paradigm import EmotionParadigm
from eegemo.riemann import MDM, TangentSpace, distance_spd, mean_spd

N = 3
MODES = ["training", "transductive", "online"]
DOMAIN = np.array(["b", "a", "c"] * 8)  # interleaved, and not in alphabetical order
ALIGNERS = [Recenter, Rescale, EuclideanAlignment]

every_class = pytest.mark.parametrize("cls", ALIGNERS)
every_mode = pytest.mark.parametrize("mode", MODES)


def windows(n_windows=24, n_channels=N, seed=0):
    """Windows of three domains, each with a mixing matrix of its own."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n_windows, n_channels, 64))
    X *= rng.uniform(0.5, 2, (n_windows, n_channels, 1))
    mixing = np.eye(n_channels) + 0.4 * rng.standard_normal((3, n_channels, n_channels))
    return mixing[np.arange(n_windows) % 3] @ X


def data(cls):
    X = windows()
    return X if cls is EuclideanAlignment else Covariances().transform(X)


def second_moment(X):
    return np.mean(X @ X.mT / X.shape[2], axis=0)


# What they do to a domain.


@pytest.mark.parametrize("mode", ["training", "transductive"])
def test_recentred_domains_have_the_identity_for_mean(mode):
    out = Recenter(mode).fit_transform(data(Recenter), domain=DOMAIN)
    for name in "abc":
        # The mean is found to 1e-8.
        assert_allclose(mean_spd(out[DOMAIN == name]), np.eye(N), atol=1e-7)


@pytest.mark.parametrize("mode", ["training", "transductive"])
def test_rescaled_domains_have_dispersion_one(mode):
    out = Rescale(mode).fit_transform(data(Recenter), domain=DOMAIN)
    for name in "abc":
        squares = distance_spd(out[DOMAIN == name], np.eye(N), squared=True)
        assert_allclose(squares.mean(), 1, rtol=1e-12)


@pytest.mark.parametrize("mode", ["training", "transductive"])
def test_aligned_domains_are_white_on_average(mode):
    out = EuclideanAlignment(mode).fit_transform(windows(), domain=DOMAIN)
    for name in "abc":
        assert_allclose(second_moment(out[DOMAIN == name]), np.eye(N), atol=1e-12)


@pytest.mark.parametrize("metric", ["riemann", "logeuclid", "euclid", "wasserstein"])
def test_recenter_equals_pyriemann(metric):
    """Up to the tolerance of the mean, 1e-8 in both."""
    C = data(Recenter)
    _, encoded = encode_domains(C, np.zeros(len(C), int), DOMAIN)
    ours, theirs = Recenter(metric=metric), TLCenter("b", metric=metric)
    expected = theirs.fit_transform(C, encoded)
    assert_allclose(ours.fit_transform(C, domain=DOMAIN), expected, atol=1e-7)
    new = ours.transform(C[:5], domain=["b"] * 5)
    assert_allclose(new, theirs.transform(C[:5]), atol=1e-7)


def test_rescale_equals_pyriemann():
    C = Recenter().fit_transform(data(Recenter), domain=DOMAIN)
    _, encoded = encode_domains(C, np.zeros(len(C), int), DOMAIN)
    ours, theirs = Rescale(), TLScale("b", centered_data=True)
    expected = theirs.fit_transform(C, encoded)
    assert_allclose(ours.fit_transform(C, domain=DOMAIN), expected, rtol=1e-10)
    new = ours.transform(C[:5], domain=["b"] * 5)
    assert_allclose(new, theirs.transform(C[:5]), rtol=1e-10)


def test_transductive_equals_pyriemann_on_training_data():
    """Its fit_transform takes each domain by itself, too, though it means training.

    To new data pyRiemann applies the statistic of the one target domain, whoever they
    are from; so does training here to data that are named as that domain, and
    transductive takes that of the batch.
    """
    C = data(Recenter)
    _, encoded = encode_domains(C, np.zeros(len(C), int), DOMAIN)
    center, scale = TLCenter("b"), TLScale("b", centered_data=True)
    expected = scale.fit_transform(center.fit_transform(C, encoded), encoded)
    recenter, rescale = Recenter("transductive").fit(C), Rescale("transductive").fit(C)
    got = rescale.transform(recenter.transform(C, domain=DOMAIN), domain=DOMAIN)
    assert_allclose(got, expected, atol=1e-6)
    new = C[DOMAIN == "a"]
    theirs = center.transform(new)
    named = Recenter().fit(C, domain=DOMAIN).transform(new, domain=["b"] * 8)
    assert_allclose(named, theirs, atol=1e-7)
    assert not np.allclose(recenter.transform(new), theirs, atol=0.01)


def test_mixing_a_domain_anew_rotates_it():
    """As congruence by any A does: by (A M A')^(-1/2) A M^(1/2), if M is the mean."""
    C = data(Recenter)
    A = np.random.default_rng(5).standard_normal((N, N))
    inside = DOMAIN == "a"
    mixed = np.where(inside[:, None, None], A @ C @ A.T, C)
    mixed = (mixed + mixed.mT) / 2
    before, after = Recenter(), Recenter()
    plain = before.fit_transform(C, domain=DOMAIN)
    moved = after.fit_transform(mixed, domain=DOMAIN)
    assert_allclose(moved[~inside], plain[~inside], atol=1e-12)

    def root(M):
        values, vectors = np.linalg.eigh(M)
        return (vectors * np.sqrt(values)) @ vectors.T

    whitener = np.linalg.inv(root(after.references_["a"]))
    rotation = whitener @ A @ root(before.references_["a"])
    assert_allclose(rotation @ rotation.T, np.eye(N), atol=1e-6)
    assert_allclose(moved[inside], rotation @ plain[inside] @ rotation.T, atol=1e-6)
    assert not np.allclose(moved[inside], plain[inside], atol=0.01)


@pytest.mark.parametrize("lost", ["average", "ica", "flat"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_windows_without_full_rank(lost, dtype):
    """The direction that has no signal keeps none; the others become white."""
    X = windows(n_channels=5) * 20
    gone = {
        "average": np.ones(5),
        "ica": np.array([1.0, 2, 0, -1, 3]),
        "flat": np.eye(5)[2],
    }[lost]
    gone = gone / np.linalg.norm(gone)
    without = np.eye(5) - np.outer(gone, gone)
    X = (without @ X).astype(dtype)
    for mode in MODES:
        out = EuclideanAlignment(mode).fit_transform(X, domain=DOMAIN)
        assert out.dtype == dtype and np.abs(out).max() < 100
        assert_allclose(gone @ out, 0, atol=1e-4 if dtype == np.float32 else 1e-12)
        if mode != "online":
            R = second_moment(out[DOMAIN == "c"].astype(float))
            assert_allclose(R, without, atol=1e-5 if dtype == np.float32 else 1e-12)


# Modes.


@every_class
def test_training_uses_the_domain_or_all(cls):
    X = data(cls)
    fitted = cls("training").fit(X, domain=DOMAIN)
    pooled = cls("training").fit(X)
    assert sorted(fitted.references_) == ["a", "b", "c"]
    assert pooled.references_ == {}
    new = X[:4]
    alone = cls("training").fit(X[DOMAIN == "a"])
    assert_array_equal(fitted.transform(new, domain=["a"] * 4), alone.transform(new))
    assert_array_equal(fitted.transform(new, domain=["new"] * 4), pooled.transform(new))
    assert_array_equal(fitted.transform(new), pooled.transform(new))
    both = fitted.transform(new, domain=["a", "new", "new", "a"])
    assert_array_equal(both[[0, 3]], alone.transform(new)[[0, 3]])
    assert_array_equal(both[[1, 2]], pooled.transform(new)[[1, 2]])


@every_class
def test_transductive_uses_the_batch(cls):
    X = data(cls)
    fitted = cls("transductive").fit(X[:6], domain=DOMAIN[:6])
    assert not hasattr(fitted, "reference_")
    out = fitted.transform(X, domain=DOMAIN)
    assert_array_equal(out, cls("training").fit_transform(X, domain=DOMAIN))
    names = {"a": "x", "b": "y", "c": "z"}  # which need not have been seen
    again = fitted.transform(X, domain=[names[d] for d in DOMAIN])
    assert_array_equal(again, out)
    assert not np.allclose(fitted.transform(X[:9], domain=DOMAIN[:9]), out[:9])
    assert not np.allclose(fitted.transform(X), out)


@every_class
@pytest.mark.parametrize("prior", [0.5, 7])
def test_online_equals_the_reference(cls, prior):
    X = data(cls)
    fitted = cls(mode="online", prior=prior).fit(X[:12], domain=["seen"] * 12)
    assert_array_equal(fitted.reference_, cls().fit(X[:12]).reference_)
    twin = {
        Recenter: reference.recentred_online,
        Rescale: reference.rescaled_online,
        EuclideanAlignment: reference.aligned_online,
    }[cls]
    out = fitted.transform(X, domain=DOMAIN)
    for name in "abc":
        inside = DOMAIN == name
        expected = twin(X[inside], fitted.reference_, prior)
        assert_allclose(out[inside], expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("metric", ["euclid", "logeuclid"])
def test_online_with_another_metric_is_a_running_average(metric):
    C = data(Recenter)
    fitted = Recenter("online", metric, prior=4).fit(C)
    out = fitted.transform(C)
    for k in (0, 1, 10):
        weight = np.r_[4, np.ones(k)]
        so_far = np.concatenate([fitted.reference_[None], C[:k]])
        mean = mean_spd(so_far, metric, sample_weight=weight)
        values, vectors = np.linalg.eigh(mean)
        whitener = (vectors / np.sqrt(values)) @ vectors.T
        assert_allclose(out[k], whitener @ C[k] @ whitener, rtol=1e-9, atol=1e-12)


@every_class
def test_online_never_looks_ahead(cls):
    """Neither at later samples nor at other domains, nor back at an earlier call."""
    X = data(cls)
    fitted = cls("online").fit(X)
    out = fitted.transform(X, domain=DOMAIN)
    # The kernel of logarithms rounds the last ones of a batch otherwise.
    assert_same = partial(assert_allclose, rtol=1e-11, atol=1e-12)
    for k in (1, 2, 7, 23):
        assert_same(fitted.transform(X[:k], domain=DOMAIN[:k]), out[:k])
        changed = X.copy()
        changed[k:] = 3 * X[k:][::-1]
        changed = fitted.transform(changed, domain=DOMAIN)
        assert_same(changed[:k], out[:k])
        assert not np.allclose(changed[k:], out[k:])
    inside = DOMAIN == "b"
    assert_same(fitted.transform(X[inside]), out[inside])
    assert_array_equal(fitted.transform(X, domain=DOMAIN), out)


@every_class
def test_online_looks_back(cls):
    X = data(cls)
    fitted = cls("online").fit(X)
    changed = X.copy()
    changed[0] *= 5
    out, moved = fitted.transform(X), fitted.transform(changed)
    assert (np.abs(moved[1:] - out[1:]).max(axis=(1, 2)) > 1e-4).all()


@every_class
def test_online_keeps_the_domains_that_it_saw(cls):
    """As training does, whatever else is in the batch; others are followed."""
    X = data(cls)
    online, training = cls("online"), cls("training")
    out = online.fit_transform(X, domain=DOMAIN)
    assert_array_equal(out, training.fit_transform(X, domain=DOMAIN))
    assert_array_equal(online.transform(X, domain=DOMAIN), out)
    # The kernel of logarithms rounds the last ones of a batch otherwise.
    few = online.transform(X[:5], domain=DOMAIN[:5])
    assert_allclose(few, out[:5], rtol=1e-11, atol=1e-12)
    domain = np.where(DOMAIN == "b", "new", DOMAIN)
    mixed, new = online.transform(X, domain=domain), DOMAIN == "b"
    assert_array_equal(mixed[~new], out[~new])
    assert_array_equal(mixed[new], online.transform(X[new]))  # without a name
    assert not np.allclose(mixed[new], out[new])


@every_class
def test_online_without_names_follows_training_data_too(cls):
    X = data(cls)
    out = cls("online").fit_transform(X)
    assert_array_equal(out, cls("online").fit(X).transform(X))
    assert_array_equal(out, cls("online").fit(X).transform(X, domain=["new"] * 24))
    assert not np.allclose(out[1:], cls("training").fit_transform(X)[1:])


@every_class
@pytest.mark.parametrize("name", [None, "new"])
def test_partial_fit_goes_on_where_it_stopped(cls, name):
    """A sample at a time, or several, as in one batch; nothing else changes."""
    X = data(cls)
    fitted = cls("online", prior=3).fit(X[::-1], domain=DOMAIN)
    before = fitted.transform(X, domain=DOMAIN)
    domain = None if name is None else [name] * 24
    expected = fitted.transform(X, domain=domain)
    out = []
    for rows in [slice(i, i + 1) for i in range(9)] + [slice(9, 15), slice(15, 24)]:
        named = None if name is None else domain[rows]
        out.append(fitted.transform(X[rows], domain=named))
        assert_array_equal(fitted.transform(X[rows], domain=named), out[-1])
        assert fitted.partial_fit(X[rows], domain=named) is fitted
    assert_allclose(np.concatenate(out), expected, rtol=1e-10, atol=1e-11)
    assert fitted.n_followed_ == {name: 24}
    assert_array_equal(fitted.transform(X, domain=DOMAIN), before)


@every_class
def test_partial_fit_follows_a_domain_that_was_seen(cls):
    """From its own statistic on, with the weight of prior samples."""
    X = data(cls)
    fitted = cls("online", prior=4).fit(X, domain=DOMAIN)
    own = cls("online", prior=4).fit(X[DOMAIN == "a"])
    expected = own.transform(X[:6])
    fixed = fitted.transform(X[:6], domain=DOMAIN[:6])
    first = fitted.transform(X[:1], domain=["a"])
    fitted.partial_fit(X[:1], domain=["a"])
    others = fitted.transform(X[1:6], domain=["a"] * 5)
    assert_allclose(np.r_[first, others], expected, rtol=1e-10, atol=1e-11)
    still, seen = fitted.transform(X[:6], domain=DOMAIN[:6]), DOMAIN[:6] == "a"
    assert_array_equal(still[~seen], fixed[~seen])
    assert not np.allclose(still[seen], fixed[seen])


@every_class
def test_partial_fit_is_for_online_and_starts_as_fit(cls):
    X = data(cls)
    assert not hasattr(cls("training"), "partial_fit")
    assert not hasattr(cls("transductive"), "partial_fit")
    first = cls("training").fit(X).set_params(mode="online")
    first.partial_fit(X, domain=DOMAIN)
    fitted = cls("online").fit(X, domain=DOMAIN)
    assert first.n_followed_ == {}
    new = X[:4]
    assert_array_equal(first.transform(new), fitted.transform(new))
    with pytest.raises(ValueError, match="domain"):
        first.partial_fit(new, domain=["a"])
    with pytest.raises(ValueError):
        first.partial_fit(new[:, :2, :2])


@every_class
def test_online_starts_as_training_does_with_an_unseen_domain(cls):
    X = data(cls)
    online = cls("online").fit(X[:12]).transform(X[12:])
    training = cls("training").fit(X[:12]).transform(X[12:])
    assert_allclose(online[0], training[0], rtol=1e-12)
    fixed = cls("online", prior=1e12).fit(X[:12]).transform(X[12:])
    assert_allclose(fixed, training, rtol=1e-7, atol=1e-7)


@every_class
def test_online_becomes_transductive(cls):
    """As the samples of a domain go on; what is left falls as one over their number."""
    X, start = data(cls), 3 * data(cls)[:4]
    last = X[-1]
    gaps = []
    for n_times in (2, 20):
        many = np.concatenate([np.tile(X, (n_times, 1, 1)), last[None]])
        online = cls("online", prior=2).fit(start).transform(many)
        batch = cls("transductive").fit(start).transform(many)
        gaps.append(np.abs(online[-1] - batch[-1]).max() / np.abs(batch[-1]).max())
    assert gaps[1] < 0.02
    assert gaps[1] < gaps[0] / 5


@every_class
@every_mode
def test_order_of_domains_does_not_matter(cls, mode):
    X = data(cls)
    sort = np.argsort(DOMAIN, kind="stable")
    interleaved = cls(mode).fit_transform(X, domain=DOMAIN)
    sorted_ = cls(mode).fit_transform(X[sort], domain=DOMAIN[sort])
    # What is pooled is summed in another order, and a mean is found to 1e-8.
    assert_allclose(sorted_, interleaved[sort], rtol=1e-6, atol=1e-7)


@every_class
def test_fit_forgets_another_mode(cls):
    X = data(cls)
    aligner = cls("training").fit(X, domain=DOMAIN)
    aligner.set_params(mode="online").fit(X, domain=DOMAIN)
    aligner.partial_fit(X, domain=DOMAIN)
    assert aligner.n_followed_ == {"a": 8, "b": 8, "c": 8}
    assert aligner.fit(X[:8]).n_followed_ == aligner.references_ == {}
    aligner.set_params(mode="transductive").fit(X, domain=DOMAIN)
    for name in ("reference_", "references_", "n_followed_"):
        assert not hasattr(aligner, name)


@every_class
@every_mode
def test_float32_and_pickle_with_domains(cls, mode):
    X = data(cls)
    fitted = cls(mode).fit(X, domain=DOMAIN)
    out = fitted.transform(X, domain=DOMAIN)
    again = pickle.loads(pickle.dumps(fitted)).transform(X, domain=DOMAIN)
    assert_array_equal(again, out)
    single = X.astype(np.float32)
    out_single = clone(fitted).fit_transform(single, domain=DOMAIN)
    assert out_single.dtype == np.float32
    assert_allclose(out_single, out, rtol=1e-4, atol=1e-4 * np.abs(out).max())


@every_class
@pytest.mark.parametrize(
    "domain",
    [
        DOMAIN.tolist(),
        pd.Series(DOMAIN, index=np.arange(24)[::-1]),
        pd.Categorical(DOMAIN),
        np.unique(DOMAIN, return_inverse=True)[1],
        np.unique(DOMAIN, return_inverse=True)[1].astype(float),
        [{"a": "anna", "b": 7, "c": (1, 2)}[d] for d in DOMAIN],
    ],
    ids=["list", "series", "categorical", "int", "float", "mixed"],
)
def test_kinds_of_domain(cls, domain):
    X = data(cls)
    expected = cls().fit_transform(X, domain=DOMAIN)
    assert_array_equal(cls().fit_transform(X, domain=domain), expected)


# What is refused.


@every_class
@pytest.mark.parametrize(
    "domain, message",
    [
        (DOMAIN[:-1], r"of shape \(24,\), got shape \(23,\)"),
        ([], r"got shape \(0,\)"),
        ("anna", r"got shape \(\)"),
        ([["anna", 1]] * 24, r"got shape \(24, 2\). Make one name of subject and sess"),
        (np.r_[np.ones(23), np.nan], r"missing \(nan\) in row 23"),
        (["a"] * 23 + [np.nan], r"missing \(nan\) in row 23"),
        (np.array(["a", np.nan] * 12), r"missing \('nan'\) in row 1"),
        ([None] + ["a"] * 23, r"missing \(None\) in row 0"),
        (pd.Series(["a", pd.NA] * 12, dtype="string"), r"missing \(<NA>\) in row 1"),
    ],
    ids=["short", "empty", "scalar", "2d", "nan", "list", "text", "None", "NA"],
)
def test_wrong_domain(cls, domain, message):
    X = data(cls)
    fitted = cls().fit(X)
    for method in (cls().fit, cls().fit_transform, fitted.transform):
        with pytest.raises(ValueError, match=message):
            method(X, domain=domain)


@every_class
def test_a_lone_sample(cls):
    X = data(cls)
    domain = np.array(["a"] * 23 + ["b"])
    message = r"n_samples = 1 in domain 'b'.*mode='online'"
    for mode in ("training", "online"):
        with pytest.raises(ValueError, match=message):
            cls(mode).fit(X, domain=domain)
    transductive = cls("transductive").fit(X)
    with pytest.raises(ValueError, match=message):
        transductive.transform(X, domain=domain)
    with pytest.raises(ValueError, match="n_samples = 1 in the only domain"):
        transductive.transform(X[:1])
    for mode in ("training", "online"):
        with pytest.raises(ValueError, match="n_samples = 1 in the only domain"):
            cls(mode).fit(X[:1])
    # These do not need the statistic of the lone sample.
    assert cls("online").fit(X).transform(X, domain=domain).shape == X.shape
    assert cls().fit(X).transform(X[:1], domain=["b"]).shape == X[:1].shape


@pytest.mark.parametrize("cls", [Recenter, Rescale])
def test_singular_matrices_are_refused(cls):
    X = windows()
    C = Covariances().transform(X - X.mean(axis=1, keepdims=True))
    with pytest.raises(ValueError, match="Matrix 0 is not positive definite.*average"):
        cls().fit(C, domain=DOMAIN)
    with pytest.raises(ValueError, match="Matrix 0 is not positive definite"):
        cls().fit(data(cls)).transform(C)


@every_class
@pytest.mark.parametrize("prior", [0, -1, np.nan, np.inf, "ten", None])
def test_wrong_prior(cls, prior):
    with pytest.raises(ValueError, match="prior should be a positive number"):
        cls(prior=prior).fit(data(cls))


@every_class
@pytest.mark.parametrize("mode", ["inductive", None, ["online"]])
def test_wrong_mode(cls, mode):
    with pytest.raises(ValueError, match="mode should be one of"):
        cls(mode).fit(data(cls))


@every_mode
@pytest.mark.parametrize("metric", ["euclidean", None, ["riemann"]])
def test_wrong_metric(mode, metric):
    with pytest.raises(ValueError, match="Unknown metric"):
        Recenter(mode, metric).fit(data(Recenter))


def test_metric_without_geodesics():
    C = data(Recenter)
    assert Recenter(metric="harmonic").fit_transform(C).shape == C.shape
    with pytest.raises(ValueError, match="'harmonic' has not: expected one of.*riem"):
        Recenter("online", "harmonic").fit(C)


def test_nothing_to_scale_by():
    C = np.tile(np.eye(N), (4, 1, 1))
    with pytest.raises(ValueError, match="dispersion is zero"):
        Rescale().fit(C)
    equal = np.tile(data(Recenter)[0], (4, 1, 1))
    for dtype in (np.float64, np.float32):
        recentred = Recenter().fit_transform(equal.astype(dtype))
        with pytest.raises(ValueError, match="dispersion is zero"):
            Rescale().fit(recentred)


def test_nothing_to_align():
    with pytest.raises(ValueError, match="windows of all samples are zero"):
        EuclideanAlignment().fit(np.zeros((4, N, 64)))


# Inside scikit-learn's machinery.


def routed(aligner):
    return aligner.set_fit_request(domain=True).set_transform_request(domain=True)


def simulated():
    """Subjects whose mixing matrices hide which channel is the loud one of a class."""
    rng = np.random.default_rng(0)
    y, subject = np.tile([0, 1], 30), np.repeat(np.arange(5), 12)
    X = rng.standard_normal((60, N, 128))
    X[y == 1, 0] *= 1.7
    mixing = np.eye(N) + 0.3 * rng.standard_normal((5, N, N))
    mixing *= rng.uniform(0.3, 3, (5, N, 1))
    return mixing[subject] @ X, y, subject


@every_mode
def test_domains_are_routed_through_a_pipeline(mode):
    X, y, subject = simulated()
    train = subject < 3
    with sklearn.config_context(enable_metadata_routing=True):
        pipeline = make_pipeline(
            routed(EuclideanAlignment(mode)),
            Covariances(),
            routed(Recenter(mode)),
            routed(Rescale(mode)),
            TangentSpace(),
            LogisticRegression(),
        )
        pipeline.fit(X[train], y[train], domain=subject[train])
        got = pipeline.decision_function(X[~train], domain=subject[~train])
    fold, test = (X[train], subject[train]), (X[~train], subject[~train])
    ea = EuclideanAlignment(mode)
    C = Covariances().transform(ea.fit_transform(fold[0], domain=fold[1]))
    C_test = Covariances().transform(ea.transform(test[0], domain=test[1]))
    for aligner in (Recenter(mode), Rescale(mode)):
        C = aligner.fit_transform(C, domain=fold[1])
        C_test = aligner.transform(C_test, domain=test[1])
    tail = make_pipeline(TangentSpace(), LogisticRegression()).fit(C, y[train])
    assert_array_equal(got, tail.decision_function(C_test))


def test_domains_that_nobody_asked_for_are_refused():
    X, y, subject = simulated()
    with sklearn.config_context(enable_metadata_routing=True):
        pipeline = make_pipeline(Covariances(), Recenter(), MDM())
        with pytest.raises(UnsetMetadataPassedError, match="domain"):
            pipeline.fit(X, y, domain=subject)


@pytest.mark.parametrize("cv", [LeaveOneGroupOut(), GroupKFold(2)], ids=str)
@pytest.mark.parametrize("scoring", [None, "accuracy"])
def test_cross_validation_with_domains(cv, scoring):
    """Every fold's domains come with its rows to fit; to score, without a scorer only.

    That is so since scikit-learn 1.8. Else the test windows are one domain: right with
    one subject to a fold.
    """
    version = tuple(map(int, sklearn.__version__.split(".")[:2]))
    comes_to_score = scoring is None and version >= (1, 8)
    X, y, subject = simulated()
    C = Covariances().transform(X)
    with sklearn.config_context(enable_metadata_routing=True):
        head = routed(Recenter("transductive"))
        pipeline = make_pipeline(head, TangentSpace(), LogisticRegression())
        params = {"groups": subject, "domain": subject}
        found = cross_validate(
            pipeline, C, y, cv=cv, params=params, scoring=scoring, error_score="raise"
        )
    expected = []
    for train, test in cv.split(C, y, subject):
        align = Recenter("transductive").fit(C[train]).transform
        tail = make_pipeline(TangentSpace(), LogisticRegression())
        tail.fit(align(C[train], domain=subject[train]), y[train])
        aligned = align(C[test], domain=subject[test] if comes_to_score else None)
        expected.append(tail.score(aligned, y[test]))
    assert_allclose(found["test_score"], expected)


def test_alignment_helps_across_subjects():
    """Chance is 0.5, and a fold has 12 windows; nothing here was tuned."""
    X, y, subject = simulated()
    scores = {}
    with sklearn.config_context(enable_metadata_routing=True):
        heads = {mode: routed(Recenter(mode)) for mode in MODES}
        heads["plain"] = FunctionTransformer()
        for name, head in heads.items():
            params = {"groups": subject} | (
                {} if name == "plain" else {"domain": subject}
            )
            scores[name] = cross_validate(
                make_pipeline(Covariances(), head, MDM()),
                X,
                y,
                cv=LeaveOneGroupOut(),
                params=params,
                error_score="raise",
            )["test_score"].mean()
    assert scores["transductive"] > scores["plain"] + 0.1
    assert scores["transductive"] >= scores["online"] > scores["plain"]


@pytest.mark.skipif(config.DISABLE_JIT, reason="interpreted, it takes minutes")
def test_simulated_subjects_are_aligned():
    """Chance is 1/3; the subjects of the simulation differ in their heads and gains."""
    data = SimulatedEmotion(n_subjects=6, n_sessions=1, n_trials=12, trial_seconds=12)
    X, y, metadata = EmotionParadigm(window=4.0).get_data(data)
    subject = metadata["subject"].to_numpy()
    oas = Covariances("oas")

    def score(*head, **domain):
        return cross_validate(
            make_pipeline(*head, TangentSpace(), LogisticRegression(max_iter=1000)),
            X,
            y,
            cv=LeaveOneGroupOut(),
            params={"groups": subject} | domain,
            error_score="raise",
        )["test_score"].mean()

    with sklearn.config_context(enable_metadata_routing=True):
        plain = score(oas)
        recentred = score(oas, routed(Recenter("transductive")), domain=subject)
        aligned = score(routed(EuclideanAlignment("transductive")), oas, domain=subject)
    # The standard error of a score of 216 windows is about 0.03.
    assert recentred > plain + 0.06
    assert aligned > plain + 0.06

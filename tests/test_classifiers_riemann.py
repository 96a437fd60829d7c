"""Filtered means, neighbours and support vectors of SPD matrices, and means online."""

import pickle

import numpy as np
import pytest
import reference
import sklearn
from numpy.testing import assert_allclose, assert_array_equal
from pyriemann.classification import SVC as PyRiemannSVC
from pyriemann.classification import FgMDM as PyRiemannFgMDM
from pyriemann.classification import KNearestNeighbor
from pyriemann.geometry.tangentspace import untangent_space
from scipy.linalg import subspace_angles
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.covariance import ledoit_wolf
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from eegemo.covariance import Covariances
from eegemo.riemann import (
    MDM,
    FgMDM,
    RiemannianKNN,
    RiemannianSVC,
    TangentSpace,
    _knn,
    distance_spd,
    mean_spd,
    pairwise_distance_spd,
)
from eegemo.riemann._fisher import (
    discriminant_directions,
    ledoit_wolf_standardised,
)

N = 4
SPREAD = [1.0, 1.5, 2.2]


def matrices(n_classes=2, n_matrices=24, seed=0):
    """SPD matrices of overlapping classes, and their labels."""
    rng = np.random.default_rng(seed)
    A = rng.standard_normal((n_matrices, N, 2 * N))
    k = np.arange(n_matrices) % n_classes
    for c in range(n_classes):
        A[k == c, c] *= SPREAD[c]
    return A @ A.swapaxes(1, 2) / (2 * N), np.array(["calm", "sad", "tense"])[k]


def diagonal(n_matrices=12):
    rng = np.random.default_rng(2)
    return rng.uniform(0.1, 10, (n_matrices, N))[:, :, None] * np.eye(N)


def congruent(C):
    """All matrices after the same mixing of the channels."""
    W = np.random.default_rng(5).standard_normal((N, N))
    mixed = W @ C @ W.T
    return (mixed + mixed.swapaxes(1, 2)) / 2


ALL = [MDM(), FgMDM(), RiemannianKNN(3), RiemannianSVC()]
every = pytest.mark.parametrize("estimator", ALL, ids=str)
two_or_three = pytest.mark.parametrize("n_classes", [2, 3])


# All of them.


@every
@two_or_three
def test_labels_are_those_of_the_data(estimator, n_classes):
    C, y = matrices(n_classes)
    fitted = clone(estimator).fit(C, y)
    assert_array_equal(fitted.classes_, np.unique(y))
    # chance is 1/2 or 1/3; the classes overlap
    assert fitted.score(C, y) > 0.6


@pytest.mark.parametrize("estimator", [MDM(), RiemannianKNN(3), RiemannianSVC()])
@two_or_three
def test_mixing_the_channels_changes_nothing(estimator, n_classes):
    """To 1e-6, since means are found to 1e-8.

    FgMDM is not among them: what its shrinkage standardises are single features.
    """
    C, y = matrices(n_classes)
    mixed = congruent(C)
    plain, moved = clone(estimator).fit(C, y), clone(estimator).fit(mixed, y)
    assert_array_equal(moved.predict(mixed), plain.predict(C))
    if hasattr(plain, "decision_function"):
        expected = plain.decision_function(C)
        # libsvm stops at 1e-3 of the gradient, at a path that rounding may change
        assert_allclose(moved.decision_function(mixed), expected, atol=1e-4)
    else:
        expected = plain.predict_proba(C)
        assert_allclose(moved.predict_proba(mixed), expected, atol=1e-6)


@every
def test_order_of_channels_and_unit_change_nothing(estimator):
    C, y = matrices(3)
    order = [2, 0, 3, 1]
    moved = 1e-12 * C[:, order][:, :, order]
    expected = clone(estimator).fit(C, y).predict(C)
    assert_array_equal(clone(estimator).fit(moved, y).predict(moved), expected)


@every
def test_what_is_not_spd_is_named(estimator):
    C, y = matrices()
    fitted = clone(estimator).fit(C, y)
    C[3] = np.diag([1, 1, 1, -1e-3])
    for use in (lambda C: clone(estimator).fit(C, y), fitted.predict):
        with pytest.raises(ValueError, match="Matrix 3 is not positive definite"):
            use(C)
    C[3, 0, 1] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        fitted.predict(C)


@every
def test_a_class_may_lack_in_a_fold(estimator):
    C, y = matrices(3)
    order = np.argsort(y)
    scores = cross_val_score(
        estimator, C[order], y[order], cv=KFold(3), error_score="raise"
    )
    assert_array_equal(scores, 0)  # of a class never seen


@every
def test_pickle_keeps_string_labels(estimator):
    C, y = matrices(3)
    fitted = clone(estimator).fit(C, y)
    again = pickle.loads(pickle.dumps(fitted))
    assert_array_equal(again.predict(C), fitted.predict(C))


def test_search_over_pipelines():
    rng = np.random.default_rng(3)
    X, y = rng.standard_normal((24, 3, 64)), np.arange(24) % 2
    X[y == 1, 0] *= 2
    for estimator, grid in [
        (RiemannianSVC(), {"riemanniansvc__C": [0.01, 1.0]}),
        (RiemannianKNN(), {"riemannianknn__n_neighbors": [1, 3]}),
        (FgMDM(), {"fgmdm__metric": ["riemann", "logeuclid"]}),
    ]:
        pipeline = make_pipeline(Covariances("oas"), estimator)
        search = GridSearchCV(pipeline, grid, cv=3, error_score="raise").fit(X, y)
        assert search.best_score_ > 0.8


@pytest.mark.parametrize(
    "estimator", [MDM("euclid"), FgMDM(), RiemannianKNN(3), RiemannianKNN(2)], ids=str
)
def test_threads_compute_the_same(estimator):
    C, y = matrices(3)
    expected = clone(estimator).fit(C, y)
    threads = clone(estimator).set_params(n_jobs=2).fit(C, y)
    for X in (C, C[:1], C[:3]):
        proba = threads.predict_proba(X)
        assert_allclose(proba, expected.predict_proba(X), rtol=1e-12)


# Fisher's discriminant.


@two_or_three
@pytest.mark.parametrize("n_features", [3, 40], ids=["long", "wide"])
def test_directions_are_those_of_lda(n_classes, n_features):
    """Of scikit-learn's, to rounding: at most 1e-6 rad, where it solves by SVD."""
    rng = np.random.default_rng(0)
    y = np.arange(30) % n_classes
    X = rng.standard_normal((30, n_features)) * rng.uniform(0.1, 10, n_features)
    X += y[:, None] * rng.standard_normal(n_features)
    lda = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto").fit(X, y)
    got = discriminant_directions(X, y, np.ones(30))
    coef = lda.coef_ if n_classes == 2 else lda.coef_ - lda.priors_ @ lda.coef_
    assert got.shape == (n_classes - 1, n_features)
    assert_allclose(got @ got.T, np.eye(n_classes - 1), atol=1e-12)
    assert subspace_angles(got.T, coef.T[:, : n_classes - 1]).max() < 1e-6


def test_directions_without_shrinkage():
    """Of two samples a class, Ledoit and Wolf's shrinkage is zero."""
    X = np.random.default_rng(0).standard_normal((4, 6))
    y = np.array([0, 0, 1, 1])
    lda = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto").fit(X, y)
    got = discriminant_directions(X, y, np.ones(4))
    assert subspace_angles(got.T, lda.coef_.T).max() < 1e-6
    single = discriminant_directions(X[:2], y[1:3], np.ones(2))
    apart = (X[1] - X[0]) / np.linalg.norm(X[1] - X[0])
    assert_allclose(np.abs(single @ apart), 1)


def test_means_in_line_have_one_direction():
    X = np.random.default_rng(0).standard_normal((20, 5))
    X = np.concatenate([X, -X])  # of mean zero
    rows = np.concatenate([X + c * np.eye(5)[0] for c in range(3)])
    y = np.repeat(np.arange(3), len(X))
    got = discriminant_directions(rows, y, np.ones(len(y)))
    assert got.shape == (1, 5)


def test_constant_features_have_no_part():
    """Nor have those of which rounding alone is left."""
    rng = np.random.default_rng(0)
    y = np.arange(20) % 2
    X = rng.standard_normal((20, 4))
    X[:, 1] = 3.0
    X[:, 2] *= 1e-16
    got = discriminant_directions(X, y, np.ones(20))
    assert np.abs(got[:, 1:3]).max() < 1e-12


@pytest.mark.parametrize("n_features", [5, 30], ids=["long", "wide"])
def test_shrinkage_is_that_of_scikit_learn(n_features):
    X = np.random.default_rng(0).standard_normal((12, n_features))
    X *= np.arange(1, n_features + 1)
    Z = X - X.mean(axis=0)
    shrinkage, target = ledoit_wolf_standardised(Z, np.ones(12))
    scaler = StandardScaler().fit(X)
    assert_allclose(shrinkage, ledoit_wolf(scaler.transform(X))[1])
    assert_allclose(target, scaler.scale_**2)  # whose mean variance is one


@pytest.mark.parametrize("n_features", [3, 40], ids=["long", "wide"])
def test_directions_count_repetitions(n_features):
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((12, n_features)), np.arange(12) % 2
    times = np.arange(12) % 3 + 1
    got = discriminant_directions(X, y, times.astype(float))
    repeated = np.repeat(X, times, axis=0), np.repeat(y, times)
    expected = discriminant_directions(*repeated, np.ones(times.sum()))
    assert_allclose(np.abs(got @ expected.T), 1, rtol=1e-12)


# Geodesic filtering.


def test_fgmdm_matches_the_reference():
    C, y = matrices(3, 9)
    expected = reference.filtered_distances(C, y)
    assert_allclose(FgMDM().fit(C, y).transform(C), expected, atol=1e-6)


@two_or_three
@pytest.mark.parametrize("metric", ["riemann", "logeuclid", "logchol"])
def test_fgmdm_equals_pyriemann(n_classes, metric):
    """To 1e-6, as Karcher means are found to 1e-8."""
    C, y = matrices(n_classes)
    ours, theirs = FgMDM(metric).fit(C, y), PyRiemannFgMDM(metric=metric).fit(C, y)
    assert_allclose(ours.transform(C), theirs.transform(C), atol=1e-6)
    assert_allclose(ours.predict_proba(C), theirs.predict_proba(C), atol=1e-6)
    assert_array_equal(ours.predict(C), theirs.predict(C))


def test_fgmdm_has_one_direction_less_than_classes():
    """Whatever the tangent point; pyRiemann has one more where it is not the mean."""
    C, y = matrices(3)
    metric = {"mean": "logeuclid", "map": "riemann", "distance": "riemann"}
    for m in (metric, "riemann"):
        assert FgMDM(m).fit(C, y).components_.shape == (2, N * (N + 1) // 2)


def test_fgmdm_of_two_classes_takes_a_short_cut():
    """Its numbers are as far apart as the matrices on the geodesic."""
    C, y = matrices()
    fgmdm = FgMDM().fit(C, y)
    ts = TangentSpace().fit(C)
    project = fgmdm.components_.T @ fgmdm.components_
    filtered = untangent_space(ts.transform(C) @ project, ts.reference_)
    expected = MDM().fit(filtered, y).transform(filtered)
    assert_allclose(fgmdm.transform(C), expected, atol=1e-7)


def test_fgmdm_ignores_what_does_not_differ():
    """Only one variance depends on the class, and only it tells a new matrix's."""
    C, y = diagonal(40), np.arange(40) % 2
    C[y == 1, 0, 0] *= 1e4
    fgmdm = FgMDM().fit(C, y)
    new = np.stack([np.diag([0.1, 1, 1, 1]), np.diag([5e4, 1, 1, 1])])
    assert_array_equal(fgmdm.predict(new), [0, 1])
    names = TangentSpace().fit(C).get_feature_names_out(list("abcd"))
    assert names[np.abs(fgmdm.components_[0]).argmax()] == "a*a"
    assert list(fgmdm.get_feature_names_out()) == ["fgmdm0", "fgmdm1"]


def test_fgmdm_with_matrices_that_leave_the_cone():
    C, y = matrices(n_matrices=40)
    C[0] *= 300
    with pytest.raises(ValueError, match="not positive definite"):
        FgMDM("euclid").fit(C, y)


@pytest.mark.parametrize(
    "metric", [{"mean": "riemann", "distance": "riemann"}, "manhattan", "logdet"]
)
def test_fgmdm_needs_a_mean_a_map_and_a_distance(metric):
    with pytest.raises(ValueError, match="'mean' and 'map' and 'dist|Unknown metric"):
        FgMDM(metric).fit(*matrices())


# Neighbours.


@two_or_three
@pytest.mark.parametrize("weights", ["uniform", "distance"])
@pytest.mark.parametrize("metric", ["riemann", "logeuclid"])
def test_knn_equals_scikit_learn_with_all_distances(n_classes, weights, metric):
    """No distance is tied, so that votes are the same."""
    C, y = matrices(n_classes)
    train, test = C[:15], C[15:]
    ours = RiemannianKNN(4, weights, metric).fit(train, y[:15])
    theirs = KNeighborsClassifier(4, weights=weights, metric="precomputed")
    theirs.fit(pairwise_distance_spd(train, metric=metric), y[:15])
    distances = pairwise_distance_spd(test, train, metric=metric)
    assert_allclose(ours.predict_proba(test), theirs.predict_proba(distances))
    assert_array_equal(ours.predict(test), theirs.predict(distances))
    expected = theirs.kneighbors(distances)
    assert_array_equal(ours.kneighbors(test)[1], expected[1])
    assert_allclose(ours.kneighbors(test)[0], expected[0], rtol=1e-7)


def test_knn_matches_the_reference():
    C, y = matrices(3)
    knn = RiemannianKNN(3).fit(C[:15], y[:15])
    expected = reference.nearest_spd(C[15:], C[:15], 3)
    assert_array_equal(knn.kneighbors(C[15:])[1], expected)


@pytest.mark.parametrize("metric", ["riemann", "logeuclid", "euclid", "logdet"])
@pytest.mark.parametrize("k", [1, 3, 4])
def test_knn_labels_equal_pyriemann(metric, k):
    """Of numbers: it cuts words to the length of the first it predicts."""
    C, y = matrices(3)
    y = np.unique(y, return_inverse=True)[1]
    ours = RiemannianKNN(k, metric=metric).fit(C[:15], y[:15])
    theirs = KNearestNeighbor(k, metric=metric).fit(C[:15], y[:15])
    assert_array_equal(ours.predict(C), theirs.predict(C))


def test_knn_with_an_asymmetric_distance():
    C, y = matrices()
    knn = RiemannianKNN(1, metric="kullback").fit(C[:20], y[:20])
    distances, indices = knn.kneighbors(C[20:])
    expected = pairwise_distance_spd(C[20:], C[:20], metric="kullback")
    assert_array_equal(indices[:, 0], expected.argmin(axis=1))
    assert_allclose(distances[:, 0], expected.min(axis=1))


def test_knn_breaks_ties_as_it_says():
    """Votes: the first class. Distances: the first training matrix."""
    sizes = [2.0, 0.5, 4.0, 0.25]
    C = np.stack([s * np.eye(N) for s in sizes])
    one = RiemannianKNN(2).fit(C, ["b", "a", "a", "b"])
    assert one.predict(np.eye(N)[None]) == "a"
    # so many that not every sort keeps their order
    two = np.stack([2 * np.eye(N), np.eye(N)] * 50)
    knn = RiemannianKNN(5).fit(two, np.arange(100) % 4)
    assert_array_equal(knn.kneighbors(np.eye(N)[None])[1], [[1, 3, 5, 7, 9]])
    assert_array_equal(knn.predict(np.eye(N)[None]), 1)


@pytest.mark.parametrize("metric", ["riemann", "logeuclid"])
def test_knn_at_a_distance_of_zero(metric):
    """Where another matrix is infinitely nearer, the others have no votes."""
    C = np.stack([np.eye(N), 2 * np.eye(N), 3 * np.eye(N)])
    knn = RiemannianKNN(3, "distance", metric).fit(C, [0, 1, 1])
    assert_allclose(knn.predict_proba(np.eye(N)[None]), [[1, 0]], atol=1e-7)


def test_knn_with_own_votes():
    C, y = matrices()
    knn = RiemannianKNN(3, lambda d: np.exp(-(d**2))).fit(C, y)
    distances, indices = knn.kneighbors(C)
    votes = np.exp(-(distances**2))
    expected = (votes * (y[indices] == "sad")).sum(axis=1) / votes.sum(axis=1)
    assert_allclose(knn.predict_proba(C)[:, 1], expected)
    with pytest.raises(ValueError, match="neighbours of matrix 0 have no votes"):
        RiemannianKNN(3, np.zeros_like).fit(C, y).predict(C)


@pytest.mark.parametrize("metric", ["riemann", "logeuclid", "euclid"])
def test_knn_in_parts_is_knn_at_once(metric, monkeypatch):
    C, y = matrices(3)
    knn = RiemannianKNN(3, metric=metric).fit(C[:20], y[:20])
    distances, indices = knn.kneighbors(C)
    monkeypatch.setattr(_knn, "_AT_ONCE", 50)
    again = knn.kneighbors(C)
    assert_allclose(again[0], distances, atol=1e-7)
    assert_array_equal(again[1], indices)


def test_knn_computes_each_distance_once(monkeypatch):
    C, y = matrices()
    knn = RiemannianKNN().fit(C[:10], y[:10])
    shapes = []

    def counted(X, references, metric):
        shapes.append(len(X) * len(references))
        return distances_from(X, references, metric)

    distances_from = _knn.distances_from
    monkeypatch.setattr(_knn, "distances_from", counted)
    knn.predict(C)
    assert sum(shapes) == 10 * len(C)


@pytest.mark.parametrize(
    "parameters, message",
    [
        ({"n_neighbors": 0}, "n_neighbors == 0, must be >= 1"),
        ({"n_neighbors": 25}, "only 24 training matrices"),
        ({"weights": "closest"}, "weights should be 'uniform', 'distance' or a func"),
        ({"metric": "manhattan"}, "Unknown metric 'manhattan'.*riemann"),
        ({"metric": {"mean": "riemann"}}, "Unknown metric"),
    ],
)
def test_knn_parameters(parameters, message):
    with pytest.raises(ValueError, match=message):
        RiemannianKNN(**parameters).fit(*matrices())


# Support vectors.


@two_or_three
@pytest.mark.parametrize("shape", ["ovr", "ovo"])
def test_svc_is_a_linear_svc_of_tangent_vectors(n_classes, shape):
    C, y = matrices(n_classes)
    weight = np.random.default_rng(0).integers(1, 4, len(y)).astype(float)
    ours = RiemannianSVC(decision_function_shape=shape, class_weight="balanced")
    ours.fit(C[:18], y[:18], weight[:18])
    ts = TangentSpace().fit(C[:18], sample_weight=weight[:18])
    theirs = SVC(
        kernel="linear", decision_function_shape=shape, class_weight="balanced"
    ).fit(ts.transform(C[:18]), y[:18], weight[:18])
    assert_array_equal(ours.support_, theirs.support_)
    expected = theirs.decision_function(ts.transform(C))
    assert_allclose(ours.decision_function(C), expected, atol=1e-8)
    assert_array_equal(ours.predict(C), theirs.predict(ts.transform(C)))


@pytest.mark.filterwarnings("ignore:The `probability` parameter:FutureWarning")
@two_or_three
@pytest.mark.parametrize("metric", ["riemann", "logeuclid", "euclid"])
def test_svc_equals_pyriemann(n_classes, metric):
    """To 1e-5: its means are found to 1e-8, and its kernel has 1e-10 added."""
    C, y = matrices(n_classes)
    ours = RiemannianSVC(metric=metric).fit(C[:18], y[:18])
    theirs = PyRiemannSVC(metric=metric).fit(C[:18], y[:18])
    assert_allclose(ours.reference_, theirs.Cref_, atol=1e-7)
    expected = theirs.decision_function(C)
    assert_allclose(ours.decision_function(C), expected, atol=1e-5)
    assert_array_equal(ours.predict(C), theirs.predict(C))


def test_svc_with_two_metrics():
    C, y = matrices()
    ours = RiemannianSVC(metric={"mean": "riemann", "map": "logeuclid"}).fit(C, y)
    assert_allclose(ours.reference_, mean_spd(C))
    flat = RiemannianSVC(metric="logeuclid").fit(C, y)
    # a linear kernel with a bias does not see the origin; libsvm stops at 1e-3
    assert_allclose(ours.decision_function(C), flat.decision_function(C), atol=1e-2)


def test_svc_counts_all_matrices_given():
    """Those of weight zero too."""
    C, y = matrices()
    weight = np.where(np.arange(len(y)) < 6, 0.0, 1.0)
    some = RiemannianSVC().fit(C, y, weight)
    assert_array_equal(some.support_, 6 + RiemannianSVC().fit(C[6:], y[6:]).support_)


def test_svc_has_probabilities_from_scikit_learn():
    C, y = matrices(3, 36)
    assert not hasattr(RiemannianSVC(), "predict_proba")
    calibrated = CalibratedClassifierCV(RiemannianSVC(), cv=3, ensemble=False)
    proba = calibrated.fit(C, y).predict_proba(C)
    assert proba.shape == (36, 3)
    assert_allclose(proba.sum(axis=1), 1)


# Weights and frames.


@pytest.mark.parametrize("estimator", [MDM(), FgMDM(), RiemannianSVC()], ids=str)
@two_or_three
def test_weight_is_repetition(estimator, n_classes):
    """To 1e-3 for support vectors, where libsvm stops."""
    C, y = matrices(n_classes)
    times = np.arange(len(y)) % 4
    weighted = clone(estimator).fit(C, y, times.astype(float))
    repeated = clone(estimator).fit(np.repeat(C, times, axis=0), np.repeat(y, times))
    if hasattr(estimator, "transform"):
        expected = repeated.transform(C)
        assert_allclose(weighted.transform(C), expected, atol=1e-6)
    else:
        expected = repeated.decision_function(C)
        assert_allclose(weighted.decision_function(C), expected, atol=1e-2)


def test_weight_reaches_fgmdm_through_a_pipeline():
    rng = np.random.default_rng(3)
    X, y = rng.standard_normal((20, 3, 64)), np.arange(20) % 2
    weight = rng.uniform(0.5, 2, 20)
    with sklearn.config_context(enable_metadata_routing=True):
        last = FgMDM().set_fit_request(sample_weight=True)
        pipeline = make_pipeline(Covariances(), last).fit(X, y, sample_weight=weight)
    C = Covariances().fit_transform(X)
    expected = FgMDM().fit(C, y, weight).transform(C)
    assert_array_equal(pipeline.transform(X), expected)


# Means online.


def test_partial_fit_matches_the_reference():
    C, y = matrices(3)
    weight = np.random.default_rng(0).uniform(0.5, 2, len(y))
    mdm = MDM().partial_fit(C, y, np.unique(y), weight)
    for k, c in enumerate(mdm.classes_):
        expected = reference.mean_online(C[y == c], weight[y == c])
        assert_allclose(mdm.covmeans_[k], expected, rtol=1e-10)
        assert_allclose(mdm.class_count_[k], weight[y == c].sum())


@pytest.mark.parametrize("metric", ["riemann", "logeuclid", "euclid", "wasserstein"])
def test_partial_fit_does_not_see_the_batches(metric):
    C, y = matrices()
    at_once = MDM(metric).partial_fit(C, y, np.unique(y))
    batches = MDM(metric)
    for start, stop in [(0, 1), (1, 8), (8, 24)]:
        batches.partial_fit(C[start:stop], y[start:stop], np.unique(y))
    assert_array_equal(batches.covmeans_, at_once.covmeans_)
    assert_array_equal(batches.class_count_, at_once.class_count_)


@pytest.mark.parametrize("metric", ["riemann", "logeuclid"])
def test_partial_fit_is_fit_where_matrices_commute(metric):
    """Then both are geometric means; of the affine-invariant, found to 1e-8."""
    C, y = diagonal(), np.arange(12) % 2
    weight = np.random.default_rng(0).uniform(0.5, 2, 12)
    mdm = MDM(metric).partial_fit(C, y, [0, 1], weight)
    geometric = np.exp(
        np.average(np.log(C[y == 0][:, range(N), range(N)]), 0, weight[y == 0])
    )
    assert_allclose(mdm.covmeans_[0], np.diag(geometric), rtol=1e-10, atol=1e-14)
    fitted = MDM(metric).fit(C, y, weight)
    assert_allclose(mdm.covmeans_, fitted.covmeans_, rtol=1e-7, atol=1e-14)


@pytest.mark.parametrize("metric", ["logeuclid", "euclid"])
def test_partial_fit_is_fit_where_the_space_is_flat(metric):
    C, y = matrices()
    online, fitted = MDM(metric).partial_fit(C, y, np.unique(y)), MDM(metric).fit(C, y)
    assert_allclose(online.covmeans_, fitted.covmeans_, rtol=1e-10, atol=1e-12)


def test_partial_fit_is_near_fit():
    """Nearer than a tenth of the distance between the means."""
    C, y = matrices(n_matrices=100)
    online, fitted = MDM().partial_fit(C, y, np.unique(y)), MDM().fit(C, y)
    apart = distance_spd(fitted.covmeans_[:1], fitted.covmeans_[1])[0]
    for k in range(2):
        off = distance_spd(online.covmeans_[k][None], fitted.covmeans_[k])[0]
        assert 0 < off < 0.1 * apart


def test_partial_fit_goes_on_from_fit():
    C, y = matrices()
    mdm = MDM().fit(C[:16], y[:16])
    means = mdm.covmeans_.copy()
    mdm.partial_fit(C[16:17], y[16:17])
    assert_array_equal(mdm.class_count_, [9, 8])
    assert_array_equal(mdm.covmeans_[1], means[1])
    # a ninth of the way
    way = distance_spd(C[16:17], means[0])[0]
    assert_allclose(distance_spd(mdm.covmeans_[:1], means[0])[0], way / 9)
    assert_allclose(distance_spd(C[16:17], mdm.covmeans_[0])[0], way * 8 / 9)


def test_fit_forgets_what_partial_fit_learned():
    C, y = matrices()
    mdm = MDM().partial_fit(C, y, ["calm", "sad", "tense"])
    mdm.fit(C, y)
    assert_array_equal(mdm.covmeans_, MDM().fit(C, y).covmeans_)
    assert mdm.transform(C).shape == (24, 2)


def test_a_class_not_seen_yet_is_infinitely_far():
    C, y = matrices()
    mdm = MDM().partial_fit(C, y, ["calm", "sad", "tense"])
    assert np.isnan(mdm.covmeans_[2]).all() and mdm.class_count_[2] == 0
    assert np.isinf(mdm.transform(C)[:, 2]).all()
    assert_array_equal(mdm.predict_proba(C)[:, 2], 0)
    mdm.partial_fit(3 * C[:1], ["tense"])
    assert_allclose(mdm.covmeans_[2], 3 * C[0])
    assert np.isfinite(mdm.transform(C)).all()


def test_weight_zero_moves_nothing():
    C, y = matrices()
    mdm = MDM().partial_fit(C, y, np.unique(y), np.where(y == "sad", 0, 1))
    assert_array_equal(mdm.class_count_, [12, 0])


def test_partial_fit_in_float32():
    C, y = matrices()
    single = C.astype(np.float32)
    mdm = MDM().partial_fit(single, y, np.unique(y))
    expected = MDM().partial_fit(single.astype(float), y, np.unique(y))
    assert mdm.covmeans_.dtype == np.float64
    assert_array_equal(mdm.covmeans_, expected.covmeans_)


class TestPartialFitRefuses:
    def test_no_classes_in_the_first_call(self):
        C, y = matrices()
        with pytest.raises(ValueError, match=r"first call .* classes=np\.unique"):
            MDM().partial_fit(C, y)

    def test_one_class(self):
        C, y = matrices()
        with pytest.raises(ValueError, match="one class: .*calm"):
            MDM().partial_fit(C[::2], y[::2], ["calm"])

    def test_other_classes_than_before(self):
        C, y = matrices()
        mdm = MDM().fit(C, y)
        with pytest.raises(ValueError, match="not those known already.*'sad'"):
            mdm.partial_fit(C, y, ["calm", "tense"])

    def test_unknown_labels(self):
        C, y = matrices(3)
        mdm = MDM().fit(C[y != "tense"], y[y != "tense"])
        before = mdm.covmeans_.copy()
        with pytest.raises(ValueError, match=r"labels \['tense'\], which are not amo"):
            mdm.partial_fit(C, y)
        with pytest.raises(ValueError, match=r"labels \[0, 1\]"):
            mdm.partial_fit(C[:2], [0, 1])
        assert_array_equal(mdm.covmeans_, before)

    def test_another_number_of_channels(self):
        mdm = MDM().fit(*matrices())
        with pytest.raises(ValueError, match="3 features, but MDM is expecting 4"):
            mdm.partial_fit(np.eye(3)[None], ["calm"])

    def test_a_metric_without_geodesics(self):
        C, y = matrices()
        with pytest.raises(ValueError, match="'logdet' has not: expected .*riemann"):
            MDM("logdet").partial_fit(C, y, np.unique(y))

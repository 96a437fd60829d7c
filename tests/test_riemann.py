import numpy as np
import pytest
import reference
from numpy.testing import assert_allclose, assert_array_equal
from pyriemann.classification import MDM as PyRiemannMDM
from pyriemann.tangentspace import TangentSpace as PyRiemannTangentSpace
from sklearn.pipeline import make_pipeline

from eegemo.covariance import AugmentedCovariances, Covariances
from eegemo.riemann import MDM, TangentSpace

N = 4
TANGENT_METRICS = ["riemann", "logeuclid", "euclid", "logchol", "wasserstein"]
MDM_METRICS = [
    "riemann",
    "logeuclid",
    "euclid",
    "logchol",
    "wasserstein",
    "logdet",
    "chol",
    "harmonic",
    "kullback_sym",
    "thompson",
]

# pyRiemann's warning, where rounding keeps a mean from its tolerance of 1e-8.
not_converged = pytest.mark.filterwarnings("ignore:Convergence not reached")


@pytest.fixture
def C():
    rng = np.random.default_rng(0)
    A = rng.standard_normal((10, N, 3 * N))
    A[::2, 0] *= 2
    return A @ A.swapaxes(1, 2) / (3 * N)


@pytest.fixture
def y():
    return np.array(["tense", "calm"] * 5)


def with_condition(condition, n=N):
    """SPD matrix with eigenvalues from 1 / condition to 1."""
    Q, _ = np.linalg.qr(np.random.default_rng(0).standard_normal((n, n)))
    M = (Q * np.geomspace(1 / condition, 1, n)) @ Q.T
    return (M + M.T) / 2


# Tangent space.


def test_tangent_vectors_match_the_reference(C):
    """The mean is found to 1e-8 by pyRiemann, and so are the vectors."""
    ts = TangentSpace().fit(C)
    assert_allclose(ts.reference_, reference.mean_riemann(C), atol=1e-7)
    expected = [reference.tangent_vector(c, ts.reference_) for c in C]
    assert_allclose(ts.transform(C), expected, atol=1e-10)


@pytest.mark.parametrize("metric", TANGENT_METRICS)
@pytest.mark.parametrize("tsupdate", [False, True])
def test_tangent_space_equals_pyriemann(C, metric, tsupdate):
    """Exactly where the functions are its own, or to rounding.

    But both find Karcher means to 1e-8 only.
    """
    ours = TangentSpace(metric, tsupdate=tsupdate).fit(C[:6])
    theirs = PyRiemannTangentSpace(metric=metric, tsupdate=tsupdate).fit(C[:6])
    atol = {"riemann": 1e-7, "logeuclid": 1e-12}.get(metric, 0)
    assert_allclose(ours.reference_, theirs.reference_, rtol=0, atol=atol)
    expected = theirs.transform(C[6:])
    assert_allclose(ours.transform(C[6:]), expected, rtol=0, atol=atol)


@pytest.mark.parametrize("metric", TANGENT_METRICS)
@pytest.mark.parametrize("weight", [None, np.arange(10.0)])
def test_tangent_space_in_one_go(C, metric, weight):
    """To the last digit, for the search ends with the vectors at its reference."""
    at_once, fitted = TangentSpace(metric), TangentSpace(metric)
    vectors = at_once.fit_transform(C, sample_weight=weight)
    fitted.fit(C, sample_weight=weight)
    assert_array_equal(vectors, fitted.transform(C))
    assert_array_equal(at_once.reference_, fitted.reference_)


def test_tangent_space_with_two_metrics_and_weight_equals_pyriemann(C):
    metric = {"mean": "logeuclid", "map": "riemann"}
    weight = np.arange(1.0, 11.0)
    ours = TangentSpace(metric).fit(C, sample_weight=weight)
    theirs = PyRiemannTangentSpace(metric=metric).fit(C, sample_weight=weight)
    assert_allclose(ours.transform(C), theirs.transform(C), rtol=0, atol=1e-12)


@pytest.mark.parametrize("metric", TANGENT_METRICS)
def test_round_trip(C, metric):
    ts = TangentSpace(metric).fit(C)
    assert_allclose(ts.inverse_transform(ts.transform(C)), C, rtol=1e-8, atol=1e-10)


def test_inverse_transform_counts_the_elements(C):
    with pytest.raises(ValueError, match="4 channels have 10 elements, got 9"):
        TangentSpace().fit(C).inverse_transform(np.zeros((2, 9)))


def test_length_of_a_vector_is_the_distance_to_the_mean(C):
    ts = TangentSpace().fit(C)
    expected = [reference.distance_riemann(c, ts.reference_) for c in C]
    assert_allclose(np.linalg.norm(ts.transform(C), axis=1), expected, rtol=1e-10)


def test_vectors_of_the_training_matrices_average_to_zero(C):
    """The definition of the affine-invariant mean; it is found to 1e-8."""
    vectors = TangentSpace().fit_transform(C)
    assert_allclose(vectors.mean(axis=0), 0, atol=1e-7)


def test_mean_itself_is_the_origin(C):
    ts = TangentSpace().fit(C)
    assert_allclose(ts.transform(ts.reference_[None]), 0, atol=1e-12)
    eye = np.eye(N)
    assert_allclose(TangentSpace().fit_transform(np.stack([eye, eye])), 0, atol=1e-12)


def test_tangent_space_at_the_identity_is_the_logarithm():
    """exp(s) and exp(-s) have the mean one; their vectors are s and -s."""
    S = np.array([[0.5, 0.2], [0.2, -0.3]])
    values, vectors = np.linalg.eigh(S)
    pair = [(vectors * np.exp(sign * values)) @ vectors.T for sign in (1, -1)]
    got = TangentSpace().fit_transform(pair)
    expected = np.array([0.5, 0.2 * np.sqrt(2), -0.3])
    assert_allclose(got, [expected, -expected], atol=1e-8)


def test_affine_invariance(C, y):
    """Mixing the channels changes no distance: 1e-6, for means found to 1e-8."""
    W = np.random.default_rng(5).standard_normal((N, N))
    mixed = W @ C @ W.T
    mixed = (mixed + mixed.swapaxes(1, 2)) / 2
    plain = np.linalg.norm(TangentSpace().fit_transform(C), axis=1)
    got = np.linalg.norm(TangentSpace().fit_transform(mixed), axis=1)
    assert_allclose(got, plain, rtol=1e-6)
    distances = MDM().fit(C, y).transform(C)
    assert_allclose(MDM().fit(mixed, y).transform(mixed), distances, rtol=1e-6)


def test_unit_does_not_matter(C):
    """Volts or microvolts: the vectors are the same."""
    expected = TangentSpace().fit_transform(C)
    assert_allclose(TangentSpace().fit_transform(1e-12 * C), expected, atol=1e-6)


def test_tsupdate_recentres_the_test_matrices(C):
    shifted = 5.0 * C
    plain = TangentSpace().fit(C).transform(shifted)
    updated = TangentSpace(tsupdate=True).fit(C).transform(shifted)
    assert abs(plain.mean(axis=0)).max() > 1
    assert_allclose(updated.mean(axis=0), 0, atol=1e-7)


def test_names_are_those_of_the_triangle():
    names = TangentSpace().fit(np.eye(3)[None]).get_feature_names_out(["a", "b", "c"])
    assert list(names) == ["a*a", "a*b", "a*c", "b*b", "b*c", "c*c"]


def test_columns_follow_the_names(C):
    """A covariance between b and d moves the column b*d."""
    ts = TangentSpace().fit(np.eye(N)[None])
    moved = np.eye(N)
    moved[1, 3] = moved[3, 1] = 0.5
    column = np.abs(ts.transform([moved])[0]).argmax()
    assert ts.get_feature_names_out(list("abcd"))[column] == "b*d"


# Minimum distance to mean.


def test_mdm_distances_match_the_reference(C, y):
    mdm = MDM().fit(C, y)
    for c, label in enumerate(["calm", "tense"]):
        mean = reference.mean_riemann(C[y == label])
        assert_allclose(mdm.covmeans_[c], mean, atol=1e-7)
        expected = [reference.distance_riemann(x, mdm.covmeans_[c]) for x in C]
        assert_allclose(mdm.transform(C)[:, c], expected, rtol=1e-10)


@not_converged
@pytest.mark.parametrize("metric", MDM_METRICS)
def test_mdm_equals_pyriemann(C, y, metric):
    """To rounding, as it may sum equal weights in another order; Karcher to 1e-8.

    Its iteration for "logdet" ends at a step of 1e-4 in the unit of the matrices, here
    in a unit of about their size.
    """
    ours, theirs = MDM(metric).fit(C, y), PyRiemannMDM(metric=metric).fit(C, y)
    rtol = {"riemann": 1e-7, "logdet": 1e-3}.get(metric, 1e-10)
    assert_allclose(ours.covmeans_, theirs.covmeans_, rtol=rtol, atol=rtol)
    assert_allclose(ours.transform(C), theirs.transform(C), rtol=rtol)
    assert_array_equal(ours.predict(C), theirs.predict(C))
    rtol = max(rtol, 1e-6)
    assert_allclose(ours.predict_proba(C), theirs.predict_proba(C), rtol=rtol)


def test_mdm_with_weight_and_two_metrics_equals_pyriemann(C, y):
    metric = {"mean": "logeuclid", "distance": "riemann"}
    weight = np.arange(1.0, 11.0)
    ours = MDM(metric).fit(C, y, sample_weight=weight)
    theirs = PyRiemannMDM(metric=metric).fit(C, y, sample_weight=weight)
    assert_allclose(ours.transform(C), theirs.transform(C), rtol=1e-10)


def test_mdm_knows_more_than_two_classes():
    C = np.stack([s * np.eye(3) for s in (1, 1.1, 5, 5.5, 30, 33)])
    y = [0, 0, 1, 1, 2, 2]
    mdm = MDM().fit(C, y)
    assert_array_equal(mdm.predict(C), y)
    assert_allclose(mdm.covmeans_[1], np.sqrt(5 * 5.5) * np.eye(3))
    assert list(mdm.get_feature_names_out()) == ["mdm0", "mdm1", "mdm2"]


# What both refuse.

both = pytest.mark.parametrize("estimator", [TangentSpace(), MDM()], ids=str)


@both
class TestNotSPD:
    def test_asymmetric(self, estimator, C, y):
        C[3, 0, 1] += 1e-3
        with pytest.raises(ValueError, match="Matrix 3 is not symmetric.*symmetrise"):
            estimator.fit(C, y)

    def test_rounding_of_symmetry_is_forgiven(self, estimator, C, y):
        C[3, 0, 1] *= 1 + 1e-15
        estimator.fit(C, y)

    @pytest.mark.parametrize(
        "bad",
        [np.zeros((N, N)), -np.eye(N), np.diag([1, 1, 1, -1e-3]), np.ones((N, N))],
    )
    def test_first_offender_is_named(self, estimator, C, y, bad):
        C[3] = C[7] = bad
        with pytest.raises(ValueError, match="Matrix 3 is not positive definite"):
            estimator.fit(C, y)
        fitted = estimator.fit(np.delete(C, [3, 7], axis=0), np.delete(y, [3, 7]))
        with pytest.raises(ValueError, match="Matrix 1 is not positive definite"):
            fitted.transform(C[2:])

    def test_average_reference(self, estimator, y):
        X = np.random.default_rng(0).standard_normal((10, N, 200))
        X -= X.mean(axis=1, keepdims=True)
        message = r"Matrix 0 .*rank 3 of 4.*average reference.*estimator='oas'.*'lwf'"
        with pytest.raises(ValueError, match=message):
            make_pipeline(Covariances(), estimator).fit(X, y)
        for shrunk in ("oas", "lwf"):
            make_pipeline(Covariances(shrunk), estimator).fit(X, y)
            augmented = AugmentedCovariances(2, estimator=shrunk)
            make_pipeline(augmented, estimator).fit(X, y)

    @not_converged
    def test_condition(self, estimator, C, y):
        C[3] = with_condition(1e10)
        assert np.isfinite(estimator.fit(C, y).transform(C)).all()
        C[3] = with_condition(1e13)
        with pytest.raises(ValueError, match="Matrix 3 is not positive def.*rank 3 of"):
            estimator.fit(C, y)

    @not_converged
    def test_condition_in_float32(self, estimator, C, y):
        """float32 tells eigenvalues from zero down to n * 1.2e-7 of the largest."""
        C[3] = with_condition(1e5)
        estimator.fit(C.astype(np.float32), y)
        C[3] = with_condition(1e8)
        with pytest.raises(ValueError, match="Matrix 3 .* definite in float32"):
            estimator.fit(C.astype(np.float32), y)
        estimator.fit(C, y)

    def test_delayed_copies_of_a_smooth_signal(self, estimator):
        """Its condition is 1e14, though no pivot of its Cholesky factor is below 1e-4.

        A Toeplitz matrix of a spectrum that is nearly zero above 45 Hz.
        """
        frequency = np.linspace(0, np.pi, 4000)
        spectrum = np.where(frequency < 0.45 * np.pi, 1.0, 1e-15)
        lags = np.cos(np.outer(np.arange(40), frequency)) @ spectrum / 4000
        i = np.arange(40)
        T = lags[np.abs(i[:, None] - i)]
        with pytest.raises(ValueError, match="not positive definite"):
            estimator.fit(np.stack([T, T]), [0, 1])


@both
@pytest.mark.parametrize(
    "metric, message",
    [
        ("manhattan", "Unknown metric 'manhattan' for the mean: expected .*'riemann'"),
        ("power", "Unknown metric 'power' for the mean"),  # it needs an exponent
        (3, "Unknown metric 3"),
        ({"mean": "riemann"}, "dict with the keys 'mean' and '(distance|map)'"),
        ({"mean": "riemann", "maps": "riemann"}, "dict with the keys"),
    ],
    ids=str,
)
def test_bad_metric(estimator, C, y, metric, message):
    with pytest.raises(ValueError, match=message):
        type(estimator)(metric=metric).fit(C, y)


def test_metric_without_a_map_is_refused_in_fit(C):
    with pytest.raises(
        ValueError, match="Unknown metric 'logdet' for the map: .*logch"
    ):
        TangentSpace("logdet").fit(C)

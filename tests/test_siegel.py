import numpy as np
import pytest
import reference
from numpy.testing import assert_allclose, assert_array_equal
from scipy import linalg
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline

from eegemo.covariance import (
    AugmentedCovariances,
    BlockToeplitzCovariances,
    Covariances,
    from_siegel,
    to_siegel,
)
from eegemo.riemann import MDM, SiegelMDM, SiegelTangentSpace, TangentSpace
from eegemo.riemann._siegel_geometry import (
    disk_exp,
    disk_log,
    disk_mean,
    squared_disk_distance,
)


def disk(rng, *shape, largest=0.95):
    """Matrices of random directions and singular values below ``largest``."""
    U, _, V = np.linalg.svd(rng.standard_normal(shape))
    return U * rng.uniform(0, largest, shape[:-1])[..., None, :] @ V


def isometry(rng, n):
    """Draw an isometry of the disk that moves the origin: an element of O(n, n)."""
    K, L, B = 0.5 * rng.standard_normal((3, n, n))
    g = linalg.expm(np.block([[K - K.T, B], [B.T, L - L.T]]))
    a, b, c, d = g[:n, :n], g[:n, n:], g[n:, :n], g[n:, n:]
    return lambda X: (a @ X + b) @ np.linalg.inv(c @ X + d)


@pytest.fixture
def C():
    """Block-Toeplitz matrices of three channels and three blocks."""
    rng = np.random.default_rng(0)
    A = rng.standard_normal((10, 3, 9))
    A[::2, 0] *= 2
    return from_siegel(A @ A.swapaxes(1, 2) / 9, disk(rng, 10, 2, 3, 3))


@pytest.fixture
def y():
    return np.array(["tense", "calm"] * 5)


def labelled():
    """The classes differ only in whether a channel leads another, or follows it."""
    rng = np.random.default_rng(3)
    y = np.arange(24) % 2
    X = rng.standard_normal((24, 3, 200))
    X[y == 1, 1, 2:] += X[y == 1, 0, :-2]
    X[y == 0, 1, :-2] += X[y == 0, 0, 2:]
    return X, y


# The disk.


@pytest.mark.parametrize("n", [1, 2, 5])
def test_distance_matches_the_formula_of_the_papers(n):
    A, B = disk(np.random.default_rng(0), 2, 6, n, n)
    expected = [reference.siegel_distance(a, b) for a, b in zip(A, B, strict=True)]
    assert_allclose(np.sqrt(squared_disk_distance(A, B)), expected, rtol=1e-8)


def test_distance_of_one_channel_is_the_poincare_distance():
    a, b = np.random.default_rng(0).uniform(-1, 1, (2, 20, 1, 1))
    expected = np.abs(np.arctanh(a) - np.arctanh(b)).ravel()
    assert_allclose(np.sqrt(squared_disk_distance(a, b)), expected, rtol=1e-10)


def test_distance_is_a_metric():
    A, B, C = disk(np.random.default_rng(0), 3, 50, 3, 3, largest=0.999)
    d = {
        pair: np.sqrt(squared_disk_distance(*points))
        for pair, points in {
            "AB": (A, B),
            "BA": (B, A),
            "BC": (B, C),
            "AC": (A, C),
        }.items()
    }
    assert_allclose(d["AB"], d["BA"], rtol=1e-9)
    assert (d["AB"] + d["BC"] > d["AC"]).all() and (d["AB"] > 0.1).all()
    assert_allclose(squared_disk_distance(A, A), 0, atol=1e-20)


@pytest.mark.parametrize("tiny", [1e-3, 1e-7])
def test_short_distances_are_euclidean(tiny):
    """At the origin, to third order, and without loss to rounding."""
    A = tiny * disk(np.random.default_rng(0), 8, 4, 4)
    B = np.zeros((4, 4))
    expected = np.linalg.norm(A, axis=(1, 2))
    assert_allclose(
        np.sqrt(squared_disk_distance(A, B)), expected, rtol=tiny**2 + 1e-14
    )
    assert_allclose(disk_log(A, B), A, rtol=0, atol=tiny**3 + 1e-14 * tiny)


def test_distances_across_the_disk_are_finite():
    """Farther than double precision can tell, they stop at 18.7 a channel."""
    A = (1 - 1e-12) * np.eye(2)
    got = np.sqrt(squared_disk_distance(A, -A))
    assert 18 * np.sqrt(2) < got < 2 * np.arctanh(1 - 1e-12) * np.sqrt(2)
    assert np.isfinite(disk_log(A, -A)).all()


def test_isometries_keep_distances_and_move_the_mean_along():
    rng = np.random.default_rng(0)
    A, B = disk(rng, 2, 8, 3, 3)
    move, weight = isometry(rng, 3), rng.uniform(1, 2, 8)
    expected = squared_disk_distance(A, B)
    assert np.linalg.norm(move(np.zeros((3, 3))), 2) > 0.3
    assert_allclose(squared_disk_distance(move(A), move(B)), expected, rtol=1e-9)
    A_t, B_t = A.swapaxes(1, 2), B.swapaxes(1, 2)
    assert_allclose(squared_disk_distance(A_t, B_t), expected, rtol=1e-9)
    mean = disk_mean(A, weight)  # to 1e-8 of length
    assert_allclose(disk_mean(move(A), weight), move(mean), atol=1e-7)


@pytest.mark.parametrize("largest", [0.5, 0.999])
def test_exp_undoes_log(largest):
    A, B = disk(np.random.default_rng(0), 2, 8, 3, 3, largest=largest)
    vectors = disk_log(A, B)
    assert_allclose(
        np.linalg.norm(vectors, axis=(1, 2)) ** 2,
        squared_disk_distance(A, B),
        rtol=1e-9,
    )
    assert_allclose(disk_exp(vectors, B), A, atol=1e-10)


def test_mean_of_two_is_the_midpoint():
    A, B = disk(np.random.default_rng(0), 2, 3, 3)
    middle = disk_exp(0.5 * disk_log(B, A), A)
    whole = squared_disk_distance(A, B)
    assert_allclose(squared_disk_distance(A, middle), whole / 4, rtol=1e-9)
    assert_allclose(squared_disk_distance(B, middle), whole / 4, rtol=1e-9)
    assert_allclose(disk_mean(np.stack([A, B]), np.ones(2)), middle, atol=1e-8)
    third = disk_exp(disk_log(B, A) / 3, A)
    assert_allclose(disk_mean(np.stack([A, B]), np.array([2.0, 1])), third, atol=1e-8)


def test_mean_of_one_channel_is_in_closed_form():
    rng = np.random.default_rng(0)
    a, weight = rng.uniform(-1, 1, (20, 1, 1)), rng.uniform(0, 1, 20)
    expected = np.tanh(np.average(np.arctanh(a), axis=0, weights=weight))
    assert_allclose(disk_mean(a, weight), expected, rtol=1e-12)


def test_mean_minimises_the_sum_of_squared_distances():
    """By central differences of the distance as the papers write it."""
    rng = np.random.default_rng(0)
    A, weight = disk(rng, 6, 3, 3), rng.uniform(1, 2, 6)

    def cost(M):
        return weight @ [reference.siegel_distance(a, M) ** 2 for a in A]

    mean = disk_mean(A, weight)
    for direction in rng.standard_normal((5, 3, 3)):
        step = 1e-4 * direction / np.linalg.norm(direction)
        slope = (cost(mean + step) - cost(mean - step)) / 2e-4
        assert abs(slope) < 1e-5
        assert cost(mean + 100 * step) > cost(mean) < cost(mean - 100 * step)


@pytest.mark.parametrize("largest", [1e-9, 0.9, 1 - 1e-9])
def test_mean_converges(largest):
    """Near the origin and near the edge, with the matrices in any order."""
    A = disk(np.random.default_rng(0), 12, 4, 4, largest=largest)
    A[::2] = A[0] * 0.99 + A[::2] * 0.01  # far from symmetric about the origin
    mean = disk_mean(A, np.ones(12))
    assert np.linalg.norm(disk_log(A, mean).mean(axis=0)) < 1e-8
    assert_allclose(disk_mean(A[::-1], np.ones(12)), mean, atol=1e-7)


def test_mean_warns_if_it_does_not_converge(monkeypatch):
    monkeypatch.setattr("eegemo.riemann._siegel_geometry._MAX_ITER", 1)
    A = disk(np.random.default_rng(0), 6, 3, 3)
    with pytest.warns(ConvergenceWarning, match="still has length.*Shrink"):
        disk_mean(A, np.ones(6))


# The estimators.


def test_distances_match_the_reference(C, y):
    mdm = SiegelMDM().fit(C, y)
    assert mdm.order_ == 3
    expected = [
        [reference.block_toeplitz_distance(c, mean, 3) for mean in mdm.covmeans_]
        for c in C
    ]
    assert_allclose(mdm.transform(C), expected, rtol=1e-7)


def test_vectors_are_as_long_as_distances(C, y):
    calm = C[y == "calm"]
    distances = SiegelMDM().fit(C, y).transform(C)[:, 0]
    ts = SiegelTangentSpace().fit(calm)
    assert_allclose(np.linalg.norm(ts.transform(C), axis=1), distances, rtol=1e-9)
    assert_allclose(ts.transform(calm).mean(axis=0), 0, atol=1e-7)  # means, to 1e-8


def test_vectors_match_their_definition():
    """One channel: log(P0 / G), and differences of arctanh, by their weights."""
    rng = np.random.default_rng(0)
    P0, Omega = rng.uniform(1, 9, (6, 1, 1)), rng.uniform(-0.9, 0.9, (6, 3, 1, 1))
    logs = np.concatenate([np.log(P0[:, 0]), np.arctanh(Omega[:, :, 0, 0])], axis=1)
    expected = (logs - logs.mean(axis=0)) * np.sqrt([4, 3, 2, 1])
    got = SiegelTangentSpace().fit_transform(from_siegel(P0, Omega))
    assert_allclose(got, expected, atol=1e-7)


def test_inverse_transform(C):
    ts = SiegelTangentSpace().fit(C)
    assert_allclose(ts.inverse_transform(ts.transform(C)), C, rtol=1e-8, atol=1e-9)
    assert_allclose(
        ts.inverse_transform(np.zeros((1, 24)))[0], ts.reference_, rtol=1e-9
    )
    with pytest.raises(
        ValueError, match="3 channels and 3 blocks have 24 elem.*got 45"
    ):
        ts.inverse_transform(np.zeros((1, 45)))


def test_one_block_is_the_affine_invariant_geometry(y):
    X = np.random.default_rng(0).standard_normal((10, 3, 40))
    C = Covariances().fit_transform(X)
    ours, theirs = SiegelMDM(order=1).fit(C, y), MDM().fit(C, y)
    assert_allclose(ours.covmeans_, theirs.covmeans_, rtol=1e-12)
    assert_allclose(ours.transform(C), theirs.transform(C), rtol=1e-10)
    vectors = TangentSpace().fit_transform(C)
    assert_allclose(SiegelTangentSpace().fit_transform(C), vectors, atol=1e-10)


def test_rotations_and_units_do_not_matter_but_other_mixtures_do(C, y):
    """As the documentation says, and unlike the affine-invariant distance."""
    rng = np.random.default_rng(1)
    expected = SiegelMDM().fit(C, y).transform(C)

    def mixed(A):
        A = np.kron(np.eye(3), A)
        D = A @ C @ A.T
        return SiegelMDM(order=3).fit(D, y).transform(D)

    Q = linalg.qr(rng.standard_normal((3, 3)))[0]
    assert_allclose(mixed(1e3 * Q), expected, rtol=1e-6)
    assert not np.allclose(mixed(rng.standard_normal((3, 3))), expected, rtol=0.02)


def test_order_of_samples_does_not_matter(C):
    shuffled = SiegelTangentSpace().fit(C[::-1])
    assert_allclose(shuffled.reference_, SiegelTangentSpace().fit(C).reference_, 1e-6)


def test_order_is_found_or_demanded(y):
    X = np.random.default_rng(0).standard_normal((10, 2, 100))
    exact = BlockToeplitzCovariances(4).fit_transform(X)
    nearly = AugmentedCovariances(4).fit_transform(X)
    for cls in (SiegelMDM, SiegelTangentSpace):
        assert cls().fit(exact, y).order_ == 4
        assert cls(order=2).fit(exact, y).order_ == 2  # of four channels each
        assert cls().fit(nearly, y).order_ == 1
        with pytest.raises(ValueError, match="block-Toeplitz.*only nearly so"):
            cls(order=4).fit(nearly, y)
        with pytest.raises(ValueError, match="Matrix 0 is not block-Toeplitz"):
            cls().fit(exact, y).transform(nearly)
        with pytest.raises(ValueError, match="order == 0"):
            cls(order=0).fit(exact, y)


def test_order_is_that_of_all_matrices():
    """White noise has any structure; the other windows have theirs."""
    X = np.random.default_rng(0).standard_normal((4, 2, 100))
    C = BlockToeplitzCovariances(3).fit_transform(X)
    C[0] = np.eye(6)
    assert SiegelTangentSpace().fit(C[:1]).order_ == 6
    assert SiegelTangentSpace().fit(C).order_ == 3


def test_names_say_who_leads():
    """Channel 0 drives channel 1 two samples later."""
    X, y = labelled()
    X, y = X[y == 1], y[y == 1]
    X = np.concatenate([X, np.random.default_rng(0).standard_normal(X.shape)])
    pipeline = make_pipeline(BlockToeplitzCovariances(3), SiegelTangentSpace()).fit(X)
    names = list(pipeline.get_feature_names_out())
    assert names[:7] == [
        "ch0*ch0",
        "ch0*ch1",
        "ch0*ch2",
        "ch1*ch1",
        "ch1*ch2",
        "ch2*ch2",
        "ch0+1*ch0",
    ]
    vectors = pipeline.transform(X)
    difference = np.abs(vectors[:12].mean(axis=0) - vectors[12:].mean(axis=0))
    assert difference.shape == (24,)
    assert names[difference[6:].argmax() + 6] == "ch1+2*ch0"


@pytest.mark.parametrize(
    "steps",
    [(SiegelMDM(),), (SiegelTangentSpace(), LogisticRegression())],
    ids=["mdm", "tangent"],
)
def test_grid_search_finds_the_order(steps):
    """Nothing is in the spatial covariance, nor at a delay of one."""
    X, y = labelled()
    pipeline = make_pipeline(BlockToeplitzCovariances(), *steps)
    grid = {"blocktoeplitzcovariances__order": [1, 2, 3]}
    search = GridSearchCV(pipeline, grid, cv=4, error_score="raise").fit(X, y)
    assert search.best_params_ == {"blocktoeplitzcovariances__order": 3}
    assert search.best_score_ > 0.9
    assert search.best_estimator_[1].order_ == 3


def test_the_other_estimators_take_the_matrices_too():
    X, y = labelled()
    pipeline = make_pipeline(BlockToeplitzCovariances(3), MDM())
    assert cross_val_score(pipeline, X, y, cv=4, error_score="raise").mean() > 0.9


def test_matrices_are_not_changed(C, y):
    before = C.copy()
    SiegelMDM().fit(C, y).transform(C)
    to_siegel(C, 3)
    assert_array_equal(C, before)

"""Blocks are the diagonal of block-diagonal matrices, so these are the reference."""

import tracemalloc

import numpy as np
import pytest
from numba import config
from numpy.testing import assert_allclose, assert_array_equal
from pyriemann.geometry.distance import distance_functions
from scipy.linalg import block_diag
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from eegemo._input import check_spd
from eegemo.adapt import Recenter, Rescale
from eegemo.covariance import BlockToeplitzCovariances
from eegemo.riemann import (
    MDM,
    FgMDM,
    RiemannianKNN,
    RiemannianSVC,
    SiegelMDM,
    TangentSpace,
)
from eegemo.riemann._mean import MEANS, spd_mean, spd_mean_and_convergence

N_MATRICES, N_BLOCKS, N = 12, 3, 3
Y = np.arange(N_MATRICES) % 3  # three classes
DOMAIN = np.arange(N_MATRICES) // 6
ESTIMATORS = [
    TangentSpace(),
    TangentSpace("logeuclid"),
    TangentSpace({"mean": "wasserstein", "map": "riemann"}),
    TangentSpace(tsupdate=True),
    MDM(),
    MDM("logeuclid", n_jobs=2),
    MDM({"mean": "logeuclid", "distance": "kullback"}),
    MDM({"mean": "euclid", "distance": "thompson"}),
    FgMDM(),
    FgMDM("logeuclid"),
    RiemannianKNN(3),
    RiemannianKNN(2, "distance", "logeuclid"),
    RiemannianKNN(3, "distance", "wasserstein"),
    RiemannianSVC(),
    RiemannianSVC(metric="logeuclid"),
    RiemannianSVC(metric={"mean": "riemann", "map": "logeuclid"}),
    Recenter(),
    Recenter("transductive", "logeuclid"),
    Recenter("online"),
    Recenter("online", "wasserstein", prior=2),
    Rescale(),
    Rescale("transductive"),
    Rescale("online"),
]
METHODS = ("transform", "predict", "predict_proba", "decision_function", "kneighbors")

every = pytest.mark.parametrize("estimator", ESTIMATORS, ids=str)


def blocks(seed=0):
    """Of different size and unit, and with an effect of class and domain."""
    rng = np.random.default_rng(seed)
    A = rng.standard_normal((N_MATRICES, N_BLOCKS, N, 4 * N))
    A[:, 0, 0] *= 1 + Y[:, None]
    A[:, 1, 1] *= 1 + DOMAIN[:, None]
    return A @ A.mT * np.array([0.1, 1.0, 30.0])[:, None, None]


def dense(X):
    return np.array([block_diag(*matrix) for matrix in X])


def diagonal_blocks(D):
    cuts = [slice(b * N, (b + 1) * N) for b in range(N_BLOCKS)]
    return np.stack([D[..., cut, cut] for cut in cuts], axis=-3)


def inside():
    """Places of the elements within blocks in the vector of a dense matrix."""
    block = np.repeat(np.arange(N_BLOCKS), N)
    i, j = np.triu_indices(N * N_BLOCKS)
    return np.flatnonzero(block[i] == block[j])


def outputs(estimator, X, Z):
    params = {"domain": DOMAIN} if isinstance(estimator, Recenter | Rescale) else {}
    fitted = clone(estimator).fit(X, Y, **params)
    found = {}
    for method in METHODS:
        if hasattr(fitted, method):
            found[method] = getattr(fitted, method)(Z, **params)
    return fitted, found


# All but what shrinks by the number of elements, of which dense matrices have more.
EXACT = [estimator for estimator in ESTIMATORS if not isinstance(estimator, FgMDM)]


@pytest.mark.parametrize("estimator", EXACT, ids=str)
def test_equals_dense_matrices(estimator):
    X, Z = blocks(), blocks(1)
    of_blocks, got = outputs(estimator, X, Z)
    of_dense, expected = outputs(estimator, dense(X), dense(Z))
    tolerance = {"rtol": 1e-6, "atol": 1e-6}  # of iterations for the mean
    assert got.keys() == expected.keys()
    for method, value in expected.items():
        if isinstance(estimator, TangentSpace):
            others = np.delete(value, inside(), axis=1)
            assert_allclose(others, 0, atol=1e-10)
            value = value[:, inside()]
        elif isinstance(estimator, Recenter | Rescale):
            value = diagonal_blocks(value)
        for a, b in zip(np.atleast_1d(got[method]), np.atleast_1d(value), strict=True):
            assert_allclose(a, b, **tolerance, err_msg=method)
    for name in ("reference_", "covmeans_"):
        value = getattr(of_dense, name, None)
        if np.ndim(value) >= 2:
            expected = diagonal_blocks(value)
            assert_allclose(getattr(of_blocks, name), expected, **tolerance)


@pytest.mark.parametrize("estimator", [TangentSpace(), MDM(), RiemannianSVC()])
def test_weights_as_of_dense_matrices(estimator):
    X, weight = blocks(), np.arange(N_MATRICES) % 4.0
    got = clone(estimator).fit(X, Y, sample_weight=weight)
    expected = clone(estimator).fit(dense(X), Y, sample_weight=weight)
    name = "covmeans_" if isinstance(estimator, MDM) else "reference_"
    value = diagonal_blocks(getattr(expected, name))
    assert_allclose(getattr(got, name), value, rtol=1e-6, atol=1e-6)  # 1e-8 of 30
    if isinstance(estimator, RiemannianSVC):
        assert_array_equal(got.support_, expected.support_)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("metric", ["riemann", "logeuclid"])
def test_filtered_by_the_discriminant_of_all_blocks(metric, classes):
    """The vectors of blocks are those of TangentSpace, and so is what is kept."""
    X, y = blocks(), np.minimum(Y, classes - 1)
    fgmdm = FgMDM(metric).fit(X, y)
    space = TangentSpace(metric).fit(X)
    assert_allclose(fgmdm.reference_, space.reference_, rtol=1e-10)
    kept = space.transform(X) @ fgmdm.components_.T @ fgmdm.components_
    filtered = space.inverse_transform(kept)
    expected = MDM(metric).fit(dense(filtered), y).transform(dense(filtered))
    assert_allclose(fgmdm.transform(X), expected, rtol=1e-6)
    assert fgmdm.components_.shape == (classes - 1, kept.shape[1])


@pytest.mark.parametrize("metric", sorted(distance_functions))
def test_distances_of_every_metric(metric):
    X = blocks()
    knn = RiemannianKNN(N_MATRICES, metric=metric)
    expected = clone(knn).fit(dense(X), Y).kneighbors(dense(X))
    got = knn.fit(X, Y).kneighbors(X)
    # Squared distances are differences of traces, so that zero is a root of rounding.
    trace = np.trace(dense(X), axis1=1, axis2=2).max()
    atol = np.sqrt(N_BLOCKS * N * np.finfo(float).eps * trace)
    assert_allclose(got[0], expected[0], atol=atol, rtol=1e-6)
    assert_array_equal(got[1][:, 0], expected[1][:, 0])


@pytest.mark.filterwarnings("ignore:Convergence not reached")  # ale's, of dense ones
@pytest.mark.parametrize("metric", sorted(MEANS))
def test_means_of_every_metric(metric):
    X, weight = blocks(), np.arange(1.0, N_MATRICES + 1)
    if metric == "thompson":
        with pytest.raises(ValueError, match="'thompson', the mean of block-diagonal"):
            MDM(metric).fit(X, Y)
        with pytest.raises(ValueError, match="'thompson', the mean of block-diagonal"):
            MDM(metric).partial_fit(X, Y, classes=[0, 1, 2])
        with pytest.raises(ValueError, match="'thompson', the mean of block-diagonal"):
            Recenter("online", metric).fit(X)
        return
    got = spd_mean(X, metric, weight)
    expected = diagonal_blocks(spd_mean(dense(X), metric, weight))
    # pyRiemann's iterations end at steps of 1e-8 to 1e-6 of all, here of 30 and 0.1
    rtol = 1e-3 if metric in ("ale", "logdet") else 1e-6
    assert_allclose(got, expected, rtol=rtol, atol=1e-6)


@pytest.mark.parametrize("metric", ["riemann", "logeuclid", "euclid", "wasserstein"])
def test_partial_fit(metric):
    X = blocks()
    weight = np.linspace(0, 1, N_MATRICES)
    of_blocks, of_dense = MDM(metric), MDM(metric)
    for part in (slice(0, 4), slice(4, None)):
        for mdm, C in ((of_blocks, X), (of_dense, dense(X))):
            mdm.partial_fit(C[part], Y[part], [0, 1, 2], weight[part])
    expected = diagonal_blocks(of_dense.covmeans_)
    assert_allclose(of_blocks.covmeans_, expected, rtol=1e-8)


@pytest.mark.parametrize("cls", [Recenter, Rescale])
def test_online_a_matrix_at_a_time(cls):
    X = blocks()
    aligner = cls("online").fit(X[:6])
    expected = aligner.transform(X[6:])
    for i in range(6, N_MATRICES):
        assert_allclose(aligner.transform(X[i : i + 1])[0], expected[i - 6], rtol=1e-8)
        aligner.partial_fit(X[i : i + 1])


@every
def test_one_block_is_no_block(estimator):
    X = blocks()[:, :1]
    _, got = outputs(estimator, X, X)
    _, expected = outputs(estimator, X[:, 0], X[:, 0])
    for method, value in expected.items():
        value = np.array(value).reshape(np.shape(got[method]))
        assert_allclose(got[method], value, rtol=1e-9, atol=1e-12, err_msg=method)


def test_attributes():
    X = blocks()
    space = TangentSpace().fit(X)
    assert space.reference_.shape == (N_BLOCKS, N, N)
    assert space.n_iter_.shape == (N_BLOCKS,)
    assert space.n_features_in_ == N
    names = space.get_feature_names_out(["Fz", "Cz", "Pz"])
    assert len(names) == len(set(names)) == space.transform(X).shape[1] == 18
    assert list(names[[1, 7]]) == ["block0:Fz*Cz", "block1:Fz*Cz"]
    assert TangentSpace("logeuclid").fit(X).n_iter_ is None
    mdm = MDM().fit(X, Y)
    assert mdm.covmeans_.shape == (3, N_BLOCKS, N, N)
    assert mdm.n_iter_.shape == (3, N_BLOCKS)
    assert MDM("logeuclid").fit(X, Y).n_iter_ is None


@pytest.mark.parametrize("metric", ["riemann", "logeuclid", "euclid"])
def test_inverse_transform(metric):
    X = blocks()
    space = TangentSpace(metric)
    vectors = space.fit_transform(X)
    assert_array_equal(vectors, clone(space).fit(X).transform(X))
    assert_allclose(space.inverse_transform(vectors), X, rtol=1e-6, atol=1e-9)
    with pytest.raises(ValueError, match="3 blocks of 3 channels have 18 elem.* got 6"):
        space.inverse_transform(vectors[:, :6])


@every
def test_other_blocks_are_refused(estimator):
    X = blocks()
    method = "transform" if hasattr(estimator, "transform") else "predict"
    fitted = clone(estimator).fit(X, Y)
    for other in (X[:, :2], X[:, 0]):
        with pytest.raises(ValueError, match=r"on X of shape \(n_matrices, 3, 3, 3\)"):
            getattr(fitted, method)(other)
    with pytest.raises(ValueError, match="X has 2 features, but .* 3 features"):
        getattr(fitted, method)(X[..., :2, :2])
    plain = clone(estimator).fit(X[:, 0], Y)
    with pytest.raises(ValueError, match=r"on X of shape \(n_matrices, 3, 3\)"):
        getattr(plain, method)(X)
    getattr(plain.fit(X, Y), method)(X)  # fit anew is free


@every
def test_wrong_blocks_are_named(estimator):
    X = blocks()
    X[4, 2] = np.ones((N, N))
    with pytest.raises(ValueError, match="Block 2 of matrix 4 is not positive definit"):
        clone(estimator).fit(X, Y)
    X[3, 1, 0, 1] += 100
    with pytest.raises(ValueError, match="Block 1 of matrix 3 is not symmetric"):
        clone(estimator).fit(X, Y)
    X[2, 0, 0, 0] = np.nan
    with pytest.raises(ValueError, match="Block 0 of matrix 2 contains NaN"):
        clone(estimator).fit(X, Y)


@pytest.mark.parametrize("shape", [(4, 2, 3), (4, 2, 3, 4), (4, 1, 1, 3, 3)])
def test_wrong_shape(shape):
    with pytest.raises(ValueError, match=r"or \(n_matrices, n_blocks, n_channels, n_c"):
        TangentSpace().fit(np.ones(shape))


def test_no_blocks():
    with pytest.raises(ValueError, match="X is empty"):
        TangentSpace().fit(np.ones((4, 0, 3, 3)))


def test_block_toeplitz_matrices_have_no_blocks():
    windows = np.random.default_rng(0).standard_normal((4, 2, 50))
    C = BlockToeplitzCovariances(2).fit_transform(windows)
    with pytest.raises(ValueError, match=r"n_channels\), got an array of shape \(4, 1"):
        SiegelMDM().fit(C[:, None], [0, 1, 0, 1])


@every
def test_float32_and_layout(estimator):
    X = blocks()
    single = X.astype(np.float32)
    _, got = outputs(estimator, single, single)
    _, expected = outputs(estimator, single.astype(float), single.astype(float))
    strided = np.asfortranarray(X)
    strided.flags.writeable = False
    _, of_strided = outputs(estimator, strided, strided)
    _, of_contiguous = outputs(estimator, X, X)
    for method in got:
        assert_allclose(got[method], expected[method], rtol=1e-5, atol=1e-5)
        assert_allclose(of_strided[method], of_contiguous[method], rtol=1e-12)
    if isinstance(estimator, TangentSpace | Recenter | Rescale):
        assert got["transform"].dtype == np.float32


def test_warning_names_the_block():
    with pytest.warns(ConvergenceWarning, match="The mean, block [012] .* in 1 steps"):
        spd_mean_and_convergence(blocks(), "riemann", max_iter=1)


@pytest.mark.skipif(config.DISABLE_JIT, reason="takes too long interpreted")
@pytest.mark.parametrize("cls", [TangentSpace, MDM, RiemannianKNN])
def test_no_copy_of_the_batch(cls):
    rng = np.random.default_rng(0)
    A = rng.standard_normal((800, 8, 12, 24))
    X = A @ A.mT
    fitted = cls().fit(X[:20], np.arange(20) % 2)
    use = fitted.predict if cls is RiemannianKNN else fitted.transform
    use(X)
    tracemalloc.start()
    out = use(X)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # the vectors of a block, and what the kernels work in
    assert peak - out.nbytes < X.nbytes / 4


def test_check_names_blocks_beyond_the_first_part():
    X = np.tile(np.eye(16), (50, 7, 1, 1))  # more than are checked at a time
    X[41, 5] = 0
    with pytest.raises(ValueError, match="Block 5 of matrix 41"):
        check_spd(X)


def test_pipeline_learns_what_lies_in_several_blocks():
    X = blocks()
    pipeline = make_pipeline(Recenter(), TangentSpace(), LogisticRegression())
    assert pipeline.fit(X, Y).score(X, Y) > 0.9

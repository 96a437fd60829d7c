import numpy as np
import pytest
import reference
from numpy.testing import assert_allclose, assert_array_equal
from scipy import linalg

from eegemo.covariance import (
    AugmentedCovariances,
    BlockToeplitzCovariances,
    Covariances,
    from_siegel,
    to_siegel,
)
from eegemo.riemann import TangentSpace


@pytest.fixture
def X():
    """Windows whose channels depend on their past and on each other's."""
    X = np.random.default_rng(0).standard_normal((4, 3, 60))
    X[:, 1, 2:] += X[:, 0, :-2]
    return X + np.cumsum(X, axis=2) / 4 + 1.0


def reflections(rng, *shape, largest=0.95):
    """Matrices of random directions and singular values below ``largest``."""
    U, _, V = np.linalg.svd(rng.standard_normal(shape))
    return U * rng.uniform(0, largest, shape[:-1])[..., None, :] @ V


def covariances(rng, *shape):
    A = rng.standard_normal(shape)
    return A @ A.swapaxes(-1, -2) + 0.1 * np.eye(shape[-1])


def coefficients(C, order):
    """Solve the Yule-Walker equations: [A_1 ... A_(order - 1)], innovation covariance.

    Sample order - 1, the last block row, is predicted from those before it.
    """
    n = len(C) // order
    past, cross = C[:-n, :-n], C[-n:, :-n]
    A = cross @ np.linalg.inv(past)
    blocks = A.reshape(n, order - 1, n)[:, ::-1]  # nearest sample first
    return blocks.swapaxes(0, 1), C[-n:, -n:] - A @ cross.T


def simulate(A, noise, lag=1):
    """Run a vector autoregression at a lag: 50 windows of 4000 samples."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((4000, 50, len(noise))) @ np.linalg.cholesky(noise).T
    for t in range(len(A) * lag, len(x)):
        for k, coefficient in enumerate(A, start=1):
            x[t] += x[t - k * lag] @ coefficient.T
    return x.transpose(1, 2, 0)


# The matrices.


@pytest.mark.parametrize("shrinkage", [0.0, 0.3, "oas"])
@pytest.mark.parametrize("order, lag", [(1, 1), (2, 1), (3, 5), (4, 19)])
def test_reference(X, order, lag, shrinkage):
    got = BlockToeplitzCovariances(order, lag, shrinkage).transform(X)
    expected = reference.block_toeplitz(X, order, lag, shrinkage)
    assert_allclose(got, expected, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("shrinkage", [0.0, "oas"])
def test_blocks_are_equal_to_the_last_bit(X, dtype, shrinkage):
    C = BlockToeplitzCovariances(3, 4, shrinkage).transform(X.astype(dtype))
    assert C.dtype == dtype
    assert_array_equal(C, C.swapaxes(1, 2))
    assert_array_equal(C[:, 3:, 3:], C[:, :-3, :-3])


@pytest.mark.parametrize("shrinkage, name", [(0, "scm"), ("oas", "oas")])
def test_order_one_is_the_spatial_covariance(X, shrinkage, name):
    got = BlockToeplitzCovariances(1, shrinkage=shrinkage).transform(X)
    assert_allclose(got, Covariances(name).transform(X), rtol=1e-12, atol=1e-14)


def test_augmented_covariances_up_to_the_edges(X):
    """The two differ by the share of the window at its edges, here 3 in 6000."""
    X = np.random.default_rng(0).standard_normal((2, 3, 6000))
    ours = BlockToeplitzCovariances(4, shrinkage=0).fit(X)
    augmented = AugmentedCovariances(4, estimator="scm").fit(X)
    assert_array_equal(ours.get_feature_names_out(), augmented.get_feature_names_out())
    assert_allclose(ours.transform(X), augmented.transform(X), atol=5e-3)


def test_positive_definite_where_averaged_blocks_are_not():
    """A slow oscillation in a short window: averages of blocks are indefinite."""
    t = np.arange(12)
    X = np.stack([np.cos(0.5 * t), t % 2])[None]
    order, n = 6, 2
    augmented = AugmentedCovariances(order, estimator="scm").transform(X)[0]
    blocks = augmented.reshape(order, n, order, n).swapaxes(1, 2)
    averaged = np.zeros_like(blocks)
    for i in range(order):
        for j in range(order):
            pairs = [(k, k + j - i) for k in range(order) if 0 <= k + j - i < order]
            averaged[i, j] = np.mean([blocks[pair] for pair in pairs], axis=0)
    averaged = averaged.swapaxes(1, 2).reshape(order * n, order * n)
    assert np.linalg.eigvalsh(averaged)[0] < -1e-3
    ours = BlockToeplitzCovariances(order, shrinkage=0).transform(X)[0]
    assert np.linalg.eigvalsh(ours)[0] > 1e-6


@pytest.mark.parametrize("lag", [1, 3])
def test_yule_walker(lag):
    """The equations return the process: a coefficient's standard error is 0.003."""
    A = np.array([[[0.5, 0.2], [-0.3, 0.4]], [[-0.3, 0.0], [0.1, -0.2]]])
    noise = np.array([[1.0, 0.3], [0.3, 2.0]])
    C = BlockToeplitzCovariances(4, lag, shrinkage=0).transform(simulate(A, noise, lag))
    got, innovation = coefficients(C.mean(axis=0), 4)
    assert_allclose(got, [*A, np.zeros((2, 2))], atol=0.015)
    assert_allclose(innovation, noise, atol=0.05)


def test_rank_is_restored_by_shrinkage(X):
    """An average reference leaves singular matrices; shrunk, they can be used."""
    X = X - X.mean(axis=1, keepdims=True)
    singular = BlockToeplitzCovariances(2, shrinkage=0).transform(X)
    for use in (TangentSpace().fit, lambda C: to_siegel(C, 2)):
        with pytest.raises(
            ValueError, match="Matrix 0 is not positive definite.*refer"
        ):
            use(singular)
    P0, Omega = to_siegel(BlockToeplitzCovariances(2).transform(X), 2)
    assert np.isfinite(P0).all() and np.isfinite(Omega).all()


@pytest.mark.parametrize("lag", [1, 3])
def test_windows_are_long_enough_just_where_the_documentation_says(lag):
    order, n_channels = 4, 6
    X = np.random.default_rng(0).standard_normal((1, n_channels, 60))
    most = order * n_channels - (order - 1) * lag
    for n_times, rank in [(most - 1, 22), (most, 23), (most + 1, 24), (most + 2, 24)]:
        C = BlockToeplitzCovariances(order, lag, 0).transform(X[:, :, :n_times])
        assert np.linalg.matrix_rank(C[0], tol=1e-10, hermitian=True) == rank


def test_flat_windows_are_named_singular(X):
    X[2] = 5.0
    C = BlockToeplitzCovariances(2).transform(X)
    assert_array_equal(C[2], np.zeros((6, 6)))
    with pytest.raises(ValueError, match="Matrix 2 is not positive definite"):
        to_siegel(C, 2)


def test_short_windows_are_refused(X):
    with pytest.raises(
        ValueError, match=r"need windows of at least 62 samples, got 60"
    ):
        BlockToeplitzCovariances(4, lag=20).fit(X)


@pytest.mark.parametrize(
    "params, error",
    [
        ({"order": 0}, ValueError),
        ({"order": 2.0}, TypeError),
        ({"lag": 0}, ValueError),
        ({"shrinkage": 1.1}, ValueError),
        ({"shrinkage": np.nan}, ValueError),
        ({"shrinkage": "lwf"}, ValueError),
        ({"shrinkage": None}, ValueError),
    ],
    ids=str,
)
def test_parameters_are_checked(X, params, error):
    with pytest.raises(error, match=next(iter(params))):
        BlockToeplitzCovariances(**params).fit(X)


def test_many_windows_are_taken_in_parts(X, monkeypatch):
    """As those are that need converting: here, because they are read-only."""
    whole = BlockToeplitzCovariances().transform(X)
    monkeypatch.setattr("eegemo._chunks._IN_CACHE", 1)
    X.flags.writeable = False
    assert_allclose(BlockToeplitzCovariances().transform(X), whole, rtol=1e-12)


# Their coordinates.


@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_coordinates_match_the_reference(X, order):
    C = BlockToeplitzCovariances(order, 2).transform(X)
    P0, Omega = to_siegel(C, order)
    expected = [reference.siegel_coordinates(c, order) for c in C]
    assert_allclose(P0, [p for p, _ in expected], rtol=1e-12)
    assert_allclose(Omega, [omega for _, omega in expected], atol=1e-10)
    assert order == 1 or np.linalg.norm(Omega, 2, axis=(2, 3)).max() < 1
    assert_allclose(from_siegel(P0, Omega), C, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("n_channels, order", [(1, 6), (2, 1), (3, 4), (4, 2)])
def test_all_coordinates_belong_to_a_matrix(n_channels, order):
    """There and back; and the determinant is the product of all predictions' errors."""
    rng = np.random.default_rng(0)
    P0 = covariances(rng, 5, n_channels, n_channels)
    Omega = reflections(rng, 5, order - 1, n_channels, n_channels)
    C = from_siegel(P0, Omega)
    assert C.shape == (5, order * n_channels, order * n_channels)
    assert np.linalg.eigvalsh(C).min() > 0
    back, omegas = to_siegel(C, order)
    assert_allclose(back, P0, rtol=1e-12)
    assert_allclose(omegas, Omega, atol=1e-9)  # the matrices have conditions of 1e4
    logdet = order * np.linalg.slogdet(P0)[1]
    for k in range(1, order):
        rest = np.eye(n_channels) - Omega[:, k - 1] @ Omega[:, k - 1].swapaxes(1, 2)
        logdet += (order - k) * np.linalg.slogdet(rest)[1]
    assert_allclose(np.linalg.slogdet(C)[1], logdet, rtol=1e-9)


def test_first_order_process():
    """Of x(t) = A x(t - 1) + noise, only Omega_1 is not zero."""
    A = np.array([[0.6, 0.3, 0.0], [0.0, 0.5, -0.4], [0.2, 0.0, 0.3]])
    noise = np.diag([1.0, 2.0, 0.5])
    P0 = linalg.solve_discrete_lyapunov(A, noise)
    later = [np.linalg.matrix_power(A, k) @ P0 for k in range(4)]
    C = np.block(
        [
            [later[i - j] if i >= j else later[j - i].T for j in range(4)]
            for i in range(4)
        ]
    )
    got, Omega = to_siegel(C[None], 4)
    whitener = linalg.inv(linalg.sqrtm(P0))
    assert_allclose(got[0], P0, rtol=1e-12)
    assert_allclose(Omega[0, 0], whitener @ A @ P0 @ whitener, atol=1e-12)
    assert_allclose(Omega[0, 1:], np.zeros((2, 3, 3)), atol=1e-12)
    assert not np.allclose(Omega[0, 0], Omega[0, 0].T, atol=0.1)
    # From 200,000 samples, with a standard error of 0.002.
    C = BlockToeplitzCovariances(4, shrinkage=0).transform(simulate([A], noise))
    estimated = to_siegel(C.mean(axis=0, keepdims=True), 4)[1]
    assert_allclose(estimated, Omega, atol=0.01)


def test_known_partial_autocorrelations():
    """A process made from its coordinates has them, and as many coefficients."""
    rng = np.random.default_rng(4)
    P0 = covariances(rng, 1, 2, 2)
    Omega = np.zeros((1, 4, 2, 2))
    Omega[:, :2] = reflections(rng, 1, 2, 2, 2, largest=0.7)
    A, innovation = coefficients(from_siegel(P0, Omega)[0], 5)
    assert_allclose(A[2:], np.zeros((2, 2, 2)), atol=1e-12)
    C = BlockToeplitzCovariances(5, shrinkage=0).transform(simulate(A[:2], innovation))
    got, omegas = to_siegel(C.mean(axis=0, keepdims=True), 5)
    assert_allclose(got, P0, rtol=0.05, atol=0.02)
    assert_allclose(omegas, Omega, atol=0.01)  # standard error of 0.002


def test_one_channel_has_partial_autocorrelations():
    """Of an AR(2) process: phi_1 / (1 - phi_2), phi_2, then nothing."""
    phi = np.array([0.9, -0.5])
    first = phi[0] / (1 - phi[1])
    r = [1.0, first]
    for _ in range(3):
        r.append(phi @ [r[-1], r[-2]])
    P0, Omega = to_siegel(3.0 * linalg.toeplitz(r)[None], 5)
    assert_allclose(P0, [[[3.0]]])
    assert_allclose(Omega.ravel(), [first, phi[1], 0, 0], atol=1e-14)


def test_reversed_time_transposes(X):
    """And rotating the channels rotates the coordinates; their unit is P0's alone."""
    cov = BlockToeplitzCovariances(4, shrinkage=0.01)
    P0, Omega = to_siegel(cov.transform(X), 4)
    back, reversed_ = to_siegel(cov.transform(X[:, :, ::-1]), 4)
    assert_allclose(back, P0, rtol=1e-12)
    assert_allclose(reversed_, Omega.swapaxes(2, 3), atol=1e-10)
    Q = linalg.qr(np.random.default_rng(0).standard_normal((3, 3)))[0]
    rotated, omegas = to_siegel(cov.transform(5 * Q @ X), 4)
    assert_allclose(rotated, 25 * Q @ P0 @ Q.T, rtol=1e-9)
    assert_allclose(omegas, Q @ Omega @ Q.T, atol=1e-10)


def test_single_precision(X):
    C = BlockToeplitzCovariances(3).transform(X)
    P0, Omega = to_siegel(C.astype(np.float32), 3)
    assert P0.dtype == Omega.dtype == np.float64
    assert_allclose(Omega, to_siegel(C, 3)[1], atol=1e-4)  # condition times eps


def test_matrices_without_the_structure_are_refused(X):
    C = AugmentedCovariances(4).transform(X)
    with pytest.raises(ValueError, match="Matrix 0 is not block-Toeplitz.*order=4"):
        to_siegel(C, 4)
    C = BlockToeplitzCovariances(4).transform(X)
    C[2, 3:6, 3:6] += np.eye(3)
    with pytest.raises(ValueError, match="Matrix 2 is not block-Toeplitz"):
        to_siegel(C, 4)
    with pytest.raises(ValueError, match="12 rows cannot have 5 blocks"):
        to_siegel(C, 5)
    with pytest.raises(ValueError, match=r"order \* n_channels.*got.*\(12, 12\)"):
        to_siegel(C[0], 4)
    with pytest.raises(ValueError, match="NaN"):
        to_siegel(np.full((1, 2, 2), np.nan), 2)
    with pytest.raises(ValueError, match="order == 0"):
        to_siegel(C, 0)


def test_coordinates_that_belong_to_no_matrix_are_refused():
    P0, Omega = np.eye(2)[None], np.zeros((1, 2, 2, 2))
    Omega[0, 1] = np.diag([0.5, -1.0])
    with pytest.raises(
        ValueError, match="Omega_2 of matrix 0 has the singular value 1:"
    ):
        from_siegel(P0, Omega)
    with pytest.raises(ValueError, match="Matrix 0 is not positive definite"):
        from_siegel(-P0, np.zeros((1, 2, 2, 2)))
    for shape in [(2, 2, 2, 2), (1, 2, 3, 3), (1, 2, 2, 3), (1, 2, 2)]:
        with pytest.raises(ValueError, match="from_siegel expects P0 of shape"):
            from_siegel(P0, np.zeros(shape))
    with pytest.raises(ValueError, match="from_siegel expects P0 of shape"):
        from_siegel(np.ones((1, 2)), Omega)

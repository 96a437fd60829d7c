"""Logarithms of SPD matrices, eight at a time.

The rational approximation leaves 2e-13 of error, and rounding a few epsilons times the
condition number, here as with the eigenvalues that the twins compute.
"""

from itertools import product

import numpy as np
import pytest
import reference
from numba import config
from numpy.testing import assert_allclose, assert_array_equal
from pyriemann.geometry.distance import distance_riemann
from pyriemann.geometry.tangentspace import tangent_space, unupper, upper

from eegemo._kernels.lanes import LANES, rows
from eegemo._kernels.spd import lay_side_by_side, logs, work_size
from eegemo.riemann import _logs
from eegemo.riemann._functions import eigh_spd, logm, roots
from eegemo.riemann._logs import MeanLog, log_vectors, squared_norms
from eegemo.riemann._rational_log import rational_logs

EPS = np.finfo(float).eps
LIMITS = rational_logs()[0]
SIZES = [1, 2, 3, 4, 5, 8, 9, 16, 17, 31, 40]
COUNTS = [1, 7, 8, 9, 17]
if config.DISABLE_JIT:  # the plain twins are slow
    SIZES, COUNTS = SIZES[:7], [9]


def tolerance(condition=1.0):
    return {"rtol": 0, "atol": 5e-13 + 10 * EPS * condition}


def with_values(values, seed=0):
    """Matrices with these eigenvalues, of shape (n_matrices, n)."""
    shape = values.shape + values.shape[-1:]
    Q = np.linalg.qr(np.random.default_rng(seed).standard_normal(shape))[0]
    C = (Q * values[:, None, :]) @ Q.swapaxes(1, 2)
    return (C + C.swapaxes(1, 2)) / 2


def matrices(n, n_matrices=9, condition=100.0):
    values = condition ** np.random.default_rng(n).random((n_matrices, n))
    values[:, 0] = 1.0
    if n > 1:
        values[:, 1] = condition
    return with_values(values)


def side_by_side(C):
    lanes = rows(-(-len(C) // LANES) * C[0].size)
    lay_side_by_side(C, np.ones((len(lanes) // C[0].size, LANES)), lanes)
    return lanes


def run_kernel(C):
    n = C.shape[1]
    out, bounds = np.empty((len(C), n * (n + 1) // 2)), np.empty((len(C), 3))
    with np.errstate(all="ignore"):
        work = rows(work_size(n))
        logs(side_by_side(C), n, np.ones(len(C)), *rational_logs(), out, bounds, work)
    return out, bounds


@pytest.fixture
def kernel_alone(monkeypatch):
    """Eigenvalues are taken where the kernel gives up, which would hide mistakes."""
    monkeypatch.setattr(_logs, "eigh_spd", None)


alone = pytest.mark.usefixtures("kernel_alone")


class TestRationalLog:
    @pytest.mark.parametrize("i", range(len(LIMITS)), ids=lambda i: f"{LIMITS[i]:.0e}")
    def test_error_and_symmetry(self, i):
        """About 2e-13 at most; log(1 / x) = -log(x), so twice that."""
        limits, poles, residues, constants = rational_logs()
        x = np.exp(np.linspace(-0.5, 0.5, 5001) * np.log(limits[i]))
        got = constants[i] + (residues[i] / (x[:, None] + poles[i])).sum(axis=1)
        assert_allclose(got, np.log(x), rtol=0, atol=3e-13)
        assert_allclose(got, -got[::-1], rtol=0, atol=6e-13)

    def test_table(self):
        """Poles that are each other's inverses, and fours of them with zeros behind."""
        limits, poles, residues, _ = rational_logs()
        assert (np.diff(limits) > 0).all()
        for p, r in zip(poles, residues, strict=True):
            size = np.count_nonzero(r)
            assert size % 4 == 0 and (r[:size] < 0).all() and len(r) % 4 == 0
            assert_allclose(p[:size] * p[:size][::-1], 1, rtol=1e-13)


@alone
class TestTwins:
    @pytest.mark.parametrize("n", SIZES)
    def test_reference_scipy_and_pyriemann(self, n):
        C = matrices(n, 17)
        by_values = [reference.log_vector(c) for c in C]
        by_scipy = [reference.tangent_vector(c, np.eye(n)) for c in C]
        by_pyriemann = tangent_space(C, np.eye(n), metric="riemann")
        for count in COUNTS:
            got = log_vectors(C[:count])
            for expected in (by_values, by_scipy, by_pyriemann):
                assert_allclose(got, expected[:count], **tolerance(100))

    @pytest.mark.parametrize("n", SIZES)
    def test_whitener(self, n):
        C = matrices(n, 17)
        mean = C.mean(axis=0)
        whitener = roots(mean)[1]
        expected = tangent_space(C, mean, metric="riemann")
        for count in COUNTS:
            got = log_vectors(C[:count], whitener)
            assert_allclose(got, expected[:count], **tolerance(100))

    @pytest.mark.parametrize("exponent", range(1, 12))
    def test_condition(self, exponent):
        """The error of both grows with it."""
        C = matrices(6, condition=10.0**exponent)
        expected = [reference.log_vector(c) for c in C]
        assert_allclose(log_vectors(C), expected, **tolerance(10.0**exponent))


@alone
class TestClosedForms:
    @pytest.mark.parametrize("n", [1, 2, 5, 8])
    @pytest.mark.parametrize("scale", [1.0, 1e-9, 7.0])
    def test_multiple_of_identity(self, n, scale):
        C = np.stack([scale * np.eye(n)] * 3)
        expected = np.log(scale) * upper(np.eye(n))
        assert_allclose(log_vectors(C), [expected] * 3, **tolerance())

    def test_diagonal(self):
        values = np.exp(np.random.default_rng(0).uniform(-3, 3, (9, 5)))
        expected = upper(np.eye(5) * np.log(values)[:, None, :])
        assert_allclose(
            log_vectors(np.eye(5) * values[:, None, :]), expected, **tolerance(400)
        )

    def test_two_by_two(self):
        """Of [[c, s], [s, c]]: the values are c + s and c - s, whatever they are."""
        plus, minus = np.array([[2.0, 3.0, 10.0], [1.0, 3.0, 0.1]])
        c, s = (plus + minus) / 2, (plus - minus) / 2
        C = np.stack([[c, s], [s, c]]).transpose(2, 0, 1)
        on, off = np.log(plus * minus) / 2, np.log(plus / minus) / 2
        expected = np.stack([on, np.sqrt(2) * off, on], axis=1)
        assert_allclose(log_vectors(C), expected, **tolerance(100))

    def test_product_of_commuting(self):
        values = np.exp(np.random.default_rng(0).uniform(-2, 2, (2, 7, 4)))
        Q = np.linalg.qr(np.random.default_rng(1).standard_normal((4, 4)))[0]
        A, B, AB = ((Q * v[:, None, :]) @ Q.T for v in (*values, values[0] * values[1]))
        expected = log_vectors(A) + log_vectors(B)
        assert_allclose(log_vectors(AB), expected, **tolerance(3000))

    def test_repeated_values(self):
        C = with_values(np.array([[1.0, 1, 1, 5, 5, 5], [2, 2, 2, 2, 2, 3]]))
        expected = [reference.log_vector(c) for c in C]
        assert_allclose(log_vectors(C), expected, **tolerance(5))

    @pytest.mark.parametrize("n", [6, 7])
    def test_zeros(self, n):
        """Blocks, lone rows, bands: reflections of nothing, where it is divided by."""
        C = matrices(n, 6)
        C[0, :3, 3:] = C[0, 3:, :3] = 0
        C[1, 2, [0, 1, 3, 4, 5]] = C[1, [0, 1, 3, 4, 5], 2] = 0
        C[1, 2, 6:] = C[1, 6:, 2] = 0
        C[2, -1, :-1] = C[2, :-1, -1] = 0
        C[3, 0, 1:] = C[3, 1:, 0] = 0
        C[4, ::2, 1::2] = C[4, 1::2, ::2] = 0
        band = np.eye(n, k=1) + np.eye(n, k=-1)
        C[5] = 3 * np.eye(n) + band
        expected = [reference.log_vector(c) for c in C]
        assert_allclose(log_vectors(C), expected, **tolerance(100))


@alone
class TestSymmetry:
    def test_inverse(self):
        C = matrices(5)
        assert_allclose(
            log_vectors(np.linalg.inv(C)), -log_vectors(C), **tolerance(100)
        )

    def test_rotation(self):
        C = matrices(5)
        Q = np.linalg.qr(np.random.default_rng(3).standard_normal((5, 5)))[0]
        expected = upper(Q @ unupper(log_vectors(C)) @ Q.T)
        assert_allclose(log_vectors(Q @ C @ Q.T), expected, **tolerance(100))

    @pytest.mark.parametrize("exponent", [-200, -30, 3, 200])
    def test_scale(self, exponent):
        """A logarithm of 460 is rounded to 6e-14."""
        C = matrices(5)
        expected = log_vectors(C) + exponent * np.log(10.0) * upper(np.eye(5))
        assert_allclose(log_vectors(10.0**exponent * C), expected, **tolerance(300))

    def test_order_of_matrices(self):
        """To the last digit in a group, as a lane is like another."""
        C = matrices(5, 17)
        got = log_vectors(C)
        assert_array_equal(log_vectors(C[7::-1]), got[7::-1])
        assert_allclose(log_vectors(C[::-1]), got[::-1], **tolerance(100))

    @pytest.mark.parametrize("n", [1, 5, 6])
    def test_neighbours(self, n):
        """Terrible ones, too: they only change which approximation the group takes."""
        C = matrices(n, 8)
        expected = log_vectors(C)
        terrible = [
            np.ones((n, n)),
            np.zeros((n, n)),
            -np.eye(n),
            np.diag(np.geomspace(1e-11, 1, n)),
            1e300 * C[0],
            np.full((n, n), np.inf),
            np.full((n, n), np.nan),
        ]
        for lane, neighbour in product((0, 7), terrible):
            changed = C.copy()
            changed[lane] = neighbour
            others = np.arange(8) != lane
            got = run_kernel(changed)[0]
            assert_allclose(got[others], expected[others], **tolerance(100))


@alone
class TestInput:
    @pytest.mark.parametrize("whitener", [None, np.eye(5) + 0.1], ids=["no", "yes"])
    def test_layout_and_dtype(self, whitener):
        C = matrices(5).astype(np.float32)  # so that its values are those of float64
        expected = log_vectors(C.astype(np.float64), whitener)
        spaced = np.zeros((9, 7, 10))
        spaced[:, 1:6, ::2] = C
        read_only = C.astype(np.float64)
        read_only.flags.writeable = False
        for same in (
            C,
            np.asfortranarray(C.astype(np.float64)),
            spaced[:, 1:6, ::2],
            read_only,
            C[:, ::-1][:, ::-1],
        ):
            before = same.copy()
            got = log_vectors(same, whitener)
            assert got.dtype == np.float64
            assert_array_equal(got, expected)
            assert_array_equal(same, before)

    @pytest.mark.parametrize("whitener", [None, np.eye(5) + 0.1], ids=["no", "yes"])
    @pytest.mark.parametrize("in_cache", [1, 500])
    def test_parts_and_singly(self, monkeypatch, whitener, in_cache):
        C = matrices(5, 33)
        expected = log_vectors(C, whitener)
        singly = np.vstack([log_vectors(c[None], whitener) for c in C])
        assert_allclose(singly, expected, **tolerance(100))
        monkeypatch.setattr(_logs, "_IN_CACHE", in_cache)
        lengths = [len(C[part]) for part in _logs.parts(C)]
        assert sum(lengths) == 33 and len(lengths) > 2
        assert all(length % LANES == 0 for length in lengths[:-1])
        assert_allclose(log_vectors(C, whitener), expected, **tolerance(100))

    def test_none(self):
        assert log_vectors(np.empty((0, 3, 3))).shape == (0, 6)

    @pytest.mark.parametrize("n", [1, 5, 6])
    def test_kernel_reads_lower_triangles(self, n):
        C = matrices(n)
        expected = run_kernel(C)[0]
        C[:, *np.triu_indices(n, 1)] = np.nan
        assert_array_equal(run_kernel(C)[0], expected)

    @pytest.mark.parametrize("count", [1, 8, 11])
    def test_side_by_side(self, count):
        X = np.random.default_rng(0).standard_normal((count, 3, 3))
        A = side_by_side(X).reshape(-1, 9, LANES)
        for i in range(len(A) * LANES):
            matrix = A[i // LANES, :, i % LANES].reshape(3, 3)
            assert_array_equal(matrix, X[min(i, count - 1)])


class TestIllConditioned:
    @pytest.mark.parametrize("whitener", [None, 2 * np.eye(6)], ids=["no", "yes"])
    def test_eigenvalues_are_taken_beyond_the_limit(self, whitener, monkeypatch):
        """In a group with better ones, which the kernel computes."""
        gain = 1 if whitener is None else 4
        C = matrices(6, 4)
        for i, condition in ((1, 1e13), (2, 1e15)):
            C[i] = matrices(6, 1, condition)[0]
        seen = []
        monkeypatch.setattr(
            _logs, "eigh_spd", lambda c: (seen.append(c), eigh_spd(c))[1]
        )
        got = log_vectors(C, whitener)
        # the power of two above the mean eigenvalue, or above the largest elements
        mean = np.trace(C[1:3], axis1=1, axis2=2) / 6
        if whitener is not None:
            mean = np.abs(C[1:3]).max(axis=(1, 2))
        size = 2.0 ** np.ceil(np.log2(mean))
        if whitener is not None:
            size *= 16  # that above 2, squared
        scaled = gain * C[1:3] / np.reshape(size, (-1, 1, 1))
        assert_array_equal(seen, scaled)
        mean = np.reshape(np.log(size), (-1, 1)) * upper(np.eye(6))
        expected = upper(logm(scaled)) + mean
        if whitener is None:
            assert_allclose(got[1:3], expected, rtol=1e-13)
        else:  # by its factor, so rounded in another way, times the condition
            for i, condition in enumerate((1e13, 1e15)):
                assert_allclose(got[1 + i], expected[i], rtol=0, atol=EPS * condition)
        expected = [reference.log_vector(gain * c) for c in C[[0, 3]]]
        assert_allclose(got[[0, 3]], expected, **tolerance(100))

    @alone
    def test_below_the_limit_they_are_not(self):
        log_vectors(matrices(6, 9, 1e11))

    @pytest.mark.parametrize("n", [2, 5])
    @pytest.mark.parametrize("whitener", [False, True])
    def test_singular(self, n, whitener):
        """No warning, and what rounding leaves of zero has a logarithm."""
        X = np.random.default_rng(0).standard_normal((3, n, n - 1))
        C = np.stack([np.ones((n, n)), np.diag(np.arange(n)), *X @ X.swapaxes(1, 2)])
        C = np.concatenate([C, matrices(n)])
        got = log_vectors(C, np.eye(n) if whitener else None)
        assert np.isfinite(got).all()
        assert (np.linalg.eigvalsh(unupper(got[:5]))[:, 0] < np.log(1e-14)).all()


@alone
@pytest.mark.parametrize("n", [1, 2, 5, 8])
@pytest.mark.parametrize("n_matrices", [1, 9])
def test_squared_norms(n, n_matrices):
    """As distances, of the logarithms, and whatever square root whitens."""
    C, reference_ = matrices(n, n_matrices), matrices(n + 20)[0, :n, :n]
    whitener = np.linalg.inv(np.linalg.cholesky(reference_))
    got = squared_norms(C, whitener[None])[:, 0]
    expected = [distance_riemann(c, reference_) ** 2 for c in C]
    assert_allclose(got, expected, rtol=1e-11)
    by_vectors = log_vectors(C, roots(reference_)[1])
    assert_allclose(got, (by_vectors**2).sum(axis=1), rtol=1e-11)


@pytest.mark.parametrize("size", [1e8, 1e11])
def test_whitened_far_beyond_the_limit(size):
    """Two matrices within it, whose product is not: rounding leaves the least root."""
    C, other = np.diag([size, 1.0, 1.0]), np.diag([1.0, 1.0, size])
    R = np.linalg.qr(np.random.default_rng(0).standard_normal((3, 3)))[0]
    for Q, rtol in ((np.eye(3), 1e-14), (R, 1e-6)):
        A, B = Q @ C @ Q.T, Q @ other @ Q.T
        whitener = np.linalg.inv(np.linalg.cholesky(B))
        expected = 2 * np.log(size) ** 2
        got = squared_norms(A[None], whitener[None])
        assert_allclose(got, expected, rtol=rtol)
        got = log_vectors(A[None], roots(B)[1])
        assert_allclose((got**2).sum(), expected, rtol=rtol)


def test_squared_norms_of_sizes_whose_ratio_overflows():
    C, whitener = 1e300 * np.eye(2), 1e150 * np.eye(2)
    expected = 2 * (600 * np.log(10)) ** 2
    got = squared_norms(C[None], whitener[None])
    assert_allclose(got, expected, rtol=1e-14)


def test_squared_norms_beyond_the_limit():
    C = matrices(4, 3)
    C[1] = np.diag([1, 1e-5, 1e-9, 1e-14])
    expected = np.sum(np.log([1, 1e-5, 1e-9, 1e-14]) ** 2)
    assert squared_norms(C, np.eye(4)[None])[1, 0] == pytest.approx(expected, rel=1e-12)


class TestBounds:
    @pytest.mark.parametrize("n", [1, 2, 5, 8])
    @pytest.mark.parametrize("condition", [2.0, 1e6])
    def test_enclose(self, n, condition):
        """The least value to rounding, as three of Newton's steps come to it at least.

        Each leaves 1 - 1 / n of the way. No row of a tridiagonal SPD matrix sums to
        more than thrice the largest value.
        """
        C = matrices(n, 17, condition)
        values = np.linalg.eigvalsh(C)
        lower, upper_, _ = run_kernel(C)[1].T
        rounding = 10 * EPS * values[:, -1]
        assert (lower <= values[:, 0] + rounding).all()
        reached = 1 - (1 - 1 / n) ** 3
        assert (lower >= reached * values[:, 0] - rounding).all()
        assert (upper_ >= values[:, -1] - rounding).all()
        assert (upper_ <= 3 * values[:, -1] + rounding).all()

    @pytest.mark.parametrize("first, last, expected", [(3, 3, 5), (5, 3, 6), (3, 7, 8)])
    def test_of_a_tridiagonal_matrix(self, first, last, expected):
        """Which it stays, but for signs: the largest sum of a row's magnitudes."""
        C = np.diag([first, 3.0, 3, 3, last]) - np.eye(5, k=1) - np.eye(5, k=-1)
        lower, upper_, _ = run_kernel(C[None])[1][0]
        assert upper_ == pytest.approx(expected, rel=1e-14)
        assert 0 < lower < np.linalg.eigvalsh(C)[0]

    def test_not_positive_definite(self):
        C = np.stack([np.diag([1.0, 2, -1]), -np.eye(3), np.zeros((3, 3))])
        assert (run_kernel(C)[1][:, 0] <= 0).all()


class TestMeanLog:
    @pytest.mark.parametrize("whitened", [False, True])
    def test_mean_and_rounding(self, whitened, monkeypatch):
        """Rounding is said to be at least that of the condition numbers.

        The trace is up to n times the largest value, and the bound of the least is 1 /
        n of it at least.
        """
        monkeypatch.setattr(_logs, "_IN_CACHE", 1)
        n, n_matrices = 5, 19
        C = 1e-6 * matrices(n, n_matrices)
        weight = np.random.default_rng(0).random(n_matrices)
        weight /= weight.sum()
        whitener = roots(C.mean(axis=0))[1] if whitened else None
        vectors = np.empty((n_matrices, 15))
        mean, rounding = MeanLog(C, weight)(whitener, vectors)
        expected = log_vectors(C, whitener)
        assert_array_equal(vectors, expected)
        assert_allclose(mean, unupper(weight @ expected), atol=1e-14)
        W = np.eye(n) if whitener is None else whitener
        condition = weight @ np.linalg.cond(W @ C @ W)
        gain = np.linalg.cond(W) ** 2
        assert 0.99 * condition <= rounding / EPS <= n**2 * gain * condition

    @pytest.mark.parametrize("whitener", [None, np.eye(4)], ids=["no", "yes"])
    def test_rounding_is_infinite_where_a_matrix_is_lost(self, whitener):
        C = matrices(4)
        C[2] = 1.0
        weight, vectors = np.full(9, 1 / 9), np.empty((9, 10))
        assert MeanLog(C, weight)(whitener, vectors)[1] == np.inf
        C[2] = matrices(4, 1, 1e14)[0]
        assert 1e13 * EPS < MeanLog(C, weight)(whitener, vectors)[1] < 1.0

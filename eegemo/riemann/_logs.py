"""Logarithms of SPD matrices, as vectors."""

import math

import numpy as np
from pyriemann.geometry.tangentspace import upper

from .._kernels.cholesky import BLOCK, congruences, factor, lay_in_panels, padded
from .._kernels.lanes import LANES, rows
from .._kernels.spd import lay_side_by_side, logs, work_size
from ._blocks import side_by_side
from ._functions import eigh_spd, unupper
from ._rational_log import LIMIT, rational_logs

_IN_CACHE = 2**15  # numbers at a time: 256 KiB, and a few times that in all
_NOTHING = np.empty((0, 0))
_TINY = 1e-150  # its square is not zero


def log_vectors(X, whitener=None):
    """Logarithms of ``whitener @ X @ whitener``, by their upper triangles.

    Parameters
    ----------
    X : float array of shape (n_matrices, n, n), SPD
        Or (n_matrices, n_blocks, n, n), whose vectors lie side by side.
    whitener : float64 array of shape (n, n), symmetric, default=None
        None is the identity. Of blocks, an array of shape (n_blocks, n, n).

    Returns
    -------
    vectors : float64 array of shape (n_matrices, n * (n + 1) / 2)
        Row by row; off-diagonal elements are multiplied by the square root of 2, so
        that the norm of a vector is that of the matrix. They depend on the other
        matrices by rounding only: to 1e-13, as the worst conditioned of eight chooses
        the approximation for all of them.
    """
    if X.ndim == 4:
        whiteners = [None] * X.shape[1] if whitener is None else whitener
        return side_by_side(log_vectors, X, whiteners)
    n = X.shape[1]
    vectors = np.empty((len(X), n * (n + 1) // 2))
    kernels = _Kernels(X)
    W = None if whitener is None else _Whitener(whitener)
    for part in parts(X):
        kernels.summary(X[part], W, vectors[part])
    return vectors


def squared_norms(X, whiteners):
    """Squared norms of the logarithms of ``whitener @ X @ whitener.T``.

    They are the squared affine-invariant distances of X from the inverse of
    ``whitener.T @ whitener``.

    Parameters
    ----------
    X : float array of shape (n_matrices, n, n) or (n_matrices, n_blocks, n, n), SPD
    whiteners : float64 array of shape (n_whiteners, n, n) or with blocks as X
        Lower triangular ones take less time.

    Returns
    -------
    norms : float64 array of shape (n_matrices, n_whiteners)
    """
    if X.ndim == 4:
        blocks = range(X.shape[1])
        return sum(squared_norms(X[:, b], whiteners[:, b]) for b in blocks)
    norms = np.empty((len(X), len(whiteners)))
    for part, part_norms in _norms_by_part(X, whiteners, lambda part: len(whiteners)):
        norms[part] = part_norms
    return norms


def pairwise_squared_norms(X, whiteners):
    """Squared norms as of ``squared_norms``, for the whiteners of the same matrices.

    Parameters
    ----------
    X : float array of shape (n_matrices, n, n), SPD
    whiteners : float64 array of shape (n_matrices, n, n)
        ``whitener @ X @ whitener.T`` is the identity for the matrix of the same number.

    Returns
    -------
    norms : float64 array of shape (n_matrices, n_matrices), symmetric
    """
    norms = np.zeros((len(X), len(X)))
    for part, part_norms in _norms_by_part(X, whiteners, lambda part: part.stop):
        norms[part, : part_norms.shape[1]] = part_norms
    norms = np.tril(norms, -1)
    return norms + norms.T


def _norms_by_part(X, whiteners, count):
    """Squared norms of a part with the first ``count(part)`` whiteners."""
    kernels = _Kernels(X)
    whiteners = [_Whitener(whitener) for whitener in whiteners]
    for part in parts(X):
        factors = kernels.factor(X[part])
        norms = [
            kernels.summary(X[part], W, _NOTHING, factors)[:, 2]
            for W in whiteners[: count(part)]
        ]
        yield part, np.stack(norms, axis=1)


class MeanLog:
    """Mean logarithm of the same matrices, whitened in one way after another.

    Parameters
    ----------
    X : float array of shape (n_matrices, n, n), SPD
        Their Cholesky factors are kept, in as much memory as float64 matrices take.
    weight : float64 array of shape (n_matrices,)
        Summing to 1.
    """

    def __init__(self, X, weight):
        self._X, self._weight = X, weight
        self._kernels = _Kernels(X)
        self._parts = list(parts(X))
        self._factors = [None] * len(self._parts)
        self._traces = np.einsum("ijj->i", X, dtype=np.float64)

    def __call__(self, whitener, vectors):
        """Compute the logarithms and their mean.

        Parameters
        ----------
        whitener : float64 array of shape (n, n), symmetric, or None
            As in :func:`log_vectors`.
        vectors : float64 array of shape (n_matrices, n * (n + 1) / 2)
            Where to leave the logarithms.

        Returns
        -------
        mean : float64 array of shape (n, n)
        rounding : float
            What the rounding of the whitened matrices may leave in the mean, about;
            infinite if one of them is not positive definite any more.
        """
        W = None if whitener is None else _Whitener(whitener)
        least = np.empty(len(self._X))
        for i, part in enumerate(self._parts):
            X = self._X[part]
            if W is not None and self._factors[i] is None:
                self._factors[i] = self._kernels.factor(X, keep=True)
            summary = self._kernels.summary(X, W, vectors[part], self._factors[i])
            least[part] = summary[:, 0]
        with np.errstate(divide="ignore", over="ignore"):
            gain = 1 if whitener is None else np.linalg.norm(whitener, 2) ** 2
            rounding = gain * (self._weight @ (self._traces / least))
        return unupper(self._weight @ vectors), np.finfo(np.float64).eps * rounding


def parts(X):
    """Slices of as many matrices as stay in the cache, in whole groups of lanes."""
    size = math.prod(X.shape[1:])
    step = max(1, _IN_CACHE // size // LANES) * LANES
    for start in range(0, len(X), step):
        yield slice(start, min(start + step, len(X)))


class _Whitener:
    """A matrix as it is, and as the kernel takes it."""

    def __init__(self, W):
        n, n_padded = len(W), padded(len(W))
        self.plain = W
        self.filled_up = np.zeros((n_padded, n_padded))
        self.filled_up[:n, :n] = W
        self.triangular = not np.triu(W, 1).any()


class _Kernels:
    """The kernels, and memory for them to work with on parts of matrices."""

    def __init__(self, X):
        self.n = n = X.shape[1]
        self.n_padded = padded(n)
        n_groups = -(-next(parts(X), slice(0)).stop // LANES)
        self._lanes = rows(n_groups * n * n)
        self._panels = rows(n_groups * self.n_padded**2)
        self._product = rows(self.n_padded**2 + BLOCK**2)
        self._work = rows(work_size(n))

    def summary(self, X, W, vectors, factors=None):
        """Compute the vectors of a part, if wanted, and the kernel's summary."""
        n, n_groups = self.n, -(-len(X) // LANES)
        lanes = self._lanes[: n_groups * n * n]
        sizes, summary = np.ones(n_groups * LANES), np.empty((len(X), 3))
        with np.errstate(all="ignore"):  # where it is not compiled, NumPy would warn
            if W is None:
                _, exponent = np.frexp(np.einsum("ijj->i", X) / n)
                sizes[: len(X)] = np.ldexp(1.0, exponent)
                X = np.ascontiguousarray(X, np.float64)
                lay_side_by_side(X, (1 / sizes).reshape(-1, LANES), lanes)
            else:
                factors = self.factor(X) if factors is None else factors
                W_ = W.filled_up, W.triangular
                congruences(factors, *W_, n, self._product, lanes)
            sizes = sizes[: len(X)]
            logs(lanes, n, sizes, *rational_logs(), vectors, summary, self._work)
            least, most = summary[:, :2].T / sizes
            # The kernel squares numbers.
            within = (most <= LIMIT * least) & (_TINY < least) & (most < 1 / _TINY)
            for i in np.flatnonzero(~within):
                self._summarise(i, X[i], sizes[i], W, vectors, summary)
        return summary

    @staticmethod
    def _summarise(i, C, size, W, vectors, summary):
        """Set what the kernel cannot, of one matrix, by its eigenvalues."""
        log_size = np.log(size)
        if W is None:
            values, basis, condition = eigh_spd(C / size)
        else:  # near one, by powers of two, lest the product overflow
            (_, of_C), (_, of_W) = (np.frexp(np.abs(A).max()) for A in (C, W.plain))
            log_size = (of_C + 2 * of_W) * np.log(2.0)
            C, W = np.ldexp(C, -of_C), np.ldexp(W.plain, -of_W)
            values, basis, condition = _eigh_of_congruent(C, W)
        logarithms = np.log(values) + log_size
        least = np.exp(logarithms[0]) if condition < np.inf else 0
        summary[i] = least, np.exp(logarithms[-1]), np.sum(logarithms**2)
        if len(vectors):
            vectors[i] = upper((basis * logarithms) @ basis.T)

    def factor(self, X, keep=False):
        """Compute the Cholesky factors of a part; the next call may overwrite them."""
        size = -(-len(X) // LANES) * self.n_padded**2
        panels = rows(size) if keep else self._panels[:size]
        X = np.ascontiguousarray(X, np.float64)
        lay_in_panels(X, np.zeros(len(X)), panels)
        with np.errstate(all="ignore"):
            factor(panels, self.n_padded, self._product)
        return panels


def _eigh_of_congruent(X, W):
    """As ``eigh_spd`` of W X W', with small eigenvalues that are as good as large ones.

    They are the squared singular values of W times a factor of X. Rounding leaves of
    those what it leaves of the eigenvalues at the square of the condition number.
    """
    values, vectors, condition = eigh_spd(W @ X @ W.T)
    try:
        product = W @ np.linalg.cholesky(X.astype(np.float64, copy=False))
    except np.linalg.LinAlgError:  # X is singular, to rounding
        return values, vectors, condition
    if np.isfinite(product).all():
        vectors, roots, _ = np.linalg.svd(product)
        least = np.finfo(np.float64).eps * roots[0]
        values, vectors = np.maximum(roots, least)[::-1] ** 2, vectors[:, ::-1]
    return values, vectors, condition

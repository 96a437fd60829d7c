"""Layers over SPD matrices."""

from functools import lru_cache

import numpy as np

from .._kernels.eigen import eigen, work_size
from .._kernels.lanes import rows
from ..riemann._functions import symmetric, unupper, upper_places
from ._layer import Layer


class BiMap(Layer):
    """W' X W, with orthonormal columns of W [1]_.

    The gradient by W is projected to the directions that keep its columns orthonormal,
    to first order, and after each step W is replaced by the orthogonal factor of its QR
    decomposition.

    Parameters
    ----------
    n_outputs : int
        Columns of W; at most as many as X has.

    References
    ----------
    .. [1] Z. Huang and L. Van Gool, "A Riemannian network for SPD matrix learning",
       AAAI 2017.
    """

    def __init__(self, n_outputs):
        super().__init__()
        self.n_outputs = n_outputs

    def build(self, shape, rng):
        """Draw the columns uniformly."""
        W = rng.standard_normal((shape[-1], self.n_outputs))
        self.weights["weight"] = _orthonormal(W)
        return self.n_outputs, self.n_outputs

    def forward(self, x, run):
        """Multiply from both sides."""
        W = self.weights["weight"]
        half = x @ W  # of one matrix after the other, each stays in the cache
        run.keep(self, half)
        return W.T @ half

    def backward(self, gradient, run, needs_input=True):
        """Project the gradient to the tangent space of the Stiefel manifold."""
        (half,) = run.kept(self)
        W = self.weights["weight"]
        gradient = symmetric(gradient)
        G = 2 * (half @ gradient).sum(axis=0)
        np.subtract(G, W @ symmetric(W.T @ G), out=self.gradients["weight"])
        return W @ gradient @ W.T if needs_input else None

    def constrain(self):
        """Make the columns orthonormal again."""
        W = self.weights["weight"]
        W[:] = _orthonormal(W)


class _Spectral(Layer):
    """A function of symmetric matrices by that of their eigenvalues.

    Which are first raised to a threshold at least. Subclasses have ``_apply`` of raised
    eigenvalues, ``_differences`` of it between pairs, of which the second is at most
    the first, and its derivative ``_slope``.
    """

    def __init__(self, threshold):
        super().__init__()
        self.threshold = threshold

    def _raise(self, values):
        return np.maximum(values, self.threshold)

    def forward(self, x, run):
        """Apply it to the eigenvalues."""
        found = eigen(np.asarray(x, np.float64), rows(work_size(x.shape[-1])))
        values, vectors = (array.astype(x.dtype, copy=False) for array in found)
        run.keep(self, values, vectors)
        return (vectors.mT * self._apply(self._raise(values))[:, None]) @ vectors

    def backward(self, gradient, run, needs_input=True):
        """Multiply by divided differences in the frame of the eigenvectors [1]_.

        References
        ----------
        .. [1] R. Bhatia, "Matrix analysis", theorem V.3.3, Springer, 1997.
        """
        if not needs_input:
            return None
        values, vectors = run.kept(self)
        higher, lower = _pairs(values)
        slope = self._differences(self._raise(higher), self._raise(lower))
        gap = np.subtract(higher, lower, out=lower)
        equal = gap == 0
        gap[equal] = 1
        slope /= gap
        equals = higher[equal]
        slope[equal] = self._slope(self._raise(equals)) * (equals > self.threshold)
        slope = slope[:, upper_places(values.shape[1])[0]]
        slope *= vectors @ symmetric(gradient) @ vectors.mT
        return vectors.mT @ slope @ vectors


class ReEig(_Spectral):
    """Raise eigenvalues to a threshold at least [1]_.

    Parameters
    ----------
    threshold : float

    References
    ----------
    .. [1] Z. Huang and L. Van Gool, "A Riemannian network for SPD matrix learning",
       AAAI 2017.
    """

    def _apply(self, raised):
        return raised

    def _differences(self, higher, lower):
        return higher - lower

    def _slope(self, raised):
        return np.ones_like(raised)


class LogEig(_Spectral):
    """Logarithm of SPD matrices, after ReEig, with which it shares the eigenvectors.

    Parameters
    ----------
    threshold : float
        Of ReEig.
    """

    def _apply(self, raised):
        return np.log(raised)

    def _differences(self, higher, lower):
        # of near eigenvalues, the difference of the logarithms would lose its digits
        ratio = np.subtract(higher, lower, out=higher)
        ratio /= lower
        return np.log1p(ratio, out=ratio)

    def _slope(self, raised):
        return 1 / raised


class UpperTriangle(Layer):
    """Symmetric matrices become vectors of the same norm.

    These are the upper triangles, row by row, with the elements beside the diagonal
    times the square root of two.
    """

    def build(self, shape, rng):
        """Count the elements."""
        n = shape[-1]
        return (n * (n + 1) // 2,)

    def forward(self, x, run):
        """Take the elements."""
        n = x.shape[-1]
        return x.reshape(len(x), -1)[:, _upper(n)] * upper_places(n)[1].astype(x.dtype)

    def backward(self, gradient, run, needs_input=True):
        """Put them back on both sides."""
        return unupper(gradient).astype(gradient.dtype) if needs_input else None


def _pairs(values):
    """Higher and lower number of each pair, and of each number with itself.

    In the order of the upper triangle of a matrix, row by row.
    """
    places = _upper(values.shape[1])
    a, b = (values[:, k] for k in np.divmod(places, values.shape[1]))
    return np.maximum(a, b), np.minimum(a, b)


@lru_cache(maxsize=8)
def _upper(n):
    """Where the upper triangle of a matrix stands among its elements, row by row."""
    rows, columns = np.triu_indices(n)
    places = rows * n + columns
    places.flags.writeable = False
    return places


def _orthonormal(W):
    """Orthogonal factor of the QR decomposition with a positive diagonal."""
    Q, R = np.linalg.qr(W)
    return Q * np.where(np.diag(R) < 0, -1, 1)

"""Layers over SPD matrices."""

import numpy as np

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
        half = (x.reshape(-1, len(W)) @ W).reshape(*x.shape[:2], -1)
        run.keep(self, half)
        return symmetric(W.T @ half)

    def backward(self, gradient, run, needs_input=True):
        """Project the gradient to the tangent space of the Stiefel manifold."""
        (half,) = run.kept(self)
        W = self.weights["weight"]
        gradient = symmetric(gradient)
        G = 2 * np.tensordot(half, gradient, ((0, 2), (0, 1)))
        np.subtract(G, W @ symmetric(W.T @ G), out=self.gradients["weight"])
        return W @ gradient @ W.T if needs_input else None

    def constrain(self):
        """Make the columns orthonormal again."""
        W = self.weights["weight"]
        W[:] = _orthonormal(W)


class _Spectral(Layer):
    """A function of symmetric matrices by that of their eigenvalues.

    Subclasses have ``_apply`` of eigenvalues, and ``_differences`` of it between pairs,
    of which the second is at most the first.
    """

    def forward(self, x, run):
        """Apply it to the eigenvalues."""
        values, vectors = np.linalg.eigh(x)
        run.keep(self, values, vectors)
        return (vectors * self._apply(values)[:, None]) @ vectors.mT

    def backward(self, gradient, run, needs_input=True):
        """Multiply by divided differences in the frame of the eigenvectors [1]_.

        References
        ----------
        .. [1] R. Bhatia, "Matrix analysis", theorem V.3.3, Springer, 1997.
        """
        if not needs_input:
            return None
        values, vectors = run.kept(self)
        a, b = values[:, :, None], values[:, None, :]
        higher, lower = np.maximum(a, b), np.minimum(a, b)
        gap = higher - lower
        equal = gap == 0
        slope = self._differences(higher, lower)
        slope /= np.where(equal, 1, gap)
        np.copyto(slope, self._slope(higher), where=equal)
        slope *= vectors.mT @ symmetric(gradient) @ vectors
        return vectors @ slope @ vectors.mT


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

    def __init__(self, threshold):
        super().__init__()
        self.threshold = threshold

    def _apply(self, values):
        return np.maximum(values, self.threshold)

    def _differences(self, higher, lower):
        return self._apply(higher) - self._apply(lower)

    def _slope(self, values):
        return (values > self.threshold).astype(values.dtype)


class LogEig(_Spectral):
    """Logarithm of SPD matrices, after ReEig, with which it shares the eigenvectors.

    Parameters
    ----------
    threshold : float
        Of ReEig.
    """

    def __init__(self, threshold):
        super().__init__()
        self.threshold = threshold

    def _apply(self, values):
        return np.log(np.maximum(values, self.threshold))

    def _differences(self, higher, lower):
        # of near eigenvalues, the difference of the logarithms would lose its digits
        lower = np.maximum(lower, self.threshold)
        return np.log1p((np.maximum(higher, self.threshold) - lower) / lower)

    def _slope(self, values):
        return (values > self.threshold) / np.maximum(values, self.threshold)


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
        rows, columns = np.triu_indices(n)
        return x[:, rows, columns] * upper_places(n)[1].astype(x.dtype)

    def backward(self, gradient, run, needs_input=True):
        """Put them back on both sides."""
        return unupper(gradient).astype(gradient.dtype) if needs_input else None


def _orthonormal(W):
    """Orthogonal factor of the QR decomposition with a positive diagonal."""
    Q, R = np.linalg.qr(W)
    return Q * np.where(np.diag(R) < 0, -1, 1)

"""Newton's step towards the affine-invariant mean."""

import numpy as np

from ._functions import upper_places
from ._logs import parts

_ENOUGH = 0.1  # of the gradient: what the approximations below leave of it anyhow


def newton_step(vectors, weight, gradient):
    """Step from a point to where the mean of the logarithms vanishes, approximately.

    If the point moves by u, logarithm L changes by f(ad L) u, where f(x) is
    x / 2 coth(x / 2) and (ad L) u is L u - u L. Here f(x) is 1 + x^2 / 12, which is
    never less: the step may be too short, and is not too long. Its mean over the
    matrices is solved by at most two steps of the method of conjugate gradients, which
    stays short where matrices are so far apart that it needs more of them.

    Parameters
    ----------
    vectors : float64 array of shape (n_matrices, n * (n + 1) / 2)
        Logarithms at the point, as :func:`log_vectors` gives them.
    weight : float64 array of shape (n_matrices,)
    gradient : float64 array of shape (n, n)
        Their mean.

    Returns
    -------
    step : float64 array of shape (n, n)
    """
    step, residual, direction = np.zeros_like(gradient), gradient, gradient
    first = square = np.vdot(gradient, gradient)
    if first == 0:
        return step
    for _ in range(2):
        image = direction + _mean_double_commutator(vectors, weight, direction) / 12
        length = square / np.vdot(direction, image)
        step = step + length * direction
        residual = residual - length * image
        before, square = square, np.vdot(residual, residual)
        if square < _ENOUGH**2 * first:
            break
        direction = residual + square / before * direction
    # What is left goes as it would if it were random.
    variance = weight @ _eigenvalue_variances(vectors, len(gradient))
    return step + residual / (1 + variance / 6)


def _eigenvalue_variances(vectors, n):
    diagonal = np.zeros(vectors.shape[1])
    diagonal[np.cumsum([0, *range(n, 1, -1)])] = 1 / n
    squares = np.einsum("ij,ij->i", vectors, vectors)
    return squares / n - (vectors @ diagonal) ** 2


def _mean_double_commutator(vectors, weight, u):
    """Weighted mean of (ad L) (ad L) u, in float32, which is precise enough here."""
    n = len(u)
    place, divisor = upper_places(n)
    scale = (1 / divisor).astype(np.float32)
    size = np.linalg.norm(u) or 1.0
    direction = (u / size).astype(np.float32)
    half = np.zeros((n, n))
    for part in parts(vectors):
        L = (vectors[part].astype(np.float32) * scale)[:, place]
        Lu = (L.reshape(-1, n) @ direction).reshape(L.shape)
        commutators = Lu - Lu.swapaxes(1, 2)
        commutators *= weight[part, None, None].astype(np.float32)
        half += L.reshape(-1, n).T @ commutators.reshape(-1, n)
    return size * (half + half.T)

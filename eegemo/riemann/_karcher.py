"""Affine-invariant mean of SPD matrices, and their logarithms at it."""

import warnings

import numpy as np
from pyriemann.geometry.tangentspace import upper
from sklearn.exceptions import ConvergenceWarning

_IN_CACHE = 2**17  # numbers at a time: 1 MiB
_DEPTH = 5  # earlier steps that the next one is extrapolated from
_FARTHEST = 10  # times a plain step; what leads farther is not believed


def karcher_mean(X, weight, start=None, tol=1e-8, max_iter=50):
    """Find the mean with the affine-invariant metric.

    The point moves along the mean of the logarithms at it, until that mean is as good
    as zero. A full step would go too far, the more the eigenvalues of the logarithms
    spread, since the squared distance curves upwards: by about a twelfth of their
    variance. Anderson's extrapolation from earlier steps saves up to half of them. A
    step that leads uphill is taken back, for one that is not extrapolated, or is
    shorter.

    Parameters
    ----------
    X : float64 array of shape (n_matrices, n, n), SPD
    weight : float64 array of shape (n_matrices,)
        Summing to 1.
    start : float64 array of shape (n, n), SPD, default=None
        Where the search begins; the result does not depend on it, beyond ``tol``. None
        is the log-Euclidean mean.
    tol : float
        Largest Frobenius norm of the mean of the logarithms, or what rounding leaves
        of it if that is more.
    max_iter : int

    Returns
    -------
    mean : float64 array of shape (n, n)
    whitener : float64 array of shape (n, n)
        The inverse square root of the mean.
    n_iter : int
        Number of times that the logarithms were computed, apart from the start.
    """
    if start is None:
        start = expm(mean_log(X, weight, np.eye(X.shape[1]))[0])
    root, frame, _ = roots(start)
    position = np.zeros_like(start)  # logarithm of the point as seen from the start
    steps, length, least = _Extrapolation(), 1.0, np.inf
    for n_iter in range(1, max_iter + 1):
        mean = symmetric(root @ expm(position) @ root)
        point_root, whitener, condition = roots(mean)
        gradient, spread, whitened_condition = mean_log(X, weight, whitener)
        norm = np.linalg.norm(gradient)
        rounding = np.finfo(np.float64).eps * (condition + whitened_condition)
        if norm <= max(tol, rounding) < np.inf:
            return mean, whitener, n_iter
        if norm < least and (n_iter == 1 or rounding < np.inf):
            least, best = norm, (mean, whitener)
            best_position, best_root, best_rounding = position, point_root, rounding
            direction = gradient / (1 + spread / 12)
            length = min(1.0, 2 * length)
        else:
            if len(steps.points) <= 1:
                length /= 4
            steps = _Extrapolation()
        moved = best_root @ expm(length * direction) @ best_root
        position = steps.next(best_position, logm(symmetric(frame @ moved @ frame)))
    warnings.warn(
        f"The mean of {len(X)} matrices of {len(start)} rows did not converge in "
        f"{max_iter} steps: the mean of the logarithms has norm {least:.2g}, above the "
        f"tolerance of {max(tol, best_rounding):.2g}. Ill-conditioned or very "
        "different matrices do this: shrink them more, or use metric='logeuclid'.",
        ConvergenceWarning,
        stacklevel=2,
    )
    return *best, max_iter


class _Extrapolation:
    """Anderson's mixing of the last steps of a fixed-point iteration."""

    def __init__(self):
        self.points, self.steps = [], []

    def next(self, point, image):
        """Where to go from a point, given the point that the iteration maps it to."""
        self.points = [*self.points, point][-_DEPTH - 1 :]
        self.steps = [*self.steps, image - point][-_DEPTH - 1 :]
        if len(self.steps) == 1:
            return image
        step_changes = np.diff(self.steps, axis=0)
        changes = np.diff(self.points, axis=0) + step_changes
        A = step_changes.reshape(len(changes), -1).T
        weight = np.linalg.lstsq(A, self.steps[-1].ravel(), rcond=None)[0]
        target = image - np.tensordot(weight, changes, axes=1)
        far = np.linalg.norm(target - point) > _FARTHEST * np.linalg.norm(image - point)
        return image if far else target


def mean_log(X, weight, whitener):
    """Mean logarithm of whitened matrices.

    Returns
    -------
    mean : float64 array of shape (n, n)
    spread : float
        Weighted mean of the variances of the eigenvalues of each logarithm.
    condition : float
        Weighted mean of the condition numbers; infinite if one is beyond the precision.
    """
    n = len(whitener)
    mean = np.zeros((n, n))
    spread = condition = 0.0
    for start, part in _parts(X):
        w = weight[start : start + len(part)]
        values, vectors = np.linalg.eigh(whitener @ part @ whitener)
        values, conditions = _within_precision(values)
        logs = np.log(values)
        # All of w V log(d) V' are summed by a single product of matrices.
        scaled = vectors * (w[:, None] * logs)[:, None, :]
        mean += np.tensordot(scaled, vectors, axes=((0, 2), (0, 2)))
        spread += w @ logs.var(axis=1)
        condition += w @ conditions
    return mean, spread, condition


def _within_precision(values):
    """Eigenvalues, those that rounding may have made zero or less replaced; condition.

    The condition number is infinite where one was replaced.
    """
    least = np.finfo(np.float64).eps * values[..., -1:]
    lost = (values < least).any(axis=-1)
    values = np.maximum(values, least)
    return values, np.where(lost, np.inf, values[..., -1] / values[..., 0])


def log_vectors(X, whitener):
    """Tangent vectors: the upper triangles of the logarithms, row by row.

    Parameters
    ----------
    X : float array of shape (n_matrices, n, n), SPD
    whitener : float64 array of shape (n, n)

    Returns
    -------
    vectors : float64 array of shape (n_matrices, n * (n + 1) / 2)
        Off-diagonal elements are multiplied by the square root of 2.
    """
    n = len(whitener)
    vectors = np.empty((len(X), n * (n + 1) // 2))
    for start, part in _parts(X):
        vectors[start : start + len(part)] = upper(whitened_log(part, whitener))
    return vectors


def whitened_log(X, whitener):
    """Logarithms of ``whitener @ X @ whitener``."""
    return logm(whitener @ X.astype(np.float64, copy=False) @ whitener)


def roots(C):
    """Square root, inverse square root and condition number of an SPD matrix."""
    values, vectors = np.linalg.eigh(C)
    values, condition = _within_precision(values)
    root = np.sqrt(values)
    return (vectors * root) @ vectors.T, (vectors / root) @ vectors.T, condition


def logm(C):
    """Logarithm of SPD matrices."""
    return _function(C, lambda values: np.log(_within_precision(values)[0]))


def expm(C):
    """Exponential of symmetric matrices."""
    return _function(C, np.exp)


def symmetric(C):
    """Lose the asymmetry of rounding."""
    return (C + C.T) / 2


def _function(C, function):
    values, vectors = np.linalg.eigh(C)
    return (vectors * function(values)[..., None, :]) @ vectors.swapaxes(-1, -2)


def _parts(X):
    """Pairs of a position and as many matrices from there on as stay in the cache."""
    step = max(1, _IN_CACHE // X[0].size)
    for start in range(0, len(X), step):
        yield start, X[start : start + step]

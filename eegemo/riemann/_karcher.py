"""Affine-invariant mean of SPD matrices."""

import warnings
from collections import namedtuple

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from ._functions import expm, logm, roots, symmetric, unupper
from ._logs import MeanLog, log_vectors
from ._newton import newton_step

_DEPTH = 5  # earlier steps that the next one is extrapolated from
_FARTHEST = 10  # times a plain step; what leads farther is not believed
_WORST = 0.01  # a mean of logarithms beyond is not put down to rounding


KarcherMean = namedtuple("KarcherMean", "mean whitener vectors n_iter norm")


def karcher_mean(X, weight=None, start=None, name="The mean", tol=1e-8, max_iter=50):
    """Find the mean with the affine-invariant metric.

    The point moves by steps of Newton's method, nearly, until the mean of the
    logarithms at it is as good as zero. Anderson's extrapolation from earlier steps
    saves some where the matrices are far apart. A step that leads uphill is taken
    back, for one that is not extrapolated, or is shorter.

    Parameters
    ----------
    X : float array of shape (n_matrices, n, n), SPD
    weight : float64 array of shape (n_matrices,), default=None
        Summing to 1; None is the same for all.
    start : float64 array of shape (n, n), SPD, default=None
        Where the search begins; the result does not depend on it, beyond ``tol`` or
        rounding. None is the log-Euclidean mean.
    name : str
        What the warning calls the mean.
    tol : float
        Largest Frobenius norm of the mean of the logarithms, or what rounding leaves
        of it if that is more, though not more than 0.01.
    max_iter : int

    Returns
    -------
    mean : float64 array of shape (n, n)
    whitener : float64 array of shape (n, n)
        The inverse square root of the mean.
    vectors : float64 array of shape (n_matrices, n * (n + 1) / 2)
        The logarithms at the mean, as :func:`log_vectors` gives them.
    n_iter : int
        Number of times that the logarithms were computed, apart from the start.
    norm : float
        Frobenius norm of the mean of the logarithms.
    """
    n_matrices, n, _ = X.shape
    weight = np.full(n_matrices, 1 / n_matrices) if weight is None else weight
    vectors = np.empty((n_matrices, n * (n + 1) // 2))
    mean_log = MeanLog(X, weight)
    if start is None:
        start = expm(mean_log(None, vectors)[0])
    root, frame, _ = roots(start)
    position = np.zeros_like(start)  # logarithm of the point as seen from the start
    steps, length, least = _Extrapolation(), 1.0, np.inf
    for n_iter in range(1, max_iter + 1):
        mean = symmetric(root @ expm(position) @ root)
        point_root, whitener, condition = roots(mean)
        gradient, rounding = mean_log(whitener, vectors)
        norm = np.linalg.norm(gradient)
        rounding += np.finfo(np.float64).eps * condition
        tolerance = max(tol, min(rounding, _WORST))
        if norm <= tolerance and rounding < np.inf:
            return KarcherMean(mean, whitener, vectors, n_iter, float(norm))
        if norm < least and (n_iter == 1 or rounding < np.inf):
            least, best = norm, (mean, whitener)
            best_position, best_root, best_tolerance = position, point_root, tolerance
            direction = newton_step(vectors, weight, gradient)
            length = min(1.0, 2 * length)
        else:
            if len(steps.points) <= 1:
                length /= 4
            steps = _Extrapolation()
        moved = best_root @ expm(length * direction) @ best_root
        position = steps.next(best_position, logm(symmetric(frame @ moved @ frame)))
    warnings.warn(
        f"{name} ({n_matrices} matrices of {n} rows) did not converge in {max_iter} "
        f"steps: the mean of the logarithms has norm {least:.2g}, above the tolerance "
        f"of {best_tolerance:.2g}. Ill-conditioned or very different matrices do this: "
        "shrink them more, leave out those that are far from all others, or use "
        "metric='logeuclid'.",
        ConvergenceWarning,
        stacklevel=2,
    )
    return KarcherMean(*best, log_vectors(X, best[1]), max_iter, float(least))


def nearer(point, vectors):
    """Move a point nearly to the mean of matrices, given their logarithms at it."""
    weight = np.full(len(vectors), 1 / len(vectors))
    step = newton_step(vectors, weight, unupper(weight @ vectors))
    root, _, _ = roots(point)
    return symmetric(root @ expm(step) @ root)


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

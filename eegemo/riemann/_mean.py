"""Means of SPD matrices, vectors at them, and the checks of what they need."""

import math

import numpy as np
from pyriemann.geometry.distance import distance_functions
from pyriemann.geometry.mean import gmean, mean_functions
from pyriemann.geometry.tangentspace import (
    exp_map_functions,
    log_map_functions,
    tangent_space,
)

from ._blocks import check_by_block, side_by_side
from ._functions import expm, roots, unupper
from ._jobs import run_in_threads
from ._karcher import karcher_mean
from ._logs import log_vectors

_FUNCTIONS = {
    "mean": mean_functions,
    "distance": distance_functions,
    "map": log_map_functions,
}
NEED_EXPONENT = {"power", "poweuclid"}
# The time of the first two grows with the factorial of the number of matrices: five
# take minutes. pyRiemann's third takes eigenvalues of what is not symmetric.
_UNFIT = {"alm", "bmp", "cheap"}
MEANS = set(mean_functions) - NEED_EXPONENT - _UNFIT
_UNWEIGHTED = {"thompson"}  # pyRiemann takes weights, and leaves them alone


def resolve_metric(metric, *others):
    """Split ``metric`` into the one of the mean and those named by ``others``.

    Raise unless pyRiemann has them all; the others are "distance" and "map".
    """
    uses = ("mean", *others)
    if not isinstance(metric, dict):
        metric = dict.fromkeys(uses, metric)
    if set(metric) != set(uses):
        keys = " and ".join(map(repr, uses))
        raise ValueError(
            f"metric should be a name or a dict with the keys {keys}, got {metric!r}."
        )
    for use in uses:
        names = MEANS if use == "mean" else set(_FUNCTIONS[use]) - NEED_EXPONENT
        if not (isinstance(metric[use], str) and metric[use] in names):
            raise ValueError(
                f"Unknown metric {metric[use]!r} for the {use}: expected one of "
                f"{sorted(names)}."
            )
    return tuple(metric[use] for use in uses)


OF_TRAINING = "The mean of all training matrices"


def spd_mean(X, metric, sample_weight=None, name="The mean"):
    """Mean of SPD matrices, in float64: see :func:`spd_mean_and_convergence`."""
    return spd_mean_and_convergence(X, metric, sample_weight, name)[0]


def spd_mean_and_convergence(
    X, metric, sample_weight=None, name="The mean", **stopping
):
    """Mean of SPD matrices, in float64, and how it was found.

    A matrix of weight zero is left out, as if its row had been dropped.

    Parameters
    ----------
    X : float array of shape (n_matrices, n, n)
        Or (n_matrices, n_blocks, n, n); then all results have an axis of blocks first.
    metric : str
        See :func:`pyriemann.geometry.mean.gmean`, which computes all but
        "riemann" and "logeuclid".
    sample_weight : float64 array of shape (n_matrices,), default=None
    name : str
        What warnings and errors call the mean.
    **stopping : tol and max_iter of :func:`karcher_mean`

    Returns
    -------
    mean : float64 array of shape (n, n)
    n_iter : int
        None where the metric is not "riemann".
    norm : float
        Of the mean of the logarithms at the mean; None as n_iter.
    """
    if X.ndim == 4:
        check_by_block(X, metric)
        found = [
            spd_mean_and_convergence(
                X[:, b], metric, sample_weight, f"{name}, block {b}", **stopping
            )
            for b in range(X.shape[1])
        ]
        mean, n_iter, norm = map(np.array, zip(*found, strict=True))
        return (mean, n_iter, norm) if metric == "riemann" else (mean, None, None)
    if sample_weight is not None:
        kept = sample_weight > 0
        X, sample_weight = X[kept], sample_weight[kept]
        if metric in _UNWEIGHTED and np.ptp(sample_weight) > 0:
            raise ValueError(
                f"{name} cannot be weighted with metric={metric!r}: leave "
                "sample_weight out, or use another metric."
            )
        sample_weight = sample_weight / sample_weight.max()  # else sums may overflow
        sample_weight /= sample_weight.sum()
    if metric == "riemann":
        found = karcher_mean(X, sample_weight, name=name, **stopping)
        return found.mean, found.n_iter, found.norm
    if metric == "logeuclid":
        mean_vector = np.average(log_vectors(X), axis=0, weights=sample_weight)
        return expm(unupper(mean_vector)), None, None
    unit = _unit(X)
    X = X.astype(np.float64) / unit
    return unit * gmean(X, metric=metric, sample_weight=sample_weight), None, None


def class_mean_name(label):
    """Call a mean by its class, in warnings: a NumPy string as a plain one."""
    return f"The mean of class {np.asarray(label).item()!r}"


def class_means(X, y, classes, metric, sample_weight, n_jobs=None):
    """Mean of the SPD matrices of each class.

    Parameters
    ----------
    X : float array of shape (n_matrices, n, n) or (n_matrices, n_blocks, n, n)
    y : array of shape (n_matrices,)
    classes : array of shape (n_classes,)
    metric : str
    sample_weight : float64 array of shape (n_matrices,)
        Not zero in a whole class.
    n_jobs : int, default=None

    Returns
    -------
    means : float64 array of shape (n_classes, n, n) or (n_classes, n_blocks, n, n)
    n_iter : int array of shape (n_classes,) or (n_classes, n_blocks)
        None where the metric is not "riemann".
    """
    calls = []
    for c in classes:
        weight = np.where(y == c, sample_weight, 0)
        calls.append((X, metric, weight, class_mean_name(c)))
    found = run_in_threads(spd_mean_and_convergence, calls, n_jobs)
    means, n_iter, _ = zip(*found, strict=True)
    return np.stack(means), np.array(n_iter) if metric == "riemann" else None


def tangent_vectors(X, reference, metric):
    """Vectors of SPD matrices in the tangent space at ``reference``, in float64.

    Parameters
    ----------
    X : float array of shape (n_matrices, n, n) or (n_matrices, n_blocks, n, n)
    reference : float64 array of shape (n, n) or (n_blocks, n, n)
    metric : str
        See :func:`pyriemann.geometry.tangentspace.tangent_space`, which computes all
        but "riemann".

    Returns
    -------
    vectors : float64 array of shape (n_matrices, n * (n + 1) / 2)
        Of blocks, side by side: n_blocks times as long.
    """
    if metric == "riemann":
        return log_vectors(X, roots(reference)[1])
    if X.ndim == 4:
        return side_by_side(
            lambda *block: tangent_vectors(*block, metric), X, reference
        )
    return tangent_space(X.astype(np.float64, copy=False), reference, metric=metric)


def mean_and_vectors(X, mean_metric, map_metric, sample_weight=None):
    """Mean of SPD matrices, and their vectors at it, in float64.

    The search for the affine-invariant mean ends with the vectors.

    Parameters
    ----------
    X : float array of shape (n_matrices, n, n)
        Or (n_matrices, n_blocks, n, n), with results as of
        :func:`spd_mean_and_convergence` and :func:`tangent_vectors`.
    mean_metric, map_metric : str
        As for :func:`spd_mean` and :func:`tangent_vectors`.
    sample_weight : float64 array of shape (n_matrices,), default=None
        Greater than zero.

    Returns
    -------
    mean : float64 array of shape (n, n)
    vectors : float64 array of shape (n_matrices, n * (n + 1) / 2)
    n_iter : int
        None where the metric of the mean is not "riemann".
    """
    if (mean_metric, map_metric) != ("riemann", "riemann"):
        found = spd_mean_and_convergence(X, mean_metric, sample_weight, OF_TRAINING)
        mean, n_iter, _ = found
        return mean, tangent_vectors(X, mean, map_metric), n_iter
    if sample_weight is not None:
        sample_weight = sample_weight / sample_weight.sum()
    if X.ndim == 3:
        found = karcher_mean(X, sample_weight, name=OF_TRAINING)
        return found.mean, found.vectors, found.n_iter
    means, n_iter = [], []

    def vectors_of(block, b):
        found = karcher_mean(block, sample_weight, name=f"{OF_TRAINING}, block {b}")
        means.append(found.mean)
        n_iter.append(found.n_iter)
        return found.vectors

    vectors = side_by_side(vectors_of, X, range(X.shape[1]))
    return np.array(means), vectors, np.array(n_iter)


def from_tangent(logs, reference, metric):
    """SPD matrices from symmetric ones in the tangent space at ``reference``.

    Parameters
    ----------
    logs : float64 array of shape (n_matrices, n, n), symmetric
        Or (n_matrices, n_blocks, n, n).
    reference : float64 array of shape (n, n) or (n_blocks, n, n)
    metric : str
        See :func:`pyriemann.geometry.tangentspace.exp_map`, which computes all but
        "riemann".

    Returns
    -------
    matrices : float64 array of the shape of logs
    """
    if logs.ndim == 4:
        blocks = range(logs.shape[1])
        alone = [from_tangent(logs[:, b], reference[b], metric) for b in blocks]
        return np.stack(alone, axis=1)
    with np.errstate(over="ignore", invalid="ignore"):
        if metric == "riemann":
            root, _, _ = roots(reference)
            matrices = root @ expm(logs) @ root
        else:
            unit = _unit(reference[None])
            matrices = exp_map_functions[metric](logs / unit, reference / unit) * unit
    finite = np.isfinite(matrices).all(axis=(1, 2))
    if not finite.all():
        raise ValueError(
            f"The exponential of element {np.argmin(finite)} of X is too large for "
            "float64: X should be logarithms, as log_map and TangentSpace give them."
        )
    return matrices


def _unit(X):
    """Find the unit in which matrices are about 1: a power of two, to keep all digits.

    pyRiemann's iterations end at a step that is small, and its divided differences
    take eigenvalues for equal whose difference is, without regard to the unit.
    """
    size = np.trace(X, axis1=1, axis2=2, dtype=np.float64).mean() / X.shape[1]
    return 2.0 ** round(math.log2(size))

"""Means of SPD matrices, vectors at them, and the checks of what they need."""

import numpy as np
from pyriemann.geometry.distance import distance_functions
from pyriemann.geometry.mean import gmean, mean_functions
from pyriemann.geometry.tangentspace import (
    log_map_functions,
    tangent_space,
    unupper,
)
from sklearn.utils import check_array, check_consistent_length

from ._functions import expm, roots
from ._karcher import karcher_mean
from ._logs import log_vectors

_FUNCTIONS = {
    "mean": mean_functions,
    "distance": distance_functions,
    "map": log_map_functions,
}
NEED_EXPONENT = {"power", "poweuclid"}


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
        names = set(_FUNCTIONS[use]) - NEED_EXPONENT
        if not (isinstance(metric[use], str) and metric[use] in names):
            raise ValueError(
                f"Unknown metric {metric[use]!r} for the {use}: expected one of "
                f"{sorted(names)}."
            )
    return tuple(metric[use] for use in uses)


def check_sample_weight(sample_weight, X):
    """Return weights as float64, or None; raise unless finite and not negative."""
    if sample_weight is None:
        return None
    weight = check_array(
        sample_weight, ensure_2d=False, dtype=np.float64, input_name="sample_weight"
    )
    if weight.ndim != 1:
        raise ValueError(f"Sample weights must be 1D array, got shape {weight.shape}.")
    check_consistent_length(X, weight)
    if (weight < 0).any():
        raise ValueError("Negative values in data passed to sample_weight.")
    if not (weight > 0).any():
        raise ValueError("sample_weight is zero everywhere: nothing is left to fit.")
    return weight


def spd_mean(X, metric, sample_weight=None):
    """Mean of SPD matrices, in float64.

    A matrix of weight zero is left out, as if its row had been dropped.

    Parameters
    ----------
    X : float array of shape (n_matrices, n, n)
    metric : str
        See :func:`pyriemann.geometry.mean.gmean`, which computes all but
        "riemann" and "logeuclid".
    sample_weight : float64 array of shape (n_matrices,), default=None

    Returns
    -------
    mean : float64 array of shape (n, n)
    """
    if sample_weight is not None:
        X, sample_weight = X[sample_weight > 0], sample_weight[sample_weight > 0]
    if metric not in ("riemann", "logeuclid"):
        X = X.astype(np.float64, copy=False)
        return gmean(X, metric=metric, sample_weight=sample_weight)
    weight = np.ones(len(X)) if sample_weight is None else sample_weight
    weight = weight / weight.sum()
    if metric == "logeuclid":
        return expm(unupper(weight @ log_vectors(X)))
    return karcher_mean(X, weight)[0]


def tangent_vectors(X, reference, metric):
    """Vectors of SPD matrices in the tangent space at ``reference``, in float64.

    Parameters
    ----------
    X : float array of shape (n_matrices, n, n)
    reference : float64 array of shape (n, n)
    metric : str
        See :func:`pyriemann.geometry.tangentspace.tangent_space`, which computes all
        but "riemann".

    Returns
    -------
    vectors : float64 array of shape (n_matrices, n * (n + 1) / 2)
    """
    if metric == "riemann":
        return log_vectors(X, roots(reference)[1])
    return tangent_space(X.astype(np.float64, copy=False), reference, metric=metric)


def mean_and_vectors(X, mean_metric, map_metric, sample_weight=None):
    """Mean of SPD matrices, and their vectors at it, in float64.

    The search for the affine-invariant mean ends with the vectors.

    Parameters
    ----------
    X : float array of shape (n_matrices, n, n)
    mean_metric, map_metric : str
        As for :func:`spd_mean` and :func:`tangent_vectors`.
    sample_weight : float64 array of shape (n_matrices,), default=None
        Greater than zero.

    Returns
    -------
    mean : float64 array of shape (n, n)
    vectors : float64 array of shape (n_matrices, n * (n + 1) / 2)
    """
    if (mean_metric, map_metric) != ("riemann", "riemann"):
        mean = spd_mean(X, mean_metric, sample_weight)
        return mean, tangent_vectors(X, mean, map_metric)
    weight = np.ones(len(X)) if sample_weight is None else sample_weight
    vectors = np.empty((len(X), X.shape[1] * (X.shape[1] + 1) // 2))
    return karcher_mean(X, weight / weight.sum(), vectors=vectors)[0], vectors

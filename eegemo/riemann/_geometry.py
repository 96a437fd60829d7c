"""Means, distances and maps of SPD matrices, as plain functions."""

import numpy as np
from pyriemann.geometry.distance import distance_functions, pairwise_distance
from pyriemann.geometry.mean import mean_functions
from pyriemann.geometry.tangentspace import (
    exp_map_functions,
    log_map_functions,
    unupper,
)
from scipy.spatial.distance import cdist, pdist, squareform
from sklearn.utils import check_array

from .._input import check_spd
from ._distance import distances_from
from ._functions import expm, roots
from ._logs import log_vectors, pairwise_squared_norms
from ._mean import NEED_EXPONENT, check_sample_weight, spd_mean


def mean_spd(X, metric="riemann", sample_weight=None):
    """Mean of SPD matrices.

    Parameters
    ----------
    X : array-like of shape (n_matrices, n, n)
        Symmetric positive definite, in float64 or float32.
    metric : str, default="riemann"
        ``"riemann"``, the affine-invariant mean [1]_, at which the mean of the
        logarithms has a Frobenius norm below 1e-8; ``"logeuclid"``; or another metric
        of :func:`pyriemann.geometry.mean.gmean`, which then computes it.
    sample_weight : array-like of shape (n_matrices,), default=None
        A matrix of weight zero is left out.

    Returns
    -------
    mean : float64 array of shape (n, n)

    Raises
    ------
    ValueError
        A matrix is not symmetric positive definite; its number is in the message.

    Warns
    -----
    sklearn.exceptions.ConvergenceWarning
        The affine-invariant mean is not reached; the nearest point found is returned.

    References
    ----------
    .. [1] M. Moakher, "A differential geometric approach to the geometric mean of
       symmetric positive-definite matrices", SIAM Journal on Matrix Analysis and
       Applications 26, 2005.

    Examples
    --------
    >>> import numpy as np
    >>> from eegemo.riemann import mean_spd
    >>> mean_spd([np.diag([1.0, 4.0]), np.diag([4.0, 1.0])]).round(6)
    array([[2., 0.],
           [0., 2.]])
    """
    _check_metric(metric, mean_functions)
    X = _check_matrices(X)
    return spd_mean(X, metric, check_sample_weight(sample_weight, X))


def distance_spd(X, reference, metric="riemann", squared=False):
    r"""Distance of each SPD matrix from a reference.

    The affine-invariant one between A and B is the Frobenius norm of
    :math:`\log(B^{-1/2} A B^{-1/2})`.

    Parameters
    ----------
    X : array-like of shape (n_matrices, n, n)
    reference : array-like of shape (n, n)
    metric : str, default="riemann"
        ``"riemann"`` or another metric of
        :func:`pyriemann.geometry.distance.distance`, which then computes it.
    squared : bool, default=False

    Returns
    -------
    distances : float64 array of shape (n_matrices,)

    Raises
    ------
    ValueError
        A matrix is not symmetric positive definite; its number is in the message.

    Examples
    --------
    >>> import numpy as np
    >>> from eegemo.riemann import distance_spd
    >>> distance_spd([np.diag([1.0, np.e])], np.eye(2))
    array([1.])
    """
    _check_metric(metric, distance_functions)
    X, reference = _check_matrices(X), _check_reference(reference)
    distances = distances_from(X, reference[None], metric)[:, 0]
    return distances**2 if squared else distances


def pairwise_distance_spd(X, Y=None, metric="riemann", squared=False):
    """Distances between all SPD matrices of X and Y, or of X.

    Parameters
    ----------
    X : array-like of shape (n_matrices, n, n)
    Y : array-like of shape (n_others, n, n), default=None
        None is X.
    metric : str, default="riemann"
        ``"riemann"``, ``"logeuclid"``, or another metric of
        :func:`pyriemann.geometry.distance.pairwise_distance`, which then computes it.
    squared : bool, default=False

    Returns
    -------
    distances : float64 array of shape (n_matrices, n_others)

    Raises
    ------
    ValueError
        A matrix is not symmetric positive definite; its number is in the message.

    Examples
    --------
    >>> import numpy as np
    >>> from eegemo.riemann import pairwise_distance_spd
    >>> pairwise_distance_spd([np.eye(2), np.diag([1.0, np.e])])
    array([[0., 1.],
           [1., 0.]])
    """
    _check_metric(metric, distance_functions)
    X = _check_matrices(X)
    Y = None if Y is None else _check_matrices(Y)
    if metric == "logeuclid":
        logs = log_vectors(X)
        kind = "sqeuclidean" if squared else "euclidean"
        if Y is None:
            return squareform(pdist(logs, kind))
        return cdist(logs, log_vectors(Y), kind)
    if metric != "riemann":
        return pairwise_distance(X, Y, metric=metric, squared=squared)
    if Y is not None:
        distances = distances_from(X, Y, metric)
        return distances**2 if squared else distances
    squares = pairwise_squared_norms(X, np.linalg.inv(np.linalg.cholesky(X)))
    return squares if squared else np.sqrt(squares)


def log_map(X, reference, metric="riemann"):
    r"""Map SPD matrices to symmetric ones, in the tangent space at a reference.

    With the affine-invariant metric, C becomes :math:`\log(G^{-1/2} C G^{-1/2})`, as in
    pyRiemann: brought to the identity first, so that Frobenius norms are distances.

    Parameters
    ----------
    X : array-like of shape (n_matrices, n, n)
    reference : array-like of shape (n, n)
    metric : str, default="riemann"
        ``"riemann"`` or another metric of
        :func:`pyriemann.geometry.tangentspace.log_map`, which then computes it.

    Returns
    -------
    logs : float64 array of shape (n_matrices, n, n)

    Raises
    ------
    ValueError
        A matrix is not symmetric positive definite; its number is in the message.

    Examples
    --------
    >>> import numpy as np
    >>> from eegemo.riemann import log_map
    >>> log_map([[[2.0, 1.0], [1.0, 2.0]]], np.eye(2)).round(3)
    array([[[0.549, 0.549],
            [0.549, 0.549]]])
    """
    _check_metric(metric, log_map_functions)
    X, reference = _check_matrices(X), _check_reference(reference)
    if metric == "riemann":
        return unupper(log_vectors(X, roots(reference)[1]))
    return log_map_functions[metric](X, reference)


def exp_map(X, reference, metric="riemann"):
    r"""Map symmetric matrices back from the tangent space, the inverse of ``log_map``.

    Parameters
    ----------
    X : array-like of shape (n_matrices, n, n)
        Symmetric.
    reference : array-like of shape (n, n)
    metric : str, default="riemann"
        ``"riemann"`` or another metric of
        :func:`pyriemann.geometry.tangentspace.exp_map`, which then computes it.

    Returns
    -------
    C : float64 array of shape (n_matrices, n, n)

    Raises
    ------
    ValueError
        The reference is not symmetric positive definite.

    Examples
    --------
    >>> import numpy as np
    >>> from eegemo.riemann import exp_map
    >>> exp_map([np.diag([0.0, 1.0])], 2 * np.eye(2)).round(6)
    array([[[2.      , 0.      ],
            [0.      , 5.436564]]])
    """
    _check_metric(metric, exp_map_functions)
    X, reference = _check_square(X), _check_reference(reference)
    X = X.astype(np.float64, copy=False)
    if metric == "riemann":
        root, _, _ = roots(reference)
        return root @ expm(X) @ root
    return exp_map_functions[metric](X, reference)


def _check_metric(metric, functions):
    known = sorted(set(functions) - NEED_EXPONENT)
    if metric not in known:
        raise ValueError(f"Unknown metric {metric!r}: expected one of {known}.")


def _check_matrices(X):
    X = _check_square(X)
    check_spd(X)
    return X.astype(np.float64, copy=False)


def _check_reference(reference):
    return _check_matrices(np.asarray(reference)[None])[0]


def _check_square(X):
    X = check_array(X, allow_nd=True, dtype=(np.float64, np.float32), order="C")
    if X.ndim != 3 or X.shape[1] != X.shape[2]:
        raise ValueError(
            f"Expected matrices of shape (n_matrices, n, n), got {X.shape}: one matrix "
            "is C[None]."
        )
    return X

"""Means, distances and maps of SPD matrices, as plain functions."""

from numbers import Integral, Real

import numpy as np
from pyriemann.geometry.distance import distance_functions, pairwise_distance
from pyriemann.geometry.tangentspace import (
    exp_map_functions,
    log_map_functions,
)
from scipy.spatial.distance import cdist, pdist, squareform
from sklearn.utils import check_array, check_scalar

from .._input import (
    check_sample_weight,
    check_spd,
    check_symmetric,
    refuse_masked,
)
from ._distance import distances_from
from ._functions import roots, unupper
from ._logs import log_vectors, pairwise_squared_norms
from ._mean import (
    MEANS,
    from_tangent,
    spd_mean_and_convergence,
)

_STOPPING = {"tol": 1e-8, "max_iter": 50}


def mean_spd(
    X,
    metric="riemann",
    sample_weight=None,
    *,
    tol=1e-8,
    max_iter=50,
    return_convergence=False,
):
    r"""Mean of SPD matrices.

    Parameters
    ----------
    X : array-like of shape (n_matrices, n, n)
        Symmetric positive definite, in float64 or float32.
    metric : str, default="riemann"
        ``"riemann"``, the affine-invariant mean [1]_; ``"logeuclid"``; or another
        metric of :func:`pyriemann.geometry.mean.gmean`, which then computes it, but
        for ``"alm"``, ``"bmp"``, ``"cheap"`` and those that need an exponent.
    sample_weight : array-like of shape (n_matrices,), default=None
        A matrix of weight zero is left out. The metric ``"thompson"`` takes no others
        than equal ones.
    tol : float, default=1e-8
        With the metric ``"riemann"`` only: the mean is reached when the mean logarithm
        :math:`\sum_i w_i \log(G^{-1/2} C_i G^{-1/2})` has at most this Frobenius
        norm, whatever the unit and number of the matrices; or what rounding leaves of
        it, which is about the condition number of the whitened matrices times 1e-16,
        but not beyond 0.01.
    max_iter : int, default=50
        With the metric ``"riemann"`` only: how many points to try.
    return_convergence : bool, default=False
        With the metric ``"riemann"`` only: return ``n_iter`` and ``norm`` too.

    Returns
    -------
    mean : float64 array of shape (n, n)
        Symmetric positive definite, in the unit of X.
    n_iter : int
        Number of points tried; if ``return_convergence``.
    norm : float
        Frobenius norm of the mean logarithm at the mean; if ``return_convergence``.
        The mean minimises the mean squared distance, whose gradient this is, but for a
        factor of -2.

    Raises
    ------
    ValueError
        A matrix is not symmetric positive definite; its number is in the message.

    Warns
    -----
    sklearn.exceptions.ConvergenceWarning
        The affine-invariant mean is not reached; of the points tried, the one with the
        least norm is returned.

    Notes
    -----
    Matrices with NaN, and masked arrays, are refused.
    :func:`pyriemann.geometry.mean.nanmean_riemann` and
    :func:`pyriemann.geometry.mean.maskedmean_riemann` take them.

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
    _check_metric(metric, MEANS)
    X = _check_matrices(X)
    sample_weight = check_sample_weight(sample_weight, X)
    stopping = {"tol": tol, "max_iter": max_iter}
    if metric != "riemann":
        if return_convergence or stopping != _STOPPING:
            raise ValueError(
                "tol, max_iter and return_convergence are of the search for the "
                f"affine-invariant mean: leave them out with metric={metric!r}."
            )
        return spd_mean_and_convergence(X, metric, sample_weight)[0]
    check_scalar(tol, "tol", Real, min_val=0)
    check_scalar(max_iter, "max_iter", Integral, min_val=1)
    found = spd_mean_and_convergence(X, metric, sample_weight, **stopping)
    return found if return_convergence else found[0]


def distance_spd(X, reference, metric="riemann", squared=False):
    r"""Distance of each SPD matrix from a reference.

    The affine-invariant one between A and B is the Frobenius norm of
    :math:`\log(B^{-1/2} A B^{-1/2})`.

    Parameters
    ----------
    X : array-like of shape (n_matrices, n, n)
        Symmetric positive definite, in float64 or float32.
    reference : array-like of shape (n, n)
        A symmetric positive definite matrix.
    metric : str, default="riemann"
        ``"riemann"`` or another metric of
        :func:`pyriemann.geometry.distance.distance`, which then computes it.
    squared : bool, default=False
        Whether to return the squares of the distances.

    Returns
    -------
    distances : float64 array of shape (n_matrices,)
        One for each matrix of X.

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
    X = _check_matrices(X)
    reference = _check_reference(reference, X)
    distances = distances_from(X, reference[None], metric)[:, 0]
    return distances**2 if squared else distances


def pairwise_distance_spd(X, Y=None, metric="riemann", squared=False):
    """Distances between all SPD matrices of X and Y, or of X.

    Parameters
    ----------
    X : array-like of shape (n_matrices, n, n)
        Symmetric positive definite, in float64 or float32.
    Y : array-like of shape (n_others, n, n), default=None
        None is X.
    metric : str, default="riemann"
        ``"riemann"``, ``"logeuclid"``, or another metric of
        :func:`pyriemann.geometry.distance.pairwise_distance`, which then computes it.
    squared : bool, default=False
        Whether to return the squares of the distances.

    Returns
    -------
    distances : float64 array of shape (n_matrices, n_others)
        Rows in the order of X, columns in that of Y, or of X.

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
    if Y is not None:
        Y = _check_matrices(Y, "Matrix {} of Y")
        _check_same_size(X, Y)
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
        Symmetric positive definite, in float64 or float32.
    reference : array-like of shape (n, n)
        A symmetric positive definite matrix.
    metric : str, default="riemann"
        ``"riemann"`` or another metric of
        :func:`pyriemann.geometry.tangentspace.log_map`, which then computes it.

    Returns
    -------
    logs : float64 array of shape (n_matrices, n, n)
        Symmetric.

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
    X = _check_matrices(X)
    reference = _check_reference(reference, X)
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
        A symmetric positive definite matrix.
    metric : str, default="riemann"
        ``"riemann"`` or another metric of
        :func:`pyriemann.geometry.tangentspace.exp_map`, which then computes it.

    Returns
    -------
    C : float64 array of shape (n_matrices, n, n)
        Symmetric positive definite with the metrics "riemann" and "logeuclid".

    Raises
    ------
    ValueError
        A matrix is not symmetric, or its exponential too large; or the reference is not
        symmetric positive definite.

    Examples
    --------
    >>> import numpy as np
    >>> from eegemo.riemann import exp_map
    >>> exp_map([np.diag([0.0, 1.0])], 2 * np.eye(2)).round(6)
    array([[[2.      , 0.      ],
            [0.      , 5.436564]]])
    """
    _check_metric(metric, exp_map_functions)
    X = _check_square(X)
    check_symmetric(X)
    reference = _check_reference(reference, X)
    X = X.astype(np.float64, copy=False)
    return from_tangent(X, reference, metric)


def _check_metric(metric, known):
    if not (isinstance(metric, str) and metric in known):
        raise ValueError(f"Unknown metric {metric!r}: expected one of {sorted(known)}.")


def _check_matrices(X, name="Matrix {}"):
    X = _check_square(X)
    check_spd(X, name)
    return X.astype(np.float64, copy=False)


def _check_reference(reference, X):
    if np.ndim(reference) != 2:
        raise ValueError(
            "The reference should be one matrix, of shape (n, n), got shape "
            f"{np.shape(reference)}."
        )
    refuse_masked(reference)
    reference = _check_matrices(np.asarray(reference)[None], "The reference")
    _check_same_size(X, reference)
    return reference[0]


def _check_same_size(X, others):
    if X.shape[1:] != others.shape[1:]:
        raise ValueError(
            "The matrices should have the same number of rows, got "
            f"{X.shape[1]} and {others.shape[1]}."
        )


def _check_square(X):
    refuse_masked(X)
    X = check_array(
        X,
        allow_nd=True,
        dtype=(np.float64, np.float32),
        order="C",
        ensure_all_finite=False,  # which the other checks look for
    )
    if X.ndim != 3 or X.shape[1] != X.shape[2] or X.shape[1] == 0:
        raise ValueError(
            f"Expected matrices of shape (n_matrices, n, n), got {X.shape}: one matrix "
            "is C[None]."
        )
    return X

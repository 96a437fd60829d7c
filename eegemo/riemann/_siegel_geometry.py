"""Distance, tangent vectors and mean of block-Toeplitz matrices in coordinates.

Coordinates are a pair (P0, Omega), see :func:`eegemo.covariance.to_siegel`. An Omega_l
is a point of the Siegel disk, the matrices of singular values below 1 with
ds^2 = tr((I - O O')^-1 dO (I - O' O)^-1 dO'). The papers have complex matrices; real
ones, symmetric or not, are a totally geodesic part of their disk, so that distances and
means are the same with the transpose in place of the conjugate transpose.
"""

import warnings

import numpy as np
from pyriemann.geometry.distance import distance_riemann
from pyriemann.geometry.tangentspace import tangent_space, untangent_space
from sklearn.exceptions import ConvergenceWarning

from ._mean import spd_mean

_TOLERANCE = 1e-8  # of the length of the mean tangent vector, as pyRiemann's for SPD
_MAX_ITER = 200


def squared_distance(coordinates, reference):
    """Squared distances d^2 = p d(P0)^2 + sum over l of (p - l) d(Omega_l)^2.

    Parameters
    ----------
    coordinates : (P0, Omega), float64 arrays
        Of shapes (n_matrices, n, n) and (n_matrices, p - 1, n, n).
    reference : (P0, Omega), float64 arrays
        Of shapes (n, n) and (p - 1, n, n).

    Returns
    -------
    squared : array of shape (n_matrices,)
    """
    (P0, Omega), (centre, centres) = coordinates, reference
    weights = _weights(Omega)
    squared = weights[0] * distance_riemann(P0, centre, squared=True)
    disk = squared_disk_distance(Omega, centres)
    return squared + disk @ weights[1:]


def tangent_vectors(coordinates, reference):
    """Vectors at the reference, whose lengths are the distances from it.

    Parameters
    ----------
    coordinates, reference : as for :func:`squared_distance`

    Returns
    -------
    vectors : array of shape (n_matrices, n * (n + 1) / 2 + (p - 1) * n**2)
        The upper triangle of the logarithm of P0, its off-diagonal part multiplied by
        the square root of 2; then every Omega_l, row by row.
    """
    (P0, Omega), (centre, centres) = coordinates, reference
    roots = np.sqrt(_weights(Omega))
    spatial = roots[0] * tangent_space(P0, centre, metric="riemann")
    disk = roots[1:, None, None] * disk_log(Omega, centres)
    return np.concatenate([spatial, disk.reshape(len(P0), -1)], axis=1)


def untangent_vectors(vectors, reference):
    """Coordinates of vectors: the inverse of :func:`tangent_vectors`."""
    centre, centres = reference
    n = len(centre)
    n_spatial = n * (n + 1) // 2
    roots = np.sqrt(_weights(centres[None]))
    P0 = untangent_space(vectors[:, :n_spatial] / roots[0], centre, metric="riemann")
    disk = vectors[:, n_spatial:].reshape(len(vectors), *centres.shape)
    return P0, disk_exp(disk / roots[1:, None, None], centres)


def mean_coordinates(coordinates, sample_weight=None, name="The mean"):
    """Mean of block-Toeplitz matrices: the mean of each coordinate in its space.

    Parameters
    ----------
    coordinates : (P0, Omega), as for :func:`squared_distance`
    sample_weight : float64 array of shape (n_matrices,), default=None
    name : str
        What a warning calls the mean.

    Returns
    -------
    mean : (P0, Omega), arrays of shapes (n, n) and (p - 1, n, n)
    """
    P0, Omega = coordinates
    if sample_weight is None:
        sample_weight = np.ones(len(P0))
    kept = sample_weight > 0
    centre = spd_mean(P0, "riemann", sample_weight, name)
    centres = np.empty(Omega.shape[1:])
    for k in range(len(centres)):
        centres[k] = disk_mean(Omega[kept, k], sample_weight[kept])
    return centre, centres


def squared_disk_distance(A, B):
    """Squared Siegel distances, sum of arctanh(s)^2 over the singular values s.

    They are those of A once B has been moved to the origin, and the square roots of the
    eigenvalues of C = (A - B)(I - B'A)^-1 (A' - B')(I - BA')^-1 in the papers.

    Parameters
    ----------
    A, B : float64 arrays of shape (..., n, n), of singular values below 1

    Returns
    -------
    squared : array of shape (...,)
    """
    moved = _to_origin(A, B)
    values = np.linalg.eigvalsh(moved @ moved.swapaxes(-1, -2))
    return (_arctanh_root(values) ** 2).sum(axis=-1)


def disk_log(A, B):
    """Tangent vectors at B that lead to A, after B has been moved to the origin.

    Parameters
    ----------
    A, B : float64 arrays of shape (..., n, n), of singular values below 1

    Returns
    -------
    vectors : array of shape (..., n, n)
        Their Frobenius norms are the distances.
    """
    return _log_and_reach(A, B)[0]


def disk_exp(vectors, B):
    """Points where these vectors lead from B: the inverse of :func:`disk_log`."""
    values, directions = np.linalg.eigh(vectors @ vectors.swapaxes(-1, -2))
    lengths = np.sqrt(np.maximum(values, np.finfo(float).tiny))
    scale = np.tanh(lengths) / lengths
    return _to_origin(_times(directions, scale, vectors), -B)


def disk_mean(A, sample_weight):
    """Karcher mean in the Siegel disk, by gradient descent.

    The disk has no positive curvature, so there is one mean, where the mean tangent
    vector is zero; its length is brought below 1e-8, or a warning is given.

    The second derivative of half the squared distance to a point lies between 1 and
    r coth(r), with r the largest root of the symmetric space along the way there, which
    is the sum of the two largest arctanh(s). With L the mean of the latter, a step of
    2 / (1 + L) gradients shrinks the error by (L - 1) / (L + 1) or more. A single
    channel has r = 0: its disk is flat, and one step arrives.

    Parameters
    ----------
    A : float64 array of shape (n_matrices, n, n)
    sample_weight : float64 array of shape (n_matrices,), positive

    Returns
    -------
    mean : array of shape (n, n)
    """
    weight = sample_weight / sample_weight.sum()
    mean = np.tensordot(weight, A, axes=1)
    for _ in range(_MAX_ITER):
        vectors, reach = _log_and_reach(A, mean)
        gradient = np.tensordot(weight, vectors, axes=1)
        length = np.linalg.norm(gradient)
        if length <= _TOLERANCE:
            return mean
        steepest = weight @ (reach / np.tanh(reach))
        mean = disk_exp(2 / (1 + steepest) * gradient, mean)
    warnings.warn(
        f"The mean tangent vector still has length {length:.2g} after {_MAX_ITER} "
        f"steps, and {_TOLERANCE:.0g} was asked for: some matrices are nearly "
        "singular. Shrink more, or use longer windows.",
        ConvergenceWarning,
        stacklevel=2,
    )
    return mean


def _log_and_reach(A, B):
    """Tangent vectors, and the sums of the two largest arctanh of singular values."""
    moved = _to_origin(A, B)
    values, directions = np.linalg.eigh(moved @ moved.swapaxes(-1, -2))
    lengths = _arctanh_root(values)
    scale = lengths / np.sqrt(np.maximum(values, np.finfo(float).tiny))
    reach = (
        lengths[..., -2:].sum(axis=-1) if lengths.shape[-1] > 1 else np.zeros(len(A))
    )
    return _times(directions, scale, moved), np.maximum(reach, np.finfo(float).tiny)


def _to_origin(A, B):
    """Move A by the isometry of the disk that takes B to zero; B = -B moves it back."""
    identity = np.eye(B.shape[-1])
    B_t = B.swapaxes(-1, -2)
    left, vectors = np.linalg.eigh(identity - B @ B_t)
    left = (vectors / np.sqrt(left)[..., None, :]) @ vectors.swapaxes(-1, -2)
    right, vectors = np.linalg.eigh(identity - B_t @ B)
    right = (vectors * np.sqrt(right)[..., None, :]) @ vectors.swapaxes(-1, -2)
    return left @ (A - B) @ np.linalg.solve(identity - B_t @ A, right)


def _times(vectors, values, X):
    """Multiply X by the symmetric matrices with these eigenvectors and eigenvalues."""
    return (vectors * values[..., None, :]) @ (vectors.swapaxes(-1, -2) @ X)


def _arctanh_root(values):
    """Compute arctanh(s) from s^2.

    Rounding may take s^2 out of [0, 1), and so arctanh stops at 18.7.
    """
    values = np.clip(values, np.finfo(float).tiny, 1 - np.finfo(float).eps)
    return np.arctanh(np.sqrt(values))


def _weights(Omega):
    """Weights p, p - 1, ..., 1 of P0 and every Omega_l in the squared distance."""
    return np.arange(Omega.shape[1] + 1, 0, -1, dtype=float)

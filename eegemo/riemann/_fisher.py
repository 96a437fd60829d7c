"""Fisher's discriminant: the directions in which classes differ most."""

import numpy as np
from scipy import linalg

_SAFE = 1e-8  # shrinkage that makes a covariance of few rows safely invertible
_NOTHING = 1e-10  # of the largest deviation or direction: what is less is rounding


def discriminant_directions(X, y, sample_weight):
    """Orthonormal basis of the directions of Fisher's linear discriminant.

    They are those of scikit-learn's LDA with ``solver="lsqr", shrinkage="auto"``, found
    without the singular values of the covariance; with fewer samples than features,
    without the covariance.

    Parameters
    ----------
    X : float64 array of shape (n_samples, n_features)
    y : array of shape (n_samples,)
    sample_weight : float64 array of shape (n_samples,)
        Greater than zero; a weight of two is a sample that occurs twice.

    Returns
    -------
    directions : float64 array of shape (n_directions, n_features)
        One less than there are classes, or fewer if their means are in line.
    """
    classes = np.unique(y)
    total = sample_weight.sum()
    centred, prior = np.empty_like(X), np.empty(len(classes))
    means = np.empty((len(classes), X.shape[1]))
    ridge, safe = np.zeros(X.shape[1]), 0.0
    for k, c in enumerate(classes):
        rows, weight = y == c, sample_weight[y == c]
        prior[k] = weight.sum() / total
        means[k] = weight @ X[rows] / weight.sum()
        Z = X[rows] - means[k]
        shrinkage, target = ledoit_wolf_standardised(Z, weight)
        centred[rows] = np.sqrt((1 - shrinkage) * weight / total)[:, None] * Z
        ridge += prior[k] * shrinkage * target
        safe += prior[k] * shrinkage
    between = (means - prior @ means).T
    weights = _solve(centred, ridge if safe > _SAFE else None, between)
    basis, sizes, _ = np.linalg.svd(weights, full_matrices=False)
    n_directions = np.sum(sizes[: len(classes) - 1] > _NOTHING * sizes[0])
    return basis[:, : max(1, n_directions)].T


def ledoit_wolf_standardised(Z, sample_weight):
    """Ledoit and Wolf's shrinkage of the covariance of standardised features.

    Parameters
    ----------
    Z : float64 array of shape (n_samples, n_features)
        Of mean zero.
    sample_weight : float64 array of shape (n_samples,)

    Returns
    -------
    shrinkage : float
    target : float64 array of shape (n_features,)
        Diagonal of what the covariance is shrunk to, in the features' own units.
    """
    n = sample_weight.sum()
    scale = np.sqrt(sample_weight @ Z**2 / n)
    scale[scale <= _NOTHING * scale.max()] = 1.0
    S = np.sqrt(sample_weight / n)[:, None] * (Z / scale)
    n_features = S.shape[1]
    small_side = S.T @ S if len(S) > n_features else S @ S.T
    squared = np.sum(small_side**2)  # of the covariance, too
    mu = np.sum(S**2) / n_features
    distance = squared - n_features * mu**2
    fourth = np.sum(np.sum(S**2, axis=1) ** 2 * n / sample_weight)
    error = min((fourth - squared) / n, distance)
    shrinkage = error / distance if error > 0 else 0.0
    return shrinkage, mu * scale**2


def _solve(Z, ridge, B):
    """Solve (Z'Z + diag(ridge)) W = B; without a ridge, by the pseudo-inverse."""
    if ridge is None:
        if not Z.any():  # classes of one sample: only the means are left
            return B
        _, sizes, V = np.linalg.svd(Z, full_matrices=False)
        kept = sizes**2 > np.finfo(float).eps * max(Z.shape) * sizes[0] ** 2
        return V[kept].T @ ((V[kept] @ B) / sizes[kept, None] ** 2)
    root = np.sqrt(ridge)[:, None]
    Z, B = Z / root.T, B / root
    if len(Z) < Z.shape[1]:  # Woodbury's identity
        inner = np.eye(len(Z)) + Z @ Z.T
        return (B - Z.T @ linalg.solve(inner, Z @ B, assume_a="pos")) / root
    return linalg.solve(np.eye(Z.shape[1]) + Z.T @ Z, B, assume_a="pos") / root

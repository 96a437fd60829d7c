"""Fisher's discriminant: the directions in which classes differ most."""

import numpy as np
from scipy import linalg

_SAFE = 1e-8  # shrinkage that makes a covariance of few rows safely invertible
_CONSTANT = 1e-10  # of the largest deviation: what varies less is rounding


def discriminant_directions(X, y, sample_weight):
    """Orthonormal basis of the directions of Fisher's linear discriminant.

    They are those of scikit-learn's LDA with ``solver="lsqr", shrinkage="auto"``, where
    solving for them takes a small part of the time.

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
    means = np.empty((len(classes), X.shape[1]))
    within, safe, prior = 0.0, 0.0, np.empty(len(classes))
    for k, c in enumerate(classes):
        rows, weight = X[y == c], sample_weight[y == c]
        prior[k] = weight.sum() / sample_weight.sum()
        means[k], covariance, shrinkage = shrunk_covariance(rows, weight)
        within = within + prior[k] * covariance
        safe += prior[k] * shrinkage
    between = (means - prior @ means).T
    if safe < _SAFE:
        weights = linalg.lstsq(within, between)[0]
    else:
        size = np.sqrt(np.diag(within))
        within /= np.outer(size, size)
        weights = linalg.solve(within, between / size[:, None], assume_a="pos")
        weights /= size[:, None]
    basis, sizes, _ = np.linalg.svd(weights, full_matrices=False)
    n_directions = np.sum(sizes[: len(classes) - 1] > _CONSTANT * sizes[0])
    return basis[:, : max(1, n_directions)].T


def shrunk_covariance(X, sample_weight):
    """Mean, covariance and its shrinkage by Ledoit and Wolf, of standardised features.

    Parameters
    ----------
    X : float64 array of shape (n_samples, n_features)
    sample_weight : float64 array of shape (n_samples,)

    Returns
    -------
    mean : float64 array of shape (n_features,)
    covariance : float64 array of shape (n_features, n_features)
    shrinkage : float
    """
    n = sample_weight.sum()
    mean = sample_weight @ X / n
    X = X - mean
    scale = np.sqrt(sample_weight @ X**2 / n)
    scale[scale <= _CONSTANT * scale.max()] = 1.0
    X /= scale
    covariance = (X.T * sample_weight) @ X / n
    diagonal = np.einsum("ii->i", covariance)  # a view
    mu = diagonal.mean()
    distance = np.sum(covariance**2) - len(scale) * mu**2
    fourth = sample_weight @ np.sum(X**2, axis=1) ** 2 / n
    error = min((fourth - np.sum(covariance**2)) / n, distance)
    shrinkage = error / distance if error > 0 else 0.0
    covariance *= 1 - shrinkage
    diagonal += shrinkage * mu
    return mean, covariance * np.outer(scale, scale), shrinkage

"""Functions of symmetric matrices by their eigenvalues, for a few matrices."""

import math
from functools import lru_cache

import numpy as np


def eigh_spd(C):
    """Eigenvalues and eigenvectors of SPD matrices, and their condition numbers.

    Eigenvalues that rounding may have made zero or less are replaced by the least that
    it may not, and the condition number is infinite.
    """
    values, vectors = np.linalg.eigh(C)
    least = np.finfo(np.float64).eps * values[..., -1:]
    lost = (values < least).any(axis=-1)
    values = np.maximum(values, least)
    condition = np.where(lost, np.inf, values[..., -1] / values[..., 0])
    return values, vectors, condition


def roots(C):
    """Square root, inverse square root and condition number of an SPD matrix.

    Or of a stack of them.
    """
    values, vectors, condition = eigh_spd(C)
    root = np.sqrt(values)[..., None, :]
    return (vectors * root) @ vectors.mT, (vectors / root) @ vectors.mT, condition


def logm(C):
    """Logarithms of SPD matrices."""
    values, vectors, _ = eigh_spd(C)
    return _with_eigenvalues(np.log(values), vectors)


def expm(C):
    """Exponentials of symmetric matrices."""
    values, vectors = np.linalg.eigh(C)
    return _with_eigenvalues(np.exp(values), vectors)


def symmetric(C):
    """Lose the asymmetry of rounding, of one matrix or of many."""
    total = C + C.mT
    total *= 0.5
    return total


def unupper(vectors):
    """Symmetric matrices of the vectors of :func:`eegemo.riemann._logs.log_vectors`."""
    n_vector = vectors.shape[-1]
    place, divisor = upper_places((math.isqrt(8 * n_vector + 1) - 1) // 2)
    return (vectors / divisor)[..., place]


@lru_cache(maxsize=8)
def upper_places(n):
    """Where the elements of a matrix of n rows stand in a vector, and by what factor.

    A search for a mean asks again and again; to make the indices takes longer than to
    use them.

    Parameters
    ----------
    n : int

    Returns
    -------
    place : int array of shape (n, n)
    factor : float64 array of shape (n * (n + 1) / 2,)
        1 on the diagonal, the square root of 2 beside it.
    """
    rows, columns = np.triu_indices(n)
    place = np.empty((n, n), np.intp)
    place[rows, columns] = place[columns, rows] = np.arange(len(rows))
    factor = np.where(rows == columns, 1, np.sqrt(2.0))
    place.flags.writeable = factor.flags.writeable = False
    return place, factor


def _with_eigenvalues(values, vectors):
    return (vectors * values[..., None, :]) @ vectors.swapaxes(-1, -2)

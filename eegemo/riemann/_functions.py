"""Functions of symmetric matrices by their eigenvalues, for a few matrices."""

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
    return (C + C.mT) / 2


def _with_eigenvalues(values, vectors):
    return (vectors * values[..., None, :]) @ vectors.swapaxes(-1, -2)

"""Block-diagonal SPD matrices, of which only the diagonal blocks are given.

Their geometry is a product: one mean for each block, vectors side by side, squared
distances added. Each block is computed as if it were alone, from a view of the batch.
"""

import numpy as np

from ._functions import unupper

_ADDED = {"kullback", "kullback_right", "kullback_sym"}  # divergences, not their roots
_WHOLE = {"thompson"}  # means and geodesics mix what comes from different blocks


def side_by_side(function, X, references):
    """Vectors of all blocks, those of a block after those of the one before.

    Parameters
    ----------
    function : callable
        From the matrices of a block and its reference to vectors.
    X : float array of shape (n_matrices, n_blocks, n, n)
    references : sequence of n_blocks

    Returns
    -------
    vectors : float64 array of shape (n_matrices, n_blocks * n * (n + 1) / 2)
    """
    n_matrices, n_blocks, n, _ = X.shape
    vectors = np.empty((n_matrices, n_blocks, n * (n + 1) // 2))
    for b, reference in enumerate(references):
        vectors[:, b] = function(X[:, b], reference)
    return vectors.reshape(n_matrices, -1)


def matrices_of(vectors, shape):
    """Symmetric matrices of this shape, (n, n) or (n_blocks, n, n), from vectors."""
    return unupper(vectors.reshape(*vectors.shape[:-1], *shape[:-2], -1))


def joined_distances(distances, metric):
    """Distances of block-diagonal matrices, given a list of those of each block."""
    if metric in _ADDED:
        return np.sum(distances, axis=0)
    if metric == "thompson":
        return np.max(distances, axis=0)
    return np.sqrt(np.sum(np.square(distances), axis=0))


def check_by_block(X, metric):
    """Raise if X has blocks, and the metric no mean that consists of their means."""
    if X.ndim == 4 and metric in _WHOLE:
        raise ValueError(
            f"With metric={metric!r}, the mean of block-diagonal matrices is not that "
            "of each block: use another metric, or X of shape (n_matrices, n_channels, "
            "n_channels)."
        )

"""Coordinates of block-Toeplitz matrices: a covariance and reflection coefficients."""

from numbers import Integral

import numpy as np
from sklearn.utils.validation import check_array, check_scalar

from .._input import check_spd


def to_siegel(C, order):
    r"""Coordinates of positive definite block-Toeplitz matrices [1]_.

    A matrix of ``order`` blocks a side, with the block :math:`\Gamma_{i-j}` at (i, j),
    is the covariance of ``order`` successive samples of a stationary process. It has as
    coordinates the covariance of a sample, :math:`P_0 = \Gamma_0`, and for l = 1, ...,
    order - 1 what correlation is left between two samples l apart once the l - 1
    samples between them are accounted for:

    .. math:: \Omega_l = V^{-1/2} \, \Delta \, W^{-1/2},

    where V and W are the covariances of the errors in predicting the later and the
    earlier sample from those between, and :math:`\Delta` is that of the one error with
    the other; the roots are symmetric. These are the normalised reflection coefficients
    of Whittle's recursion [2]_, the Levinson recursion of many channels. They are real,
    in general not symmetric, and their singular values are below 1. Every such list
    belongs to one matrix: see :func:`from_siegel`.

    Parameters
    ----------
    C : array-like of shape (n_matrices, order * n_channels, order * n_channels)
        Such as those of :class:`BlockToeplitzCovariances`.
    order : int
        Number of blocks a side.

    Returns
    -------
    P0 : float64 array of shape (n_matrices, n_channels, n_channels)
        In the unit of C.
    Omega : float64 array of shape (n_matrices, order - 1, n_channels, n_channels)
        Without unit.

    Raises
    ------
    ValueError
        A matrix is not block-Toeplitz with so many blocks, or not positive definite.

    References
    ----------
    .. [1] B. Jeuris and R. Vandebril, "The Kähler mean of block-Toeplitz matrices with
       Toeplitz structured blocks", SIAM Journal on Matrix Analysis and Applications 37,
       2016.
    .. [2] P. Whittle, "On the fitting of multivariate autoregressions, and the
       approximate canonical factorization of a spectral density matrix", Biometrika 50,
       1963.

    Examples
    --------
    >>> import numpy as np
    >>> from eegemo.covariance import BlockToeplitzCovariances, to_siegel
    >>> X = np.random.default_rng(0).standard_normal((8, 14, 512))
    >>> C = BlockToeplitzCovariances(order=3).fit_transform(X)
    >>> P0, Omega = to_siegel(C, order=3)
    >>> P0.shape, Omega.shape
    ((8, 14, 14), (8, 2, 14, 14))
    """
    C = check_array(
        C, allow_nd=True, dtype=(np.float64, np.float32), order="C", input_name="C"
    )
    check_scalar(order, "order", Integral, min_val=1)
    if C.ndim != 3 or C.shape[1] != C.shape[2]:
        raise ValueError(
            "to_siegel expects matrices of shape (n_matrices, order * n_channels, "
            f"order * n_channels), got an array of shape {C.shape}."
        )
    check_block_toeplitz(C, order)
    check_spd(C)
    return coordinates(C, order)


def from_siegel(P0, Omega):
    """Block-Toeplitz matrices of these coordinates, the inverse of :func:`to_siegel`.

    Parameters
    ----------
    P0 : array-like of shape (n_matrices, n_channels, n_channels)
        Symmetric positive definite.
    Omega : array-like of shape (n_matrices, order - 1, n_channels, n_channels)
        Singular values below 1.

    Returns
    -------
    C : float64 array of shape (n_matrices, order * n_channels, order * n_channels)
        Positive definite, with the same ``order`` blocks along each diagonal.

    Raises
    ------
    ValueError
        The shapes disagree, a matrix of ``P0`` is not positive definite, or a singular
        value of ``Omega`` is not below 1.

    Examples
    --------
    With no correlation between samples, nothing is off the diagonal of blocks:

    >>> import numpy as np
    >>> from eegemo.covariance import from_siegel
    >>> from_siegel([[[2.0]]], np.zeros((1, 2, 1, 1)))
    array([[[2., 0., 0.],
            [0., 2., 0.],
            [0., 0., 2.]]])
    """
    P0 = check_array(P0, allow_nd=True, dtype=np.float64, input_name="P0")
    Omega = check_array(Omega, allow_nd=True, dtype=np.float64, input_name="Omega")
    n_matrices, n = len(P0), P0.shape[-1]
    expected = (n_matrices, *Omega.shape[1:2], n, n)
    if P0.shape != (n_matrices, n, n) or Omega.shape != expected:
        raise ValueError(
            "from_siegel expects P0 of shape (n_matrices, n_channels, n_channels) and "
            "Omega of shape (n_matrices, order - 1, n_channels, n_channels), got "
            f"{P0.shape} and {Omega.shape}."
        )
    check_spd(P0)
    norms = np.linalg.norm(Omega, ord=2, axis=(2, 3))
    if (norms >= 1).any():
        i, k = np.argwhere(norms >= 1)[0]
        raise ValueError(
            f"Omega_{k + 1} of matrix {i} has the singular value {norms[i, k]:.6g}: "
            "they should be below 1, as partial correlations are."
        )
    return assemble(blocks_of(P0, Omega))


def coordinates(C, order):
    """Do what ``to_siegel`` does, without its checks; C is float."""
    first = C[:, :, : C.shape[1] // order].astype(np.float64, copy=False)
    blocks = first.reshape(len(C), order, -1, first.shape[2])
    P0 = blocks[:, 0]
    Omega = np.empty_like(blocks[:, 1:])
    prediction = _Prediction(P0)
    for k in range(order - 1):
        if k:
            prediction.extend(Omega[:, k - 1])
        error = blocks[:, k + 1] - prediction.of(blocks)
        Omega[:, k] = prediction.later[1] @ error @ prediction.earlier[1]
    return P0, Omega


def blocks_of(P0, Omega):
    """Autocovariances of float64 coordinates: what ``assemble`` takes."""
    blocks = np.concatenate([P0[:, None], np.empty_like(Omega)], axis=1)
    prediction = _Prediction(P0)
    for k in range(Omega.shape[1]):
        if k:
            prediction.extend(Omega[:, k - 1])
        error = prediction.later[0] @ Omega[:, k] @ prediction.earlier[0]
        blocks[:, k + 1] = error + prediction.of(blocks)
    return blocks


class _Prediction:
    """Linear prediction of a sample from its neighbours, one more at a time.

    ``forward`` and ``backward`` weigh the k samples before, or behind, nearest first;
    ``later`` and ``earlier`` are the roots, and inverse roots, of the covariances of
    the two errors.
    """

    def __init__(self, P0):
        self.forward, self.backward = [], []
        self.later = self.earlier = _roots(P0)

    def of(self, blocks):
        """Covariance of a sample with the one k + 1 before that prediction explains."""
        k = len(self.forward)
        terms = (A @ blocks[:, k - i] for i, A in enumerate(self.forward))
        return sum(terms, np.zeros_like(blocks[:, 0]))

    def extend(self, omega):
        """Predict from one more sample, whose reflection coefficient is omega."""
        (V, V_inverse), (W, W_inverse) = self.later, self.earlier
        omega_t = omega.swapaxes(-1, -2)
        a, b = V @ omega @ W_inverse, W @ omega_t @ V_inverse
        self.forward, self.backward = (
            [A - a @ B for A, B in zip(self.forward, self.backward[::-1], strict=True)]
            + [a],
            [B - b @ A for A, B in zip(self.forward[::-1], self.backward, strict=True)]
            + [b],
        )
        identity = np.eye(omega.shape[-1])
        self.later = _roots(V @ (identity - omega @ omega_t) @ V)
        self.earlier = _roots(W @ (identity - omega_t @ omega) @ W)


def _roots(S):
    """Symmetric square roots of SPD matrices, and their inverses."""
    values, vectors = np.linalg.eigh(S)
    root = np.sqrt(values)[..., None, :]
    transposed = vectors.swapaxes(-1, -2)
    return (vectors * root) @ transposed, (vectors / root) @ transposed


def assemble(blocks):
    """Block-Toeplitz matrices from their first column of blocks.

    Parameters
    ----------
    blocks : array of shape (n_matrices, order, n_channels, n_channels)

    Returns
    -------
    C : array of shape (n_matrices, order * n_channels, order * n_channels)
    """
    n_matrices, order, n, _ = blocks.shape
    C = np.empty((n_matrices, order, n, order, n), blocks.dtype)
    for i in range(order):
        for j in range(i + 1):
            C[:, i, :, j] = blocks[:, i - j]
            C[:, j, :, i] = blocks[:, i - j].swapaxes(1, 2)
    return C.reshape(n_matrices, order * n, order * n)


def find_order(C):
    """Return the largest number of blocks with which all matrices are block-Toeplitz.

    Parameters
    ----------
    C : float array of shape (n_matrices, n_rows, n_rows)
    """
    n_rows = C.shape[1]
    for order in range(n_rows, 1, -1):
        # The first matrix settles most orders at once.
        if n_rows % order == 0 and _departure(C[:1], order) is None:
            if _departure(C, order) is None:
                return order
    return 1


def check_block_toeplitz(C, order):
    """Raise ValueError unless symmetric matrices have ``order`` blocks a side.

    Parameters
    ----------
    C : float array of shape (n_matrices, n_rows, n_rows)
    order : int
    """
    n_rows = C.shape[1]
    if n_rows % order:
        raise ValueError(
            f"Matrices of {n_rows} rows cannot have {order} blocks a side: order "
            f"should divide {n_rows}."
        )
    i = _departure(C, order)
    if i is not None:
        raise ValueError(
            f"Matrix {i} is not block-Toeplitz: its blocks of {n_rows // order} rows "
            f"differ along a diagonal of the {order} x {order} blocks. Make matrices "
            f"with eegemo.covariance.BlockToeplitzCovariances(order={order}); those of "
            "AugmentedCovariances are only nearly so."
        )


def _departure(C, order):
    """Return the number of the first matrix that is not block-Toeplitz, or None."""
    n = C.shape[1] // order
    difference = np.abs(C[:, n:, n:] - C[:, :-n, :-n]).max(axis=(1, 2), initial=0.0)
    tolerance = 100 * np.finfo(C.dtype).eps * np.abs(C).max(axis=(1, 2))
    bad = np.flatnonzero(difference > tolerance)
    return int(bad[0]) if len(bad) else None

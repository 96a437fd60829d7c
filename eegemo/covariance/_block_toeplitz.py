"""Covariance of a window and its delayed copies, exactly block-Toeplitz."""

from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_scalar

from .._input import MatrixOutputMixin, WindowInputMixin, names_out
from ._augmented import check_embedding
from ._lagged import lagged_table
from ._siegel import assemble


class BlockToeplitzCovariances(
    MatrixOutputMixin,
    WindowInputMixin,
    TransformerMixin,
    BaseEstimator,
):
    r"""Covariance of each window and its delayed copies, as of a stationary process.

    The autocovariance at a delay of k lags,

    .. math:: \Gamma_k = \frac{1}{T} \sum_t x(t + k \, lag) \, x(t)^\top,

    of the centred window stands in every block (i, j) with i - j = k, and its transpose
    where j - i = k. :class:`AugmentedCovariances` has these blocks only up to the edges
    of the window; averaging its blocks along each diagonal, as the paper [1]_ does, can
    make a matrix that is not positive definite. The autocovariances, divided by the
    same n_times at each delay, cannot: they are the covariance of the window between
    two stretches of zeros. They are smaller by the share k * lag / n_times of the
    window that has no delayed partner, so keep the largest delay, (order - 1) * lag,
    well below its length.

    The matrices work with every estimator of matrices.
    :class:`eegemo.riemann.SiegelMDM` and :class:`eegemo.riemann.SiegelTangentSpace`
    know their structure, and compute with ``order`` matrices of size n_channels in
    place of a single one ``order`` times as large. Stateless: ``transform`` needs no
    ``fit``.

    Parameters
    ----------
    order : int, default=4
        Number of blocks in a row; 1 gives the spatial covariance.
    lag : int, default=1
        Delay between one block and the next, in samples.
    shrinkage : "oas" or float in [0, 1], default="oas"
        Weight of a multiple of the identity in the matrix, which stays block-Toeplitz.
        ``"oas"`` takes the weight of the oracle approximating shrinkage [2]_ from the
        matrix and the number of samples. With 0, an average reference, ICA, or windows
        of ``order * n_channels - (order - 1) * lag`` samples or fewer leave singular
        matrices.

    Attributes
    ----------
    n_features_in_ : int
        Number of channels seen in ``fit``.
    channel_names_in_ : array of str
        Channel names; only when fitted on :class:`mne.Epochs`.

    See Also
    --------
    AugmentedCovariances : Without the structure, by any estimator of covariance.
    to_siegel : The coordinates of these matrices.

    References
    ----------
    .. [1] I. Carrara and T. Papadopoulo, "Enhancing computational efficiency of motor
       imagery BCI classification with block-Toeplitz augmented covariance matrices and
       Siegel metric", arXiv:2406.16909, 2024.
    .. [2] Y. Chen, A. Wiesel, Y. C. Eldar and A. O. Hero, "Shrinkage algorithms for
       MMSE covariance estimation", IEEE Transactions on Signal Processing 58, 2010.

    Examples
    --------
    >>> import numpy as np
    >>> from eegemo.covariance import BlockToeplitzCovariances
    >>> X = np.random.default_rng(0).standard_normal((8, 14, 512))
    >>> C = BlockToeplitzCovariances(order=3, lag=4).fit_transform(X)
    >>> C.shape
    (8, 42, 42)
    >>> bool((C[:, :14, :14] == C[:, 28:, 28:]).all())
    True
    """

    def __init__(self, order=4, lag=1, shrinkage="oas"):
        self.order = order
        self.lag = lag
        self.shrinkage = shrinkage

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def fit(self, X, y=None):
        """Check the windows and record the channels.

        Parameters
        ----------
        X : array-like of shape (n_windows, n_channels, n_times), or mne.Epochs
            EEG windows, in any unit.
        y : ignored
            Not used; scikit-learn's pipelines pass it.

        Returns
        -------
        self : BlockToeplitzCovariances
            The estimator, fitted.

        Raises
        ------
        ValueError
            X has another shape, NaN or infinity, or its windows are too short for this
            order and lag.
        """
        self._check_input(X, reset=True)
        return self

    def transform(self, X):
        """Estimate the matrices.

        Parameters
        ----------
        X : array-like of shape (n_windows, n_channels, n_times), or mne.Epochs
            EEG windows, in any unit; after ``fit``, of the same channels.

        Returns
        -------
        C : array of shape (n_windows, order * n_channels, order * n_channels)
            In the squared unit of X; float32 if X is, computed in float64.
        """
        X = self._check_input(X, reset=False)
        blocks = autocovariances(X, self.order, self.lag)
        shrink(blocks, self.shrinkage, X.shape[2])
        return assemble(blocks.astype(X.dtype, copy=False))

    def get_feature_names_out(self, input_features=None):
        """Names of the rows of the matrices: ``Fz``, then ``Fz+lag``, ``Fz+2*lag``, ...

        Parameters
        ----------
        input_features : sequence of str, default=None
            Channel names.

        Returns
        -------
        names : array of str, shape (order * n_channels,)
            With the delay in samples behind the plus sign.
        """
        channels = names_out(self, input_features)
        delays = [k * self.lag for k in range(self.order)]
        names = [f"{c}+{d}" if d else c for d in delays for c in channels]
        return np.asarray(names, object)

    def _check_input(self, X, *, reset):
        X = self._check_windows(X, reset=reset, min_times=2)
        check_scalar(self.order, "order", Integral, min_val=1)
        check_scalar(self.lag, "lag", Integral, min_val=1)
        by_oas = isinstance(self.shrinkage, str) and self.shrinkage == "oas"
        if not by_oas and not (
            isinstance(self.shrinkage, Real) and 0 <= self.shrinkage <= 1
        ):
            raise ValueError(
                "shrinkage should be 'oas' or a number between 0 and 1, got "
                f"{self.shrinkage!r}."
            )
        check_embedding(self.order, self.lag, X.shape[2])
        return X


def autocovariances(X, order, lag):
    """Autocovariances of centred windows, each divided by the number of samples.

    Parameters
    ----------
    X : float array of shape (n_windows, n_channels, n_times), C order
    order, lag : int

    Returns
    -------
    blocks : array of shape (n_windows, order, n_channels, n_channels)
        Block k is the mean of ``x(t + k * lag) x(t).T``, taking x as zero outside.
    """
    delays = lag * np.arange(order)
    return lagged_table(X, delays, centre=True).swapaxes(2, 3) / X.shape[2]


def shrink(blocks, shrinkage, n_times):
    """Move block-Toeplitz matrices towards a multiple of the identity, in place.

    Parameters
    ----------
    blocks : float64 array of shape (n_windows, order, n_channels, n_channels)
        The first column of blocks of each matrix.
    shrinkage : "oas" or float
    n_times : int
        Number of samples behind each matrix.
    """
    _, order, n_channels, _ = blocks.shape
    mean = np.trace(blocks[:, 0], axis1=1, axis2=2) / n_channels
    if shrinkage == "oas":
        # Block k occurs order - k times on either side of the diagonal.
        times = 2.0 * np.arange(order, 0, -1)
        times[0] = order
        n_rows = order * n_channels
        power = (blocks**2).sum(axis=(2, 3)) @ times / n_rows**2
        excess = (n_times + 1) * (power - mean**2 / n_rows)
        weight = np.ones(len(blocks))
        np.divide(power + mean**2, excess, out=weight, where=excess > 0)
        shrinkage = np.minimum(weight, 1.0)
    shrinkage = np.broadcast_to(shrinkage, len(blocks))
    blocks *= (1 - shrinkage)[:, None, None, None]
    diagonal = np.arange(n_channels)
    blocks[:, 0, diagonal, diagonal] += (shrinkage * mean)[:, None]

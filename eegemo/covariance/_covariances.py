"""Spatial covariance of each window."""

from sklearn.base import BaseEstimator, TransformerMixin

from .._input import MatrixOutputMixin, WindowInputMixin, names_out
from ._estimate import check_estimator_params, estimate_covariances, tells_nan


class Covariances(
    MatrixOutputMixin,
    WindowInputMixin,
    TransformerMixin,
    BaseEstimator,
):
    """Covariance matrix of the channels of each window.

    Stateless: ``transform`` needs no ``fit``.

    Parameters
    ----------
    estimator : str or callable, default="scm"
        ``"scm"`` (sample covariance, divided by n_times), ``"lwf"`` (Ledoit-Wolf),
        ``"oas"`` (oracle approximating shrinkage [1]_), ``"corr"`` (correlation), or
        any other estimator of :func:`pyriemann.geometry.covariance.covariances`; or a
        callable from one window (n_channels, n_times) to its matrix. After an average
        reference or ICA, or with fewer samples than channels, ``"scm"`` is singular;
        ``"lwf"`` and ``"oas"`` stay positive definite.
    estimator_params : dict, default=None
        Further arguments of the estimator, such as ``{"assume_centered": True}``.

    Attributes
    ----------
    n_features_in_ : int
        Number of channels seen in ``fit``.
    channel_names_in_ : array of str
        Channel names; only when fitted on :class:`mne.Epochs`.

    See Also
    --------
    AugmentedCovariances : Covariance of the channels and their delayed copies.
    eegemo.riemann.TangentSpace : From these matrices to vectors.

    References
    ----------
    .. [1] Y. Chen, A. Wiesel, Y. C. Eldar and A. O. Hero, "Shrinkage algorithms for
       MMSE covariance estimation", IEEE Transactions on Signal Processing 58, 2010.

    Examples
    --------
    >>> import numpy as np
    >>> from eegemo.covariance import Covariances
    >>> X = np.random.default_rng(0).standard_normal((8, 14, 512))
    >>> Covariances(estimator="oas").fit_transform(X).shape
    (8, 14, 14)
    """

    def __init__(self, estimator="scm", estimator_params=None):
        self.estimator = estimator
        self.estimator_params = estimator_params

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
        self : Covariances
            The estimator, fitted.

        Raises
        ------
        ValueError
            X has another shape, NaN or infinity, or fewer than two samples per window.
        """
        self._check_windows(X, reset=True, min_times=2)
        check_estimator_params(self.estimator, self.estimator_params)
        return self

    def transform(self, X):
        """Estimate the matrices.

        Parameters
        ----------
        X : array-like of shape (n_windows, n_channels, n_times), or mne.Epochs
            EEG windows, in any unit; after ``fit``, of the same channels.

        Returns
        -------
        C : array of shape (n_windows, n_channels, n_channels)
            In the squared unit of X; float32 if X is, computed in float64.
        """
        check_estimator_params(self.estimator, self.estimator_params)
        tells = tells_nan(self.estimator, self.estimator_params)
        X = self._check_windows(X, reset=False, min_times=2, finite=not tells)
        C = estimate_covariances(X, self.estimator, self.estimator_params)
        self._check_were_finite(X, C)
        return C

    def get_feature_names_out(self, input_features=None):
        """Names of the rows of the matrices, which are the channels.

        Parameters
        ----------
        input_features : sequence of str, default=None
            Channel names.

        Returns
        -------
        names : array of str, shape (n_channels,)
            ``ch0``, ``ch1``, ... where the channels have no names.
        """
        return names_out(self, input_features)

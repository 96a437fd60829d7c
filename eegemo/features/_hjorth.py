"""Hjorth's descriptors."""

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from .._input import WindowInputMixin, names_out
from .._kernels.hjorth import hjorth

_NAMES = ("activity", "mobility", "complexity")
_FLOOR = 1e-30  # as of DifferentialEntropy


class HjorthFeatures(WindowInputMixin, TransformerMixin, BaseEstimator):
    """Activity, mobility and complexity of each channel [1]_.

    Activity is the variance. Mobility is the root of the ratio of the variance of the
    differences between samples to it: in radians per sample, a mean frequency.
    Complexity is the mobility of the differences over that of the signal, 1 of a sine.
    The transformer is stateless: ``transform`` needs no ``fit``.

    Parameters
    ----------
    log_activity : bool, default=True
        Take the natural logarithm of the activity, which makes it nearly Gaussian, and
        of which another unit of X only changes the mean. At least that of 1e-30.

    Attributes
    ----------
    n_features_in_ : int
        Number of channels seen in ``fit``.
    channel_names_in_ : array of str
        Channel names; only when fitted on :class:`mne.Epochs`.

    Notes
    -----
    Mobility and complexity depend on the sampling rate. Of a flat channel they are 0.

    References
    ----------
    .. [1] B. Hjorth, "EEG analysis based on time domain properties",
       Electroencephalography and Clinical Neurophysiology 29(3), 1970.

    Examples
    --------
    >>> import numpy as np
    >>> from eegemo.features import HjorthFeatures
    >>> X = np.random.default_rng(0).standard_normal((8, 14, 512))
    >>> features = HjorthFeatures().fit(X)
    >>> features.transform(X).shape
    (8, 42)
    >>> features.get_feature_names_out()[:2]
    array(['ch0_activity', 'ch0_mobility'], dtype=object)
    """

    def __init__(self, log_activity=True):
        self.log_activity = log_activity

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def fit(self, X, y=None):
        """Check windows, and record channels.

        Parameters
        ----------
        X : array-like of shape (n_windows, n_channels, n_times), or mne.Epochs
            EEG windows, in any unit.
        y : ignored
            Not used; scikit-learn's pipelines pass it.

        Returns
        -------
        self : HjorthFeatures
            The estimator, fitted.

        Raises
        ------
        ValueError
            X has another shape, fewer than 4 samples, NaN or infinity.
        """
        self._check_windows(X, reset=True, min_times=4)
        return self

    def transform(self, X):
        """Compute the features.

        Parameters
        ----------
        X : array-like of shape (n_windows, n_channels, n_times), or mne.Epochs
            EEG windows, in any unit; after ``fit``, of the same channels.

        Returns
        -------
        features : array of shape (n_windows, n_channels * 3)
            Ordered by channel, then activity, mobility, complexity; float32 if X is,
            computed in float64.
        """
        X = self._check_windows(X, reset=False, min_times=4)
        out = hjorth(X.reshape(-1, X.shape[2]))
        if self.log_activity:
            out[:, 0] = np.log(np.maximum(out[:, 0], _FLOOR))
        return out.reshape(len(X), -1).astype(X.dtype, copy=False)

    def get_feature_names_out(self, input_features=None):
        """Names of the features, such as ``Fz_mobility``.

        Parameters
        ----------
        input_features : sequence of str, default=None
            Channel names.

        Returns
        -------
        names : array of str, shape (n_channels * 3,)
            In the order of the columns.
        """
        channels = names_out(self, input_features)
        return np.asarray([f"{c}_{name}" for c in channels for name in _NAMES], object)

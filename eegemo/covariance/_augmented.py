"""Covariance of the channels and their delayed copies."""

from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_scalar

from .._input import MatrixOutputMixin, WindowInputMixin, names_out
from ._estimate import check_estimator_params, estimate_covariances


class AugmentedCovariances(
    MatrixOutputMixin,
    WindowInputMixin,
    TransformerMixin,
    BaseEstimator,
):
    """Covariance of each window stacked with delayed copies of itself [1]_.

    Row block p holds the channels ``p * lag`` samples later, for p = 0 .. order - 1,
    which is the Takens embedding of the window. The matrix is that of the Yule-Walker
    equations of an autoregressive model of that order and lag, so it sees how channels
    drive each other over time, which the spatial covariance does not.

    All ``n_times - (order - 1) * lag`` valid samples are used. Stateless: ``transform``
    needs no ``fit``.

    Parameters
    ----------
    order : int, default=4
        Number of copies; 1 gives the spatial covariance.
    lag : int, default=1
        Delay between one copy and the next, in samples.
    estimator : str or callable, default="oas"
        See :class:`Covariances`. The matrices are large and their rows depend on each
        other, so shrinkage is the default.
    estimator_params : dict, default=None
        Further arguments of the estimator.

    Attributes
    ----------
    n_features_in_ : int
        Number of channels seen in ``fit``.
    channel_names_in_ : array of str
        Channel names; only when fitted on :class:`mne.Epochs`.

    References
    ----------
    .. [1] I. Carrara and T. Papadopoulo, "Classification of BCI-EEG based on the
       augmented covariance matrix", arXiv:2302.04508, 2023.

    Examples
    --------
    >>> import numpy as np
    >>> from eegemo.covariance import AugmentedCovariances
    >>> X = np.random.default_rng(0).standard_normal((8, 14, 512))
    >>> AugmentedCovariances(order=3, lag=4).fit_transform(X).shape
    (8, 42, 42)
    """

    def __init__(self, order=4, lag=1, estimator="oas", estimator_params=None):
        self.order = order
        self.lag = lag
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
        y : ignored

        Returns
        -------
        self : AugmentedCovariances

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

        Returns
        -------
        C : array of shape (n_windows, order * n_channels, order * n_channels)
            In the squared unit of X; float32 if X is, computed in float64.
        """
        X = self._check_input(X, reset=False)
        return estimate_covariances(
            X, self.estimator, self.estimator_params, self.order, self.lag
        )

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
        delays = [p * self.lag for p in range(self.order)]
        names = [f"{c}+{d}" if d else c for d in delays for c in channels]
        return np.asarray(names, object)

    def _check_input(self, X, *, reset):
        X = self._check_windows(X, reset=reset, min_times=2)
        check_scalar(self.order, "order", Integral, min_val=1)
        check_scalar(self.lag, "lag", Integral, min_val=1)
        check_estimator_params(self.estimator, self.estimator_params)
        _check_embedding(self.order, self.lag, X.shape[2])
        return X


def _check_embedding(order, lag, n_times):
    """Raise unless at least two samples of a window remain."""
    if n_times - (order - 1) * lag >= 2:
        return
    largest_order = (n_times - 2) // lag + 1
    largest_lag = (n_times - 2) // (order - 1) or "none"
    raise ValueError(
        f"order={order} and lag={lag} need windows of at least {(order - 1) * lag + 2} "
        f"samples, got {n_times}. Largest possible order at lag {lag}: "
        f"{largest_order}. Largest possible lag at order {order}: {largest_lag}."
    )

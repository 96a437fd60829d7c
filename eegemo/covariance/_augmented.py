"""Covariance of the channels and their delayed copies."""

from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, check_scalar

from .._input import MatrixOutputMixin, WindowInputMixin, names_out
from ._estimate import check_estimator_params, estimate_covariances, tells_nan
from ._mdop import MIN_TIMES, choose_embedding


class AugmentedCovariances(
    MatrixOutputMixin,
    WindowInputMixin,
    TransformerMixin,
    BaseEstimator,
):
    """Covariance of each window stacked with delayed copies of itself [1]_.

    Row block p holds the channels ``p * lag`` samples later, for p = 0 .. order - 1,
    which is the Takens embedding of the window. With its blocks in reverse order, the
    matrix is that of the Yule-Walker equations of an autoregressive model of that order
    and lag, so it sees how channels drive each other over time, which the spatial
    covariance does not.

    All ``n_times - (order - 1) * lag`` valid samples are used. Stateless when order and
    lag are integers: ``transform`` then needs no ``fit``.

    Parameters
    ----------
    order : int or "mdop", default=4
        Number of copies; 1 gives the spatial covariance. "mdop" chooses it in ``fit``,
        see the notes.
    lag : int or "mdop", default=1
        Delay between one copy and the next, in samples.
    estimator : str or callable, default="oas"
        See :class:`Covariances`. The matrices are large and their rows depend on each
        other, so shrinkage is the default.
    estimator_params : dict, default=None
        Further arguments of the estimator.
    max_order : int, default=10
        Largest order that "mdop" may choose.
    max_delay : int, default=50
        Largest delay that "mdop" looks at, in samples, up to half a window. Its choice
        depends on this bound: take about the time in which the signal forgets itself.

    Attributes
    ----------
    order_, lag_ : int
        As given or chosen.
    n_features_in_ : int
        Number of channels seen in ``fit``.
    channel_names_in_ : array of str
        Channel names; only when fitted on :class:`mne.Epochs`.

    Notes
    -----
    "mdop", maximising derivatives on projection [2]_, embeds each training window anew.
    It starts from one channel, and adds coordinate after coordinate: of all channels
    and delays, the one that tells nearest neighbours apart most. Neighbours are further
    apart in time than the first minimum of the mutual information of a channel with
    its own past. A neighbour is false if the next coordinate would more than double
    its distance [3]_; those within half a standard deviation are judged. The embedding
    is complete when at most 5 % are false, or more than before.

    As in [1]_, the order is the number of coordinates and the lag their mean delay,
    both with the first, averaged over windows: here at most 64, evenly spaced. The
    embedding found has unequal delays, the one used has equal ones. A lag below 1
    becomes 1, and at least half the samples of a window are kept: by a lower order, or
    a smaller lag if the order is given. If only one of the two is "mdop", it is what
    it would be if both were, but for that.

    The method is meant for few-dimensional deterministic signals without noise. On
    noise, of whatever correlation, it finds an order that grows with the length of the
    windows, and a lag of about half of ``max_delay``. A search over a grid of orders
    and lags did better in the results of [1]_.

    References
    ----------
    .. [1] I. Carrara and T. Papadopoulo, "Classification of BCI-EEG based on the
       augmented covariance matrix", arXiv:2302.04508, 2023.
    .. [2] C. Nichkawde, "Optimal state-space reconstruction using derivatives on
       projected manifold", Physical Review E 87, 022905, 2013.
    .. [3] M. B. Kennel, R. Brown and H. D. I. Abarbanel, "Determining embedding
       dimension for phase-space reconstruction using a geometrical construction",
       Physical Review A 45, 3403, 1992.

    Examples
    --------
    >>> import numpy as np
    >>> from eegemo.covariance import AugmentedCovariances
    >>> X = np.random.default_rng(0).standard_normal((8, 14, 512))
    >>> AugmentedCovariances(order=3, lag=4).fit_transform(X).shape
    (8, 42, 42)

    A sine is an ellipse in two dimensions, a quarter of its period apart. The mean with
    the delay of 0 is half of that:

    >>> phase = np.linspace(0, 2 * np.pi, 8, endpoint=False)
    >>> X = np.sin(np.arange(512) / 6 + phase[:, None, None])
    >>> chosen = AugmentedCovariances("mdop", "mdop", max_delay=20).fit(X)
    >>> chosen.order_, chosen.lag_
    (2, 4)
    """

    def __init__(
        self,
        order=4,
        lag=1,
        estimator="oas",
        estimator_params=None,
        max_order=10,
        max_delay=50,
    ):
        self.order = order
        self.lag = lag
        self.estimator = estimator
        self.estimator_params = estimator_params
        self.max_order = max_order
        self.max_delay = max_delay

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = self._chooses()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def fit(self, X, y=None):
        """Check the windows, record the channels, and choose what is to be chosen.

        Parameters
        ----------
        X : array-like of shape (n_windows, n_channels, n_times), or mne.Epochs
            EEG windows, in any unit.
        y : ignored
            Not used; scikit-learn's pipelines pass it.

        Returns
        -------
        self : AugmentedCovariances
            The estimator, fitted.

        Raises
        ------
        ValueError
            X has another shape, NaN or infinity, or its windows are too short for this
            order and lag, or all flat when one is to be chosen.
        """
        X = self._check_input(X, reset=True)
        order, lag = self.order, self.lag
        if self._chooses():
            order, lag = self._choose(X)
        check_embedding(order, lag, X.shape[2])
        self.order_, self.lag_ = order, lag
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
        order, lag = self._embedding()
        X = self._check_input(X, reset=False)
        check_embedding(order, lag, X.shape[2])
        C = estimate_covariances(X, self.estimator, self.estimator_params, order, lag)
        self._check_were_finite(X, C)
        return C

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
        order, lag = self._embedding()
        delays = [p * lag for p in range(order)]
        names = [f"{c}+{d}" if d else c for d in delays for c in channels]
        return np.asarray(names, object)

    def _chooses(self):
        return "mdop" in (self.order, self.lag)

    def _choose(self, X):
        """Order and lag, each as given or chosen, that keep half of every window."""
        order, lag, _ = choose_embedding(X, self.max_order, self.max_delay)
        spare = X.shape[2] // 2
        if self.lag != "mdop":
            lag = self.lag
        if self.order == "mdop":
            order = min(order, 1 + spare // lag)
        else:
            order = self.order
            lag = max(1, min(lag, spare // max(1, order - 1)))
        return order, lag

    def _embedding(self):
        """Order and lag to use now."""
        if self._chooses():
            check_is_fitted(self, "order_")
            return self.order_, self.lag_
        return self.order, self.lag

    def _check_input(self, X, *, reset):
        check_estimator_params(self.estimator, self.estimator_params)
        min_times = MIN_TIMES if reset and self._chooses() else 2
        tells = not reset and tells_nan(self.estimator, self.estimator_params)
        X = self._check_windows(X, reset=reset, min_times=min_times, finite=not tells)
        for name in ("order", "lag"):
            value = getattr(self, name)
            if isinstance(value, str) and value != "mdop":
                raise ValueError(
                    f"{name} should be an integer or 'mdop', got {value!r}."
                )
            if value != "mdop":
                check_scalar(value, name, Integral, min_val=1)
        for name in ("max_order", "max_delay"):
            check_scalar(getattr(self, name), name, Integral, min_val=1)
        return X


def check_embedding(order, lag, n_times):
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

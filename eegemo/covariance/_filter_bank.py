"""Spatial covariance of each window within frequency bands."""

from numbers import Integral

import numpy as np
from scipy import signal
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, check_scalar

from .._input import MatrixOutputMixin, WindowInputMixin, names_out
from .._sfreq import check_bands, resolve_sfreq
from ..bands import resolve_bands
from ..features._filtered import pad_length
from ._estimate import check_estimator_params, check_not_flat, estimate_covariances

_IN_CACHE = 2**17  # numbers to filter at a time: 1 MiB, and a few times that in all


class FilterBankCovariances(
    MatrixOutputMixin,
    WindowInputMixin,
    TransformerMixin,
    BaseEstimator,
):
    """Covariance matrices of the channels of each window, one per frequency band [1]_.

    Each window is filtered alone, by a Butterworth band-pass for each band, after the
    mean of each channel is subtracted. The Riemannian estimators take the matrices as
    blocks, for the diagonal of one block-diagonal matrix: distances and vectors cover
    all bands. With a ``sfreq``, the transformer is stateless: ``transform`` needs no
    ``fit``.

    Parameters
    ----------
    sfreq : float, default=None
        Sampling rate in Hz. It may be left out when X is :class:`mne.Epochs`; given
        both, they must agree.
    bands : str, dict or list of (low, high), default="eegemo"
        A key of ``eegemo.bands.BANDS``, a dict of name to (low, high), or edges in Hz.
    estimator : str or callable, default="oas"
        As of :class:`Covariances`.
    estimator_params : dict, default=None
        Further arguments of the estimator, such as ``{"assume_centered": True}``.
    order : int, default=4
        Of the filter's prototype: the band-pass has twice as many poles.
    causal : bool, default=False
        Filter each window once, from rest. By default forward and backward, as
        :func:`scipy.signal.sosfiltfilt`, with odd extension by 3 (2 order + 1) samples.

    Attributes
    ----------
    n_features_in_ : int
        Number of channels seen in ``fit``.
    sfreq_ : float
        Sampling rate in use.
    channel_names_in_ : array of str
        Channel names; only when fitted on :class:`mne.Epochs`.

    See Also
    --------
    Covariances : Of the windows as they are.
    eegemo.riemann.TangentSpace : From these matrices to vectors.

    Notes
    -----
    A band of B Hz has some 2 B independent samples per second, however many are
    recorded: eight in a second of theta. With no more of them than channels, ``"scm"``
    is singular, or as good as. ``"oas"`` and ``"lwf"`` stay positive definite, since
    they always shrink a little; but they take all samples for independent, and shrink
    less than would be best. Of 32 correlated channels in theta, ``"oas"`` shrinks by
    0.05 where 0.9 would be best in windows of 1 s, and by 0.04 for 0.7 in windows of
    4 s. Prefer long windows and wide bands, or give a callable that shrinks more.

    References
    ----------
    .. [1] K. K. Ang, Z. Y. Chin, H. Zhang and C. Guan, "Filter bank common spatial
       pattern (FBCSP) in brain-computer interface", IJCNN, 2008; there with spatial
       filters in place of covariances.

    Examples
    --------
    >>> import numpy as np
    >>> from eegemo.covariance import FilterBankCovariances
    >>> from eegemo.riemann import TangentSpace
    >>> X = np.random.default_rng(0).standard_normal((8, 14, 512))
    >>> C = FilterBankCovariances(sfreq=128).fit_transform(X)
    >>> C.shape
    (8, 5, 14, 14)
    >>> TangentSpace().fit_transform(C).shape
    (8, 525)
    """

    def __init__(
        self,
        sfreq=None,
        bands="eegemo",
        estimator="oas",
        estimator_params=None,
        order=4,
        causal=False,
    ):
        self.sfreq = sfreq
        self.bands = bands
        self.estimator = estimator
        self.estimator_params = estimator_params
        self.order = order
        self.causal = causal

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = self.sfreq is None
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def fit(self, X, y=None):
        """Check windows and bands, and record channels and sampling rate.

        Parameters
        ----------
        X : array-like of shape (n_windows, n_channels, n_times), or mne.Epochs
            EEG windows, in any unit, sampled at ``sfreq``.
        y : ignored
            Not used; scikit-learn's pipelines pass it.

        Returns
        -------
        self : FilterBankCovariances
            The estimator, fitted.

        Raises
        ------
        ValueError
            X has another shape, NaN or infinity; a band reaches the Nyquist frequency
            or is finer than the windows resolve; the windows are too short to filter;
            no sampling rate is known, or two disagree; a parameter is not valid.
        """
        _, self.sfreq_ = self._check(X, self.sfreq, reset=True)
        return self

    def transform(self, X):
        """Estimate the matrices.

        Parameters
        ----------
        X : array-like of shape (n_windows, n_channels, n_times), or mne.Epochs
            EEG windows, in any unit, sampled at ``sfreq``; after ``fit``, of the same
            channels.

        Returns
        -------
        C : array of shape (n_windows, n_bands, n_channels, n_channels)
            In the squared unit of X; float32 if X is, computed in float64.
        """
        if self.sfreq is None:
            check_is_fitted(self)
        known = self.sfreq_ if self.sfreq is None else self.sfreq
        X, sfreq = self._check(X, known, reset=False)
        _, edges = resolve_bands(self.bands)
        filters = [
            signal.butter(self.order, band, "bandpass", output="sos", fs=sfreq)
            for band in edges
        ]
        run = signal.sosfilt if self.causal else signal.sosfiltfilt
        if self.estimator == "corr":
            check_not_flat(X, 1, 1)
        return _filtered_covariances(
            X, filters, run, self.estimator, self.estimator_params
        )

    def get_feature_names_out(self, input_features=None):
        """Names of the rows of the matrices, which are the channels in each band.

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

    def _check(self, X, known, *, reset):
        """Return valid windows and their sampling rate."""
        sfreq = resolve_sfreq(X, known)
        check_estimator_params(self.estimator, self.estimator_params)
        check_scalar(self.order, "order", Integral, min_val=1)
        min_times = 2 if self.causal else pad_length(self.order) + 1
        X = self._check_windows(X, reset=reset, min_times=min_times)
        check_bands(self.bands, sfreq, X.shape[2])
        return X, sfreq


def _filtered_covariances(X, filters, run, estimator, estimator_params):
    """Filter and estimate a few windows at a time, by one band after the other."""
    n_windows, n_channels, n_times = X.shape
    C = np.empty((n_windows, len(filters), n_channels, n_channels), X.dtype)
    step = max(1, _IN_CACHE // (n_channels * n_times))
    for start in range(0, n_windows, step):
        part = X[start : start + step].astype(np.float64)
        part -= part.mean(axis=2, keepdims=True)
        for band, sos in enumerate(filters):
            filtered = np.ascontiguousarray(run(sos, part))
            C[start : start + step, band] = estimate_covariances(
                filtered, estimator, estimator_params
            )
    return C

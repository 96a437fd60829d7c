"""Differential entropy in frequency bands."""

from numbers import Real

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, check_scalar

from .._input import WindowInputMixin, names_out, recording_of, same_rate
from ..bands import resolve_bands
from ._band_variance import band_variance, check_bands, min_times

_METHODS = ("iir", "fft")


class DifferentialEntropy(WindowInputMixin, TransformerMixin, BaseEstimator):
    r"""Differential entropy of each channel in each frequency band [1]_ [2]_.

    For a Gaussian signal of variance :math:`\sigma^2` in the band,

    .. math:: h = \tfrac{1}{2} \log (2 \pi e \sigma^2).

    Each window is handled alone and its mean is removed first. With a ``sfreq``, the
    transformer is stateless: ``transform`` needs no ``fit``.

    Parameters
    ----------
    sfreq : float, default=None
        Sampling rate in Hz. It may be left out when X is :class:`mne.Epochs`; given
        both, they must agree.
    bands : str, dict or list of (low, high), default="seed"
        A key of ``eegemo.bands.BANDS``, a dict of name to (low, high), or edges in Hz.
    method : {"iir", "fft"}, default="iir"
        How :math:`\sigma^2` is found. ``"iir"``: the variance after a zero-phase
        Butterworth band-pass of order 4, applied forward and backward with SciPy's
        default odd extension at the window's edges. ``"fft"``: the Hann-windowed
        periodogram summed over low <= f < high. They are not the same number: the soft
        edges of the filter lower white noise by about 0.05 nats, and in short windows
        low bands differ by more. Never mix them.
    log_base : "e" or float, default="e"
        Base of the logarithm. Some toolboxes use 2.
    floor : float, default=1e-30
        Least variance, in the squared unit of X, so that a flat channel gives a finite
        number. The default lies far below any EEG, in volts as in microvolts.

    Attributes
    ----------
    n_features_in_ : int
        Number of channels seen in ``fit``.
    sfreq_ : float
        Sampling rate in use.
    channel_names_in_ : array of str
        Channel names; only when fitted on :class:`mne.Epochs`.

    Notes
    -----
    Another unit of X only adds a constant to all features: from volts to microvolts,
    :math:`\log 10^6`.

    References
    ----------
    .. [1] L.-C. Shi, Y.-Y. Jiao and B.-L. Lu, "Differential entropy feature for
       EEG-based vigilance estimation", IEEE EMBC, 2013.
    .. [2] R.-N. Duan, J.-Y. Zhu and B.-L. Lu, "Differential entropy feature for
       EEG-based emotion classification", IEEE/EMBS NER, 2013.

    Examples
    --------
    >>> import numpy as np
    >>> from eegemo.features import DifferentialEntropy
    >>> X = np.random.default_rng(0).standard_normal((8, 14, 512))
    >>> de = DifferentialEntropy(sfreq=128)
    >>> de.fit_transform(X).shape
    (8, 70)
    >>> de.get_feature_names_out()[:2]
    array(['ch0_delta', 'ch0_theta'], dtype=object)
    """

    def __init__(
        self, sfreq=None, bands="seed", method="iir", log_base="e", floor=1e-30
    ):
        self.sfreq = sfreq
        self.bands = bands
        self.method = method
        self.log_base = log_base
        self.floor = floor

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
        y : ignored

        Returns
        -------
        self : DifferentialEntropy

        Raises
        ------
        ValueError
            X has another shape, NaN or infinity; a band reaches the Nyquist frequency
            or is finer than the windows resolve; the windows are too short to filter;
            no sampling rate is known, or two disagree.
        """
        sfreq = self._resolve_sfreq(X, self.sfreq)
        self._check_input(X, sfreq, reset=True)
        self.sfreq_ = sfreq
        return self

    def transform(self, X):
        """Compute the features.

        Parameters
        ----------
        X : array-like of shape (n_windows, n_channels, n_times), or mne.Epochs

        Returns
        -------
        features : array of shape (n_windows, n_channels * n_bands)
            Ordered by channel, then band; float32 if X is, computed in float64.
        """
        if self.sfreq is None:
            check_is_fitted(self)
        known = self.sfreq_ if self.sfreq is None else self.sfreq
        sfreq = self._resolve_sfreq(X, known)
        X, edges = self._check_input(X, sfreq, reset=False)
        variance = band_variance(X, sfreq, edges, self.method)
        np.maximum(variance, self.floor, out=variance)
        entropy = 0.5 * np.log(2 * np.pi * np.e * variance)
        if self.log_base != "e":
            entropy /= np.log(self.log_base)
        return entropy.reshape(len(X), -1).astype(X.dtype, copy=False)

    def get_feature_names_out(self, input_features=None):
        """Names of the features, such as ``Fz_alpha``.

        Parameters
        ----------
        input_features : sequence of str, default=None
            Channel names.

        Returns
        -------
        names : array of str, shape (n_channels * n_bands,)
        """
        channels = names_out(self, input_features)
        bands, _ = resolve_bands(self.bands)
        return np.asarray([f"{c}_{b}" for c in channels for b in bands], object)

    def _resolve_sfreq(self, X, known):
        """Return the sampling rate of X: the known one, or that of Epochs."""
        if known is not None:
            _check_positive(known, "sfreq")
        recording = recording_of(X)
        if recording is None:
            if known is None:
                raise ValueError(
                    "The sampling rate is unknown: give sfreq in Hz, or mne.Epochs."
                )
            return float(known)
        if known is not None and not same_rate(known, recording[1]):
            raise ValueError(
                f"The Epochs have {recording[1]:.10g} Hz, which contradicts the "
                f"{known:.10g} Hz given as sfreq or seen in fit. Resample them, or "
                "leave sfreq out and fit again to use theirs."
            )
        return recording[1]

    def _check_input(self, X, sfreq, *, reset):
        if self.method not in _METHODS:
            raise ValueError(f"method should be one of {_METHODS}: {self.method!r}.")
        if self.log_base != "e":
            _check_positive(self.log_base, "log_base")
            if self.log_base == 1:
                raise ValueError("log_base should be positive, not 1.")
        _check_positive(self.floor, "floor")
        X = self._check_windows(X, reset=reset, min_times=min_times(self.method))
        names, edges = resolve_bands(self.bands)
        check_bands(names, edges, sfreq, X.shape[2])
        return X, edges


def _check_positive(value, name):
    check_scalar(value, name, Real, min_val=0, include_boundaries="neither")
    if not np.isfinite(value):
        raise ValueError(f"{name} should be finite, got {value}.")

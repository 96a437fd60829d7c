"""What the transformers from windows to numbers per frequency band share."""

from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, check_scalar

from .._input import WindowInputMixin, names_out
from .._sfreq import check_bands, check_positive, resolve_sfreq
from ..bands import resolve_bands
from ._filtered import filtered_variance, pad_length
from ._spectral import spectral_mean, spectral_variance

_SCALINGS = ("center", "zscore", None)


class BandFeatures(WindowInputMixin, TransformerMixin, BaseEstimator):
    """Base: one number per channel and band, from the variance within the band.

    A subclass has the parameters sfreq, bands, method, order, causal and floor, those
    below or constants in their place, ``_methods``, ``_check_parameters`` and
    ``_feature(variance)``.
    """

    ddof = 0
    scaling = "center"
    n_fft = None

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
        self : estimator instance
            The estimator, fitted.

        Raises
        ------
        ValueError
            X has another shape, NaN or infinity; a band reaches the Nyquist frequency
            or is finer than the windows resolve; the windows are too short to filter;
            no sampling rate is known, or two disagree; a parameter is not valid.
        """
        sfreq = resolve_sfreq(X, self.sfreq)
        self._check_parameters()
        X = self._check_windows(X, reset=True, min_times=self._min_times())
        self._check_bands(sfreq, X.shape[2])
        self.sfreq_ = sfreq
        return self

    def transform(self, X):
        """Compute the features of windows, each handled alone.

        Parameters
        ----------
        X : array-like of shape (n_windows, n_channels, n_times), or mne.Epochs
            EEG windows, in any unit, sampled at ``sfreq``; after ``fit``, of the same
            channels.

        Returns
        -------
        features : array of shape (n_windows, n_channels * n_bands)
            Ordered by channel, then band; float32 if X is, computed in float64.
        """
        X, sfreq = self._check_again(X)
        n_times = X.shape[2]
        return self._features(X, sfreq, n_times, n_times)[:, 0]

    def transform_trials(self, X, window, step=None):
        """Compute the features of consecutive segments of whole trials.

        By filters, each trial is filtered once, continuously, and the variance taken
        segment by segment: no segment but the first and the last suffers from the ends
        of a filtered signal, which in a window of one second disturb the low bands. By
        Fourier transform, segments are cut and handled alone, as in ``transform``.

        A zero-phase filter lets a feature depend on samples after its segment.

        Parameters
        ----------
        X : array-like of shape (n_trials, n_channels, n_times), or mne.Epochs
            Trials of equal length.
        window : float
            Length of a segment in seconds.
        step : float, default=None
            Seconds from the start of a segment to that of the next; by default
            ``window``. What is left at the end of a trial is not used.

        Returns
        -------
        features : array of shape (n_trials, n_segments, n_channels * n_bands)
            Ordered by channel, then band; float32 if X is, computed in float64.

        Raises
        ------
        ValueError
            As in ``fit``, or the trials are shorter than a segment.
        """
        step = window if step is None else step
        check_positive(window, "window")
        check_positive(step, "step")
        X, sfreq = self._check_again(X, window)
        n_window, n_step = round(window * sfreq), round(step * sfreq)
        if n_window > X.shape[2]:
            raise ValueError(
                f"The trials last {X.shape[2] / sfreq:g} s, less than window={window:g}"
                " s: choose a shorter window."
            )
        if n_step < 1:
            raise ValueError(
                f"step={step:g} s is less than half a sample at {sfreq:g} Hz: choose a "
                "longer step."
            )
        return self._features(X, sfreq, n_window, n_step)

    def get_feature_names_out(self, input_features=None):
        """Names of the features, such as ``Fz_alpha``.

        Parameters
        ----------
        input_features : sequence of str, default=None
            Channel names.

        Returns
        -------
        names : array of str, shape (n_channels * n_bands,)
            In the order of the columns.
        """
        channels = names_out(self, input_features)
        bands, _ = resolve_bands(self.bands)
        return np.asarray([f"{c}_{b}" for c in channels for b in bands], object)

    def _features(self, X, sfreq, window, step):
        """Features of shape (n_windows, n_segments, n_channels * n_bands)."""
        _, edges = resolve_bands(self.bands)
        if self.method == "iir":
            variance = self._filtered(X, sfreq, edges, window, step)
        else:
            variance = self._spectral(X, sfreq, edges, window, step)
        np.maximum(variance, self.floor, out=variance)
        features = self._feature(variance)
        return features.reshape(*features.shape[:2], -1).astype(X.dtype, copy=False)

    def _filtered(self, X, sfreq, edges, window, step):
        """Variance of shape (n_windows, n_segments, n_channels, n_bands)."""
        offset, scale = self._offset_and_scale(X)
        variance = filtered_variance(
            X.reshape(-1, X.shape[2]),
            None if offset is None else offset.ravel(),
            sfreq,
            edges,
            order=self.order,
            causal=self.causal,
            ddof=self.ddof,
            window=window,
            step=step,
        )
        variance = variance.reshape(*X.shape[:2], *variance.shape[1:])
        variance /= scale[:, None, None, None] ** 2
        return np.ascontiguousarray(variance.swapaxes(1, 2))

    def _spectral(self, X, sfreq, edges, window, step):
        """Variance, or mean power, of the same shape."""
        power = spectral_mean if self.method == "fft-mean" else spectral_variance
        n_fft = self.n_fft or window
        if window == X.shape[2]:
            offset, scale = self._offset_and_scale(X)
            offset = None if offset is None else offset.ravel()
            rows = X.reshape(-1, window)
            variance = power(rows, offset, sfreq, edges, n_fft)
            variance = variance.reshape(len(X), 1, X.shape[1], -1)
            variance /= scale[:, None, None, None] ** 2
            return variance
        cut = np.lib.stride_tricks.sliding_window_view(X, window, axis=2)[:, :, ::step]
        out = np.empty((len(X), cut.shape[2], X.shape[1], len(edges)))
        for trial, segments in zip(out, cut, strict=True):
            segments = np.ascontiguousarray(segments.swapaxes(0, 1))
            trial[:] = self._spectral(segments, sfreq, edges, window, step)[:, 0]
        return out

    def _offset_and_scale(self, X):
        """Return what to subtract, None for the channel's mean, and to divide by."""
        if self.scaling == "center":
            return None, np.ones(len(X))
        if self.scaling is None:
            return np.zeros(X.shape[:2]), np.ones(len(X))
        mean = np.array([window.mean(dtype=np.float64) for window in X])
        scale = np.array([window.std(dtype=np.float64) for window in X])
        scale[scale == 0] = 1.0  # a flat window, which ends at the floor
        return np.repeat(mean[:, None], X.shape[1], axis=1), scale

    def _check_again(self, X, window=None):
        """Return X and its sampling rate, checked as in fit."""
        if self.sfreq is None:
            check_is_fitted(self)
        sfreq = resolve_sfreq(X, self.sfreq_ if self.sfreq is None else self.sfreq)
        self._check_parameters()
        X = self._check_windows(X, reset=False, min_times=self._min_times())
        n_times = X.shape[2] if window is None else round(window * sfreq)
        self._check_bands(sfreq, n_times)
        return X, sfreq

    def _check_parameters(self):
        if self.method not in self._methods:
            raise ValueError(
                f"method should be one of {self._methods}: {self.method!r}."
            )
        if self.scaling not in _SCALINGS:
            raise ValueError(f"scaling should be one of {_SCALINGS}: {self.scaling!r}.")
        check_scalar(self.order, "order", Integral, min_val=1)
        check_scalar(self.ddof, "ddof", Integral, min_val=0)
        if self.n_fft is not None:
            check_scalar(self.n_fft, "n_fft", Integral, min_val=1)
        check_positive(self.floor, "floor")

    def _min_times(self):
        """Fewest samples that the method can handle."""
        if self.method != "iir":
            return 3 if self.method == "fft-mean" else 2
        return 2 if self.causal else pad_length(self.order) + 1

    def _check_bands(self, sfreq, n_times):
        """Raise unless bands lie below Nyquist and n_times samples resolve them."""
        if n_times <= self.ddof:
            raise ValueError(
                f"Segments of {n_times} samples have no variance with ddof={self.ddof}:"
                " use longer ones."
            )
        n_fft = None if self.method == "iir" else self.n_fft
        if n_fft is not None and n_fft < n_times:
            raise ValueError(
                f"n_fft={n_fft} would cut windows of {n_times} samples short: use "
                "shorter windows, or a larger n_fft."
            )
        check_bands(self.bands, sfreq, n_times, n_fft)

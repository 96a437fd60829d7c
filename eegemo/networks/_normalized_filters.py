"""Temporal filters, batch normalisation and spatial filters as one linear filter."""

import numpy as np
from scipy.fft import irfft

from ._dense import glorot, shrink_rows
from ._normalization import BatchNorm
from ._spectral import SpectralLayer

_AT_A_TIME = 128  # windows of which to compute moments


class NormalizedTemporalThenSpatial(SpectralLayer):
    """Temporal filters of all channels, batch normalisation, then spatial filters.

    The mean and the variance of what a filter h makes of the windows are m'h and h'Rh,
    where m and R are the mean and covariance of the samples under the filter. They are
    computed once for each window. So the normalisation needs no filtered channels: the
    spatial filters come first, and few rows are left to filter.

    Parameters
    ----------
    n_temporal, n_taps : int
    n_each : int
        Spatial filters for each temporal one.
    max_norm : float
        Greatest Euclidean norm of a spatial filter.
    """

    def __init__(self, n_temporal, n_taps, n_each, max_norm):
        super().__init__(n_taps, "same")
        self.n_temporal, self.n_each, self.max_norm = n_temporal, n_each, max_norm
        self.norm = BatchNorm()

    def build_filters(self, n_channels, rng):
        """Draw (n_taps, n_temporal) and (n_channels, n_maps) filters."""
        n, k = self.n_temporal, self.n_taps
        n_maps = n * self.n_each
        self.norm.build((n, self.n_out), rng)
        self.weights = {
            "temporal": glorot(rng, (k, n), k, n * k),
            "spatial": glorot(rng, (n_channels, n_maps), n_channels, n_maps),
        }
        return n_maps

    def parts(self):
        """Name the normalisation, whose weights are its own."""
        return {"norm": self.norm}

    def composite(self):
        """Multiply the factors: filters (n_taps, n_channels, n_maps)."""
        scale, variance = self.norm.weights["scale"], self.norm.statistics["variance"]
        temporal = self.weights["temporal"] * scale / np.sqrt(variance + self.norm.eps)
        return np.einsum("km,cm->kcm", self._each(temporal), self.weights["spatial"])

    def prepare(self, X):
        """Transform all windows; and their means and covariances under a filter."""
        spectra = super().prepare(X)
        means = np.empty((len(X), self.n_taps))
        covariances = np.empty((len(X), self.n_taps, self.n_taps), X.dtype)
        for start in range(0, len(X), _AT_A_TIME):
            part = slice(start, start + _AT_A_TIME)
            means[part], covariances[part] = self.moments(X[part], spectra[:, part])
        return spectra, means, covariances

    def moments(self, X, spectra):
        """Mean, and covariance, of the samples under each tap, over time and channels.

        Along its diagonals, the products of samples k and l later differ from those of
        the samples themselves by one sample at either end.

        Returns
        -------
        means : float64 array of shape (n_windows, n_taps)
        covariances : float64 array of shape (n_windows, n_taps, n_taps)
        """
        K, n = self.n_taps, X.shape[1] * self.n_out
        padded = self.pad(X)
        head = padded[:, :, : K - 1].astype(np.float64)
        tail = padded[:, :, self.n_out : self.n_out + K - 1].astype(np.float64)
        means = np.empty((len(X), K))
        means[:, 0] = X.sum(axis=(1, 2), dtype=np.float64) - tail.sum(axis=(1, 2))
        means[:, 1:] = np.cumsum((tail - head).sum(axis=1), axis=1) + means[:, :1]
        means /= n

        power = np.square(np.abs(spectra), dtype=np.float64).sum(axis=2)
        before = head.swapaxes(1, 2) @ head
        after = tail.swapaxes(1, 2) @ tail
        R = np.empty((len(X), K, K))
        R[:, 0] = irfft(power, n=self.n_fft, axis=0)[:K].T
        for lag in range(K - 1):
            R[:, 0, lag] -= np.trace(after, lag, 1, 2)
        after -= before
        for k in range(K - 1):
            R[:, k + 1, k + 1 :] = R[:, k, k:-1] + after[:, k, k:]
            R[:, k + 1 :, k] = R[:, k, k + 1 :]
        R /= n
        R -= means[:, :, None] * means[:, None, :]
        return means, R

    def gather(self, prepared, samples, run):
        """Take windows, and the moments of all of them together."""
        spectra, means, covariances = prepared
        x = super().gather(spectra, samples, run)
        if not run.training:
            return x, None, None
        mean = means[samples].mean(axis=0)
        apart = means[samples] - mean
        covariance = covariances[samples].mean(axis=0, dtype=np.float64)
        covariance += apart.T @ apart / len(samples)
        return x, mean, covariance

    def forward(self, x, run):
        """Filter over channels, then over time, with what the normalisation scales."""
        x, mean, covariance = x
        h, S = self.weights["temporal"], self.weights["spatial"]
        if run.training:
            # in float64, of which the few numbers take no time
            mu = mean @ h
            variance = np.maximum(np.einsum("kf,kl,lf->f", h, covariance, h), 0)
            n = x.shape[1] * x.shape[2] * self.n_out
            self.norm.follow(mu, variance, n)
        else:
            mu, variance = (
                self.norm.statistics["mean"],
                self.norm.statistics["variance"],
            )
        inverse = 1 / np.sqrt(variance + self.norm.eps)
        a = self.norm.weights["scale"] * inverse
        shift = self.norm.weights["shift"] - a * mu
        components = x @ S.astype(x.dtype)
        response = self.responses(self._each(h), x.dtype)
        run.keep(self, x, mean, covariance, mu, inverse, a, shift, components, response)
        scaled = response * self._each(a).astype(h.dtype)
        out = self.to_time(components * scaled[:, None], run)
        out += (self._each(shift) * S.sum(axis=0)).astype(h.dtype)[:, None]
        return out

    def backward(self, gradient, run, needs_input=False):
        """Differentiate the filters, the normalisation, and the batch's moments."""
        x, mean, covariance, mu, inverse, a, shift, components, response = run.kept(
            self
        )
        h, S = self.weights["temporal"], self.weights["spatial"]
        by_constant = gradient.sum(axis=(0, 2), dtype=np.float64)
        by_shift = self._together(by_constant * S.sum(axis=0))
        bins = self.to_frequency(gradient, run)
        products = np.einsum("fbm,fbm->fm", components, bins.conj())
        by_taps = self._together(self.taps(products).astype(np.float64))
        by_a = np.einsum("kf,kf->f", h, by_taps) - mu * by_shift
        by_mu = -a * by_shift
        by_variance = -by_a * self.norm.weights["scale"] * inverse**3 / 2
        self.norm.gradients["scale"][...] = by_a * inverse
        self.norm.gradients["shift"][...] = by_shift
        self.gradients["temporal"][...] = (
            a * by_taps + by_mu * mean[:, None] + 2 * by_variance * (covariance @ h)
        )
        back = response.conj() * self._each(a).astype(h.dtype)
        self.gradients["spatial"][...] = self.by_spatial(x, bins * back[:, None])
        self.gradients["spatial"] += (by_constant * self._each(shift)).astype(h.dtype)

    def constrain(self):
        """Keep the norm of each spatial filter."""
        shrink_rows(self.weights["spatial"].T, self.max_norm)

    def _each(self, array):
        """Repeat the last axis, from temporal filters to maps."""
        return np.repeat(array, self.n_each, axis=-1)

    def _together(self, array):
        """Sum the maps of each temporal filter."""
        return array.reshape(*array.shape[:-1], -1, self.n_each).sum(axis=-1)

"""First layers: filters over time and channels, applied in the frequency domain.

Without a nonlinearity between them, filters over time and over channels make one linear
filter, which is a product for each frequency. The windows are transformed once for all
epochs, and so a convolution of 25 samples takes a tenth of the arithmetic.
"""

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft

from ._dense import glorot
from ._layer import Layer

_IN_CACHE = 2**20  # numbers to transform at a time


class SpectralLayer(Layer):
    """What filters in the frequency domain share.

    As in deep learning, a filter w makes of x the sums over k of w[k] x[t + k].
    Spectra are of shape (n_bins, n_windows, n_channels): for each bin, a matrix.

    Parameters
    ----------
    n_taps : int
        Length of the filters.
    padding : {"valid", "same"}, default="valid"
        Where filters are applied: within the windows only, or at each sample, with
        zeros beyond the ends.
    """

    def __init__(self, n_taps, padding="valid"):
        super().__init__()
        self.n_taps, self.padding = n_taps, padding

    def build(self, shape, rng):
        """Choose the lengths, and the matrices between taps and bins."""
        n_channels, n_times = shape
        self.before = (self.n_taps - 1) // 2 if self.padding == "same" else 0
        if self.padding == "same":
            self.n_out, length = n_times, n_times + self.n_taps - 1
        else:
            self.n_out, length = n_times - self.n_taps + 1, n_times
        self.n_fft = next_fast_len(length, real=True)
        bins, taps = np.arange(self.n_fft // 2 + 1), np.arange(self.n_taps)
        waves = np.exp(2j * np.pi / self.n_fft * np.outer(bins, taps))
        self.share = np.full(len(bins), 2 / self.n_fft)  # of a bin in a sum over time
        self.share[0] /= 2
        if self.n_fft % 2 == 0:
            self.share[-1] /= 2
        self.to_bins = {}
        self.to_taps = {}
        for kind in (np.complex64, np.complex128):
            self.to_bins[np.dtype(kind)] = waves.astype(kind)
            inverse = (waves * self.share[:, None]).T
            self.to_taps[np.dtype(kind)] = np.ascontiguousarray(inverse, kind)
        return self.build_filters(n_channels, rng), self.n_out

    def prepare(self, X):
        """Transform all windows."""
        n, n_channels, n_times = X.shape
        kind = np.result_type(X.dtype, np.complex64)
        spectra = np.empty((self.n_fft // 2 + 1, n, n_channels), kind)
        step = max(1, _IN_CACHE // (n_channels * self.n_fft))
        for start in range(0, n, step):
            part = self.pad(X[start : start + step])
            bins = rfft(part, axis=-1, overwrite_x=True)
            spectra[:, start : start + step] = bins.transpose(2, 0, 1)
        return spectra

    def pad(self, X):
        """Add zeros before and after the last axis, to the length of a transform."""
        after = self.n_fft - self.before - X.shape[-1]
        return np.pad(X, [(0, 0)] * (X.ndim - 1) + [(self.before, after)])

    def gather(self, prepared, samples, run):
        """Take windows, which are the second axis."""
        shape = (len(prepared), len(samples), *prepared.shape[2:])
        out = run.buffer(self, "input", shape, prepared.dtype)
        return np.take(prepared, samples, axis=1, out=out, mode="clip")

    def responses(self, filters, kind):
        """Conjugate frequency responses, (n_bins, ...), of filters (n_taps, ...)."""
        flat = filters.reshape(self.n_taps, -1)
        return (self.to_bins[kind] @ flat).reshape(-1, *filters.shape[1:])

    def taps(self, bins):
        """Gradients, (n_taps, ...), by filters, from their products (n_bins, ...)."""
        flat = self.to_taps[bins.dtype] @ bins.reshape(len(bins), -1)
        return flat.real.reshape(self.n_taps, *bins.shape[1:])

    def by_spatial(self, x, bins):
        """Gradient by filters over channels, from that by what they make."""
        bins *= self.share[:, None, None].astype(bins.real.dtype)
        return (
            x.reshape(-1, x.shape[2]).T @ bins.reshape(-1, bins.shape[2]).conj()
        ).real

    def to_time(self, bins, run):
        """From (n_bins, n_windows, n) to samples (n_windows, n, n_out)."""
        _, n_windows, n = bins.shape
        last = run.buffer(self, "spectra", (n_windows, n, len(bins)), bins.dtype)
        np.copyto(last, bins.transpose(1, 2, 0))
        y = irfft(last, n=self.n_fft, axis=-1, overwrite_x=True)
        run.keep((self, "time"), y)
        return y[..., : self.n_out]

    def to_frequency(self, y, run):
        """From samples (n_windows, n, n_out) to (n_bins, n_windows, n)."""
        (padded,) = run.kept((self, "time"))  # whose samples nobody needs any more
        if y.base is not padded:
            padded[..., : self.n_out] = y
        padded[..., self.n_out :] = 0
        bins = rfft(padded, axis=-1, overwrite_x=True)
        shape = (bins.shape[2], *bins.shape[:2])
        out = run.buffer(self, "gradient", shape, bins.dtype)
        np.copyto(out, bins.transpose(2, 0, 1))
        return out


class TemporalThenSpatial(SpectralLayer):
    """Filters over time, the same for all channels, then filters over all of both.

    Each output is one filter over channels and samples, of low rank, and that is what
    is applied. A bias is left to the normalisation that follows.

    Parameters
    ----------
    n_temporal, n_taps, n_spatial : int
    """

    def __init__(self, n_temporal, n_taps, n_spatial):
        super().__init__(n_taps)
        self.n_temporal, self.n_spatial = n_temporal, n_spatial

    def build_filters(self, n_channels, rng):
        """Draw filters (n_temporal, n_taps), (n_temporal, n_channels, n_spatial)."""
        n, m = self.n_temporal, self.n_spatial
        shape = n, n_channels, m
        self.weights = {
            "temporal": glorot(rng, (n, self.n_taps), self.n_taps, n * self.n_taps),
            "spatial": glorot(rng, shape, n * n_channels, m * n_channels),
        }
        return m

    def composite(self):
        """Multiply the factors: filters (n_taps, n_channels, n_spatial)."""
        return np.tensordot(self.weights["temporal"], self.weights["spatial"], (0, 0))

    def forward(self, x, run):
        """Multiply the channels by a matrix for each bin."""
        response = self.responses(self.composite(), x.dtype)
        run.keep(self, x)
        shape = *x.shape[:2], self.n_spatial
        out = run.buffer(self, "output", shape, x.dtype)
        return self.to_time(np.matmul(x, response, out=out), run)

    def backward(self, gradient, run, needs_input=False):
        """Differentiate the composite filters, then their factors."""
        (x,) = run.kept(self)
        bins = self.to_frequency(gradient, run)
        np.conjugate(bins, out=bins)
        composite = self.taps(np.matmul(x.transpose(0, 2, 1), bins))
        temporal, spatial = self.weights["temporal"], self.weights["spatial"]
        flat = composite.reshape(self.n_taps, -1)
        by_spatial = self.gradients["spatial"].reshape(len(spatial), -1)
        np.matmul(temporal, flat, out=by_spatial)
        by_temporal = self.gradients["temporal"]
        np.matmul(spatial.reshape(len(spatial), -1), flat.T, out=by_temporal)

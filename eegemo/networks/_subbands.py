"""A first layer that filters windows into bands, and adds them up with weights."""

import numpy as np
from scipy import signal

from ._layer import Layer

_AT_A_TIME = 64  # windows to filter


class Subbands(Layer):
    """Weighted sum of frequency bands, filtered forwards and backwards.

    Parameters
    ----------
    edges : list of (low, high)
        In Hz.
    sfreq : float
        Sampling rate in Hz.
    """

    def __init__(self, edges, sfreq):
        super().__init__()
        self.filters = [
            signal.cheby1(2, 1, edge, "bandpass", output="sos", fs=sfreq)
            for edge in edges
        ]

    def build(self, shape, rng):
        """Start with the sum, unweighted."""
        n_padded = 3 * (2 * len(self.filters[0]) + 1)
        if shape[-1] <= n_padded:
            raise ValueError(
                f"The filters of the sub-bands are started with {n_padded} samples "
                f"mirrored at either end, and need longer windows than {shape[-1]} "
                "samples."
            )
        self.weights["weight"] = np.ones(len(self.filters))
        return shape

    def prepare(self, X):
        """Filter all windows: (n_windows, n_bands, n_channels, n_times)."""
        n_bands = len(self.filters)
        out = np.empty((len(X), n_bands, *X.shape[1:]), X.dtype)
        for start in range(0, len(X), _AT_A_TIME):
            rows = slice(start, start + _AT_A_TIME)
            part = X[rows].astype(np.float64)
            for b, sos in enumerate(self.filters):
                n_padded = 3 * (2 * len(sos) + 1)
                sos = sos.copy()  # SciPy refuses those of a memory-mapped pickle
                out[rows, b] = signal.sosfiltfilt(sos, part, padlen=n_padded)
        return out

    def forward(self, x, run):
        """Sum over the bands."""
        run.keep(self, x)
        weight, (n, n_bands, *shape) = self.weights["weight"], x.shape
        return (weight @ x.reshape(n, n_bands, -1)).reshape(n, *shape)

    def backward(self, gradient, run, needs_input=False):
        """Multiply with each band."""
        (x,) = run.kept(self)
        n, n_bands = x.shape[:2]
        products = x.reshape(n, n_bands, -1) @ gradient.reshape(n, -1, 1)
        np.sum(products[:, :, 0], axis=0, out=self.gradients["weight"])

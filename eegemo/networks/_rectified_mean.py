"""ReLU, batch normalisation and mean over time in one pass over the samples."""

import numpy as np

from .._kernels.rectification import rectified_lines, rectified_moments
from ._normalization import BatchNorm


class RectifiedMean(BatchNorm):
    """Set negative samples to zero, standardise by the batch, take means over time.

    The mean of what is standardised is the mean, standardised: sums of the positive
    samples and of their squares are all that is needed of the samples.
    """

    def build(self, shape, rng):
        """Drop the time."""
        return super().build(shape, rng)[:-1]

    def moments(self, x):
        """Mean of the positive samples of each window and map, and of their squares."""
        n, n_maps, n_times = x.shape
        moments = rectified_moments(np.ascontiguousarray(x).reshape(-1, n_times))
        return [moment.reshape(n, n_maps) / n_times for moment in moments]

    def of_batch(self, means, squares):
        """Mean and variance of each map."""
        mean = means.mean(axis=0)
        return mean, np.maximum(squares.mean(axis=0) - mean**2, 0)

    def standardise(self, means, mean, variance):
        """Return what becomes of the means of windows; with how, for ``backward``."""
        inverse = 1 / np.sqrt(variance + self.eps)
        z = (means - mean) * inverse
        return z * self.weights["scale"] + self.weights["shift"], z, inverse

    def forward(self, x, run):
        """Sum, and standardise the means."""
        means, squares = self.moments(x)
        if run.training:
            mean, variance = self.of_batch(means, squares)
            self.follow(mean, variance, len(x) * x.shape[2])
        else:
            mean, variance = self.statistics["mean"], self.statistics["variance"]
        out, z, inverse = self.standardise(means, mean, variance)
        run.keep(self, x, z, mean, inverse)
        return out.astype(x.dtype)

    def backward(self, gradient, run, needs_input=True):
        """Differentiate through the mean and the variance of the batch too."""
        x, z, mean, inverse = run.kept(self)
        n, n_maps, n_times = x.shape
        gradient = gradient.astype(np.float64)
        np.sum(gradient, axis=0, out=self.gradients["shift"], dtype=np.float64)
        along = np.sum(gradient * z, axis=0)
        self.gradients["scale"][...] = along
        if not needs_input:
            return None
        # Of a positive sample r: factor (gradient - its mean - z(r) along / n), where
        # z(r) = (r - mean) inverse
        factor = self.weights["scale"] * inverse / n_times
        shifts = factor * (
            gradient - gradient.mean(axis=0) + mean * inverse * along / n
        )
        slopes = np.broadcast_to(-factor * inverse * along / n, shifts.shape)
        x = np.ascontiguousarray(x)
        lines = [array.astype(x.dtype).ravel() for array in (shifts, slopes)]
        rectified_lines(x.reshape(-1, n_times), *lines)
        return x

"""Batch normalisation, square and mean pooling in one pass over the samples."""

import math

import numpy as np

from .._kernels.power import block_moments, scale_blocks
from ._normalization import BatchNorm
from ._pooling import in_turn


class MeanPower(BatchNorm):
    """Standardise each map by the batch, square it, and take means over time.

    The mean of (a y + b)^2 is that of y^2 and of y, with weights: sums of both over
    blocks of samples are all that is needed of y, which is passed through once.

    Parameters
    ----------
    size, stride : int
        Samples of a mean, and from one to the next.
    """

    def __init__(self, size, stride):
        super().__init__()
        self.size, self.stride = size, stride
        self.block = math.gcd(size, stride)
        self.counts = size // self.block, stride // self.block

    def build(self, shape, rng):
        """Count the means within the windows."""
        n_maps, n_times = super().build(shape, rng)
        self.n_whole = n_times // self.block  # what follows is in no mean
        return n_maps, (n_times - self.size) // self.stride + 1

    def _pool(self, blocks):
        """Mean over ``size`` samples, of sums over blocks."""
        return sum(in_turn(blocks, *self.counts)) / self.size

    def _unpool(self, pooled, n_blocks):
        """Sum, for each block, what belongs to the means that it is part of."""
        out = np.zeros((*pooled.shape[:2], n_blocks))
        whole = out[..., : self.n_whole]
        for part in in_turn(whole, *self.counts):
            part += pooled / self.size
        return out

    def forward(self, x, run):
        """Combine the means of squares and of samples."""
        # About their mean, lest rounding leaves nothing of a square with an offset.
        center = x[0].mean(axis=1) if run.training else self.statistics["mean"]
        sums, squares = block_moments(x, center.astype(x.dtype), self.block)
        means = self._pool(sums[..., : self.n_whole])
        powers = self._pool(squares[..., : self.n_whole])
        n = x.shape[0] * x.shape[2]
        if run.training:
            mean = sums.sum(axis=(0, 2)) / n
            variance = np.maximum(squares.sum(axis=(0, 2)) / n - mean**2, 0)
            self.follow(mean + center, variance, n)
        else:
            mean, variance = np.zeros(len(center)), self.statistics["variance"]
        inverse = 1 / np.sqrt(variance + self.eps)
        a = (self.weights["scale"] * inverse)[:, None]
        b = self.weights["shift"][:, None] - a * mean[:, None]
        run.keep(self, x, center, means, powers, mean, inverse, a, b)
        out = a**2 * powers + 2 * a * b * means + b**2
        return np.maximum(out, 0).astype(x.dtype)

    def backward(self, gradient, run, needs_input=True):
        """Differentiate the weights of the means, then the samples, in place."""
        x, center, means, powers, mean, inverse, a, b = run.kept(self)
        gradient = gradient.astype(np.float64)

        def total(array):
            return array.sum(axis=(0, 2))

        by_b = 2 * total(gradient * (a * means + b))
        by_a = 2 * total(gradient * (a * powers + b * means)) - mean * by_b
        self.gradients["shift"][...] = by_b
        self.gradients["scale"][...] = by_a * inverse
        if not needs_input:
            return None
        n = x.shape[0] * x.shape[2]
        by_variance = -by_a * self.weights["scale"] * inverse**3 / 2
        n_blocks = -(-x.shape[2] // self.block)
        slope = 2 * by_variance / n
        constant = -a[:, 0] * by_b / n - slope * mean
        slopes = self._unpool(2 * a**2 * gradient, n_blocks) + slope[:, None]
        shifts = self._unpool(2 * a * b * gradient, n_blocks) + constant[:, None]
        shifts -= slopes * center[:, None]
        scale_blocks(x, slopes.astype(x.dtype), shifts.astype(x.dtype), self.block)
        return x

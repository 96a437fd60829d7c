"""Means over time."""

import math

import numpy as np

from ._layer import Layer


def in_turn(blocks, n, step):
    """Yield the first of n blocks of all means, the second of all, and so on.

    Parameters
    ----------
    blocks : array of shape (..., n_blocks)
    n, step : int
        Blocks of a mean, and from one mean to the next.

    Yields
    ------
    part : array of shape (..., n_means)
        A view.
    """
    n_means = 1 + (blocks.shape[-1] - n) // step
    for i in range(n):
        yield blocks[..., i : i + step * (n_means - 1) + 1 : step]


class MeanPool(Layer):
    """Means of the last axis over windows; what follows the last whole one is dropped.

    Parameters
    ----------
    size : int
        Length of a window.
    stride : int, default=None
        From a window to the next; None for ``size``.
    """

    def __init__(self, size, stride=None):
        super().__init__()
        self.size, self.stride = size, stride or size
        # windows that overlap share sums over blocks
        self._block = math.gcd(self.size, self.stride)
        self._counts = self.size // self._block, self.stride // self._block

    def build(self, shape, rng):
        """Count the windows."""
        *others, n_times = shape
        if n_times < self.size:
            raise ValueError(
                f"A mean over {self.size} samples needs as many, got {n_times}: use "
                "longer windows or pool less."
            )
        return (*others, 1 + (n_times - self.size) // self.stride)

    def _blocks(self, x):
        """View the last axis as blocks."""
        n_blocks = x.shape[-1] // self._block
        x = x[..., : n_blocks * self._block]
        return x.reshape(*x.shape[:-1], n_blocks, self._block)

    def forward(self, x, run):
        """Sum over blocks, then over the blocks of each window."""
        run.keep(self, x.shape)
        sums = np.einsum("...bi->...b", self._blocks(x))
        return sum(in_turn(sums, *self._counts)) * (1 / self.size)

    def backward(self, gradient, run, needs_input=True):
        """Spread the gradient of each window over its samples."""
        (shape,) = run.kept(self)
        gradient = gradient * (1 / self.size)
        out = np.zeros(shape, gradient.dtype)
        blocks = self._blocks(out)
        spread = np.zeros(blocks.shape[:-1], gradient.dtype)
        for part in in_turn(spread, *self._counts):
            part += gradient
        blocks[...] = spread[..., None]
        return out


class GlobalMean(Layer):
    """Mean over the last axis."""

    def build(self, shape, rng):
        """Drop the last axis."""
        return shape[:-1]

    def forward(self, x, run):
        """Take the mean."""
        run.keep(self, x.shape)
        return x.mean(axis=-1)

    def backward(self, gradient, run, needs_input=True):
        """Spread the gradient over time."""
        (shape,) = run.kept(self)
        out = np.empty(shape, gradient.dtype)
        out[...] = gradient[..., None] * (1 / shape[-1])
        return out

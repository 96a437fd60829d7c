"""Batch and layer normalisation."""

import math

import numpy as np

from .._kernels.batch_norm import (
    scale_channels,
    standardise_channels,
    through_channels,
)
from .._kernels.layer_norm import standardise, through_standardise
from ._layer import Layer


class BatchNorm(Layer):
    """Standardise each channel by the batch, then scale and shift it [1]_.

    Prediction uses means and variances followed in training, so that a sample's label
    does not depend on the others.

    Parameters
    ----------
    axis : int, default=1
        Of the channels.
    momentum : float, default=0.1
        Weight of a new batch in what is followed.
    eps : float, default=1e-5
        Added to variances.

    References
    ----------
    .. [1] S. Ioffe and C. Szegedy, "Batch normalization: accelerating deep network
       training by reducing internal covariate shift", ICML 2015.
    """

    def __init__(self, axis=1, momentum=0.1, eps=1e-5):
        super().__init__()
        self.axis, self.momentum, self.eps = axis, momentum, eps

    def build(self, shape, rng):
        """Start with scale one and shift zero, mean zero and variance one."""
        n = shape[self.axis - 1]
        self.weights = {"scale": np.ones(n), "shift": np.zeros(n)}
        self.statistics = {"mean": np.zeros(n), "variance": np.ones(n)}
        return shape

    def _channels(self, x):
        """View in C order with the channels in the middle of three axes."""
        outer, inner = math.prod(x.shape[: self.axis]), math.prod(x.shape[self.axis :])
        n = x.shape[self.axis]
        return np.ascontiguousarray(x).reshape(outer, n, inner // n)

    def forward(self, x, run):
        """Standardise."""
        z = self._channels(x)
        if run.training:
            mean, variance = np.empty((2, z.shape[1]), x.dtype)
            standardise_channels(z, mean, variance)
            self.follow(mean, variance, z.size // len(mean))
        else:
            mean, variance = self.statistics["mean"], self.statistics["variance"]
            z = z - mean[:, None]
        inverse = 1 / np.sqrt(variance + np.asarray(self.eps, x.dtype))
        out = np.empty_like(z)
        scale_channels(z, inverse, self.weights["scale"], self.weights["shift"], out)
        run.keep(self, z, inverse)
        return out.reshape(x.shape)

    def follow(self, mean, variance, n):
        """Move the statistics towards those of a batch of n numbers per channel."""
        unbiased = variance * (n / max(n - 1, 1))
        for name, value in (("mean", mean), ("variance", unbiased)):
            self.statistics[name] += self.momentum * (value - self.statistics[name])

    def backward(self, gradient, run, needs_input=True):
        """Differentiate through the mean and the variance of the batch too."""
        z, inverse = run.kept(self)
        by_input = self._channels(gradient)
        through_channels(
            by_input,
            z,
            self.weights["scale"] * inverse,
            self.gradients["scale"],
            self.gradients["shift"],
        )
        return by_input.reshape(gradient.shape)


class LayerNorm(Layer):
    """Standardise the last axis of each sample, then scale and shift it [1]_.

    Parameters
    ----------
    eps : float, default=1e-5
        Added to variances.

    References
    ----------
    .. [1] J. L. Ba, J. R. Kiros and G. E. Hinton, "Layer normalization",
       arXiv:1607.06450, 2016.
    """

    def __init__(self, eps=1e-5):
        super().__init__()
        self.eps = eps

    def build(self, shape, rng):
        """Start with scale one and shift zero."""
        n = shape[-1]
        self.weights = {"scale": np.ones(n), "shift": np.zeros(n)}
        return shape

    def forward(self, x, run):
        """Standardise."""
        x = np.ascontiguousarray(x)
        z, out = _rows(x), np.empty_like(x)
        inverse = np.empty(len(z), x.dtype)
        scale, shift = (self.weights[k].astype(x.dtype) for k in ("scale", "shift"))
        standardise(z, scale, shift, self._constants(x), _rows(out), inverse)
        run.keep(self, z, inverse)
        return out

    def backward(self, gradient, run, needs_input=True):
        """Differentiate through the mean and the variance of each sample too."""
        z, inverse = run.kept(self)
        gradient = np.ascontiguousarray(gradient)
        through_standardise(
            _rows(gradient),
            z,
            self.weights["scale"],
            self._constants(z),
            inverse,
            self.gradients["scale"],
            self.gradients["shift"],
        )
        return gradient

    def _constants(self, x):
        return np.array([self.eps, 1 / x.shape[-1]], x.dtype)


def _rows(x):
    return x.reshape(-1, x.shape[-1])

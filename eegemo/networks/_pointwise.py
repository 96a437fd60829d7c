"""Layers that treat each number alone: nonlinearities and dropout."""

import math
from numbers import Real

import numpy as np
from scipy.special import ndtr

from .._kernels.dropout import fill_mask
from .._kernels.normal import CONSTANTS, share_below
from ._layer import Layer


class ReLU(Layer):
    """The positive part."""

    def forward(self, x, run):
        """Set the negative numbers to zero, in place."""
        run.keep(self, x > 0)
        return np.maximum(x, 0, out=x)

    def backward(self, gradient, run, needs_input=True):
        """Pass on where the output is positive."""
        (positive,) = run.kept(self)
        gradient *= positive
        return gradient


class ELU(Layer):
    """The positive part, and of the negative numbers exp(x) - 1 [1]_.

    References
    ----------
    .. [1] D.-A. Clevert, T. Unterthiner and S. Hochreiter, "Fast and accurate deep
       network learning by exponential linear units (ELUs)", ICLR 2016.
    """

    def forward(self, x, run):
        """Compute both parts."""
        out = np.expm1(np.minimum(x, 0))
        out += np.maximum(x, 0)
        run.keep(self, out)
        return out

    def backward(self, gradient, run, needs_input=True):
        """Multiply by one, or by exp(x), which is the output plus one."""
        (out,) = run.kept(self)
        gradient *= np.minimum(out, 0) + 1
        return gradient


class GELU(Layer):
    """Each number times the normal distribution's share below it [1]_.

    References
    ----------
    .. [1] D. Hendrycks and K. Gimpel, "Gaussian error linear units (GELUs)",
       arXiv:1606.08415, 2016.
    """

    def forward(self, x, run):
        """Multiply by the distribution function."""
        if x.dtype == np.float32:
            x = np.ascontiguousarray(x)
            share = np.empty_like(x)
            share_below(x.reshape(-1), CONSTANTS, share.reshape(-1))
        else:
            share = ndtr(x)
        run.keep(self, x, share)
        return x * share

    def backward(self, gradient, run, needs_input=True):
        """Multiply by the share, plus x times the density."""
        x, share = run.kept(self)
        slope = x * x
        slope *= -0.5
        np.exp(slope, out=slope)
        slope *= x
        slope *= 1 / math.sqrt(2 * math.pi)
        slope += share
        gradient *= slope
        return gradient


class Log(Layer):
    """Natural logarithm of the greater of x and a floor.

    Parameters
    ----------
    floor : float, default=1e-6
    """

    def __init__(self, floor=1e-6):
        super().__init__()
        self.floor = floor

    def forward(self, x, run):
        """Take the logarithm."""
        x = np.maximum(x, np.asarray(self.floor, x.dtype))
        run.keep(self, x)
        return np.log(x)

    def backward(self, gradient, run, needs_input=True):
        """Divide by x; nothing passes at the floor."""
        (x,) = run.kept(self)
        gradient /= x
        gradient *= x > self.floor
        return gradient


class Dropout(Layer):
    """In training, set a share of the numbers to zero and scale up the others [1]_.

    Parameters
    ----------
    rate : float
        The share, at least 0 and less than 1.

    Raises
    ------
    ValueError
        The rate is no such share.

    References
    ----------
    .. [1] N. Srivastava et al., "Dropout: a simple way to prevent neural networks from
       overfitting", Journal of Machine Learning Research 15, 2014.
    """

    def __init__(self, rate):
        super().__init__()
        if not (isinstance(rate, Real) and 0 <= rate < 1):
            raise ValueError(
                "Dropout is a share, at least 0 and less than 1, of the numbers that "
                f"are set to zero, got {rate!r}."
            )
        self.rate = rate

    def forward(self, x, run):
        """Multiply by a random mask, in place."""
        if not run.training or self.rate == 0:
            return x
        mask = draw_mask(run.rng, x.shape, self.rate, x.dtype)
        run.keep(self, mask)
        x *= mask
        return x

    def backward(self, gradient, run, needs_input=True):
        """Multiply by the mask."""
        if self.rate == 0:
            return gradient
        (mask,) = run.kept(self)
        gradient *= mask
        return gradient


def draw_mask(rng, shape, rate, dtype):
    """Draw zeros with probability ``rate``, to a 65536th, and else its scale."""
    threshold = min(round(rate * 2**16), 2**16 - 1)
    mask = np.empty(shape, dtype)
    key = rng.integers(0, 2**32, 2, np.uint64)
    fill_mask(mask.reshape(-1), key, threshold, 1 / (1 - threshold / 2**16))
    return mask

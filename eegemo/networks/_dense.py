"""Layers that mix all features, and the ways to draw their weights."""

import math

import numpy as np

from .._kernels.affine import rows_back, shift_rows
from ._layer import Layer


def uniform(rng, shape, fan_in):
    """Draw uniformly within one over the root of the number of inputs, either way."""
    bound = 1 / math.sqrt(fan_in)
    return rng.uniform(-bound, bound, shape)


def glorot(rng, shape, fan_in, fan_out):
    """Draw uniformly, of variance two over the number of inputs and outputs [1]_.

    References
    ----------
    .. [1] X. Glorot and Y. Bengio, "Understanding the difficulty of training deep
       feedforward neural networks", AISTATS 2010.
    """
    bound = math.sqrt(6 / (fan_in + fan_out))
    return rng.uniform(-bound, bound, shape)


def shrink_rows(weight, max_norm):
    """Scale down, in place, each row whose Euclidean norm exceeds ``max_norm``."""
    norms = np.sqrt(np.einsum("ij,ij->i", weight, weight))
    if norms.max() > max_norm:
        weight *= np.minimum(1, max_norm / np.maximum(norms, max_norm))[:, None]


class Linear(Layer):
    """Affine map of the last axis, and its positive part if ``rectified``.

    Parameters
    ----------
    n_outputs : int
    rectified : bool, default=False
        Whether a ReLU follows.
    max_norm : float, default=None
        Greatest Euclidean norm of the weights of an output.
    """

    def __init__(self, n_outputs, rectified=False, max_norm=None):
        super().__init__()
        self.n_outputs, self.rectified, self.max_norm = n_outputs, rectified, max_norm

    def build(self, shape, rng):
        """Draw weights, of shape (n_inputs, n_outputs), and biases."""
        *others, n_inputs = shape
        self.weights["weight"] = uniform(rng, (n_inputs, self.n_outputs), n_inputs)
        self.weights["bias"] = uniform(rng, self.n_outputs, n_inputs)
        return (*others, self.n_outputs)

    def forward(self, x, run):
        """Multiply and shift."""
        weight = self.weights["weight"]
        rows = np.dot(x.reshape(-1, len(weight)), weight)
        shift_rows(rows, self.weights["bias"], self.rectified)
        run.keep(self, x, rows)  # of which dropout, if it follows, leaves the signs
        return rows.reshape(*x.shape[:-1], self.n_outputs)

    def backward(self, gradient, run, needs_input=True):
        """Sum over samples, and whatever lies between them and the last axis."""
        x, rows = run.kept(self)
        weight, by_weight = self.weights["weight"], self.gradients["weight"]
        gradient = np.ascontiguousarray(gradient).reshape(rows.shape)
        rows_back(gradient, rows, self.rectified, self.gradients["bias"])
        np.dot(x.reshape(-1, len(weight)).T, gradient, out=by_weight)
        return np.dot(gradient, weight.T).reshape(x.shape) if needs_input else None

    def constrain(self):
        """Keep the norm of each output's weights."""
        if self.max_norm is not None:
            shrink_rows(self.weights["weight"].T, self.max_norm)


class Flatten(Layer):
    """All axes of a sample become one."""

    def build(self, shape, rng):
        """Multiply the lengths."""
        return (math.prod(shape),)

    def forward(self, x, run):
        """Reshape."""
        run.keep(self, x.shape)
        return x.reshape(len(x), -1)

    def backward(self, gradient, run, needs_input=True):
        """Reshape back."""
        (shape,) = run.kept(self)
        return gradient.reshape(shape)

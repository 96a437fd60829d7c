"""Convolutions along the last axis, time."""

import math

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from .._kernels.convolution import correlate, correlate_taps
from ._dense import shrink_rows, uniform
from ._layer import Layer


def margins(padding, n_taps):
    """Count the zeros to put before and after the samples.

    Parameters
    ----------
    padding : "valid" or "same"
        None, or as many as keep the number of samples, one more of them after if their
        number is odd.
    n_taps : int

    Returns
    -------
    before, after : int
    """
    if padding == "valid":
        return 0, 0
    return (n_taps - 1) // 2, n_taps // 2


def n_outputs_of(n_times, n_taps, padding, stride=1):
    """Return the length of the output; raise ValueError if there is none."""
    n_valid = n_times + sum(margins(padding, n_taps)) - n_taps
    if n_valid < 0:
        raise ValueError(
            f"A filter of {n_taps} taps needs as many samples, got {n_times}: use "
            "longer windows or shorter filters."
        )
    return 1 + n_valid // stride


class Convolution(Layer):
    """Filters over all maps and some samples, by one matrix product.

    Parameters
    ----------
    n_outputs : int
        Number of filters, and of the maps they give.
    n_taps : int
    stride : int, default=1
        Samples from an output to the next.
    padding : {"valid", "same"}, default="valid"
    bias : bool, default=True
    """

    def __init__(self, n_outputs, n_taps, stride=1, padding="valid", bias=True):
        super().__init__()
        self.n_outputs, self.n_taps, self.stride = n_outputs, n_taps, stride
        self.padding, self.bias = padding, bias

    def build(self, shape, rng):
        """Draw weights, of shape (n_outputs, n_inputs, n_taps), and biases."""
        n_inputs, n_times = shape
        n_times = n_outputs_of(n_times, self.n_taps, self.padding, self.stride)
        shape = self.n_outputs, n_inputs, self.n_taps
        self.weights["weight"] = uniform(rng, shape, n_inputs * self.n_taps)
        if self.bias:
            self.weights["bias"] = uniform(rng, self.n_outputs, n_inputs * self.n_taps)
        return self.n_outputs, n_times

    def forward(self, x, run):
        """Lay out what each filter sees as columns, and multiply."""
        n, n_inputs, _ = x.shape
        padded = np.pad(x, ((0, 0), (0, 0), margins(self.padding, self.n_taps)))
        seen = sliding_window_view(padded, self.n_taps, axis=-1)[:, :, :: self.stride]
        seen = seen.transpose(1, 3, 0, 2)  # the samples of a map stay together
        columns = run.buffer(self, "columns", seen.shape, x.dtype)
        columns[...] = seen
        run.keep(self, columns, padded.shape)
        weight = self.weights["weight"].reshape(self.n_outputs, -1)
        out = weight @ columns.reshape(weight.shape[1], -1)
        if self.bias:
            out += self.weights["bias"][:, None]
        out = out.reshape(self.n_outputs, n, -1)
        return np.ascontiguousarray(out.swapaxes(0, 1))

    def backward(self, gradient, run, needs_input=True):
        """Multiply by the columns, and by the filters; then add up each sample's."""
        columns, shape = run.kept(self)
        rows = gradient.swapaxes(0, 1).reshape(self.n_outputs, -1)
        out = self.gradients["weight"].reshape(self.n_outputs, -1)
        np.matmul(rows, columns.reshape(out.shape[1], -1).T, out=out)
        if self.bias:
            np.sum(rows, axis=1, out=self.gradients["bias"])
        if not needs_input:
            return None
        weight = self.weights["weight"].reshape(self.n_outputs, -1)
        spread = (weight.T @ rows).reshape(columns.shape)
        padded = np.zeros(shape, gradient.dtype)
        by_map = padded.swapaxes(0, 1)
        stop = self.stride * (columns.shape[-1] - 1) + 1
        for k in range(self.n_taps):
            by_map[..., k : k + stop : self.stride] += spread[:, k]
        before, after = margins(self.padding, self.n_taps)
        return padded[..., before : shape[-1] - after]


class DepthwiseConvolution(Layer):
    """Filters over some samples of one map.

    Parameters
    ----------
    n_taps : int
    padding : {"valid", "same"}, default="valid"
    multiplier : int, default=1
        Filters per map, which give neighbouring maps.
    bias : bool, default=False
    max_norm : float, default=None
        Greatest Euclidean norm of a filter.
    """

    def __init__(
        self, n_taps, padding="valid", multiplier=1, bias=False, max_norm=None
    ):
        super().__init__()
        self.n_taps, self.padding, self.multiplier = n_taps, padding, multiplier
        self.bias, self.max_norm = bias, max_norm

    def build(self, shape, rng):
        """Draw weights, of shape (n_maps * multiplier, n_taps), and biases."""
        n_maps, n_times = shape
        n_times = n_outputs_of(n_times, self.n_taps, self.padding)
        n_maps *= self.multiplier
        shape = n_maps, self.n_taps
        self.weights["weight"] = uniform(rng, shape, self.n_taps)
        if self.bias:
            self.weights["bias"] = uniform(rng, n_maps, self.n_taps)
        return n_maps, n_times

    def forward(self, x, run):
        """Filter each row."""
        n, _, n_times = x.shape
        rows = np.ascontiguousarray(x.reshape(-1, n_times))
        run.keep(self, rows)
        weight = self.weights["weight"]
        padding = margins(self.padding, self.n_taps)
        out = correlate(rows, weight, self.multiplier, *padding)
        out = out.reshape(n, len(weight), -1)
        if self.bias:
            out += self.weights["bias"][:, None]
        return out

    def backward(self, gradient, run, needs_input=True):
        """Correlate with the input; filter with the taps in reverse."""
        (rows,) = run.kept(self)
        n, n_maps, n_times = gradient.shape
        before, after = margins(self.padding, self.n_taps)
        gradients = np.ascontiguousarray(gradient.reshape(-1, n_times))
        self.gradients["weight"][...] = correlate_taps(
            rows, gradients, self.multiplier, before, n_maps, self.n_taps
        )
        if self.bias:
            np.sum(gradient, axis=(0, 2), out=self.gradients["bias"])
        if not needs_input:
            return None
        reverse = np.ascontiguousarray(self.weights["weight"][:, ::-1])
        last = self.n_taps - 1
        out = correlate(gradients, reverse, 1, last - before, last - after)
        out = out.reshape(n, n_maps // self.multiplier, self.multiplier, -1)
        return out.sum(axis=2) if self.multiplier > 1 else out[:, :, 0]

    def constrain(self):
        """Keep the norm of each filter."""
        if self.max_norm is not None:
            shrink_rows(self.weights["weight"], self.max_norm)


class Pointwise(Layer):
    """Mix the maps, sample by sample.

    Parameters
    ----------
    n_outputs : int
    bias : bool, default=False
    max_norm : float, default=None
        Greatest Euclidean norm of the weights of an output.
    """

    def __init__(self, n_outputs, bias=False, max_norm=None):
        super().__init__()
        self.n_outputs, self.bias, self.max_norm = n_outputs, bias, max_norm

    def build(self, shape, rng):
        """Draw weights, of shape (n_outputs, n_inputs), and biases."""
        n_inputs, *others = shape
        self.weights["weight"] = uniform(rng, (self.n_outputs, n_inputs), n_inputs)
        if self.bias:
            self.weights["bias"] = uniform(rng, self.n_outputs, n_inputs)
        return (self.n_outputs, *others)

    def forward(self, x, run):
        """Multiply each sample's maps, and shift."""
        run.keep(self, x)
        n, n_inputs, *others = x.shape
        out = self.weights["weight"] @ x.reshape(n, n_inputs, math.prod(others))
        if self.bias:
            out += self.weights["bias"][:, None]
        return out.reshape(n, self.n_outputs, *others)

    def backward(self, gradient, run, needs_input=True):
        """Sum over samples and time."""
        (x,) = run.kept(self)
        n, n_inputs = x.shape[:2]
        rows = gradient.reshape(n, self.n_outputs, -1)
        products = rows @ x.reshape(n, n_inputs, -1).swapaxes(1, 2)
        np.sum(products, axis=0, out=self.gradients["weight"])
        if self.bias:
            np.sum(rows, axis=(0, 2), out=self.gradients["bias"])
        if not needs_input:
            return None
        return (self.weights["weight"].T @ rows).reshape(x.shape)

    def constrain(self):
        """Keep the norm of each output's weights."""
        if self.max_norm is not None:
            shrink_rows(self.weights["weight"], self.max_norm)

"""Layers that treat regions of channels alike, each with weights of its own."""

import numpy as np

from ._dense import glorot, shrink_rows
from ._graph import block_diagonal, channel_products, mix_channels
from ._layer import Layer


class RegionMatrix(Layer):
    """A square matrix of weights for each region: the base of layers with one.

    The weights of all regions are one vector, row by row, and are laid along the
    diagonal of a matrix of all channels.

    Parameters
    ----------
    sizes : sequence of int
        Number of channels of each region. Regions follow each other.
    """

    def __init__(self, sizes):
        super().__init__()
        self.sizes = sizes

    def build(self, shape, rng):
        """Draw the weights."""
        blocks = [np.ones((n, n), bool) for n in self.sizes]
        self.within = block_diagonal(blocks)
        self.starts = np.cumsum([0, *self.sizes[:-1]])
        drawn = [glorot(rng, (n, n), n, n).ravel() for n in self.sizes]
        self.weights["weight"] = np.concatenate(drawn)
        return shape

    def matrix(self):
        """Weights, (n_out, n_in), with zeros between the regions."""
        weight = self.weights["weight"]
        out = np.zeros(self.within.shape, weight.dtype)
        out[self.within] = weight
        return out


class RegionPointwise(RegionMatrix):
    """Mix the channels of each region, sample by sample.

    Parameters
    ----------
    sizes : sequence of int
    max_norm : float
        Greatest Euclidean norm of the weights of an output.
    """

    def __init__(self, sizes, max_norm):
        super().__init__(sizes)
        self.max_norm = max_norm

    def forward(self, x, run):
        """Multiply by the matrix."""
        run.keep(self, x)
        return mix_channels(self.matrix(), x)

    def backward(self, gradient, run, needs_input=True):
        """Sum over samples, within the regions."""
        (x,) = run.kept(self)
        by_matrix = channel_products(gradient, x)
        self.gradients["weight"][...] = by_matrix[self.within]
        return mix_channels(self.matrix().T, gradient) if needs_input else None

    def constrain(self):
        """Keep the norm of each output's weights."""
        matrix = self.matrix()
        shrink_rows(matrix, self.max_norm)
        self.weights["weight"][...] = matrix[self.within]


class RegionFusion(RegionMatrix):
    """One signal for each region: a mean of its channels with weights that sum to one.

    The weights are the softmax of an affine map of the channels' means over time, and
    those means are the input: the mean of the signal over time is that of the channels'
    means, since the weights do not change with time.
    """

    def build(self, shape, rng):
        """Draw the affine maps, with biases of zero."""
        super().build(shape, rng)
        self.weights["bias"] = np.zeros(sum(self.sizes))
        return (len(self.sizes),)

    def forward(self, x, run):
        """Weigh the channels."""
        logits = x @ self.matrix().T
        logits += self.weights["bias"]
        logits -= self._each(np.maximum.reduceat(logits, self.starts, axis=1))
        share = np.exp(logits)
        share /= self._each(self._total(share))
        out = self._total(share * x)
        run.keep(self, x, share, out)
        return out

    def backward(self, gradient, run, needs_input=True):
        """Differentiate the mean by the weights and by what is weighed."""
        x, share, out = run.kept(self)
        direct = self._each(gradient) * share
        by_logits = direct * (x - self._each(out))
        self.gradients["weight"][...] = (by_logits.T @ x)[self.within]
        np.sum(by_logits, axis=0, out=self.gradients["bias"])
        return direct + by_logits @ self.matrix() if needs_input else None

    def _total(self, x):
        """Sum over the channels of each region."""
        return np.add.reduceat(x, self.starts, axis=1)

    def _each(self, x):
        """Repeat what is of a region for each of its channels."""
        return np.repeat(x, self.sizes, axis=1)

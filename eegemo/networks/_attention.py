"""Layers over tokens, one for each electrode."""

import math

import numpy as np

from .._kernels.attention import divide_by_sums, subtract_highest, through_softmax
from ._dense import uniform
from ._layer import Layer
from ._pointwise import draw_mask


class ElectrodeEmbedding(Layer):
    """Add a vector of its own, which is learned, to each token."""

    def build(self, shape, rng):
        """Draw the vectors from a standard normal distribution."""
        self.weights["weight"] = rng.standard_normal(shape)
        return shape

    def forward(self, x, run):
        """Add."""
        x += self.weights["weight"]
        return x

    def backward(self, gradient, run, needs_input=True):
        """Sum over samples."""
        np.sum(gradient, axis=0, out=self.gradients["weight"])
        return gradient


class MeanToken(Layer):
    """Mean of the tokens."""

    def build(self, shape, rng):
        """Lose the axis of the tokens."""
        return shape[1:]

    def forward(self, x, run):
        """Average."""
        run.keep(self, x.shape)
        return x.mean(axis=1)

    def backward(self, gradient, run, needs_input=True):
        """Give each token its share."""
        (shape,) = run.kept(self)
        gradient /= shape[1]
        return np.repeat(gradient[:, None], shape[1], axis=1)


class Attention(Layer):
    """Each token becomes an average of all, by the softmax of inner products [1]_.

    In several heads, with queries, keys and values that are linear, without bias, in
    the tokens, and an affine map of all heads' averages.

    Parameters
    ----------
    n_heads : int
    n_dims : int
        Of the queries, keys and values of a head.
    dropout : float
        Share of the weights of the averages that are set to zero in training.

    References
    ----------
    .. [1] A. Vaswani et al., "Attention is all you need", NeurIPS 2017.
    """

    def __init__(self, n_heads, n_dims, dropout):
        super().__init__()
        self.n_heads, self.n_dims, self.dropout = n_heads, n_dims, dropout

    def build(self, shape, rng):
        """Draw the weights of queries, keys and values, side by side, and the map's."""
        n_inputs, inner = shape[-1], self.n_heads * self.n_dims
        self.weights["weight"] = uniform(rng, (n_inputs, 3 * inner), n_inputs)
        self.weights["output"] = uniform(rng, (inner, n_inputs), inner)
        self.weights["bias"] = uniform(rng, n_inputs, inner)
        return shape

    def attention(self, x):
        """Weights of the averages.

        Parameters
        ----------
        x : array of shape (n_samples, n_tokens, n_inputs)

        Returns
        -------
        weights : array of shape (n_samples, n_heads, n_tokens, n_tokens)
            How much each token, a row, takes of each, a column. Rows sum to one.
        """
        queries, keys, _ = self._heads(_rows(x) @ self.weights["weight"], x.shape)
        return self._attend(queries, keys).mT

    def forward(self, x, run):
        """Average the values."""
        product = _rows(x) @ self.weights["weight"]
        queries, keys, values = self._heads(product, x.shape)
        attention = dropped = self._attend(queries, keys)
        if run.training and self.dropout:
            dropped = draw_mask(run.rng, attention.shape, self.dropout, x.dtype)
            dropped *= attention
        averages = np.empty((*x.shape[:2], self.n_heads, self.n_dims), x.dtype)
        np.matmul(dropped.mT, values, out=averages.transpose(0, 2, 1, 3))
        run.keep(self, x, product, attention, dropped, averages)
        out = _rows(averages, 2) @ self.weights["output"]
        out += self.weights["bias"]
        return out.reshape(x.shape)

    def backward(self, gradient, run, needs_input=True):
        """Differentiate through averages, softmax and inner products."""
        x, product, attention, dropped, averages = run.kept(self)
        queries, keys, values = self._heads(product, x.shape)
        rows = _rows(gradient)
        np.matmul(_rows(averages, 2).T, rows, out=self.gradients["output"])
        np.sum(rows, axis=0, out=self.gradients["bias"])
        shape = *x.shape[:2], self.n_heads, self.n_dims
        outer = (rows @ self.weights["output"].T).reshape(shape).transpose(0, 2, 1, 3)
        inner = np.empty_like(product)
        by_queries, by_keys, by_values = self._heads(inner, x.shape)
        np.matmul(dropped, outer, out=by_values)
        scores = values @ np.ascontiguousarray(outer.mT)
        through_softmax(*map(_matrices, (scores, dropped, attention)))
        scores *= self._scale
        np.matmul(scores.mT, keys, out=by_queries)
        np.matmul(scores, queries, out=by_keys)
        np.matmul(_rows(x).T, inner, out=self.gradients["weight"])
        if not needs_input:
            return None
        return (inner @ self.weights["weight"].T).reshape(x.shape)

    @property
    def _scale(self):
        return 1 / math.sqrt(self.n_dims)

    def _heads(self, product, shape):
        """Take apart, as views of shape (n_samples, n_heads, n_tokens, n_dims)."""
        heads = product.reshape(*shape[:2], 3, self.n_heads, self.n_dims)
        return heads.transpose(2, 0, 3, 1, 4)

    def _attend(self, queries, keys):
        """Weights of the averages, but of each key, a row, for each query, a column.

        Sums over keys then run along whole rows, several times as fast as within them,
        and products with a copy of the queries' columns are about twice as fast.
        """
        columns = np.ascontiguousarray(queries.mT)
        columns *= self._scale
        scores = keys @ columns
        subtract_highest(_matrices(scores))
        np.exp(scores, out=scores)
        divide_by_sums(_matrices(scores))
        return scores


def _matrices(x):
    return x.reshape(-1, *x.shape[-2:])


def _rows(x, n_axes=1):
    """All but the last axes, made one."""
    return x.reshape(-1, math.prod(x.shape[-n_axes:]))

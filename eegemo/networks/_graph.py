"""Layers that send signals along the edges of graphs of electrodes."""

import numpy as np

from .._kernels.rectification import rectify_swapped, swapped_back
from ._dense import glorot
from ._layer import Layer

_EPS = 1e-10  # added to degrees, that of a node without edges being zero


def scaled_laplacian(n, edges):
    """Laplacian of a graph, with its eigenvalues mapped from [0, largest] to [-1, 1].

    Parameters
    ----------
    n : int
        Number of nodes.
    edges : sequence of (int, int)
        Without weights or direction. If there are none, the Laplacian is zero.

    Returns
    -------
    scaled : array of shape (n, n)
        2 L / largest - I, the argument of Chebyshev polynomials [1]_.

    References
    ----------
    .. [1] M. Defferrard, X. Bresson and P. Vandergheynst, "Convolutional neural
       networks on graphs with fast localized spectral filtering", NIPS 2016.
    """
    adjacency = np.zeros((n, n))
    for i, j in edges:
        adjacency[i, j] = adjacency[j, i] = 1
    laplacian = np.diag(adjacency.sum(axis=0)) - adjacency
    largest = np.linalg.eigvalsh(laplacian)[-1] if len(edges) else 1
    return 2 * laplacian / largest - np.eye(n)


def block_diagonal(blocks):
    """Lay square matrices along the diagonal of one."""
    n = sum(map(len, blocks))
    out = np.zeros((n, n), np.result_type(*blocks))
    start = 0
    for block in blocks:
        stop = start + len(block)
        out[start:stop, start:stop] = block
        start = stop
    return out


def mix_channels(matrix, x):
    """Multiply axis 1 by a matrix (n_out, n_in)."""
    out = matrix @ x.reshape(*x.shape[:2], -1)
    return out.reshape(len(x), len(matrix), *x.shape[2:])


def channel_products(a, b):
    """Sum of products of all channels of a and of b: (n_a, n_b)."""
    a, b = a.reshape(*a.shape[:2], -1), b.reshape(*b.shape[:2], -1)
    return (a @ b.swapaxes(1, 2)).sum(axis=0)


class FixedPropagation(Layer):
    """Chebyshev polynomials of given graphs, each with a number as its weight.

    Parameters
    ----------
    graphs : list of (int, list of (int, int))
        Number of nodes and edges of each graph. Graphs are disjoint: their nodes,
        counted through, are the channels. Each has weights of its own.
    order : int
        Greatest degree: how many edges a signal may go.
    """

    def __init__(self, graphs, order):
        super().__init__()
        self.graphs, self.order = graphs, order

    def build(self, shape, rng):
        """Draw weights (n_graphs, order + 1), and compute the polynomials."""
        sizes = [n for n, _ in self.graphs]
        self.graph_of = np.repeat(np.arange(len(sizes)), sizes)
        self.starts = np.cumsum([0, *sizes[:-1]])
        x = block_diagonal([scaled_laplacian(*graph) for graph in self.graphs])
        polynomials = [np.eye(len(x)), x]
        while len(polynomials) <= self.order:
            polynomials.append(2 * x @ polynomials[-1] - polynomials[-2])
        self.polynomials = np.array(polynomials[: self.order + 1])
        self.weights["coefficients"] = rng.uniform(-1, 1, (len(sizes), self.order + 1))
        return shape

    def matrix(self):
        """Weighted sum of the polynomials."""
        weight = self.weights["coefficients"]
        polynomials = self.polynomials.astype(weight.dtype)
        return np.einsum("ik,kij->ij", weight[self.graph_of], polynomials)

    def forward(self, x, run):
        """Send each signal to the nodes around."""
        run.keep(self, x)
        return mix_channels(self.matrix(), x)

    def backward(self, gradient, run, needs_input=True):
        """Differentiate the matrix, then its coefficients."""
        (x,) = run.kept(self)
        by_matrix = channel_products(gradient, x)
        by_node = np.einsum("ij,kij->ik", by_matrix, self.polynomials)
        self.gradients["coefficients"][...] = np.add.reduceat(by_node, self.starts)
        return mix_channels(self.matrix().T, gradient) if needs_input else None


class LearnedPropagation(Layer):
    """Chebyshev polynomials of a learned graph, each with filters of features [1]_.

    From (n_features, n_nodes) to the positive part of (n_filters, n_nodes).

    The graph is the positive part of a matrix of weights, the mean of both directions,
    so that its normalised Laplacian has eigenvalues between 0 and 2. The upper bound
    stands for the largest one: scaled, the Laplacian is then minus the normalised
    adjacency, and there is no eigenvalue to differentiate.

    Parameters
    ----------
    n_filters : int
    n_polynomials : int
        From degree zero on.

    References
    ----------
    .. [1] T. Song, W. Zheng, P. Song and Z. Cui, "EEG emotion recognition using
       dynamical graph convolutional neural networks", IEEE Trans. Affective Computing
       11(3), 2020.
    """

    def __init__(self, n_filters, n_polynomials):
        super().__init__()
        self.n_filters, self.n_polynomials = n_filters, n_polynomials

    def build(self, shape, rng):
        """Draw an adjacency matrix, and filters (n_polynomials, n_features, n_filters).

        The former is positive: an edge that starts below zero would stay there.
        """
        n_features, n_nodes = shape
        size = self.n_polynomials, n_features, self.n_filters
        self.weights = {
            "adjacency": rng.uniform(0, 1, (n_nodes, n_nodes)),
            "filters": glorot(rng, size, n_features, self.n_filters),
        }
        return self.n_filters, n_nodes

    def graph(self):
        """Adjacency matrix, symmetric and not negative."""
        positive = np.maximum(self.weights["adjacency"], 0)
        return (positive + positive.T) / 2

    def _scaled(self, graph):
        """Scaled Laplacian, and the roots of the inverse degrees."""
        root = 1 / np.sqrt(graph.sum(axis=1) + np.asarray(_EPS, graph.dtype))
        return -graph * root * root[:, None], root

    def forward(self, x, run):
        """Apply the polynomials to the nodes, and the filters to the features.

        With the samples between features and nodes, each is one product.
        """
        n_samples, n_features, n_nodes = x.shape
        graph = self.graph()
        scaled, root = self._scaled(graph)  # symmetric
        size = self.n_polynomials, n_features, n_samples, n_nodes
        terms = run.buffer(self, "terms", size, x.dtype)
        terms[0] = x.swapaxes(0, 1)
        rows = terms.reshape(self.n_polynomials, -1, n_nodes)
        for k in range(1, self.n_polynomials):
            np.dot(rows[k - 1], scaled, out=rows[k])
            if k > 1:
                rows[k] *= 2
                rows[k] -= rows[k - 2]
        filtered = run.buffer(self, "out", (self.n_filters, *size[2:]), x.dtype)
        columns = n_samples * n_nodes
        filters = self.weights["filters"].reshape(-1, self.n_filters)
        by_term = terms.reshape(-1, columns)
        np.dot(filters.T, by_term, out=filtered.reshape(-1, columns))
        out = np.empty((n_samples, self.n_filters, n_nodes), x.dtype)
        rectify_swapped(filtered, out)
        run.keep(self, graph, scaled, root, terms, out)
        return out

    def backward(self, gradient, run, needs_input=True):
        """Go back through the recursion, the normalisation and the positive part."""
        graph, scaled, root, terms, out = run.kept(self)
        n_nodes, columns = len(graph), terms[0, 0].size
        size = self.n_filters, columns // n_nodes, n_nodes
        by_out = run.buffer(self, "out", size, out.dtype)
        swapped_back(gradient, out, by_out)
        by_out = by_out.reshape(-1, columns)
        by_filters = self.gradients["filters"].reshape(-1, self.n_filters)
        by_filters[...] = np.dot(by_out, terms.reshape(-1, columns).T).T
        filters = self.weights["filters"].reshape(-1, self.n_filters)
        by_terms = np.dot(filters, by_out).reshape(self.n_polynomials, -1, n_nodes)
        rows = terms.reshape(by_terms.shape)
        by_scaled = np.zeros_like(scaled)
        for k in range(self.n_polynomials - 1, 0, -1):
            if k > 1:
                by_terms[k - 2] -= by_terms[k]
                by_terms[k] *= 2
            by_scaled += by_terms[k].T @ rows[k - 1]
            by_terms[k - 1] += by_terms[k] @ scaled
        self._differentiate_graph(by_scaled, graph, root)
        by_x = by_terms[0].reshape(terms.shape[1:]).swapaxes(0, 1)
        return np.ascontiguousarray(by_x) if needs_input else None

    def _differentiate_graph(self, by_scaled, graph, root):
        """Write the gradient by the adjacency, from that by the scaled Laplacian."""
        by_root = -((by_scaled + by_scaled.T) * graph) @ root
        by_degree = by_root * root**3 * np.asarray(-0.5, root.dtype)
        by_graph = by_degree[:, None] - by_scaled * root * root[:, None]
        by_positive = (by_graph + by_graph.T) / 2
        self.gradients["adjacency"][...] = by_positive * (self.weights["adjacency"] > 0)

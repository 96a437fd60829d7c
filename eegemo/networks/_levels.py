"""What HiSTN is made of: filters of electrodes, and levels of their graph."""

import numpy as np

from .._kernels.convolution import correlate, correlate_taps
from ._convolution import DepthwiseConvolution, margins
from ._dense import glorot, shrink_rows
from ._graph import FixedPropagation
from ._layer import Layer, Sequential
from ._normalized_elu import NormalizedELU
from ._regions import RegionFusion, RegionPointwise


class SqueezedFilters(Layer):
    """Filters over time, the same for all channels, and a mixture of them for each.

    Nothing lies between the two, so that each channel has one filter, of low rank, and
    that is what is applied. It must be the first layer.

    Parameters
    ----------
    n_filters, n_taps : int
    order : sequence of int
        Which channels to take, and in which order.
    max_norm : float
        Greatest Euclidean norm of the weights of a mixture.
    """

    def __init__(self, n_filters, n_taps, order, max_norm):
        super().__init__()
        self.n_filters, self.n_taps = n_filters, n_taps
        self.order, self.max_norm = order, max_norm

    def build(self, shape, rng):
        """Draw filters (n_filters, n_taps) and mixtures (n_channels, n_filters)."""
        n_channels, n_times = len(self.order), shape[1]
        n, taps = self.n_filters, self.n_taps
        self.weights = {
            "temporal": glorot(rng, (n, taps), taps, n * taps),
            "mixtures": glorot(rng, (n_channels, n), n, n),
        }
        return n_channels, n_times

    def prepare(self, X):
        """Take the channels."""
        return np.ascontiguousarray(X[:, self.order])

    def forward(self, x, run):
        """Apply each channel's filter."""
        run.keep(self, x)
        composite = self.weights["mixtures"] @ self.weights["temporal"]
        rows = x.reshape(-1, x.shape[2])
        out = correlate(rows, composite, 1, *margins("same", self.n_taps))
        return out.reshape(x.shape)

    def backward(self, gradient, run, needs_input=False):
        """Differentiate the channels' filters, then their factors."""
        (x,) = run.kept(self)
        n_channels, n_times = x.shape[1:]
        composite = correlate_taps(
            x.reshape(-1, n_times),
            np.ascontiguousarray(gradient.reshape(-1, n_times)),
            1,
            margins("same", self.n_taps)[0],
            n_channels,
            self.n_taps,
        )
        mixtures, temporal = self.weights["mixtures"], self.weights["temporal"]
        np.matmul(mixtures.T, composite, out=self.gradients["temporal"])
        np.matmul(composite, temporal.T, out=self.gradients["mixtures"])

    def constrain(self):
        """Keep the norm of each mixture."""
        shrink_rows(self.weights["mixtures"], self.max_norm)


class Levels(Layer):
    """Signals of electrodes, of regions and of the head, all as means over time.

    Electrodes exchange signals within their region, and are filtered; each region is a
    weighted mean of its electrodes before that, sent to its neighbours, and of those
    after; and so is the head of the regions.

    All that follows the nonlinearity of the electrodes is linear over time, by weights
    that are the same at all times, and ends in a mean over time. So that mean is taken
    first here, of the electrodes before and after.

    Parameters
    ----------
    graphs : list of (int, list of (int, int))
        Number of electrodes and edges of each region.
    ring : list of (int, int)
        Edges between regions.
    order : int
        How many edges a signal may go.
    n_taps : int
        Of the filters of electrodes.
    """

    def __init__(self, graphs, ring, order, n_taps):
        super().__init__()
        sizes = [n for n, _ in graphs]
        self.electrodes = Sequential(
            propagation=FixedPropagation(graphs, order),
            taps=DepthwiseConvolution(n_taps, "same"),
            pointwise=RegionPointwise(sizes, max_norm=1.0),
            normalization=NormalizedELU(),
        )
        self.before, self.after = RegionFusion(sizes), RegionFusion(sizes)
        self.ring = FixedPropagation([(len(sizes), ring)], order)
        self.head_before = RegionFusion([len(sizes)])
        self.head_after = RegionFusion([len(sizes)])

    def parts(self):
        """Name the layers."""
        return {
            "electrodes": self.electrodes,
            "before": self.before,
            "after": self.after,
            "ring": self.ring,
            "head_before": self.head_before,
            "head_after": self.head_after,
        }

    def build(self, shape, rng):
        """Build all layers."""
        n_electrodes, _ = self.electrodes.build(shape, rng)
        regions = self.before.build((n_electrodes,), rng)
        self.after.build((n_electrodes,), rng)
        self.ring.build(regions, rng)
        self.head_before.build(regions, rng)
        self.head_after.build(regions, rng)
        return (n_electrodes + len(self.before.sizes) + 1,)

    def forward(self, x, run):
        """Concatenate the means of electrodes, regions and the head."""
        run.keep(self, x.shape)
        before = x.mean(axis=2)
        after = self.electrodes.forward(x, run).mean(axis=2)
        regions_before = self.before.forward(before, run)
        regions_after = self.after.forward(after, run)
        regions = self.ring.forward(regions_before, run) + regions_after
        head = self.head_before.forward(regions_before, run)
        head = head + self.head_after.forward(regions_after, run)
        return np.concatenate([before + after, regions, head], axis=1)

    def backward(self, gradient, run, needs_input=True):
        """Go back from the head to regions, and from these to electrodes."""
        (shape,) = run.kept(self)
        n = shape[1]
        of_electrodes, of_regions, of_head = np.split(gradient, [n, -1], axis=1)
        by_before = self.ring.backward(of_regions, run)
        by_before = by_before + self.head_before.backward(of_head, run)
        by_after = of_regions + self.head_after.backward(of_head, run)
        by_before = of_electrodes + self.before.backward(by_before, run)
        by_after = of_electrodes + self.after.backward(by_after, run)
        spread = np.empty(shape, gradient.dtype)
        spread[...] = by_after[..., None] / shape[2]
        out = self.electrodes.backward(spread, run)
        out += by_before[..., None] / shape[2]
        return out

"""What a layer of a network is: forward, backward, and weights in plain arrays."""

import numpy as np


class Pass:
    """What layers share on the way of batches through a network.

    The layers themselves keep nothing of the data, so that threads may predict with one
    network at the same time.

    Parameters
    ----------
    rng : numpy.random.Generator, default=None
        Of dropout; None outside training, where backward is not possible.
    """

    def __init__(self, rng=None):
        self.rng = rng
        self._kept = {}
        self._buffers = {}

    @property
    def training(self):
        """Whether batches train the network, or it only predicts."""
        return self.rng is not None

    def keep(self, layer, *values):
        """Keep for ``backward`` what ``forward`` of a layer has at hand."""
        if self.training:
            self._kept[layer] = values

    def kept(self, layer):
        """Return what ``forward`` of a layer kept last."""
        return self._kept[layer]

    def buffer(self, layer, name, shape, dtype):
        """Return an array of a layer's own, the same in each batch of this shape."""
        key = layer, name, shape
        if key not in self._buffers:
            self._buffers[key] = np.empty(shape, dtype)
        return self._buffers[key]


class Layer:
    """A step of a network. This one is the identity, and the base of all others.

    Attributes
    ----------
    weights : dict of str to array
        What is trained. ``build`` makes it, in float64.
    statistics : dict of str to array
        What is followed in training, such as running means, and is no weight.
    gradients : dict of str to array
        Of the weights, where ``backward`` writes them; only in training.
    """

    def __init__(self):
        self.weights, self.statistics, self.gradients = {}, {}, {}

    def build(self, shape, rng):
        """Draw the weights for samples of a shape; return the shape of the output.

        Parameters
        ----------
        shape : tuple of int
            Without the first axis, that of the samples.
        rng : numpy.random.Generator

        Returns
        -------
        shape : tuple of int
        """
        return shape

    def prepare(self, X):
        """Compute of all samples, once, what needs no weights: of a first layer only.

        Parameters
        ----------
        X : array of shape (n_samples, ...)

        Returns
        -------
        prepared : array
            In the precision of X.
        """
        return X

    def gather(self, prepared, samples, run):
        """Take samples of what :meth:`prepare` made: the input of ``forward``."""
        shape = (len(samples), *prepared.shape[1:])
        out = run.buffer(self, "input", shape, prepared.dtype)
        return np.take(prepared, samples, axis=0, out=out, mode="clip")

    def forward(self, x, run):
        """Compute the output; what ``backward`` needs is kept in the pass.

        Parameters
        ----------
        x : array of shape (n_samples, ...)
            May be overwritten, as may the output by the next layer.
        run : Pass

        Returns
        -------
        output : array of shape (n_samples, ...)
        """
        return x

    def backward(self, gradient, run, needs_input=True):
        """Write the gradients of the weights; return that of the input.

        Parameters
        ----------
        gradient : array
            Of the loss by the output of the last ``forward``. May be overwritten.
        run : Pass
        needs_input : bool, default=True
            If false, return None: nobody needs the gradient of the data.

        Returns
        -------
        gradient : array or None
        """
        return gradient

    def constrain(self):
        """Project the weights onto where they must stay, after each step."""

    def parts(self):
        """Name the layers within this one."""
        return {}


class Sequential(Layer):
    """Layers, one after the other, by name."""

    def __init__(self, **layers):
        super().__init__()
        self.layers = layers

    def build(self, shape, rng):
        """Build each layer."""
        for layer in self.layers.values():
            shape = layer.build(shape, rng)
        return shape

    @property
    def _first(self):
        return next(iter(self.layers.values()))

    def prepare(self, X):
        """As the first layer does."""
        return self._first.prepare(X)

    def gather(self, prepared, samples, run):
        """As the first layer does."""
        return self._first.gather(prepared, samples, run)

    def forward(self, x, run):
        """Go through the layers."""
        for layer in self.layers.values():
            x = layer.forward(x, run)
        return x

    def backward(self, gradient, run, needs_input=True):
        """Go back through the layers."""
        first = self._first
        for layer in reversed(self.layers.values()):
            gradient = layer.backward(gradient, run, needs_input or layer is not first)
        return gradient

    def parts(self):
        """Name the layers."""
        return self.layers


class Residual(Sequential):
    """Layers whose output is added to their input."""

    def forward(self, x, run):
        """Add what the layers make of x to x."""
        out = super().forward(x.copy(), run)
        out += x
        return out

    def backward(self, gradient, run, needs_input=True):
        """Add the gradients of both ways."""
        inner = super().backward(gradient.copy(), run, needs_input)
        if not needs_input:
            return None
        inner += gradient
        return inner


def walk(layer, prefix=""):
    """Yield the name and the layer of all parts of a layer, and of itself."""
    yield prefix, layer
    for name, part in layer.parts().items():
        yield from walk(part, f"{prefix}.{name}" if prefix else name)


def arrays(network, kind):
    """Return the weights, statistics or gradients of all layers, by full name.

    Parameters
    ----------
    network : Layer
    kind : "weights", "statistics" or "gradients"

    Returns
    -------
    arrays : dict of str to array
        The layers' own, such as ``"temporal.weight"``.
    """
    return {
        f"{prefix}.{name}" if prefix else name: array
        for prefix, layer in walk(network)
        for name, array in getattr(layer, kind).items()
    }


def flatten(network, dtype):
    """Lay all weights in one vector, and all gradients in another.

    The optimiser is then one loop over them. The layers' arrays become views.

    Parameters
    ----------
    network : Layer
    dtype : dtype
        Of weights, gradients and statistics from now on.

    Returns
    -------
    values, gradients : array of shape (n_parameters,)
    """
    size = sum(weight.size for weight in arrays(network, "weights").values())
    values, gradients = np.empty(size, dtype), np.zeros(size, dtype)
    start = 0
    for _, layer in walk(network):
        for name, weight in layer.weights.items():
            part = slice(start, start + weight.size)
            values[part] = weight.ravel()
            layer.weights[name] = values[part].reshape(weight.shape)
            layer.gradients[name] = gradients[part].reshape(weight.shape)
            start = part.stop
        for name, statistic in layer.statistics.items():
            layer.statistics[name] = statistic.astype(dtype)
    return values, gradients


def unflatten(network):
    """End training: give each layer arrays of its own, in float64, for prediction.

    Sums over a batch then do not depend, but by rounding in float64, on its size.
    """
    for _, layer in walk(network):
        for kind in (layer.weights, layer.statistics):
            for name, array in kind.items():
                kind[name] = array.astype(np.float64)
        layer.gradients = {}

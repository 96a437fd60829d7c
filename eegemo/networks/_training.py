"""The one loop that trains every network."""

import math

import numpy as np
from scipy.special import softmax

from .._kernels.cross_entropy import cross_entropy
from ._layer import Layer, Pass, arrays, flatten, walk


class Trainer:
    """A network in training: its weights in one vector, and the optimiser.

    Parameters
    ----------
    network : Layer
        Whose arrays become views of the vector, in ``dtype``.
    optimizer : Adam
    rng : numpy.random.Generator
        Of dropout and of the order of the samples.
    dtype : dtype, default=numpy.float32
    at_a_time : int, default=None
        Go forward and back with so many samples of a batch at a time, and sum the
        gradients: of a network without batch normalisation, they are those of the
        batch, and what lies between the layers may stay in the cache.
    """

    def __init__(self, network, optimizer, rng, dtype=np.float32, at_a_time=None):
        self.network, self.optimizer, self.rng = network, optimizer, rng
        self.at_a_time = at_a_time
        self.values, self.gradients = flatten(network, dtype)
        self.constrained = [
            layer
            for _, layer in walk(network)
            if type(layer).constrain is not Layer.constrain
        ]
        self.run = Pass(rng)

    def step(self, batch, targets, weights, rate):
        """Train with one batch.

        Parameters
        ----------
        batch : array of shape (n_samples, ...)
            As the first layer's ``gather`` returns it.
        targets : array of shape (n_samples, n_classes)
        weights : array of shape (n_samples,)
        rate : float
            Learning rate.

        Returns
        -------
        loss : float
            Before the step. If it is not finite, no step is made.
        """
        n = len(targets)  # of the batch, the first axis may be another
        if (self.at_a_time or n) >= n:
            loss = self._differentiate(batch, targets, weights)
        else:
            loss = self._differentiate_parts(batch, targets, weights)
        if not math.isfinite(loss):
            return loss
        self.optimizer.step(self.values, self.gradients, rate)
        for layer in self.constrained:
            layer.constrain()
        return loss

    def _differentiate(self, batch, targets, weights, share=None):
        """Write the gradients, and return the loss; both times a share of the batch."""
        logits = self.network.forward(batch, self.run)
        loss, gradient = cross_entropy(logits, targets, weights)
        if share is not None:
            loss *= share
            gradient *= share
        if math.isfinite(loss):
            self.network.backward(gradient, self.run, needs_input=False)
        return loss

    def _differentiate_parts(self, batch, targets, weights):
        loss, total, n = 0.0, 0, len(targets)
        for start in range(0, n, self.at_a_time):
            part = slice(start, start + self.at_a_time)
            x, y, w = batch[part], targets[part], weights[part]
            loss += self._differentiate(x, y, w, len(y) / n)
            total = total + self.gradients
        self.gradients[:] = total
        return loss

    def epoch(self, prepared, samples, targets, weights, batch_size, rate):
        """Train with each sample once, in random order, in batches of equal size.

        Parameters
        ----------
        prepared : array
            Of the network's ``prepare``.
        samples : int array of shape (n,)
            Which of the prepared samples to take.
        targets : array of shape (n_prepared, n_classes)
        weights : array of shape (n_prepared,)
        batch_size : int
            At most so many samples make a batch.
        rate : float

        Returns
        -------
        loss : float
            Mean over the epoch. If it is not finite, training has stopped there.
        """
        order = self.rng.permutation(samples)
        total = 0.0
        for batch in np.array_split(order, -(-len(order) // batch_size)):
            x = self.network.gather(prepared, batch, self.run)
            loss = self.step(x, targets[batch], weights[batch], rate)
            total += loss * len(batch)
            if not math.isfinite(loss):
                break
        return total / len(order)

    def loss(self, prepared, samples, targets, weights):
        """Mean loss of samples that are not trained with."""
        run, total = Pass(), 0.0
        for part in np.array_split(samples, -(-len(samples) // 64)):
            logits = self.network.forward(self.network.gather(prepared, part, run), run)
            total += len(part) * cross_entropy(logits, targets[part], weights[part])[0]
        return total / len(samples)

    def is_finite(self):
        """Tell whether all weights are."""
        return bool(np.isfinite(self.values).all())

    def snapshot(self):
        """Copy weights and statistics."""
        statistics = arrays(self.network, "statistics")
        return self.values.copy(), {k: v.copy() for k, v in statistics.items()}

    def restore(self, snapshot):
        """Put back what :meth:`snapshot` copied."""
        self.values[:] = snapshot[0]
        for name, array in arrays(self.network, "statistics").items():
            array[...] = snapshot[1][name]


def probabilities(network, X, at_a_time=64):
    """Predict probabilities, some samples at a time.

    Parameters
    ----------
    network : Layer
        After :func:`~eegemo.networks._layer.unflatten`.
    X : float64 array of shape (n_samples, ...)
    at_a_time : int, default=64

    Returns
    -------
    probabilities : float64 array of shape (n_samples, n_classes)
    """
    parts = range(0, len(X), at_a_time)
    logits = [_logits(network, X[start : start + at_a_time]) for start in parts]
    return softmax(np.concatenate(logits), axis=1)


def _logits(network, X):
    run = Pass()
    x = network.gather(network.prepare(X), np.arange(len(X)), run)
    return network.forward(x, run)

"""A network in training, by eegemo or by torch: the two sides of a comparison."""

import inspect

import numpy as np
import torch
from _torch_networks import train
from threadpoolctl import ThreadpoolController

from eegemo.networks._layer import Pass, arrays
from eegemo.networks._optimizer import Adam
from eegemo.networks._training import Trainer


class Eegemo:
    """Our training loop, without what ``fit`` does once.

    Parameters
    ----------
    case : Case
    X, y : array
    dropout : bool, default=True
    """

    def __init__(self, case, X, y, dropout=True):
        self.case, self.X, self.y = case, X, y
        self.estimator = case.estimator()
        if not dropout:
            without(self.estimator)
        self.rng = np.random.default_rng(0)
        self.network = self.estimator._network(X.shape[1:], case.n_classes)
        self.network.build(X.shape[1:], self.rng)
        self.targets = np.eye(case.n_classes, dtype=X.dtype)[y]
        self.weights = np.ones(len(y), X.dtype)
        self.threads = ThreadpoolController()  # looking for libraries takes a while

    def prepare(self):
        """Compute what needs no weights, and lay out the weights."""
        e = self.estimator
        size = sum(w.size for w in arrays(self.network, "weights").values())
        adam = Adam(size, self.X.dtype, e.optimizer == "adamw", e.weight_decay)
        self.prepared = self.network.prepare(self.X)
        self.trainer = Trainer(
            self.network, adam, self.rng, self.X.dtype, e._train_at_a_time
        )

    def epoch(self, batches):
        """Step once for each batch; return the losses."""
        trainer, rate = self.trainer, self.estimator.learning_rate
        losses = []
        with self.threads.limit(limits=1, user_api="blas"):  # as ``fit`` does
            for rows in batches:
                x = self.network.gather(self.prepared, rows, trainer.run)
                targets, weights = self.targets[rows], self.weights[rows]
                losses.append(trainer.step(x, targets, weights, rate))
        return losses

    def gradients(self, rows):
        """Of all weights, by a batch's mean loss."""
        run = Pass(self.rng)
        x = self.network.gather(self.prepared, rows, run)
        logits = self.network.forward(x, run).copy()
        wide = np.exp(logits - logits.max(axis=1, keepdims=True))
        slope = wide / wide.sum(axis=1, keepdims=True) - self.targets[rows]
        self.network.backward(slope / len(rows), run, needs_input=False)
        return {k: g.copy() for k, g in arrays(self.network, "gradients").items()}

    def fit(self, n_epochs):
        """What users call."""
        self.case.estimator(max_epochs=n_epochs).fit(self.X, self.y)


class Torch:
    """A torch module, trained with the same optimiser and batches.

    Parameters
    ----------
    case : Case
    X, y : array
    make : callable
        Makes the module of a shape and a number of classes.
    """

    def __init__(self, case, X, y, make):
        self.case, self.make = case, make
        self.raw, self.y = X, torch.from_numpy(y)

    def prepare(self):
        """Make module and optimiser."""
        X = self.raw if self.case.filtered is None else self.case.filtered(self.raw)
        self.X = torch.from_numpy(X)
        torch.manual_seed(0)
        self.module = self.make(self.raw.shape, self.case.n_classes)
        self.module.to(self.X.dtype).train()
        self.optimizer = self._optimizer()

    def _optimizer(self):
        e = self.case.estimator()
        kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[e.optimizer]
        # One call for all weights, which is torch's fastest.
        return kind(
            self.module.parameters(),
            lr=e.learning_rate,
            weight_decay=e.weight_decay,
            fused=True,
        )

    def epoch(self, batches):
        """Step once for each batch; return the losses."""
        rows = [torch.from_numpy(rows) for rows in batches]
        return train(self.module, self.X, self.y, rows, self.optimizer)

    def load(self, weights):
        """Take over initial weights of ours, by name."""
        theirs = self.case.layout(weights)
        named = dict(self.module.named_parameters())
        if theirs.keys() != named.keys():
            raise ValueError(f"Not both have {theirs.keys() ^ named.keys()}.")
        with torch.no_grad():
            for name, weight in named.items():
                ours = np.array(theirs[name], order="C")
                weight.copy_(torch.from_numpy(ours).reshape(weight.shape))

    def gradients(self, rows):
        """Of all weights, by a batch's mean loss."""
        self.module.zero_grad()
        logits = self.module(self.X[rows])
        torch.nn.functional.cross_entropy(logits, self.y[rows]).backward()
        return {k: p.grad.numpy() for k, p in self.module.named_parameters()}

    def fit(self, n_epochs):
        """Make everything anew and train, in random order."""
        self.prepare()
        rng = np.random.default_rng(0)
        for _ in range(n_epochs):
            self.epoch(split(rng.permutation(len(self.y)), self.case.batch))


def split(order, batch_size):
    """Batches of equal size, at most ``batch_size``, as ours are."""
    return np.array_split(order, -(-len(order) // batch_size))


def without(estimator):
    """Set dropout to zero."""
    for name in inspect.signature(type(estimator)).parameters:
        if "dropout" in name:
            value = getattr(estimator, name)
            setattr(estimator, name, 0.0 if np.isscalar(value) else (0.0,) * len(value))

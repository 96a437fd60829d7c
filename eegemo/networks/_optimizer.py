"""Adam, and the course of its learning rate."""

import math
from collections.abc import Mapping
from numbers import Real

import numpy as np

from .._kernels.adam import adam_step

_LEAST = 1e-3  # of the learning rate, at the end of a cosine
OPTIMIZERS = ("adam", "adamw")


class Adam:
    """Adam [1]_, or AdamW [2]_, on one vector of weights.

    Parameters
    ----------
    size : int
    dtype : dtype
    decoupled : bool, default=False
        Of AdamW: the weights shrink by ``weight_decay`` times the learning rate,
        instead of a gradient that has ``weight_decay`` times the weights added.
    weight_decay : float, default=0.0

    References
    ----------
    .. [1] D. P. Kingma and J. Ba, "Adam: a method for stochastic optimization", ICLR
       2015.
    .. [2] I. Loshchilov and F. Hutter, "Decoupled weight decay regularization", ICLR
       2019.
    """

    betas = 0.9, 0.999
    eps = 1e-8

    def __init__(self, size, dtype, decoupled=False, weight_decay=0.0):
        self.decoupled, self.weight_decay = decoupled, weight_decay
        self.n_steps = 0
        self.first, self.second = np.zeros(size, dtype), np.zeros(size, dtype)

    def step(self, values, gradients, rate):
        """Move the values, in place, at a learning rate."""
        self.n_steps += 1
        if self.weight_decay and not self.decoupled:
            gradients += values.dtype.type(self.weight_decay) * values
        beta1, beta2 = self.betas
        hyper = (
            rate,
            beta1,
            beta2,
            1 / (1 - beta1**self.n_steps),
            1 / (1 - beta2**self.n_steps),
            self.eps,
            rate * self.weight_decay if self.decoupled else 0.0,
        )
        adam_step(values, gradients, self.first, self.second, hyper)


def check_finite(value, name):
    """Raise ValueError if a number is infinite, or none."""
    if not math.isfinite(value):
        raise ValueError(f"{name} should be finite, got {value}.")


def check_schedule(schedule):
    """Raise ValueError unless it is one of which :func:`learning_rate` knows."""
    if isinstance(schedule, Mapping):
        numbers = [*schedule, *schedule.values()]
        if all(isinstance(n, Real) and 0 <= n < math.inf for n in numbers) and all(
            rate > 0 for rate in schedule.values()
        ):
            return
    elif schedule in ("constant", "cosine"):
        return
    raise ValueError(
        'schedule should be "constant", "cosine" or a dict of epochs and the learning '
        f"rates from each on, such as {{30: 5e-4}}; got {schedule!r}."
    )


def learning_rate(schedule, initial, epoch, max_epochs):
    """Learning rate of an epoch, counted from zero.

    Parameters
    ----------
    schedule : "constant", "cosine", or dict of int to float
        A cosine ends at a thousandth of the initial rate. A dict has the rate from each
        of some epochs on.
    initial : float
    epoch, max_epochs : int

    Returns
    -------
    rate : float
    """
    if schedule == "constant":
        return initial
    if schedule == "cosine":
        least = _LEAST * initial
        share = min(epoch / max_epochs, 1)
        return least + (initial - least) * (1 + math.cos(math.pi * share)) / 2
    passed = [start for start in schedule if start <= epoch]
    return schedule[max(passed)] if passed else initial

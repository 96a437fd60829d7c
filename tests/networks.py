"""What the tests of networks share."""

import numpy as np
from numpy.testing import assert_allclose

from eegemo.networks._layer import Pass, arrays, flatten

STEP = 1e-6


def built(layer, shape, seed=0, dtype=np.float64):
    """Build a layer, ready for forward and backward; return the shape of its output."""
    out = layer.build(shape, np.random.default_rng(seed))
    flatten(layer, dtype)
    return out


def forward(layer, X, seed=0, run=None):
    """Output of a layer in training, from its input as a user has it."""
    run = Pass(np.random.default_rng(seed)) if run is None else run
    prepared = layer.prepare(X.copy())
    return layer.forward(layer.gather(prepared, np.arange(len(X)), run), run)


def check_gradients(layer, X, seed=0, rtol=1e-6, atol=1e-8, of_input=True):
    """Compare all gradients of a built layer with central differences.

    The loss is a random linear function of the output. Differences of step 1e-6 err by
    about 1e-12 of the third derivative, and 1e-10 by rounding. Dropout draws the same
    mask each time. ``of_input`` must be false of first layers that prepare their input.
    """
    direction = np.random.default_rng(seed + 1).standard_normal(
        forward(layer, X, seed).shape
    )

    def loss(X):
        return float((forward(layer, X, seed) * direction).sum())

    def slope(array):
        slopes = np.empty(array.shape)
        for i in np.ndindex(array.shape):
            value = array[i]
            array[i] = value + STEP
            high = loss(X)
            array[i] = value - STEP
            low = loss(X)
            array[i] = value
            slopes[i] = (high - low) / (2 * STEP)
        return slopes

    statistics = {k: v.copy() for k, v in arrays(layer, "statistics").items()}
    run = Pass(np.random.default_rng(seed))
    forward(layer, X, run=run)
    gradient = layer.backward(direction.copy(), run, needs_input=of_input)
    analytic = {k: v.copy() for k, v in arrays(layer, "gradients").items()}
    for name, weight in arrays(layer, "weights").items():
        expected = slope(weight)
        scale = max(1.0, np.abs(expected).max())
        assert_allclose(
            analytic[name], expected, rtol=rtol, atol=atol * scale, err_msg=name
        )
    if of_input:
        X = X.copy()
        expected = slope(X)
        scale = max(1.0, np.abs(expected).max())
        assert_allclose(gradient, expected, rtol=rtol, atol=atol * scale)
    for name, statistic in arrays(layer, "statistics").items():
        statistic[...] = statistics[name]

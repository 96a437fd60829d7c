"""Where in a window the evidence for its class lies, by class activation."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from .._kernels.convolution import correlate
from ._layer import Pass

_RANK = 100  # what exceeds the hundredth is kept, as in the paper


def activation_maps(layers, X, numbers, mean, variance):
    """Trace what speaks for a class back to electrodes and times.

    Parameters
    ----------
    layers : dict of str to Layer
        Of :class:`InterpretableCNN`: spatial, temporal, mean and output.
    X : float64 array of shape (n_windows, n_channels, n_times)
        As the network takes it.
    numbers : int array of shape (n_windows,)
        Of the class to explain, in each window.
    mean, variance : array of shape (n_maps,)
        Of batch normalisation.

    Returns
    -------
    maps : array of shape (n_windows, n_channels, n_times)
        Centred, and divided by the root mean square.
    """
    run = Pass()
    outputs = layers["temporal"].forward(layers["spatial"].forward(X, run), run)
    positive = np.maximum(outputs, 0).swapaxes(1, 2)
    normalised, *_ = layers["mean"].standardise(positive, mean, variance)
    normalised = normalised.swapaxes(1, 2)
    evidence = normalised * layers["output"].weights["weight"].T[numbers, :, None]
    # a negative output is evidence only by what normalisation made of its zero
    own = np.sign(normalised) == np.sign(outputs)
    half = layers["temporal"].n_taps // 2
    marks = np.zeros(X.shape)
    for w in range(len(X)):
        points = np.nonzero(strongest(evidence[w]) & own[w])
        electrodes = _electrodes(layers, X[w], np.sign(outputs[w])[points], *points)
        np.add.at(marks[w], (electrodes, points[1] + half), 1)
    return standardised(blurred(marks, half))


def strongest(evidence):
    """Tell which exceed the hundredth of a window, or the least if there are fewer."""
    rank = min(_RANK, evidence.size)
    return evidence > np.partition(evidence, -rank, axis=None)[-rank]


def _electrodes(layers, x, signs, maps, starts):
    """Find the channel that adds most to each output of a window.

    Parameters
    ----------
    x : array of shape (n_channels, n_times)
    signs : array of shape (n_points,)
        Of the outputs.
    maps, starts : int array of shape (n_points,)
        Map and first sample of each.
    """
    temporal = layers["temporal"]
    seen = sliding_window_view(x, temporal.n_taps, axis=1)[:, starts]
    filtered = np.einsum("cpk,pk->pc", seen, temporal.weights["weight"][maps])
    spatial = layers["spatial"].weights["weight"][maps // temporal.multiplier]
    return (signs[:, None] * spatial * filtered).argmax(axis=1)


def blurred(marks, half):
    """Add up Gaussians of this standard deviation, cut at it on either side."""
    bell = np.exp(-0.5 * (np.arange(-half, half + 1) / max(half, 1)) ** 2)
    rows = marks.reshape(-1, marks.shape[-1])
    return correlate(rows, bell[None], 1, half, half).reshape(marks.shape)


def standardised(maps):
    """Centre each window's map, and divide it by its root mean square."""
    maps = maps - maps.mean(axis=(1, 2), keepdims=True)
    scale = np.sqrt(np.mean(maps**2, axis=(1, 2), keepdims=True))
    return np.divide(maps, scale, out=np.zeros_like(maps), where=scale > 0)

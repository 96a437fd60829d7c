"""Order and lag of a delay embedding, by maximising derivatives on projection."""

import numpy as np

from .._kernels.embedding import beta_statistic, first_minimum, nearest_neighbours

MIN_TIMES = 16  # samples in a window; a technical limit, not a sensible length
_TOLERANCE = 2.0  # growth of the distance that makes a neighbour a false one
_ENOUGH = 0.05  # fraction of false neighbours at which the embedding is complete
_MAX_THEILER = 100
_MAX_WINDOWS = 64
_GRID = 2.0**20  # steps in a standard deviation


def choose_embedding(X, max_order=10, max_delay=50):
    """Choose the order and lag that windows call for, on average.

    A window's order is the number of its delays, and its lag their mean, both with the
    delay of 0 that it starts from. Of more than 64 windows, 64 evenly spaced ones are
    looked at. Windows whose channels are all flat do not count.

    Parameters
    ----------
    X : float array of shape (n_windows, n_channels, n_times), n_times >= MIN_TIMES
    max_order, max_delay : int
        See :func:`select_delays`.

    Returns
    -------
    order, lag : int
        Means over the windows, rounded to the nearest integer from 1 on.
    delays : list of list of int
        Those of each window looked at.

    Raises
    ------
    ValueError
        All channels of all these windows are flat.
    """
    if len(X) > _MAX_WINDOWS:
        X = X[np.linspace(0, len(X) - 1, _MAX_WINDOWS).round().astype(int)]
    delays = [select_delays(window, max_order, max_delay)[0] for window in X]
    found = [d for d in delays if d]
    if not found:
        raise ValueError(
            "Every channel of every window looked at is flat: no embedding can be "
            "chosen. Check the recording, or give order and lag as integers."
        )
    order = np.rint(np.mean([len(d) for d in found]))
    lag = np.rint(np.mean([np.rint(np.mean(d)) for d in found]))
    return int(order), max(1, int(lag)), delays


def select_delays(window, max_order=10, max_delay=50):
    """Select the coordinates of the embedding of one window.

    Again and again, the channel and delay are added that tell nearest neighbours apart
    most, relative to their distance: the greatest beta statistic. The selection ends
    when few neighbours are false, or more than before, or all are too far to tell.

    Parameters
    ----------
    window : float array of shape (n_channels, n_times), n_times >= MIN_TIMES
    max_order : int, at least 1
        Largest number of delays.
    max_delay : int, at least 1
        Largest delay in samples. No more than half the window is used.

    Returns
    -------
    delays, channels : lists of int
        Of the coordinates, the first with a delay of 0. Empty if all channels are flat.

    Notes
    -----
    Departures from DelayEmbeddings.jl, which the authors of the augmented covariance
    used: a false neighbour is one that the new coordinate moves away, rather than a
    point whose nearest neighbour in the new space is another, further one; if none is
    false the selection ends, rather than goes on; all cycles use the same points; the
    bins of the mutual information are as many for every channel; equal values differ
    by the smallest step of their series, so that no logarithm is infinite.
    """
    varying = np.flatnonzero(np.ptp(window, axis=1))
    if len(varying) == 0:
        return [], []
    S = standardise(window[varying])
    max_delay = min(max_delay, S.shape[1] // 2)
    n_points = S.shape[1] - max_delay  # with all their delays, in every cycle
    theiler = min(theiler_window(S), n_points // 4)  # leaves neighbours to each point
    step = np.array([np.diff(np.unique(s)).min() for s in S])

    def cycle(Y):
        index, distance = neighbours(Y, theiler)
        distance = np.maximum(distance, step.min())
        return index, distance, beta_statistic(S, index, distance, step, max_delay)

    # The first channel is chosen along with the second coordinate.
    starts = [cycle(s[None, :n_points]) for s in S]
    first = int(np.argmax([beta.max() for _, _, beta in starts]))
    index, distance, beta = starts[first]
    Y = S[first, None, :n_points]
    coordinates = [(0, first)]
    before = np.inf
    while len(coordinates) < max_order:
        channel, delay = np.unravel_index(beta.argmax(), beta.shape)
        future = S[channel, delay:]
        false = false_fraction(distance, future[:n_points] - future[index])
        if false <= _ENOUGH or false > before:
            break
        coordinates.append((int(delay), int(channel)))
        Y = np.vstack([Y, future[:n_points]])
        index, distance, beta = cycle(Y)
        before = false
    delays, channels = zip(*coordinates, strict=True)
    return list(delays), [int(varying[c]) for c in channels]


def standardise(X):
    """Give rows zero mean and unit variance, on a grid of a millionth of it.

    On the grid, values that differ by rounding errors alone are equal, so that neither
    they nor the gain of the amplifier decide which neighbour is nearer.
    """
    X = X.astype(np.float64)
    X -= X.mean(axis=1, keepdims=True)
    X /= np.abs(X).max(axis=1, keepdims=True)  # lest squares of volts underflow
    X /= X.std(axis=1, keepdims=True)
    return np.rint(X * _GRID) / _GRID


def theiler_window(S):
    """Largest first minimum, over the rows, of the self mutual information."""
    longest = min(_MAX_THEILER, S.shape[1] // 2)
    # Five samples in each cell of the joint histogram, were it uniform.
    n_bins = max(2, int(np.sqrt((S.shape[1] - longest) / 5)))
    return max(first_minimum(digitise(s, n_bins), longest, n_bins) for s in S)


def digitise(s, n_bins):
    """Put samples into bins of equally many, but equal samples into the same bin."""
    edges = np.sort(s)[np.arange(1, n_bins) * len(s) // n_bins]
    return np.searchsorted(edges, s, side="right")


def neighbours(Y, theiler):
    """Index of, and distance to, the nearest neighbour of every column of Y."""
    order = np.argsort(Y[0])
    return nearest_neighbours(np.ascontiguousarray(Y.T[order]), order, theiler)


def false_fraction(distance, gap):
    """Fraction of the nearest neighbours that a further coordinate takes apart.

    Parameters
    ----------
    distance : array of shape (n_points,)
        To the nearest neighbours, in standard deviations.
    gap : array of shape (n_points,)
        Differences to the same neighbours in the further coordinate.

    Returns
    -------
    fraction : float
        Of those closer than ``1 / _TOLERANCE``: others could not be told from the
        spread of the signal. 0 if there are none.
    """
    close = distance < 1 / _TOLERANCE
    false = np.hypot(distance, gap)[close] > _TOLERANCE * distance[close]
    return false.mean() if close.any() else 0.0

"""What a delay embedding is chosen by: mutual information, neighbours, derivatives."""

import numpy as np
from numba import njit

# So few factors neither underflow nor overflow, for the differences lie between 2^-20,
# the grid of the series, and twice the square root of their length.
_FACTORS = 48


@njit(cache=True, nogil=True)
def first_minimum(x, max_delay, n_bins):
    """Delay of the first minimum of the mutual information of x with its future.

    Parameters
    ----------
    x : float64 array of shape (n_times,), n_times > max_delay
    max_delay : int, at least 1
    n_bins : int
        Of the histogram, which holds as near as can be equally many samples each:
        equal samples share a bin.

    Returns
    -------
    delay : int
        The least delay from 1 at which the next one has no smaller information;
        max_delay if it falls all the way. A flat series yields 1.
    """
    n = len(x) - max_delay  # as many pairs at every delay, so that biases compare
    edges = np.sort(x)[np.arange(1, n_bins) * len(x) // n_bins]
    bins = np.searchsorted(edges, x, side="right")
    before = _mutual_information(bins, n, 1, n_bins)
    for delay in range(1, max_delay):
        after = _mutual_information(bins, n, delay + 1, n_bins)
        if after >= before:
            return delay
        before = after
    return max_delay


@njit(cache=True, nogil=True)
def _mutual_information(bins, n, delay, n_bins):
    """Information in nats that n bins hold on those delay samples later."""
    joint = np.zeros((n_bins, n_bins), np.int64)
    for i in range(n):
        joint[bins[i], bins[i + delay]] += 1
    now, later = joint.sum(axis=1), joint.sum(axis=0)
    total = 0.0
    for a in range(n_bins):
        for b in range(n_bins):
            if joint[a, b] > 0:
                total += joint[a, b] * np.log(n * joint[a, b] / (now[a] * later[b]))
    return total / n


@njit(cache=True, nogil=True)
def nearest_neighbours(Y, theiler):
    """Nearest neighbour of every point, among those not close to it in time.

    Points are visited in the order of their first coordinate, outwards from each,
    until that coordinate alone is further than the nearest found.

    Parameters
    ----------
    Y : float64 array of shape (n_dims, n_points)
    theiler : int
        Points i and j are neighbours only if abs(i - j) > theiler. Less than
        (n_points - 1) / 2, so that every point has one.

    Returns
    -------
    index : int64 array of shape (n_points,)
        Of equally near ones, the first.
    distance : float64 array of shape (n_points,)
    """
    n_dims, n_points = Y.shape
    order = np.argsort(Y[0])
    P = np.empty((n_points, n_dims))
    for rank in range(n_points):
        P[rank] = Y[:, order[rank]]
    index = np.empty(n_points, np.int64)
    distance = np.empty(n_points)
    for rank in range(n_points):
        i = order[rank]
        best, nearest = np.inf, n_points
        for direction in (-1, 1):
            other = rank + direction
            while 0 <= other < n_points:
                square = (P[other, 0] - P[rank, 0]) ** 2
                if square > best:
                    break
                j = order[other]
                if abs(i - j) > theiler:
                    for k in range(1, n_dims):
                        square += (P[other, k] - P[rank, k]) ** 2
                    if square < best or (square == best and j < nearest):
                        best, nearest = square, j
                other += direction
        index[i] = nearest
        distance[i] = np.sqrt(best)
    return index, distance


@njit(cache=True, nogil=True)
def beta_statistic(S, index, distance, step, max_delay):
    """Mean decimal logarithm of the derivatives along a further coordinate.

    Parameters
    ----------
    S : float64 array of shape (n_series, n_times)
        Those whose future may become the coordinate.
    index : int64 array of shape (n_points,), n_points <= n_times - max_delay
    distance : float64 array of shape (n_points,), positive
        The nearest neighbour of every point, and how far it is.
    step : float64 array of shape (n_series,), positive
        The smallest difference of each series, which stands in for that of equal
        values.
    max_delay : int

    Returns
    -------
    beta : float64 array of shape (n_series, max_delay + 1)
    """
    n_series, n_points, n_delays = S.shape[0], len(index), max_delay + 1
    beta = np.zeros((n_series, n_delays))
    product = np.ones(n_delays)  # one logarithm for many factors
    for s in range(n_series):
        total, least = beta[s], step[s]
        for i in range(n_points):
            here = S[s, i : i + n_delays]
            there = S[s, index[i] : index[i] + n_delays]
            for t in range(n_delays):
                gap = abs(here[t] - there[t])
                product[t] *= gap if gap > least else least
            if i % _FACTORS == _FACTORS - 1 or i == n_points - 1:
                for t in range(n_delays):
                    total[t] += np.log(product[t])
                    product[t] = 1.0
    return (beta - np.log(distance).sum()) / (n_points * np.log(10.0))

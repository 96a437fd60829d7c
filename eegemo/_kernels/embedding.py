"""What a delay embedding is chosen by: mutual information, neighbours, derivatives."""

import numpy as np
from numba import njit

# So few factors neither underflow nor overflow, for the differences lie between 2^-20,
# the grid of the series, and twice the square root of their length.
_FACTORS = 48


@njit(cache=True, nogil=True)
def first_minimum(bins, max_delay, n_bins):
    """Delay of the first minimum of the mutual information of a series with its future.

    Parameters
    ----------
    bins : int64 array of shape (n_times,), n_times > max_delay
        Bin of the histogram, from 0, into which each sample falls.
    max_delay : int, at least 1
    n_bins : int

    Returns
    -------
    delay : int
        The least delay from 1 at which the next one has no smaller information;
        max_delay if it falls all the way. A flat series yields 1.
    """
    before = _mutual_information(bins, 1, max_delay, n_bins)
    for delay in range(1, max_delay):
        after = _mutual_information(bins, delay + 1, max_delay, n_bins)
        if after >= before:
            return delay
        before = after
    return max_delay


@njit(cache=True, nogil=True)
def _mutual_information(bins, delay, max_delay, n_bins):
    """Information in nats about the samples after the delay.

    Of as many pairs at every delay, so that the biases compare.
    """
    n_pairs = len(bins) - max_delay
    joint = np.zeros((n_bins, n_bins))
    now = np.zeros(n_bins)
    later = np.zeros(n_bins)
    for i in range(n_pairs):
        a, b = bins[i], bins[i + delay]
        joint[a, b] += 1.0
        now[a] += 1.0
        later[b] += 1.0
    total = 0.0
    for a in range(n_bins):
        for b in range(n_bins):
            pairs = joint[a, b]
            if pairs > 0.0:
                total += pairs * np.log(n_pairs * pairs / (now[a] * later[b]))
    return total / n_pairs


@njit(cache=True, nogil=True)
def nearest_neighbours(P, time, theiler):
    """Nearest neighbour of every point, among those not close to it in time.

    The search goes outwards in the first coordinate, until that alone is further than
    the nearest point found.

    Parameters
    ----------
    P : float64 array of shape (n_points, n_dims)
        Points in the order of their first coordinate.
    time : int64 array of shape (n_points,)
        Their place in time, from 0.
    theiler : int
        Neighbours are more than this apart in time. Less than (n_points - 1) / 2, so
        that every point has one.

    Returns
    -------
    index : int64 array of shape (n_points,)
        Time of the neighbour of the point at each time; of equally near ones, the
        first.
    distance : float64 array of shape (n_points,)
        Likewise, how far it is.
    """
    n_points, n_dims = P.shape
    index = np.empty(n_points, np.int64)
    distance = np.empty(n_points)
    for p in range(n_points):
        best, nearest = np.inf, n_points
        for direction in (-1, 1):
            q = p + direction
            while 0 <= q < n_points:
                square = (P[q, 0] - P[p, 0]) ** 2
                if square > best:
                    break
                if abs(time[q] - time[p]) > theiler:
                    for k in range(1, n_dims):
                        square += (P[q, k] - P[p, k]) ** 2
                    if square < best or (square == best and time[q] < nearest):
                        best, nearest = square, time[q]
                q += direction
        index[time[p]] = nearest
        distance[time[p]] = np.sqrt(best)
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

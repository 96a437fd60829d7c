"""A bank of Butterworth band-passes, and the variance each leaves, in one pass.

A recursion along time does not vectorise, so rows of X lie side by side in lanes: the
innermost loops run over one sample of each. A block of lanes is filtered chunk by
chunk, by all bands while the chunk is in cache, and only sums of the output are kept.

Every section has its zeros at +1 and -1, as those of a Butterworth band-pass may be
paired, hence the numerator 1 - z^-2 and two coefficients, a1 and a2. Gains are left to
the caller.
"""

import numpy as np
from numba import njit

_LANES = 32  # at 8 half of a vector loop is overhead, at 64 a chunk outgrows the cache
_STEPS = 8  # samples of a lane between loading and storing its state
_CHUNK = 64  # samples: 16 KiB of lanes, twice in the first cache
_WHOLE = 512  # samples: up to here, a zero-phase filter keeps a row in one chunk


@njit(cache=True, nogil=True)
def causal_variance(X, offset, poles, edges, first, last, ddof):
    """Variance of segments of every row, filtered forward from rest.

    Parameters
    ----------
    X : float array of shape (n_rows, n_times)
    offset : float64 array of shape (n_rows,)
        Subtracted from the rows.
    poles : float64 array of shape (n_bands, n_sections, 2)
        a1 and a2 of each section.
    edges : int64 array of shape (n_pieces + 1,)
        Increasing samples, the first >= 0 and the last <= n_times, that cut time into
        pieces.
    first, last : int64 arrays of shape (n_segments,)
        Segment i consists of pieces first[i] to last[i] - 1.
    ddof : int

    Returns
    -------
    out : float64 array of shape (n_rows, n_segments, n_bands)
    """
    n_rows, n_times = X.shape
    n_bands, n_sections, _ = poles.shape
    out = np.empty((n_rows, len(first), n_bands))
    x = np.zeros(_CHUNK * _LANES)
    y = np.empty(_CHUNK * _LANES)
    state = np.empty((n_bands, n_sections, 2 * _LANES))
    sums = np.empty((n_bands, len(edges) - 1, 2 * _LANES))
    for row in range(0, n_rows, _LANES):
        state[:] = 0.0
        sums[:] = 0.0
        for start in range(0, n_times, _CHUNK):
            n = min(_CHUNK, n_times - start)
            _load(X, offset, row, start, n, x)
            for b in range(n_bands):
                _copy(x, n, y)
                for s in range(n_sections):
                    _section(y, n, state[b, s], poles[b, s, 0], poles[b, s, 1])
                _add_pieces(y, n, start, False, edges, sums[b])
        _variances(sums, edges, first, last, ddof, row, out)
    return out


@njit(cache=True, nogil=True)
def zero_phase_variance(X, offset, poles, pad, edges, first, last, ddof):
    """Variance of segments of every row, filtered forward, then backward.

    As :func:`scipy.signal.sosfiltfilt` does: the row is extended at both ends by its
    own point reflection, ``pad`` samples long, and either pass starts from the steady
    state for the first value it meets.

    The forward pass runs once to note its states between chunks, and from these once
    more per chunk, last chunk first, so that the backward pass never needs more than
    one chunk of its output.

    Parameters
    ----------
    X, offset, poles, edges, first, last, ddof
        As for :func:`causal_variance`.
    pad : int
        Less than n_times.

    Returns
    -------
    out : float64 array of shape (n_rows, n_segments, n_bands)
    """
    n_rows, n_times = X.shape
    n_bands, n_sections, _ = poles.shape
    n_long = n_times + 2 * pad
    size = n_long if n_long <= _WHOLE else _CHUNK
    n_chunks = (n_long + size - 1) // size
    out = np.empty((n_rows, len(first), n_bands))
    x = np.zeros(size * _LANES)
    y = np.empty(size * _LANES)
    z = np.empty(size * _LANES)
    forward = np.empty((n_chunks, n_bands, n_sections, 2 * _LANES))
    backward = np.empty((n_bands, n_sections, 2 * _LANES))
    sums = np.empty((n_bands, len(edges) - 1, 2 * _LANES))
    for row in range(0, n_rows, _LANES):
        sums[:] = 0.0
        for chunk in range(n_chunks - 1):
            _load(X, offset, row, chunk * size - pad, size, x)
            for b in range(n_bands):
                if chunk == 0:
                    _rest(x, forward[0, b])
                forward[chunk + 1, b] = forward[chunk, b]
                _copy(x, size, y)
                for s in range(n_sections):
                    _section(
                        y,
                        size,
                        forward[chunk + 1, b, s],
                        poles[b, s, 0],
                        poles[b, s, 1],
                    )
        for chunk in range(n_chunks - 1, -1, -1):
            start = chunk * size
            n = min(size, n_long - start)
            _load(X, offset, row, start - pad, n, x)
            for b in range(n_bands):
                if n_chunks == 1:
                    _rest(x, forward[0, b])
                _copy(x, n, y)
                for s in range(n_sections):
                    _section(y, n, forward[chunk, b, s], poles[b, s, 0], poles[b, s, 1])
                _reverse(y, n, z)
                if chunk == n_chunks - 1:
                    _rest(z, backward[b])
                for s in range(n_sections):
                    _section(z, n, backward[b, s], poles[b, s, 0], poles[b, s, 1])
                _add_pieces(z, n, start - pad, True, edges, sums[b])
        _variances(sums, edges, first, last, ddof, row, out)
    return out


@njit(cache=True, nogil=True)
def _load(X, offset, row, start, n, x):
    """Bring n samples of the rows from ``row`` on into lanes, extended at the ends.

    Lanes without a row keep what they hold: the variance of it is never read.
    """
    n_rows, n_times = X.shape
    end = n_times - 1
    inside = start >= 0 and start + n <= n_times
    for lane in range(min(_LANES, n_rows - row)):
        r = row + lane
        if inside:
            segment = X[r, start : start + n]
            for t in range(n):
                x[t * _LANES + lane] = segment[t] - offset[r]
            continue
        for t in range(n):
            i = start + t
            if i < 0:
                value = 2.0 * (X[r, 0] - offset[r]) - (X[r, -i] - offset[r])
            elif i > end:
                value = 2.0 * (X[r, end] - offset[r]) - (X[r, 2 * end - i] - offset[r])
            else:
                value = X[r, i] - offset[r]
            x[t * _LANES + lane] = value


@njit(cache=True, nogil=True)
def _copy(x, n, y):
    for i in range(n * _LANES):
        y[i] = x[i]


@njit(cache=True, nogil=True)
def _reverse(x, n, y):
    for t in range(n):
        for lane in range(_LANES):
            y[t * _LANES + lane] = x[(n - 1 - t) * _LANES + lane]


@njit(cache=True, nogil=True)
def _rest(x, state):
    """Set the state in which the first sample of x has lasted for ever.

    A section does not pass constants: the first gives zeros, the others receive them.
    """
    state[:] = 0.0
    for lane in range(_LANES):
        state[0, lane] = -x[lane]
        state[0, _LANES + lane] = -x[lane]


@njit(cache=True, nogil=True, fastmath={"contract"})
def _section(y, n, state, a1, a2):
    """Filter n samples of all lanes in place by (1 - z^-2) / (1 + a1 z^-1 + a2 z^-2).

    Transposed direct form II. The short loop over steps is unrolled, so that the loop
    over lanes becomes one over vectors, with the states in registers meanwhile.
    """
    whole = n // _STEPS * _STEPS
    for t in range(0, whole, _STEPS):
        for lane in range(_LANES):
            p, q = state[lane], state[_LANES + lane]
            for k in range(_STEPS):
                x = y[(t + k) * _LANES + lane]
                u = x + p
                p = q - a1 * u
                q = -x - a2 * u
                y[(t + k) * _LANES + lane] = u
            state[lane], state[_LANES + lane] = p, q
    for t in range(whole, n):
        for lane in range(_LANES):
            x = y[t * _LANES + lane]
            u = x + state[lane]
            state[lane] = state[_LANES + lane] - a1 * u
            state[_LANES + lane] = -x - a2 * u
            y[t * _LANES + lane] = u


@njit(cache=True, nogil=True)
def _add_pieces(y, n, start, backward, edges, sums):
    """Add samples start to start + n - 1 to the sums of the pieces they lie in."""
    p = 0
    while p < len(edges) - 1 and edges[p + 1] <= start:
        p += 1
    while p < len(edges) - 1 and edges[p] < start + n:
        a = max(edges[p], start) - start
        b = min(edges[p + 1], start + n) - start
        if backward:
            a, b = n - b, n - a
        _add(y, a, b, sums[p])
        p += 1


@njit(cache=True, nogil=True, fastmath={"contract"})
def _add(y, a, b, sums):
    """Add rows a to b - 1 of y, and their squares."""
    whole = a + (b - a) // _STEPS * _STEPS
    for t in range(a, whole, _STEPS):
        for lane in range(_LANES):
            total, squares = sums[lane], sums[_LANES + lane]
            for k in range(_STEPS):
                u = y[(t + k) * _LANES + lane]
                total += u
                squares += u * u
            sums[lane], sums[_LANES + lane] = total, squares
    for t in range(whole, b):
        for lane in range(_LANES):
            u = y[t * _LANES + lane]
            sums[lane] += u
            sums[_LANES + lane] += u * u


@njit(cache=True, nogil=True)
def _variances(sums, edges, first, last, ddof, row, out):
    """Join pieces to segments, and write the variances of the block's rows.

    From plain sums, since a band-pass leaves hardly a mean that could cancel.
    """
    for lane in range(min(_LANES, len(out) - row)):
        for i in range(len(first)):
            n = edges[last[i]] - edges[first[i]]
            for b in range(len(sums)):
                total, squares = 0.0, 0.0
                for p in range(first[i], last[i]):
                    total += sums[b, p, lane]
                    squares += sums[b, p, _LANES + lane]
                variance = (squares - total * total / n) / (n - ddof)
                out[row + lane, i, b] = max(0.0, variance)

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

LANES = 32  # at 8 half of a vector loop is overhead, at 64 a chunk outgrows the cache
_STEPS = 8  # samples of a lane between loading and storing its state
_CHUNK = 64  # samples: 16 KiB of lanes, twice in the first cache
_WHOLE = 512  # samples: up to here, a zero-phase filter keeps a row in one chunk


@njit(cache=True, nogil=True)
def band_variance(X, offset, poles, pad, edges, first, last, ddof):
    """Variance of segments of every row, filtered forward, or forward and backward.

    Forward from rest if ``pad`` is 0. Otherwise as :func:`scipy.signal.sosfiltfilt`
    does: the row is extended at both ends by its own point reflection, ``pad`` samples
    long, and either pass starts from the steady state for the first value it meets.

    To that end the chunks are visited forth and back. On the way forth, the forward
    filter only notes its states between chunks. On the way back it starts from these
    again, so that the backward filter never needs more than one chunk of its output.

    Parameters
    ----------
    X : float64 array of shape (n_rows, n_times)
    offset : float64 array of shape (n_rows,) or (0,)
        Subtracted from the rows; if empty, their means are.
    poles : float64 array of shape (n_bands, n_sections, 2)
        a1 and a2 of each section.
    pad : int
        Less than n_times.
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
    n_stages = (n_sections + 1) // 2
    # Whole steps: a causal filter runs on behind the end, and one that starts from
    # the steady state starts earlier.
    n_long = (n_times + 2 * pad + _STEPS - 1) // _STEPS * _STEPS
    lead = n_long - n_times - pad if pad else 0
    size = n_long if pad and n_long <= _WHOLE else _CHUNK
    n_chunks = (n_long + size - 1) // size
    n_visits = 2 * n_chunks - 1 if pad else n_chunks
    out = np.empty((n_rows, len(first), n_bands))
    mean = np.empty(LANES)
    lanes = np.zeros((3, size * LANES))
    states = np.empty((2, n_bands, n_stages, 4 * LANES))
    notes = np.empty((n_chunks if pad else 0, n_bands, n_stages, 4 * LANES))
    sums = np.empty((n_bands, len(edges) - 1, 2 * LANES))
    for row in range(0, n_rows, LANES):
        for lane in range(min(LANES, n_rows - row)):
            r = row + lane
            mean[lane] = offset[r] if len(offset) else _mean(X[r])
        for visit in range(n_visits):
            chunk = min(visit, 2 * (n_chunks - 1) - visit)
            back = pad > 0 and visit >= n_chunks - 1
            n = min(size, n_long - chunk * size)
            start = chunk * size - lead
            _load(X, mean, row, start, n, pad, lanes[0])
            for b in range(n_bands):
                if visit == 0:
                    _fill(sums[b], 0.0)
                if chunk == 0:
                    _begin(lanes[0], pad, states[0, b])
                elif pad and visit < n_chunks:
                    _copy(states[0, b], notes[chunk, b])
                elif pad:
                    _copy(notes[chunk, b], states[0, b])
                for backward in range(1 + back):
                    x, y = lanes[backward], lanes[1 + backward]
                    _copy_samples(x, n, backward, y)
                    if backward and visit == n_chunks - 1:
                        _begin(y, pad, states[1, b])
                    _filter(y, n, poles[b], states[backward, b])
                if back or not pad:
                    _add_pieces(lanes[1 + back], n, start, back, edges, sums[b])
        _variances(sums, edges, first, last, ddof, row, out)
    return out


@njit(cache=True, nogil=True, fastmath={"reassoc", "nsz", "contract"})
def _mean(x):
    total = 0.0
    for t in range(len(x)):
        total += x[t]
    return total / len(x)


@njit(cache=True, nogil=True)
def _load(X, mean, row, start, n, pad, y):
    """Bring n samples of the rows from ``row`` on into lanes, extended at the ends.

    Lanes without a row keep what they hold: the variance of it is never read.
    """
    n_rows, n_times = X.shape
    inside = min(max(-start, 0), n)
    outside = max(min(n_times - start, n), inside)
    for lane in range(min(LANES, n_rows - row)):
        x, m = X[row + lane], mean[lane]
        within = x[max(start, 0) :]
        for t in range(inside):
            y[t * LANES + lane] = 2 * (x[0] - m) - (x[min(-start - t, pad)] - m)
        for t in range(outside - inside):
            y[(inside + t) * LANES + lane] = within[t] - m
        for t in range(outside, n):
            i = max(2 * (n_times - 1) - start - t, 0)
            y[t * LANES + lane] = 2 * (x[n_times - 1] - m) - (x[i] - m)


@njit(cache=True, nogil=True)
def _fill(x, value):
    for i in range(len(x)):
        for j in range(x.shape[1]):
            x[i, j] = value


@njit(cache=True, nogil=True)
def _copy(x, y):
    for i in range(len(x)):
        for j in range(x.shape[1]):
            y[i, j] = x[i, j]


@njit(cache=True, nogil=True)
def _begin(x, pad, state):
    """Start from rest, or as if the first sample of x had lasted for ever.

    A section does not pass constants: the first gives zeros, the others receive them.
    """
    _fill(state, 0.0)
    if pad:
        for lane in range(LANES):
            state[0, lane] = state[0, LANES + lane] = -x[lane]


@njit(cache=True, nogil=True)
def _copy_samples(x, n, backward, y):
    for t in range(n):
        source = n - 1 - t if backward else t
        for lane in range(LANES):
            y[t * LANES + lane] = x[source * LANES + lane]


@njit(cache=True, nogil=True)
def _filter(y, n, poles, state):
    """Filter n samples of all lanes in place by all sections."""
    for s in range(0, len(poles), 2):
        if s + 1 < len(poles):
            _pair(y, n, poles[s], poles[s + 1], state[s // 2])
        else:
            _section(y, n, poles[s], state[s // 2])


@njit(cache=True, nogil=True, fastmath={"contract"})
def _section(y, n, a, state):
    """Filter n samples of all lanes in place by (1 - z^-2) / (1 + a1 z^-1 + a2 z^-2).

    Transposed direct form II. The short loop over steps is unrolled, so that the loop
    over lanes becomes one over vectors, with the states in registers meanwhile. That
    takes a bound that is a multiple of the steps for all to see, which n always is.
    """
    a1, a2 = a[0], a[1]
    for t in range(0, n // _STEPS * _STEPS, _STEPS):
        for lane in range(LANES):
            p, q = state[lane], state[LANES + lane]
            for k in range(_STEPS):
                x = y[(t + k) * LANES + lane]
                u = x + p
                p = q - a1 * u
                q = -x - a2 * u
                y[(t + k) * LANES + lane] = u
            state[lane], state[LANES + lane] = p, q


@njit(cache=True, nogil=True, fastmath={"contract"})
def _pair(y, n, a, b, state):
    """Filter by two sections at once; what is between them stays in registers."""
    a1, a2, b1, b2 = a[0], a[1], b[0], b[1]
    for t in range(0, n // _STEPS * _STEPS, _STEPS):
        for lane in range(LANES):
            p, q = state[lane], state[LANES + lane]
            r, s = state[2 * LANES + lane], state[3 * LANES + lane]
            for k in range(_STEPS):
                x = y[(t + k) * LANES + lane]
                u = x + p
                p = q - a1 * u
                q = -x - a2 * u
                v = u + r
                r = s - b1 * v
                s = -u - b2 * v
                y[(t + k) * LANES + lane] = v
            state[lane], state[LANES + lane] = p, q
            state[2 * LANES + lane], state[3 * LANES + lane] = r, s


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
        _add(y[a * LANES : b * LANES], b - a, sums[p])
        p += 1


@njit(cache=True, nogil=True, fastmath={"contract"})
def _add(y, n, sums):
    """Add n samples of all lanes, and their squares."""
    whole = n // _STEPS * _STEPS
    for t in range(0, whole, _STEPS):
        for lane in range(LANES):
            total, squares = sums[lane], sums[LANES + lane]
            for k in range(_STEPS):
                u = y[(t + k) * LANES + lane]
                total += u
                squares += u * u
            sums[lane], sums[LANES + lane] = total, squares
    for t in range(whole, n):
        for lane in range(LANES):
            u = y[t * LANES + lane]
            sums[lane] += u
            sums[LANES + lane] += u * u


@njit(cache=True, nogil=True)
def _variances(sums, edges, first, last, ddof, row, out):
    """Join pieces to segments, and write the variances of the block's rows.

    From plain sums, since a band-pass leaves hardly a mean that could cancel.
    """
    for lane in range(min(LANES, len(out) - row)):
        for i in range(len(first)):
            n = edges[last[i]] - edges[first[i]]
            for b in range(len(sums)):
                total, squares = 0.0, 0.0
                for p in range(first[i], last[i]):
                    total += sums[b, p, lane]
                    squares += sums[b, p, LANES + lane]
                variance = (squares - total * total / n) / (n - ddof)
                out[row + lane, i, b] = max(0.0, variance)

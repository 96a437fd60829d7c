"""A bank of Butterworth band-passes, and the variance each leaves, in one pass.

A recursion along time does not vectorise, so rows of X lie side by side in lanes, and
four vectors are filtered together: each waits most of the time for its own last sample.
A block of rows is filtered chunk by chunk, by all bands while the chunk is in cache,
and only sums of the output are kept.

Every section has its zeros at +1 and -1, as those of a Butterworth band-pass may be
paired, hence the numerator 1 - z^-2 and two coefficients, a1 and a2. Gains are left to
the caller.
"""

import numpy as np
from numba import njit

from .lanes import LANES, broadcast, load, rows, store, transpose

LANES_EDITION = "510e1431"

_VECTORS = 4
BLOCK = _VECTORS * LANES  # rows
_CHUNK = 64  # samples: 16 KiB of a block, twice in the first cache
_WHOLE = 512  # samples: up to here, a zero-phase filter keeps a row in one chunk


def new_memory(n_times, n_bands, n_sections, pad, n_pieces):
    """Make room for the means, samples, states, noted states and sums of a block."""
    n_long = n_times + 2 * pad
    size = _chunk_size(n_long, pad)
    n_notes = n_bands * -(-n_long // size) if pad else 0
    n_states = 2 * _VECTORS * n_sections
    memory = [rows(_VECTORS)]
    for n, m in (
        (3, size * _VECTORS),
        (2 * n_bands, n_states),
        (n_notes, n_states),
        (n_bands, 2 * _VECTORS * n_pieces),
    ):
        memory.append(rows(n * m).reshape(n, m, LANES))
    for table in memory:
        table[:] = 0
    return tuple(memory)


@njit(cache=True, nogil=True)
def _chunk_size(n_long, pad):
    return n_long if pad and n_long <= _WHOLE else _CHUNK


@njit(cache=True, nogil=True)
def band_variance(X, offset, poles, pad, edges, first, last, ddof, memory):
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
        a1 and a2 of each section, of which there is an even number: 0 and -1 make one
        that changes nothing.
    pad : int
        Less than n_times.
    edges : int64 array of shape (n_pieces + 1,)
        Increasing samples, the first >= 0 and the last <= n_times, that cut time into
        pieces.
    first, last : int64 arrays of shape (n_segments,)
        Segment i consists of pieces first[i] to last[i] - 1.
    ddof : int
    memory : tuple of arrays
        To work in; see ``new_memory``.

    Returns
    -------
    out : float64 array of shape (n_rows, n_segments, n_bands)
    """
    n_rows, n_times = X.shape
    n_bands = len(poles)
    n_long = n_times + 2 * pad
    size = _chunk_size(n_long, pad)
    n_chunks = (n_long + size - 1) // size
    n_visits = 2 * n_chunks - 1 if pad else n_chunks
    out = np.empty((n_rows, len(first), n_bands))
    mean, samples, states, notes, sums = memory
    for row in range(0, n_rows, BLOCK):
        for r in range(min(BLOCK, n_rows - row)):
            m = offset[row + r] if len(offset) else _mean(X[row + r])
            mean[r // LANES, r % LANES] = m
        for visit in range(n_visits):
            chunk = min(visit, 2 * (n_chunks - 1) - visit)
            back = pad > 0 and visit >= n_chunks - 1
            start = chunk * size - pad
            n = min(size, n_long - chunk * size)
            _load(X, mean, row, start, n, samples[0])
            for b in range(n_bands):
                if visit == 0:
                    _clear(sums[b])
                if chunk > 0 and visit >= n_chunks:
                    _copy(notes[chunk * n_bands + b], states[b])
                elif chunk > 0 and pad:
                    _copy(states[b], notes[chunk * n_bands + b])
                for backward in range(1 + back):
                    x, y = samples[backward], samples[1 + backward]
                    state = states[backward * n_bands + b]
                    if visit == n_chunks - 1 if backward else chunk == 0:
                        _begin(x, n, backward, pad, state)
                    _filter(x, y, n, backward, poles[b], state)
                if back or not pad:
                    _add_pieces(samples[1 + back], n, start, back, edges, sums[b])
        _variances(sums, edges, first, last, ddof, row, out)
    return out


@njit(cache=True, nogil=True, fastmath={"reassoc", "nsz", "contract"})
def _mean(x):
    total = 0.0
    for t in range(len(x)):
        total += x[t]
    return total / len(x)


@njit(cache=True, nogil=True)
def _load(X, mean, row, start, n, y):
    """Bring n samples of the rows from ``row`` on side by side, extended at the ends.

    Lanes without a row keep what they hold: the variance of it is never read.
    """
    n_rows, n_times = X.shape
    flat = y.reshape(y.size)
    inside = min(max(-start, 0), n)
    outside = min(n_times - start, n)
    for v in range(_VECTORS):
        r = row + v * LANES
        t = inside
        while r + LANES <= n_rows and t + LANES <= outside:
            i = r * n_times + start + t
            transpose(X, i, n_times, y, t * _VECTORS + v, _VECTORS)
            t += LANES
        for lane in range(min(LANES, n_rows - r)):
            k = v * LANES + lane
            for s in range(inside):
                flat[s * BLOCK + k] = 2 * X[r + lane, 0] - X[r + lane, -start - s]
            for s in range(t, outside):
                flat[s * BLOCK + k] = X[r + lane, start + s]
            for s in range(max(t, outside), n):
                i = 2 * (n_times - 1) - start - s
                flat[s * BLOCK + k] = 2 * X[r + lane, n_times - 1] - X[r + lane, i]
        m = load(mean, v)
        for k in range(v, n * _VECTORS, _VECTORS):
            store(y, k, load(y, k) - m)


@njit(cache=True, nogil=True)
def _clear(x):
    for i in range(len(x)):
        store(x, i, broadcast(0.0))


@njit(cache=True, nogil=True)
def _copy(x, y):
    for i in range(len(x)):
        store(y, i, load(x, i))


@njit(cache=True, nogil=True)
def _begin(x, n, backward, pad, state):
    """Start from rest, or as if the first sample had lasted for ever.

    A section does not pass constants: the first gives zeros, the others receive them.
    """
    _clear(state)
    if pad:
        first = n - 1 if backward else 0
        for v in range(_VECTORS):
            constant = load(x, first * _VECTORS + v)
            store(state, v, 0.0 - constant)
            store(state, _VECTORS + v, constant)


@njit(cache=True, nogil=True)
def _filter(x, y, n, backward, poles, state):
    """Filter n samples of x, or these backward, by all sections. The result is y."""
    for s in range(0, len(poles), 2):
        _pair(x, y, n, backward, poles[s], poles[s + 1], state[2 * _VECTORS * s :])
        x, backward = y, 0


@njit(cache=True, nogil=True)
def _pair(x, y, n, backward, a, b, state):
    """Filter by two sections at once; what is between them stays in registers."""
    a1, a2, b1, b2 = a[0], a[1], b[0], b[1]
    p0, p1, p2, p3 = load(state, 0), load(state, 1), load(state, 2), load(state, 3)
    q0, q1, q2, q3 = load(state, 4), load(state, 5), load(state, 6), load(state, 7)
    r0, r1, r2, r3 = load(state, 8), load(state, 9), load(state, 10), load(state, 11)
    s0, s1, s2, s3 = load(state, 12), load(state, 13), load(state, 14), load(state, 15)
    for t in range(n):
        i = _VECTORS * (n - 1 - t if backward else t)
        u0, p0, q0 = _section(load(x, i), a1, a2, p0, q0)
        u1, p1, q1 = _section(load(x, i + 1), a1, a2, p1, q1)
        u2, p2, q2 = _section(load(x, i + 2), a1, a2, p2, q2)
        u3, p3, q3 = _section(load(x, i + 3), a1, a2, p3, q3)
        u0, r0, s0 = _section(u0, b1, b2, r0, s0)
        u1, r1, s1 = _section(u1, b1, b2, r1, s1)
        u2, r2, s2 = _section(u2, b1, b2, r2, s2)
        u3, r3, s3 = _section(u3, b1, b2, r3, s3)
        _keep(y, _VECTORS * t, u0, u1, u2, u3)
    i = 0
    p, q, r, s = (p0, p1, p2, p3), (q0, q1, q2, q3), (r0, r1, r2, r3), (s0, s1, s2, s3)
    for found in p, q, r, s:
        _keep(state, i, *found)
        i += _VECTORS


@njit(cache=True, nogil=True)
def _section(x, a1, a2, p, q):
    """Take a sample through (1 - z^-2) / (1 + a1 z^-1 + a2 z^-2).

    Transposed direct form II with the second state negated: three operations, as a
    product and a sum are one.
    """
    u = x + p
    return u, -a1 * u - q, x + a2 * u


@njit(cache=True, nogil=True)
def _keep(x, k, x0, x1, x2, x3):
    store(x, k, x0)
    store(x, k + 1, x1)
    store(x, k + 2, x2)
    store(x, k + 3, x3)


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
        _add(y, a, b, sums[2 * _VECTORS * p :])
        p += 1


@njit(cache=True, nogil=True)
def _add(y, first, last, sums):
    p0, p1, p2, p3 = load(sums, 0), load(sums, 1), load(sums, 2), load(sums, 3)
    q0, q1, q2, q3 = load(sums, 4), load(sums, 5), load(sums, 6), load(sums, 7)
    for t in range(first, last):
        k = _VECTORS * t
        u0, u1, u2, u3 = load(y, k), load(y, k + 1), load(y, k + 2), load(y, k + 3)
        p0, p1, p2, p3 = p0 + u0, p1 + u1, p2 + u2, p3 + u3
        q0, q1, q2, q3 = q0 + u0 * u0, q1 + u1 * u1, q2 + u2 * u2, q3 + u3 * u3
    i = 0
    for found in (p0, p1, p2, p3), (q0, q1, q2, q3):
        _keep(sums, i, *found)
        i += _VECTORS


@njit(cache=True, nogil=True)
def _variances(sums, edges, first, last, ddof, row, out):
    """Join pieces to segments, and write the variances of the block's rows.

    From plain sums, since a band-pass leaves hardly a mean that could cancel.
    """
    for r in range(min(BLOCK, len(out) - row)):
        k, lane = divmod(r, LANES)
        for i in range(len(first)):
            n = edges[last[i]] - edges[first[i]]
            for b in range(len(sums)):
                total, squares = 0.0, 0.0
                for p in range(first[i], last[i]):
                    total += sums[b, 2 * _VECTORS * p + k, lane]
                    squares += sums[b, 2 * _VECTORS * p + _VECTORS + k, lane]
                variance = (squares - total * total / n) / (n - ddof)
                out[row + r, i, b] = max(0.0, variance)

"""Variance of EEG within frequency bands, by Butterworth filters."""

import numpy as np
from scipy import signal

from .._chunks import in_cache
from .._kernels.filterbank import BLOCK, band_variance, new_memory


def pad_length(order):
    """Return by how many samples SciPy extends a row at each end."""
    return 3 * (2 * order + 1)


def filtered_variance(
    rows, offset, sfreq, edges, *, order, causal, ddof, window=None, step=None
):
    """Variance of segments of continuously filtered rows, in each band.

    Parameters
    ----------
    rows : float array of shape (n_rows, n_times)
    offset : float64 array of shape (n_rows,), or None
        Subtracted first, lest a large one drown the bands in rounding errors; None
        stands for the means of the rows.
    sfreq : float
    edges : list of (low, high), in Hz
    order : int
        Of the Butterworth prototype: the band-pass has twice as many poles.
    causal : bool
        Filter once, from rest; otherwise forward and backward.
    ddof : int
    window, step : int, default=None
        Length and distance of the segments in samples; the whole row by default.

    Returns
    -------
    variance : float64 array of shape (n_rows, n_segments, n_bands)
    """
    n_times = rows.shape[1]
    starts = np.arange(0, n_times - (window or n_times) + 1, step or n_times)
    stops = starts + (window or n_times)
    cuts = np.unique(np.concatenate([starts, stops]))
    pieces = cuts, np.searchsorted(cuts, starts), np.searchsorted(cuts, stops)
    poles, gains = _sections(edges, sfreq, order)
    pad = 0 if causal else pad_length(order)
    offset = np.empty((len(rows), 0)) if offset is None else offset[:, None]
    variance = np.empty((len(rows), len(starts), len(edges)))
    n_bands, n_sections, _ = poles.shape
    memory = new_memory(n_times, n_bands, n_sections, pad, len(cuts) - 1)
    done = 0
    for part, result in in_cache(rows, variance, BLOCK):
        shift = offset[done : done + len(part)].ravel()
        result[:] = band_variance(part, shift, poles, pad, *pieces, ddof, memory)
        done += len(part)
    variance *= gains ** (2 if causal else 4)
    return variance


def _sections(edges, sfreq, order):
    """Denominators of an even number of sections, and the gains.

    If the order is odd, the poles of one section cancel its zeros.
    """
    poles, gains = [], []
    for band in edges:
        zpk = signal.butter(order, band, "bandpass", fs=sfreq, output="zpk")
        poles.append(signal.zpk2sos(*zpk)[:, 4:])
        gains.append(zpk[2])
    poles = np.array(poles)
    if order % 2:
        nothing = np.broadcast_to([0.0, -1.0], (len(edges), 1, 2))
        poles = np.concatenate([poles, nothing], axis=1)
    return poles, np.array(gains)

"""Power of EEG within frequency bands, by Fourier transform of Hann-windowed rows."""

import numpy as np
from scipy import fft, signal

from .._kernels.folding import fold
from .._sfreq import frequencies

_BLOCK = 128  # rows at a time, so that temporaries stay in cache


def spectral_variance(rows, offset, sfreq, edges, n_fft):
    """Sum of the Hann-windowed periodogram over low <= f < high (Parseval's theorem).

    Parameters
    ----------
    rows : float array of shape (n_rows, n_times)
    offset : float64 array of shape (n_rows,), or None
        Subtracted from the rows; None stands for their means.
    sfreq : float
    edges : list of (low, high), in Hz
    n_fft : int
        At least n_times: zeros are appended.

    Returns
    -------
    variance : float64 array of shape (n_rows, n_bands)
    """
    taper = signal.windows.hann(rows.shape[1], sym=False)
    weights = _in_band(edges, sfreq, n_fft) / (n_fft * (taper**2).sum())
    weights[1 : (n_fft + 1) // 2] *= 2.0  # both signs, but not for 0 and Nyquist
    return _weighted_power(rows, offset, taper, n_fft, weights)


def spectral_mean(rows, offset, sfreq, edges, n_fft):
    """Mean of the squared magnitudes of the transform over low <= f < high.

    Parameters and shape as for :func:`spectral_variance`; the Hann window here is the
    symmetric one, and nothing is divided by its sum or by the number of samples.
    """
    taper = signal.windows.hann(rows.shape[1], sym=True)
    weights = _in_band(edges, sfreq, n_fft)
    return _weighted_power(rows, offset, taper, n_fft, weights / weights.sum(axis=0))


def _in_band(edges, sfreq, n_fft):
    f = frequencies(sfreq, n_fft)
    return np.stack([(low <= f) & (f < high) for low, high in edges], 1).astype(float)


def _weighted_power(rows, offset, taper, n_fft, weights):
    """Squared magnitudes of the tapered rows' transforms, times the weights.

    Few bins are cheaper by a matrix product than by the transform of all: the rule
    below is where the two took the same time, from 128 to 800 samples.
    """
    bins = np.flatnonzero(weights.any(axis=1))
    few = len(bins) <= 11 * np.log2(n_fft)
    power = (_dft if few else _fft)(taper, n_fft, bins)
    weights = weights[bins]
    offset = np.empty((len(rows), 0)) if offset is None else offset[:, None]
    out = np.empty((len(rows), weights.shape[1]))
    for start in range(0, len(rows), _BLOCK):
        block = slice(start, start + _BLOCK)
        # Kernels are compiled for what can be written.
        x = rows[block].astype(np.float64, copy=not rows.flags.writeable)
        np.matmul(power(x, offset[block].ravel()), weights, out=out[block])
    return out


def _fft(taper, n_fft, bins):
    """Return a function from a block and its offsets to the power in the bins."""

    def power(x, offset):
        # A product takes a third of the time that ``mean`` takes for short rows.
        mean = offset if len(offset) else x @ np.full(len(taper), 1 / len(taper))
        x = x - mean[:, None]
        x *= taper
        spectrum = fft.rfft(x, n_fft, axis=1)[:, bins]
        return spectrum.real**2 + spectrum.imag**2

    return power


def _dft(taper, n_fft, bins):
    """Return the same function, by two matrix products of half the size.

    The taper is symmetric about the middle of samples 1 to ``last``, and the phase of
    the transform is free: counted from that middle, the cosines see only the even part
    of the signal, and the sines only the odd part, in which the offset cancels.
    """
    last = len(taper) - 1 - (taper[-1] == 0)  # the first is zero, some have a second
    half = (last + 1) // 2
    t = np.arange(1, half + 1)
    phase = 2 * np.pi / n_fft * np.outer(t - (last + 1) / 2, bins)
    cosines = taper[1 : half + 1, None] * np.cos(phase)
    sines = taper[1 : half + 1, None] * np.sin(phase)
    if last % 2:
        cosines[-1] /= 2  # the middle is its own mirror image, hence counted twice

    def power(x, offset):
        even, odd = fold(x, offset, 1, last)
        even, odd = even @ cosines, odd @ sines
        even *= even
        odd *= odd
        even += odd
        return even

    return power

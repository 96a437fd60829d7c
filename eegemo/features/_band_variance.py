"""Variance of EEG windows within frequency bands, by filters or Fourier transform."""

import numpy as np
from scipy import fft, signal

_CHUNK = 2**20  # numbers of X at a time, so that temporaries stay near 50 MiB
_ORDER = 4  # of the Butterworth prototype: 8 poles per band, 16 with both passes
_PAD = 3 * (2 * _ORDER + 1)  # samples that sosfiltfilt adds at each end, its default


def min_times(method):
    """Fewest samples of a window that the method can handle."""
    return _PAD + 1 if method == "iir" else 2


def band_variance(X, sfreq, edges, method):
    """Variance of every channel of every window within each band.

    Parameters
    ----------
    X : float array of shape (n_windows, n_channels, n_times)
    sfreq : float
        Sampling rate in Hz.
    edges : list of (low, high)
        In Hz; see :func:`check_bands`.
    method : {"iir", "fft"}

    Returns
    -------
    variance : float64 array of shape (n_windows, n_channels, n_bands)
    """
    compute = {"iir": _filtered, "fft": _spectral}[method]
    out = np.empty((*X.shape[:2], len(edges)))
    step = max(1, _CHUNK // (X.shape[1] * X.shape[2]))
    for start in range(0, len(X), step):
        part = X[start : start + step].astype(np.float64)
        part -= part.mean(axis=2, keepdims=True)  # else a DC offset drowns the bands
        compute(part, sfreq, edges, out[start : start + step])
    return out


def _filtered(X, sfreq, edges, out):
    """Zero-phase Butterworth band-pass, then the variance of what is left."""
    for b, band in enumerate(edges):
        sos = signal.butter(_ORDER, band, "bandpass", fs=sfreq, output="sos")
        out[:, :, b] = signal.sosfiltfilt(sos, X, axis=2, padlen=_PAD).var(axis=2)


def _spectral(X, sfreq, edges, out):
    """Sum the Hann-windowed periodogram over low <= f < high (Parseval's theorem)."""
    n_times = X.shape[2]
    taper = signal.get_window("hann", n_times)
    spectrum = fft.rfft(X * taper, axis=2)
    power = spectrum.real**2 + spectrum.imag**2
    power[:, :, 1 : (n_times + 1) // 2] *= 2.0  # both signs, but not for 0 and Nyquist
    power /= n_times * (taper**2).sum()
    for b, bins in enumerate(_bins(edges, sfreq, n_times)):
        out[:, :, b] = power[:, :, bins].sum(axis=2)


def _bins(edges, sfreq, n_times):
    frequencies = fft.rfftfreq(n_times, 1 / sfreq)
    return [(low <= frequencies) & (frequencies < high) for low, high in edges]


def check_bands(names, edges, sfreq, n_times):
    """Raise unless every band lies below Nyquist and windows are long enough for it."""
    for name, (low, high), bins in zip(
        names, edges, _bins(edges, sfreq, n_times), strict=True
    ):
        if high >= sfreq / 2:
            raise ValueError(
                f"Band {name!r} ({low:g} to {high:g} Hz) reaches the Nyquist "
                f"frequency, {sfreq / 2:g} Hz at sfreq={sfreq:g}: choose lower bands, "
                "or a higher sampling rate."
            )
        if not bins.any():
            raise ValueError(
                f"Band {name!r} ({low:g} to {high:g} Hz) lies between the frequencies "
                f"that windows of {n_times / sfreq:g} s resolve, which are "
                f"{sfreq / n_times:g} Hz apart: use longer windows or a wider band."
            )

"""The sampling rate, and the frequency bands that it allows."""

from numbers import Real

import numpy as np
from sklearn.utils.validation import check_scalar

from ._input import recording_of, same_rate
from .bands import resolve_bands


def resolve_sfreq(X, known):
    """Return the sampling rate of X: the known one, or that of Epochs."""
    if known is not None:
        check_positive(known, "sfreq")
    recording = recording_of(X)
    if recording is None:
        if known is None:
            raise ValueError(
                "The sampling rate is unknown: give sfreq in Hz, or mne.Epochs."
            )
        return float(known)
    if known is not None and not same_rate(known, recording[1]):
        raise ValueError(
            f"The Epochs have {recording[1]:.10g} Hz, which contradicts the "
            f"{known:.10g} Hz given as sfreq or seen in fit. Resample them, or "
            "leave sfreq out and fit again to use theirs."
        )
    return recording[1]


def check_bands(bands, sfreq, n_times, n_fft=None):
    """Raise unless bands lie below Nyquist and n_times samples resolve them.

    With ``n_fft``, a transform of so many samples does.
    """
    n_fft = n_fft or n_times
    f = frequencies(sfreq, n_fft)
    for name, (low, high) in zip(*resolve_bands(bands), strict=True):
        if high >= sfreq / 2:
            raise ValueError(
                f"Band {name!r} ({low:g} to {high:g} Hz) reaches the Nyquist "
                f"frequency, {sfreq / 2:g} Hz at sfreq={sfreq:g}: choose lower "
                "bands, or a higher sampling rate."
            )
        if not ((low <= f) & (f < high)).any():
            raise ValueError(
                f"Band {name!r} ({low:g} to {high:g} Hz) lies between the "
                f"frequencies that windows of {n_times / sfreq:g} s resolve, which "
                f"are {sfreq / n_fft:g} Hz apart: use longer windows or a wider "
                "band."
            )


def frequencies(sfreq, n_fft):
    """Frequencies of the bins; exact at integers, as ``numpy.fft.rfftfreq`` is not."""
    return np.arange(n_fft // 2 + 1) * sfreq / n_fft


def check_positive(value, name):
    """Raise unless the parameter is a positive, finite number."""
    check_scalar(value, name, Real, min_val=0, include_boundaries="neither")
    if not np.isfinite(value):
        raise ValueError(f"{name} should be finite, got {value}.")

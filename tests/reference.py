"""Slow, obvious versions of what the estimators compute, to compare against."""

import numpy as np
from scipy import linalg, signal


def scm(X):
    """Mean over time of the outer products of the centred samples."""
    n_windows, n_channels, n_times = X.shape
    C = np.zeros((n_windows, n_channels, n_channels))
    for w in range(n_windows):
        mean = X[w].mean(axis=1)
        for t in range(n_times):
            sample = X[w, :, t] - mean
            C[w] += np.outer(sample, sample) / n_times
    return C


def oas(X):
    """Equation 23 of Chen et al. (2010) as in scikit-learn: without 2 / n_channels."""
    _, p, n = X.shape
    C = scm(X)
    for w, S in enumerate(C):
        trace, trace_of_square = np.trace(S), np.trace(S @ S)
        numerator = trace_of_square + trace**2
        denominator = (n + 1) * (trace_of_square - trace**2 / p)
        rho = min(1.0, numerator / denominator)
        C[w] = (1 - rho) * S + rho * trace / p * np.eye(p)
    return C


def lwf(X):
    """Ledoit and Wolf (2004): the section named "A consistent estimator"."""
    _, p, n = X.shape
    C = scm(X)
    for w, S in enumerate(C):
        m = np.trace(S) / p
        d2 = np.sum((S - m * np.eye(p)) ** 2) / p
        centred = X[w] - X[w].mean(axis=1, keepdims=True)
        b2 = sum(np.sum((np.outer(x, x) - S) ** 2) / p for x in centred.T) / n**2
        b2 = min(b2, d2)
        C[w] = b2 / d2 * m * np.eye(p) + (1 - b2 / d2) * S
    return C


def augmented_scm(X, order, lag):
    """Mean over time of the outer products of the centred delay vectors."""
    n_windows, n_channels, n_times = X.shape
    n_kept = n_times - (order - 1) * lag
    stacked = np.empty((n_windows, order * n_channels, n_kept))
    for p in range(order):
        for c in range(n_channels):
            for t in range(n_kept):
                stacked[:, p * n_channels + c, t] = X[:, c, t + p * lag]
    return scm(stacked)


def differential_entropy_iir(X, sfreq, bands):
    """Entropy of a Gaussian with the variance that a zero-phase filter leaves."""
    out = []
    for window in X:
        for channel in window:
            for band in bands:
                sos = signal.butter(4, band, "bandpass", fs=sfreq, output="sos")
                filtered = signal.sosfiltfilt(sos, channel - channel.mean())
                out.append(0.5 * np.log(2 * np.pi * np.e * np.var(filtered)))
    return np.reshape(out, (len(X), -1))


def differential_entropy_fft(X, sfreq, bands):
    """Entropy of a Gaussian with the variance of the Fourier terms in low <= f < high.

    The sum is over both signs of frequency, as the transform is written in textbooks.
    """
    n = X.shape[2]
    t = np.arange(n)
    taper = 0.5 - 0.5 * np.cos(2 * np.pi * t / n)
    out = []
    for window in X:
        for channel in window:
            x = taper * (channel - channel.mean())
            for low, high in bands:
                variance = 0.0
                for k in range(-((n - 1) // 2), n // 2 + 1):
                    if low <= abs(k) * sfreq / n < high:
                        term = np.sum(x * np.exp(-2j * np.pi * k * t / n))
                        variance += abs(term) ** 2 / (n * np.sum(taper**2))
                out.append(0.5 * np.log(2 * np.pi * np.e * variance))
    return np.reshape(out, (len(X), -1))


def distance_riemann(A, B):
    """Affine-invariant distance: root sum of squared log generalised eigenvalues."""
    return np.sqrt(np.sum(np.log(linalg.eigh(A, B, eigvals_only=True)) ** 2))


def tangent_vector(C, G):
    """Upper triangle of logm(G^-1/2 C G^-1/2), off-diagonal elements times sqrt(2)."""
    whitener = linalg.inv(linalg.sqrtm(G))
    S = linalg.logm(whitener @ C @ whitener)
    n = len(C)
    return [
        S[i, j] * (1 if i == j else np.sqrt(2)) for i in range(n) for j in range(i, n)
    ]


def mean_riemann(X):
    """Fixed point of the Karcher equation: the mean log map is zero."""
    G = np.mean(X, axis=0)
    for _ in range(50):
        root = linalg.sqrtm(G)
        whitener = linalg.inv(root)
        step = np.mean([linalg.logm(whitener @ C @ whitener) for C in X], axis=0)
        G = root @ linalg.expm(step) @ root
    return G


def hjorth(X):
    """Variances of the signal, its differences, and the differences of these."""
    out = []
    for x in X:
        v0, v1, v2 = np.var(x), np.var(np.diff(x)), np.var(np.diff(x, 2))
        out.append([v0, np.sqrt(v1 / v0), np.sqrt(v2 / v1) / np.sqrt(v1 / v0)])
    return np.array(out)


def band_variance(x, sfreq, band, order, *, causal, ddof=0):
    """Variance of one row after SciPy's filters, in second-order sections."""
    sos = signal.butter(order, band, "bandpass", fs=sfreq, output="sos")
    return np.var((signal.sosfilt if causal else signal.sosfiltfilt)(sos, x), ddof=ddof)


def de_torcheeg(X, sfreq, bands, *, sections=True):
    """Causal filters of order 5; by transfer function, as torcheeg, if not sections."""
    out = []
    for x in X.reshape(-1, X.shape[2]):
        for band in bands:
            if sections:
                variance = band_variance(x, sfreq, band, 5, causal=True)
            else:
                b, a = signal.butter(5, band, "bandpass", fs=sfreq)
                variance = np.var(signal.lfilter(b, a, x))
            out.append(0.5 * np.log2(2 * np.pi * np.e * variance))
    return np.reshape(out, (len(X), -1))


def de_rbtransformer(X, sfreq, bands):
    """The same of windows with mean 0 and standard deviation 1 over all channels."""
    return de_torcheeg(
        np.array([(x - np.mean(x)) / np.std(x) for x in X]), sfreq, bands
    )


def de_torcheeg_fft(X, sfreq, bands):
    """Mean power of bins 1 Hz apart, from one below the band; the taper ends in 0."""
    n = X.shape[2]
    taper = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / (n - 1))
    out = []
    for x in X.reshape(-1, n):
        power = np.abs(np.fft.fft(x * taper, n=sfreq)) ** 2
        for low, high in bands:
            first, last = (int(np.floor(f / sfreq * sfreq)) for f in (low, high))
            out.append(np.log2(100 * np.mean(power[first - 1 : last])))
    return np.reshape(out, (len(X), -1))


def de_eegemolib(X, sfreq, edges):
    """Mean power of bins of a transform of 256 samples, numbered as if by hertz."""
    n = X.shape[2]
    taper = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / (n - 1))
    ratio = 256 // sfreq
    out = []
    for x in X.reshape(-1, n):
        magnitude = np.abs(np.fft.fft(x * taper, 256))
        for low, high in zip(edges[:-1], edges[1:], strict=True):
            inside = magnitude[low * ratio : high * ratio - 1]
            out.append(np.log2(100 * sum(m * m for m in inside) / len(inside)))
    return np.reshape(out, (len(X), -1))


def de_libeer(X, sfreq, bands, window, *, sections=True):
    """Whole trials filtered forward and backward, then segments of window samples."""
    n_segments = X.shape[2] // window
    out = np.empty((len(X), n_segments, X.shape[1], len(bands)))
    for i, trial in enumerate(X):
        for j, band in enumerate(bands):
            kind = "sos" if sections else "ba"
            coefficients = signal.butter(3, band, "bandpass", fs=sfreq, output=kind)
            if sections:
                filtered = signal.sosfiltfilt(coefficients, trial)
            else:
                filtered = signal.filtfilt(*coefficients, trial)
            for k in range(n_segments):
                segment = filtered[:, k * window : (k + 1) * window]
                variance = np.var(segment, axis=1, ddof=1)
                out[i, k, :, j] = 0.5 * np.log2(2 * np.pi * np.e * variance)
    return out.reshape(len(X), n_segments, -1)

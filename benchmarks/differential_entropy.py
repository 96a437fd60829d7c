"""Time of differential entropy against SciPy, interleaved runs on one thread.

Run as ``OPENBLAS_NUM_THREADS=1 python benchmarks/differential_entropy.py``. Prints the
medians in ms, their ratio, and the largest difference of the entropies.
"""

import sys
import time

import numpy as np
from scipy import fft, signal

from eegemo.bands import BANDS
from eegemo.features import DifferentialEntropy

SHAPES = {"DEAP": ((2400, 32, 128), 128), "SEED": ((3394, 62, 200), 200)}
EDGES = list(BANDS["seed-vii"].values())


def entropy(variance):
    return 0.5 * np.log(2 * np.pi * np.e * variance).reshape(len(variance), -1)


def sections(order, band, sfreq):
    return signal.butter(order, band, "bandpass", fs=sfreq, output="sos")


def scipy_iir(X, sfreq, order, filter_):
    X = X - X.mean(axis=2, keepdims=True)
    filtered = (filter_(sections(order, band, sfreq), X) for band in EDGES)
    return entropy(np.stack([y.var(axis=2) for y in filtered], axis=2))


def scipy_fft(X, sfreq):
    n = X.shape[2]
    taper = signal.get_window("hann", n)
    spectrum = fft.rfft((X - X.mean(axis=2, keepdims=True)) * taper, axis=2)
    power = (spectrum.real**2 + spectrum.imag**2) * 2 / (n * (taper**2).sum())
    f = fft.rfftfreq(n, 1 / sfreq)
    sums = [power[:, :, (low <= f) & (f < high)].sum(axis=2) for low, high in EDGES]
    return entropy(np.stack(sums, axis=2))


def libeer(X, sfreq):
    """Transfer functions over the trial, then the variance segment by segment."""
    out = np.empty((X.shape[2] // sfreq, X.shape[1], len(EDGES)))
    for b, band in enumerate(EDGES):
        y = signal.filtfilt(*signal.butter(3, band, "bandpass", fs=sfreq), X[0])
        for i in range(len(out)):
            variance = y[:, i * sfreq : (i + 1) * sfreq].var(axis=1, ddof=1)
            out[i, :, b] = 0.5 * np.log(2 * np.pi * np.e * variance)
    return out.reshape(1, len(out), -1)


def compare(name, ours, theirs, n_runs):
    difference = np.abs(ours() - theirs()).max()  # the first calls are not timed
    times = {ours: [], theirs: []}
    for _ in range(n_runs):
        for run, elapsed in times.items():
            start = time.perf_counter()
            run()
            elapsed.append(1e3 * (time.perf_counter() - start))
    a, b = np.median(times[ours]), np.median(times[theirs])
    print(f"{name:24} {a:8.0f} {b:8.0f} {b / a:6.1f}  {difference:.0e}", flush=True)


def main(n_runs):
    rng = np.random.default_rng(0)
    for label, (shape, sfreq) in SHAPES.items():
        X = rng.standard_normal(shape)
        for order in (4, 5):
            for causal in (True, False):
                de = DifferentialEntropy(sfreq, EDGES, order=order, causal=causal)
                filter_ = signal.sosfilt if causal else signal.sosfiltfilt
                compare(
                    f"{label} {'causal' if causal else 'zero-phase'}, order {order}",
                    lambda de=de, X=X: de.transform(X),
                    lambda X=X, s=sfreq, o=order, f=filter_: scipy_iir(X, s, o, f),
                    n_runs,
                )
        de = DifferentialEntropy(sfreq, EDGES, "fft")
        compare(
            f"{label} fft",
            lambda de=de, X=X: de.transform(X),
            lambda X=X, s=sfreq: scipy_fft(X, s),
            n_runs,
        )
    X = rng.standard_normal((1, 62, 240 * 200))
    de = DifferentialEntropy(200, EDGES, order=3, ddof=1)
    compare(
        "240 s trial as LibEER",
        lambda: de.transform_trials(X, 1),
        lambda: libeer(X, 200),
        n_runs,
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)

"""
Speed against pyRiemann
=======================

The same work, done by eegemo and by pyRiemann: covariances, their mean, the tangent
space and the distances by which MDM predicts, on random data as large as parts of two
data sets. The results agree to rounding; the mean, and what stands on it, to the
tolerance at which its iteration stops. The full tables, with more data and more
methods, are in :doc:`/results/speed`.
"""

# %%
# Threads
# -------
#
# Both sides use one thread: eegemo starts none of its own, and linear algebra is held
# to one here, or its threads would be compared.
from functools import partial
from importlib.metadata import version
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from pyriemann.classification import MDM as PeerMDM
from pyriemann.estimation import Covariances as PeerCovariances
from pyriemann.geometry.mean import mean_riemann
from pyriemann.tangentspace import TangentSpace as PeerTangentSpace
from threadpoolctl import threadpool_info, threadpool_limits

from eegemo.covariance import Covariances
from eegemo.riemann import MDM, TangentSpace, mean_spd

limit = threadpool_limits(1)
for library in threadpool_info():
    print(library["internal_api"], library["num_threads"], "thread")
for name in ("eegemo", "pyriemann", "numpy", "numba"):
    print(name, version(name))

# %%
# Data and work
# -------------
#
# Correlated noise, of the shape of a part of a motor-imagery session (22 channels, 1000
# samples) and of SEED (62 channels, 200 samples). Each piece of work is two functions
# without arguments, one a side.
SHAPES = {"MI, 22 channels": (144, 22, 1000), "SEED, 62 channels": (100, 62, 200)}


def noise(shape):
    rng = np.random.default_rng(0)
    n_channels = shape[1]
    mixing = np.eye(n_channels) + rng.standard_normal((n_channels,) * 2) / n_channels
    return np.ascontiguousarray(mixing @ rng.standard_normal(shape))


def works(X):
    """Name each piece of work, and return ours and that of pyRiemann."""
    matrices = Covariances("oas").fit_transform(X)
    y = np.arange(len(X)) % 2
    ours, peer = MDM().fit(matrices, y), PeerMDM().fit(matrices, y)
    tangent = TangentSpace().fit(matrices)
    peer_tangent = PeerTangentSpace().fit(matrices)
    return {
        "OAS covariances": (
            partial(Covariances("oas").fit_transform, X),
            partial(PeerCovariances("oas").fit_transform, X),
        ),
        "Riemannian mean": (
            partial(mean_spd, matrices),
            partial(mean_riemann, matrices),
        ),
        "tangent space, fitted": (
            partial(tangent.transform, matrices),
            partial(peer_tangent.transform, matrices),
        ),
        "MDM, distances": (
            partial(ours.transform, matrices),
            partial(peer.transform, matrices),
        ),
    }


# %%
# The first calls
# ---------------
#
# What numba compiles, it compiles at the first call, and keeps on disk for the next
# process. This is timed apart: the seconds below are of compilation if these functions
# were never called on this machine, and else of reading what was kept, or of neither,
# where one process runs all examples.
few = noise((8, 4, 100))
start = perf_counter()
for ours, _ in works(few).values():
    ours()
print(
    f"First calls, those of pyRiemann's fits included: {perf_counter() - start:.1f} s"
)

# %%
# Interleaved rounds
# ------------------
#
# A machine is faster at one time than at another. So ours and pyRiemann's take turns,
# each round has a ratio of its own, and what is shown is the median of the ratios with
# the least and the greatest. Short calls are repeated within a round.
N_ROUNDS, SECONDS = 5, 0.02


def seconds(call, n_calls):
    start = perf_counter()
    for _ in range(n_calls):
        call()
    return (perf_counter() - start) / n_calls


cases = {
    (data, work): sides
    for data, shape in SHAPES.items()
    for work, sides in works(noise(shape)).items()
}
results, rows = {}, {}
for case, sides in cases.items():
    ours, peer = (np.asarray(side()) for side in sides)
    repeats = [max(1, round(SECONDS / seconds(side, 1))) for side in sides]
    rounds = np.array(
        [
            [seconds(side, n) for side, n in zip(sides, repeats, strict=True)]
            for _ in range(N_ROUNDS)
        ]
    )
    ratios = results[case] = rounds[:, 1] / rounds[:, 0]
    times = 1e3 * np.median(rounds, axis=0)
    difference = np.abs(ours - peer).max() / np.abs(peer).max()
    rows[case] = [
        *(f"{time:.2f}" for time in times),
        f"{np.median(ratios):.1f} ({ratios.min():.1f}-{ratios.max():.1f})",
        f"{difference:.0e}",
    ]
columns = ["eegemo (ms)", "pyRiemann (ms)", "ratio (least-greatest)", "difference"]
pd.DataFrame.from_dict(rows, orient="index", columns=columns)

# %%
# The difference is the largest of the results, over the largest number in pyRiemann's.
#
# How many times faster
# ---------------------
#
# At 1 both take the same time.
figure, ax = plt.subplots(figsize=(7, 3.6), layout="constrained")
STYLES = {"MI, 22 channels": ("o", "#0072B2"), "SEED, 62 channels": ("s", "#D55E00")}
names = list(dict.fromkeys(work for _, work in results))
for shift, (data, (marker, color)) in zip((-0.12, 0.12), STYLES.items(), strict=True):
    ratios = np.array([results[data, name] for name in names])
    middle = np.median(ratios, axis=1)
    spread = [middle - ratios.min(axis=1), ratios.max(axis=1) - middle]
    ax.errorbar(
        middle,
        np.arange(len(names)) + shift,
        xerr=spread,
        ls="",
        marker=marker,
        color=color,
        capsize=3,
        label=f"{data}, {SHAPES[data][0]} windows",
    )
ax.axvline(1, color="black", lw=1, ls="--")
ax.set_xscale("log")
ax.set_xticks([1, 2, 5, 10, 20, 50], ["1", "2", "5", "10", "20", "50"])
ax.minorticks_off()
ax.set_yticks(range(len(names)), names)
ax.set_ylim(len(names) - 0.5, -0.5)
ax.grid(axis="x", color="0.9")
ax.set_xlabel(
    f"pyRiemann's time over eegemo's (median, least and greatest of {N_ROUNDS} rounds)"
)
figure.legend(loc="outside upper right", ncols=2, fontsize=9)
plt.show()
limit.restore_original_limits()

# %%
# What was seen
# -------------
medians = {case: np.median(ratios) for case, ratios in results.items()}
low, high = min(medians, key=medians.get), max(medians, key=medians.get)
print(f"Least gained: {medians[low]:.1f} times, {', '.join(low)}")
print(f"Most gained: {medians[high]:.1f} times, {', '.join(high)}")

# %%
# These are the numbers of the machine that built this page, which may have done other
# work as well; the spread says how far to trust them. The results pages name the
# machine, the command and the commit, and have the memory of each call too.

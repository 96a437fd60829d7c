"""
A pipeline of your own in the benchmark
=======================================

A new feature is worth what it adds beside the others, under the same folds, and beside
a baseline that does not look at the EEG. Here a small transformer, the spectral entropy
of each channel, goes through :func:`~eegemo.evaluation.run_benchmark` next to the
ready-made ``cov-ts-lr``.
"""

# %%
# The transformer
# ---------------
#
# Spectral entropy is that of the power spectrum taken as a distribution: 1 of white
# noise, 0 of a sine. A class of scikit-learn's kind is enough: ``__init__`` stores,
# ``fit`` and ``transform`` check what comes in. X has the shape (windows, channels,
# samples), and out goes one row a window.
#
# The tag ``requires_fit = False`` says that ``transform`` learns nothing from training
# data. The benchmark then computes this step once per recording, not in each fold.
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np
from scipy.signal import welch
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import validate_data

from eegemo.datasets import SimulatedEmotion
from eegemo.evaluation import run_benchmark, subject_scores, summarize
from eegemo.paradigm import EmotionParadigm


class SpectralEntropy(TransformerMixin, BaseEstimator):
    """Entropy of the spectrum of each channel between two frequencies, from 0 to 1."""

    def __init__(self, sfreq, fmin=4.0, fmax=45.0):
        self.sfreq = sfreq
        self.fmin = fmin
        self.fmax = fmax

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        tags.requires_fit = False
        return tags

    def fit(self, X, y=None):
        validate_data(self, X, ensure_min_features=1, allow_nd=True)
        return self

    def transform(self, X):
        X = validate_data(self, X, reset=False, allow_nd=True)
        f, power = welch(X, self.sfreq, nperseg=round(self.sfreq), axis=2)
        power = power[:, :, (self.fmin <= f) & (f <= self.fmax)]
        share = power / power.sum(axis=2, keepdims=True)
        return -(share * np.log(share)).sum(axis=2) / np.log(share.shape[2])


# %%
# The pipelines and the data
# --------------------------
#
# Pipelines of one's own are given as a dict, ready-made ones among them by their names
# (:func:`~eegemo.pipelines.list_pipelines`). The trivial baseline, which says the most
# frequent class, is always added.
data = SimulatedEmotion(
    n_subjects=5, n_sessions=1, n_trials=20, n_classes=2, trial_seconds=8.0
)
pipelines = {
    "entropy-lr": make_pipeline(
        SpectralEntropy(data.sfreq), StandardScaler(), LogisticRegression(C=0.1)
    ),
    "cov-ts-lr": "cov-ts-lr",
}

# %%
# Two protocols
# -------------
#
# ``within-session`` folds take whole trials, ``cross-subject`` leaves a subject out.
# With an ``output``, everything is kept: each fold as it is finished, ``scores.csv``
# and ``protocol.json``.
folder = TemporaryDirectory()
request = {
    "paradigm": EmotionParadigm(window=4.0),
    "protocols": ["within-session", "cross-subject"],
    "output": folder.name,
}
scores = run_benchmark(data, pipelines, **request)
summary = summarize(scores)
columns = ["protocol", "pipeline", "balanced_accuracy", "sd", "chance", "chance_95"]
summary[columns].round(3)

# %%
# A protocol was added. All subjects of these data saw the same clips, so under
# ``cross-subject`` a classifier may know the clip rather than the emotion. The rows say
# so by the mark ``stimulus-seen``, and ``cross-subject-stimulus``, in which neither the
# subject nor the clip was in the training set, is run beside it. Other marks tell of a
# test set that lacks a class, of predictions that use other test windows
# (``transductive``), of labelled trials of the tested subject in training
# (``calibrated``), and of what is no result at all (``leaky``, ``failed``).
columns = ["protocol", "pipeline", "n_subjects", "n_trials", "p_trivial", "marks"]
summary[columns].round(3)

# %%
# Each subject
# ------------
#
# Of a few subjects, a mean hides much. A row of ``scores`` is a test set, and a fold of
# one subject may have two trials; :func:`~eegemo.evaluation.summarize` pools the folds
# of a session before it scores them, and :func:`~eegemo.evaluation.subject_scores` has
# what is behind its means.
subjects = subject_scores(scores).pivot(
    index=["protocol", "pipeline"], columns="subject", values="balanced_accuracy"
)
subjects.round(3)

# %%
# A subject has the same place in each row. Chance is one half; a guess exceeds the
# dotted line in one run of twenty, counted in trials, since the windows of one trial
# are no independent evidence.
MARKERS = {"trivial": ("s", "black"), "entropy-lr": ("o", "#0072B2")}
MARKERS["cov-ts-lr"] = ("^", "#D55E00")  # of Okabe and Ito's palette

protocols = list(summary["protocol"].unique())
figure, axes = plt.subplots(
    len(protocols), figsize=(7, 5.6), sharex=True, layout="constrained"
)
offsets = np.linspace(-0.25, 0.25, subjects.shape[1])
for ax, protocol in zip(axes, protocols, strict=True):
    of_protocol = summary[summary["protocol"] == protocol]
    for row, name in enumerate(of_protocol["pipeline"]):
        points = subjects.loc[protocol, name].to_numpy()
        marker, color = MARKERS[name]
        ax.plot(points, row + offsets, marker, color=color, markersize=5, alpha=0.8)
        ax.plot([points.mean()] * 2, [row - 0.38, row + 0.38], color=color, lw=2.5)
    chance, chance_95 = of_protocol[["chance", "chance_95"]].iloc[0]
    ax.axvline(chance, color="black", lw=1, ls="--", label="chance")
    ax.axvline(chance_95, color="0.35", lw=1, ls=":", label="a guess, 1 in 20")
    ax.set_yticks(range(len(of_protocol)), of_protocol["pipeline"])
    ax.set_ylim(len(of_protocol) - 0.5, -0.5)
    mark = of_protocol["marks"].iloc[0]
    ax.set_title(f"{protocol} ({mark})" if mark else protocol, fontsize=10)
figure.legend(*ax.get_legend_handles_labels(), loc="outside upper right", ncols=2)
axes[-1].set_xlabel("Balanced accuracy of windows (dots: subjects, bars: their mean)")
plt.show()

# %%
# What is stored
# --------------
#
# Asked again, the benchmark finds all folds under the same content of the windows,
# labels, pipelines, source code, protocol, seed and versions, and computes only what
# changed. A class that was typed into a notebook, as the one above was to make this
# page, has no file that would tell whether its code changed, so its folds are always
# computed: import it from a file of your own to go on from stored ones.
files = sorted(path.name for path in Path(folder.name).iterdir())
print("In the folder:", ", ".join(files))

start = perf_counter()
again = run_benchmark(data, pipelines, **request)
print(f"Again in {perf_counter() - start:.1f} s")
same = scores["fit_seconds"] == again["fit_seconds"]
for name, found in same.groupby(scores["pipeline"]).all().items():
    print(f"{name}: {'found' if found else 'computed again'}")

# %%
# The data are made and their features computed all the same, for only their content
# tells whether a stored result is theirs.
#
# What was seen
# -------------
of = summary.set_index(["protocol", "pipeline"])
for protocol in protocols:
    own, other = (of.loc[(protocol, name)] for name in pipelines)
    above = [name for name in pipelines if of.loc[(protocol, name)]["ci_low"] > 0.5]
    print(
        f"{protocol}: entropy-lr {own['balanced_accuracy']:.3f} ± {own['sd']:.3f}, "
        f"cov-ts-lr {other['balanced_accuracy']:.3f} ± {other['sd']:.3f}; "
        f"interval of the mean above chance: {', '.join(above) or 'none'}"
    )
folder.cleanup()

# %%
# The simulation ties emotion to the power of sources, which is what the entropy of a
# spectrum follows, so none of this says how good the feature is of recordings. What
# carries over is the procedure: the same folds for all, a baseline that does not look
# at the EEG, and all subjects on view. With five of them, no one-sided paired test can
# fall below 1 / 32, however far apart the means;
# :func:`~eegemo.evaluation.make_report` has these tests for all pairs of pipelines.

"""
Why folds of windows lie
========================

Many published scores come from cutting trials into windows, shuffling the windows, and
splitting them into folds. Here are recordings **with no emotion in them at all**.
Shuffled windows find it nevertheless.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib.pyplot as plt
import mne
import numpy as np
import pandas as pd

from eegemo.datasets import SimulatedEmotion
from eegemo.evaluation import audit_leakage

mne.set_log_level("warning")

# %%
# Nothing to find
# ---------------
# With ``effect=0`` the signals do not depend on the emotion. But every trial has a
# signature: drowsiness, a drying electrode, where someone looks. And ``clip_effect``
# gives a signature to each film clip too, the same for all who see it: its cuts, its
# brightness, its sound. Both kinds are unrelated to the emotion, and both are in real
# recordings.

dataset = SimulatedEmotion(
    n_sessions=1, n_trials=18, trial_seconds=12, effect=0, clip_effect=3
)

# %%
# The audit
# ---------
# :func:`~eegemo.evaluation.audit_leakage` runs a pipeline, here differential entropy
# and a linear support vector machine, under several protocols:
#
# - ``window-leaky``: windows shuffled into folds, so that windows of one trial are in
#   training and in test;
# - ``within-session``: folds of whole trials;
# - ``cross-subject``: other subjects, but the same clips;
# - ``cross-subject-stimulus``: other subjects and other clips.
#
# And it does so twice, with the true labels and with labels permuted among the clips.
# What a pipeline scores with permuted labels has nothing to do with emotion, whatever
# the data.

with TemporaryDirectory() as folder:
    audit = audit_leakage(dataset, ["de-svm"], n_splits=3, output=folder)
    folds = pd.read_csv(Path(folder) / "scores.csv")

columns = ["protocol", "pipeline", "true", "permuted", "chance", "chance_95", "marks"]
print(audit[columns].round(3).to_string(index=False))

# %%
# Each subject
# ------------
# A subject's score is the mean over its folds, each of which has every class. With true
# labels it is in the table of folds that the audit leaves in its ``output``, with
# permuted ones in ``audit.attrs``.

true = folds.groupby(["protocol", "pipeline", "subject"])["balanced_accuracy"].mean()
permuted = {
    run["protocol"]: list(run["permuted"]["de-svm"][0].values())
    for run in audit.attrs["runs"]
}
protocols = list(permuted)

figure, axis = plt.subplots(figsize=(7, 4.6), layout="constrained")
chance, bound = audit["chance"].iloc[0], audit["chance_95"].iloc[0]
axis.axhline(chance, color="black", linestyle="--", label="chance")
axis.axhline(bound, color="black", linestyle=":", label="a guess, 1 run of 20")
spread = np.linspace(-0.09, 0.09, len(dataset.subject_list))
for place, protocol in enumerate(protocols):
    for shift, scores, marker, colour, face, label in [
        (-0.2, true[protocol, "de-svm"], "o", "#0072B2", "#0072B2", "true labels"),
        (0.1, permuted[protocol], "^", "#D55E00", "none", "permuted labels"),
    ]:
        label = label if place == 0 else None
        x = place + shift + spread
        axis.plot(x, scores, marker, color=colour, markerfacecolor=face, label=label)
        axis.hlines(np.mean(scores), x[0] - 0.03, x[-1] + 0.03, colour, linewidth=2)
    label = "trivial baseline" if place == 0 else None
    trivial = true[protocol, "trivial"].mean()
    axis.plot(place + 0.33, trivial, "s", color="black", markersize=5, label=label)
axis.set(
    ylabel="balanced accuracy of windows",
    ylim=(0, 1.02),
    xticks=range(len(protocols)),
    xticklabels=[protocol.replace("-stim", "-\nstim") for protocol in protocols],
    title="No emotion in the data: each subject a dot, means as lines",
)
figure.legend(loc="outside lower center", ncols=3, frameon=False)
plt.show()

# %%
# **What was seen.** Shuffled windows score far above chance, with permuted labels as
# well as with true ones: the classifier recognises the trial, and has seen its label.
# Folds of whole trials take that away. New subjects who see known clips are above
# chance again, with permuted labels too: now it is the clip that is recognised, whose
# label is the same for all. Only when neither subject nor clip was seen is there
# nothing left to know.
#
# Some means near chance are at the dotted line. That line supposes that all trials are
# independent; here eight people saw the same eighteen clips, so that luck with a clip
# is luck with all of them. The permuted labels share this dependence, the formula does
# not: for a claim, use many permutations (``n_permutations``), of which this example
# has one.

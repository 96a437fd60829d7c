"""
Recentring subjects
===================

Covariance matrices differ far more between people than between emotions. Recentring
moves the mean of each subject's matrices to the identity. We look at six subjects in
the tangent space before and after, and at what a classifier makes of a new subject.
"""

import matplotlib.pyplot as plt
import mne
import numpy as np
import sklearn
from sklearn.decomposition import PCA
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import LeaveOneGroupOut, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from eegemo.adapt import Recenter
from eegemo.covariance import Covariances
from eegemo.datasets import SimulatedEmotion
from eegemo.paradigm import EmotionParadigm
from eegemo.riemann import TangentSpace

mne.set_log_level("warning")

# %%
# Six subjects
# ------------
# Each watches twelve clips, negative or positive, of 20 s, in one session. Their heads,
# the places of their sources and their spectra differ. Windows are 4 s long, and come
# in the order of time.

dataset = SimulatedEmotion(n_subjects=6, n_sessions=1, n_classes=2)
X, y, metadata = EmotionParadigm(window=4.0, fmin=4.0, fmax=45.0).get_data(dataset)
subject = metadata["subject"].to_numpy()
covariances = Covariances("oas").fit_transform(X)
recentred = Recenter().fit_transform(covariances, domain=subject)

# %%
# Before and after
# ----------------
# The vectors in the tangent space at the mean of all matrices, in the plane of their
# first two principal components. This figure describes: it uses all matrices of all
# subjects, though no label. Lengths have no unit, being logarithms of ratios of
# variances.

COLOURS = ["#E69F00", "#56B4E9", "#009E73", "#D55E00", "#0072B2", "#CC79A7"]
MARKERS = {"negative": "v", "positive": "^"}


def share_between(vectors, groups):
    """Share of the variance of vectors that is between the means of groups."""
    centred = vectors - vectors.mean(axis=0)
    between = sum(
        (groups == g).sum() * (centred[groups == g].mean(axis=0) ** 2).sum()
        for g in np.unique(groups)
    )
    return between / (centred**2).sum()


figure, axes = plt.subplots(1, 2, figsize=(7, 4.2), layout="constrained")
for axis, title, matrices in [
    (axes[0], "as they are", covariances),
    (axes[1], "recentred", recentred),
]:
    vectors = TangentSpace().fit_transform(matrices)
    pca = PCA(2).fit(vectors)
    points = pca.transform(vectors)
    for number, colour in enumerate(COLOURS, start=1):
        for emotion, marker in MARKERS.items():
            rows = (subject == number) & (y == emotion)
            face = colour if emotion == "positive" else "none"
            axis.plot(
                *points[rows].T,
                marker,
                color=colour,
                markerfacecolor=face,
                markersize=4,
            )
    for number in np.unique(subject):
        middle = points[subject == number].mean(axis=0)
        if title == "as they are":
            box = {"facecolor": "white", "boxstyle": "round,pad=0.2"}
            axis.text(*middle, number, ha="center", va="center", bbox=box)
    first, second = 100 * pca.explained_variance_ratio_
    axis.set(
        title=title,
        xlabel=f"component 1 ({first:.0f} % of variance)",
        ylabel=f"component 2 ({second:.0f} %)",
    )
    print(
        f"{title:12} variance between subjects {share_between(vectors, subject):.1%}, "
        f"between emotions {share_between(vectors, y):.1%}"
    )
for emotion, marker in MARKERS.items():
    face = "black" if emotion == "positive" else "none"
    axes[0].plot([], [], marker, color="black", markerfacecolor=face, label=emotion)
figure.legend(loc="outside lower center", ncols=2, frameon=False)
figure.suptitle("Colours and numbers: subjects")
plt.show()

# %%
# A new subject
# -------------
# A classifier is trained on five subjects and predicts the sixth, whose mean it does
# not know. Where should it come from? The modes of :class:`~eegemo.adapt.Recenter`
# answer in three ways:
#
# - ``"training"``: from training data only. The new subject is recentred with the mean
#   of all others;
# - ``"online"``: from the windows of the new subject that came before, without labels;
# - ``"transductive"``: from all windows of the new subject at once, without labels. The
#   prediction of one window then depends on later ones, and a score must say so.
#
# The subject of each window reaches the pipeline by scikit-learn's metadata routing,
# under the name ``domain``.


def scores_of(mode):
    """Balanced accuracy of windows of each subject, trained on all others."""
    steps = [TangentSpace(), StandardScaler(), LogisticRegression(C=0.01)]
    params = {"groups": subject}
    if mode is not None:
        recenter = Recenter(mode).set_fit_request(domain=True)
        steps.insert(0, recenter.set_transform_request(domain=True))
        params["domain"] = subject
    return by_subject(make_pipeline(*steps), params)


def by_subject(pipeline, params):
    predicted = cross_val_predict(
        pipeline, covariances, y, cv=LeaveOneGroupOut(), params=params
    )
    return [
        balanced_accuracy_score(y[subject == s], predicted[subject == s])
        for s in np.unique(subject)
    ]


with sklearn.config_context(enable_metadata_routing=True):
    scores = {
        "trivial\nbaseline": by_subject(DummyClassifier(), {"groups": subject}),
        "as they\nare": scores_of(None),
        "training": scores_of("training"),
        "online": scores_of("online"),
        "transductive": scores_of("transductive"),
    }
for name, of_subjects in scores.items():
    print(f"{name.replace(chr(10), ' '):17} {np.mean(of_subjects):.2f}")

# %%
figure, axis = plt.subplots(figsize=(7, 4.2), layout="constrained")
axis.axhline(1 / 2, color="black", linestyle="--", label="chance")
axis.plot(range(len(scores)), list(scores.values()), color="0.8", zorder=0)
uses = [
    (slice(0, 3), "o", "#0072B2", "#0072B2", "no test data"),
    (slice(3, 4), "^", "#009E73", "#009E73", "past test windows, no labels"),
    (slice(4, 5), "D", "#D55E00", "none", "all test windows, no labels: transductive"),
]
for where, marker, colour, face, label in uses:
    for place in range(len(scores))[where]:
        of_subjects = list(scores.values())[place]
        x = np.full(len(of_subjects), place)
        axis.plot(
            x, of_subjects, marker, color=colour, markerfacecolor=face, label=label
        )
        axis.hlines(np.mean(of_subjects), place - 0.2, place + 0.2, colour, linewidth=2)
        label = None
axis.set(
    xticks=range(len(scores)),
    xticklabels=list(scores),
    ylim=(0.4, 1.02),
    ylabel="balanced accuracy of windows",
    title="A new subject: dots and grey lines are subjects, bars means",
)
figure.legend(loc="outside lower center", ncols=2, frameon=False)
plt.show()

# %%
# **What was seen.** Before, most of the variance in the tangent space is between
# subjects, who lie in clusters of their own; after, none of it is, and the first
# component is close to the emotion. A classifier does not gain from this by itself:
# with ``"training"``, where the training subjects are recentred and the new one cannot
# be, it is no better than without. With the mean of the new subject's past windows it
# is better, and with that of all its windows better still.
#
# Three cautions. Both of these use other test windows, which
# :func:`~eegemo.evaluation.run_benchmark` marks; the last supposes that a batch with
# about as many windows of each emotion is at hand, while a batch of one emotion would
# be recentred to the middle all the same. The clips were seen in training: the
# simulation gives clips no signature, but real clips have one, see
# :ref:`sphx_glr_auto_examples_plot_03_leakage.py`. And these are six subjects with
# twelve trials each.

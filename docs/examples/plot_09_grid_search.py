"""
Grid search with groups
=======================

Windows of one trial are alike. A search that has some of them in training and others in
validation finds parameters that recognise trials, and a score that no new trial will
reach. Here scikit-learn's :class:`~sklearn.model_selection.GridSearchCV` is given the
trials as groups, inside and outside, and is compared with a search that is not.
"""

# %%
# Data and pipeline
# -----------------
#
# Four simulated subjects, each by itself: 16 trials of 12 s, four windows from each.
# The pipeline is that of the augmented covariance, of which the order is searched, and
# with it the C of the classifier; the lag is 4 samples, some 30 ms.
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy.stats import binom
from sklearn import config_context
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    LeaveOneGroupOut,
    StratifiedKFold,
    cross_validate,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from eegemo.adapt import Recenter
from eegemo.covariance import (
    AugmentedCovariances,
    AugmentedCovarianceSearchCV,
    Covariances,
)
from eegemo.datasets import SimulatedEmotion
from eegemo.paradigm import EmotionParadigm
from eegemo.riemann import TangentSpace

data = SimulatedEmotion(
    n_subjects=4,
    n_sessions=1,
    n_trials=16,
    n_classes=2,
    trial_seconds=12.0,
    effect=0.5,
)
X, y, metadata = EmotionParadigm(window=3.0).get_data(data)
subject, trial = metadata["subject"].to_numpy(), metadata["trial"].to_numpy()
print(X.shape, *(f"{name}: {np.sum(y == name)}" for name in np.unique(y)))

pipeline = make_pipeline(
    AugmentedCovariances(lag=4),
    TangentSpace(metric="logeuclid"),
    SVC(kernel="linear"),
)
grid = {
    "augmentedcovariances__order": [1, 2],
    "svc__C": [0.001, 0.1],
}

# %%
# The search that leaks
# ---------------------
#
# Folds of shuffled windows: what most searches have where nobody thought of trials.
leaking = GridSearchCV(
    pipeline, grid, cv=StratifiedKFold(3, shuffle=True, random_state=0)
)
one = subject == 1
leaking.fit(X[one], y[one])
print(f"Score of the search: {leaking.best_score_:.3f}, by {leaking.best_params_}")

# %%
# The search in groups
# --------------------
#
# :class:`~sklearn.model_selection.GroupKFold` takes whole trials. It is told which
# windows are of one trial when it is fitted.
grouped = GridSearchCV(pipeline, grid, cv=GroupKFold(3, shuffle=True, random_state=0))
grouped.fit(X[one], y[one], groups=trial[one])
print(f"Score of the search: {grouped.best_score_:.3f}, by {grouped.best_params_}")

# %%
# The honest score
# ----------------
#
# Even in groups, the score of a search is that of the best of four candidates on the
# very folds that chose it. So around the search go other folds, whose test trials it
# never saw. Both need the groups, and scikit-learn's metadata routing hands them over:
# splitters of groups ask for ``groups`` by themselves. Without routing, ``groups=``
# reaches the outer folds only, and the search inside fails for want of them.
outer = GroupKFold(4, shuffle=True, random_state=1)
rows = []
for name in np.unique(subject):
    own = subject == name
    for kind, search in {"windows": leaking, "trials": grouped}.items():
        with config_context(enable_metadata_routing=True):
            nested = cross_validate(
                search,
                X[own],
                y[own],
                cv=outer,
                params={"groups": trial[own]},
                return_estimator=True,
            )
        claimed = np.mean([best.best_score_ for best in nested["estimator"]])
        rows.append((name, kind, claimed, nested["test_score"].mean()))
columns = ["subject", "folds of", "score of the search", "new trials"]
scores = pd.DataFrame(rows, columns=columns)
scores.pivot(index="subject", columns="folds of").round(3)

# %%
# A line is a subject: on its left what the search said, on its right the score of new
# trials. Classes are balanced, so chance and the most frequent class both score one
# half; but a subject has 16 trials, and of these a guess gets many right at times.
bound = binom.isf(0.05, 16, 0.5) / 16
print(f"A guess exceeds {bound:.3f} of 16 trials in one run of twenty")

figure, axes = plt.subplots(
    1, 2, figsize=(7, 3.4), sharex=True, sharey=True, layout="constrained"
)
STYLES = {"windows": ("^--", "#D55E00"), "trials": ("o-", "#0072B2")}  # Okabe and Ito
for ax, (kind, (style, color)) in zip(axes, STYLES.items(), strict=True):
    part = scores[scores["folds of"] == kind][columns[2:]]
    ax.plot([0, 1], part.T, style, color=color)
    ax.axhline(0.5, color="black", lw=1, ls=":")
    ax.axhline(bound, color="0.35", lw=1, ls="-.")
    ax.text(-0.32, bound, "a guess, 1 in 20", ha="left", va="bottom", fontsize=9)
    ax.text(-0.32, 0.5, "chance", ha="left", va="bottom", fontsize=9)
    ax.set_title(f"Search in folds of {kind}", fontsize=10)
    ax.set_xticks([0, 1], columns[2:])
    ax.set_xlim(-0.35, 1.35)
axes[0].set_ylabel("Accuracy (share of windows)")
plt.show()

# %%
# The same search in one class
# ----------------------------
#
# :class:`~eegemo.covariance.AugmentedCovarianceSearchCV` tries the same candidates. The
# lagged products of each window are computed once for all of them, and ``groups`` go to
# ``fit`` in the same way.
search = AugmentedCovarianceSearchCV(
    SVC(kernel="linear"),
    orders=[1, 2],
    lags=[4],
    param_grid={"C": [0.001, 0.1]},
    metric="logeuclid",
    estimator=pipeline[0].estimator,
    cv=grouped.cv,
)
search.fit(X[one], y[one], groups=trial[one])
print(f"GridSearchCV: {grouped.best_score_:.3f}, ours: {search.best_score_:.3f}")

# %%
# Groups and domains
# ------------------
#
# Of new subjects, the groups are subjects. A step may need to know them as well:
# :class:`~eegemo.adapt.Recenter` moves the mean of each subject's matrices to one
# place. It asks for them under the name ``domain``, and the request is made step by
# step.
#
# With ``scoring=None``, as here, scikit-learn (since version 1.8) hands ``domain`` to
# the predictions by which a search scores its candidates, too; with the name of a score
# it does not. With :class:`~sklearn.model_selection.LeaveOneGroupOut` both are right:
# the windows to predict are then of one subject, who is new.
with config_context(enable_metadata_routing=True):
    recenter = Recenter("online").set_fit_request(domain=True)
    recenter = recenter.set_transform_request(domain=True)
    across = make_pipeline(
        Covariances("oas"),
        recenter,
        TangentSpace(),
        StandardScaler(),
        LogisticRegression(C=0.01, max_iter=1000),
    )
    search = GridSearchCV(
        across,
        {"recenter__mode": ["training", "online"]},
        cv=LeaveOneGroupOut(),
    )
    nested = cross_validate(
        search,
        X,
        y,
        cv=LeaveOneGroupOut(),
        params={"groups": subject, "domain": subject},
        return_estimator=True,
    )
for left_out, best, score in zip(
    np.unique(subject), nested["estimator"], nested["test_score"], strict=True
):
    print(f"subject {left_out} left out: {score:.3f}, by {best.best_params_}")

# %%
# With ``mode="online"``, a prediction depends on the windows of the new subject that
# came before: a paper has to say so.
#
# What was seen
# -------------
means = scores.groupby("folds of", sort=False)[columns[2:]].mean()
for kind, (claimed, reached) in means.iterrows():
    print(
        f"folds of {kind}: the search says {claimed:.3f}, new trials get {reached:.3f}"
    )

# %%
# A search in folds of windows promises more than new trials give, and one in folds of
# trials does not. What it chose need not be worse: with four candidates, it is the
# score that leaks, more than the choice. So report neither, but the score of the outer
# folds; and for sixteen trials of four subjects, that one with care.

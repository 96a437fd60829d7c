"""
Differential entropy on the head
================================

Which electrodes and which frequencies change with the emotion? We average differential
entropy over the windows of each emotion, within each subject, and draw it as maps of
the head. The recordings are simulated, so we know what the maps should show; and a
second simulation, with no emotion in it, shows what maps look like when there is
nothing.
"""

import matplotlib.pyplot as plt
import mne
import numpy as np
import pandas as pd

from eegemo.bands import BANDS
from eegemo.datasets import SimulatedEmotion
from eegemo.features import DifferentialEntropy
from eegemo.paradigm import EmotionParadigm

mne.set_log_level("warning")

# %%
# What was put in
# ---------------
# :class:`~eegemo.datasets.SimulatedEmotion` changes the sources of the EEG with valence
# and arousal, as its reference page says: beta and gamma power at the temples rises
# with valence, alpha at the back falls with arousal, and frontal alpha moves to the
# right with valence. Negative and positive clips are of equal arousal, neutral ones
# below both. A fourth effect, coupling at a lag, leaves power as it is, so that no map
# of power can show it. Delta and theta do not depend on emotion at all.

CHANNELS = (
    "Fp1 Fp2 AF3 AF4 F7 F3 Fz F4 F8 FC5 FC1 FC2 FC6 T7 C3 Cz C4 T8 "
    "CP5 CP1 CP2 CP6 P7 P3 Pz P4 P8 PO3 PO4 O1 Oz O2"
).split()
with_emotion = SimulatedEmotion(n_sessions=1, channels=CHANNELS)
without = SimulatedEmotion(n_sessions=1, channels=CHANNELS, effect=0)  # else the same

# %%
# Entropies, less what each subject has anyway
# --------------------------------------------
# Differential entropy is in nats (natural logarithms), and a logarithm of power: where
# the amplitude grows by a factor of exp(0.1), about a tenth, it grows by 0.1 nats,
# whatever the unit of the signal. Heads, caps and spectra differ between people by far
# more than emotions do. So each subject's mean over all windows is subtracted, channel
# by channel and band by band. Dividing by the standard deviation as well would
# standardise further, as classifiers like it, but the maps would no longer be in nats.


def emotion_means(dataset):
    """Entropies of each subject and emotion, less the subject's mean, in nats."""
    X, y, metadata = EmotionParadigm(window=4.0).get_data(dataset)
    entropy = DifferentialEntropy(sfreq=dataset.sfreq, bands="eegemo", method="fft")
    features = pd.DataFrame(
        entropy.fit_transform(X), columns=entropy.get_feature_names_out(CHANNELS)
    )
    features -= features.groupby(metadata["subject"]).transform("mean")
    return features.groupby([metadata["subject"], pd.Series(y, name="emotion")]).mean()


means = emotion_means(with_emotion)
means_without = emotion_means(without)
print(means.iloc[:6, :5].round(3))

# %%
# The maps
# --------
# One row for each emotion, one column for each band, the mean over subjects. Red is
# more than the subject's mean, blue less, with dashed contours. A white dot marks an
# electrode at which all eight subjects changed to the same side. If the sides were a
# matter of chance, that would befall an electrode once in 128; of the 480 places in
# such a figure, three or four by luck on average, and neighbours together, since they
# see the same sources.

EMOTIONS = ["negative", "neutral", "positive"]
LIMIT = 0.2  # nats; the same colours in both figures

info = mne.create_info(CHANNELS, with_emotion.sfreq, "eeg")
info.set_montage("biosemi64")


def draw(means, title):
    """Draw the maps of all emotions and bands; count where all subjects agree."""
    n_agreeing = 0
    figure, axes = plt.subplots(
        len(EMOTIONS), len(BANDS["eegemo"]), figsize=(7, 4.5), layout="constrained"
    )
    for emotion, row in zip(EMOTIONS, axes, strict=True):
        row[0].set_ylabel(emotion)
        for band, axis in zip(BANDS["eegemo"], row, strict=True):
            columns = [f"{channel}_{band}" for channel in CHANNELS]
            of_subjects = means.xs(emotion, level="emotion")[columns].to_numpy()
            same_side = abs(np.sign(of_subjects).sum(axis=0)) == len(of_subjects)
            n_agreeing += same_side.sum()
            image, _ = mne.viz.plot_topomap(
                of_subjects.mean(axis=0),
                info,
                axes=axis,
                cmap="RdBu_r",
                vlim=(-LIMIT, LIMIT),
                contours=np.linspace(-LIMIT, LIMIT, 9),
                sensors=False,
                mask=same_side,
                mask_params={"markersize": 4, "markerfacecolor": "white"},
                show=False,
            )
    for (band, (low, high)), axis in zip(BANDS["eegemo"].items(), axes[0], strict=True):
        axis.set_title(f"{band}\n{low}-{high} Hz", fontsize=10)
    figure.colorbar(
        image, ax=axes, label="entropy less subject's mean (nats)", shrink=0.8
    )
    figure.suptitle(title)
    plt.show()
    print(f"all subjects agree at {n_agreeing} of {axes.size * len(CHANNELS)} places")


draw(means, "With emotion")

# %%
draw(means_without, "Without emotion")

# %%
# Where it was put, in numbers
# ----------------------------
# The mean over the electrodes of each region, then over subjects, with the standard
# error of that mean. The last is alpha at the right of the front less alpha at the
# left.

BACK = ["PO3", "PO4", "O1", "Oz", "O2"]
REGIONS = {
    "gamma at the temples": (["T7", "T8"], [], "gamma"),
    "beta at the temples": (["T7", "T8"], [], "beta"),
    "alpha at the back": (BACK, [], "alpha"),
    "theta at the back": (BACK, [], "theta"),
    "frontal alpha, right less left": (
        ["AF4", "F4", "F8"],
        ["AF3", "F3", "F7"],
        "alpha",
    ),
}


def of_regions(means):
    """Entropy of each region, a column each."""
    regions = {}
    for name, (plus, minus, band) in REGIONS.items():
        regions[name] = means[[f"{channel}_{band}" for channel in plus]].mean(axis=1)
        if minus:
            left = means[[f"{channel}_{band}" for channel in minus]]
            regions[name] = regions[name] - left.mean(axis=1)
    return pd.DataFrame(regions)


for name, table in [("With emotion", means), ("Without emotion", means_without)]:
    by_emotion = of_regions(table).groupby("emotion")
    mean, error = by_emotion.mean().T, by_emotion.sem().T
    header = "".join(f"{emotion:18}" for emotion in EMOTIONS)
    print(f"\n{name + ', in nats':33}{header}".rstrip())
    for region in REGIONS:
        cells = [
            f"{mean.at[region, e]:+.3f} ± {error.at[region, e]:.3f}" for e in EMOTIONS
        ]
        print(f"  {region:31}" + "   ".join(cells))

# %%
# **What was seen.** All three effects on power are where they were put. Temporal beta
# and gamma rise from negative to positive. Alpha at the back is strongest in neutral
# clips, which arouse least, and negative and positive ones, of equal arousal, hardly
# differ there. Frontal alpha changes sides. The maps also show what was not put in:
# theta at the back follows alpha, since the alpha of some people reaches below 8 Hz. So
# a change in a band is no proof of a rhythm of that band. Coupling leaves no trace, as
# it must.
#
# Without emotion there are still some electrodes at which all subjects agree, and maps
# with hills and valleys. Without this second figure, or a test, one could tell stories
# about them. Since both simulations share their noise and artefacts, the delta maps are
# much alike.

"""
Differential entropy on the head
================================

Which electrodes and which frequencies change with the emotion? We average differential
entropy over the windows of each emotion, within each subject, and draw it as maps of the
head. The recordings are simulated, so we know what the maps should show; and a second
simulation, with no emotion in it, shows what maps look like when there is nothing.
"""

import matplotlib.pyplot as plt
import mne
import numpy as np
import pandas as pd

from eegemo.datasets import SimulatedEmotion
from eegemo.features import DifferentialEntropy
from eegemo.paradigm import EmotionParadigm

mne.set_log_level("warning")

# %%
# What was put in
# ---------------
# :class:`~eegemo.datasets.SimulatedEmotion` changes the sources of the EEG with valence
# and arousal, as its reference page says: beta and gamma power at the temples rises with
# valence, alpha at the back falls with arousal, and frontal alpha moves to the right with
# valence. Negative and positive clips are of equal arousal, neutral ones below both. A
# fourth effect, coupling at a lag, leaves power as it is, so that no map of power can
# show it. Delta and theta do not depend on emotion at all.

CHANNELS = (
    "Fp1 Fp2 AF3 AF4 F7 F3 Fz F4 F8 FC5 FC1 FC2 FC6 T7 C3 Cz C4 T8 "
    "CP5 CP1 CP2 CP6 P7 P3 Pz P4 P8 PO3 PO4 O1 Oz O2"
).split()
with_emotion = SimulatedEmotion(n_sessions=1, channels=CHANNELS)
without = SimulatedEmotion(n_sessions=1, channels=CHANNELS, effect=0)

# %%
# Entropies, less what each subject has anyway
# --------------------------------------------
# Differential entropy is in nats (natural logarithms), and a logarithm of power: where
# the amplitude grows by a factor of exp(0.1), about a tenth, it grows by 0.1 nats,
# whatever the unit of the signal. Heads, caps and spectra differ between people by far
# more than emotions do. So each subject's mean over all windows is subtracted, channel by
# channel and band by band. Dividing by the standard deviation as well would standardise
# further, as classifiers like it, but the maps would no longer be in nats.


def emotion_means(dataset):
    """Entropy of each emotion less the subject's mean, in nats.

    By subject, emotion, channel and band; and the names of emotions and bands.
    """
    X, y, metadata = EmotionParadigm(window=4.0).get_data(dataset)
    entropy = DifferentialEntropy(sfreq=dataset.sfreq, bands="eegemo", method="fft")
    features = entropy.fit_transform(X)
    columns = entropy.get_feature_names_out(CHANNELS)
    table = pd.DataFrame(features, columns=columns)
    centred = table - table.groupby(metadata["subject"]).transform("mean")
    means = centred.groupby([metadata["subject"], pd.Series(y, name="emotion")]).mean()
    return means, list(dict.fromkeys(name.split("_")[1] for name in columns))


means, bands = emotion_means(with_emotion)
means_without, _ = emotion_means(without)
print(means.iloc[:3, :5].round(3))

"""
From a recording to predictions
===============================

Someone watches twelve film clips while EEG is recorded, and comes back another day. We
filter and cut the first recording with MNE, train on its windows, estimate by folds of
whole trials what to expect, and predict the second recording.

The recordings are simulated here, so that nothing is downloaded; with your own, begin
at the second section, after ``mne.io.read_raw``. Some formats, as EDF, keep neither the
types of channels nor which are bad: set both before the average reference.
"""

import textwrap

import matplotlib.pyplot as plt
import mne
import numpy as np
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import ConfusionMatrixDisplay, balanced_accuracy_score
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from eegemo.covariance import Covariances
from eegemo.riemann import TangentSpace

mne.set_log_level("warning")

# %%
# Two recordings
# --------------
# Sixteen electrodes, 256 Hz, in volts, as MNE keeps all EEG. Each clip lasts 24 s and
# is an annotation that bears the name of its emotion. Every electrode picks up 1/f
# noise, alpha from the back of the head and beta from its sides. Emotion changes how
# much of each there is, by less than it varies from trial to trial. Blinks come on top;
# once, an electrode moves.

CHANNELS = "Fp1 Fp2 F7 F3 Fz F4 F8 T7 C3 Cz C4 T8 P7 Pz P8 Oz".split()
SFREQ, CLIP, REST = 256.0, 24.0, 3.0  # Hz, seconds, seconds
EMOTIONS = ["calm", "fear", "joy"]
RESPONSE = {"calm": [0.25, 0.25, 0], "fear": [-0.25, 0, 0], "joy": [0, -0.1, 0.3]}


def band_noise(rng, low, high, n_sources, n_times):
    """Noise of unit variance between two frequencies in hertz."""
    frequency = np.fft.rfftfreq(n_times, 1 / SFREQ)
    spectrum = np.fft.rfft(rng.standard_normal((n_sources, n_times)))
    spectrum *= (frequency >= low) & (frequency <= high)
    if low < 1:
        spectrum[:, 1:] /= np.sqrt(frequency[1:])  # power falls as 1/f
    noise = np.fft.irfft(spectrum, n_times)
    return noise / noise.std(axis=1, keepdims=True)


def near(info, sites, width=0.05):
    """How much each electrode sees of sources below some electrodes."""
    place = np.array([channel["loc"][:3] for channel in info["chs"]])  # metres
    sources = place[[info.ch_names.index(site) for site in sites]]
    distance = np.linalg.norm(place[:, None] - sources, axis=2)
    return np.exp(-0.5 * (distance / width) ** 2)


def record(seed):
    """Simulate the recording of one day."""
    rng = np.random.default_rng(seed)
    info = mne.create_info(CHANNELS, SFREQ, "eeg")
    info.set_montage("biosemi64")  # sites of the 10-20 system are among them
    labels = rng.permutation(np.repeat(EMOTIONS, 4))
    onsets = REST + (CLIP + REST) * np.arange(len(labels))
    n_times = int(SFREQ * (onsets[-1] + CLIP + REST))
    times = np.arange(n_times) / SFREQ

    day = 0.05 * rng.standard_normal(3)  # natural logarithms of amplitudes
    gain = np.zeros((3, n_times))
    for label, onset in zip(labels, onsets, strict=True):
        of_trial = RESPONSE[label] + 0.15 * rng.standard_normal(3) + day
        gain[:, (times >= onset) & (times < onset + CLIP)] = of_trial[:, None]
    back, left, right = np.exp(gain)

    microvolts = 8 * near(info, CHANNELS, 0.03) @ band_noise(rng, 0.5, 100, 16, n_times)
    alpha = band_noise(rng, 8, 12, 3, n_times)
    microvolts += 12 * back * (near(info, ["P7", "P8", "Oz"]) @ alpha)
    beta = band_noise(rng, 15, 30, 2, n_times)
    microvolts += 4 * near(info, ["T7", "T8"]) @ (beta * [left, right])
    blinks = (rng.random(n_times) < 0.2 / SFREQ).astype(float)
    blinks = np.convolve(blinks, np.hanning(int(0.4 * SFREQ)), "same")
    microvolts += 120 * near(info, ["Fp1", "Fp2"]).sum(axis=1)[:, None] * blinks
    microvolts += 5 * np.sin(2 * np.pi * 50 * times)  # the mains
    moved = onsets[5] + 7
    microvolts[CHANNELS.index("C3")] += 400 * np.exp(-((times - moved) ** 2))

    raw = mne.io.RawArray(microvolts * 1e-6, info)
    annotations = mne.Annotations(onsets, CLIP, labels)
    annotations.append(moved - 2, 4.0, "BAD_electrode_moved")
    return raw.set_annotations(annotations)


first, second = record(seed=0), record(seed=1)
print(first)
print(first.annotations.count())

# %%
# Filter, reference, cut
# ----------------------
# The whole recording is filtered before it is cut, so that no window has the filter's
# edges. ``chunk_duration`` cuts each annotation into windows of 4 s which never cross
# the end of a clip, and ``Epochs`` leaves out those that a "BAD" annotation touches. We
# note from which trial each window comes: the windows of a trial are alike for reasons
# that have nothing to do with emotion, so no trial may be on both sides of a split.

WINDOW = 4.0  # seconds


def cut(raw):
    """Cut a recording into windows; return them, their emotions and their trials."""
    raw = raw.copy().filter(1.0, 45.0).set_eeg_reference("average")
    codes = {emotion: code for code, emotion in enumerate(EMOTIONS)}
    events, _ = mne.events_from_annotations(raw, codes, chunk_duration=WINDOW)
    clips = [a for a in raw.annotations if a["description"] in codes]
    onsets = [clip["onset"] for clip in clips]
    starts = (events[:, 0] - raw.first_samp) / raw.info["sfreq"]
    trial = np.searchsorted(onsets, starts + 0.5 * WINDOW) - 1
    epochs = mne.Epochs(
        raw,
        events,
        codes,
        tmin=0.0,
        tmax=WINDOW - 1 / raw.info["sfreq"],
        baseline=None,
        preload=True,
    )
    kept = epochs.selection
    emotion = np.array(EMOTIONS)[events[kept, 2]]
    return epochs, emotion, trial[kept]


epochs, y, trial = cut(first)
print(epochs)
print(f"{len(epochs)} windows of {len(set(trial))} trials")
print(f"left out: {sum(map(bool, epochs.drop_log))}")

# %%
# The rank that the average reference takes
# -----------------------------------------
# After an average reference the channels sum to zero, so a covariance matrix of 16
# channels has rank 15, and its logarithm, which the tangent space needs, does not
# exist. eegemo refuses such matrices rather than return noise.

try:
    TangentSpace().fit(Covariances("scm").fit_transform(epochs))
except ValueError as error:
    print(textwrap.fill(str(error), 66))

# %%
# Oracle approximating shrinkage ("oas") mixes each covariance with a multiple of the
# identity, by a share that it estimates from the window. That lifts the missing
# eigenvalue from zero, and hardly moves the others. (What is left of a zero after
# rounding may be negative; it is drawn at the lower edge.)

eigenvalues = {
    name: np.linalg.eigvalsh(Covariances(name).fit_transform(epochs)[0]) * 1e12
    for name in ("scm", "oas")
}
figure, axis = plt.subplots(figsize=(7, 3.8), layout="constrained")
rank = np.arange(1, len(CHANNELS) + 1)
styles = {"scm": ("o", "#D55E00", "sample covariance"), "oas": ("^", "#0072B2", "OAS")}
for name, (marker, colour, label) in styles.items():
    largest_first = np.maximum(eigenvalues[name][::-1], 1e-14)  # rounded, below zero
    axis.semilogy(
        rank, largest_first, marker, color=colour, label=label, markerfacecolor="none"
    )
axis.set(
    xlabel="eigenvalue, largest first",
    ylabel="variance (µV²)",
    title="The covariance of one window",
    xticks=rank,
)
axis.legend()
plt.show()

# %%
# Train, and estimate what to expect
# ----------------------------------
# A pipeline takes the Epochs as they are, and so does scikit-learn's cross-validation,
# here with trials as groups. Beside it stands the trivial baseline, the same answer for
# every window. Another way past the missing rank is to drop one channel: under an
# average reference it is minus the sum of the others, so nothing is lost.

folds = StratifiedGroupKFold(4)


def pipeline_with(estimator):
    return make_pipeline(
        Covariances(estimator),
        TangentSpace(),
        StandardScaler(),
        LogisticRegression(C=0.01),
    )


def validated(pipeline, X):
    return cross_val_predict(pipeline, X, y, groups=trial, cv=folds)


pipeline = pipeline_with("oas")
predicted = validated(pipeline, epochs)
without_oz = validated(pipeline_with("scm"), epochs.copy().drop_channels("Oz"))
constant = validated(DummyClassifier(), np.zeros((len(y), 1)))
for name, labels in [
    ("OAS, 16 channels", predicted),
    ("sample covariance, 15 channels", without_oz),
    ("always the same answer", constant),
]:
    print(f"{name:31} {balanced_accuracy_score(y, labels):.2f}")

# %%
# The second day
# --------------
# The new recording goes through the same steps. Each window has a prediction, and each
# trial one too: the emotion that its windows find most probable together.

pipeline.fit(epochs, y)
new_epochs, new_y, new_trial = cut(second)
new_predicted = pipeline.predict(new_epochs)
probability = pipeline.predict_proba(new_epochs)

right = 0
for number in np.unique(new_trial):
    rows = new_trial == number
    shares = probability[rows].mean(axis=0)
    true, answer = new_y[rows][0], pipeline.classes_[shares.argmax()]
    right += answer == true
    print(f"clip {number + 1:2}: {true}, predicted {answer} ({shares.max():.2f})")
score = balanced_accuracy_score(new_y, new_predicted)
print(f"balanced accuracy of windows {score:.2f}, chance {1 / 3:.2f}")
print(f"trials: {right} of {len(np.unique(new_trial))} right")

# %%
figure, axes = plt.subplots(1, 2, figsize=(7, 3.6), layout="constrained")
parts = [
    ("first day, folds of trials", y, predicted),
    ("second day, never seen", new_y, new_predicted),
]
for axis, (title, true, answer) in zip(axes, parts, strict=True):
    ConfusionMatrixDisplay.from_predictions(
        true, answer, ax=axis, cmap="Blues", colorbar=False
    )
    axis.set(title=title, xlabel="predicted emotion", ylabel="true emotion")
figure.suptitle("Windows of each emotion")
plt.show()
# sphinx_gallery_thumbnail_number = 2

# %%
# **What was seen.** The average reference makes the sample covariance singular, which
# the tangent space refuses; shrinkage, or one channel less, gives matrices it takes,
# and here about the same score. Both days are well above chance, and joy is the
# hardest. The folds of the first day keep trials whole, so they estimate what another
# trial of that day would have; a real second day also brings another state of the
# person and another fit of the cap, of which there is little in this simulation. And
# the evidence is twelve trials a day, not seventy windows: a difference of one or two
# trials means little.

"""
A network's map beside its null
===============================

A map of what a network looks at is easy to make and hard to doubt. Here the answer is
known: a burst is planted in some channels, at some time, of the windows of one class.
The map of :class:`~eegemo.networks.InterpretableCNN` finds it. Then the same network is
trained where there is nothing to find, and draws a map all the same. What tells the two
apart is :func:`~eegemo.networks.explain_with_null`: the same explanation of networks
that were trained with permuted labels.
"""

# %%
# Windows with nothing in them, and with a burst
# ----------------------------------------------
#
# A simulated subject watches 24 clips of 8 s. With ``effect=0`` the signals do not
# depend on the emotion at all. Windows are of 2 s, in microvolts.
import matplotlib.pyplot as plt
import mne
import numpy as np

from eegemo.datasets import SimulatedEmotion
from eegemo.networks import InterpretableCNN, explain_with_null
from eegemo.paradigm import EmotionParadigm

data = SimulatedEmotion(
    n_subjects=1,
    n_sessions=1,
    n_trials=24,
    n_classes=2,
    trial_seconds=8.0,
    effect=0,
    seed=3,
)
nothing, y, metadata = EmotionParadigm(window=2.0).get_data(data)
channels, sfreq = metadata.attrs["channels"], metadata.attrs["sfreq"]
trial = metadata["trial"].to_numpy()
n_windows, n_channels, n_times = nothing.shape
print(f"{n_windows} windows, {n_channels} channels, {n_times} samples at {sfreq:g} Hz")

# %%
# In the windows of the class ``positive``, and in no other, goes a burst of 20 Hz. It
# is strongest at P8, half as strong at T8 and a fifth as strong at Pz; it lasts about
# half a second around 1.3 s, and its phase is random, so that no average shows it.
WEIGHT = {"P8": 1.0, "T8": 0.5, "Pz": 0.2}
PEAK, WIDTH, AMPLITUDE = 1.3, 0.12, 18.0  # s, s, microvolts

rng = np.random.default_rng(0)
times = np.arange(n_times) / sfreq
envelope = AMPLITUDE * np.exp(-0.5 * ((times - PEAK) / WIDTH) ** 2)
planted = nothing.copy()
for row in np.flatnonzero(y == "positive"):
    burst = envelope * np.sin(2 * np.pi * 20 * times + rng.uniform(0, 2 * np.pi))
    for name, weight in WEIGHT.items():
        planted[row, channels.index(name)] += weight * burst

# %%
# Two networks
# ------------
#
# The first 16 trials are for training, the last 8 are tested and explained: windows of
# a trial stay together. Both networks learn their training windows almost by heart.
# With 8 trials to test, an accuracy says little beyond very high or not.
train = trial < 16
network = InterpretableCNN(
    n_spatial=8,
    filter_length=32,
    max_epochs=30,
    batch_size=16,
    learning_rate=0.005,
    random_state=0,
)
cases = {"burst planted": planted, "nothing there": nothing}
explained = {}
for case, X in cases.items():
    network.fit(X[train], y[train])
    seen, new = (network.score(X[rows], y[rows]) for rows in (train, ~train))
    print(f"{case}: accuracy of training windows {seen:.2f}, of new ones {new:.2f}")
    positive = X[~train & (y == "positive")]
    explained[case] = network.explain(positive[:1], "positive")[0]

# %%
# The map of one window
# ---------------------
#
# What speaks for ``positive`` in one new window of that class, by channel and time. Any
# such map has mean zero and root mean square one, whatever the network has learned.


def draw_map(axes, values, box="white", **options):
    """Draw channels over time, with a box around the burst."""
    half = 0.5 / sfreq
    image = axes.imshow(
        values,
        aspect="auto",
        extent=(-half, times[-1] + half, n_channels - 0.5, -0.5),
        interpolation="nearest",
        **options,
    )
    axes.set_yticks(range(n_channels), channels, fontsize=8)
    axes.set_xlabel("Time in the window (s)")
    for name in WEIGHT:
        axes.add_patch(
            plt.Rectangle(
                (PEAK - 2 * WIDTH, channels.index(name) - 0.5),
                4 * WIDTH,
                1,
                fill=False,
                color=box,
                linestyle="--",
            )
        )
    return image


figure, axes = plt.subplots(
    1, 2, figsize=(7, 3.6), sharex=True, sharey=True, layout="constrained"
)
highest = max(values.max() for values in explained.values())
for ax, (case, values) in zip(axes, explained.items(), strict=True):
    image = draw_map(ax, values, vmin=0, vmax=highest, cmap="viridis")
    ax.set_title(case, fontsize=10)
figure.colorbar(image, ax=axes, label="Map (root mean square 1)")
figure.suptitle("One window each; dashed: where the burst is, or would be", fontsize=10)
plt.show()

# %%
# Each is dark but for a few bright places, and each could be told as a story. It takes
# the boxes, which no recording has, to see which network has learned something.
#
# The map on the left is bright in one channel of the three: what speaks for a class is
# traced back to the single electrode that contributes most.
#
# The null
# --------
#
# ``explain_with_null`` fits the network once with the labels and 20 times with the
# labels permuted among trials, and explains the same new windows each time. Here it
# explains the mean map of all new windows of the class: what is in the data comes back
# from window to window, and what is not averages out. Of what it returns, ``values`` is
# the mean map, ``exceeded`` the share of the null networks whose map is lower at that
# point, and ``p_value`` is of the highest value of the whole map, wherever it lies.


def mean_map(network, X):
    return network.explain(X, "positive").mean(axis=0)


explanations = {}
for case, X in cases.items():
    explanation = explain_with_null(
        network,
        X[train],
        y[train],
        X_explained=X[~train & (y == "positive")],
        explain=mean_map,
        groups=trial[train],
        n_permutations=20,
        random_state=0,
    )
    explanations[case] = explanation
    place, time = np.unravel_index(
        explanation.values.argmax(), explanation.values.shape
    )
    print(
        f"{case}: highest value {explanation.values.max():.1f} at {channels[place]}, "
        f"{times[time]:.2f} s; p = {explanation.p_value:.3f}"
    )

# %%
# Above are the mean maps, below the shares of null maps that they exceed. Where a map
# is below its own mean, nothing speaks for the class and the shares compare one dark
# ground with another: these points are white. Shares are high on the right as well,
# since of any map we look here at the bright places, which exceed most others by that.
figure, axes = plt.subplots(
    2, 2, figsize=(7, 6.6), sharex=True, sharey=True, layout="constrained"
)
highest = max(explanation.values.max() for explanation in explanations.values())
for column, (case, explanation) in zip(axes.T, explanations.items(), strict=True):
    values = explanation.values
    mean = draw_map(column[0], values, vmin=0, vmax=highest, cmap="viridis")
    exceeded = np.where(values > 0, explanation.exceeded, np.nan)
    share = draw_map(column[1], exceeded, "black", vmin=0, vmax=1, cmap="cividis")
    column[0].set_title(f"{case}, p = {explanation.p_value:.3f}", fontsize=10)
    column[0].set_xlabel("")
figure.colorbar(mean, ax=axes[0], label="Mean map (a.u.)")
figure.colorbar(share, ax=axes[1], label="Share of null maps exceeded")
plt.show()

# %%
# On the scalp
# ------------
#
# The mean maps at the time of their highest value. Electrodes with a white dot exceed
# all null maps there.


def stands_out(explanation):
    return (explanation.values > 0) & (explanation.exceeded == 1)


info = data.get_data([1])[1]["0"]["0"].info  # with the places of the electrodes
figure, axes = plt.subplots(1, 2, figsize=(7, 3.2), layout="constrained")
for ax, (case, explanation) in zip(axes, explanations.items(), strict=True):
    time = explanation.values.max(axis=0).argmax()
    image, _ = mne.viz.plot_topomap(
        explanation.values[:, time],
        info,
        axes=ax,
        cmap="viridis",
        vlim=(0, highest),
        contours=0,
        mask=stands_out(explanation)[:, time],
        mask_params={"marker": "o", "markersize": 7, "markerfacecolor": "w"},
        show=False,
    )
    ax.set_title(f"{case}, at {times[time]:.2f} s", fontsize=10)
figure.colorbar(image, ax=axes, shrink=0.8, label="Mean map (a.u.)")
plt.show()

# %%
# How many points stand out, of those where the burst is strongest and of the others:
inside = np.zeros((n_channels, n_times), bool)
inside[channels.index("P8")] = np.abs(times - PEAK) < 2 * WIDTH
for case, explanation in explanations.items():
    above = stands_out(explanation)
    print(
        f"{case}: {above[inside].mean():.0%} of the points in the box of P8 exceed all "
        f"null maps, and {above[~inside].mean():.1%} of the others"
    )

# %%
# What was seen
# -------------
#
# Both networks learned their training windows, and both drew a map with bright
# places. The mean map of the planted burst is brightest where the burst is, brighter
# than any of the 20 null maps is anywhere; with 20 permutations, p cannot be less than
# 1 / 21. With nothing there, some null maps are as bright, and p says so.
#
# Single points say less: a map has thousands, and where there is nothing to find, some
# of them still exceed all null maps. So look at ``p_value`` first, and at ``exceeded``
# only if it is small. Of data sets with nothing in them, one in twenty will have a
# p-value below 0.05.
#
# And what the null cannot tell: that something goes along with the labels does not make
# it emotion. A burst of muscles would have passed as well.

"""The steps from a recording with annotated trials to labelled windows.

Each holds all its parameters in its representation, since MOABB keys results by it.
"""

import math

import mne
import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from .datasets._base import QUADRANT_CLASSES, RATING_CLASSES


class FilterRecording(BaseEstimator):
    """Pick EEG channels of a Raw, filter it and resample it."""

    def __init__(self, fmin, fmax, sfreq, channels):
        self.fmin = fmin
        self.fmax = fmax
        self.sfreq = sfreq
        self.channels = channels

    def transform(self, raw):
        """Return a new Raw; the annotations stay."""
        raw = raw.copy().load_data(verbose="error")
        if self.channels is None:
            raw.pick("eeg", exclude="bads", verbose="error")
        else:
            unknown = [name for name in self.channels if name not in raw.ch_names]
            if unknown:
                raise ValueError(
                    f"The recording has no channel {', '.join(unknown)}; it has "
                    f"{', '.join(raw.ch_names)}."
                )
            raw.pick(self.channels, verbose="error").reorder_channels(self.channels)
        fmax = self.fmax
        if fmax is not None and fmax >= raw.info["sfreq"] / 2:
            fmax = None
        if self.fmin is not None or fmax is not None:
            raw.filter(self.fmin, fmax, method="iir", verbose="error")
        if self.sfreq is not None and self.sfreq != raw.info["sfreq"]:
            raw.resample(self.sfreq, verbose="error")
        return raw


class CutTrials(BaseEstimator):
    """Cut the annotated trials of a Raw into labelled windows, as mne.Epochs."""

    def __init__(self, window, stride, task, threshold, classes):
        self.window = window
        self.stride = stride
        self.task = task
        self.threshold = threshold
        self.classes = classes

    def transform(self, raw):
        """Return Epochs with metadata; None if the recording has no trial."""
        rows = [
            (start, stop, label, extras)
            for onset, duration, extras in _trials(raw)
            for label in [self._label(extras)]
            for start, stop in self._windows(raw, onset, duration, extras["trial"])
        ]
        if not rows:
            return None
        lengths = {stop - start for start, stop, _, _ in rows}
        if len(lengths) > 1:
            raise ValueError(
                f"The trials last {min(lengths)} to {max(lengths)} samples, so whole "
                "trials do not fit one array: give window= in seconds."
            )
        data = raw.get_data(verbose="error")
        sfreq = raw.info["sfreq"]
        X = np.stack([data[:, start:stop] for start, stop, _, _ in rows])
        metadata = pd.DataFrame(
            [
                {
                    "trial": int(extras["trial"]),
                    "stimulus": str(extras["stimulus"]),
                    "onset": start / sfreq,
                    "duration": (stop - start) / sfreq,
                    "label": label,
                }
                for start, stop, label, extras in rows
            ]
        )
        codes = {name: code for code, name in enumerate(self.classes, start=1)}
        events = [
            (start, extras["trial"], codes[label]) for start, _, label, extras in rows
        ]
        return mne.EpochsArray(
            X,
            raw.info,
            np.asarray(events, int),
            event_id={k: v for k, v in codes.items() if k in set(metadata["label"])},
            metadata=metadata,
            proj=False,
            verbose="error",
        )

    def _windows(self, raw, onset, duration, trial):
        """First and last sample of each window of a trial, without the bad ones."""
        sfreq = raw.info["sfreq"]
        first = round(onset * sfreq)
        n_trial = min(round(duration * sfreq), len(raw.times) - first)
        length = n_trial if self.window is None else round(self.window * sfreq)
        if not 0 < length <= n_trial:
            raise ValueError(
                f"Trial {trial} lasts {n_trial / sfreq:g} s, too short for a window of "
                f"{length / sfreq:g} s: use shorter windows."
            )
        step = max(1, round((self.stride or length / sfreq) * sfreq))
        starts = range(first, first + n_trial - length + 1, step)
        bad = [
            (round(o * sfreq), round((o + d) * sfreq))
            for o, d, description in _annotated(raw)
            if description.lower().startswith("bad")
        ]
        return [
            (start, start + length)
            for start in starts
            if not any(b < start + length and e > start for b, e in bad)
        ]

    def _label(self, extras):
        if isinstance(extras.get(self.task), str):
            if extras[self.task] not in self.classes:
                raise ValueError(
                    f"Trial {extras['trial']} has the {self.task} "
                    f"{extras[self.task]!r}: none of {', '.join(self.classes)}."
                )
            return extras[self.task]
        if self.task == "quadrant":
            levels = [self._level(extras, name) for name in ("valence", "arousal")]
            return QUADRANT_CLASSES[2 * levels[0] + levels[1]]
        return RATING_CLASSES[self._level(extras, self.task)]

    def _level(self, extras, name):
        rating = extras.get(name)
        if rating is None or not math.isfinite(rating):
            raise ValueError(
                f"Trial {extras['trial']} has no rating of {name}, got {rating!r}: "
                "leave the trial out of the annotations, or choose another task."
            )
        return int(rating >= self.threshold)


class EpochsToWindows(BaseEstimator):
    """Turn Epochs into an array in the data set's unit, then apply a transformer."""

    def __init__(self, unit_factor, postprocess):
        self.unit_factor = unit_factor
        self.postprocess = postprocess

    def transform(self, epochs):
        """Return the windows and what they are."""
        X = epochs.get_data(copy=True)
        X *= self.unit_factor
        if self.postprocess is not None:
            X = self.postprocess.transform(X)
        recording = {"sfreq": epochs.info["sfreq"], "channels": epochs.ch_names}
        return {"X": X, "metadata": epochs.metadata, "recording": recording}


def _trials(raw):
    """Onset and duration in seconds, and extras, of the annotations that are trials."""
    extras = getattr(raw.annotations, "extras", None) or []
    return [
        (onset, duration, extra)
        for (onset, duration, _), extra in zip(_annotated(raw), extras, strict=True)
        if extra and "trial" in extra
    ]


def _annotated(raw):
    """Onset from the first sample, duration and description of each annotation."""
    annotations = raw.annotations
    return [
        (onset - raw.first_time, duration, description)
        for onset, duration, description in zip(
            annotations.onset,
            annotations.duration,
            annotations.description,
            strict=True,
        )
    ]

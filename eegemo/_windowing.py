"""The steps from a recording with annotated trials to labelled windows.

Each holds all its parameters in its representation, since MOABB keys results by it.
"""

import mne
import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator


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
    """Cut the annotated trials of a Raw into windows, as mne.Epochs.

    The metadata hold what ``labels`` need to know of each window.
    """

    def __init__(self, window, stride, labels):
        self.window = window
        self.stride = stride
        self.labels = labels

    def transform(self, raw):
        """Return Epochs with metadata; None if the recording has no trial."""
        courses = {name: _course(raw, name) for name in self.labels.facts}
        rows = [
            (start, stop, extras | facts)
            for onset, duration, extras in _trials(raw)
            for start, stop in self._windows(raw, onset, duration, extras["trial"])
            for facts in [self._facts(courses, extras, start, stop)]
            if facts is not None
        ]
        if not rows:
            return None
        lengths = {stop - start for start, stop, _ in rows}
        if len(lengths) > 1:
            raise ValueError(
                f"The trials last {min(lengths)} to {max(lengths)} samples, so whole "
                "trials do not fit one array: give window= in seconds."
            )
        data = raw.get_data(verbose="error")
        sfreq = raw.info["sfreq"]
        X = np.stack([data[:, start:stop] for start, stop, _ in rows])
        metadata = pd.DataFrame(
            [
                {
                    "trial": int(extras["trial"]),
                    "stimulus": str(extras["stimulus"]),
                    "onset": start / sfreq,
                    "duration": (stop - start) / sfreq,
                    **{name: extras[name] for name in self.labels.facts},
                }
                for start, stop, extras in rows
            ]
        )
        events = [(start, extras["trial"], 1) for start, _, extras in rows]
        return mne.EpochsArray(
            X,
            raw.info,
            np.asarray(events, int),
            event_id={"trial": 1},
            metadata=metadata,
            proj=False,
            verbose="error",
        )

    def _facts(self, courses, extras, start, stop):
        """Return what labels need to know of a window; None where it is unrated."""
        facts = {}
        for name in self.labels.facts:
            facts[name] = extras.get(name)
            if name not in extras and courses[name]:
                facts[name] = _mean_rating(courses[name], start, stop)
                if facts[name] is None:
                    return None
        self.labels.check(extras["trial"], facts)
        return facts

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


def _course(raw, name):
    """First and last sample, and value, of the ratings that change in a trial."""
    extras = getattr(raw.annotations, "extras", None) or []
    sfreq = raw.info["sfreq"]
    return [
        (onset * sfreq, (onset + duration) * sfreq, extra[name])
        for (onset, duration, _), extra in zip(_annotated(raw), extras, strict=True)
        if extra and name in extra and "trial" not in extra
    ]


def _mean_rating(course, start, stop):
    """Mean rating between two samples; None if there is none for a part of them."""
    overlaps = [
        (min(last, stop) - max(first, start), value)
        for first, last, value in course
        if last > start and first < stop
    ]
    rated = sum(overlap for overlap, _ in overlaps)
    if rated < stop - start - 0.01:
        return None
    return float(sum(overlap * value for overlap, value in overlaps) / rated)

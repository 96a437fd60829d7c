"""Turn trials in microvolts into recordings in volts, one run each."""

import mne
import numpy as np

from ._base import trial_annotations
from ._head import standard_montage


def make_info(channels, sfreq, montage=None, others=()):
    """Describe recordings.

    Parameters
    ----------
    channels : sequence of str
    sfreq : float
        In Hz.
    montage : mne.channels.DigMontage, default=None
        None means the 10-05 system.
    others : collection of str
        Channels that are no EEG, or may be none.

    Returns
    -------
    info : mne.Info
    """
    kinds = ["misc" if name in others else "eeg" for name in channels]
    info = mne.create_info(list(channels), sfreq, kinds)
    montage = standard_montage() if montage is None else montage
    return info.set_montage(montage, verbose="error")  # others get no position


def make_runs(trials, facts, info, start=0.0):
    """Make a run of each trial, as trials do not follow each other without a gap.

    Parameters
    ----------
    trials : sequence of arrays of shape (n_channels, n_times)
        In microvolts.
    facts : sequence of dict
        What :func:`~eegemo.datasets._base.trial_annotations` takes.
    info : mne.Info
    start : float, default=0.0
        Where the trial begins, in seconds; what is before is in the run, but not in
        the trial.

    Returns
    -------
    runs : dict of str to mne.io.Raw
    """
    runs = {}
    for i, (trial, fact) in enumerate(zip(trials, facts, strict=True)):
        data = np.multiply(trial, 1e-6, dtype=np.float64)
        raw = mne.io.RawArray(data, info, verbose="error")
        seconds = data.shape[1] / info["sfreq"] - start
        annotations = trial_annotations([start], [seconds], ["trial"], [fact])
        runs[str(i)] = raw.set_annotations(annotations)
    return runs


def check_ratings(ratings, names, scale, what, hint):
    """Refuse ratings that are not on their scale, (n_trials, n_names)."""
    wrong = np.argwhere(~((ratings >= scale[0]) & (ratings <= scale[1])))
    if len(wrong):
        trial, column = wrong[0]
        raise ValueError(
            f"{what} should be from {scale[0]} to {scale[1]}, got "
            f"{ratings[trial, column]:g} for {names[column]} in trial {trial}. {hint}"
        )

"""What every emotion data set tells the paradigm about its trials."""

import mne
from moabb.datasets.base import BaseDataset

RATING_CLASSES = ("low", "high")
QUADRANT_CLASSES = ("LVLA", "LVHA", "HVLA", "HVHA")


class EmotionDataset(BaseDataset):
    """MOABB data set whose trials say what was shown and what was felt.

    Each run is one :class:`mne.io.Raw` in volts, with one annotation per trial made by
    :func:`trial_annotations`. A reader implements ``_get_single_subject_data`` and
    ``data_path``, as for any MOABB data set.

    Parameters
    ----------
    subjects : sequence of int
        All subjects there are.
    n_sessions : int
        Sessions of each subject.
    code : str
        Name of the data set; parameters that change the data belong in it.
    tasks : dict of str to tuple of str
        The classification tasks, each with its classes in order; the first is the
        default. ``"valence"``, ``"arousal"`` and other ratings have the classes
        ``("low", "high")``; ``"quadrant"`` crosses valence and arousal. A task with the
        classes ``()`` has only ratings to predict.
    events : dict of str to int
        The descriptions that the trials' annotations use.
    trial_seconds : float
        Length of a trial, or of the shortest, in seconds. MOABB's own paradigms take
        this much of each; :class:`eegemo.paradigm.EmotionParadigm` takes whole trials.
    scale : tuple of two floats, default=(1, 9)
        Lowest and highest rating; its middle is the default threshold.
    sfreq : float, default=None
        Sampling rate of all recordings in Hz, where they share one.
    doi : str, default=None
        Where the data set is described.

    Attributes
    ----------
    channels : sequence of str or None
        Names of the EEG channels, where a class knows them without reading.
    label_per_subject : bool
        Set by the class: whether all trials of a subject have one label, as a
        diagnosis. Then only protocols across subjects make sense.
    """

    channels = None
    label_per_subject = False

    def __init__(
        self,
        subjects,
        n_sessions,
        code,
        tasks,
        events,
        *,
        trial_seconds,
        scale=(1, 9),
        sfreq=None,
        doi=None,
    ):
        super().__init__(
            subjects=subjects,
            sessions_per_subject=n_sessions,
            events=events,
            code=code,
            interval=[0, trial_seconds],
            paradigm="emotion",
            doi=doi,
        )
        self.tasks = tasks
        self.scale = scale
        self.sfreq = sfreq

    @property
    def parameters(self):
        """What the data depend on besides the code, for the record of a benchmark."""
        return {}


def trial_annotations(onsets, durations, descriptions, facts):
    """Mark trials in a recording.

    Parameters
    ----------
    onsets, durations : sequences of float
        In seconds, from the first sample of the recording.
    descriptions : sequence of str
        Keys of the data set's ``events``.
    facts : sequence of dict
        For each trial: ``trial`` (int, unique within the session), ``stimulus`` (str,
        the same wherever the same clip was shown), and the emotion (str) or the ratings
        (floats) under the names of the tasks. Ratings that change within trials come as
        annotations of their own, see :func:`rating_annotations`.

    Returns
    -------
    annotations : mne.Annotations
    """
    return mne.Annotations(onsets, durations, descriptions, extras=list(facts))


def rating_annotations(name, onset, duration, ratings):
    """Mark ratings that change within a trial.

    Parameters
    ----------
    name : str
        The task.
    onset, duration : float
        Of the trial, in seconds, over which the ratings are spread evenly.
    ratings : array of shape (n_ratings,)
        In order of time.

    Returns
    -------
    annotations : mne.Annotations
        To be added to those of the trials. A window gets the mean of the ratings over
        its time.
    """
    seconds = duration / len(ratings)
    return mne.Annotations(
        [onset + seconds * i for i in range(len(ratings))],
        [seconds - 1e-9] * len(ratings),  # or rounding leads out of the recording
        ["rating"] * len(ratings),
        extras=[{name: float(rating)} for rating in ratings],
    )

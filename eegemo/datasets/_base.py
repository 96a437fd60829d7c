"""What every emotion data set tells the paradigm about its trials."""

import mne
from moabb.datasets.base import BaseDataset

RATING_CLASSES = ("low", "high")
QUADRANT_CLASSES = ("LVLA", "LVHA", "HVLA", "HVHA")


class EmotionDataset(BaseDataset):
    """MOABB data set whose trials say what was shown and what was felt.

    The base of all data sets here, and of your own. As for any data set of MOABB, two
    methods make one: ``_get_single_subject_data(subject)`` returns a dict of sessions,
    each a dict of runs, both under names that begin with a number, ``"0"`` first;
    ``data_path(subject, ...)`` lists the subject's files. Each run is one
    :class:`mne.io.Raw` in volts, with one annotation per trial made by
    :func:`trial_annotations`.

    Parameters
    ----------
    subjects : sequence of int
        All subjects there are.
    n_sessions : int
        Sessions of each subject.
    code : str
        Name of the data set, in CamelCase, as MOABB wants it; parameters that change
        the data belong in it.
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

    Examples
    --------
    >>> import mne
    >>> import numpy as np
    >>> from eegemo.datasets import EmotionDataset, trial_annotations
    >>> from eegemo.paradigm import EmotionParadigm
    >>> class TwoClips(EmotionDataset):
    ...     def __init__(self):
    ...         tasks = {"emotion": ("calm", "tense")}
    ...         events = {"calm": 1, "tense": 2}
    ...         super().__init__([1], 1, "TwoClips", tasks, events, trial_seconds=8.0)
    ...
    ...     def _get_single_subject_data(self, subject):
    ...         noise = 1e-5 * np.random.default_rng(subject).standard_normal((2, 2000))
    ...         info = mne.create_info(["F3", "F4"], 100.0, "eeg")
    ...         raw = mne.io.RawArray(noise, info, verbose="error")
    ...         facts = [
    ...             {"trial": 0, "stimulus": "sea", "emotion": "calm"},
    ...             {"trial": 1, "stimulus": "fight", "emotion": "tense"},
    ...         ]
    ...         marks = trial_annotations([1, 11], [8, 8], ["calm", "tense"], facts)
    ...         return {"0": {"0": raw.set_annotations(marks)}}
    ...
    ...     def data_path(self, subject, **ignored):
    ...         return []
    >>> X, y, metadata = EmotionParadigm(window=4.0).get_data(TwoClips())
    >>> X.shape, y.tolist()
    ((4, 2, 400), ['calm', 'calm', 'tense', 'tense'])
    """

    #: Names of the EEG channels, in the order of the recordings.
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
        For each trial: ``trial`` (int, unique within the session, also where that has
        several runs), ``stimulus`` (str, the same wherever the same clip was shown),
        and the emotion (str) or the ratings (floats) under the names of the tasks.
        Ratings that change within trials come as annotations of their own, see
        :func:`rating_annotations`.

    Returns
    -------
    annotations : mne.Annotations
        One for each trial, for ``raw.set_annotations``.

    Raises
    ------
    ValueError
        A trial has no ``trial`` or no ``stimulus``.

    Examples
    --------
    >>> from eegemo.datasets import trial_annotations
    >>> facts = {"trial": 0, "stimulus": "sea", "emotion": "calm", "valence": 7.0}
    >>> trials = trial_annotations([2.0], [60.0], ["calm"], [facts])
    >>> trials.extras[0]["stimulus"]
    'sea'
    """
    facts = list(facts)
    for i, fact in enumerate(facts):
        missing = [name for name in ("trial", "stimulus") if name not in fact]
        if missing:
            raise ValueError(
                f"The facts of annotation {i} lack {' and '.join(missing)}: without "
                "them, parts of one trial, or of one clip, could be trained on and "
                f"tested. Got {fact}."
            )
    return mne.Annotations(onsets, durations, descriptions, extras=facts)


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

    Examples
    --------
    >>> from eegemo.datasets import rating_annotations, trial_annotations
    >>> trial = trial_annotations([2], [60], ["trial"], [{"trial": 0, "stimulus": "a"}])
    >>> both = trial + rating_annotations("valence", 2.0, 60.0, [5.0, 6.5, 8.0])
    >>> len(both)
    4
    """
    seconds = duration / len(ratings)
    return mne.Annotations(
        [onset + seconds * i for i in range(len(ratings))],
        [seconds - 1e-9] * len(ratings),  # or rounding leads out of the recording
        ["rating"] * len(ratings),
        extras=[{name: float(rating)} for rating in ratings],
    )

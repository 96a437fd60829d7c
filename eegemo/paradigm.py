"""MOABB paradigm: windows of trials, with their emotion labels and identities."""

from numbers import Real

import mne
import numpy as np
import pandas as pd
from moabb.datasets.bids_interface import StepType
from moabb.datasets.preprocessing import FixedPipeline
from moabb.paradigms.base import BaseParadigm
from sklearn.utils.validation import check_scalar

from . import datasets as _datasets
from ._labels import TIES, Labels, made_of_ratings
from ._runs import check_trials, common_recording, first_run, run_data
from ._windowing import CutTrials, EpochsToWindows, FilterRecording
from .datasets._base import RATING_CLASSES
from .metrics import concordance_scorer

__all__ = ["EmotionParadigm"]
TARGETS = ("class", "rating")


class EmotionParadigm(BaseParadigm):
    """Windows of emotion-eliciting trials, for all of MOABB's evaluations.

    Windows never cross the edge of a trial, and have exactly ``window * sfreq``
    samples. A recording is filtered and resampled as a whole, before it is cut; windows
    that overlap an annotation starting with "bad" are left out.

    Parameters
    ----------
    task : str, default=None
        What to recognise: one of the data set's ``tasks``, such as ``"emotion"``,
        ``"valence"``, ``"arousal"`` or ``"quadrant"``. None takes its first.
    window : float, default=4.0
        Length of a window in seconds; None takes whole trials, which must then be
        equally long.
    stride : float, default=None
        From one window's start to the next, in seconds; None means ``window``, so that
        windows do not overlap.
    fmin, fmax : float, default=0.5, 50.0
        Band-pass in Hz (MNE's zero-phase Butterworth); None leaves an edge open. An
        ``fmax`` at or above the Nyquist frequency of a recording is left out for it.
    sfreq : float, default=None
        Sampling rate in Hz to resample to; None keeps that of the recordings.
    channels : sequence of str, default=None
        EEG channels to use, in this order; None takes all.
    threshold : float or "median", default=None
        A rating above this is ``"high"``, one below ``"low"``; None takes the middle of
        the data set's scale, and ``"median"`` that of the subject's own trials. Only
        for classes made of ratings.
    ties : {"high", "low", "leave-out"}, default="high"
        What a rating is that equals the threshold.
    target : {"class", "rating"}, default=None
        Whether to recognise classes, or to predict the ratings themselves. None means
        classes, where the task has any.
    scorer : str, callable or dict, default=None
        What MOABB's own evaluations report; None means balanced accuracy, or the
        concordance correlation coefficient with ``target="rating"``.

    Notes
    -----
    MOABB's own evaluations are made for classes: they number the labels, and stratify
    windows by them. Of ratings, they keep the values only with ``return_epochs=True``
    and ``mne_labels=True``, and only ``CrossSubjectEvaluation`` then has folds.
    :func:`eegemo.evaluation.run_benchmark` predicts ratings under all its protocols.

    Examples
    --------
    >>> from eegemo.datasets import SimulatedEmotion
    >>> from eegemo.paradigm import EmotionParadigm
    >>> data = SimulatedEmotion(n_subjects=1, n_sessions=1, n_trials=3)
    >>> X, y, metadata = EmotionParadigm(window=4.0).get_data(data)
    >>> X.shape
    (15, 16, 512)
    >>> metadata.columns.tolist()
    ['subject', 'session', 'run', 'trial', 'stimulus', 'onset', 'duration']
    """

    def __init__(
        self,
        task=None,
        window=4.0,
        stride=None,
        fmin=0.5,
        fmax=50.0,
        sfreq=None,
        channels=None,
        threshold=None,
        ties="high",
        target=None,
        scorer=None,
    ):
        for name, value in [
            ("window", window),
            ("stride", stride),
            ("fmin", fmin),
            ("fmax", fmax),
            ("sfreq", sfreq),
        ]:
            if value is not None:
                check_scalar(value, name, Real, min_val=0, include_boundaries="neither")
        if None not in (fmin, fmax) and fmin >= fmax:
            raise ValueError(f"fmin={fmin:g} should be below fmax={fmax:g}.")
        if stride is not None and window is None:
            raise ValueError("stride means nothing with window=None: give a window.")
        if ties not in TIES:
            raise ValueError(f"ties should be one of {', '.join(TIES)}, got {ties!r}.")
        if target not in (None, *TARGETS):
            raise ValueError(
                f"target should be 'class', 'rating' or None, got {target!r}."
            )
        if threshold not in (None, "median"):
            check_scalar(threshold, "threshold", Real)
        if target == "rating" and (threshold is not None or ties != "high"):
            raise ValueError(
                "threshold and ties make classes of ratings: leave them out with "
                "target='rating'."
            )
        if scorer is None:
            scorer = concordance_scorer if target == "rating" else "balanced_accuracy"
        channels = None if channels is None else list(channels)
        super().__init__(
            filters=[[fmin, fmax]], channels=channels, resample=sfreq, scorer=scorer
        )
        self.task = task
        self.window = window
        self.stride = stride
        self.fmin = fmin
        self.fmax = fmax
        self.sfreq = sfreq
        self.threshold = threshold
        self.ties = ties
        self.target = target

    def __repr__(self):
        parameters = ", ".join(f"{k}={v!r}" for k, v in self.parameters.items())
        return f"EmotionParadigm({parameters})"

    @property
    def parameters(self):
        """All parameters, as a dict."""
        names = (
            "task window stride fmin fmax sfreq channels threshold ties target scorer"
        )
        return {name: getattr(self, name) for name in names.split()}

    @property
    def datasets(self):
        """The data sets of this package."""
        return [getattr(_datasets, name)() for name in _datasets.list_datasets()]

    @property
    def scoring(self):
        """What MOABB's evaluations report."""
        return self.scorer

    def is_valid(self, dataset):
        """Tell whether the data set has emotion trials, and this task.

        Parameters
        ----------
        dataset : moabb.datasets.base.BaseDataset
            Any data set of MOABB.

        Returns
        -------
        valid : bool
            What MOABB asks before it evaluates.
        """
        tasks = getattr(dataset, "tasks", {})
        known = bool(tasks) if self.task is None else self.task in tasks
        return dataset.paradigm == "emotion" and known

    def used_events(self, dataset):
        """Classes of the task, numbered from 1; "rating" alone for ratings.

        Parameters
        ----------
        dataset : EmotionDataset
            A data set of :mod:`eegemo.datasets`, or one of your own.

        Returns
        -------
        events : dict of str to int
            Number of each class.
        """
        classes = self.classes_of(dataset) or ("rating",)
        return {name: code for code, name in enumerate(classes, start=1)}

    def task_of(self, dataset):
        """Name of the task on this data set.

        Parameters
        ----------
        dataset : EmotionDataset
            A data set of :mod:`eegemo.datasets`, or one of your own.

        Returns
        -------
        task : str
            ``task``, or the first of the data set.

        Raises
        ------
        ValueError
            The data set has no such task.
        """
        task = self.task or next(iter(dataset.tasks))
        if task not in dataset.tasks:
            raise ValueError(
                f"{dataset.code} has no task {task!r}: choose one of "
                f"{', '.join(dataset.tasks)}."
            )
        return task

    def classes_of(self, dataset):
        """Classes of the task on this data set.

        Parameters
        ----------
        dataset : EmotionDataset
            A data set of :mod:`eegemo.datasets`, or one of your own.

        Returns
        -------
        classes : tuple of str
            () if ratings are to be predicted.

        Raises
        ------
        ValueError
            The task has no ratings, or no classes, or none of that task.
        """
        task = self.task_of(dataset)
        classes = tuple(dataset.tasks[task])
        if self.target == "class" and not classes:
            raise ValueError(
                f"The task {task!r} of {dataset.code} has no classes, only ratings: "
                "leave target out, or use target='rating'."
            )
        if self.target != "rating":
            return classes
        if classes not in ((), RATING_CLASSES):
            rated = [t for t, c in dataset.tasks.items() if c in ((), RATING_CLASSES)]
            raise ValueError(
                f"The task {task!r} of {dataset.code} has no ratings to predict: "
                + (f"choose {' or '.join(rated)}." if rated else "no task of it has.")
            )
        return ()

    def sfreq_of(self, dataset):
        """Return the sampling rate of the windows; reads a recording if need be.

        Parameters
        ----------
        dataset : EmotionDataset
            A data set of :mod:`eegemo.datasets`, or one of your own.

        Returns
        -------
        sfreq : float
            In hertz, after resampling.
        """
        sfreq = self.sfreq or dataset.sfreq
        return float(first_run(dataset).info["sfreq"] if sfreq is None else sfreq)

    def channels_of(self, dataset):
        """Return the names of the channels; reads a recording if need be.

        Parameters
        ----------
        dataset : EmotionDataset
            A data set of :mod:`eegemo.datasets`, or one of your own.

        Returns
        -------
        channels : list of str
            In the order of the windows.
        """
        if self.channels is not None:
            return list(self.channels)
        if dataset.channels is not None:
            return list(dataset.channels)
        return first_run(dataset).copy().pick("eeg", exclude="bads").ch_names

    def make_process_pipelines(
        self, dataset, return_epochs=False, return_raws=False, postprocess_pipeline=None
    ):
        """Make the steps from a raw recording to windows, as MOABB names them.

        Their representations hold every parameter, since MOABB keys results by them.

        Parameters
        ----------
        dataset : EmotionDataset
            A data set of :mod:`eegemo.datasets`, or one of your own.
        return_epochs : bool, default=False
            Stop at :class:`mne.Epochs`.
        return_raws : bool, default=False
            Not supported: the labels belong to windows.
        postprocess_pipeline : transformer, default=None
            Applied, without fit, to the windows of each recording.

        Returns
        -------
        pipelines : list of one pipeline
            For ``process_pipelines`` of :meth:`get_data`.

        Raises
        ------
        ValueError
            The data set has no such task, or ``return_raws`` is set.
        """
        if return_raws:
            raise ValueError(
                "EmotionParadigm labels windows, not recordings: use return_epochs, or "
                "dataset.get_data() for the raw recordings."
            )
        steps = [
            (
                StepType.RAW,
                FilterRecording(self.fmin, self.fmax, self.sfreq, self.channels),
            ),
            (
                StepType.EPOCHS,
                CutTrials(self.window, self.stride, self._labels_of(dataset)),
            ),
        ]
        if not return_epochs:
            step = EpochsToWindows(dataset.unit_factor, postprocess_pipeline)
            steps.append((StepType.ARRAY, step))
        return [FixedPipeline(steps)]

    def get_data(
        self,
        dataset,
        subjects=None,
        return_epochs=False,
        return_raws=False,
        cache_config=None,
        postprocess_pipeline=None,
        process_pipelines=None,
        additional_metadata=None,
        n_jobs=1,
    ):
        """Windows, labels and what each window is.

        Parameters
        ----------
        dataset : EmotionDataset
            A data set of :mod:`eegemo.datasets`, or one of your own.
        subjects : list of int, default=None
            None means all subjects of the data set.
        return_epochs : bool, default=False
            Return :class:`mne.Epochs`, in volts, instead of an array in microvolts.
        return_raws : bool, default=False
            Not supported.
        cache_config : moabb.datasets.base.CacheConfig or dict, default=None
            Which steps MOABB keeps on disk; None keeps none.
        postprocess_pipeline : transformer, default=None
            Applied, without fit, to the windows of each recording.
        process_pipelines : list of one pipeline, default=None
            What :meth:`make_process_pipelines` returned.
        additional_metadata : ignored
            All metadata are always there.
        n_jobs : int, default=1
            Subjects loaded at a time.

        Returns
        -------
        X : array of shape (n_windows, n_channels, n_times), or mne.Epochs
            In microvolts; Epochs, as MNE's always are, in volts.
        y : array of str, or of float for ratings, shape (n_windows,)
            Class or rating of each window.
        metadata : pandas.DataFrame
            ``subject``, ``session``, ``run``, ``trial`` (unique within the session),
            ``stimulus`` (what was shown, the same wherever it was shown again),
            ``onset`` (of the window, in seconds from the start of the run) and
            ``duration`` (in seconds). Its ``attrs`` hold ``sfreq`` and ``channels``.

        Raises
        ------
        ValueError
            The data set has no such task or channel, a trial is shorter than a window,
            two trials of a session have the same number, or recordings differ in
            channels or sampling rate.
        """
        if process_pipelines is None:
            process_pipelines = self.make_process_pipelines(
                dataset, return_epochs, return_raws, postprocess_pipeline
            )
        loaded = dataset.get_data(
            subjects=subjects,
            cache_config=cache_config,
            process_pipeline=process_pipelines[0],
            n_jobs=n_jobs,
        )
        parts = [
            run_data(part, return_epochs, subject=subject, session=session, run=run)
            for subject, sessions in loaded.items()
            for session, runs in sessions.items()
            for run, part in runs.items()
            if part is not None
        ]
        if not parts:
            raise ValueError(f"{dataset.code} gave no window for subjects {subjects}.")
        X, metadata = zip(*parts, strict=True)
        metadata = pd.concat(metadata, ignore_index=True)
        check_trials(metadata, dataset)
        labels = self._labels_of(dataset)
        y, kept = labels.label(metadata)
        if not kept.any():
            raise ValueError(
                f"All ratings of {dataset.code}, subjects "
                f"{', '.join(map(str, loaded))}, equal the threshold, and are left "
                "out: choose another threshold or ties, or leave the subjects out."
            )
        y = y[kept]
        metadata = metadata.drop(columns=list(labels.facts))
        metadata = metadata[kept].reset_index(drop=True)
        metadata.attrs.update(common_recording(loaded, dataset))
        if return_epochs:
            X = mne.concatenate_epochs(list(X), verbose="error")[kept]
            X.metadata = metadata.assign(label=y)
            codes = self.used_events(dataset)
            X.events[:, 2] = [codes.get(label, 1) for label in y]
            X.event_id = {k: v for k, v in codes.items() if v in X.events[:, 2]}
            return X, y, metadata
        lengths = {x.shape[2] for x in X if x.ndim == 3}
        if len(lengths) > 1:
            raise ValueError(
                f"The trials of {dataset.code} last {min(lengths)} to {max(lengths)} "
                "samples, so whole trials do not fit one array: give window= in "
                "seconds."
            )
        X = np.concatenate(X)
        return X if kept.all() else X[kept], y, metadata

    def _labels_of(self, dataset):
        """Return what makes the labels of a data set; raise if it cannot."""
        task, classes = self.task_of(dataset), self.classes_of(dataset)
        of_ratings = made_of_ratings(classes)
        if not of_ratings and (self.threshold is not None or self.ties != "high"):
            raise ValueError(
                f"The task {task!r} of {dataset.code} has no classes made of ratings, "
                "so threshold and ties mean nothing: leave them out."
            )
        threshold = self.threshold
        if threshold is None and of_ratings:
            threshold = sum(dataset.scale) / 2
        return Labels(task, classes, threshold, self.ties)

    def _get_events_pipeline(self, dataset):
        """Return nothing: CutTrials finds the trials itself."""
        return None

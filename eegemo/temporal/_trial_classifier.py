"""A classifier of whole trials."""

import numpy as np
from sklearn import get_config
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.pipeline import Pipeline
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, has_fit_parameter

from .._input import (
    WindowInputMixin,
    check_classes,
    check_sample_weight,
    recording_of,
    same_rate,
)
from .._sfreq import check_positive
from ._inner_splits import keep_trials_whole
from ._padding import trial_lengths
from ._recording_parameters import tell_recording


class TrialClassifier(WindowInputMixin, ClassifierMixin, BaseEstimator):
    """Classify whole trials by the votes of their windows.

    The sample is a trial, so no splitter whatever can part its windows: they are cut,
    described, smoothed and counted in here. ``fit`` gives each window the label of its
    trial. A search in ``estimator`` or ``features`` splits by trials too.

    A parameter ``sfreq`` anywhere in ``estimator`` or ``features`` that is None is set
    to the sampling rate of the trials, and one that says otherwise is refused. So it is
    with the ``channels`` of eegemo's own transformers, such as
    :class:`~eegemo.features.AsymmetryFeatures`, if X is :class:`mne.Epochs`.

    Parameters
    ----------
    estimator : estimator
        A classifier of the features; without ``features``, of the windows themselves,
        such as ``make_pipeline(Covariances(), TangentSpace(), SVC())``. Its ``cv``, if
        it or a step of it has one, is made to split by trials: a number of folds means
        :class:`~sklearn.model_selection.StratifiedGroupKFold`, and a splitter that
        parts a trial, or a share of the windows, is refused. Splits that an estimator
        draws without a ``cv``, such as those of early stopping, are its own.
    sfreq : float, default=None
        Sampling rate in Hz. It may be left out when X is :class:`mne.Epochs`; given
        both, they must agree.
    window : float, default=1.0
        Length of a window in seconds.
    step : float, default=None
        From one window's start to the next, in seconds; None means ``window``. What
        remains at the end of a trial is left out.
    features : transformer, default=None
        From windows (n_windows, n_channels, n_times), always an array, to features;
        fitted on the windows of the training trials. A ``cv`` in it splits by trials,
        as that of ``estimator``.
    smoother : transformer, default=None
        Of sequences (n_trials, n_steps, n_features), padded with NaN, such as
        :class:`LDSSmoother`. Needs ``features``.
    vote : {"soft", "hard", "last"}, default="soft"
        How the windows decide on the trial.

        - ``"soft"``: the mean of their probabilities, or, where the estimator has no
          ``predict_proba``, as ``"hard"``.
        - ``"hard"``: every window has one vote, and a tie goes to the first of
          ``classes_``.
        - ``"last"``: the last window decides, which a causal smoother has told of those
          before.
    filter : {"window", "trial"}, default="window"
        Whether ``features`` filter each window on its own, by ``transform``, or each
        trial before it is cut, by ``transform_trials(X, window, step)``, which returns
        (n_trials, n_windows, n_features). The latter spares the windows the edges of
        the filter; a zero-phase filter then lets a window depend on later ones.

    Attributes
    ----------
    classes_ : array of shape (n_classes,)
        The labels in ``fit``, sorted.
    estimator_ : estimator
        Trained on the windows.
    features_, smoother_ : transformer or None
        Fitted clones of what was given.
    vote_ : {"soft", "hard", "last"}
        What is done in fact.
    sfreq_ : float
        Sampling rate in use.
    n_features_in_ : int
        Number of channels.
    channel_names_in_ : array of str
        Channel names; only when fitted on :class:`mne.Epochs`.

    Notes
    -----
    All windows are copied at once: overlapping, window / step times the memory of X.

    A search given as ``estimator`` compares candidates on features that were fitted on
    all training trials. This touches no test trial; but where ``features`` learn from
    the labels, search over the TrialClassifier, which fits them anew in every fold.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from eegemo.features import DifferentialEntropy
    >>> from eegemo.temporal import LDSSmoother, TrialClassifier
    >>> X = np.random.default_rng(0).standard_normal((8, 14, 1024))
    >>> y = ["calm", "tense"] * 4
    >>> X[1::2, 0] *= 2
    >>> classifier = TrialClassifier(
    ...     LogisticRegression(),
    ...     sfreq=128,
    ...     features=DifferentialEntropy(sfreq=128, method="fft"),
    ...     smoother=LDSSmoother(),
    ... )
    >>> classifier.fit(X, y).predict(X[:2])
    array(['calm', 'tense'], dtype='<U5')
    >>> classifier.predict_windows(X[:2]).shape
    (2, 8, 2)
    """

    def __init__(
        self,
        estimator,
        sfreq=None,
        window=1.0,
        step=None,
        features=None,
        smoother=None,
        vote="soft",
        filter="window",
    ):
        self.estimator = estimator
        self.sfreq = sfreq
        self.window = window
        self.step = step
        self.features = features
        self.smoother = smoother
        self.vote = vote
        self.filter = filter

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True  # after the end of a trial
        return tags

    def fit(self, X, y, sample_weight=None):
        """Train on the windows of all trials.

        Parameters
        ----------
        X : array-like of shape (n_trials, n_channels, n_times), or mne.Epochs
            Whole trials, the shorter padded with NaN at the end, in all channels.
        y : array-like of shape (n_trials,)
            Label of each trial, of two classes or more.
        sample_weight : array-like of shape (n_trials,), default=None
            Weight of each window of the trial. A trial of weight zero is left out.

        Returns
        -------
        self : TrialClassifier
            The estimator, fitted.

        Raises
        ------
        ValueError
            A trial, whose number is in the message, is shorter than a window or has
            other NaN; y has a single class or is continuous; no sampling rate is known,
            or two disagree, be it one of a step inside; an inner search parts trials.
        TypeError
            ``sample_weight`` is given and the estimator takes none; or
            ``filter="trial"``, and ``features`` has no ``transform_trials``.
        """
        sfreq = self._resolve_sfreq(X, self.sfreq)
        X, y = self._check_windows(X, y, reset=True)
        self._check_parameters()
        check_classification_targets(y)
        weight = check_sample_weight(sample_weight, X)
        if weight is not None and (weight == 0).any():
            X, y, weight = X[weight > 0], y[weight > 0], weight[weight > 0]
        self.classes_ = check_classes(self, y)
        self.sfreq_ = sfreq

        lengths, real = self._count_windows(X)
        trial, _ = np.nonzero(real)
        self.features_ = self.smoother_ = None
        estimator = self._clone_informed(self.estimator)
        if self.features is not None:
            features = self._clone_informed(self.features)
            windows = self._cut(X, real)
            keep_trials_whole(features, windows, y[trial], trial)
            self.features_ = features.fit(windows, y[trial])
            del windows  # the largest array here
        if self.smoother is not None:
            self.smoother_ = clone(self.smoother)
        rows = self._describe(X, lengths, real, fit=True)
        keep_trials_whole(estimator, rows, y[trial], trial)
        params = {}
        if has_fit_parameter(estimator, "groups"):
            params["groups"] = trial
        if weight is not None:
            params[_weight_name(estimator)] = weight[trial]
        self.estimator_ = estimator.fit(rows, y[trial], **params)
        proba = hasattr(self.estimator_, "predict_proba")
        self.vote_ = "hard" if self.vote == "soft" and not proba else self.vote
        return self

    def predict(self, X):
        """Give each trial the class its windows vote for.

        Parameters
        ----------
        X : array-like of shape (n_trials, n_channels, n_times), or mne.Epochs
            Whole trials, as in ``fit``.

        Returns
        -------
        y_pred : array of shape (n_trials,)
            The class of each trial, one of ``classes_``.
        """
        votes = self.predict_proba(X)
        return self.classes_[votes.argmax(axis=1)]

    def predict_proba(self, X):
        """Mean of the windows' votes, or the last window's.

        Parameters
        ----------
        X : array-like of shape (n_trials, n_channels, n_times), or mne.Epochs
            Whole trials, as in ``fit``.

        Returns
        -------
        probabilities : float64 array of shape (n_trials, n_classes)
            Mean probabilities if ``vote_`` is ``"soft"``, shares of the windows if it
            is ``"hard"``.
        """
        votes = self.predict_windows(X)
        if self.vote_ == "last":
            last = (~np.isnan(votes[:, :, 0])).sum(axis=1) - 1
            return votes[np.arange(len(votes)), last]
        return np.nanmean(votes, axis=1)

    def predict_windows(self, X):
        """Votes of the windows: curves over the time of each trial.

        Parameters
        ----------
        X : array-like of shape (n_trials, n_channels, n_times), or mne.Epochs
            Whole trials, as in ``fit``.

        Returns
        -------
        votes : float64 array of shape (n_trials, n_windows, n_classes)
            Probabilities; or 1 for the predicted class and 0 for the others, if
            ``vote_`` is ``"hard"`` or the estimator has no ``predict_proba``. NaN after
            the end of shorter trials.
        """
        check_is_fitted(self)
        self._resolve_sfreq(X, self.sfreq_)
        X = self._check_windows(X, reset=False)
        lengths, real = self._count_windows(X)
        rows = self._describe(X, lengths, real)
        votes = np.full((*real.shape, len(self.classes_)), np.nan)
        if self.vote_ != "hard" and hasattr(self.estimator_, "predict_proba"):
            votes[real] = self.estimator_.predict_proba(rows)
        else:
            labels = np.asarray(self.estimator_.predict(rows))
            votes[real] = labels[:, None] == self.classes_
        return votes

    def _check_parameters(self):
        check_positive(self.window, "window")
        if self.step is not None:
            check_positive(self.step, "step")
        for name, known in (
            ("vote", ("soft", "hard", "last")),
            ("filter", ("window", "trial")),
        ):
            if getattr(self, name) not in known:
                raise ValueError(
                    f"{name} should be one of {known}, got {getattr(self, name)!r}."
                )
        if self.smoother is not None and self.features is None:
            raise ValueError("A smoother needs features to smooth: give features=.")
        if self.filter == "trial" and not hasattr(self.features, "transform_trials"):
            raise TypeError(
                "filter='trial' needs features that filter whole trials, by a method "
                f"transform_trials, which {type(self.features).__name__} has not: use "
                "filter='window'."
            )

    def _resolve_sfreq(self, X, known):
        """Return the sampling rate of X: the known one, or that of Epochs."""
        recording = recording_of(X)
        if known is not None:
            check_positive(known, "sfreq")
        elif recording is None:
            raise ValueError(
                "The sampling rate is unknown: give sfreq in Hz, or mne.Epochs."
            )
        else:
            return recording[1]
        if recording is not None and not same_rate(known, recording[1]):
            raise ValueError(
                f"The Epochs have {recording[1]:.10g} Hz, which contradicts the "
                f"{known:.10g} Hz given as sfreq or seen in fit. Resample them."
            )
        return float(known)

    def _clone_informed(self, estimator):
        """Return a clone that knows the sampling rate, and the channels of Epochs."""
        estimator = clone(estimator)
        names = getattr(self, "channel_names_in_", None)
        tell_recording(estimator, self.sfreq_, None if names is None else list(names))
        return estimator

    def _sizes(self):
        """Return window and step in samples."""
        size = max(1, round(self.window * self.sfreq_))
        step = size if self.step is None else max(1, round(self.step * self.sfreq_))
        return size, step

    def _count_windows(self, X):
        """Length of each trial, and which of the possible windows each trial has."""
        lengths = trial_lengths(X, axis=2)
        size, step = self._sizes()
        if lengths.min() < size:
            i = int(np.argmax(lengths < size))
            raise ValueError(
                f"Trial {i} lasts {lengths[i] / self.sfreq_:g} s, shorter than a "
                f"window of {size / self.sfreq_:g} s: use shorter windows, or leave "
                "the trial out."
            )
        n_windows = (lengths - size) // step + 1
        return lengths, np.arange(n_windows.max()) < n_windows[:, None]

    def _cut(self, X, real):
        """Return the windows of all trials, trial by trial, as a new array."""
        size, step = self._sizes()
        views = np.lib.stride_tricks.sliding_window_view(X, size, axis=2)
        views = views[:, :, ::step][:, :, : real.shape[1]]
        return views.swapaxes(1, 2)[real]

    def _describe(self, X, lengths, real, fit=False):
        """Return the smoothed features of all windows, or else the windows."""
        if self.features is None:
            return self._cut(X, real)
        if self.filter == "trial":
            rows = self._filter_trials(X, lengths, real)
        else:
            rows = np.asarray(self.features_.transform(self._cut(X, real)))
        if self.smoother is None:
            return rows
        if rows.ndim != 2:
            raise ValueError(
                f"{type(self.smoother).__name__} smooths feature vectors, but the "
                f"features are an array of shape {rows.shape}. Make them vectors, or "
                "leave the smoother out."
            )
        sequences = np.full((*real.shape, rows.shape[1]), np.nan, rows.dtype)
        sequences[real] = rows
        if fit:
            self.smoother_.fit(sequences)
        return np.asarray(self.smoother_.transform(sequences))[real]

    def _filter_trials(self, X, lengths, real):
        """Return what ``transform_trials`` makes of all trials of each length."""
        step = self.window if self.step is None else self.step
        parts = {}
        for length in np.unique(lengths):
            trials = np.flatnonzero(lengths == length)
            part = np.asarray(
                self.features_.transform_trials(
                    X[trials, :, :length], self.window, step
                )
            )
            expected = (len(trials), int(real[trials[0]].sum()))
            if part.ndim != 3 or part.shape[:2] != expected:
                raise ValueError(
                    f"transform_trials of {type(self.features).__name__} should return "
                    f"an array of shape {(*expected, 'n_features')}, got {part.shape}."
                )
            parts.update(zip(trials, part, strict=True))
        return np.concatenate([parts[i] for i in range(len(X))])


def _weight_name(estimator):
    """Name the keyword by which ``fit`` takes the weights."""
    prefix = ""
    while not has_fit_parameter(estimator, "sample_weight"):
        if isinstance(estimator, Pipeline):
            name, estimator = estimator.steps[-1]
            prefix += f"{name}__"
        elif hasattr(estimator, "cv") and hasattr(estimator, "estimator"):
            estimator = estimator.estimator  # a search hands on what it is given
        else:
            raise TypeError(
                f"{type(estimator).__name__} takes no sample_weight: leave it out, or "
                "use another estimator."
            )
    if get_config()["enable_metadata_routing"]:
        prefix = ""  # the pipeline knows where it goes, if its steps request it
    return f"{prefix}sample_weight"

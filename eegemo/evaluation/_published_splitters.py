"""Splitters of published protocols, for MOABB's evaluations.

They derive from a public splitter of groups, since MOABB hands groups to no other.
"""

import numpy as np
from sklearn.model_selection import LeaveOneGroupOut

_SEPARATOR = "\x1f"


def subject_and_trial(metadata):
    """Join subject, session and trial of each window into one group, in order of time.

    Parameters
    ----------
    metadata : pandas.DataFrame

    Returns
    -------
    groups : array of str, shape (n_windows,)
    """
    return _joined(metadata, ["subject", "session", "trial"])


def trial_and_onset(metadata):
    """Join trial and onset of each window into one group.

    Parameters
    ----------
    metadata : pandas.DataFrame

    Returns
    -------
    groups : array of str, shape (n_windows,)
    """
    return _joined(metadata, ["trial", "onset"])


def _joined(metadata, columns):
    columns = (metadata[column].astype(str) for column in columns)
    return np.array([_SEPARATOR.join(row) for row in zip(*columns, strict=True)])


class FirstTrials(LeaveOneGroupOut):
    """Train on the first trials of a session, and test on the others."""

    n_train, n_trials = 9, 15

    def split(self, X, y, groups):
        """Yield training and test rows, once.

        Parameters
        ----------
        X : array-like of shape (n_windows, ...)
        y : array-like of shape (n_windows,)
        groups : int array of shape (n_windows,)
            Number of the trial.

        Yields
        ------
        train, test : int arrays

        Raises
        ------
        ValueError
            There are fewer or more trials than in the publication.
        """
        trials = np.unique(groups)
        if len(trials) != self.n_trials:
            raise ValueError(
                f"This protocol trains on the first {self.n_train} of {self.n_trials} "
                f"trials of a session, got a session of {len(trials)} trials. Use "
                "within-session, or complete the data."
            )
        trained = np.isin(groups, trials[: self.n_train])
        yield np.flatnonzero(trained), np.flatnonzero(~trained)


class FirstTrialsOf24(FirstTrials):
    """Train on the first 16 of 24 trials, and test on the others."""

    n_train, n_trials = 16, 24


class ConsecutiveSubjects(LeaveOneGroupOut):
    """Ten folds of subjects by their number; the last one takes what is over."""

    n_folds = 10

    def split(self, X, y, groups):
        """Yield training and test rows.

        Parameters
        ----------
        X : array-like of shape (n_windows, ...)
        y : array-like of shape (n_windows,)
        groups : array of shape (n_windows,)
            The subject.

        Yields
        ------
        train, test : int arrays

        Raises
        ------
        ValueError
            There are fewer subjects than folds.
        """
        subjects = sorted(np.unique(groups), key=lambda name: (len(str(name)), name))
        size = round(len(subjects) / self.n_folds)
        if len(subjects) < self.n_folds:
            raise ValueError(
                f"This protocol has {self.n_folds} folds of subjects, got "
                f"{len(subjects)} subjects. Use cross-subject, or more subjects."
            )
        for k in range(self.n_folds):
            stop = (k + 1) * size if k < self.n_folds - 1 else None
            tested = np.isin(groups, subjects[k * size : stop])
            yield np.flatnonzero(~tested), np.flatnonzero(tested)


class CalibratedSubjects(LeaveOneGroupOut):
    """Leave one subject out, but for the first trials, which are trained with.

    Parameters
    ----------
    n_calibration : int, default=1
        How many trials.
    """

    def __init__(self, n_calibration=1):
        self.n_calibration = n_calibration

    def split(self, X, y, groups):
        """Yield training and test rows.

        Parameters
        ----------
        X : array-like of shape (n_windows, ...)
        y : array-like of shape (n_windows,)
        groups : array of str, shape (n_windows,)
            From :func:`subject_and_trial`; in the order of time.

        Yields
        ------
        train, test : int arrays

        Raises
        ------
        ValueError
            A subject has no trial left to test.
        """
        subject = np.array([group.split(_SEPARATOR)[0] for group in groups])
        for name in dict.fromkeys(subject):
            own = subject == name
            trials = list(dict.fromkeys(groups[own]))
            if len(trials) <= self.n_calibration:
                raise ValueError(
                    f"Subject {name} has {len(trials)} trials, none of which is left "
                    f"to test after n_calibration={self.n_calibration}."
                )
            tested = np.isin(groups, trials[self.n_calibration :])
            yield np.flatnonzero(~tested), np.flatnonzero(tested)


class PartsOfTrials(LeaveOneGroupOut):
    """Cut each trial into ten parts, of which one is tested: it leaks."""

    n_folds = 10

    def split(self, X, y, groups):
        """Yield training and test rows.

        Parameters
        ----------
        X : array-like of shape (n_windows, ...)
        y : array-like of shape (n_windows,)
        groups : array of str, shape (n_windows,)
            From :func:`trial_and_onset`.

        Yields
        ------
        train, test : int arrays
        """
        trial, onset = np.array([group.split(_SEPARATOR) for group in groups]).T
        part = np.empty(len(groups), int)
        for name in np.unique(trial):
            rows = np.flatnonzero(trial == name)
            rows = rows[np.argsort(onset[rows].astype(float), kind="stable")]
            part[rows] = np.arange(len(rows)) * self.n_folds // len(rows)
        for k in np.unique(part):
            yield np.flatnonzero(part != k), np.flatnonzero(part == k)

"""Splitters for MOABB's evaluations, grouped by construction."""

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold


class StimulusFolds(StratifiedGroupKFold):
    """Stratified folds of stimuli, and so of whole trials.

    There are at most as many folds as the rarest class has stimuli. A session in which
    a class has a single stimulus, or that has a single class, gives no fold: no
    classifier could be trained and tested on it.
    """

    def split(self, X, y, groups):
        """Yield training and test rows.

        Parameters
        ----------
        X : array-like of shape (n_windows, ...)
        y : array-like of shape (n_windows,)
        groups : array-like of shape (n_windows,)
            The stimulus of each window.

        Yields
        ------
        train, test : int arrays
        """
        n_splits = n_class_folds(y, groups, self.n_splits)
        if n_splits >= 2:
            folds = StratifiedGroupKFold(
                n_splits, shuffle=self.shuffle, random_state=self.random_state
            )
            yield from folds.split(X, y, groups)


class WindowFolds(StratifiedKFold):
    """Stratified folds of windows, which leak; as many as the rarest class allows."""

    def split(self, X, y, groups=None):
        """Yield training and test rows.

        Parameters
        ----------
        X : array-like of shape (n_windows, ...)
        y : array-like of shape (n_windows,)
        groups : ignored

        Yields
        ------
        train, test : int arrays
        """
        n_splits = n_class_folds(y, np.arange(len(y)), self.n_splits)
        if n_splits >= 2:
            folds = StratifiedKFold(
                n_splits, shuffle=self.shuffle, random_state=self.random_state
            )
            yield from folds.split(X, y)


class SubjectStimulusFolds(StratifiedGroupKFold):
    """Leave out one subject and, at once, a fold of stimuli.

    The test windows are those of the subject on the stimuli; training uses neither the
    subject nor the stimuli.
    """

    def split(self, X, y, groups):
        """Yield training and test rows.

        Parameters
        ----------
        X : array-like of shape (n_windows, ...)
        y : array-like of shape (n_windows,)
        groups : array of str, shape (n_windows,)
            From :func:`subject_and_stimulus`.

        Yields
        ------
        train, test : int arrays
        """
        subject, stimulus = np.array([group.split(_SEPARATOR) for group in groups]).T
        n_splits = max(2, n_class_folds(y, stimulus, self.n_splits))
        folds = StratifiedGroupKFold(
            n_splits, shuffle=self.shuffle, random_state=self.random_state
        )
        test_sets = [test for _, test in folds.split(stimulus, y, stimulus)]
        for name in dict.fromkeys(subject):
            for rows in test_sets:
                of_subject = subject == name
                of_stimuli = np.isin(np.arange(len(y)), rows)
                train = np.flatnonzero(~of_subject & ~of_stimuli)
                test = np.flatnonzero(of_subject & of_stimuli)
                if len(test):
                    yield train, test


_SEPARATOR = "\x1f"


def subject_and_stimulus(metadata):
    """Join subject and stimulus of each window into one group.

    Parameters
    ----------
    metadata : pandas.DataFrame

    Returns
    -------
    groups : array of str, shape (n_windows,)
    """
    subject = metadata["subject"].astype(str)
    return (subject + _SEPARATOR + metadata["stimulus"].astype(str)).to_numpy(str)


def n_class_folds(y, group, n_splits):
    """Return the folds that the rarest class allows, or 0 if there is one class.

    Parameters
    ----------
    y : array-like of shape (n_windows,)
    group : array-like of shape (n_windows,)
        What a fold takes whole.
    n_splits : int
        At most as many.

    Returns
    -------
    n_folds : int
    """
    pairs = set(zip(map(str, y), map(str, group), strict=True))
    _, counts = np.unique([label for label, _ in pairs], return_counts=True)
    return 0 if len(counts) < 2 else min(n_splits, int(counts.min()))

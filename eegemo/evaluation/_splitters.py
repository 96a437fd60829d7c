"""Splitters for MOABB's evaluations, grouped by construction.

They derive from scikit-learn's grouped splitter because MOABB hands groups to nothing
else. What they stratify are stimuli, not windows, so a clip's length does not matter.
Ratings are stratified as two classes, the lower and the higher half.
"""

import numpy as np
from sklearn.model_selection import KFold, StratifiedGroupKFold, StratifiedKFold


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
            folds = StratifiedKFold(
                n_splits, shuffle=self.shuffle, random_state=self.random_state
            )
            for tested in _whole_groups(folds, y, groups):
                yield np.flatnonzero(~tested), np.flatnonzero(tested)


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
            labels, _ = _group_labels(y, np.arange(len(y)))
            yield from folds.split(X, labels)


class SubjectStimulusFolds(StratifiedGroupKFold):
    """Leave out one subject and, at once, a fold of stimuli.

    The test windows are those of the subject on the stimuli; training uses neither the
    subject nor the stimuli. Folds are stratified by the labels of the other subjects;
    where they rate a stimulus differently, its most frequent label counts.
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
        for name in dict.fromkeys(subject):
            own = subject == name
            folds = self._folds_of_stimuli(np.asarray(y)[~own], stimulus[~own])
            for k, stimuli in enumerate(folds):
                of_fold = np.isin(stimulus, stimuli)
                if k == 0:  # with what nobody else saw, which is in no fold
                    of_fold |= ~np.isin(stimulus, stimulus[~own])
                test = np.flatnonzero(own & of_fold)
                if len(test):
                    yield np.flatnonzero(~own & ~of_fold), test

    def _folds_of_stimuli(self, y, stimulus):
        """Fold stimuli by the labels of the training subjects alone."""
        n_splits = n_class_folds(y, stimulus, self.n_splits)
        make, n_splits = (KFold, 2) if n_splits < 2 else (StratifiedKFold, n_splits)
        folds = make(n_splits, shuffle=self.shuffle, random_state=self.random_state)
        for tested in _whole_groups(folds, y, stimulus):
            yield np.unique(stimulus[tested])


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


def n_class_folds(y, groups, n_splits):
    """Return the folds that the rarest class allows, or 0 if there is one class.

    Parameters
    ----------
    y : array-like of shape (n_windows,)
    groups : array-like of shape (n_windows,)
        What a fold takes whole.
    n_splits : int
        At most as many.

    Returns
    -------
    n_folds : int
    """
    labels, _ = _group_labels(y, groups)
    _, counts = np.unique(labels, return_counts=True)
    return 0 if len(counts) < 2 else min(n_splits, int(counts.min()))


def _whole_groups(folds, y, groups):
    """Yield, for each fold of groups, which windows are tested."""
    labels, of_window = _group_labels(y, groups)
    for _, test in folds.split(labels, labels):
        yield np.isin(of_window, test)


def _group_labels(y, groups):
    """Return the most frequent label of each group, and the group of each window.

    Ratings are labelled low or high, half of the groups each, by their means.
    """
    names, of_window = np.unique(groups, return_inverse=True)
    if np.asarray(y).dtype.kind == "f":
        means = np.bincount(of_window, y) / np.bincount(of_window)
        order = np.argsort(means, kind="stable")
        labels = np.zeros(len(names), int)
        labels[order[len(names) // 2 :]] = 1
        return labels, of_window
    classes, codes = np.unique(y, return_inverse=True)
    counts = np.zeros((len(names), len(classes)), int)
    np.add.at(counts, (of_window, codes), 1)
    return classes[counts.argmax(axis=1)], of_window

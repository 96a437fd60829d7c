"""Folds within a training set, for searches, as far apart as the protocol's own."""

import warnings
from collections.abc import Iterable
from numbers import Integral

import numpy as np
from sklearn.base import clone
from sklearn.model_selection import GroupKFold
from sklearn.utils import check_scalar

from ..temporal._inner_splits import own_splitters
from ._split_audit import audit_split
from ._splitters import StimulusFolds, WindowFolds, n_class_folds

_N_FOLDS = 5


def with_inner_folds(estimator, X, y, forbidden, random_state=0):
    """Clone an estimator, its inner cross-validation grouped as the protocol is.

    Whatever has a parameter ``cv``, such as a search, a calibration or a stacking, gets
    folds of the training windows that do not share what training and test windows may
    not share either. A number is kept as that of the folds, and a splitter is asked for
    its folds, which must be as far apart.

    Parameters
    ----------
    estimator : estimator
    X : HoistedWindows
        Those to train with.
    y : array of shape (n_windows,)
    forbidden : tuple of str
        Of the protocol.
    random_state : int, default=0

    Returns
    -------
    estimator : estimator
        Unfitted.

    Raises
    ------
    ValueError
        The folds would leak, or there are too few trials for any, or one search is
        within another.
    """
    estimator = clone(estimator)
    for name, cv in own_splitters(estimator).items():
        folds = _folds(cv, X.metadata, y, forbidden, random_state)
        estimator.set_params(**{name: list(folds)})
    return estimator


def _folds(cv, metadata, y, forbidden, random_state):
    if cv is None or isinstance(cv, Integral):
        n_splits = (
            _N_FOLDS if cv is None else check_scalar(cv, "cv", Integral, min_val=2)
        )
        return inner_folds(metadata, y, forbidden, n_splits, random_state)
    if not hasattr(cv, "split"):
        what = "splits" if isinstance(cv, Iterable) else type(cv).__name__
        raise ValueError(
            f"cv should be a number of folds, a splitter or None, got {what}, which "
            "cannot know the training windows of a protocol."
        )
    groups = groups_of(metadata, forbidden)
    with warnings.catch_warnings():  # a splitter that ignores groups says so
        warnings.simplefilter("ignore", UserWarning)
        folds = list(cv.split(np.zeros((len(y), 1)), y, groups))
    for train, test in folds:
        shared = audit_split(metadata.iloc[train], metadata.iloc[test])
        leaks = [name for name in forbidden if shared[name]]
        if leaks:
            raise ValueError(
                f"cv={cv!r} has folds that share {', '.join(leaks)}, which this "
                "protocol rules out. Give the number of folds, and they are grouped."
            )
    return folds


def inner_folds(metadata, y, forbidden, n_splits, random_state):
    """Split training windows so that folds do not share what is forbidden.

    Where training windows are of one subject, or one session, folds of it are
    impossible: then they are of stimuli. So they are where folds of it would train
    without one of the classes.

    Parameters
    ----------
    metadata : pandas.DataFrame
    y : array of shape (n_windows,)
    forbidden : tuple of str
    n_splits : int
        At most so many.
    random_state : int

    Returns
    -------
    folds : list of (train, test)
        Row numbers.
    """
    shuffled = {"shuffle": True, "random_state": random_state}
    stimulus = metadata["stimulus"].to_numpy(str)
    rows = np.zeros((len(y), 1))
    if not forbidden:
        return list(WindowFolds(n_splits, **shuffled).split(rows, y))
    for name in ("subject", "session"):
        groups = _whole(metadata, name)
        n_groups = len(np.unique(groups))
        if name not in forbidden or n_groups < 2:
            continue
        if "stimulus" in forbidden:
            folds = _apart(groups, stimulus, y, n_splits, random_state)
        else:
            folds = GroupKFold(min(n_splits, n_groups), **shuffled)
            folds = list(folds.split(rows, y, groups))
        if len(folds) > 1 and all(
            len(test) and _has_all_classes(y[train], y) for train, test in folds
        ):
            return folds
    folds = list(StimulusFolds(n_splits, **shuffled).split(rows, y, stimulus))
    if not folds:
        raise ValueError(
            "Parameters cannot be chosen in a training set in which a class, or half "
            "of the ratings, has fewer than two stimuli: use more trials, or fixed "
            "parameters."
        )
    return folds


def _has_all_classes(y_train, y):
    """Tell whether all classes are trained with; of ratings, there are none."""
    return y.dtype.kind == "f" or len(np.unique(y_train)) == len(np.unique(y))


def groups_of(metadata, forbidden, parts=None):
    """Name, for each window, what it may not be parted from.

    Parameters
    ----------
    metadata : pandas.DataFrame
    forbidden : tuple of str
    parts : list of int arrays, default=None
        Rows of which each should have several groups; None for all rows.

    Returns
    -------
    groups : array of str, shape (n_windows,)
        The subject, session or stimulus: the first that is forbidden and of which
        there are several.
    """
    parts = [np.arange(len(metadata))] if parts is None else parts
    for name in ("subject", "session"):
        groups = _whole(metadata, name)
        several = all(len(np.unique(groups[rows])) > 1 for rows in parts)
        if name in forbidden and several:
            return groups
    return metadata["stimulus"].to_numpy(str)


def _whole(metadata, name):
    """Name the subject, or the session of a subject, of each window."""
    subject = metadata["subject"].to_numpy(str)
    if name == "subject":
        return subject
    return np.char.add(np.char.add(subject, "/"), metadata["session"].to_numpy(str))


def _apart(groups, stimulus, y, n_splits, random_state):
    """Test a part of the groups on a part of the stimuli, and train with neither.

    Stimuli are stratified, unless most of the groups feel the same of all of them.
    """
    n_stimuli, make = n_class_folds(y, stimulus, n_splits), StimulusFolds
    if n_stimuli < 2:
        n_stimuli, make = len(np.unique(stimulus)), GroupKFold
    n_splits = min(n_splits, len(np.unique(groups)), n_stimuli)
    if n_splits < 2:
        return []
    shuffled = {"shuffle": True, "random_state": random_state}
    rows = np.zeros((len(y), 1))
    of_groups = GroupKFold(n_splits, **shuffled).split(rows, y, groups)
    of_stimuli = make(n_splits, **shuffled).split(rows, y, stimulus)
    return [
        (np.intersect1d(train, other_train), np.intersect1d(test, other_test))
        for (train, test), (other_train, other_test) in zip(
            of_groups, of_stimuli, strict=True
        )
    ]


def chosen_parameters(estimator):
    """Collect what the searches of a fitted estimator chose.

    Parameters
    ----------
    estimator : estimator

    Returns
    -------
    chosen : dict of str to object
        By name, after that of the step of a pipeline.
    """
    chosen = dict(getattr(estimator, "best_params_", {}))
    for name, step in getattr(estimator, "steps", ()):
        chosen |= {f"{name}__{k}": v for k, v in chosen_parameters(step).items()}
    return chosen

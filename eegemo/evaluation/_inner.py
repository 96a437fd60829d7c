"""Folds within a training set, for searches, as far apart as the protocol's own."""

import warnings
from collections.abc import Iterable
from numbers import Integral

import numpy as np
from sklearn.base import clone
from sklearn.model_selection import GroupKFold

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
    given = {
        name: value
        for name, value in estimator.get_params(deep=True).items()
        if name.split("__")[-1] == "cv" and not isinstance(value, str)
    }
    for name, cv in given.items():
        owner = name.removesuffix("cv")
        outer = [o for o in given if o != name and owner.startswith(o[:-2])]
        if outer:
            raise ValueError(
                f"{name} is of a cross-validation within that of {outer[0]}, whose "
                "windows it cannot be given groups of. Search at one place."
            )
        folds = list(_folds(cv, X.metadata, y, forbidden, random_state))
        estimator.set_params(**{name: folds})
    return estimator


def _folds(cv, metadata, y, forbidden, random_state):
    if cv is None or isinstance(cv, Integral):
        n_splits = _N_FOLDS if cv is None else cv
        return inner_folds(metadata, y, forbidden, n_splits, random_state)
    if not hasattr(cv, "split"):
        what = "splits" if isinstance(cv, Iterable) else type(cv).__name__
        raise ValueError(
            f"cv should be a number of folds, a splitter or None, got {what}, which "
            "cannot know the training windows of a protocol."
        )
    names = [n for n in ("subject", "session", "stimulus") if n in forbidden]
    groups = metadata[(names or ["trial"])[0]].to_numpy(str)
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
    impossible: then they are of stimuli.

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
    subject = metadata["subject"].to_numpy(str)
    session = np.char.add(np.char.add(subject, "/"), metadata["session"].to_numpy(str))
    rows = np.zeros((len(y), 1))
    if not forbidden:
        return list(WindowFolds(n_splits, **shuffled).split(rows, y))
    for name, groups in ("subject", subject), ("session", session):
        n_groups = len(np.unique(groups))
        if name not in forbidden or n_groups < 2:
            continue
        if "stimulus" in forbidden:
            return _apart(groups, stimulus, y, n_splits, random_state)
        folds = GroupKFold(min(n_splits, n_groups), **shuffled)
        return list(folds.split(rows, y, groups))
    folds = list(StimulusFolds(n_splits, **shuffled).split(rows, y, stimulus))
    if not folds:
        raise ValueError(
            "Parameters cannot be chosen in a training set in which a class has fewer "
            "than two stimuli: use more trials, or fixed parameters."
        )
    return folds


def _apart(groups, stimulus, y, n_splits, random_state):
    """Test a part of the groups on a part of the stimuli, and train with neither."""
    n_groups = len(np.unique(groups))
    n_stimuli = n_class_folds(y, stimulus, n_splits)
    n_splits = min(n_splits, n_groups, max(n_stimuli, 2))
    rng = np.random.default_rng(random_state)
    parts = []
    for of_rows in groups, stimulus:
        names = rng.permutation(np.unique(of_rows))
        parts.append(
            [np.isin(of_rows, part) for part in np.array_split(names, n_splits)]
        )
    folds = [
        (np.flatnonzero(~of_groups & ~of_stimuli), np.flatnonzero(both))
        for of_groups, of_stimuli in zip(*parts, strict=True)
        if (both := of_groups & of_stimuli).any()
    ]
    return [(train, test) for train, test in folds if len(train)]


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

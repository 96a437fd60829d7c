"""Keep the inner folds of a search from parting the windows of a trial."""

import warnings
from numbers import Integral, Real

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold, check_cv
from sklearn.pipeline import Pipeline


def keep_trials_whole(estimator, X, y, groups):
    """Set the ``cv`` of an estimator, or of a pipeline's steps, to splits by trials.

    The splits are drawn here, so that they need no ``groups`` to be routed to them.

    Parameters
    ----------
    estimator : estimator
        A clone of the user's, which is changed.
    X : array of shape (n_windows, ...)
    y, groups : array of shape (n_windows,)

    Raises
    ------
    ValueError
        A splitter parts a trial, or there are fewer trials than folds; or a search
        stands within another, where nobody knows what trial a row is of; or a ``cv`` is
        a share of the windows.
    """
    for name, cv in own_splitters(estimator).items():
        estimator.set_params(**{name: _trial_splits(cv, X, y, groups)})


def own_splitters(estimator):
    """Find every parameter ``cv`` that splits the very rows the estimator is given.

    Parameters
    ----------
    estimator : estimator

    Returns
    -------
    splitters : dict of str to object
        By the name of the parameter; those that are a str, such as "prefit", split
        nothing and are left out.

    Raises
    ------
    ValueError
        A search stands within another estimator, where nobody knows what trial a row
        is of.
    """
    own = list(cv_names(estimator))
    splitters = {}
    for name, cv in estimator.get_params().items():
        if isinstance(cv, str) or not (name in own or name.endswith("__cv")):
            continue
        if name not in own:
            raise ValueError(
                f"{name} of {type(estimator).__name__} would get windows of which it "
                "cannot know the trials: only a cv of its own, or of the steps of a "
                "pipeline, can be grouped. Use no search within another estimator."
            )
        splitters[name] = cv
    return splitters


def cv_names(estimator, prefix=""):
    """Name them; steps of a pipeline count, which pass on all rows."""
    if isinstance(estimator, Pipeline):
        for name, step in estimator.steps:
            if hasattr(step, "get_params"):
                yield from cv_names(step, f"{prefix}{name}__")
    elif "cv" in estimator.get_params(deep=False):
        yield f"{prefix}cv"


def _trial_splits(cv, X, y, groups):
    """Return the splits as a list; folds given by number are stratified by trials."""
    if cv is None or isinstance(cv, Integral):
        n_folds, n_trials = 5 if cv is None else cv, len(np.unique(groups))
        if n_trials < n_folds:
            raise ValueError(
                f"cv={cv} of the inner search means {n_folds} folds, but only "
                f"{n_trials} trials are there to train: give a smaller cv."
            )
        cv = StratifiedGroupKFold(n_folds)
    elif isinstance(cv, Real):
        raise ValueError(
            f"cv={cv} of the inner search is a share of the windows, whatever trial "
            "they are of. Give a number of folds, or a splitter that heeds groups, "
            f"such as GroupShuffleSplit(1, test_size={cv})."
        )
    with warnings.catch_warnings():
        # It is told below, if it matters.
        warnings.filterwarnings("ignore", "The groups parameter is ignored")
        splits = list(check_cv(cv).split(X, y, groups))
    for train, test in splits:
        parted = np.intersect1d(groups[train], groups[test])
        if len(parted):
            raise ValueError(
                f"{cv} of the inner search parts the windows of {len(parted)} trials, "
                "so it would choose by leakage. Give a number of folds, or a splitter "
                "that heeds groups, such as StratifiedGroupKFold."
            )
    return splits

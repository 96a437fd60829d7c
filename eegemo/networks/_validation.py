"""The windows on which training is judged, apart from those that it uses."""

import warnings
from itertools import product
from numbers import Real

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.utils import check_scalar

_TRIES = 3  # shuffled folds have the classes more or less evenly


def validation_split(y, groups, fraction, rng):
    """Part samples by groups, with all classes in training, and most in validation.

    Parameters
    ----------
    y : array of shape (n_samples,)
    groups : array-like of shape (n_samples,), or None
        None parts single samples, and warns.
    fraction : float
        About this share of the samples validates; more, if that takes to have all
        classes among them.
    rng : numpy.random.Generator

    Returns
    -------
    train, validate : int array
        Indices.

    Raises
    ------
    ValueError
        There are too few groups.
    """
    check_scalar(
        fraction,
        "validation_fraction",
        Real,
        min_val=0,
        max_val=0.5,
        include_boundaries="right",
    )
    if groups is None:
        warnings.warn(
            "early_stopping without groups validates on windows whose trials are "
            "trained with too, unless each window is a trial: fit(X, y, "
            "groups=trials) keeps them apart.",
            UserWarning,
            stacklevel=3,
        )
        groups = np.arange(len(y))
    groups = np.asarray(groups)
    n_groups = len(set(groups.tolist()))
    if n_groups < 2:
        raise ValueError(
            "early_stopping needs at least two groups, one to train and one to "
            f"validate with, got {n_groups}."
        )
    seeds = rng.integers(2**31, size=_TRIES).tolist()
    most = min(round(1 / fraction), n_groups)
    n_classes = len(np.unique(y))
    best, most_classes = None, 0
    for n_folds, seed in product(range(most, 1, -1), seeds):
        for train, validate in _splits(y, groups, n_folds, seed):
            found = len(np.unique(y[validate]))
            # a loss of few classes is least where the network says nothing else
            if found > most_classes:
                best, most_classes = (train, validate), found
        if most_classes == n_classes:
            break
    if best is None:
        raise ValueError(
            "early_stopping finds no group to validate with that leaves all classes to "
            f"train with, among {n_groups} groups: give more groups of each class."
        )
    return best


def _splits(y, groups, n_folds, seed):
    """Return the folds that leave all classes to train with."""
    folds = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The least populated class")
        try:
            splits = list(folds.split(y, y, groups))
        except ValueError:  # every class has fewer samples than there are folds
            return []
    n_classes = len(np.unique(y))
    return [
        (train, validate)
        for train, validate in splits
        if len(validate) and len(np.unique(y[train])) == n_classes
    ]

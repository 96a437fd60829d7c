"""The windows on which training is judged, apart from those that it uses."""

import warnings
from numbers import Real

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.utils import check_scalar


def validation_split(y, groups, fraction, rng):
    """Part samples by groups, with all classes in training, and most in validation.

    Parameters
    ----------
    y : array of shape (n_samples,)
    groups : array-like of shape (n_samples,), or None
        None parts single samples, and warns.
    fraction : float
        About this share of the samples validates.
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
    n_groups = len(np.unique(groups))
    if n_groups < 2:
        raise ValueError(
            "early_stopping needs at least two groups, one to train and one to "
            f"validate with, got {n_groups}."
        )
    folds = StratifiedGroupKFold(
        min(round(1 / fraction), n_groups),
        shuffle=True,
        random_state=int(rng.integers(2**31)),
    )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The least populated class")
        try:
            splits = list(folds.split(y, y, groups))
        except ValueError:  # every class has fewer samples than there are folds
            folds.n_splits = 2
            splits = list(folds.split(y, y, groups))
    n_classes = len(np.unique(y))
    whole = [
        (train, validate)
        for train, validate in splits
        if len(validate) and len(np.unique(y[train])) == n_classes
    ]
    if not whole:
        raise ValueError(
            "early_stopping finds no group to validate with that leaves all classes to "
            f"train with, among {n_groups} groups: give more groups of each class."
        )
    # a loss of few classes is least where the network says nothing else
    return max(whole, key=lambda split: len(np.unique(y[split[1]])))

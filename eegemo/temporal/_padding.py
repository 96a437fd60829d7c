"""Trials of unequal length in one array: NaN after the end of the shorter ones."""

import numpy as np


def trial_lengths(X, axis):
    """Length of each trial; raise unless NaN only fills its end, in all rows at once.

    Parameters
    ----------
    X : float array of shape (n_trials, n_channels, n_times) or (n_trials, n_steps, \
n_features)
    axis : {1, 2}
        That of time.

    Returns
    -------
    lengths : int array of shape (n_trials,)

    Raises
    ------
    ValueError
        A trial, named by its number, is empty or has other NaN.
    """
    lengths = np.empty(len(X), np.int64)
    for i, trial in enumerate(X):
        missing = np.isnan(trial)
        complete = ~missing.any(axis=2 - axis)
        lengths[i] = complete.sum()
        padding = missing.all(axis=2 - axis)
        if padding.all():
            raise ValueError(f"Trial {i} is empty: nothing in it is a number.")
        if not (complete[: lengths[i]].all() and padding[lengths[i] :].all()):
            at = int(np.argmin(complete))
            raise ValueError(
                f"Trial {i} has NaN at {at}, but NaN may only fill a trial from its "
                "end on, everywhere at once. Interpolate what is missing, or leave "
                "the trial out."
            )
    return lengths

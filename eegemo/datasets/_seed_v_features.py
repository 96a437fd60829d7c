"""The features published with SEED-V: pickles of {trial: array} in a NumPy archive."""

import io

import numpy as np

from ._arrays import check_finite, check_shape, check_type
from ._pickles import unpickle
from ._seed_family import ANEW, BANDS, CHANNELS


def read_trials(path, codes):
    """Read the features of all trials of a subject, (n_windows, 310) each.

    ``codes`` are the numbers that the labels of the trials should be.
    """
    hint = "Use the features of the data set as published."
    data, labels = (_read_member(path, name) for name in ("data", "label"))
    trials = []
    for trial, code in enumerate(codes):
        what = f"trial {trial} in {path}"
        if not all(isinstance(d.get(trial), np.ndarray) for d in (data, labels)):
            raise ValueError(
                f"{what} should have features and labels, got an array of each for "
                f"the trials {sorted(map(str, data))}. {hint}"
            )
        check_type(data[trial].dtype, "f", what, hint)
        check_shape(data[trial].shape, (None, len(CHANNELS) * len(BANDS)), what, hint)
        check_finite(data[trial], what, ("window", "feature"), ANEW)
        if set(np.ravel(labels[trial])) != {code}:
            raise ValueError(
                f"{what} should have the label {code}, got {np.unique(labels[trial])}. "
                f"{hint}"
            )
        trials.append(data[trial])
    return trials


def _read_member(path, name):
    """Read one of the pickles in a NumPy archive."""
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as archive:
            content = archive[name].tobytes()
    except Exception as error:  # bytes that make no sense raise errors of any kind
        raise ValueError(
            f"{path} cannot be read as a NumPy archive with bytes named 'data' and "
            f"'label': it is damaged, incomplete or of another format. Copy it anew. "
            f"The reader says: {error}"
        ) from error
    value = unpickle(io.BytesIO(content), f"{name!r} in {path}")
    if not isinstance(value, dict):
        raise ValueError(
            f"{name!r} in {path} should be a dictionary of trials, got "
            f"{type(value).__name__}. Use the features of the data set as published."
        )
    return value


def inspect_trials(path, codes):
    """Check a file of features, and say what it has."""
    windows = [len(trial) for trial in read_trials(path, codes)]
    return f"{len(windows)} trials of {min(windows)} to {max(windows)} windows"

"""Labels that no longer go with the EEG, and are else as they were."""

import numpy as np


def permute(y, metadata, seed, *, label_per_subject=False):
    """Permute the labels of a data set as the null hypothesis says they could be.

    Where a stimulus always has the same label, it keeps one: labels are permuted among
    stimuli, alike for all who saw them. Else, as with ratings, they are permuted among
    the trials of each session; and where each subject has one label, among subjects.

    Parameters
    ----------
    y : array of shape (n_windows,)
    metadata : pandas.DataFrame
        With the columns subject, session, trial and stimulus.
    seed : int
    label_per_subject : bool, default=False

    Returns
    -------
    permuted : array of shape (n_windows,)
    """
    if label_per_subject:
        return _permuted_among(y, metadata["subject"].to_numpy(str), seed, "")
    stimulus = metadata["stimulus"].to_numpy(str)
    if not _has_one_label(y, stimulus):
        return permute_trials(y, metadata, seed)
    permuted = np.array(y)
    blocks = _shown_alike(metadata)
    for block in np.unique(blocks):
        rows = np.flatnonzero(blocks == block)
        permuted[rows] = _permuted_among(y[rows], stimulus[rows], seed, block)
    return permuted


def permute_trials(y, metadata, seed):
    """Permute the labels among the trials of each session; windows follow their trial.

    Parameters
    ----------
    y : array of shape (n_windows,)
    metadata : pandas.DataFrame
    seed : int

    Returns
    -------
    permuted : array of shape (n_windows,)
    """
    permuted = np.array(y)
    sessions = metadata.groupby(["subject", "session"], sort=False).indices
    for name, rows in sessions.items():
        trials = metadata["trial"].to_numpy()[rows]
        permuted[rows] = _permuted_among(
            y[rows], trials, seed, "/".join(map(str, name))
        )
    return permuted


def _permuted_among(y, groups, seed, block):
    """Permute labels among groups, each of which has one; of each block on its own.

    A group whose labels change in the course of time gets the course of another one,
    stretched to its own length.
    """
    rng = np.random.default_rng([seed, *block.encode()])
    _, first, number = np.unique(groups, return_index=True, return_inverse=True)
    taken = rng.permutation(len(first))
    if (y == y[first][number]).all():
        return y[first][taken][number]
    permuted = np.array(y)
    courses = [y[number == i] for i in range(len(first))]
    for i, other in enumerate(taken):
        rows = np.flatnonzero(number == i)
        course = courses[other]
        permuted[rows] = course[np.arange(len(rows)) * len(course) // len(rows)]
    return permuted


def _has_one_label(y, stimulus):
    _, first, number = np.unique(stimulus, return_index=True, return_inverse=True)
    return bool((y == y[first][number]).all())


def _shown_alike(metadata):
    """Name, for each window, the stimuli that its stimulus may change places with.

    They were shown in the same sessions; to a subject alone, if it was to that one.
    """
    names = {}
    for stimulus, part in metadata.groupby("stimulus", sort=False):
        subjects = part["subject"].astype(str).unique()
        alone = subjects[0] if len(subjects) == 1 else ""
        sessions = sorted(part["session"].astype(str).unique())
        names[stimulus] = "\x1f".join([alone, *sessions])
    return metadata["stimulus"].map(names).to_numpy(str)

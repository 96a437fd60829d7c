"""What training and test windows share."""

import numpy as np
import pandas as pd

_IDENTITIES = {
    "trial": ["subject", "session", "trial"],
    "session": ["subject", "session"],
    "subject": ["subject"],
    "stimulus": ["stimulus"],
}


def audit_split(train, test, metadata=None):
    """Say what two sets of windows share, whatever splitter made them.

    Parameters
    ----------
    train, test : array-like of int or of bool
        Rows of ``metadata``, by number or as a mask; or, without it, two DataFrames
        like it.
    metadata : pandas.DataFrame, default=None
        As :class:`eegemo.paradigm.EmotionParadigm` returns it: ``subject``,
        ``session``, ``run``, ``trial``, ``stimulus``, ``onset`` and ``duration`` of
        each window. Columns that are missing are not compared.

    Returns
    -------
    shared : dict of str to int
        How many there are of each on both sides: ``rows`` (the same window), ``time``
        (test windows that overlap a training window of the same run), ``trial``,
        ``session``, ``subject``, ``stimulus``. A trial on both sides is a leak under
        any protocol; the others depend on what is claimed.

    Raises
    ------
    ValueError
        A set is empty, or has a row that ``metadata`` lacks.

    Examples
    --------
    >>> import pandas as pd
    >>> from eegemo.evaluation import audit_split
    >>> metadata = pd.DataFrame(
    ...     {
    ...         "subject": 1,
    ...         "session": "0",
    ...         "run": "0",
    ...         "trial": [0, 0, 1, 1],
    ...         "stimulus": ["a", "a", "b", "b"],
    ...         "onset": [0.0, 4.0, 20.0, 24.0],
    ...         "duration": 4.0,
    ...     }
    ... )
    >>> audit_split([0, 2], [1, 3], metadata)
    {'rows': 0, 'time': 0, 'trial': 2, 'session': 1, 'subject': 1, 'stimulus': 2}
    >>> audit_split([0, 1], [2, 3], metadata)
    {'rows': 0, 'time': 0, 'trial': 0, 'session': 1, 'subject': 1, 'stimulus': 0}
    """
    shared = {"rows": 0}
    if metadata is not None:
        train, test = (_rows(rows, metadata) for rows in (train, test))
        shared["rows"] = len(np.intersect1d(train, test))
        train, test = metadata.iloc[train], metadata.iloc[test]
    elif not (isinstance(train, pd.DataFrame) and isinstance(test, pd.DataFrame)):
        raise ValueError("Give the metadata of which train and test are rows.")
    else:
        columns = [c for c in ("subject", "session", "run", "onset") if c in train]
        shared["rows"] = _n_common(train, test, columns)
    if {"subject", "session", "run", "onset", "duration"} <= set(train):
        shared["time"] = _n_overlapping(train, test)
    for name, columns in _IDENTITIES.items():
        if set(columns) <= set(train):
            shared[name] = _n_common(train, test, columns)
    return shared


def _rows(rows, metadata):
    rows = np.asarray(rows)
    if rows.dtype == bool:
        rows = np.flatnonzero(rows)
    if rows.size == 0:
        raise ValueError("The training or the test set is empty.")
    if rows.min() < 0 or rows.max() >= len(metadata):
        raise ValueError(
            f"Rows run from {rows.min()} to {rows.max()}, but metadata has "
            f"{len(metadata)} rows."
        )
    return rows


def _n_common(train, test, columns):
    """Count the distinct values that both sides have."""
    return len(_values(train, columns) & _values(test, columns))


def _values(part, columns):
    return set(zip(*(part[column] for column in columns), strict=True))


def _n_overlapping(train, test):
    """Count the test windows that share time with a training window."""
    run = ["subject", "session", "run"]
    if not _n_common(train, test, run):
        return 0
    parts = dict(iter(train.groupby(run)))
    return sum(
        _n_intersecting(parts[key], windows)
        for key, windows in test.groupby(run)
        if key in parts
    )


def _n_intersecting(train, test):
    """Count the test intervals that meet a training interval, in one run.

    Sorted by start, an interval meets an earlier one exactly if the latest end so far
    lies behind its own start.
    """
    order = np.argsort(train["onset"].to_numpy())
    starts = train["onset"].to_numpy()[order]
    latest = np.maximum.accumulate(starts + train["duration"].to_numpy()[order])
    begin = test["onset"].to_numpy()
    end = begin + test["duration"].to_numpy()
    before = np.searchsorted(starts, end - 1e-9) - 1  # last that starts before the end
    return int(((before >= 0) & (latest[before] > begin + 1e-9)).sum())

"""Features that the makers of data sets publish, as arrays for scikit-learn."""

from functools import partial

import numpy as np
import pandas as pd

from ._faced import FACED
from ._seed import SEED
from ._seed_family import BANDS
from ._seed_iv import SEEDIV
from ._seed_v import SEEDV
from ._seed_vii import SEEDVII

_DATASETS = {cls.__name__: cls for cls in (FACED, SEED, SEEDIV, SEEDV, SEEDVII)}


def load_features(
    name, root=None, feature=None, *, window=None, subjects=None, follow_links=False
):
    """Load the features that were published with a data set.

    Parameters
    ----------
    name : {"FACED", "SEED", "SEEDIV", "SEEDV", "SEEDVII"}
        The data set; ``"SEED-IV"`` and the like are fine too.
    root : str or path-like, default=None
        Its folder, as for the class of that name in :mod:`eegemo.datasets`.
    feature : str, default=None
        Which feature. None is ``"de_LDS"``, the differential entropy smoothed by a
        linear dynamical system, or ``"de"`` for FACED and SEED-V. SEED has ``de``,
        ``psd``, ``dasm``, ``rasm``, ``asm`` and ``dcau``, SEED-IV ``de`` and ``psd``,
        each with ``_LDS`` or ``_movingAve``; SEED-V has ``de``, SEED-VII ``de`` and
        ``de_LDS``, FACED ``de`` and ``psd``.
    window : float, default=None
        Length of the windows in seconds, where there are several: SEED has windows of
        1 and 4 s. None is the first, and else the only.
    subjects : sequence of int, default=None
        None means all who are in the folder.
    follow_links : bool, default=False
        Whether symbolic links may lead out of the folder.

    Returns
    -------
    X : array of shape (n_windows, n_channels * n_bands)
        In the order channel (or pair of channels), then band: the first columns are the
        bands delta, theta, alpha, beta and gamma of the first channel.
    y : array of str, shape (n_windows,)
        The emotions.
    metadata : pandas.DataFrame
        ``subject``, ``session``, ``trial`` (unique within the session), ``stimulus``
        (the same wherever the same clip was shown), ``onset`` (of the window, in
        seconds from the start of the trial) and ``duration`` (in seconds), for groups
        of splits. Its ``attrs`` hold ``feature`` and ``feature_names``.

    Raises
    ------
    ValueError
        The data set, the feature, the window or a subject is unknown, or a file is not
        as published.
    FileNotFoundError
        No folder is known, or it or one of the files does not exist.

    Notes
    -----
    ``_LDS`` and ``_movingAve`` are smoothed over time, so windows of a trial are even
    more alike than they are without: never split a trial.

    The bands are 1-4, 4-8, 8-14, 14-31 and 31-50 Hz; SEED's paper has 1-3, 4-7, 8-13,
    14-30 and 31-50 Hz, and FACED 1-4, 4-8, 8-14, 14-30 and 30-47 Hz.

    FACED's features are of 32 channels, the last two of which are no EEG; the names are
    those of :class:`FACED`, whose Notes say what is uncertain of them.

    What was published of the files does not say, and is assumed: channels come in the
    order of :data:`eegemo.montage.SEED_CHANNELS`, bands in the order above, and of the
    310 columns of SEED-V the first five are the bands of the first channel. SEED's
    features of 4 s are read if they have the layout of those of 1 s.

    Examples
    --------
    >>> from eegemo.datasets import load_features
    >>> X, y, metadata = load_features("SEED", "/data/SEED")  # doctest: +SKIP
    >>> groups = metadata["subject"]  # doctest: +SKIP
    """
    key = str(name).upper().replace("-", "").replace("_", "")
    if key not in _DATASETS:
        raise ValueError(
            f"There are no features of {name!r}: choose from {', '.join(_DATASETS)}."
        )
    dataset = _DATASETS[key](root, follow_links)
    feature = _choose("feature", feature, list(dataset.features), key)
    window = _choose("window", window, dataset.feature_seconds, key)
    folder = dataset.folder()
    if subjects is None:
        parts = partial(dataset._feature_parts, folder, window=window)
        subjects = dataset._present(parts)
    elif not len(subjects):
        raise ValueError("subjects is empty: name some, or leave it out for all.")
    X, y, metadata = [], [], []
    for subject in subjects:
        dataset._check_subject(subject)
        trials = dataset._read_features(folder, subject, feature, window)
        for session, trial, array in trials:
            facts = dataset._facts(session, trial)
            X.append(np.ascontiguousarray(array.reshape(len(array), -1)))
            y.append(np.full(len(array), facts["emotion"]))
            metadata.append(
                pd.DataFrame(
                    {
                        "subject": subject,
                        "session": str(session),
                        "trial": facts["trial"],
                        "stimulus": facts["stimulus"],
                        "onset": window * np.arange(len(array)),
                        "duration": window,
                    }
                )
            )
    metadata = pd.concat(metadata, ignore_index=True)
    metadata.attrs["feature"] = feature
    metadata.attrs["feature_names"] = _names(dataset, feature)
    return np.concatenate(X), np.concatenate(y), metadata


def _names(dataset, feature):
    """Name the columns; which pairs of channels features are of, is not known."""
    rows, n_rows = dataset.feature_channels, dataset.features[feature]
    if n_rows != len(rows):
        rows = [f"row{i}" for i in range(1, n_rows + 1)]
    return [f"{row} {band}" for row in rows for band in BANDS]


def _choose(what, value, known, name):
    if value is None:
        return known[0]
    if value not in known:
        raise ValueError(
            f"{name} has no {what} {value!r}: choose from {', '.join(map(str, known))}."
        )
    return value

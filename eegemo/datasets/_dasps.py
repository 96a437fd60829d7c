"""DASPS: anxiety elicited by situations told to, then recalled by, the subject."""

import csv

import mne
import numpy as np

from ._arrays import check_finite, check_shape
from ._base import QUADRANT_CLASSES, RATING_CLASSES, trial_annotations
from ._folder import FolderDataset, Part
from ._head import standard_montage
from ._matlab import check_variable, describe_variables, read_variables

CHANNELS = (
    *("AF3", "F7", "F3", "FC5", "T7", "P7", "O1"),
    *("O2", "P8", "T8", "FC6", "F4", "F8", "AF4"),
)
SFREQ = 128.0
N_SITUATIONS = 6
PHASES = ("recited", "recalled")
SHAPE = (N_SITUATIONS * len(PHASES), 1920, len(CHANNELS))
RATINGS = ("valence", "arousal")
SCALE = (1, 9)


class DASPS(FolderDataset):
    """Anxiety data set DASPS, from a folder on disk.

    A psychotherapist told each subject six distressing situations; after each, the
    subject recalled it and rated valence and arousal from 1 to 9 [1]_ [2]_. That gives
    12 trials of 15 s, preprocessed, from the 14 channels of an Emotiv EPOC at 128 Hz.

    The data need an account at IEEE DataPort, so there is no downloader. The folder
    holds, in any case of letters and beside any other files:

    - ``S01preprocessed.mat`` to ``S23preprocessed.mat``, or some of them: MATLAB 7.3
      files whose variable ``data`` is, in the order of HDF5, a float array of shape
      (12, 1920, 14): trials, samples, channels;
    - ``ratings.csv``: the ratings, as text with the columns ``subject`` (``S01``),
      ``situation`` (1 to 6), ``valence`` and ``arousal``, one row per situation.

    Each trial is one run, since trials do not follow each other without a gap: filters
    then see 15 s at a time.

    Parameters
    ----------
    root : str or path-like, default=None
        The folder. If None, the environment variable or MNE setting
        ``MNE_DATASETS_DASPS_PATH``.
    follow_links : bool, default=False
        Whether symbolic links may lead out of the folder.

    Attributes
    ----------
    subject_list : list of int
        The subjects whose files are in the folder; 1 to 23 if there is no folder yet.

    Notes
    -----
    The files do not say the following, and it is assumed: the signals are in
    microvolts, the channels come in the order AF3 F7 F3 FC5 T7 P7 O1 O2 P8 T8 FC6 F4 F8
    AF4, and the trials are situation 1 recited, 1 recalled, 2 recited, and so on.

    The two trials of a situation share one rating. Within a subject, group by
    ``stimulus`` rather than by ``trial``, or that rating is in training and test.

    References
    ----------
    .. [1] A. Baghdadi, Y. Aribi, R. Fourati, N. Halouani, P. Siarry and A. M. Alimi,
       "DASPS: a database for anxious states based on a psychological stimulation",
       arXiv:1901.02942, 2019.
    .. [2] A. Baghdadi et al., "DASPS database", IEEE DataPort,
       doi:10.21227/barx-we60, 2021.

    Examples
    --------
    >>> from eegemo.datasets import DASPS
    >>> dataset = DASPS(root="/data/DASPS")
    >>> dataset.tasks["valence"]
    ('low', 'high')
    """

    path_key = "MNE_DATASETS_DASPS_PATH"
    access = "the data need an account at IEEE DataPort (doi:10.21227/barx-we60)."
    everyone = range(1, 24)
    channels = CHANNELS

    def __init__(self, root=None, follow_links=False):
        super().__init__(
            root,
            follow_links,
            n_sessions=1,
            code="DASPS",
            tasks={
                "valence": RATING_CLASSES,
                "arousal": RATING_CLASSES,
                "quadrant": QUADRANT_CLASSES,
            },
            events={"trial": 1},
            trial_seconds=SHAPE[1] / SFREQ,
            scale=SCALE,
            sfreq=SFREQ,
            doi="10.21227/barx-we60",
        )

    def _parts(self, folder, subject):
        recording, ratings = f"S{subject:02d}preprocessed.mat", "ratings.csv"
        yield Part(recording, lambda: folder.find(recording), _check_recording)
        yield Part(
            ratings,
            lambda: folder.find(ratings),
            lambda path: _check_ratings(path, subject),
        )

    def _get_single_subject_data(self, subject):
        recording, ratings = self.data_path(subject)
        data = _read_recording(recording)
        rated = _read_ratings(ratings, subject)
        info = _info()
        runs = {
            str(trial): _as_raw(samples, info, _facts(trial, rated))
            for trial, samples in enumerate(data)
        }
        return {"0": runs}


def _read_recording(path):
    """Read the trials of a subject in microvolts, (n_trials, n_times, n_channels)."""
    _check_recording(path)
    data = read_variables(path, ["data"])["data"].T
    hint = "Copy the file anew, or move it out of the folder to leave the subject out."
    check_finite(data, f"'data' in {path}", ("trial", "sample", CHANNELS), hint)
    return data


def _check_recording(path):
    """Refuse a recording of another shape or type, without reading it."""
    hint = "Use the preprocessed files of DASPS"
    variable = check_variable(describe_variables(path), "data", path, f"{hint}.")
    check_shape(
        variable.shape[::-1],
        SHAPE,
        f"'data' in {path}",
        f"{hint}; these axes are trials, samples, channels, in the order of HDF5, and "
        "MATLAB shows them in reverse.",
    )
    return f"{SHAPE[0]} trials of {SHAPE[1]} samples in {SHAPE[2]} channels"


def _check_ratings(path, subject):
    _read_ratings(path, subject)
    return f"{N_SITUATIONS} situations of each subject"


def _read_ratings(path, subject):
    """Read {situation: {"valence": float, "arousal": float}} of a subject."""
    subject = f"S{subject:02d}"
    columns = ("subject", "situation", *RATINGS)
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, skipinitialspace=True)
            header = list(reader.fieldnames or [])
            rows = [(reader.line_num, row) for row in reader]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(
            f"{path} should be comma-separated text in UTF-8: {error}. Save it so."
        ) from error
    missing = [column for column in columns if column not in header]
    if missing:
        raise ValueError(
            f"{path} should have the columns {', '.join(columns)}, separated by "
            f"commas; {', '.join(missing)} not found among {header}. Correct its first "
            "line."
        )
    rated = {}
    for line, row in rows:
        if (row["subject"] or "").strip().upper() != subject:
            continue
        where = f"{path}, line {line}: "
        situation = _number(row, "situation", where, 1, N_SITUATIONS)
        if situation % 1:
            raise ValueError(
                f"{where}situation should be a whole number, got {row['situation']!r}. "
                "Correct it."
            )
        if situation in rated:
            raise ValueError(
                f"{where}a second row for subject {subject}, situation {situation:g}. "
                "Keep one."
            )
        rated[int(situation)] = {
            name: _number(row, name, where, *SCALE) for name in RATINGS
        }
    lacking = [s for s in range(1, N_SITUATIONS + 1) if s not in rated]
    if lacking:
        raise ValueError(
            f"{path} should have a row for each of the situations 1 to {N_SITUATIONS} "
            f"of subject {subject} (written so), got none for {lacking}. Add them, or "
            "move the recording out of the folder to leave the subject out."
        )
    return rated


def _number(row, column, where, lowest, highest):
    try:
        value = float(row[column])
    except (TypeError, ValueError):
        value = np.nan
    if not lowest <= value <= highest:
        raise ValueError(
            f"{where}{column} should be a number from {lowest} to {highest}, got "
            f"{row[column]!r}. Correct it."
        )
    return value


def _facts(trial, rated):
    situation, phase = divmod(trial, len(PHASES))
    return {
        "trial": trial,
        "stimulus": f"situation{situation + 1}",
        "phase": PHASES[phase],
        **rated[situation + 1],
    }


def _info():
    info = mne.create_info(list(CHANNELS), SFREQ, "eeg")
    info.set_montage(standard_montage())
    return info


def _as_raw(samples, info, facts):
    """Turn a trial in microvolts, (n_times, n_channels), into a recording in volts."""
    data = samples.T.astype(np.float64) * 1e-6
    raw = mne.io.RawArray(data, info, verbose="error")
    seconds = len(samples) / SFREQ
    return raw.set_annotations(trial_annotations([0.0], [seconds], ["trial"], [facts]))

"""DASPS: anxiety elicited by situations told to, then recalled by, the subject."""

import csv
import re
from pathlib import Path

import mne
import numpy as np

from ._arrays import check_finite, check_shape
from ._base import QUADRANT_CLASSES, RATING_CLASSES, EmotionDataset, trial_annotations
from ._head import standard_montage
from ._matlab import check_variable, describe_variables, read_variables

CHANNELS = (
    *("AF3", "F7", "F3", "FC5", "T7", "P7", "O1"),
    *("O2", "P8", "T8", "FC6", "F4", "F8", "AF4"),
)
SFREQ = 128.0
N_SUBJECTS, N_SITUATIONS = 23, 6
PHASES = ("recited", "recalled")
SHAPE = (N_SITUATIONS * len(PHASES), 1920, len(CHANNELS))
RATINGS = ("valence", "arousal")
SCALE = (1, 9)
PATH_KEY = "MNE_DATASETS_DASPS_PATH"


class DASPS(EmotionDataset):
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

    def __init__(self, root=None):
        self.root = root
        super().__init__(
            subjects=_subjects(_folder(root)),
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

    def data_path(
        self, subject, path=None, force_update=False, update_path=None, verbose=None
    ):
        """Find the files of a subject; nothing is downloaded.

        Parameters
        ----------
        subject : int
        path : str or path-like, default=None
            Folder to use instead of ``root``.
        force_update, update_path, verbose : ignored

        Returns
        -------
        paths : list of str
            The recording and ``ratings.csv``.

        Raises
        ------
        ValueError
            There is no such subject, or two files have the same name but for case.
        FileNotFoundError
            No folder is known, or it or one of the files does not exist.
        """
        if subject not in range(1, N_SUBJECTS + 1):
            raise ValueError(
                f"DASPS has the subjects 1 to {N_SUBJECTS}, got {subject!r}."
            )
        folder = _folder(self.root if path is None else path)
        if folder is None:
            raise FileNotFoundError(
                "DASPS does not know its folder. Give it as DASPS(root=...), or in "
                f"{PATH_KEY}, an environment variable or a setting of "
                "mne.set_config. There is no downloader: the data need an account at "
                "IEEE DataPort (doi:10.21227/barx-we60)."
            )
        if not folder.is_dir():
            raise FileNotFoundError(
                f"The DASPS folder {folder} "
                f"{'is not a folder' if folder.exists() else 'does not exist'}: check "
                f"root=... or {PATH_KEY}. There is no downloader: the data need an "
                "account at IEEE DataPort (doi:10.21227/barx-we60)."
            )
        names = (f"S{subject:02d}preprocessed.mat", "ratings.csv")
        return [str(_find(folder, name)) for name in names]

    def _get_single_subject_data(self, subject):
        recording, ratings = self.data_path(subject)
        data = _read_recording(recording)
        rated = _read_ratings(ratings, f"S{subject:02d}")
        info = _info()
        runs = {
            str(trial): _as_raw(samples, info, _facts(trial, rated))
            for trial, samples in enumerate(data)
        }
        return {"0": runs}


def _folder(root):
    """Return the folder that was given or set; None if neither."""
    root = root or mne.get_config(PATH_KEY)
    return Path(root).expanduser() if root else None


def _subjects(folder):
    """List the subjects whose files are in the folder; all if there is none."""
    everyone = range(1, N_SUBJECTS + 1)
    if folder is None or not folder.is_dir():
        return list(everyone)
    pattern = re.compile(r"s([0-9]{2})preprocessed\.mat", re.IGNORECASE)
    matches = [pattern.fullmatch(file.name) for file in folder.iterdir()]
    found = {int(match[1]) for match in matches if match}
    return sorted(found.intersection(everyone)) or list(everyone)


def _find(folder, name):
    """Return the one file of that name, upper and lower case being the same."""
    found = [file for file in folder.iterdir() if file.name.lower() == name.lower()]
    if not found:
        raise FileNotFoundError(
            f"{name} is not in the DASPS folder {folder}. Copy it there, or point "
            f"root=... or {PATH_KEY} to the folder that holds it."
        )
    if len(found) > 1:
        names = " and ".join(sorted(file.name for file in found))
        raise ValueError(
            f"{folder} holds {names}, which differ in case only. Keep one."
        )
    return found[0]


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


def _read_ratings(path, subject):
    """Read {situation: {"valence": float, "arousal": float}} of a subject."""
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

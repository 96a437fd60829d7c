"""DREAMER: film clips, rated, with a wireless headset."""

import os
from functools import lru_cache

import numpy as np

from ._arrays import check_finite, check_shape, check_type
from ._base import QUADRANT_CLASSES, RATING_CLASSES
from ._folder import FolderDataset, Part
from ._matlab import describe_variables, read_variables
from ._runs import check_ratings, make_info, make_runs

CHANNELS = tuple("AF3 F7 F3 FC5 T7 P7 O1 O2 P8 T8 FC6 F4 F8 AF4".split())
RATINGS = ("valence", "arousal", "dominance")
SCORES = tuple(f"Score{name.capitalize()}" for name in RATINGS)
SFREQ, SHORTEST_SECONDS = 128.0, 60.0
N_SUBJECTS, N_CLIPS = 23, 18
SCALE = (1, 5)
FILE = "DREAMER.mat"
HINT = "Use the file of DREAMER as it is."


class DREAMER(FolderDataset):
    """DREAMER: rated film clips, from a folder on disk.

    23 subjects watched 18 film clips of 65 to 393 s, and rated valence, arousal and
    dominance from 1 to 5; the EEG is that of an Emotiv EPOC, 14 channels at 128 Hz
    [1]_.

    The data need an agreement, so there is no downloader. The folder holds
    ``DREAMER.mat``, in any case of letters. Its variable ``DREAMER`` is a structure
    with the field ``Data``, cells of 23 structures with the fields ``EEG.stimuli``, 18
    cells of arrays (samples, 14), and ``ScoreValence``, ``ScoreArousal`` and
    ``ScoreDominance``, (18, 1). Nothing else of it is used: neither the ECG nor the
    61 s of neutral film before each clip, which was recorded apart.

    Each trial is one run, since trials do not follow each other without a gap.

    Parameters
    ----------
    root : str or path-like, default=None
        The folder. If None, the environment variable or MNE setting
        ``MNE_DATASETS_DREAMER_PATH``.
    follow_links : bool, default=False
        Whether symbolic links may lead out of the folder.

    Notes
    -----
    The signals are as the headset gave them, with an offset of some 4000 in each
    channel, which a filter (``fmin``) takes away. The file does not say the unit, and
    microvolts are assumed.

    A rating of 3, the middle of the scale, is "high" unless the paradigm has another
    ``threshold``.

    One file holds all subjects. It is read whole, about 2 GB for a moment, and the
    EEG of its trials, about 0.6 GB, is then kept for the next subject, in each process.

    References
    ----------
    .. [1] S. Katsigiannis and N. Ramzan, "DREAMER: a database for emotion recognition
       through EEG and ECG signals from wireless low-cost off-the-shelf devices", IEEE
       Journal of Biomedical and Health Informatics, 2018,
       doi:10.1109/JBHI.2017.2688239.

    Examples
    --------
    >>> from eegemo.datasets import DREAMER
    >>> dataset = DREAMER(root="/data/DREAMER")
    >>> dataset.scale
    (1, 5)
    """

    path_key = "MNE_DATASETS_DREAMER_PATH"
    access = "the data need an agreement with their authors (Zenodo, DREAMER)."
    everyone = range(1, N_SUBJECTS + 1)
    channels = CHANNELS

    def __init__(self, root=None, follow_links=False):
        super().__init__(
            root,
            follow_links,
            n_sessions=1,
            code="DREAMER",
            tasks=dict.fromkeys(RATINGS, RATING_CLASSES)
            | {"quadrant": QUADRANT_CLASSES},
            events={"trial": 1},
            trial_seconds=SHORTEST_SECONDS,
            scale=SCALE,
            sfreq=SFREQ,
            doi="10.1109/JBHI.2017.2688239",
        )

    def _parts(self, folder, subject):
        def inspect(path):
            _subject(path, subject)
            return f"{N_CLIPS} clips and their ratings of each subject"

        yield Part(FILE, lambda: folder.find(FILE), inspect)

    def _get_single_subject_data(self, subject):
        trials, ratings = _subject(*self.data_path(subject), subject)
        facts = [
            {
                "trial": trial,
                "stimulus": f"clip{trial + 1:02d}",
                **dict(zip(RATINGS, map(float, rated), strict=True)),
            }
            for trial, rated in enumerate(ratings)
        ]
        clips = [trial.T for trial in trials]
        return {"0": make_runs(clips, facts, make_info(CHANNELS, SFREQ))}


def _subject(path, subject):
    """Return trials, 18 arrays of shape (n_times, 14), and ratings (18, 3)."""
    status = os.stat(path)
    everyone = _read(str(path), status.st_mtime_ns, status.st_size)
    if subject > len(everyone):
        raise ValueError(
            f"'DREAMER.Data' in {path} should have {N_SUBJECTS} subjects, got "
            f"{len(everyone)}. {HINT}"
        )
    fields = everyone[subject - 1]
    if isinstance(fields, ValueError):
        raise fields
    return fields


@lru_cache(maxsize=1)
def _read(path, modified, size):
    """Read all subjects; of a file that has not changed, once.

    A subject is (trials, ratings), or the error that tells what is wrong with it.
    """
    variables = describe_variables(path)
    if "DREAMER" not in variables:
        raise ValueError(
            f"{path} should have a variable 'DREAMER', got {sorted(variables)}. {HINT}"
        )
    everyone = read_variables(path, ["DREAMER"])["DREAMER"]
    everyone = _field(everyone, "Data", f"'DREAMER' in {path}")
    if not isinstance(everyone, np.ndarray) or everyone.dtype != object:
        raise ValueError(f"'DREAMER.Data' in {path} should be cells. {HINT}")
    out = []
    for subject, fields in enumerate(everyone.ravel(), start=1):
        try:
            out.append(_fields(fields, f"'DREAMER.Data{{{subject}}}' in {path}"))
        except ValueError as error:
            out.append(error)
    return out


def _fields(fields, what):
    """Check and return trials and ratings of a subject."""
    eeg = _field(fields, "EEG", what)
    cells = _field(eeg, "stimuli", f"the EEG of {what}")
    n_cells = cells.size if isinstance(cells, np.ndarray) else 0
    if n_cells != N_CLIPS or cells.dtype != object:
        raise ValueError(f"{what} should have {N_CLIPS} clips of EEG, in cells. {HINT}")
    trials = []
    for clip, trial in enumerate(cells.ravel(), start=1):
        trial = _array(trial, (None, len(CHANNELS)), f"EEG of clip {clip} of {what}")
        hint = "Copy the file anew."
        check_finite(trial, f"EEG of clip {clip} of {what}", ("sample", CHANNELS), hint)
        # It is more precise than the headset, and all subjects are kept.
        trials.append(trial.astype(np.float32))
    ratings = np.column_stack(
        [
            _array(_field(fields, score, what), (N_CLIPS, 1), f"{score} of {what}")
            for score in SCORES
        ]
    )
    check_ratings(ratings, RATINGS, SCALE, f"Scores of {what}", HINT)
    return trials, ratings


def _field(structure, name, what):
    """Return a field of a structure."""
    if not isinstance(structure, dict) or name not in structure:
        got = sorted(structure) if isinstance(structure, dict) else "no structure"
        raise ValueError(f"{what} should have a field {name!r}, got {got}. {HINT}")
    return structure[name]


def _array(value, shape, what):
    """Return an array of numbers of that shape."""
    if not isinstance(value, np.ndarray) or value.dtype == object:
        raise ValueError(f"{what} should be an array of numbers. {HINT}")
    check_type(value.dtype, "fiu", what, HINT)
    check_shape(value.shape, shape, what, HINT)
    return value

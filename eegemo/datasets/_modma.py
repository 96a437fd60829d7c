"""MODMA: rest, of people with a depression and without."""

import re
from functools import partial

import mne
import numpy as np

from ._arrays import check_finite, check_shape
from ._folder import Finding, FolderDataset, Part
from ._matlab import check_arrays, read_arrays
from ._runs import make_info, make_runs

N_SUBJECTS, N_ROWS = 53, 129
CHANNELS = tuple(f"E{i}" for i in range(1, N_ROWS))
SFREQ, SHORTEST_SECONDS = 250.0, 300.0
DEPRESSED = 201  # what numbers of subjects with a depression begin with
PATTERN = re.compile(r"0(20[123][0-9]{4})(?![0-9]).*\.mat", re.IGNORECASE)
SOME_SUBJECT = 2010002
HINT = "Use the files of EEG_128channels_resting_lanzhou_2015 as they are."


class MODMA(FolderDataset):
    """MODMA: depression or not, from rest, from a folder on disk.

    24 subjects with a depression and 29 without rested with closed eyes for about
    5 min, recorded in the 128 channels of an EGI HydroCel net at 250 Hz,
    unfiltered, referenced to Cz [1]_. The task is ``"depression"``: whether the subject
    is a patient with a major depressive disorder (``"depressed"``) or a healthy
    ``"control"``.

    **One label for each subject**: training and testing within a subject or a session
    would be meaningless, and :func:`~eegemo.evaluation.run_benchmark` refuses the
    protocols that do. Use ``protocols=["cross-subject"]`` with ``n_splits``, since a
    baseline trained without a single subject guesses the other class. Balanced accuracy
    is undefined for a subject, who has one class, and that of all subjects together in
    :func:`~eegemo.evaluation.summarize`.

    The data need an agreement with Lanzhou University, or are at the UK Data Service;
    there is no downloader. The folder holds, or is,
    ``EEG_128channels_resting_lanzhou_2015``: MATLAB files whose names begin with the
    eight digits of the subject, such as ``02010002rest 20150416 1017..mat``. Each has
    the variable ``samplingRate``, 250, and one float array of shape (129, n), whose
    name changes: E1 to E128 and Cz, the reference, which is zero and left out.

    Parameters
    ----------
    root : str or path-like, default=None
        The folder. If None, the environment variable or MNE setting
        ``MNE_DATASETS_MODMA_PATH``.
    follow_links : bool, default=False
        Whether symbolic links may lead out of the folder.

    Attributes
    ----------
    subject_list : list of int
        The numbers of the subjects whose files are in the folder, without the leading
        zero. If there is no folder yet, one of them.

    Notes
    -----
    The following is taken from public code that reads the files, not from the files:
    numbers that begin with 0201 are patients, and those with 0202 and 0203 controls
    (24 and 29, as in the paper). The workbook ``subjects_information...xlsx``, which
    has the groups too, is not read.

    The unit is not documented, and code disagrees: microvolts are assumed here. Offsets
    of thousands of microvolts are usual, and a filter (``fmin``) takes them away.

    Eyes closed is what descriptions of the data set say; nothing in the files does.

    References
    ----------
    .. [1] H. Cai et al., "A multi-modal open dataset for mental-disorder analysis",
       Scientific Data 9:178, 2022, doi:10.1038/s41597-022-01211-x.

    Examples
    --------
    >>> from eegemo.datasets import MODMA
    >>> dataset = MODMA(root="/data/MODMA")
    >>> dataset.tasks
    {'depression': ('control', 'depressed')}
    """

    path_key = "MNE_DATASETS_MODMA_PATH"
    access = "get the data from modma.lzu.edu.cn or UK Data Service (ReShare 854301)."
    companions = r"(subjects_information|read.?me|chan|gsn).*"
    label_per_subject = True
    channels = CHANNELS

    def __init__(self, root=None, follow_links=False):
        super().__init__(
            root,
            follow_links,
            n_sessions=1,
            code="MODMA",
            tasks={"depression": ("control", "depressed")},
            events={"trial": 1},
            trial_seconds=SHORTEST_SECONDS,
            sfreq=SFREQ,
            doi="10.1038/s41597-022-01211-x",
        )

    @property
    def everyone(self):
        """The subjects in the folder; one, if there are none, to say what is missing.

        The numbers of all subjects are documented nowhere but in the data set.
        """
        return self._found() or [SOME_SUBJECT]

    def _found(self):
        try:
            paths = _recordings(self.folder())
        except (FileNotFoundError, ValueError):  # which reading explains
            return []
        return sorted({_subject(path) for path in paths})

    def check(self, subjects=None):
        """Compare the folder with what the data set should have, file by file.

        Parameters
        ----------
        subjects : sequence of int, default=None
            None means all that the folder has.

        Yields
        ------
        finding : Finding
        """
        yield from super().check(subjects)
        n_found = len(self._found())
        if subjects is None and n_found < N_SUBJECTS:
            message = f"{n_found} subjects, of {N_SUBJECTS} in the data set"
            yield Finding("*.mat", "missing", message)

    def _parts(self, folder, subject):
        name = "/".join([*_where(folder), f"{subject:08d}*.mat"])
        yield Part(name, partial(_find, folder, subject), _inspect)

    def _get_single_subject_data(self, subject):
        (path,) = self.data_path(subject)
        name, shapes = _shapes(path)
        arrays = read_arrays(path, shapes, HINT, "fiu")
        _check_rate(arrays["samplingRate"], path)
        data = arrays[name][: len(CHANNELS)]
        hint = "Copy the file anew."
        check_finite(data, f"{name!r} in {path}", (CHANNELS, "sample"), hint)
        depressed = subject // 10_000 == DEPRESSED
        facts = {
            "trial": 0,
            # Rest is no stimulus that subjects share.
            "stimulus": f"rest{subject}",
            "depression": "depressed" if depressed else "control",
        }
        montage = mne.channels.make_standard_montage("GSN-HydroCel-129")
        info = make_info(CHANNELS, SFREQ, montage)
        return {"0": make_runs([data], [facts], info)}


def _where(folder):
    return folder.choose(PATTERN.pattern, ("EEG_128channels_resting_lanzhou_2015",), ())


def _recordings(folder):
    return folder.list(*_where(folder), pattern=PATTERN.pattern)


def _subject(path):
    return int(PATTERN.fullmatch(path.name)[1])


def _find(folder, subject):
    """Return the one file of a subject."""
    found = [path for path in _recordings(folder) if _subject(path) == subject]
    if not found:
        name = f"{subject:08d}*.mat"
        raise FileNotFoundError(folder.missing(*_where(folder), name))
    if len(found) > 1:
        raise ValueError(
            f"{' and '.join(path.name for path in found)} are of one subject, "
            f"{subject}. Keep one."
        )
    return found[0]


def _shapes(path):
    """Return the name of the recording and the shapes of what is to be read."""
    rate = {"samplingRate": (1, 1)}
    variables = check_arrays(path, rate, HINT, "fiu")
    found = [
        name
        for name, (shape, dtype) in variables.items()
        if dtype is not None and len(shape) == 2 and shape[0] == N_ROWS < shape[1]
    ]
    if len(found) != 1:
        shapes = {name: shape for name, (shape, _) in variables.items()}
        raise ValueError(
            f"{path} should have one array of shape ({N_ROWS}, n), got {shapes}. {HINT}"
        )
    return found[0], rate | {found[0]: (N_ROWS, None)}


def _inspect(path):
    name, shapes = _shapes(path)
    rate = {"samplingRate": shapes["samplingRate"]}
    _check_rate(read_arrays(path, rate, HINT, "fiu")["samplingRate"], path)
    return f"a recording of {N_ROWS} channels, {name!r}"


def _check_rate(rate, path):
    check_shape(np.shape(rate), (1, 1), f"'samplingRate' in {path}", HINT)
    if rate[0, 0] != SFREQ:
        raise ValueError(
            f"'samplingRate' in {path} should be {SFREQ:g}, got {rate[0, 0]:g}. {HINT}"
        )

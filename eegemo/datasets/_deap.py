"""DEAP: music videos, rated."""

from ._arrays import check_finite
from ._base import QUADRANT_CLASSES, RATING_CLASSES
from ._folder import FolderDataset, Part
from ._matlab import check_arrays, read_arrays
from ._pickles import check_pickled, read_pickle
from ._runs import check_ratings, make_info, make_runs

CHANNELS = tuple(
    "Fp1 AF3 F3 F7 FC5 FC1 C3 T7 CP5 CP1 P3 P7 PO3 O1 Oz Pz "
    "Fp2 AF4 Fz F4 F8 FC6 FC2 Cz C4 T8 CP6 CP2 P4 P8 PO4 O2".split()
)
RATINGS = ("valence", "arousal", "dominance", "liking")
SFREQ, BASELINE_SECONDS, TRIAL_SECONDS = 128.0, 3.0, 60.0
N_VIDEOS = 40
SHAPES = {"data": (N_VIDEOS, 40, 8064), "labels": (N_VIDEOS, len(RATINGS))}
SCALE = (1, 9)
HINT = "Use the preprocessed files of DEAP as they are."


class DEAP(FolderDataset):
    """DEAP: rated music videos, from a folder on disk.

    32 subjects watched 40 excerpts of music videos of 60 s, and rated valence, arousal,
    dominance and liking of each from 1 to 9 [1]_. The files are the preprocessed ones:
    128 Hz, ocular artefacts removed, 4 to 45 Hz, average reference, and 3 s of rest
    before each video.

    The data need a signed agreement, so there is no downloader. The folder holds, in
    any case of letters, or is itself, one of

    - ``data_preprocessed_python/s01.dat`` to ``s32.dat``: pickles, read without running
      them, of ``{"data": (40, 40, 8064), "labels": (40, 4)}``: videos, channels,
      samples, and videos, ratings;
    - ``data_preprocessed_matlab/s01.mat`` to ``s32.mat``: the variables ``data`` and
      ``labels`` of the same shapes. They are read if there are no pickles.

    Each trial is one run of 63 s, of which the trial is the last 60 s, so that filters
    see the rest before. The eight peripheral channels are left out.

    Parameters
    ----------
    root : str or path-like, default=None
        The folder. If None, the environment variable or MNE setting
        ``MNE_DATASETS_DEAP_PATH``.
    follow_links : bool, default=False
        Whether symbolic links may lead out of the folder.

    Attributes
    ----------
    subject_list : list of int
        The subjects whose files are in the folder; 1 to 32 if there is no folder yet.

    Notes
    -----
    In the preprocessed files the videos come in the order of their numbers, the same
    for all subjects, and not as they were shown; ``stimulus`` has the number.

    The description of the data set says that the rest before the videos was removed,
    but its files have 63 s; that the first 3 s are that rest is how they are generally
    read.

    The files do not say the unit, and microvolts are assumed. The order of channels is
    that of the data set's description, the same for all subjects: the original
    recordings, made in two places, differ in it.

    Checking a folder of pickles reads them whole, 103 MB each.

    References
    ----------
    .. [1] S. Koelstra et al., "DEAP: a database for emotion analysis using
       physiological signals", IEEE Transactions on Affective Computing, 2012,
       doi:10.1109/T-AFFC.2011.15.

    Examples
    --------
    >>> from eegemo.datasets import DEAP
    >>> dataset = DEAP(root="/data/DEAP")
    >>> list(dataset.tasks)
    ['valence', 'arousal', 'dominance', 'liking', 'quadrant']
    """

    path_key = "MNE_DATASETS_DEAP_PATH"
    access = "the data need a signed agreement with their authors."
    everyone = range(1, 33)
    channels = CHANNELS

    def __init__(self, root=None, follow_links=False):
        super().__init__(
            root,
            follow_links,
            n_sessions=1,
            code="DEAP",
            tasks=dict.fromkeys(RATINGS, RATING_CLASSES)
            | {"quadrant": QUADRANT_CLASSES},
            events={"trial": 1},
            trial_seconds=TRIAL_SECONDS,
            scale=SCALE,
            sfreq=SFREQ,
            doi="10.1109/T-AFFC.2011.15",
        )

    def _parts(self, folder, subject):
        where = folder.choose(
            r"s[0-9]{2}\.(dat|mat)",
            ("data_preprocessed_python",),
            (),
            ("data_preprocessed_matlab",),
        )
        pickled = folder.list(*where, pattern=r"s[0-9]{2}\.dat")
        matlab = folder.list(*where, pattern=r"s[0-9]{2}\.mat")
        kind = "mat" if matlab and not pickled else "dat"
        names = (*where, f"s{subject:02d}.{kind}")
        yield Part("/".join(names), lambda: folder.find(*names), _inspect)

    def _get_single_subject_data(self, subject):
        (path,) = self.data_path(subject)
        data, labels = _read(path)
        facts = [
            {
                "trial": trial,
                "stimulus": f"video{trial + 1:02d}",
                **dict(zip(RATINGS, map(float, rated), strict=True)),
            }
            for trial, rated in enumerate(labels)
        ]
        data = data[:, : len(CHANNELS)]
        info = make_info(CHANNELS, SFREQ)
        return {"0": make_runs(data, facts, info, start=BASELINE_SECONDS)}


def _inspect(path):
    if path.suffix.lower() == ".mat":
        check_arrays(path, SHAPES, HINT)
    else:
        _read_pickle(path)
    return f"{N_VIDEOS} trials of 63 s in 40 channels, and their ratings"


def _read(path):
    """Read data (40, 40, 8064) and labels (40, 4) of a subject."""
    is_matlab = path.lower().endswith(".mat")
    arrays = read_arrays(path, SHAPES, HINT) if is_matlab else _read_pickle(path)
    data, labels = (arrays[name] for name in SHAPES)
    what = f"'data' in {path}"
    names = (*CHANNELS, *range(len(CHANNELS) + 1, SHAPES["data"][1] + 1))
    eeg = data[:, : len(CHANNELS)]
    check_finite(eeg, what, ("trial", names, "sample"), "Copy the file anew.")
    check_ratings(labels, RATINGS, SCALE, f"'labels' in {path}", HINT)
    return data, labels


def _read_pickle(path):
    value = read_pickle(path)
    if not isinstance(value, dict) or not set(SHAPES) <= set(value):
        got = type(value).__name__
        if isinstance(value, dict):
            got = [key for key in value if isinstance(key, str)]
        raise ValueError(
            f"{path} should hold a dict of 'data' and 'labels', got {got}. {HINT}"
        )
    for name, shape in SHAPES.items():
        check_pickled(value[name], shape, f"{name!r} in {path}", HINT)
    return value

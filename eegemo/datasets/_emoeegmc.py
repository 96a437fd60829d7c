"""EmoEEG-MC: emotions by films, and by imagery."""

import re
from functools import partial

import numpy as np

from ._arrays import check_finite, check_shape, check_type
from ._folder import FolderDataset, Part
from ._runs import make_info, make_runs

CHANNELS = tuple(
    "Fp1 Fpz Fp2 AF7 AF3 AF4 AF8 F7 F5 F3 F1 Fz F2 F4 F6 F8 FT7 FC5 FC3 FC1 FCz FC2 "
    "FC4 FC6 FT8 T7 C5 C3 C1 Cz C2 C4 C6 T8 TP7 CP5 CP3 CP1 CPz CP2 CP4 CP6 TP8 P7 P5 "
    "P3 P1 Pz P2 P4 P6 P8 PO7 PO3 POz PO4 PO8 O1 Oz O2 F9 F10 TP9 TP10".split()
)
SFREQ, SECONDS, N_TIMES = 200.0, 30.0, 6000
CONTEXTS = {"imagery": "ima", "video": "vid"}
EMOTIONS = {
    **{"sad": "sadness", "dis": "disgust", "fear": "fear", "neu": "neutral"},
    **{"joy": "joy", "ten": "tenderness", "ins": "inspiration"},
}
POSITIVE = ("joy", "tenderness", "inspiration")
VALENCES = ("negative", "neutral", "positive")
MATERIALS = tuple(f"{emotion}{number}" for emotion in EMOTIONS for number in (4, 5, 8))
# What these subjects did not see or imagine, as the data set's description has it.
ABSENT = {
    (56, "imagery"): "dis4 fear8",
    (57, "imagery"): "dis4 dis8 sad4 ten4",
    (57, "video"): "dis4 fear8 neu4 neu5 joy8 ins5",
    (58, "imagery"): "dis4 ten5 ins4",
    (59, "imagery"): "sad8 neu5 joy8 ten5 ins4 ins5",
    (59, "video"): "sad4 dis4 dis8 ins4",
    (60, "imagery"): "sad5 sad8 dis8 fear4 fear5 fear8 joy4 joy5 joy8 ten5 ten8 ins4 "
    "ins5 ins8",
    (60, "video"): "sad5 sad8 dis8 fear4 fear5 fear8 joy4 joy5 joy8 ten8 ins5 ins8",
}
HINT = "Use the files of the derivatives as they are."


class EmoEEGMC(FolderDataset):
    """EmoEEG-MC: seven emotions, by films and by imagery, from a folder on disk.

    60 subjects watched 21 film clips and imagined 21 scenes that they were told: three
    each of sadness, disgust, fear, joy, tenderness, inspiration and no emotion [1]_.
    The two contexts are two sessions here, ``"0imagery"`` and ``"1video"``, so that the
    protocol ``cross-session`` trains on one context and tests on the other. They were
    recorded in turn on one day.

    The data are open (OpenNeuro ds005540). The folder is that of the data set, in the
    Brain Imaging Data Structure, of which the authors' preprocessed trials are read, in
    any case of letters:
    ``derivatives/sub-01/ses-ima/eeg/sub-01_ses-ima_task-emotion_reorder.npy``, the same
    with ``vid``, and so on to ``sub-60``; for some subjects there is no folder ``eeg``.
    Each is a float array of shape (64, 21, 6000) or (21, 64, 6000): channels, trials
    and samples at 200 Hz, 0.1 to 47 Hz, artefacts removed, average reference. A trial
    is the last 30 s of a clip, or the 30 s until the subject ended imagining. With
    DataLad or git-annex, the content has to be there, not only the links: ``datalad get
    derivatives/*/ses-*``.

    Each trial is one run, since trials do not follow each other without a gap.

    Parameters
    ----------
    root : str or path-like, default=None
        The folder. If None, the environment variable or MNE setting
        ``MNE_DATASETS_EMOEEGMC_PATH``.
    follow_links : bool, default=False
        Whether symbolic links may lead out of the folder.

    Attributes
    ----------
    subject_list : list of int
        The subjects whose files are in the folder; 1 to 60, without 55, if there is no
        folder yet.

    Notes
    -----
    *Why not the recordings*: their markers say when something was shown, in other
    numbers for each subject, and not what it was; the tables of events, without labels
    and durations, are gone from later versions of the data set. The preprocessed trials
    are in the same documented order for all subjects.

    *Left out*: subject 55, whose files have other numbers of trials (20 and 19) than
    the description lists (18 and 18), so that labels are uncertain. Subjects 56 to 60
    lack trials; which, is taken from the description, and a file with another number of
    trials is refused.

    Microvolts are assumed. What subjects rated is not used. Materials of the two
    contexts have the same names (such as "joy4") but are not the same, and have stimuli
    of their own here.

    References
    ----------
    .. [1] X. Xu et al., "EmoEEG-MC: a multi-context emotional EEG dataset for
       cross-context emotion decoding", OpenNeuro, 2024,
       doi:10.18112/openneuro.ds005540.

    Examples
    --------
    >>> from eegemo.datasets import EmoEEGMC
    >>> dataset = EmoEEGMC(root="/data/ds005540")
    >>> dataset.n_sessions, len(dataset.tasks["emotion"])
    (2, 7)
    """

    path_key = "MNE_DATASETS_EMOEEGMC_PATH"
    access = "get the data set from OpenNeuro (ds005540)."
    everyone = (*range(1, 55), *range(56, 61))
    channels = CHANNELS
    companions = r".*_(de|psd|ica)\.npy"

    def __init__(self, root=None, follow_links=False):
        super().__init__(
            root,
            follow_links,
            n_sessions=len(CONTEXTS),
            code="EmoEEG-MC",
            tasks={"emotion": tuple(EMOTIONS.values()), "valence": VALENCES},
            events={"trial": 1},
            trial_seconds=SECONDS,
            sfreq=SFREQ,
            doi="10.18112/openneuro.ds005540",
        )

    def _parts(self, folder, subject):
        for context, short in CONTEXTS.items():
            prefix = f"sub-{subject:02d}"
            where = ("derivatives", prefix, f"ses-{short}")
            name = f"{prefix}_ses-{short}_task-emotion_reorder.npy"
            where = folder.choose(re.escape(name), (*where, "eeg"), where)
            yield Part(
                "/".join([*where, name]),
                partial(folder.find, *where, name),
                partial(_inspect, subject=subject, context=context),
            )

    def _get_single_subject_data(self, subject):
        info = make_info(CHANNELS, SFREQ)
        sessions = {}
        paths = self.data_path(subject)
        for i, (context, path) in enumerate(zip(CONTEXTS, paths, strict=True)):
            data = np.array(_open(path, subject, context))
            axes = ("trial", CHANNELS, "sample")
            check_finite(data, f"The array in {path}", axes, "Copy the file anew.")
            materials = _materials(subject, context)
            facts = [
                {"trial": trial, "stimulus": f"{context}-{name}"} | _labels(name)
                for trial, name in enumerate(materials)
            ]
            sessions[f"{i}{context}"] = make_runs(data, facts, info)
        return sessions


def _materials(subject, context):
    """List what a subject saw or imagined, in the order of the file."""
    absent = ABSENT.get((subject, context), "").split()
    return [name for name in MATERIALS if name not in absent]


def _labels(material):
    """Return the emotion and the valence of a material."""
    emotion = EMOTIONS[material[:-1]]
    sign = 1 if emotion == "neutral" else 2 * (emotion in POSITIVE)
    return {"emotion": emotion, "valence": VALENCES[sign]}


def _open(path, subject, context):
    """Map a file of trials into memory, (n_trials, n_channels, n_times)."""
    try:
        data = np.lib.format.open_memmap(path, mode="r")  # which reads no pickles
    except Exception as error:  # bytes that make no sense raise errors of any kind
        raise ValueError(
            f"{path} cannot be read as a file of NumPy: it is damaged, incomplete, or "
            "a link of git-annex without its content. Get it anew. The reader says: "
            f"{error}"
        ) from error
    what = f"The array in {path}"
    check_type(data.dtype, "f", what, HINT)
    if data.ndim == 3 and data.shape[0] == len(CHANNELS):
        data = data.transpose(1, 0, 2)
    n_trials = len(_materials(subject, context))
    check_shape(data.shape, (n_trials, len(CHANNELS), N_TIMES), what, HINT)
    return data


def _inspect(path, subject, context):
    data = _open(path, subject, context)
    return f"{len(data)} trials of {SECONDS:g} s in {len(CHANNELS)} channels"

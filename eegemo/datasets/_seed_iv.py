"""SEED-IV: film clips that are neutral, sad, frightening or happy."""

from functools import partial

from ._seed_family import (
    BANDS,
    SEEDDataset,
    dated_part,
    feature_names,
    inspect_clips,
    inspect_features,
    read_clips,
    read_features,
)

SFREQ = 200.0
N_CLIPS = 24
EMOTIONS = ("neutral", "sad", "fear", "happy")
CODES = (  # one line a session, as in the data set's ReadMe
    "123020010121112322330303",
    "213002023323201121030131",
    "122133311210233023002010",
)
PATTERN, LIKE = r".*_eeg([0-9]+)", "<name>_eeg1 to <name>_eeg24"
FILES = r"[0-9]+_[0-9]{8}\.mat"
ABOVE = ((), ("SEED_IV",), ("SEED-IV",))
RECORDINGS, FEATURES = "eeg_raw_data", "eeg_feature_smooth"


class SEEDIV(SEEDDataset):
    """SEED-IV: four emotions elicited by film clips, from a folder on disk.

    15 subjects watched 24 film clips in each of three sessions, 72 different ones, 18
    of each emotion [1]_. The EEG has the 62 channels of
    :data:`eegemo.montage.SEED_CHANNELS` at 200 Hz.

    The data need a licence agreement, so there is no downloader. The folder holds, in
    any case of letters and beside any other files, ``eeg_raw_data`` (or is that folder,
    or has it in ``SEED_IV``), in it the folders ``1``, ``2`` and ``3`` of the sessions,
    and in each for each subject, or some of them, ``<subject>_<date>.mat``: a MATLAB
    file of 24 variables ``<name>_eeg1`` to ``<name>_eeg24``, float arrays of shape (62,
    samples).

    Each clip is one run, since the files have no signal between clips: filters then see
    one clip at a time.

    Parameters
    ----------
    root : str or path-like, default=None
        The folder. If None, the environment variable or MNE setting
        ``MNE_DATASETS_SEEDIV_PATH``.
    follow_links : bool, default=False
        Whether symbolic links may lead out of the folder.

    Attributes
    ----------
    subject_list : list of int
        The subjects with a file of session 1 in the folder; 1 to 15 if there is no
        folder yet.

    Notes
    -----
    All subjects share the clips of a session, so a model tested on new subjects has
    seen the clips. A new session has new clips.

    The reader was written from published descriptions, without a licensed copy. The
    files do not say the following, and it is assumed: the signals are in microvolts,
    and the channels come in the order of ``SEED_CHANNELS``. The labels are those that
    the data set's ReadMe gives. CB1 and CB2 have no position in MNE's montages, and get
    none.

    References
    ----------
    .. [1] W.-L. Zheng, W. Liu, Y. Lu, B.-L. Lu and A. Cichocki, "EmotionMeter: a
       multimodal framework for recognizing human emotions", IEEE Transactions on
       Cybernetics 49(3), 2019.

    Examples
    --------
    >>> from eegemo.datasets import SEEDIV
    >>> dataset = SEEDIV(root="/data/SEED_IV")
    >>> dataset.tasks["emotion"]
    ('neutral', 'sad', 'fear', 'happy')
    """

    path_key = "MNE_DATASETS_SEEDIV_PATH"
    everyone = range(1, 16)
    labels = tuple(tuple(EMOTIONS[int(code)] for code in line) for line in CODES)
    features = dict.fromkeys(("de_LDS", "de_movingAve", "psd_LDS", "psd_movingAve"), 62)
    feature_seconds = (4.0,)

    def __init__(self, root=None, follow_links=False):
        super().__init__(
            root,
            follow_links,
            n_sessions=len(CODES),
            code="SEED-IV",
            tasks={"emotion": EMOTIONS},
            events={name: code for code, name in enumerate(EMOTIONS, start=1)},
            trial_seconds=40.0,
            sfreq=SFREQ,
            doi="10.1109/TCYB.2018.2797176",
        )

    def _parts(self, folder, subject):
        inspect = partial(
            inspect_clips, pattern=PATTERN, count=N_CLIPS, like=LIKE, sfreq=SFREQ
        )
        here = not folder.is_named(FEATURES)
        yield from _session_parts(folder, RECORDINGS, here, subject, inspect)

    def _get_single_subject_data(self, subject):
        return {
            str(session): self._runs(session, read_clips(path, PATTERN, N_CLIPS, LIKE))
            for session, path in enumerate(self.data_path(subject))
        }

    def _feature_parts(self, folder, subject, window):
        inspect = partial(
            inspect_features,
            names=feature_names("de_LDS", N_CLIPS),
            shape=(self.features["de_LDS"], None, len(BANDS)),
        )
        here = folder.is_named(FEATURES)
        yield from _session_parts(folder, FEATURES, here, subject, inspect)

    def _read_features(self, folder, subject, feature, window):
        shape = (self.features[feature], None, len(BANDS))
        axes = ("row", "window", "band")
        names = feature_names(feature, N_CLIPS)
        for session, part in enumerate(self._feature_parts(folder, subject, window)):
            arrays = read_features(part.find(), names, shape, axes)
            for trial, array in enumerate(arrays):
                yield session, trial, array.transpose(1, 0, 2)


def _session_parts(folder, name, here, subject, inspect):
    """Yield the parts of a subject in the folders 1, 2 and 3 of the sessions."""
    options = [(*above, name) for above in ABOVE] + ([()] if here else [])
    names = folder.choose(FILES, *((*option, "1") for option in options))[:-1]
    for session in range(1, len(CODES) + 1):
        yield dated_part(folder, (*names, str(session)), subject, 0, 1, inspect)

"""SEED: film clips that are negative, neutral or positive."""

from functools import partial

from ._matlab import read_arrays
from ._seed_family import (
    BANDS,
    SEEDDataset,
    dated_part,
    feature_names,
    inspect_clips,
    inspect_features,
    named_part,
    read_clips,
    read_features,
)

SFREQ = 200.0
N_SESSIONS, N_CLIPS = 3, 15
EMOTIONS = ("negative", "neutral", "positive")
CODES = (1, 0, -1, -1, 0, 1, -1, 0, 1, 1, 0, -1, 0, 1, -1)  # as in label.mat
PATTERN, LIKE = r".*_eeg([0-9]+)", "<name>_eeg1 to <name>_eeg15"
FILES = r"[0-9]+_[0-9]{8}\.mat"
# The files were published in folders of several depths, and are copied to others.
ABOVE = ((), ("SEED_EEG",), ("SEED", "SEED_EEG"))


class SEED(SEEDDataset):
    """SEED: three emotions elicited by film clips, from a folder on disk.

    15 subjects watched the same 15 Chinese film clips of about 4 minutes in each of
    three sessions: 5 negative, 5 neutral, 5 positive [1]_ [2]_. The EEG has the 62
    channels of :data:`eegemo.montage.SEED_CHANNELS` at 200 Hz and is preprocessed.

    The data need a licence agreement, so there is no downloader. The folder holds, in
    any case of letters and beside any other files, ``Preprocessed_EEG`` (or is that
    folder, or has it in ``SEED_EEG``), and in it for each subject, or some of them,
    three files ``<subject>_<date>.mat``, such as ``1_20131027.mat``: MATLAB files of 15
    variables ``<name>_eeg1`` to ``<name>_eeg15``, float arrays of shape (62, samples).

    Sessions are in the order of the dates. Each clip is one run, since the files have
    no signal between clips: filters then see one clip at a time.

    Parameters
    ----------
    root : str or path-like, default=None
        The folder. If None, the environment variable or MNE setting
        ``MNE_DATASETS_SEED_PATH``.
    follow_links : bool, default=False
        Whether symbolic links may lead out of the folder.

    Attributes
    ----------
    subject_list : list of int
        The subjects who have a file in the folder; 1 to 15 if there is no folder yet.

    Notes
    -----
    All sessions and subjects share the clips, so a model tested on new subjects, or in
    a new session, has seen the clips. Group by ``stimulus`` to test on new clips.

    The reader was written from published descriptions, without a licensed copy. The
    files do not say the following, and it is assumed: the signals are in microvolts,
    and the channels come in the order of ``SEED_CHANNELS``. The labels are those of the
    data set's ``label.mat``; if the file is there, it is compared with them. CB1 and
    CB2 have no position in MNE's montages, and get none.

    References
    ----------
    .. [1] W.-L. Zheng and B.-L. Lu, "Investigating critical frequency bands and
       channels for EEG-based emotion recognition with deep neural networks", IEEE
       Transactions on Autonomous Mental Development 7(3), 2015.
    .. [2] R.-N. Duan, J.-Y. Zhu and B.-L. Lu, "Differential entropy feature for
       EEG-based emotion classification", IEEE/EMBS Conference on Neural Engineering,
       2013.

    Examples
    --------
    >>> from eegemo.datasets import SEED
    >>> dataset = SEED(root="/data/SEED")
    >>> dataset.tasks["emotion"]
    ('negative', 'neutral', 'positive')
    """

    path_key = "MNE_DATASETS_SEED_PATH"
    everyone = range(1, 16)
    companions = SEEDDataset.companions + r"|label\.mat"
    labels = N_SESSIONS * (tuple(EMOTIONS[code + 1] for code in CODES),)
    clips_repeat = True
    features = {
        f"{kind}_{smoothing}": n
        for kind, n in dict(de=62, psd=62, dasm=27, rasm=27, asm=54, dcau=23).items()
        for smoothing in ("LDS", "movingAve")
    }
    feature_seconds = (1.0, 4.0)

    def __init__(self, root=None, follow_links=False):
        super().__init__(
            root,
            follow_links,
            n_sessions=N_SESSIONS,
            code="SEED",
            tasks={"emotion": EMOTIONS},
            events={name: code for code, name in enumerate(EMOTIONS, start=1)},
            trial_seconds=185.0,
            sfreq=SFREQ,
            doi="10.1109/TAMD.2015.2431497",
        )

    def _parts(self, folder, subject):
        options = [(*above, "Preprocessed_EEG") for above in ABOVE]
        if not folder.is_named("ExtractedFeatures.*"):
            options.append(())
        names = folder.choose(FILES, *options)
        inspect = partial(
            inspect_clips, pattern=PATTERN, count=N_CLIPS, like=LIKE, sfreq=SFREQ
        )
        yield from _session_parts(folder, names, subject, inspect)

    def _get_single_subject_data(self, subject):
        paths = self.data_path(subject)
        for path in paths[N_SESSIONS:]:
            _check_labels(path)
        return {
            str(session): self._runs(session, read_clips(path, PATTERN, N_CLIPS, LIKE))
            for session, path in enumerate(paths[:N_SESSIONS])
        }

    def _feature_parts(self, folder, subject, window):
        ends = ("", "_1s") if window == self.feature_seconds[0] else ("_4s",)
        options = [(*a, f"ExtractedFeatures{end}") for end in ends for a in ABOVE]
        if any(folder.is_named(names[-1]) for names in options):
            options.append(())
        names = folder.choose(FILES, *options)
        inspect = partial(
            inspect_features,
            names=feature_names("de_LDS", N_CLIPS),
            shape=(self.features["de_LDS"], None, len(BANDS)),
        )
        yield from _session_parts(folder, names, subject, inspect)

    def _read_features(self, folder, subject, feature, window):
        parts = list(self._feature_parts(folder, subject, window))
        for part in parts[N_SESSIONS:]:
            _check_labels(part.find())
        shape = (self.features[feature], None, len(BANDS))
        axes = ("row", "window", "band")
        names = feature_names(feature, N_CLIPS)
        for session, part in enumerate(parts[:N_SESSIONS]):
            arrays = read_features(part.find(), names, shape, axes)
            for trial, array in enumerate(arrays):
                yield session, trial, array.transpose(1, 0, 2)


def _session_parts(folder, names, subject, inspect):
    """Yield the recordings or features of a subject, and the labels if there."""
    for session in range(N_SESSIONS):
        yield dated_part(folder, names, subject, session, N_SESSIONS, inspect)
    part = named_part(folder, (*names, "label.mat"), _check_labels)
    try:
        part.find()
    except FileNotFoundError:  # the labels are known
        return
    yield part


def _check_labels(path):
    hint = "Use the file of the data set as published."
    labels = read_arrays(path, {"label": (1, N_CLIPS)}, hint, kinds="fiu")["label"]
    if tuple(labels[0]) != CODES:
        raise ValueError(
            f"'label' in {path} should be {list(CODES)}, got {labels[0].tolist()}. "
            f"{hint}"
        )
    return f"the labels of {N_CLIPS} clips"

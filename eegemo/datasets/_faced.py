"""FACED: film clips of nine emotions, many subjects."""

from collections.abc import Iterable
from functools import partial

import numpy as np

from ._arrays import check_finite
from ._folder import Part
from ._head import site_directions
from ._pickles import check_pickled, read_pickle
from ._published import FeatureDataset
from ._runs import make_info, make_runs

CHANNELS = tuple(
    "Fp1 Fp2 Fz F3 F4 F7 F8 FC1 FC2 FC5 FC6 Cz C3 C4 T7 T8 CP1 CP2 CP5 CP6 Pz P3 P4 "
    "P7 P8 PO3 PO4 Oz O1 O2 A2 A1".split()
)
NO_EEG = ("A1", "A2", "M1", "M2", "HEOR", "HEOL")
SFREQ, SECONDS, N_CLIPS = 250.0, 30.0, 28
SHAPE = (N_CLIPS, len(CHANNELS), 7500)
NEGATIVE = ("anger", "disgust", "fear", "sadness")
POSITIVE = ("amusement", "inspiration", "joy", "tenderness")
EMOTIONS = (*NEGATIVE, "neutral", *POSITIVE)
VALENCES = ("negative", "neutral", "positive")
LOWEST_SPREAD = 0.01  # microvolts; volts are far below, and no EEG is
FEATURE_FILE = r"sub[0-9]{3}\.pkl(\.pkl)?"
FEATURE_SHAPE = (N_CLIPS, len(CHANNELS), 30, 5)  # clips, channels, seconds, bands
HINT = "Use the files of Processed_data as they are."


class FACED(FeatureDataset):
    """FACED: nine emotions elicited by film clips, from a folder on disk.

    123 subjects watched 28 clips: three each of anger, disgust, fear, sadness,
    amusement, inspiration, joy and tenderness, and four neutral ones [1]_. The files
    are the preprocessed ones: the last 30 s of each clip, 32 channels at 250 Hz.

    The data need an account at Synapse, so there is no downloader. The folder holds
    ``Processed_data/sub000.pkl`` to ``sub122.pkl``, in any case of letters, or is that
    folder itself: pickles, read without running them, of a float array of shape
    (28, 32, 7500): clips, channels, samples.

    Each trial is one run, since trials do not follow each other without a gap.

    Parameters
    ----------
    root : str or path-like, default=None
        The folder. If None, the environment variable or MNE setting
        ``MNE_DATASETS_FACED_PATH``.
    follow_links : bool, default=False
        Whether symbolic links may lead out of the folder.
    channels : sequence of 32 str, default=None
        Names of the channels in the order of the files; see Notes. A1, A2, M1, M2,
        HEOR and HEOL are taken for no EEG, and become channels of kind "misc".

    Attributes
    ----------
    subject_list : list of int
        The subjects whose files are in the folder, numbered as these, from 0; 0 to 122
        if there is no folder yet.
    channels : list of str
        The channels that are EEG.

    Notes
    -----
    *Labels* are those of the clips; what subjects rated is not used. The task
    ``"emotion"`` has nine classes, and ``"valence"`` three: the paper also takes
    negative against positive alone.

    *Channels*: sources disagree. The subjects are two cohorts (0 to 60, and 61 on),
    recorded with channels in another order and the last two at other places. As the
    authors' code has it, the first cohort was brought into the order of the second,
    whose 30 scalp channels come first: that is the default. Others read the files in
    the first cohort's order, in which A1 and A2 are at places 17 and 18. The last two
    are mastoids in one cohort, and named as eye channels (HEOR, HEOL) for the other,
    so they are no EEG here. ``Electrode_Location.xlsx`` of the data set decides.

    *Unit*: microvolts are assumed. The original recordings are in volts in one cohort
    and in microvolts in the other, and were converted before they were processed; a
    file that still looks like volts is refused.

    Checking a folder reads its files whole, 27 or 54 MB each.

    :func:`load_features` reads the features published with the data set.

    References
    ----------
    .. [1] J. Chen, X. Wang, C. Huang, X. Hu, X. Shen and D. Zhang, "A large
       finer-grained affective computing EEG dataset", Scientific Data 10:740, 2023,
       doi:10.1038/s41597-023-02650-w.

    Examples
    --------
    >>> from eegemo.datasets import FACED
    >>> dataset = FACED(root="/data/FACED")
    >>> len(dataset.tasks["emotion"]), dataset.tasks["valence"]
    (9, ('negative', 'neutral', 'positive'))
    """

    path_key = "MNE_DATASETS_FACED_PATH"
    access = "the data need an account at Synapse (syn50614194)."
    everyone = range(123)
    features = {"de": len(CHANNELS), "psd": len(CHANNELS)}
    feature_seconds = (1.0,)

    def __init__(self, root=None, follow_links=False, channels=None):
        self.feature_channels = _check_channels(channels)
        super().__init__(
            root,
            follow_links,
            n_sessions=1,
            code="FACED",
            tasks={"emotion": EMOTIONS, "valence": VALENCES},
            events={"trial": 1},
            trial_seconds=SECONDS,
            sfreq=SFREQ,
            doi="10.1038/s41597-023-02650-w",
        )

    @property
    def parameters(self):
        """The names of the channels, which the files do not have."""
        return {"channels": list(self.feature_channels)}

    @property
    def channels(self):
        """The names of the EEG channels."""
        return [name for name in self.feature_channels if name not in NO_EEG]

    def _parts(self, folder, subject):
        where = folder.choose(r"sub[0-9]{3}\.pkl", ("Processed_data",), ())
        names = (*where, f"sub{subject:03d}.pkl")
        yield Part("/".join(names), lambda: folder.find(*names), _inspect)

    def _get_single_subject_data(self, subject):
        (path,) = self.data_path(subject)
        data = _read(path)
        axes = ("trial", self.feature_channels, "sample")
        check_finite(data, f"The array in {path}", axes, "Copy the file anew.")
        _check_unit(data, path)
        facts = [self._facts(0, clip) for clip in range(N_CLIPS)]
        info = make_info(self.feature_channels, SFREQ, others=NO_EEG)
        return {"0": make_runs(data, facts, info)}

    def _facts(self, session, trial):
        return {"trial": trial, "stimulus": f"clip{trial + 1:02d}"} | labels_of(trial)

    def _feature_parts(self, folder, subject, window):
        kinds = [
            k
            for k in self.features
            if folder.list("EEG_Features", k.upper(), pattern=FEATURE_FILE)
        ]
        for kind in kinds or ["de"]:
            yield _feature_part(folder, subject, kind)

    def _read_features(self, folder, subject, feature, window):
        path = _feature_part(folder, subject, feature).find()
        data = _read_features(path)
        axes = ("clip", self.feature_channels, "second", "band")
        check_finite(data, f"The array in {path}", axes, "Copy the file anew.")
        for clip, array in enumerate(data):
            yield 0, clip, array.transpose(1, 0, 2)


def _feature_part(folder, subject, kind):
    """Return the part that has the features of a subject."""
    # The files have their extension twice; tools that unpack them take one away.
    names = ("EEG_Features", kind.upper(), f"sub{subject:03d}.pkl.pkl")
    if not folder.list(*names[:2], pattern=r"sub[0-9]{3}\.pkl\.pkl"):
        names = (*names[:2], f"sub{subject:03d}.pkl")
    return Part("/".join(names), partial(folder.find, *names), _inspect_features)


def _read_features(path):
    data = read_pickle(path)
    hint = "Use the files of EEG_Features as they are."
    check_pickled(data, FEATURE_SHAPE, f"The array in {path}", hint)
    return data


def _inspect_features(path):
    n_clips, n_channels, n_seconds, n_bands = _read_features(path).shape
    return (
        f"features of {n_clips} clips, {n_channels} channels, {n_seconds} s and "
        f"{n_bands} bands"
    )


def labels_of(clip):
    """Return the emotion and the valence of a clip, counted from 0."""
    # Three clips of each emotion, but four of the neutral one, in the middle.
    emotion = EMOTIONS[min(clip, 12) // 3 if clip < 16 else (clip - 1) // 3]
    valence = VALENCES[(emotion not in NEGATIVE) + (emotion in POSITIVE)]
    return {"emotion": emotion, "valence": valence}


def _inspect(path):
    _check_unit(_read(path), path)
    return f"{N_CLIPS} trials of {SECONDS:g} s in {len(CHANNELS)} channels"


def _read(path):
    data = read_pickle(path)
    check_pickled(data, SHAPE, f"The array in {path}", HINT)
    return data


def _check_unit(data, path):
    """Refuse what is in volts."""
    spread = float(np.median(data[:, :, ::10].std(axis=2, dtype=float)))
    if spread < LOWEST_SPREAD:
        raise ValueError(
            f"The array in {path} should be in microvolts, got a standard deviation "
            f"of {spread:.2g}, as in volts. Multiply it by 1e6, or see "
            "Recording_info.csv of the data set."
        )


def _check_channels(channels):
    names = CHANNELS if channels is None else channels
    if isinstance(names, str) or not isinstance(names, Iterable):
        raise ValueError(f"channels should be a sequence of names, got {channels!r}.")
    names = tuple(map(str, names))
    if len(names) != len(CHANNELS) or len(set(names)) != len(names):
        raise ValueError(
            f"channels should be {len(CHANNELS)} distinct names in the order of the "
            f"files, got {len(names)}: {', '.join(names)}."
        )
    unknown = [n for n in names if n not in site_directions() and n not in NO_EEG]
    if unknown:
        raise ValueError(
            f"channels should be names of the 10-05 system, or {', '.join(NO_EEG)}, "
            f"got {', '.join(unknown)}."
        )
    return names

"""SEED-VII: film clips of six basic emotions and none, with continuous labels."""

from functools import partial
from itertools import islice

from ._arrays import check_finite
from ._base import rating_annotations
from ._matlab import read_variables
from ._seed_family import (
    ANEW,
    BANDS,
    CHANNELS,
    SEEDDataset,
    feature_names,
    inspect_clips,
    inspect_features,
    named_part,
    numbered_variables,
    read_clips,
    read_features,
)

SFREQ = 200.0
EMOTIONS = ("happy", "surprise", "neutral", "disgust", "fear", "sad", "anger")
# Each session shows five emotions forward, backward, forward and backward.
ORDERS = (
    ("happy", "neutral", "disgust", "sad", "anger"),
    ("anger", "sad", "fear", "neutral", "surprise"),
    ("happy", "surprise", "disgust", "fear", "anger"),
    ("disgust", "sad", "fear", "surprise", "happy"),
)
N_CLIPS = 20  # in a session
N_ALL = len(ORDERS) * N_CLIPS
PATTERN, LIKE = r"([0-9]+)", f"1 to {N_ALL}"
FILES = r"[0-9]+\.mat"
ABOVE = ((), ("SEED-VII",), ("SEED_VII",))
RECORDINGS, FEATURES, LABELS = "EEG_preprocessed", "EEG_features", "continuous_labels"


class SEEDVII(SEEDDataset):
    """SEED-VII: seven emotions elicited by film clips, from a folder on disk.

    20 subjects watched 20 film clips in each of four sessions, 80 different ones: 12 of
    each of six emotions, 8 neutral [1]_. The EEG has the 62 channels of
    :data:`eegemo.montage.SEED_CHANNELS` at 200 Hz and is preprocessed. After a session,
    subjects watched its clips again and turned a wheel to say how strongly they had
    felt the emotion of the clip: these are the ratings of the task ``"intensity"``, one
    for each window, see :meth:`continuous_labels`.

    The data need a licence agreement, so there is no downloader. The folder holds, in
    any case of letters and beside any other files, ``EEG_preprocessed`` (or is that
    folder, or has it in ``SEED-VII``), and in it for each subject, or some of them,
    ``<subject>.mat``: a MATLAB file of 80 variables ``1`` to ``80``, 20 of each
    session, float arrays of shape (62, samples). ``continuous_labels`` beside it holds
    files of the same names with variables of the same names, of shape (1, n).

    Each clip is one run, since the files have no signal between clips: filters then see
    one clip at a time.

    Parameters
    ----------
    root : str or path-like, default=None
        The folder. If None, the environment variable or MNE setting
        ``MNE_DATASETS_SEEDVII_PATH``.
    follow_links : bool, default=False
        Whether symbolic links may lead out of the folder.

    Attributes
    ----------
    subject_list : list of int
        The subjects whose file is in the folder; 1 to 20 if there is no folder yet.

    Notes
    -----
    All subjects share the clips of a session, so a model tested on new subjects has
    seen the clips. A new session has new clips, and not all emotions: each shows five.

    The reader was written from published descriptions, without a licensed copy. The
    files do not say the following, and it is assumed: the signals are in microvolts,
    the channels come in the order of ``SEED_CHANNELS``, and the labels are those of
    other readers of the data set, which agree with each other and with the published
    numbers of clips. CB1 and CB2 have no position in MNE's montages, and get none.

    References
    ----------
    .. [1] W.-B. Jiang, X.-H. Liu, W.-L. Zheng and B.-L. Lu, "SEED-VII: a multimodal
       dataset of six basic emotions with continuous labels for emotion recognition",
       IEEE Transactions on Affective Computing 16(2), 2025.

    Examples
    --------
    >>> from eegemo.datasets import SEEDVII
    >>> dataset = SEEDVII(root="/data/SEED-VII")
    >>> dataset.tasks["emotion"]
    ('happy', 'surprise', 'neutral', 'disgust', 'fear', 'sad', 'anger')
    """

    path_key = "MNE_DATASETS_SEEDVII_PATH"
    everyone = range(1, 21)
    labels = tuple(2 * (order + order[::-1]) for order in ORDERS)
    features = {"de_LDS": 62, "de": 62}
    feature_seconds = (4.0,)

    def __init__(self, root=None, follow_links=False):
        super().__init__(
            root,
            follow_links,
            n_sessions=len(ORDERS),
            code="SEED-VII",
            tasks={"emotion": EMOTIONS, "intensity": ()},
            events={name: code for code, name in enumerate(EMOTIONS, start=1)},
            trial_seconds=60.0,
            sfreq=SFREQ,
            doi="10.1109/TAFFC.2024.3485057",
        )

    def continuous_labels(self, subject):
        """Read how strongly a subject felt the emotion of each clip, over time.

        Parameters
        ----------
        subject : int
            One of ``subject_list``.

        Returns
        -------
        labels : dict of str to dict of int to array of shape (n_values,)
            By session and trial, as in the metadata of the paradigm; the values of a
            trial are in the order of time.

        Raises
        ------
        ValueError
            There is no such subject, or the file is not as expected.
        FileNotFoundError
            No folder is known, or it or the file does not exist.

        Notes
        -----
        The files say neither when the values are of nor what they mean. Published
        descriptions have strengths from 0 to 1, and others pair the values, in order,
        with the features of windows of 4 s. The task ``"intensity"`` spreads them
        evenly over the clip.
        """
        self._check_subject(subject)
        path = self._label_part(self.folder(), subject).find()
        names, _ = _label_variables(path)
        values = read_variables(path, names)
        labels = {str(session): {} for session in range(len(ORDERS))}
        for i, name in enumerate(names):
            what = f"{name!r} in {path}"
            check_finite(values[name], what, ("row", "value"), ANEW)
            session, trial = divmod(i, N_CLIPS)
            labels[str(session)][trial] = values[name][0].astype(float)
        return labels

    def _parts(self, folder, subject):
        inspect = partial(
            inspect_clips, pattern=PATTERN, count=N_ALL, like=LIKE, sfreq=SFREQ
        )
        here = not folder.is_named(f"{FEATURES}|{LABELS}")
        yield _part(folder, RECORDINGS, here, subject, inspect)

    def _label_part(self, folder, subject):
        return _part(folder, LABELS, False, subject, _inspect_labels)

    def _checked_parts(self, folder, subject):
        yield from super()._checked_parts(folder, subject)
        if self._has_ratings(subject):
            yield self._label_part(folder, subject)

    def _get_single_subject_data(self, subject):
        (path,) = self.data_path(subject)
        clips = read_clips(path, PATTERN, N_ALL, LIKE)
        sessions = {
            str(session): self._runs(session, islice(clips, N_CLIPS))
            for session in range(len(ORDERS))
        }
        if self._has_ratings(subject):
            for session, trials in self.continuous_labels(subject).items():
                for trial, ratings in trials.items():
                    raw = sessions[session][str(trial)]
                    (seconds,) = raw.annotations.duration
                    rated = rating_annotations("intensity", 0.0, seconds, ratings)
                    raw.set_annotations(raw.annotations + rated)
        return sessions

    def _has_ratings(self, subject):
        try:
            self._label_part(self.folder(), subject).find()
        except FileNotFoundError:  # only the task of intensity needs them
            return False
        return True

    def _feature_parts(self, folder, subject, window):
        inspect = partial(
            inspect_features,
            names=feature_names("de_LDS", N_ALL, "_"),
            shape=(None, len(BANDS), len(CHANNELS)),
        )
        here = folder.is_named(FEATURES)
        yield _part(folder, FEATURES, here, subject, inspect)

    def _read_features(self, folder, subject, feature, window):
        (part,) = self._feature_parts(folder, subject, window)
        shape = (None, len(BANDS), len(CHANNELS))
        axes = ("window", "band", CHANNELS)
        arrays = read_features(
            part.find(), feature_names(feature, N_ALL, "_"), shape, axes
        )
        for i, array in enumerate(arrays):
            yield *divmod(i, N_CLIPS), array.transpose(0, 2, 1)


def _part(folder, name, here, subject, inspect):
    options = [(*above, name) for above in ABOVE] + ([()] if here else [])
    names = folder.choose(FILES, *options)
    return named_part(folder, (*names, f"{subject}.mat"), inspect)


def _label_variables(path):
    return numbered_variables(path, PATTERN, N_ALL, (1, None), LIKE, kinds="fiu")


def _inspect_labels(path):
    _, shapes = _label_variables(path)
    return f"{N_ALL} clips of {min(s[1] for s in shapes)} values at least"

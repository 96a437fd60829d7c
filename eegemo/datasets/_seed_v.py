"""SEED-V: film clips that disgust, frighten, sadden, leave neutral or make happy."""

import re
import warnings
from functools import partial

import mne
import numpy as np

from ._base import trial_annotations
from ._folder import Part
from ._head import standard_montage
from ._seed_family import ANEW, BANDS, CHANNELS, SEEDDataset, named_part
from ._seed_v_features import inspect_trials, read_trials

SFREQ = 1000.0
N_CLIPS = 15  # in a session
EMOTIONS = ("disgust", "fear", "sad", "neutral", "happy")
CODES = (  # one line a session, as in the data set's table of stimuli
    "413204132041320",
    "213044032134120",
    "213044032134120",
)
ABOVE = ((), ("SEED-V",), ("SEED_V",))
RECORDINGS, FEATURES = "EEG_raw", "EEG_DE_features"
TIMES = "trial_start_end_timestamp.txt"
_TIMES = r"Session\s*{}\s*:\s*start_second\s*:\s*\[(.*?)\]\s*end_second\s*:\s*\[(.*?)\]"


class SEEDV(SEEDDataset):
    """SEED-V: five emotions elicited by film clips, from a folder on disk.

    16 subjects watched 15 film clips in each of three sessions, 45 different ones, 9 of
    each emotion [1]_. The EEG is as recorded: the 62 channels of
    :data:`eegemo.montage.SEED_CHANNELS` at 1000 Hz, not filtered.

    The data need a licence agreement, so there is no downloader. The folder, or
    ``SEED-V`` in it, holds, in any case of letters and beside any other files:

    - ``EEG_raw/<subject>_<session>_<date>.cnt`` for each subject, or some of them, such
      as ``1_1_20180804.cnt``: continuous Neuroscan files;
    - ``trial_start_end_timestamp.txt``: when the clips of each session start and end,
      in seconds from the start of the recording.

    Each session is one run, with one annotation per clip; it is read from the disk when
    it is used. Sessions are those of the file names, since some were recorded in
    another order.

    Parameters
    ----------
    root : str or path-like, default=None
        The folder. If None, the environment variable or MNE setting
        ``MNE_DATASETS_SEEDV_PATH``.
    follow_links : bool, default=False
        Whether symbolic links may lead out of the folder.

    Attributes
    ----------
    subject_list : list of int
        The subjects with a recording of session 1 in the folder; 1 to 16 if there is no
        folder yet.

    Notes
    -----
    A session is close to an hour, 1.7 GB in memory: let the paradigm resample, such as
    to 200 Hz. All subjects share the clips of a session, so a model tested on new
    subjects has seen the clips. A new session has new clips.

    The reader was written from published descriptions, without a licensed copy. It is
    assumed that the channels of the recordings are named as in ``SEED_CHANNELS``, that
    the labels are those of other readers of the data set, which agree, and that no clip
    is in two sessions, as the different lengths suggest. Where the header contradicts
    the size of a recording, as is reported of some, its numbers are taken for 32-bit
    integers. CB1 and CB2 have no position in MNE's montages, and get none.

    References
    ----------
    .. [1] W. Liu, J.-L. Qiu, W.-L. Zheng and B.-L. Lu, "Comparing recognition
       performance and robustness of multimodal deep learning models for multimodal
       emotion recognition", IEEE Transactions on Cognitive and Developmental Systems
       14(2), 2022.

    Examples
    --------
    >>> from eegemo.datasets import SEEDV
    >>> dataset = SEEDV(root="/data/SEED-V")
    >>> dataset.tasks["emotion"]
    ('disgust', 'fear', 'sad', 'neutral', 'happy')
    """

    path_key = "MNE_DATASETS_SEEDV_PATH"
    everyone = range(1, 17)
    labels = tuple(tuple(EMOTIONS[int(code)] for code in line) for line in CODES)
    features = {"de": len(CHANNELS)}
    feature_seconds = (4.0,)

    def __init__(self, root=None, follow_links=False):
        super().__init__(
            root,
            follow_links,
            n_sessions=len(CODES),
            code="SEED-V",
            tasks={"emotion": EMOTIONS},
            events={name: code for code, name in enumerate(EMOTIONS, start=1)},
            trial_seconds=50.0,
            sfreq=SFREQ,
            doi="10.1109/TCDS.2021.3071170",
        )

    def _parts(self, folder, subject):
        options = [(*above, RECORDINGS) for above in ABOVE]
        names = folder.choose(r"[0-9]+_[1-3]_[0-9]+\.cnt", *options)
        for session in range(1, len(CODES) + 1):
            stem = f"{subject}_{session}"
            yield Part(
                "/".join((*names, f"{stem}_*.cnt")),
                partial(_find_recording, folder, names, stem),
                _inspect_recording,
            )
        yield named_part(folder, (*names[:-1], TIMES), _inspect_times)

    def _get_single_subject_data(self, subject):
        *recordings, times = self.data_path(subject)
        sessions = {}
        for session, (path, clips) in enumerate(
            zip(recordings, _read_times(times), strict=True)
        ):
            raw = _open_recording(path)
            end = max(stop for _, stop in clips)
            if end > raw.n_times / SFREQ:
                raise ValueError(
                    f"{path} should last {end:g} s, which is when {times} says that "
                    f"the last clip ends, got {raw.n_times / SFREQ:g} s. {ANEW}"
                )
            facts = [self._facts(session, trial) for trial in range(N_CLIPS)]
            raw.set_annotations(
                trial_annotations(
                    [start for start, _ in clips],
                    [stop - start for start, stop in clips],
                    [fact["emotion"] for fact in facts],
                    facts,
                )
            )
            sessions[str(session)] = {"0": raw}
        return sessions

    def _codes(self):
        """Return the numbers of the emotions of all trials."""
        return [int(code) for line in CODES for code in line]

    def _feature_parts(self, folder, subject, window):
        options = [(*above, FEATURES) for above in ABOVE]
        if folder.is_named(FEATURES):
            options.append(())
        names = folder.choose(r"[0-9]+_123\.npz", *options)
        inspect = partial(inspect_trials, codes=self._codes())
        yield named_part(folder, (*names, f"{subject}_123.npz"), inspect)

    def _read_features(self, folder, subject, feature, window):
        (part,) = self._feature_parts(folder, subject, window)
        for i, array in enumerate(read_trials(part.find(), self._codes())):
            yield *divmod(i, N_CLIPS), array.reshape(len(array), -1, len(BANDS))


def _find_recording(folder, names, stem):
    found = folder.list(*names, pattern=rf"{stem}_[0-9]+\.cnt")
    if not found:
        raise FileNotFoundError(folder.missing(*names, f"{stem}_<date>.cnt"))
    if len(found) > 1:
        raise ValueError(
            f"There should be one file {stem}_<date>.cnt, got "
            f"{', '.join(path.name for path in found)}. Keep what is of the data set."
        )
    return found[0]


def _open_recording(path):
    """Open a Neuroscan file; its signals are read when they are used."""
    try:
        raw = _read_cnt(path)
        raw[:, raw.n_times - 1]  # is it there?
    except Exception as error:  # bytes that make no sense raise errors of any kind
        raise ValueError(
            f"{path} cannot be read as a Neuroscan CNT file: it is damaged, incomplete "
            "or of another format. Copy it anew."
        ) from error
    if raw.info["sfreq"] != SFREQ:
        raise ValueError(
            f"{path} should be sampled at {SFREQ:g} Hz, got {raw.info['sfreq']:g} Hz. "
            "Use the files of the data set as published."
        )
    known = {name.upper(): name for name in raw.ch_names}
    missing = [name for name in CHANNELS if name.upper() not in known]
    if missing:
        raise ValueError(
            f"{path} should have the {len(CHANNELS)} channels of SEED, got none of the "
            f"name {', '.join(missing)} among {', '.join(raw.ch_names)}. Use the files "
            "of the data set as published."
        )
    raw.rename_channels({known[name.upper()]: name for name in CHANNELS})
    raw.info["bads"] = []  # all recordings are to have the same channels
    raw.pick(list(CHANNELS), verbose="error")
    raw.set_montage(None)
    return raw.set_montage(standard_montage(), on_missing="ignore")


def _read_cnt(path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of dates, which are of no use here
        try:
            return mne.io.read_raw_cnt(path, verbose="error")
        except Exception:  # of several types in different versions
            return mne.io.read_raw_cnt(path, data_format="int32", verbose="error")


def _inspect_recording(path):
    raw = _open_recording(path)
    return f"{raw.n_times / SFREQ:g} s in {len(raw.ch_names)} channels"


def _read_times(path):
    """Read when clips start and end in each session, in seconds."""
    try:
        with open(path, encoding="utf-8-sig") as file:
            text = file.read()
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} should be text in UTF-8: {error}. {ANEW}") from error
    return [_session_times(text, session, path) for session in range(1, len(CODES) + 1)]


def _session_times(text, session, path):
    hint = "Use the file of the data set as published."
    match = re.search(_TIMES.format(session), text, re.IGNORECASE | re.DOTALL)
    if not match:
        raise ValueError(
            f"{path} should say 'Session {session}:', 'start_second: [...]' and "
            f"'end_second: [...]', got {text[:60]!r}. {hint}"
        )
    try:
        starts, stops = (
            [float(number) for number in numbers.split(",")]
            for numbers in match.groups()
        )
    except ValueError as error:
        raise ValueError(f"{path}, session {session}: {error}. {hint}") from error
    edges = np.ravel(list(zip(starts, stops, strict=False)))
    alike = len(starts) == len(stops) == N_CLIPS
    if not alike or not (np.diff(edges, prepend=0) >= 0).all():
        raise ValueError(
            f"{path}, session {session}: should have {N_CLIPS} starts and ends in the "
            f"order of time, got {starts} and {stops}. {hint}"
        )
    return list(zip(starts, stops, strict=True))


def _inspect_times(path):
    lengths = [stop - start for times in _read_times(path) for start, stop in times]
    return f"{len(lengths)} clips of {min(lengths):g} to {max(lengths):g} s"

"""What the data sets of the SEED family share: clips, channels, files, features.

All were recorded at the BCMI laboratory of Shanghai Jiao Tong University, with the
same cap, while everyone watched the same clips in the same order.
"""

import re
from functools import partial

import mne
import numpy as np

from ..montage import SEED_CHANNELS
from ._arrays import check_finite, check_shape
from ._base import trial_annotations
from ._folder import Part
from ._head import standard_montage
from ._matlab import (
    check_arrays,
    check_variable,
    describe_variables,
    read_arrays,
    read_variables,
)
from ._published import FeatureDataset

CHANNELS = tuple(name.replace("FP", "Fp").replace("Z", "z") for name in SEED_CHANNELS)
BANDS = ("delta", "theta", "alpha", "beta", "gamma")
ACCESS = (
    "the data need a licence agreement with the BCMI laboratory, see "
    "https://bcmi.sjtu.edu.cn/home/seed."
)
ANEW = "Copy the file anew, or leave the subject out."


class SEEDDataset(FeatureDataset):
    """Data set of the SEED family.

    Attributes
    ----------
    labels : tuple of tuple of str
        Set by the class: the emotions of the clips of each session, in order.
    clips_repeat : bool
        Set by the class: whether all sessions show the same clips.
    """

    access = ACCESS
    companions = FeatureDataset.companions + r"|.*\.(xlsx|locs|ipynb)"
    channels = feature_channels = CHANNELS
    labels = ()
    clips_repeat = False

    def _facts(self, session, trial):
        """Return what a trial was."""
        before = 0 if self.clips_repeat else sum(map(len, self.labels[:session]))
        return {
            "trial": trial,
            "stimulus": f"clip{before + trial + 1:02d}",
            "emotion": self.labels[session][trial],
        }

    def _runs(self, session, clips):
        """Turn the clips of a session, in microvolts, into recordings in volts."""
        trials = range(len(self.labels[session]))
        facts = [self._facts(session, trial) for trial in trials]
        return clip_runs(clips, facts, self.sfreq)


def dated_files(folder, names, subject):
    """List the files ``<subject>_<date>.mat`` of a folder, by date."""
    pattern = rf"{subject}_[0-9]{{8}}\.mat"
    paths = folder.list(*names, pattern=pattern)
    return sorted(paths, key=lambda path: path.stem.partition("_")[2])


def dated_part(folder, names, subject, index, count, inspect):
    """Return the part that is the file of this place among those of a subject."""
    name = "/".join((*names, f"{subject}_*.mat"))

    def find():
        paths = dated_files(folder, names, subject)
        if len(paths) > count:
            found = ", ".join(path.name for path in paths)
            raise ValueError(
                f"There should be {count} of {name}, got {found}. Keep what is of the "
                "data set."
            )
        if len(paths) <= index:
            raise FileNotFoundError(folder.missing(*names, f"{subject}_<date>.mat"))
        return paths[index]

    return Part(name if count == 1 else f"{name}, session {index + 1}", find, inspect)


def named_part(folder, names, inspect):
    """Return the part that is the file of this name."""
    return Part("/".join(names), partial(folder.find, *names), inspect)


def numbered_variables(path, pattern, count, shape, like, kinds="f"):
    """Return the names of variables by number, from 1, after checks that read none.

    ``pattern`` has the number as its group; ``like`` shows names, for messages.
    """
    hint = f"Use the files of the data set as published, with {like}."
    variables = describe_variables(path)
    names = {}
    for name in variables:
        match = re.fullmatch(pattern, name)
        if match:
            names.setdefault(int(match[1]), []).append(name)
    if sorted(names) != list(range(1, count + 1)) or any(
        len(same) > 1 for same in names.values()
    ):
        raise ValueError(
            f"{path} should have one variable each of {like}, got "
            f"{sorted(variables)}. Use the files of the data set as published."
        )
    names = [names[number][0] for number in range(1, count + 1)]
    for name in names:
        found = check_variable(variables, name, path, hint, kinds).shape
        check_shape(found, shape, f"{name!r} in {path}", hint)
    return names, [variables[name].shape for name in names]


def inspect_clips(path, pattern, count, like, sfreq):
    """Check a file of clips, and say what it has."""
    shape = (len(CHANNELS), None)
    _, shapes = numbered_variables(path, pattern, count, shape, like)
    seconds = [n_times / sfreq for _, n_times in shapes]
    return (
        f"{count} clips of {min(seconds):.3g} to {max(seconds):.3g} s in "
        f"{len(CHANNELS)} channels"
    )


def read_clips(path, pattern, count, like):
    """Yield the clips of a file in microvolts, (n_channels, n_times)."""
    names, _ = numbered_variables(path, pattern, count, (len(CHANNELS), None), like)
    for name in names:  # one by one, since all may take gigabytes
        data = read_variables(path, [name])[name]
        check_finite(data, f"{name!r} in {path}", (CHANNELS, "sample"), ANEW)
        yield data


def clip_runs(clips, facts, sfreq):
    """Turn clips in microvolts into recordings in volts, one trial each."""
    info = mne.create_info(list(CHANNELS), sfreq, "eeg")
    info.set_montage(standard_montage(), on_missing="ignore")
    runs = {}
    for trial, (clip, fact) in enumerate(zip(clips, facts, strict=True)):
        data = np.multiply(clip, 1e-6, order="C", dtype=np.float64)
        raw = mne.io.RawArray(data, info, verbose="error")
        raw.set_annotations(
            trial_annotations([0.0], [data.shape[1] / sfreq], [fact["emotion"]], [fact])
        )
        runs[str(trial)] = raw
    return runs


def feature_names(feature, count, separator=""):
    """Return the names of the variables with the feature, one of each trial."""
    return [f"{feature}{separator}{number}" for number in range(1, count + 1)]


def inspect_features(path, names, shape):
    """Check a file of features, and say what it has."""
    variables = check_arrays(path, dict.fromkeys(names, shape), _hint(names))
    windows = [variables[name].shape[shape.index(None)] for name in names]
    return (
        f"{names[0]} to {names[-1]}: trials of {min(windows)} to {max(windows)} windows"
    )


def read_features(path, names, shape, axes):
    """Yield the features of each trial of a file, with the axes as they are there."""
    arrays = read_arrays(path, dict.fromkeys(names, shape), _hint(names))
    for name in names:
        check_finite(arrays[name], f"{name!r} in {path}", axes, ANEW)
        yield arrays[name]


def _hint(names):
    return (
        f"Use the features of the data set as published, with {names[0]} to "
        f"{names[-1]}."
    )

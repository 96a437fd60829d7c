"""Rest and mental arithmetic, from the files of EEGMAT in a folder."""

import re
from pathlib import Path

import mne

from eegemo.datasets import EmotionDataset, trial_annotations

STATES = {1: "rest", 2: "arithmetic"}
NO_EEG = ("EEG A2-A1", "ECG ECG")


class EEGMAT(EmotionDataset):
    """No emotions: whether a subject rests or subtracts numbers, from 19 channels.

    Each state is one recording, rest first, so that within a subject it is confounded
    with everything else that changed between the two: protocols across subjects only.
    Nobody saw what another one saw, so each trial has a stimulus of its own.

    The files are those of PhysioNet, ``Subject00_1.edf`` (rest) and ``Subject00_2.edf``
    (arithmetic) to ``Subject35_2.edf``, or some of them. 500 Hz.
    """

    def __init__(self, folder):
        self.folder = Path(folder)
        found = sorted(self.folder.glob("Subject[0-9][0-9]_2.edf"))
        super().__init__(
            subjects=[int(re.search(r"(\d+)_2", path.name)[1]) for path in found],
            n_sessions=1,
            code="EEGMAT",
            tasks={"state": tuple(STATES.values())},
            events={state: number for number, state in STATES.items()},
            trial_seconds=60.0,
            sfreq=500.0,
            doi="10.13026/C2JQ1P",
        )

    def data_path(self, subject, *args, **kwargs):
        """Paths of the two recordings of a subject."""
        return [self.folder / f"Subject{subject:02d}_{i}.edf" for i in STATES]

    def _get_single_subject_data(self, subject):
        runs = {}
        for path, state in zip(self.data_path(subject), STATES.values(), strict=True):
            raw = mne.io.read_raw_edf(path, exclude=NO_EEG, verbose="error")
            raw.rename_channels(lambda name: name.removeprefix("EEG "))
            fact = {
                "trial": len(runs),
                "stimulus": f"{state} {subject}",
                "state": state,
            }
            seconds = raw.n_times / raw.info["sfreq"]
            marks = trial_annotations([0.0], [seconds], [state], [fact])
            runs[str(len(runs))] = raw.set_annotations(marks)
        return {"0": runs}

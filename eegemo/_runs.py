"""Runs of a data set, and whether what they hold goes together."""

import mne


def first_run(dataset):
    """Read the first recording of the first subject."""
    subject = dataset.subject_list[0]
    sessions = dataset.get_data(subjects=[subject])[subject]
    return next(iter(next(iter(sessions.values())).values()))


def check_trials(metadata, dataset):
    """Raise if a number within a session stands for two trials, as of two runs."""
    keys = ["subject", "session", "trial"]
    for column in ("run", "stimulus"):
        several = metadata.groupby(keys, sort=False)[column].unique()
        several = several[several.str.len() > 1]
        if len(several):
            subject, session, trial = several.index[0]
            raise ValueError(
                f"{dataset.code}: subject {subject}, session {session} has a trial "
                f"{trial} of {column} {' and of '.join(map(str, several.iloc[0]))}. "
                "Number the trials of a session through all its runs."
            )


def common_recording(loaded, dataset):
    """Return sampling rate and channels of all runs; raise if they differ."""
    recordings = [
        (f"subject {subject}, session {session}, run {run}", _recording_of(part))
        for subject, sessions in loaded.items()
        for session, runs in sessions.items()
        for run, part in runs.items()
        if part is not None
    ]
    first_name, first = recordings[0]
    for name, recording in recordings:
        for what, value in recording.items():
            if value != first[what]:
                raise ValueError(
                    f"{dataset.code}: {name} has {what} {value}, but {first_name} "
                    f"{first[what]}. Give {what}= so that all agree."
                )
    return first


def _recording_of(part):
    """Return the sampling rate and channels of one processed run."""
    if isinstance(part, mne.BaseEpochs):
        return {"sfreq": part.info["sfreq"], "channels": part.ch_names}
    return part["recording"]


def run_data(part, is_epochs, **identity):
    """Split one processed run into X and metadata with subject, session and run."""
    metadata = part.metadata if is_epochs else part["metadata"]
    metadata = metadata.reset_index(drop=True)
    for position, (name, value) in enumerate(identity.items()):
        metadata.insert(position, name, value)
    return (part if is_epochs else part["X"]), metadata

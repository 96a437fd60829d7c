"""Sessions that a protocol cannot split, and why."""

from ._protocols import get_protocol
from ._splitters import StimulusFolds, WindowFolds, n_class_folds


def skipped_sessions(protocol, y, metadata, options):
    """List the sessions that give no fold, and why."""
    if protocol is get_protocol("cross-session"):
        n_sessions = metadata.groupby("subject", sort=False)["session"].nunique()
        return [
            {"subject": str(subject), "session": "", "reason": "a single session"}
            for subject, n in n_sessions.items()
            if n < 2
        ]
    if protocol.cv_class not in (StimulusFolds, WindowFolds):
        return []
    wholes = (
        metadata["stimulus"] if protocol.cv_class is StimulusFolds else metadata.index
    )
    wholes = wholes.to_numpy()
    skipped = []
    sessions = metadata.groupby(["subject", "session"], sort=False).indices
    for (subject, session), rows in sessions.items():
        if n_class_folds(y[rows], wholes[rows], options["n_splits"]) < 2:
            skipped.append(
                {"subject": str(subject), "session": str(session)}
                | _too_few(y[rows], metadata["stimulus"].iloc[rows])
            )
    return skipped


def _too_few(y, stimulus):
    """Say why a session gives no fold."""
    if y.dtype.kind == "f":
        return {"reason": "fewer than four stimuli"}
    counts = stimulus.groupby(y).nunique()
    return {
        "reason": "fewer than two stimuli of a class, or a single class",
        "stimuli": {str(k): int(v) for k, v in counts.items()},
    }

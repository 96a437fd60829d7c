"""The protocols, by name."""

from moabb.evaluations import (
    CrossSessionEvaluation,
    CrossSubjectEvaluation,
    WithinSessionEvaluation,
)
from sklearn.model_selection import LeaveOneGroupOut

from ._protocol import ROWS, Protocol
from ._published import PUBLISHED
from ._published_splitters import CalibratedSubjects, subject_and_trial
from ._splitters import (
    StimulusFolds,
    SubjectStimulusFolds,
    WindowFolds,
    subject_and_stimulus,
)

PROTOCOLS = {
    "within-session": Protocol(
        "folds of whole trials within each session; a clip's trials stay together",
        WithinSessionEvaluation,
        StimulusFolds,
        "stimulus",
        (*ROWS, "stimulus"),
        by_subject=True,
        n_splits=5,
    ),
    "cross-session": Protocol(
        "each session of a subject in turn, trained on the subject's others",
        CrossSessionEvaluation,
        LeaveOneGroupOut,
        "session",
        (*ROWS, "session"),
        by_subject=True,
    ),
    "cross-subject": Protocol(
        "each subject in turn, trained on all others",
        CrossSubjectEvaluation,
        LeaveOneGroupOut,
        "subject",
        (*ROWS, "session", "subject"),
        by_subject=False,
    ),
    "cross-subject-stimulus": Protocol(
        "each subject on a fold of stimuli, trained on others' other stimuli",
        CrossSubjectEvaluation,
        SubjectStimulusFolds,
        subject_and_stimulus,
        (*ROWS, "session", "subject", "stimulus"),
        by_subject=False,
        n_splits=5,
    ),
    "cross-subject-calibrated": Protocol(
        "each subject's trials but the first, trained on those and on all others",
        CrossSubjectEvaluation,
        CalibratedSubjects,
        subject_and_trial,
        ROWS,
        by_subject=False,
        marks=("calibrated",),
    ),
    "window-leaky": Protocol(
        "LEAKY: shuffled folds of windows, to show what leakage gains; never a result",
        WithinSessionEvaluation,
        WindowFolds,
        None,
        (),
        by_subject=True,
        n_splits=5,
        marks=("leaky",),
    ),
    **PUBLISHED,
}


def get_protocol(name):
    """Return the protocol of that name, or raise ValueError that lists all."""
    if name not in PROTOCOLS:
        raise ValueError(
            f"Unknown protocol {name!r}: choose from {', '.join(PROTOCOLS)}."
        )
    return PROTOCOLS[name]


def list_protocols():
    """Names of the protocols, each with a line of what it does.

    Returns
    -------
    protocols : dict of str to str
        Published ones with their data set and source.

    Examples
    --------
    >>> from eegemo.evaluation import list_protocols
    >>> list_protocols()["cross-subject"]
    'each subject in turn, trained on all others'
    """
    return {
        name: protocol.summary
        + (f" ({', '.join(protocol.of)})" if protocol.of else "")
        + (f" [{protocol.source}]" if protocol.source else "")
        for name, protocol in PROTOCOLS.items()
    }

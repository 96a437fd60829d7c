"""The protocols: what may not stand on both sides of a split."""

from dataclasses import dataclass

from moabb.evaluations import (
    CrossSessionEvaluation,
    CrossSubjectEvaluation,
    WithinSessionEvaluation,
)
from sklearn.model_selection import GroupKFold, LeaveOneGroupOut

from ._splitters import (
    StimulusFolds,
    SubjectStimulusFolds,
    WindowFolds,
    subject_and_stimulus,
)


@dataclass(frozen=True)
class Protocol:
    """One of MOABB's evaluations, with the splitter and groups that it is given.

    ``forbidden`` is what :func:`audit_split` must not find in any fold.
    """

    summary: str
    evaluation: type
    cv_class: type
    groups: object
    forbidden: tuple
    by_subject: bool  # subjects are independent: load and evaluate one at a time
    n_splits: int | None = None
    marks: tuple = ()

    def options(self, n_splits, random_state):
        """Keyword arguments for MOABB's evaluation."""
        cv_class = self.cv_class
        if cv_class is LeaveOneGroupOut and n_splits and not self.by_subject:
            cv_class = GroupKFold
        options = {
            "cv_class": cv_class,
            "groups": self.groups,
            "n_splits": n_splits or self.n_splits,
            "random_state": random_state,
        }
        if cv_class in (SubjectStimulusFolds, GroupKFold):
            options["cv_kwargs"] = {"n_splits": options["n_splits"], "shuffle": True}
        return options


_ROWS = ("rows", "time", "trial")

PROTOCOLS = {
    "within-session": Protocol(
        "folds of whole trials within each session; a clip's trials stay together",
        WithinSessionEvaluation,
        StimulusFolds,
        "stimulus",
        (*_ROWS, "stimulus"),
        by_subject=True,
        n_splits=5,
    ),
    "cross-session": Protocol(
        "each session of a subject in turn, trained on the subject's others",
        CrossSessionEvaluation,
        LeaveOneGroupOut,
        "session",
        (*_ROWS, "session"),
        by_subject=True,
    ),
    "cross-subject": Protocol(
        "each subject in turn, trained on all others",
        CrossSubjectEvaluation,
        LeaveOneGroupOut,
        "subject",
        (*_ROWS, "session", "subject"),
        by_subject=False,
    ),
    "cross-subject-stimulus": Protocol(
        "each subject on a fold of stimuli, trained on others' other stimuli",
        CrossSubjectEvaluation,
        SubjectStimulusFolds,
        subject_and_stimulus,
        (*_ROWS, "session", "subject", "stimulus"),
        by_subject=False,
        n_splits=5,
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
}


def get_protocol(name):
    """Return the protocol of that name, or raise ValueError that lists all."""
    if name not in PROTOCOLS:
        raise ValueError(
            f"Unknown protocol {name!r}: choose from {', '.join(PROTOCOLS)}."
        )
    return PROTOCOLS[name]

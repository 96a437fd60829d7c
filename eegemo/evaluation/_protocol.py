"""What a protocol is: what may not stand on both sides of a split."""

from dataclasses import dataclass

from sklearn.model_selection import GroupKFold, LeaveOneGroupOut

from ._published_splitters import CalibratedSubjects
from ._splitters import SubjectStimulusFolds

ROWS = ("rows", "time", "trial")


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
    of: tuple = ()  # codes of the data sets it is for; () for all
    source: str = ""  # of a published one

    def options(self, n_splits, random_state, n_calibration=None):
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
        if cv_class is CalibratedSubjects:
            options["cv_kwargs"] = {"n_calibration": n_calibration}
        return options

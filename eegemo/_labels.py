"""From what a recording says of its trials to the label of each window."""

import math
from numbers import Real

import numpy as np
from sklearn.base import BaseEstimator

from .datasets._base import QUADRANT_CLASSES, RATING_CLASSES

_LEVELS = ("valence", "arousal")  # what a quadrant is made of
TIES = ("high", "low", "leave-out")


def made_of_ratings(classes):
    """Tell whether classes are levels of ratings."""
    return classes in (RATING_CLASSES, QUADRANT_CLASSES)


class Labels(BaseEstimator):
    """What the label of a window is.

    Parameters
    ----------
    task : str
    classes : tuple of str
        Those of the task; () if a window gets the rating itself.
    threshold : float or "median"
        A higher rating is "high"; "median" is that of the subject's trials.
    ties : {"high", "low", "leave-out"}
        What a rating is that equals the threshold.
    """

    def __init__(self, task, classes, threshold, ties):
        self.task = task
        self.classes = classes
        self.threshold = threshold
        self.ties = ties

    @property
    def facts(self):
        """Names of what has to be known of a trial."""
        return _LEVELS if self.task == "quadrant" else (self.task,)

    @property
    def _of_ratings(self):
        return not self.classes or made_of_ratings(self.classes)

    def check(self, trial, facts):
        """Raise ValueError unless a trial has what the labels are made of."""
        for name, value in facts.items():
            if self._of_ratings and not (
                isinstance(value, Real) and math.isfinite(value)
            ):
                raise ValueError(
                    f"Trial {trial} has no rating of {name}, got {value!r}: leave the "
                    "trial out of the annotations, or choose another task."
                )
            if not self._of_ratings and value not in self.classes:
                raise ValueError(
                    f"Trial {trial} has the {name} {value!r}: none of "
                    f"{', '.join(self.classes)}."
                )

    def label(self, metadata):
        """Label windows.

        Parameters
        ----------
        metadata : pandas.DataFrame
            With the facts, and subject, session and trial.

        Returns
        -------
        y : array of str, or of float for ratings, shape (n_windows,)
        kept : bool array of shape (n_windows,)
            False for ties that are left out, whose label means nothing.
        """
        everything = np.ones(len(metadata), bool)
        if not self.classes:
            return metadata[self.task].to_numpy(float), everything
        if not self._of_ratings:
            return metadata[self.task].to_numpy(str), everything
        high, tied = zip(*(self._levels(metadata, n) for n in self.facts), strict=True)
        classes = RATING_CLASSES if len(high) == 1 else QUADRANT_CLASSES
        number = sum(level.astype(int) << i for i, level in enumerate(high[::-1]))
        left_out = np.any(tied, axis=0) & (self.ties == "leave-out")
        return np.array(classes)[number], ~left_out

    def _levels(self, metadata, name):
        """Tell which windows have a high rating, and which one at the threshold."""
        ratings = metadata[name].to_numpy(float)
        threshold = self.threshold
        if threshold == "median":
            threshold = _subject_medians(metadata, name)
        tied = ratings == threshold
        return (ratings > threshold) | (tied & (self.ties == "high")), tied


def _subject_medians(metadata, name):
    """Median over the trials of each subject, for each of its windows.

    A trial whose ratings change counts by the median of its windows.
    """
    # a median of windows, as equal ratings must stay what they are, for ties
    trials = metadata.groupby(["subject", "session", "trial"])[name].median()
    return metadata["subject"].map(trials.groupby("subject").median()).to_numpy()

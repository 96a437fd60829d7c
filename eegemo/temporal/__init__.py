"""Sequences of windows: smoothing within trials, and the trial as the sample."""

from ._smoothers import LDSSmoother, MovingAverageSmoother
from ._trial_classifier import TrialClassifier

__all__ = ["LDSSmoother", "MovingAverageSmoother", "TrialClassifier"]

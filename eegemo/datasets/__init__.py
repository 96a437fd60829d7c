"""Emotion data sets for MOABB: folders on disk and the built-in simulation."""

from ._dasps import DASPS
from ._simulated import SimulatedEmotion

__all__ = ["DASPS", "SimulatedEmotion"]

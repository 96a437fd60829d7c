"""Emotion data sets for MOABB: licensed folders, open sets and the built-in simulation."""

from ._simulated import SimulatedEmotion

__all__ = ["SimulatedEmotion"]

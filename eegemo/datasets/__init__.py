"""Emotion data sets for MOABB: folders on disk and the built-in simulation."""

from ._dasps import DASPS
from ._deap import DEAP
from ._dreamer import DREAMER
from ._emoeegmc import EmoEEGMC
from ._faced import FACED
from ._modma import MODMA
from ._simulated import SimulatedEmotion

__all__ = [
    "DASPS",
    "DEAP",
    "DREAMER",
    "EmoEEGMC",
    "FACED",
    "MODMA",
    "SimulatedEmotion",
]

"""Transformers from EEG windows to feature vectors."""

from ._band_power import BandPower
from ._differential_entropy import DifferentialEntropy

__all__ = ["BandPower", "DifferentialEntropy"]

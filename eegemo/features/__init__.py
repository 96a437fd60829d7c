"""Transformers from EEG windows to feature vectors."""

from ._asymmetry import AsymmetryFeatures
from ._band_power import BandPower
from ._differential_entropy import DifferentialEntropy
from ._hjorth import HjorthFeatures

__all__ = ["AsymmetryFeatures", "BandPower", "DifferentialEntropy", "HjorthFeatures"]

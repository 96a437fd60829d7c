"""Transformers from EEG windows to feature vectors."""

from ._differential_entropy import DifferentialEntropy

__all__ = ["DifferentialEntropy"]

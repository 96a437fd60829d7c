"""Transformers from EEG windows to covariance matrices."""

from ._augmented import AugmentedCovariances
from ._covariances import Covariances

__all__ = ["AugmentedCovariances", "Covariances"]

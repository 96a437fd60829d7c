"""Transformers from EEG windows to covariance matrices."""

from ._augmented import AugmentedCovariances
from ._covariances import Covariances
from ._lagged import lagged_covariances

__all__ = ["AugmentedCovariances", "Covariances", "lagged_covariances"]

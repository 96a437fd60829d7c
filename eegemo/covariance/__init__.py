"""Transformers from EEG windows to covariance matrices."""

from ._augmented import AugmentedCovariances
from ._block_toeplitz import BlockToeplitzCovariances
from ._covariances import Covariances
from ._filter_bank import FilterBankCovariances
from ._lagged import lagged_covariances
from ._search import AugmentedCovarianceSearchCV
from ._siegel import from_siegel, to_siegel

__all__ = [
    "AugmentedCovarianceSearchCV",
    "AugmentedCovariances",
    "BlockToeplitzCovariances",
    "Covariances",
    "FilterBankCovariances",
    "from_siegel",
    "lagged_covariances",
    "to_siegel",
]

"""Riemannian geometry: SPD matrices to vectors or labels."""

from ._fgmdm import FgMDM
from ._geometry import (
    distance_spd,
    exp_map,
    log_map,
    mean_spd,
    pairwise_distance_spd,
)
from ._knn import RiemannianKNN
from ._mdm import MDM
from ._siegel import SiegelMDM, SiegelTangentSpace
from ._svc import RiemannianSVC
from ._tangent_space import TangentSpace

__all__ = [
    "FgMDM",
    "MDM",
    "RiemannianKNN",
    "RiemannianSVC",
    "SiegelMDM",
    "SiegelTangentSpace",
    "TangentSpace",
    "distance_spd",
    "exp_map",
    "log_map",
    "mean_spd",
    "pairwise_distance_spd",
]

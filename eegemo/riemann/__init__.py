"""Riemannian geometry: SPD matrices to vectors or labels."""

from ._geometry import (
    distance_spd,
    exp_map,
    log_map,
    mean_spd,
    pairwise_distance_spd,
)
from ._mdm import MDM
from ._siegel import SiegelMDM, SiegelTangentSpace
from ._tangent_space import TangentSpace

__all__ = [
    "MDM",
    "SiegelMDM",
    "SiegelTangentSpace",
    "TangentSpace",
    "distance_spd",
    "exp_map",
    "log_map",
    "mean_spd",
    "pairwise_distance_spd",
]

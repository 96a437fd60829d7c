"""Riemannian geometry: SPD matrices to vectors or labels."""

from ._mdm import MDM
from ._siegel import SiegelMDM, SiegelTangentSpace
from ._tangent_space import TangentSpace

__all__ = ["MDM", "SiegelMDM", "SiegelTangentSpace", "TangentSpace"]

"""Alignment of subjects and sessions, without labels."""

from ._euclidean import EuclideanAlignment
from ._recenter import Recenter
from ._rescale import Rescale

__all__ = ["EuclideanAlignment", "Recenter", "Rescale"]

"""Emotion data sets for MOABB, from disk or simulated, and what makes your own."""

from ._base import EmotionDataset, rating_annotations, trial_annotations
from ._dasps import DASPS
from ._deap import DEAP
from ._dreamer import DREAMER
from ._emoeegmc import EmoEEGMC
from ._faced import FACED
from ._features import load_features
from ._modma import MODMA
from ._seed import SEED
from ._seed_iv import SEEDIV
from ._seed_v import SEEDV
from ._seed_vii import SEEDVII
from ._simulated import SimulatedEmotion

__all__ = [
    "DASPS",
    "DEAP",
    "DREAMER",
    "EmoEEGMC",
    "EmotionDataset",
    "FACED",
    "MODMA",
    "SEED",
    "SEEDIV",
    "SEEDV",
    "SEEDVII",
    "SimulatedEmotion",
    "list_datasets",
    "load_features",
    "rating_annotations",
    "trial_annotations",
]


def list_datasets():
    """List the names of the data sets.

    Returns
    -------
    names : list of str
        Of classes in this module, without the base class.

    Examples
    --------
    >>> from eegemo.datasets import list_datasets
    >>> "SEED" in list_datasets()
    True
    """
    return [n for n in __all__ if n[0].isupper() and n != "EmotionDataset"]

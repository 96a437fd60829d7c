"""Shallow networks, trained without any deep-learning framework."""

from ._dgcnn import DGCNN
from ._eegnet import EEGNet
from ._histn import HiSTN
from ._perceptron import MultilayerPerceptron
from ._shallow_conv_net import ShallowConvNet

__all__ = [
    "DGCNN",
    "EEGNet",
    "HiSTN",
    "MultilayerPerceptron",
    "ShallowConvNet",
]

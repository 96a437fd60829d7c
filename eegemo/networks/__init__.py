"""Shallow networks, trained without any deep-learning framework."""

from ._eegnet import EEGNet
from ._perceptron import MultilayerPerceptron
from ._shallow_conv_net import ShallowConvNet

__all__ = [
    "EEGNet",
    "MultilayerPerceptron",
    "ShallowConvNet",
]

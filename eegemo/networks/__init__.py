"""Shallow networks, trained without any deep-learning framework."""

from ._eegnet import EEGNet
from ._perceptron import MultilayerPerceptron
from ._rbtransformer import RBTransformer
from ._shallow_conv_net import ShallowConvNet
from ._spdnet import SPDNet

__all__ = [
    "EEGNet",
    "MultilayerPerceptron",
    "RBTransformer",
    "SPDNet",
    "ShallowConvNet",
]

"""Shallow networks, trained without any deep-learning framework."""

from ._dgcnn import DGCNN
from ._eegnet import EEGNet
from ._explain import explain_with_null
from ._global_then_subject import GlobalThenSubject
from ._histn import HiSTN
from ._interpretable_cnn import InterpretableCNN
from ._perceptron import MultilayerPerceptron
from ._rbtransformer import RBTransformer
from ._shallow_conv_net import ShallowConvNet
from ._spdnet import SPDNet
from ._ssvepnet import SSVEPNet

__all__ = [
    "DGCNN",
    "EEGNet",
    "GlobalThenSubject",
    "HiSTN",
    "InterpretableCNN",
    "MultilayerPerceptron",
    "RBTransformer",
    "SPDNet",
    "SSVEPNet",
    "ShallowConvNet",
    "explain_with_null",
]

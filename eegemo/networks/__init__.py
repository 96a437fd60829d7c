"""Shallow networks, trained without any deep-learning framework."""

from ._perceptron import MultilayerPerceptron

__all__ = [
    "MultilayerPerceptron",
]

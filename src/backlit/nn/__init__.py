"""Layers and networks as compositions of operations."""

from .initial import Initializer, constant, he, lecun, normal, uniform, xavier, zeros
from .layers import Activation, Add, BatchNorm, Concatenate, Dense, Dropout, Input, Layer, Residual
from .structure import Structure

__all__ = [
    "Activation",
    "Add",
    "BatchNorm",
    "Concatenate",
    "Dense",
    "Dropout",
    "Initializer",
    "Input",
    "Layer",
    "Residual",
    "Structure",
    "constant",
    "he",
    "lecun",
    "normal",
    "uniform",
    "xavier",
    "zeros",
]

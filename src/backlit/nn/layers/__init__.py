"""Layers, a file per family: each one says what it adds to the graph.

A new one is a class in one of these files, or in a new file of this folder that is imported here.  `KINDS` holds them
all by name.
"""

from .base import KINDS, Builder, Input, Layer, Link, describe, revive
from .batch_norm import BatchNorm
from .dense import Activation, Dense
from .dropout import Dropout
from .joining import Add, Concatenate, Residual

__all__ = [
    "KINDS",
    "Activation",
    "Add",
    "BatchNorm",
    "Builder",
    "Concatenate",
    "Dense",
    "Dropout",
    "Input",
    "Layer",
    "Link",
    "Residual",
    "describe",
    "revive",
]

"""Layers, a file per family: each one says what it adds to the graph.

A new one is a class in one of these files, or in a new file of this folder that is imported here.  `KINDS` holds them
all by name.
"""

from .base import KINDS, Builder, Input, Layer, Link, describe, made_of_nothing, revive
from .batch_norm import BatchNorm
from .dense import Activation, Dense
from .dropout import AlphaDropout, Dropout, GaussianDropout, GaussianNoise, RReLU
from .gated import GLU, CReLU, Maxout
from .joining import Add, Concatenate, Residual
from .layer_norm import LayerNorm, RMSNorm
from .scaling import Rescale, Scale
from .trained import APL, PELU, PReLU, Snake, SoftExponential, SReLU, Swish

__all__ = [
    "APL",
    "GLU",
    "KINDS",
    "PELU",
    "Activation",
    "Add",
    "AlphaDropout",
    "BatchNorm",
    "Builder",
    "CReLU",
    "Concatenate",
    "Dense",
    "Dropout",
    "GaussianDropout",
    "GaussianNoise",
    "Input",
    "Layer",
    "LayerNorm",
    "Link",
    "Maxout",
    "PReLU",
    "RMSNorm",
    "RReLU",
    "Rescale",
    "Residual",
    "SReLU",
    "Scale",
    "Snake",
    "SoftExponential",
    "Swish",
    "describe",
    "made_of_nothing",
    "revive",
]

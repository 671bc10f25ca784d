"""Layers and networks as compositions of operations."""

from . import initial, layers, tuning
from .initial import *  # noqa: F403
from .layers import *  # noqa: F403
from .structure import Structure

__all__ = ["Structure", "tuning"]
__all__ += initial.__all__
__all__ += layers.__all__

"""The perceptron's rule: one layer of step units, learned with a surrogate for the derivative that they lack."""

from __future__ import annotations

import copy
from typing import Any

from ...errors import fail
from ...nn import Dense, Structure
from ...nn.layers import Input
from .settings import Settings


def learning(net: Structure, settings: Settings) -> Structure:
    """The network as it is differentiated: itself, or where the optimizer says so its step units with a surrogate."""
    surrogate = settings.optimizer.surrogate
    if not surrogate:
        return net
    layers = [layer for layer in net.layers() if not isinstance(layer, Input)]
    (layer, *more) = layers
    if more or not isinstance(layer, Dense) or layer.activation != "step" or len(net.inputs) != 1:
        raise fail("BL344", got=", ".join(map(repr, layers)))
    twin: Any = copy.copy(layer)
    twin.activation = surrogate
    other = Structure([Input(net.features[0]), twin])
    other.values = net.values
    return other

"""Layers that join branches: sums, features side by side, and ways around other layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...core.graph import Node
from ...errors import fail
from ...ops.arithmetic import add
from ...ops.movement import concatenate
from .base import Builder, Layer, describe, of_one_shape, revive


class Add(Layer):
    """The sum of links of one shape: `Add()(a, b)`.

    >>> from backlit.nn import Dense, Input, Structure
    >>> x = Input(3)()
    >>> net = Structure(x, Add()(x, Dense(3, "tanh")(x)))
    >>> net.build(training=False).output.shape[1]
    3
    """

    kind = "add"
    modules = 0
    least, most = 2, 64

    def build(self, builder: Builder, inputs: Sequence[Node]) -> Node:
        of_one_shape(self, inputs)
        total = inputs[0]
        for x in inputs[1:]:
            total = add(total, x)
        return builder.name(total, self, "o")


class Concatenate(Layer):
    """The features of several links side by side: `Concatenate()(a, b)`.

    >>> from backlit.nn import Dense, Input, Structure
    >>> x = Input(3)()
    >>> net = Structure(x, Concatenate()(x, Dense(2, "tanh")(x)))
    >>> net.build(training=False).output.shape[1]
    5
    """

    kind = "concatenate"
    modules = 0
    least, most = 2, 64

    def width(self, features: int) -> int:
        return 0

    def build(self, builder: Builder, inputs: Sequence[Node]) -> Node:
        joined = inputs[0]
        for x in inputs[1:]:
            joined = concatenate(joined, x)
        return builder.name(joined, self, "o")


class Residual(Layer):
    """Layers with a way around them: o = x + f(x).  The last layer inside must have the width of x.

    >>> from backlit.nn import Activation, Dense
    >>> Residual(Activation("relu"), Dense(8))
    Residual(Activation(function='relu'), Dense(units=8))
    """

    kind = "residual"
    modules = 0

    def __init__(self, *layers: Layer | Sequence[Layer], name: str = "") -> None:
        super().__init__(name=name)
        self.layers: list[Layer] = []
        given: Any
        for given in layers:
            self.layers.extend(given if isinstance(given, (list, tuple)) else [given])
        if not self.layers or not all(isinstance(one, Layer) and one.least == 1 for one in self.layers):
            raise fail("BL701", got=", ".join(type(one).__name__ for one in self.layers) or "-")

    def settings(self) -> dict[str, Any]:
        return {"layers": [describe(layer) for layer in self.layers]}

    @classmethod
    def revived(cls, settings: dict[str, Any]) -> Layer:
        return cls(*(revive(d) for d in settings["layers"]), name=settings.get("name", ""))

    def inner(self) -> Sequence[Layer]:
        return self.layers

    def build(self, builder: Builder, inputs: Sequence[Node]) -> Node:
        (x,) = inputs
        inside = x
        for layer in self.layers:
            inside = layer.build(builder, [inside])
        of_one_shape(self, [x, inside])
        return builder.name(add(x, inside), self, "o")

    def __repr__(self) -> str:
        return f"Residual({', '.join(map(repr, self.layers))})"

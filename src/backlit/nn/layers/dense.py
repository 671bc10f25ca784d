"""Fully connected layers, and activation functions as layers of their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...core.graph import Node
from ...ops import Op, activation_named
from ...ops.linear import affine, matmul
from ..initial import initializer, zeros
from .base import Builder, Layer, features_of, known_activation, positive


class Dense(Layer):
    """A fully connected layer: every unit sums all inputs, u = x W + b, and fires o = f(u).

    Parameters
    ----------
    units : int
        The number of units: the width of the output.
    activation : str or None
        A name ("relu") or a formula in u ("u / (1 + abs(u))"); None for the identity.
    bias : bool
    weights, biases : initializer
        A name ("he", "xavier", "lecun", "uniform", "normal", "zeros"), a pair ("normal", 0.01) or a number; the
        weights' default follows the activation: he for the ReLU family, else xavier.
    trainable : bool
    trainable_bias : bool
        False freezes the biases alone.

    Examples
    --------
    >>> Dense(3, "relu")
    Dense(units=3, activation='relu')
    """

    kind = "dense"

    def __init__(
        self, units: int, activation: str | None = None, *, bias: bool = True, weights: Any = None, biases: Any = None,
        trainable: bool = True, trainable_bias: bool = True, name: str = "",
    ) -> None:  # fmt: skip
        super().__init__(trainable=trainable, name=name)
        self.trainable_bias = trainable_bias
        self.units = positive(units, "units", "Dense")
        self.activation = None if activation is None else known_activation(activation)
        self.bias = bias
        self.weights = None if weights is None else initializer(weights)
        self.biases = None if biases is None else initializer(biases)

    def trains(self, name: str) -> bool:
        return self.trainable and (self.trainable_bias or name != "bias")

    @property
    def modules(self) -> int:  # type: ignore[override]
        return 2 if self.activation else 1

    def width(self, features: int) -> int:
        return self.units

    def build(self, builder: Builder, inputs: Sequence[Node]) -> Node:
        (x,) = inputs
        fans = (features_of(self, x), self.units)
        f: Op | None = None if self.activation is None else activation_named(self.activation)
        rule = self.weights or initializer(f.facts.initial if f else "xavier")
        w = builder.parameter(self, "weight", fans, rule, fans)
        if self.bias:
            b = builder.parameter(self, "bias", (self.units,), self.biases or zeros(), fans)
            u = affine(x, w, b)
        else:
            u = matmul(x, w)
        builder.name(u, self, "u")
        return builder.name(u if f is None else f(u), self, "o")


class Activation(Layer):
    """An activation function as a layer of its own: `Activation("relu")`.

    >>> Activation("relu"), Activation("u / (1 + abs(u))")
    (Activation(function='relu'), Activation(function='u / (1 + abs(u))'))
    """

    kind = "activation"

    def __init__(self, function: str, *, name: str = "") -> None:
        super().__init__(name=name)
        self.function = known_activation(function)

    def build(self, builder: Builder, inputs: Sequence[Node]) -> Node:
        builder.name(inputs[0], self, "u")
        return builder.name(activation_named(self.function)(inputs[0]), self, "o")

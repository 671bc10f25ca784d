"""Layers that multiply and shift: by numbers that are given, or by numbers that are trained."""

from __future__ import annotations

from collections.abc import Sequence

from ...core.graph import Node
from ...ops.arithmetic import add, mul
from ...ops.movement import spread
from ...ops.standardised import column_affine
from ..initial import constant, zeros
from .base import Builder, Layer, features_of, real


class Rescale(Layer):
    """Multiplies by a fixed number and adds another: o = scale · x + shift.  Nothing is trained.

    For inputs of a known range (`Rescale(1 / 255)` brings the pixels of an image to 0 … 1), or outputs (`Dense(1,
    "sigmoid"), Rescale(10)` answers between 0 and 10).

    Parameters
    ----------
    scale, shift : float

    Notes
    -----
    Keras' Rescaling(scale, offset).  `backlit.train` standardises its columns anyway.

    Examples
    --------
    >>> Rescale(2.0, shift=-1.0)
    Rescale(scale=2.0, shift=-1.0)
    """

    kind = "rescale"

    def __init__(self, scale: float = 1.0, shift: float = 0.0, *, name: str = "") -> None:
        super().__init__(name=name)
        self.scale, self.shift = real(scale, "scale", "Rescale"), real(shift, "shift", "Rescale")

    def build(self, builder: Builder, inputs: Sequence[Node]) -> Node:
        (x,) = inputs
        o: Node = add(mul(x, self.scale), self.shift)
        return builder.name(o, self, "o") if o is not x else x


class Scale(Layer):
    """Multiplies each unit by a factor that is trained, and adds a shift that is trained: o = γ x + β.

    A small first factor at the end of a residual branch (`Residual(..., Scale(0.1))`) lets a deep network begin nearly
    as the identity; the branches grow in as far as they are of use.

    Parameters
    ----------
    factor : float
        Where γ ("weight") begins.
    bias : bool
        False leaves out β ("bias", from 0 on).
    trainable : bool

    Notes
    -----
    Without a bias it is the LayerScale of Touvron et al.

    Source: Touvron, Cord, Sablayrolles, Synnaeve, Jégou, ICCV 2021.

    Examples
    --------
    >>> Scale(0.1, bias=False)
    Scale(factor=0.1, bias=False)
    """

    kind = "scale"

    def __init__(self, factor: float = 1.0, bias: bool = True, *, trainable: bool = True, name: str = "") -> None:
        super().__init__(trainable=trainable, name=name)
        self.factor, self.bias = real(factor, "factor", "Scale"), bool(bias)

    def build(self, builder: Builder, inputs: Sequence[Node]) -> Node:
        (x,) = inputs
        return builder.name(by_columns(builder, self, x, self.factor, self.bias), self, "o")


def by_columns(builder: Builder, layer: Layer, x: Node, factor: float, bias: bool) -> Node:
    """γ x + β with a factor ("weight", from `factor` on) and, with a bias, a shift ("bias", from 0 on) a unit."""
    shape = (features_of(layer, x),)
    scale = builder.parameter(layer, "weight", shape, constant(factor), (*shape, *shape))
    if bias:
        shift = builder.parameter(layer, "bias", shape, zeros(), (*shape, *shape))
    else:
        shift = spread(x.graph.constant(0.0), shape=shape)
    o: Node = column_affine(x, scale, shift)
    return o

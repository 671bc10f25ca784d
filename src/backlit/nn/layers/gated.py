"""Activation functions that join the units of a row, so that fewer or more come out than go in."""

from __future__ import annotations

from collections.abc import Sequence

from ...core.graph import Node
from ...errors import fail
from ...ops import activation_named
from ...ops.activation.relu import relu
from ...ops.arithmetic import maximum, mul, neg
from ...ops.movement import concatenate, cut
from .base import Builder, Layer, features_of, known_activation, positive


def parts_of(layer: Layer, x: Node, count: int) -> list[Node]:
    """The features of x as so many parts of one width, side by side; BL711 when they cannot be shared evenly."""
    features = features_of(layer, x)
    if features % count:
        raise fail("BL711", layer=layer.name, count=count, got=features, smaller=features // count * count or count)
    width = features // count
    return [cut(x, axis=1, start=i * width, length=width) for i in range(count)]


class GLU(Layer):
    """The gated linear unit: one half of the units, each multiplied by what the other half lets through: o = a ⊙ σ(b).

    Of 2 n features a is the first half and b the second, so n come out: `Dense(16), GLU()` has 8 outputs.

    Parameters
    ----------
    gate : str
        The function of b: "sigmoid" is GLU, "gelu" GEGLU, "silu" SwiGLU, "relu" ReGLU, "identity" the bilinear unit;
        any activation or formula of one unit works.

    Raises
    ------
    GraphError
        BL711 when the number of features is odd.

    Notes
    -----
    ∂E/∂a = δᵒ σ(b), ∂E/∂b = δᵒ a σ′(b).  PyTorch's GLU, which knows σ only; Keras' and JAX' `glu` are the same.

    Source: Dauphin, Fan, Auli, Grangier, ICML 2017; the other gates: Shazeer, arXiv:2002.05202, 2020.

    Examples
    --------
    >>> from backlit.nn import Dense
    >>> [Dense(16), GLU("silu")]
    [Dense(units=16), GLU(gate='silu')]
    """

    kind = "glu"

    def __init__(self, gate: str = "sigmoid", *, name: str = "") -> None:
        super().__init__(name=name)
        self.gate = known_activation(gate)

    def width(self, features: int) -> int:
        return features // 2

    def build(self, builder: Builder, inputs: Sequence[Node]) -> Node:
        a, b = parts_of(self, inputs[0], 2)
        gate = builder.name(activation_named(self.gate)(b), self, "gate")
        return builder.name(mul(a, gate), self, "o")


class Maxout(Layer):
    """The largest of several sums: `Dense(8 * 3), Maxout(3)` gives 8 units, each the largest of three linear functions.

    With 3 n features unit j takes the largest of features j, n + j and 2 n + j.  So each unit learns a convex
    function made of straight pieces: with two of them max(u, 0) or |u|, and whatever else the data ask for.

    Parameters
    ----------
    pieces : int
        How many there are for each unit; 2 or more.

    Raises
    ------
    GraphError
        BL711 when the features cannot be shared evenly.

    Notes
    -----
    The error signal goes to the largest one; of two that are equal each gets half.  PyTorch and Keras do not have it.

    Source: Goodfellow, Warde-Farley, Mirza, Courville, Bengio, ICML 2013.

    Examples
    --------
    >>> Maxout(3)
    Maxout(pieces=3)
    """

    kind = "maxout"

    def __init__(self, pieces: int = 2, *, name: str = "") -> None:
        super().__init__(name=name)
        self.pieces = positive(pieces, "pieces", "Maxout")
        if self.pieces < 2:
            raise fail("BL305", name="pieces", low=2, high="…", value=pieces, where="Maxout")

    def width(self, features: int) -> int:
        return features // self.pieces

    def build(self, builder: Builder, inputs: Sequence[Node]) -> Node:
        o, *others = parts_of(self, inputs[0], self.pieces)
        for piece in others:
            o = maximum(o, piece)
        return builder.name(o, self, "o")


class CReLU(Layer):
    """The concatenated ReLU: what is above 0 and what is below it, side by side: o = (max(0, u), max(0, -u)).

    Nothing is lost, and no unit can die; n features become 2 n.

    Notes
    -----
    At u = 0 both derivatives are 0, as ReLU's.  PyTorch and Keras do not have it (TensorFlow does).

    Source: Shang, Sohn, Almeida, Lee, ICML 2016.

    Examples
    --------
    >>> CReLU()
    CReLU()
    """

    kind = "crelu"

    def __init__(self, *, name: str = "") -> None:
        super().__init__(name=name)

    def width(self, features: int) -> int:
        return 2 * features

    def build(self, builder: Builder, inputs: Sequence[Node]) -> Node:
        (u,) = inputs
        return builder.name(concatenate(relu(u), relu(neg(u))), self, "o")

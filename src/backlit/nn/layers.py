"""Layers: each one says what it adds to the graph.

A layer called with links (`Dense(8)(x)`) makes a link: that is how networks with branches are written.  In a list
the links are made for you.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from numbers import Integral, Real
from typing import Any, ClassVar, Protocol

from ..core.graph import Node
from ..errors import fail
from ..ops import Op, activation_named, find
from ..ops.arithmetic import add
from ..ops.linear import affine, matmul
from ..ops.movement import concatenate
from ..ops.random import dropout
from ..ops.shapes import Shape, text
from .initial import Initializer, initializer, zeros


class Builder(Protocol):
    """What a layer may ask for while it builds."""

    training: bool

    def parameter(self, layer: Layer, name: str, shape: Shape, rule: Initializer, fans: tuple[int, int]) -> Node: ...

    def running(self, layer: Layer, name: str, shape: Shape, start: float) -> Node: ...

    def update(self, node: Node, change: Callable[[Node], Node]) -> None: ...

    def name(self, node: Node, layer: Layer, symbol: str) -> Node: ...

    def key(self, layer: Layer) -> int: ...


class Link:
    """A value on its way through a network: the output of a layer, given what goes in."""

    def __init__(self, layer: Layer, sources: tuple[Link, ...]) -> None:
        self.layer, self.sources = layer, sources


class Layer:
    """The base of all layers.  `trainable=False` freezes a layer's parameters."""

    kind: ClassVar[str] = "layer"
    least, most = 1, 1  # inputs
    least_rows: ClassVar[int] = 1  # of a batch in training
    buffers: ClassVar[tuple[str, ...]] = ()  # its running values: kept and saved, but no parameters

    def __init__(self, *, trainable: bool = True, name: str = "") -> None:
        self.trainable, self.name = trainable, name

    def __call__(self, *sources: Any) -> Link:
        links = [s for group in sources for s in (group if isinstance(group, (list, tuple)) else [group])]
        if not all(isinstance(s, Link) for s in links) or not self.least <= len(links) <= self.most:
            raise fail("BL706", layer=type(self).__name__, least=self.least, got=len(links))
        return Link(self, tuple(links))

    def build(self, builder: Builder, inputs: Sequence[Node]) -> Node:
        """Add this layer to the graph; returns its output."""
        raise NotImplementedError

    def trains(self, name: str) -> bool:
        """Whether its parameter of this name is trained."""
        return self.trainable

    def settings(self) -> dict[str, Any]:
        """What is stored of it, as plain data."""
        return {} if self.trainable else {"trainable": False}

    def inner(self) -> Sequence[Layer]:
        """The layers inside this one."""
        return ()

    def __repr__(self) -> str:
        given = ", ".join(f"{k}={v!r}" for k, v in self.settings().items())
        return f"{type(self).__name__}({given})"


class Input(Layer):
    """Where a row of data enters: `Input(4)` for four numbers a row.  Called without arguments it is a link."""

    kind = "input"
    least = most = 0

    def __init__(self, features: int, *, name: str = "x") -> None:
        super().__init__(name=name)
        self.features = positive(features, "features", "Input")

    def settings(self) -> dict[str, Any]:
        return {"features": self.features}


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
        self.activation = None if activation is None else _known(activation)
        self.bias = bias
        self.weights = None if weights is None else initializer(weights)
        self.biases = zeros() if biases is None else initializer(biases)

    def settings(self) -> dict[str, Any]:
        given: dict[str, Any] = {"units": self.units}
        if self.activation is not None:
            given["activation"] = self.activation
        if not self.bias:
            given["bias"] = False
        if self.weights is not None:
            given["weights"] = self.weights.spec()
        if self.biases != zeros():
            given["biases"] = self.biases.spec()
        if not self.trainable_bias:
            given["trainable_bias"] = False
        return given | super().settings()

    def trains(self, name: str) -> bool:
        return self.trainable and (self.trainable_bias or name != "bias")

    def build(self, builder: Builder, inputs: Sequence[Node]) -> Node:
        (x,) = inputs
        fans = (features_of(self, x), self.units)
        f: Op | None = None if self.activation is None else activation_named(self.activation)
        rule = self.weights or initializer(f.facts.initial if f else "xavier")
        w = builder.parameter(self, "weight", fans, rule, fans)
        if self.bias:
            b = builder.parameter(self, "bias", (self.units,), self.biases, fans)
            u = affine(x, w, b)
        else:
            u = matmul(x, w)
        builder.name(u, self, "u")
        return builder.name(u if f is None else f(u), self, "o")


class Activation(Layer):
    """An activation function as a layer of its own: `Activation("relu")`."""

    kind = "activation"

    def __init__(self, function: str, *, name: str = "") -> None:
        super().__init__(name=name)
        self.function = _known(function)

    def settings(self) -> dict[str, Any]:
        return {"function": self.function}

    def build(self, builder: Builder, inputs: Sequence[Node]) -> Node:
        builder.name(inputs[0], self, "u")
        return builder.name(activation_named(self.function)(inputs[0]), self, "o")


class Dropout(Layer):
    """In training sets each output to 0 with probability `rate` and scales the rest up; otherwise does nothing."""

    kind = "dropout"

    def __init__(self, rate: float = 0.5, *, name: str = "") -> None:
        super().__init__(name=name)
        if not isinstance(rate, Real) or not 0 <= rate < 1:
            raise fail("BL305", name="rate", low=0, high="1 (below)", value=rate, where="Dropout")
        self.rate: float = float(rate)

    def settings(self) -> dict[str, Any]:
        return {"rate": self.rate}

    def build(self, builder: Builder, inputs: Sequence[Node]) -> Node:
        if not builder.training or self.rate == 0:
            return inputs[0]
        return builder.name(dropout(inputs[0], rate=self.rate, key=builder.key(self)), self, "o")


class Add(Layer):
    """The sum of links of one shape: `Add()(a, b)`."""

    kind = "add"
    least, most = 2, 64

    def build(self, builder: Builder, inputs: Sequence[Node]) -> Node:
        _one_shape(self, inputs)
        total = inputs[0]
        for x in inputs[1:]:
            total = add(total, x)
        return builder.name(total, self, "o")


class Concatenate(Layer):
    """The features of several links side by side: `Concatenate()(a, b)`."""

    kind = "concatenate"
    least, most = 2, 64

    def build(self, builder: Builder, inputs: Sequence[Node]) -> Node:
        joined = inputs[0]
        for x in inputs[1:]:
            joined = concatenate(joined, x)
        return builder.name(joined, self, "o")


class Residual(Layer):
    """Layers with a way around them: o = x + f(x).  The last layer inside must have the width of x."""

    kind = "residual"

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

    def inner(self) -> Sequence[Layer]:
        return self.layers

    def build(self, builder: Builder, inputs: Sequence[Node]) -> Node:
        (x,) = inputs
        inside = x
        for layer in self.layers:
            inside = layer.build(builder, [inside])
        _one_shape(self, [x, inside])
        return builder.name(add(x, inside), self, "o")

    def __repr__(self) -> str:
        return f"Residual({', '.join(map(repr, self.layers))})"


# The layers by name; a layer in a file of its own adds itself.
KINDS: dict[str, type[Layer]] = {
    cls.__name__: cls for cls in (Input, Dense, Activation, Dropout, Add, Concatenate, Residual)
}


def describe(layer: Layer) -> dict[str, Any]:
    """A layer as plain data; `revive` makes it again."""
    return {"kind": type(layer).__name__, **({"name": layer.name} if layer.name else {}), **layer.settings()}


def revive(data: dict[str, Any]) -> Layer:
    """The layer that `describe` described."""
    given = dict(data)
    cls = KINDS[given.pop("kind")]
    if cls is Residual:
        return Residual(*(revive(d) for d in given.pop("layers")), name=given.get("name", ""))
    return cls(**given)


def positive(value: Any, name: str, where: str) -> int:
    """A whole number from 1 on, or a ParameterError."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
        raise fail("BL305", name=name, low=1, high="…", value=value, where=where)
    return int(value)


def _known(name: str) -> str:
    if not isinstance(name, str):
        find(repr(name), "activation")
    return activation_named(name).name  # raises BL301 with the nearest names


def features_of(layer: Layer, x: Node) -> int:
    """The number of features of what comes in, which has to be (rows, features)."""
    if len(x.shape) != 2 or not isinstance(x.shape[1], int):
        raise fail("BL101", op=type(layer).__name__, expected="(rows, features)", got=text(x.shape), where=layer.name)
    return x.shape[1]


def _one_shape(layer: Layer, nodes: Sequence[Node]) -> None:
    """A sum of layers takes no broadcasting: another width is a slip."""
    for node in nodes[1:]:
        if node.shape != nodes[0].shape:
            expected, got = text(nodes[0].shape), text(node.shape)
            raise fail("BL101", op=type(layer).__name__, expected=expected, got=got, where=layer.name)

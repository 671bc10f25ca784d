"""What all layers share: links, settings as plain data, and the table of all kinds.

A layer called with links (`Dense(8)(x)`) makes a link: that is how networks with branches are written.  In a list
the links are made for you.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Sequence
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from ...core.graph import Node
from ...errors import fail
from ...ops import activation_named, find
from ...ops.shapes import Shape, text
from ..initial import Initializer

KINDS: dict[str, type[Layer]] = {}  # all layers by name: each class enters itself


class Builder(Protocol):
    """What a layer may ask for while it builds.

    >>> from backlit.nn import Dense, Structure
    >>> net = Structure([Dense(2, "tanh")])
    >>> net.prepare(3)
    >>> [node.name for node in net.build(training=False).graph.nodes if node.name]  # what `Dense.build` asked for
    ['x', 'dense1.weight', 'dense1.bias', 'dense1.u', 'dense1.o']
    """

    training: bool

    def parameter(self, layer: Layer, name: str, shape: Shape, rule: Initializer, fans: tuple[int, int]) -> Node: ...

    def running(self, layer: Layer, name: str, shape: Shape, start: float) -> Node: ...

    def update(self, node: Node, change: Callable[[Node], Node]) -> None: ...

    def name(self, node: Node, layer: Layer, symbol: str) -> Node: ...

    def key(self, layer: Layer) -> int: ...


class Link:
    """A value on its way through a network: the output of a layer, given what goes in.

    >>> from backlit.nn import Dense
    >>> link = Dense(2)(Input(3)())
    >>> link.layer, link.sources[0].layer
    (Dense(units=2), Input(features=3))
    """

    def __init__(self, layer: Layer, sources: tuple[Link, ...]) -> None:
        self.layer, self.sources = layer, sources


class Layer:
    """The base of all layers.  `trainable=False` freezes a layer's parameters.

    A new layer is a class with `build`, its settings attributes by the names of `__init__`'s arguments.  It stands in
    `KINDS` as soon as it is defined, and so in model files.

    >>> from backlit import Dense, Network
    >>> from backlit.ops.arithmetic import add
    >>> class Doubled(Layer):
    ...     kind = "doubled"
    ...
    ...     def build(self, builder, inputs):
    ...         return builder.name(add(inputs[0], inputs[0]), self, "o")
    >>> net = Network([Dense(1, weights=3.0), Doubled()])
    >>> net.prepare(1)
    >>> net.predict([[2.0]]).tolist()
    [[12.0]]
    >>> del KINDS["Doubled"]
    """

    kind: ClassVar[str] = "layer"  # in its name: dense1
    modules: ClassVar[int] = 1  # places it takes in PyTorch's nn.Sequential; 0: it cannot stand there
    least, most = 1, 1  # inputs
    least_rows: ClassVar[int] = 1  # of a batch in training
    buffers: ClassVar[tuple[str, ...]] = ()  # its running values: kept and saved, but no parameters

    rewritten: ClassVar[int] = 0  # how often a setting of any layer was changed: what was made before may be stale

    def __init__(self, *, trainable: bool = True, name: str = "") -> None:
        self.trainable, self.name = trainable, name

    if not TYPE_CHECKING:  # with it no checker would find a name that is written wrong

        def __setattr__(self, name: str, value: Any) -> None:
            known = self.__dict__
            if name in known and known[name] is not value:
                Layer.rewritten += 1
            object.__setattr__(self, name, value)

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

    def __init_subclass__(cls, *, abstract: bool = False, **more: Any) -> None:
        super().__init_subclass__(**more)
        if abstract:  # what several kinds share, and no kind of its own
            return
        known = KINDS.get(cls.__name__)
        if known is not None and known.__module__ != cls.__module__:
            raise fail("BL710", name=cls.__name__, known=known.__module__)
        KINDS[cls.__name__] = cls

    def settings(self) -> dict[str, Any]:
        """What is stored of it, as plain data: the arguments it was made with, but for those that are as usual."""
        return {n: plain(v) for n, usual in _arguments(type(self)).items() if (v := getattr(self, n)) != usual}

    @classmethod
    def revived(cls, settings: dict[str, Any]) -> Layer:
        """The layer with these settings."""
        return cls(**settings)

    def width(self, features: int) -> int:
        """How many features come out where so many go in; 0 where it is not known."""
        return features

    def inner(self) -> Sequence[Layer]:
        """The layers inside this one."""
        return ()

    def __repr__(self) -> str:
        given = ", ".join(f"{k}={v!r}" for k, v in self.settings().items())
        return f"{type(self).__name__}({given})"


class Input(Layer):
    """Where a row of data enters: `Input(4)` for four numbers a row.  Called without arguments it is a link.

    >>> from backlit.nn import Dense, Structure
    >>> x = Input(4)()
    >>> net = Structure(x, Dense(2)(x))
    >>> net.prepare(4)
    >>> net.values["dense1.weight"].shape
    (4, 2)
    """

    kind = "input"
    least = most = 0

    def __init__(self, features: int, *, name: str = "x") -> None:
        super().__init__(name=name)
        self.features = positive(features, "features", "Input")

    def width(self, features: int) -> int:
        return self.features


def _arguments(cls: type[Layer]) -> dict[str, Any]:
    """The arguments that a layer is made with, and what they are when nothing is said; not the name."""
    given = inspect.signature(cls.__init__).parameters.values()
    return {p.name: p.default for p in list(given)[1:] if p.name != "name"}


def made_of_nothing() -> list[Layer]:
    """A layer of each kind that can be made without arguments: for whoever wants to meet them all.

    >>> import backlit.nn
    >>> sorted(type(layer).__name__ for layer in made_of_nothing())[:4]
    ['APL', 'AlphaDropout', 'BatchNorm', 'CReLU']
    """
    found = []
    for cls in KINDS.values():
        given = list(inspect.signature(cls).parameters.values())
        if cls.least == 1 and all(p.default is not p.empty for p in given):
            found.append(cls())
    return found


def plain(value: Any) -> Any:
    """A setting as what JSON can hold."""
    return value.spec() if isinstance(value, Initializer) else list(value) if isinstance(value, tuple) else value


def describe(layer: Layer) -> dict[str, Any]:
    """A layer as plain data; `revive` makes it again.

    >>> from backlit.nn import Dense
    >>> describe(Dense(8, "tanh"))
    {'kind': 'Dense', 'units': 8, 'activation': 'tanh'}
    """
    return {"kind": type(layer).__name__, **({"name": layer.name} if layer.name else {}), **layer.settings()}


def revive(data: dict[str, Any]) -> Layer:
    """The layer that `describe` described.

    >>> revive({"kind": "Dropout", "rate": 0.2})
    Dropout(rate=0.2)
    """
    given = dict(data)
    return KINDS[given.pop("kind")].revived(given)


def activation_of(layer: Layer) -> str:
    """The name of the activation function that the layer was given; "" where it has none, or is one itself (PReLU).

    >>> from backlit.nn import Activation, Dense, PReLU
    >>> activation_of(Dense(8, "tanh")), activation_of(Activation("relu")), activation_of(PReLU())
    ('tanh', 'relu', '')
    """
    given = (getattr(layer, name, None) for name in ("activation", "function"))
    return next((name for name in given if isinstance(name, str)), "")


def positive(value: Any, name: str, where: str) -> int:
    """A whole number from 1 on, or a ParameterError."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
        raise fail("BL305", name=name, low=1, high="…", value=value, where=where)
    return int(value)


def real(value: Any, name: str, where: str, low: float = -math.inf, high: float = math.inf, ends: str = "[]") -> float:
    """A finite number from `low` to `high`, or a ParameterError; an end that is "(" or ")" does not belong to it."""
    if isinstance(value, Real) and not isinstance(value, bool):
        number = float(value)
        above = low < number if ends[0] == "(" else low <= number
        below = number < high if ends[1] == ")" else number <= high
        if above and below and math.isfinite(number):
            return number
    told = ["…" if math.isinf(end) else f"{end:g}" for end in (low, high)]
    told[0] += " (above)" if ends[0] == "(" else ""
    told[1] += " (below)" if ends[1] == ")" else ""
    raise fail("BL305", name=name, low=told[0], high=told[1], value=value, where=where)


def known_activation(name: str) -> str:
    """The name of an activation function, or a formula; else an error with the nearest names."""
    if not isinstance(name, str):
        find(repr(name), "activation")
    return activation_named(name).name  # raises BL301 with the nearest names


def features_of(layer: Layer, x: Node) -> int:
    """The number of features of what comes in, which has to be (rows, features)."""
    if len(x.shape) != 2 or not isinstance(x.shape[1], int):
        raise fail("BL101", op=type(layer).__name__, expected="(rows, features)", got=text(x.shape), where=layer.name)
    return x.shape[1]


def of_one_shape(layer: Layer, nodes: Sequence[Node]) -> None:
    """A sum of layers takes no broadcasting: another width is a slip."""
    for node in nodes[1:]:
        if node.shape != nodes[0].shape:
            expected, got = text(nodes[0].shape), text(node.shape)
            raise fail("BL101", op=type(layer).__name__, expected=expected, got=got, where=layer.name)

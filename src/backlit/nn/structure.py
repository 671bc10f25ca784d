"""A network's structure: its layers, their links and the parameters; how it becomes a graph.

Parameters are kept as the engine uses them, a dense weight as (in_features, out_features); `weights()` shows them as
(out_features, in_features).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ..core.backprop import backprop
from ..core.graph import Node, reachable
from ..errors import fail, nearest
from ..ops import Elementwise, Structural
from ..ops.arithmetic import mul
from ..ops.movement import spread
from ..ops.shapes import Shape
from .builder import Built, GraphBuilder
from .layers import Input, Layer, Link, describe, revive
from .objective import Objective

Array = np.ndarray[Any, Any]


class Structure:
    """Layers and links; see the module's text.  `backlit.Network` is this with training and files.

    >>> from backlit.nn import Dense
    >>> net = Structure([Dense(4, "tanh"), Dense(1)])
    >>> net.prepare(3)
    >>> {name: value.shape for name, value in net.values.items()}
    {'dense1.weight': (3, 4), 'dense1.bias': (4,), 'dense2.weight': (4, 1), 'dense2.bias': (1,)}
    """

    def __init__(self, layers: Sequence[Layer] | Layer | Link | Sequence[Link], outputs: Link | None = None) -> None:
        given: list[Any] = list(layers) if isinstance(layers, (list, tuple)) else [layers]
        self.inputs: list[Link] = []
        self.output: Link | None = outputs
        self.chain: list[Layer] | None = None
        if outputs is None:
            if not given or not all(isinstance(layer, Layer) for layer in given):
                raise fail("BL701", got=", ".join(type(c).__name__ for c in given) or "-")
            self.chain = given
        else:
            enter = [isinstance(link, Link) and isinstance(link.layer, Input) for link in given]
            if not all(enter) or not given or not isinstance(outputs, Link):
                raise fail("BL701", got=", ".join(type(c).__name__ for c in [*given, outputs]))
            if len({id(link) for link in given}) < len(given):
                raise fail("BL703", name=given[0].layer.name)
            self.inputs = given
        self.values: dict[str, Array] = {}
        self.seed = 0
        self.links: list[Link] = []
        if self.chain is None or isinstance(self.chain[0], Input):
            self._link(0)

    # --- links ------------------------------------------------------------------------------------------------

    def _link(self, features: int) -> None:
        if self.chain is not None:
            layers = list(self.chain)
            first = layers.pop(0) if isinstance(layers[0], Input) else Input(features)
            link = Link(first, ())
            self.inputs = [link]
            for layer in layers:
                link = layer(link)
            self.output = link
        assert self.output is not None
        self.links = _sorted(self.output, self.inputs)
        self._name()

    def _name(self) -> None:
        counts: dict[str, int] = {}
        given = [layer.name for layer in self.layers() if layer.name and not isinstance(layer, Input)]
        taken = set(given)
        for name in taken:
            if given.count(name) > 1:
                raise fail("BL703", name=name)
        for number, link in enumerate(self.inputs):
            link.layer.name = "x" if len(self.inputs) == 1 else f"x{number + 1}"
        for layer in self.layers():
            while not layer.name or isinstance(layer, Input):
                if isinstance(layer, Input):
                    break
                counts[layer.kind] = counts.get(layer.kind, 0) + 1
                name = f"{layer.kind}{counts[layer.kind]}"
                if name not in taken:
                    layer.name = name

    def layers(self) -> Iterator[Layer]:
        """All layers in order, inner ones after the layer that holds them, each once."""
        seen: set[int] = set()
        stack = [link.layer for link in reversed(self.links)] if self.links else list(reversed(self.chain or []))
        while stack:
            layer = stack.pop()
            if id(layer) not in seen:
                seen.add(id(layer))
                yield layer
                stack.extend(reversed(layer.inner()))

    @property
    def last(self) -> Layer:
        assert self.output is not None
        return self.output.layer

    # --- building ---------------------------------------------------------------------------------------------

    def connect(self, features: int | Sequence[int]) -> None:
        """Infer the shapes for rows of `features` numbers (of several inputs: a number each)."""
        widths = list(features) if isinstance(features, Sequence) else [features]
        if self.chain is not None and not self.values:
            self._link(widths[0])
        if self.features != widths:
            raise fail("BL102", expected=self.features, got=widths, where=self.inputs[0].layer.name)

    def prepare(self, features: int | Sequence[int], *, seed: int = 0, dtype: Any = np.float32) -> None:
        """`connect`, and draw the initial parameters that are not there yet."""
        self.connect(features)
        self.seed = seed
        builder = GraphBuilder(self, False)
        builder.build()
        builder.draw(seed, dtype)

    @staticmethod
    def _features(link: Link) -> int:
        assert isinstance(link.layer, Input)
        return link.layer.features

    @property
    def features(self) -> list[int]:
        """The width of each input; empty before the shapes are known."""
        return [self._features(link) for link in self.inputs] if self.links else []

    def build(self, *, training: bool = False, loss: str | None = None, **options: Any) -> Built:
        """The network as a graph, with the loss E if one is named; `options` as for `Objective.of`."""
        if not self.links:
            raise fail("BL707")
        built = GraphBuilder(self, training).build()
        if loss is not None:
            Objective.of(loss, **options).add_to(built)
        return built

    def observe(
        self, *, loss: str, training: bool = True, **options: Any
    ) -> tuple[Built, dict[str, Node], dict[Node, Node]]:
        """The graph with the lecture's values named: u, f′, o, δᵒ, δᵘ of every unit, and E.

        Returns the graph, {name: node} to keep, and the gradients.  For softmax, where every output depends on
        every u, f′ is the Jacobian's diagonal o(1 - o).  Where the loss reads u of the output layer (cross-entropy), δᵒ
        is that of the loss of the same value that reads o.  With `training=False` nothing is left to chance, and batch
        normalisation takes its running averages, as in prediction.
        """
        built = self.build(training=training, loss=loss, **options)
        assert built.loss is not None
        aim = Objective.of(loss, **options)
        named = [(n, v) for n, v in built.graph.names.items() if n.endswith((".u", ".o"))]
        gradient = backprop(built.loss, [*built.trained, *built.inputs, *(v for _, v in named)])
        keep: dict[str, Node] = {"E": built.loss, **dict(named)}
        for name, node in named:
            layer, symbol = name.rsplit(".", 1)
            if node in gradient:
                delta = gradient[node]
                keep[f"{layer}.δ{'ᵘ' if symbol == 'u' else 'ᵒ'}"] = _full(delta, node.shape)
            if symbol == "o":
                keep |= self._slope(built, layer, node)
                if node is built.output and node not in gradient and (signal := aim.signal(built)) is not None:
                    keep[f"{layer}.δᵒ"] = signal
        return built, keep, gradient

    def _slope(self, built: Built, layer: str, o: Node) -> dict[str, Node]:
        u = built.graph.names.get(f"{layer}.u")
        slope = None if u is None else _local(o, u)
        return {} if slope is None else {f"{layer}.f′": _full(slope, o.shape)}

    # --- parameters -------------------------------------------------------------------------------------------

    def keys(self) -> dict[str, str]:
        """The names of parameters as PyTorch's nn.Sequential gives them, where the network is one: "0.weight"."""
        chain = [link.layer for link in self.links if not isinstance(link.layer, Input)]
        single = all(len(link.sources) == 1 for link in self.links if not isinstance(link.layer, Input))
        if not single or not all(layer.modules for layer in chain):
            return {name: name for name in self.values}
        places: dict[str, int] = {}
        number = 0
        for layer in chain:
            places.setdefault(layer.name, number)
            number += layer.modules
        split = {name: name.rsplit(".", 1) for name in self.values}
        return {name: f"{places[layer]}.{part}" for name, (layer, part) in split.items()}

    def weights(self) -> dict[str, Array]:
        """The parameters by their keys, weights as (out_features, in_features): copies."""
        return {self.keys()[n]: _shown(n, v).copy() for n, v in self.values.items()}

    def find(self, name: str) -> str:
        """The display name of a parameter: "0.weight" and "dense1.weight" are the same."""
        back = {key: own for own, key in self.keys().items()}
        own = back.get(name, name)
        if own not in self.values:
            known = [*self.values, *back]
            raise fail("BL307", name=name, known=", ".join(self.values), nearest=nearest(name, known))
        return own

    def __getitem__(self, name: str) -> Array:
        """A parameter by key or display name, as shown: `net["dense1.weight"]` is (out_features, in_features)."""
        own = self.find(name)
        return _shown(own, self.values[own])

    def __setitem__(self, name: str, value: Any) -> None:
        own = self.find(name)
        shown = _shown(own, self.values[own])
        try:
            with np.errstate(over="ignore"):
                given = np.asarray(np.asarray(value, dtype=np.float64), dtype=shown.dtype)
        except (TypeError, ValueError):
            raise fail("BL101", op=name, expected=shown.shape, got=type(value).__name__, where=name) from None
        if given.shape != shown.shape:
            raise fail("BL101", op=name, expected=shown.shape, got=given.shape, where=name)
        if not np.isfinite(given).all():
            row, column = (int(i[0]) for i in np.nonzero(np.atleast_2d(~np.isfinite(given))))
            raise fail("BL105", name=name, row=row, column=column, value=np.atleast_2d(value)[row, column])
        shown[...] = given

    @property
    def size(self) -> int:
        """The number of parameters; running averages are none, as in PyTorch."""
        return sum(v.size for v in self.parameters().values())

    def parameters(self) -> dict[str, Array]:
        """The values that are trained or frozen, by display name: all but the running averages."""
        averages = {f"{layer.name}.{part}" for layer in self.layers() for part in layer.buffers}
        return {n: v for n, v in self.values.items() if n not in averages}

    # --- as data ----------------------------------------------------------------------------------------------

    def describe(self) -> dict[str, Any]:
        """The structure as plain data, for the model file."""
        layers = [link.layer for link in self.links]
        unique = list({id(layer): layer for layer in layers}.values())
        place = {id(link): i for i, link in enumerate(self.links)}
        return {
            "layers": [describe(layer) for layer in unique],
            "links": [[unique.index(link.layer), [place[id(s)] for s in link.sources]] for link in self.links],
            "inputs": [place[id(link)] for link in self.inputs],
            "output": place[id(self.output)],
        }

    @staticmethod
    def links_of(data: Mapping[str, Any]) -> tuple[list[Link], Link]:
        """Inputs and output of the structure that `describe` described."""
        links = Structure.all_links_of(data)
        return [links[i] for i in data["inputs"]], links[data["output"]]

    @staticmethod
    def all_links_of(data: Mapping[str, Any]) -> list[Link]:
        """All links of that structure, in its order."""
        layers = [revive(d) for d in data["layers"]]
        links: list[Link] = []
        for number, sources in data["links"]:
            links.append(Link(layers[number], tuple(links[s] for s in sources)))
        return links


def _sorted(output: Link, inputs: Sequence[Link]) -> list[Link]:
    """All links, sources first.  A loop instead of recursion; a link can only point to earlier ones."""
    done: dict[int, Link] = {id(i): i for i in inputs}
    stack: list[tuple[Link, bool]] = [(output, False)]
    while stack:
        link, ready = stack.pop()
        if id(link) in done:
            continue
        if isinstance(link.layer, Input):
            raise fail("BL708", layer=link.layer.name)
        if ready:
            done[id(link)] = link
        else:
            stack.append((link, True))
            stack.extend((s, False) for s in reversed(link.sources))
    return list(done.values())


def _shown(name: str, value: Array) -> Array:
    return value.T if name.endswith(".weight") else value


def _full(node: Node, shape: Shape) -> Node:
    return node if node.shape == shape else spread(node, shape=shape)


def _local(o: Node, u: Node) -> Node | None:
    """f′: ∂o/∂u of each unit by itself; None where o is made of u in a way that says nothing of single units."""
    if u is o:  # no activation: the identity
        return o.graph.constant(1.0)
    if isinstance(o.op, Elementwise) and o.args and o.args[0] is u:
        slope: Node | None = o.op.local(o)
        return slope
    if isinstance(o.op, Structural) and o.op.rule_diagonal is not None:
        (before,) = o.args
        inner, outer = _local(before, u), o.op.rule_diagonal(o, before)
        return None if inner is None else mul(outer, inner)
    between = {u}
    for node in reachable([o]):
        if between.intersection(node.args):
            between.add(node)
    if o.shape == u.shape and all(isinstance(n.op, Elementwise) for n in between - {u}):
        return backprop(o, [u], seed=_full(o.graph.constant(1.0), o.shape)).get(u)
    return None

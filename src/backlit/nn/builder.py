"""From layers to a graph: parameters, running values and names are handed out here, layer by layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.blocks import Blocks
from ..core.graph import Graph, Node
from ..core.lowering import lower
from ..core.remembered import blocks_told, remembered
from ..core.tape import Tape
from ..errors import fail
from ..ops import REGISTRY, Rows
from ..ops.normalized import softmax
from ..ops.shapes import Shape, resolve
from .initial import Initializer, constant
from .layers import Input, Layer

if TYPE_CHECKING:
    from .structure import Structure

USE = 1 << 20  # between the keys of two uses of one layer: more than there are layers


@dataclass
class Built:
    """A network as a graph: the nodes that others ask for."""

    graph: Graph
    inputs: list[Node]
    output: Node  # what the last layer gives
    logits: Node  # what cross-entropy reads: u of a softmax output, else the output itself
    probable: Node  # shares of the classes: softmax of the logits
    parameters: dict[str, Node]  # all that has a value of its own: trained, frozen and running
    trained: list[Node]
    frozen: list[Node]
    running: list[Node]  # neither trained nor frozen: averages over the batches
    updates: dict[Node, Node] = field(default_factory=dict)  # running value → what it is after the step
    target: Node | None = None
    weight: Node | None = None  # of each row, where rows are weighted
    loss: Node | None = None

    def linked(self, function: str) -> tuple[Node, Node]:
        """(u, f(u)) for an output layer with this activation function; else the output is the u."""
        op = REGISTRY[function]
        return (self.output.args[0], self.output) if self.output.op is op else (self.output, op(self.output))

    def blocks(self) -> Blocks:
        """The order in which a tape keeps the parameters."""
        return Blocks.of(self.trained, self.frozen, self.running)

    def tape(self, keep: Mapping[str, Node]) -> Tape:
        """The tape that computes some nodes, forward only."""
        blocks = self.blocks()
        aim = ("forward", tuple((name, n.index) for name, n in keep.items()), blocks_told(blocks))
        return remembered(self.graph, aim, lambda: lower(keep, blocks=blocks))


class GraphBuilder:
    """Builds the graph layer by layer; hands out parameters and names, and draws initial values."""

    def __init__(self, structure: Structure, training: bool) -> None:
        self.structure, self.training = structure, training
        self.graph = Graph()
        self.drawn_by: dict[str, tuple[int, Initializer, tuple[int, int]]] = {}
        self.parameters: dict[str, Node] = {}
        self.trained: list[Node] = []
        self.frozen: list[Node] = []
        self.averages: list[Node] = []
        self.updates: dict[Node, Node] = {}
        self.numbers = {id(layer): i for i, layer in enumerate(structure.layers())}
        self.uses: dict[int, int] = {}

    def build(self) -> Built:
        made: dict[int, Node] = {}
        for link in self.structure.links:
            if isinstance(link.layer, Input):
                made[id(link)] = self.graph.input(link.layer.name, (Rows(), link.layer.features))
            else:
                made[id(link)] = link.layer.build(self, [made[id(s)] for s in link.sources])
        output = made[id(self.structure.output)]
        is_softmax = output.op is softmax
        return Built(
            graph=self.graph,
            inputs=[made[id(link)] for link in self.structure.inputs],
            output=output,
            logits=output.args[0] if is_softmax else output,
            probable=output if is_softmax else softmax(output),
            parameters=self.parameters,
            trained=self.trained,
            frozen=self.frozen,
            running=self.averages,
            updates=self.updates,
        )

    def parameter(self, layer: Layer, name: str, shape: Shape, rule: Initializer, fans: tuple[int, int]) -> Node:
        """A layer's parameter; one that is used twice has one set of them."""
        kept = self.trained if layer.trains(name) else self.frozen
        return self._leaf(layer, name, shape, rule, fans, kept)

    def running(self, layer: Layer, name: str, shape: Shape, start: float) -> Node:
        """A layer's value that is neither trained nor frozen: `update` says what it is after a step of training."""
        return self._leaf(layer, name, shape, constant(start), (1, 1), self.averages)

    def update(self, node: Node, change: Callable[[Node], Node]) -> None:
        """In training a running value becomes `change` of what it is; a layer used twice changes it twice."""
        self.updates[node] = change(self.updates.get(node, node))

    def _leaf(
        self, layer: Layer, name: str, shape: Shape, rule: Initializer, fans: tuple[int, int], kept: list[Node]
    ) -> Node:
        full = f"{layer.name}.{name}"
        if full in self.parameters:
            if self.parameters[full].shape != shape:
                raise fail("BL101", op=full, expected=self.parameters[full].shape, got=shape, where=layer.name)
            return self.parameters[full]
        node = self.graph.parameter(full, shape)
        self.parameters[full] = node
        self.drawn_by[full] = (self.numbers[id(layer)], rule, fans)
        kept.append(node)
        return node

    def draw(self, seed: int, dtype: Any) -> None:
        """Initial values for the parameters that have none."""
        for full, (number, rule, fans) in self.drawn_by.items():
            if full not in self.structure.values:
                # a generator per parameter: adding a layer does not change the others' numbers
                rng = np.random.default_rng([seed, number, len(full.rsplit(".", 1)[1])])
                shape = resolve(self.parameters[full].shape, 1)
                self.structure.values[full] = rule(*fans, shape, rng).astype(dtype)

    def name(self, node: Node, layer: Layer, symbol: str) -> Node:
        """Call the node LAYER.SYMBOL, at a layer's second use LAYER#2.SYMBOL."""
        label, number = f"{layer.name}.{symbol}", 1
        while label in self.graph.names and self.graph.names[label] is not node:
            number += 1
            label = f"{layer.name}#{number}.{symbol}"
        return self.graph.rename(label, node)

    def key(self, layer: Layer) -> int:
        """A number for the layer's random numbers: its own, and another one at each further use."""
        use = self.uses.get(id(layer), 0)
        self.uses[id(layer)] = use + 1
        return self.numbers[id(layer)] + 1 + USE * use

"""The graph: nodes in the order in which they are computed.

A node is a leaf (input, parameter, constant) or an operation applied to earlier nodes.  The same operation on the
same nodes is the same node, so nothing is computed twice.  As every node comes after its arguments, a walk through
the graph is a loop over a list: no recursion anywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..errors import fail
from ..ops import formula as fm
from ..ops import shapes
from ..ops.declare import Elementwise, Op, Structural
from ..ops.movement import spread
from ..ops.shapes import Rows, Shape
from . import backprop


class Node:
    """One value of a graph.  Operations of `backlit.ops` called with nodes make new nodes."""

    __slots__ = ("args", "attrs", "graph", "index", "kind", "name", "op", "shape", "value")

    def __init__(
        self, graph: Graph, kind: str, shape: Shape, op: Op | None = None, args: tuple[Node, ...] = (), **more: Any
    ) -> None:
        self.graph, self.kind, self.shape, self.op, self.args = graph, kind, shape, op, args
        self.attrs: dict[str, Any] = more.get("attrs", {})
        self.value: float | Rows | None = more.get("value")  # of a constant
        self.name: str = more.get("name", "")
        self.index = len(graph.nodes)
        graph.nodes.append(self)

    def __backlit_apply__(self, op: Op, args: Sequence[Any], attrs: dict[str, Any]) -> Node:
        return self.graph.apply(op, args, attrs)

    def __repr__(self) -> str:
        what = self.op.name if self.op else self.kind
        return f"<node {self.index} {what} {self.name} {shapes.text(self.shape)}>"


class Graph:
    """A growing list of nodes; see the module's text.

    Examples
    --------
    >>> from backlit.ops.arithmetic import mul
    >>> g = Graph()
    >>> x = g.input("x", (3,))
    >>> mul(x, x) is mul(x, x)
    True
    """

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.names: dict[str, Node] = {}
        self._made: dict[Any, Node] = {}

    def input(self, name: str, shape: Shape) -> Node:
        """A leaf that is given anew for every run."""
        return self.rename(name, Node(self, "input", tuple(shape), name=name))

    def parameter(self, name: str, shape: Shape) -> Node:
        """A leaf that is kept between runs and may be trained."""
        return self.rename(name, Node(self, "parameter", tuple(shape), name=name))

    def constant(self, value: float | Rows) -> Node:
        """A leaf with a fixed value: one number, or a number of rows."""
        key = ("constant", repr(value))
        if key not in self._made:
            self._made[key] = Node(self, "constant", (), value=value if isinstance(value, Rows) else float(value))
        return self._made[key]

    def rename(self, name: str, node: Node) -> Node:
        """Give a node a name by which it can be found and shown; one node may have several."""
        if self.names.get(name, node) is not node:
            raise fail("BL703", name=name)
        self.names[name] = node
        node.name = node.name or name
        return node

    def apply(self, op: Op, args: Sequence[Any], attrs: Mapping[str, Any]) -> Node:
        """The node `op(args)`: the one that exists already, if it does."""
        nodes = tuple(a if isinstance(a, Node) else self.constant(a) for a in args)
        for n in nodes:
            if n.graph is not self:
                raise fail("BL704", op=op.name)
        key = (op, tuple(n.index for n in nodes), tuple(sorted(attrs.items(), key=str)))
        found = self._made.get(key)
        if found is None:
            found = self._shortcut(op, nodes, attrs)
            if found is None:
                shape = op.shape([n.shape for n in nodes], dict(attrs))
                if isinstance(op, Elementwise):
                    nodes = tuple(n if shapes.repeats(n.shape, shape) else spread(n, shape=shape) for n in nodes)
                if isinstance(op, Structural) and not op.kernel and op.twin is not None:
                    found = op.twin(*nodes, **attrs)
                else:
                    found = Node(self, "operation", shape, op, nodes, attrs=dict(attrs))
            self._made[key] = found
        return found

    def _shortcut(self, op: Op, nodes: tuple[Node, ...], attrs: Mapping[str, Any]) -> Node | None:
        """1 · g is g: an elementwise formula that constants reduce to one of its inputs, or to a number."""
        known = [n.kind == "constant" and isinstance(n.value, float) for n in nodes]
        if not isinstance(op, Elementwise) or not any(known):
            return None
        values = {name: n.value for name, n, k in zip(op.inputs, nodes, known, strict=True) if k}
        short = fm.substitute(op.formula, values)  # type: ignore[arg-type]
        if short.kind == "constant" and all(n.shape == () for n in nodes):
            return self.constant(short.label)
        if short.kind == "input":
            same = nodes[op.inputs.index(short.label)]
            if same.shape == op.shape([n.shape for n in nodes], dict(attrs)):
                return same
        return None

    def pullback_through(self, g: Node, twin: Node, wrt: Sequence[Node]) -> list[Node | None]:
        """The gradients that `g`, arriving at `twin`, sends to the nodes `wrt` (for operations without a vjp)."""
        found = backprop.backprop(twin, wrt, seed=g, beyond=False)
        return [found.pop(n, None) for n in wrt]  # a node that stands there twice gets it once


def reachable(roots: Iterable[Node]) -> list[Node]:
    """All nodes that the roots are computed from, and the roots, in the order of computation."""
    seen: set[Node] = set()
    stack = list(roots)
    while stack:
        node = stack.pop()
        if node not in seen:
            seen.add(node)
            stack.extend(node.args)
    return sorted(seen, key=lambda n: n.index)

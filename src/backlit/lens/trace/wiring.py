"""How the named values of a graph hang together: which reads which, and by which operations.

The values u and o of every layer, and E, are stations.  A ride from one station to the next passes no other; all rides
to a station B by way of the operations before it make B's leg.  The chain rule over stations says: δ at a station is
the sum over all legs that begin there of ∂(leg's end)/∂(station), times δ at the end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...core.backprop import backprop
from ...core.graph import Node
from ...nn.builder import Built
from ...ops.declare import Elementwise, Structural
from ...ops.shapes import Rows

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class Leg:
    """What is between a station and those before it.

    kind: "affine" (the sums of a fully connected layer), "each" (every number by itself: f, a dropout mask, a sum of
    branches), "row" (numbers of one row together: softmax, layer normalisation, a join) or "batch" (rows, too), or "E".
    """

    target: Node
    sources: tuple[Node, ...]  # the stations before it
    parameters: tuple[Node, ...]  # what it reads beside them: weights, slopes, γ and β
    inside: tuple[Node, ...]  # the operations, the target's last
    kind: str


@dataclass(frozen=True, eq=False)
class Part:
    """What of a station's error signal comes back through one leg."""

    target: Node
    signal: Node


class Wiring:
    """Stations and legs of a network's graph."""

    def __init__(self, built: Built, gradient: dict[Node, Node]) -> None:
        assert built.loss is not None
        self.built, self.gradient, self.loss = built, gradient, built.loss
        named = [(n, v) for n, v in built.graph.names.items() if n.endswith((".u", ".o"))]
        self.names: dict[Node, list[str]] = {}
        for name, node in named:
            self.names.setdefault(node, []).append(name)
        self.stations = [n for n in sorted(self.names, key=lambda v: v.index) if n in gradient or n is built.output]
        known = set(self.stations)
        self.legs: dict[Node, Leg] = {n: self._leg(n, known) for n in [*self.stations, self.loss]}
        self.after: dict[Node, list[Leg]] = {n: [] for n in [*built.parameters.values(), *built.inputs, *self.stations]}
        for leg in self.legs.values():
            if leg.target in gradient or leg.target is self.loss:
                for source in (*leg.sources, *leg.parameters):
                    self.after[source].append(leg)
        self._counts: dict[Node, Array] = {}
        self._parts: dict[Node, list[Part]] = {}

    def name(self, node: Node) -> str:
        """What a station is called: by the first of its names, E as E, a leaf by its own name."""
        return "E" if node is self.loss else self.names.get(node, [node.name])[0]

    def _leg(self, target: Node, known: set[Node]) -> Leg:
        inside: set[Node] = {target}
        sources: set[Node] = set()
        parameters: set[Node] = set()
        leaves = set(self.built.parameters.values())
        stack = list(target.args)
        while stack:
            node = stack.pop()
            if node in known or node in self.built.inputs:
                sources.add(node)
            elif node in leaves:
                parameters.add(node)
            elif node.op is not None and node not in inside:
                inside.add(node)
                stack.extend(node.args)

        def ordered(nodes: set[Node]) -> tuple[Node, ...]:
            return tuple(sorted(nodes, key=lambda n: n.index))

        kind = "E" if target is self.loss else kind_of(target, inside, sources, self.built)
        return Leg(target, ordered(sources), ordered(parameters), ordered(inside), kind)

    # --- error signals ----------------------------------------------------------------------------------------

    def parts(self, node: Node) -> list[Part]:
        """The error signal of a station in parts, one for each leg that begins there; their sum is δ."""
        if node not in self._parts:
            found = []
            for leg in self.after[node]:
                seed = None if leg.target is self.loss else self.gradient[leg.target]
                back = backprop(leg.target, [*leg.sources, *leg.parameters], seed=seed, beyond=False)
                if node in back:
                    found.append(Part(leg.target, back[node]))
            self._parts[node] = found
        return self._parts[node]

    # --- counting ---------------------------------------------------------------------------------------------

    def ways(self, node: Node, rows: int) -> Array:
        """How many ways lead from each number of a station (of one row) to E: floats, as they can be very many."""
        if node is self.loss:
            return np.ones(1)
        order = [n for n in reversed(self.stations) if n.index >= node.index]
        for station in order:
            if station not in self._counts:
                total = np.zeros(width(station))
                for leg in self.after[station]:
                    total = total + self._through(leg, station, rows)
                self._counts[station] = total
        return self._counts[node]

    def _through(self, leg: Leg, station: Node, rows: int) -> Array:
        if leg.target is self.loss:
            return np.ones(width(station))
        ends = self._counts[leg.target]
        if leg.kind == "affine":
            return np.full(width(station), ends.sum())
        if leg.kind == "each":
            return ends
        found: Array = reach(leg, station).astype(float) @ ends
        return found * (rows if leg.kind == "batch" else 1)


def width(node: Node) -> int:
    """The numbers of one row."""
    size = node.shape[-1] if node.shape else 1
    return int(size) if not isinstance(size, Rows) else 1


def kind_of(target: Node, inside: set[Node], sources: set[Node], built: Built) -> str:
    """What a leg does; see `Leg`."""
    op = target.op
    if isinstance(op, Structural) and op.facts.role == "linear" and len(inside) == 1:
        x, w = target.args[:2]
        if x in sources and w in built.parameters.values() and len(w.shape) == 2:
            return "affine"
    if any(_over_rows(n) for n in inside):
        return "batch"
    same = all(n.shape == target.shape for n in sources)
    return "each" if same and all(_by_itself(n) for n in inside) else "row"


def _by_itself(node: Node) -> bool:
    """An operation by which each number of its result follows one number of each argument."""
    op = node.op
    return isinstance(op, Elementwise) or (isinstance(op, Structural) and (op.random or op.spreads)) or _columns(node)


def _columns(node: Node) -> bool:
    """Numbers multiplied and shifted by one of each column: γ x + β."""
    shapes = [a.shape for a in node.args[1:]]
    whole = bool(shapes) and node.args[0].shape == node.shape and len(node.shape) == 2
    return isinstance(node.op, Structural) and whole and all(s == node.shape[1:] for s in shapes)


def _over_rows(node: Node) -> bool:
    """Whether a number of one row comes to depend on those of other rows here."""
    rows_in = any(a.shape and isinstance(a.shape[0], Rows) for a in node.args)
    if not rows_in or not isinstance(node.op, Structural):
        return False
    if not node.shape or not isinstance(node.shape[0], Rows):
        return True
    return node.op.mixes_rows and node.op.facts.role != "linear"


def _moves(node: Node) -> bool:
    return isinstance(node.op, Elementwise) or node.op.facts.role in ("movement", "random")  # type: ignore[union-attr]


def _down_columns(node: Node) -> bool:
    """An operation that takes the rows of each column together, and keeps the columns apart."""
    op = node.op
    down = isinstance(op, Structural) and op.mixes_rows and op.facts.role != "linear"
    return down or _columns(node) or (node.attrs.get("axis") == 0 and op is not None and op.facts.role == "reduction")


def reach(leg: Leg, source: Node) -> Array:
    """Which numbers of the source (rows) have a way to which of the leg's end (columns), within a row of the batch."""
    n = width(source)
    seen: dict[Node, Array] = {source: np.eye(n, dtype=bool)}

    def of(node: Node) -> Array:
        found = seen.get(node)
        return np.zeros((n, width(node)), dtype=bool) if found is None else found

    for node in leg.inside:
        given = [of(a) for a in node.args]
        if not any(g.any() for g in given):
            continue
        wide = width(node)
        name = node.op.name if node.op else ""
        if name in ("cut", "pad", "concatenate") and node.attrs["axis"] in (1, -1):
            if name == "concatenate":
                seen[node] = np.concatenate(given, axis=1)
            elif name == "cut":
                seen[node] = given[0][:, node.attrs["start"] : node.attrs["start"] + wide]
            else:
                before = node.attrs["before"]
                seen[node] = np.pad(given[0], [(0, 0), (before, wide - before - given[0].shape[1])])
        elif (_moves(node) or _down_columns(node)) and all(g.shape[1] in (1, wide) for g in given):
            seen[node] = np.logical_or.reduce([np.broadcast_to(g, (n, wide)) for g in given])
        else:
            seen[node] = np.broadcast_to(np.logical_or.reduce([g.any(axis=1) for g in given])[:, None], (n, wide))
    return of(leg.target)

"""Random graphs for the tests: from a seed, of any operations of the registry, with values that suit them.

Values are computed while the graph grows, so that a graph stays inside the domains, away from jumps and kinks, and
of moderate size.  No operation is named: a new one is drawn from its declaration.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from backlit.core.graph import Graph, Node
from backlit.errors import BacklitError
from backlit.ops import REGISTRY, Elementwise, Op, Rows, Structural, formula, shapes
from backlit.ops.arithmetic import add, mul
from backlit.ops.reduction import mean
from backlit.ops.shapes import Shape

SEED, STEP = 11, 3
ROWS, ROOM = 5, 7  # rows of the batch, and how many there is room for
LEAVES: list[Shape] = [(Rows(), 4), (Rows(), 3), (Rows(), 1), (4,), (3,), (4, 3), (3, 4), (3, 1), ()]
LARGEST = 6.0


@dataclass
class Drawn:
    """A graph, its values, and the one number E that all of it leads to."""

    graph: Graph
    values: dict[str, np.ndarray]
    loss: Node
    leaves: list[Node]
    used: set[str]
    inner: list[Node] = field(default_factory=list)


def numpy_of(op: Op, args: Sequence[np.ndarray], attrs: Mapping[str, Any]) -> np.ndarray:
    more = {"seed": SEED, "step": STEP} if getattr(op, "random", False) else {}
    known = {k: shapes.resolve(v, ROWS) if isinstance(v, tuple) else v for k, v in attrs.items()}
    return np.asarray(op.compute(args, {**known, **more}), dtype=np.float64)


class Grower:
    """Draws one graph; see the module's text."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng([2024, seed])
        self.graph = Graph()
        self.values: dict[Node, np.ndarray] = {}
        self.made: list[Node] = []
        self.sinks: set[Node] = set()
        self.used: set[str] = set()

    def leaf(self, shape: Shape, low: float = -2.0, high: float = 2.0) -> Node:
        name = f"x{len(self.graph.names)}"
        node = self.graph.input(name, shape)
        self.values[node] = self.rng.uniform(low, high, shapes.resolve(shape, ROWS))
        return node

    def apply(self, op: Op, args: Sequence[Any], attrs: Mapping[str, Any]) -> Node | None:
        """The node, if its values are fit to go on with."""
        given = [self.values[a] if isinstance(a, Node) else np.float64(a) for a in args]
        if not self.is_fit(op, given, attrs):
            return None
        try:
            node = op(*args, **attrs)
        except BacklitError:
            return None
        value = numpy_of(op, given, attrs)
        if node.kind != "operation" or sum(isinstance(s, Rows) for s in node.shape) > 1:
            return None  # a shape with rows × rows serves nothing
        self.values[node] = value
        self.made.append(node)
        self.sinks -= set(node.args)
        self.sinks.add(node)
        self.used.add(op.name)
        return node

    def is_fit(self, op: Op, given: Sequence[np.ndarray], attrs: Mapping[str, Any]) -> bool:
        """Inside the domain, not large, and the same after a small push: no jump and no kink is near."""
        low, high = op.facts.domain
        if any(np.any((v < low) | (v > high)) for v in given):
            return False
        pushed = [v + 1e-3 * self.rng.uniform(-1, 1, v.shape) for v in given]
        try:
            value, near = numpy_of(op, given, attrs), numpy_of(op, pushed, attrs)
        except (ValueError, IndexError):
            return False
        if not (np.isfinite(value).all() and np.abs(value).max(initial=0) < LARGEST):
            return False
        return bool(np.abs(value - near).max(initial=0) < 0.1)

    def squeeze(self, node: Node, low: float, high: float) -> Node:
        """A value that leaves a domain is bent back into it."""
        value = self.values[node]
        if np.all((value >= low) & (value <= high)):
            return node
        room = 0.98 * (high - low)
        bent = self.must(
            REGISTRY["sigmoid"], [self.must(REGISTRY["mul"], [node, 3 / max(3.0, float(np.abs(value).max(initial=0)))])]
        )
        return self.must(add, [self.must(mul, [bent, room]), low + 0.01 * (high - low)])

    def must(self, op: Op, args: Sequence[Any], attrs: Mapping[str, Any] | None = None) -> Node:
        """Like `apply`, without asking whether it is fit."""
        node: Node = op(*args, **(attrs or {}))
        given = [self.values[a] if isinstance(a, Node) else np.float64(a) for a in args]
        self.values[node] = numpy_of(op, given, {**op.defaults, **(attrs or {})})
        self.sinks -= {a for a in args if isinstance(a, Node)}
        self.sinks.add(node)
        self.used.add(op.name)
        return node

    # --- one operation ----------------------------------------------------------------------------------------

    def grow(self, op: Op) -> bool:
        """Add the operation somewhere; True if it worked."""
        attempts = self.elementwise(op) if isinstance(op, Elementwise) else self.structural(op)
        return any(self.apply(op, args, attrs) is not None for args, attrs in attempts)

    def pool(self) -> list[Node]:
        return [n for n in self.values if n.shape != () or self.rng.random() < 0.3]

    def pick(self, nodes: Sequence[Node]) -> Node:
        return nodes[int(self.rng.integers(len(nodes)))]

    def elementwise(self, op: Op) -> Iterator[tuple[list[Node], dict[str, Any]]]:
        low, high = op.facts.domain
        for attempt in range(30):
            first = self.pick(self.pool())
            args = [first]
            for i in range(1, len(op.inputs)):
                fits = [n for n in self.pool() if _broadcast([*args, n])]
                fresh = attempt > 15 or (i and self.rng.random() < 0.2)
                args.append(self.leaf(first.shape, *self.around(op)) if fresh or not fits else self.pick(fits))
            order = self.rng.permutation(len(args))
            yield [self.squeeze(args[i], low, high) for i in order], self.settings(op)
        for _ in range(20):
            yield [self.leaf((3, 4), *self.around(op)) for _ in op.inputs], self.settings(op)

    def around(self, op: Op) -> tuple[float, float]:
        low, high = op.facts.domain
        return max(low, -2.0), min(high, 2.0)

    def settings(self, op: Op) -> dict[str, Any]:
        """Parameters near their defaults, inside their limits."""
        found: dict[str, Any] = {}
        for name, value in op.defaults.items():
            limits = op.facts.limits.get(name, (-np.inf, np.inf))
            low, high = ({**op.defaults, **found}[end] if isinstance(end, str) else end for end in limits)
            found[name] = float(np.clip(value * self.rng.uniform(0.5, 3), low, high))
        return found

    def structural(self, op: Structural) -> Iterator[tuple[list[Node], dict[str, Any]]]:
        pool = self.pool()
        for _ in range(30):  # whatever fits together
            _, attrs = self.pick(op.samples)
            attrs = {**op.defaults, **attrs}
            args = [self.pick(pool) for _ in op.inputs]
            if all(not isinstance(v, tuple) for v in attrs.values()) and _shape_of(op, args, attrs) is not None:
                yield args, attrs
        small = [s for s in op.samples if sum(shapes.elements(x) for x in s[0]) <= 60]
        for _ in range(20):  # as declared: fresh values, with a number from the graph added to one of them
            sizes, attrs = self.pick(small)
            args = [self.leaf(s, *self.around(op)) for s in sizes]
            moving = [i for i, name in enumerate(op.inputs) if name not in op.constant]
            if moving:
                i = moving[int(self.rng.integers(len(moving)))]
                number = self.must(mul, [self.must(mean, [self.pick(pool)]), 0.1])
                args[i] = self.must(add, [args[i], number])
            yield args, {**op.defaults, **attrs}


def _broadcast(nodes: Sequence[Node]) -> bool:
    try:
        shapes.broadcast("any", *(n.shape for n in nodes))
    except BacklitError:
        return False
    return True


def _shape_of(op: Op, args: Sequence[Node], attrs: Mapping[str, Any]) -> Shape | None:
    try:
        return op.shape([a.shape for a in args], dict(attrs))
    except (BacklitError, IndexError, TypeError, ValueError):
        return None


def draw(seed: int, first: Op | None = None, most: int = 8) -> Drawn:
    """The graph of this seed; `first` is an operation that it holds."""
    grower = Grower(seed)
    for i in grower.rng.choice(len(LEAVES), 4, replace=False):
        grower.leaf(LEAVES[int(i)])
    names = sorted(REGISTRY)
    wanted: list[Op] = [REGISTRY[grower.pick(names)] for _ in range(int(grower.rng.integers(2, most)))]
    for op in [*wanted, first] if first else wanted:
        if not grower.grow(op):
            assert op is not first, f"no graph could be grown around {op.name}"
    total: Node | None = None
    inner = list(grower.made)
    for sink in sorted(grower.sinks, key=lambda n: n.index):
        part = grower.must(mean, [sink]) if sink.shape else sink
        total = part if total is None else grower.must(add, [total, part])
    assert total is not None
    leaves = [n for n in grower.values if n.kind == "input"]
    values = {n.name: grower.values[n] for n in leaves}
    return Drawn(grower.graph, values, total, leaves, grower.used, inner)


def differentiable() -> list[Op]:
    """The operations that have a derivative by some input."""
    return [op for _, op in sorted(REGISTRY.items()) if set(op.inputs) - set(getattr(op, "constant", ()))]


Oracle = Callable[..., Any]


def written_in(e: formula.Expr, values: Mapping[str, Any], words: Mapping[str, Oracle]) -> Any:
    """A formula in another library's words."""
    made: dict[formula.Expr, Any] = {}
    for part in formula.order([e]):
        if part.kind == "word":
            made[part] = words[part.label.name](*(made[a] for a in part.args))
        else:
            made[part] = part.label if part.kind == "constant" else values[part.label]
    return made[e]

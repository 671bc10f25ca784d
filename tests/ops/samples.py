"""Inputs for every operation of the registry: shapes, values and how to run one operation on any engine.

Nothing here names an operation: a new one is drawn, run and differentiated from its declaration alone.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from backlit.core.backprop import backprop
from backlit.core.graph import Graph
from backlit.core.interpret import Interpreter
from backlit.core.lowering import lower
from backlit.core.tape import Tape
from backlit.errors import BacklitError
from backlit.machine.runner import Machine
from backlit.ops import REGISTRY, Elementwise, Op, Rows, Structural, formula, shapes

ENGINES = ("compiled", "plain")  # each of them against the interpreter
SEED, STEP = 5, 7  # of operations that draw random numbers
# Operands of an elementwise operation; 257 is a block of the formula machine and one more.
ALONE: list[tuple[int, ...]] = [(), (1,), (3,), (17,), (257,), (3, 257)]
TOGETHER: list[list[tuple[int, ...]]] = [
    [(17,), (17,)],
    [(3, 257), ()],
    [(3, 257), (257,)],
    [(3, 257), (3, 1)],
    [(3, 5, 4), (3, 1, 4)],
    [(3, 1), (1, 17)],
]


@dataclass(frozen=True)
class Case:
    """One way to call an operation; sizes may be `Rows`, of at most `rows` rows."""

    op: Op
    shapes: tuple[shapes.Shape, ...]
    attrs: Mapping[str, Any]
    rows: int = 1

    def __repr__(self) -> str:
        return f"{self.op.name}({', '.join(map(shapes.text, self.shapes))}, {dict(self.attrs)})"

    def shape(self) -> shapes.Shape:
        return self.op.shape(self.shapes, dict(self.attrs))

    def at(self, rows: int) -> Case:
        """The same call for a known number of rows."""
        fixed = {k: shapes.resolve(v, rows) if isinstance(v, tuple) else v for k, v in self.attrs.items()}
        return Case(self.op, tuple(shapes.resolve(s, rows) for s in self.shapes), fixed)

    def sizes(self) -> list[tuple[int, ...]]:
        return [shapes.resolve(s, self.rows) for s in self.shapes]


def moving(op: Op) -> list[int]:
    """The inputs that have a gradient."""
    constant = getattr(op, "constant", ())
    return [i for i, name in enumerate(op.inputs) if name not in constant]


def is_condition(op: Op, i: int) -> bool:
    """Input i only chooses between two others: it is 0 or something else."""
    if not isinstance(op, Elementwise):
        return False
    chosen = [e for e in formula.order([op.formula]) if e.kind == "word" and e.label.name == "where"]
    return any(e.args[0] is formula.symbol(op.inputs[i]) for e in chosen)


def cases(op: Op) -> list[Case]:
    """Calls of `op` with odd, broadcast and declared shapes, all of them known."""
    if isinstance(op, Structural):
        return [Case(op, tuple(s), {**op.defaults, **attrs}) for s, attrs in op.samples]
    count = len(op.inputs)
    if count == 1:
        found = [(s,) for s in ALONE]
    else:
        around = [tuple(pair[j % 2] for j in range(i, i + count)) for pair in TOGETHER for i in (0, 1)]
        found = list(dict.fromkeys([*around, *((s,) * count for s in ALONE)]))
    return [Case(op, s, dict(op.defaults)) for s in found]


def small_cases(op: Op) -> list[Case]:
    """The same, with few enough elements for a full Jacobian."""
    found = [c for c in cases(op) if sum(map(shapes.elements, c.sizes())) <= 60]
    assert found, f"{op.name} has no small sample: add one to its declaration"
    return found


def batched(op: Op) -> list[Case]:
    """Calls in which the leading axis is the batch, wherever the operation's own rules allow that."""
    found = []
    for case in cases(op):
        leading = {v[0] for v in [*case.shapes, *case.attrs.values()] if isinstance(v, tuple) and v}
        for n in sorted(leading - {1}):
            found += itertools.islice(_with_rows(case, n), 1)
    return found


def _with_rows(case: Case, n: int) -> Iterator[Case]:
    places = [i for i, s in enumerate(case.shapes) if s and s[0] == n]
    keys = [k for k, v in case.attrs.items() if isinstance(v, tuple) and v and v[0] == n]
    for size in range(len(places) + len(keys), 0, -1):
        for chosen in itertools.combinations([*places, *keys], size):
            given = tuple((Rows(), *s[1:]) if i in chosen else s for i, s in enumerate(case.shapes))
            attrs = {k: (Rows(), *v[1:]) if k in chosen else v for k, v in case.attrs.items()}
            changed = Case(case.op, given, attrs, n)
            if _allowed(changed):
                yield changed


def _allowed(case: Case) -> bool:
    try:
        shape = case.shape()
        if isinstance(case.op, Structural):
            case.op.numbers(case.shapes, shape, **case.attrs)
        fewer = [case.at(r) for r in (1, case.rows - 1, case.rows)]
        known = [c.shape() for c in fewer]
    except (BacklitError, TypeError):
        return False
    return known == [shapes.resolve(shape, r) for r in (1, case.rows - 1, case.rows)]


def draw(case: Case, rng: np.random.Generator, gap: bool = True) -> list[np.ndarray]:
    """Values for the inputs, inside the operation's domain and away from its kinks.

    No two values are closer than half a step of a grid (so nothing ties); a condition is 0 in half of its places.
    """
    sizes = case.sizes()
    total = sum(map(shapes.elements, sizes))
    low, high = case.op.facts.domain
    places = rng.permutation(total) + rng.uniform(0.25, 0.75, total)
    values = low + places * (high - low) / max(1, total)
    for kink in case.op.facts.kinks if gap else ():
        near = np.abs(values - kink) < 0.05
        values = np.where(near, kink + np.where(values >= kink, 0.05, -0.05) + (values - kink), values)
    parts = np.split(values, np.cumsum([shapes.elements(s) for s in sizes])[:-1])
    given = [p.reshape(s) for p, s in zip(parts, sizes, strict=True)]
    return [np.where(rng.random(v.shape) < 0.5, 0.0, v) if is_condition(case.op, i) else v for i, v in enumerate(given)]


def tape_of(case: Case, twin: bool = False, gradient: bool = True) -> Tape:
    """A tape that computes y, for a gradient "g" that arrives at it the gradients ∂…, and the twin of each."""
    graph = Graph()
    nodes = [graph.input(n, s) for n, s in zip(case.op.inputs, case.shapes, strict=True)]
    y = case.op(*nodes, **case.attrs)
    keep = {"y": y}
    made = {"": y}
    if twin:
        made["twin "] = keep["twin y"] = case.op.twin(*nodes, **case.attrs)
    if gradient:
        g = graph.input("g", y.shape)
        for prefix, node in made.items():
            found = backprop(node, [nodes[i] for i in moving(case.op)], seed=g)
            keep |= {f"{prefix}∂{n.name}": found[n] for n in nodes if n in found}
    return lower(keep)


def runner(tape: Tape, rows: int, dtype: str, engine: str, guard: int = 0) -> Interpreter | Machine:
    made: Any = Interpreter(tape, rows, dtype) if engine == "interpreter" else Machine(
        tape, rows, dtype, engine=engine, guard=guard
    )  # fmt: skip
    made.seed, made.step = SEED, STEP
    return made


def run(
    tape: Tape, given: Mapping[str, np.ndarray], rows: int, dtype: str, engine: str, *, most: int = 0, threads: int = 1
) -> dict[str, np.ndarray]:
    """All kept values of a run on `rows` rows; `most` is the largest batch that there is room for."""
    made = runner(tape, max(rows, most), dtype, engine)
    with made.arena.batch(rows):
        for name, value in given.items():
            if name in tape.names:
                made.arena[name] = value
    more = {} if engine == "interpreter" else {"threads": threads}
    made.run(rows=rows, **more)
    with made.arena.batch(rows):
        return {n: made.arena[n].copy() for n in tape.names}


def inputs_of(case: Case, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Drawn values by name, and a gradient g that arrives at the result."""
    given = dict(zip(case.op.inputs, draw(case, rng), strict=True))
    return given | {"g": rng.uniform(0.5, 1.5, shapes.resolve(case.shape(), case.rows))}


def terms(given: Mapping[str, np.ndarray]) -> float:
    """How large sums of these values may get on the way, although their end is small."""
    return float(np.sqrt(sum(np.sum(np.square(v)) for v in given.values())))


def computed(case: Case, values: Sequence[np.ndarray]) -> np.ndarray:
    """The NumPy body, with the seed and step of these tests."""
    more = {"seed": SEED, "step": STEP} if getattr(case.op, "random", False) else {}
    return np.asarray(case.op.compute(values, {**case.attrs, **more}))


EVERY_OP = sorted(REGISTRY)

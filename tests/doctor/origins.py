"""Every operation made to give what is not finite: operands are searched for, placed in one row, and trained on.

Nothing here names an operation.  What is to be found is worked out apart: the graph is walked node by node with the
operations' NumPy bodies, without tape, arena or kernels.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from backlit.core.backprop import backprop
from backlit.core.blocks import Blocks
from backlit.core.graph import Graph, Node, reachable
from backlit.core.lowering import lower
from backlit.machine.loop import Job, Loop
from backlit.ops import Elementwise, shapes
from backlit.ops.arithmetic import add, mul
from backlit.ops.random import permutation
from backlit.ops.reduction import sum_
from backlit.optim import sgd
from backlit.training.loop import hunt
from ops import samples
from ops.samples import Case

Array = np.ndarray[Any, Any]
ROWS, BATCH, BAD, SEED, EPOCHS = 12, 4, 7, 3, 2


def grid(dtype: str) -> list[float]:
    """Finite numbers of all sizes, the ends of the type among them."""
    most, root = float(np.finfo(dtype).max), math.sqrt(float(np.finfo(dtype).max))
    large = math.log(most)
    sizes = [1.0, most, 4 * root, 2 * large, 0.5, float(np.finfo(dtype).smallest_subnormal), 3.0, most / 2, 1 / most]
    return [0.0, *(sign * size for size in sizes for sign in (1, -1))]


@dataclass(frozen=True)
class Placed:
    """An operation in a graph with a loss, and all that the graph is given: by row, or for the whole run."""

    case: Case
    graph: Graph
    y: Node
    loss: Node
    trained: list[Node]
    fixed: list[Node]
    gradient: dict[Node, Node] = field(default_factory=dict)
    back: frozenset[Node] = frozenset()  # what the operation itself adds to the way back

    @property
    def nodes(self) -> list[Node]:
        """In the order of the graph, as far as a training computes them."""
        wanted = [self.loss, *(self.gradient[p] for p in self.trained if p in self.gradient)]
        return sorted(reachable(wanted), key=lambda n: n.index)


def placed(case: Case, backward: bool) -> Placed | None:
    """The operation between its inputs and a loss that breaks where the result does: it takes the result times 0.

    To look back the operands are what they are plus a trained 0, and the gradient g arrives at the result as if a
    loss had sent it.  None: the batch is not the leading axis of all that is given.
    """
    graph = Graph()
    leaves, fixed, operands, zeros = [], [], [], []
    for name, shape in zip(case.op.inputs, case.shapes, strict=True):
        if any(isinstance(s, shapes.Rows) for s in shape[1:]):
            return None
        leaf = graph.input(name, shape) if leads(shape) else graph.parameter(name, shape)
        leaves.append(leaf)
        fixed += [] if leads(shape) else [leaf]
        if backward:
            zeros.append(graph.parameter(f"{name}.zero", ()))
            leaf = add(leaf, zeros[-1])
        operands.append(leaf)
    y = case.op(*operands, **case.attrs)
    if backward and any(isinstance(s, shapes.Rows) for s in y.shape[1:]):
        return None
    w, nothing = graph.parameter("net.w", (1,)), mul(y, 0.0)
    loss = add(sum_(nothing) if y.shape else nothing, sum_(mul(w, w)))
    gradient = backprop(loss, [w])
    if not backward:
        return Placed(case, graph, y, loss, [w], fixed, gradient)
    g = graph.input("g", y.shape) if leads(y.shape) else graph.parameter("g", y.shape)
    fixed += [] if leads(y.shape) else [g]
    before = set(reachable([loss, *gradient.values(), g]))
    found = backprop(y, zeros, seed=g)
    ways = [found[o] for o in operands if o in found]
    back = frozenset(n for n in reachable(ways) if n.op is not None) - before
    trained = [w, *(z for z in zeros if z in found)]
    fixed += [z for z in zeros if z not in found]
    return Placed(case, graph, y, loss, trained, fixed, {**found, **gradient}, back) if ways else None


def leads(shape: shapes.Shape) -> bool:
    return bool(shape) and isinstance(shape[0], shapes.Rows)


def walked(
    nodes: Iterable[Node], given: Mapping[str, Array], rows: int, step: int, dtype: str, seed: int = SEED
) -> dict[Node, Array]:
    """Every node's value for a batch."""
    found: dict[Node, Array] = {}
    for node in nodes:
        if node.kind == "constant":
            value = node.value.factor * rows if isinstance(node.value, shapes.Rows) else node.value
            found[node] = np.asarray(value, dtype)
        elif node.op is None:
            found[node] = given[node.name]
        else:
            attrs = {k: shapes.resolve(a, rows) if k == "shape" else a for k, a in node.attrs.items()}
            attrs = {k: a.factor * rows if isinstance(a, shapes.Rows) else a for k, a in attrs.items()}
            more = {"seed": seed, "step": step} if getattr(node.op, "random", False) else {}
            found[node] = np.asarray(node.op.compute([found[a] for a in node.args], {**attrs, **more}))
    return found


@dataclass(frozen=True)
class Expected:
    """The step that breaks first, what breaks in it, and the values there."""

    epoch: int
    step: int
    rows: Array  # of the batch, as numbers of training rows
    sources: list[Node]
    values: dict[Node, Array]


def expected(made: Placed, given: Mapping[str, Array], dtype: str) -> Expected | None:
    """By walking all steps of the training, in which no weight moves."""
    steps = range(EPOCHS * ROWS // BATCH)
    if by_row(made) and not _could_break(made, given, dtype):
        return None
    for step in steps:
        epoch, first = divmod(step * BATCH, ROWS)
        rows = permutation(SEED, epoch, ROWS)[first : first + BATCH]
        batch = {n: v[rows] if n in by_row(made) else v for n, v in given.items()}
        values = walked(made.nodes, batch, BATCH, step + 1, dtype)
        sources = broken_in(values)
        if sources:
            return Expected(epoch + 1, step + 1, rows, sources, values)
    return None


def broken_in(values: Mapping[Node, Array]) -> list[Node]:
    """The nodes that are not finite although all that they are made of is."""
    return [n for n in values if not np.isfinite(values[n]).all() and all(np.isfinite(values[a]).all() for a in n.args)]


def _could_break(made: Placed, given: Mapping[str, Array], dtype: str) -> bool:
    """A look at one batch with the bad row: most tries end here."""
    rows = np.array([0, 1, 2, BAD])
    batch = {n: v[rows] if n in by_row(made) else v for n, v in given.items()}
    values = walked(made.nodes, batch, BATCH, 1, dtype)
    return not all(np.isfinite(v).all() for v in values.values())


def by_row(made: Placed) -> set[str]:
    return {n.name for n in made.graph.nodes if n.kind == "input"}


# ---- the search ----------------------------------------------------------------------------------------------


def calls(op: Any) -> list[Case]:
    """Small ways to call an operation, those with a batch before others."""
    if isinstance(op, Elementwise):
        return [Case(op, ((shapes.Rows(), 2),) * len(op.inputs), dict(op.defaults), ROWS)]
    found = [c for c in samples.batched(op) if all(s and isinstance(s[0], shapes.Rows) for s in c.shapes)]
    found += [c for c in samples.batched(op) if c not in found] + samples.small_cases(op)
    small = [c for c in found if sum(map(shapes.elements, c.sizes())) <= 200]
    return small[:3] if small else found[:1]


def names_of(made: Placed) -> list[str]:
    """What an extreme number can be put into."""
    return [n.name for n in made.graph.nodes if n.op is None and (n.name in made.case.op.inputs or n.name == "g")]


def calm(made: Placed, dtype: str, rng: np.random.Generator) -> dict[str, Array]:
    """Harmless numbers."""
    case = replace(made.case, rows=ROWS)
    found = dict(zip(case.op.inputs, samples.draw(case, rng), strict=True))
    found |= {p.name: np.zeros(p.shape) for p in (*made.trained, *made.fixed) if p.name not in found}
    if "g" in names_of(made):
        found["g"] = np.ones(shapes.resolve(made.y.shape, ROWS))
    return {n: v.astype(dtype) for n, v in found.items()}


def combinations(count: int, dtype: str, rng: np.random.Generator) -> list[tuple[float, ...]]:
    """Extreme numbers for so many operands: all of them, or some drawn at random where these would be too many."""
    values = grid(dtype)
    if len(values) ** count <= 10_000:
        return list(itertools.product(values, repeat=count))
    return [tuple(map(float, rng.choice(values, count))) for _ in range(10_000)]


def tries(made: Placed, dtype: str, rng: np.random.Generator) -> Iterator[dict[str, Array]]:
    """Harmless numbers in all rows but one, in which extreme ones stand; where there are no rows, everywhere."""
    names, base, values = names_of(made), calm(made, dtype, rng), grid(dtype)
    rowless = not by_row(made) & set(names)
    whole = combinations(len(names), dtype, rng)
    if isinstance(made.case.op, Elementwise):
        # its rows have nothing to do with each other: all of them in one batch, and those that break are tried
        whole = [whole[int(r)] for r in rng.permutation(_breaking(made, base, whole, dtype))[:200]]
    else:
        whole = [whole[r] for r in rng.permutation(len(whole))[:300]]
    for one in whole:
        yield _with(base, dict(zip(names, one, strict=True)), made, rowless)
    for _ in range(0 if isinstance(made.case.op, Elementwise) else 300):
        drawn = {n: rng.choice(values, base[n].shape[0 if rowless else 1 :] or ()) for n in names}
        yield _with(base, {n: v for n, v in drawn.items() if rng.random() < 0.7}, made, rowless)


def _breaking(made: Placed, base: Mapping[str, Array], whole: list[tuple[float, ...]], dtype: str) -> list[int]:
    """Of these operands, each filling a row, those with which the operation (or one on its way back) breaks."""
    given = {n: v if n not in by_row(made) else np.repeat(v[:1], len(whole), axis=0) for n, v in base.items()}
    for name, column in zip(names_of(made), zip(*whole, strict=True), strict=True):
        shape = (-1,) + (1,) * (given[name].ndim - 1)
        given[name] = np.broadcast_to(np.asarray(column, dtype).reshape(shape), given[name].shape)
    values = walked(made.nodes, given, len(whole), 1, dtype)
    bad = np.zeros(len(whole), bool)
    for node in made.back or {made.y}:
        if node in values and leads(node.shape):
            fine = [~_bad_rows(values[a], len(whole)) for a in node.args]
            bad |= _bad_rows(values[node], len(whole)) & np.logical_and.reduce(fine)
    return [int(r) for r in np.flatnonzero(bad)]


def _bad_rows(value: Array, rows: int) -> Array:
    bad = ~np.isfinite(value)
    return bad.reshape(rows, -1).any(axis=1) if value.ndim and len(value) == rows else np.full(rows, bad.any())


def _with(base: Mapping[str, Array], extreme: Mapping[str, Any], made: Placed, rowless: bool) -> dict[str, Array]:
    found = {n: v.copy() for n, v in base.items()}
    for name, value in extreme.items():
        if name in by_row(made):
            found[name][BAD] = value
        elif np.ndim(value) == 0 or rowless or found[name].shape == np.shape(value):
            found[name][...] = value
    return found


@dataclass(frozen=True)
class Broken:
    made: Placed
    given: dict[str, Array]
    told: Expected

    @property
    def source(self) -> Node:
        return self.told.sources[0]


def search(op: Any, dtype: str, *, backward: bool) -> Broken | None:
    """Finite operands with which this operation (or one on its way back), and no other, breaks; None: none do."""
    rng = np.random.default_rng(1)
    for case in calls(op):
        made = placed(case, backward)
        if made is None:
            continue
        for given in tries(made, dtype, rng):
            if backward or _breaks(made, given):
                told = expected(made, given, dtype)
                wanted = made.back if backward else {made.y}
                if told is not None and len(told.sources) == 1 and told.sources[0] in wanted:
                    return Broken(made, given, told)
    return None


def _breaks(made: Placed, given: Mapping[str, Array]) -> bool:
    """Whether the operation alone, on all rows at once, gives what is not finite: a quick look."""
    case = replace(made.case, rows=ROWS).at(ROWS)
    with np.errstate(all="ignore"):
        result = samples.computed(case, [given[n] for n in case.op.inputs])
    return not np.isfinite(result).all()


# ---- the hunt ------------------------------------------------------------------------------------------------


def hunted(broken: Broken, dtype: str, engine: str, threads: int = 1) -> hunt.Found:
    """What the hunt says of a training on this graph."""
    made = broken.made
    blocks = Blocks.of(made.trained, made.fixed)
    gradients = {p: made.gradient[p] for p in made.trained if p in made.gradient}
    tape = lower({"E": made.loss}, blocks=blocks, gradients=gradients, update=sgd().update)
    inputs = {n: v for n, v in broken.given.items() if n in by_row(made)} or {"none": np.zeros((ROWS, 1), dtype)}
    loop = Loop(tape, None, Job(inputs, {}, BATCH, EPOCHS, seed=SEED), dtype, engine=engine, threads=threads)
    for name, value in broken.given.items():
        if name not in inputs and name in tape.names:
            loop[name] = value
    loop.set("learning_rate", 0.0)  # 0 · ∞ is NaN, and 0 times all else moves nothing
    before = loop.snapshot()
    while not loop.stopped:
        loop.run(1)
    assert loop.stopped == "not finite" or not np.isfinite(loop.arena.kept()).all()
    return hunt.first_not_finite(loop, before)

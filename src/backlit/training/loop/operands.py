"""What went into an operation whose result is not finite: the word of a formula, and the numbers at that very place.

Of a formula every word is done once more, by the same engine, with nothing joined; of a sum or a product the numbers
are found that the result depends on, by asking which of them a NaN would come through.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...core.tape import Instruction, Tape, Value
from ...machine.loop import Loop
from ...machine.runner import Machine
from ...ops import formula as fm
from ...ops import shapes
from ...ops.formula import Expr
from ...ops.shapes import Rows

Array = np.ndarray[Any, Any]
MOST = 10_000_000  # numbers of an operand up to which it is asked which of them the result depends on


@dataclass(frozen=True)
class Made:
    """The operation, the one of the graph that it is a part of, and what went in; `row` (of the batch) did it alone."""

    word: str
    source: str
    given: Mapping[str, float] = field(default_factory=dict)
    row: int | None = None


def made_of(loop: Loop, i: Instruction, v: int, inputs: list[Array], place: tuple[int, ...], rows: int) -> Made:
    """What output v of an instruction is made of at a place, from copies of its inputs."""
    names = [loop.train_tape.values[n].called for n in i.inputs]
    if i.op is None:
        return _of_formula(loop, i, v, names, inputs, place, rows)
    return _of_operation(loop, i, v, names, inputs, place, rows)


# ---- formulas ------------------------------------------------------------------------------------------------


def _of_formula(
    loop: Loop, i: Instruction, v: int, names: list[str], inputs: list[Array], place: tuple[int, ...], rows: int
) -> Made:
    shape = shapes.resolve(i.shape, rows)
    kind, scalars = loop.arena.memory.dtype.type, _scalars(loop, rows)
    leaves: dict[str, Any] = {}
    called: dict[str, str] = {}
    for n, (array, view) in enumerate(zip(inputs, i.views, strict=True)):
        leaves[f"x{n}"] = kind(np.broadcast_to(array.reshape(shapes.resolve(view, rows)), shape)[place])
    given = {name: float(leaves[f"x{n}"]) for n, name in enumerate(names)}
    for n, u in enumerate(i.uniforms):
        exact = scalars[u] if isinstance(u, str) else float(u.factor * rows) if isinstance(u, Rows) else u
        called[f"p{n}"] = u if isinstance(u, str) else f"{exact:g}"
        with np.errstate(over="ignore"):
            leaves[f"p{n}"] = kind(exact)
        if not np.isfinite(leaves[f"p{n}"]):  # a setting that this type of numbers cannot hold
            given[called[f"p{n}"]] = exact
    root = i.formula[i.outputs.index(v)]
    value = _values(loop, root, leaves)
    part = _first_part(root, value)
    if part.kind != "word":
        return _of_setting(loop.train_tape, called.get(str(part.label), ""), scalars, given)
    own = {f"{part.label.name}[{n}]": value[a] for n, a in enumerate(part.args)}
    return Made(part.label.name, _source(i, part), {**own, **given})


def _of_setting(tape: Tape, name: str, scalars: Mapping[str, float], given: Mapping[str, float]) -> Made:
    """A number for the whole step that this type cannot hold: a setting, or what follows from some."""
    root = dict(tape.derived).get(name)
    if root is None or root.kind != "word":
        return Made(name or "formula", "", {name: given[name]} if name in given else given)
    parts = fm.order([root])
    value = dict(zip(parts, (float(e) for e in fm.evaluate(parts, scalars, np.float64)), strict=True))
    part = root if np.isfinite(value[root]) else _first_part(root, value)
    if part.kind != "word":
        return _of_setting(tape, str(part.label), scalars, {str(part.label): value[part]})
    own = {f"{part.label.name}[{n}]": value[a] for n, a in enumerate(part.args)}
    return Made(part.label.name, "", {**own, **{str(e.label): value[e] for e in parts if e.kind == "uniform"}})


def _values(loop: Loop, root: Expr, leaves: Mapping[str, Any]) -> dict[Expr, float]:
    """Every part of a formula for one element, by the engine of the loop: the numbers that it met."""
    parts = fm.order([root])
    number = {part: n for n, part in enumerate(parts)}
    tape = Tape([], [], {})
    for part, n in number.items():
        tape.values.append(Value(n, (), "kept" if part.kind == "word" else "input", str(n)))
        tape.names[str(n)] = n
        if part.kind == "word":
            alone = Expr("word", part.label, tuple(fm.symbol(str(number[a])) for a in part.args))
            formula, read, _ = fm.number([alone])
            i = Instruction(
                len(tape.instructions), tuple(map(int, read)), (n,), (), formula=formula, views=((),) * len(read)
            )
            tape.instructions.append(i)
    if not tape.instructions:
        return {root: float(leaves.get(str(root.label), root.label))}
    machine = Machine(tape, 1, loop.dtype, engine=loop.backend.name)
    for part, n in number.items():
        if part.kind != "word":
            machine[str(n)] = part.label if part.kind == "constant" else leaves[part.label]
    machine.run()
    return {part: float(machine[str(n)]) for part, n in number.items()}


def _first_part(root: Expr, value: Mapping[Expr, float]) -> Expr:
    """The part of a formula whose operands are finite and whose result is not; a leaf, if that is not finite itself.

    Of `where` only the branch that is taken counts.
    """
    part = root
    while part.kind == "word":
        if part.label.name == "where":
            part = part.args[1] if value[part.args[0]] else part.args[2]
            continue
        below = next((a for a in part.args if not np.isfinite(value[a])), None)
        if below is None:
            break
        part = below
    return part


def _source(i: Instruction, part: Expr) -> str:
    """The operation of the graph that a part of its formula belongs to: the smallest that holds it."""
    holding = [(fm.size([e]), name) for name, e in i.parts if part in fm.order([e])]
    return min(holding, key=lambda one: one[0])[1] if holding else ""


def _scalars(loop: Loop, rows: int) -> dict[str, float]:
    """The scalars of the step that comes next, by name."""
    tape = loop.train_tape
    found = {n: float(loop.table[p]) for n, p in loop.train.scalars.items()}
    found |= {n: float(v.factor * rows) for n, v in tape.scalars.items() if isinstance(v, Rows)}
    found["k"] = float(loop.step + 1)
    for name, e in tape.derived:
        found[name] = float(fm.evaluate([e], found, np.float64)[0])
    return found


# ---- sums, products and all else -----------------------------------------------------------------------------


def _of_operation(
    loop: Loop, i: Instruction, v: int, names: list[str], inputs: list[Array], place: tuple[int, ...], rows: int
) -> Made:
    """The largest of the numbers that the result depends on, of each operand.

    Where the result has nothing for each row, a row is looked for that alone makes it what it is.
    """
    assert i.op is not None
    tape = loop.train_tape
    by_row = [_factor(tape.values[n].shape) for n in i.inputs]
    factor = _factor(tape.values[v].shape)
    compute = _Computing(loop, i)
    lo, hi, alone = 0, rows, None
    if factor and not i.op.mixes_rows and not i.op.random:  # what is drawn depends on the number of rows before it
        lo, hi = place[0] // factor, place[0] // factor + 1
        place = (place[0] % factor, *place[1:])
    elif not factor and any(by_row):
        lo, hi = _one_row(compute, inputs, by_row, place, rows)
        alone = lo if hi - lo == 1 else None
    some = [x[lo * f : hi * f] if f else x for x, f in zip(inputs, by_row, strict=True)]
    given: dict[str, float] = {}
    for n, name in enumerate(names):
        found = _largest(compute, some, n, place, hi - lo)
        if found is not None:
            given[name if name not in given else f"{name}[{n}]"] = found
    return Made(i.op.name, i.op.name, given, alone)


def _factor(shape: shapes.Shape) -> int:
    """How many entries of its first axis belong to each row of the batch; 0: it has nothing for each row."""
    return shape[0].factor if shape and isinstance(shape[0], Rows) else 0


class _Computing:
    """One operation, computed on arrays as in the step that comes next."""

    def __init__(self, loop: Loop, i: Instruction) -> None:
        assert i.op is not None
        self.op, self.attrs = i.op, dict(i.attrs)
        self.random = {"seed": int(loop.job.seed), "step": loop.step + 1} if i.op.random else {}

    def __call__(self, arrays: Sequence[Array], rows: int) -> Array:
        known = {k: shapes.resolve(a, rows) if k == "shape" else a for k, a in self.attrs.items()}
        return np.asarray(self.op.compute(arrays, {**known, **self.random}))


def _one_row(
    compute: _Computing, inputs: list[Array], by_row: list[int], place: tuple[int, ...], rows: int
) -> tuple[int, int]:
    """By halves: the fewest rows, one after the other, that alone give a result which is not finite at this place."""

    def broken(lo: int, hi: int) -> bool:
        some = [x[lo * f : hi * f] if f else x for x, f in zip(inputs, by_row, strict=True)]
        return not np.isfinite(compute(some, hi - lo)[place])

    lo, hi = 0, rows
    while hi - lo > 1:
        middle = (lo + hi) // 2
        if broken(lo, middle):
            hi = middle
        elif broken(middle, hi):
            lo = middle
        else:
            return 0, rows
    return lo, hi


def _largest(compute: _Computing, arrays: list[Array], n: int, place: tuple[int, ...], rows: int) -> float | None:
    """Of operand n the number of largest size that the result at this place depends on; None if it depends on none.

    All that are larger are made NaN, together, and come through or do not: the size is found by halves.
    """
    flat = np.ravel(arrays[n])
    order = np.argsort(-np.abs(flat), kind="stable")
    if not flat.size:
        return None
    if flat.size > MOST:
        return float(flat[order[0]])
    benign = [np.where(np.isfinite(x), np.clip(x, -1, 1), 0).astype(x.dtype) for x in arrays]

    def comes_through(count: int) -> bool:
        spoilt = flat.clip(-1, 1)
        spoilt[order[:count]] = np.nan
        tried = [spoilt.reshape(x.shape) if k == n else x for k, x in enumerate(benign)]
        return bool(np.isnan(compute(tried, rows)[place]))

    if comes_through(0) or not comes_through(flat.size):
        return float(flat[order[0]]) if comes_through(0) else None
    lo, hi = 0, flat.size  # the first lo do not come through, the first hi do
    while hi - lo > 1:
        middle = (lo + hi) // 2
        lo, hi = (lo, middle) if comes_through(middle) else (middle, hi)
    return float(flat[order[hi - 1]])


# ---- where it stands -----------------------------------------------------------------------------------------


def layer_of(tape: Tape, i: Instruction, v: int, parameter: str = "") -> str:
    """The layer that an instruction belongs to, by the names of what it makes, reads, or is made for."""

    def named(numbers: Sequence[int], own: bool = False) -> str:
        found = (tape.values[n] for n in numbers)
        names = (x.called.removeprefix("∂E/∂") for x in found if not own or (x.kind == "block" and x.block is not None))
        return next((name.rpartition(".")[0] for name in names if "." in name), "")

    if parameter:
        return parameter.rpartition(".")[0]
    users = [o for one in tape.instructions[: tape.update_at] if v in one.inputs for o in one.outputs]
    return named([v]) or named(i.inputs, own=True) or named(users) or named(i.inputs)

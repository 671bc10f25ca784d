"""The tape: numbered instructions on numbered values (a Wengert list), and their places in one memory, the arena.

An instruction is a formula for every element (several results are possible: an optimizer's step) or a structural
operation.  The tape says nothing about how it is run: the interpreter runs it with NumPy, the machine with compiled
kernels, both on the same arena.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..ops import shapes
from ..ops.declare import Structural
from ..ops.formula import Expr
from ..ops.printing import plain
from ..ops.shapes import Rows, Shape, Size

ALIGN = 16  # elements: a slot starts on a cache line of its own in float32 (two in float64)

# What an instruction's uniform reads: a number, a number of rows, or a scalar by name ("learning_rate").
Scalar = float | Rows | str


@dataclass(frozen=True)
class Value:
    """One array that instructions read and write.

    kind: "input" (given for every run), "block" (kept between runs: parameters, gradients, state), "kept" (may be
    looked at after a run) or "passing" (its place is used again once nobody needs it).
    """

    number: int
    shape: Shape
    kind: str
    name: str = ""
    block: int | None = None  # the value that this one is a part of
    place: int = 0  # where in the block it begins
    label: str = ""  # what it is called where it is told, if it has no name: no part of what the tape is

    @property
    def called(self) -> str:
        """Its name for people."""
        return self.name or self.label or f"%{self.number}"


@dataclass(frozen=True)
class Instruction:
    """One line of the tape: `outputs = op(inputs)`."""

    number: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    shape: Shape  # of the first output; a formula runs over it
    op: Structural | None = None
    attrs: Mapping[str, Any] = field(default_factory=dict)
    formula: tuple[Expr, ...] = ()  # numbered: inputs x0, x1 …, uniforms p0, p1 …
    views: tuple[Shape, ...] = ()  # the shape as which each input is repeated over `shape`
    uniforms: tuple[Scalar, ...] = ()
    # Which operations the formula was joined of, and the part of it that each of them is: what is told, never run.
    parts: tuple[tuple[str, Expr], ...] = ()

    @property
    def name(self) -> str:
        return self.op.name if self.op else "formula"


@dataclass(eq=False)  # known by itself: what was made of a tape is kept by it
class Tape:
    """Instructions, their values, and the scalars that are worked out before each step.  Nobody writes to one."""

    values: list[Value]
    instructions: list[Instruction]
    names: dict[str, int]  # of values that can be asked for
    scalars: dict[str, float | Rows] = field(default_factory=dict)  # the settings: name and value
    derived: list[tuple[str, Expr]] = field(default_factory=list)  # scalars worked out from others, in order
    update_at: int = 0  # instructions from here on change the parameters

    def text(self) -> str:
        """The tape for people: number, result, operation, operands, shape, formula."""
        rows = [f"{name} = {plain(e)}" for name, e in self.derived]
        for i in self.instructions:
            out = ", ".join(f"%{v} {self.values[v].name}".rstrip() for v in i.outputs)
            ins = [f"%{v}" for v in i.inputs]
            if i.op:
                more = "".join(f", {k}={v}" for k, v in i.attrs.items() if k not in ("seed", "step") and v is not None)
                what = f"{i.op.name}({', '.join(ins)}{more})"
            else:
                names = {f"x{n}": v for n, v in enumerate(ins)}
                names |= {f"p{n}": _scalar_text(u) for n, u in enumerate(i.uniforms)}
                what = "; ".join(plain(e, names) for e in i.formula)
            rows.append(f"{i.number:4d}  {out} {shapes.text(i.shape)}  =  {what}")
        return "\n".join(rows)


def _scalar_text(u: Scalar) -> str:
    return f"{u:g}" if isinstance(u, float) else str(u)


@dataclass(frozen=True)
class Layout:
    """Where each value lies in the arena, in elements, for batches of up to `rows` rows."""

    offsets: tuple[int, ...]
    length: int
    kept: int  # the first `kept` elements hold blocks: they live on between runs
    rows: int

    def size(self, value: Value, rows: int) -> int:
        return shapes.count(shapes.product(value.shape), rows)


def lay_out(
    tape: Tape, rows: int, guard: int = 0, start: int = 0, blocks: Mapping[str, int] | None = None,
    until: Sequence[int] | None = None,
) -> Layout:  # fmt: skip
    """Give every value of the tape a place; values that are never alive together may share one.

    Parameters
    ----------
    rows : int
        The largest batch.
    guard : int
        Elements left free after each slot (the tests put guard words there).
    start : int
        The first free element; blocks that another tape has placed are given by name in `blocks`.
    until : Sequence of int
        For each instruction the one after which the places of what it reads may be used again: itself, or a later
        one, where instructions are not done strictly one after the other.

    An output never shares its place with an input of the same instruction: kernels may read and write in any order.
    """
    return _lay_out(tape, rows, guard, start, tuple((blocks or {}).items()), tuple(until or ()))


@functools.lru_cache(64)  # a tape is asked for again and again: see `remembered.py`
def _lay_out(
    tape: Tape, rows: int, guard: int, start: int, placed: tuple[tuple[str, int], ...], until: tuple[int, ...]
) -> Layout:
    blocks = dict(placed)
    offsets = [0] * len(tape.values)
    end = start

    def room(size: Size) -> int:
        return -(-(shapes.count(size, rows) + guard) // ALIGN) * ALIGN

    own = [v for v in tape.values if v.block is None and v.kind != "passing"]
    for value in sorted(own, key=lambda v: v.kind != "block"):
        if value.kind == "block" and value.name in blocks:
            offsets[value.number] = blocks[value.name]
            continue
        offsets[value.number] = end
        end += room(shapes.product(value.shape))
    kept_end = max([offsets[v.number] + room(shapes.product(v.shape)) for v in own if v.kind == "block"], default=start)
    end = _place_passing(tape, offsets, end, room, until or range(len(tape.instructions)))
    for value in tape.values:
        if value.block is not None:
            offsets[value.number] = offsets[value.block] + value.place
    return Layout(tuple(offsets), end, kept_end, rows)


def _place_passing(tape: Tape, offsets: list[int], end: int, room: Any, until: Sequence[int]) -> int:
    """First fit: each passing value takes the first gap that is free from its making to its last use."""
    last: dict[int, int] = {}
    for i in tape.instructions:
        for v in (*i.inputs, *i.outputs):
            last[v] = until[i.number]
    dying: dict[int, list[int]] = {}
    for v, number in last.items():
        if tape.values[v].kind == "passing":
            dying.setdefault(number, []).append(v)
    free: list[tuple[int, int]] = []  # (offset, size), sorted
    for i in tape.instructions:
        for v in i.outputs:
            if tape.values[v].kind != "passing":
                continue
            size = room(shapes.product(tape.values[v].shape))
            for n, (offset, gap) in enumerate(free):
                if gap >= size:
                    offsets[v] = offset
                    free[n : n + 1] = [(offset + size, gap - size)] if gap > size else []
                    break
            else:
                offsets[v] = end
                end += size
        for v in dying.get(i.number, ()):
            free = _merged([*free, (offsets[v], room(shapes.product(tape.values[v].shape)))])
    return end


def _merged(gaps: list[tuple[int, int]]) -> list[tuple[int, int]]:
    result: list[tuple[int, int]] = []
    for offset, size in sorted(gaps):
        if result and sum(result[-1]) == offset:
            result[-1] = (result[-1][0], result[-1][1] + size)
        else:
            result.append((offset, size))
    return result

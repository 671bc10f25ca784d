"""How two threads share a tape: who does what of each instruction, in which order, and where they have to wait.

Each instruction is shared as its operation allows (`Structural.units`).  Most are shared by rows of the batch: then a
thread that goes on to the next one finds what it needs among its own rows, and need not wait.  So instructions that
need no waiting are drawn forward (`arrange`), and a barrier stands only before one that reads what the other thread
wrote, or writes where the other thread reads (`barriers`).
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from typing import NamedTuple

from ..core.tape import Instruction, Layout, Tape
from ..ops import formula as fm
from ..ops import shapes
from ..ops.shapes import Rows, Size

GRAIN = 16  # elements: whole cache lines of float32, so that threads seldom write to the same one
# From so many operations on, what is broader than high is shared by columns: two threads then read half the weights
# each, at the price of a barrier (benchmarks/decisions/products.py).
COLUMNS_FROM = 20_000_000


@dataclass(frozen=True)
class Sharing:
    """How an instruction is shared: `count` parts, in whole grains; by rows of the batch, or otherwise."""

    count: Size
    grain: int
    by_rows: bool
    way: int | None = None  # which of the operation's ways, where it has several


def sharing(tape: Tape, i: Instruction, rows: int) -> Sharing:
    """How the instruction is shared, for batches of `rows` rows."""
    ways: list[Size] = [shapes.product(i.shape)]
    if i.op is not None:
        ways = list(i.op.units(_shapes_in(tape, i), i.shape, **dict(i.attrs)))
    way = 0
    if len(ways) > 1:
        high, broad = (shapes.count(w, rows) for w in ways[:2])
        way = int(broad >= 2 * high and work(tape, i, rows) >= COLUMNS_FROM)
    count = ways[way]
    by_rows = way == 0 and isinstance(count, Rows) and bool(i.shape) and isinstance(i.shape[0], Rows)
    grain = count.factor if by_rows and isinstance(count, Rows) else GRAIN
    return Sharing(count, grain, by_rows, way if len(ways) > 1 else None)


def work(tape: Tape, i: Instruction, rows: int) -> int:
    """About how many operations the instruction takes."""
    if i.op is None:
        return shapes.count(shapes.product(i.shape), rows) * fm.size(i.formula)
    return shapes.count(i.op.work(_shapes_in(tape, i), i.shape, **dict(i.attrs)), rows)


@functools.lru_cache(64)
def tapes_work(tape: Tape, rows: int) -> int:
    """About how many operations a pass over the tape takes: what the number of threads is chosen by."""
    return sum(work(tape, i, rows) for i in tape.instructions)


def _shapes_in(tape: Tape, i: Instruction) -> list[shapes.Shape]:
    return [tape.values[v].shape for v in i.inputs]


def _own_rows(tape: Tape, i: Instruction, place: int) -> bool:
    """Whether an instruction shared by rows reads only its own rows of an input."""
    shape = i.views[place] if i.op is None else tape.values[i.inputs[place]].shape
    value = tape.values[i.inputs[place]].shape
    return bool(shape) and isinstance(shape[0], Rows) and isinstance(value[0], Rows)


# --- the order ----------------------------------------------------------------------------------------------------


def arrange(tape: Tape, rows: int) -> tuple[Tape, list[int]]:
    """The tape in waves, within which no thread waits; and for each instruction the last one of its wave.

    Only the order changes.  What is read in a wave must not be overwritten in it: `lay_out` takes the second result.
    """
    shared = [sharing(tape, i, rows) for i in tape.instructions]
    maker = {v: i.number for i in tape.instructions for v in i.outputs}
    waiting = list(tape.instructions[: tape.update_at])
    waves: list[list[Instruction]] = []
    wave_of: dict[int, int] = {}
    while waiting:
        wave: list[Instruction] = []
        left: list[Instruction] = []
        for i in waiting:
            if _joins(tape, i, shared, maker, wave_of, len(waves)):
                wave.append(i)
                wave_of[i.number] = len(waves)
            else:
                left.append(i)
        waves.append(wave)
        waiting = left
    waves += [[i] for i in tape.instructions[tape.update_at :]]
    order = [i for wave in waves for i in wave]
    until, end = [], 0
    for wave in waves:
        end += len(wave)
        until += [end - 1] * len(wave)
    return replace(tape, instructions=[replace(i, number=n) for n, i in enumerate(order)]), until


def _joins(
    tape: Tape, i: Instruction, shared: list[Sharing], maker: dict[int, int], wave_of: dict[int, int], now: int
) -> bool:
    """Whether the instruction can be done in the wave `now` without waiting."""
    for place, v in enumerate(i.inputs):
        source = maker.get(v)
        if source is None:
            # a parameter, or the batch's rows, of which each thread brings its own
            own = shared[i.number].by_rows and _own_rows(tape, i, place)
            if now == 0 and tape.values[v].kind == "input" and not own:
                return False
            continue
        if source not in wave_of:
            return False
        alike = shared[i.number].by_rows and shared[source].by_rows and _own_rows(tape, i, place)
        if wave_of[source] == now and not alike:
            return False
    return True


# --- waiting ------------------------------------------------------------------------------------------------------


class _Access(NamedTuple):
    begin: int
    end: int
    writes: bool
    row: int  # elements of a row, where a thread touches its own rows only; else 0
    alone: bool  # only the first thread does it


def barriers(tape: Tape, layout: Layout) -> list[bool]:
    """Before which instructions both threads have to meet."""
    since = [a for v in tape.values if v.kind == "input" for a in [_access(tape, layout, v.number, True, True, False)]]
    found = []
    for i in tape.instructions:
        touched = _accesses(tape, layout, i)
        waits = any(_clash(a, b) for a in since for b in touched)
        found.append(waits)
        since = touched if waits else since + touched
    return found


def _accesses(tape: Tape, layout: Layout, i: Instruction) -> list[_Access]:
    s = sharing(tape, i, layout.rows)
    alone = not s.by_rows and shapes.count(s.count, layout.rows) <= s.grain
    reads = [
        _access(tape, layout, v, False, s.by_rows and _own_rows(tape, i, place), alone)
        for place, v in enumerate(i.inputs)
    ]
    return reads + [_access(tape, layout, v, True, s.by_rows, alone) for v in i.outputs]


def _access(tape: Tape, layout: Layout, v: int, writes: bool, by_rows: bool, alone: bool) -> _Access:
    begin = layout.offsets[v]
    size = layout.size(tape.values[v], layout.rows)
    return _Access(begin, begin + size, writes, size // layout.rows if by_rows else 0, alone)


def _clash(a: _Access, b: _Access) -> bool:
    overlap = a.begin < b.end and b.begin < a.end and (a.writes or b.writes)
    alike = (a.row > 0 and a.row == b.row and a.begin == b.begin) or (a.alone and b.alone)
    return overlap and not alike

"""Where did the NaN come from?  The run is put back to before it and replayed, instruction by instruction.

A run is the same bits whenever it is replayed, so the first instruction whose inputs are finite and whose result is
not is the one that did it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..core.tape import Instruction, Tape, Value
from ..machine.loop import Loop, Snapshot
from ..ops import formula as fm
from ..ops import shapes
from ..ops.formula import Expr
from ..ops.shapes import Rows

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Found:
    """The first place that is not finite: epoch and step from 1; instruction -1 is the data themselves.

    word : the operation itself: of a formula the word of it that went wrong
    row : of the training rows, from 0, where the value has one number (or several) for each row
    place : where in the value; a batch's rows come first
    result : what came out there
    given : what went in, by name: the numbers at that place, or of a sum or a product the largest of them
    """

    epoch: int
    step: int
    instruction: int
    operation: str
    value: str
    forward: bool = False  # on the way to the loss, not back from it
    word: str = ""
    row: int | None = None
    place: tuple[int, ...] = ()
    result: float = float("nan")
    given: Mapping[str, float] = field(default_factory=dict)

    def details(self) -> dict[str, Any]:
        """What is known besides the instruction."""
        return {
            "word": self.word, "row": self.row, "place": list(self.place), "result": self.result,
            "given": dict(self.given), "forward": self.forward,
        }  # fmt: skip


def first_not_finite(loop: Loop, before: Snapshot) -> Found:
    """Replay from `before` to the step that went wrong; the loop is left as it was found."""
    after = loop.snapshot()
    bad = after.step  # steps done before the loss that is not finite
    loop.restore(before)
    loop.run(bad - before.step)
    start = loop.snapshot()
    if not np.isfinite(loop.arena.kept()).all():
        # An update made weights (or the optimizer's means) not finite: an earlier step than the loss that showed it.
        loop.restore(before)
        while loop.step < bad:
            start = loop.snapshot()
            loop.run(1)
            if not np.isfinite(loop.arena.kept()).all():
                break
    loop.restore(start)
    found = _step_through(loop)
    loop.restore(after)
    return found


def _step_through(loop: Loop) -> Found:
    """Run the step that comes next one instruction at a time and look after each."""
    with np.errstate(over="ignore"):  # data that float32 cannot hold: they are infinite there, and found below
        rows = loop.load_batch()
    tape, arena = loop.train_tape, loop.arena
    epoch, step = loop.epoch + 1, loop.step + 1
    with arena.batch(rows):
        for value in tape.values:
            if value.kind == "input" and not np.isfinite(seen := arena.view(value.number)).all():
                return Found(epoch, step, -1, "data", value.name, word="data", **_where(loop, value, seen))
        for i in tape.instructions:
            inputs = [arena.view(v).copy() for v in i.inputs]  # a result may take the place of what it is made of
            loop.play(i.number, i.number + 1, rows)
            for v in i.outputs:
                if not np.isfinite(seen := arena.view(v)).all():
                    name, at = tape.values[v].name or f"%{v}", _where(loop, tape.values[v], seen)
                    word, given = _made_of(loop, i, v, inputs, at["place"], rows)
                    forward = i.number <= _loss_at(tape)
                    return Found(epoch, step, i.number, i.name, name, forward, word, given=given, **at)
    return Found(epoch, step, -1, "loss", "E")


def _where(loop: Loop, value: Value, seen: Array) -> dict[str, Any]:
    """The first place of a value that is not finite, its number, and which of the training rows it belongs to."""
    place = tuple(int(i) for i in np.argwhere(~np.isfinite(seen))[0])
    row = None
    if value.shape and isinstance(value.shape[0], Rows):
        row = int(loop.order_now()[loop.epoch_position + place[0] // value.shape[0].factor])
    return {"place": place, "row": row, "result": float(seen[place])}


def _made_of(
    loop: Loop, i: Instruction, v: int, inputs: list[Array], place: tuple[int, ...], rows: int
) -> tuple[str, dict[str, float]]:
    """The operation that went wrong, and what went into it."""
    tape = loop.train_tape
    names = [tape.values[n].name or f"%{n}" for n in i.inputs]
    if i.op is not None:
        given = {}
        for n, name, array in zip(i.inputs, names, inputs, strict=True):
            by_row = bool(tape.values[n].shape) and isinstance(tape.values[n].shape[0], Rows) and bool(place)
            by_row &= isinstance(tape.values[v].shape[0], Rows) if tape.values[v].shape else False
            some = array[place[0]] if by_row else array
            given[name] = float(np.ravel(some)[np.argmax(np.abs(some))]) if some.size else float("nan")
        return i.op.name, given
    shape = shapes.resolve(i.shape, rows)
    kind, scalars = inputs[0].dtype.type if inputs else np.float32, _scalars(loop, rows)
    leaves: dict[str, Any] = {}
    for n, (array, view) in enumerate(zip(inputs, i.views, strict=True)):
        leaves[f"x{n}"] = kind(np.broadcast_to(array.reshape(shapes.resolve(view, rows)), shape)[place])
    for n, u in enumerate(i.uniforms):
        leaves[f"p{n}"] = kind(scalars[u] if isinstance(u, str) else u.factor * rows if isinstance(u, Rows) else u)
    part, values = _first_word(i.formula[i.outputs.index(v)], leaves, kind)
    read = {name: float(leaves[f"x{n}"]) for n, name in enumerate(names)}
    own = {f"{part.label.name}[{n}]": value for n, value in enumerate(values)}
    return part.label.name if part.kind == "word" else "formula", {**own, **read}


def _first_word(root: Expr, leaves: Mapping[str, Any], kind: Any) -> tuple[Expr, list[float]]:
    """The part of a formula whose operands are finite and whose result is not, and these operands.

    Of `where` only the branch that is taken counts.
    """
    parts = fm.order([root])
    value = dict(zip(parts, (float(e) for e in fm.evaluate(parts, leaves, kind)), strict=True))
    part = root
    while part.kind == "word":
        if part.label.name == "where":
            part = part.args[1] if value[part.args[0]] else part.args[2]
            continue
        below = next((a for a in part.args if not np.isfinite(value[a]) and a.kind == "word"), None)
        if below is None:
            break
        part = below
    return part, [value[a] for a in part.args]


def _scalars(loop: Loop, rows: int) -> dict[str, float]:
    """The scalars of the step that comes next, by name."""
    tape = loop.train_tape
    found = {n: float(loop.table[p]) for n, p in loop.train.scalars.items()}
    found |= {n: float(v.factor * rows) for n, v in tape.scalars.items() if isinstance(v, Rows)}
    found["k"] = float(loop.step + 1)
    for name, e in tape.derived:
        found[name] = float(fm.evaluate([e], found, np.float64)[0])
    return found


def _loss_at(tape: Tape) -> int:
    """The number of the instruction that makes the loss."""
    return next(i.number for i in tape.instructions if tape.names["E"] in i.outputs)

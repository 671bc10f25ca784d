"""Where did the NaN come from?  The run is put back to before it and replayed, instruction by instruction.

A run is the same bits whenever it is replayed, so the first instruction whose inputs are finite and whose result is
not is the one that did it.  What went into it is found in `operands.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...core.tape import Instruction, Tape, Value
from ...machine.loop import Loop, Snapshot
from ...ops import shapes
from ...ops.shapes import Rows
from . import operands

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Found:
    """The first place that is not finite: epoch and step from 1; instruction -1 is the data themselves.

    word : the operation itself: of a formula the word of it that went wrong
    source : the operation of the graph of which the word is a part (sigmoid, mul); "": of none, in a step of weights
    layer : the layer in which it stands; "": in none (the loss)
    row : of the training rows, from 0: where the value has numbers for each row, or where one row alone makes it so
    batch_row : the same row, counted in its batch
    place : where in the value; a batch's rows come first
    unit : the place in its row; of a weight (out, in), as weights are shown; of a block the place in its `parameter`
    parameter : where the value is a block of all parameters: which of them it is
    result : what came out there
    given : what went in, by name: the numbers at that place, or of a sum or a product the largest of them
    """

    epoch: int
    step: int
    instruction: int
    operation: str
    value: str
    way: str = "data"  # "forward" to the loss, "backward" from it, or in the "update" of the weights
    word: str = ""
    source: str = ""
    layer: str = ""
    row: int | None = None
    batch_row: int | None = None
    place: tuple[int, ...] = ()
    unit: tuple[int, ...] = ()
    parameter: str = ""
    result: float = float("nan")
    given: Mapping[str, float] = field(default_factory=dict)

    @property
    def forward(self) -> bool:
        """On the way to the loss, not back from it."""
        return self.way == "forward"

    def details(self) -> dict[str, Any]:
        """What is known besides the instruction."""
        return {
            "word": self.word, "source": self.source, "layer": self.layer, "row": self.row,
            "batch_row": self.batch_row, "place": list(self.place), "unit": list(self.unit),
            "parameter": self.parameter, "result": self.result, "given": dict(self.given), "way": self.way,
            "forward": self.forward,
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
                return _of_data(loop, epoch, step, value, seen)
        first: tuple[int, Instruction, int, list[Array], Array] | None = None
        asked = {i.outputs: i.number for i in loop.asked_tape.instructions}  # two threads have another order
        for i in tape.instructions:
            if i.number == tape.update_at and first is not None:
                break  # the loop looks at the loss before it changes a weight; and all of the way back comes before
            inputs = [arena.view(v).copy() for v in i.inputs]  # a result may take the place of what it is made of
            loop.play(i.number, i.number + 1, rows)
            at = asked[i.outputs]
            if (first is not None and at > first[0]) or not all(np.isfinite(x).all() for x in inputs):
                continue
            v = next((v for v in i.outputs if not np.isfinite(arena.view(v)).all()), None)
            if v is not None:
                first = at, i, v, inputs, arena.view(v).copy()
                if tape is loop.asked_tape or i.number >= tape.update_at:
                    break
        if first is None:
            return Found(epoch, step, -1, "loss", "E", "forward", "loss")
        return _told(loop, epoch, step, rows, *first)


def _of_data(loop: Loop, epoch: int, step: int, value: Value, seen: Array) -> Found:
    """A number of the rows that is not finite, or that this type of numbers cannot hold: it is told as it was given."""
    place = _first(seen)
    k = _batch_row(value, place)
    assert k is not None
    row = _row(loop, k)
    given = np.asarray(loop.job.inputs[value.name])[(row, *place[1:])]
    return Found(
        epoch, step, -1, "data", value.name, word="data", row=row, batch_row=k, place=place, unit=place[1:],
        result=float(seen[place]), given={value.name: float(given)},
    )  # fmt: skip


def _told(
    loop: Loop, epoch: int, step: int, rows: int, number: int, i: Instruction, v: int, inputs: list[Array], seen: Array
) -> Found:
    """What is known of the instruction that went wrong in its output v."""
    tape, place = loop.train_tape, _first(seen)
    value = tape.values[v]
    made = operands.made_of(loop, i, v, inputs, place, rows)
    own = _batch_row(value, place)
    k = own if made.row is None else made.row
    parameter, inside = _parameter(tape, value, place)
    unit = inside if own is None else inside[1:]
    if (parameter or value.called).endswith(".weight"):
        unit = unit[::-1]
    return Found(
        epoch, step, number, i.name, value.called, _way(tape, i), made.word, made.source,
        operands.layer_of(tape, i, v, parameter), None if k is None else _row(loop, k), k, place, unit,
        parameter, float(seen[place]), made.given,
    )  # fmt: skip


def _first(seen: Array) -> tuple[int, ...]:
    """The first place that is not finite."""
    return tuple(int(i) for i in np.argwhere(~np.isfinite(seen))[0])


def _batch_row(value: Value, place: tuple[int, ...]) -> int | None:
    """Which row of the batch a place of a value belongs to."""
    if value.shape and isinstance(value.shape[0], Rows):
        return place[0] // value.shape[0].factor
    return None


def _row(loop: Loop, k: int) -> int:
    """Row k of the batch as one of the training rows."""
    return int(loop.order_now()[loop.epoch_position + k])


def _parameter(tape: Tape, value: Value, place: tuple[int, ...]) -> tuple[str, tuple[int, ...]]:
    """Of a block of all parameters (θ, or what an optimizer keeps) the one with this place, and where in it."""
    if value.kind != "block" or value.block is not None or len(place) != 1:
        return "", place
    block = next((v.number for v in tape.values if v.kind == "block" and v.name == "θ"), None)
    whole = block is not None and tape.values[block].shape == value.shape
    for part in tape.values if whole else ():
        size = shapes.elements(shapes.resolve(part.shape, 1)) if part.block == block else 0
        if part.place <= place[0] < part.place + size:
            at = tuple(int(n) for n in np.unravel_index(place[0] - part.place, part.shape))  # type: ignore[arg-type]
            return part.name, at
    return "", place


def _way(tape: Tape, last: Instruction) -> str:
    """Where in the step an instruction stands: forward is all that the loss is made of."""
    if last.number >= tape.update_at:
        return "update"
    needed = {tape.names["E"]}
    for i in reversed(tape.instructions[: tape.update_at]):
        if needed.intersection(i.outputs):
            if i.number == last.number:
                return "forward"
            needed.update(i.inputs)
    return "backward"

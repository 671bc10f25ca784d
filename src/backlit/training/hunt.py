"""Where did the NaN come from?  The run is put back to before it and replayed, instruction by instruction.

A run is the same bits whenever it is replayed, so the first instruction whose inputs are finite and whose result is
not is the one that did it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..core.tape import Tape
from ..machine.loop import Loop, Snapshot


@dataclass(frozen=True)
class Found:
    """The first place that is not finite: epoch and step from 1; instruction -1 is the data themselves."""

    epoch: int
    step: int
    instruction: int
    operation: str
    value: str
    forward: bool = False  # on the way to the loss, not back from it


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
    rows = loop.load_batch()
    tape, arena = loop.train_tape, loop.arena
    epoch, step = loop.epoch + 1, loop.step + 1
    with arena.batch(rows):
        for value in tape.values:
            if value.kind == "input" and not np.isfinite(arena.view(value.number)).all():
                return Found(epoch, step, -1, "data", value.name)
        for i in tape.instructions:
            loop.play(i.number, i.number + 1, rows)
            for v in i.outputs:
                if not np.isfinite(arena.view(v)).all():
                    name = tape.values[v].name or f"%{v}"
                    return Found(epoch, step, i.number, i.name, name, i.number <= _loss_at(tape))
    return Found(epoch, step, -1, "loss", "E")


def _loss_at(tape: Tape) -> int:
    """The number of the instruction that makes the loss."""
    return next(i.number for i in tape.instructions if tape.names["E"] in i.outputs)

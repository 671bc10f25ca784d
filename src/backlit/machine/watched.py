"""A training whose steps are looked at: another tape takes its steps, in the same memory, and leaves a record of each.

The other tape computes what the training's own does, to the same bits, and beside it what is looked at.  Its steps are
steps of the training: batches, epochs, held-out rows and reasons to stop are the loop's.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..core.arena import Arena, Array
from ..core.tape import ALIGN, Tape, lay_out
from .loop import Loop
from .state import BLOCK


class Watched:
    """Steps of a loop by another tape.

    Parameters
    ----------
    loop : Loop
        Its memory grows.
    tape : Tape
        With the blocks of the loop's tape by their names, its inputs, and the value "E".
    names : sequence of str
        The values that a record holds, one behind the other; none of them depends on the number of rows.
    """

    def __init__(self, loop: Loop, tape: Tape, names: Sequence[str]) -> None:
        self.loop, self.tape = loop, tape
        own = loop.arena.layout
        blocks = {
            v.name: own.offsets[v.number] for v in loop.train_tape.values if v.kind == "block" and v.block is None
        }
        start = -(-len(loop.arena.memory) // ALIGN) * ALIGN  # behind all that the loop's own tapes use
        layout = lay_out(tape, loop.batch, start=start, blocks=blocks)
        self.code, registers = loop.backend.encode(tape, layout, loop.scalars)
        loop.grow(layout.length + registers * BLOCK)
        arena = Arena(tape, layout, loop.dtype, loop.arena.memory)
        loop.backend.attach(self.code, arena)
        self.places = loop.places.copy()
        used = [name for name in loop.job.inputs if name in loop.train_tape.names]
        self.places[:, 2] = [layout.offsets[tape.names[name]] for name in used]
        self.spans: dict[str, slice] = {}
        self.signs = np.zeros((len(names), 3), dtype=np.int64)
        end = 0
        for i, name in enumerate(names):
            length = arena[name].size
            self.signs[i] = layout.offsets[tape.names[name]], length, end
            self.spans[name] = slice(end, end + length)
            end += length
        self.width = end
        self.fields = {
            "EXTRA": self.code.extra, "UPDATE_AT": tape.update_at + self.code.extra,
            "LOSS_AT": layout.offsets[tape.names["E"]],
        }  # fmt: skip

    def run(self, steps: int) -> Array:
        """Train for `steps` steps, or until there is a reason to stop; a record for each step that was done."""
        loop = self.loop
        if loop.stopped:
            return np.zeros((0, self.width), dtype=loop.dtype)
        records = np.empty(steps * self.width, dtype=loop.dtype)
        before = {name: loop._get(name) for name in (*self.fields, "THREADS")}
        loop._set(RESOLVED=0, **self.fields)
        try:
            done = loop._advance(steps, self.code, self.places, 1, (self.signs, records))
        finally:
            loop._set(**{**before, "RESOLVED": 0})
        return records.reshape(steps, self.width)[:done]

"""One tape on the machine: set values, run instructions, look at values.  The lens and the tests use it."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.arena import Arena, Array, aligned
from ..core.tape import Tape, lay_out
from ..errors import fail
from .backend import backend
from .encode import Scalars
from .state import BLOCK, PLACE, new_state


class Machine:
    """A tape with its memory, run by the machine; the same face as `core.interpret.Interpreter`.

    Parameters
    ----------
    tape : Tape
    rows : int
        The largest batch.
    dtype : "float32" or "float64"
    engine : "compiled", "plain" or "interpreter"
    guard : int
        Free elements after each slot, for the tests' guard words.
    """

    def __init__(
        self, tape: Tape, rows: int = 1, dtype: str = "float32", *, engine: str = "compiled", guard: int = 0
    ) -> None:
        self.tape, self.dtype = tape, dtype
        self.backend = backend(engine, dtype)
        layout = lay_out(tape, rows, guard)
        table = Scalars()
        self.code, registers = self.backend.encode(tape, layout, table)
        memory = aligned(layout.length + 2 * registers * BLOCK, dtype)
        self.arena = Arena(tape, layout, dtype, memory)
        self.backend.attach(self.code, self.arena)
        self.table = np.array(table.values, dtype=np.float64)
        self.state = new_state()
        self.state[PLACE["THREADS"]], self.state[PLACE["REGISTERS"]] = 1, registers * BLOCK
        self.backend.prepare(self.state)

    @property
    def scalars(self) -> dict[str, float]:
        return {n: float(self.table[p]) for n, p in self.code.scalars.items()}

    def set(self, name: str, value: float) -> None:
        """Set a scalar: the learning rate, say."""
        self.table[self.code.scalars[name]] = value

    @property
    def seed(self) -> int:
        return int(self.state[PLACE["SEED"]])

    @seed.setter
    def seed(self, value: int) -> None:
        self.state[PLACE["SEED"]] = value

    @property
    def step(self) -> int:
        return int(self.state[PLACE["STEP"]])

    @step.setter
    def step(self, value: int) -> None:
        self.state[PLACE["STEP"]] = value
        self.table[0] = value

    def run(self, lo: int = 0, hi: int | None = None, rows: int | None = None, threads: int = 1) -> None:
        """Run the instructions lo … hi - 1 of the tape on a batch of `rows` rows.

        The scalars of the step are worked out before instruction 0.
        """
        rows = self.arena.layout.rows if rows is None else rows
        extra = self.code.extra
        first = 0 if lo == 0 else lo + extra
        last = len(self.tape.instructions) + extra if hi is None else hi + extra
        with np.errstate(all="ignore"):
            status = self._play(rows, first, last, threads)
        if status:
            at = int(self.state[PLACE["FAILED"]]) - extra
            self.state[PLACE["STATUS"]] = 0
            raise fail("BL602", number=at, op=self.tape.instructions[at].name, status=status)

    def _play(self, rows: int, first: int, last: int, threads: int) -> int:
        A, C, tape = self.arena.memory, self.state, self.code.arrays()
        if threads == 1:
            return int(self.backend.function("play_alone")(A, self.table, C, tape, rows, first, last))
        # Both parts of each instruction, one after the other: the same bits as two threads make.
        for i in range(first, last):
            for thread in range(threads):
                status = self.backend.function("play_part")(A, self.table, C, tape, rows, i, thread, threads)
                if status:
                    C[PLACE["FAILED"]] = i
                    return int(status)
        return 0

    def __getitem__(self, name: str) -> Array:
        return self.arena[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self.arena[name] = value

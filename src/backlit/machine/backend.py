"""Three ways to run an instruction: compiled, as plain Python, by the interpreter.  One loop for all of them.

* `compiled`: the machine proper.
* `plain`: the kernels' own text run by Python on NumPy arrays, with every index checked: for the tests.
* `interpreter`: NumPy bodies (`core/interpret.py`), no compilation: the reference, and for where Numba is missing.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..core.arena import Arena
from ..core.interpret import Interpreter
from ..core.tape import Layout, Tape
from ..ops.shapes import Rows
from . import unit
from .encode import Code, Encoder, Scalars
from .render import kernel_file
from .state import PLACE

ENGINES = ("compiled", "interpreter", "plain")


class Compiled:
    """Kernels are machine code, called by address."""

    name = "compiled"

    def __init__(self, dtype: str) -> None:
        self.dtype = dtype
        self.loop: Mapping[str, Any] = vars(unit.functions("loop", kernel_file("loop"), dtype))

    def address(self, name: str, text: str) -> int:
        # scalars are worked out in float64 whatever the arrays are
        return unit.kernel_address(name, text, "float64" if name == "scalars" else self.dtype)

    def encode(self, tape: Tape, layout: Layout, scalars: Scalars) -> tuple[Code, int]:
        encoder = Encoder(tape, layout, scalars, self.address, layout.length)
        return encoder.code(), encoder.registers

    def attach(self, code: Code, arena: Arena) -> None:
        """Nothing to do: kernels get the arena's address."""

    def prepare(self, state: np.ndarray) -> None:
        """Addresses that kernels find in the state."""
        state[PLACE["GEMM"]] = unit.gemm_address(self.dtype)
        state[PLACE["YIELD"]] = unit.yield_address()


class Plain:
    """The same text, run by Python."""

    name = "plain"

    def __init__(self, dtype: str) -> None:
        self.dtype = dtype
        self.loop: Mapping[str, Any] = unit.plain(kernel_file("loop"), dtype)
        self.kernels: dict[int, Any] = self.loop["KERNELS"]
        self.known: dict[str, int] = {}

    def address(self, name: str, text: str) -> int:
        if text not in self.known:
            self.known[text] = next(_numbers)
            self.kernels[self.known[text]] = unit.plain(text, "float64" if name == "scalars" else self.dtype)["kernel"]
        return self.known[text]

    def encode(self, tape: Tape, layout: Layout, scalars: Scalars) -> tuple[Code, int]:
        encoder = Encoder(tape, layout, scalars, self.address, layout.length)
        return encoder.code(), encoder.registers

    def attach(self, code: Code, arena: Arena) -> None:
        """Nothing to do."""

    def prepare(self, state: np.ndarray) -> None:
        """Nothing to do."""


class Interpreted:
    """Each instruction is a call of the interpreter; its numbers are only its name and the number of rows."""

    name = "interpreter"

    def __init__(self, dtype: str) -> None:
        self.dtype = dtype
        self.loop: Mapping[str, Any] = unit.plain(kernel_file("loop"), dtype)
        self.kernels: dict[int, Any] = self.loop["KERNELS"]

    def encode(self, tape: Tape, layout: Layout, scalars: Scalars) -> tuple[Code, int]:
        scalars.settings(tape)
        numbers = [next(_numbers) for _ in tape.instructions]
        template = np.array([x for n in numbers for x in (n, 1)], dtype=np.int64)
        factor = np.array([False, True] * len(numbers), dtype=np.bool_)
        starts = np.arange(len(numbers), dtype=np.int64) * 2
        return Code(template.copy(), template, factor, starts, scalars.place, 0), 0

    def attach(self, code: Code, arena: Arena) -> None:
        tape = arena.tape
        runner = Interpreter(tape, arena=arena)
        names = [n for n, v in tape.scalars.items() if not isinstance(v, Rows)]

        def kernel_of(instruction: Any) -> Any:
            def kernel(A: Any, I: Any, S: Any, C: Any, thread: int, threads: int) -> int:  # noqa: E741
                runner.seed, runner.step = int(C[PLACE["SEED"]]), int(C[PLACE["STEP"]])
                runner.scalars = {n: float(S[code.scalars[n]]) for n in names}
                rows = int(I[1])
                with arena.batch(rows):
                    runner.execute(instruction, runner.prepare(rows))
                return 0

            return kernel

        for i, start in zip(tape.instructions, code.starts, strict=True):
            self.kernels[int(code.template[start])] = kernel_of(i)

    def prepare(self, state: np.ndarray) -> None:
        """Nothing to do."""


_numbers = itertools.count(1)
_made: dict[tuple[str, str], Any] = {}


def backend(engine: str, dtype: str) -> Compiled | Plain | Interpreted:
    """The backend of this name for this dtype, made once."""
    key = (engine, dtype)
    if key not in _made:
        _made[key] = {"compiled": Compiled, "plain": Plain, "interpreter": Interpreted}[engine](dtype)
    made: Compiled | Plain | Interpreted = _made[key]
    return made

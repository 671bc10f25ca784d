"""Three ways to run an instruction: compiled, as plain Python, by the interpreter.  One loop for all of them.

* `compiled`: the machine proper.
* `plain`: the kernels' own text run by Python on NumPy arrays, with every index checked: for the tests.
* `interpreter`: NumPy bodies (`core/interpret.py`), no compilation: the reference, and for where Numba is missing.
"""

from __future__ import annotations

import functools
import itertools
import weakref
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..core.arena import Arena
from ..core.interpret import Interpreter
from ..core.remembered import Remembered
from ..core.tape import Instruction, Layout, Tape, lay_out
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
        self.met: set[Any] = set()  # operations and formulas of the tapes so far
        self.encoded: Remembered[tuple[Code, int, list[float]]] = Remembered()

    def function(self, name: str) -> Any:
        """A function that Python calls: "advance", "play_alone" …, compiled with its unit when first asked for."""
        of = _unit_of(name)
        return getattr(unit.functions(of, unit_body(of), self.dtype), name)

    def address(self, name: str, text: str) -> int:
        # scalars are worked out in float64 whatever the arrays are
        return unit.kernel_address(name, text, "float64" if name == "scalars" else self.dtype)

    def encode(self, tape: Tape, layout: Layout, scalars: Scalars, threads: int = 1) -> tuple[Code, int]:
        """The code of a tape, and how many registers it wants; what was encoded before is copied."""
        scalars.settings(tape)
        known = len(scalars.values)

        def make() -> tuple[Code, int, list[float]]:
            encoder = Encoder(tape, layout, scalars, self.address, layout.length)
            code = replace(encoder.code(threads), scalars=dict(scalars.place))
            return code, encoder.registers, scalars.values[known:]

        code, registers, values = self.encoded.get((tape, layout, tuple(scalars.place), threads), make)
        scalars.place.update(code.scalars)
        scalars.values[known:] = values
        return code.copy(scalars), registers

    def ahead(self, tapes: Sequence[Tape]) -> None:
        """Have all that these tapes need, and what trains and predicts with them, compiled by a second process too."""
        kinds = frozenset(i.op or i.formula for tape in tapes for i in tape.instructions)
        if kinds <= self.met:
            return
        self.met |= kinds
        units: dict[tuple[str, str], None] = {}

        def note(name: str, text: str) -> int:
            units[unit.source(name, text, "float64" if name == "scalars" else self.dtype)] = None
            return 0

        for tape in tapes:
            Encoder(tape, lay_out(tape, 1), Scalars(), note, 0).code()
        found = [unit.source(name, unit_body(name), self.dtype, kernel=False) for name in ("play", "loop")]
        unit.ahead([*units, *found])

    def attach(self, code: Code, arena: Arena) -> None:
        """Nothing to do: kernels get the arena's address."""

    def prepare(self, state: np.ndarray) -> None:
        """Addresses that kernels find in the state."""
        state[PLACE["YIELD"]] = unit.c_address("sched_yield")
        state[PLACE["NAP"]] = unit.c_address("usleep")


class Plain:
    """The same text, run by Python."""

    name = "plain"

    def __init__(self, dtype: str) -> None:
        self.dtype = dtype
        self.known: dict[str, int] = {}

    def function(self, name: str) -> Any:
        """The same text as the compiled one, as a Python function."""
        return _plain_function(name, self.dtype)

    def address(self, name: str, text: str) -> int:
        if text not in self.known:
            self.known[text] = next(_numbers)
            _kernels[self.known[text]] = unit.plain(text, "float64" if name == "scalars" else self.dtype)["kernel"]
        return self.known[text]

    def encode(self, tape: Tape, layout: Layout, scalars: Scalars, threads: int = 1) -> tuple[Code, int]:
        encoder = Encoder(tape, layout, scalars, self.address, layout.length)
        return encoder.code(threads), encoder.registers

    def attach(self, code: Code, arena: Arena) -> None:
        """Nothing to do."""

    def prepare(self, state: np.ndarray) -> None:
        """Nothing to do."""


class Interpreted:
    """Each instruction is a call of the interpreter; its numbers are only its name and the number of rows."""

    name = "interpreter"

    def __init__(self, dtype: str) -> None:
        self.dtype = dtype

    def function(self, name: str) -> Any:
        """The loop's own text, as a Python function."""
        return _plain_function(name, self.dtype)

    def encode(self, tape: Tape, layout: Layout, scalars: Scalars, threads: int = 1) -> tuple[Code, int]:
        scalars.settings(tape)
        numbers = [next(_numbers) for _ in tape.instructions]
        template = np.array([x for n in numbers for x in (n, 1, 1)], dtype=np.int64)
        factor = np.array([False, True, False] * len(numbers), dtype=np.bool_)
        starts = np.arange(len(numbers), dtype=np.int64) * 3
        meets = np.zeros(len(numbers), dtype=np.bool_)
        return Code(template.copy(), template, factor, starts, meets, scalars.place, 0), 0

    def attach(self, code: Code, arena: Arena) -> None:
        """Make the instructions' kernels; they live as long as the code does."""
        tape = arena.tape
        code.runner = Interpreter(tape, arena=arena)
        owner = weakref.ref(code)
        numbers = [int(code.template[start]) for start in code.starts]
        for i, number in zip(tape.instructions, numbers, strict=True):
            _kernels[number] = functools.partial(_interpret, owner, i)
        weakref.finalize(code, _forget, numbers)

    def prepare(self, state: np.ndarray) -> None:
        """Nothing to do."""


def _interpret(owner: Any, instruction: Instruction, A: Any, I: Any, S: Any, C: Any, *part: int) -> int:  # noqa: E741
    """One instruction with the kernels' calling convention."""
    code = owner()
    runner, rows = code.runner, int(I[1])
    runner.seed, runner.step = int(C[PLACE["SEED"]]), int(C[PLACE["STEP"]])
    runner.scalars = {n: float(S[code.scalars[n]]) for n in runner.settings}
    with runner.arena.batch(rows):
        scalars = runner.prepare(rows)
        runner.execute(instruction, scalars)
    for name, _ in runner.tape.derived:
        S[code.scalars[name]] = scalars[name]
    return 0


def _forget(numbers: list[int]) -> None:
    for number in numbers:
        _kernels.pop(number, None)


def unit_body(name: str) -> str:
    """The text of one of the units with functions for Python: "loop" or "play"."""
    return kernel_file("tape") + "\n\n" + kernel_file(name)


@functools.cache
def _unit_of(function: str) -> str:
    return next(u for u in ("loop", "play") if f"\ndef {function}(" in kernel_file(u))


def _plain_function(name: str, dtype: str) -> Any:
    """A function of the plain text, with the table in which it finds its kernels."""
    names = unit.plain(unit_body(_unit_of(name)), dtype)
    names["KERNELS"] = _kernels
    return names[name]


_kernels: dict[int, Any] = {}  # of the plain machine and the interpreter, by number
_numbers = itertools.count(1)
_made: dict[tuple[str, str], Any] = {}


def backend(engine: str, dtype: str) -> Compiled | Plain | Interpreted:
    """The backend of this name for this dtype, made once."""
    key = (engine, dtype)
    if key not in _made:
        _made[key] = {"compiled": Compiled, "plain": Plain, "interpreter": Interpreted}[engine](dtype)
    made: Compiled | Plain | Interpreted = _made[key]
    return made

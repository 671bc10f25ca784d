"""From a tape and its layout to the numbers that the machine reads.

Each instruction becomes a run of integers: the kernel's address, places in the arena, sizes.  Sizes that depend on
the batch are kept as factors, and are filled in when the number of rows changes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..core.tape import Instruction, Layout, Scalar, Tape
from ..ops import formula as fm
from ..ops import shapes
from ..ops.formula import Expr
from ..ops.shapes import Rows, Size
from . import render
from .share import barriers, sharing
from .state import BLOCK


@dataclass
class Code:
    """A tape as the machine reads it; `starts` holds the place of each instruction in `code`."""

    code: np.ndarray
    template: np.ndarray
    factor: np.ndarray
    starts: np.ndarray
    meets: np.ndarray  # before which instructions two threads wait for each other
    scalars: dict[str, int]  # place in S of each scalar by name
    extra: int  # instructions before the tape's first one (0 or 1: the scalars)
    runner: Any = None  # the interpreter, where that is what runs it

    def arrays(self) -> tuple[np.ndarray, ...]:
        return self.code, self.template, self.factor, self.starts, self.meets

    def copy(self, scalars: Scalars) -> Code:
        """The same for another run: what a run writes to is its own."""
        return replace(self, code=self.code.copy(), meets=self.meets.copy(), scalars=scalars.place)


class Scalars:
    """The table S: settings by name, numbers by value; place 0 is the number of the step, 1 the learning rate."""

    def __init__(self) -> None:
        self.place: dict[str, int] = {"k": 0, "learning_rate": 1}
        self.values: list[float] = [0.0, 0.0]

    def at(self, name: str, value: float = 0.0) -> int:
        if name not in self.place:
            self.place[name] = len(self.values)
            self.values.append(value)
        return self.place[name]

    def settings(self, tape: Tape) -> None:
        """The tape's own scalars with their values."""
        for name, value in tape.scalars.items():
            self.values[self.at(name)] = value if isinstance(value, float) else 0.0
        for name, _ in tape.derived:
            self.at(name)

    def number(self, value: float) -> int:
        return self.at(f"={value!r}", float(value))


# Gives the address of a kernel for (name, text): compiled, or a number in the plain machine's table.
Addresser = Callable[[str, str], int]


class Encoder:
    """Encodes one tape; scalars are shared by all tapes of a program.

    Scratch memory (registers of the formula machine, mostly) lies from `scratch` on; `registers` is how many blocks of
    it the tape wants per thread.  Every instruction begins with [address, count, grain]: what two threads share.
    """

    def __init__(self, tape: Tape, layout: Layout, scalars: Scalars, address: Addresser, scratch: int) -> None:
        self.tape, self.layout, self.scalars, self.address, self.scratch = tape, layout, scalars, address, scratch
        self.registers = 0
        self.rows: list[list[Size]] = []

    def code(self, threads: int = 1) -> Code:
        self.scalars.settings(self.tape)
        if self.tape.derived or any(isinstance(v, Rows) for v in self.tape.scalars.values()):
            self.rows.append(self.scalar_program())
        extra = len(self.rows)
        for i in self.tape.instructions:
            self.rows.append(self.structural(i) if i.op else self.formula(i))
        flat = [n for row in self.rows for n in row]
        template = np.array([n.factor if isinstance(n, Rows) else n for n in flat], dtype=np.int64)
        factor = np.array([isinstance(n, Rows) for n in flat], dtype=np.bool_)
        starts = np.cumsum([0, *(len(r) for r in self.rows)])[:-1].astype(np.int64)
        meets = np.zeros(len(starts), dtype=np.bool_)
        if threads > 1:
            meets[extra:] = barriers(self.tape, self.layout)
        return Code(template.copy(), template, factor, starts, meets, self.scalars.place, extra)

    # --- structural -------------------------------------------------------------------------------------------

    def structural(self, i: Instruction) -> list[Size]:
        assert i.op is not None
        attrs = dict(i.attrs)
        shapes_in = [self.tape.values[v].shape for v in i.inputs]
        address = self.address(i.op.kernel, render.structural_text(i.op.kernel, i.op.words))
        numbers = list(i.op.numbers(shapes_in, i.shape, **attrs))
        places = [self.scalars.number(v) for v in i.op.scalars(**attrs)]
        shared = sharing(self.tape, i, self.layout.rows)
        way = [] if shared.way is None else [shared.way]
        if i.op.scratch:
            wanted = i.op.scratch(shapes_in, i.shape, **attrs)
            self.registers = max(self.registers, -(-wanted // BLOCK))
            places.append(self.scratch if wanted else -1)
        head = [address, shared.count, shared.grain, self.at(i.outputs[0])]
        return [*head, *(self.at(v) for v in i.inputs), *numbers, *way, *places]

    def at(self, value: int) -> int:
        return self.layout.offsets[value]

    # --- formulas ---------------------------------------------------------------------------------------------

    def formula(self, i: Instruction) -> list[Size]:
        n = shapes.product(i.shape)
        reads = [shapes.repeats(v, i.shape) for v in i.views]
        plain_uniforms = all(not isinstance(u, Rows) for u in i.uniforms)
        updates = any(v.kind == "block" and v.block is None for v in map(self.tape.values.__getitem__, i.outputs))
        hot = len(i.formula) > 1 or updates or i.formula[0] in render.hot_formulas()
        # an optimizer's step may read numbers beside the weights: the norm of the gradient, say
        single = {k for k, r in enumerate(reads) if updates and r == (n, 1) != (1, n)}
        whole = all(r == (1, n) or k in single for k, r in enumerate(reads)) and bool(i.inputs)
        return self.fused(i, single) if whole and hot and plain_uniforms else self.program(i, n)

    def fused(self, i: Instruction, single: Collection[int]) -> list[Size]:
        in_place = [i.inputs.index(o) if o in i.inputs else -1 for o in i.outputs]
        text = render.fused_text(i.formula, len(i.inputs), len(i.uniforms), in_place, single)
        places = [self.uniform(u) for u in i.uniforms]
        address = self.address("fused", text)
        shared = sharing(self.tape, i, self.layout.rows)
        head = [address, shared.count, shared.grain]
        return [*head, *(self.at(v) for v in i.outputs), *(self.at(v) for v in i.inputs), *places]

    def uniform(self, u: Scalar) -> int:
        if isinstance(u, str):
            return self.scalars.at(u)
        assert isinstance(u, float)
        return self.scalars.number(u)

    def program(self, i: Instruction, n: Size) -> list[Size]:
        """The formula as data for the formula machine."""
        registers = _Registers(self.scratch)
        fills: list[Size] = []
        loads: list[Size] = []
        words: list[Size] = []
        operand: dict[Expr, tuple[int, int]] = {}
        count = {"fills": 0, "loads": 0, "words": 0}
        order = fm.order(i.formula)
        last = {a: e for e in order for a in e.args} | {i.formula[0]: i.formula[0]}
        # Leaves first: their registers are filled before the first word runs, so no word may have used them.
        for e in sorted(order, key=lambda e: e.kind == "word"):
            if e.kind == "input":
                number = int(e.label[1:])
                inner, length = shapes.repeats(i.views[number], i.shape) or (1, 1)
                place = self.at(i.inputs[number])
                if (inner, length) == (1, n):
                    operand[e] = (place, 1)
                else:
                    operand[e] = (registers.take(), 0)
                    loads += [operand[e][0], place, inner, length]
                    count["loads"] += 1
            elif e.kind == "word":
                args = [operand[a] for a in e.args]
                final = e is i.formula[0]
                operand[e] = (self.at(i.outputs[0]), 1) if final else (registers.take(), 0)
                padded = [*args, *[args[0]] * (3 - len(args))]
                words += [render.CODES[e.label.name], *operand[e], *(x for a in padded for x in a)]
                count["words"] += 1
                for a in dict.fromkeys(e.args):
                    if last[a] is e and a.kind == "word":  # fills and loads stay: they are read in every block
                        registers.give(operand[a])
            else:
                operand[e] = (registers.take(), 0)
                fills += [operand[e][0], self.fill_place(e, i)]
                count["fills"] += 1
        if i.formula[0].kind != "word":  # a copy, or one number for all: x + 0 would lose the sign of -0
            source = operand[i.formula[0]]
            words += [render.CODES["max"], self.at(i.outputs[0]), 1, *source, *source, *source]
            count["words"] += 1
        address = self.address("formula", render.formula_machine_text())
        self.registers = max(self.registers, registers.used)
        head = [address, n, sharing(self.tape, i, self.layout.rows).grain]
        head += [count["fills"], count["loads"], count["words"]]
        return [*head, *fills, *loads, *words]

    def fill_place(self, e: Expr, i: Instruction) -> int:
        if e.kind == "constant":
            return self.scalars.number(e.label)
        u = i.uniforms[int(e.label[1:])]
        if isinstance(u, Rows):
            name = str(u)
            if name not in self.tape.scalars:
                raise AssertionError(f"{name} is no scalar of the tape")
            return self.scalars.at(name)
        return self.uniform(u)

    # --- scalars ----------------------------------------------------------------------------------------------

    def scalar_program(self) -> list[Size]:
        """What is worked out once a step.  Numbers of rows come as sizes, and are turned into scalars here."""
        rows: list[Size] = []
        count, plain = 0, True

        def place_of(e: Expr) -> int:
            if e.kind == "constant":
                return self.scalars.number(e.label)
            return self.scalars.at(e.label)

        for name, e in self.tape.derived:
            places: dict[Expr, int] = {}
            for part in fm.order([e]):
                if part.kind != "word":
                    places[part] = place_of(part)
                    continue
                places[part] = self.scalars.at(name) if part is e else self.scalars.at(f"{name}.{len(places)}")
                args = [places[a] for a in part.args]
                rows += [render.CODES[part.label.name], places[part], *args, *[args[0]] * (3 - len(args))]
                count += 1
                plain = plain and part.label.name in render.PLAIN_WORDS
        sizes = [(v, self.scalars.at(n)) for n, v in self.tape.scalars.items() if isinstance(v, Rows)]
        address = self.address("scalars", render.scalar_machine_text(plain))
        return [address, 1, 1, len(sizes), *(x for pair in sizes for x in pair), count, *rows]


class _Registers:
    """The registers of one formula program; a register is the place of a block in the arena."""

    def __init__(self, scratch: int) -> None:
        self.scratch, self.used = scratch, 0
        self.free: list[int] = []

    def take(self) -> int:
        if not self.free:
            self.free.append(self.scratch + self.used * BLOCK)
            self.used += 1
        return self.free.pop()

    def give(self, operand: tuple[int, int]) -> None:
        if operand[1] == 0:
            self.free.append(operand[0])

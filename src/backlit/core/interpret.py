"""The interpreter: runs a tape with NumPy, one instruction after the other.

It is the readable reference and the oracle for the compiled machine: same tape, same arena, same random numbers.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ops import formula as fm
from ..ops import shapes
from ..ops.shapes import Rows
from .arena import Arena, Array
from .tape import Instruction, Scalar, Tape, lay_out


class Interpreter:
    """A tape with its memory, run by NumPy.

    Parameters
    ----------
    tape : Tape
    rows : int
        The largest batch.
    dtype : float32 or float64

    Examples
    --------
    >>> from backlit.core.graph import Graph
    >>> from backlit.core.lowering import lower
    >>> from backlit.ops.arithmetic import mul
    >>> g = Graph()
    >>> x = g.input("x", (3,))
    >>> run = Interpreter(lower({"y": mul(x, x)}))
    >>> run.arena["x"] = [1.0, 2.0, 3.0]
    >>> run.run()
    >>> run.arena["y"].tolist()
    [1.0, 4.0, 9.0]
    """

    def __init__(self, tape: Tape, rows: int = 1, dtype: Any = np.float64, arena: Arena | None = None) -> None:
        self.tape = tape
        self.arena = arena or Arena(tape, lay_out(tape, rows), dtype)
        self.scalars: dict[str, float] = {n: v for n, v in tape.scalars.items() if not isinstance(v, Rows)}
        self.settings = list(self.scalars)  # their names
        self.seed = self.step = 0

    def run(self, lo: int = 0, hi: int | None = None, rows: int | None = None) -> None:
        """Run the instructions lo … hi - 1 on a batch of `rows` rows."""
        rows = self.arena.layout.rows if rows is None else rows
        with self.arena.batch(rows):
            values = self.prepare(rows)
            for instruction in self.tape.instructions[lo:hi]:
                self.execute(instruction, values)

    def prepare(self, rows: int) -> dict[str, float]:
        """All scalars of this step: settings, numbers of rows, and what follows from them, in float64."""
        values: dict[str, Any] = {"k": float(self.step)} | self.scalars
        values |= {n: float(v.factor * rows) for n, v in self.tape.scalars.items() if isinstance(v, Rows)}
        for name, e in self.tape.derived:
            values[name] = float(fm.evaluate([e], values, np.float64)[0])
        return values

    def execute(self, i: Instruction, scalars: dict[str, float]) -> None:
        """One instruction."""
        arena = self.arena
        kind = arena.memory.dtype
        inputs = [arena.view(v) for v in i.inputs]
        shape = shapes.resolve(i.shape, arena.rows)
        if i.op is not None:
            attrs = dict(i.attrs)
            if "shape" in attrs:
                attrs["shape"] = shapes.resolve(attrs["shape"], arena.rows)
            if i.op.random:
                attrs |= {"seed": self.seed, "step": self.step}
            results: list[Array] = [i.op.compute(inputs, attrs)]
        else:
            values: dict[str, Any] = {
                f"x{n}": np.broadcast_to(x.reshape(shapes.resolve(view, arena.rows)), shape)
                for n, (x, view) in enumerate(zip(inputs, i.views, strict=True))
            }
            values |= {f"p{n}": kind.type(self.uniform(u, scalars)) for n, u in enumerate(i.uniforms)}
            results = fm.evaluate(i.formula, values, kind)
        for v, result in zip(i.outputs, results, strict=True):
            arena.view(v)[...] = result

    def uniform(self, u: Scalar, scalars: dict[str, float]) -> float:
        if isinstance(u, Rows):
            return float(u.factor * self.arena.rows)
        return scalars[u] if isinstance(u, str) else u

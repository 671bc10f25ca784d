"""Forward only: outputs for any number of rows, in batches, on the machine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.arena import Arena, aligned
from ..core.lowering import lower
from ..core.tape import lay_out
from ..machine.backend import backend
from ..machine.encode import Scalars
from ..machine.loop import packed
from ..machine.state import BLOCK, new_state
from ..nn import Structure
from ..ops import shapes

Array = np.ndarray[Any, Any]
MOST = 256  # rows at a time: large enough for BLAS, small enough for the second-level cache


class Predictor:
    """A network's forward pass, made once and used many times.

    `what` is "output" (what the last layer gives), "probable" (shares of the classes) or the name of a value.
    """

    def __init__(self, net: Structure, what: str = "output", dtype: str = "float32", engine: str = "compiled") -> None:
        self.net, self.dtype = net, dtype
        built = net.build()
        node = {"output": built.output, "probable": built.probable}.get(what) or built.graph.names[what]
        self.inputs = [n.name for n in built.inputs]
        self.tape = lower({"result": node}, blocks=built.blocks())
        self.backend = backend(engine, dtype)
        layout = lay_out(self.tape, MOST)
        table = Scalars()
        self.code, registers = self.backend.encode(self.tape, layout, table)
        self.arena = Arena(self.tape, layout, dtype, aligned(layout.length + registers * BLOCK, dtype))
        self.backend.attach(self.code, self.arena)
        self.table = np.array(table.values)
        self.state = new_state()
        self.backend.prepare(self.state)
        number = self.tape.names["result"]
        self.place = layout.offsets[number]
        self.width = shapes.count(shapes.product(self.tape.values[number].shape), 1)

    def __call__(self, xs: Sequence[Array]) -> Array:
        """Results of shape (rows, width) for inputs of shape (rows, features)."""
        for name, value in self.net.values.items():
            if name in self.tape.names:
                self.arena[name] = value
        rows = len(xs[0])
        result = np.empty(rows * self.width, dtype=self.dtype)
        if rows:
            given = dict(zip(self.inputs, xs, strict=True))
            data, places = packed(given, self.tape, self.arena.layout.offsets, self.dtype)
            with np.errstate(all="ignore"):
                self.backend.function("predict")(
                    self.arena.memory, self.table, self.state, self.code.arrays(), data, places,
                    np.arange(rows), result, self.place, self.width, MOST,
                )  # fmt: skip
        return result.reshape(rows, self.width)

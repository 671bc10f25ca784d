"""Forward only: outputs for any number of rows, in batches, on the machine."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...core.arena import Arena, aligned
from ...core.tape import lay_out
from ...errors import fail
from ...machine.backend import backend
from ...machine.beside import cores, thread_beside
from ...machine.encode import Scalars
from ...machine.loop import WORTH_TWO_THREADS, packed
from ...machine.share import tapes_work
from ...machine.state import BLOCK, PLACE, new_state
from ...nn import Structure
from ...ops import shapes

Array = np.ndarray[Any, Any]
MOST = 256  # rows at a time: many enough to share a strip of weights, few enough for the second-level cache


class Predictor:
    """A network's forward pass, made once and used many times; threads that use one take turns.

    `what` is "output" (what the last layer gives), the name of an activation function that the output has or gets
    ("softmax", "sigmoid": shares of the classes), or the name of a value.
    """

    def __init__(self, net: Structure, what: str = "output", dtype: str = "float32", engine: str = "compiled") -> None:
        self.net, self.dtype = net, np.dtype(dtype)
        built = net.build()
        if what == "output":
            node = built.output
        else:
            node = built.graph.names[what] if what in built.graph.names else built.linked(what)[1]
        self.inputs = [n.name for n in built.inputs]
        self.tape = built.tape({"result": node})
        self.backend = backend(engine, dtype)
        self.layout = lay_out(self.tape, MOST)
        number = self.tape.names["result"]
        self.place = self.layout.offsets[number]
        self.width = shapes.count(shapes.product(self.tape.values[number].shape), 1)
        self.work = tapes_work(self.tape, MOST) / MOST
        self.features = net.features[0]
        entered = self.tape.names.get(self.inputs[0])  # not there, where the result does not depend on it
        self.only = np.array([[self.features, 0, self.layout.offsets[entered]]]) if entered is not None else None
        self.function = self.backend.function("predict")
        self.lock = threading.Lock()
        self.lanes = [_Lane(self)]
        self.held: list[tuple[str, Array]] = []  # the network's weights
        self.cast: list[Array] = []
        self.weights = np.zeros((0, 3), dtype=np.int64)
        self.two = engine == "compiled" and cores() > 1

    def __call__(self, xs: Sequence[Array]) -> Array:
        """Results of shape (rows, width) for inputs of shape (rows, features)."""
        given = dict(zip(self.inputs, xs, strict=True))
        data, places = packed(given, self.tape, self.layout.offsets, str(self.dtype))
        result = np.empty(len(xs[0]) * self.width, dtype=self.dtype)
        with np.errstate(all="ignore"):
            self._run(data, places, result, len(xs[0]))
        return result.reshape(-1, self.width)

    def quick(self, x: Any) -> Array | None:
        """The same for one input that needs no preparation: some µs.  None where `__call__` has to look closer."""
        if type(x) is not np.ndarray or x.dtype != self.dtype or x.ndim != 2 or not x.flags.c_contiguous:
            return None
        rows, features = x.shape
        if features != self.features or not rows or self.only is None or len(self.inputs) > 1:
            return None
        result: Array = np.empty(rows * self.width, dtype=self.dtype)
        status = self._run(x.reshape(-1), self.only, result, rows)
        return result.reshape(rows, self.width) if status == 0 else None

    def _run(self, data: Array, places: Array, result: Array, rows: int) -> int:
        """All rows, by one thread or two; -1: some are not finite."""
        with self.lock:
            self._find_weights()
            if rows > MOST and rows * self.work >= WORTH_TWO_THREADS and self.two:
                if len(self.lanes) == 1:
                    self.lanes.append(_Lane(self))
                status = _side_by_side(self.lanes, data, places, result, rows)
            else:
                status = self.lanes[0].run(data, places, result, 0, rows)
        if status > 0:
            number = int(self.lanes[0].state[PLACE["FAILED"]]) - self.lanes[0].code.extra
            raise fail("BL602", number=number, op=self.tape.instructions[number].name, status=status)
        return status

    def _find_weights(self) -> None:
        """Where the network's weights lie.  The machine copies them each time: they may have been written to."""
        values = self.net.values
        for name, value in self.held:
            if values[name] is not value:
                break
        else:
            if self.held and not self.cast:
                return
        self.held = [(n, v) for n, v in values.items() if n in self.tape.names]
        wanted = [(n, np.ascontiguousarray(v, dtype=self.dtype)) for n, v in self.held]
        # held on to while their addresses are in use; copies of others are made anew each time
        self.cast = [w for (_, w), (_, v) in zip(wanted, self.held, strict=True) if w is not v]
        offsets = self.layout.offsets
        rows = [(w.ctypes.data, offsets[self.tape.names[n]], w.size) for n, w in wanted]
        self.weights = np.array(rows, dtype=np.int64).reshape(-1, 3)


class _Lane:
    """What one thread needs to itself: memory, and the code with the number of rows filled in."""

    def __init__(self, of: Predictor) -> None:
        self.of = of
        table = Scalars()
        self.code, registers = of.backend.encode(of.tape, of.layout, table)
        memory = aligned(of.layout.length + registers * BLOCK, str(of.dtype))
        self.arena = Arena(of.tape, of.layout, str(of.dtype), memory)
        of.backend.attach(self.code, self.arena)
        self.state = new_state()
        of.backend.prepare(self.state)
        self.head = (self.arena.memory, np.array(table.values), self.state, self.code.arrays())

    def run(self, data: Array, places: Array, result: Array, first: int, end: int) -> int:
        of = self.of
        last = (of.place, of.width, MOST, first, end)
        return int(of.function(*self.head, of.weights, data, places, result, *last))


def _side_by_side(lanes: Sequence[_Lane], data: Array, places: Array, result: Array, rows: int) -> int:
    """Two threads with half of the batches each: the same batches, and so the same bits, as one thread has."""
    found: list[Any] = [0, RuntimeError("the second thread did not begin")]
    half = -(-rows // (2 * MOST)) * MOST

    def second() -> None:
        try:
            found[1] = lanes[1].run(data, places, result, half, rows)
        except BaseException as error:  # told where somebody hears it: in the first thread
            found[1] = error

    helper = thread_beside(second)
    try:
        helper.start()
        found[0] = lanes[0].run(data, places, result, 0, half)
    finally:
        if helper.ident is not None:
            helper.join()
    if isinstance(found[1], BaseException):
        raise found[1]
    return int(max(found) or min(found))

"""The arena: one block of memory that holds every value of a tape."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from ..ops import shapes
from .tape import Layout, Tape

Array = npt.NDArray[Any]


class Arena:
    """Memory for a tape, with its values as NumPy views.

    Parameters
    ----------
    tape, layout : Tape, Layout
        What lies in it, and where.
    dtype : float32 or float64
    memory : array, optional
        Memory shared with the arena of another tape.
    """

    def __init__(self, tape: Tape, layout: Layout, dtype: Any, memory: Array | None = None) -> None:
        self.tape, self.layout = tape, layout
        self.memory = aligned(layout.length, dtype) if memory is None else memory
        self.rows = layout.rows

    def view(self, number: int, rows: int | None = None) -> Array:
        """The value's array, for the rows of the batch in force (or `rows`): a view, not a copy."""
        shape = shapes.resolve(self.tape.values[number].shape, self.rows if rows is None else rows)
        offset = self.layout.offsets[number]
        return self.memory[offset : offset + shapes.elements(shape)].reshape(shape)

    def __getitem__(self, name: str) -> Array:
        return self.view(self.tape.names[name])

    def __setitem__(self, name: str, value: Any) -> None:
        with np.errstate(over="ignore"):  # too large for float32: becomes infinite, and is told as that
            self.view(self.tape.names[name])[...] = value

    def kept(self) -> Array:
        """The part that lives on between runs: parameters, gradients, optimizer state."""
        return self.memory[: self.layout.kept]

    @contextmanager
    def batch(self, rows: int) -> Iterator[None]:
        """Views for a batch of `rows` rows inside the `with`."""
        before, self.rows = self.rows, rows
        try:
            yield
        finally:
            self.rows = before


def aligned(length: int, dtype: Any) -> Array:
    """Zeros that begin on a cache line (64 bytes), so that no vector load crosses one."""
    kind = np.dtype(dtype)
    raw = np.zeros(length * kind.itemsize + 64, dtype=np.uint8)
    skip = -raw.ctypes.data % 64
    return raw[skip : skip + length * kind.itemsize].view(kind)

"""Shapes of arrays, with one symbol for "as many rows as the batch has".

A shape is a tuple of `int` and at most one `Rows`.  `Rows(10)` is ten times the number of rows of the batch, which
is known only when a batch arrives (the last one of an epoch is often smaller).  So a tape is made once and serves
every batch.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import fail


@dataclass(frozen=True)
class Rows:
    """`factor` times the number of rows of the batch.

    >>> Rows() * 10
    Rows(factor=10)
    >>> resolve((Rows(), 4), rows=32)
    (32, 4)
    """

    factor: int = 1

    def __mul__(self, other: Size) -> Rows:
        if isinstance(other, Rows):
            raise fail("BL101", op="shape", expected="one batch axis", got="rows × rows", where="a product of shapes")
        return Rows(self.factor * other)

    def __str__(self) -> str:
        return "rows" if self.factor == 1 else f"{self.factor}·rows"


Size = int | Rows
Shape = tuple[Size, ...]


def product(sizes: Sequence[Size]) -> Size:
    """The number of elements of a shape: `product((Rows(), 3))` is `Rows(3)`, `product(())` is 1."""
    factor, symbols = 1, 0
    for size in sizes:
        if isinstance(size, Rows):
            size, symbols = size.factor, symbols + 1
        factor *= size
    if symbols > 1:
        raise fail("BL101", op="shape", expected="one batch axis", got="rows × rows", where="a product of shapes")
    return Rows(factor) if symbols else factor


def times(a: Size, b: Size) -> Size:
    """The product of two sizes, of which only one can depend on the batch."""
    if isinstance(b, Rows):
        return b * a
    return a * b


def resolve(shape: Sequence[Size], rows: int) -> tuple[int, ...]:
    """The shape as plain numbers for a batch of `rows` rows."""
    return tuple(s.factor * rows if isinstance(s, Rows) else s for s in shape)


def count(size: Size, rows: int) -> int:
    """One size as a plain number for a batch of `rows` rows."""
    return size.factor * rows if isinstance(size, Rows) else size


def text(shape: Sequence[Size]) -> str:
    """A shape as it is shown to people: `(rows, 10)`."""
    return "(" + ", ".join(str(s) for s in shape) + ("," if len(shape) == 1 else "") + ")"


def broadcast(op: str, *shapes: Shape) -> Shape:
    """The common shape of arrays that are combined element by element (NumPy's rule).

    >>> broadcast("add", (Rows(), 4), (4,))
    (Rows(factor=1), 4)
    """
    length = max((len(s) for s in shapes), default=0)
    result: list[Size] = []
    for axis in range(-length, 0):
        sizes = {s[axis] for s in shapes if len(s) >= -axis} - {1}
        if len(sizes) > 1:
            raise fail(
                "BL101",
                op=op,
                expected="equal sizes, or 1",
                got=" and ".join(text(s) for s in shapes),
                where=f"axis {axis}",
            )
        result.append(sizes.pop() if sizes else 1)
    return tuple(result)


def reduced(shape: Shape, axis: int | None, keepdims: bool) -> Shape:
    """The shape after a reduction over `axis` (None: over all)."""
    if axis is None:
        return (1,) * len(shape) if keepdims else ()
    axis = normal_axis(shape, axis)
    return shape[:axis] + ((1,) if keepdims else ()) + shape[axis + 1 :]


def normal_axis(shape: Shape, axis: int) -> int:
    """`axis` counted from the front; a ShapeError when the array has no such axis."""
    if not -len(shape) <= axis < len(shape):
        raise fail("BL101", op="axis", expected=f"an axis of {text(shape)}", got=axis, where="a reduction")
    return axis % len(shape)


def around(shape: Shape, axis: int | None) -> tuple[Size, Size, Size]:
    """The shape seen as (outer, reduced, inner): what is before, at and after `axis`."""
    if axis is None:
        return 1, product(shape), 1
    axis = normal_axis(shape, axis)
    return product(shape[:axis]), shape[axis], product(shape[axis + 1 :])


def repeats(small: Shape, large: Shape) -> tuple[Size, Size] | None:
    """How `small` is read while `large` is walked through in order: element `(i // inner) % length`.

    Returns (inner, length), or None when the sizes of `small` do not stand in one run, as in (3, 1, 4) against
    (3, 5, 4): such an operand has to be written out by `broadcast_to` first.

    >>> repeats((4,), (3, 4)), repeats((3, 1), (3, 4)), repeats((), (3, 4)), repeats((3, 1, 4), (3, 5, 4))
    ((1, 4), (4, 3), (12, 1), None)
    """
    aligned = (1,) * (len(large) - len(small)) + tuple(small)
    kept = [i for i, (a, b) in enumerate(zip(aligned, large, strict=True)) if a == b and b != 1]
    if not kept:
        return product(large), 1
    first, last = kept[0], kept[-1]
    if any(a != b for a, b in zip(aligned[first : last + 1], large[first : last + 1], strict=True)):
        return None
    return product(large[last + 1 :]), product(large[first : last + 1])


def elements(shape: Sequence[int]) -> int:
    """The number of elements of a shape of plain numbers."""
    return math.prod(shape)

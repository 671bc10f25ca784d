"""Small questions about what people hand in: is it whole, is it finite, how does a message show it."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import fail

SHOWN = 40


def plain(text: object) -> str:
    """`text` on one line: whatever a terminal cannot print stands as an escape.

    >>> len(plain(chr(10)))
    2
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in str(text))


def shown(value: object, width: int = SHOWN) -> str:
    """A value as a message shows it: in quotes when it is text, on one line, cut to `width` characters.

    >>> shown("12,5")
    "'12,5'"
    >>> shown("x" * 1000, width=10)
    "'xxxxxxxx…"
    """
    if isinstance(value, str):
        value = repr(value[: width + 1])  # cut before escaping, or a cell of megabytes is escaped in full
    text = plain(value)
    return text if len(text) <= width else text[: width - 1] + "…"


def whole(option: str, value: Any, least: int = 0) -> int:
    """`value` as an int that is at least `least`; BL215 otherwise (True is no number of rows)."""
    try:
        number = operator.index(value)
    except TypeError:
        number = least - 1
    if isinstance(value, bool) or number < least:
        raise fail("BL215", option=option, value=shown(value), allowed=f"{option} = {least}, {least + 1}, …")
    return number


def real(option: str, value: Any, least: float = 0.0, most: float = math.inf) -> float:
    """`value` as a finite float in least ≤ value ≤ most; BL215 otherwise."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not (least <= number <= most and math.isfinite(number)):
        limit = f"{least:g} ≤ {option}" + (f" ≤ {most:g}" if math.isfinite(most) else "")
        raise fail("BL215", option=option, value=shown(value), allowed=limit)
    return number


def one_of(option: str, value: Any, allowed: Sequence[str]) -> None:
    """BL215 unless `value` is one of the words allowed."""
    if not isinstance(value, str) or value not in allowed:
        raise fail("BL215", option=option, value=shown(value), allowed=", ".join(allowed))


def generator(seed: Any) -> np.random.Generator:
    """The random numbers that belong to a seed (0, 1, 2, …)."""
    return np.random.default_rng(whole("seed", seed))


class Origin(NamedTuple):
    """Where rows come from, so that a message can point at one: a file with line numbers, or an array.

    Lines of text count from 1, as in an editor; rows of arrays, frames and files without lines count from 0, as in
    Python.  `rows` are the numbers of these where some were left out.
    """

    name: str
    lines: Sequence[int] | None = None
    rows: Sequence[int] | None = None

    def take(self, rows: Sequence[int] | NDArray[np.int64]) -> Origin:
        """Of some of the rows.

        >>> Origin("a.csv", [2, 3, 5]).take([2, 0]), Origin("X").take([2, 0])
        (Origin(name='a.csv', lines=[5, 2], rows=None), Origin(name='X', lines=None, rows=[2, 0]))
        """
        numbers = [self.number(int(row)) for row in rows]
        return Origin(self.name, rows=numbers) if self.lines is None else Origin(self.name, numbers)

    def number(self, row: int) -> int:
        """The line of a row, else its number."""
        numbers = self.rows if self.lines is None else self.lines
        return row if numbers is None else int(numbers[row])

    def place(self, row: int, column: int | None = None) -> str:
        """The place of a row: "iris.csv:17" in a file, "X[16, 3]" in an array.

        >>> Origin("X").place(16, 3), Origin("a.csv", [2, 3]).place(1)
        ('X[16, 3]', 'a.csv:3')
        """
        if self.lines is not None:
            return f"{self.name}:{self.number(row)}"
        row = self.number(row)
        return f"{self.name}[{row}]" if column is None else f"{self.name}[{row}, {column}]"


def finite(origin: Origin, given: NDArray[Any], columns: Sequence[str], result: NDArray[Any] | None = None) -> None:
    """BL207 where a number is missing (nan) or infinite.

    Parameters
    ----------
    given : array, shape (rows, k)
    columns : sequence of str, length k
    result : array, shape (rows, k), optional
        What was computed from `given`: a number too large for float32 is found there and shown as it came.
    """
    bad = ~np.isfinite(given if result is None else result)
    if not bad.any():
        return
    row, j = (int(i) for i in np.argwhere(bad)[0])
    raise fail(
        "BL207",
        path=origin.name,
        row=row,
        place=origin.place(row, j if len(columns) > 1 else None),
        column=columns[j],
        value=str(given[row, j]),
        count=int(bad.sum()),
    )

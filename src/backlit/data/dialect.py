"""How a table of text is written: by what its cells are divided, whether the first row holds names, which decimal mark.

All of it is seen in the first rows, or told by the person who knows better.
"""

from __future__ import annotations

import csv
import itertools
import re
from pathlib import Path
from typing import NamedTuple

from ..errors import fail
from .checks import one_of, plain, shown
from .kinds import COMMA, NUMBER, is_number

DELIMITERS = "\t;,|"
FIRST = 20  # rows
MARKS = (".", ",")
_POINT = re.compile(r"\s*[+-]?\d*\.\d+\s*")
_THOUSANDS = re.compile(r"\s*[+-]?[1-9]\d{0,2}(?:,\d{3})+\s*")


class Dialect(NamedTuple):
    """How a file is written."""

    delimiter: str
    decimal: str  # "," or "." as asked or seen, or "": points, and no commas between thousands
    header: bool


def dialect(
    path: Path, head: str, *, delimiter: str | None = None, decimal: str | None = None, header: bool | None = None
) -> Dialect:
    r"""The dialect of a file, from its first rows; what is given is taken as it is.

    Raises
    ------
    DataError
        BL215 for a delimiter or a decimal mark that is none, BL221 for a delimiter by which nothing is divided.

    Examples
    --------
    >>> dialect(Path("a.csv"), "size;kind\n1,5;cat\n")
    Dialect(delimiter=';', decimal=',', header=True)
    """
    head = head.lstrip("\ufeff \r\n\f\v")
    if decimal is not None:
        one_of("decimal", decimal, MARKS)
    sign = _delimiter(head) if delimiter is None else _told(path, head, delimiter)
    rows = [row for row in first_rows(head, sign) if row != [""]]
    mark = _decimal(rows[:200], sign) if decimal is None else decimal
    if header is None:
        number = NUMBER[mark]
        header = bool(rows) and not any(is_number(cell, number) for cell in rows[0])
    return Dialect(sign, mark, header)


def first_rows(head: str, delimiter: str, most: int = FIRST) -> list[list[str]]:
    """The first rows of a text that are not blank."""
    # Cut a cell short that the csv module would refuse: the reader proper tells the line.
    lines = (line[:65536] for line in re.split(r"(?<=\n)|(?<=\r)(?!\n)", head) if line)
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
    try:
        rows = (row for row in reader if len(row) > 1 or (row and row[0].strip()))
        return list(itertools.islice(rows, most))
    except csv.Error:
        return []


def _delimiter(head: str) -> str:
    """The sign that divides most of the first rows into equally many cells."""

    def agreement(delimiter: str) -> tuple[int, int]:
        widths = [len(row) for row in first_rows(head, delimiter)]
        return (widths.count(widths[0]), widths[0]) if widths and widths[0] > 1 else (0, 0)

    # max takes the first of equals: in "1,5;2,5;3" the comma is a decimal mark.
    return max(DELIMITERS, key=agreement)


def _told(path: Path, head: str, delimiter: str) -> str:
    """The delimiter that was asked for, unless no row holds it and another one divides them all."""
    delimiter = {"tab": "\t", "\\t": "\t"}.get(delimiter, delimiter) if isinstance(delimiter, str) else delimiter
    if not isinstance(delimiter, str) or len(delimiter) != 1 or delimiter in '"\r\n\0':
        raise fail("BL215", option="delimiter", value=shown(delimiter), allowed='"," ";" "|" "\\t"')
    seen = _delimiter(head)
    if all(len(row) == 1 for row in first_rows(head, delimiter)):
        widths = [len(row) for row in first_rows(head, seen)]
        if widths and widths[0] > 1 and len(set(widths)) == 1:
            raise fail("BL221", path=plain(path), got=repr(delimiter), expected=repr(seen), count=widths[0])
    return delimiter


def _decimal(rows: list[list[str]], delimiter: str) -> str:
    """A decimal comma where numbers have one and none has a point; "1,250" alone says nothing."""
    cells = [cell for row in rows for cell in row]
    if any(_POINT.fullmatch(cell) for cell in cells):
        return ""
    return "," if any(COMMA.fullmatch(cell) and not _THOUSANDS.fullmatch(cell) for cell in cells) else ""

"""Reading a table from a text file: comma, semicolon, tab or bar, with a header or without.

The rows are read in blocks, and a block is turned column by column into numbers or into words (`kinds`), so that only
what is needed is held.  200,000 rows of 20 numbers take about a second.
"""

from __future__ import annotations

import csv
import itertools
import os
from array import array
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np

from .. import messages
from ..errors import fail
from . import columns, files
from .checks import Origin, plain
from .columns import Target
from .dialect import Dialect, dialect
from .given import Given
from .kinds import NUMBER, Kind, Numbering, Numbers, Words, factor, number_or_nan
from .table import Table, Task, one_of_tasks

AT_A_TIME = 256  # rows: so many cells are still in the cache when their column is taken

Block = tuple[list[int], list[list[str]]]  # the lines on which rows begin, and their cells


def read(
    path: str | os.PathLike[str],
    *,
    target: Target | None = None,
    task: Task | None = None,
    classes: Sequence[str] | None = None,
    header: bool | None = None,
    delimiter: str | None = None,
    encoding: str | None = None,
    decimal: str | None = None,
    known: Mapping[str, Kind] | None = None,
) -> Table:
    """Read a file of numbers, yes and no, dates and categories.

    Parameters
    ----------
    path : str or path
    target : str, int or a list of them, optional
        The column to be learned, by name or by position (0 is the first, -1 the last).  Default: the last.
        Several columns make a regression, or several labels a row when they hold nothing but 0 and 1; the empty list
        leaves all columns to the inputs.
    task : {"classification", "regression", "multilabel"}, optional
        Default: text is a class, and so are few different whole numbers; all else is a quantity.
    classes : sequence of str, optional
        The classes in their order, when a trained model already knows them.
    header : bool, optional
        Whether the first row holds names.  Default: it does when none of its cells is a number.
    delimiter : str, optional
        Default: the one of comma, semicolon, tab and bar that divides the first rows evenly.
    encoding : str, optional
        Default: UTF-8 with or without a byte order mark, UTF-16 with one, Shift_JIS (CP932) or EUC-JP, as it is.
    decimal : {".", ","}, optional
        The decimal mark; the other one may then stand between thousands.  Default: a comma where the numbers of the
        first rows have commas and no points.
    known : mapping of names to Kind, optional
        The kinds of columns that a trained model knows.

    Returns
    -------
    Table
        Its `reading` holds what was given of header, delimiter, encoding and decimal; what was found is found again.

    Raises
    ------
    DataError
        BL201 to BL208, BL211, BL215 to BL217, BL220, BL221, BL226, BL228, BL229, BL231: see `backlit explain`.
    """
    path = Path(os.path.expanduser(path))
    one_of_tasks(task)
    asked = {"header": header, "delimiter": delimiter, "encoding": encoding, "decimal": decimal}
    reading: dict[str, Any] = {name: value for name, value in asked.items() if value is not None}
    file = TextTable(path, **reading)
    chosen = columns.chosen(plain(path), file.names, target)
    text = {name for name, kind in (known or {}).items() if kind.name == "category"}
    if classes is not None or task == "classification":  # "01" may be the name of a class
        text |= {file.names[j] for j in chosen}
    lines, given = file.whole([j for j, name in enumerate(file.names) if name in text])
    return columns.table(
        plain(path.stem),
        given,
        chosen,
        origin=Origin(plain(path), lines),
        task=task,
        classes=classes,
        number=file.number,
        known=known,
        source=messages.say("data.csv", path=plain(path.name), rows=len(lines)),
        notices=file.notices,
        reading=reading,
    )


class TextTable:
    """A file of text as a table: its dialect, the names of its columns, and its rows, block by block."""

    def __init__(
        self,
        path: Path,
        *,
        header: bool | None = None,
        delimiter: str | None = None,
        encoding: str | None = None,
        decimal: str | None = None,
    ) -> None:
        self.path = path
        self.file = files.TextFile(path, encoding)
        head = self.file.head()
        self.dialect: Dialect = dialect(path, head, delimiter=delimiter, decimal=decimal, header=header)
        self.number = NUMBER[self.dialect.decimal]
        self.underscore = False  # seen so far by the records that are being read
        self.notices: list[dict[str, object]] = []
        self.names = self._names()

    def _names(self) -> list[str]:
        """The names of the columns: the first record when it is a header, else column1, column2, …"""
        with self.file.open() as text:
            first = next(_Records(self, text), None)
        if first is None:
            raise fail("BL202", path=plain(self.path), size=self.file.size)
        given = [plain(cell.strip()) if self.dialect.header else "" for cell in first[1]]
        numbered = [f"column{j}" for j in range(1, len(given) + 1)]
        names: dict[str, None] = {}
        for name, number in zip(given, numbered, strict=True):
            names[name if name and name not in names else f"{name} {number}".strip()] = None
        # Three columns "a", "a column3", "a" still clash: then all are numbered.
        found = list(names) if len(names) == len(given) else numbered
        twice = (
            sorted({name for name in given if name and given.count(name) > 1}) if len(set(given)) < len(given) else []
        )
        if twice:
            new = [name for name, old in zip(found, given, strict=True) if name != old]
            self.notices.append({"code": "BL222", "path": plain(self.path), "columns": twice[:12], "names": new[:12]})
        return found

    def blocks(self, rows: int = AT_A_TIME) -> Iterator[Block]:
        """The rows below the header, so many at a time; BL204 for one of another width."""
        with self.file.open() as text:
            records = _Records(self, text)
            if self.dialect.header:
                next(records, None)
            width = len(self.names)
            while block := list(itertools.islice(records, rows)):
                for line, cells in block:
                    if len(cells) != width:
                        facts = {"path": plain(self.path), "line": line, "delimiter": repr(self.dialect.delimiter)}
                        raise fail("BL204", expected=width, got=len(cells), **facts)
                yield [line for line, _ in block], [cells for _, cells in block]

    def parts(self, wanted: Sequence[int], rows: int = AT_A_TIME) -> Iterator[tuple[Origin, list[Given]]]:
        """The wanted columns as words, so many rows at a time; what stands in the others is not looked at."""
        for lines, block in self.blocks(rows):
            given = [Given(self.names[j], factor([cells[j] for cells in block])) for j in wanted]
            yield Origin(plain(self.path), lines), given

    def whole(self, as_words: Sequence[int]) -> tuple[array[int], list[Given]]:
        """All columns, and the line of each row; those in `as_words` are not looked at as numbers."""
        growing = [_Growing(words=j in as_words) for j in range(len(self.names))]
        lines = array("q")
        for found, rows in self.blocks():
            for column, cells in zip(growing, zip(*rows, strict=True), strict=True):
                column.add(cells, self)
            lines.extend(found)
        if not lines:
            raise fail("BL203", path=plain(self.path), names=columns.some(self.names))
        late = [j for j, column in enumerate(growing) if column.late]
        if late:  # numbers at first, text further down: read again, as text
            for j in late:
                growing[j] = _Growing(words=True)
            for _, rows in self.blocks():
                for j in late:
                    growing[j].add([row[j] for row in rows], self)
        return lines, [Given(name, column.values()) for name, column in zip(self.names, growing, strict=True)]


class _Growing:
    """One column while a file is read: numbers as long as every cell is one or stands for nothing, else words."""

    def __init__(self, words: bool) -> None:
        self.numbers: array[float] | None = None if words else array("d")
        self.numbering, self.codes = Numbering(), array("q")
        self.late = False

    def add(self, cells: Sequence[str], table: TextTable) -> None:
        if self.late:
            return
        if self.numbers is None:
            self.codes.extend([self.numbering[cell] for cell in cells])
            return
        before = len(self.numbers)
        number = float if table.number is NUMBER[""] and not table.underscore else table.number
        try:
            self.numbers.extend(map(number, cells))
        except ValueError:
            del self.numbers[before:]
            try:
                self.numbers.extend([number_or_nan(cell, number) for cell in cells])
            except ValueError:
                self.late, self.numbers = before > 0, None
                self.add(cells, table)

    def values(self) -> Numbers | Words:
        if self.numbers is not None:
            return np.array(self.numbers, dtype=np.float64)
        return self.numbering.words(np.array(self.codes, dtype=np.int64))


class _Records:
    """The records of a text with the line on which each begins; blank lines are left out."""

    def __init__(self, table: TextTable, text: IO[str]) -> None:
        self.table = table
        table.underscore = False
        self._reader = csv.reader(self._lines(text), delimiter=table.dialect.delimiter, skipinitialspace=True)

    def _lines(self, text: IO[str]) -> Iterator[str]:
        lines = iter(text)
        first = next(lines, "").removeprefix("\ufeff")
        for line in itertools.chain([first], lines):
            if "_" in line:  # `float` reads 1_000, we do not
                self.table.underscore = True
            yield line

    def __iter__(self) -> _Records:
        return self

    def __next__(self) -> tuple[int, list[str]]:
        begins = self._reader.line_num + 1
        try:
            for cells in self._reader:
                if len(cells) > 1 or (cells and cells[0].strip()):
                    return begins, cells
                begins = self._reader.line_num + 1
        except csv.Error as error:
            raise files.unreadable(self.table.path, f"line {begins}: {error}") from None
        raise StopIteration

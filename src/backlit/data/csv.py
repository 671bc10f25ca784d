"""Reading a table of numbers from a text file: comma, semicolon or tab, with a header or without.

One pass: `csv` splits the text into records, and each record is checked and turned into numbers at once, so
that every complaint can name its line.  200,000 rows of 20 columns take about a second.
"""

from __future__ import annotations

import csv
import io
import operator
import os
from array import array
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .. import messages
from ..errors import BacklitError, fail, nearest
from . import answers, files
from .checks import SHOWN, Origin, finite, one_of, plain, shown
from .table import TASKS, Table, Task

DELIMITERS = "\t;,"
MISSING = {"", "na", "n/a", "#n/a", "nan", "null", "none", "nil", "?", "-", "."}
SLIPS = 0.1  # a target with at most this share of text is numbers with slips in it, not names
LISTED = 12

Target = str | int | Sequence[str | int]


class Cells(NamedTuple):
    """What stands in a file below the header."""

    x: NDArray[np.float64]  # (rows, features)
    targets: list[list[str]]  # the cells of each target column
    lines: array[int]  # the line on which each row begins


def read(
    path: str | os.PathLike[str],
    *,
    target: Target | None = None,
    task: Task | None = None,
    classes: Sequence[str] | None = None,
    header: bool | None = None,
    delimiter: str | None = None,
    encoding: str = "utf-8-sig",
) -> Table:
    """Read a file of numbers.

    Parameters
    ----------
    path : str or path
    target : str, int or a list of them, optional
        The column to be learned, by name or by position (0 is the first, -1 the last).  Default: the last.
        Several columns make a regression; the empty list leaves all columns to the inputs.
    task : {"classification", "regression"}, optional
        Default: text is a class, and so are few different whole numbers; all else is a quantity.
    classes : sequence of str, optional
        The classes in their order, when a trained model already knows them.
    header : bool, optional
        Whether the first row holds names.  Default: it does when none of its cells is a number.
    delimiter : str, optional
        Default: the one of comma, semicolon and tab that divides the first rows evenly.
    encoding : str
        Default: UTF-8, with or without a byte order mark.

    Returns
    -------
    Table

    Raises
    ------
    DataError
        BL201 to BL208, BL211, BL215 to BL217: see `backlit explain`.
    """
    path = Path(os.path.expanduser(path))
    if task is not None:
        one_of("task", task, TASKS)
    records = Records(path, files.text_of(path, encoding), delimiter)
    names = records.header(header)
    chosen = _chosen(path, names, target)
    cells = _cells(records, names, chosen)
    kind, t, found = _answers(records, cells, [names[j] for j in chosen], task, classes)
    return Table(
        plain(path.stem),
        cells.x,
        t,
        tuple(name for j, name in enumerate(names) if j not in chosen),
        tuple(names[j] for j in chosen),
        kind,
        found,
        messages.say("data.csv", path=plain(path.name), rows=len(cells.x)),
    )


class Records:
    """The records of a text with the line on which each begins; blank lines are left out."""

    def __init__(self, path: Path, text: str, delimiter: str | None) -> None:
        self.path = path
        self.delimiter = _delimiter(text, delimiter)
        self.number: Callable[[str], float] = _number
        self._text = text
        self._reader = csv.reader(io.StringIO(text, newline=""), delimiter=self.delimiter, skipinitialspace=True)
        self._put_back: tuple[int, list[str]] | None = None

    def header(self, given: bool | None) -> list[str]:
        """The names of the columns: the first record when it is a header, else column1, column2, …"""
        first = next(iter(self), None)
        if first is None:
            raise fail("BL202", path=plain(self.path), size=len(self._text))
        if given is None:
            given = not any(map(_is_number, first[1]))
        if "_" not in (self._text[self._text.find("\n") + 1 :] if given else self._text):
            self.number = float  # the same and quicker
        if not given:
            self._put_back = first
        cells = [plain(cell.strip()) if given else "" for cell in first[1]]
        numbered = [f"column{j}" for j in range(1, len(cells) + 1)]
        names: dict[str, None] = {}
        for name, number in zip(cells, numbered, strict=True):
            names[name if name and name not in names else f"{name} {number}".strip()] = None
        # Three columns "a", "a column3", "a" still clash: then all are numbered.
        return list(names) if len(names) == len(cells) else numbered

    def refusal(self, line: int, column: str, cell: str) -> BacklitError:
        """BL207 for a cell that stands for nothing, BL206 for any other text."""
        code = "BL207" if cell.strip().lower() in MISSING else "BL206"
        path = plain(self.path)
        return fail(code, path=path, line=line, place=f"{path}:{line}", column=column, value=shown(cell), count=1)

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        if self._put_back is not None:
            first, self._put_back = self._put_back, None
            yield first
        begins = self._reader.line_num + 1
        try:
            for cells in self._reader:
                if len(cells) > 1 or (cells and cells[0].strip()):
                    yield begins, cells
                begins = self._reader.line_num + 1
        except csv.Error as error:
            raise files.unreadable(self.path, f"line {begins}: {error}") from None


def _delimiter(text: str, given: str | None) -> str:
    """The given delimiter, else the one that divides most of the first rows into equally many cells."""
    if given is not None:
        if not isinstance(given, str) or len(given) != 1 or given in '"\r\n\0':
            raise fail("BL215", option="delimiter", value=shown(given), allowed='"," ";" "\\t"')
        return given
    head = text.lstrip()[:65536]  # shorter than the longest cell the csv module takes
    lines = [line for line in head.splitlines() if line.strip()][:20]

    def agreement(delimiter: str) -> tuple[int, int]:
        widths = [len(next(csv.reader([line], delimiter=delimiter), [])) for line in lines]
        return (widths.count(widths[0]), widths[0]) if widths[0] > 1 else (0, 0)

    # max takes the first of equals: in "1,5;2,5;3" the comma is a decimal mark.
    return max(DELIMITERS, key=agreement)


def _number(cell: str) -> float:
    """`float`, except that 2026_11 is text."""
    if "_" in cell:
        raise ValueError(cell)
    return float(cell)


def _is_number(cell: str) -> bool:
    """Whether a cell reads as a number (nan and inf do)."""
    try:
        _number(cell)
    except ValueError:
        return False
    return True


def _chosen(path: Path, names: list[str], target: Target | None) -> list[int]:
    """The positions of the target columns: BL205 for one that is not there, BL216 when no input is left."""
    wanted = [-1] if target is None else list(target) if isinstance(target, list | tuple) else [target]
    chosen = list(dict.fromkeys(_position(path, names, one) for one in wanted))
    if len(chosen) >= len(names):
        raise fail("BL216", path=plain(path), columns=len(names), names=_some(names), targets=len(chosen))
    return chosen


def _position(path: Path, names: list[str], wanted: Any) -> int:
    """Where a column stands; a name goes before a position written as text ("3" on a command line)."""
    if isinstance(wanted, str) and wanted in names:
        return names.index(wanted)
    try:
        return range(len(names))[int(wanted) if isinstance(wanted, str) else operator.index(wanted)]
    except (ValueError, TypeError, IndexError):
        close = nearest(str(wanted)[:SHOWN], _some(names, 1000))
        listed = _some(names)
        raise fail("BL205", path=plain(path), column=shown(wanted), nearest=close, names=listed) from None


def _some(names: list[str], many: int = LISTED) -> list[str]:
    """The names a message lists: not all of ten thousand, and none of a thousand letters."""
    return [name if len(name) <= SHOWN else name[: SHOWN - 1] + "…" for name in names[:many]]


def _cells(records: Records, names: list[str], chosen: list[int]) -> Cells:
    """All rows, checked and parted: BL203 (no rows), BL204 (another width), BL206 and BL207 (a bad cell)."""
    width, number = len(names), records.number
    inputs = [name for j, name in enumerate(names) if j not in chosen]
    targets: list[list[str]] = [[] for _ in chosen]
    from_the_right = sorted(zip(chosen, targets, strict=True), key=lambda pair: -pair[0])
    values, lines = array("d"), array("q")
    for line, cells in records:
        if len(cells) != width:
            facts = {"path": plain(records.path), "line": line, "delimiter": repr(records.delimiter)}
            raise fail("BL204", expected=width, got=len(cells), **facts)
        for j, column in from_the_right:  # so that the positions further left stay true
            column.append(cells.pop(j).strip())
        try:
            values.extend(map(number, cells))
        except ValueError:
            j = next(j for j, cell in enumerate(cells) if not _is_number(cell))
            raise records.refusal(line, inputs[j], cells[j]) from None
        lines.append(line)
    if not lines:
        raise fail("BL203", path=plain(records.path), names=_some(names))
    x = np.array(values, dtype=np.float64).reshape(len(lines), len(inputs))
    finite(Origin(plain(records.path), lines), x, inputs)
    return Cells(x, targets, lines)


def _answers(
    records: Records, cells: Cells, names: list[str], task: Task | None, classes: Sequence[str] | None
) -> answers.Answer:
    """The target columns as classes or as quantities."""
    origin = Origin(plain(records.path), cells.lines)
    if len(names) == 1 and _holds_names(cells.targets[0], task, classes):
        if "" in cells.targets[0]:
            raise records.refusal(cells.lines[cells.targets[0].index("")], names[0], "")
        return answers.of_names(cells.targets[0], names[0], origin, classes)
    t = np.empty((len(cells.x), len(names)))
    for j, column in enumerate(cells.targets):
        for row, cell in enumerate(column):
            if not _is_number(cell):
                raise records.refusal(cells.lines[row], names[j], cell)
            t[row, j] = float(cell)
    return answers.of_numbers(t, names, origin, task, classes)


def _holds_names(cells: list[str], task: Task | None, classes: Sequence[str] | None) -> bool:
    """Whether a target column holds class names: it has text, and more than numbers have by mistake."""
    if task == "regression":
        return False
    if classes is not None and set(cells) <= set(classes):
        return True
    words = sum(cell.lower() not in MISSING and not _is_number(cell) for cell in cells)
    return words > 0 and (task == "classification" or words > SLIPS * len(cells))

"""From columns as they came (numbers or words, of a file or a frame) to a table, and what is to be noticed."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import fail, nearest
from . import dates
from .checks import SHOWN, Origin, finite, shown
from .given import LISTED, MANY, Given, Number, refused
from .kinds import KINDS, Kind, Numbers, Unfit, Words, is_missing, kind_of, plain_number, values_of
from .table import Table, Task
from .targets import answered

Target = str | int | Sequence[str | int]
_LIKE = (("number", "boolean"), ("boolean", "number"), ("date", "datetime"), ("datetime", "date"))
SAME = {(name, name) for name in KINDS} | set(_LIKE)  # kinds whose numbers mean the same


def chosen(path: str, names: Sequence[str], target: Target | None) -> list[int]:
    """The positions of the target columns: BL205 for one that is not there, BL216 when no input is left."""
    wanted = [-1] if target is None else list(target) if isinstance(target, list | tuple) else [target]
    found = list(dict.fromkeys(_position(path, list(names), one) for one in wanted))
    if len(found) >= len(names):
        raise fail("BL216", path=path, columns=len(names), names=some(names), targets=len(found))
    return found


def _position(path: str, names: list[str], wanted: Any) -> int:
    """Where a column stands; a name goes before a position written as text ("3" on a command line)."""
    if isinstance(wanted, str) and wanted in names:
        return names.index(wanted)
    try:
        return range(len(names))[int(wanted) if isinstance(wanted, str) else operator.index(wanted)]
    except (ValueError, TypeError, IndexError):
        close = nearest(str(wanted)[:SHOWN], some(names, 1000))
        raise fail("BL205", path=path, column=shown(wanted), nearest=close, names=some(names)) from None


def some(names: Sequence[str], many: int = LISTED) -> list[str]:
    """The names a message lists: not all of ten thousand, and none of a thousand letters."""
    return [name if len(name) <= SHOWN else name[: SHOWN - 1] + "…" for name in names[:many]]


def table(
    name: str,
    given: Sequence[Given],
    targets: Sequence[int],
    *,
    origin: Origin,
    task: Task | None = None,
    classes: Sequence[str] | None = None,
    number: Number = plain_number,
    known: Mapping[str, Kind] | None = None,
    source: str = "",
    notices: Sequence[dict[str, Any]] = (),
    reading: Mapping[str, Any] | None = None,
) -> Table:
    """The table of columns that lie side by side.

    Parameters
    ----------
    given : sequence of Given
    targets : sequence of int
        The positions of those to be learned.
    origin, number
        Where the rows come from, for the messages, and how a number is written.
    known : mapping of names to Kind, optional
        The kinds of some columns, known from a model; those of the others are seen in the cells.
    reading : mapping, optional
        What has to be known to read other data in the same way.

    Raises
    ------
    DataError
        BL206 to BL208, BL215, BL217, BL226, BL228, BL229, BL231.
    """
    told = list(notices)
    learned = [given[j] for j in targets]
    asked = answered(learned, len(given[0]), origin, task, classes, number, told)
    inputs = [column for j, column in enumerate(given) if j not in targets]
    kept, parts, kinds = [], [], []
    for column in inputs:
        if known is not None and column.name in known:
            kind, values = typed(column, known[column.name], origin, number)
        else:
            kind, values = _seen(column, origin, number, told)
            if _worthless(column, kind, values, origin, told):
                continue
        kept.append(column.name)
        parts.append(values)
        kinds.append(kind)
    if not kept:
        raise fail(
            "BL216", path=origin.name, columns=len(given), names=some([c.name for c in given]), targets=len(targets)
        )
    x = np.column_stack(parts)
    rows = asked.rows
    if rows is not None:
        x = x[rows]
        origin = origin.take(np.flatnonzero(rows))
    return Table(
        name, x, asked.t, tuple(kept), tuple(c.name for c in learned), asked.task, asked.classes, source,
        kinds=tuple(kinds), notices=tuple(told), reading=dict(reading or {}),
        origin=None if origin.lines is origin.rows is None else origin,
    )  # fmt: skip


def typed(column: Given, kind: Kind, origin: Origin, number: Number = plain_number) -> tuple[Kind, Numbers]:
    """The numbers of a column that is known to be of a kind; the levels of a category are those that occur.

    Raises
    ------
    DataError
        BL206, BL207, BL229 with the place of a cell that does not fit.
    """
    if kind.name == "category":
        words = column.words()
        there = {
            word.strip() for word, n in zip(words.words, words.counts(), strict=True) if n and not is_missing(word)
        }
        kind = Kind("category", levels=tuple(sorted(there)))
        return kind, values_of(words, kind)
    if not isinstance(column.values, Words) and (kind.name, column.kind.name) in SAME:
        values = column.values
    else:
        column = Given(column.name, column.words())
        try:
            values = values_of(column.words(), kind, number)
        except Unfit as error:
            refused(error, column, origin)
    _finite(column.name, values, origin)
    return kind, values


def _finite(name: str, values: Numbers, origin: Origin) -> None:
    """BL207 for an infinite number; NaN is what is missing."""
    if np.isinf(values).any():
        finite(origin, np.where(np.isinf(values), values, 0.0)[:, None], [name])


def _seen(column: Given, origin: Origin, number: Number, told: list[dict[str, Any]]) -> tuple[Kind, Numbers]:
    """The kind of a column and its numbers."""
    if isinstance(column.values, Words):
        try:
            kind = kind_of(column.values, number)
            values = values_of(column.values, kind, number)
        except Unfit as error:
            refused(error, column, origin)
        if kind.order and dates.is_open(column.values.words):
            told.append({"code": "BL230", "column": column.name, "order": kind.order})
    else:
        kind, values = column.kind, column.values
    _finite(column.name, values, origin)
    return kind, values


def _worthless(column: Given, kind: Kind, values: Numbers, origin: Origin, told: list[dict[str, Any]]) -> bool:
    """Whether a column is left out: nothing in it, or names, each only once; one that never changes is told only."""
    there = values[~np.isnan(values)]
    facts = {"path": origin.name, "column": column.name, "rows": len(values)}
    if not len(there):
        told.append({"code": "BL224", **facts})
        return True
    if kind.name == "category" and len(there) >= MANY and 2 * len(kind.levels) > len(there):
        told.append({"code": "BL232", **facts, "count": len(kind.levels)})
        return True
    if len(values) > 1 and len(there) == len(values) and there.min() == there.max():
        told.append({"code": "BL223", **facts, "value": _shown(kind, float(there[0]))})
    return False


def _shown(kind: Kind, value: float) -> str:
    return shown(kind.levels[int(value)]) if kind.name == "category" else f"{value:g}"

"""What is to be learned: the target columns as classes, labels or quantities, without the rows that have no answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import fail
from . import answers
from .checks import Origin, shown
from .given import LISTED, MANY, Given, Number, refused
from .kinds import NO_ANSWER, SLIPS, TRUTH, Kind, Numbers, Unfit, Words, is_missing, is_number, values_of
from .table import Task


@dataclass
class Asked:
    """The answers, and which rows have one."""

    task: Task
    t: NDArray[Any]
    classes: tuple[str, ...]
    rows: NDArray[np.bool_] | None  # those that have an answer; None: all


def answered(
    learned: Sequence[Given],
    count: int,
    origin: Origin,
    task: Task | None,
    classes: Sequence[str] | None,
    number: Number,
    told: list[dict[str, Any]],
) -> Asked:
    """The target columns as classes, labels or quantities, without the rows that have no answer."""
    if not learned:
        return Asked("regression", np.empty((count, 0)), (), None)
    single = learned[0] if len(learned) == 1 else None
    names = single is not None and _holds_names(single, task, classes, number)
    blank = [_blank(column, names) for column in learned]
    there = ~np.logical_or.reduce(blank)
    kept = None
    if not there.all():
        rows = np.flatnonzero(~there)
        facts = {"path": origin.name, "count": len(rows), "rows": len(there), "place": origin.place(int(rows[0]))}
        facts["column"] = ", ".join(column.name for column in learned)
        if len(rows) == len(there):
            raise fail("BL226", **facts)
        told.append({"code": "BL225", **facts})
        kept = there
        origin = origin.take(np.flatnonzero(there))
        learned = [column.take(there) for column in learned]
    if names:
        cells = _cells_of(learned[0])
        if task is None and classes is None:
            _check_classes(cells, learned[0].name, origin)
        found = answers.of_names(cells, learned[0].name, origin, classes)
    else:
        several = len(learned) > 1 or task == "multilabel"
        t = np.column_stack([_quantity(column, origin, number, several) for column in learned])
        found = answers.of_numbers(t, [c.name for c in learned], origin, task, classes)
    if found[0] == "classification" and classes is None:
        single_rows = [
            c for c, n in zip(found[2], np.bincount(found[1], minlength=len(found[2])), strict=True) if n == 1
        ]
        if single_rows and len(found[1]) >= MANY:
            facts = {"path": origin.name, "column": learned[0].name, "count": len(single_rows)}
            told.append({"code": "BL227", **facts, "classes": [shown(c) for c in single_rows[:LISTED]]})
    return Asked(found[0], found[1], found[2], kept)


def _check_classes(cells: list[str], column: str, origin: Origin) -> None:
    """BL228 where nearly every row would be a class of its own."""
    kinds = len(set(cells))
    if len(cells) >= MANY and 2 * kinds > len(cells):
        raise fail("BL228", path=origin.name, column=column, classes=kinds, rows=len(cells))


def _holds_names(column: Given, task: Task | None, classes: Sequence[str] | None, number: Number) -> bool:
    """Whether a target column holds class names: it has text, and more than numbers have by mistake."""
    if task in ("regression", "multilabel"):
        return False
    if not isinstance(column.values, Words):
        return column.kind.name in ("category", "boolean")
    counts, words = column.values.counts(), column.values.words
    there = [i for i in range(len(words)) if counts[i]]
    if classes is not None and {words[i].strip() for i in there if not is_missing(words[i])} <= set(classes):
        return True
    text = [i for i in there if not is_missing(words[i]) and not is_number(words[i], number)]
    plus = [i for i in there if words[i].strip() and words[i].strip().lower() not in NO_ANSWER]
    if not text:  # "-" and "none" alone beside numbers stand for nothing; with nothing else they are names
        return bool(plus) and all(is_missing(words[i]) for i in plus)
    return task == "classification" or int(counts[text].sum()) > SLIPS * int(counts.sum())


def _blank(column: Given, names: bool) -> NDArray[np.bool_]:
    """The rows in which a target says nothing."""
    if not isinstance(column.values, Words):
        return np.isnan(column.values)
    nothing = NO_ANSWER if names else None
    blank = [w.strip().lower() in nothing if nothing is not None else is_missing(w) for w in column.values.words]
    found: NDArray[np.bool_] = np.array(blank, dtype=bool)[column.values.codes]
    return found


def _cells_of(column: Given) -> list[str]:
    """A target's names, a cell a row."""
    words = column.words()
    stripped = [word.strip() for word in words.words]
    return [stripped[code] for code in words.codes.tolist()]


def _quantity(column: Given, origin: Origin, number: Number, several: bool) -> Numbers:
    """A target as numbers; yes and no are 1 and 0.  One of `several` that has text is no slip of the pen: BL249."""
    if not isinstance(column.values, Words):
        return (
            _quantity(Given(column.name, column.words()), origin, number, several)
            if column.kind.levels
            else column.values
        )
    counts = column.values.counts()
    words = {w.strip().lower() for w, n in zip(column.values.words, counts, strict=True) if n}
    kind = Kind("boolean") if words <= set(TRUTH) and not all(is_number(w) for w in words) else Kind()
    try:
        return values_of(column.values, kind, number)
    except Unfit as error:
        if several and _holds_names(column, None, None, number):
            error.code = "BL249"
        refused(error, column, origin)

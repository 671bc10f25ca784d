"""A column of the table as the weights of its rows: taken out of the inputs, and told where it cannot be one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from ...data import Split, Table, load
from ...data.checks import plain, shown
from ...data.columns import chosen, some
from ...data.extras import needed
from ...data.frames import is_frame
from ...data.kinds import Kind
from ...data.load import opened
from ...errors import fail, nearest
from .scores import effective

Array = np.ndarray[Any, Any]


def load_weighted(source: Any, column: str, *, target: Any = None, **given: Any) -> tuple[Table, Array]:
    """The table of a source without a column, and this column: the weight of each row.

    Parameters
    ----------
    source, **given
        As for `backlit.data.load`.
    column : str
        The name of the column; in a file its position, too (-1 is the last).
    target
        As for `load`; by default the last of the other columns.

    Raises
    ------
    DataError
        BL205: there is no such column; BL206: it has text.
    ParameterError
        BL322: it is the target, or holds what is no weight.

    Examples
    --------
    >>> import numpy as np
    >>> table, w = load_weighted((np.array([[1.0, 2.0], [3.0, 0.0]]), [0.5, 1.5]), "x2")
    >>> table.features, w.tolist()
    (('x1',), [2.0, 0.0])
    """
    names = names_of(source, given)
    if names is None:
        return without(load(source, target=target, **given), column)
    (place,) = chosen(plain(source) if isinstance(source, str | os.PathLike) else "frame", names, column)
    if target is None and place == len(names) - 1:
        target = -2
    known = {names[place]: Kind()}
    return without(load(source, target=target, known=known, **given), names[place])


def names_of(source: Any, given: Mapping[str, Any]) -> list[str] | None:
    """The names of the columns of a file or a frame; None for what has no header to look at."""
    if is_frame(source):
        found = needed("narwhals", "frame").from_native(source).collect_schema().names()
        return [plain(name) for name in found]
    reading = {name: value for name, value in given.items() if name not in ("task", "seed", "classes")}
    stream = opened(source, **reading)
    return None if stream is None else list(stream.names)


def without(table: Table, column: str) -> tuple[Table, Array]:
    """The table without a column of weights, and the weights: finite numbers from 0 on, not all of them 0."""
    if column in table.target:
        raise fail("BL322", column=column, got="target", place=table.name)
    if column not in table.features:
        names = list(table.features)
        close = nearest(column[:80], some(names, 1000))
        raise fail("BL205", path=table.name, column=shown(column), nearest=close, names=some(names))
    if len(table.features) == 1:
        names = [*table.features, *table.target]
        raise fail("BL216", path=table.name, columns=len(names), names=some(names), targets=len(table.target))
    j = table.features.index(column)
    kind = table.kinds[j].name if table.kinds else "number"
    if kind not in ("number", "boolean"):
        raise fail("BL322", column=column, got=kind, place=table.name)
    w: Array = table.x[:, j].copy()
    bad = ~np.isfinite(w) | (w < 0)
    if bad.any() or not w.any():
        row = int(np.argmax(bad))
        place = table.origin.place(row) if table.origin is not None else f"{column}[{row}]"
        raise fail("BL322", column=column, got=f"{w[row]:g}" if bad.any() else "0, 0, …", place=place)
    kept = [k for k in range(len(table.features)) if k != j]
    table = replace(
        table, x=table.x[:, kept], features=tuple(table.features[k] for k in kept),
        kinds=tuple(table.kinds[k] for k in kept) if table.kinds else (),
        notices=tuple(notice for notice in table.notices if notice.get("column") != column),
    )  # fmt: skip
    return table, w


def worth(parts: Split, weight: Array) -> dict[str, float]:
    """For each part of the rows: as many rows of one weight tell as much (`scores.effective`).

    >>> worth(Split(np.array([0, 1]), np.array([2, 3]), np.array([], int)), np.array([2.0, 2.0, 1.0, 0.0]))
    {'train': 2.0, 'validation': 1.0, 'test': 0.0}
    """
    return {name: effective(weight[getattr(parts, name)]) for name in ("train", "validation", "test")}

"""Rows for a trained network: the columns of its preparation, found in a source, a block at a time.

A file is never held whole: `backlit predict` answers for files that are larger than the memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ..errors import fail, nearest
from .checks import Origin, finite, plain
from .column import names_of
from .columns import typed
from .given import Given, Number
from .kinds import Kind, Numbers
from .load import load, opened, sources, takes
from .preparation import Preparation
from .table import Table

AT_A_TIME = 4096  # rows
InOrder = Callable[[Sequence[str]], None]


def rows(
    source: Any,
    known: Preparation | None,
    width: int,
    *,
    at_a_time: int = AT_A_TIME,
    in_order: InOrder | None = None,
    **reading: Any,
) -> Iterator[Table]:
    """The rows of a source as tables that hold the columns of a model, in its order.

    Parameters
    ----------
    source
        What `load` takes; in a file the answers may be missing, and other columns may stand in it too.
    known : Preparation or None
        Of the model; without one all columns are numbers, and taken in order.
    width : int
        How many columns are needed.
    at_a_time : int
        Rows in a table, where the source is a file that can be read in parts.
    in_order : callable, optional
        Called with the names of the model's columns when the source has others, and they are taken in order.
    **reading
        Options of `load` (delimiter, encoding, …).

    Raises
    ------
    ShapeError
        BL103 when the source has too few columns or too many.
    DataError
        As `load`.
    """
    reading = {**reading_of(source, known), **reading}
    wanted = known.features if known else ()
    targets = [*names_of(known.target), *([known.weight] if known.weight else [])] if known else []
    stream = opened(source, **reading)
    if stream is None:  # a set by name, arrays, a frame, images: in memory anyway
        settled = isinstance(source, Table | tuple | list) or (isinstance(source, str) and source in sources())
        table = load(source, target=None if settled else [], **reading)
        places = columns(names_of(wanted), width, table.features, (), in_order, place=table.name)
        for start in range(0, table.rows, at_a_time):
            yield _some(table, places, slice(start, start + at_a_time), known)
        return
    places = columns(names_of(wanted), width, stream.names, targets, in_order, place=plain(stream.path))
    kinds = [column.as_kind() for column in wanted] or [Kind()] * len(places)
    strict = [column.missing == "refused" for column in wanted] or [True] * len(places)
    empty = True
    for origin, given in stream.parts(places, at_a_time):
        empty = False
        yield _table(given, kinds, strict, origin, stream.number, known)
    if empty:
        raise fail("BL203", path=str(stream.path), names=list(stream.names[:12]))


def reading_of(source: Any, known: Preparation | None) -> dict[str, Any]:
    """How the data were read from which a model was made, as far as the reader of a source has such options."""
    return {name: value for name, value in (known.reading if known else {}).items() if takes(source, name)}


def _some(table: Table, places: list[int], part: slice, known: Preparation | None) -> Table:
    """Some rows of a table, with the columns of the model under the model's names."""
    features = tuple(names_of(known.features)) if known else tuple(table.features[j] for j in places)
    kinds = tuple(table.kinds[j] for j in places) if table.kinds else ()
    x = table.x[part][:, places]
    return Table(table.name, x, np.empty((len(x), 0)), features, (), "regression", kinds=kinds)


def _table(
    given: Sequence[Given],
    kinds: Sequence[Kind],
    strict: Sequence[bool],
    origin: Origin,
    number: Number,
    known: Preparation | None,
) -> Table:
    """One block."""
    names = tuple(names_of(known.features)) if known else tuple(column.name for column in given)
    found: list[Kind] = []
    parts: list[Numbers] = []
    for column, kind, needed in zip(given, kinds, strict, strict=True):
        seen, values = typed(column, kind, origin, number)
        if needed:
            finite(origin, values[:, None], [column.name])
        found.append(seen)
        parts.append(values)
    x = np.column_stack(parts)
    return Table(origin.name, x, np.empty((len(x), 0)), names, (), "regression", kinds=tuple(found))


def columns(
    wanted: Sequence[str], width: int, names: Sequence[str], targets: Sequence[str], in_order: InOrder | None = None,
    *, place: str = "X",
) -> list[int]:  # fmt: skip
    """The places of a model's columns among `names`: by name, else in order with the answers left out.

    Where some of the names are there and others not, it is a slip: DataError BL245.
    """
    if wanted and set(wanted) <= set(names):
        return [list(names).index(name) for name in wanted]
    if (missing := [name for name in wanted if name not in names]) and len(missing) < len(wanted):
        close = nearest(missing[0], names).split(", ")
        shown = ", ".join(close) if len(close) <= 3 else "–"  # all of them where nothing is near
        raise fail("BL245", missing=missing[:12], names=list(names)[:12], nearest=shown, place=place)
    count = len(wanted) or width
    left = [j for j, name in enumerate(names) if name not in targets]
    if len(left) != count and len(names) == count + max(1, len(targets)):
        left = list(range(count))  # the answers come last, whatever they are called
    if len(left) != count:
        raise fail("BL103", name="X", expected=count, got=len(left), columns=list(wanted[:12]))
    if wanted and in_order is not None and any(not name.startswith("column") for name in names):
        in_order(list(wanted[:12]))
    return left

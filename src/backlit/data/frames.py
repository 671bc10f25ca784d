"""Data frames in memory: pandas, polars and Arrow, all through narwhals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .. import messages
from ..errors import fail
from . import columns
from .checks import Origin, plain
from .columns import Target
from .extras import needed
from .given import Given
from .kinds import Kind, Numbers, factor, values_of
from .table import Table, Task, one_of_tasks

LIBRARIES = ("pandas", "polars", "pyarrow", "narwhals", "modin", "cudf")
DAY = 86400e6  # microseconds


def is_frame(source: Any) -> bool:
    """Whether something is a data frame; nothing is imported to find out.

    >>> is_frame([[1, 2]]), is_frame("iris")
    (False, False)
    """
    if type(source).__module__.partition(".")[0] in LIBRARIES:
        return any(hasattr(type(source), name) for name in ("columns", "column_names", "collect"))
    return hasattr(source, "__dataframe__")


def read(
    source: Any,
    *,
    target: Target | None = None,
    task: Task | None = None,
    classes: Sequence[str] | None = None,
    known: Mapping[str, Kind] | None = None,
) -> Table:
    """A data frame of pandas, polars or Arrow as a table; columns of text are read as those of a CSV file are.

    Parameters
    ----------
    source : data frame
    target, task, classes, known
        As in `csv.read`.

    Returns
    -------
    Table

    Raises
    ------
    DataError
        BL203 (no rows), BL237 (no frame that can be read); else as `csv.read`.
    """
    one_of_tasks(task)
    name = type(source).__module__.partition(".")[0]
    given, notices = given_of(source, name)
    names = [column.name for column in given]
    chosen = columns.chosen(name, names, target)
    rows = len(given[0]) if given else 0
    if not rows:
        raise fail("BL203", path=name, names=columns.some(names))
    return columns.table(
        "frame", given, chosen,
        origin=Origin(name), task=task, classes=classes, known=known, notices=notices,
        source=messages.say("data.frame", library=name, rows=rows),
    )  # fmt: skip


def given_of(source: Any, name: str) -> tuple[list[Given], list[dict[str, Any]]]:
    """The columns of a frame, and BL237 as a notice for each that holds no single values."""
    nw = needed("narwhals", name)
    try:
        frame = nw.from_native(source)
        if hasattr(frame, "collect"):
            frame = frame.collect()
        series = [(plain(column), frame[column]) for column in frame.columns]
    except Exception as error:  # a library's own complaint: two columns of one name, …
        raise fail("BL237", path=name, column="–", got=plain(str(error))[:200]) from None
    given, notices = [], []
    for column, values in series:
        try:
            given.append(_given(nw, column, values))
        except Exception as error:  # an overflow, a type that no one knows
            raise fail("BL237", path=name, column=column, got=plain(f"{values.dtype}: {error}")[:200]) from None
        if given[-1] is None:
            notices.append({"code": "BL237", "path": name, "column": column, "got": str(values.dtype)[:80]})
    return [column for column in given if column is not None], notices


def _given(nw: Any, name: str, series: Any) -> Given | None:
    """One column; None for lists, structures and bytes."""
    dtype = series.dtype
    if dtype.is_nested() or dtype == nw.Binary:
        return None
    if dtype.is_numeric():
        return Given(name, _numbers(nw, series))
    if dtype == nw.Boolean:
        return Given(name, _numbers(nw, series.cast(nw.Int8)), Kind("boolean"))
    if dtype in (nw.Date, nw.Datetime):
        moments = series.cast(nw.Datetime("us")) if dtype == nw.Date else series
        days = _numbers(nw, moments.dt.timestamp("us")) / DAY
        clock = bool((days[~np.isnan(days)] % 1).any())
        return Given(name, days, Kind("datetime" if clock else "date"))
    if dtype == nw.Duration:
        return Given(name, _numbers(nw, series.dt.total_microseconds()) / DAY)
    cells = factor(["" if _is_nothing(v) else str(v) for v in series.to_list()])
    if dtype in (nw.Categorical, nw.Enum):
        kind = Kind("category", levels=tuple(sorted({w.strip() for w in cells.words} - {""})))
        return Given(name, values_of(cells, kind), kind)
    return Given(name, cells)


def _numbers(nw: Any, series: Any) -> Numbers:
    """A series of numbers as float64, with NaN for what is missing."""
    nothing = np.asarray(series.is_null().to_numpy(), dtype=bool)
    if nothing.any():
        series = series.fill_null(0)
    if not series.dtype.is_integer():  # those above 2**53 are rounded, as in text, where a cast of Arrow's refuses them
        series = series.cast(nw.Float64)
    found: Numbers = np.array(series.to_numpy(), dtype=np.float64)
    found[nothing] = np.nan
    return found


def _is_nothing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and value != value)  # "<NA>" and "NaT" are known words

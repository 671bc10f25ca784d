"""Curves over the epochs: loss and accuracy, with direct labels, the best epoch and the gaps of NaN."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from . import axes
from .facts import Series, ranges, spread
from .numbers import measured, percent
from .parts import Figure, Table
from .svg import Raw, drawing, group, label, line, marker, number, tag, width
from .words import Words

HIGH, TOP, BOTTOM = 300, 40, 44
TABLE_ROWS = 20


@dataclass(frozen=True)
class Curve:
    """A series with its name in the page's language, its shape and its class (colour, dashes)."""

    series: Series
    name: str
    shape: str
    class_: str


def figure(
    key: str, curves: Sequence[Curve], words: Words, best: int | None, wide: float, shares: bool = False
) -> Figure:
    """One chart of all curves and its table twin.

    Parameters
    ----------
    key : {"loss", "accuracy"}
        Prefix of the texts in the catalogue and of the ids in the page.
    best : int or None
        The epoch to mark.
    wide : float
        Width in pixels.
    shares : bool
        Whether the values are shares of 1, written as percentages.
    """
    values = [value for curve in curves for _, value in curve.series.good]
    log = bool(values) and not shares and axes.spans_decades(values)
    title = words(f"{key}_title")
    description = describe(key, curves, words, best, shares)
    svg = ""
    if values:
        name = words(f"{key}_axis_log" if log else f"{key}_axis")
        parts = _plot(curves, values, words, best, wide, name, log, shares)
        svg = drawing(f"figure-{key}", title, description, (wide, HIGH), *parts)
    table = twin(curves, words, words(f"{key}_caption"), best, shares)
    return Figure(key, title, description, svg, table, wide, unusual(curves, words))


def _plot(
    curves: Sequence[Curve],
    values: list[float],
    words: Words,
    best: int | None,
    wide: float,
    name: str,
    log: bool,
    shares: bool,
) -> list[Raw]:
    """Everything inside the drawing, from the back to the front."""
    make = axes.logarithmic if log else axes.linear
    y = axes.linear(values, HIGH - BOTTOM, TOP, shares=True) if shares else make(values, HIGH - BOTTOM, TOP)
    names = max(width(curve.name, 14) for curve in curves if curve.series.good)
    every = [epoch for curve in curves for epoch, _ in curve.series.points]
    x = axes.counted(min(every), max(every), axes.left_margin(y), wide - min(names, 0.3 * wide) - 30)
    parts = axes.frame(x, y, words("epoch_axis"), name)
    parts += _gaps(curves, words, x)
    if best is not None and x.low <= best <= x.high:
        parts.append(line(x(best), TOP - 4, x(best), HIGH - BOTTOM, "best"))
        text = words("best_label", epoch=f"{best:,}")
        half = width(text, 12) / 2
        at = min(max(x(best), x.start + half), x.end - half)
        parts.append(label(at, TOP - 9, text, "note", "middle"))
    parts += [_curve(curve, x, y, best) for curve in curves]
    for curve in curves:
        found = dict(curve.series.good).get(best) if best is not None else None
        if found is not None and len(curve.series.good) > 1:
            parts.append(marker("diamond", x(best or 0), y(found), f"{curve.class_} ring", 5))
    return parts + _names(curves, x, y)


def _curve(curve: Curve, x: axes.Scale, y: axes.Scale, best: int | None) -> Raw:
    """The line and its marks: all points when there are few, else some, to show the shape."""
    paths, places = [], []
    for piece in curve.series.pieces():
        pixels = _thin([(x(epoch), y(value)) for epoch, value in piece])
        places += [(x(epoch), y(value)) for epoch, value in piece]
        paths.append("M" + "L".join(f"{number(a)} {number(b)}" for a, b in pixels))
    shown = [places[k] for k in spread(len(places), 30 if len(places) <= 30 else 9)]
    if best is not None and len(places) > 1:  # the best epoch gets a mark of its own
        shown = [place for place in shown if abs(place[0] - x(best)) > 9 or not x.low <= best <= x.high]
    marks = [marker(curve.shape, *place, curve.class_) for place in shown]
    return group(tag("path", d="".join(paths), class_=f"curve {curve.class_}"), *marks)


def _thin(pixels: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """At most four points per pixel column (first, lowest, highest, last): looks the same, stays small."""
    columns: dict[int, list[tuple[float, float]]] = {}
    for point in pixels:
        columns.setdefault(round(point[0]), []).append(point)
    kept: list[tuple[float, float]] = []
    for column in columns.values():
        if len(column) > 4:
            low = min(range(len(column)), key=lambda k: column[k][1])
            high = max(range(len(column)), key=lambda k: column[k][1])
            column = [column[k] for k in sorted({0, low, high, len(column) - 1})]
        kept += column
    return kept


def _gaps(curves: Sequence[Curve], words: Words, x: axes.Scale) -> list[Raw]:
    """A band where a value was not finite, with a cross on it: a missing line alone is easily overlooked."""
    parts = []
    bad = sorted({epoch for curve in curves for epoch in curve.series.bad})
    for first, last in ranges(bad)[:40]:
        left, right = x(first - 0.5), x(last + 0.5)
        left, right = min(left, right - 3), max(right, left + 3)
        parts.append(tag("rect", x=left, y=TOP, width=right - left, height=HIGH - BOTTOM - TOP, class_="gap"))
        parts.append(marker("cross", (left + right) / 2, TOP + 10, "minus"))
        if width(words("gap_label"), 12) + 8 < right - left:
            parts.append(label((left + right) / 2, TOP + 30, words("gap_label"), "note", "middle"))
    return parts


def _names(curves: Sequence[Curve], x: axes.Scale, y: axes.Scale) -> list[Raw]:
    """The names at the right end of the curves, pushed apart where they would overlap."""
    ends = sorted((y(c.series.good[-1][1]), k) for k, c in enumerate(curves) if c.series.good)
    heights: list[float] = []
    for at, _ in ends:
        heights.append(max(at, heights[-1] + 18) if heights else at)
    excess = max(0.0, heights[-1] - (HIGH - BOTTOM - 2)) if heights else 0.0
    parts = []
    for (_, k), at in zip(ends, heights, strict=True):
        curve = curves[k]
        parts.append(marker(curve.shape, x.end + 15, at - excess, curve.class_))
        parts.append(label(x.end + 24, at - excess + 4.5, curve.name, f"direct {curve.class_}"))
    return parts


def twin(curves: Sequence[Curve], words: Words, caption: str, best: int | None, shares: bool) -> Table:
    """The numbers of the chart at no more than some twenty epochs, the best one among them."""
    columns = [dict(curve.series.points) for curve in curves]
    every = sorted({epoch for column in columns for epoch in column})
    keep = [k for k, epoch in enumerate(every) if epoch == best]
    shown = [every[k] for k in spread(len(every), TABLE_ROWS, keep)]

    def cell(value: float | None) -> str:
        return percent(value) if shares else measured(value, 4)

    rows = []
    for epoch in shown:
        mark = " ◆" if epoch == best else ""
        rows.append([f"{epoch:,}{mark}", *(cell(column.get(epoch)) for column in columns)])
    notes = [words("table_best")] if best in shown else []
    if len(shown) < len(every):
        notes.append(words("table_some", shown=f"{len(shown):,}", total=f"{len(every):,}"))
    return Table(caption, [words("epoch_axis"), *(curve.name for curve in curves)], rows, notes=notes)


def describe(key: str, curves: Sequence[Curve], words: Words, best: int | None, shares: bool) -> str:
    """The drawing in words: where each curve starts and ends."""
    said = []
    write = percent if shares else measured
    for curve in curves:
        if curve.series.good:
            (first, start), (last, end) = curve.series.good[0], curve.series.good[-1]
            facts = {"first": f"{first:,}", "start": write(start), "last": f"{last:,}", "end": write(end)}
            said.append(words("curve_described", name=curve.name, **facts))
    if best is not None:
        said.append(words("best_described", epoch=f"{best:,}"))
    return words.join(said)


def unusual(curves: Sequence[Curve], words: Words) -> list[str]:
    """What the drawing could not show, in sentences."""
    notes = []
    most = max((len(curve.series.points) for curve in curves), default=0)
    for curve in curves:
        runs = ranges(curve.series.bad)
        if runs:
            named = [f"{a:,}" if a == b else f"{a:,}–{b:,}" for a, b in runs[:6]] + ["…"] * (len(runs) > 6)
            kinds = sorted({_kind(value) for _, value in curve.series.points if not abs(value) < math.inf})
            facts = {"name": curve.name, "epochs": named, "kinds": kinds or ["1e300"]}
            notes.append(words("not_finite", **facts))
        if 0 < len(curve.series.points) < most:
            facts = {"name": curve.name, "recorded": f"{len(curve.series.points):,}", "total": f"{most:,}"}
            notes.append(words("not_recorded", **facts))
    return notes


def _kind(value: float) -> str:
    return "NaN" if math.isnan(value) else "∞" if value > 0 else "−∞"

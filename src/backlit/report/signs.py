"""Vital signs as small charts over the steps that were looked at: r, steps, dead and saturated units, error signals."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from . import charts
from .facts import finite, items, part
from .findings import Sentences
from .numbers import measured
from .parts import Figure, Table

WIDE = 460
EDGE = 4.0  # r beyond that is drawn at the edge
STYLES = (("dot", "train"), ("triangle", "valid"), ("diamond", "third"))
Points = list[tuple[float, float]]


def figures(signs: Mapping[str, Any], say: Sentences) -> list[Figure]:
    """A chart for each sign that was measured at two steps at least."""
    known = dict(signs)
    steps = [finite(step) for step in items(known, "steps")]
    layers = part(known, "layers")

    def of_layers(key: str, change: Callable[[float], float | None]) -> dict[str, Points]:
        return {name: _points(steps, items(found, key), change) for name, found in layers.items()
                if isinstance(found, dict)}  # fmt: skip

    ratio = {name: _points(steps, found, _log) for name, found in part(known, "ratio").items()}
    found = [
        _figure("r", {"r": _points(steps, items(known, "r"), _edged)}, say, say("r_note")),
        _figure("ratio", {n: p for n, p in ratio.items() if n.endswith(".weight")} or ratio, say),
        _figure("delta", of_layers("delta", _log), say),
        _figure("dead", of_layers("dead", _same), say, shares=True),
        _figure("saturated", of_layers("saturated", _same), say, shares=True),
    ]
    return [figure for figure in found if figure is not None]


def _figure(
    key: str, series: Mapping[str, Points], say: Sentences, note: str = "", *, shares: bool = False
) -> Figure | None:
    """One chart of at most three lines; None where there is nothing to draw, or only zeros."""
    good = {name: points for name, points in series.items() if len(points) > 1}
    if not good or (shares and all(y == 0 for points in good.values() for _, y in points)):
        return None
    shown = _some(good)
    lines = [charts.Line(good[name], name, *STYLES[k]) for k, name in enumerate(shown)]
    title, axis = say(f"{key}_title"), say(f"{key}_axis")
    described = " ".join(_described(name, good[name], say, shares) for name in shown)
    svg = charts.points(f"sign-{key}", title, described, lines, (say("step_axis"), axis), WIDE, shares=shares)
    notes = [note] * bool(note)
    if len(shown) < len(good):
        notes.append(say("chart_some", shown=len(shown), count=len(good)))
    return Figure(f"sign-{key}", title, described, svg, _table(good, shown, say, shares), WIDE, notes)


def _some(series: Mapping[str, Points]) -> list[str]:
    """The names of at most three lines: the first, the last, and the one that is furthest from them."""
    names = list(series)
    if len(names) <= len(STYLES):
        return names
    middle = {name: sum(y for _, y in points) / len(points) for name, points in series.items()}
    ends = (names[0], names[-1])
    other = max(names[1:-1], key=lambda name: min(abs(middle[name] - middle[end]) for end in ends))
    return [ends[0], other, ends[1]]


def _table(series: Mapping[str, Points], shown: Sequence[str], say: Sentences, shares: bool) -> Table:
    """The numbers of the lines, at the steps at which they were drawn."""
    columns = [dict(series[name]) for name in shown]
    steps = sorted({step for column in columns for step in column})
    rows = [[f"{step:,.0f}", *(_cell(column.get(step), shares) for column in columns)] for step in steps]
    return Table(say("chart_caption"), [say("step_axis"), *shown], rows)


def _cell(value: float | None, shares: bool) -> str:
    return "–" if value is None else f"{100 * value:.0f} %" if shares else measured(value, 3)


def _described(name: str, points: Points, say: Sentences, shares: bool) -> str:
    (start, first), (end, last) = points[0], points[-1]
    facts = {"first": _cell(first, shares), "last": _cell(last, shares), "start": f"{start:,.0f}", "end": f"{end:,.0f}"}
    return say("chart_described", name=name, **facts)


def _points(steps: Sequence[float | None], values: Sequence[Any], change: Callable[[float], float | None]) -> Points:
    """Where both a step and a value are known."""
    found = []
    for step, value in zip(steps, map(finite, values), strict=False):
        at = None if value is None else change(value)
        if step is not None and at is not None:
            found.append((step, at))
    return found


def _log(value: float) -> float | None:
    return math.log10(value) if value > 0 else None


def _edged(value: float) -> float:
    return min(max(value, -EDGE), EDGE)


def _same(value: float) -> float:
    return value

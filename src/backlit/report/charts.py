"""Two plain charts: points on lines over a number (calibration, learning by size), and bars by name (importance)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from . import axes
from .svg import Raw, drawing, fit, group, label, line, marker, number, tag, width

HIGH, TOP, BOTTOM = 300, 40, 44
BAR = 22


@dataclass(frozen=True)
class Line:
    """Points in the order of x, with a name, a shape and a class (colour, dashes).

    With `counts` marks whose area shows them, and no line between.
    """

    points: Sequence[tuple[float, float]]
    name: str
    shape: str
    class_: str
    counts: Sequence[float] = ()


def points(
    key: str, title: str, description: str, lines: Sequence[Line], names: tuple[str, str], wide: float,
    *, square: bool = False, shares: bool = True, diagonal: str = "",
) -> str:  # fmt: skip
    """Lines with a mark at every point; `square`: both axes from 0 to 1, with a diagonal that has a name."""
    high = 380 if square else HIGH
    xs = [x for found in lines for x, _ in found.points]
    ys = [y for found in lines for _, y in found.points]
    room = max(width(found.name, 14) for found in lines) + 30 if len(lines) > 1 else 24.0
    y = axes.linear([0.0, 1.0] if square else ys, high - BOTTOM, TOP, shares=shares)
    left = axes.left_margin(y)
    x = axes.linear([0.0, 1.0] if square else [0.0, *xs], left, wide - room, shares=square)
    if not square:  # whole numbers of rows
        x = axes.Scale(x.low, x.high, x.start, x.end, tuple(t for t in x.ticks if t[0] == int(t[0])))
    parts = axes.frame(x, y, *names, x_grid=square)
    if diagonal:
        parts.append(line(x(0), y(0), x(1), y(1), "diagonal"))
        parts.append(label(x.end, TOP - 9, diagonal, "note", "end"))
        parts.append(line(x.end - width(diagonal) - 32, TOP - 13, x.end - width(diagonal) - 6, TOP - 13, "diagonal"))
    heights: list[float] = []
    for found in sorted(lines, key=lambda found: y(found.points[-1][1])):
        places = [(x(a), y(b)) for a, b in found.points]
        sizes = [3 + 6 * (n / max(found.counts)) ** 0.5 for n in found.counts] or [4.0] * len(places)
        marks = [marker(found.shape, *place, found.class_, r) for place, r in zip(places, sizes, strict=True)]
        path = "M" + "L".join(f"{number(a)} {number(b)}" for a, b in places)
        joined = [] if found.counts else [tag("path", d=path, class_=f"curve {found.class_}")]
        parts.append(group(*joined, *marks))
        if len(lines) > 1:
            at = max(places[-1][1], heights[-1] + 18) if heights else places[-1][1]
            heights.append(at)
            parts.append(marker(found.shape, x.end + 12, at, found.class_))
            parts.append(label(x.end + 21, at + 4.5, found.name, f"direct {found.class_}"))
    return drawing(f"figure-{key}", title, description, (wide, high), *parts)


def bars(
    key: str, title: str, description: str, rows: Sequence[tuple[str, float, float]], axis: str, wide: float
) -> str:
    """A bar for each (name, value, spread), with a line from value - spread to value + spread."""
    left = min(0.35 * wide, max(width(name, 13) for name, _, _ in rows) + 14)
    ends = [0.0, *(v + s for _, v, s in rows), *(v - s for _, v, s in rows)]
    bottom = TOP - 16 + BAR * len(rows)
    x = axes.linear(ends, left, wide - 24, 6)
    parts: list[Raw] = []
    for value, text in x.ticks:
        parts.append(line(x(value), TOP - 22, x(value), bottom, "grid"))
        parts.append(label(x(value), bottom + 16, text, "tick", "middle"))
    for k, (name, value, spread) in enumerate(rows):
        y = TOP - 16 + BAR * k
        start, end = sorted((x(0), x(value)))
        parts.append(label(left - 8, y + 14, fit(name, left - 12, 13), "kind", "end"))
        style = "bar plus" if value >= 0 else "bar minus"
        parts.append(tag("rect", x=start, y=y + 3, width=max(0.5, end - start), height=BAR - 8, class_=style))
        if spread > 0:
            parts.append(line(x(value - spread), y + 10, x(value + spread), y + 10, "whisker"))
    parts.append(line(x(0), TOP - 22, x(0), bottom, "zero"))
    parts.append(label((x.start + x.end) / 2, bottom + 34, fit(axis, x.end - x.start), "name", "middle"))
    return drawing(f"figure-{key}", title, description, (wide, bottom + 42), *parts)

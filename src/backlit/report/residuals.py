"""Regression: predicted against true values, and how large the errors are."""

from __future__ import annotations

import math
from collections.abc import Sequence

from . import axes
from .facts import finite, spread
from .numbers import count, measured, percent
from .parts import Figure, Table
from .svg import drawing, label, line, number, tag, width
from .words import Words

MOST = 1500  # points drawn; more would only blacken the paper
HIGH, TOP, BOTTOM = 380, 34, 46


def pairs(t: Sequence[object], o: Sequence[object]) -> list[tuple[float, float]]:
    """The pairs (true, predicted) that are finite, in the order of the true values."""
    found = [(finite(a), finite(b)) for a, b in zip(t, o, strict=False)]
    return sorted((a, b) for a, b in found if a is not None and b is not None)


def scatter(points: list[tuple[float, float]], target: str, words: Words, wide: float) -> Figure:
    """Predicted against true values; on the diagonal a prediction is perfect."""
    both = [value for point in points for value in point]
    y = axes.linear(both, HIGH - BOTTOM, TOP, 6)
    left = axes.left_margin(y)
    right = wide - max(12.0, 6 + max(width(text, 12) for _, text in y.ticks) / 2)
    x = axes.Scale(y.low, y.high, left, right, _apart(y.ticks, right - left))
    x_name, y_name = words("true_axis", target=target), words("predicted_axis", target=target)
    parts = axes.frame(x, y, x_name, y_name, x_grid=True)
    parts.append(line(x(x.low), y(y.low), x(x.high), y(y.high), "diagonal"))
    name = words("diagonal")  # above the plot, where no point can lie on it
    parts.append(label(right, TOP - 9, name, "note", "end"))
    parts.append(line(right - width(name) - 32, TOP - 13, right - width(name) - 6, TOP - 13, "diagonal"))
    shown = [points[k] for k in spread(len(points), MOST)]
    dots = "".join(f"M{number(x(a))} {number(y(b))}h0" for a, b in shown)
    parts.append(tag("path", d=dots, class_="dots"))
    title = words("scatter_title")
    apart = [abs(b - a) for a, b in points]
    facts = {"rows": count(len(points)), "low": measured(points[0][0]), "high": measured(points[-1][0])}
    description = words("scatter_described", worst=measured(max(apart)), **facts)
    some = words("scatter_some", shown=count(len(shown)), total=count(len(points)))
    notes = [some] if len(shown) < len(points) else []
    svg = drawing("figure-scatter", title, description, (wide, HIGH), *parts)
    return Figure("scatter", title, description, svg, scatter_twin(points, words), wide, notes)


def _apart(ticks: tuple[tuple[float, str], ...], room: float) -> tuple[tuple[float, str], ...]:
    """Every tick of the vertical axis, or every second (third, ...) where side by side they would touch."""
    widest = max(width(text, 12) for _, text in ticks) + 10
    every = max(1, math.ceil(widest * (len(ticks) - 1) / room))
    return ticks[::every]


def scatter_twin(points: list[tuple[float, float]], words: Words) -> Table:
    """Some twenty rows, evenly spread over the true values."""
    head = [words("true_value"), words("predicted_value"), words("error_value")]
    places = spread(len(points), 20)
    rows = [[measured(a, 4), measured(b, 4), measured(b - a)] for a, b in (points[k] for k in places)]
    notes = [words("table_rows", shown=count(len(rows)), total=count(len(points)))]
    return Table(words("scatter_caption"), head, rows, words=0, notes=notes)


def bins(errors: Sequence[float], most: int = 18) -> list[tuple[float, float, int]]:
    """The errors counted in bins of round width; 0 is always an edge, so that every bin has one sign.

    Examples
    --------
    >>> bins([-1.0, 0.5, 0.6, 2.0], most=4)
    [(-1.0, 0.0, 1), (0.0, 1.0, 2), (1.0, 2.0, 1)]
    """
    low, high = axes.widened(min(errors), max(errors))
    step = axes.step_of(high - low, most)
    first = math.floor(low / step + 1e-9)
    last = max(first + 1, math.ceil(high / step - 1e-9))
    counts = [0] * (last - first)
    for error in errors:
        counts[min(len(counts) - 1, max(0, math.floor(error / step) - first))] += 1
    return [((first + k) * step, (first + k + 1) * step, n) for k, n in enumerate(counts)]


def histogram(points: list[tuple[float, float]], target: str, words: Words, wide: float) -> Figure:
    """How often which error occurs: too low on the left of zero, too high on the right."""
    errors = [b - a for a, b in points]
    found = bins(errors)
    ends = [found[0][0], found[-1][1], 0.0]
    y = axes.linear([0.0, max(n for _, _, n in found)], HIGH - BOTTOM, TOP + 20, 5)
    y = axes.Scale(0, y.high, y.start, y.end, tuple((v, count(v)) for v, _ in y.ticks if v == int(v)))
    left = axes.left_margin(y)
    x = axes.linear(ends, left, wide - 24, 8)
    ticks = tuple(tick for tick in x.ticks if min(ends) <= tick[0] <= max(ends))
    x = axes.Scale(min(ends), max(ends), left, wide - 24, ticks)
    parts = axes.frame(x, y, words("error_axis", target=target), words("rows"))
    for low, high, n in found:
        if n:
            places = {
                "x": x(low) + 1,
                "y": y(n),
                "width": max(1.0, x(high) - x(low) - 2),
                "height": y(0) - y(n),
            }
            parts.append(tag("rect", class_="bar minus" if high <= 0 else "bar plus", **places))
    parts.append(line(x(0), TOP + 10, x(0), y.start, "zero"))
    if min(errors) < 0:  # at the ends of the axis the two can never meet, wherever zero lies
        parts.append(label(x.start, TOP, words("too_low"), "direct minus"))
    if max(errors) > 0:
        parts.append(label(x.end, TOP, words("too_high"), "direct plus", "end"))
    title = words("histogram_title")
    description = words("histogram_described", **summary(points))
    svg = drawing("figure-histogram", title, description, (wide, HIGH), *parts)
    step = found[0][1] - found[0][0]
    top = max(abs(end) for end in ends)
    rows = [[_edge(low, step, top), _edge(high, step, top), count(n)] for low, high, n in found]
    head = [words("from_value"), words("to_value"), words("rows")]
    table = Table(words("histogram_caption"), head, rows, words=0)
    return Figure("histogram", title, description, svg, table, wide)


def _edge(value: float, step: float, top: float) -> str:
    """The end of a bin, with the digits of its width and a minus that can be copied."""
    return axes.tick_label(value, step, top).replace(axes.MINUS, "-")


def summary(points: list[tuple[float, float]]) -> dict[str, str]:
    """The errors in four numbers (median and 90 % by nearest rank)."""
    errors = [b - a for a, b in points]
    sizes = sorted(abs(error) for error in errors)
    rank = [sizes[max(0, math.ceil(q * len(sizes)) - 1)] for q in (0.5, 0.9)]
    high = sum(error > 0 for error in errors) / len(errors)
    return {
        "mean": measured(math.fsum(errors) / len(errors)),
        "median": measured(rank[0]),
        "ninety": measured(rank[1]),
        "high": percent(high),
    }

"""Drawings: f and f′ on shared axes, ten layers as bars, a Jacobian, and the user's own u under the curve."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from ...report.svg import Raw, drawing, group, label, line, number, tag
from .words import Words
from .words import number as told

if TYPE_CHECKING:
    from .card import Card
    from .depth import Depth
    from .own import Layer
    from .vectors import RowCard

Array = np.ndarray[Any, Any]
LEFT, RIGHT, LOW, HIGH = -5.0, 5.0, -2.0, 3.0  # the same axes for every function
UNIT = 30.0  # pixels of 1, on both axes
AROUND = 26.0
FINE = 1 / 16
BARS = (-8, 4)  # powers of ten between which bars grow


class Frame:
    """Places on a drawing: u to the right, values upwards."""

    def __init__(
        self, left: float, right: float, low: float, high: float, wide: float, tall: float, top: float
    ) -> None:
        self.left, self.right, self.low, self.high = left, right, low, high
        self.wide, self.tall, self.top = wide, tall, top

    def x(self, u: float) -> float:
        return AROUND + (u - self.left) / (self.right - self.left) * self.wide

    def y(self, v: float) -> float:
        return self.top + (self.high - v) / (self.high - self.low) * self.tall


def curve_plot(card: Card, words: Words) -> str:
    """f solid, f′ dashed, from -5 to 5; flat stretches are hatched; kinks show both slopes and the choice."""
    frame = Frame(LEFT, RIGHT, LOW, HIGH, UNIT * (RIGHT - LEFT), UNIT * (HIGH - LOW), 24.0)
    key = f"curve-{slug(card.name)}"
    parts = [*patterns(key), *_zones(card, frame, key), *_grid(frame)]
    parts += [_end_line(frame, end) for end in card.range if math.isfinite(end) and LOW < end < HIGH and end]
    breaks = sorted(card.facts.kinks)
    parts.append(tag("path", d=_path(lambda u: card.curve(u)[1], frame, breaks), class_="curve valid"))
    parts.append(tag("path", d=_path(lambda u: card.curve(u)[0], frame, breaks), class_="curve train"))
    parts += _kink_marks(card, frame)
    parts += _legend(words)
    title = words("plot_title", name=card.name)
    high = frame.top + frame.tall + 22
    size = (frame.wide + 2 * AROUND, high)
    return drawing(f"figure-{key}", title, words("plot_about", name=card.name), size, *parts)


def patterns(key: str) -> list[Raw]:
    """Hatching for what is dead (dense) and saturated (wide), told apart without colour."""
    found = []
    for name, step in (("dead", 5), ("saturated", 9)):
        strokes = tag("path", d=f"M0 {step}L{step} 0", class_=f"hatch {name}")
        size = {"width": step, "height": step, "patternUnits": "userSpaceOnUse"}
        found.append(tag("pattern", strokes, id=f"{key}-{name}", **size))
    lines = tag("path", d="M0 3L6 3", class_="hatch below")
    found.append(tag("pattern", lines, id=f"{key}-below", width=6, height=6, patternUnits="userSpaceOnUse"))
    return [tag("defs", *found)]


def _zones(card: Card, frame: Frame, key: str) -> list[Raw]:
    found = []
    for s in card.stretches:
        low, high = max(s.low, frame.left), min(s.high, frame.right)
        if high - low > 0.05:
            box = {"x": frame.x(low), "y": frame.top, "width": frame.x(high) - frame.x(low), "height": frame.tall}
            found.append(tag("rect", **box, fill=f"url(#{key}-{s.kind})", class_=f"zone {s.kind}"))
    return found


def _grid(frame: Frame) -> list[Raw]:
    """Thin lines at whole numbers, the axes through 0, and their numbers."""
    step = 1 if frame.high - frame.low <= 8 else 2
    ups = [v for v in range(math.ceil(frame.low), math.floor(frame.high) + 1) if v % step == 0]
    found = [line(frame.x(frame.left), frame.y(v), frame.x(frame.right), frame.y(v), "grid") for v in ups if v]
    found.append(line(frame.x(frame.left), frame.y(0), frame.x(frame.right), frame.y(0), "axis"))
    found.append(line(frame.x(0), frame.y(frame.low), frame.x(0), frame.y(frame.high), "axis"))
    found += [label(frame.x(frame.left) - 5, frame.y(v) + 4, told(v).replace("-", "−"), "tick", "end") for v in ups]
    span = frame.right - frame.left
    jump = 1 if span <= 10 else 2 if span <= 24 else 10 if span <= 100 else max(1, int(span / 8))
    below = frame.top + frame.tall
    for u in range(math.ceil(frame.left), math.floor(frame.right) + 1):
        if u % jump == 0:
            found.append(label(frame.x(u), below + 15, told(u).replace("-", "−"), "tick", "middle"))
    found.append(label(frame.x(frame.right) + 10, below + 15, "u", "name"))
    return found


def _end_line(frame: Frame, end: float) -> Raw:
    return line(frame.x(frame.left), frame.y(end), frame.x(frame.right), frame.y(end), "end")


def _path(f: Callable[[Array], Array], frame: Frame, breaks: Sequence[float]) -> str:
    """A curve as a path: cut at kinks and where it leaves the frame; points on straight stretches are left out."""
    ends = [frame.left, *(b for b in breaks if frame.left < b < frame.right), frame.right]
    pieces = []
    for k, (a, b) in enumerate(pairwise(ends)):
        fine = FINE * (frame.right - frame.left) / 10
        u = np.linspace(a, b, max(2, math.ceil((b - a) / fine) + 1))
        u[0] += 1e-9 * (k > 0)  # beside the kink, where its own side begins
        u[-1] -= 1e-9 * (b < frame.right)
        pieces += _inside(u, f(u), frame)
    return "".join("M" + "L".join(f"{number(x)} {number(y)}" for x, y in piece) for piece in pieces)


def _inside(u: Array, v: Array, frame: Frame) -> list[list[tuple[float, float]]]:
    """The parts of a curve within the frame, each ending where it crosses the frame's edge."""
    found: list[list[tuple[float, float]]] = [[]]
    for i in range(len(u)):
        here = math.isfinite(v[i]) and frame.low <= v[i] <= frame.high
        before = i > 0 and math.isfinite(v[i - 1]) and frame.low <= v[i - 1] <= frame.high
        if i and here != before and math.isfinite(v[i]) and math.isfinite(v[i - 1]):
            edge = frame.high if max(v[i], v[i - 1]) > frame.high else frame.low
            share = (edge - v[i - 1]) / (v[i] - v[i - 1])
            found[-1].append((float(u[i - 1] + share * (u[i] - u[i - 1])), edge))
        if here:
            found[-1].append((float(u[i]), float(v[i])))
        elif found[-1]:
            found.append([])
    return [_straightened([(frame.x(a), frame.y(b)) for a, b in piece]) for piece in found if len(piece) > 1]


def _straightened(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """The points without those that lie on the line between their neighbours, to a tenth of a pixel."""
    kept = [points[0]]
    for here, after in pairwise(points[1:]):
        (x0, y0), (x1, y1), (x2, y2) = kept[-1], here, after
        if abs((y2 - y0) * (x1 - x0) - (y1 - y0) * (x2 - x0)) > 0.06 * max(x2 - x0, 1e-9):
            kept.append(here)
    return [*kept, points[-1]]


def _kink_marks(card: Card, frame: Frame) -> list[Raw]:
    """Both one-sided slopes as rings, the slope that is taken as a dot."""
    found = []
    for kink in card.kinks:
        if frame.left < kink.u < frame.right:
            places = [(kink.left, "ring"), (kink.right, "ring"), (kink.taken, "dot")]
            for value, class_ in places:
                if frame.low <= value <= frame.high:
                    x, y = frame.x(kink.u), frame.y(value)
                    found.append(tag("circle", cx=x, cy=y, r=3.2, class_=f"kink {class_}"))
    return found


def _legend(words: Words) -> list[Raw]:
    return [
        line(AROUND, 10, AROUND + 24, 10, "curve train"), label(AROUND + 30, 14, "f(u)", "train"),
        line(AROUND + 76, 10, AROUND + 100, 10, "curve valid"), label(AROUND + 106, 14, "f′(u)", "valid"),
    ]  # fmt: skip


# ---- ten layers -------------------------------------------------------------------------------------------------


def depth_plot(name: str, depth: Depth, words: Words) -> str:
    """Bars for each layer on a logarithmic scale: upwards above 1, downwards, and hatched, below."""
    key = f"depth-{slug(name)}"
    parts = patterns(key)
    for k, (values, text) in enumerate(((depth.outputs, "var o"), (depth.signals, "δᵘ²"))):
        parts += _bars(values, 30.0 + 186.0 * k, text, f"{key}-below")
    title = words("depth_title", name=name)
    return drawing(f"figure-{key}", title, words("depth_about", name=name), (372.0, 116.0), *parts)


def _bars(values: Sequence[float], left: float, name: str, below: str) -> list[Raw]:
    low, high = BARS
    top, tall = 18.0, 82.0

    def y(power: float) -> float:
        return top + (high - power) / (high - low) * tall

    found = [label(left, 11, name, "name")]
    for power in range(low, high + 1, 4):
        found.append(line(left, y(power), left + 150, y(power), "grid" if power else "axis"))
        found.append(label(left - 4, y(power) + 4, _power(power), "tick", "end"))
    for k, value in enumerate(values):
        x = left + 4 + 14.6 * k
        if math.isnan(value) or math.isinf(value):
            found.append(label(x + 5, y(0) - 3, "∞" if math.isinf(value) else "✕", "minus", "middle"))
            continue
        size = math.log10(value) if value > 0 else -math.inf
        shown = min(max(size, low), high)
        start, end = sorted((y(0), y(shown)))
        style = {"class_": "bar plus"} if size >= 0 else {"class_": "bar hatched", "fill": f"url(#{below})"}
        found.append(tag("rect", x=x, y=start, width=10, height=max(end - start, 0.8), **style))
        if value == 0:
            found.append(label(x + 5, y(0) - 3, "0", "minus", "middle"))
    return [
        group(*found),
        label(left + 9, top + tall + 13, "1", "tick", "middle"),
        label(left + 140, top + tall + 13, "10", "tick", "middle"),
    ]


def _power(power: int) -> str:
    return "1" if power == 0 else "10" + str(power).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


# ---- rows -------------------------------------------------------------------------------------------------------


def jacobian_plot(card: RowCard, words: Words) -> str:
    """A square for each ∂o_i/∂u_j, its size by the value, with the number in it."""
    matrix, side = card.jacobian, 62.0
    rows, columns = matrix.shape
    key = f"jacobian-{slug(card.name)}"
    parts = [
        label(44 + side * (j + 0.5), 14, f"u{_low(j + 1)} = {told(card.row[j])}", "tick", "middle")
        for j in range(columns)
    ]
    for i in range(rows):
        parts.append(label(38, 24 + side * (i + 0.5) + 4, f"o{_low(i + 1)}", "tick", "end"))
        for j in range(columns):
            value = float(matrix[i, j])
            x, y = 44 + side * j, 24 + side * i
            size = (side - 4) * math.sqrt(min(abs(value), 1.0))
            box = {"x": x + (side - size) / 2, "y": y + (side - size) / 2, "width": size, "height": size}
            parts.append(tag("rect", x=x + 1, y=y + 1, width=side - 2, height=side - 2, class_="cellframe"))
            if size > 0.5:
                parts.append(tag("rect", **box, class_=f"jac {'plus' if value > 0 else 'minus'}"))
            text = f"{value:+.3f}".replace("-", "−") if value else "0"
            parts.append(label(x + side / 2, y + side / 2 + 4, text, "note", "middle"))
    title = words("jacobian_title", name=card.name)
    size_of = (48 + side * columns, 30 + side * rows)
    return drawing(f"figure-{key}", title, words("jacobian_about", name=card.name), size_of, *parts)


def _low(i: int) -> str:
    return str(i).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))


# ---- the user's own u -------------------------------------------------------------------------------------------


def own_plot(layer: Layer, words: Words) -> str:
    """The curve of a layer's function over the range of its u, and under it how often each u occurs."""
    card = layer.card
    left, right = min(LEFT, layer.edges[0]), max(RIGHT, layer.edges[-1])
    u = np.linspace(left, right, 801)
    o, slope = card.curve(u)
    seen = np.concatenate([o[np.isfinite(o)], slope[np.isfinite(slope)], [0.0, 1.0]])
    low, high = max(-4.0, math.floor(float(seen.min()))), min(6.0, math.ceil(float(seen.max())))
    frame = Frame(left, right, low, max(high, low + 1), 480.0, 150.0, 24.0)
    key = f"own-{slug(layer.name)}"
    breaks = sorted(card.facts.kinks)
    parts = [*patterns(key), *_zones(card, frame, key), *_grid(frame)]
    parts.append(tag("path", d=_path(lambda x: card.curve(x)[1], frame, breaks), class_="curve valid"))
    parts.append(tag("path", d=_path(lambda x: card.curve(x)[0], frame, breaks), class_="curve train"))
    parts += _legend(words)
    base = frame.top + frame.tall + 104
    most = max(layer.counts.max(), 1)
    for count, a, b in zip(layer.counts, layer.edges[:-1], layer.edges[1:], strict=True):
        tall = 76 * count / most
        style = {"class_": "bar plus"} if a >= 0 else {"class_": "bar hatched", "fill": f"url(#{key}-below)"}
        box = {"x": frame.x(a), "y": base - tall, "width": max(frame.x(b) - frame.x(a) - 0.6, 0.4), "height": tall}
        if count:
            parts.append(tag("rect", **box, **style))
    parts.append(line(frame.x(left), base, frame.x(right), base, "axis"))
    parts.append(line(frame.x(0), base - 80, frame.x(0), base, "axis"))
    title = words("own_title", layer=layer.name, name=card.name)
    about = words("own_about", layer=layer.name)
    return drawing(f"figure-{key}", title, about, (480 + 2 * AROUND, base + 6), *parts)


def slug(name: str) -> str:
    """A name as a part of an id: letters, digits and hyphens."""
    return "".join(c if c.isascii() and c.isalnum() else "-" for c in name).strip("-")

"""Slices as drawings with table twins: a curve with its parabola, or a map of heights with the path of a run."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ...messages import say
from ...report import axes
from ...report.parts import Figure, Table
from ...report.svg import Raw, drawing, group, label, line, marker, number, tag, width
from . import contours
from .slices import Plane, Profile

WIDE, HIGH, TOP, BOTTOM = 640, 360, 46, 44
SIDE, KEY, ABOVE = 420, 170, 26  # of a map; the room for the heights beside it, and above it
ROWS = 21  # of a table twin


def words(key: str, language: str, **values: object) -> str:
    """A sentence of the catalogue's table `landscape`."""
    return say(f"landscape.{key}", language, **values)


def figure(found: Profile | Plane, language: str, *, rate: float = math.nan, limit: float | None = None) -> Figure:
    """The slice drawn; `rate` and `limit`, the rate in use and its bound, are marked on a profile of the gradient."""
    if isinstance(found, Plane):
        return _plane(found, language)
    return _profile(found, language, rate, limit)


# ---- a curve ----------------------------------------------------------------------------------------------------


def _profile(found: Profile, language: str, rate: float, limit: float | None) -> Figure:
    along = words(f"along_{found.kind}", language, name=found.name)
    described = words("profile_described", language, loss=found.loss, slope=found.slope, curvature=found.curvature)
    good = found.losses[np.isfinite(found.losses)]
    svg = ""
    if len(good) > 1:
        svg = drawing("figure-landscape", along, described, (WIDE, HIGH), *_curves(found, language, rate, limit))
    table = Table(along, [_axis(found, language), "E", words("parabola", language)], _rows(found), words=0)
    notes = [words("gaps", language, count=len(found.losses) - len(good))] if len(good) < len(found.losses) else []
    return Figure("landscape", along, described, svg, table, WIDE, notes)


def _axis(found: Profile, language: str) -> str:
    return words("axis_rate", language) if found.kind == "gradient" else found.name


def _curves(found: Profile, language: str, rate: float, limit: float | None) -> list[Raw]:
    good = [float(v) for v in found.losses if math.isfinite(v)]
    log = axes.spans_decades(good, 3)
    make = axes.logarithmic if log else axes.linear
    y = make(good, HIGH - BOTTOM, TOP)
    ends = (float(found.at[0]), float(found.at[-1]))
    x = _between(ends, axes.left_margin(y), WIDE - 16)
    name = words("axis_loss_log" if log else "axis_loss", language)
    parts = axes.frame(x, y, _axis(found, language), name)
    parabola = [(a, v) for a, v in zip(found.at, found.parabola(), strict=True) if y.low <= v <= y.high]
    parts.append(_path(parabola, x, y, "curve valid"))
    pieces: list[list[tuple[float, float]]] = [[]]
    for a, v in zip(found.at, found.losses, strict=True):
        if math.isfinite(v):
            pieces[-1].append((a, v))
        elif pieces[-1]:
            pieces.append([])
    parts += [_path(piece, x, y, "curve train") for piece in pieces]
    parts += _marks(found, x, language, rate, limit)
    parts.append(marker("dot", x(found.here), y(found.loss), "train ring", 5))
    parts.append(label(WIDE - 16, 12, words("parabola", language), "direct valid", "end"))
    parts.append(label(WIDE - 32 - width(words("parabola", language), 13), 12, "E", "direct train", "end"))
    return parts


def _path(places: Sequence[tuple[float, float]], x: axes.Scale, y: axes.Scale, class_: str) -> Raw:
    text = "L".join(f"{number(x(a))} {number(y(v))}" for a, v in places)
    return tag("path", d=f"M{text}" if text else "M0 0", class_=class_)


def _marks(found: Profile, x: axes.Scale, language: str, rate: float, limit: float | None) -> list[Raw]:
    """Upright lines with their names, one row of names below the other where they would meet."""
    places = [(found.here, words("here", language))]
    if found.bottom is not None:
        places.append((found.bottom, words("bottom", language)))
    if found.kind == "gradient":
        places += [(value, words(key, language)) for key, value in (("rate", rate), ("limit", limit)) if value]
    parts, taken = [], [-1e9, -1e9]
    for value, text in sorted((v, t) for v, t in places if math.isfinite(v) and x.low <= v <= x.high):
        half = width(text, 12) / 2
        at = min(max(x(value), x.start + half), x.end - half)
        row = 0 if at - half > taken[0] else 1
        taken[row] = at + half + 6
        parts.append(line(x(value), TOP - 4, x(value), HIGH - BOTTOM, "best"))
        parts.append(label(at, TOP - 10 + 16 * row, text, "note", "middle"))
    return parts


def _rows(found: Profile) -> list[list[str]]:
    chosen = np.unique(np.linspace(0, len(found.at) - 1, min(ROWS, len(found.at))).round().astype(int))
    parabola = found.parabola()
    return [[f"{found.at[k]:.5g}", f"{found.losses[k]:.6g}", f"{parabola[k]:.6g}"] for k in chosen]


# ---- a map ------------------------------------------------------------------------------------------------------


def _plane(found: Plane, language: str) -> Figure:
    heights = contours.levels(np.concatenate([found.losses.ravel(), [dot.loss for dot in found.dots]]))
    title = words(f"over_{found.kind}", language, first=found.names[0], second=found.names[1])
    described = words("plane_described", language, loss=found.loss, low=_finite(found, min), high=_finite(found, max))
    y = _between((float(found.y[0]), float(found.y[-1])), ABOVE + SIDE, ABOVE)
    left = axes.left_margin(y)
    x = _between((float(found.x[0]), float(found.x[-1])), left, left + SIDE)
    parts = [*_cells(found, x, y, heights), *_lines(found, x, y, heights), *_frame(found, x, y, language)]
    parts += _way(found, x, y, heights)
    parts += _key(heights, left + SIDE + 18)
    svg = drawing("figure-landscape", title, described, (left + SIDE + KEY, ABOVE + SIDE + BOTTOM), *parts)
    return Figure(
        "landscape", title, described, svg, _twin(found, language), left + SIDE + KEY, _notes(found, language)
    )


def _finite(found: Plane, pick: object) -> float:
    good = found.losses[np.isfinite(found.losses)]
    return float(pick(good)) if good.size else math.nan  # type: ignore[operator]


def _between(ends: tuple[float, float], start: float, end: float) -> axes.Scale:
    """A scale exactly between two numbers, with ticks on round ones."""
    low, high = axes.widened(*ends)
    step = axes.step_of(high - low, 6)
    marks = range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)
    top = max(abs(low), abs(high))
    return axes.Scale(low, high, start, end, tuple((k * step, axes.tick_label(k * step, step, top)) for k in marks))


def _cells(found: Plane, x: axes.Scale, y: axes.Scale, heights: list[float]) -> list[Raw]:
    """The steps of colour: neighbours in a row that share one are one rectangle."""
    parts = [tag("rect", x=x.start, y=y.end, width=x.end - x.start, height=y.start - y.end, class_="under")]
    xs, ys = _edges(found.x), _edges(found.y)
    for j, row in enumerate(found.losses):
        steps = [contours.shade(float(v), heights) for v in row]
        top, low = y(ys[j + 1]), y(ys[j])
        begin = 0
        for i in range(1, len(steps) + 1):
            if i == len(steps) or steps[i] != steps[begin]:
                place = {"x": x(xs[begin]), "y": top, "width": x(xs[i]) - x(xs[begin]), "height": low - top}
                parts.append(tag("rect", **place, class_=_class(steps[begin])))
                begin = i
    return parts


def _edges(at: np.ndarray) -> np.ndarray:
    middle = (at[1:] + at[:-1]) / 2
    return np.concatenate([at[:1], middle, at[-1:]])


def _class(step: int) -> str:
    return "gap" if step < 0 else f"hit h{step + 2}"


def _lines(found: Plane, x: axes.Scale, y: axes.Scale, heights: list[float]) -> list[Raw]:
    parts = []
    for height in heights:
        pieces = contours.lines(found.x, found.y, found.losses, height)
        d = "".join(f"M{number(x(a))} {number(y(b))}L{number(x(c))} {number(y(e))}" for a, b, c, e in pieces)
        if d:
            parts.append(tag("path", d=d, class_="level"))
    return parts


def _frame(found: Plane, x: axes.Scale, y: axes.Scale, language: str) -> list[Raw]:
    if found.explained is None:
        names = found.names
    else:
        one, two = (f"{100 * share:.1f}" for share in found.explained)
        names = words("first_axis", language, share=one), words("second_axis", language, share=two)
    ticks = [part for part in axes.frame(x, y, names[0], names[1]) if 'class="grid"' not in part]
    return ticks


def _way(found: Plane, x: axes.Scale, y: axes.Scale, heights: list[float]) -> list[Raw]:
    """The recorded places in order, each in the colour of its own loss, and where the network stands."""
    parts: list[Raw] = []
    if found.dots:
        parts.append(_path([(dot.x, dot.y) for dot in found.dots], x, y, "way"))
        for dot in found.dots:
            step = contours.shade(dot.loss, heights)
            under = marker("dot", x(dot.x), y(dot.y), "under", 5)
            parts.append(group(under, marker("dot", x(dot.x), y(dot.y), _class(step), 4.4)))
        for dot in (found.dots[0], found.dots[-1]):
            parts.append(label(x(dot.x) + 9, y(dot.y) - 7, f"{dot.epoch}", "note"))
    else:
        parts.append(marker("diamond", x(found.here[0]), y(found.here[1]), "under", 5))
    return parts


def _key(heights: list[float], left: float) -> list[Raw]:
    """Which colour is which loss."""
    parts = [label(left, ABOVE + 4, "E", "name")]
    texts = _told(heights)
    for k in range(len(heights), -1, -1):
        y = ABOVE + 14 + 22 * (len(heights) - k)
        low, high = texts[k - 1] if k else "", texts[k] if k < len(heights) else ""
        text = f"{low} – {high}" if low and high else f"< {high}" if high else f"> {low}" if low else "–"
        parts.append(tag("rect", x=left, y=y, width=22, height=16, class_="under"))
        parts.append(tag("rect", x=left, y=y, width=22, height=16, class_=_class(k)))
        parts.append(label(left + 30, y + 12, text, "small"))
    return parts


def _told(heights: list[float]) -> list[str]:
    """The heights with as many digits as it takes to tell them apart."""
    digits = next((d for d in range(3, 12) if len({f"{h:.{d}g}" for h in heights}) == len(heights)), 12)
    return [f"{h:.{digits}g}" for h in heights]


def _twin(found: Plane, language: str) -> Table:
    if found.dots:
        head = [words(key, language) for key in ("epoch", "first", "second")] + [words("true_loss", language)]
        rows = [[f"{d.epoch}", f"{d.x:.4g}", f"{d.y:.4g}", f"{d.loss:.6g}"] for d in found.dots]
        return Table(words("dots_caption", language), head, rows, words=0)
    some = np.unique(np.linspace(0, len(found.x) - 1, 7).round().astype(int))
    head = [f"{found.names[1]} \\ {found.names[0]}", *(f"{found.x[i]:.4g}" for i in some)]
    rows = [[f"{found.y[j]:.4g}", *(f"{found.losses[j, i]:.4g}" for i in some)] for j in some[::-1]]
    return Table("E", head, rows, words=0)


def _notes(found: Plane, language: str) -> list[str]:
    notes = []
    if found.explained is not None:
        share = f"{100 * sum(found.explained):.1f}"
        notes.append(words("explained", language, share=share))
    gaps = int((~np.isfinite(found.losses)).sum())
    return [*notes, words("gaps", language, count=gaps)] if gaps else notes

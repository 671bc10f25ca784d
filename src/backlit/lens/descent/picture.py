"""The picture of a descent: the curve with start, tangents and every step, or the contours of two variables."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from typing import TYPE_CHECKING

import numpy as np

from ...errors import fail
from ...messages import say
from ...report import axes
from ...report.svg import Raw, drawing, fit, label, line, marker, number, tag, width
from . import contours
from .flow import Rest
from .function import Array
from .table import label as named
from .table import number as written
from .table import point

if TYPE_CHECKING:
    from .result import Descent, Run

WIDE, HIGH, TOP, BOTTOM = 720.0, 420.0, 30.0, 48.0
ROOM = (2.2, 1.6)  # by variables: a point so many times as far from the minimum as the start is outside of the picture
MIRROR = 0.75  # so much of the start's distance is shown on the minimum's other side, that a bowl looks like one
SAMPLES, TANGENTS, NAMES, MARKS, MOST = 480, 6, 7, 60, 2000
SHAPES = ("dot", "triangle", "diamond", "cross", "triangle", "diamond")
COLOURS = {  # light, dark: those of the pages
    "paper": ("#ffffff", "#16181d"), "soft": ("#f4f6f8", "#1f232a"), "rule": ("#d3d9e0", "#3a414c"),
    "ink": ("#1a1d21", "#e8eaed"), "muted": ("#56606c", "#a6afbb"), "plus": ("#0072b2", "#6cb8f0"),
    "minus": ("#b84a00", "#ff9a4d"),
}  # fmt: skip
FONTS = 'font-family: system-ui, "Noto Sans", "Hiragino Sans", "Yu Gothic UI", "Noto Sans CJK JP", sans-serif;'
SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def drawn(descent: Descent, lang: str) -> tuple[str, str, tuple[float, float], list[str]]:
    """The SVG, what it shows in words, its size, and notes.

    Raises
    ------
    ExpressionError
        BL406: more than two variables.
    """
    names = descent.function.variables
    if len(names) > 2:
        raise fail("BL406", count=len(names), names=", ".join(names))
    every = np.concatenate([kept(descent, run) for run in descent.runs])
    places = [descent.start, *every, *(r.x for r in _minima(descent))]
    build = _curve if len(names) == 1 else _map
    with np.errstate(all="ignore"):
        parts = build(descent, np.array(places), lang)
    parts += _legend(descent)
    size = (WIDE, HIGH + 22 * len(descent.runs))
    lost = sum(min(MOST, len(run.path.points)) for run in descent.runs) - len(every)
    notes = [say("descent.picture_outside", lang, count=lost)] if lost else []
    if max(len(run.path.points) for run in descent.runs) > MOST:
        notes.append(say("descent.picture_most", lang, count=f"{MOST:,}"))
    title, told = say("descent.picture_title", lang), described(descent, lang)
    return drawing("figure-descent", title, told, size, *parts), told, size, notes


def standalone(descent: Descent, lang: str) -> str:
    """The picture as a file: with its own style, light and dark."""
    picture, _, size, _ = drawn(descent, lang)
    folder = resources.files("backlit.report") / "templates"
    colours = " ".join(f"--{name}: {light};" for name, (light, _) in COLOURS.items())
    dark = " ".join(f"--{name}: {dark};" for name, (_, dark) in COLOURS.items())
    rules = (folder / "figures.css").read_text(encoding="utf-8").replace("font-family: inherit;", "")
    own = f"svg {{ {colours} {FONTS} }}\n@media (prefers-color-scheme: dark) {{ svg {{ {dark} }} }}"
    style = Raw(f"<style>{own}\n{rules}</style>")
    back = tag("rect", x=0, y=0, width=size[0], height=size[1], class_="paper")
    head, _, body = picture.partition("</desc>")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{head}</desc>{style}{back}{body}\n'


def described(descent: Descent, lang: str) -> str:
    """The picture in words."""
    function = descent.function
    told = []
    for run in descent.runs:
        end = point(function, run.path.points[-1]) if len(run.path.points) else "–"
        start = point(function, descent.start)
        values = {"label": named(run.rule), "start": start, "end": end, "verdict": run.verdict.word}
        told.append(say("descent.picture_run", lang, **values))
    of = ", ".join(function.variables)
    return say(
        "descent.picture_described", lang, variables=of, formula=function.text.strip(),
        runs=("" if lang == "ja" else " ").join(told),
    )  # fmt: skip


def kept(descent: Descent, run: Run) -> Array:
    """The points up to the first that is too far away to be drawn."""
    centre = descent.home.x if descent.home.is_minimum else descent.start
    if run.verdict.rest is not None and run.verdict.rest.is_minimum:
        centre = run.verdict.rest.x
    room = ROOM[len(descent.start) - 1]
    reach = room * max(float(np.linalg.norm(descent.start - centre)), 1e-3)
    if centre is descent.start:
        reach = room * max(1.0, float(np.abs(descent.start).max()))
    away = np.flatnonzero(np.linalg.norm(run.path.points - centre, axis=1) > reach)
    return run.path.points[: min([MOST, *away[:1].tolist()])]


def _minima(descent: Descent) -> list[Rest]:
    """The different minima that count: of the runs, and of the start."""
    found = [run.verdict.rest for run in descent.runs if run.verdict.rest is not None] + [descent.home]
    every = [r for r in found if r.is_minimum]
    kept_ones: list[Rest] = []
    for rest in every:
        size = max(1.0, float(np.abs(rest.x).max()))
        if all(float(np.abs(rest.x - other.x).max()) > 1e-5 * size for other in kept_ones):
            kept_ones.append(rest)
    return kept_ones


# ---- one variable -----------------------------------------------------------------------------------------------


def _curve(descent: Descent, places: Array, lang: str) -> list[Raw]:
    function = descent.function
    lead = descent.runs[0].verdict.rest
    mirror = [lead.x + MIRROR * (lead.x - descent.start)] if lead is not None and lead.is_minimum else []
    seen = np.array([*places, *mirror])
    low, high = _opened(float(seen.min()), float(seen.max()))
    x = axes.linear([low, high], 0, 1, 8)
    at = np.linspace(x.low, x.high, SAMPLES + 1)
    f = function.values(at)
    heights = [v for v in (function.value(p) for p in places) if np.isfinite(v)]
    inside = f[np.isfinite(f)]
    bottom = min([*heights, *inside]) if len(heights) + len(inside) else 0.0
    top = max(heights) if heights else max(inside, default=1.0)
    bottom = max(bottom, top - 3 * (top - min(heights))) if heights and top > min(heights) else bottom
    y = axes.linear([bottom, top + 0.08 * (top - bottom)], HIGH - BOTTOM, TOP)
    x = axes.linear([low, high], axes.left_margin(y), WIDE - 24, 8)
    name = function.variables[0]
    parts = axes.frame(x, y, name, f"f({name})")
    parts.append(tag("path", d=_pieces(x, y, at, f), class_="curve fn"))
    for k, run in reversed(list(enumerate(descent.runs))):
        parts += _run_on(descent, run, k, x, y)
    parts += _tangents(descent, x, y, lang)
    for rest in _minima(descent):
        text = f"{say('descent.minimum_mark', lang)} {written(float(rest.x[0]), 5)}"
        half = width(text) / 2
        middle = min(max(x(rest.x[0]), x.start + half), x.end - half)
        parts.append(marker("diamond", x(rest.x[0]), y(rest.value), "ink ring", 5))
        parts.append(label(middle, max(y(rest.value) - 13, TOP + 10), text, "note", "middle"))
    return parts


def _pieces(x: axes.Scale, y: axes.Scale, at: Array, f: Array) -> str:
    """The curve where it is finite and inside the frame."""
    shown = np.isfinite(f) & (f >= y.low) & (f <= y.high)
    path, pen = [], False
    for a, b, ok in zip(at, f, shown, strict=True):
        if ok:
            path.append(f"{'L' if pen else 'M'}{number(x(float(a)))} {number(y(float(b)))}")
        pen = bool(ok)
    return "".join(path)


def _run_on(descent: Descent, run: Run, k: int, x: axes.Scale, y: axes.Scale) -> list[Raw]:
    """A run on the curve: every step a line, every point a mark, and its x on the axis."""
    points = kept(descent, run)
    pixels = [(x(float(p[0])), y(float(v))) for p, v in zip(points, run.path.values, strict=False)]
    feet = [line(a, y.start - 7, a, y.start, f"foot r{k}") for a, _ in pixels[:MARKS]] if k == 0 else []
    seen = [(float(p[0]), float(v)) for p, v in zip(run.path.points, run.path.values, strict=True)]
    return [*feet, *_trail(pixels, k, _leaving(seen, len(pixels), x, y))]


def _leaving(
    seen: Sequence[tuple[float, float]], inside: int, x: axes.Scale, y: axes.Scale
) -> list[tuple[float, float]]:
    """Where the step out of the picture crosses its edge, as a list of one pixel; empty if there is no such step."""
    if not 0 < inside < min(len(seen), MOST):
        return []
    begin, end = seen[inside - 1], seen[inside]
    share = 1.0
    for scale, a, b in zip((x, y), begin, end, strict=True):
        for edge in (scale.low, scale.high):
            if (a - edge) * (b - edge) < 0:
                share = min(share, (edge - a) / (b - a))
    a, b = (p + share * (q - p) for p, q in zip(begin, end, strict=True))
    return [(x(a), y(b))]


def _trail(pixels: Sequence[tuple[float, float]], k: int, leaving: Sequence[tuple[float, float]] = ()) -> list[Raw]:
    """A line through the points, and a mark on each; it may end with a step out of the picture."""
    if not pixels:
        return []
    path = "M" + "L".join(f"{number(a)} {number(b)}" for a, b in [*pixels, *leaving])
    last: tuple[float, float] = (-99.0, -99.0)
    marks = []
    for n, place in enumerate(pixels):
        if n == 0 or abs(place[0] - last[0]) + abs(place[1] - last[1]) > 2:  # nobody sees a mark on a mark
            marks.append(marker(SHAPES[k], *place, f"r{k}", 3.6))
            last = place
    return [tag("path", d=path, class_=f"curve r{k}"), *marks]


def _tangents(descent: Descent, x: axes.Scale, y: axes.Scale, lang: str) -> list[Raw]:
    """Tangents at the first points of the first run, the start's slope in words, and the points' names."""
    path = descent.runs[0].path
    points = kept(descent, descent.runs[0])
    across, up = (x.end - x.start) / (x.high - x.low), (y.end - y.start) / (y.high - y.low)
    parts: list[Raw] = []
    used: list[tuple[float, float]] = []
    for k, (p, f, g) in enumerate(zip(points[:NAMES], path.values, path.gradients, strict=False)):
        a, b = x(float(p[0])), y(float(f))
        tilt = float(g[0]) * up / across  # slope in pixels
        reach = (70 if k == 0 else 28) / np.hypot(1, tilt)
        if k < TANGENTS:
            parts.append(line(a - reach, b - tilt * reach, a + reach, b + tilt * reach, "tangent"))
        if all(abs(a - c) + abs(b - d) > 26 for c, d in used):
            used.append((a, b))
            side = 1 if float(g[0]) >= 0 else -1  # outside of the bowl
            text = f"{descent.function.variables[0]}{str(k).translate(SUBSCRIPTS)}"
            if k == 0:
                text = say("descent.start_label", lang, name=text, value=written(float(g[0]), 4))
            at, anchor = a + 9 * side, "start" if side > 0 else "end"
            if side > 0 and at + width(text) > WIDE:
                at, anchor = WIDE - 2, "end"
            if side < 0 and at - width(text) < 0:
                at, anchor = a + 12, "start"
            parts.append(label(at, b + (16 if b < TOP + 20 else -8), text, "note", anchor))
    return parts


# ---- two variables ----------------------------------------------------------------------------------------------


def _map(descent: Descent, places: Array, lang: str) -> list[Raw]:
    function = descent.function
    ends = [_opened(float(places[:, j].min()), float(places[:, j].max())) for j in (0, 1)]
    longest = max(b - a for a, b in ends)
    ends = [_at_least(a, b, 0.25 * longest) for a, b in ends]
    y = axes.linear(ends[1], HIGH - BOTTOM, TOP, 6)
    x = axes.linear(ends[0], axes.left_margin(y), WIDE - 24, 8)
    parts = axes.frame(x, y, function.variables[0], function.variables[1])
    across, up, f = contours.grid(function, (x.low, x.high), (y.low, y.high))
    heights = contours.levels(f)
    for k, level in enumerate(heights):
        pieces = contours.lines(across, up, f, float(level))
        path = "".join(f"M{_px(x, a)} {_px(y, b)}L{_px(x, c)} {_px(y, d)}" for a, b, c, d in pieces)
        if path:
            parts.append(tag("path", d=path, class_=f"contour c{min(4, 5 * k // len(heights))}"))
    for k, run in reversed(list(enumerate(descent.runs))):
        pixels = [(x(float(a)), y(float(b))) for a, b in kept(descent, run)]
        seen = [(float(a), float(b)) for a, b in run.path.points]
        parts += _trail(pixels, k, _leaving(seen, len(pixels), x, y))
    parts += _names_on_map(descent, x, y, lang)
    return parts


def _px(scale: axes.Scale, value: float) -> str:
    return f"{scale(value):.1f}"


def _names_on_map(descent: Descent, x: axes.Scale, y: axes.Scale, lang: str) -> list[Raw]:
    """Start and minima, with their places in words."""
    start = (float(descent.start[0]), float(descent.start[1]), say("descent.start_mark", lang))
    parts: list[Raw] = []
    for rest in _minima(descent):
        parts.append(marker("diamond", x(float(rest.x[0])), y(float(rest.x[1])), "ink ring", 5))
    named_places = [
        start,
        *((float(r.x[0]), float(r.x[1]), say("descent.minimum_mark", lang)) for r in _minima(descent)),
    ]
    for a, b, name in named_places:
        text = f"{name} ({written(a, 4)}, {written(b, 4)})"
        left = x(a) + 10 + width(text) > WIDE
        parts.append(label(x(a) + (-10 if left else 10), y(b) - 9, text, "note", "end" if left else None))
    return parts


# ---- both -------------------------------------------------------------------------------------------------------


def _legend(descent: Descent) -> list[Raw]:
    """A line below the picture for each run: mark, name, verdict."""
    parts: list[Raw] = []
    for k, run in enumerate(descent.runs):
        at = HIGH + 22 * k + 8
        text = f"{named(run.rule)} · {run.verdict.word}"
        parts.append(line(14, at, 46, at, f"curve r{k}"))
        parts.append(marker(SHAPES[k], 30, at, f"r{k}", 3.6))
        parts.append(label(56, at + 4.5, fit(text, WIDE - 60, 13), "kind"))
    return parts


def _opened(low: float, high: float) -> tuple[float, float]:
    """A range with some room on both sides."""
    room = 0.08 * (high - low) or 0.5 * max(1.0, abs(low))
    return low - room, high + room


def _at_least(low: float, high: float, span: float) -> tuple[float, float]:
    """A range that is at least so wide, around its middle."""
    more = max(0.0, span - (high - low)) / 2
    return low - more, high + more

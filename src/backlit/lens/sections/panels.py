"""A row of small histograms: the start as a dashed outline, the end filled."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ...messages import say
from ...report.numbers import measured
from ...report.svg import Raw, drawing, label, line, number, tag, width

WIDE, HIGH, GAP, TOP = 94, 70, 14, 44  # two rows of four stand beside each other


def row(key: str, title: str, described: str, values: Mapping[str, Mapping[str, Any]]) -> tuple[str, float]:
    """The drawing, and how wide it is."""
    parts: list[Raw] = []
    for k, (symbol, each) in enumerate(values.items()):
        parts += _panel(4 + k * (WIDE + GAP), symbol, each)
    wide = max(8 + len(values) * (WIDE + GAP) - GAP, 240)
    start, end = say("lens.start"), say("lens.end")
    parts.append(line(4, 10, 28, 10, "curve valid"))
    parts.append(label(34, 14, start, "small"))
    at = 46 + width(start, 12)
    parts.append(tag("rect", x=at, y=5, width=24, height=10, class_="band"))
    parts.append(line(at, 5, at + 24, 5, "curve train"))
    parts.append(label(at + 30, 14, end, "small"))
    return drawing(f"figure-{key}", title, described, (wide, TOP + HIGH + 22), *parts), wide


def _panel(left: float, symbol: str, each: Mapping[str, Any]) -> list[Raw]:
    before, after = each["counts"]
    most = max(*before, *after, 1)
    base = TOP + HIGH
    name = "log₁₀|δᵘ|" if symbol == "δᵘ" else symbol
    parts = [label(left + WIDE / 2, TOP - 6, name, "name", "middle")]
    low, high = each["low"], each["high"]
    if low < 0 < high and symbol != "δᵘ":
        at = left + WIDE * -low / (high - low)
        parts.append(line(at, TOP, at, base, "grid"))
    parts.append(tag("path", d=_steps(after, left, base, most, closed=True), class_="band"))
    parts.append(tag("path", d=_steps(after, left, base, most), class_="curve train"))
    parts.append(tag("path", d=_steps(before, left, base, most), class_="curve valid"))
    parts.append(line(left, base, left + WIDE, base, "axis"))
    ends = (_power(low), _power(high)) if symbol == "δᵘ" else (measured(low, 2), measured(high, 2))
    parts.append(label(left, base + 15, ends[0].replace("-", "−"), "tick"))
    parts.append(label(left + WIDE, base + 15, ends[1].replace("-", "−"), "tick", "end"))
    return parts


def _power(log: float) -> str:
    """A power of ten with one digit in front of it: 3·10⁻⁵."""
    exponent = math.floor(log)
    lead = round(10 ** (log - exponent))
    if lead == 10:
        lead, exponent = 1, exponent + 1
    small = str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{lead}·10{small}"


def _steps(counts: Sequence[int], left: float, base: float, most: int, *, closed: bool = False) -> str:
    """The outline of the bars, from the left end of the axis to its right end."""
    wide = WIDE / len(counts)
    parts = [f"M{number(left)} {number(base)}"]
    for k, count in enumerate(counts):
        parts.append(f"V{number(base - HIGH * count / most)}H{number(left + (k + 1) * wide)}")
    return "".join(parts) + f"V{number(base)}" + ("z" if closed else "")


def slug(name: str) -> str:
    """A name as a part of an id."""
    return "".join(c if c.isascii() and c.isalnum() else "-" for c in name).strip("-") or "layer"

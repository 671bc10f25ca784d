"""Axes: ticks on round numbers, linear and logarithmic scales, and the frame that both charts share."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from .numbers import NBSP, power_of_ten
from .svg import Raw, fit, label, line, width

MINUS = "\u2212"  # on axes the real minus sign; in tables the ASCII one, which can be copied


@dataclass(frozen=True)
class Scale:
    """Values from `low` to `high` on pixels from `start` to `end`, with labelled ticks.

    Examples
    --------
    >>> Scale(1, 1000, 0, 300, ((1, "1"), (1000, "1,000")), log=True)(10)
    100.0
    """

    low: float
    high: float
    start: float
    end: float
    ticks: tuple[tuple[float, str], ...]
    log: bool = False

    def __call__(self, value: float) -> float:
        """The pixel of `value`, never outside the axis."""
        low, high, at = self.low, self.high, value
        if self.log:
            low, high, at = math.log10(low), math.log10(high), math.log10(max(value, self.low))
        share = min(1.0, max(0.0, (at - low) / (high - low)))
        return self.start + share * (self.end - self.start)


def step_of(span: float, most: int, whole: bool = False) -> float:
    """The smallest of 1, 2, 5 times a power of ten that cuts `span` into at most `most` pieces.

    Examples
    --------
    >>> step_of(1.0, 5), step_of(41, 6, whole=True), step_of(3, 6, whole=True)
    (0.2, 10.0, 1.0)
    """
    raw = span / most
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(k * power for k in (1, 2, 5, 10) if k * power >= raw * (1 - 1e-9))
    return max(1.0, float(step)) if whole else float(step)


def tick_label(value: float, step: float, top: float | None = None) -> str:
    """A tick's number with the decimals that its step needs; `top` is the axis' largest size.

    Examples
    --------
    >>> tick_label(0.3002, 0.0002), tick_label(1_000_600, 100), tick_label(-2e-6, 1e-6)
    ('0.3002', '1,000,600', '−2e−6')
    """
    if value == 0:
        return "0"
    top = abs(value) if top is None else top
    if not 1e-3 <= top < 1e7:
        digits = min(15, max(0, math.ceil(math.log10(abs(value) / step) - 1e-9)))  # neighbours must differ
        mantissa, _, exponent = f"{value:.{digits}e}".partition("e")
        mantissa = mantissa.rstrip("0").rstrip(".") if digits else mantissa
        return f"{mantissa}e{int(exponent)}".replace("-", MINUS)
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    return f"{value:,.{decimals}f}".replace("-", MINUS)


def percent_label(value: float, step: float, top: float | None = None) -> str:
    """A tick of a share: 0.95 -> "95 %"."""
    return f"{tick_label(100 * value, 100 * step, 100 * top if top else None)}{NBSP}%"


def widened(low: float, high: float) -> tuple[float, float]:
    """The range, opened up when it is (nearly) a single point."""
    if high - low > 1e-6 * max(abs(low), abs(high)) and high - low > 1e-290:
        return low, high
    room = 0.1 * abs(low) if abs(low) > 1e-280 else 0.5
    return low - room, high + room


def linear(values: Sequence[float], start: float, end: float, most: int = 5, shares: bool = False) -> Scale:
    """A linear scale that reaches from tick to tick around `values`; from 0 where that costs little room.

    Examples
    --------
    >>> [text for _, text in linear([0.1, 2.3], 0, 100).ticks]
    ['0', '0.5', '1.0', '1.5', '2.0', '2.5']
    """
    low, high = widened(min(values), max(values))
    if 0 < low < 0.5 * high and not shares:
        low = 0.0
    if shares and min(values) >= 0 and max(values) <= 1:
        low, high = max(0.0, low), min(1.0, high)
    step = step_of(high - low, most)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    write = percent_label if shares else tick_label
    top = max(abs(first), abs(last)) * step
    marks = tuple((k * step, write(k * step, step, top)) for k in range(first, last + 1))
    return Scale(first * step, last * step, start, end, marks)


def logarithmic(values: Sequence[float], start: float, end: float, most: int = 6) -> Scale:
    """A logarithmic scale from power of ten to power of ten; `values` are positive."""
    low = max(-300, math.floor(math.log10(min(values))))  # 10.0 ** -324 would be 0
    high = max(low + 1, math.ceil(math.log10(max(values))))
    jump = max(1, math.ceil((high - low) / most))
    marks = tuple((10.0**k, power_of_ten(k)) for k in range(low, high + 1, jump))
    return Scale(10.0**low, 10.0**high, start, end, marks, log=True)


def counted(first: int, last: int, start: float, end: float, most: int = 6) -> Scale:
    """A scale for epochs: exactly from the first to the last, ticks on whole round numbers.

    Examples
    --------
    >>> [text for _, text in counted(1, 41, 0, 300).ticks]
    ['1', '10', '20', '30', '40']
    """
    if last <= first:
        return Scale(first - 1, first + 1, start, end, ((first, f"{first:,}"),))
    step = int(step_of(last - first, most, whole=True))
    marks = list(range(math.ceil(first / step) * step, last + 1, step))
    if not marks or marks[0] - first >= 0.5 * step:
        marks.insert(0, first)
    return Scale(first, last, start, end, tuple((float(k), f"{k:,}") for k in marks))


def spans_decades(values: Sequence[float], decades: float = 2) -> bool:
    """Whether positive values differ so much that a linear axis would hide most of them."""
    low, high = min(values), max(values)
    return low > 0 and math.log10(high) - math.log10(low) > decades


def left_margin(scale: Scale) -> float:
    """The room that the labels of a vertical axis need."""
    return max(34.0, 14 + max(width(text, 12) for _, text in scale.ticks))


def frame(x: Scale, y: Scale, x_name: str, y_name: str, x_grid: bool = False) -> list[Raw]:
    """Grid lines, ticks and the names of both axes; the vertical one's lies on top: nobody tilts a head."""
    left, right, bottom, top = x.start, x.end, y.start, y.end
    parts = [label(0, 12, fit(y_name, right), "name")]
    for value, text in y.ticks:
        parts.append(line(left, y(value), right, y(value), "grid"))
        parts.append(label(left - 8, y(value) + 4, text, "tick", "end"))
    for value, text in x.ticks:
        if x_grid:
            parts.append(line(x(value), top, x(value), bottom, "grid"))
        parts.append(line(x(value), bottom, x(value), bottom + 5, "axis"))
        parts.append(label(x(value), bottom + 18, text, "tick", "middle"))
    parts.append(line(left, bottom, right, bottom, "axis"))
    parts.append(label((left + right) / 2, bottom + 36, fit(x_name, right - left), "name", "middle"))
    return parts

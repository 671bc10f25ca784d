"""What the drawings of a trace are made of: u in a small box, o in a rounded one, δ in a hexagon, arrows.

Forward is solid, backward dashed; the sign of a number is told by colour and by + or −.
"""

from __future__ import annotations

import math

from ...report.svg import Raw, group, label, tag
from ...report.svg import number as pixel
from .layout import number

WIDE, HIGH = 92.0, 26.0  # of a box with a number
HEX = 116.0  # the width of a hexagon


def sign(value: float) -> str:
    """The class of a number: "plus", "minus", or "" for 0 and for what is no number."""
    return "plus" if value > 0 else "minus" if value < 0 else ""


def signed(value: float) -> str:
    """The number with its sign.

    >>> signed(0.15), signed(-2.0), signed(0.0)
    ('+0.15', '-2', '0')
    """
    return f"+{number(value)}" if value > 0 else number(value)


def box(x: float, y: float, value: float, *, round_: bool = False, lit: bool = False, wide: float = WIDE) -> Raw:
    """A number in a box whose left upper corner is (x, y): rounded for o and x."""
    style = f"{'out' if round_ else 'sum'}{' lit' if lit else ''}"
    frame = tag("rect", x=x, y=y, width=wide, height=HIGH, rx=HIGH / 2 if round_ else 2, class_=style)
    return group(frame, label(x + wide / 2, y + 17.5, number(value), "num", "middle"))


def hexagon(x: float, y: float, value: float, *, lit: bool = False, wide: float = HEX) -> Raw:
    """An error signal in its hexagon."""
    tip, middle = 12.0, y + HIGH / 2
    left, right, below = x + tip, x + wide - tip, y + HIGH
    points = [(x, middle), (left, y), (right, y), (x + wide, middle), (right, below), (left, below)]
    path = "M" + "L".join(f"{pixel(a)} {pixel(b)}" for a, b in points) + "z"
    frame = tag("path", d=path, class_=f"delta {sign(value)}{' lit' if lit else ''}")
    return group(frame, label(x + wide / 2, y + 17.5, signed(value), f"num {sign(value)}", "middle"))


def arrow(
    start: tuple[float, float], end: tuple[float, float], class_: str, width: float = 1.4, level: float = 0.0
) -> Raw:
    """A curve with a head that leaves and arrives level; so much of it runs level first."""
    (x, b), (c, d) = start, end
    a = x + level
    half = (c - a) / 2
    back = math.copysign(7.0, c - a)
    bend = " ".join(map(pixel, (a + half, b, c - half, d, c, d)))
    path = f"M{pixel(x)} {pixel(b)}H{pixel(a)}C{bend}"
    head = f"M{pixel(c)} {pixel(d)}l{pixel(-back)} -4v8z"
    line = tag("path", d=path, class_=f"wire {class_}", style=f"stroke-width:{pixel(width)}")
    return group(line, tag("path", d=head, class_=f"head {class_}"))


def on_curve(start: tuple[float, float], end: tuple[float, float], share: float) -> tuple[float, float]:
    """The place on such a curve, at a share of its way."""
    (a, b), (c, d) = start, end
    half, s, r = (c - a) / 2, share, 1 - share
    x = r**3 * a + 3 * r * r * s * (a + half) + 3 * r * s * s * (c - half) + s**3 * c
    return x, (r**3 + 3 * r * r * s) * b + (3 * r * s * s + s**3) * d


def straight(start: tuple[float, float], end: tuple[float, float], class_: str) -> Raw:
    """A straight arrow along an axis."""
    (a, b), (c, d) = start, end
    flat = abs(c - a) >= abs(d - b)
    back = math.copysign(7.0, c - a if flat else d - b)
    tail = f"l{pixel(-back)} -4v8z" if flat else f"l-4 {pixel(-back)}h8z"
    line = tag("path", d=f"M{pixel(a)} {pixel(b)}L{pixel(c)} {pixel(d)}", class_=f"wire {class_}")
    return group(line, tag("path", d=f"M{pixel(c)} {pixel(d)}{tail}", class_=f"head {class_}"))

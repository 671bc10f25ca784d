"""A unit with its numbers, (a) whole: x → h → o, and (b) split into the linear sum and the activation function."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...messages import say
from ...report.svg import Raw, drawing, group, label, tag
from .cells import Array, largest
from .layout import count, number
from .shapes import HIGH, WIDE, arrow, box, hexagon, sign, signed, straight
from .symbols import Symbols
from .updates import as_shown

if TYPE_CHECKING:
    from .trace import Trace

PITCH, TOP = 58.0, 40.0  # from input to input, above the first
MOST = 6  # inputs that are drawn one by one
LEVEL = 190.0  # of each arrow, where its numbers stand


@dataclass(frozen=True)
class Unit:
    """A unit of a layer that makes sums, with all numbers that its drawings show.

    inputs : the places that are drawn; `left` of others, whose products add up to `rest`.
    bias, and its gradient: None where there is none, or where it is not trained.
    """

    layer: str
    unit: int
    source: str
    inputs: tuple[int, ...]
    x: Array
    w: Array
    gradients: Array | None
    left: int
    rest: float
    bias: float | None
    bias_gradient: float | None
    u: float
    o: float
    slope: float | None
    behind: float | None
    before: float | None
    function: str
    lit: int | None = None


def unit_of(trace: Trace, layer: str, unit: int, input_: int | None = None) -> Unit | None:
    """The numbers of a unit in the row of the trace; None where the layer does not make sums by weights.

    What is drawn of ∂E/∂w is the gradient of the whole batch, which training uses.
    """
    recording, row = trace.recording, trace.row
    names = recording.built.graph.names
    node = names.get(f"{layer}.u")
    leg = recording.wiring.legs.get(node) if node is not None else None
    if node is None or leg is None or leg.kind != "affine" or leg.target is not node or f"{layer}.o" not in recording:
        return None
    weight = leg.target.args[1].name
    source = recording.wiring.name(leg.target.args[0])
    x = recording.of_row(source, row)
    w = as_shown(weight, recording[weight])[unit].astype(np.float64)
    shown, left = largest(w * x, min(MOST, trace.top))
    if input_ is not None and input_ not in shown:
        shown = sorted([*shown[:-1], input_])
        left = np.setdiff1d(np.arange(len(x)), shown)
    slopes = recording.before.get(f"∂E/∂{weight}")
    bias = leg.target.args[2].name if len(leg.target.args) > 2 else ""

    def of(symbol: str) -> float | None:
        name = f"{layer}.{symbol}"
        return float(recording[name][row, unit]) if name in recording else None

    operation = names[f"{layer}.o"].op
    own = names[f"{layer}.o"] is not node and operation is not None
    return Unit(
        layer, unit, source, tuple(shown), x, w,
        as_shown(weight, slopes)[unit].astype(np.float64) if slopes is not None else None,
        len(left), float(np.sum((w * x)[left])),
        float(recording[bias][unit]) if bias else None,
        float(recording[f"∂E/∂{bias}"][unit]) if bias and f"∂E/∂{bias}" in recording else None,
        of("u") or 0.0, of("o") or 0.0, of("f′"), of("δᵒ"), of("δᵘ"),
        operation.name if own and operation is not None else "identity", input_,
    )  # fmt: skip


def whole(unit: Unit, s: Symbols) -> str:
    """(a): the unit as one function of its inputs."""
    high, ys = _rows(unit)
    centre = (TOP + high - 20) / 2 + 10
    parts = _inputs(unit, ys, s, (420.0, centre), named=False)
    parts.append(tag("circle", cx=462, cy=centre, r=42, class_="disc"))
    parts.append(label(462, centre - 2, f"h({_short(unit, s)})", "direct", "middle"))
    parts.append(label(462, centre + 16, f"{unit.layer}[{unit.unit}]", "small", "middle"))
    parts.append(straight((504, centre), (556, centre), "forward"))
    parts.append(box(556, centre - HIGH / 2, unit.o, round_=True))
    parts.append(label(556 + WIDE / 2, centre - 20, s("o"), "direct", "middle"))
    if unit.behind is not None:
        parts.append(hexagon(548, centre + 36, unit.behind))
        parts.append(label(606, centre + 80, s("δᵒ"), "direct", "middle"))
        parts.append(straight((548, centre + 49), (498, centre + 49), "back"))
    told = say("faces.unit_whole_told", layer=unit.layer, unit=unit.unit, inputs=len(unit.x), o=number(unit.o))
    size = (690.0, max(high, centre + 92))
    return drawing("figure-unit-whole", say("faces.unit_whole"), s(told), size, *parts)


def split(unit: Unit, s: Symbols) -> str:
    """(b): the linear sum and the activation function as two circles, with the error signals that come back."""
    high, ys = _rows(unit)
    centre = (TOP + high - 20) / 2 + 10
    parts = _inputs(unit, ys, s, (422.0, centre), named=True)
    parts.append(_disc(452, centre, "Σ", say("faces.linear_sum")))
    parts.append(straight((482, centre), (508, centre), "forward"))
    parts.append(box(508, centre - HIGH / 2, unit.u))
    parts.append(label(508 + WIDE / 2, centre - 20, s("u"), "direct", "middle"))
    parts.append(straight((508 + WIDE, centre), (626, centre), "forward"))
    parts.append(_disc(656, centre, "f", unit.function))
    parts.append(straight((686, centre), (712, centre), "forward"))
    parts.append(box(712, centre - HIGH / 2, unit.o, round_=True))
    parts.append(label(712 + WIDE / 2, centre - 20, s("o"), "direct", "middle"))
    below = centre + 52
    if unit.behind is not None:
        parts.append(hexagon(704, below, unit.behind))
        parts.append(label(762, below + 42, s("δᵒ"), "direct", "middle"))
        parts.append(straight((704, below + 13), (618, below + 13), "back"))
        if unit.slope is not None:
            parts.append(label(661, below + 36, f"f′ = {number(unit.slope)}", "note", "middle"))
    if unit.before is not None:
        parts.append(hexagon(502, below, unit.before))
        parts.append(label(560, below + 42, s("δᵘ"), "direct", "middle"))
        parts.append(straight((502, below + 13), (452, below + 13), "back"))
    told = say(
        "faces.unit_split_told", layer=unit.layer, unit=unit.unit, u=number(unit.u), o=number(unit.o),
        before=number(unit.before) if unit.before is not None else "–",
    )  # fmt: skip
    size = (832.0, max(high, below + 56))
    return drawing("figure-unit-split", say("faces.unit_split"), s(told), size, *parts)


def _disc(x: float, y: float, sign_: str, below: str) -> Raw:
    """One of the two halves of a unit."""
    name = label(x, y - 38, below, "small", "middle")
    return group(tag("circle", cx=x, cy=y, r=30, class_="disc"), label(x, y + 6, sign_, "layer", "middle"), name)


def _short(unit: Unit, s: Symbols) -> str:
    return "x" if unit.source == "x" else s("o")


def _rows(unit: Unit) -> tuple[float, list[float]]:
    """The height of the drawing, and the middles of the rows on its left side: inputs, the rest, the bias."""
    rows = len(unit.inputs) + (unit.left > 0) + (unit.bias is not None)
    return max(TOP + rows * PITCH + 10, 210), [TOP + (k + 0.5) * PITCH for k in range(rows)]


def _inputs(unit: Unit, ys: list[float], s: Symbols, end: tuple[float, float], *, named: bool) -> list[Raw]:
    """The inputs with their weights and, in the split drawing, the weights' gradients."""
    parts: list[Raw] = [label(12 + WIDE / 2, 22, s(unit.source), "direct", "middle")]
    spread = min(16.0, 60.0 / max(len(ys), 1))
    tips = [(end[0], end[1] + spread * (k - (len(ys) - 1) / 2)) for k in range(len(ys))]
    rows = iter(zip(ys, tips, strict=True))
    for i in unit.inputs:
        y, tip = next(rows)
        w, lit = float(unit.w[i]), unit.lit == i
        at = (12 + WIDE, y)
        parts.append(arrow(at, tip, f"{sign(w)}{' lit' if lit else ''}", 3.0 if lit else 1.4, LEVEL))
        parts.append(box(12, y - HIGH / 2, float(unit.x[i]), round_=True, lit=lit))
        parts.append(label(118, y - 6, f"w[{i}] = {signed(w)}", f"note {sign(w)}"))
        if named and unit.gradients is not None:
            parts.append(label(118, y + 16, f"∂{s('E')}/∂w[{i}] = {signed(float(unit.gradients[i]))}", "note"))
    if unit.left:
        y, tip = next(rows)
        parts.append(arrow((12 + WIDE, y), tip, "", 1.4, LEVEL))
        parts.append(label(12, y + 4, say("faces.more", count=count(unit.left)), "small"))
        parts.append(label(118, y - 6, f"Σ w·x = {signed(unit.rest)}", "note"))
    if unit.bias is not None:
        y, tip = next(rows)
        parts.append(arrow((12 + WIDE, y), tip, sign(unit.bias), 1.4, LEVEL))
        parts.append(box(12, y - HIGH / 2, 1.0, round_=True))
        parts.append(label(118, y - 6, f"b = {signed(unit.bias)}", f"note {sign(unit.bias)}"))
        if named and unit.bias_gradient is not None:
            parts.append(label(118, y + 16, f"∂{s('E')}/∂b = {signed(unit.bias_gradient)}", "note"))
    return parts

"""The network with the numbers of one row: forward arrows solid, backward arrows dashed, large layers folded.

Where a parameter is chosen, the paths from it to E are lit up.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ...messages import say
from ...report.svg import Raw, drawing, fit, label
from .cells import largest
from .chain import Chain
from .layout import count, number
from .ledger import Bookkeeper
from .shapes import HEX, HIGH, WIDE, arrow, box, hexagon, on_curve, sign, signed
from .updates import as_shown

if TYPE_CHECKING:
    from .trace import Trace

GAP, PITCH, TOP = 130.0, 96.0, 62.0  # between layers, between units, above the first unit
MOST = 6  # units of a layer that are drawn one by one
SPELLED, MARKED = 12, 40  # so many arrows between two layers have their number, or their sign, beside them


@dataclass
class Column:
    """A layer in the drawing, or the inputs: its units and where they stand."""

    name: str
    kind: str
    units: list[int]
    left: int
    depth: int = 0
    reads: list[str] = field(default_factory=list)
    weight: str = ""
    form: str = ""
    x: float = 0.0
    y: float = 0.0

    @property
    def wide(self) -> float:
        return WIDE if not self.sums else 2 * WIDE + 8

    @property
    def sums(self) -> bool:
        """Whether there is a u of its own."""
        return self.form == "affine"

    @property
    def high(self) -> float:
        return len(self.units) * PITCH + (30 if self.left else 0)

    def row(self, unit: int) -> float:
        """The middle of a unit's boxes."""
        return self.y + TOP + self.units.index(unit) * PITCH

    def out(self, unit: int) -> tuple[float, float]:
        return self.x + self.wide, self.row(unit)

    def into(self, unit: int) -> tuple[float, float]:
        return self.x, self.row(unit)


class Sketch:
    """Lays the network out and draws it."""

    def __init__(self, trace: Trace, chain: Chain | None = None) -> None:
        self.trace, self.chain = trace, chain
        self.recording, self.row, self.s = trace.recording, trace.row, trace.symbols
        self.stations, self.edges = _lit(chain)
        self.columns = self._columns()
        self._place()

    # --- what there is --------------------------------------------------------------------------------------------

    def _columns(self) -> dict[str, Column]:
        book = Bookkeeper(self.recording, self.trace.slopes, self.row, min(MOST, self.trace.top))
        found: dict[str, Column] = {}
        for node in self.recording.built.inputs:
            if node.name in self.recording and node.name not in ("t", "sample_weight"):
                values = self.recording[node.name]
                shown, _ = largest(self.recording.of_row(node.name, self.row), min(MOST, self.trace.top))
                units, left = self._units(node.name, shown, values.shape[-1])
                found[node.name] = Column(node.name, "", units, left)
        for name in book.labels:
            shown, _ = book.units[name]
            units, left = self._units(name, shown, self.recording[f"{name}.o"].shape[-1])
            column = Column(name, book.kind(name), units, left)
            self._wire(column, found)
            found[name] = column
        return found

    def _units(self, name: str, shown: list[int], wide: int) -> tuple[list[int], int]:
        """The units that are drawn: the largest, and those that a lit path passes."""
        wanted = {at for n, at in self.stations if n in (name, f"{name}.u", f"{name}.o")}
        units = sorted({*shown, *wanted})
        while len(units) > MOST + 2 and (spare := [u for u in units if u not in wanted]):
            units.remove(spare[-1])
        return units, wide - len(units)

    def _wire(self, column: Column, known: dict[str, Column]) -> None:
        """From which columns arrows come, and of what kind they are."""
        wiring, names = self.recording.wiring, self.recording.built.graph.names
        u, o = names.get(f"{column.name}.u"), names[f"{column.name}.o"]
        leg = wiring.legs.get(u) if u is not None else None
        if leg is not None and leg.kind == "affine" and wiring.name(leg.target) == f"{column.name}.u":
            column.form, column.weight = "affine", leg.target.args[1].name
            sources = list(leg.sources)
        elif u is not None:
            sources = [u]
        else:
            leg = wiring.legs.get(o)
            sources = list(leg.sources) if leg is not None else []
        if not column.form:
            through = wiring.legs.get(o)
            column.form = through.kind if through is not None else "each"
        column.reads = [n for node in sources if (n := wiring.name(node).rpartition(".")[0] or node.name) in known]
        column.depth = 1 + max((known[name].depth for name in column.reads), default=0)

    # --- where it stands --------------------------------------------------------------------------------------------

    def _place(self) -> None:
        x, self.high = 10.0, 0.0
        for depth in range(1 + max(c.depth for c in self.columns.values())):
            here = [c for c in self.columns.values() if c.depth == depth]
            y = 0.0
            for column in here:
                column.x, column.y = x, y
                y += TOP + column.high
            self.high = max(self.high, y)
            x += max(c.wide for c in here) + GAP
        for depth in {c.depth for c in self.columns.values()}:  # shorter layers in the middle
            here = [c for c in self.columns.values() if c.depth == depth]
            spare = self.high - sum(TOP + c.high for c in here)
            for column in here:
                column.y += spare / 2
        self.wide = x - GAP + 10

    # --- the drawing ----------------------------------------------------------------------------------------------

    def svg(self) -> str:
        """The drawing."""
        parts: list[Raw] = []
        for column in self.columns.values():
            for name in column.reads:
                parts += self._arrows(self.columns[name], column)
        texts: list[Raw] = []
        for column in self.columns.values():
            texts += self._column(column)
        last = self._output()
        end, loss = self._loss(last)
        told = say(
            "faces.network_told", layers=", ".join(c for c in self.columns if self.columns[c].depth),
            E=number(self.trace.E), row=self.row,
        )  # fmt: skip
        size = (end, self.high + 10)
        return drawing("figure-network", say("faces.network"), self.s(told), size, *parts, *loss, *texts)

    def _output(self) -> Column:
        names = self.recording.wiring.names[self.recording.built.output]
        return next(c for c in self.columns.values() if f"{c.name}.o" in names)

    def _column(self, c: Column) -> list[Raw]:
        """The heading of a layer, and the boxes of its units."""
        s = self.s
        room = c.wide + 60
        parts = [label(c.x + c.wide / 2, c.y + 18, fit(c.name, room, 15), "layer", "middle")]
        if c.kind:
            parts.append(label(c.x + c.wide / 2, c.y + 34, fit(c.kind, room, 12), "small", "middle"))
        symbol = c.name if not c.depth else s("o")
        for unit in c.units:
            y = c.row(unit) - HIGH / 2
            at = c.x
            parts.append(label(c.x + 2, y - 5, f"[{unit}]" if c.depth else f"{symbol}[{unit}]", "small"))
            if c.sums:
                parts.append(self._number(f"{c.name}.u", unit, at, y, round_=False))
                parts.append(label(at + WIDE - 2, y - 5, s("u"), "small", "end"))
                at += WIDE + 8
            if c.depth:
                parts.append(label(at + WIDE - 2, y - 5, s("o"), "small", "end"))
            parts.append(self._number(f"{c.name}.o" if c.depth else c.name, unit, at, y, round_=True))
            if (signal := self._signal(c)) is not None:
                value = float(self.recording[signal][self.row, unit])
                lit = any((f"{c.name}{end}", unit) in self.stations for end in (".u", ".o"))
                left = c.x + (c.wide - HEX) / 2
                parts.append(hexagon(left, y + HIGH + 6, value, lit=lit))
                if c.sums:
                    parts.append(label(left - 4, y + HIGH + 24, s(signal.rpartition(".")[2]), "small", "end"))
        if c.left:
            y = c.y + TOP + len(c.units) * PITCH - 8
            parts.append(label(c.x + c.wide / 2, y, say("faces.more", count=count(c.left)), "kind", "middle"))
        return parts

    def _number(self, name: str, unit: int, x: float, y: float, *, round_: bool) -> Raw:
        value = float(self.recording[name][self.row, unit])
        return box(x, y, value, round_=round_, lit=(name, unit) in self.stations)

    def _signal(self, c: Column) -> str | None:
        """The error signal that is drawn: δᵘ where the layer has a u of its own, else δᵒ."""
        for symbol in ("δᵘ", "δᵒ") if c.sums else ("δᵒ",):
            if c.depth and f"{c.name}.{symbol}" in self.recording:
                return f"{c.name}.{symbol}"
        return None

    def _arrows(self, a: Column, b: Column) -> list[Raw]:
        """Between two layers: by weights, unit by unit, or where all depends on all in one bundle."""
        back = self._signal(a) is not None and self._signal(b) is not None
        if b.form == "affine":
            weights = as_shown(b.weight, self.recording[b.weight])
            pairs = [(i, j, float(weights[j, i])) for j in b.units for i in a.units]
        elif b.form in ("each", "batch") and a.left + len(a.units) == b.left + len(b.units):
            pairs = [(i, i, 1.0) for i in b.units if i in a.units]
        else:
            start, end = (a.x + a.wide, a.y + TOP + a.high / 2 - 40), (b.x, b.y + TOP + b.high / 2 - 40)
            low = ((b.x, end[1] + 32), (a.x + a.wide, start[1] + 32))
            return [arrow(start, end, "bundle", 5.0), *([arrow(*low, "back", 2.0)] if back else [])]
        sizes = [abs(w) for _, _, w in pairs if np.isfinite(w)]
        most = max(sizes, default=1.0) or 1.0
        parts: list[Raw] = []
        texts: list[Raw] = []
        for i, j, w in pairs:
            start, end = a.out(i), b.into(j)
            lit = (b.name, j, i) in self.edges or (b.form != "affine" and self._passes(a, b, i))
            dim = "" if lit or not self.edges else " dim"
            style = f"{sign(w) if b.form == 'affine' else 'forward'}{' lit' if lit else dim}"
            size = 0.8 + 2.2 * min(abs(w) / most, 1.0) if np.isfinite(w) else 3.0
            parts.append(arrow(start, end, style, size + 1.2 * lit))
            if back:
                gives = sign(w * self._delta(b, j)) if b.form == "affine" else sign(self._delta(b, j))
                low = (b.x + (b.wide - HEX) / 2, end[1] + 32), (a.x + (a.wide + HEX) / 2, start[1] + 32)
                parts.append(arrow(*low, f"back {gives}{' lit' if lit else dim}", 1.2))
            if b.form == "affine" and (len(pairs) <= SPELLED or lit):
                x, y = on_curve(start, end, 0.26 + 0.3 * (b.units.index(j) % 2 if len(b.units) > 1 else 0))
                texts.append(label(x, y - 3, signed(w), f"note {sign(w)}", "middle"))
            elif b.form == "affine" and len(pairs) <= MARKED and w:
                x, y = on_curve(start, end, 0.16 + 0.1 * (b.units.index(j) % 4))
                texts.append(label(x, y + 4, "+" if w > 0 else "−", f"note {sign(w)}", "middle"))
        return [*parts, *texts]

    def _passes(self, a: Column, b: Column, i: int) -> bool:
        """Whether a lit path goes from a unit of one layer to the same unit of the next."""
        return any((f"{a.name}.{x}", i) in self.stations for x in "uo") and (f"{b.name}.o", i) in self.stations

    def _delta(self, c: Column, unit: int) -> float:
        name = self._signal(c)
        return float(self.recording[name][self.row, unit]) if name is not None else 0.0

    def _loss(self, last: Column) -> tuple[float, list[Raw]]:
        """E at the right, and what leads to it."""
        x = last.x + last.wide + GAP / 2 + 20
        middle = last.y + TOP + (len(last.units) - 1) * PITCH / 2
        parts: list[Raw] = []
        for unit in last.units:
            lit = any((f"{last.name}{end}", unit) in self.stations for end in (".o", ".u")) and bool(self.edges)
            dim = "" if lit or not self.edges else " dim"
            parts.append(arrow(last.out(unit), (x, middle - 5), f"forward{' lit' if lit else dim}"))
            if self._signal(last) is not None:
                tip = (last.x + (last.wide + HEX) / 2, last.row(unit) + 32)
                parts.append(arrow((x, middle + 6), tip, f"back{' lit' if lit else dim}"))
        if "E.t" in self.recording:
            for unit in last.units:
                told = f"{self.s('t')} = {number(float(self.recording['E.t'][self.row, unit]))}"
                above = last.row(unit) <= middle  # where no arrow goes
                parts.append(label(last.x + last.wide + 6, last.row(unit) + (-12 if above else 60), told, "note"))
        parts.append(box(x, middle - HIGH / 2, self.trace.E, lit=bool(self.edges)))
        parts.append(label(x + WIDE / 2, middle - 20, self.s("E"), "layer", "middle"))
        return x + WIDE + 12, parts


def _lit(chain: Chain | None) -> tuple[set[tuple[str, int]], set[tuple[str, int, int]]]:
    """The numbers (name, unit) and the weights (layer, unit, input) that the shown paths of a parameter pass."""
    stations: set[tuple[str, int]] = set()
    edges: set[tuple[str, int, int]] = set()
    if chain is None:
        return stations, edges
    layer, _, part = chain.name.rpartition(".")
    if part == "weight" and len(chain.at) == 2:
        edges.add((layer, chain.at[0], chain.at[1]))
    for path in chain.paths[:MOST]:
        for station in path.stations:
            name, _, at = station.partition("[")
            if at.partition("]")[0].isdigit():
                stations.add((name, int(at.partition("]")[0])))
        for factor in path.factors:
            name, _, at = factor.name.rstrip("]").partition("[")
            if factor.kind == "weight":
                unit, _, source = at.partition(",")
                edges.add((name.rpartition(".")[0], int(unit), int(source)))
            elif factor.kind == "input" and at.isdigit():
                stations.add((name, int(at)))
    return stations, edges or {("", 0, 0)}


def network(trace: Trace, chain: Chain | None = None) -> str:
    """The drawing of the whole network, with the paths of a parameter lit up."""
    return Sketch(trace, chain).svg()

"""The slips that people make in a ledger: each is recomputed, and the one that gives the learner's number is named.

A number is worked out again from the learner's own numbers before it, so that a mistake is looked for where it was
made and not where it leads to.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.graph import Node
from ...ops import Elementwise
from ...ops import formula as fm
from .cells import Block, Cell, Line, Sum
from .outputs import count
from .updates import as_shown

if TYPE_CHECKING:
    from .trace import Trace

Slip = tuple[str, float]  # its key in the catalogue (slips.KEY), and the number that it gives


class Work:
    """Works out the numbers of a ledger one by one, from the learner's own where there are any.

    own : name and place → number
        "dense1.o[0]" → what the learner has for it; filled by `take` as the ledger is gone through.
    """

    def __init__(self, trace: Trace) -> None:
        self.trace, self.recording, self.row = trace, trace.recording, trace.row
        self.names = trace.recording.built.graph.names
        self.own: dict[str, float] = {}
        self.output = trace.recording.wiring.name(trace.recording.built.output)

    def take(self, cell: Cell, value: float) -> None:
        """Go on with the learner's number."""
        place = cell.at[-1] if cell.at and cell.at[0] == self.row and "." in cell.name else None
        if cell.symbol == "E":
            self.own["E"] = value
        elif cell.symbol.startswith("∂"):
            self.own[f"{cell.name}{list(cell.at)}"] = value
        elif cell.symbol == "e":
            self.own[f"e[{self.row},{cell.at[-1]}]"] = value
        elif place is not None and cell.symbol != "t":
            self.own[f"{cell.name}[{place}]"] = value
            self.own[f"{cell.name}[{self.row},{place}]"] = value
            if cell.name == self.output:  # stage 3 calls it o alone
                self.own[f"o[{place}]"] = value

    # --- working out ----------------------------------------------------------------------------------------------

    def value(self, block: Block, line: Line, cell: Cell) -> float:
        """The number by its rule, from the learner's own numbers."""
        if cell.symbol in ("o", "f′") and self._function(block.layer) is not None:
            u = self._at(f"{block.layer}.u", line.unit)
            return self._f(block.layer, u) if cell.symbol == "o" else self._slope(block.layer, u)
        if cell.symbol == "w′" and cell.sum is not None and cell.sum.terms[-1].left == "-ε":
            return cell.sum.terms[0].a + cell.sum.terms[-1].a * self._gradient(line)
        if cell.sum is not None and cell.symbol != "w′":
            return self._sum(cell.sum)
        if cell.sum is None and cell.at and cell.at[0] == self.row:  # shown again in a later stage
            return self.own.get(f"{cell.name}[{cell.at[-1]}]", cell.value)
        return cell.value

    def _gradient(self, line: Line) -> float:
        cell = line.cells[0]
        return self.own.get(f"{cell.name}{list(cell.at)}", cell.value)

    def _sum(self, total: Sum) -> float:
        """The sum with the learner's factors."""
        products = [self._take(t.left, t.a) * (self._take(t.right, t.b) if t.right else 1.0) for t in total.terms]
        return float(np.sum(products)) + (total.rest.value if total.rest is not None else 0.0)

    def _take(self, name: str, known: float) -> float:
        return self.own.get(name, known)

    def _at(self, name: str, unit: int | None) -> float:
        known = float(self.recording[name][self.row, unit])
        return self.own.get(f"{name}[{unit}]", known)

    def _function(self, layer: str) -> Node | None:
        """The node of o where it is a function of u alone."""
        o, u = self.names.get(f"{layer}.o"), self.names.get(f"{layer}.u")
        if o is None or u is None or o is u or not isinstance(o.op, Elementwise) or o.args != (u,):
            return None
        return o

    def _f(self, layer: str, u: float) -> float:
        node = self._function(layer)
        assert node is not None
        assert isinstance(node.op, Elementwise)
        attrs = {n: node.attrs[n] for n in node.op.defaults}
        return float(np.ravel(node.op.compute([np.array([u])], attrs))[0])

    def _slope(self, layer: str, u: float) -> float:
        node = self._function(layer)
        assert node is not None
        assert isinstance(node.op, Elementwise)
        slope = node.op.slope(0)
        attrs = {n: node.attrs[n] for n in slope.op.defaults}
        read = [self._f(layer, u) if r == "y" else u for r in slope.reads]
        if not read:
            return float(fm.evaluate([slope.op.formula], attrs, np.float64)[0])
        return float(np.ravel(slope.op.compute([np.array([v]) for v in read], attrs))[0])

    # --- slipping -------------------------------------------------------------------------------------------------

    def slips(self, block: Block, line: Line, cell: Cell) -> Iterator[Slip]:
        """What comes out with one slip each, the likeliest first."""
        right = self.value(block, line, cell)
        made = {
            "u": self._of_u, "o": self._of_o, "f′": self._of_slope, "e": self._of_term, "E": self._of_loss,
            "δᵒ": self._of_behind, "δᵘ": self._of_before, "w′": self._of_weight,
        }.get(cell.symbol, self._of_gradient if cell.symbol.startswith("∂") else self._of_none)  # fmt: skip
        yield from made(block, line, cell, right)
        yield "sign", -right

    def _of_none(self, block: Block, line: Line, cell: Cell, right: float) -> Iterator[Slip]:
        yield from ()

    def _of_u(self, block: Block, line: Line, cell: Cell, right: float) -> Iterator[Slip]:
        if cell.sum is None:
            return
        for term in cell.sum.terms:
            if not term.right:
                yield "bias", right - term.a
        leg = self.recording.wiring.legs[self.names[f"{block.layer}.u"]]
        yield from self._without_function(cell, right, block.reads[0])
        w = as_shown("w.weight", self.recording[leg.target.args[1].name]).astype(np.float64)
        if w.shape[0] == w.shape[1] and line.unit is not None:
            x = np.array([self._at(block.reads[0], i) for i in range(w.shape[1])])
            yield "transposed", right + float((w[:, line.unit] - w[line.unit]) @ x)

    def _without_function(self, cell: Cell, right: float, read: str) -> Iterator[Slip]:
        """The sum over u of the layer before in place of its o."""
        u = read.removesuffix(".o") + ".u"
        if read.endswith(".o") and u in self.recording and cell.sum is not None:
            change = 0.0
            for t in cell.sum.terms:
                if t.right.startswith(f"{read}["):
                    unit = int(t.right.rstrip("]").rpartition("[")[2].rpartition(",")[2])
                    change += self._take(t.left, t.a) * (self._at(u, unit) - self._take(t.right, t.b))
            yield "u_for_o", right + change

    def _of_o(self, block: Block, line: Line, cell: Cell, right: float) -> Iterator[Slip]:
        if f"{block.layer}.u" in self.recording:
            u = self._at(f"{block.layer}.u", line.unit)
            yield "function", u
            if self._function(block.layer) is not None:
                yield "slope_for_o", self._slope(block.layer, u)

    def _of_slope(self, block: Block, line: Line, cell: Cell, right: float) -> Iterator[Slip]:
        if self._function(block.layer) is None:
            return
        u = self._at(f"{block.layer}.u", line.unit)
        for other in self._kink(block.layer, u):
            yield "kink", other
        o = self._at(f"{block.layer}.o", line.unit)
        yield "slope_at_o", self._slope(block.layer, o)
        yield "o_for_slope", o

    def _kink(self, layer: str, u: float) -> list[float]:
        """The slopes to the left and to the right of a kink and the one between; nothing where there is none."""
        if self._function(layer) is None:
            return []
        h = 1e-6 * max(1.0, abs(u))
        left, right = self._slope(layer, u - h), self._slope(layer, u + h)
        return [left, right, (left + right) / 2] if abs(left - right) > 1e-3 else []

    def _scales(self, right: float) -> Iterator[Slip]:
        """A ½ too many or too few, the mean for the sum or the other way."""
        told = {**self.recording.aim.kind.options, **self.recording.aim.options}
        if "half" in told:
            yield ("half_missing", 2 * right) if told["half"] else ("half_added", right / 2)
        n, rows = count(self.recording), self.recording.rows
        wide = int(self.recording["E.e"].size)
        for m in dict.fromkeys((n, wide, rows, wide // rows)):
            if m > 1 and n > 1:
                yield "sum_for_mean", right * m
            if m > 1 and n == 1:
                yield "mean_for_sum", right / m

    def _of_term(self, block: Block, line: Line, cell: Cell, right: float) -> Iterator[Slip]:
        yield from ((name, v) for name, v in self._scales(right) if name.startswith("half"))
        o, t = line.get("o"), line.get("t")
        if o is not None and t is not None and self.recording.aim.kind.name == "squared_error":
            yield "not_squared", o.value - t.value

    def _of_loss(self, block: Block, line: Line, cell: Cell, right: float) -> Iterator[Slip]:
        yield from self._scales(right)

    def _of_behind(self, block: Block, line: Line, cell: Cell, right: float) -> Iterator[Slip]:
        if any(term.left.endswith("/n") or "1/n" in term.right for term in cell.sum.terms) if cell.sum else True:
            yield from self._scales(right)
        yield from self._by_others(cell, right)
        yield from self._scales(right)

    def _by_others(self, cell: Cell, right: float) -> Iterator[Slip]:
        """Error signals that come back through weights: new for old weights, δᵒ for δᵘ, W for its transpose."""
        if cell.sum is None:
            return
        new = plain = turned = 0.0
        found = square = False
        for t in cell.sum.terms:
            weight, _, at = t.left.rstrip("]").partition("[")
            if not weight.endswith(".weight") or "," not in at:
                continue
            found = True
            place = tuple(int(i) for i in at.split(","))
            d = self._take(t.right, t.b)
            after = as_shown(weight, self.recording.after[weight])
            new += (float(after[place]) - t.a) * d
            signal, unit = t.right.partition("[")[0], place[0]
            behind = signal.removesuffix("δᵘ") + "δᵒ"
            if behind in self.recording:
                plain += t.a * (self._at(behind, unit) - d)
            if after.shape[0] == after.shape[1]:
                square = True
                turned += (float(as_shown(weight, self.recording[weight])[place[::-1]]) - t.a) * d
        if found:
            yield "new_weights", right + new
            yield "slope_before", right + plain
        if square:
            yield "transposed", right + turned

    def _of_before(self, block: Block, line: Line, cell: Cell, right: float) -> Iterator[Slip]:
        behind, slope = line.get("δᵒ"), line.get("f′")
        if behind is None and f"{block.layer}.δᵒ" in self.recording:
            yield "slope", self._at(f"{block.layer}.δᵒ", line.unit)
        if behind is not None:
            d = self._at(behind.name, line.unit)
            yield "slope", d
            u = self._at(f"{block.layer}.u", line.unit)
            for other in self._kink(block.layer, u):
                yield "kink", other * d
            yield "o_for_slope", self._at(f"{block.layer}.o", line.unit) * d
            f = self._take(f"{slope.name}[{line.unit}]", slope.value) if slope is not None else 1.0
            for name, value in self._by_others(behind, d):
                yield name, value * f
        else:
            yield from self._by_others(cell, right)
        yield from self._scales(right)

    def _of_gradient(self, block: Block, line: Line, cell: Cell, right: float) -> Iterator[Slip]:
        if cell.sum is not None:
            without = alone = before = 0.0
            for t in cell.sum.terms:
                d, x = self._take(t.left, t.a), self._take(t.right, t.b) if t.right else 1.0
                alone += d
                without += (self._named(t.left, "δᵘ", "δᵒ", d)) * x
                before += d * (self._named(t.right, ".o", ".u", x) if t.right else 1.0)
            yield "slope", without
            if len(cell.at) > 1:
                yield "input", alone
                yield "u_for_o", before
        rows = self.recording.rows
        if rows > 1 and cell.sum is not None:
            own = [t for t in cell.sum.terms if t.left.partition("[")[2].startswith(f"{self.row},")]
            yield "one_row", sum(t.product for t in own)
        yield from self._scales(right)

    def _named(self, name: str, old: str, new: str, known: float) -> float:
        """The number of the same place under another symbol."""
        base, _, at = name.rstrip("]").partition("[")
        other = base.removesuffix(old) + new
        if not base.endswith(old) or other not in self.recording:
            return known
        row, _, unit = at.rpartition(",")
        value = float(self.recording[other][int(row) if row else self.row, int(unit)])
        return self.own.get(f"{other}[{at}]", value)

    def _of_weight(self, block: Block, line: Line, cell: Cell, right: float) -> Iterator[Slip]:
        w, g = line["w"].value, self._gradient(line)
        yield "not_updated", w
        yield "uphill", 2 * w - right
        yield "rate", w - g
        yield "step_alone", right - w
        for name, scaled in self._scales(g):
            yield name, w + (right - w) * (scaled / g if g else 1.0)
        rate: Any = self.recording.scalars.get("learning_rate")
        if rate is not None and cell.sum is not None and cell.sum.terms[-1].left != "-ε":
            yield "plain_descent", w - float(rate) * g

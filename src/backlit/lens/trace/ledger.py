"""The ledger of one row: five numbered stages, every number with the products that it is the sum of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...core.graph import Node
from ...nn.layers import Layer
from ...ops.declare import Elementwise
from ...ops.printing import plain
from . import outputs, updates
from .cells import Array, Block, Cell, Ledger, Line, Others, Term, largest, summed
from .record import Recording
from .slopes import Slopes
from .wiring import Leg


class Bookkeeper:
    """Writes the ledger of one row of a recording.

    Parameters
    ----------
    row : int
        The row of the batch, from 0.
    top : int
        Of larger layers and sums so many lines and terms are shown, the largest; the rest is summed.
    """

    def __init__(self, recording: Recording, slopes: Slopes, row: int, top: int) -> None:
        self.recording, self.slopes, self.row, self.top = recording, slopes, row, top
        self.wiring, self.eps = recording.wiring, recording.eps
        self.slack = 6 if recording.aim.weighted else 0  # roundings in the weights of the rows
        self.graph = recording.built.graph
        self.kinds = {layer.name: layer for layer in recording.net.layers()}
        self.labels = list(dict.fromkeys(n.rsplit(".", 1)[0] for n in self.graph.names if n.endswith(".o")))
        self.units: dict[str, tuple[list[int], Array]] = {}
        for label in self.labels:
            self.units[label] = self._units(label)

    def ledger(self) -> Ledger:
        """All stages."""
        blocks: list[Block] = []
        for label in self.labels:
            blocks += self.forward(label)
        blocks.append(outputs.block(self))
        for label in reversed(self.labels):
            if (found := self.backward(label)) is not None:
                blocks.append(found)
        for label in reversed(self.labels):
            if "#" not in label and (found := updates.block(self, label)) is not None:
                blocks.append(found)
        return Ledger(tuple(blocks), float(self.recording["E"]), outputs.conventions(self.recording, self.row))

    def kind(self, label: str) -> str:
        return type(self.layer(label)).__name__

    def layer(self, label: str) -> Layer:
        return self.kinds[label.split("#")[0]]

    # --- which units ------------------------------------------------------------------------------------------

    def _units(self, label: str) -> tuple[list[int], Array]:
        """Those of a layer that are shown: all, or where they are many those with the largest error signals.

        A layer that works on every unit by itself (f, dropout) shows those of the layer before it.
        """
        leg = self.wiring.legs.get(self.graph.names[f"{label}.o"])
        if leg is not None and leg.kind == "each" and len(leg.sources) == 1:
            before = self.wiring.name(leg.sources[0]).rpartition(".")[0]
            if before in self.units:
                return self.units[before]
        for symbol in ("δᵘ", "δᵒ", "o"):
            if f"{label}.{symbol}" in self.recording:
                return largest(self.numbers(f"{label}.{symbol}"), self.top)
        raise KeyError(label)

    def numbers(self, name: str) -> Array:
        return self.recording.of_row(name, self.row)

    def cell(self, symbol: str, name: str, unit: int, total: Any = None) -> Cell:
        """The number of one unit in this row."""
        made = self.recording.made.get(name)
        return Cell(symbol, float(self.recording[name][self.row, unit]), name, (self.row, unit), made, total)

    def block(
        self, stage: int, label: str, formula: str, line: Callable[[int], list[Cell]], columns: dict[str, str],
        reads: list[str], units: tuple[list[int], Array] | None = None, **facts: Any,
    ) -> Block:  # fmt: skip
        """A block with a line for each unit that is shown; `columns` are the values of the others' sums."""
        shown, left = units or self.units[label]
        lines = tuple(Line(str(unit), tuple(line(unit)), unit) for unit in shown)
        sums = {symbol: float(np.sum(self.numbers(name)[left])) for symbol, name in columns.items()}
        others = Others(len(left), sums) if len(left) else None
        return Block(stage, label, self.kind(label), formula, lines, others, tuple(reads), tuple(columns), dict(facts))

    # --- forward ----------------------------------------------------------------------------------------------

    def forward(self, label: str) -> list[Block]:
        """Stages 1 and 2 of a layer; those without sums of their own have the second alone."""
        u, o = f"{label}.u", f"{label}.o"
        node = self.graph.names.get(u)
        leg = self.wiring.legs.get(node) if node is not None else None
        found = []
        own = leg is not None and leg.kind == "affine" and self.wiring.name(leg.target) == u
        if leg is not None and own:
            found.append(self._sums(label, leg))
        if node is not None:
            columns = {s: f"{label}.{s}" for s in ("u", "o", "f′") if f"{label}.{s}" in self.recording}

            def fire(unit: int) -> list[Cell]:
                return [self.cell(symbol, name, unit) for symbol, name in columns.items()]

            reads = [u] if own else [self.wiring.name(node)]
            found.append(self.block(2, label, self._firing(label), fire, columns, reads, slope=self._slope(label)))
        else:
            found.append(self._through(label, o))
        return found

    def _sums(self, label: str, leg: Leg) -> Block:
        """u = Σ w x + b."""
        weights = self.recording[leg.target.args[1].name]
        source = leg.target.args[0]
        read, weight = self.wiring.name(source), leg.target.args[1].name
        x = self.numbers(read)
        bias = leg.target.args[2].name if len(leg.target.args) > 2 else ""

        def line(unit: int) -> list[Cell]:
            w = np.asarray(weights[:, unit], dtype=np.float64)
            extra = [Term(f"{bias}[{unit}]", float(self.recording[bias][unit]))] if bias else []
            u = float(self.numbers(f"{label}.u")[unit])
            total = summed(
                u, np.stack([w, x]), lambda i: (f"{weight}[{unit},{i}]", f"{read}[{i}]"), self.eps, self.top, extra
            )
            return [self.cell("u", f"{label}.u", unit, total)]

        formula = "u = Σ w·x + b" if bias else "u = Σ w·x"
        return self.block(1, label, formula, line, {"u": f"{label}.u"}, [read])

    def _firing(self, label: str) -> str:
        """The activation function as a formula of u."""
        node, u = self.graph.names[f"{label}.o"], self.graph.names[f"{label}.u"]
        if node is u:
            return "o = u"
        op = node.op
        if isinstance(op, Elementwise) and node.args[0] is u:
            names = {op.inputs[0]: "u"}
            values = {n: f"{node.attrs[n]:g}" for n in op.defaults}
            parts = {i: (a.name.rsplit(".", 1)[-1] or i) for i, a in zip(op.inputs[1:], node.args[1:], strict=True)}
            written = plain(op.formula, {**names, **values, **parts})
            named = f"{op.name}(u)"
            return f"o = {named}" if written == named or len(written) >= 60 else f"o = {named} = {written}"
        return f"o = {op.name}(u)" if op is not None else "o = f(u)"

    def _slope(self, label: str) -> str:
        """Whether f′ is all that there is, or the diagonal of a matrix."""
        node = self.graph.names[f"{label}.o"]
        leg = self.wiring.legs.get(node)
        return "diagonal" if leg is not None and leg.kind in ("row", "batch") else "each"

    def _through(self, label: str, o: str) -> Block:
        """A layer without sums and f of its own: what goes in, and what comes out."""
        leg = self.wiring.legs.get(self.graph.names[o])
        reads = [self.wiring.name(s) for s in leg.sources] if leg is not None else []
        side = [
            n for n in reads
            if leg is not None and leg.kind in ("each", "row", "batch") and len(reads) <= 3
            and self.recording[n].shape == self.recording[o].shape
        ]  # fmt: skip
        symbols = ["x"] if len(side) == 1 else [f"x{i + 1}" for i in range(len(side))]
        columns = {**dict(zip(symbols, side, strict=True)), "o": o}
        for symbol, name in (("mean", f"{label}.mean"), ("variance", f"{label}.variance")):
            if name in self.recording and self.recording[name].ndim == 1:
                columns[symbol] = name

        def line(unit: int) -> list[Cell]:
            cells = []
            for symbol, name in columns.items():
                if self.recording[name].ndim == 1:  # one for the whole batch
                    made = self.recording.made.get(name)
                    cells.append(Cell(symbol, float(self.recording[name][unit]), name, (unit,), made))
                else:
                    cells.append(self.cell(symbol, name, unit))
            return cells

        summed_up = {s: n for s, n in columns.items() if self.recording[n].ndim > 1}
        block = self.block(2, label, FORMULAS.get(self.kind(label), ""), line, summed_up, reads)
        return Block(**{**vars(block), "symbols": tuple(columns)})

    # --- backward ---------------------------------------------------------------------------------------------

    def backward(self, label: str) -> Block | None:
        """Stage 4 of a layer: δᵒ as the sum over what comes next, and δᵘ = f′ δᵒ."""
        o, u = self.graph.names[f"{label}.o"], self.graph.names.get(f"{label}.u")
        columns: dict[str, str] = {}
        own_sum = u is not None and (u is o or f"{label}.f′" in self.recording)
        if o in self.wiring.gradient and f"{label}.δᵒ" in self.recording:
            columns["δᵒ"] = f"{label}.δᵒ"
        if f"{label}.δᵘ" in self.recording:
            columns |= {"f′": f"{label}.f′"} if own_sum and "δᵒ" in columns else {}
            columns["δᵘ"] = f"{label}.δᵘ"
        if not columns:
            return None

        def line(unit: int) -> list[Cell]:
            cells = []
            if "δᵒ" in columns:
                cells.append(self.cell("δᵒ", columns["δᵒ"], unit, self.signal(o, columns["δᵒ"], unit)))
            if "f′" in columns:
                cells.append(self.cell("f′", columns["f′"], unit))
            if "δᵘ" in columns:
                cells.append(self.cell("δᵘ", columns["δᵘ"], unit, self._before(label, unit, columns)))
            return cells

        after = [self.wiring.name(leg.target) for leg in self.wiring.after.get(o, [])]
        formula = "δᵘ = ∂E/∂u" if "δᵘ" in columns else "δᵒ = ∂E/∂o"
        if "f′" in columns:
            formula = "δᵘ = f′(u)·δᵒ" if self._slope(label) == "each" else "δᵘⱼ = Σᵢ ∂oᵢ/∂uⱼ·δᵒᵢ"
        return self.block(4, label, formula, line, columns, after, slope=self._slope(label))

    def _before(self, label: str, unit: int, columns: dict[str, str]) -> Any:
        """δᵘ as a product, or by what follows u."""
        u, o = self.graph.names[f"{label}.u"], self.graph.names[f"{label}.o"]
        value = float(self.numbers(columns["δᵘ"])[unit])
        if o is not u and "f′" in columns and self._slope(label) == "each" and len(self.wiring.after.get(u, [])) == 1:
            pair = np.array([[self.numbers(columns["f′"])[unit]], [self.numbers(columns["δᵒ"])[unit]]])
            at = f"[{unit}]"
            names = (f"{label}.f′{at}", f"{label}.δᵒ{at}")
            return summed(value, pair, lambda i: names, self.eps, self.top, rounds=outputs.composed(o))
        return self.signal(u, columns["δᵘ"], unit)

    def signal(self, node: Node, name: str, unit: int) -> Any:
        """The error signal of a station's number as the sum over all that reads it."""
        value = float(self.numbers(name)[unit])
        products: list[tuple[float, float]] = []
        names: list[tuple[str, str]] = []
        rounds, size = 2, 0.0
        for leg in self.wiring.after.get(node, []):
            ending = self.wiring.name(leg.target)
            if leg.target is self.wiring.loss:
                found = outputs.signal(self, node, name, unit)
                products += found[0]
                names += found[1]
                rounds += 6
                continue
            back = f"{ending.rsplit('.', 1)[0]}.δ{'ᵘ' if ending.endswith('.u') else 'ᵒ'}"
            if leg.kind == "affine":
                weight = leg.target.args[1].name
                w, d = self.recording[weight][unit], self.numbers(back)
                products += list(zip(w.astype(np.float64).tolist(), d.tolist(), strict=True))
                names += [(f"{weight}[{j},{unit}]", f"{back}[{j}]") for j in range(len(d))]
            elif leg.kind == "each":
                factor = self.slopes.each(leg, node)[self.row, unit]
                products.append((float(factor), float(self.numbers(back)[unit])))
                names.append((f"∂{ending}[{unit}]/∂{self.wiring.name(node)}[{unit}]", f"{back}[{unit}]"))
                rounds += outputs.composed(leg.target)
            else:
                column = self.slopes.column(leg, node, (self.row, unit))
                signals = self.recording[back]
                for r, j in np.argwhere(column != 0).tolist():
                    row = f"{r}," if leg.kind == "batch" else ""
                    products.append((float(column[r, j]), float(signals[r, j])))
                    names.append((f"∂{ending}[{row}{j}]/∂{self.wiring.name(node)}[{unit}]", f"{back}[{row}{j}]"))
                size += self.slopes.size(leg, node, (self.row, unit)) * float(np.abs(signals[column != 0]).sum())
                rounds += 64  # the layer's own sums, and as many again for the entries
        if not products:
            products, names = [(0.0, 1.0)], [("0", "")]
        return summed(value, np.array(products).T, lambda i: names[i], self.eps, self.top, rounds=rounds, size=size)


FORMULAS = {
    "BatchNorm": "o = γ·(x - mean)/√(variance + ε) + β",
    "LayerNorm": "o = γ·(x - mean)/√(variance + ε) + β",
    "RMSNorm": "o = γ·x/√(mean of x² + ε)",
    "Dropout": "o = x·m/(1 - rate)",
    "AlphaDropout": "o = a·(x·m + α′·(1 - m)) + b",
    "GaussianDropout": "o = x·(1 + √(rate/(1 - rate))·n)",
    "GaussianNoise": "o = x + std·n",
    "Add": "o = x1 + x2 + …",
    "Residual": "o = x + f(x)",
    "Concatenate": "o = (x1, x2, …)",
    "Scale": "o = γ·x + β",
    "Rescale": "o = scale·x + shift",
    "GLU": "o = a·σ(b)",
    "Maxout": "o = the largest of its sums",
    "CReLU": "o = (max(0, u), max(0, -u))",
}

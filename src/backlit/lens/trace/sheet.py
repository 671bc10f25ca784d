"""A ledger as tables of texts, from which the page, the LaTeX document and the exercises are made.

What stands in a cell is asked of a cover: by default the number itself, in an exercise a gap to be filled.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ...messages import say
from .cells import Block, Cell, Ledger, Line, Sum
from .layout import count, number
from .symbols import Symbols
from .text import STAGES, terms_text

PARTS = {1: "forward", 2: "forward", 3: "loss", 4: "backward", 5: "update"}


class Cover:
    """Shows every number; see `blank.Gaps` for one that does not."""

    def cell(self, cell: Cell) -> str:
        """What stands for a number."""
        return number(cell.value)

    def terms(self, total: Sum, s: Symbols, *, named: bool | None = None) -> str:
        """What stands for the products of a sum."""
        return " ".join(terms_text(total, s, named=named))

    def others(self, block: Block, symbol: str) -> str:
        """What stands for the sum of a column over the units that are not shown."""
        value = block.others.sums.get(symbol) if block.others is not None else None
        return "" if value is None else f"Σ {number(value)}"


@dataclass(frozen=True)
class Sheet:
    """A stage of a layer as a table: the first column says which unit or parameter, the last holds the products.

    alone : str
        A line before the table: E with its terms.
    """

    stage: int
    title: str
    layer: str
    kind: str
    formula: str
    head: list[str]
    rows: list[list[str]]
    alone: str = ""
    notes: list[str] = field(default_factory=list)
    block: Block | None = None

    @property
    def part(self) -> str:
        """forward, loss, backward or update."""
        return PARTS[self.stage]

    @property
    def summed(self) -> bool:
        """Whether the last column holds products."""
        return self.head[-1].endswith("=")


def summed(block: Block) -> str:
    """The number of a block whose products are shown beside it; "" where there is none."""
    if block.stage == 1:
        return "u"
    if block.stage == 3:
        last = block.symbols[-1]
        lines = block.lines[1:]
        return last if last in ("δᵒ", "δᵘ") and lines and lines[0][last].sum is not None else ""
    if block.stage == 4:
        whole = block.facts.get("slope") == "diagonal" and "δᵘ" in block.symbols
        return "δᵒ" if "δᵒ" in block.symbols and not whole else "δᵘ"
    if block.stage == 5:
        return block.lines[0].cells[0].symbol if any(line.cells[0].sum is not None for line in block.lines) else ""
    return ""


def sheets(ledger: Ledger, s: Symbols, cover: Cover | None = None) -> Iterator[Sheet]:
    """All stages in their order."""
    output = next(block.layer for block in ledger.blocks if block.stage == 3)
    for block in ledger.blocks:
        yield sheet(block, s.last if block.layer == output else s, cover or Cover())


def sheet(block: Block, s: Symbols, cover: Cover) -> Sheet:
    """One stage of a layer."""
    lines = list(block.lines)
    alone = ""
    if block.stage == 3:
        first = lines.pop(0).cells[0]
        assert first.sum is not None
        alone = f"{s('E')} = {cover.cell(first)} = {cover.terms(first.sum, s, named=False)}"
    symbols = [c.symbol for c in lines[0].cells] if lines else list(block.symbols)
    key = summed(block)
    of = say("trace.parameter" if block.stage == 5 else "trace.unit")
    gradient = "∂E/∂w"
    head = [of, *(s(gradient if x.startswith("∂") else x) for x in symbols)]
    head += [f"{s(gradient if key.startswith('∂') else key)} ="] if key else []
    rows = [_row(line, symbols, key, s, cover) for line in lines]
    if block.others is not None:
        left = [cover.others(block, symbol) for symbol in symbols]
        rows.append([say("trace.others", count=count(block.others.count)), *left, *([""] if key else [])])
    notes = [s(say("trace.diagonal"))] if block.facts.get("slope") == "diagonal" and "f′" in block.symbols else []
    title = say(f"trace.{STAGES[block.stage]}")
    return Sheet(
        block.stage, title, block.layer, block.kind, s(block.formula), head, rows, alone, notes, block
    )  # fmt: skip


def _row(line: Line, symbols: list[str], key: str, s: Symbols, cover: Cover) -> list[str]:
    found = [line.label]
    for symbol in symbols:
        cell = line.get(symbol)
        found.append(cover.cell(cell) if cell is not None else "")
    if key:
        cell = line.get(key)
        found.append(cover.terms(cell.sum, s) if cell is not None and cell.sum is not None else "")
    return found

"""A ledger as an exercise: numbers left out by stage, what is needed to work them out left in, and the answers."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from ...errors import fail
from ...messages import language, say
from ...report.page import POLICY, environment
from ...report.words import Words
from ...version import __version__
from .cells import Block, Cell, Sum
from .layout import WIDE, broken, columns, number, pad
from .sheet import Cover, Sheet, sheets
from .symbols import Symbols
from .text import heading_facts, ledger_text

if TYPE_CHECKING:
    from .trace import Trace

STAGES = (1, 2, 3, 4, 5)
GAP = "________"
MADE_IN = {"u": 1, "o": 2, "f′": 2, "e": 3, "E": 3, "δᵒ": 4, "δᵘ": 4}  # a symbol → the stage that works it out
COLUMNS = ("stage", "layer", "line", "symbol", "value")
FACT = "fact"


class Gaps(Cover):
    """Leaves out what is worked out in these stages; of a product, a factor left out stands by its name.

    >>> Gaps([1]).hides("dense1.u", "u"), Gaps([1]).hides("dense1.o", "o")
    (True, False)
    """

    def __init__(self, stages: Collection[int], last: str = "") -> None:
        self.stages, self.last = set(stages), last

    def hides(self, name: str, symbol: str) -> bool:
        """Whether a number is left out: `name` is its name on the tape, `symbol` what it is."""
        if (symbol.endswith("′") and symbol != "f′") or symbol.startswith("∂"):
            return 5 in self.stages
        if symbol in ("δᵒ", "δᵘ") and self.last and name.startswith(f"{self.last}."):
            return bool(self.stages & {3, 4})  # at the output both stages show it
        if symbol.startswith("x") or symbol not in MADE_IN:
            symbol = name.rpartition(".")[2] if "." in name else ""
        return MADE_IN.get(symbol, 0) in self.stages

    def cell(self, cell: Cell) -> str:
        return GAP if self.hides(cell.name, cell.symbol) else number(cell.value)

    def terms(self, total: Sum, s: Symbols, *, named: bool | None = None) -> str:
        """The products, with names for the factors that are left out."""
        found: list[str] = []
        for i, term in enumerate(total.terms):
            left, negative = self._factor(term.left, term.a, s)
            right, under = self._factor(term.right, term.b, s) if term.right else ("", False)
            left = left.removeprefix("-")
            if abs(term.b) == 1.0 and not right.strip("-1"):  # o - t, and sums without weights
                negative, right = negative != under, ""
            text = f"{left}·{f'({right})' if under else right}" if right else left
            found.append((("-" if negative else "") if i == 0 else "- " if negative else "+ ") + text)
        if total.rest is not None:
            found.append(f"{'-' if total.rest.value < 0 else '+'} {number(abs(total.rest.value))}")
            found.append(f"({say('trace.rest', count=total.rest.count)})")
        return " ".join(found)

    def _factor(self, name: str, value: float, s: Symbols) -> tuple[str, bool]:
        """A factor as it stands in the exercise, and whether it is shown below 0."""
        base = name.partition("[")[0]
        symbol = base.rpartition(".")[2]
        worked_out = base in ("e", "o", "(o - t)", "2·(o - t)", "∂e/∂o", "∂E/∂w", "step") or base.endswith("(u)")
        if "←" in name:
            hidden = 4 in self.stages
        elif worked_out:
            stage = {"e": 3, "∂E/∂w": 5, "step": 5}.get(base, 2)
            hidden = stage in self.stages or (stage == 2 and base != "o" and 3 in self.stages)
        else:
            hidden = self.hides(base, symbol)
        return (s(name), False) if hidden else (number(value), value < 0)

    def others(self, block: Block, symbol: str) -> str:
        """Sums over units that are not shown cannot be worked out by hand: they are given."""
        return super().others(block, symbol)


def gaps(trace: Trace, stages: Collection[int] | None) -> Gaps:
    """What is left out; BL378 for a stage that there is not."""
    asked = STAGES if stages is None else tuple(stages)
    for stage in asked:
        if stage not in STAGES:
            raise fail("BL378", stage=stage)
    output = trace.recording.built.output
    last = next(n.rsplit(".", 1)[0] for n in trace.recording.wiring.names[output] if n.endswith(".o"))
    return Gaps(asked, last)


# --- text -----------------------------------------------------------------------------------------------------------


def text(trace: Trace, stages: Collection[int] | None = None, *, key: bool = True) -> str:
    """The exercise for a terminal or a printer; with `key` the answers on a page of their own."""
    cover = gaps(trace, stages)
    lines = [say("blank.title"), *columns(heading_facts(trace, trace.conventions), left=(0, 1)), "", *intro(cover)]
    part = ""
    for one in sheets(trace.ledger(), trace.symbols, cover):
        if one.part != part:
            part = one.part
            lines += ["", f"── {say(f'trace.part_{part}')} " + "─" * 8]
        lines += ["", *_sheet(one)]
    if key:
        lines += ["\f" + say("blank.key"), "", ledger_text(trace, trace.ledger())]
    return "\n".join(lines)


def intro(cover: Gaps) -> list[str]:
    """What is to be done."""
    return [say("blank.intro", stages=sorted(cover.stages))]


def _sheet(one: Sheet) -> list[str]:
    where = f" · {one.layer} ({one.kind})" if one.layer else ""
    lines = [f"{one.stage} · {one.title}{where}" + (f"   {one.formula}" if one.formula else "")]
    lines += ["  " + line for line in broken(one.alone.split(" "), WIDE - 2)]
    if not one.summed:
        return [*lines, *columns([one.head, *one.rows]), *one.notes]
    words = (0,) if one.stage == 5 else ()
    left = columns([one.head[:-1], *(row[:-1] for row in one.rows)], left=words)
    start = max(map(len, left)) + 2
    for line, products in zip(left, [one.head[-1], *(row[-1] for row in one.rows)], strict=True):
        below = broken(products.split(" "), max(WIDE - start, 30))
        lines.append((pad(line, start, left=True) + (below[0] if below else "")).rstrip())
        lines += [" " * start + more for more in below[1:]]
    return [*lines, *one.notes]


# --- HTML -----------------------------------------------------------------------------------------------------------


def html(trace: Trace, stages: Collection[int] | None = None, *, key: bool = True) -> str:
    """The exercise as a page to be printed; the answers begin on a page of their own."""
    from .draw_network import network
    from .html import stages as told

    cover = gaps(trace, stages)
    found = environment().get_template("trace_blank.html").render(
        words=Words(language()), say=say, policy=POLICY, version=__version__, title=say("blank.title"),
        facts=heading_facts(trace, trace.conventions), intro=intro(cover), stages=told(trace, cover),
        key=told(trace, Cover()) if key else [], drawing=network(trace) if key else "",
    )  # fmt: skip
    return found.lstrip()


# --- CSV ------------------------------------------------------------------------------------------------------------


def sheet_csv(trace: Trace, stages: Collection[int] | None = None, facts: Mapping[str, Any] | None = None) -> str:
    """The ledger as CSV, a row a number, those left out empty; `facts` say how the numbers can be made again.

    >>> from backlit import Dense, Network
    >>> print(sheet_csv(Network([Dense(1)]).trace([1.0], [0.5]), [1]).splitlines()[1])
    1,dense1,0,u,
    """
    cover = gaps(trace, stages)
    made = io.StringIO()
    writer = csv.writer(made, lineterminator="\n")
    writer.writerow(COLUMNS)
    for block in trace.ledger().blocks:
        for line in block.lines:
            for cell in line.cells:
                value = "" if cover.hides(cell.name, cell.symbol) else number(cell.value, 9)
                writer.writerow([block.stage, block.layer, line.label, cell.symbol, value])
    for name, told in (facts or {}).items():
        writer.writerow([FACT, "", "", name, json.dumps(told, ensure_ascii=False)])
    return made.getvalue()

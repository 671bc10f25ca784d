"""A learner's numbers beside those of the ledger: the first wrong one is named, with the slip that gives it."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import fail
from ...messages import say
from .blank import COLUMNS, FACT, gaps
from .cells import Block, Cell, Line
from .layout import number
from .sheet import Cover
from .slips import Work

if TYPE_CHECKING:
    from .trace import Trace

LEAST = 0.01  # with one digit or two a number has to be as near as this
ALSO = {"f'": "f′", "w'": "w′", "du": "δᵘ", "do": "δᵒ", "dE/dw": "∂E/∂w"}  # as they are typed


@dataclass(frozen=True)
class Given:
    """One number of a learner: as it is written, and the line of the file."""

    text: str
    line: int


@dataclass(frozen=True)
class Wrong:
    """A number that is not the ledger's.

    slips : tuple of str
        The slips by which it comes out: keys of the catalogue, the likeliest first.
    follows : bool
        It is right by the learner's own numbers before it: an earlier mistake carried on.
    """

    block: Block
    line: Line
    cell: Cell
    given: Given
    slips: tuple[str, ...]
    follows: bool

    @property
    def place(self) -> str:
        """Where it stands: dense1.u[0]."""
        if self.cell.symbol == "E":
            return "E"
        label = self.line.label if "[" in self.line.label else f"[{self.line.label}]"
        return (
            f"{self.block.layer} {self.cell.symbol} {label}"
            if "[" in self.line.label
            else (f"{self.block.layer}.{self.cell.symbol}{label}")
        )


@dataclass(frozen=True)
class Marks:
    """What was found: how many numbers were compared, how many of them are right, and those that are not."""

    given: int
    blank: int
    wrong: tuple[Wrong, ...]

    @property
    def right(self) -> int:
        """How many are right."""
        return self.given - len(self.wrong)

    @property
    def first(self) -> Wrong | None:
        """The first wrong number in the order of the ledger."""
        return self.wrong[0] if self.wrong else None


def read(text: str, path: str) -> tuple[dict[tuple[str, str, str, str], Given], dict[str, Any]]:
    """The numbers by (stage, layer, line, symbol), and the facts; BL375 where the file is no ledger."""
    first = text.partition("\n")[0]
    sign = max(",;\t", key=first.count)
    rows = list(csv.reader(io.StringIO(text), delimiter=sign))
    head = [cell.strip().lower() for cell in rows[0]] if rows else []
    if any(name not in head for name in COLUMNS):
        raise fail("BL375", path=path, columns=COLUMNS, head=head[:8])
    places = [head.index(name) for name in COLUMNS]
    found: dict[tuple[str, str, str, str], Given] = {}
    facts: dict[str, Any] = {}
    for k, row in enumerate(rows[1:], start=2):
        stage, layer, line, symbol, value = (row[p].strip() if p < len(row) else "" for p in places)
        if stage == FACT:
            try:
                facts[symbol] = json.loads(value)
            except ValueError:
                raise fail("BL375", path=path, columns=COLUMNS, head=[symbol, value[:40]]) from None
        elif stage:
            found[stage, layer, line, ALSO.get(symbol, symbol)] = Given(value, k)
    return found, facts


def check(
    trace: Trace, given: dict[tuple[str, str, str, str], Given], path: str = "", stages: Collection[int] | None = None
) -> Marks:
    """The learner's numbers compared, in the order of the ledger: those that the exercise left out in these stages."""
    work, cover = Work(trace), gaps(trace, stages)
    wrong: list[Wrong] = []
    counted = blank = 0
    for block in trace.ledger().blocks:
        for line in block.lines:
            for cell in line.cells:
                known = given.get((str(block.stage), block.layer, line.label, cell.symbol))
                if known is None or not cover.hides(cell.name, cell.symbol):
                    continue
                if not known.text:
                    blank += 1
                    continue
                counted += 1
                value, slack = _number(known, path)
                if agrees(value, cell.value, slack, _rounding(trace, cell)):
                    work.take(cell, value)
                    continue
                again = work.value(block, line, cell)
                # a number worked out from rounded numbers before it is off by their rounding, too
                follows = agrees(value, again, slack, abs(again - cell.value) * 1e-3)
                if follows and (not wrong or _near(value, cell.value)):
                    work.take(cell, value)
                    continue
                slips = () if follows else tuple(_slips(work, block, line, cell, value, slack))
                work.take(cell, value)
                wrong.append(Wrong(block, line, cell, known, slips, follows))
    return Marks(counted, blank, tuple(wrong))


def _near(value: float, right: float) -> bool:
    return abs(value - right) <= 1e-2 * abs(right)


def _rounding(trace: Trace, cell: Cell) -> float:
    """How far the machine's own number may be from the exact one."""
    own = cell.sum.bound if cell.sum is not None else 0.0
    return own + 4 * trace.recording.eps * abs(cell.value)


def agrees(value: float, right: float, unit: float, slack: float = 0.0) -> bool:
    """Whether a number is right to the last digit given: by one in its last place, by half where it has few digits.

    With one digit or two it has to be within 1 % as well, or a mistake could hide in the rounding.

    >>> agrees(0.378, 0.3775, 1e-3), agrees(0.379, 0.3775, 1e-3), agrees(0.0, 0.0004, 1e-3)
    (True, False, False)
    """
    if not math.isfinite(right):
        return value == right or (math.isnan(right) and math.isnan(value))
    few = abs(value) < 99.5 * unit  # fewer than three digits that count
    if few and abs(value - right) > LEAST * abs(right):
        return False
    return abs(value - right) <= (unit / 2 if few else unit) * (1 + 1e-9) + slack


def _number(given: Given, path: str) -> tuple[float, float]:
    """The number and one in its last place; BL377 for what is none."""
    text = given.text.replace("−", "-").replace(",", ".").replace(" ", "")
    try:
        exact = Decimal(text)
    except InvalidOperation:
        raise fail("BL377", path=path, line=given.line, value=given.text[:40]) from None
    if not exact.is_finite():
        return float(exact), 0.0
    exponent = exact.as_tuple().exponent
    assert isinstance(exponent, int)
    return float(exact), float(Decimal(1).scaleb(max(exponent, -300)))


def _slips(work: Work, block: Block, line: Line, cell: Cell, value: float, unit: float) -> list[str]:
    """The slips that give this number, and not the right one: from the learner's numbers, or from those of the ledger.

    Someone who keeps all digits in a calculator writes down fewer.
    """
    found: list[str] = []
    right = cell.value
    for one in (work, Work(work.trace)):
        right = one.value(block, line, cell)
        for name, slipped in one.slips(block, line, cell):
            differs = abs(slipped - right) > 1e-9 * max(abs(slipped), abs(right))
            if differs and name not in found and agrees(value, slipped, unit, 2e-6 * abs(slipped)):
                found.append(name)
    few = abs(value) < 99.5 * unit
    return [*found, "digits"] if few and abs(value - right) <= unit / 2 else found


def fingerprint(trace: Trace) -> str:
    """A hash of all that the numbers depend on: rows, weights, loss, optimizer and its state."""
    found = hashlib.sha256()
    step = trace.step
    arrays = {**{f"in.{n}": v for n, v in step.inputs.items()}, **{f"w.{n}": v for n, v in trace.net.values.items()}}
    for name in sorted(arrays):
        found.update(name.encode() + np.ascontiguousarray(arrays[name]).tobytes())
    told = {"objective": dict(step.objective), "training": step.training, "dtype": step.dtype, "row": trace.row}
    told |= {"about": trace.about.get("optimizer"), "settings": trace.about.get("settings")}
    found.update(json.dumps(told, sort_keys=True, default=str).encode())
    return found.hexdigest()


# --- telling --------------------------------------------------------------------------------------------------------


def told(trace: Trace, marks: Marks, *, show: bool = False) -> list[str]:
    """What was found, in sentences; the right number only where it is asked for."""
    lines = [say("check.compared", given=marks.given, right=marks.right, blank=marks.blank)]
    first = marks.first
    if first is None:
        return [*lines, say("check.all_right" if marks.given else "check.nothing")]
    s = trace.symbols
    lines += ["", say("check.first", place=s(first.place), line=first.given.line, value=first.given.text)]
    if first.slips:
        lines.append("  " + say("check.reason", reason=say(f"slips.{first.slips[0]}")))
        lines += ["  " + say("check.or", reason=say(f"slips.{name}")) for name in first.slips[1:3]]
    else:
        lines.append("  " + say("check.no_reason"))
    rule = s(first.block.formula) if first.cell.symbol != "δᵒ" else s("δᵒ") + " = Σ"
    lines.append("  " + say("check.rule", stage=first.block.stage, rule=rule))
    if first.cell.sum is not None:
        lines.append("  " + say("check.terms", symbol=s(first.cell.symbol), terms=Cover().terms(first.cell.sum, s)))
    if show:
        lines.append("  " + say("check.answer", value=number(first.cell.value)))
    carried = sum(w.follows for w in marks.wrong)
    others = len(marks.wrong) - 1 - carried
    if carried:
        lines.append(say("check.carried", count=carried))
    if others:
        places = ", ".join(s(w.place) for w in marks.wrong[1:] if not w.follows)
        lines.append(say("check.others", count=others, places=places if others <= 6 else places[:120] + " …"))
    return lines

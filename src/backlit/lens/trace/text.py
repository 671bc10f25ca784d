"""A ledger and a chain rule as text for a terminal."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ...core.lowering import followed
from ...messages import say
from .cells import Block, Cell, Ledger, Line, Sum
from .layout import WIDE, broken, columns, count, number, pad
from .symbols import Symbols

if TYPE_CHECKING:
    from .trace import Trace

STAGES = {1: "sums", 2: "outputs", 3: "loss", 4: "signals", 5: "updates"}


def ledger_text(trace: Trace, ledger: Ledger, *, tape: bool = False) -> str:
    """The whole ledger."""
    lines = heading(trace, ledger.conventions)
    lines_of_tape = trace.recording.tape.text().split("\n")
    derived = len(trace.recording.tape.derived)
    part, seen = "", set[int]()
    output = next(block.layer for block in ledger.blocks if block.stage == 3)
    for block in ledger.blocks:
        now = "forward" if block.stage <= 2 else "loss" if block.stage == 3 else "backward"
        now = "update" if block.stage == 5 else now
        if now != part:
            lines += ["", f"── {say(f'trace.part_{now}')} " + "─" * 8]
            part = now
            if block.stage == 5 and block.formula:  # the same for all layers, and sometimes long
                lines += ["", *("  " + line for line in broken(trace.symbols(block.formula).split(" "), WIDE - 2))]
        symbols = trace.symbols.last if block.layer == output else trace.symbols
        lines += ["", *block_text(block, symbols, formula=block.stage < 5)]
        if tape:
            made = {c.instruction for line in block.lines for c in line.cells if c.instruction is not None} - seen
            lines += [_cut(f"  │ {lines_of_tape[derived + n].strip()}") for n in sorted(made)]
            seen |= made
    return "\n".join([*lines, "", *closing(ledger)])


def _cut(line: str) -> str:
    return line if len(line) <= WIDE else line[: WIDE - 1] + "…"


def heading(trace: Trace, told: dict[str, Any]) -> list[str]:
    """What is traced, and what the numbers depend on."""
    return [title(told), *columns(heading_facts(trace, told), left=(0, 1))]


def title(told: dict[str, Any]) -> str:
    """Which row of how many."""
    row, rows = told["row"], told["rows"]
    return say("trace.title", row=row, rows=rows) if rows > 1 else say("trace.title_alone")


def heading_facts(trace: Trace, told: dict[str, Any]) -> list[tuple[str, str]]:
    """What the numbers depend on beside the network, as names and values."""
    s = trace.symbols
    whole = f"{s('E')} = Σ e" + (f" / {told['n']}" if told["n"] != 1 else "")
    facts = [
        (say("trace.loss"), f"{told['loss']}: e = {s.last(told['formula'])}, {whole}  (reduction={told['reduction']})")
    ]
    more = [f"{n}={told[n]}" for n in ("label_smoothing", "l1", "l2") if n in told]
    more += [say("trace.weighted")] if told.get("weighted") else []
    if more:
        facts.append(("", ", ".join(more)))
    if "optimizer" in told and trace.step.update is not None:
        facts.append((say("trace.optimizer"), _optimizer(trace, told)))
    numbers = [str(told["dtype"])]
    if "seed" in told:
        numbers.append(say("trace.chance", seed=told["seed"], step=told["step"]))
    if not told["training"]:
        numbers.append(say("trace.in_use"))
    facts.append((say("trace.numbers"), ", ".join(numbers)))
    facts.append((say("trace.symbols"), s.told() + "; " + say("trace.counted")))
    for name in ("source", "model"):
        if name in told:
            facts.insert(0, (say(f"trace.{name}"), str(told[name])))
    if "of_step" in told:
        facts.insert(0, (say("trace.of_step"), say("trace.of_epoch", step=told["of_step"], epoch=told["epoch"])))
    return facts


def _optimizer(trace: Trace, told: dict[str, Any]) -> str:
    """The optimizer with the settings that it had at this step; weight decay only where there is some."""
    now = trace.recording.scalars
    known = {n: now.get(followed(n), now.get(n, v)) for n, v in told.get("settings", {}).items()}
    settings = [f"{n}={v:g}" for n, v in known.items() if n != "weight_decay" or v]
    return f"{told['optimizer']}({', '.join(settings)})"


def block_text(block: Block, s: Symbols, *, formula: bool = True) -> list[str]:
    """A stage of a layer: heading, a line for each unit, the others summed."""
    title = f"{block.stage} · {say(f'trace.{STAGES[block.stage]}')}"
    where = f" · {block.layer} ({block.kind})" if block.layer else ""
    told = f"   {s(block.formula)}" if block.formula and formula else ""
    made = {1: _sums, 3: _loss, 4: _signals, 5: _updates}.get(block.stage, _plain)
    reads = f"   ← {', '.join(s(r) for r in block.reads)}" if block.stage == 2 and block.formula == "" else ""
    note = (
        [f"  ({s(say('trace.diagonal'))})"] if block.facts.get("slope") == "diagonal" and "f′" in block.symbols else []
    )
    return [f"{title}{where}{told}{reads}", *made(block, s), *note]


def _heads(block: Block, s: Symbols, skip: tuple[str, ...] = ()) -> list[str]:
    return [s(symbol) for symbol in block.symbols if symbol not in skip]


def _unit(line: Line) -> str:
    return line.label


def _plain(block: Block, s: Symbols) -> list[str]:
    rows = [[say("trace.unit"), *_heads(block, s)]]
    rows += [[_unit(line), *(number(c.value) for c in line.cells)] for line in block.lines]
    return columns([*rows, *_others(block, list(block.symbols))])


def _others(block: Block, symbols: list[str]) -> list[list[str]]:
    """The line of all units that are not shown: the sum of each column."""
    if block.others is None:
        return []
    sums = block.others.sums
    return [[say("trace.others", count=count(block.others.count)), *(_sum(sums.get(symbol)) for symbol in symbols)]]


def _sum(value: float | None) -> str:
    return "" if value is None else f"Σ {number(value)}"


def _sums(block: Block, s: Symbols) -> list[str]:
    return _with_sums(block, s, [say("trace.unit"), s("u")], ["u"], "u")


def _signals(block: Block, s: Symbols) -> list[str]:
    whole = block.facts.get("slope") == "diagonal" and "δᵘ" in block.symbols  # there δᵘ is more than f′ δᵒ
    if "δᵒ" in block.symbols and not whole:
        return _with_sums(block, s, [say("trace.unit"), *_heads(block, s)], list(block.symbols), "δᵒ")
    return _with_sums(block, s, [say("trace.unit"), *_heads(block, s)], list(block.symbols), "δᵘ")


def _with_sums(block: Block, s: Symbols, heads: list[str], symbols: list[str], summed: str) -> list[str]:
    """Columns of numbers, and to their right the products that one of them is the sum of."""
    rows = [heads]
    rows += [[_unit(line), *(number(c.value) for c in map(line.get, symbols) if c is not None)] for line in block.lines]
    rows += _others(block, symbols)
    left = columns(rows)
    start = max(len(line) for line in left) + 2
    found = [f"{pad(left[0], start, left=True)}{s(summed)} ="]
    for line, text in zip(block.lines, left[1:], strict=False):
        cell = line.get(summed)
        parts = terms_text(cell.sum, s) if cell is not None and cell.sum is not None else []
        below = broken(parts, WIDE - start)
        found.append(pad(text, start, left=True) + (below[0] if below else ""))
        found += [" " * start + more for more in below[1:]]
    return [line.rstrip() for line in (*found, *left[1 + len(block.lines) :])]


def terms_text(total: Sum, s: Symbols, *, named: bool | None = None) -> list[str]:
    """The products of a sum, each with its sign: "0.15·0.05", "+ 0.2·0.1", "+ 0.35"."""
    named = total.rest is not None if named is None else named
    parts = []
    for i, term in enumerate(total.terms):
        taken = term.right.startswith("-")  # taken away by its name: o/n - t/n, and not a factor below 0
        negative, b = (term.a < 0) != taken, -term.b if taken else term.b
        factors = number(abs(term.a))
        if term.right and b != 1.0:
            factors += f"·({number(b)})" if b < 0 else f"·{number(b)}"
        if not term.right and ("←" in term.left or term.left == "penalty"):
            behind = _behind(term.left)
            of_E = behind in ("E", "")
            factors += f" ({say('trace.of_penalty') if of_E else say('trace.through', layer=s(behind))})"
        place = f"[{_index(term.left)}] " if named and term.right else ""
        sign = "- " if negative else "+ "
        parts.append(f"{place}{'-' if negative else ''}{factors}" if i == 0 else f"{sign}{place}{factors}")
    if total.rest is not None:
        sign = "-" if total.rest.value < 0 else "+"
        parts.append(f"{sign} {number(abs(total.rest.value))} ({say('trace.rest', count=count(total.rest.count))})")
    return parts


def _index(name: str) -> str:
    """By what a product is known among others: the input of a weight, the row of a signal."""
    layer, _, places = name.rstrip("]").rpartition("[")
    return places.rpartition(",")[2] if layer.endswith("weight") else places.partition(",")[0]


def _behind(name: str) -> str:
    return name.partition("←")[2].rpartition(".")[0] or name.partition("←")[2]


def _loss(block: Block, s: Symbols) -> list[str]:
    first, *lines = block.lines
    cell = first.cells[0]
    assert cell.sum is not None
    parts = terms_text(cell.sum, s, named=False)
    head = f"  {s('E')} = {number(cell.value)} = "
    below = broken(parts, WIDE - len(head))
    found = [head + below[0], *(" " * len(head) + more for more in below[1:])]
    symbols = list(block.symbols)
    rest = Block(3, block.layer, block.kind, "", tuple(lines), block.others, (), block.symbols)
    last = symbols[-1]
    if last in ("δᵒ", "δᵘ") and lines and lines[0][last].sum is not None:
        return [*found, *_with_sums(rest, s, [say("trace.unit"), *_heads(block, s)], symbols, last)]
    return [*found, *_plain(rest, s)]


def _updates(block: Block, s: Symbols) -> list[str]:
    """A line for each parameter: its gradient as a product, what the optimizer kept, and the new value."""
    shown = [c.symbol for c in block.lines[0].cells if not c.symbol.startswith("∂")]
    gradient = f"∂{s('E')}/∂w"
    rows = [[say("trace.parameter"), gradient, *shown]]
    for line in block.lines:
        rows.append([line.label, number(line.cells[0].value), *(number(line[x].value) for x in shown)])
    if block.others is not None:
        rows.append([say("trace.others", count=count(block.others.count)), *map(_sum, block.others.sums.values())])
    left = columns(rows, left=(0,))
    if not any(line.cells[0].sum is not None for line in block.lines):
        return left
    start = max(len(line) for line in left[: 1 + len(block.lines)]) + 2
    beside = start <= WIDE - 24  # else each sum stands below its line
    found = [f"{pad(left[0], start, left=True)}{gradient} =" if beside else left[0]]
    for line, text in zip(block.lines, left[1:], strict=False):
        total = line.cells[0].sum
        parts = terms_text(total, s) if total is not None else []
        if beside:
            below = broken(parts, WIDE - start)
            found.append(pad(text, start, left=True) + (below[0] if below else ""))
            found += [" " * start + more for more in below[1:]]
        else:
            found += [text, *(" " * 6 + more for more in broken([f"{gradient} =", *parts], WIDE - 6) if parts)]
    return [line.rstrip() for line in (*found, *left[1 + len(block.lines) :])]


def closing(ledger: Ledger) -> list[str]:
    """Whether all sums close, and how near the worst of them came to what rounding allows."""
    cells = [c for c in ledger.cells() if c.sum is not None]
    if not ledger.closes:
        names = ", ".join(f"{c.name}{list(c.at)}" for c in ledger.open[:5])
        return [say("trace.open", count=len(ledger.open), of=len(cells), names=names)]
    share = max((_share(c) for c in cells), default=0.0)
    return [say("trace.closes", count=len(cells), share=f"{share:.2f}", dtype=ledger.conventions["dtype"])]


def _share(cell: Cell) -> float:
    total = cell.sum
    if total is None or not math.isfinite(total.difference) or not total.bound:
        return 0.0
    return abs(total.difference) / total.bound

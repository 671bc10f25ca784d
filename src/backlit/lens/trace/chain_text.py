"""One parameter's chain rule as text: what all paths share, where they part, every path, the sum, the update."""

from __future__ import annotations

from ...messages import say
from .chain import Chain, Factor
from .layout import WIDE, bar, broken, columns, count, number
from .symbols import Symbols


def chain_text(chain: Chain, s: Symbols, rows: int = 1) -> str:
    """The chain rule; `rows` is the size of the batch."""
    name = f"{chain.name}[{','.join(map(str, chain.at))}]"
    key = "" if chain.key == name else f"  ({chain.key})"
    lines = [f"{_gradient(s)}{name}{key} = {number(chain.gradient)}"]
    if chain.rows:
        lines += ["", say("trace.by_row"), *_rows(chain)]
    if chain.paths or chain.others is not None:
        lines += ["", *_forks(chain, s, rows)]
        lines += ["", say("trace.paths", shown=len(chain.paths), ways=count(chain.ways)), *_paths(chain, s)]
    else:
        lines += ["", say("trace.no_paths", row=chain.row), *_paths(chain, s)]
    lines += ["", *_sums(chain)]
    if len(chain.step) > 1:
        lines += ["", *_step(chain, s)]
    return "\n".join(lines)


def _gradient(s: Symbols) -> str:
    return f"∂{s('E')}/∂"


def _rows(chain: Chain) -> list[str]:
    """What each row of the batch adds."""
    whole = sum(abs(v) for _, v in chain.rows) or 1.0
    ordered = sorted(chain.rows, key=lambda r: (r[0] != chain.row, -abs(r[1])))
    shown, left = ordered[:8], ordered[8:]
    cells = [[say("trace.row", row=r), number(v), f"{abs(v) / whole:.0%}", bar(abs(v) / whole)] for r, v in shown]
    if left:
        rest = sum(v for _, v in left)
        cells.append([say("trace.rest_rows", count=len(left)), number(rest)])
    return columns(cells, left=(0, 3))


def _forks(chain: Chain, s: Symbols, rows: int) -> list[str]:
    """The factors that all paths share, and a line with a bar for each unit by which they go on."""
    lines = []
    if chain.trunk:
        told = " · ".join(f"{s(f.name)}" for f in chain.trunk)
        numbers = " · ".join(number(f.value) for f in chain.trunk)
        head = say("trace.trunk_of_row", row=chain.row) if rows > 1 else say("trace.trunk")
        lines += broken([head, *f"{told} = {numbers}".split(" ")], WIDE)
    if not chain.branches:
        return lines
    lines.append(say("trace.branches"))
    cells = [["", say("trace.factor"), "", "δ", say("trace.adds"), say("trace.share"), ""]]
    for b in chain.branches:
        cells.append([
            s(b.station), s(short(b.factor.name)), number(b.factor.value), number(b.signal), number(b.value),
            f"{b.share:.0%}", bar(b.share),
        ])  # fmt: skip
    if chain.other_branches is not None:
        rest = say("trace.others", count=count(chain.other_branches.count))
        cells.append([rest, "", "", "", f"Σ {number(chain.other_branches.value)}"])
    return [*lines, *columns(cells, left=(0, 1, 6))]


def short(name: str) -> str:
    """A weight without its layer, which stands beside it: weight[0,1]."""
    layer, dot, rest = name.rpartition(".weight[")
    return f"weight[{rest}" if dot and layer else name


def _paths(chain: Chain, s: Symbols) -> list[str]:
    lines = []
    largest = max((abs(p.product) for p in chain.paths), default=0.0) or 1.0
    for number_of, path in enumerate(chain.paths, start=1):
        head = f"{number_of:>3}  "
        names = _product([s(short(f.name)) for f in path.factors])
        values = _product([_signed(f) for f in path.factors])
        lines += [head + broken(names, WIDE - 5)[0], *(" " * 5 + more for more in broken(names, WIDE - 5)[1:])]
        shown = f"{number(path.product)}  {bar(abs(path.product) / largest, 12)}".rstrip()
        parts = broken([*values, "=", shown], WIDE - 7)
        lines += [" " * 5 + ("= " if i == 0 else "  ") + part for i, part in enumerate(parts)]
    if chain.others is not None:
        told = say("trace.other_paths", count=count(max(chain.ways - len(chain.paths), 1)))
        lines.append(f"     {told} = {number(chain.others.value)}")
    if chain.penalty is not None:
        lines.append(f"     {say('trace.penalty')} = {number(chain.penalty.product)}")
    return lines


def _product(parts: list[str]) -> list[str]:
    return [part if i == len(parts) - 1 else f"{part} ·" for i, part in enumerate(parts)]


def _signed(f: Factor) -> str:
    text = number(f.value)
    return f"({text})" if text.startswith("-") else text


def _sums(chain: Chain) -> list[str]:
    """The sum of the paths, the engine's gradient, and the central difference."""
    difference = chain.difference
    verdict = say("trace.agrees" if chain.closes else "trace.differs")
    cells = [
        [say("trace.sum_of_paths"), number(chain.total, 10), ""],
        [
            say("trace.engine"), number(chain.gradient, 10),
            say("trace.within", verdict=verdict, difference=f"{abs(chain.total - chain.gradient):.1e}",
                bound=f"{chain.bound:.1e}"),
        ],
        [
            say("trace.central"), number(difference.value, 10),
            say("trace.relative", error=f"{difference.error:.1e}", h=f"{difference.h:.1e}",
                noise=f"{difference.noise:.0e}"),
        ],
    ]  # fmt: skip
    return columns(cells, left=(0, 2))


def _step(chain: Chain, s: Symbols) -> list[str]:
    """The update that was made with this gradient."""
    first, last = chain.step[0], chain.step[-1]
    cells = [["w", number(first.value, 9), ""]]
    for cell in chain.step[1:-1]:
        cells.append([cell.symbol, number(cell.value, 9), ""])
    change = last.value - first.value
    told = ""
    if last.sum is not None:
        told = f"w′ - w = {number(change)}"
        if last.sum.terms[-1].left == "-ε":
            told += f" = {s('-ε')}·{_gradient(s)}w = {number(last.sum.terms[-1].product)}"
    cells.append(["w′", number(last.value, 9), told])
    return [say("trace.step"), *columns(cells, left=(0, 2))]

"""A trace as one page of HTML without scripts, and as a card for a notebook."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...messages import language, say
from ...report.page import POLICY, environment
from ...report.svg import Raw, tag
from ...report.words import Words
from ...version import __version__
from . import draw_unit, shown_math
from .chain import Chain
from .chain_text import short
from .draw_network import network
from .layout import count, number
from .sheet import Cover, Sheet, sheets
from .text import closing, heading_facts, title

if TYPE_CHECKING:
    from .trace import Trace


@dataclass(frozen=True)
class Stage:
    """A sheet with its formulas, ready for the template."""

    sheet: Sheet
    formulas: list[str]
    opens: str  # the part that begins with it: forward, loss, backward, update


@dataclass(frozen=True)
class Row:
    """A line with a bar: a branch of a chain rule, or a row of the batch."""

    cells: list[str]
    share: float
    sign: str


def page(trace: Trace, parameter: str = "") -> str:
    """One file with everything in it; the same trace gives the same bytes.

    >>> from backlit import Dense, Network
    >>> "<script" in page(Network([Dense(2, "tanh"), Dense(1)]).trace([1.0, 2.0], [0.5]))
    False
    """
    return _rendered("trace.html", trace, _parts(trace, parameter)).lstrip()


def card(trace: Trace) -> str:
    """For a notebook: the same parts, ids that never clash."""
    return apart(_rendered("trace_card.html", trace, _parts(trace, "")))


class Face:
    """The chain rule of one parameter as a notebook shows it: the network with its paths lit up, and its numbers.

    It is what `trace.show("dense1.weight[0,1]")` gives.
    """

    def __init__(self, trace: Trace, parameter: str) -> None:
        self.trace, self.parameter = trace, parameter
        self.chain = trace.parameter(parameter)

    def __repr__(self) -> str:
        return self.trace.text(self.parameter)

    def _repr_html_(self) -> str:
        """SVG and MathML, no script."""
        parts: dict[str, Any] = {
            "chain": chain_parts(self.trace, self.chain), "stages": [], "closing": [],
            "drawings": [("figure-network", say("faces.network"), network(self.trace, self.chain))],
        }  # fmt: skip
        return apart(_rendered("trace_card.html", self.trace, parts))

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """The same for whoever asks: text/html, and text/plain with the same numbers."""
        return chosen({"text/plain": repr(self), "text/html": self._repr_html_()}, include, exclude)


def chosen(found: dict[str, str], include: Any, exclude: Any) -> dict[str, str]:
    """Those kinds of output that a notebook asks for."""
    wanted = {k: v for k, v in found.items() if include is None or k in include}
    return {k: v for k, v in wanted.items() if exclude is None or k not in exclude}


def apart(made: str) -> str:
    """The ids of a card with a hash of its content in front."""
    own = hashlib.sha256(made.encode()).hexdigest()[:8]
    return re.sub(r'(id="|aria-labelledby="|-title )((?:figure|stage)-)', rf"\1b{own}-\2", made)


def _rendered(name: str, trace: Trace, parts: dict[str, Any]) -> str:
    told = trace.conventions
    return environment().get_template(name).render(
        words=Words(language()), say=say, s=trace.symbols, policy=POLICY, version=__version__, title=title(told),
        facts=[(name, value) for name, value in heading_facts(trace, told) if value], **parts,
    )  # fmt: skip


def _parts(trace: Trace, parameter: str) -> dict[str, Any]:
    parameter = parameter or trace.largest_parameter()
    chain = trace.parameter(parameter) if parameter else None
    ledger = trace.ledger()
    drawings = [("figure-network", say("faces.network"), network(trace, chain))]
    drawings += unit_drawings(trace, chain)
    return {
        "stages": stages(trace, Cover()), "closing": closing(ledger), "drawings": drawings,
        "chain": chain_parts(trace, chain) if chain is not None else None,
    }  # fmt: skip


def stages(trace: Trace, cover: Cover) -> list[Stage]:
    """The ledger for the template."""
    found: list[Stage] = []
    part = ""
    for one in sheets(trace.ledger(), trace.symbols, cover):
        assert one.block is not None
        formulas = shown_math.of_block(trace, one.block)
        if one.stage == 5 and part == "update":
            formulas = []  # the same for all layers
        found.append(Stage(one, formulas, one.part if one.part != part else ""))
        part = one.part
    return found


def unit_drawings(trace: Trace, chain: Chain | None) -> list[tuple[str, str, str]]:
    """The unit that a parameter belongs to, whole and split; nothing where it is not one of a Dense layer."""
    if chain is None or not chain.at:
        return []
    layer = chain.name.rpartition(".")[0]
    input_ = chain.at[1] if len(chain.at) == 2 and chain.name.endswith(".weight") else None
    unit = draw_unit.unit_of(trace, layer, chain.at[0], input_)
    if unit is None:
        return []
    return [
        ("figure-unit-whole", say("faces.unit_whole"), draw_unit.whole(unit, trace.symbols)),
        ("figure-unit-split", say("faces.unit_split"), draw_unit.split(unit, trace.symbols)),
    ]


# --- the chain rule -------------------------------------------------------------------------------------------------


def chain_parts(trace: Trace, chain: Chain) -> dict[str, Any]:
    """The chain rule of a parameter for the template; the numbers are those of chain_text.py."""
    s, d = trace.symbols, chain.difference
    name = shown_math.name_of(chain)
    branches = [
        Row([s(b.station), s(short(b.factor.name)), number(b.factor.value), number(b.signal), number(b.value)],
            b.share, _sign(b.value))
        for b in chain.branches
    ]  # fmt: skip
    if chain.other_branches is not None:
        rest = say("trace.others", count=count(chain.other_branches.count))
        branches.append(Row([rest, "", "", "", f"Σ {number(chain.other_branches.value)}"], 0.0, ""))
    paths = [(*shown_math.of_path(p.factors, p.product, trace), p.product) for p in chain.paths]
    most = max((abs(p.product) for p in chain.paths), default=0.0) or 1.0
    verdict = say("trace.agrees" if chain.closes else "trace.differs")
    sums = [
        (say("trace.sum_of_paths"), number(chain.total, 10), ""),
        (say("trace.engine"), number(chain.gradient, 10),
         say("trace.within", verdict=verdict, difference=f"{abs(chain.total - chain.gradient):.1e}",
             bound=f"{chain.bound:.1e}")),
        (say("trace.central"), number(d.value, 10),
         say("trace.relative", error=f"{d.error:.1e}", h=f"{d.h:.1e}", noise=f"{d.noise:.0e}")),
    ]  # fmt: skip
    return {
        "name": name, "title": f"∂{s('E')}/∂{name}" + (f" ({chain.key})" if chain.key != name else ""),
        "value": number(chain.gradient), "formula": shown_math.of_chain(trace, chain),
        "delta": "δ" if s.name == "uoδ" else s("δᵘ"), "rows": _rows(chain), "branches": branches,
        "trunk": [(s(f.name), number(f.value)) for f in chain.trunk],
        "paths": [(a, b, abs(v) / most, _sign(v)) for a, b, v in paths], "bar": bar,
        "paths_said": say("trace.paths", shown=len(chain.paths), ways=count(chain.ways)),
        "others": _others(chain), "sums": sums, "step": _step(trace, chain), "row": chain.row,
        "batch": trace.recording.rows > 1,
    }  # fmt: skip


def _others(chain: Chain) -> list[str]:
    found = []
    if chain.others is not None:
        told = say("trace.other_paths", count=count(max(chain.ways - len(chain.paths), 1)))
        found.append(f"{told} = {number(chain.others.value)}")
    if chain.penalty is not None:
        found.append(f"{say('trace.penalty')} = {number(chain.penalty.product)}")
    return found


def _rows(chain: Chain) -> list[Row]:
    """What each row of the batch adds, the traced one first."""
    whole = sum(abs(v) for _, v in chain.rows) or 1.0
    ordered = sorted(chain.rows, key=lambda r: (r[0] != chain.row, -abs(r[1])))
    found = [Row([say("trace.row", row=r), number(v)], abs(v) / whole, _sign(v)) for r, v in ordered[:8]]
    if ordered[8:]:
        rest = sum(v for _, v in ordered[8:])
        found.append(Row([say("trace.rest_rows", count=len(ordered[8:])), number(rest)], 0.0, ""))
    return found


def _step(trace: Trace, chain: Chain) -> list[tuple[str, str, str]]:
    """The update that was made with the gradient."""
    if len(chain.step) < 2:
        return []
    last = chain.step[-1]
    change = last.value - chain.step[0].value
    told = f"w′ - w = {number(change)}"
    if last.sum is not None and last.sum.terms[-1].left == "-ε":
        s = trace.symbols
        told += f" = {s('-ε')}·∂{s('E')}/∂w = {number(last.sum.terms[-1].product)}"
    return [(c.symbol, number(c.value, 9), told if c is last else "") for c in chain.step]


def _sign(value: float) -> str:
    return "plus" if value > 0 else "minus" if value < 0 else ""


def bar(share: float, sign: str) -> str:
    """A bar for a share from 0 to 1, to the right and blue where it adds, to the left and orange where it takes."""
    size = max(1.0, 60 * min(share, 1.0)) if share == share and share > 0 else 0.0
    x = 62.0 if sign != "minus" else 62.0 - size
    parts: list[Raw] = [tag("rect", x=x, y=3, width=size, height=10, class_=f"bar {sign or 'share'}")] if size else []
    axis = tag("line", x1=62, y1=0, x2=62, y2=16, class_="axis")
    return tag("svg", axis, *parts, viewBox="0 0 124 16", width=124, height=16, aria_hidden="true", class_="share")

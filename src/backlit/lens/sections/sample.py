"""One row of the data with its whole ledger, and the chain rule of one weight."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...messages import language, say
from ...report.page import environment
from ...report.parts import Section, Table
from ...report.svg import Raw
from ...report.words import Words
from ..trace import draw_unit, html
from ..trace.draw_network import network
from ..trace.layout import count, number
from ..trace.sheet import Cover
from ..trace.text import closing, heading_facts

if TYPE_CHECKING:
    from ..trace import Chain, Trace

STYLE = "trace.css"


def sample(trace: Trace, rule: Chain | None, about: list[tuple[str, str]]) -> Section:
    """The network with the numbers of the row, and the ledger; `about` tells which row it is."""
    made: Any = environment().get_template("report_sample.html").module
    drawing = network(trace, rule)
    told = [(name, value) for name, value in heading_facts(trace, trace.conventions) if name and value]
    return Section(
        "sample", say("lens.sample_title"), [say("lens.sample_intro")], [*about, *told],
        markup=[Raw(made.ledger(drawing, html.stages(trace, Cover()), closing(trace.ledger()), say, trace.symbols))],
        style=STYLE,
    )  # fmt: skip


def chain(trace: Trace, rule: Chain) -> Section:
    """The unit of the weight, drawn whole and split, and the chain rule path by path."""
    made: Any = environment().get_template("report_sample.html").module
    told = html.chain_parts(trace, rule)
    drawings = html.unit_drawings(trace, rule)
    numbers = _numbers(trace, rule) if drawings else None
    return Section(
        "chain", say("lens.chain_title"), [say("lens.chain_intro"), f"{told['title']} = {told['value']}"],
        markup=[Raw(made.rule(told, drawings, numbers, Words(language()), say))], style=STYLE,
    )  # fmt: skip


def _numbers(trace: Trace, rule: Chain) -> Table:
    """What the drawings of the unit show, as a table."""
    s = trace.symbols
    layer = rule.name.rpartition(".")[0]
    unit = draw_unit.unit_of(trace, layer, rule.at[0], rule.at[1] if len(rule.at) == 2 else None)
    assert unit is not None
    slopes = unit.gradients
    rows = [
        [f"{s(unit.source)}[{i}]", number(unit.x[i]), number(unit.w[i]), number(unit.w[i] * unit.x[i]),
         "" if slopes is None else number(slopes[i])]
        for i in unit.inputs
    ]  # fmt: skip
    if unit.left:
        rows.append([say("trace.others", count=count(unit.left)), "", "", f"Σ {number(unit.rest)}", ""])
    if unit.bias is not None:
        slope = "" if unit.bias_gradient is None else number(unit.bias_gradient)
        rows.append(["b", "1", number(unit.bias), number(unit.bias), slope])
    values = (("u", unit.u), ("o", unit.o), ("f′", unit.slope), ("δᵒ", unit.behind), ("δᵘ", unit.before))
    note = ", ".join(f"{s(symbol)} = {number(value)}" for symbol, value in values if value is not None)
    gradient = f"∂{s('E')}/∂w"
    return Table(f"{layer}[{rule.at[0]}]", ["", "x", "w", "w·x", gradient], rows, notes=[note])

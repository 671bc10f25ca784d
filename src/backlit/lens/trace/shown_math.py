"""The formulas of a ledger's stages and of a chain rule, as MathML."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...core.graph import Node
from ...messages import say
from ...ops import Elementwise
from ...ops import formula as fm
from ...ops import mathml as written
from ...ops.meaning import book, meaning, settled
from .cells import Block
from .chain import Chain, Factor
from .formulas import mathml
from .layout import number
from .symbols import Symbols

if TYPE_CHECKING:
    from .trace import Trace


def of_block(trace: Trace, block: Block) -> list[str]:
    """The formulas of a stage."""
    names = trace.recording.wiring.names[trace.recording.built.output]
    s = trace.symbols.last if f"{block.layer}.o" in names else trace.symbols
    if block.stage == 2 and (found := _activation(trace, block, s)):
        return [found]
    if block.stage == 3:
        return [_term(trace), mathml(s(block.formula), block=True)]
    if block.stage == 5 and trace.step.update is not None:
        return [_update(trace)]
    return [mathml(s(block.formula), block=True)] if block.formula else []


def _displayed(left: str, e: fm.Expr) -> str:
    text = {"joined": say("gallery.with"), "otherwise": say("gallery.otherwise")}
    return written.display(left, e, **text)


def _activation(trace: Trace, block: Block, s: Symbols) -> str:
    """o as a formula of u; "" where it is not one of u alone with numbers for parameters."""
    names = trace.recording.built.graph.names
    o, u = names.get(f"{block.layer}.o"), names.get(f"{block.layer}.u")
    if o is None or u is None or o is u or not isinstance(o.op, Elementwise) or o.args != (u,):
        return ""
    return _displayed(s("o"), fm.substitute(_formula(o), {o.op.inputs[0]: fm.symbol(s("u"))}))


def _formula(node: Node) -> fm.Expr:
    assert isinstance(node.op, Elementwise)
    return settled(book(node.op), {n: float(node.attrs[n]) for n in node.op.defaults})


def _term(trace: Trace) -> str:
    """The term of one output, e."""
    s, aim = trace.symbols.last, trace.recording.aim
    if isinstance(aim.kind.op, Elementwise):
        values = {n: float(v) for n, v in {**aim.kind.op.defaults, **aim.options}.items() if n in aim.kind.op.defaults}
        inside = dict(zip(aim.kind.op.inputs, (s("o"), s("t")), strict=False)) if not aim.kind.through else {}
        names = {name: fm.symbol(new) for name, new in inside.items()}
        return _displayed("e", fm.substitute(settled(meaning(aim.kind.op.formula), values), names))
    return mathml(f"e = {s(trace.conventions['formula'])}", block=True)


def _update(trace: Trace) -> str:
    """w ← …, by the optimizer's own formula."""
    update = trace.step.update
    assert update is not None
    e = fm.substitute(update.formulas[0], {"learning_rate": fm.symbol("RATE"), "g": fm.symbol("GRADIENT")})
    s = trace.symbols
    fraction = f"<mfrac><mrow><mo>∂</mo><mi>{s('E')}</mi></mrow><mrow><mo>∂</mo><mi>w</mi></mrow></mfrac>"
    text = _displayed("w", e).replace("<mo>=</mo>", "<mo>←</mo>", 1)
    return text.replace("<mi>RATE</mi>", f"<mi>{s('ε')}</mi>").replace("<mi>GRADIENT</mi>", fraction)


# --- the chain rule -------------------------------------------------------------------------------------------------


def of_chain(trace: Trace, chain: Chain) -> str:
    """∂E/∂w = trunk · (what goes on through each branch, added up), in letters."""
    s = trace.symbols
    left = f"∂{s('E')}/∂{name_of(chain)}"
    trunk = " · ".join(s(f.name) for f in chain.trunk)
    sums = [f"{s(b.factor.name)} · {_signal(s(b.station))}" for b in chain.branches[:4]]
    if len(chain.branches) > 4 or chain.other_branches is not None:
        sums.append("…")
    text = " + ".join(sums)
    if len(sums) > 1 and trunk:
        text = f"({text})"
    return mathml(f"{left} = " + " · ".join(part for part in (trunk, text) if part), block=True)


def name_of(chain: Chain) -> str:
    """dense1.weight[0,1]."""
    return f"{chain.name}[{','.join(map(str, chain.at))}]"


def _signal(station: str) -> str:
    """δ of a station: dense2.u[0] has dense2.δᵘ[0]."""
    name, bracket, at = station.partition("[")
    layer, _, symbol = name.rpartition(".")
    if symbol not in ("u", "o"):
        return f"∂E/∂{station.partition(' ')[0]}"
    return f"{layer}.δ{'ᵘ' if symbol == 'u' else 'ᵒ'}{bracket}{at.partition(' ')[0]}"


def of_path(factors: tuple[Factor, ...], product: float, trace: Trace) -> tuple[str, str]:
    """A path in letters, and below it in numbers."""
    names = " · ".join(trace.symbols(f.name) for f in factors)
    values = " · ".join(f"({number(f.value)})" if f.value < 0 else number(f.value) for f in factors)
    return mathml(names), mathml(f"= {values} = {number(product)}")

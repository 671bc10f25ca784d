r"""A trace as a LaTeX document: what the numbers depend on, the ledger in tables, the chain rule in align environments.

It needs amsmath, booktabs, longtable and array, which every distribution has.  The Japanese one is for LuaLaTeX
(`ltjsarticle`), the English one for any engine.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ...messages import language, say
from .chain import Chain
from .formulas import escaped, latex
from .layout import count, number
from .sheet import Sheet, sheets
from .shown_math import name_of
from .text import closing, heading_facts, title

if TYPE_CHECKING:
    from .trace import Trace

_GREEK = {"α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "varepsilon"}
_GREEK |= {"η": "eta", "σ": "sigma", "λ": "lambda", "θ": "theta"}
_SYMBOLS = {
    "Σ": r"\Sigma", "·": r"\cdot", "∂": r"\partial", "²": "^2", "½": r"\tfrac12", "′": "'", "ᵘ": "^{u}",
    "ᵒ": "^{o}", "←": r"\leftarrow",
    "√": r"\surd", "≥": r"\ge", "≤": r"\le", "…": r"\dots", "∞": r"\infty", "ⱼ": "_{j}", "ᵢ": "_{i}", "→": r"\to",
    **{k: rf"\{v}" for k, v in _GREEK.items()},
}  # fmt: skip


def document(trace: Trace, parameter: str = "") -> str:
    r"""The whole document.

    >>> from backlit import Dense, Network
    >>> text = document(Network([Dense(1, "tanh")]).trace([1.0, 2.0], [0.5]))
    >>> text.splitlines()[0], r"\begin{align*}" in text
    ('\\documentclass{article}', True)
    """
    told = trace.conventions
    parameter = parameter or trace.largest_parameter()
    lines = [*_head(title(told)), r"\begin{description}"]
    for name, value in heading_facts(trace, told):
        lines.append(rf"\item[{_text(name)}] {_text(value)}")
    lines.append(r"\end{description}")
    part = ""
    ledger = trace.ledger()
    for one in sheets(ledger, trace.symbols):
        if one.part != part:
            part = one.part
            lines += ["", rf"\section*{{{_text(say(f'faces.part_{part}'))}}}"]
        lines += _stage(one)
    lines += ["", *(_text(line) + "\n" for line in closing(ledger))]
    if parameter:
        lines += _chain(trace, trace.parameter(parameter))
    return "\n".join([*lines, r"\end{document}", ""])


def _head(heading: str) -> list[str]:
    japanese = language() == "ja"
    return [
        r"\documentclass{ltjsarticle}" if japanese else r"\documentclass{article}",
        *(["% lualatex"] if japanese else [r"\usepackage[T1]{fontenc}", r"\usepackage[utf8]{inputenc}"]),
        r"\usepackage{amsmath,array,booktabs,longtable}",
        r"\usepackage[a4paper,margin=20mm]{geometry}",
        r"\setlength{\parindent}{0pt}", r"\allowdisplaybreaks", r"\raggedright",
        r"\begin{document}", rf"\section*{{{_text(heading)}}}",
    ]  # fmt: skip


def _text(text: str) -> str:
    """A text with signs that stand in formulas."""
    found = []
    for piece in re.split(f"([{''.join(_SYMBOLS)}]+)", text):
        if piece and piece[0] in _SYMBOLS:
            marks = " ".join(_SYMBOLS[c] for c in piece)
            found.append(f"$\\vphantom{{}}{marks}$" if piece[0] in "²ᵘᵒⱼᵢ′" else f"${marks}$")
        else:
            found.append(escaped(piece))
    return "".join(found)


def _number(text: str) -> str:
    """A number, or a sum of products, as a formula."""
    return f"${latex(text)}$" if text and not re.search(r"[^\W\d_]{2,}|\(\D", text) else _text(text)


def _stage(one: Sheet) -> list[str]:
    where = f" · {one.layer} ({one.kind})" if one.layer else ""
    lines = ["", rf"\subsection*{{{_text(f'{one.stage} · {one.title}{where}')}}}"]
    if one.formula:
        lines += [r"\begin{align*}", _aligned(one.formula), r"\end{align*}"]
    if one.alone:
        lines += [_products(one.alone), ""]
    numbers = len(one.head) - 1 - one.summed
    room = max(0.2, 0.75 - 0.13 * numbers)  # of the page's width, for products
    last = rf"@{{\quad}}>{{\raggedright\arraybackslash}}p{{{room:.2f}\linewidth}}"
    form = "l" + "r" * numbers + last * one.summed
    lines += [r"{\footnotesize"] if numbers > 4 else []  # the state of an optimizer makes wide tables
    lines += [rf"\begin{{longtable}}[l]{{{form}}}", r"\toprule"]
    lines += [" & ".join(_headed(h) for h in one.head) + r" \\", r"\midrule", r"\endhead"]
    for row in one.rows:
        cells = [_text(row[0]), *(_number(cell) for cell in row[1 : numbers + 1])]
        cells += [_products(cell) for cell in row[numbers + 1 :]]
        lines.append(" & ".join(cells) + r" \\")
    lines += [r"\bottomrule", r"\end{longtable}", *(["}"] if numbers > 4 else [])]
    return [*lines, *(_text(note) for note in one.notes)]


def _headed(text: str) -> str:
    return f"${latex(text)}$" if re.match(r"[∂δuofetwmvxEazyC]", text) and len(text) < 9 else _text(text)


def _products(text: str) -> str:
    """A sum of products that a line may break between its terms."""
    pieces = re.split(r" (?=[+\-=] )", text)
    return " ".join(_product(piece) for piece in pieces if piece)


def _product(piece: str) -> str:
    lead, said = re.match(r"^(.*?)(\s*\([^\d\-].*\))?$", piece).groups()  # type: ignore[union-attr]
    return f"${latex(lead)}$" + (_text(said) if said else "")


def _aligned(formula: str) -> str:
    left, sign, right = formula.partition(" = ") if " = " in formula else formula.partition(" ← ")
    return f"{latex(left)} &{latex(sign.strip())} {latex(right)}" if sign else latex(formula)


def _chain(trace: Trace, chain: Chain) -> list[str]:
    """The chain rule: every path in letters and in numbers, the sum, the central difference, the update."""
    s = trace.symbols
    left = latex(f"∂{s('E')}/∂{name_of(chain)}")
    lines = ["", rf"\section*{{{_text(say('faces.chain'))}: {_text(name_of(chain))}}}"]
    if chain.rows:
        each = ", ".join(f"{say('trace.row', row=r)}: {number(v)}" for r, v in chain.rows[:8])
        lines += [_text(f"{say('trace.by_row')} {each}" + (" …" if len(chain.rows) > 8 else "")), ""]
    lines += [_text(say("trace.paths", shown=len(chain.paths), ways=count(chain.ways)))]
    if chain.paths:
        lines.append(r"\begin{align*}")
        for path in chain.paths:
            names = " · ".join(s(f.name) for f in path.factors)
            values = " · ".join(f"({number(f.value)})" if f.value < 0 else number(f.value) for f in path.factors)
            lines.append(rf"& {latex(names)} \\")
            lines.append(rf"&\quad = {latex(values)} = {latex(number(path.product))} \\")
        lines[-1] = lines[-1].removesuffix(r" \\")
        lines.append(r"\end{align*}")
    if chain.others is not None:
        told = say("trace.other_paths", count=count(max(chain.ways - len(chain.paths), 1)))
        lines += [_text(f"{told} = {number(chain.others.value)}"), ""]
    if chain.penalty is not None:
        lines += [_text(f"{say('trace.penalty')} = {number(chain.penalty.product)}"), ""]
    d = chain.difference
    lines += [
        r"\begin{align*}",
        rf"{left} &= {latex(number(chain.total, 10))} && \text{{{_text(say('trace.sum_of_paths'))}}} \\",
        rf"&= {latex(number(chain.gradient, 10))} && \text{{{_text(say('trace.engine'))}}} \\",
        rf"&\approx {latex(number(d.value, 10))} && \text{{{_text(say('trace.central'))}}}",
        r"\end{align*}",
        _text(say("trace.relative", error=f"{d.error:.1e}", h=f"{d.h:.1e}", noise=f"{d.noise:.0e}")),
    ]  # fmt: skip
    if len(chain.step) > 1:
        cells = [rf"{latex(c.symbol)} &= {latex(number(c.value, 9))}" for c in chain.step]
        lines += ["", _text(say("trace.step")), r"\begin{align*}", (" \\\\\n").join(cells), r"\end{align*}"]
    return lines

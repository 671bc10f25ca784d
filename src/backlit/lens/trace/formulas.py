"""The formulas of a ledger, which are told as text, as MathML and as LaTeX.

The text is taken apart once (`parts`); names such as dense1.δᵘ[0] become a letter with an index.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ...report.svg import tag

_TOKEN = re.compile(
    r"(?P<fraction>∂(?P<above>[^/\s·()]+)/∂(?P<below>[\w.′ᵘᵒᵢⱼ#]+(?:\[[^\]]*\])?))"
    r"|(?P<root>√\(|sqrt\()"
    r"|(?P<number>\d+(?:\.\d+)?(?:e[+-]?\d+)?)"
    r"|(?P<name>[^\W\d][\w.′#]*[ᵘᵒᵢⱼ]*(?:\[[^\]]*\])?)"
    r"|(?P<space>\s+)"
    r"|(?P<sign>.)"
)
_NAME = re.compile(
    r"(?:(?P<layer>[A-Za-z_]\w*(?:#\d+)?)\.)?(?P<letter>[^\[\].]+?)(?P<up>[ᵘᵒ]?)(?P<low>[ᵢⱼ]?)(?:\[(?P<at>[^\]]*)\])?"
)
_LETTERS = {"weight": "w", "bias": "b", "slope": "a", "learning_rate": "ε", "rate": "rate"}
_SMALL = {"ᵘ": "u", "ᵒ": "o", "ᵢ": "i", "ⱼ": "j", "": ""}
_TEX = {
    "δ": r"\delta", "ε": r"\varepsilon", "η": r"\eta", "γ": r"\gamma", "β": r"\beta", "α": r"\alpha", "σ": r"\sigma",
    "Σ": r"\sum", "·": r"\cdot", "←": r"\leftarrow", "½": r"\tfrac12", "²": "^2", "≥": r"\ge", "≤": r"\le",
    "∞": r"\infty",
    "…": r"\dots", "θ": r"\theta", "λ": r"\lambda", "|": r"\vert ", "%": r"\%", "_": r"\_", "{": r"\{", "}": r"\}",
    "−": "-", "∂": r"\partial", "√": r"\surd ", "*": r"\cdot", "&": r"\&", "#": r"\#", "→": r"\to",
}  # fmt: skip


@dataclass(frozen=True)
class Part:
    """A piece of a formula: kind is "fraction", "root", "number", "name" or "sign"."""

    kind: str
    text: str = ""
    inside: tuple[Part, ...] = ()
    below: tuple[Part, ...] = ()


def parts(text: str) -> tuple[Part, ...]:
    """A formula as pieces; a root holds what stands in its brackets.

    >>> [p.kind for p in parts("o = √(u) + 1")]
    ['name', 'sign', 'root', 'sign', 'number']
    """
    found, _ = _until(text, 0, root=False)
    return tuple(found)


def _until(text: str, at: int, *, root: bool) -> tuple[list[Part], int]:
    """The pieces from a place on; inside a root, up to the bracket that closes it."""
    found: list[Part] = []
    depth = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        assert match is not None
        at = match.end()
        if match["fraction"]:
            above, below = (tuple(parts(match[n])) for n in ("above", "below"))
            found.append(Part("fraction", "", above, below))
        elif match["root"]:
            inside, at = _until(text, at, root=True)
            found.append(Part("root", "", tuple(inside)))
        elif match["sign"]:
            depth += {"(": 1, ")": -1}.get(match[0], 0)
            if root and depth < 0:
                return found, at
            found.append(Part("sign", match[0]))
        elif match["number"] or match["name"]:
            found.append(Part("number" if match["number"] else "name", match[0]))
    return found, at


def _name(text: str) -> tuple[str, str, list[str]]:
    """Letter, what stands above it, and its indices: dense1.δᵘ[0] is δ, u, (dense1, 0)."""
    match = _NAME.fullmatch(text)
    if match is None:
        return text, "", []
    letter = _LETTERS.get(match["letter"], match["letter"])
    low = [match["layer"] or "", _SMALL[match["low"]], *(match["at"] or "").split(",")]
    return letter, _SMALL[match["up"]], [part.strip() for part in low if part.strip()]


# --- MathML ---------------------------------------------------------------------------------------------------------


def mathml(text: str, *, block: bool = False) -> str:
    """The formula as a `<math>` element.

    >>> mathml("δᵘ = 2")
    '<math><msup><mi>δ</mi><mi>u</mi></msup><mo>=</mo><mn>2</mn></math>'
    """
    kind = ' display="block"' if block else ""
    return f"<math{kind}>{''.join(_mathml(p) for p in parts(text))}</math>"


def _mathml(p: Part) -> str:
    inside = "".join(map(_mathml, p.inside))
    match p.kind:
        case "fraction":
            below = "".join(map(_mathml, p.below))
            return f"<mfrac><mrow><mo>∂</mo>{inside}</mrow><mrow><mo>∂</mo>{below}</mrow></mfrac>"
        case "root":
            return f"<msqrt>{inside}</msqrt>"
        case "number":
            return tag("mn", p.text)
        case "name":
            return _mathml_name(p.text)
    return tag("mo", {"-": "−", "*": "·"}.get(p.text, p.text), stretchy="false" if p.text in "()" else None)


def _mathml_name(text: str) -> str:
    letter, up, low = _name(text)
    base = str(tag("mi", letter))
    if up:
        base = f"<msup>{base}<mi>{up}</mi></msup>"
    if not low:
        return base
    index = "<mo>,</mo>".join(str(tag("mn" if part.isdigit() else "mtext", part)) for part in low)
    return f"<msub>{base}<mrow>{index}</mrow></msub>"


# --- LaTeX ----------------------------------------------------------------------------------------------------------


def latex(text: str) -> str:
    r"""The formula as LaTeX, for between dollar signs.

    >>> latex("δᵘ = dense2.weight[0,1]·∂E/∂u")
    '\\delta^{u} = w_{\\mathrm{dense2},0,1} \\cdot \\frac{\\partial E}{\\partial u}'
    """
    return " ".join(_latex(p) for p in parts(text))


def _latex(p: Part) -> str:
    inside = " ".join(map(_latex, p.inside))
    match p.kind:
        case "fraction":
            return rf"\frac{{\partial {inside}}}{{\partial {' '.join(map(_latex, p.below))}}}"
        case "root":
            return rf"\sqrt{{{inside}}}"
        case "number":
            mantissa, _, power = p.text.partition("e")
            return rf"{mantissa} \cdot 10^{{{int(power)}}}" if power else mantissa
        case "name":
            return _latex_name(p.text)
    return _TEX.get(p.text, p.text)


def _latex_name(text: str) -> str:
    letter, up, low = _name(text)
    base = letter.replace("′", "'")
    plain = base.rstrip("'")
    primes = base[len(plain) :]
    base = _TEX.get(plain, plain if len(plain) == 1 else rf"\mathrm{{{escaped(plain)}}}") + primes
    base += f"^{{{up}}}" if up else ""
    if not low:
        return base
    index = ",".join(part if part.isdigit() else rf"\mathrm{{{escaped(part)}}}" for part in low)
    return f"{base}_{{{index}}}"


_SPECIAL = {c: "\\" + c for c in "&%$#_{}"}
_SPECIAL |= {"~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "\\": r"\textbackslash{}"}


def escaped(text: str) -> str:
    """A text as LaTeX takes it, outside of formulas."""
    return "".join(_SPECIAL.get(c, c) for c in text)

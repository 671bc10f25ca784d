"""Writes the part of docs/losses.md that is made from the declarations: `python tools/losses_page.py`.

What stands above the marker is written by hand.  `tests/ops/test_losses_page.py` compares the page with the registry.
"""

from __future__ import annotations

import inspect
import math
import re
from pathlib import Path

from backlit.ops import Elementwise
from backlit.ops.loss import LOSSES, Loss
from backlit.ops.printing import plain

PAGE = Path(__file__).resolve().parent.parent / "docs" / "losses.md"
MARKER = "<!-- From here on: made from src/backlit/ops/loss by tools/losses_page.py -->"
LONGEST = 150  # characters of a formula that is shown
LIBRARIES = {"torch": "PyTorch", "keras": "Keras", "jax": "JAX", "sklearn": "scikit-learn"}
HEADING = re.compile(r"^(\w[\w ]*)\n-+\n", re.MULTILINE)


def parts(kind: Loss) -> dict[str, str]:
    """The docstring as {heading: text}; what comes first stands under ""."""
    pieces = HEADING.split(inspect.cleandoc(kind.op.__doc__ or ""))
    return {"": pieces[0].strip(), **{h: t.strip() for h, t in zip(pieces[1::2], pieces[2::2], strict=True)}}


def formulas(kind: Loss) -> list[str]:
    """The term and its slope, as the machine has them, where they can be read; none for an operation of its own."""
    if not isinstance(kind.op, Elementwise):
        return []
    both = {"e": plain(kind.op.formula), f"∂e/∂{kind.op.inputs[0]}": plain(kind.op.slope(0).op.formula)}
    lines = [f"{name} = {text}" for name, text in both.items() if len(text) <= LONGEST]
    return ["```text", *lines, "```", ""] if lines else []


def facts(kind: Loss) -> list[str]:
    """What else is declared, a line each."""
    found = {}
    reads = f"u of a `{kind.reads}` output layer (any other output is taken for u)" if kind.reads else "the outputs o"
    if kind.reads == "exp":
        reads = "the outputs, as logarithms of rates; `predict` gives the rates"
    found["reads"] = reads + (f", through `{kind.through}`" if kind.through else "")
    found["targets"] = kind.targets.told() or "any number"
    found["mean"] = "over the rows" if kind.by == "rows" else "over all outputs"
    numbers = {n: v for n, v in kind.op.defaults.items() if n != "reduction"}
    if numbers:
        told = []
        for name, value in numbers.items():
            low, high = kind.op.facts.limits.get(name, (-math.inf, math.inf))
            limits = "" if isinstance(value, bool) else f" ({_edge(low)} … {_edge(high)})"
            told.append(f"`{name}` = {value}{limits}")
        found["options"] = ", ".join(told)
    elsewhere = [f"{LIBRARIES[k]} `{v}`" for k, v in kind.op.facts.names.items()]
    found["elsewhere"] = ", ".join(elsewhere) + ("." if elsewhere else "") + f" {kind.op.facts.differs}".rstrip()
    if kind.op.facts.source:
        found["source"] = kind.op.facts.source
    return [f"- {name}: {text.strip()}" for name, text in found.items() if text.strip()]


def _edge(value: float) -> str:
    return {math.inf: "∞", -math.inf: "-∞", math.ulp(0.0): "above 0"}.get(value, f"{value:g}")


def section(kind: Loss) -> list[str]:
    """A loss: what it computes, its formula and slope, its facts."""
    said = parts(kind)
    lines = [f"### {kind.name}", "", said[""], "", *formulas(kind), f"*Derivative.* {said['Derivative']}", ""]
    if "Accuracy" in said:
        lines += [f"*Accuracy.* {said['Accuracy']}", ""]
    return [*lines, *facts(kind), ""]


def table() -> list[str]:
    """All losses in one view."""
    lines = ["| loss | targets | PyTorch | Keras |", "|---|---|---|---|"]
    for name, kind in LOSSES.items():
        names = [f"`{kind.op.facts.names[k]}`" if k in kind.op.facts.names else "–" for k in ("torch", "keras")]
        lines.append(f"| [{name}](#{name}) | {kind.targets.told() or 'any'} | {names[0]} | {names[1]} |")
    return lines


def made() -> str:
    """The part of the page below the marker."""
    lines = ["## All losses", "", *table(), ""]
    for kind in LOSSES.values():
        lines += section(kind)
    return "\n".join(lines).rstrip() + "\n"


def whole() -> str:
    """The page: what is written by hand, and what is made."""
    return PAGE.read_text(encoding="utf-8").partition(MARKER)[0] + MARKER + "\n\n" + made()


if __name__ == "__main__":
    PAGE.write_text(whole(), encoding="utf-8")

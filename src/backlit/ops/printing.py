"""Formulas as text: plain (as typed), LaTeX (as in a book) and machine (as the kernels are written)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .formula import Expr, call, order, simplify

LONGEST = 10_000  # characters: a part that is used twice is written twice, and its parts four times, and so on


def plain(e: Expr, names: Mapping[str, str] | None = None) -> str:
    """The formula as a person would type it.

    >>> from backlit.ops.formula import symbol, call
    >>> u = symbol("u")
    >>> plain(u / (1 + abs(u)))
    'u / (1 + abs(u))'
    """
    names = names or {}
    text: dict[Expr, tuple[str, int]] = {}
    for part in order([e]):
        if part.kind != "word":
            value = _number(part.label) if part.kind == "constant" else names.get(part.label, part.label)
            text[part] = (value, 9 if not value.startswith("-") else 4)
            continue
        word, args = part.label, [text[a] for a in part.args]
        if word.infix:
            # a + (b + c) is not the same number as a + b + c, so each keeps its form; ** groups to the right
            left, right = (6, 5) if word.name == "pow" else (word.binds, word.binds + 1)
            text[part] = (_short(f"{_wrap(args[0], left)}{word.infix}{_wrap(args[1], right)}"), word.binds)
        elif word.name == "neg":
            text[part] = ("-" + _wrap(args[0], word.binds), word.binds)
        else:
            text[part] = (_short(f"{word.name}({', '.join(a for a, _ in args)})"), 9)
    return text[e][0]


def latex(e: Expr, names: Mapping[str, str] | None = None) -> str:
    """The formula for a page: `latex(exp(-u))` is `e^{-u}`."""
    names = names or {}
    text: dict[Expr, tuple[str, int]] = {}
    for part in order([e]):
        if part.kind != "word":
            value = _number(part.label) if part.kind == "constant" else names.get(part.label, part.label)
            text[part] = (value, 9 if not value.startswith("-") else 4)
            continue
        word, args = part.label, [text[a] for a in part.args]
        if word.name == "pow":
            text[part] = (_short(word.latex.format(_wrap(args[0], 6, True), args[1][0])), 5)
        elif (word.infix or word.name == "neg") and word.name != "div":
            right = word.binds + (word.name == "sub")
            shown = [_wrap(a, word.binds if i == 0 else right, True) for i, a in enumerate(args)]
            text[part] = (_short(word.latex.format(*shown)), word.binds)
        else:
            binds = 5 if word.name in ("div", "exp") else 9  # in parentheses only where a power is taken of it
            text[part] = (_short(word.latex.format(*(a for a, _ in args))), binds)
    return text[e][0]


def doubled(e: Expr) -> Expr:
    """The formula for people: what is added to itself is written as its double, which is the same number.

    >>> from backlit.ops.formula import differentiate, symbol
    >>> x = symbol("x")
    >>> differentiate((x - 3) * (x - 3), "x"), doubled(differentiate((x - 3) * (x - 3), "x"))
    (x - 3 + (x - 3), 2 * (x - 3))
    """
    made: dict[Expr, Expr] = {}
    for part in order([e]):
        args = tuple(made[a] for a in part.args)
        if part.kind != "word":
            made[part] = part
        elif part.label.name == "add" and args[0] is args[1]:
            made[part] = call("mul", 2, args[0])
        else:
            made[part] = simplify(part.label, args)
    return made[e]


def machine(roots: Sequence[Expr]) -> tuple[list[str], list[str]]:
    """Python text for one element: the lines that name each word's value once, and the names of the results.

    Inputs are read as their labels, uniforms as theirs; constants are typed by DTYPE so that float32 stays float32.
    """
    name: dict[Expr, str] = {}
    lines: list[str] = []
    for part in order(roots):
        if part.kind == "constant":
            name[part] = f"DTYPE({_literal(part.label)})"
        elif part.kind == "word":
            name[part] = f"v{len(lines)}"
            lines.append(f"{name[part]} = " + part.label.machine.format(*(name[a] for a in part.args)))
        else:
            name[part] = part.label
    return lines, [name[r] for r in roots]


def _wrap(part: tuple[str, int], binds: int, tall: bool = False) -> str:
    text, own = part
    if own >= binds:
        return text
    return rf"\left({text}\right)" if tall else f"({text})"


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else "…"


def _number(value: float) -> str:
    whole = abs(value) < 1e15 and value == int(value)
    return f"{value:.0f}" if whole else repr(value)


def _literal(value: float) -> str:
    return repr(value) if abs(value) < float("inf") else f"float('{value}')"

"""What a formula means: the spellings that keep floating-point numbers in order, read back as mathematics.

A declaration computes σ(u) as ``where(u >= 0, 1 / (1 + e), e / (1 + e))`` with e = e^-|u|.  For a person it says σ(u).
`meaning` writes such spellings as books do, so that one declaration serves the machine and the page; and since
the book's spelling can be computed too, it shows what the care is for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from . import arithmetic
from . import formula as fm
from .declare import Elementwise
from .formula import Expr, order, simplify
from .parse import parse
from .words import Word


def _plainly(x: Any) -> Any:
    """σ(x) as it is written first: e^-x overflows for x far below 0."""
    return np.reciprocal(1 + np.exp(-x))


# Not in the vocabulary: for pages alone.
SIGMA = Word("σ", 1, _plainly, "", r"\sigma\left({0}\right)", lambda y, a, t: None)
COMPLEMENT = {("gt", "le"), ("le", "gt"), ("ge", "lt"), ("lt", "ge")}


def meaning(e: Expr) -> Expr:
    """The formula without what serves rounding, overflow and NaN alone.

    >>> from backlit.ops import REGISTRY
    >>> meaning(REGISTRY["silu"].formula), meaning(REGISTRY["step"].formula)
    (u * σ(u), where(u >= 0, 1, 0))
    """
    made: dict[Expr, Expr] = {}
    for part in order([e]):
        made[part] = _read(part, made) if part.kind == "word" else part
    return made[e]


def book(op: Elementwise) -> Expr:
    """f as books have it: what the declaration says of it, else what its formula means."""
    if not op.facts.book:
        return meaning(op.formula)
    written = parse(op.facts.book, (*op.inputs, *op.defaults))
    return fm.substitute(written, {n: fm.uniform(n) for n in op.defaults})


def derivative(op: Elementwise) -> Expr:
    """f′ for people: as stated, or what the book's formula gives by symbols, whichever is shorter."""
    stated = fm.substitute(meaning(op.slope(0).op.formula), {"out": fm.symbol("o")})
    if op.facts.book and not op.facts.surrogate:
        found = meaning(fm.differentiate(book(op), op.inputs[0]))
        if fm.size([found]) <= fm.size([stated]):
            return found
    return stated


def settled(e: Expr, values: Mapping[str, float]) -> Expr:
    """The formula without the branches that the parameters decide; the parameters keep their letters."""
    made: dict[Expr, Expr] = {}
    for part in order([e]):
        made[part] = part
        if _is(part, "where") and not fm.leaves([part.args[0]], "input"):
            (holds,) = fm.evaluate([part.args[0]], {n: values[n] for n in fm.leaves([part.args[0]], "uniform")}, float)
            made[part] = made[part.args[1] if holds else part.args[2]]
        elif part.kind == "word":
            made[part] = simplify(part.label, tuple(made[a] for a in part.args))
    return made[e]


def _is(e: Expr, name: str) -> bool:
    return e.kind == "word" and e.label.name == name


def _read(part: Expr, made: dict[Expr, Expr]) -> Expr:
    """One word, its arguments read already."""
    args = tuple(made[a] for a in part.args)
    found = _idiom(part, made)
    if found is not None:
        return found
    a, b = args[0], args[-1]
    match part.label.name:
        case "where":
            return _choice(args)
        case "mul" if any(fm.is_constant(x, 0) for x in args):  # 0 · u stands for a 0 that lets a NaN through
            return fm.constant(0)
        case "mul" | "div" if _is(a, "neg"):
            return _read_again("neg", fm.call(part.label.name, a.args[0], b))
        case "mul" if _is(b, "neg"):
            return _read_again("neg", a * b.args[0])
        case "add" | "sub" if fm.is_constant(b, 0):
            return a
        case "add" if fm.is_constant(a, 0):
            return b
        case "add" if _is(b, "neg"):
            return a - b.args[0]
        case "sub" if _is(b, "neg"):
            return a + b.args[0]
        case "neg" if _is(a, "sub"):
            return a.args[1] - a.args[0]
        case "expm1":
            return fm.call("exp", a) - 1
        case "log1p":
            return fm.call("log", 1 + a)
    return simplify(part.label, args)


def _read_again(name: str, a: Expr) -> Expr:
    """A sign in front, less another one that stands there."""
    return a.args[0] if _is(a, name) else fm.call(name, a)


def _choice(args: tuple[Expr, ...]) -> Expr:
    """A `where`, less the last branch that only a NaN reaches."""
    test, a, b = args
    if test.kind == "constant":
        return a if test.label else b
    if _is(b, "where") and test.args == b.args[0].args and (test.label.name, b.args[0].label.name) in COMPLEMENT:
        b = b.args[1]
    if _is(test, "eq") and test.args[0] is test.args[1]:  # unless_nan
        return a
    return fm.call("where", test, a, b)


def _idiom(part: Expr, made: dict[Expr, Expr]) -> Expr | None:
    """The spellings of arithmetic.py: a part *is* one if writing it anew gives the same object."""
    a = part.args[0]
    if _is(part, "where") and _is(a, "ge"):
        v = a.args[0]
        if part in (arithmetic.sigmoid_formula(v), arithmetic.sigmoid_parts(v)[0]):
            return Expr("word", SIGMA, (made[v],))
    if _is(part, "mul") and _is(a, "mul") and _is(a.args[0], "exp"):
        inner = _inside(a.args[0], "exp", "neg", "abs")
        if inner is not None and part is arithmetic.sigmoid_parts(inner)[1]:
            s = Expr("word", SIGMA, (made[inner],))
            return s * (1 - s)
    if _is(part, "add") and _is(a, "max") and part is arithmetic.softplus_formula(a.args[0]):
        return fm.call("log", 1 + fm.call("exp", made[a.args[0]]))
    if _is(part, "where") and _is(a, "le") and _is(a.args[0], "abs"):
        return _root(part, a.args[0].args[0], made)
    return None


def _root(part: Expr, v: Expr, made: dict[Expr, Expr]) -> Expr | None:
    """√(v² + b), or v / √(v² + b)."""
    near = part.args[1]
    whole = near if _is(near, "sqrt") else near.args[1] if _is(near, "div") else None
    if whole is None or not _is(whole, "sqrt") or not _is(whole.args[0], "add"):
        return None
    b = whole.args[0].args[1]
    root = fm.call("sqrt", made[v] * made[v] + made[b])
    if part is arithmetic.root_formula(v, b):
        return root
    return made[v] / root if part is arithmetic.root_share(v, b) else None


def _inside(e: Expr, *names: str) -> Expr | None:
    """The operand of nested words, exp(neg(abs(v))): v."""
    for name in names:
        if not _is(e, name):
            return None
        e = e.args[0]
    return e

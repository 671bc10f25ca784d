"""Formulas as data: an expression that can be computed, differentiated, printed and sent to the machine.

An `Expr` is a word of the vocabulary (`words.py`) applied to other expressions, or a leaf: an input (an array), a
uniform (one number that may change between runs: a slope, a learning rate) or a constant.  Equal expressions are the
same object, so a shared part is computed and differentiated once.  All walks are loops: depth is no limit.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Self, cast

import numpy as np

from .words import WORDS, Word

_interned: dict[tuple[Any, ...], Expr] = {}
REMEMBERED = 4096  # results of walks over the last formulas, which are the same for every network of a kind


class Expr:
    """One node of a formula.  Make them with `symbol`, `uniform`, `constant` and the words (`exp(u)`, `u + 1`).

    >>> u = symbol("u")
    >>> (u * u + 1) / 2
    (u * u + 1) / 2
    >>> differentiate(u * u, "u")
    u + u
    """

    __slots__ = ("args", "kind", "label")
    kind: str  # "input", "uniform", "constant" or "word"
    label: Any  # the name of a leaf, the value of a constant, the Word
    args: tuple[Expr, ...]

    def __new__(cls, kind: str, label: Any, args: tuple[Expr, ...] = ()) -> Self:
        # repr, since 0.0 == -0.0 and NaN != NaN
        key = (kind, repr(label) if kind == "constant" else label, *map(id, args))
        found = _interned.get(key)
        if found is None:
            found = object.__new__(cls)
            found.kind, found.label, found.args = kind, label, args
            _interned[key] = found
        return cast(Self, found)

    def __reduce__(self) -> tuple[Any, ...]:
        return (Expr, (self.kind, self.label, self.args))

    def __bool__(self) -> bool:
        raise TypeError("a formula cannot branch on a value; write where(condition, a, b)")

    def __repr__(self) -> str:
        from .printing import plain

        return plain(self)

    def __add__(self, other: Operand) -> Expr:
        return call("add", self, other)

    def __radd__(self, other: Operand) -> Expr:
        return call("add", other, self)

    def __sub__(self, other: Operand) -> Expr:
        return call("sub", self, other)

    def __rsub__(self, other: Operand) -> Expr:
        return call("sub", other, self)

    def __mul__(self, other: Operand) -> Expr:
        return call("mul", self, other)

    def __rmul__(self, other: Operand) -> Expr:
        return call("mul", other, self)

    def __truediv__(self, other: Operand) -> Expr:
        return call("div", self, other)

    def __rtruediv__(self, other: Operand) -> Expr:
        return call("div", other, self)

    def __pow__(self, other: Operand) -> Expr:
        return call("pow", self, other)

    def __rpow__(self, other: Operand) -> Expr:
        return call("pow", other, self)

    def __neg__(self) -> Expr:
        return call("neg", self)

    def __abs__(self) -> Expr:
        return call("abs", self)

    def __gt__(self, other: Operand) -> Expr:
        return call("gt", self, other)

    def __ge__(self, other: Operand) -> Expr:
        return call("ge", self, other)

    def __lt__(self, other: Operand) -> Expr:
        return call("lt", self, other)

    def __le__(self, other: Operand) -> Expr:
        return call("le", self, other)


Operand = Expr | float | int


def symbol(name: str) -> Expr:
    """A leaf that stands for an array."""
    return Expr("input", name)


def uniform(name: str) -> Expr:
    """A leaf that stands for one number, the same for all elements, given when the formula runs."""
    return Expr("uniform", name)


def constant(value: float) -> Expr:
    """A number written in the formula."""
    return Expr("constant", float(value))


def is_constant(e: Expr, value: float) -> bool:
    """True for the number `value` itself."""
    return e.kind == "constant" and e.label == value


def call(name: str, *operands: Operand) -> Expr:
    """The word `name` applied to expressions or numbers, with what can be simplified without changing a bit."""
    args = tuple(a if isinstance(a, Expr) else constant(a) for a in operands)
    word = WORDS[name]
    if len(args) != word.arity:
        raise TypeError(f"{name} takes {word.arity} values, got {len(args)}")
    return simplify(word, args)


def simplify(word: Word, args: tuple[Expr, ...]) -> Expr:
    """A shorter expression with the same value, NaN and infinity included; 0 · u stays: u could be NaN."""
    if all(a.kind == "constant" for a in args):
        with np.errstate(all="ignore"):
            return constant(float(word.numpy(*(np.float64(a.label) for a in args))))
    a, b = args[0], args[-1]
    match word.name:
        case "mul" if is_constant(a, 1):
            return b
        case "mul" | "div" | "pow" if is_constant(b, 1):
            return a
        case "mul" if is_constant(a, -1):
            return call("neg", b)
        case "sub" if is_constant(b, 0) and repr(b.label) == "0.0":  # -0 - (-0) is 0
            return a
        case "neg" if a.kind == "word" and a.label.name == "neg":
            return a.args[0]
        case "pow" if is_constant(b, 2):
            return call("mul", a, a)
        case "where" if args[1] is args[2]:
            return args[1]
    return Expr("word", word, args)


def order(roots: Iterable[Expr]) -> tuple[Expr, ...]:
    """All parts of the expressions, each once, arguments before what uses them."""
    return _order(tuple(roots))


@functools.lru_cache(REMEMBERED)
def _order(roots: tuple[Expr, ...]) -> tuple[Expr, ...]:
    done: dict[Expr, None] = {}
    stack: list[tuple[Expr, bool]] = [(r, False) for r in reversed(roots)]
    while stack:
        e, ready = stack.pop()
        if e in done:
            continue
        if ready:
            done[e] = None
        else:
            stack.append((e, True))
            stack.extend((a, False) for a in reversed(e.args) if a not in done)
    return tuple(done)


def leaves(roots: Sequence[Expr], kind: str) -> list[str]:
    """The names of the inputs or uniforms in order of first use."""
    return [cast(str, e.label) for e in order(roots) if e.kind == kind]


def rebuild(roots: Sequence[Expr], leaf: Callable[[Expr], Expr]) -> list[Expr]:
    """The expressions with every leaf replaced by `leaf(it)`."""
    made: dict[Expr, Expr] = {}
    for e in order(roots):
        made[e] = simplify(e.label, tuple(made[a] for a in e.args)) if e.kind == "word" else leaf(e)
    return [made[r] for r in roots]


def substitute(e: Expr, values: Mapping[str, Operand]) -> Expr:
    """The expression with the named inputs and uniforms replaced."""

    def leaf(part: Expr) -> Expr:
        value = values.get(part.label, part) if part.kind != "constant" else part
        return value if isinstance(value, Expr) else constant(value)

    return rebuild([e], leaf)[0]


def differentiate(e: Expr, name: str, slopes: Mapping[Expr, Expr | None] | None = None) -> Expr:
    """∂e/∂name as a formula.

    Each word brings its own rule; a `where` is differentiated branch by branch, so that the branch not taken
    cannot make 0 · ∞.  `slopes` gives derivatives of further leaves (the output y, for formulas that use it).
    A part that does not depend on `name` has the slope None, which is a zero that no NaN can reach.

    >>> u = symbol("u")
    >>> differentiate(u * u, "u")
    u + u
    """
    tangent: dict[Expr, Expr | None] = dict(slopes or {})
    for part in order([e]):
        if part in tangent:
            continue
        if part.kind == "word":
            around = tuple(tangent[a] for a in part.args)
            live = any(t is not None for t in around)
            tangent[part] = part.label.tangent(part, part.args, around) if live else None
        else:
            tangent[part] = constant(1) if part.kind == "input" and part.label == name else None
    found = tangent[e]
    return constant(0) if found is None else found


def evaluate(roots: Sequence[Expr], values: Mapping[str, Any], dtype: Any = None) -> list[Any]:
    """The formulas computed by NumPy, word by word: the readable reference for what the machine does.

    `values` gives an array or a number for each input and uniform; every result has the inputs' dtype.
    """
    made: dict[Expr, Any] = {}
    given = [np.asarray(v) for v in values.values()]
    kind = np.dtype(dtype) if dtype is not None else np.result_type(*given, np.float32)
    with np.errstate(all="ignore"):
        for part in order(roots):
            if part.kind == "word":
                made[part] = part.label.numpy(*(made[a] for a in part.args))
            elif part.kind == "constant":
                made[part] = kind.type(part.label)
            else:
                made[part] = np.asarray(values[part.label], dtype=kind)
        return [np.asarray(made[r], dtype=kind) for r in roots]


def number(roots: Iterable[Expr]) -> tuple[tuple[Expr, ...], tuple[str, ...], tuple[str, ...]]:
    """The formulas with inputs renamed x0, x1 … and uniforms p0, p1 … in order of use, and the names they had.

    Two formulas that differ only in names become the same objects, so the numbered form names a kernel.
    """
    return _number(tuple(roots))


@functools.lru_cache(REMEMBERED)
def _number(roots: tuple[Expr, ...]) -> tuple[tuple[Expr, ...], tuple[str, ...], tuple[str, ...]]:
    arrays, numbers = leaves(roots, "input"), leaves(roots, "uniform")
    renamed: dict[str, Operand] = {n: symbol(f"x{i}") for i, n in enumerate(arrays)}
    renamed |= {n: uniform(f"p{i}") for i, n in enumerate(numbers)}

    def leaf(part: Expr) -> Expr:
        return part if part.kind == "constant" else cast(Expr, renamed[part.label])

    return tuple(rebuild(roots, leaf)), tuple(arrays), tuple(numbers)


def size(roots: Iterable[Expr]) -> int:
    """The number of words, each shared part counted once."""
    return sum(e.kind == "word" for e in order(roots))

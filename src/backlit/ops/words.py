"""The vocabulary of formulas: about two dozen words, each with all its spellings in one place.

A word has a NumPy spelling (the reference), a machine spelling (Python text that the kernels are made of), a LaTeX
and a plain spelling, and its rule of differentiation.  The rule is given the word's arguments and their tangents;
a tangent of None is an exact zero (the argument does not depend on the variable).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from .formula import Expr

    Tangent: TypeAlias = Expr | None
    Rule: TypeAlias = Callable[[Expr, tuple[Expr, ...], tuple[Tangent, ...]], Tangent]


@dataclass(frozen=True, eq=False)
class Word:
    """One word with its spellings."""

    name: str
    arity: int
    numpy: Callable[..., Any]
    machine: str  # Python text for one element; {0} {1} {2} are the operands, ONE and ZERO are typed
    latex: str
    tangent: Rule
    infix: str = ""  # the sign between two operands, in plain text
    binds: int = 9  # precedence, as in Python: comparisons 1, + 2, * 3, unary minus 4, ** 5, calls 9
    about: str = ""
    mathml: str = ""  # "": made of the sign between the operands, or of the name

    def __repr__(self) -> str:
        return f"Word({self.name})"

    def __reduce__(self) -> tuple[Any, ...]:
        return (_by_name, (self.name,))


WORDS: dict[str, Word] = {}


def _by_name(name: str) -> Word:
    return WORDS[name]


def _word(name: str, arity: int, numpy: Any, machine: str, latex: str, tangent: Rule, **more: Any) -> None:
    WORDS[name] = Word(name, arity, numpy, machine, latex, tangent, **more)


def times(t: Tangent, factor: Any) -> Tangent:
    """t · factor, where an exact zero stays one."""
    return None if t is None else t * factor


def plus(a: Tangent, b: Tangent) -> Tangent:
    """a + b, where exact zeros are left out."""
    if a is None or b is None:
        return b if a is None else a
    return a + b


def or_zero(t: Tangent) -> Any:
    """The tangent as a value: 0 for an exact zero."""
    return 0.0 if t is None else t


def _call(name: str, *args: Any) -> Expr:
    from .formula import call

    return call(name, *args)


def _choose(y: Expr, a: tuple[Expr, ...], t: tuple[Tangent, ...]) -> Tangent:
    # Branch by branch: the branch that is not taken never meets the other's factor.
    return _call("where", a[0], or_zero(t[1]), or_zero(t[2]))


def _larger(y: Expr, a: tuple[Expr, ...], t: tuple[Tangent, ...]) -> Tangent:
    # At a tie both sides share the slope (as PyTorch does); the last branch is reached by NaN alone and keeps it.
    ta, tb = or_zero(t[0]), or_zero(t[1])
    tie = _call("where", _call("eq", a[0], a[1]), (ta + tb) * 0.5 if ta is not tb else ta, a[0] + a[1])
    return _call("where", a[0] > a[1], ta, _call("where", a[0] < a[1], tb, tie))


def _smaller(y: Expr, a: tuple[Expr, ...], t: tuple[Tangent, ...]) -> Tangent:
    ta, tb = or_zero(t[0]), or_zero(t[1])
    tie = _call("where", _call("eq", a[0], a[1]), (ta + tb) * 0.5 if ta is not tb else ta, a[0] + a[1])
    return _call("where", a[0] < a[1], ta, _call("where", a[0] > a[1], tb, tie))


def _power(y: Expr, a: tuple[Expr, ...], t: tuple[Tangent, ...]) -> Tangent:
    base, exponent = a
    flat = t[0] is None or (exponent.kind == "constant" and exponent.label == 0)  # 0 · base⁻¹ is NaN at 0
    falling = None if flat else times(t[0], exponent * _call("pow", base, exponent - 1.0))
    return plus(falling, times(t[1], y * _call("log", base)))


def _flat(y: Expr, a: tuple[Expr, ...], t: tuple[Tangent, ...]) -> Tangent:
    return None


def _select(condition: Any, a: Any, b: Any) -> Any:
    return np.where(np.asarray(condition) != 0, a, b)


def _compare(ufunc: Any) -> Callable[[Any, Any], Any]:
    # A condition is 1 or 0 in the type of its operands, as everything else in a formula.
    return lambda a, b: ufunc(a, b).astype(np.result_type(a, b))


def _special(name: str) -> Callable[[Any], Any]:
    # NumPy has neither; SciPy's are in a package that is slow to import, so only for whoever computes one.
    def computed(a: Any) -> Any:
        from scipy import special

        return getattr(special, name)(a)

    return computed


_TEST = "(ONE if {0} %s {1} else ZERO)"

_word("add", 2, np.add, "({0} + {1})", "{0} + {1}", lambda y, a, t: plus(t[0], t[1]), infix=" + ", binds=2)
_word(
    "sub", 2, np.subtract, "({0} - {1})", "{0} - {1}",
    lambda y, a, t: plus(t[0], None if t[1] is None else -t[1]), infix=" - ", binds=2,
)  # fmt: skip
_word(
    "mul", 2, np.multiply, "({0} * {1})", r"{0} \, {1}",
    lambda y, a, t: plus(times(t[0], a[1]), times(t[1], a[0])), infix=" * ", binds=3,
)  # fmt: skip
_word(
    "div", 2, np.divide, "({0} / {1})", r"\frac{{{0}}}{{{1}}}",
    lambda y, a, t: plus(None if t[0] is None else t[0] / a[1], None if t[1] is None else -(t[1] * y / a[1])),
    infix=" / ", binds=3,
    mathml="<mfrac>{0}{1}</mfrac>",
)  # fmt: skip
_word(
    "neg", 1, np.negative, "(-{0})", "-{0}", lambda y, a, t: None if t[0] is None else -t[0], binds=4,
    mathml="<mo>−</mo>{0}",
)  # fmt: skip
_word(
    "pow", 2, np.power, "power({0}, {1})", "{{{0}}}^{{{1}}}", _power, infix=" ** ", binds=5,
    mathml="<msup>{0}{1}</msup>",
)  # fmt: skip
_word(
    "abs", 1, np.abs, "abs({0})", r"\left|{0}\right|",
    lambda y, a, t: times(t[0], _call("sign", a[0])), about="at 0 the derivative is taken as 0",
    mathml="<mo>|</mo>{0}<mo>|</mo>",
)  # fmt: skip
_word(
    "sign", 1, np.sign, "(ONE if {0} > ZERO else (-ONE if {0} < ZERO else {0}))",
    r"\operatorname{{sign}}\left({0}\right)", _flat,
)  # fmt: skip
_word(
    "floor", 1, np.floor, "np.floor({0})", r"\left\lfloor{0}\right\rfloor", _flat,
    about="the largest whole number that is not above a; its derivative is taken as 0",
    mathml="<mo>⌊</mo>{0}<mo>⌋</mo>",
)  # fmt: skip
_word("exp", 1, np.exp, "exp({0})", "e^{{{0}}}", lambda y, a, t: times(t[0], y), mathml="<msup><mi>e</mi>{0}</msup>")
_word(
    "expm1", 1, np.expm1, "expm1({0})", r"\left(e^{{{0}}} - 1\right)", lambda y, a, t: times(t[0], y + 1),
    mathml="<mo>(</mo><msup><mi>e</mi>{0}</msup><mo>−</mo><mn>1</mn><mo>)</mo>",
)  # fmt: skip
_word(
    "log", 1, np.log, "log({0})", r"\ln\left({0}\right)", lambda y, a, t: None if t[0] is None else t[0] / a[0],
    mathml="<mi>ln</mi><mo>(</mo>{0}<mo>)</mo>",
)  # fmt: skip
_word(
    "log1p", 1, np.log1p, "log1p({0})", r"\ln\left(1 + {0}\right)",
    lambda y, a, t: None if t[0] is None else t[0] / (a[0] + 1),
    mathml="<mi>ln</mi><mo>(</mo><mn>1</mn><mo>+</mo>{0}<mo>)</mo>",
)  # fmt: skip
_word(
    "sqrt", 1, np.sqrt, "square_root({0})", r"\sqrt{{{0}}}",
    lambda y, a, t: None if t[0] is None else t[0] * 0.5 / y,
    mathml="<msqrt>{0}</msqrt>",
)  # fmt: skip
_word(
    "tanh", 1, np.tanh, "tanh({0})", r"\tanh\left({0}\right)",
    lambda y, a, t: times(t[0], 1 - y * y),
)  # fmt: skip
_word(
    "erf", 1, _special("erf"), "erf({0}, exp(-({0} * {0})), mills(DTYPE(1.4142135623730951) * {0}))",
    r"\operatorname{{erf}}\left({0}\right)",
    lambda y, a, t: times(t[0], 2 / math.sqrt(math.pi) * _call("exp", -(a[0] * a[0]))),
    about="the error function, 2/√π times the integral of e^(-x²) from 0 to a",
)  # fmt: skip
_word(
    "ndtr", 1, _special("ndtr"), "ndtr({0}, bell({0}), mills({0}))", r"\Phi\left({0}\right)",
    lambda y, a, t: times(t[0], 1 / math.sqrt(2 * math.pi) * _call("exp", a[0] * a[0] * -0.5)),
    about="the distribution function of the standard normal: Φ(a) = (1 + erf(a / √2)) / 2, accurate in both tails",
    mathml="<mi>Φ</mi><mo>(</mo>{0}<mo>)</mo>",
)  # fmt: skip
_word(
    "atan", 1, np.arctan, "atan({0})", r"\arctan\left({0}\right)",
    lambda y, a, t: None if t[0] is None else t[0] / (1 + a[0] * a[0]),
    mathml="<mi>arctan</mi><mo>(</mo>{0}<mo>)</mo>",
)  # fmt: skip
_word("sin", 1, np.sin, "sine({0})", r"\sin\left({0}\right)", lambda y, a, t: times(t[0], _call("cos", a[0])))
_word("cos", 1, np.cos, "cosine({0})", r"\cos\left({0}\right)", lambda y, a, t: times(t[0], -_call("sin", a[0])))
# The first condition is true for the larger and for a NaN in a; a NaN in b is what is left.
_word(
    "max", 2, np.maximum, "({0} if ({0} >= {1}) | ({0} != {0}) else {1})",
    r"\max\left({0}, {1}\right)", _larger, about="at a tie both sides have half the derivative",
)  # fmt: skip
_word(
    "min", 2, np.minimum, "({0} if ({0} <= {1}) | ({0} != {0}) else {1})",
    r"\min\left({0}, {1}\right)", _smaller, about="at a tie both sides have half the derivative",
)  # fmt: skip
_word(
    "where", 3, _select, "({1} if {0} != ZERO else {2})",
    r"\begin{{cases}} {1} & {0} \\ {2} & \text{{otherwise}} \end{{cases}}", _choose,
)  # fmt: skip
_word("gt", 2, _compare(np.greater), _TEST % ">", "{0} > {1}", _flat, infix=" > ", binds=1)
_word("ge", 2, _compare(np.greater_equal), _TEST % ">=", r"{0} \ge {1}", _flat, infix=" >= ", binds=1)
_word("lt", 2, _compare(np.less), _TEST % "<", "{0} < {1}", _flat, infix=" < ", binds=1)
_word("le", 2, _compare(np.less_equal), _TEST % "<=", r"{0} \le {1}", _flat, infix=" <= ", binds=1)
_word("eq", 2, _compare(np.equal), _TEST % "==", "{0} = {1}", _flat, infix=" == ", binds=1)

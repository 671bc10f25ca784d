"""The vocabulary as operations on arrays and nodes: add, mul, exp, where and the rest, one line each.

They are a view of `words.py`: a word added there is an operation here.  `maximum`, `where` and the others are for
writing formulas and graphs; on plain arrays they compute.
"""

from __future__ import annotations

from typing import Any

from . import formula as fm
from .declare import REGISTRY, Elementwise, Facts, register
from .words import WORDS

_DOMAINS = {"log": (0.1, 4.0), "sqrt": (0.1, 4.0), "log1p": (-0.8, 4.0), "pow": (0.3, 2.5), "div": (0.3, 4.0)}
_KINKS = {"abs": (0.0,), "floor": tuple(float(n) for n in range(-4, 5))}
_INPUTS = {1: "a", 2: "ab", 3: "cab"}


def _declare(name: str) -> Elementwise:
    word = WORDS[name]
    inputs = list(_INPUTS[word.arity])
    facts = Facts(
        domain=_DOMAINS.get(name, (-4.0, 4.0)),
        kinks=_KINKS.get(name, ()),
        side="zero" if name == "floor" else "mean",
        nan={"where": "taken"}.get(name, "false" if name in ("gt", "ge", "lt", "le", "eq") else "kept"),
        hot=name in ("add", "mul"),
    )
    return register(Elementwise(name, inputs, {}, fm.call(name, *map(fm.symbol, inputs)), facts, word.about))


for _name in WORDS:
    if _name not in ("tanh", "erf", "sign"):  # activation functions too: declared in activation/, with all their facts
        _declare(_name)

add, sub, mul, div = (REGISTRY[n] for n in ("add", "sub", "mul", "div"))
neg, exp, expm1, log, log1p, sqrt = (REGISTRY[n] for n in ("neg", "exp", "expm1", "log", "log1p", "sqrt"))
absolute, sin, cos, power, floor = (REGISTRY[n] for n in ("abs", "sin", "cos", "pow", "floor"))
ndtr, atan = (REGISTRY[n] for n in ("ndtr", "atan"))
maximum, minimum, where, equal, less = (REGISTRY[n] for n in ("max", "min", "where", "eq", "lt"))


def sigmoid_formula(u: Any) -> Any:
    """1 / (1 + e^-u) without overflow: e^-|u| is never above 1."""
    e = exp(-abs(u))
    return where(u >= 0, 1 / (1 + e), e / (1 + e))


def sigmoid_parts(u: Any) -> tuple[Any, Any]:
    """σ(u) and its slope σ (1 - σ), in which 1 - σ itself would cancel for large u."""
    e = exp(-abs(u))
    r = 1 / (1 + e)
    return where(u >= 0, r, e * r), e * r * r


def softplus_formula(u: Any) -> Any:
    """ln(1 + e^u) without overflow, and with all digits where it is small."""
    return maximum(u, 0) + log1p(exp(-abs(u)))


def root_formula(u: Any, b: Any) -> Any:
    """√(u² + b) without overflow."""
    return where(abs(u) <= 1, sqrt(u * u + b), abs(u) * sqrt(1 + b / (u * u)))


def root_share(u: Any, b: Any = 1.0) -> Any:
    """u / √(u² + b), between -1 and 1, without overflow."""
    return where(abs(u) <= 1, u / sqrt(u * u + b), fm.call("sign", u) / sqrt(1 + b / (u * u)))


def unless_nan(u: Any, value: Any) -> Any:
    """`value`, but NaN where u is NaN: for slopes that come out of comparisons, which a NaN fails."""
    return where(equal(u, u), value, u)

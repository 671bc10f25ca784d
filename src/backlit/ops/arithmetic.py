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
_KINKS = {"abs": (0.0,), "sign": (0.0,), "floor": tuple(float(n) for n in range(-4, 5))}
_INPUTS = {1: "a", 2: "ab", 3: "cab"}


def _declare(name: str) -> Elementwise:
    word = WORDS[name]
    inputs = list(_INPUTS[word.arity])
    facts = Facts(
        domain=_DOMAINS.get(name, (-4.0, 4.0)),
        kinks=_KINKS.get(name, ()),
        side="zero" if name in ("sign", "floor") else "mean",
        nan={"where": "taken"}.get(name, "false" if name in ("gt", "ge", "lt", "le", "eq") else "kept"),
        hot=name in ("add", "mul"),
    )
    return register(Elementwise(name, inputs, {}, fm.call(name, *map(fm.symbol, inputs)), facts, word.about))


for _name in WORDS:
    if _name != "tanh":  # an activation function too: declared in activation/sigmoid.py, with all its facts
        _declare(_name)

add, sub, mul, div = (REGISTRY[n] for n in ("add", "sub", "mul", "div"))
neg, exp, expm1, log, log1p, sqrt = (REGISTRY[n] for n in ("neg", "exp", "expm1", "log", "log1p", "sqrt"))
absolute, sin, cos, power, floor = (REGISTRY[n] for n in ("abs", "sin", "cos", "pow", "floor"))
erf, ndtr = (REGISTRY[n] for n in ("erf", "ndtr"))
maximum, minimum, where, equal = (REGISTRY[n] for n in ("max", "min", "where", "eq"))


def sigmoid_formula(u: Any) -> Any:
    """1 / (1 + e^-u) without overflow: e^-|u| is never above 1."""
    e = exp(-abs(u))
    return where(u >= 0, 1 / (1 + e), e / (1 + e))

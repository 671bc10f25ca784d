"""WHAT is computed: every operation, declared once.  Start with `activation/relu.py`."""

from . import (
    activation,
    arithmetic,
    batch_norm,
    linear,
    loss,
    movement,
    normalized,
    random,
    reduction,
    standardised,
    trained,
)
from .declare import REGISTRY, Elementwise, Facts, Op, Structural, elementwise, structural
from .formula import Expr
from .lookup import find, known_as
from .parse import is_typed, parse, typed_activation
from .shapes import Rows


def activation_named(name: str) -> Op:
    """The activation function of this name, or the one that the text writes: "relu", "u / (1 + abs(u))".

    >>> activation_named("swish"), activation_named("elu(u, alpha=2)")
    (<elementwise silu>, <elementwise elu(u, alpha=2)>)
    """
    known = known_as(name, "activation")
    return known or (typed_activation(name) if is_typed(name) else find(name, "activation"))


__all__ = [
    "REGISTRY",
    "Elementwise",
    "Expr",
    "Facts",
    "Op",
    "Rows",
    "Structural",
    "activation",
    "activation_named",
    "arithmetic",
    "batch_norm",
    "elementwise",
    "find",
    "is_typed",
    "known_as",
    "linear",
    "loss",
    "movement",
    "normalized",
    "parse",
    "random",
    "reduction",
    "standardised",
    "structural",
    "trained",
    "typed_activation",
]

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
from .declare import REGISTRY, Elementwise, Facts, Op, Structural, elementwise, find, structural
from .formula import Expr
from .parse import is_typed, parse, typed_activation
from .shapes import Rows


def activation_named(name: str) -> Op:
    """The activation function of this name, or the one that the text writes: "relu", "u / (1 + abs(u))"."""
    known = name in REGISTRY and REGISTRY[name].facts.role == "activation"
    return typed_activation(name) if not known and is_typed(name) else find(name, "activation")


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

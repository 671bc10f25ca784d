"""Initial weights: how large the random numbers are that a layer starts from.

The point of xavier, he and lecun is the same: u should have about the same variance in every layer, neither dying
out nor exploding.  They differ in what they assume of the activation function.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np

from ..errors import fail, nearest

Array = np.ndarray[Any, np.dtype[np.float64]]
_RULES: dict[str, tuple[Callable[..., Array], float | None]] = {}


@dataclass(frozen=True)
class Initializer:
    """A rule for initial weights, by name, with its one number if it has one; made by the functions below."""

    name: str
    value: float | None = None

    def __post_init__(self) -> None:
        if self.name not in _RULES or (self.value is not None and _RULES[self.name][1] is None):
            told = self.name if self.value is None else f"{self.name}({self.value})"
            raise fail("BL306", name=told, known=", ".join(_RULES), nearest=nearest(self.name, _RULES))
        low = -math.inf if self.name == "constant" else 0
        if self.value is not None and not (isinstance(self.value, Real) and low <= self.value < math.inf):
            raise fail("BL305", name=self.name, low=low, high="…", value=self.value, where="weights")

    def __call__(self, fan_in: int, fan_out: int, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        """Numbers of the given shape for a unit with `fan_in` incoming and `fan_out` outgoing connections."""
        rule, default = _RULES[self.name]
        value = default if self.value is None else self.value
        return rule(fan_in, fan_out, shape, rng) if value is None else rule(fan_in, fan_out, shape, rng, value)

    def spec(self) -> str | list[Any]:
        """The form in which it is stored: "he" or ["normal", 0.01]."""
        return self.name if self.value is None else [self.name, self.value]


def _rule(name: str, default: float | None = None) -> Callable[[Callable[..., Array]], Callable[..., Array]]:
    def keep(function: Callable[..., Array]) -> Callable[..., Array]:
        _RULES[name] = (function, default)
        return function

    return keep


@_rule("xavier")
def _xavier(fan_in: int, fan_out: int, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    limit = np.sqrt(6.0 / (fan_in + fan_out))
    return rng.uniform(-limit, limit, shape)


@_rule("he")
def _he(fan_in: int, fan_out: int, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    return rng.normal(0.0, np.sqrt(2.0 / fan_in), shape)


@_rule("lecun")
def _lecun(fan_in: int, fan_out: int, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    return rng.normal(0.0, np.sqrt(1.0 / fan_in), shape)


@_rule("uniform", 0.05)
def _uniform(fan_in: int, fan_out: int, shape: tuple[int, ...], rng: np.random.Generator, limit: float) -> Array:
    return rng.uniform(-limit, limit, shape)


@_rule("normal", 0.05)
def _normal(fan_in: int, fan_out: int, shape: tuple[int, ...], rng: np.random.Generator, std: float) -> Array:
    return rng.normal(0.0, std, shape)


@_rule("zeros")
def _zeros(fan_in: int, fan_out: int, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    return np.zeros(shape)


@_rule("constant", 0.0)
def _constant(fan_in: int, fan_out: int, shape: tuple[int, ...], rng: np.random.Generator, value: float) -> Array:
    return np.full(shape, value)


def xavier() -> Initializer:
    """Uniform in ±√(6 / (in + out)): for sigmoid, tanh and linear units (Glorot, Bengio, AISTATS 2010)."""
    return Initializer("xavier")


def he() -> Initializer:
    """Normal with variance 2 / in: for the ReLU family, which halves the variance (He et al., ICCV 2015)."""
    return Initializer("he")


def lecun() -> Initializer:
    """Normal with variance 1 / in (LeCun et al., "Efficient BackProp", 1998)."""
    return Initializer("lecun")


def uniform(limit: float = 0.05) -> Initializer:
    """Uniform in ±limit."""
    return Initializer("uniform", limit)


def normal(std: float = 0.05) -> Initializer:
    """Normal with this standard deviation."""
    return Initializer("normal", std)


def zeros() -> Initializer:
    """All zeros: right for biases; as weights of hidden layers all units stay the same for ever."""
    return Initializer("zeros")


def constant(value: float) -> Initializer:
    """All the same number."""
    return Initializer("constant", value)


def names() -> list[str]:
    """The names of all initializers."""
    return list(_RULES)


def initializer(given: Initializer | str | list[Any] | tuple[Any, ...] | float) -> Initializer:
    """An initializer from what a person gives: itself, a name, a name with its number, or a number.

    >>> initializer("he"), initializer(["normal", 0.01])
    (Initializer(name='he', value=None), Initializer(name='normal', value=0.01))
    """
    if isinstance(given, Initializer):
        return given
    if isinstance(given, Real):
        return Initializer("constant", float(given))
    if isinstance(given, (list, tuple)) and len(given) == 2:
        return Initializer(str(given[0]), given[1])
    return Initializer(given if isinstance(given, str) else repr(given))

"""Initial weights: how large the random numbers are that a layer starts from.

The point of xavier, he and lecun is the same: u should have about the same variance in every layer, neither dying
out nor exploding.  They differ in what they assume of the activation function: he, that it halves the variance, lecun
and xavier, that it keeps it; xavier thinks of the error signals on their way back, too.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np

from ..errors import fail, nearest
from ..ops import Elementwise, activation_named

__all__ = [
    "Initializer", "constant", "gain", "he", "identity", "lecun", "normal", "orthogonal", "sparse", "truncated_normal",
    "uniform", "xavier", "zeros",
]  # fmt: skip
Array = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class Rule:
    """A rule for initial weights: the function that draws, and its one number, if it has one."""

    draw: Callable[..., Array]
    default: float | None
    low: float
    high: float


_RULES: dict[str, Rule] = {}
_OTHERS = {  # names in PyTorch and Keras
    "glorot_uniform": "xavier_uniform", "glorot_normal": "xavier_normal", "kaiming_uniform": "he_uniform",
    "kaiming_normal": "he_normal", "trunc_normal": "truncated_normal", "eye": "identity", "ones": "constant",
}  # fmt: skip


@dataclass(frozen=True)
class Initializer:
    """A rule for initial weights, by name, with its one number if it has one; made by the functions below.

    >>> Initializer("he"), Initializer("normal", 0.01).spec()
    (Initializer(name='he', value=None), ['normal', 0.01])
    >>> rule = Initializer("constant", 0.5)
    >>> rule(2, 1, (2, 1), np.random.default_rng(0)).tolist()
    [[0.5], [0.5]]
    """

    name: str
    value: float | None = None

    def __post_init__(self) -> None:
        if self.name == "ones" and self.value is None:
            object.__setattr__(self, "value", 1.0)
        object.__setattr__(self, "name", _OTHERS.get(self.name, self.name))
        rule = _RULES.get(self.name)
        if rule is None or (self.value is not None and rule.default is None):
            told = self.name if self.value is None else f"{self.name}({self.value})"
            raise fail("BL306", name=told, known=", ".join(_RULES), nearest=nearest(self.name, [*_RULES, *_OTHERS]))
        if self.value is not None and not (isinstance(self.value, Real) and rule.low <= self.value < rule.high):
            high = "…" if math.isinf(rule.high) else f"{rule.high:g} (below)"
            raise fail("BL305", name=self.name, low=rule.low, high=high, value=self.value, where="weights")

    def __call__(self, fan_in: int, fan_out: int, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        """Numbers of the given shape for a unit with `fan_in` incoming and `fan_out` outgoing connections."""
        rule = _RULES[self.name]
        value = rule.default if self.value is None else self.value
        return rule.draw(fan_in, fan_out, shape, rng, *(() if value is None else (value,)))

    def spec(self) -> str | list[Any]:
        """The form in which it is stored: "he" or ["normal", 0.01]."""
        return self.name if self.value is None else [self.name, self.value]


def _rule(
    name: str, default: float | None = None, low: float = 0.0, high: float = math.inf
) -> Callable[[Callable[..., Array]], Callable[..., Array]]:
    def keep(function: Callable[..., Array]) -> Callable[..., Array]:
        _RULES[name] = Rule(function, default, low, high)
        return function

    return keep


Rng = np.random.Generator
Sizes = tuple[int, ...]


def _uniformly(std: float, shape: Sizes, rng: Rng) -> Array:
    """Uniform numbers of this standard deviation."""
    limit = math.sqrt(3.0) * std
    return rng.uniform(-limit, limit, shape)


@_rule("xavier")
def _xavier(fan_in: int, fan_out: int, shape: Sizes, rng: Rng) -> Array:
    limit = np.sqrt(6.0 / (fan_in + fan_out))
    return rng.uniform(-limit, limit, shape)


@_rule("xavier_uniform", 1.0)
def _xavier_uniform(fan_in: int, fan_out: int, shape: Sizes, rng: Rng, gain: float) -> Array:
    return _uniformly(gain * math.sqrt(2.0 / (fan_in + fan_out)), shape, rng)


@_rule("xavier_normal", 1.0)
def _xavier_normal(fan_in: int, fan_out: int, shape: Sizes, rng: Rng, gain: float) -> Array:
    return rng.normal(0.0, gain * math.sqrt(2.0 / (fan_in + fan_out)), shape)


@_rule("he")
def _he(fan_in: int, fan_out: int, shape: Sizes, rng: Rng) -> Array:
    return rng.normal(0.0, np.sqrt(2.0 / fan_in), shape)


@_rule("he_uniform", math.sqrt(2.0))
def _he_uniform(fan_in: int, fan_out: int, shape: Sizes, rng: Rng, gain: float) -> Array:
    return _uniformly(gain / math.sqrt(fan_in), shape, rng)


@_rule("he_normal", math.sqrt(2.0))
def _he_normal(fan_in: int, fan_out: int, shape: Sizes, rng: Rng, gain: float) -> Array:
    return rng.normal(0.0, gain / math.sqrt(fan_in), shape)


@_rule("lecun")
def _lecun(fan_in: int, fan_out: int, shape: Sizes, rng: Rng) -> Array:
    return rng.normal(0.0, np.sqrt(1.0 / fan_in), shape)


@_rule("lecun_uniform", 1.0)
def _lecun_uniform(fan_in: int, fan_out: int, shape: Sizes, rng: Rng, gain: float) -> Array:
    return _uniformly(gain / math.sqrt(fan_in), shape, rng)


@_rule("lecun_normal", 1.0)
def _lecun_normal(fan_in: int, fan_out: int, shape: Sizes, rng: Rng, gain: float) -> Array:
    return rng.normal(0.0, gain / math.sqrt(fan_in), shape)


@_rule("uniform", 0.05)
def _uniform(fan_in: int, fan_out: int, shape: Sizes, rng: Rng, limit: float) -> Array:
    return rng.uniform(-limit, limit, shape)


@_rule("normal", 0.05)
def _normal(fan_in: int, fan_out: int, shape: Sizes, rng: Rng, std: float) -> Array:
    return rng.normal(0.0, std, shape)


@_rule("truncated_normal", 0.05)
def _truncated_normal(fan_in: int, fan_out: int, shape: Sizes, rng: Rng, std: float) -> Array:
    """By the inverse of the distribution function: uniform between Φ(-2) and Φ(2), and through Φ⁻¹."""
    from scipy.special import ndtr, ndtri

    drawn: Array = np.clip(ndtri(rng.uniform(ndtr(-2.0), ndtr(2.0), shape)), -2.0, 2.0)
    return std * drawn


@_rule("orthogonal", 1.0)
def _orthogonal(fan_in: int, fan_out: int, shape: Sizes, rng: Rng, gain: float) -> Array:
    """Q of a normal matrix's QR; with R's diagonal made positive every orthogonal matrix is as likely as the other."""
    rows = shape[0]
    drawn = rng.normal(size=(rows, math.prod(shape[1:])))
    wide = drawn.shape[0] < drawn.shape[1]
    q, r = np.linalg.qr(drawn.T if wide else drawn)
    q = q * np.where(np.diag(r) < 0, -1.0, 1.0)
    return gain * np.ascontiguousarray(q.T if wide else q).reshape(shape)


@_rule("sparse", 0.9, high=1.0)
def _sparse(fan_in: int, fan_out: int, shape: Sizes, rng: Rng, share: float) -> Array:
    drawn = rng.normal(0.0, 0.01, (shape[0], math.prod(shape[1:])))
    zeros_of_a_unit = math.ceil(share * shape[0])
    order = rng.permuted(np.tile(np.arange(shape[0])[:, None], (1, drawn.shape[1])), axis=0)
    drawn[order < zeros_of_a_unit] = 0.0
    return drawn.reshape(shape)


@_rule("identity", 1.0, low=-math.inf)
def _identity(fan_in: int, fan_out: int, shape: Sizes, rng: Rng, value: float) -> Array:
    return value * np.eye(shape[0], math.prod(shape[1:])).reshape(shape)


@_rule("zeros")
def _zeros(fan_in: int, fan_out: int, shape: Sizes, rng: Rng) -> Array:
    return np.zeros(shape)


@_rule("constant", 0.0, low=-math.inf)
def _constant(fan_in: int, fan_out: int, shape: Sizes, rng: Rng, value: float) -> Array:
    return np.full(shape, value)


def gain(activation: str | None) -> float:
    """By what weights grow so that outputs of this activation keep their size: 1 / √(E f(z)²), z standard normal.

    √2 for ReLU, 1.59 for tanh, 1 for SELU: found by integrating f itself, so a typed formula has its gain too.

    Notes
    -----
    PyTorch's calculate_gain has √2 for ReLU and √(2 / (1 + slope²)) for leaky ReLU, which is the same, but rounds
    tanh's up to 5/3, takes 1 for sigmoid, and 3/4 for SELU.

    Examples
    --------
    >>> round(gain("relu"), 6), round(gain("tanh"), 4), gain(None)
    (1.414214, 1.5925, 1.0)
    """
    f = None if activation is None else activation_named(activation)
    if not isinstance(f, Elementwise):  # none, or one of whole rows
        return 1.0
    z = (np.arange(40_000) + 0.5) / 2_000 - 10.0  # the middles of small steps from -10 to 10
    density = np.exp(-0.5 * z * z) / math.sqrt(2 * math.pi) / 2_000
    square = float(np.sum(density * np.square(f(z))))
    return 1.0 / math.sqrt(square) if 0 < square < math.inf else 1.0


def xavier(value: float | None = None, *, distribution: str = "uniform") -> Initializer:
    """Variance 2 / (in + out), uniform or normal: for sigmoid, tanh and linear units (Glorot, Bengio, AISTATS 2010).

    `value` is a gain, 1 if not given (see `gain`); uniform means in ±√(6 / (in + out)).  Names: "xavier",
    "xavier_uniform", "xavier_normal", in Keras glorot_uniform and glorot_normal, which is truncated there.

    >>> w = xavier()(100, 50, (100, 50), np.random.default_rng(0))
    >>> round(float(abs(w).max()), 3), round(math.sqrt(6 / 150), 3)
    (0.2, 0.2)
    """
    return _of("xavier", "uniform", value, distribution)


def he(value: float | None = None, *, distribution: str = "normal") -> Initializer:
    """Variance 2 / in, normal or uniform: for the ReLU family, which halves the variance (He et al., ICCV 2015).

    `value` is a gain in place of √2.  Names: "he", "he_normal", "he_uniform", in PyTorch kaiming_normal
    (whose `nonlinearity` chooses the gain) and kaiming_uniform; Keras' he_normal is truncated.

    >>> w = he()(100, 50, (100, 50), np.random.default_rng(0))
    >>> round(float(w.std()), 3), round(math.sqrt(2 / 100), 3)
    (0.141, 0.141)
    """
    return _of("he", "normal", value, distribution)


def lecun(value: float | None = None, *, distribution: str = "normal") -> Initializer:
    """Variance 1 / in, normal or uniform: for SELU (LeCun et al., "Efficient BackProp", 1998).

    `value` is a gain, 1 if not given.  Names: "lecun", "lecun_normal", "lecun_uniform"; Keras' lecun_normal is cut.

    >>> w = lecun()(100, 50, (100, 50), np.random.default_rng(0))
    >>> round(float(w.std()), 3), round(math.sqrt(1 / 100), 3)
    (0.1, 0.1)
    """
    return _of("lecun", "normal", value, distribution)


def _of(family: str, usual: str, value: float | None, distribution: str) -> Initializer:
    return Initializer(family if value is None and distribution == usual else f"{family}_{distribution}", value)


def uniform(limit: float = 0.05) -> Initializer:
    """Uniform in ±limit.

    >>> w = uniform(0.1)(100, 50, (100, 50), np.random.default_rng(0))
    >>> bool(abs(w).max() <= 0.1), uniform(0.1).spec()
    (True, ['uniform', 0.1])
    """
    return Initializer("uniform", limit)


def normal(std: float = 0.05) -> Initializer:
    """Normal with this standard deviation.

    >>> w = normal(0.1)(100, 50, (100, 50), np.random.default_rng(0))
    >>> round(float(w.std()), 3), normal(0.1).spec()
    (0.1, ['normal', 0.1])
    """
    return Initializer("normal", std)


def truncated_normal(std: float = 0.05) -> Initializer:
    """Normal with this standard deviation, but never further from 0 than twice that.

    What would be beyond is not cut but drawn inside, so the deviation of the result is 0.88 std.  As Keras'
    TruncatedNormal and JAX's; PyTorch's trunc_normal_ has its ends at ±2 whatever std is.

    >>> w = truncated_normal(0.1)(100, 50, (100, 50), np.random.default_rng(0))
    >>> round(float(w.std()), 3), bool(abs(w).max() <= 0.2)
    (0.088, True)
    """
    return Initializer("truncated_normal", std)


def orthogonal(value: float = 1.0) -> Initializer:
    """Columns, or rows where there are fewer, at right angles and of length `value` (Saxe, McClelland, Ganguli, 2014).

    Then the layer turns its inputs without making any of them longer or shorter: deep linear networks pass on
    signals and errors as they are.  PyTorch's orthogonal_, Keras' Orthogonal.

    >>> w = orthogonal()(3, 3, (3, 3), np.random.default_rng(0))
    >>> np.allclose(w @ w.T, np.eye(3))
    True
    """
    return Initializer("orthogonal", value)


def sparse(share: float = 0.9) -> Initializer:
    """Each unit has only some incoming weights: this share of them is 0, the others are normal with deviation 0.01.

    So Martens, ICML 2010.  PyTorch's sparse_ leaves each input few outgoing weights instead.

    >>> w = sparse(0.75)(8, 2, (8, 2), np.random.default_rng(0))
    >>> np.count_nonzero(w, axis=0).tolist()
    [2, 2]
    """
    return Initializer("sparse", share)


def identity(value: float = 1.0) -> Initializer:
    """`value` on the diagonal, 0 elsewhere: at first the layer hands on what it gets.  PyTorch's eye_.

    >>> identity(2.0)(2, 3, (2, 3), np.random.default_rng(0)).tolist()
    [[2.0, 0.0, 0.0], [0.0, 2.0, 0.0]]
    """
    return Initializer("identity", value)


def zeros() -> Initializer:
    """All zeros: right for biases; as weights of hidden layers all units stay the same for ever.

    >>> zeros()(2, 2, (2, 2), np.random.default_rng(0)).tolist()
    [[0.0, 0.0], [0.0, 0.0]]
    """
    return Initializer("zeros")


def constant(value: float) -> Initializer:
    """All the same number.

    >>> constant(0.1)(2, 2, (2, 2), np.random.default_rng(0)).tolist()
    [[0.1, 0.1], [0.1, 0.1]]
    """
    return Initializer("constant", value)


def names() -> list[str]:
    """The names of all initializers."""
    return list(_RULES)


def initializer(given: Initializer | str | list[Any] | tuple[Any, ...] | float) -> Initializer:
    """An initializer from what a person gives: itself, a name, a name with its number, or a number.

    >>> initializer("he"), initializer(["normal", 0.01]), initializer("glorot_normal")
    (Initializer(name='he', value=None), Initializer(name='normal', value=0.01), Initializer(name='xavier_normal',
    value=None))
    """
    if isinstance(given, Initializer):
        return given
    if isinstance(given, Real):
        return Initializer("constant", float(given))
    if isinstance(given, (list, tuple)) and len(given) == 2:
        return Initializer(str(given[0]), given[1])
    return Initializer(given if isinstance(given, str) else repr(given))

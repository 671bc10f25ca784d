"""Update rules, each declared once by its formula for one weight.

A rule is a function of the weight w, its gradient g, the state it keeps per weight, and its settings; it returns the
new weight and the new state.  It is lowered like every other formula, to one pass over all weights.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any

from ..core.lowering import Update
from ..errors import fail, nearest
from ..ops import formula as fm
from ..ops.arithmetic import sqrt


@dataclass(frozen=True)
class Optimizer:
    """An update rule with its settings."""

    name: str
    settings: Mapping[str, float]
    update: Update
    full_batch: bool = False

    @property
    def learning_rate(self) -> float:
        return float(self.settings["learning_rate"])

    def __repr__(self) -> str:
        return f"{self.name}({', '.join(f'{k}={v:g}' for k, v in self.settings.items())})"


OPTIMIZERS: dict[str, Callable[..., Optimizer]] = {}
_INF = float("inf")
_LIMITS = {"learning_rate": (0.0, _INF), "eps": (0.0, _INF), "weight_decay": (0.0, _INF)}  # else 0 to 1
_OPEN = {  # limits that are not themselves allowed
    "learning_rate": (0.0, _INF),
    "eps": (_INF,),
    "weight_decay": (_INF,),
    "beta1": (1.0,),
    "beta2": (1.0,),
}


def rule(*, full_batch: bool = False) -> Callable[[Callable[..., Any]], Callable[..., Optimizer]]:
    """Decorator: positional arguments are w, g and the state; keyword arguments the settings with their defaults.

    `k`, the number of the step counted from 1, is a setting that the loop counts.
    """

    def declare(build: Callable[..., Any]) -> Callable[..., Optimizer]:
        parts = inspect.signature(build).parameters.values()
        arrays = [p.name for p in parts if p.kind is p.POSITIONAL_OR_KEYWORD]
        defaults = {p.name: p.default for p in parts if p.kind is p.KEYWORD_ONLY and p.name != "k"}
        uniforms = {p.name: fm.uniform(p.name) for p in parts if p.kind is p.KEYWORD_ONLY}
        result = build(*map(fm.symbol, arrays), **uniforms)
        formulas = tuple(result) if isinstance(result, tuple) else (result,)

        def make(**given: float) -> Optimizer:
            for name, value in given.items():
                if name not in defaults:
                    known = ", ".join(defaults)
                    raise fail("BL304", name=name, known=known, nearest=nearest(name, defaults), where=build.__name__)
                low, high = _LIMITS.get(name, (0.0, 1.0))
                if not isinstance(value, Real) or not low <= value <= high or value in _OPEN.get(name, ()):
                    raise fail("BL305", name=name, low=low, high=high, value=value, where=build.__name__)
            settings = {n: float(given.get(n, d)) for n, d in defaults.items()}
            scalars = {n: settings.get(n, 0.0) for n in uniforms}
            return Optimizer(build.__name__, settings, Update(formulas, tuple(arrays[2:]), scalars), full_batch)

        make.__doc__, make.__name__ = build.__doc__, build.__name__
        OPTIMIZERS[build.__name__] = make
        return make

    return declare


@rule(full_batch=True)
def gradient_descent(w, g, *, learning_rate=0.1):  # type: ignore[no-untyped-def]
    """The lecture's gradient descent: w ← w - ε · ∂E/∂w, where E is taken over all rows at once.

    A large ε does not converge, a small one takes long.
    """
    return w - learning_rate * g


@rule()
def sgd(w, g, *, learning_rate=0.01):  # type: ignore[no-untyped-def]
    """Stochastic gradient descent: w ← w - ε · ∂E/∂w with the gradient of a minibatch (Robbins, Monro, 1951)."""
    return w - learning_rate * g


@rule()
def momentum(w, g, v, *, learning_rate=0.01, momentum=0.9):  # type: ignore[no-untyped-def]
    """Gradient descent with a heavy ball: v ← β v + g, w ← w - ε v (Polyak, 1964; PyTorch's SGD(momentum=β))."""
    v = momentum * v + g
    return w - learning_rate * v, v


def _adam_step(g: Any, m: Any, v: Any, k: Any, rate: Any, beta1: Any, beta2: Any, eps: Any) -> tuple[Any, Any, Any]:
    """ε m̂ / (√v̂ + eps) and the new m and v, for Adam and what is built on it."""
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * (g * g)
    return rate / (1 - beta1**k) * m / (sqrt(v) / sqrt(1 - beta2**k) + eps), m, v


@rule()
def adam(w, g, m, v, *, k, learning_rate=0.001, beta1=0.9, beta2=0.999, eps=1e-8):  # type: ignore[no-untyped-def]
    """Adam: each weight has its own step, from running means of g and g² (Kingma, Ba, ICLR 2015, algorithm 1).

    m ← β₁ m + (1 - β₁) g, v ← β₂ v + (1 - β₂) g², w ← w - ε m̂ / (√v̂ + eps) with m̂ = m / (1 - β₁ᵏ),
    v̂ = v / (1 - β₂ᵏ).  As in PyTorch, eps stands outside the root.
    """
    step, m, v = _adam_step(g, m, v, k, learning_rate, beta1, beta2, eps)
    return w - step, m, v


@rule()
def adamw(  # type: ignore[no-untyped-def]
    w, g, m, v, *, k, learning_rate=0.001, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01
):
    """Adam that also pulls every weight towards 0, by the same share each step (Loshchilov, Hutter, ICLR 2019).

    w ← (1 - ε λ) w - (Adam's step), λ = weight_decay.  The pull does not go through m and v (it is *decoupled*), so
    a weight with large gradients is pulled as hard as any other; λ ‖w‖² / 2 added to the loss under Adam is another
    method.  As in PyTorch the pull comes first, is multiplied by ε (algorithm 2 of the paper keeps it apart from ε),
    and holds for every trained parameter, the biases too; frozen ones stay put.  With λ = 0 it is Adam.

    >>> adamw(learning_rate=0.01)
    adamw(learning_rate=0.01, beta1=0.9, beta2=0.999, eps=1e-08, weight_decay=0.01)
    """
    step, m, v = _adam_step(g, m, v, k, learning_rate, beta1, beta2, eps)
    return w * (1 - learning_rate * weight_decay) - step, m, v


def optimizer_named(given: str | Optimizer, **settings: float) -> Optimizer:
    """An optimizer by name with settings, or itself: `optimizer_named("adam", learning_rate=0.01)`.

    >>> optimizer_named("sgd", learning_rate=0.5)
    sgd(learning_rate=0.5)
    """
    if isinstance(given, Optimizer):
        return given if not settings else OPTIMIZERS[given.name](**{**given.settings, **settings})
    if given not in OPTIMIZERS:
        raise fail("BL303", name=given, known=", ".join(sorted(OPTIMIZERS)), nearest=nearest(given, OPTIMIZERS))
    return OPTIMIZERS[given](**settings)

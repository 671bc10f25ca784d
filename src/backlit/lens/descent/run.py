"""The iteration: from the start, step by step, by the optimizer's own formulas in float64."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...errors import fail
from ...optim import OPTIMIZERS, Optimizer, optimizer_named
from .function import Array, Function, Program, Trouble

SHORT = {"gd": "gradient_descent"}


def optimizer(name: str | Optimizer, learning_rate: float | None = None) -> Optimizer:
    """An optimizer by name ("gd" for short), with its own rate if none is given.

    Raises
    ------
    ParameterError
        BL303: no such name; BL305: the rate is not above 0; BL366: it makes no single steps, as L-BFGS.
    """
    given = SHORT.get(name.strip(), name) if isinstance(name, str) else name
    rate = {} if learning_rate is None else {"learning_rate": learning_rate}
    bare = optimizer_named(given)
    if bare.update is None:
        known = ", ".join(sorted(n for n, make in OPTIMIZERS.items() if make().update is not None))
        raise fail("BL366", name=bare.name, known=known)
    return optimizer_named(bare, **rate) if rate else bare


class Stepper:
    """An optimizer at work: it keeps the state and counts the steps."""

    def __init__(self, rule: Optimizer, size: int) -> None:
        assert rule.update is not None
        self.update, self.k = rule.update, 0
        self.program = Program(rule.update.formulas)
        self.state: dict[str, Any] = {
            name: np.zeros(1 if name in self.update.single else size) for name in self.update.state
        }

    def step(self, w: Array, g: Array) -> Array:
        """The new w."""
        self.k += 1
        given = {"w": w, "g": g, **self.update.scalars, **self.state, "k": np.float64(self.k)}
        new, *state = self.program(given)
        self.state = {
            name: np.asarray(s).reshape(-1)[:1] if name in self.update.single else np.asarray(s)
            for name, s in zip(self.update.state, state, strict=True)
        }
        return np.asarray(new, np.float64)


@dataclass(frozen=True)
class Stop:
    """Why a run ended before its time: at the step, f ("value"), f′ ("slope") or x itself ("x") is not finite."""

    step: int
    what: str
    trouble: Trouble
    x: Array


@dataclass
class Path:
    """What was visited: the points (k, variable), f and the gradient at each; the last one has no step any more."""

    rule: Optimizer
    points: Array
    values: Array
    gradients: Array
    stop: Stop | None = None
    kinks: list[tuple[int, str, str]] = field(default_factory=list)  # (step, word, part)

    @property
    def moves(self) -> Array:
        """The steps made: x_{k+1} - x_k."""
        return np.asarray(np.diff(self.points, axis=0))


def walk(function: Function, start: Array, rule: Optimizer) -> Iterator[tuple[Array, float, Array] | Stop]:
    """(x, f, f′) at the start and after each step, without end but for a `Stop`."""
    stepper = Stepper(rule, len(start))
    x = start
    for k in range(2**53):
        if not np.isfinite(x).all():
            yield Stop(k, "x", Trouble("overflow", ""), x)
            return
        f, g = function.value(x), function.gradient(x)
        if not np.isfinite(f) or not np.isfinite(g).all():
            what, found = function.trouble(x) or ("value", Trouble("overflow", ""))
            yield Stop(k, what, found, x)
            return
        yield x, f, g
        x = stepper.step(x, g)


def run(function: Function, start: Array, rule: Optimizer, steps: int, *, kinks: bool = True) -> Path:
    """So many steps from the start, or fewer where it cannot go on."""
    found: list[tuple[Array, float, Array]] = []
    stop: Stop | None = None
    for at in walk(function, start, rule):
        if isinstance(at, Stop):
            stop = at
            break
        found.append(at)
        if len(found) > steps:
            break
    n = len(start)
    points = np.array([x for x, _, _ in found]).reshape(-1, n)
    bent = [(k, *kink) for k, x in enumerate(points) for kink in function.kinks(x)] if kinks else []
    gradients = np.array([g for _, _, g in found]).reshape(-1, n)
    return Path(rule, points, np.array([f for _, f, _ in found]), gradients, stop, bent)

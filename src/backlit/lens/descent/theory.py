"""What λ says of a rate: how the distance to the minimum changes from step to step, near enough to it.

Near a minimum f is ½ λ x² in each direction of an eigenvector of its Hessian, and the gradient is λ x.  A rule that is
linear in gradient and state then multiplies (x, state) by a matrix; the largest size of its eigenvalues is the rate ρ.
The matrix comes from the optimizer's declared formulas.  For gradient descent it is the number 1 - ελ.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...ops import formula as fm
from ...optim import Optimizer, optimizer_named
from .function import Array

DIGITS = 3  # wanted: the distance to the minimum down to a thousandth
SHARE = 10.0**-DIGITS
LEAST = 50  # steps that are granted for them, however few are shown


def multipliers(rule: Optimizer, eigenvalue: float) -> Array | None:
    """The eigenvalues of one step in a direction of curvature λ; None for a rule that is not linear (Adam …).

    Examples
    --------
    >>> multipliers(optimizer_named("gradient_descent(learning_rate=0.1)"), 2.0).tolist()
    [0.8]
    >>> abs(multipliers(optimizer_named("momentum(learning_rate=0.1, momentum=0.81)"), 2.0)).round(6).tolist()
    [0.9, 0.9]
    """
    update = rule.update
    if update is None or rule.settings.get("weight_decay"):
        return None
    names = ["w", *update.state]
    rows: list[list[float]] = []
    uses_gradient = False
    for formula in update.formulas:
        by_g = fm.differentiate(formula, "g")
        by = [fm.differentiate(formula, name) for name in names]
        if fm.leaves([by_g, *by], "input") or "k" in fm.leaves([by_g, *by], "uniform"):
            return None
        slope, *parts = (float(v) for v in fm.evaluate([by_g, *by], {"w": 0.0, **update.scalars}, np.float64))
        uses_gradient = uses_gradient or (not rows and (slope != 0 or any(parts[1:])))
        parts[0] += slope * eigenvalue
        rows.append(parts)
    return np.linalg.eigvals(np.array(rows)) if uses_gradient else None


def rate(rule: Optimizer, eigenvalues: Sequence[float] | Array) -> float | None:
    """ρ: the factor of the distance in a step, in the slowest direction."""
    found = [multipliers(rule, float(v)) for v in eigenvalues]
    known = [float(np.abs(m).max()) for m in found if m is not None]
    return max(known) if known else None


def bound(rule: Optimizer, largest: float) -> float | None:
    """The rate ε from which on the rule diverges at curvature λ: 2/λ; with momentum more, with Nesterov's less.

    Examples
    --------
    >>> bound(optimizer_named("momentum(momentum=0.9)"), 2.0), bound(optimizer_named("nesterov(momentum=0.5)"), 2.0)
    (1.9, 0.75)
    """
    if multipliers(rule, largest) is None:
        return None
    share = rule.settings.get("momentum", 0.0)
    factor = 2 * (1 + share) / (1 + 2 * share) if rule.name == "nesterov" else 2 * (1 + share)
    return factor / largest


def per_digit(rho: float | None) -> float | None:
    """Steps in which the distance becomes a tenth: ln 10 / -ln ρ."""
    if rho is None or not rho < 1:
        return None
    return 0.0 if rho == 0 else math.log(10) / -math.log(rho)


@dataclass(frozen=True)
class Best:
    """The best that one rate can do for eigenvalues from `least` to `most`."""

    rate: float  # of gradient descent: 2 / (λmin + λmax)
    factor: float  # its ρ: (κ - 1) / (κ + 1)
    condition: float  # κ = λmax / λmin
    momentum_rate: float  # of the heavy ball: (2 / (√λmin + √λmax))²
    momentum: float  # its β: ((√λmax - √λmin) / (√λmax + √λmin))²


def best(eigenvalues: Array) -> Best:
    """The best rates.

    Examples
    --------
    >>> found = best(np.array([0.1, 2.0]))
    >>> [round(v, 5) for v in (found.rate, found.factor, found.condition, found.momentum_rate, found.momentum)]
    [0.95238, 0.90476, 20.0, 1.33581, 0.40261]
    """
    least, most = float(eigenvalues.min()), float(eigenvalues.max())
    a, b = math.sqrt(least), math.sqrt(most)
    return Best(
        2 / (least + most), (most - least) / (most + least), most / least, (2 / (a + b)) ** 2, ((b - a) / (b + a)) ** 2
    )


@dataclass(frozen=True)
class Zone:
    """Rates from `low` to `high` with the same fate: "slow", "good", "oscillates" or "diverges"."""

    name: str
    low: float
    high: float


def zones(rule: Optimizer, eigenvalues: Array, budget: int) -> list[Zone]:
    """The fates of all rates of this rule at a minimum; none for a rule without theory.

    diverges: ρ ≥ 1; slow: three digits take more than `budget` steps; oscillates: a multiplier is negative or
    complex; good: none of these.
    """
    edge = bound(rule, float(eigenvalues.max()))
    if edge is None:
        return []

    def fate(epsilon: float) -> str:
        tried = optimizer_named(rule, learning_rate=epsilon)
        every = np.concatenate([m for v in eigenvalues if (m := multipliers(tried, float(v))) is not None])
        rho = float(np.abs(every).max())
        if rho >= 1:
            return "diverges"
        if rho > 10.0 ** (-DIGITS / budget):
            return "slow"
        swings = (every.real < -1e-9) | (abs(every.imag) > 1e-9)
        return "oscillates" if swings.any() else "good"

    grid = [edge * (k + 0.5) / 200 for k in range(200)]
    found: list[Zone] = []
    for epsilon, name in zip(grid, map(fate, grid), strict=True):
        if found and found[-1].name == name:
            continue
        low = _between(fate, found[-1].name, epsilon - edge / 200, epsilon) if found else 0.0
        if found:
            found[-1] = Zone(found[-1].name, found[-1].low, low)
        found.append(Zone(name, low, edge))
    return [*found, Zone("diverges", edge, math.inf)]


def _between(fate: Any, name: str, low: float, high: float) -> float:
    """Where the fate changes, by bisection."""
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if fate(middle) == name else (low, middle)
    return high

"""Where a point leads: the way of an infinitely small rate, ẋ = -∇f, down to where the gradient is 0.

Linearly implicit Euler steps (H + I/h) Δ = -∇f with the exact Hessian: for small h a step of gradient descent, for
large h one of Newton.  A whole step is compared with two halves, so h stays short where the way bends and grows where
it is straight: the valley is not left, and in the end the last digits come quadratically.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .function import Array, Function

MOST = 600  # steps
FAR = 1e6  # times the start's size: it goes to infinity


@dataclass(frozen=True)
class Rest:
    """Where a way ends, with λ and its directions where f″ exists.

    The kind is "minimum", "maximum", "saddle", "flat", "kink" (a minimum without a derivative), "away" (f falls
    without end) or "edge" (the end of the domain).
    """

    kind: str
    x: Array
    value: float
    eigenvalues: Array = field(default_factory=lambda: np.zeros(0))
    directions: Array = field(default_factory=lambda: np.zeros(0))

    @property
    def is_minimum(self) -> bool:
        """Whether f is smallest there, as far as a look around tells."""
        return self.kind in ("minimum", "kink")

    @property
    def curved(self) -> bool:
        """Whether it is a minimum with λ > 0 in every direction, so that rates have bounds."""
        return self.kind == "minimum" and bool((self.eigenvalues > 0).all())


def flow(function: Function, start: Array) -> Rest:
    """The place to which the start's way leads."""
    x, h = np.array(start, np.float64), 0.0
    g, curvature = function.gradient(x), function.hessian(x)
    unit, size = np.eye(len(x)), max(1.0, float(np.abs(start).max()))
    if not np.isfinite(g).all() or not np.isfinite(function.value(x)):
        return Rest("edge", x, function.value(x))
    for _ in range(MOST):
        length = float(np.abs(g).max())
        if length == 0 or not np.isfinite(curvature).all() or _arrived(function, x, g, curvature):
            break
        h = h or 0.01 / max(length / size, float(np.abs(curvature).max()))
        lowest = float(np.linalg.eigvalsh(curvature)[0])
        if lowest < 0:
            h = min(h, 0.5 / -lowest)
        found = _step(function, x, g, curvature, h, unit)
        if found is None:
            h *= 0.25
            if h * length < 1e-13 * max(1.0, float(np.abs(x).max())):
                return _corner(function, x)
            continue
        x, g, curvature = found
        h *= 2
        if float(np.abs(x).max()) > FAR * size:
            return Rest("away", x, function.value(x))
    return _named(function, _polished(function, x))


def _step(
    function: Function, x: Array, g: Array, curvature: Array, h: float, unit: Array
) -> tuple[Array, Array, Array] | None:
    """Two half steps, if a whole one agrees with them, f falls and the gradient does not turn round; else None."""
    try:
        whole = x - np.linalg.solve(curvature + unit / h, g)
        half = x - np.linalg.solve(curvature + 2 * unit / h, g)
        slope, bent = function.gradient(half), function.hessian(half)
        if not np.isfinite(slope).all() or not np.isfinite(bent).all():
            return None
        end = half - np.linalg.solve(bent + 2 * unit / h, slope)
    except np.linalg.LinAlgError:
        return None
    moved = float(np.linalg.norm(end - x))
    new, f = function.gradient(end), function.value(x)
    if not np.isfinite(new).all() or float(np.linalg.norm(end - whole)) > 0.15 * moved + 1e-13:
        return None
    if not max(function.value(half), function.value(end)) <= f + 1e-13 * abs(f):
        return None
    turned = float(new @ g) < 0 and float(np.linalg.norm(new)) > 0.5 * float(np.linalg.norm(g))
    return None if turned else (end, new, function.hessian(end))


def _arrived(function: Function, x: Array, g: Array, curvature: Array) -> bool:
    size, slope = max(1.0, float(np.abs(x).max())), float(np.abs(g).max())
    level = 1 + abs(function.value(x))
    if slope * size <= 1e-14 * level:
        return True
    try:
        newton = np.linalg.solve(curvature, g)
    except np.linalg.LinAlgError:
        return False
    flat = float(np.linalg.eigvalsh(curvature)[0]) >= 0 or slope * size <= 1e-9 * level
    return flat and bool(np.abs(newton).max() <= 1e-11 * size)


def _polished(function: Function, x: Array) -> Array:
    """A few steps of Newton's method, as long as they make the gradient smaller."""
    for _ in range(10):
        g = function.gradient(x)
        try:
            new = x - np.linalg.solve(function.hessian(x), g)
        except np.linalg.LinAlgError:
            break
        near = np.isfinite(new).all() and np.abs(new - x).max() <= 1e-6 * max(1.0, np.abs(x).max())
        if not near or not np.linalg.norm(function.gradient(new)) < np.linalg.norm(g):
            break
        x = new
    return _tidy(function, x, np.where(np.abs(x) < 1e-11 * max(1.0, float(np.abs(x).max())), 0.0, x))


def _tidy(function: Function, x: Array, rounded: Array) -> Array:
    """The rounder of two places that are one but for rounding, if f is no larger there."""
    tidy = rounded + 0.0  # no -0
    return tidy if function.value(tidy) <= function.value(x) else x


def _named(function: Function, x: Array) -> Rest:
    """What kind of place it is, by the eigenvalues, and by a look around where they are 0."""
    value, curvature = function.value(x), function.hessian(x)
    if not np.isfinite(curvature).all() or function.kinks(x) or _breaks(function, x, curvature):
        return _corner(function, x)
    values, vectors = np.linalg.eigh(curvature)
    values[[_vanishes(function, x, values, i, vectors[:, i]) for i in range(len(x))]] = 0.0
    if (values < 0).any():
        return Rest("maximum" if (values < 0).all() else "saddle", x, value, values, vectors)
    zero = [vectors[:, i] for i in np.flatnonzero(values == 0)]
    sides = [_around(function, x, value, q) for q in zero]
    falls = any(min(left, right) < 0 or left != right for left, right in sides)
    flat = falls or (len(zero) == len(x) and not any(left for left, _ in sides))
    return Rest("flat" if flat else "minimum", x, value, values, vectors)


def _breaks(function: Function, x: Array, curvature: Array) -> bool:
    """Whether f″ has no value here, as that of |x|^1.5 at 0: a hair's breadth away it is another."""
    size = max(1.0, float(np.abs(x).max()))
    beside = [function.hessian(x + s * size * q) for q in np.eye(len(x)) for s in (-1e-9, 1e-9)]
    scale = float(np.abs(curvature).max())
    return scale > 1e-4 and any(not np.abs(b - curvature).max() <= 0.5 * scale for b in beside)


def _vanishes(function: Function, x: Array, values: Array, i: int, q: Array) -> bool:
    """Whether an eigenvalue is 0 but for rounding, as of x⁴: beside the place it is another, or Newton goes far."""
    scale, own = max(1.0, float(np.abs(values).max())), float(values[i])
    if abs(own) > 1e-4 * scale:
        return False
    size = max(1.0, float(np.abs(x).max()))
    beside = [float(q @ function.hessian(x + s * size * q) @ q) for s in (-1e-3, 1e-3)]
    same = all(abs(b - own) <= 0.5 * abs(own) for b in beside)
    return own == 0 or not same or abs(float(q @ function.gradient(x))) > 1e-3 * size * abs(own)


def _around(function: Function, x: Array, value: float, q: Array) -> tuple[int, int]:
    """Whether f is larger (1), the same (0) or smaller (-1) on each of both sides along q."""
    size, tiny = max(1.0, float(np.abs(x).max())), 1e-14 * (1 + abs(value))

    def side(sign: float) -> int:
        found = [function.value(x + sign * s * size * q) - value for s in (0.01, 0.1)]
        return -1 if min(found) < -tiny else int(max(found) > tiny)

    return side(-1.0), side(1.0)


def _corner(function: Function, x: Array) -> Rest:
    """The end of a way that no step could go on: a minimum at a kink, if f is larger all around."""
    x = _tidy(function, x, np.round(x, 12))
    value = function.value(x)
    size = max(1.0, float(np.abs(x).max()))
    around = [function.value(x + s * size * q) for q in np.eye(len(x)) for s in (-1e-3, 1e-3)]
    if not np.isfinite(around).all():
        return Rest("edge", x, value)
    return Rest("kink" if min(around) >= value - 1e-9 * (1 + abs(value)) else "flat", x, value)

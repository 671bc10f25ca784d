"""Facts about a curve that are measured on it, in float64: nothing here is typed in, and any typed function has them.

All is worked out from values of f and f′ on a fine grid, and on a ladder of ever larger |u| for what happens far out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ...ops import Elementwise
from ...ops import formula as fm

Array = np.ndarray[Any, Any]
WIDE, STEP = 50.0, 1 / 64  # the grid; its step is a number of the machine, so that 0, ±1, ±3 are on it
FAR = (60.0, 1e2, 1e3, 1e4, 1e6, 1e8, 1e12)
EQUAL = 1e-9
QUIET = np.errstate(all="ignore")  # a typed function may have poles, and no values at all
NEAR = 8.0  # of what waves for ever only the places near 0 are told
SATURATED = 0.01  # of the largest slope
OF_NORMAL = np.linspace(-8.0, 8.0, 4096)  # where the mean over u ~ N(0, 1) is summed; 0 is not among them


@dataclass(frozen=True)
class Stretch:
    """An interval of u: dead (f′ is 0) or saturated (|f′| is below 1 % of its largest); ±∞ where it goes on."""

    low: float
    high: float
    kind: str


@dataclass(frozen=True)
class Peak:
    """The largest |f′|, and where: at points, along a stretch, or only approached towards ±∞ (`limit`)."""

    value: float
    low: float
    high: float
    both: bool = False  # at -u, too
    limit: bool = False


class Curve:
    """f and f′ of one activation function with its parameters, as NumPy computes them from the declaration."""

    def __init__(self, op: Elementwise) -> None:
        self.op = op
        slope = op.slope(0)
        self._roots = [op.formula, fm.substitute(slope.op.formula, {"out": op.formula})]
        self.low = _lowest(op)
        grid = np.arange(-WIDE, WIDE + STEP, STEP)
        self.u = grid[grid > self.low]
        self.o, self.slope = self(self.u)
        self.size = np.abs(self.slope)

    def __call__(self, u: Any) -> tuple[Array, Array]:
        """(f(u), f′(u))."""
        u = np.asarray(u, dtype=np.float64)
        values = {self.op.inputs[0]: u, **self.op.defaults}
        o, slope = fm.evaluate(self._roots, values, np.float64)
        return np.broadcast_to(o, u.shape), np.broadcast_to(slope, u.shape)

    # --- the whole curve --------------------------------------------------------------------------------------

    @QUIET
    def parity(self) -> str:
        """Whether it is "odd", "even" or neither (""): f(-u) is -f(u) or f(u) for all u but at jumps."""
        u = np.linspace(0.001, 20.0, 1999)
        right, left = self(u)[0], self(-u)[0]
        for name, mirrored in (("odd", -left), ("even", left)):
            if np.allclose(right, mirrored, rtol=1e-12, atol=1e-15):
                return name
        return ""

    @QUIET
    def limit(self, sign: int) -> float | None:
        """What o tends to for u → ±∞; None where it waves for ever, NaN where it has no value."""
        if sign < 0 and self.low > -math.inf:
            return math.nan
        v = self(sign * np.array(FAR))[0]
        last = float(v[-1])
        if np.isnan(last):
            return math.nan
        steps = np.diff(v[np.isfinite(v)])
        one_way = bool((steps > 0).all() or (steps < 0).all())
        if math.isinf(last) or (one_way and len(steps) > 1 and abs(steps[-1]) >= abs(steps[-2])):  # a logarithm, too
            return math.copysign(math.inf, last if math.isinf(last) else steps[-1]) if one_way else None
        settled = abs(v[-1] - v[-2]) <= 1e-6 * max(1.0, abs(last))
        if not settled or len(np.unique(np.sign(np.diff(v[:4])))) > 2:
            return None
        ends = [end for end in self.op.facts.range if math.isfinite(end)]
        near = min([0.0, *ends], key=lambda end: abs(end - last))
        return near if abs(near - last) < 1e-6 else float(f"{last:.9g}")

    @QUIET
    def outputs(self) -> list[float]:
        """The values of o, where they are few: {0, 1} of a step; else empty."""
        found = np.unique(np.round(self.o[np.isfinite(self.o)], 12))
        return [float(v) for v in found] if len(found) <= 3 else []

    @QUIET
    def rises(self) -> bool:
        """Whether it falls nowhere on the grid: for typed functions, which declare nothing."""
        steps = np.diff(self.o)
        return bool(np.all(steps[~np.isnan(steps)] >= -1e-12))

    @QUIET
    def reach(self) -> tuple[tuple[float, float], str]:
        """Range and ends as far as the grid and the limits show them: for typed functions, which declare nothing."""
        tends = [v for v in (self.limit(-1), self.limit(1)) if v is not None and not math.isnan(v)]
        known = self.o[~np.isnan(self.o)]
        if not len(known):
            return (math.nan, math.nan), "()"
        poles = self.u[np.isinf(self.o)]
        edge = [self.low] if math.isfinite(self.low) else []
        beside = self(np.concatenate([poles - 1e-9, poles + 1e-9, edge]))[0]
        known = np.concatenate([known, np.where(np.abs(beside) > 1e6, np.copysign(math.inf, beside), beside)])
        low, high = float(np.nanmin(known)), float(np.nanmax(known))
        ends = min([low, *tends]), max([high, *tends])
        flat = [bool(np.isclose(v, end, rtol=0, atol=1e-12)) for v, end in ((low, ends[0]), (high, ends[1]))]
        return ends, "(["[flat[0]] + ")]"[flat[1]]

    def minimum(self) -> tuple[float, float] | None:
        """(u, f(u)) of the lowest point, where the curve turns upwards again; None where it has none."""
        return self._turn(1)

    def maximum(self) -> tuple[float, float] | None:
        """(u, f(u)) of the highest point, where the curve turns downwards again; None where it has none."""
        return self._turn(-1)

    @QUIET
    def _turn(self, sign: int) -> tuple[float, float] | None:
        end = self.op.facts.range[0 if sign > 0 else 1]
        o = np.where(np.isfinite(self.o), sign * self.o, math.inf)
        low, k = float(o.min()), int(o.argmin())
        if not math.isfinite(end + low) or np.sum(o < low + 1e-12) > 0.01 * len(o) or k in (0, len(o) - 1):
            return None
        u, value = self._deepest(lambda x: sign * self(x)[0], o)
        return u, sign * value

    def _deepest(self, f: Callable[[Array], Array], v: Array) -> tuple[float, float]:
        """(u, f(u)) of the smallest value, v being those on the grid; of several as small the one nearest to 0."""
        v = np.where(np.isnan(v), math.inf, v)
        span = float(np.ptp(v[np.isfinite(v)]))
        inner = v[1:-1]
        dips = 1 + np.flatnonzero((inner <= v[:-2]) & (inner <= v[2:]))
        dips = dips[v[dips] < v.min() + STEP * (1e-9 + span)]
        if not len(dips):  # at an end of the inputs
            k = int(v.argmin())
            return float(self.u[k]), float(v[k])
        dips = dips[np.argsort(np.abs(self.u[dips]), kind="stable")][:4]
        found = [_lowest_near(f, float(self.u[k])) for k in dips]
        best = min(value for _, value in found)
        u, value = next((u, value) for u, value in found if value <= best + EQUAL)
        return u, float(f"{value:.12g}") + 0.0

    def centre(self) -> float:
        """The mean output for u ~ N(0, 1): 0 for a centred function, 0.5 for the sigmoid."""
        return self._mean(lambda o, slope: o)

    @QUIET
    def _mean(self, of: Callable[[Array, Array], Array], half: int = 0) -> float:
        u = OF_NORMAL[self.low < OF_NORMAL]
        u = u[u * half > 0] if half else u
        if not len(u):
            return math.nan
        weight = np.exp(-0.5 * u * u)
        return float(np.sum(weight * of(*self(u))) / np.sum(weight))

    def passes(self, half: int) -> float:
        """The mean |f′| over u ~ N(0, 1) above 0 (half = 1) or below it (-1): how much of an error signal passes."""
        return self._mean(lambda o, slope: np.abs(slope), half)

    # --- the slope --------------------------------------------------------------------------------------------

    @cached_property
    @QUIET
    def steepest(self) -> Peak:
        """The largest |f′|, found on the grid and far out, refined between its points."""
        known = self.size[~np.isnan(self.size)]
        if not len(known):
            return Peak(math.nan, math.nan, math.nan)
        best = float(known.max())
        if math.isinf(best):
            return Peak(math.inf, *(float(self.u[np.nanargmax(self.size)]),) * 2, limit=True)
        if self.low > -math.inf and abs(float(self(self.low + EQUAL)[1])) > 10 * best:
            return Peak(math.inf, self.low, self.low, limit=True)
        ends = [sign for sign in (-1, 1) if sign > 0 or self.low == -math.inf]
        far = {sign: float(np.max(np.nan_to_num(np.abs(self(sign * np.array(FAR))[1]), nan=0.0))) for sign in ends}
        for sign, top in far.items():
            if top > 10 * best:
                both = len(far) == 2 and min(far.values()) > 10 * best
                return Peak(math.inf, sign * math.inf, sign * math.inf, both, True)
            if top > best * (1 + EQUAL):
                both = all(abs(other - top) <= EQUAL * top for other in far.values()) and len(far) == 2
                return Peak(float(f"{top:.9g}"), sign * math.inf, sign * math.inf, both, True)
        runs = [run for run in _runs(self.size >= best * (1 - 1e-13)) if run[1] - run[0] > 3]
        if runs:
            return self._plateau(best, runs)
        u, value = self._deepest(lambda x: -np.abs(self(x)[1]), -self.size)
        value = max(best, -value)
        if value > 10 * best:  # a pole between the places of the grid
            return Peak(math.inf, u, u, limit=True)
        both = abs(u) > EQUAL and abs(abs(float(self(-u)[1])) - value) <= 1e-6 * value
        return Peak(value, abs(u) if both else u, abs(u) if both else u, both)

    def _plateau(self, best: float, runs: list[tuple[int, int]]) -> Peak:
        """The largest |f′| along a stretch: of two the right one.  1 - e^-u is rounded to 1 far out, not reached."""
        last, count = runs[-1], len(self.u) - 1
        first = runs[0]
        inner, outer = (self.u[first[1]], self.u[last[0]]), (self.u[first[0]], self.u[last[1]])
        both = len(runs) == 2 and bool(inner[0] == -inner[1] and outer[0] == -outer[1])
        if last[1] == count and self.u[last[0]] > 10:
            return Peak(best, math.inf, math.inf, both, True)
        if last[0] == 0 and self.u[last[1]] < -10:
            return Peak(best, -math.inf, -math.inf, False, True)
        low, high = self._ends(*last, lambda x: np.abs(self(x)[1]) >= best * (1 - 1e-13))
        return Peak(best, low, high, both)

    # --- where it does not pass anything on -------------------------------------------------------------------

    @QUIET
    def stretches(self) -> list[Stretch]:
        """Where f′ is 0, and where |f′| is below 1 % of its largest (of 1, where that is ∞), from left to right."""
        top = self.steepest.value
        if math.isnan(top):
            return []
        bar = SATURATED * (top if math.isfinite(top) else 1.0)
        if top == 0:
            return [Stretch(-math.inf, math.inf, "dead")]
        found: list[Stretch] = []
        for first, last in _runs(self.size < bar):
            dead = int((self.size[first : last + 1] == 0).sum())
            if dead > 3 or not self._crosses(first, last):
                found += self._parts(first, last, bar)
        return [s for s in found if math.isinf(s.low) or math.isinf(s.high) or max(abs(s.low), abs(s.high)) < NEAR]

    def _crosses(self, first: int, last: int) -> bool:
        """Whether the slope only passes through 0: a top or a dip of the curve is no saturation."""
        before, after = self.slope[max(first - 1, 0)], self.slope[min(last + 1, len(self.u) - 1)]
        return bool(before * after < 0)

    def _parts(self, first: int, last: int, bar: float) -> Iterator[Stretch]:
        """A run of small slopes, cut into what is dead and what is saturated."""
        edges = self._ends(first, last, lambda x: np.abs(self(x)[1]) < bar)
        place = edges[0]
        for a, b in _runs(self.size[first : last + 1] == 0):
            if b - a < 3 or not self._sharp(first + a, first + b):
                continue
            low, high = self._ends(first + a, first + b, lambda x: self(x)[1] == 0)
            if low - place > STEP / 2:
                yield Stretch(place, low, "saturated")
            yield Stretch(low, high, "dead")
            place = high
        if edges[1] - place > STEP / 2:
            yield Stretch(place, edges[1], "saturated")

    def _sharp(self, first: int, last: int) -> bool:
        """Whether f′ really becomes 0: of e^-u² it is only too small for a number."""
        edges = [k for k in (first - 1, last + 1) if 0 <= k < len(self.u)]
        return all(self.size[k] > 1e-12 for k in edges)

    def _ends(self, first: int, last: int, inside: Callable[[Array], Array]) -> tuple[float, float]:
        """The ends of a run of the grid; ±∞ where it reaches the grid's."""
        low, high = float(self.u[first]), float(self.u[last])
        left = _border(inside, low, low - STEP) if first else -math.inf if self.low == -math.inf else self.low
        right = math.inf if last == len(self.u) - 1 else _border(inside, high, high + STEP)
        return left, right

    # --- forgetting u -----------------------------------------------------------------------------------------

    @QUIET
    def twins(self) -> tuple[float, float] | None:
        """Two inputs with one output and different slopes: then f′ cannot be read from o.  None if there are none."""
        u = self.u[np.abs(self.u) <= 5]
        o, slope = self(u)
        if self.outputs():
            same = o == o[-1]
            steep, flat = u[same][np.argmax(np.abs(slope[same]))], u[same][np.argmin(np.abs(slope[same]))]
            return (float(steep), float(flat)) if self(steep)[1] != self(flat)[1] else None
        known = np.isfinite(o) & np.isfinite(slope)
        u, o, slope = u[known], o[known], slope[known]
        order = np.argsort(o, kind="stable")
        top = float(np.max(np.abs(slope), initial=0.0))
        best, pair = 0.05 * top, (-1, -1)
        for shift in range(1, 9):
            a, b = order[:-shift], order[shift:]
            near = (np.abs(o[a] - o[b]) < 0.05 * top * STEP + 1e-15) & (np.abs(u[a] - u[b]) > 20 * STEP)
            gap = np.where(near, np.abs(slope[a] - slope[b]), 0.0)
            k = int(np.argmax(gap))
            if gap[k] > best:
                best, pair = float(gap[k]), (int(a[k]), int(b[k]))
        if pair[0] < 0:
            return None
        first, second = round(float(u[pair[0]]), 2), float(u[pair[1]])
        wanted = float(self(first)[0])
        low, high = second - 4 * STEP, second + 4 * STEP
        rising = float(self(high)[0]) > float(self(low)[0])
        return first, _border(lambda x: (self(x)[0] < wanted) == rising, low, high, digits=12)


def _lowest(op: Elementwise) -> float:
    """The end of the inputs that have an output: -∞, but for soft_exponential with α < 0."""
    values = {op.inputs[0]: np.array([-1e3, -1.0]), **op.defaults}
    o = np.broadcast_to(fm.evaluate([op.formula], values, np.float64)[0], (2,))
    if not np.isnan(o[0]):
        return -math.inf

    def unknown(x: Array) -> Array:
        return np.asarray(np.isnan(fm.evaluate([op.formula], {**values, op.inputs[0]: x}, np.float64)[0]))

    return _border(unknown, -1e3, 0.0, digits=9)


def _runs(mask: Array) -> list[tuple[int, int]]:
    """First and last places of the runs of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(np.int8), [0]])))
    return [(int(a), int(b) - 1) for a, b in edges.reshape(-1, 2)]


def _border(inside: Callable[[Array], Array], yes: float, no: float, digits: int = 6) -> float:
    """Where `inside` ends between two places, by ever finer grids, to so many decimals."""
    for _ in range(7 if digits == 6 else 10):
        places = np.linspace(yes, no, 33)
        out = np.flatnonzero(~inside(places))
        k = int(out[0]) if len(out) else 32
        if k == 0:
            break
        yes, no = float(places[k - 1]), float(places[k])
    return round(yes, digits) + 0.0


def _lowest_near(f: Callable[[Array], Array], u: float) -> tuple[float, float]:
    """(place, value) of the smallest value near u: finer grids around the best place."""
    step, value = STEP, math.inf
    for _ in range(6):
        places = u + np.linspace(-step, step, 41)
        v = f(places)
        k = int(np.nanargmin(v))
        if v[k] < value:
            u, value = float(places[k]), float(v[k])
        step /= 10
    return (round(u, 5) + 0.0, value)

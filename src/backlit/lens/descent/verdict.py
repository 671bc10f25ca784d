"""The verdict on a run, by stated rules: the same run has the same verdict, in every language.

d is the distance to the minimum to which the run leads: the place to which an infinitely small rate leads from its
last point (`flow.py`).  Settled means d ≤ d₀ / 1000 at the end.  The first rule that holds gives the word:

 1. left_domain    f has no value at a visited point (log of a negative number, a pole)
    no_derivative  f′ has no value there
    diverges       overflow, or |x| larger than 1000 times max(1, |x₀|, |x*|)
 2. no_derivative  the run rests on a kink, where 0 is only chosen
 3. stuck          settled where f′ = 0 but f has no minimum: maximum, saddle, plateau
 4. other_minimum  settled at a minimum that is not the one to which an infinitely small rate leads from the start
 5. one_step       settled from the first step on
 6. oscillates     settled, changing sides at least twice in the second half
    converges      settled
 7. no_minimum     not settled: f falls, and no minimum is found
 8. cycles         the last points repeat with a period of 2 to 8
 9. if d does not fall, or the predicted ρ is not below 1, the run is followed for up to 1000 more steps:
    diverges, cycles, too_slow (it settles then), or
    wanders        bounded, never settles
10. other_minimum  d falls, at another minimum
    cycles, diverges, wanders: what comes of a run whose ρ lets expect that it settles, if it is followed as in 9
11. too_slow       three digits need more than max(steps, 50) steps
12. oscillates, converges: as in 6, on its way

Steps still to come are counted with the rate ρ: the one predicted at the minimum or the measured one, whichever is
slower.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field

import numpy as np

from .flow import Rest
from .flow import flow as leads_to
from .function import Array, Function
from .run import Path, Stop, walk
from .theory import LEAST, SHARE, bound, per_digit, rate

WORDS = (
    "converges", "one_step", "oscillates", "cycles", "wanders", "diverges", "too_slow", "stuck", "other_minimum",
    "no_minimum", "no_derivative", "left_domain",
)  # fmt: skip
GOOD = ("converges", "one_step", "oscillates")
FAR, PERIODS, ON = 1e3, range(2, 9), 1000


@dataclass(frozen=True)
class Verdict:
    """The word and what it stands on."""

    word: str
    rest: Rest | None = None  # the minimum (or other resting place) that counts
    home: Rest | None = None  # where an infinitely small rate leads from the start
    distances: Array = field(default_factory=lambda: np.zeros(0))
    predicted: float | None = None  # ρ at the minimum
    measured: float | None = None  # the mean factor of the distance in the second half
    bound: float | None = None  # of the rate, for this rule
    needed: float | None = None  # steps for three digits
    period: int = 0
    looked: int = 0  # steps beyond those shown

    @property
    def steps_per_digit(self) -> float | None:
        """As predicted, else as measured."""
        return per_digit(self.predicted if self.predicted is not None else self.measured)


def judge(function: Function, path: Path, home: Rest, steps: int) -> Verdict:
    """The verdict on a run."""
    if path.stop is not None:
        overflow = path.stop.trouble.kind == "overflow" or path.stop.what == "x"
        missing = "left_domain" if path.stop.what == "value" else "no_derivative"
        return _with(path, "diverges" if overflow else missing, home, home)
    last = path.points[-1]
    if _far(last, path, home):
        return _with(path, "diverges", home, home)
    resting = not path.gradients[-1].any()
    if resting and any(k == len(path.points) - 1 for k, _, _ in path.kinks):
        return _with(path, "no_derivative", leads_to(function, last), home)
    near = leads_to(function, last)
    d = distances(path.points, near.x)
    settled = bool(d[-1] <= SHARE * d[0] or d[-1] <= 1e-9 * max(1.0, float(np.abs(near.x).max())))
    ends = near.kind not in ("away", "edge")
    if ends and settled:
        return _settled(path, near, home)
    rest = near if near.is_minimum and (not home.is_minimum or _nearing(d)) else home
    if not rest.is_minimum:
        word = "no_minimum" if path.values[-1] < path.values[0] else ""
        return _with(path, word, rest, home) if word else _look_on(function, path, rest, home, steps)
    found = _with(path, "", rest, home)
    period = _period(path.points)
    if period:
        return _with(path, "cycles", rest, home, period=period)
    if not _nearing(found.distances) or (found.predicted is not None and not found.predicted < 1 - 1e-9):
        return _look_on(function, path, rest, home, steps)
    if home.is_minimum and not _same(rest, home):
        return _with(path, "other_minimum", rest, home)
    if (other := _belied(found, _look_on(function, path, rest, home, steps))) is not None:
        return other
    enough = found.needed is not None and found.needed <= max(steps, LEAST)
    if not enough:
        return _with(path, "too_slow", rest, home)
    return _with(path, "oscillates" if _swings(path, rest) else "converges", rest, home)


def _settled(path: Path, near: Rest, home: Rest) -> Verdict:
    if not near.is_minimum:
        return _with(path, "stuck", near, home)
    if home.is_minimum and not _same(near, home):
        return _with(path, "other_minimum", near, home)
    d = distances(path.points, near.x)
    if len(d) > 1 and d[0] > 0 and (d[1:] <= SHARE * d[0]).all():
        return _with(path, "one_step", near, home)
    return _with(path, "oscillates" if _swings(path, near) else "converges", near, home)


def _look_on(function: Function, path: Path, rest: Rest, home: Rest, steps: int) -> Verdict:
    """What becomes of a run that comes no nearer: it is followed further."""
    more: list[Array] = []
    for at in itertools.islice(walk(function, path.points[0], path.rule), steps + 1 + ON):
        if isinstance(at, Stop) or _far(at[0], path, rest):
            return _with(path, "diverges", rest, home, looked=max(0, len(more) + 1 - len(path.points)))
        more.append(at[0])
    points = np.array(more)
    d = distances(points, rest.x) if rest.is_minimum else np.ones(1)
    below = np.flatnonzero(d > SHARE * d[0])
    if rest.is_minimum and len(below) and below[-1] < len(d) - 2 * PERIODS.stop:  # and it stays there
        return _with(path, "too_slow", rest, home, needed=float(below[-1] + 1), looked=len(points) - len(path.points))
    period = _period(points)
    if period:
        return _with(path, "cycles", rest, home, period=period, looked=len(points) - len(path.points))
    found = _with(path, "wanders", rest, home, looked=len(points) - len(path.points))
    falls = bool((np.diff(d) <= 0).all() and d[-1] < d[0])  # step by step, if ever so little
    below_bound = found.predicted is None or found.predicted < 1
    return _with(path, "too_slow", rest, home, looked=found.looked) if falls and below_bound else found


def _belied(forecast: Verdict, seen: Verdict) -> Verdict | None:
    """What the run that was followed further does, if it is not what the rate ρ lets expect.

    At a kink the steps stay as long as they are, so a run that comes nearer may end in a cycle around it.
    """
    if seen.word in ("diverges", "cycles"):
        return seen
    followed = len(forecast.distances) - 1 + seen.looked
    due = forecast.needed is not None and 2 * forecast.needed <= followed
    return seen if seen.word == "wanders" and due else None


def _with(path: Path, word: str, rest: Rest, home: Rest, **more: float) -> Verdict:
    """The verdict with its figures."""
    d = distances(path.points, rest.x) if rest.is_minimum else np.zeros(0)
    predicted = rate(path.rule, rest.eigenvalues) if rest.curved else None
    measured = measured_rate(d, rest.x)
    edge = bound(path.rule, float(rest.eigenvalues[-1])) if rest.curved else None
    given = {"predicted": predicted, "measured": measured, "bound": edge, "needed": needed(d, predicted, measured)}
    return Verdict(word, rest, home, d, **{**given, **more})  # type: ignore[arg-type]


def distances(points: Array, to: Array) -> Array:
    """‖x_k - x*‖ for each k."""
    return np.asarray(np.linalg.norm(points - to, axis=1))


def measured_rate(d: Array, to: Array) -> float | None:
    """The mean factor of the distance in the second half of the steps, before rounding is all that is left.

    A run that swings is now nearer, now further: what counts is the farthest still to come (or so far, if it grows).
    """
    if len(d) < 2 or not d[0] > 0:
        return None
    floor = max(1e-9 * d[0], 1e-13 * max(1.0, float(np.abs(to).max())))
    small = np.flatnonzero(d <= floor)
    end = int(small[0]) if len(small) else len(d) - 1
    if len(small) and end < 3:
        return float(d[end] / d[end - 1])
    end -= bool(len(small))
    begin = end // 2
    still = (
        np.maximum.accumulate(d[: end + 1][::-1])[::-1] if d[end] < d[begin] else np.maximum.accumulate(d[: end + 1])
    )
    return float(np.exp(np.polyfit(np.arange(begin, end + 1), np.log(still[begin:]), 1)[0]))


def needed(d: Array, predicted: float | None, measured: float | None) -> float | None:
    """Steps until three digits: those seen, or counted on with ρ; None where it comes no nearer."""
    if not len(d) or not d[0] > 0:
        return 0.0 if len(d) else None
    above = np.flatnonzero(d > SHARE * d[0])
    if above[-1] < len(d) - 1:
        return float(above[-1] + 1)
    known = [rho for rho in (predicted, measured) if rho is not None and 0 < rho < 1]
    if not known or (predicted is not None and not predicted < 1):
        return None
    rho = max(known)  # far away, the run may be slower than at the minimum
    return float(len(d) - 1 + math.ceil(math.log(d[-1] / (SHARE * d[0])) / -math.log(rho)))


def _far(x: Array, path: Path, rest: Rest) -> bool:
    known = float(np.abs(rest.x).max()) if rest.is_minimum else 0.0
    return float(np.abs(x).max()) > FAR * max(1.0, float(np.abs(path.points[0]).max()), known)


def _same(a: Rest, b: Rest) -> bool:
    """Whether two minima are one, or f is the same there along one valley."""
    size = max(1.0, float(np.abs(a.x).max()))
    close = float(np.abs(a.x - b.x).max()) <= 1e-5 * size
    return close or (not a.curved and abs(a.value - b.value) <= 1e-9 * (1 + abs(a.value)))


def _nearing(d: Array) -> bool:
    """Whether the second half is nearer to the minimum than the first, as far as its farthest points go."""
    half = max(1, len(d) // 2)
    return len(d) > 1 and bool(d[half:].max() < d[:half].max() * (1 - 1e-9))


def _period(points: Array) -> int:
    """The period, from 2 to 8, with which the last points repeat; 0 if they do not."""
    for p in PERIODS:
        if len(points) >= 2 * p + 1:
            last, before = points[-p - 1 :], points[-2 * p - 1 : -p]
            wide = float(np.ptp(last, axis=0).max())
            if wide > 1e-9 * max(1.0, float(np.abs(last).max())) and np.abs(last - before).max() <= 1e-6 * wide:
                return p
    return 0


def _swings(path: Path, rest: Rest) -> bool:
    """Whether the run changes sides of the minimum at least twice in the second half, in a direction that counts."""
    d = distances(path.points, rest.x)
    floor = max(1e-9 * d[0], 1e-13 * max(1.0, float(np.abs(rest.x).max())))
    small = np.flatnonzero(d <= floor)
    end = int(small[0]) if len(small) else len(d)
    begin = min(end // 2, max(0, end - 4))
    parts = (path.points[begin:end] - rest.x) @ (rest.directions if rest.directions.size else np.eye(len(rest.x)))
    for c in parts.T:
        seen = c[np.abs(c) > 1e-3 * d[begin:end]]
        if int((np.sign(seen[1:]) != np.sign(seen[:-1])).sum()) >= 2:
            return True
    return False

"""Schedules: how the learning rate changes during a training, each declared by its formula.

A schedule is a function of the rate ε that was asked for and of where the training stands.  It is worked out once a
step, in float64, inside the compiled loop, so that a run in slices, or one that was interrupted, gives the same bits.
`plateau` is the one that looks at the loss: it is carried out at the end of an epoch, in the loop too.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..core.lowering import Update
from ..errors import fail, nearest
from ..ops import formula as fm
from ..ops.arithmetic import cos, floor, maximum, minimum, where
from ..ops.formula import Expr
from .typed import call_of, checked, written

_INF = math.inf
_FACTOR = (0.0, _INF, (0.0, _INF))
_COUNT = (0.0, 2.0**53, ())
LIMITS: dict[str, tuple[float, float, tuple[float, ...]]] = {
    "step_size": (1.0, 2.0**53, ()),
    "gamma": (0.0, 1.0, (0.0,)),
    "eta_min": (0.0, _INF, (_INF,)),
    "start_factor": (0.0, _INF, (0.0, _INF)),
    "end_factor": (0.0, _INF, (_INF,)),
    "pct_start": (0.0, 1.0, ()),
    "div_factor": _FACTOR,
    "final_div_factor": _FACTOR,
    "cycle_momentum": (0.0, 1.0, ()),
    "base_momentum": (0.0, 1.0, (1.0,)),
    "max_momentum": (0.0, 1.0, (1.0,)),
    "factor": (0.0, 1.0, (0.0, 1.0)),
    "patience": _COUNT,
    "threshold": (0.0, 1.0, (1.0,)),
    "cooldown": _COUNT,
    "min_lr": (0.0, _INF, (_INF,)),
}
MOMENTUM = ("momentum", "beta1")  # what a cycle of the momentum changes, where an optimizer has it


@dataclass(frozen=True)
class Schedule:
    """A schedule with its settings.

    `rate` (and `momentum`, where that follows too) is a formula of the uniforms "rate", "t", "steps", "epoch" and the
    settings by name; see `schedule`.

    >>> cosine().rate
    eta_min + (rate - eta_min) * (1 + cos(3.141592653589793 * t / steps)) / 2
    >>> plateau().waits, cosine().waits
    (True, False)
    """

    name: str
    settings: Mapping[str, float]
    rate: Expr
    momentum: Expr | None = None
    warms_up: bool = False  # has a warm-up of its own

    @property
    def waits(self) -> bool:
        """Whether it looks at the loss, at the end of every epoch."""
        return self.name == "plateau"

    def __repr__(self) -> str:
        return written(self.name, self.settings)


SCHEDULES: dict[str, Callable[..., Schedule]] = {}


def schedule(*, warms_up: bool = False) -> Callable[[Callable[..., Any]], Callable[..., Schedule]]:
    """Decorator: a function that writes the rate (or rate and momentum) as formulas.

    Its positional arguments are some of these: rate, the learning rate that was asked for; t, the steps done; steps,
    the steps of the whole training; epoch, the epochs done.  A warm-up is left out of all counts.
    """

    def declare(build: Callable[..., Any]) -> Callable[..., Schedule]:
        parts = inspect.signature(build).parameters.values()
        given = [fm.uniform(p.name) for p in parts if p.kind is p.POSITIONAL_OR_KEYWORD]
        defaults = {p.name: p.default for p in parts if p.kind is p.KEYWORD_ONLY}
        result = build(*given, **{n: fm.uniform(n) for n in defaults})
        rate, momentum = result if isinstance(result, tuple) else (result, None)

        def make(**chosen: float) -> Schedule:
            settings = checked(chosen, defaults, LIMITS, build.__name__)
            return Schedule(build.__name__, settings, rate, momentum, warms_up)

        make.__doc__, make.__name__ = build.__doc__, build.__name__
        SCHEDULES[build.__name__] = make
        return make

    return declare


@schedule()
def step(rate, epoch, *, step_size=30.0, gamma=0.1):  # type: ignore[no-untyped-def]
    """Every `step_size` epochs the rate is multiplied by γ: PyTorch's StepLR.

    >>> step(step_size=10)
    step(step_size=10, gamma=0.1)
    """
    return rate * gamma ** floor(epoch / step_size)


@schedule()
def exponential(rate, epoch, *, gamma=0.95):  # type: ignore[no-untyped-def]
    """After every epoch the rate is multiplied by γ: PyTorch's ExponentialLR.

    >>> exponential(gamma=0.9)
    exponential(gamma=0.9)
    >>> exponential().rate
    rate * gamma ** epoch
    """
    return rate * gamma**epoch


@schedule()
def cosine(rate, t, steps, *, eta_min=0.0):  # type: ignore[no-untyped-def]
    """From the rate down to eta_min along half a wave of the cosine (Loshchilov, Hutter, ICLR 2017, without restarts).

    PyTorch's CosineAnnealingLR, called after every step, with T_max the steps of the training.

    >>> cosine(eta_min=1e-4)
    cosine(eta_min=0.0001)
    """
    return eta_min + (rate - eta_min) * (1 + cos(math.pi * t / steps)) / 2


@schedule()
def linear(rate, t, steps, *, start_factor=1.0, end_factor=0.0):  # type: ignore[no-untyped-def]
    """From rate · start_factor to rate · end_factor along a line over the whole training.

    PyTorch's LinearLR, called after every step, with total_iters the steps of the training; its defaults (1/3 to 1
    in 5 calls) make a warm-up of it, which is `warm_up=` here.

    >>> linear(end_factor=0.1)
    linear(start_factor=1, end_factor=0.1)
    >>> linear().rate
    rate * (start_factor + (end_factor - start_factor) * t / steps)
    """
    return rate * (start_factor + (end_factor - start_factor) * t / steps)


@schedule(warms_up=True)
def one_cycle(  # type: ignore[no-untyped-def]
    rate, t, steps, *, pct_start=0.3, div_factor=25.0, final_div_factor=1e4,
    cycle_momentum=1.0, base_momentum=0.85, max_momentum=0.95,
):  # fmt: skip
    """Up from rate / div_factor to the rate, then down to rate / div_factor / final_div_factor, along cosines.

    The way up takes the share pct_start of the steps.  Momentum (β₁ of Adam and its relatives) goes the other way,
    from max_momentum to base_momentum and back, unless cycle_momentum is 0 (Smith, Topin, 2017; PyTorch's OneCycleLR,
    called after every step).

    >>> one_cycle(pct_start=0.2).settings["max_momentum"]
    0.95
    """
    top, last = pct_start * steps - 1, steps - 1

    def along(begin: Any, middle: Any, end: Any) -> Any:
        def wave(a: Any, b: Any, share: Any) -> Any:
            return b + (a - b) / 2 * (1 + cos(math.pi * share))

        up = wave(begin, middle, t / maximum(top, 1e-9))
        return where(t <= top, up, wave(middle, end, (t - top) / maximum(last - top, 1e-9)))

    least = rate / div_factor
    return along(least, rate, least / final_div_factor), along(max_momentum, base_momentum, max_momentum)


@schedule()
def plateau(  # type: ignore[no-untyped-def]
    rate, *, factor=0.1, patience=10.0, threshold=1e-4, cooldown=0.0, min_lr=0.0
):
    """The rate is multiplied by `factor` when the loss has not fallen for more than `patience` epochs.

    To fall is to be below (1 - threshold) times the lowest loss so far.  After a cut `cooldown` epochs are not
    counted; the rate never falls below min_lr.  The loss is that of the rows held out, else that of the training.
    PyTorch's ReduceLROnPlateau(mode="min", threshold_mode="rel"), without its eps.

    >>> plateau(patience=5).settings["factor"]
    0.1
    """
    return rate


def schedule_named(given: str | Schedule | None) -> Schedule | None:
    """A schedule by name, with settings in parentheses, or itself; None or "" or "constant" for none.

    >>> schedule_named("cosine(eta_min=0.001)")
    cosine(eta_min=0.001)
    """
    if given is None or given in ("", "constant") or isinstance(given, Schedule):
        return given if isinstance(given, Schedule) else None
    name, settings = call_of(given, "schedule")
    if name not in SCHEDULES:
        known = [*SCHEDULES, "constant"]
        raise fail("BL342", name=given, known=", ".join(sorted(known)), nearest=nearest(name, known))
    return SCHEDULES[name](**settings)


def scheduled(
    update: Update, chosen: Schedule | None, *, warm_up: float = 0.0, epochs: int = 1, steps_per_epoch: int = 1
) -> Update:
    """The update with its learning rate (and momentum) following a schedule, after a warm-up of so many epochs.

    During the warm-up, W steps long, the rate in step k is min(1, k / W) of where the schedule begins.

    >>> from backlit.optim import sgd
    >>> scheduled(sgd().update, exponential(gamma=0.5)).follows
    {'learning_rate': learning_rate * exponential.gamma ** floor((k - 1) / steps_per_epoch)}
    """
    if chosen is None and not warm_up:
        return update
    k, w, per_epoch = fm.uniform("k"), fm.uniform("warm_up"), fm.uniform("steps_per_epoch")
    t = maximum(k - 1 - w, 0) if warm_up else k - 1
    steps = maximum(fm.uniform("steps") - w, 1) if warm_up else fm.uniform("steps")
    # A training that goes on for longer than was planned stays where its schedule ended.
    where_it_stands: dict[str, Any] = {"rate": fm.uniform("learning_rate"), "t": minimum(t, steps), "steps": steps}
    where_it_stands["epoch"] = floor(t / per_epoch)
    scalars = {"warm_up": float(warm_up * steps_per_epoch), "steps": float(epochs * steps_per_epoch)}
    scalars["steps_per_epoch"] = float(steps_per_epoch)
    rate: Any = where_it_stands["rate"]
    follows: dict[str, Expr] = {}
    if chosen is not None:
        own = {name: fm.uniform(f"{chosen.name}.{name}") for name in chosen.settings}
        scalars |= {f"{chosen.name}.{name}": value for name, value in chosen.settings.items()}
        rate = fm.substitute(chosen.rate, {**where_it_stands, **own})
        if chosen.momentum is not None and chosen.settings["cycle_momentum"]:
            momentum = fm.substitute(chosen.momentum, {**where_it_stands, **own})
            follows |= {name: momentum for name in MOMENTUM if name in update.scalars}
    if warm_up:
        rate = rate * minimum(1, k / w)
    if rate is not where_it_stands["rate"]:
        follows["learning_rate"] = rate
    read = {name for e in follows.values() for name in fm.leaves([e], "uniform")}
    used = {name: value for name, value in scalars.items() if name in read}
    return replace(update, scalars={**update.scalars, **used}, follows=follows)

"""What an optimizer is: an update rule declared by its formula for one weight, with its settings.

A rule is a function of the weight w, its gradient g, the state it keeps per weight, and its settings; it returns the
new weight and the new state.  It is lowered like every other formula, to one pass over all weights.  The rules
themselves stand in `descent.py` and `adaptive.py`.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..core.lowering import Update
from ..errors import fail, nearest
from ..ops import formula as fm
from .typed import call_of, checked, written


@dataclass(frozen=True)
class Optimizer:
    """An update rule with its settings; `update` is None for one that is no rule for single steps (L-BFGS).

    >>> from backlit.optim import adam
    >>> adam(learning_rate=0.01).settings["beta1"], adam().update.state
    (0.9, ('m', 'v'))
    """

    name: str
    settings: Mapping[str, float]
    update: Update | None
    full_batch: bool = False
    surrogate: str = ""  # for a rule of step units: the activation function that stands in for theirs while it learns

    @property
    def learning_rate(self) -> float:
        """The learning rate; NaN for an optimizer that has none."""
        return float(self.settings.get("learning_rate", float("nan")))

    def __repr__(self) -> str:
        unused = _OPTIONAL.get(self.name, ())  # said only where they are used
        return written(self.name, {n: v for n, v in self.settings.items() if v or n not in unused})


OPTIMIZERS: dict[str, Callable[..., Optimizer]] = {}
_OPTIONAL: dict[str, frozenset[str]] = {}  # for each optimizer the settings that are left out of its formula at 0
_INF = float("inf")
_SMALL = (0.0, 1.0, (1.0,))  # from 0 on, below 1
LIMITS: dict[str, tuple[float, float, tuple[float, ...]]] = {  # from, to, and the ends that are not allowed themselves
    "learning_rate": (0.0, _INF, (0.0, _INF)),
    # Not 0: the places between two parameters in memory have the gradient 0, and 0 / (√0 + 0) is NaN.
    "eps": (0.0, _INF, (0.0, _INF)),
    "weight_decay": (0.0, _INF, (_INF,)),
    "lr_decay": (0.0, _INF, (_INF,)),
    "momentum_decay": (0.0, _INF, (_INF,)),
    "initial_accumulator_value": (0.0, _INF, (_INF,)),
    "momentum": (0.0, 1.0, ()),
    "dampening": (0.0, 1.0, ()),
    "beta1": _SMALL,
    "beta2": _SMALL,
    "alpha": (0.0, 1.0, ()),
    "rho": (0.0, 1.0, ()),
}


def rule(
    *,
    full_batch: bool = False,
    decay: bool = True,
    decoupled: bool = False,
    optional: tuple[str, ...] = (),
    single: tuple[str, ...] = (),
    surrogate: str = "",
) -> Callable[[Callable[..., Any]], Callable[..., Optimizer]]:
    """Decorator: positional arguments are w, g and the state; keyword arguments the settings with their defaults.

    `k`, the number of the step counted from 1, is a setting that the loop counts.  A setting with the default False is
    a switch.  An `optional` one is None where it is 0, so that the rule can leave out what it stands for; state that
    is not needed then is returned as None, and is not kept.

    With `decay` the rule gets one more setting, weight_decay λ: λ w is added to the gradient, as if λ ‖w‖² / 2 stood in
    the loss.  With `decoupled` too there is a switch that takes ε λ w from the weight itself instead, as AdamW does.
    A state named in `single` is one number for all weights.
    """

    def declare(build: Callable[..., Any]) -> Callable[..., Optimizer]:
        name, parts = build.__name__, inspect.signature(build).parameters.values()
        arrays = [p.name for p in parts if p.kind is p.POSITIONAL_OR_KEYWORD]
        asked = [p.name for p in parts if p.kind is p.KEYWORD_ONLY]
        defaults = {p.name: p.default for p in parts if p.kind is p.KEYWORD_ONLY and p.name != "k"}
        in_gradient = decay and "weight_decay" not in defaults
        defaults |= {"weight_decay": 0.0} if in_gradient else {}
        defaults |= {"decoupled_weight_decay": False} if decoupled else {}
        switches = {n for n, value in defaults.items() if value is False}
        _OPTIONAL[name] = frozenset({*optional, *switches, *(["weight_decay"] if in_gradient else [])})

        def make(**given: float) -> Optimizer:
            settings = checked(given, defaults, LIMITS, name)
            off = {n for n in _OPTIONAL[name] if not settings[n]}
            uniforms = {n: fm.uniform(n) for n in [*asked, *defaults] if n not in off | switches}
            chosen = {n: n not in off if n in switches else uniforms.get(n) for n in asked}
            found = build(*map(fm.symbol, arrays), **chosen)
            results = dict(zip(["w", *arrays[2:]], found if isinstance(found, tuple) else (found,), strict=True))
            formulas = {n: e for n, e in results.items() if e is not None}
            if in_gradient and "weight_decay" not in off:
                formulas = _decayed(formulas, bool(settings.get("decoupled_weight_decay")))
            scalars = {n: settings.get(n, 0.0) for n in uniforms}
            state = tuple(formulas)[1:]
            update = Update(tuple(formulas.values()), state, scalars, single=frozenset(single))
            return Optimizer(name, settings, update, full_batch, surrogate)

        make.__module__ = build.__module__
        return enter(name, make, build.__doc__)

    return declare


def _decayed(formulas: dict[str, fm.Expr], decoupled: bool) -> dict[str, fm.Expr]:
    """The formulas with weight decay: in the gradient, or as a share of the weight, which comes off before the step."""
    w, g, share = fm.symbol("w"), fm.symbol("g"), fm.uniform("weight_decay")
    if decoupled:
        return {**formulas, "w": fm.substitute(formulas["w"], {"w": w * (1 - fm.uniform("learning_rate") * share)})}
    return {n: fm.substitute(e, {"g": g + share * w}) for n, e in formulas.items()}


def enter(name: str, make: Callable[..., Optimizer], page: str | None) -> Callable[..., Optimizer]:
    """Put the maker of an optimizer into the table of all."""
    make.__doc__, make.__name__ = page, name
    OPTIMIZERS[name] = make
    return make


def optimizer_named(given: str | Optimizer, **settings: float) -> Optimizer:
    """An optimizer by name with settings, or itself: `optimizer_named("adam", learning_rate=0.01)`.

    Settings may stand in the name's parentheses; those given apart go before.

    >>> optimizer_named("sgd", learning_rate=0.5)
    sgd(learning_rate=0.5)
    >>> optimizer_named("momentum(learning_rate=0.5, momentum=0.8)", weight_decay=0.01)
    momentum(learning_rate=0.5, momentum=0.8, weight_decay=0.01)
    """
    if isinstance(given, Optimizer):
        name, inside = given.name, dict(given.settings)
        if not settings:
            return given
    else:
        name, inside = call_of(given, "optimizer")
    if name not in OPTIMIZERS:
        raise fail("BL303", name=given, known=", ".join(sorted(OPTIMIZERS)), nearest=nearest(name, OPTIMIZERS))
    whose = owners()
    for setting in settings:
        if setting in whose and name not in whose[setting]:
            raise fail("BL340", name=setting, where=name, known=", ".join(whose[setting]))
    return OPTIMIZERS[name](**{**inside, **settings})


def owners() -> Mapping[str, Sequence[str]]:
    """For each setting the optimizers that have it."""
    return _owners(tuple(OPTIMIZERS.items()))


@functools.cache
def _owners(known: tuple[tuple[str, Callable[..., Optimizer]], ...]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, make in known:
        for setting in make().settings:
            found.setdefault(setting, []).append(name)
    return found

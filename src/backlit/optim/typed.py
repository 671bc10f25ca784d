"""Optimizers and schedules as text: "rmsprop(alpha=0.9)" is a name and settings, read here and never by `eval`."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from numbers import Real
from typing import Any

import numpy as np

from ..errors import fail, nearest

_CALL = re.compile(r"\s*(\w+)\s*(?:\((.*)\))?\s*", re.DOTALL)
_SWITCH = {"true": 1.0, "false": 0.0}
_SETTING = re.compile(r"\s*(\w+)\s*=\s*([^\s=]+)\s*")


def call_of(given: Any, what: str) -> tuple[str, dict[str, float]]:
    """The name and the settings that a text writes; what is no text is its own name (an unknown one).

    >>> call_of("step(step_size=10, gamma=0.5)", "schedule")
    ('step', {'step_size': 10.0, 'gamma': 0.5})
    """
    if not isinstance(given, str):
        return repr(given), {}
    match = _CALL.fullmatch(given)
    if match is None:
        raise fail("BL341", where=what, got=given[:200])
    settings: dict[str, float] = {}
    for part in (match[2] or "").split(",") if (match[2] or "").strip() else ():
        setting = _SETTING.fullmatch(part)
        if setting is None or setting[1] in settings:
            raise fail("BL341", where=what, got=given[:200])
        try:
            settings[setting[1]] = float(_SWITCH.get(setting[2].lower(), setting[2]))
        except ValueError:
            raise fail("BL341", where=what, got=given[:200]) from None
    return match[1], settings


def written(name: str, settings: Mapping[str, float]) -> str:
    """The text that `call_of` reads."""
    return f"{name}({', '.join(f'{n}={_number(v)}' for n, v in settings.items())})"


def _number(value: float) -> str:
    """The shortest digits that are this very number."""
    short = f"{value:g}"
    return short if float(short) == value else repr(float(value))


def checked(
    given: Mapping[str, Any],
    defaults: Mapping[str, float],
    limits: Mapping[str, tuple[float, float, tuple[float, ...]]],
    where: str,
) -> dict[str, float]:
    """All settings as numbers; a ParameterError for one that does not exist or is out of range."""
    for name, value in given.items():
        if name not in defaults:
            raise fail("BL304", name=name, known=", ".join(defaults), nearest=nearest(name, defaults), where=where)
        if defaults[name] is False:
            if not isinstance(value, Real | np.bool_) or value not in (0, 1):
                raise fail("BL336", name=name, value=value, where=where)
            continue
        low, high, refused = limits.get(name, (-math.inf, math.inf, (-math.inf, math.inf)))
        is_number = isinstance(value, Real) and not isinstance(value, bool)
        if not is_number or not low <= value <= high or value in refused:
            raise fail("BL305", name=name, low=low, high=high, value=value, where=where)
    return {name: float(given.get(name, default)) for name, default in defaults.items()}

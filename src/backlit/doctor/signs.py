"""Vital signs in short: of every look a number for the step and some for each layer, as plain data.

It is what run.json keeps of the looks, and what the charts of a diagnosis are drawn from.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .vitals import Look

MOST = 40  # looks that are kept: a chart has no room for more


def signs(looks: Sequence[Look]) -> dict[str, Any]:
    """Series over the steps that were looked at; empty where none was.

    steps, loss, after (the loss of the same batch after the step) and r; for each layer the share of its units whose
    f′ is 0 in every row of the batch (dead), the mean share of rows in which a unit is saturated, and the root mean
    square of δᵘ (delta); for each parameter the size of the step over that of the weights (ratio).  What is not
    finite is None.
    """
    if not looks:
        return {}
    some = [looks[round(k)] for k in np.linspace(0, len(looks) - 1, min(len(looks), MOST))]
    layers = {name: {key: [_of_layer(key, look, name) for look in some] for key in _LAYER} for name in some[0].units}
    ratios = {name: [_ratio(look, name) for look in some] for name in some[0].parameters}
    return {
        "steps": [look.step for look in some], "loss": [_short(look.loss) for look in some],
        "after": [_short(look.after) for look in some], "r": [_short(look.r) for look in some],
        "layers": {name: {k: v for k, v in found.items() if any(x is not None for x in v)}
                   for name, found in layers.items()},
        "ratio": ratios,
    }  # fmt: skip


_LAYER = ("dead", "saturated", "delta")


def _of_layer(key: str, look: Look, name: str) -> float | None:
    found = look.units.get(name, {})
    if key == "dead" and "f′=0" in found:
        return _short(float((found["f′=0"] >= 1.0).mean()))
    if key == "saturated" and "saturated" in found:
        return _short(float(found["saturated"].mean()))
    if key == "delta" and "mean(δᵘ²)" in found:
        return _short(float(np.sqrt(found["mean(δᵘ²)"].mean())))
    return None


def _ratio(look: Look, name: str) -> float | None:
    found = look.parameters.get(name, {})
    return _short(found["Δ"] / found["w"]) if found.get("w") else None


def _short(value: float) -> float | None:
    """Five digits are more than a chart can show."""
    return float(f"{value:.5g}") if math.isfinite(value) else None

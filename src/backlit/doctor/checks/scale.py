"""Whether inputs and targets are of a size that the optimizer can work with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..finding import Finding, check
from ..patient import Patient
from ..trial import Change
from .data import name_of
from .output import output_layer
from .pace import STEEP

HALF = 0.5  # of the steps that are needed: what standardising has to save, as remedies are judged elsewhere
# Standard deviations of u from which more than half of the rows lie where the sigmoid's slope is below a twentieth of
# its largest (|u| > 4.36; half of a normal distribution lies beyond 0.674 of its standard deviation).
FLAT = 4.36 / 0.674
# Of the largest eigenvalue: what float32, in which rows are trained on, leaves of a column that is none of its own.
ROUNDING = float(np.finfo(np.float32).eps) ** 2
ROWS = 1000  # that are enough for moments of the right order of size


@check(
    "DR204", number=16, category="unscaled_input", stage="start",
    explains=(
        "DR201", "DR202", "DR302", "DR303", "DR304", "DR305", "DR401", "DR402", "DR403", "DR405", "DR503", "DR504",
    ),
)  # fmt: skip
def inputs_unscaled(patient: Patient) -> Iterator[Finding]:
    """Inputs of such sizes that one learning rate cannot serve all weights, or that sums begin where nothing bends.

    The condition number of their second moments (with the 1 of the bias) is about the number of steps that gradient
    descent needs.  First weights are drawn for inputs of mean square 1.
    """
    patient.clock.ask()
    x = patient.x[:: -(-len(patient.x) // ROWS)]
    spread = x.std(axis=0)
    vary = spread > 0
    if not vary.any():
        return
    x = x[:, vary]
    condition = _condition(x)
    steps = budget(patient)
    by_scale = _condition((x - x.mean(axis=0)) / x.std(axis=0))
    with np.errstate(all="ignore"):
        size = float(np.sqrt((x * x).mean()))  # of u, too: weights are drawn with a mean square of about 1 / fan_in
    crooked = condition > steps and by_scale < HALF * condition
    if crooked or size > FLAT:
        # spreads enter squared; where they make up most of the number's factors, the columns differ from each other
        apart = 2 * float(np.log(spread.max() / spread[vary].min()))
        way = "crooked" if apart > HALF * float(np.log(condition)) else "shifted"
        wide, narrow = (int(np.flatnonzero(vary)[i(spread[vary])]) for i in (np.argmax, np.argmin))
        facts = {
            "condition": condition, "scaled": by_scale, "steps": steps, "most": float(spread.max()),
            "least": float(spread[vary].min()), "mean": float(np.abs(x.mean(axis=0)).max()), "size": size, "flat": FLAT,
            "wide": name_of(patient, wide), "narrow": name_of(patient, narrow), "how": way if crooked else "size",
        }  # fmt: skip
        yield Finding("DR204", "suspected", facts, (Change("scale_x", scale=("x",)),))


def budget(patient: Patient) -> int:
    """The steps of the training; of one that broke those that it would have made."""
    settings = patient.settings
    planned = int(settings.get("epochs") or 0) * int(settings.get("steps_per_epoch") or 1)
    return max(planned if patient.stopped == "not finite" else int(settings.get("steps") or 0), 1)


def _condition(x: np.ndarray) -> float:
    """Largest over smallest eigenvalue of the second moments of the columns and a 1.

    Of many columns some are taken, evenly spread: it is the order of size that counts.
    """
    x = x[:, :: -(-x.shape[1] // 200)]
    with np.errstate(all="ignore"):
        full = np.column_stack([x, np.ones(len(x))])
        if not np.isfinite(full).all():
            return float("inf")
        values = np.linalg.svd(full, compute_uv=False) ** 2 / len(x)
    values = values[values > values[0] * ROUNDING]
    return float(values[0] / values[-1])


@check(
    "DR205", number=17, category="unscaled_input", stage="start",
    explains=("DR201", "DR303", "DR304", "DR305", "DR401", "DR402", "DR403", "DR503", "DR504"),
)  # fmt: skip
def targets_unscaled(patient: Patient) -> Iterator[Finding]:
    """Targets so far from the first outputs that the steps do not get there, or so close together that these hide them.

    All is measured against the first outputs, so nothing changes where outputs and targets have another unit: how often
    the last weights have to grow; whether the steps that were made suffice for it; whether they still fit the
    curvature, which grows with the square.
    """
    if patient.task != "numbers":
        return
    t, out = patient.t, patient.values("start", ())["output"].astype(np.float64)
    with np.errstate(all="ignore"):
        size, spread = float(np.sqrt((t * t).mean())), float(t.std())
        first = float(np.sqrt((out * out).mean())) or 1.0  # outputs that begin at 0: what weights are drawn for
        growth = size / first
    steps = budget(patient)
    needed, r = _steps_to_grow(patient, growth), patient.course[0].r if patient.course else 0.0
    facts: dict[str, Any] = {
        "size": size, "spread": spread, "first": first, "mean": float(t.mean()), "growth": growth, "needed": needed,
        "steps": steps, "r": r, "steep": r * growth**2, "faint": (first / spread) ** 2 if spread > 0 else float("inf"),
    }  # fmt: skip
    how = ""
    if growth > 1 and needed > steps:
        how = "far"
    elif growth > 1 and r * growth**2 > STEEP:
        how = "steep"
    elif spread > 0 and first**2 > steps * spread**2:
        how = "faint"
    if how:
        facts["category"] = "unscaled_input" if any(inputs_unscaled(patient) or ()) else "other"
        yield Finding("DR205", "suspected", {**facts, "how": how}, (Change("scale_t", scale=("t",)),))


def _steps_to_grow(patient: Patient, growth: float) -> float:
    """How many steps of the size that was measured the last weights need to grow by this factor; 0: not known."""
    name = f"{output_layer(patient)}.weight"
    seen = [look.parameters[name] for look in patient.course if name in look.parameters]
    pace = float(np.median([one["Δ"] for one in seen])) if seen else 0.0
    return (growth - 1) * seen[0]["w"] / pace if pace > 0 else 0.0

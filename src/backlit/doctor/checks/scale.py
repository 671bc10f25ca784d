"""Whether inputs and targets are of a size that the optimizer can work with."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..finding import Finding, check
from ..patient import Patient
from ..trial import Change


@check(
    "DR204", number=16, category="unscaled_input", stage="start",
    explains=(
        "DR201", "DR202", "DR302", "DR303", "DR304", "DR305", "DR401", "DR402", "DR403", "DR405", "DR503", "DR504",
    ),
)  # fmt: skip
def inputs_unscaled(patient: Patient) -> Iterator[Finding]:
    """Inputs of such sizes that one learning rate cannot serve all weights.

    The condition number of their second moments (with the 1 of the bias) is about the number of steps that gradient
    descent needs.
    """
    x = patient.x
    spread = x.std(axis=0)
    vary = spread > 0
    if not vary.any():
        return
    x = x[:, vary]
    condition, largest = _condition(x)
    steps = max(int(patient.settings.get("steps") or 0), 1)
    by_scale, _ = _condition((x - x.mean(axis=0)) / x.std(axis=0))
    if (condition > max(steps, 1) and condition > 10 * by_scale) or largest > 100 * x.shape[1]:
        names = [n for n, v in zip(patient.features, vary, strict=False) if v]
        wide, narrow = int(np.argmax(spread[vary])), int(np.argmin(spread[vary]))
        facts = {
            "condition": condition, "scaled": by_scale, "steps": steps, "most": float(spread.max()),
            "least": float(spread[vary].min()), "mean": float(np.abs(x.mean(axis=0)).max()),
            "wide": names[wide] if names else f"x[{wide}]", "narrow": names[narrow] if names else f"x[{narrow}]",
        }  # fmt: skip
        yield Finding("DR204", "suspected", facts, (Change("scale_x", scale=("x",)),))


def _condition(x: np.ndarray) -> tuple[float, float]:
    """Largest over smallest eigenvalue of the second moments of the columns and a 1; and the largest one.

    Of many rows and columns some are taken, evenly spread: it is the order of size that counts.
    """
    x = x[:: -(-len(x) // 1000), :: -(-x.shape[1] // 200)]
    with np.errstate(all="ignore"):
        full = np.column_stack([x, np.ones(len(x))])
        if not np.isfinite(full).all():
            return float("inf"), float("inf")
        values = np.linalg.svd(full, compute_uv=False) ** 2 / len(x)
    values = values[values > values[0] * 1e-14]
    return float(values[0] / values[-1]), float(values[0])


@check(
    "DR205", number=17, category="unscaled_input", stage="start",
    explains=("DR201", "DR304", "DR305", "DR401", "DR402", "DR403", "DR503", "DR504"),
)  # fmt: skip
def targets_unscaled(patient: Patient) -> Iterator[Finding]:
    """Targets so far from the first outputs that the steps cannot get there, or so small that noise hides them."""
    if patient.task != "numbers":
        return
    t, out = patient.t, patient.values("start", ())["output"].astype(np.float64)
    with np.errstate(all="ignore"):
        size, spread = float(np.sqrt((t * t).mean())), float(t.std())
        first = float(np.sqrt((out * out).mean()))
    if size > 10 or 0 < spread < 0.01:
        facts = {"size": size, "spread": spread, "first": first, "mean": float(t.mean())}
        yield Finding("DR205", "suspected", facts, (Change("scale_t", scale=("t",)),))

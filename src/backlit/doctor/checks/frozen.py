"""A loss that stays where an answer that never looks at the input has it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..finding import Finding, check
from ..forward import row_losses, row_losses_of, some_rows
from ..patient import Patient

Array = np.ndarray[Any, Any]
Z = 2.0  # standard errors: what chance does in one of 20 networks
EXACT = 1e-5  # of the loss: what float32 leaves of the same number


@check("DR206", number=5, category="", stage="end", symptom=True)
def frozen_loss(patient: Patient) -> Iterator[Finding]:
    """A loss that for the second half of the training is that of a constant answer, within the error of sampling.

    It names no fault: it is what a constant output, dead units or steps that lead nowhere look like from outside.
    """
    losses = np.array([row["train_loss"] for row in patient.history], np.float64)
    if len(losses) < 2 or not np.isfinite(losses[-1]):
        return
    rows = some_rows(patient)
    t = np.asarray(rows["t"], np.float64)
    patient.ask()
    own = row_losses(patient, patient.end, rows)
    if not np.isfinite(own).all():
        return
    for how, answer in constants(t, patient).items():
        patient.clock.ask()
        same = row_losses_of(patient, t)(answer)
        if not np.isfinite(same).all():
            continue
        away = own - same
        error = float(away.std() / np.sqrt(len(t)))
        level = float(same.mean())
        band = max(Z * error, EXACT * abs(level))
        late = losses[len(losses) // 2 :]
        if abs(float(away.mean())) <= band and float(np.ptp(late)) <= max(Z * band, EXACT * abs(level)):
            facts = {
                "how": how, "loss": float(own.mean()), "constant": level, "error": error, "classes": t.shape[1],
                "epochs": len(late), "rows": len(t), "z": float(away.mean() / error) if error > 0 else 0.0,
            }  # fmt: skip
            yield Finding("DR206", "measured", facts)
            return


def constants(t: Array, patient: Patient) -> dict[str, Array]:
    """Answers that are the same for every row, as the loss reads them: by the name of what they cost."""
    p, width = t.mean(axis=0), t.shape[1]
    with np.errstate(all="ignore"):
        if patient.aim.kind.reads == "softmax":
            found = {"shares": np.log(p), "even": np.zeros(width)}
        elif patient.aim.kind.reads == "sigmoid":
            found = {"shares": np.log(p / (1 - p)), "even": np.zeros(width)}
        elif patient.task == "numbers":
            found = {"mean": p, "median": np.median(t, axis=0), "zero": np.zeros(width)}
        else:
            found = {
                "shares": p,
                "even": np.full(width, 1 / width if width > 1 else 0.5),
                "zero": np.zeros(width),
                "one": np.ones(width),
            }
    return {n: np.nan_to_num(a, nan=0.0, posinf=80.0, neginf=-80.0) for n, a in found.items()}

"""What was learned: for new rows, from the input at all, and whether a handful of rows could be."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..finding import Finding, check
from ..patient import Patient
from ..skill import error_of, skills_of
from ..time import OutOfTime
from ..trial import HALF, Change

FEW = 16  # rows that any network with as many weights can learn by heart; half of a usual batch
STEPS = 1000  # in which it should: the reference makes half as many again for all rows
HOPELESS = 3  # times as long as there is: so much may what the steps took be wrong


@check("DR501", number=22, category="other", stage="end")
def overfit(patient: Patient) -> Iterator[Finding]:
    """Training rows learned by heart: less than half of what was learned of them holds for rows held out."""
    held = patient.held_out
    if not held or not patient.end or len(held["t"]) < 2:
        return
    t = np.asarray(held["t"], np.float64)
    seen = skills_of(patient.answers(patient.end), patient.t, patient.aim)
    new = skills_of(patient.answers(patient.end, held), t, patient.aim)
    if len(seen) < 2 or len(new) < 2:
        return
    error = float(np.hypot(error_of(seen), error_of(new)))
    gap = float(seen.mean() - new.mean())
    learned = seen.mean() > 2 * error_of(seen)  # something at all
    if learned and gap > 2 * error and new.mean() < HALF * seen.mean():
        losses = [float(row["valid_loss"]) for row in patient.history if "valid_loss" in row]
        best = int(np.nanargmin(losses)) if losses and not np.isnan(losses).all() else 0
        stopped = skills_of(patient.answers(patient.net.values, held), t, patient.aim)
        facts = {
            "seen": float(seen.mean()), "new": float(new.mean()), "gap": gap, "error": error, "rows": len(t),
            "best": best + 1, "least": losses[best] if losses else float("nan"),
            "last": losses[-1] if losses else float("nan"), "stopped": float(stopped.mean()) if len(stopped) else 0.0,
        }  # fmt: skip
        yield Finding("DR501", "measured", facts, (Change("l2", settings={"l2": 0.01}, facts={"l2": 0.01}),))


@check("DR503", number=24, category="", stage="end", symptom=True)
def nothing_from_the_input(patient: Patient) -> Iterator[Finding]:
    """Answers that are as good for other rows' inputs as for their own: they do not come from the input."""
    if not patient.end or len(patient.t) < 2:
        return
    out = patient.values("end", ())["output"].astype(np.float64)
    mixed = np.random.default_rng(0).permutation(len(out))
    own, others = (skills_of(o, patient.t, patient.aim) for o in (out, out[mixed]))
    if not len(own) or not len(others) or not np.isfinite([own.mean(), others.mean()]).all():
        return
    gain, error = float((own - others).mean()), error_of(own - others)
    if gain <= 2 * error:
        facts = {"gain": gain, "error": error, "skill": float(own.mean()), "rows": len(out)}
        yield Finding("DR503", "measured", facts)


@check("DR504", number=25, category="", stage="end", explains=("DR503",), symptom=True)
def cannot_learn_a_few(patient: Patient) -> Iterator[Finding]:
    """A copy of the network that cannot learn a handful of rows by heart."""
    if patient.attempt is None or not patient.end or patient.rows <= FEW or patient.replay <= 0:
        return
    if patient.skill() >= HALF:  # it has learned many rows: it can learn a few
        return
    epochs = max(STEPS, int(patient.settings.get("steps") or 0))
    change = Change("few_rows", settings={"epochs": epochs, "patience": 0, "batch_size": FEW}, few=FEW,
                    facts={"rows": FEW})  # fmt: skip
    seconds = min(patient.replay, patient.clock.left)
    share = min(1.0, FEW / int(patient.settings.get("batch_size") or FEW))  # of a step, if rows are all that counts
    if HOPELESS * seconds < patient.pace * share * epochs:
        raise OutOfTime
    outcome = patient.attempt(change, False, seconds)
    if outcome.cut:
        raise OutOfTime
    skill = outcome.skill
    constant = skill != skill and not outcome.broken  # all of one class: nothing to tell apart
    if not constant and not skill >= HALF:
        facts = {"rows": FEW, "steps": outcome.steps, "skill": skill if skill == skill else float("nan")}
        yield Finding("DR504", "measured", facts)

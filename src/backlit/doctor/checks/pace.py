"""The size and the number of the steps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ...optim import OPTIMIZERS
from ..finding import Finding, check
from ..noise import noise_scale
from ..patient import Patient
from ..trial import BATCH, STEPS, Change

STEEP = 2.0  # r: exact for a parabola, from here on a step ends higher than it began
LOW = 0.1  # r: exact for a parabola, below it a step ten times as long, the next one that people try, falls short yet
BACK = -0.5  # cosine of two steps of one length: below it the second takes back more than half of the first
LEAST = 12  # epochs: a quarter of them has three points, the fewest of which a slope has an error
HALF = 0.5  # of all paths through dropout: below that more are switched off than left


@check(
    "DR401", number=11, category="lr_too_high", stage="course",
    explains=("DR302", "DR303", "DR304", "DR305", "DR405", "DR503", "DR504"),
)  # fmt: skip
def rate_too_high(patient: Patient) -> Iterator[Finding]:
    """Steps that raise the loss of their own batch: r = ΔᵀHΔ / (-gᵀΔ) above 2.

    A single one makes the suspicion; whether the rate is to blame is for a trial to tell.
    """
    looks = patient.course
    rate = patient.rate
    if not looks or not rate:
        return
    r = np.array([look.r for look in looks])
    good = r[np.isfinite(r)]
    middle = float(np.median(good)) if len(good) else float("nan")
    raised = np.array([look.after > look.loss or not np.isfinite(look.after) for look in looks])
    broken = patient.stopped == "not finite" or not np.isfinite(patient.skill())
    if broken or raised.any() or (good > STEEP).any():
        ceiling = rate * STEEP / middle if middle > 0 else float("nan")
        facts: dict[str, Any] = {
            "rate": rate, "r": middle, "raised": float(raised.mean()), "broken": broken,
            "looks": len(looks), "ceiling": ceiling,
        }  # fmt: skip
        if not ceiling <= np.finfo(np.float32).max:
            facts["how"] = "steep"  # no step of it can be measured, or the bowl is open downwards
        yield Finding("DR401", "suspected", facts, tuple(new_rate(rate / f) for f in (10, 100, 1000)))


@check("DR402", number=12, category="lr_too_low", stage="course", explains=("DR403", "DR503", "DR504", "DR201"))
def rate_too_low(patient: Patient) -> Iterator[Finding]:
    """Steps so short that the loss falls as the slope foretells: a step ten times as long would still be good."""
    looks = patient.course
    rate = patient.rate
    if not looks or not rate:
        return
    seen = [look.r for look in looks if np.isfinite(look.r)]
    r = float(np.median(seen)) if seen else 1.0
    if r < LOW:
        factor = float(np.clip(1 / r if r > 0 else 1000, 10, 1000))
        steps = int(patient.settings.get("steps") or 0)
        facts = {
            "rate": rate, "r": r, "looks": len(looks), "better": rate * factor,
            # so few steps that they are farther from what the plain network makes than the rate is from the rule's own
            "later": STEPS / max(steps, 1) > usual_rate(patient) / rate,
        }  # fmt: skip
        yield Finding("DR402", "suspected", facts, tuple(new_rate(rate * f) for f in sorted({10.0, factor})))


@check("DR403", number=13, category="too_few_epochs", stage="course", explains=("DR402", "DR503", "DR504"))
def too_few_steps(patient: Patient) -> Iterator[Finding]:
    """A loss that is still falling at the end: the slope of the last quarter is below 0 by two standard errors.

    Of fewer than twelve epochs no such slope can be had (a quarter has less than three points): there a trial alone
    can tell.
    """
    steps = int(patient.settings.get("steps") or 0)
    losses = np.array([row["train_loss"] for row in patient.history], float)
    if not steps or patient.stopped != "epochs" or not np.isfinite(losses).all():
        return
    few = len(losses) < LEAST
    slope, error = (float("nan"), float("nan")) if few else slope_of(losses[-(len(losses) // 4) :])
    if few or slope < -2 * error:
        epochs = int(patient.settings["epochs"])
        more = epochs * max(10, int(1000 / max(steps, 1)))
        patience = int(patient.settings.get("patience") or 0) * more // epochs  # the same share of the epochs
        facts = {
            "epochs": epochs, "steps": steps, "more": more, "begin": float(losses[0]), "loss": float(losses[-1]),
            "first": few, "slope": slope, "fall": -slope, "error": error, "how": "few" if few else "slope",
            # so few steps in so many passes over the rows: smaller batches make more of them at no more work
            "later": patient.rows > BATCH < int(patient.settings["batch_size"]) and steps < STEPS,
        }  # fmt: skip
        longer = {"epochs": more, **({"patience": patience} if patience else {})}
        change = Change("epochs", settings=longer, facts={"epochs": more})
        yield Finding("DR403", "suspected", facts, (change,))


def usual_rate(patient: Patient) -> float:
    """The learning rate that the optimizer has by itself; that of the training where it has none."""
    make = OPTIMIZERS.get(str(patient.settings.get("optimizer", "")).partition("(")[0])
    own = make().learning_rate if make is not None else float("nan")
    return own if own > 0 else patient.rate


def slope_of(values: np.ndarray) -> tuple[float, float]:
    """The slope of the best line through points one apart, and its standard error."""
    at = np.arange(len(values)) - (len(values) - 1) / 2
    square = float((at * at).sum())
    slope = float((at * values).sum() / square)
    rest = values - values.mean() - slope * at
    return slope, float(np.sqrt((rest * rest).sum() / (len(values) - 2) / square))


@check("DR404", number=20, category="batch_size", stage="course", explains=("DR403", "DR405", "DR503", "DR504"))
def batch_size(patient: Patient) -> Iterator[Finding]:
    """Smaller batches than the plain reference network has, or larger ones and therefore fewer steps than it makes."""
    batch, steps = int(patient.settings["batch_size"]), int(patient.settings.get("steps") or 0)
    few = batch > BATCH and steps < STEPS
    if patient.rows > BATCH and (batch < BATCH or few):
        how = "few" if few else "noise"
        r = [look.r for look in patient.course if np.isfinite(look.r)]
        facts = {
            "batch": batch, "steps": steps, "rows": patient.rows, "better": BATCH, "how": how, "least": STEPS,
            # steps that fit the bowl of their own batch, and shake for what the batches have not in common
            "first": how == "noise" and bool(r) and float(np.median(r)) < 1,
        }  # fmt: skip
        if (scale := noise_scale(patient)) is not None:
            facts["scale"] = scale
        change = Change("batch_size", settings={"batch_size": BATCH}, facts={"batch": BATCH})
        yield Finding("DR404", "suspected", facts, (change,))


@check("DR405", number=21, category="lr_too_high", stage="course", explains=("DR503", "DR504"))
def oscillation(patient: Patient) -> Iterator[Finding]:
    """Steps of which the next takes back more than half: the cosine between neighbours is below -1/2."""
    turns = np.array([look.turn for look in patient.course])
    turns = turns[np.isfinite(turns)]
    if len(turns) < 3 or not patient.rate or not float(np.median(turns)) < BACK:
        return
    facts = {"turn": float(np.median(turns)), "looks": len(turns), "rate": patient.rate,
             "share": float((turns < BACK).mean())}  # fmt: skip
    changes = [new_rate(patient.rate / 10)]
    if patient.settings.get("momentum"):
        changes.append(Change("momentum", settings={"momentum": 0.0}, facts={"momentum": 0.0}))
    yield Finding("DR405", "suspected", facts, tuple(changes))


def new_rate(rate: float) -> Change:
    """Another learning rate, in two digits."""
    rate = float(f"{rate:.2g}")
    return Change("learning_rate", settings={"learning_rate": rate}, facts={"rate": rate})


@check("DR502", number=23, category="other", stage="course", explains=("DR403", "DR503", "DR504"))
def penalty_dominates(patient: Patient) -> Iterator[Finding]:
    """A penalty that holds the weights back with more force than the data pull, or dropout that leaves too little."""
    l1, l2 = (float(patient.settings.get(n) or 0.0) for n in ("l1", "l2"))
    decay = float(patient.settings.get("weight_decay") or 0.0)
    if l1 or l2 or decay:
        weights = [w for name, w in patient.end.items() if name.endswith(".weight")]
        size = sum(l2 / 2 * float((w * w).sum()) + l1 * float(np.abs(w).sum()) for w in weights)
        loss = float(patient.history[-1]["train_loss"]) if patient.history else float("nan")
        none = {name: 0.0 for name, value in (("l1", l1), ("l2", l2), ("weight_decay", decay)) if value}
        facts = {"l1": l1, "l2": l2, "decay": decay, "penalty": size, "loss": loss, **pull_of(patient, l1, l2 + decay)}
        yield Finding("DR502", "suspected", facts, (Change("no_penalty", settings=none),))
    drops = {one.name: rate for one in patient.net.layers() if (rate := float(getattr(one, "rate", 0.0)))}
    left = float(np.prod([1 - rate for rate in drops.values()]))
    if left < HALF:
        layer = max(drops, key=lambda name: drops[name])
        facts = {"how": "dropout", "layer": layer, "rate": drops[layer], "count": len(drops), "left": left}
        without = Change("no_noise", layers={n: {"rate": 0.0} for n in drops}, facts={"layer": ", ".join(drops)})
        yield Finding("DR502", "suspected", facts, (without,))


def pull_of(patient: Patient, l1: float, l2: float) -> dict[str, object]:
    """The layer in which the penalty's gradient is the largest against the whole gradient, at the last look."""
    seen = patient.course[-1].parameters if patient.course else {}
    weights = {n: one for n, one in seen.items() if n.endswith(".weight") and one.get("g")}
    pulls = {n: (l1 + l2 * one["w"]) / one["g"] for n, one in weights.items()}
    name = max(pulls, key=lambda n: pulls[n], default="")
    return {"layer": name.rpartition(".")[0] or "-", "pull": pulls.get(name, float("nan"))}

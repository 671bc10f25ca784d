"""Whether the steps go down."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...optim.rule import OPTIMIZERS
from ..finding import Finding
from ..patient import Patient
from ..trial import RATE, Change

OWN = __name__.partition(".")[0]
DECAYS = ("weight_decay", "decoupled_weight_decay")


def foreign(module: str) -> bool:
    """Whether something was declared outside of this package; a typed formula, which has no module, was not."""
    return bool(module) and module.partition(".")[0] != OWN


def uphill(patient: Patient) -> Iterator[Finding]:
    """Steps along the gradient in place of against it: gᵀΔ above 0 in the first step, and in most of the others.

    The first step of every rule that goes down has gᵀΔ below 0: there is no speed yet that could carry it uphill.  Only
    a pull of the weights towards 0 that is not in the gradient can outweigh it: then nothing is said.  Rules of this
    package go down; those of one's own are looked at.
    """
    name = str(patient.settings.get("optimizer", "")).partition("(")[0]
    if name in OPTIMIZERS and not foreign(OPTIMIZERS[name].__module__):
        return
    slopes = np.array([look.slope for look in patient.course if look.slope])
    if not len(slopes) or any(patient.settings.get(name) for name in DECAYS):
        return
    first = patient.course[0]
    if first.step == 1 and first.slope > 0 and np.median(slopes) > 0:
        facts = {
            "how": "uphill", "what": name, "slope": first.slope, "loss": first.loss,
            "after": first.after, "share": float((slopes > 0).mean()), "looks": len(slopes), "step": first.step,
        }  # fmt: skip
        change = Change("optimizer", settings={"optimizer": "adam", "learning_rate": RATE},
                        facts={"optimizer": "adam", "rate": RATE})  # fmt: skip
        yield Finding("DR110", "proved", facts, (change,))

"""Suspicions are tried: what does not help when it is mended was not the fault.

What there is to learn is found first, by a plain network that is known to do well (standardised data, one hidden
layer of ReLU units, Adam), judged on rows that it has not seen.  A network whose skill is at least half of that works.
For one that does not, each change is tried by itself; a remedy has to close half of the gap.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from .finding import Finding
from .patient import Patient
from .trial import Change, Outcome

HALF = 0.5  # of what there is to learn: the share from which a network works, and a remedy helps
ENOUGH = 50  # rows from which a fifth can be kept back


def tried(patient: Patient, found: Sequence[Finding], until: float) -> tuple[list[Finding], Outcome | None]:
    """The findings with what their changes did; suspicions that no trial bore out are left out."""
    assert patient.attempt is not None
    begin = time.perf_counter()
    reference = patient.attempt(reference_change(patient), patient.rows >= ENOUGH, (until - begin) / 3)
    now = patient.skill()
    broken = patient.stopped == "not finite" or now != now
    start = 0.0 if broken else max(now, 0.0)
    most = max(reference.skill if reference.skill == reference.skill else 0.0, start)
    ill = broken or now < HALF * most
    kept = []
    for one in found:
        if one.grade == "suspected" and not ill:
            continue
        outcomes = _outcomes(patient, one, until)
        one = replace(one, tried=tuple(outcomes))
        if one.grade == "suspected":
            best = max((o.skill for o in outcomes if o.skill == o.skill), default=0.0)
            if best - start < HALF * (most - start) or best <= start:
                continue
            one = replace(one, grade="measured")
        kept.append(one)
    return kept, reference


def _outcomes(patient: Patient, finding: Finding, until: float) -> list[Outcome]:
    assert patient.attempt is not None
    outcomes = []
    for change in finding.changes:
        left = until - time.perf_counter()
        if left <= 0:
            break
        outcomes.append(patient.attempt(change, False, left))
    return sorted(outcomes, key=lambda o: -o.skill if o.skill == o.skill else 2.0)


def reference_change(patient: Patient) -> Change:
    """A network and a training that do well on most tables."""
    out = patient.t.shape[1]
    task = patient.task
    activation, loss = "identity", "squared_error"
    if task == "classes" and out > 1:
        activation, loss = "softmax", "cross_entropy"
    elif task != "numbers":
        activation, loss = "sigmoid", "binary_cross_entropy"
    scale = ("x", "t") if task == "numbers" else ("x",)
    batch = min(32, patient.rows)
    epochs = max(20, -(-1500 * batch // patient.rows))
    stack = ({"kind": "Dense", "units": 64, "activation": "relu"}, {"kind": "Dense", "units": out, "activation": activation})
    settings = {
        "loss": loss, "loss_options": {}, "optimizer": "adam", "learning_rate": 0.003, "batch_size": batch,
        "epochs": epochs, "patience": 0, "l1": 0.0, "l2": 0.0, "label_smoothing": 0.0, "schedule": None,
        "clip_norm": 0.0, "clip_value": 0.0, "warm_up": 0.0,
    }  # fmt: skip
    return Change("reference", settings=settings, stack=stack, scale=scale)

"""Suspicions are tried: what does not help when it is mended was not the fault.

What there is to learn is found first, by a plain network that is known to do well (standardised data, one hidden
layer of ReLU units, Adam), judged on rows that it has not seen.  A network whose skill is at least half of that works.
For one that does not, each change is tried by itself; a remedy has to close half of the gap.  Where no single one
does, changes are joined, the best one first.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from .finding import Finding
from .patient import Patient
from .relation import unrelated
from .trial import BATCH, HALF, RATE, STEPS, Change, Outcome

ENOUGH = 50  # rows from which a fifth can be kept back: ten, the fewest of which a skill has an error worth the name
DEEP = 3  # changes that are joined at most


class Screen:
    """Trials on one patient until a point in time."""

    def __init__(self, patient: Patient, until: float) -> None:
        self.patient, self.until = patient, until
        self.reference: Outcome | None = None
        self.now = patient.skill() if patient.fits else float("nan")
        self.broken = patient.stopped == "not finite" or self.now != self.now
        self.start = 0.0 if self.broken else max(self.now, 0.0)
        self.most = self.start
        self.left_out: list[tuple[str, str]] = []
        self.too_large: dict[str, Any] = {}  # of trials that a pass over the rows is too long for: why, and which
        self.others: list[Finding] = []  # suspicions that no trial bore out, what helped most first
        self.unrelated: Finding | None = None  # nothing in the inputs tells of the targets

    def tried(self, found: Sequence[Finding]) -> list[Finding]:
        """The findings with what their changes did; suspicions that no trial bore out are left out."""
        patient = self.patient
        left = self.until - time.perf_counter()
        plain = reference_change(patient, decoding(found))
        self.reference = self.attempt(plain, left / 2, patient.rows >= ENOUGH)
        self.unrelated = unrelated(patient, self.reference)
        if self.unrelated:
            # what can be remembered is all there is to compare with
            self.reference = self.attempt(plain, left / 4) or self.reference
        self.most = max(good(self.reference), self.start)
        suspected = [f for f in found if f.grade == "suspected" and not f.symptom]
        symptoms = [f for f in found if f.symptom]
        # what does not fit and yet does no harm is told only where something is wrong
        told = [f for f in found if f.grade == "proved" and not f.symptom and (self.ill or not f.facts.get("harmless"))]
        sure = [self._with_trials(f, 2) for f in told]
        sure += [f for f in found if f.grade == "measured" and not f.symptom]
        if self.unrelated and not self.unrelated.facts.get("note"):
            self.others = suspected  # there is nothing to compare a change with
            return [*sure, self.unrelated, *symptoms]
        if not self.ill:
            return sure
        made = [self._with_trials(f, len(suspected) - i) for i, f in enumerate(suspected)]
        helped = [replace(f, grade="measured") for f in made if self.enough(best(f))]
        firm = [f for f in sure if not f.facts.get("harmless") or self.enough(best(f))]
        if not helped and not firm:  # what need do no harm, and did none, is no reason to stop
            helped = self._joined(made) or sorted(made, key=lambda f: -best(f))[:1]
        self.others = sorted((f for f in made if f.code not in {h.code for h in helped}), key=lambda f: -best(f))
        return [*sure, *helped, *symptoms]

    @property
    def ill(self) -> bool:
        """Whether the network has learned less than half of what there is to learn."""
        if self.reference is None or self.reference.cut:  # there was no time to see what can be learned
            return self.broken or self.now < HALF * max(self.most, HALF)
        return self.broken or self.now < HALF * self.most

    def enough(self, skill: float) -> bool:
        """Whether this closes half of the gap."""
        return skill > self.start and skill - self.start >= HALF * (self.most - self.start)

    def attempt(self, change: Change, seconds: float, hold_out: bool = False) -> Outcome | None:
        """A trial; None where there is no time for one, which is remembered."""
        assert self.patient.attempt is not None
        if seconds <= 0:
            self.leave_out("out_of_time")
            return None
        if not change.stack and seconds < self.patient.seconds_a_trial:
            self.leave_out("too_large")
            self.too_large.setdefault("needs", self.patient.seconds_a_trial)
            self.too_large.setdefault("had", seconds)
            self.too_large.setdefault("changes", []).append(change.told())
            return None
        outcome = self.patient.attempt(change, hold_out, seconds)
        if outcome.cut:
            self.leave_out("cut")
        return outcome

    def leave_out(self, reason: str) -> None:
        """Remember, once, what there was no time for."""
        if ("trials", reason) not in self.left_out:
            self.left_out.append(("trials", reason))

    def _with_trials(self, finding: Finding, rest: int) -> Finding:
        """With its changes tried, in a fair share of the time that is left for `rest` findings."""
        share = (self.until - time.perf_counter()) / max(rest, 1)
        each = share / max(len(finding.changes), 1)
        outcomes = [o for change in finding.changes if (o := self.attempt(change, each)) is not None]
        return replace(finding, tried=tuple(sorted(outcomes, key=lambda o: -good(o))))

    def _joined(self, made: Sequence[Finding]) -> list[Finding]:
        """Several changes together that are enough, as the findings that they mend; empty if none are."""
        ranked = sorted((f for f in made if f.tried), key=lambda f: -best(f))
        chosen: list[Finding] = []
        change: Change | None = None
        reached = self.start
        while ranked and len(chosen) < DEEP:
            options = []
            for one in ranked:
                more = one.tried[0].change
                both = more if change is None else change.joined(more)
                outcome = one.tried[0] if change is None else self.attempt(both, self.until - time.perf_counter())
                if outcome is not None:
                    options.append((good(outcome), one, both))
            if not options:
                break
            skill, one, both = max(options, key=lambda option: option[0])
            if skill <= reached and chosen:
                break
            chosen.append(replace(one, grade="measured"))
            ranked.remove(one)
            reached, change = skill, both
            if self.enough(reached):
                return chosen
        return []


def good(outcome: Outcome | None) -> float:
    """The skill of a trial; that of one that broke is below all others."""
    return -1.0 if outcome is None or outcome.skill != outcome.skill else outcome.skill


def best(finding: Finding) -> float:
    """The skill that the best of its changes reached."""
    return max(map(good, finding.tried), default=-1.0)


def decoding(found: Sequence[Finding]) -> str:
    """The other reading of the targets that a finding asks for; "" if none does."""
    return next((c.decode for f in found for c in f.changes if c.decode), "")


def reference_change(patient: Patient, decode: str = "") -> Change:
    """A network and a training that do well on most tables."""
    out, task = patient.t.shape[1], patient.task
    if decode == "one_hot":
        out, task = len(np.unique(patient.t)), "classes"
    activation, loss = "identity", "squared_error"
    if task == "classes" and out > 1:
        activation, loss = "softmax", "cross_entropy"
    elif task != "numbers":
        activation, loss = "sigmoid", "binary_cross_entropy"
    batch = min(BATCH, patient.rows)
    settings = {
        "loss": loss, "loss_options": {}, "optimizer": "adam", "learning_rate": RATE, "batch_size": batch,
        "epochs": max(20, -(-STEPS * batch // patient.rows)), "patience": 0, "l1": 0.0, "l2": 0.0,
        "label_smoothing": 0.0, "schedule": None, "clip_norm": 0.0, "clip_value": 0.0, "warm_up": 0.0,
    }  # fmt: skip
    stack = (
        {"kind": "Dense", "units": 64, "activation": "relu"},
        {"kind": "Dense", "units": out, "activation": activation},
    )
    scale = ("x", "t") if task == "numbers" else ("x",)
    return Change("reference", settings=settings, stack=stack, scale=scale, decode=decode)

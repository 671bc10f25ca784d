"""The repair: the root's remedy, joined with further changes as long as each of them measurably helps.

A remedy that mends the fault need not be enough: a network whose output could not reach its targets may also have
inputs of very different sizes.  So the root's remedy comes first, whatever it does by itself; then, one after the
other, what the other findings advise and what any training can be given (inputs and targets standardised, an output
and a loss made for the task, other first weights, bends in the hidden layers, a batch of 32, Adam, more steps).  A
change stays if the network that has it is better on rows that it has not seen; the next one is tried on top of it.
It is enough when the network is as good as the plain reference, as far as so many rows can tell.  If nothing reaches
that, the reference itself is what is advised.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from .checks.hidden import hidden
from .checks.output import made_for, output_layer
from .finding import Finding
from .patient import Patient
from .trial import BATCH, RATE, STEPS, Change, Outcome

if TYPE_CHECKING:
    from .screen import Screen

GOOD = 0.75  # of the reference's skill: nearer to it than to half of it, from where a network works (screen.HALF)


class Repair:
    """The search for a joined change that is enough, until a point in time."""

    def __init__(self, screen: Screen, until: float) -> None:
        self.screen, self.patient, self.until = screen, screen.patient, until
        self.fresh = screen.reference is not None and screen.reference.fresh and score(screen.reference) > 0
        self.best: Outcome | None = None

    def plan(self, findings: Sequence[Finding], others: Sequence[Finding]) -> Outcome | None:
        """What to change, and what it did; None where nothing can be advised.

        `findings` are those that are told, the root first; `others` those that no trial bore out.
        """
        root, *more = [*advised(findings, others), *general(self.patient)]
        ladder = [c for c in more if not same(c, root)]
        for_root = [c for c in findings[0].changes if c.name == root.name] or [root]
        for change in for_root[:2] if not findings[0].tried else [root]:
            outcome = self.attempt(change, len(ladder) + 1)
            if outcome is not None and (self.best is None or score(outcome) > score(self.best)):
                self.best = outcome
        for turn in range(2):  # what did nothing by itself may do something once others are there
            before = self.best
            for i, change in enumerate(ladder):
                if self.enough or self.best is None:
                    break
                if any(same(change, part) for part in self.best.change.each):
                    continue
                outcome = self.attempt(self.best.change.joined(change), (len(ladder) - i) * (2 - turn))
                if outcome is not None and score(outcome) > score(self.best) + margin(outcome, self.best) / 2:
                    self.best = outcome
            if self.best is before:
                break
        reference = self.screen.reference
        if not self.enough and reference is not None and score(reference) > (score(self.best) if self.best else 0.0):
            self.best = reference if reference.fresh == self.fresh else self.attempt(reference.change, 1) or self.best
        return self.best

    def attempt(self, change: Change, rest: int) -> Outcome | None:
        """A trial in its share of the time that is left for `rest` trials, but at least what the reference took."""
        left = self.until - time.perf_counter()
        if left <= 0 or self.patient.attempt is None:
            return None
        share = left / max(rest, 1)
        if self.screen.reference is not None:
            share = max(share, self.screen.reference.seconds)
        return self.screen.attempt(change, min(share, left), self.fresh)

    @property
    def enough(self) -> bool:
        """As good as the plain network, as far as the rows can tell (2 standard errors), and three quarters anyhow."""
        best, reference = self.best, self.screen.reference
        if best is None or reference is None:
            return best is not None and self.screen.enough(score(best))
        within = score(best) >= score(reference) - 2 * margin(best, reference)
        return within and score(best) >= GOOD * score(reference)


def advised(*groups: Sequence[Finding]) -> Iterator[Change]:
    """The changes of findings: of each the one that did most, or the first; in the order of the findings."""
    seen: list[Change] = []
    for findings in groups:
        for one in findings:
            for f in (one, *one.consequences):
                change = f.tried[0].change if f.tried else f.changes[0] if f.changes else None
                if change is not None and not any(same(change, c) for c in seen):
                    seen.append(change)
                    yield change


def general(patient: Patient) -> Iterator[Change]:
    """What any training can be given, the most frequent needs first."""
    yield Change("scale_x", scale=("x",))
    if patient.task == "numbers":
        yield Change("scale_t", scale=("t",))
    yield made_for_task(patient)
    yield Change("optimizer", settings={"optimizer": "adam", "learning_rate": RATE},
                 facts={"optimizer": "adam", "rate": RATE})  # fmt: skip
    yield from longer(patient)
    bent = [a for a, where in patient.units.values() if where == "hidden"]
    if any(a != "relu" for a in bent):
        yield hidden(patient, "relu")
    yield Change("initial", initial="he", facts={"initial": "he"})


def made_for_task(patient: Patient) -> Change:
    """An output and a loss that are made for the task."""
    activation = made_for(patient)
    losses = {"softmax": "cross_entropy", "sigmoid": "binary_cross_entropy", "identity": "squared_error"}
    loss = losses[activation]
    return Change("loss", settings={"loss": loss, "loss_options": {}},
                  layers={output_layer(patient): {"activation": activation}},
                  facts={"loss": loss, "activation": activation})  # fmt: skip


def longer(patient: Patient) -> Iterator[Change]:
    """As many steps as the reference makes, in batches of its size."""
    batch = min(BATCH, patient.rows)
    epochs = max(-(-STEPS * batch // patient.rows), 1)
    if batch != int(patient.settings["batch_size"]):
        epochs = max(epochs, int(patient.settings["epochs"]))
        yield Change("batch_size", settings={"batch_size": batch, "epochs": epochs}, facts={"batch": batch})
    now = int(patient.settings["epochs"])
    more = max(epochs, 3 * now)
    yield Change("epochs", settings={"epochs": more, "patience": 0}, facts={"epochs": more})


def same(one: Change, other: Change) -> bool:
    """Whether two changes do the same."""
    keys = ("settings", "layers", "head", "scale", "initial", "stack", "decode")
    return all(getattr(one, key) == getattr(other, key) for key in keys)


def score(outcome: Outcome) -> float:
    """The skill of a trial: a broken one below all, and whatever is worse than a constant answer alike."""
    return -1.0 if outcome.skill != outcome.skill else max(outcome.skill, -0.5)


def margin(one: Outcome, other: Outcome) -> float:
    """The standard error of the difference, as far as it is known."""
    errors = [o.error for o in (one, other) if o.error == o.error and o.error < 1]
    return float(sum(e * e for e in errors) ** 0.5)

"""Trials: one change, trained from the same start with the same seeds and batches, and what it measurably did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

# The plain network that shows what there is to learn makes so many steps with batches of so many rows, at this rate.
STEPS, BATCH, RATE = 1500, 32, 0.003
# Of what there is to learn: the share from which a network works, and a remedy helps: more is there than missing.
HALF = 0.5


@dataclass(frozen=True)
class Change:
    """One change of a training.

    name : what it is called in the catalogue (`doctor_changes.NAME`), whose places `facts` fill
    settings : of the training that become others (learning_rate, optimizer, loss, batch_size, epochs, …)
    layers : layer → settings of it that become others ({"dense2": {"activation": "linear"}}); with a "kind" it is
        another layer altogether
    head : a new last layer, described as in a model file, in place of the old one
    scale : which of "x" and "t" are standardised by the training rows
    initial : the initializer of all weights, which are drawn anew
    stack : layers, described as in a model file, in place of all
    few : only so many rows, drawn at random, are learned, and judge
    decode : another reading of the targets ("one_hot", "column")
    parts : the changes that this one joins; empty for a single one
    command, python : how a person makes the change
    """

    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    layers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    head: Mapping[str, Any] | None = None
    scale: tuple[str, ...] = ()
    initial: str | None = None
    stack: Sequence[Mapping[str, Any]] = ()
    few: int = 0
    decode: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    command: str = ""
    python: str = ""
    parts: tuple[Change, ...] = ()

    @property
    def each(self) -> tuple[Change, ...]:
        """The single changes that this one is made of."""
        return self.parts or (self,)

    def joined(self, other: Change) -> Change:
        """Both changes at once; where they differ the other one's."""
        layers = {k: {**self.layers.get(k, {}), **other.layers.get(k, {})} for k in {*self.layers, *other.layers}}
        return Change(
            other.name, {**self.settings, **other.settings}, layers, other.head or self.head,
            tuple(dict.fromkeys((*self.scale, *other.scale))), other.initial or self.initial, other.stack or self.stack,
            other.few or self.few, other.decode or self.decode, other.facts, other.command, other.python,
            (*self.each, *other.each),
        )  # fmt: skip

    def told(self) -> dict[str, Any]:
        """As plain data."""
        found = {
            "name": self.name, "settings": dict(self.settings), "layers": {k: dict(v) for k, v in self.layers.items()},
            "head": self.head, "scale": list(self.scale), "initial": self.initial,
            "stack": list(self.stack), "few": self.few, "decode": self.decode,
            "facts": dict(self.facts), "command": self.command, "python": self.python,
            "parts": [part.told() for part in self.parts],
        }  # fmt: skip
        return {k: v for k, v in found.items() if v}


@dataclass(frozen=True)
class Outcome:
    """What a trial did: the course of the loss, and the skill that was reached.

    skill : 0 is the best answer that does not look at the input, 1 is perfect; on held-out rows if there are any.
        For classes (accuracy - share of the largest class) / (1 - that share), for numbers R².
    broken : the training ended in numbers that are not finite
    error : the standard error of the skill
    cut : its share of the time ended before its steps did
    fresh : judged on rows that it has not seen
    """

    change: Change
    skill: float
    steps: int
    losses: Sequence[float] = ()
    broken: bool = False
    seconds: float = 0.0
    error: float = float("nan")
    cut: bool = False
    fresh: bool = False

    def told(self) -> dict[str, Any]:
        """As plain data."""
        found = {"change": self.change.name, "skill": self.skill, "steps": self.steps, "broken": self.broken}
        if self.change.parts:
            found["parts"] = [part.name for part in self.change.parts]
        return {**found, "cut": self.cut}

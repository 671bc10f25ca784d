"""Before anything is timed: the same loss after the same steps, the same answers for the same rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .peers import Learner
from .workloads import Array

EPOCHS = 2


@dataclass(frozen=True)
class Checked:
    """What a peer's losses were found to be."""

    losses: tuple[float, ...]
    difference: float  # the largest, in relation to Backlit's
    tolerance: float

    @property
    def same(self) -> bool:
        return self.difference <= self.tolerance


def compare(losses: list[float], ours: list[float], tolerance: float) -> Checked:
    """A peer's mean losses of the first epochs against Backlit's.

    >>> compare([1.0, 0.5], [1.0, 0.50001], 1e-4).same, compare([1.0], [float("nan")], 1e-4).same
    (True, False)
    """
    found = [abs(a - b) / abs(b) if b else abs(a) for a, b in zip(losses, ours, strict=True)]
    return Checked(tuple(losses), float(np.max(found)), tolerance)


def losses(learner: Learner, ours: list[float]) -> Checked:
    """Train a peer for the first epochs and compare."""
    return compare(learner.losses(len(ours)), ours, learner.tolerance)


def answers(found: Array, ours: Array, tolerance: float = 1e-4) -> Checked:
    """A peer's answers against Backlit's: the largest difference, in relation to the largest answer."""
    if found.shape != ours.shape:
        return Checked((), float("inf"), tolerance)
    scale = float(np.abs(ours).max()) or 1.0
    return Checked((), float(np.abs(found - ours).max()) / scale, tolerance)

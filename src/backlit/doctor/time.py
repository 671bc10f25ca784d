"""The time that a diagnosis has, and what work on a network takes of it.

A check asks for the time before and between its pieces (`Clock.ask`): where it is over the check is left out, and the
diagnosis says so.  Pieces are small, because no more rows are looked at than WORK allows, whatever the clock says: the
same network is looked at on the same rows on every machine.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

# Multiplications of a pass over the rows: a fifth to half of a second of one core with AVX-512 or AVX2.
WORK = 2e10
PIECE = 2e9  # of a part of it, between two looks at the clock
LEAST = 50  # rows in any case
# Seconds for each weight that it takes to set up a training and to bring its weights home (measured on one core: memory
# is claimed, filled and copied a dozen times).
SETTING_UP = 3e-8


class OutOfTime(Exception):
    """Ends a check for which there is no time left."""


@dataclass
class Clock:
    """Until when (`time.perf_counter`) checks may work."""

    until: float = float("inf")

    @property
    def left(self) -> float:
        """Seconds."""
        return self.until - time.perf_counter()

    def ask(self, seconds: float = 0.0) -> None:
        """Whether there is time for what takes so long; OutOfTime where there is not."""
        if self.left < seconds:
            raise OutOfTime


def affordable(weights: int, most: int, work: float = WORK) -> int:
    """How many rows, of `most`, may go through a network with so many weights.

    >>> affordable(10_000, 20_000), affordable(20_000_000, 20_000)
    (20000, 1000)
    """
    return min(most, max(LEAST, int(work / max(weights, 1))))

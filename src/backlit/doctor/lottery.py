"""Whether an ailment of the start is a lottery: how often other first weights begin as badly."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..report.numbers import wilson

if TYPE_CHECKING:
    from .patient import Patient

Array = np.ndarray[Any, Any]
DRAWS = 50  # other first weights that are drawn: the interval of a share is then at most 0.27 wide
FIRST = 1000  # the seed of the first one: far from those that people choose
LONGEST = 5.0  # seconds


def lottery(patient: Patient, as_bad: Callable[[dict[str, Array]], bool]) -> dict[str, float]:
    """Of so many other draws by the network's own rules the share that begins as badly, with Wilson's interval (95 %).

    Empty where nothing can be drawn: nothing is said then.
    """
    if patient.redraw is None or not patient.start:
        return {}
    bad, draws, until = 0, 0, time.perf_counter() + min(patient.replay / 2, LONGEST, patient.clock.left)
    while draws < DRAWS and time.perf_counter() < until:
        bad, draws = bad + as_bad(patient.redraw(FIRST + draws)), draws + 1
    if not draws:
        return {}
    low, high = wilson(bad / draws, draws)
    return {"chance": bad / draws, "low": low, "high": high, "draws": draws, "bad": bad}

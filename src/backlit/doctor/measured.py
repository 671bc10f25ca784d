"""How often a finding was missed and told wrongly on the project's collection of programs.

`measured.json` is written by `benchmarks/doctor/measured.py` from what the benchmark found; without it nothing is said.
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from importlib import resources
from typing import Any

from ..report.numbers import wilson

NAME = "measured.json"


@dataclass(frozen=True)
class Rates:
    """Counts of runs: `programs` have the fault, in `missed` of them it was not named; `healthy` work.

    `made` trainings were made to have it (benchmarks/doctor/made.py), and its check missed `made_missed` of them.
    """

    programs: int
    missed: int
    healthy: int
    false: int
    made: int = 0
    made_missed: int = 0

    @property
    def at_most(self) -> float:
        """The upper end of Wilson's interval (95 %) of the share of false alarms."""
        return wilson(self.false / self.healthy, self.healthy)[1]


def rates(code: str) -> Rates | None:
    """The rates of a finding; None where none were measured."""
    found = _all().get(code)
    return Rates(**found) if found is not None and found["healthy"] else None


@functools.cache
def _all() -> dict[str, Any]:
    file = resources.files(__package__) / NAME
    if not file.is_file():
        return {}
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found

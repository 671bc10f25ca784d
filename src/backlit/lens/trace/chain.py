"""One parameter's chain rule: every path from it to E as factors with their numbers, and their sum.

The paths of a deep network are too many to be written out.  Those that add most are; all others are added up without
being written: what a path has not yet been followed through is the error signal δ at the place where it stands.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from .cells import Cell, Rest
from .difference import Difference


@dataclass(frozen=True)
class Factor:
    """One factor of a path.

    kind: "input" (what the weight is multiplied by), "weight", "slope" (f′), "jacobian" (how one number of a layer's
    output follows one of its inputs, where a layer works on several together), "loss" (∂E/∂o) or "penalty".
    """

    name: str
    value: float
    kind: str


@dataclass(frozen=True)
class Path:
    """A way from the parameter to E: the stations it passes, and the product of its factors."""

    stations: tuple[str, ...]
    factors: tuple[Factor, ...]
    product: float


@dataclass(frozen=True)
class Branch:
    """What goes on through one of the next units: `factor` leads to it, δ is its error signal, in front stands `trunk`.

    value = trunk · factor · δ; `share` is its part of the sum of all |values|.
    """

    station: str
    factor: Factor
    signal: float
    value: float
    ways: float
    share: float


@dataclass(frozen=True)
class Chain:
    """The chain rule of one parameter with all its numbers; see the module's text.

    total : float
        The sum of all paths: those that are shown, `others` of this row, and all `rows` but this one.
    gradient : float
        What backpropagation left in the machine's memory.
    bound : float
        How far rounding in the machine's dtype can take it from the total.
    """

    name: str
    key: str
    at: tuple[int, ...]
    row: int
    trunk: tuple[Factor, ...]
    branches: tuple[Branch, ...]
    other_branches: Rest | None
    paths: tuple[Path, ...]
    others: Rest | None
    ways: float
    rows: tuple[tuple[int, float], ...]
    other_rows: Rest | None
    penalty: Path | None
    gradient: float
    total: float
    bound: float
    step: tuple[Cell, ...]
    difference: Difference
    instruction: int | None = None

    @property
    def closes(self) -> bool:
        """Whether the sum of the paths is the engine's gradient, within rounding."""
        if not math.isfinite(self.gradient):
            return not math.isfinite(self.total)
        return abs(self.total - self.gradient) <= self.bound

    def to_dict(self) -> dict[str, Any]:
        """As plain data, for JSON."""
        return {"closes": self.closes, **asdict(self)}

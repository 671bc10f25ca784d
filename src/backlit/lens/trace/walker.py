"""Paths from a parameter to E, followed one after the other; see `chain.py` for what comes of it."""

from __future__ import annotations

import heapq
import itertools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...core.graph import Node
from .cells import TINY, Array, Cell, Rest
from .chain import Branch, Chain, Factor, Path
from .difference import Difference
from .outputs import composed
from .record import FROM, Recording
from .slopes import Slopes
from .updates import as_kept
from .wiring import Leg

MOST = 4000  # places that are followed further, whatever `top` is


@dataclass(frozen=True)
class Place:
    """Where a path stands: a number of a station, and how it came there."""

    node: Node
    row: int
    unit: int
    factors: tuple[Factor, ...]
    stations: tuple[str, ...]
    product: float


class Walker:
    """Follows the paths of one recording."""

    def __init__(self, recording: Recording, slopes: Slopes) -> None:
        self.recording, self.slopes, self.wiring = recording, slopes, recording.wiring
        self.bound = 0.0

    # --- where paths begin ------------------------------------------------------------------------------------

    def roots(self, p: Node, at: tuple[int, ...]) -> tuple[list[Place], Path | None]:
        """The first stations of a parameter, for all rows; and what the penalties in E add."""
        found: list[Place] = []
        penalty: Path | None = None
        for leg in self.wiring.after[p]:
            if leg.target is self.wiring.loss:
                part = f"{p.name}{FROM}E"
                name = part if part in self.recording else f"∂E/∂{p.name}"
                value = float(self.recording[name][as_kept(p.name, at)])
                penalty = Path(("E",), (Factor(f"∂penalty/∂{_spelled(p.name, at)}", value, "penalty"),), value)
                continue
            for row, unit, factor in self._first(leg, p, at):
                station = f"{self.wiring.name(leg.target)}[{unit}]"
                found.append(Place(leg.target, row, unit, (factor,), (station,), factor.value))
        return found, penalty

    def _first(self, leg: Leg, p: Node, at: tuple[int, ...]) -> list[tuple[int, int, Factor]]:
        recording, end = self.recording, self.wiring.name(leg.target)
        if leg.kind == "affine":
            if len(at) == 1:
                name = f"∂{end}[{at[0]}]/∂{_spelled(p.name, at)}"
                return [(r, at[0], Factor(name, 1.0, "input")) for r in range(recording.rows)]
            source = self.wiring.name(leg.target.args[0])
            x = recording[source]
            return [
                (r, at[0], Factor(f"{source}[{at[1]}]", float(x[r, at[1]]), "input")) for r in range(recording.rows)
            ]
        column = self.slopes.column(leg, p, as_kept(p.name, at))
        name = _spelled(p.name, at)
        return [
            (int(r), int(j), Factor(f"∂{end}[{j}]/∂{name}", float(column[r, j]), "jacobian"))
            for r, j in np.argwhere(column != 0)
        ]

    # --- how they go on ---------------------------------------------------------------------------------------

    def signal(self, place: Place) -> float:
        """δ at this place, as the machine has it."""
        return float(self.signals(place.node)[place.row, place.unit])

    def signals(self, node: Node) -> Array:
        """The error signal of a station."""
        label, _, symbol = self.wiring.name(node).rpartition(".")
        return self.recording[f"{label}.δ{'ᵘ' if symbol == 'u' else 'ᵒ'}"]

    def value(self, place: Place) -> float:
        """What all paths through this place add."""
        return place.product * self.signal(place)

    def onward(self, place: Place) -> tuple[list[Place], list[Path]]:
        """The places one leg further, and the paths that have arrived at E."""
        places: list[Place] = []
        arrived: list[Path] = []
        size, terms = 0.0, 2
        for leg in self.wiring.after[place.node]:
            if leg.target is self.wiring.loss:
                factor = self._to_loss(place)
                arrived.append(Path((*place.stations, "E"), (*place.factors, factor), place.product * factor.value))
                size += abs(factor.value)
                continue
            signals = self.signals(leg.target)
            steps = self._steps(leg, place)
            terms += len(steps) + (64 if leg.kind in ("row", "batch") else composed(leg.target))
            if leg.kind in ("row", "batch") and steps:
                whole = sum(abs(float(signals[row, unit])) for row, unit, _ in steps)
                size += self.slopes.size(leg, place.node, (place.row, place.unit)) * whole
            for row, unit, factor in steps:
                size += abs(factor.value * float(signals[row, unit]))
                mark = f"{self.wiring.name(leg.target)}[{unit}]" + (f" (row {row})" if row != place.row else "")
                places.append(
                    Place(leg.target, row, unit, (*place.factors, factor), (*place.stations, mark),
                          place.product * factor.value)
                )  # fmt: skip
        self.bound += abs(place.product) * terms * (self.recording.eps * size + TINY)
        return places, arrived

    def _to_loss(self, place: Place) -> Factor:
        name = self.wiring.name(place.node)
        part = f"{name}{FROM}E"
        numbers = self.recording[part] if part in self.recording else self.signals(place.node)
        return Factor(f"∂E/∂{name}[{place.unit}]", float(numbers[place.row, place.unit]), "loss")

    def _steps(self, leg: Leg, place: Place) -> list[tuple[int, int, Factor]]:
        source, end, row, i = self.wiring.name(place.node), self.wiring.name(leg.target), place.row, place.unit
        if leg.kind == "affine":
            weight = leg.target.args[1].name
            w = self.recording[weight][i]
            return [(row, j, Factor(f"{weight}[{j},{i}]", float(v), "weight")) for j, v in enumerate(w)]
        if leg.kind == "each":
            value = float(self.slopes.each(leg, place.node)[row, i])
            label = end.rsplit(".", 1)[0]
            fires = source == f"{label}.u" or self.recording.built.graph.names.get(f"{label}.u") is place.node
            name = f"{label}.f′[{i}]" if fires and end.endswith(".o") else f"∂{end}[{i}]/∂{source}[{i}]"
            return [(row, i, Factor(name, value, "slope"))]
        column = self.slopes.column(leg, place.node, (row, i))
        return [
            (int(r), int(j), Factor(f"∂{end}[{j}]/∂{source}[{i}]", float(column[r, j]), "jacobian"))
            for r, j in np.argwhere(column != 0)
        ]

    # --- all of them ------------------------------------------------------------------------------------------

    def paths(self, roots: list[Place], top: int) -> tuple[list[Path], float]:
        """So many paths to E, and the sum of all others: what adds most in all is followed first.

        They are sorted by what they add themselves; a path that others of its branch nearly cancel may be left out.
        """
        order = itertools.count()
        heap: list[tuple[float, int, Place | Path]] = [(_first_most(self.value(p)), next(order), p) for p in roots]
        heapq.heapify(heap)
        found: list[Path] = []
        followed = 0
        while heap and len(found) < top and followed < MOST:
            _, _, best = heapq.heappop(heap)
            if isinstance(best, Path):
                found.append(best)
                continue
            followed += 1
            places, arrived = self.onward(best)
            for one in places:
                heapq.heappush(heap, (_first_most(self.value(one)), next(order), one))
            for path in arrived:
                heapq.heappush(heap, (_first_most(path.product), next(order), path))
        left = [item.product if isinstance(item, Path) else self.value(item) for _, _, item in heap]
        found.sort(key=lambda path: _first_most(path.product))
        return found, float(np.sum(left)) if not np.isfinite(left).all() else math.fsum(left)

    def fork(self, roots: list[Place]) -> tuple[tuple[Factor, ...], list[Place], Path | None]:
        """The factors that all paths of a row share, and the places where they part.

        One that does not part before E is that path itself.
        """
        places = roots
        while len(places) == 1:
            onward, arrived = self.onward(places[0])
            if arrived:
                return places[0].factors, [], arrived[0] if not onward else None
            if len(onward) != 1:
                return places[0].factors, onward, None
            places = onward
        return (), places, None

    def ways(self, places: list[Place]) -> float:
        """How many paths go through these places."""
        return float(sum(self.wiring.ways(p.node, self.recording.rows)[p.unit] for p in places))


def _first_most(value: float) -> float:
    return -math.inf if math.isnan(value) else -abs(value)


def _spelled(name: str, at: tuple[int, ...]) -> str:
    return f"{name}[{','.join(map(str, at))}]"


def chain_of(
    walker: Walker, p: Node, at: tuple[int, ...], row: int, top: int, key: str, step: tuple[Cell, ...],
    difference: Difference,
) -> Chain:  # fmt: skip
    """The chain rule of the parameter `p` at the place `at`, written out for one row of the batch."""
    recording = walker.recording
    roots, penalty = walker.roots(p, at)
    own = [r for r in roots if r.row == row]
    by_row: dict[int, list[float]] = {r: [] for r in range(recording.rows)}
    for r in roots:
        by_row[r.row].append(walker.value(r))
    rows = {r: float(np.sum(v)) for r, v in by_row.items()}
    trunk, parting, _ = walker.fork(own)
    branches, other_branches = _branches(walker, trunk, parting, top)
    walker.bound = 0.0
    shown, left = walker.paths(own, top)
    ways = walker.ways(own)
    others = Rest(max(round(ways) - len(shown), 1), left) if ways > len(shown) or left != 0 else None
    other_rows = [v for r, v in rows.items() if r != row]
    total = math.fsum([p.product for p in shown] + [left, *other_rows, penalty.product if penalty else 0.0])
    size = sum(abs(walker.value(r)) for r in roots) + (abs(penalty.product) if penalty else 0.0)
    bound = walker.bound + (len(roots) + 4 + 32 * ("jacobian" in {f.kind for r in own for f in r.factors})) * (
        recording.eps * size + TINY
    )
    name = f"∂E/∂{p.name}"
    return Chain(
        p.name, key, at, row, trunk, tuple(branches), other_branches, tuple(shown), others, ways,
        tuple(sorted(rows.items())) if recording.rows > 1 else (),
        Rest(len(other_rows), math.fsum(other_rows)) if other_rows else None,
        penalty, float(recording[name][as_kept(p.name, at)]), total, bound, step, difference, recording.made.get(name),
    )  # fmt: skip


def _branches(walker: Walker, trunk: tuple[Factor, ...], parting: list[Place], top: int) -> tuple[list[Branch], Any]:
    values = [walker.value(p) for p in parting]
    whole = sum(abs(v) for v in values) or 1.0
    found = [
        Branch(p.stations[-1], p.factors[-1], walker.signal(p), v, walker.ways([p]), abs(v) / whole)
        for p, v in zip(parting, values, strict=True)
    ]
    if len(found) <= top + 1:
        return found, None
    found.sort(key=lambda b: _first_most(b.value))
    rest = found[top:]
    return found[:top], Rest(len(rest), float(sum(b.value for b in rest)))

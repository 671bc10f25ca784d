"""Central differences that know a kink when they meet one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.backprop import backprop
from ..core.graph import Node
from ..core.interpret import Interpreter
from ..core.lowering import lower
from ..ops import shapes

Array = np.ndarray[Any, Any]
STEP = 6e-6  # ∛ε of float64: smaller loses digits to rounding, larger to curvature
ALLOWED = 6e-6  # ∛ε again: a central difference keeps about ε^⅔ = 4e-11, the square of this
MOST = 40  # entries of an array that are measured


@dataclass(frozen=True)
class Difference:
    """The worst entry of an array: what backpropagation says, and what was measured."""

    name: str
    at: tuple[int, ...]
    stated: float
    measured: float
    relative: float  # |stated - measured| over the largest of the array
    checked: int
    kinks: int  # entries left out, because the function has a kink between the points of the difference

    @property
    def wrong(self) -> bool:
        return not self.relative <= ALLOWED


def differences(output: Node, wrt: Sequence[Node], values: Mapping[str, Array], rows: int) -> list[Difference]:
    """∂output/∂n of each node of `wrt` against central differences, in float64.

    Where the slopes to the left and to the right differ as much with half the step, it is a kink, and the entry says
    nothing; where a function is smooth the difference halves.
    """
    found = backprop(output, wrt)
    runner = Interpreter(lower({"E": output} | {f"∂{n.name}": found[n] for n in wrt if n in found}), rows)
    runner.step = 1
    given = {name: np.array(value, np.float64) for name, value in values.items() if name in runner.tape.names}

    def loss() -> float:
        with runner.arena.batch(rows), np.errstate(all="ignore"):
            for name, value in given.items():
                runner.arena[name] = value
            runner.run(rows=rows)
        return float(runner.arena["E"])

    base = loss()
    stated = {}
    with runner.arena.batch(rows):
        for n in wrt:
            stated[n] = runner.arena[f"∂{n.name}"].copy() if n in found else np.zeros(shapes.resolve(n.shape, rows))
    return [_worst(n.name, given[n.name], stated[n], loss, base) for n in wrt if n.name in given]


def _worst(name: str, array: Array, stated: Array, loss: Callable[[], float], base: float) -> Difference:
    places = np.arange(array.size)
    if array.size > MOST:
        places = np.sort(np.random.default_rng(0).choice(array.size, MOST, replace=False))
    said, seen, kept = [], [], []
    for place in places:
        central, kink = _slope(array.reshape(-1), int(place), loss, base)
        if not kink:
            said.append(float(stated.reshape(-1)[place]))
            seen.append(central)
            kept.append(int(place))
    if not kept:
        return Difference(name, (), 0.0, 0.0, 0.0, 0, len(places))
    # what rounding of E leaves of a difference; below that an entry says nothing
    noise = 4 * np.finfo(np.float64).eps * abs(base) / STEP
    scale = max(float(np.max(np.abs([said, seen]))), noise / ALLOWED, 1e-300)
    away = np.abs(np.array(said) - np.array(seen)) / scale
    k = int(np.argmax(np.where(np.isnan(away), np.inf, away)))
    at = tuple(int(i) for i in np.unravel_index(kept[k], array.shape))
    return Difference(name, at, said[k], seen[k], float(away[k]), len(kept), len(places) - len(kept))


def _slope(flat: Array, place: int, loss: Callable[[], float], base: float) -> tuple[float, bool]:
    """The central difference at one entry, and whether there is a kink."""
    old = float(flat[place])
    h = STEP * max(1.0, abs(old))
    around = []
    for step in (h, -h, h / 2, -h / 2):
        flat[place] = old + step
        around.append(loss())
    flat[place] = old
    above, below, near_above, near_below = around
    bend = abs(above - 2 * base + below) / h
    near = abs(near_above - 2 * base + near_below) / (h / 2)
    central = (above - below) / (2 * h)
    noise = 64 * np.finfo(np.float64).eps * abs(base) / h
    return central, near > 0.75 * bend and bend > max(noise, ALLOWED * abs(central))

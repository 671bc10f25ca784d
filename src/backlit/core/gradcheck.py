"""Is the gradient right?  Backpropagation against central differences, in float64, for any graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..ops import shapes
from .arena import Array
from .backprop import backprop
from .graph import Node
from .interpret import Interpreter
from .lowering import lower


@dataclass(frozen=True)
class Check:
    """What a gradient check found for one array.

    `worst` is the largest |backpropagated - measured| over all checked entries, divided by the largest of the
    array's |gradient| (at least 1e-8 of the loss's own size): 1e-7 is what rounding leaves.  `median` is the middle one
    of these errors.
    """

    name: str
    checked: int
    worst: float
    at: tuple[int, ...]
    backpropagated: float
    measured: float
    median: float

    def __str__(self) -> str:
        return (
            f"{self.name}: {self.checked} entries, relative error {self.worst:.1e} at {list(self.at)} "
            f"(backpropagation {self.backpropagated:.9g}, central difference {self.measured:.9g})"
        )


def check(
    output: Node,
    wrt: Sequence[Node],
    values: Mapping[str, Array],
    *,
    rows: int = 1,
    most: int = 200,
    step: int = 1,
    seed: int = 0,
) -> list[Check]:
    """Compare ∂output/∂wrt with (E(w + h) - E(w - h)) / 2h, entry by entry, in float64.

    Parameters
    ----------
    output : Node
        A single number.
    wrt : nodes
        Inputs or parameters of its graph.
    values : name → array
        The values of all inputs and parameters.
    rows : int
        The size of the batch.
    most : int
        Of larger arrays this many entries are drawn.
    step, seed : int
        Of the random operations (dropout): both sides see the same mask.

    Returns
    -------
    list of Check, one for each node of `wrt`.
    """
    found = backprop(output, wrt)
    given = {k: np.array(v, dtype=np.float64) for k, v in values.items()}
    whole = _runner({"E": output} | {f"∂{n.name}": found[n] for n in wrt if n in found}, given, rows, step, seed)
    base = float(whole.arena["E"])
    exact = {}
    for n in wrt:
        shape = shapes.resolve(n.shape, rows)
        with whole.arena.batch(rows):
            exact[n] = whole.arena[f"∂{n.name}"].copy() if n in found else np.zeros(shape)
    forward = _runner({"E": output}, given, rows, step, seed)

    def loss() -> float:
        forward.run(rows=rows)
        return float(forward.arena["E"])

    checks = []
    for n in wrt:
        with forward.arena.batch(rows):  # where the tape reads it: no other value is touched by a run
            place = forward.arena[n.name] if n.name in forward.tape.names else given[n.name]
        checks.append(_check_one(n.name, place, exact[n], loss, most, abs(base)))
    return checks


def _runner(keep: dict[str, Node], given: Mapping[str, Array], rows: int, step: int, seed: int) -> Interpreter:
    """These nodes, computed once from the given values."""
    runner = Interpreter(lower(keep), rows)
    runner.step, runner.seed = step, seed
    with runner.arena.batch(rows):
        for name, value in given.items():
            if name in runner.tape.names:
                runner.arena[name] = value
    runner.run(rows=rows)
    return runner


def _check_one(name: str, array: Array, exact: Array, loss: Callable[[], float], most: int, size: float) -> Check:
    """The entries of one array, each moved by ±h where it stands."""
    places = np.arange(array.size)
    if array.size > most:
        places = np.random.default_rng(0).choice(array.size, most, replace=False)
    measured = np.zeros(len(places))
    flat = array.reshape(-1)
    for i, place in enumerate(places):
        old = flat[place]
        # h ≈ ∛(machine epsilon): smaller loses digits to rounding, larger to curvature
        h = 6e-6 * max(1.0, abs(old))
        flat[place] = old + h
        above = loss()
        flat[place] = old - h
        below = loss()
        flat[place] = old
        measured[i] = (above - below) / (2 * h)
    claimed = exact.reshape(-1)[places]
    largest = float(np.max(np.abs([claimed, measured]), initial=0))
    scale = max(largest, 1e-8 * size, 1e-300)
    errors = np.abs(claimed - measured) / scale
    k = int(np.argmax(np.where(np.isnan(errors), np.inf, errors))) if len(places) else 0
    at = tuple(int(j) for j in np.unravel_index(int(places[k]), array.shape)) if len(places) else ()
    median = float(np.median(errors))
    return Check(name, len(places), float(errors[k]), at, float(claimed[k]), float(measured[k]), median)

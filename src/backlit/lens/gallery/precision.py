"""What floating-point numbers do to a function: the tail that is lost by reading f′ from o, and the naive spelling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...core.graph import Graph
from ...core.lowering import lower
from ...machine.runner import Machine
from ...ops import Elementwise, Facts
from ...ops import formula as fm
from ...ops.meaning import book
from .measure import Curve

Array = np.ndarray[Any, Any]
PLACES = np.array([2.0, 4.0, 6.0, 8.0, 9.0, 10.0, 12.0, 14.0, 16.0, 17.0, 18.0, 20.0])
KNOWN = 1e-9  # below this size float64 has not enough digits of f′ to judge by
NOTABLE, WRONG = 1e-3, 0.01
SIZES = [
    1e-4,
    1e-3,
    1e-2,
    0.1,
    1.0,
    5.0,
    8.0,
    10.0,
    12.0,
    15.0,
    17.0,
    20.0,
    40.0,
    80.0,
    90.0,
    100.0,
    1e3,
    1e4,
    1e8,
    1e20,
]


@dataclass(frozen=True)
class Lost:
    """One place: u, the output and f′ read from it, both of the machine in float32, and f′ as it is."""

    u: float
    o: float
    found: float
    true: float

    @property
    def error(self) -> float:
        """The relative error."""
        return abs(self.found - self.true) / abs(self.true)


def tail(op: Elementwise, curve: Curve) -> list[Lost]:
    """Where f′ read from the output alone goes wrong in float32: the first place of 0.1 %, of 1 %, and of nothing left.

    The machine computes both, o and the formula in o.  An empty list: nothing notable is lost, or there is no formula.
    """
    read = op.through_output
    if read is None or not fm.leaves([read], "input"):
        return []
    numbers = {n: op.defaults[n] for n in fm.leaves([read], "uniform")}
    reader = Elementwise(f"{op.name}′ from o", ("o",), numbers, read, Facts())
    graph = Graph()
    u = np.concatenate([PLACES, -PLACES])
    o = op(graph.input("u", (len(u),)), **op.defaults)
    machine = Machine(lower({"o": o, "slope": reader(o, **numbers)}), 1, "float32")
    machine["u"] = u
    machine.run()
    true = curve(u)[1]
    places = [
        Lost(*map(float, row))
        for row in zip(u, machine["o"], machine["slope"], true, strict=True)
        if abs(row[3]) > KNOWN
    ]
    off = [p for p in places if p.error > NOTABLE]
    far = [p for p in off if p.error > 5 * WRONG]
    gone = [p for p in off if p.found == 0]
    chosen = {p.u: p for found in (off, far, gone) for p in found[:1]}
    return list(chosen.values())


@dataclass(frozen=True)
class Naive:
    """Where the formula of the books fails in float32: what it gives there, and what Backlit gives."""

    u: float
    naive: float
    ours: float
    overflow: bool


def naive(op: Elementwise) -> list[Naive]:
    """The places nearest to 0 where the book's spelling is not finite, and where it has lost its digits (1 %).

    Computed in float32 by NumPy, word by word, against the declaration in float64.  An empty list: it does as well.
    """
    written = book(op)
    if written is op.formula:
        return []
    u = np.array([s * x for x in SIZES for s in (1, -1)])
    values = {op.inputs[0]: u, **op.defaults}
    theirs = np.broadcast_to(fm.evaluate([written], values, np.float32)[0], u.shape)
    ours = np.broadcast_to(fm.evaluate([op.formula], values, np.float32)[0], u.shape)
    exact = np.broadcast_to(fm.evaluate([op.formula], values, np.float64)[0], u.shape)
    with np.errstate(all="ignore"):
        size = np.abs(exact)
        good = np.isfinite(exact) & np.isfinite(ours) & (size > 1e-30) & (size < 1e30) | (exact == 0) & (ours == 0)
        error = np.abs(theirs.astype(np.float64) - exact) / np.where(size > 0, size, 1.0)
        well = good & (np.abs(ours.astype(np.float64) - exact) <= 1e-4 * np.where(size > 0, size, 1.0))
    broken, off = well & ~np.isfinite(theirs), well & np.isfinite(theirs) & (error > WRONG)
    return [
        Naive(float(u[k]), float(theirs[k]), float(ours[k]), overflow)
        for mask, overflow in ((broken, True), (off, False))
        for k in np.flatnonzero(mask)[:1]
    ]

"""Where the user's own u fall on the curve: the forward tape of a network, run by the machine on the user's rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...core.lowering import lower
from ...errors import fail
from ...machine.runner import Machine
from ...nn.structure import Structure
from ...ops import Elementwise
from ...ops.movement import spread
from .card import Card

Array = np.ndarray[Any, Any]
BLOCK, MOST, BINS = 256, 10_000, 60


@dataclass(frozen=True)
class Layer:
    """A layer's weighted sums on the rows that were given.

    `dead` is the share of (row, unit) pairs whose f′ is 0 on the machine, be it the curve's or rounded to 0 (tanh from
    |u| = 9 on in float32), `saturated` of those whose |f′| is below 1 % of the largest but not 0; `dead_units` counts
    the units whose f′ is 0 on every row.
    """

    name: str
    card: Card
    rows: int
    units: int
    mean: float
    spread: float
    negative: float
    dead: float
    saturated: float
    dead_units: int
    counts: Array
    edges: Array


def layers_of(net: Structure, inputs: Mapping[str, Array]) -> list[Layer]:
    """A `Layer` for each layer of the network whose activation function works unit by unit.

    Parameters
    ----------
    net : Network
    inputs : mapping from the names of its inputs ("x", or "x1", "x2" …) to arrays of shape (rows, features)
        As the network reads them, prepared; of more than 10,000 rows the first 10,000 are looked at.

    Raises
    ------
    ParameterError
        BL368, when no layer of the network has such a function.
    """
    built = net.build()
    names = built.graph.names
    keep: dict[str, Any] = {}
    cards: dict[str, Card] = {}
    for label, o in names.items():
        layer, _, symbol = label.rpartition(".")
        u = names.get(f"{layer}.u")
        if symbol != "o" or u is None or not isinstance(o.op, Elementwise) or o.op.facts.role != "activation":
            continue
        if not o.args or o.args[0] is not u:
            continue
        slope = o.op.local(o)
        keep[f"{layer}.u"] = u
        keep[f"{layer}.f′"] = slope if slope.shape == o.shape else spread(slope, shape=o.shape)
        own = {n: float(v) for n, v in o.attrs.items() if n in o.op.defaults}
        cards[layer] = Card(o.op if own == o.op.defaults else o.op.with_parameters(o.op.name, **own))
    if not cards:
        raise fail("BL368", where=type(net).__name__)
    found = _run(net, keep, {name: np.asarray(a)[:MOST] for name, a in inputs.items()})
    return [_layer(name, card, found[f"{name}.u"], found[f"{name}.f′"]) for name, card in cards.items()]


def _run(net: Structure, keep: Mapping[str, Any], inputs: Mapping[str, Array]) -> dict[str, Array]:
    """All named values on all rows, a block at a time."""
    dtype = str(next(iter(net.values.values())).dtype) if net.values else "float32"
    machine = Machine(lower(dict(keep)), BLOCK, dtype)
    known = machine.tape.names
    for name, value in net.values.items():
        if name in known:
            machine[name] = value
    rows = len(next(iter(inputs.values())))
    parts: dict[str, list[Array]] = {name: [] for name in keep}
    for start in range(0, rows, BLOCK):
        count = min(BLOCK, rows - start)
        with machine.arena.batch(count):
            for name in inputs.keys() & known.keys():
                machine[name] = inputs[name][start : start + count]
            machine.run(rows=count)
            for name, found in parts.items():
                found.append(np.array(machine[name], dtype=np.float64))
    return {name: np.concatenate(found) for name, found in parts.items()}


def _layer(name: str, card: Card, u: Array, slope: Array) -> Layer:
    size = np.abs(slope)
    top = card.steepest.value
    bar = 0.01 * (top if np.isfinite(top) else 1.0)
    finite = u[np.isfinite(u)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (-1.0, 1.0)
    bins = np.histogram(finite, _edges(low, high))
    return Layer(
        name=name,
        card=card,
        rows=len(u),
        units=int(np.prod(u.shape[1:])),
        mean=float(u.mean()),
        spread=float(u.std()),
        negative=float((u < 0).mean()),
        dead=float((size == 0).mean()),
        saturated=float(((size > 0) & (size < bar)).mean()),
        dead_units=int((size == 0).all(axis=0).sum()),
        counts=bins[0],
        edges=bins[1],
    )


def _edges(low: float, high: float) -> Array:
    """The edges of the bins, one of which is 0 where both signs occur, so that no bar holds both."""
    if low >= 0 or high <= 0:
        return np.linspace(min(low, 0.0), max(high, 0.0) if low < 0 else max(high, 1e-6), BINS + 1)
    step = (high - low) / (BINS - 2)
    return np.asarray(step * (np.floor(low / step) + np.arange(BINS + 1)))

"""Graphs run once on a few rows in float64, by the interpreter: for checks that look at values of their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.graph import Graph, Node
from ..core.interpret import Interpreter
from ..core.lowering import lower
from ..nn import Structure
from ..ops import REGISTRY, Rows
from ..ops.reduction import sum_
from .time import WORK, affordable

if TYPE_CHECKING:
    from .patient import Patient

Array = np.ndarray[Any, Any]
ROWS = 1000  # that are enough for a mean and its standard error


def compute(keep: Mapping[str, Node], values: Mapping[str, Array], rows: int, seed: int = 0) -> dict[str, Array]:
    """The nodes of `keep` for these values of inputs and parameters."""
    runner = Interpreter(lower(dict(keep)), rows)
    runner.step, runner.seed = 1, seed
    with runner.arena.batch(rows), np.errstate(all="ignore"):
        for name in runner.tape.names.keys() & values.keys():
            runner.arena[name] = values[name]
        runner.run(rows=rows)
        return {name: np.array(runner.arena[name]) for name in keep}


def some_rows(patient: Patient, most: int = ROWS) -> dict[str, Array]:
    """At most so many rows of inputs and targets, evenly spread over all; of a large network fewer."""
    count = affordable(patient.size, min(most, patient.rows), WORK / 4)  # by the interpreter, in float64
    at = np.unique(np.linspace(0, patient.rows - 1, count).astype(int))
    return {name: array[at] for name, array in patient.inputs.items()}


def row_losses(patient: Patient, values: Mapping[str, Array], rows: Mapping[str, Array]) -> Array:
    """What each row costs, in use (not in training) and without penalties."""
    built = patient.build(training=False)
    _, terms = patient.aim.terms(built)
    count = len(rows["t"])
    found = compute({"e": sum_(terms, axis=-1)}, {**values, **rows}, count)["e"]
    return found.reshape(count) / (1 if patient.aim.kind.by == "rows" else rows["t"].shape[1])


def row_losses_of(patient: Patient, t: Array) -> Callable[[Array], Array]:
    """What each row costs as a function of one answer that is given for all."""
    kind, graph = patient.aim.kind, Graph()
    o, target = graph.input("o", (Rows(), t.shape[1])), graph.input("t", (Rows(), t.shape[1]))
    read = REGISTRY[kind.through](o) if kind.through else o
    options = {k: v for k, v in patient.aim.options.items() if k != "reduction"}
    keep = {"e": sum_(kind.terms(read, target, **options), axis=-1)}
    share = 1 if kind.by == "rows" else t.shape[1]
    return lambda answer: (
        compute(keep, {"o": np.broadcast_to(answer, t.shape), "t": t}, len(t))["e"].reshape(len(t)) / share
    )


def drawn_anew(net: Structure, seed: int) -> dict[str, Array]:
    """Values for a network's parameters, drawn by the rules that fit its activation functions."""
    made = Structure(*Structure.links_of(net.describe()))
    for layer in made.layers():
        if hasattr(layer, "weights"):
            layer.weights = layer.biases = None  # type: ignore[attr-defined]
    made.prepare(net.features, seed=seed, dtype=np.float64)
    return made.values

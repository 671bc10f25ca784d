"""Ten layers deep: what becomes of the variance of o on the way forward, and of the error signals on the way back.

A network of ten layers with random weights, drawn as a `Dense` layer with this activation draws them, is run by the
machine on rows of N(0, 1).  Nothing is trained: it is the state in which a training begins.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...core.backprop import backprop
from ...core.graph import Graph
from ...core.lowering import lower
from ...machine.runner import Machine
from ...nn.initial import Initializer, initializer
from ...ops import Elementwise, Rows
from ...ops.linear import matmul

Array = np.ndarray[Any, Any]
LAYERS, WIDTH, ROWS, SEED = 10, 64, 64, 5


@dataclass(frozen=True)
class Depth:
    """Variances by layer, the first layer first: of all outputs o, and the mean square of all error signals δᵘ.

    δᵘ is measured against what arrives at the last output, whose mean square is 1.
    """

    initial: str
    outputs: tuple[float, ...]
    signals: tuple[float, ...]

    @property
    def left(self) -> float:
        """What is left of the error signal in the first layer: the root of its mean square against the last one's."""
        if self.signals[0] == 0:
            return 0.0
        with np.errstate(all="ignore"):
            return float(np.sqrt(np.float64(self.signals[0]) / np.float64(self.signals[-1])))

    @property
    def kept(self) -> float:
        """The variance of the last layer's outputs against that of the first layer's."""
        with np.errstate(all="ignore"):
            return float(np.float64(self.outputs[-1]) / np.float64(self.outputs[0]))


def ten_layers(op: Elementwise) -> Depth:
    """Ten layers of this activation function, run once forwards and backwards.

    All layers are as wide, so the tape of one is run for each of them, with its own weights, forwards and then
    backwards: what one layer gives is what the next one reads.
    """
    graph = Graph()
    rule = initializer(op.facts.initial)
    x, w, arrives = (
        graph.input("x", (Rows(), WIDTH)),
        graph.parameter("w", (WIDTH, WIDTH)),
        graph.input("g", (Rows(), WIDTH)),
    )
    u = matmul(x, w)
    o = op(u, **op.defaults)
    gradient = backprop(o, [u, x], seed=arrives)
    machine = Machine(lower({"o": o, "δ": gradient[u], "back": gradient[x]}), ROWS, "float32")
    names = machine.tape.names

    def run(**given: Array) -> None:
        for name, value in given.items():
            if name in names:  # the error signal of a step is 0, whatever arrives
                machine[name] = value
        machine.run(rows=ROWS)

    weights, (first, last) = _drawn(rule.name, rule.value)
    enters, outputs, signals = [first], [], []
    for weight in weights:
        run(x=enters[-1], w=weight, g=np.zeros_like(last))
        enters.append(machine["o"].copy())
        outputs.append(_variance(enters[-1]))
    for weight, entered in zip(reversed(weights), reversed(enters[:-1]), strict=True):
        run(x=entered, w=weight, g=last)
        last = machine["back"].copy()
        signals.append(_square(machine["δ"]))
    return Depth(rule.name, tuple(outputs), tuple(reversed(signals)))


@functools.cache
def _drawn(name: str, value: float | None) -> tuple[list[Array], tuple[Array, Array]]:
    """The weights of all layers by this rule; the rows that enter, and the error signals that arrive at the end."""
    rule, rng = Initializer(name, value), np.random.default_rng(SEED)
    weights = [rule(WIDTH, WIDTH, (WIDTH, WIDTH), np.random.default_rng([SEED, k])) for k in range(LAYERS)]
    return weights, (rng.normal(0.0, 1.0, (ROWS, WIDTH)), rng.normal(0.0, 1.0, (ROWS, WIDTH)))


def _variance(v: Array) -> float:
    with np.errstate(all="ignore"):
        return float(np.var(v.astype(np.float64)))


def _square(v: Array) -> float:
    with np.errstate(all="ignore"):
        return float(np.mean(np.square(v.astype(np.float64))))

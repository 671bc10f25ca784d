"""Activation functions of a whole row: their cards, with the Jacobian that the machine computes for one row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ...core.backprop import backprop
from ...core.graph import Graph
from ...core.lowering import lower
from ...machine.runner import Machine
from ...nn import layers
from ...nn.structure import Structure
from ...ops import REGISTRY, Elementwise, Op, Rows
from .shown import Shown
from .words import Words

Array = np.ndarray[Any, Any]
ROW = (1.2, 0.9, 0.2, -1.0)  # what a page shows: some large, some small, one below 0


@dataclass(frozen=True)
class Written:
    """Formulas of a page: o, the Jacobian, and whether it can be read from o alone ("A", "A±" or "C")."""

    formula: str
    jacobian: str
    from_output: str = "C"


WRITTEN = {
    "softmax": Written("o_i = e^{u_i} / Σ_j e^{u_j}", "∂o_i/∂u_j = o_i ([i = j] - o_j)", "A"),
    "log_softmax": Written("o_i = u_i - ln Σ_j e^{u_j}", "∂o_i/∂u_j = [i = j] - e^{o_j}", "A"),
    "softmin": Written("o_i = e^{-u_i} / Σ_j e^{-u_j}", "∂o_i/∂u_j = -o_i ([i = j] - o_j)", "A"),
    "sparsemax": Written(
        "o_i = max(0, u_i - τ),  Σ_i o_i = 1", "∂o_i/∂u_j = s_i ([i = j] - s_j / Σ_k s_k),  s_i = [o_i > 0]", "A±"
    ),
    "glu": Written("o_i = a_i σ(b_i),  u = (a, b)", "∂o_i/∂a_i = σ(b_i),  ∂o_i/∂b_i = a_i σ(b_i) (1 - σ(b_i))"),
    "maxout": Written("o_i = max(u_i, u_{n+i})", "∂o_i/∂u_j = [u_j = o_i],  j = i, n+i"),
    "crelu": Written("o = (max(0, u), max(0, -u))", "∂o_i/∂u_i = [u_i > 0],  ∂o_{n+i}/∂u_i = -[u_i < 0]", "A±"),
}
LAYERS: dict[str, Callable[[], layers.Layer]] = {"glu": layers.GLU, "maxout": layers.Maxout, "crelu": layers.CReLU}


class RowCard(Shown):
    """Everything known of one function in which an output depends on several inputs.

    Attributes
    ----------
    name, family : str
    formula, derivative : str
    from_output : "A", "A±" or "C"
        Whether the Jacobian can be read from the outputs alone.
    row, outputs, jacobian : arrays
        An example: `jacobian[i, j]` is ∂o_i/∂u_j, computed by the machine in float64.

    Examples
    --------
    >>> import backlit
    >>> bool(abs(backlit.activations["softmax"].jacobian.sum(axis=1)).max() < 1e-12)
    True
    """

    family = "normalized"

    def __init__(self, name: str) -> None:
        self.name = name
        self.op: Op | None = REGISTRY.get(name)
        written = WRITTEN.get(name, Written("", ""))
        self.formula, self.derivative, self.from_output = written.formula, written.jacobian, written.from_output
        self.names = dict(self.op.facts.names) if self.op else {}
        self.source = self.op.facts.source if self.op else ""
        self.family = self.op.family if self.op else "gated_rows"
        self.range, self.ends = (self.op.facts.range, self.op.facts.ends) if self.op else ((-np.inf, np.inf), "()")
        self.row = np.array(ROW)

    @cached_property
    def _run(self) -> tuple[Array, Array]:
        graph = Graph()
        if self.op is not None:
            u = graph.input("u", (Rows(), len(ROW)))
            o = self.op(u)
        else:
            built = Structure([LAYERS[self.name]()])
            built.connect(len(ROW))
            made = built.build()
            graph, (u,), o = made.graph, made.inputs, made.output
        width = int(o.shape[1])
        gradient = backprop(o, [u], seed=graph.input("g", (Rows(), width)))[u]
        machine = Machine(lower({"o": o, "J": gradient}), width, "float64")
        for name, value in (("g", np.eye(width)), (u.name, np.tile(self.row, (width, 1)))):
            if name in machine.tape.names:
                machine[name] = value
        machine.run(rows=width)
        return machine["o"][0].copy(), machine["J"].copy()

    @property
    def outputs(self) -> Array:
        return self._run[0]

    @property
    def jacobian(self) -> Array:
        return self._run[1]

    def plot(self, language: str | None = None) -> str:
        """The Jacobian of the example as squares, sign by colour and by + and -, as SVG."""
        from .draw import jacobian_plot

        return jacobian_plot(self, Words(language))

    def _told(self, words: Words) -> tuple[str, list[tuple[str, str]]]:
        from .told import row_facts

        return f"{self.name}: {words.title(self.name)}", row_facts(self, words)


def names() -> list[str]:
    """The functions of a whole row: those of the registry, and the layers that join units."""
    known = [n for n, op in REGISTRY.items() if op.facts.role == "activation" and not isinstance(op, Elementwise)]
    return [*sorted(known), *sorted(LAYERS)]

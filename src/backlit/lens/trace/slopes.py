"""Entries of a leg's Jacobian ∂(end)/∂(beginning), taken from the engine's own derivatives.

The vector-Jacobian product of a leg is graph, linear in what arrives, and so can be differentiated by it: that is the
Jacobian times a direction (Pearlmutter; Townsend's trick).  With a single 1 as the direction it is one column: how
every number at the end changes with one number at the beginning.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.backprop import backprop
from ...core.graph import Node
from ...core.lowering import lower
from ...machine.runner import Machine
from ...ops import shapes
from ...ops.arithmetic import mul
from ...ops.reduction import sum_
from .record import Recording
from .wiring import Leg

Array = np.ndarray[Any, Any]


class Slopes:
    """Jacobian columns of the legs of a recording; each leg's tape is made when it is asked for."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self._machines: dict[tuple[int, int], Machine | None] = {}
        self._each: dict[tuple[int, int], Array] = {}

    def column(self, leg: Leg, source: Node, at: tuple[int, ...]) -> Array:
        """∂(all numbers at the leg's end)/∂(the number of `source` at this place)."""
        direction = np.zeros(self._shape(source), dtype=self.recording.step.dtype)
        direction[at] = 1.0
        return self._times(leg, source, direction)

    def each(self, leg: Leg, source: Node) -> Array:
        """For a leg that works on every number by itself: the derivative at each, of the shape of the end."""
        key = (leg.target.index, source.index)
        if key not in self._each:
            known = self._known(leg, source)
            if known is None:
                known = self._times(leg, source, np.ones(self._shape(source), dtype=self.recording.step.dtype))
            self._each[key] = known
        return self._each[key]

    def size(self, leg: Leg, source: Node, at: tuple[int, int]) -> float:
        """How much larger the leg makes numbers, for how large they are before a mean is taken away from them.

        A normalisation's entries are small differences of terms of this size, and rounding is that of the terms.
        """
        if leg.kind not in ("row", "batch") or source.shape != leg.target.shape:
            return 0.0
        before, behind = (self.recording[self.recording.wiring.name(n)] for n in (source, leg.target))
        row, unit = at
        with np.errstate(all="ignore"):
            x, o = (a[:, unit] if leg.kind == "batch" else a[row] for a in (before, behind))
            ratio = float(np.ptp(o) / np.ptp(x))
        return ratio if np.isfinite(ratio) else 0.0

    def _known(self, leg: Leg, source: Node) -> Array | None:
        """f′ where the tape has it."""
        for name in self.recording.wiring.names.get(leg.target, []):
            label, _, symbol = name.rpartition(".")
            its_own = self.recording.built.graph.names.get(f"{label}.u") is source and leg.sources == (source,)
            if symbol == "o" and its_own and f"{label}.f′" in self.recording:
                return np.asarray(self.recording[f"{label}.f′"], dtype=np.float64)
        return None

    def _shape(self, node: Node) -> tuple[int, ...]:
        return tuple(shapes.resolve(node.shape, self.recording.rows))

    def _times(self, leg: Leg, source: Node, direction: Array) -> Array:
        key = (leg.target.index, source.index)
        if key not in self._machines:
            self._machines[key] = self._machine(leg, source)
        machine = self._machines[key]
        if machine is None:
            return np.zeros(self._shape(leg.target))
        machine[f"v.{source.index}"] = direction
        machine.run(rows=self.recording.rows)
        return np.asarray(machine["∂"], dtype=np.float64).copy()

    def _machine(self, leg: Leg, source: Node) -> Machine | None:
        graph, recording = source.graph, self.recording
        arriving = _input(graph, f"s.{leg.target.index}", leg.target.shape)
        back = backprop(leg.target, [*leg.sources, *leg.parameters], seed=arriving, beyond=False).get(source)
        if back is None:
            return None
        direction = _input(graph, f"v.{source.index}", source.shape)
        along = backprop(sum_(mul(back, direction)), [arriving])
        if arriving not in along:
            return None
        machine = Machine(lower({"∂": along[arriving]}), recording.rows, recording.step.dtype,
                          engine=recording.step.engine)  # fmt: skip
        machine.seed, machine.step = recording.step.seed, recording.step.step
        values = {**{n: recording[n] for n in recording.net.values if n in recording}, **recording.step.inputs}
        for name in machine.tape.names:
            if name in values:
                machine[name] = values[name]
        return machine


def _input(graph: Any, name: str, shape: Any) -> Node:
    found: Node = graph.names.get(name) or graph.input(name, shape)
    return found

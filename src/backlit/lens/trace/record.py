"""One step of a training, run instruction by instruction: every number as it was right after it was made.

This is no second engine.  The observed tape (`Structure.observe`) is the training tape with places of its own for u,
f′, o, δᵒ and δᵘ; the machine runs it, and between two instructions the lens copies what the first one wrote.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...core.graph import Node
from ...core.lowering import Update, lower
from ...core.tape import Instruction, Tape
from ...errors import fail
from ...machine.runner import Machine
from ...nn import Structure
from ...nn.builder import Built
from ...nn.objective import Objective
from ...ops.declare import Structural
from .wiring import Wiring

Array = np.ndarray[Any, Any]
FROM = "←"  # dense1.o←dense2.u: what of dense1's error signal comes back from dense2


@dataclass(frozen=True)
class Step:
    """The step to record.

    Parameters
    ----------
    inputs : name → array of shape (rows, …)
        "x" (or x1, x2 …), "t" and, where rows are weighted, "sample_weight".
    objective : mapping
        What `Structure.build` has to know of E: loss, reduction, half, l1, l2, label_smoothing …
    update : Update, optional
        The optimizer's step; without one the parameters stay as they are.
    values : name → array
        Blocks that do not begin with the network's own values or with 0: the optimizer's state.
    scalars : name → number
        Settings of the optimizer at this step that are not those it began with.
    seed, step : int
        Of what is drawn by chance (dropout): the numbers of this step, counted from 1.
    training : bool
        False: no dropout, and the running averages in place of the batch's own, as in prediction.
    """

    inputs: Mapping[str, Array]
    objective: Mapping[str, Any]
    update: Update | None = None
    values: Mapping[str, Array] = field(default_factory=dict)
    scalars: Mapping[str, float] = field(default_factory=dict)
    seed: int = 0
    step: int = 1
    training: bool = True
    dtype: str = "float32"
    engine: str = "compiled"

    @property
    def rows(self) -> int:
        return len(self.inputs["t"])


class Recording:
    """What the machine wrote in this step; `recording["dense1.u"]` is a copy of the array.

    Attributes
    ----------
    built, gradient, wiring
        The graph, {node: its gradient's node}, and how its named values hang together.
    tape : Tape
        The observed tape that was run.
    before, after : name → array
        All values by name: before the update, and after the last instruction.
    made : name → int
        The number of the instruction that made the value; inputs and parameters have none.
    """

    def __init__(self, net: Structure, step: Step) -> None:
        self.net, self.step = net, step
        self.aim = Objective.of(**step.objective)
        self.built, keep, self.gradient = net.observe(training=step.training, **step.objective)
        self.wiring = Wiring(self.built, self.gradient)
        keep |= self._more(self.built)
        self.tape = self._tape(keep)
        self.seen: dict[int, Array] = {}
        self.begun: dict[int, Array] = {}
        self.by: dict[int, int] = {}
        self._run()
        known = {name: v for name, v in self.tape.names.items() if v in self.seen}
        self.before = {name: self.begun.get(v, self.seen[v]) for name, v in known.items()}
        self.after = {name: self.seen[v] for name, v in known.items()}
        self.made = {name: self.by[v] for name, v in self.tape.names.items() if v in self.by}

    def _more(self, built: Built) -> dict[str, Node]:
        """Values that the ledger shows beside those of every unit: statistics, the terms of E, parts of signals."""
        found = {n: v for n, v in built.graph.names.items() if isinstance(v.op, Structural) and n not in ("E",)}
        found["E.t"], found["E.e"] = self.aim.terms(built)
        if (penalty := self.aim.penalty_of(built)) is not None:
            found["E.penalty"] = penalty
        for node, targets in self.wiring.after.items():
            if len(targets) > 1:
                for part in self.wiring.parts(node):
                    found[f"{self.wiring.name(node)}{FROM}{self.wiring.name(part.target)}"] = part.signal
        return found

    def _tape(self, keep: Mapping[str, Node]) -> Tape:
        built, step = self.built, self.step
        gradients = {p: self.gradient[p] for p in built.trained if p in self.gradient}
        update = step.update if built.trained else None
        return lower(keep, blocks=built.blocks(), gradients=gradients, update=update, running=built.updates)

    # --- running ----------------------------------------------------------------------------------------------

    def _run(self) -> None:
        step, tape = self.step, self.tape
        machine = Machine(tape, step.rows, step.dtype, engine=step.engine)
        machine.seed, machine.step = step.seed, step.step
        for name, given in {**self.net.values, **step.values, **step.inputs}.items():
            if name in tape.names:
                with np.errstate(over="ignore"):
                    machine[name] = given
        for name, number in step.scalars.items():
            if name in machine.code.scalars:
                machine.set(name, number)
        for value in tape.values:
            if value.kind in ("block", "input"):
                self.seen[value.number] = machine.arena.view(value.number).copy()
        for i in tape.instructions:
            if i.number == tape.update_at:
                self._begin(machine)
            machine.run(i.number, i.number + 1, step.rows)
            self._look(machine, i)
        if tape.update_at >= len(tape.instructions):
            self._begin(machine)
        self.scalars = machine.scalars

    def _look(self, machine: Machine, i: Instruction) -> None:
        for v in i.outputs:
            self.seen[v], self.by[v] = machine.arena.view(v).copy(), i.number
            for part in self._parts(v):
                self.seen[part], self.by[part] = machine.arena.view(part).copy(), i.number

    def _begin(self, machine: Machine) -> None:
        """The blocks before the update."""
        self.begun = {v.number: machine.arena.view(v.number).copy() for v in self.tape.values if v.kind == "block"}

    def _parts(self, block: int) -> list[int]:
        return [v.number for v in self.tape.values if v.block == block]

    # --- looking ----------------------------------------------------------------------------------------------

    @property
    def rows(self) -> int:
        return self.step.rows

    @property
    def eps(self) -> float:
        """The distance from 1 to the next number of the dtype."""
        return float(np.finfo(self.step.dtype).eps)

    def __contains__(self, name: str) -> bool:
        return name in self.tape.names

    def __getitem__(self, name: str) -> Array:
        """The value of this name before the update: parameters as they were used."""
        return self.before[name]

    def row(self, row: int) -> int:
        """A row of the batch, counted from 0; BL360 when there is none of this number."""
        if isinstance(row, bool) or not isinstance(row, (int, np.integer)) or not 0 <= row < self.rows:
            raise fail("BL360", row=row, rows=self.rows, high=self.rows - 1)
        return int(row)

    def of_row(self, name: str, row: int) -> Array:
        """The numbers of one row as float64: every float32 is one of these."""
        return np.asarray(self[name][row], dtype=np.float64)

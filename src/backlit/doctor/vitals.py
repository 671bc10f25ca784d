"""Vital signs: what a step of training looks like from inside, measured on sampled steps.

A look runs the very step that the training is about to take, on a tape of its own that has the training's
instructions and, beside them, reductions: for every unit the mean and the mean square of u and o, the share of rows in
which f′ is 0 and in which the unit is saturated, and the mean squares of the error signals.  The training's memory is
read, never written.

Then the step is probed.  Along the step Δ that the optimizer really makes, the batch's loss is
E + gᵀΔ + ½ ΔᵀHΔ and higher powers.  r = ΔᵀHΔ / (-gᵀΔ) says what the step does: at r = 1 it ends at the bottom of the
bowl, from r = 2 on it raises the loss of its own batch.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..core.backprop import backprop
from ..core.curvature import hessian_vector
from ..core.graph import Node
from ..core.lowering import Update, lower
from ..core.tape import Tape
from ..machine.loop import Loop
from ..machine.runner import Machine
from ..nn.builder import Built
from ..ops import shapes
from ..ops.arithmetic import absolute, add, equal, less, mul
from ..ops.declare import Elementwise
from ..ops.reduction import mean, sum_
from ..ops.shapes import Rows
from .slopes import largest_slope

Array = np.ndarray[Any, Any]
# Of its largest slope.  Sums of mean square 1, for which weights are drawn, are below it in 1 of 34 rows with tanh and
# in 1 of 77 000 with sigmoid: that all rows of a batch are there is no chance.
SATURATED = 0.05
SHARE = 0.04  # of the training's time that looks may take
MOST = 1000  # looks that are kept: a long training is looked at ever more seldom
# What the first look is thought to take, with the making of its tapes, in seconds: at least, and for each instruction
# of the training's tape and each trained weight what was measured on one core.
FIRST, INSTRUCTION, WEIGHT = 0.02, 0.8e-3, 1e-7
SMALL = 60  # instructions whose tapes are made within FIRST
STEPS = 8  # and the work of so many steps


@dataclass(frozen=True)
class Look:
    """One step, looked at.  `units` and `parameters` hold arrays by name and symbol.

    units : layer → sign → an array with a number for each unit, over the rows of the batch.  The signs are mean(u),
        mean(u²), mean(o), mean(o²), mean(δᵘ²) and the shares f′=0 and saturated.
    parameters : name → {"w", "g", "Δ"} → root mean square; "lost" → the share of the weights that have a gradient and
        stay as they are, because the step is below half a unit of their last digit
    turn : cosine of the angle between this step and the one before, where that was looked at, too; else NaN
    """

    step: int  # from 1
    loss: float
    after: float  # the same batch's loss with the new weights
    slope: float  # gᵀΔ
    curvature: float  # ΔᵀHΔ
    units: dict[str, dict[str, Array]] = field(default_factory=dict)
    parameters: dict[str, dict[str, float]] = field(default_factory=dict)
    turn: float = float("nan")

    @property
    def r(self) -> float:
        """ΔᵀHΔ / (-gᵀΔ): from 2 on the step raises the loss of its batch.  NaN where the step is none."""
        return self.curvature / -self.slope if self.slope else float("nan")


class Vitals:
    """Looks at the steps of one training; see the module's text.

    Parameters
    ----------
    build : function
        Makes the network's graph with its loss, as the training does.
    update : Update or None
        The optimizer's step, with clipping and schedule.
    """

    def __init__(self, build: Callable[[], Built], update: Update | None) -> None:
        self.build, self.update = build, update
        self.looks: list[Look] = []
        self.seconds = 0.0
        self.cost = FIRST  # of the last look
        self.at, self.gap = 0.0, 0.0  # seconds of training: at the last look, and from one look to the next at least
        self.trouble: Exception | None = None  # what went wrong in a look, which then was the last one
        self.machine: Machine | None = None
        self.probe: Machine | None = None
        self.before: tuple[int, dict[str, Array]] = (0, {})  # the step that was looked at last, and its Δ

    def expect(self, tape: Tape) -> None:
        """What the first look will take, by the training's tape: a deep or wide network wants much."""
        sizes = [v.shape for v in tape.values if v.block is None and v.name == "θ"]
        weights = sum(shapes.elements(shapes.resolve(shape, 1)) for shape in sizes)
        self.cost = FIRST + INSTRUCTION * max(0, len(tape.instructions) - SMALL) + WEIGHT * weights

    def due(self, trained: float, steps: int = 0) -> bool:
        """Whether another look fits into its share of so many seconds of training, in which so many steps were done."""
        cost = self.cost + (STEPS * trained / steps if steps and not self.looks else 0.0)
        return self.seconds + cost <= SHARE * trained and trained - self.at >= self.gap

    def beside(self, loop: Loop, trained: float) -> None:
        """A look, if one is due.  The training goes on whatever becomes of it: `trouble` says why there are no more."""
        if self.trouble is not None or not self.due(trained, loop.step):
            return
        self.at = trained
        try:
            self.look(loop)
        except Exception as error:  # no memory for its tapes, an operation that cannot be differentiated twice
            self.trouble, self.machine, self.probe = error, None, None
        if len(self.looks) >= MOST:
            del self.looks[1:-1:2]
            self.gap = trained / len(self.looks)

    def look(self, loop: Loop) -> Look:
        """Look at the step that comes next."""
        begin = time.perf_counter()
        if self.machine is None:
            self._prepare(loop)
        assert self.machine is not None
        with np.errstate(all="ignore"):  # numbers that leave the range are what is looked for
            found = self._step(loop, self.machine)
        self.looks.append(found)
        self.cost = time.perf_counter() - begin
        self.seconds += self.cost
        return found

    # --- the tapes --------------------------------------------------------------------------------------------

    def _prepare(self, loop: Loop) -> None:
        built = self.build()
        assert built.loss is not None
        self.trained = [p.name for p in built.trained]
        tape, self.signs = look_tape(built, self.update)
        self.machine = Machine(tape, loop.batch, loop.dtype)
        probe = probe_tape(self.build())
        self.probe = None if probe is None else Machine(probe, loop.batch, loop.dtype)

    def _step(self, loop: Loop, machine: Machine) -> Look:
        rows = loop.load_batch()
        with machine.arena.batch(rows):
            self._same(loop, machine, rows)
            before = {n: machine[n].astype(np.float64) for n in self.trained}
            machine.run(rows=rows)
            loss = float(machine["E"])
            units = {
                layer: {sign: machine[f"{layer}.{sign}"].reshape(-1).astype(np.float64) for sign in signs}
                for layer, signs in self.signs.items()
            }
            parameters, delta = {}, {}
            for name, w in before.items():
                g = machine[f"∂E/∂{name}"] if f"∂E/∂{name}" in machine.tape.names else np.zeros_like(w)
                delta[name] = machine[name] - w
                lost = float(np.mean((delta[name] == 0) & (g != 0))) if w.size else 0.0
                parameters[name] = {"w": rms(w), "g": rms(g), "Δ": rms(delta[name]), "lost": lost}
            after = loss
            if self.update is not None:
                machine.run(0, machine.tape.update_at, rows)
                after = float(machine["E"])
        slope, curvature = self._probe(loop, delta, rows) if self.update is not None else (0.0, 0.0)
        turn = cosine(self.before[1], delta) if self.before[0] == loop.step else float("nan")
        self.before = (loop.step + 1, delta)
        return Look(loop.step + 1, loss, after, slope, curvature, units, parameters, turn)

    def _probe(self, loop: Loop, delta: Mapping[str, Array], rows: int) -> tuple[float, float]:
        """gᵀΔ and ΔᵀHΔ at the weights before the step."""
        machine = self.probe
        if machine is None:
            return 0.0, 0.0
        with machine.arena.batch(rows):
            self._same(loop, machine, rows)
            for name, d in delta.items():
                if f"v.{name}" in machine.tape.names:
                    machine[f"v.{name}"] = d
            machine.run(rows=rows)
            return float(machine["gᵀΔ"]), float(machine["ΔᵀHΔ"])

    @staticmethod
    def _same(loop: Loop, machine: Machine, rows: int) -> None:
        """Put the machine where the training stands: weights, state, settings, random numbers, batch."""
        tape, source = machine.tape, loop.train_tape
        with loop.arena.batch(rows):
            for value in tape.values:
                if value.block is None and value.kind in ("block", "input") and value.name in source.names:
                    machine[value.name] = loop[value.name]
        for name, place in loop.train.scalars.items():
            if name in machine.code.scalars:
                machine.table[machine.code.scalars[name]] = loop.table[place]
        machine.seed, machine.step = loop.job.seed, loop.step + 1


def look_tape(built: Built, update: Update | None) -> tuple[Tape, dict[str, list[str]]]:
    """The training's tape with reductions beside it, and what they are called for each layer."""
    assert built.loss is not None
    named = {n: v for n, v in built.graph.names.items() if n.endswith((".u", ".o"))}
    gradient = backprop(built.loss, [*built.trained, *(v for n, v in named.items() if n.endswith(".u"))])
    keep: dict[str, Node] = {"E": built.loss}
    signs: dict[str, list[str]] = {}
    for name, node in named.items():
        layer, symbol = name.rsplit(".", 1)
        if len(node.shape) != 2 or not isinstance(node.shape[0], Rows):
            continue
        found = {f"mean({symbol})": mean(node, axis=0), f"mean({symbol}²)": mean(mul(node, node), axis=0)}
        if symbol == "u" and node in gradient and gradient[node].shape == node.shape:
            found["mean(δᵘ²)"] = mean(mul(gradient[node], gradient[node]), axis=0)
        if symbol == "o":
            found |= _slopes(node, named.get(f"{layer}.u"))
        signs.setdefault(layer, []).extend(found)
        keep |= {f"{layer}.{sign}": value for sign, value in found.items()}
    tape = lower(
        keep,
        blocks=built.blocks(),
        gradients={p: gradient[p] for p in built.trained if p in gradient},
        update=update if built.trained else None,
        running=built.updates,
    )
    return tape, signs


def _slopes(o: Node, u: Node | None) -> dict[str, Node]:
    """In which share of the rows f′ is 0, and in which it is small against its largest value."""
    if u is None or o is u or not isinstance(o.op, Elementwise) or o.args[0] is not u:
        return {}
    slope = o.op.local(o)
    if slope is None or slope.shape != o.shape:
        return {}
    found = {"f′=0": mean(equal(slope, 0.0), axis=0)}
    if largest := largest_slope(o.op, o.attrs):
        found["saturated"] = mean(less(absolute(slope), SATURATED * largest), axis=0)
    return found


def probe_tape(built: Built) -> Tape | None:
    """gᵀΔ and ΔᵀHΔ for a direction Δ that is given; None where the loss depends on no parameter."""
    assert built.loss is not None
    directions, products = hessian_vector(built.loss, built.trained)
    gradient = backprop(built.loss, built.trained)
    slope, bend = _dot(gradient, directions), _dot(products, directions)
    if slope is None:
        return None
    keep = {"gᵀΔ": slope, "ΔᵀHΔ": slope.graph.constant(0.0) if bend is None else bend}
    return lower(keep)


def _dot(parts: Mapping[Node, Node], directions: Mapping[Node, Node]) -> Node | None:
    total: Node | None = None
    for node, direction in directions.items():
        if node in parts:
            product = sum_(mul(parts[node], direction))
            total = product if total is None else add(total, product)
    return total


def cosine(one: Mapping[str, Array], other: Mapping[str, Array]) -> float:
    """Of the angle between two steps; NaN where one of them is none."""
    dot = sum(float(np.vdot(one[n], other[n])) for n in one)
    sizes = [np.sqrt(sum(float(np.vdot(a, a)) for a in step.values())) for step in (one, other)]
    return float(dot / (sizes[0] * sizes[1])) if all(sizes) else float("nan")


def rms(values: Array) -> float:
    """The root of the mean square."""
    flat = np.asarray(values, np.float64)
    return float(np.sqrt(np.mean(flat * flat))) if flat.size else 0.0

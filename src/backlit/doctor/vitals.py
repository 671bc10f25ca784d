"""Vital signs: what a step of training looks like from inside, measured on sampled steps.

A look runs the very step that the training is about to take, on a tape of its own that has the training's
instructions and, beside them, reductions: for every unit the mean and the mean square of u and o, the share of rows in
which f′ is 0 and in which the unit is saturated, and the mean squares of the error signals; for every parameter the
sizes of its weights, its gradient and its step.  The training's memory is read, never written.  Where every step is
looked at (`Vitals.follow`) that tape takes the steps itself, in the training's memory, to the same bits.

Then the step is probed.  Along the step Δ that the optimizer really makes, the batch's loss is
E + gᵀΔ + ½ ΔᵀHΔ and higher powers.  r = ΔᵀHΔ / (-gᵀΔ) says what the step does: at r = 1 it ends at the bottom of the
bowl, from r = 2 on it raises the loss of its own batch.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..core.lowering import Update
from ..core.tape import Tape
from ..machine.loop import Loop
from ..machine.runner import Machine
from ..machine.watched import Watched
from ..nn.builder import Built
from ..ops import shapes
from .look_tapes import look_tape, places, probe_tape
from .measures import CHANGES

Array = np.ndarray[Any, Any]
SHARE = 0.04  # of the training's time that looks may take
MOST = 1000  # looks that are kept: a long training is looked at ever more seldom
# What the first look is thought to take, with the making of its tapes, in seconds: at least, and for each instruction
# of the training's tape and each trained weight what was measured on one core.
FIRST, INSTRUCTION, WEIGHT = 0.02, 0.8e-3, 1e-7
SMALL = 60  # instructions whose tapes are made within FIRST
STEPS = 8  # and the work of so many steps
PROBING = 0.05  # of the time in which every step is looked at: for probes of the step
CHUNK = 64  # steps that are taken without a look at the clock, at first


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
    after: float  # the same batch's loss with the new weights; NaN where the step was not probed
    slope: float  # gᵀΔ
    curvature: float  # ΔᵀHΔ
    units: dict[str, dict[str, Array]] = field(default_factory=dict)
    parameters: dict[str, dict[str, float]] = field(default_factory=dict)
    turn: float = float("nan")

    @property
    def r(self) -> float:
        """ΔᵀHΔ / (-gᵀΔ): from 2 on the step raises the loss of its batch.  NaN where the step is none."""
        return self.curvature / -self.slope if self.slope else float("nan")


@dataclass(frozen=True, eq=False)
class Records(Sequence[Look]):
    """Looks at steps that follow one another, read from what was written down when one is asked for.

    Examples
    --------
    >>> import numpy as np
    >>> from backlit import Dense, Network
    >>> x = np.random.default_rng(0).normal(size=(64, 2))
    >>> run = Network([Dense(4, "tanh"), Dense(1)]).fit(x, x[:, 0] * x[:, 1], epochs=5)
    >>> looks = run.follow(3, 6)
    >>> [look.step for look in looks], sorted(looks[0].units["dense1"])[:2]
    ([3, 4, 5, 6], ['f′=0', 'mean(o)'])
    """

    first: int  # the step of the first one
    rows: Array  # one for each step
    spans: Mapping[str, slice]  # where each value lies in a row
    signs: Mapping[str, tuple[str, tuple[str, ...]]]
    trained: Mapping[str, int]
    probed: dict[int, tuple[float, float, float]] = field(default_factory=dict)  # step → after, slope and curvature

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, i: Any) -> Any:
        if isinstance(i, slice):
            return [self[k] for k in range(*i.indices(len(self)))]
        k = range(len(self))[i]
        before = (self.first + k - 1, self._read(k - 1, (0, 0.0))[1]) if k else (0, 0.0)
        look = self._read(k, before)[0]
        after, slope, curvature = self.probed.get(look.step, (float("nan"),) * 3)
        return replace(look, after=after, slope=slope, curvature=curvature)

    def _read(self, k: int, before: tuple[int, float]) -> tuple[Look, float]:
        row = self.rows[k]
        return read(lambda name: row[self.spans[name]], self.signs, self.trained, self.first + k, before)


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
        self.watched: Watched | None = None  # of the loop that is followed
        self.before: tuple[int, float] = (0, 0.0)  # the step that was looked at last, and |Δ|²
        self.trained: dict[str, int] = {}  # the number of weights of each parameter
        self.signs: dict[str, tuple[str, tuple[str, ...]]] = {}

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

    def follow(self, loop: Loop, steps: int) -> Records:
        """Take so many steps of the training, or as many as it goes on for, and look at each of them.

        They are taken by the tape that measures, many at a time without a look back, in one thread.  As a probe costs
        as much as many steps, there are as many as fit into a twentieth of the time; elsewhere `after` and r are NaN.
        """
        if self.watched is None or self.watched.loop is not loop:
            tape, self.signs, self.trained = look_tape(self.build(), self.update)
            names = ["E", *self.signs, *(f"Δ.{name}" for name in self.trained)]
            self.watched = Watched(loop, tape, names)
        found = Records(loop.step + 1, np.zeros((0, self.watched.width)), self.watched.spans, self.signs, self.trained)
        parts, took, probing, chunk = [], 0.0, 0.0, CHUNK
        while steps > 0 and not loop.stopped:
            if probing + self.cost <= PROBING * took:
                look = self.look(loop)
                found.probed[look.step] = (look.after, look.slope, look.curvature)
                probing += self.cost
            begin = time.perf_counter()
            parts.append(self.watched.run(min(chunk, steps)))
            took, steps = took + time.perf_counter() - begin, steps - chunk
            chunk *= 2 if took < self.cost / PROBING else 1
        return replace(found, rows=np.concatenate(parts)) if parts else found

    # --- the tapes --------------------------------------------------------------------------------------------

    def _prepare(self, loop: Loop) -> None:
        tape, self.signs, self.trained = look_tape(self.build(), self.update)
        self.machine = Machine(tape, loop.batch, loop.dtype)
        probe = probe_tape(self.build())
        self.probe = None if probe is None else Machine(probe, loop.batch, loop.dtype)

    def _step(self, loop: Loop, machine: Machine) -> Look:
        rows = loop.load_batch()
        delta: dict[str, Array] = {}
        with machine.arena.batch(rows):
            self._same(loop, machine, rows)
            machine.run(rows=rows)
            found, square = read(machine.__getitem__, self.signs, self.trained, loop.step + 1, self.before)
            after = found.loss
            if self.update is not None:
                if self.trained:
                    step = machine["θ"].astype(np.float64) - machine["before"]
                    delta = {n: step[part].reshape(machine[n].shape) for n, part in places(machine.tape).items()}
                machine.run(0, machine.tape.update_at, rows)
                after = float(machine["E"])
        slope, curvature = self._probe(loop, delta, rows) if self.update is not None else (0.0, 0.0)
        self.before = (loop.step + 1, square)
        return replace(found, after=after, slope=slope, curvature=curvature)

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


def read(
    get: Callable[[str], Array], signs: Mapping[str, tuple[str, tuple[str, ...]]], trained: Mapping[str, int],
    step: int, before: tuple[int, float],
) -> tuple[Look, float]:  # fmt: skip
    """The look that was taken at a step, as far as it lies in the tape's values; and |Δ|².

    `before` is another step, and |Δ|² of it: if it is the one before, the angle between both is known.
    """
    units: dict[str, dict[str, Array]] = {}
    for value, (layer, rows) in signs.items():
        found = get(value).reshape(2, -1).astype(np.float64)
        units.setdefault(layer, {}).update({sign: row for sign, row in zip(rows, found, strict=False) if sign})
    parameters, product, square = {}, 0.0, 0.0
    for name, count in trained.items():
        one = dict(zip(CHANGES, get(f"Δ.{name}").reshape(-1).tolist(), strict=True))
        product, square = product + count * one.pop("along"), square + count * one["Δ"] ** 2
        parameters[name] = one
    length = math.sqrt(square) * math.sqrt(before[1])
    turn = product / length if before[0] == step - 1 and length else float("nan")
    loss = float(get("E").reshape(-1)[0])
    return Look(step, loss, float("nan"), float("nan"), float("nan"), units, parameters, turn), square

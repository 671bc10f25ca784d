"""The other way to a gradient: the loss a little to both sides, in float64, with the same dropout masks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...core.interpret import Interpreter
from ...core.lowering import lower
from .record import Recording

STEP = 6e-6  # ≈ ∛ of float64's eps: a smaller step loses digits to rounding, a larger one to curvature


@dataclass(frozen=True)
class Difference:
    """The central difference (E(w + h) - E(w - h)) / 2h in float64, and the relative error of the gradient against it.

    `noise` is what rounding makes of it, 2⁻⁵² max(1, |E|) / h: on its way to E a loss has sums and logarithms of
    numbers around 1.  A gradient below that cannot be measured so.
    """

    h: float
    above: float
    below: float
    value: float
    error: float
    noise: float


class Measured:
    """The loss of a recorded step as a function of one parameter, computed by NumPy in float64."""

    def __init__(self, recording: Recording) -> None:
        step = recording.step
        built = recording.net.build(training=step.training, **step.objective)
        assert built.loss is not None
        self.runner = Interpreter(lower({"E": built.loss}), recording.rows)
        self.runner.seed, self.runner.step = step.seed, step.step
        values = {**{n: recording[n] for n in recording.net.values if n in recording}, **step.inputs}
        for name, value in values.items():
            if name in self.runner.tape.names:
                # what the machine was given, not the digits that its dtype could not hold
                self.runner.arena[name] = np.asarray(value, dtype=step.dtype)

    def loss(self) -> float:
        """E at the values as they are."""
        with np.errstate(all="ignore"):
            self.runner.run()
        return float(self.runner.arena["E"])

    def slope(self, name: str, kept: tuple[int, ...], gradient: float) -> Difference:
        """(E(w + h) - E(w - h)) / 2h at one place of a parameter, beside the gradient that was computed."""
        array = self.runner.arena[name]
        old = float(array[kept])
        h = STEP * max(1.0, abs(old))
        array[kept] = old + h
        above = self.loss()
        array[kept] = old - h
        below = self.loss()
        array[kept] = old
        value = (above - below) / (2 * h)
        size = max(abs(value), abs(gradient))
        error = abs(value - gradient) / size if size else 0.0
        return Difference(h, above, below, value, error, 2.0**-52 * max(1.0, abs(above), abs(below)) / h)

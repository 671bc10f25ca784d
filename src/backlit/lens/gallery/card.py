"""The card of one activation function: its declaration and what is measured on it, as attributes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ...ops import Elementwise
from ...ops import formula as fm
from ...ops.meaning import book, derivative, meaning, settled
from ...ops.printing import plain
from .depth import Depth, ten_layers
from .measure import Curve, Peak, Stretch
from .precision import Lost, Naive, naive, tail
from .shown import Shown
from .words import Words

LIBRARIES = ("torch", "keras", "jax")  # whose choices at kinks and defaults are told
BESIDE = 1e-7  # how far from a kink its one-sided slopes are read


@dataclass(frozen=True)
class Kink:
    """An input at which the derivative is a choice: the slopes on both sides, what is taken, what others take."""

    u: float
    left: float
    right: float
    taken: float
    elsewhere: dict[str, float]


class Card(Shown):
    """Everything known of one activation function o = f(u).

    Facts of the declaration (`range`, `ends`, `monotone`, `smoothness`, `names`, `source`) stand beside facts that are
    measured on the curve when they are first asked for (`steepest`, `centre`, `minimum`, `limits`, `parity`, `dead`,
    `saturated`, `kinks`, `twins`), on the machine in float32 (`tail`) or on ten random layers (`depth`).

    Attributes
    ----------
    name, family : str
        `family` is the file in which it is declared.
    formula, derivative : str
        As a person would type them.
    range : (low, high); ends : "()" to "[]"
        What o can be; "[" and "]" where an end is reached.
    steepest : Peak
        The largest absolute slope and where it is.
    smoothness : float
        How many derivatives are continuous: -1 (it jumps), 0 (it bends), 1, 2, ∞; NaN of a typed function.
    from_output : "A", "A±", "B", "C" or "–"
        Whether f′ can be read from o alone: by a formula (A), by one for each piece (A±), only by solving for u (B),
        not at all (C); "–" where nothing is declared.

    Examples
    --------
    >>> import backlit
    >>> elu = backlit.activations["elu"]
    >>> elu.range, elu.ends, elu.steepest.value, elu.from_output, elu.through_output
    ((-1.0, inf), '()', 1.0, 'A±', 'where(o > 0, 1, o + alpha)')
    """

    def __init__(self, op: Elementwise) -> None:
        self.op, self.name, self.family = op, op.name, op.family
        self.facts = op.facts
        self.parameters = dict(op.defaults)
        self.range, self.ends = op.facts.range, op.facts.ends
        self.monotone, self.smoothness = op.facts.monotone, op.facts.smoothness
        self.names, self.source, self.surrogate = dict(op.facts.names), op.facts.source, op.facts.surrogate
        self.initial = op.facts.initial
        self.curve = Curve(op)
        if not self.family:  # typed: nothing is declared, so it is measured, and how smooth it is stays unknown
            (self.range, self.ends), self.monotone = self.curve.reach(), self.curve.rises()
            self.smoothness = math.nan

    def __call__(self, u: Any) -> Any:
        """o = f(u)."""
        return self.op(u, **self.parameters)

    # --- formulas -------------------------------------------------------------------------------------------------

    @cached_property
    def book(self) -> fm.Expr:
        """f as books have it."""
        return settled(book(self.op), self.parameters)

    @cached_property
    def slope_book(self) -> fm.Expr:
        """f′ for people."""
        return settled(derivative(self.op), self.parameters)

    @cached_property
    def output_book(self) -> fm.Expr | None:
        """f′ in o alone."""
        found = self.op.through_output
        return None if found is None else settled(meaning(found), self.parameters)

    @property
    def formula(self) -> str:
        return plain(self.book)

    @property
    def derivative(self) -> str:
        return plain(self.slope_book)

    @property
    def through_output(self) -> str:
        """f′ as a formula in o; "" where there is none."""
        return "" if self.output_book is None else plain(self.output_book)

    @cached_property
    def from_output(self) -> str:
        if self.output_book is not None:
            pieces = any(
                p.kind == "word" and p.label.name in ("where", "min", "max") for p in fm.order([self.output_book])
            )
            return "A±" if pieces else "A"
        if self.twins or not self.monotone:
            return "C"
        return "B" if self.family else "–"  # of a typed function nothing is declared

    # --- measured -------------------------------------------------------------------------------------------------

    @property
    def steepest(self) -> Peak:
        return self.curve.steepest

    @cached_property
    def centre(self) -> float:
        return self.curve.centre()

    @cached_property
    def minimum(self) -> tuple[float, float] | None:
        return self.curve.minimum()

    @cached_property
    def maximum(self) -> tuple[float, float] | None:
        return self.curve.maximum()

    @cached_property
    def limits(self) -> tuple[float | None, float | None]:
        """What o tends to on the far left and on the far right; None where it tends to nothing."""
        return self.curve.limit(-1), self.curve.limit(1)

    @cached_property
    def parity(self) -> str:
        return self.curve.parity()

    @cached_property
    def outputs(self) -> list[float]:
        """The values of o where they are few, else empty."""
        return self.curve.outputs()

    @cached_property
    def passes(self) -> tuple[float, float]:
        """The mean |f′| for u below 0 and above 0, u ~ N(0, 1): how much of an error signal passes."""
        return self.curve.passes(-1), self.curve.passes(1)

    @cached_property
    def stretches(self) -> list[Stretch]:
        return self.curve.stretches()

    @property
    def dead(self) -> list[tuple[float, float]]:
        """Where f′ is 0."""
        return [(s.low, s.high) for s in self.stretches if s.kind == "dead"]

    @property
    def saturated(self) -> list[tuple[float, float]]:
        """Where |f′| is below 1 % of its largest, but not 0."""
        return [(s.low, s.high) for s in self.stretches if s.kind == "saturated"]

    @property
    def flat_ends(self) -> tuple[bool, bool]:
        """Whether it is dead or saturated on the far left, and on the far right."""
        return (
            any(s.low == -math.inf for s in self.stretches),
            any(s.high == math.inf for s in self.stretches),
        )

    @cached_property
    def kinks(self) -> list[Kink]:
        found = []
        for i, u in enumerate(self.facts.kinks):
            left, taken, right = (float(v) for v in self.curve([u - BESIDE, u, u + BESIDE])[1])
            known = [library for library in LIBRARIES if library in self.names]
            others = {x: self.facts.at_kinks.get(x, {i: taken})[i] for x in known}
            found.append(Kink(u, _near(left), _near(right), taken, others))
        return found

    @cached_property
    def twins(self) -> tuple[float, float] | None:
        """Two inputs with the same output and different slopes; None where there are none."""
        return None if self.op.through_output is not None else self.curve.twins()

    @cached_property
    def tail(self) -> list[Lost]:
        return tail(self.op, self.curve)

    @cached_property
    def naive(self) -> list[Naive]:
        return naive(self.op)

    @cached_property
    def depth(self) -> Depth:
        return ten_layers(self.op)

    # --- shown ----------------------------------------------------------------------------------------------------

    def plot(self, language: str | None = None) -> str:
        """f (solid) and f′ (dashed) from u = -5 to 5, as SVG."""
        from .draw import curve_plot

        return curve_plot(self, Words(language))

    def _told(self, words: Words) -> tuple[str, list[tuple[str, str]]]:
        from .told import facts

        return f"{self.name}: {words.title(self.name)}", facts(self, words)


def _near(value: float) -> float:
    """A slope read beside a kink, as a number of few digits."""
    return round(value, 5) + 0.0

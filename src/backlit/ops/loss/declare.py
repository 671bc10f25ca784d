"""How a loss is declared: the term e(o, t) of one output of one row, and what has to be known around it.

A loss is one formula in o and t, like an activation function in u.  How the terms are joined to one number E, how rows
are weighted, and the gradient, are the same for all of them and follow from here: `Loss.total`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from numbers import Real
from typing import Any

import numpy as np

from ...errors import fail, nearest
from .. import shapes
from ..arithmetic import div, equal, log, maximum, minimum, mul, where
from ..declare import Elementwise, Node, Op, elementwise
from ..reduction import sum_
from ..shapes import Shape, Size

REDUCTIONS = ("mean", "sum", "rows")
LOSSES: dict[str, Loss] = {}
Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Targets:
    """Which targets t a loss is made for: from `low` to `high`, or one of a few numbers.

    >>> Targets(0.0, 1.0).told(), Targets(0.0).told(), Targets(only=(-1.0, 1.0)).told(), Targets().told()
    ('0 ≤ t ≤ 1', '0 ≤ t', 't = -1, 1', '')
    """

    low: float = -math.inf
    high: float = math.inf
    only: tuple[float, ...] = ()

    def told(self) -> str:
        """As a formula, for messages and pages; "" where any number will do."""
        if self.only:
            return "t = " + ", ".join(f"{v:g}" for v in self.only)
        low = f"{self.low:g} ≤ " if math.isfinite(self.low) else ""
        high = f" ≤ {self.high:g}" if math.isfinite(self.high) else ""
        return f"{low}t{high}" if low or high else ""

    def wrong(self, t: Array) -> tuple[int, int] | None:
        """Row and column of the first target that is none of them."""
        bad = ~np.isin(t, self.only) if self.only else (t < self.low) | (t > self.high)
        if not bad.any():
            return None
        row, column = np.argwhere(bad)[0]
        return int(row), int(column)


@dataclass(frozen=True, eq=False)
class Loss:
    """A loss with all that is known of it; declared by `loss` (one formula) or `whole` (an operation of its own)."""

    op: Op  # the term of one output, or the operation that gives E itself
    reads: str = ""  # the activation function of the output layer whose u it reads; "": the outputs o themselves
    through: str = ""  # what is done to u (or o) before the formula
    targets: Targets = field(default_factory=Targets)
    outputs: tuple[float, float] = (-math.inf, math.inf)  # where the formula is defined for what it reads
    by: str = "elements"  # what "mean" divides by: the number of all outputs, or of "rows"
    classes: bool = False  # the targets say which class: right answers can be counted
    between: tuple[float, float] = (0.0, 0.5)  # a single output, and its target, are of the second class above these
    smoothing: str = ""  # label smoothing mixes targets with 1 / "classes" or with "half"; "": there is none
    layer: str = ""  # the activation function of an output layer made for it; "": none
    on_outputs: str = ""  # the loss with the same value that reads o
    kinks: Callable[..., dict[float, float]] | None = None  # (t, parameters) → {o: the slope that is chosen there}
    weighted: Callable[..., Node] | None = None  # for an operation of its own: E of weighted rows
    term: Callable[..., Node] | None = None  # for an operation of its own: the term of each output

    @property
    def name(self) -> str:
        return self.op.name

    @property
    def options(self) -> dict[str, Any]:
        """What can be said of it, with the defaults."""
        return {**self.op.defaults, "reduction": "mean"}

    def check(self, given: Mapping[str, Any]) -> None:
        """A ParameterError for an option that there is not (BL304) or a value out of range (BL305)."""
        for name, value in given.items():
            if name not in self.options:
                known = ", ".join(self.options)
                raise fail("BL304", name=name, known=known, nearest=nearest(name, self.options), where=self.name)
            if name == "reduction":
                _known(value)
            elif isinstance(self.options[name], float):
                low, high = map(float, self.op.facts.limits.get(name, (-math.inf, math.inf)))
                if not isinstance(value, Real) or isinstance(value, bool) or not low <= float(value) <= high:
                    raise fail("BL305", name=name, low=low, high=high, value=value, where=self.name)

    def total(self, o: Node, t: Node, weight: Node | None = None, *, reduction: str = "mean", **attrs: Any) -> Node:
        """E as a node: the terms of all outputs, each times the weight of its row, joined as `reduction` says.

        Parameters
        ----------
        o, t : nodes of shape (rows, outputs)
        weight : node of shape (rows, 1), optional
        reduction : {"mean", "sum", "rows"}
            The mean over all outputs (over the rows, for losses that are one number a row), the sum of everything, or
            the sum over the outputs and the mean over the rows.
        """
        if o.shape != t.shape:
            expected = f"targets of {shapes.text(o.shape)}"
            raise fail("BL101", op=self.name, expected=expected, got=shapes.text(t.shape), where="the loss")
        if not isinstance(self.op, Elementwise):
            if weight is None or self.weighted is None:
                return self.op(o, t, reduction=reduction, **attrs)
            return self.weighted(o, t, weight, reduction=reduction, **attrs)
        terms = self.terms(o, t, **attrs)
        if weight is not None:
            terms = mul(terms, weight)
        return div(sum_(terms), divisor(o.shape, reduction, self.by))

    def terms(self, o: Node, t: Node, **attrs: Any) -> Node:
        """The term e(o, t) of each output of each row, before they are weighted and joined."""
        return self.op(o, t, **attrs) if self.term is None else self.term(o, t, **attrs)


def _known(reduction: Any) -> None:
    if reduction not in REDUCTIONS:
        near, known = nearest(reduction, REDUCTIONS), ", ".join(REDUCTIONS)
        raise fail("BL304", name=reduction, known=known, nearest=near, where="reduction")


def divisor(o: Shape, reduction: str, by: str = "elements") -> Size:
    """What the sum of all terms is divided by."""
    _known(reduction)
    if reduction == "sum":
        return 1
    return shapes.product(o) if (reduction, by) == ("mean", "elements") else (o[0] if o else 1)


PARTS = ("reads", "through", "targets", "outputs", "by", "classes", "between", "smoothing", "layer", "on_outputs")


def loss(*, kinks: Callable[..., dict[float, float]] | None = None, **given: Any) -> Callable[..., Elementwise]:
    """Decorator: declares a loss by a function that writes the term of one output.

    Positional arguments are o (or what the loss reads) and t, keyword arguments are parameters with defaults; `given`
    are parts of `Loss` and facts as for `elementwise`:

        @loss(kinks=lambda t: {t: 0.0}, names={"torch": "L1Loss"})
        def absolute_error(o, t):
            return abs(t - o)
    """
    parts = {k: given.pop(k) for k in PARTS if k in given}

    def declare(build: Callable[..., Any]) -> Elementwise:
        op = elementwise(role="loss", **given)(build)
        LOSSES[op.name] = Loss(op, kinks=kinks, **parts)
        return op

    return declare


def whole(op: Op, **parts: Any) -> Loss:
    """Enter an operation that gives E itself, with a kernel of its own, as a loss."""
    LOSSES[op.name] = Loss(op, **parts)
    return LOSSES[op.name]


def times_log(t: Any, a: Any) -> Any:
    """The formula t ln a, where 0 ln 0 is 0, its limit, and a NaN of either stays one."""
    return where(equal(t, 0), 0 * a, t * log(a))


def clipped(o: Any, clip: Any) -> Any:
    """The formula of o between clip and 1 - clip; o itself for clip = 0."""
    return where(clip > 0, maximum(minimum(o, 1 - clip), clip), o)


def share_of(t: Any, a: Any) -> Any:
    """The formula t / a, the slope of t ln a; 0 where t is 0, whatever a is."""
    return where(equal(t, 0), 0 * a, t / a)


def unclipped(o: Any, clip: Any, slope: Any) -> Any:
    """The slope where `clipped` left o as it was, 0 where it did not; 0 · o and not 0: a NaN stays visible."""
    return where(o < clip, 0 * o, where(o > 1 - clip, 0 * o, slope))

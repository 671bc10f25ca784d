"""`descend(...)`: gradient descent on a typed function, and what it returns."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ...errors import fail
from ...messages import language
from ...optim import OPTIMIZERS, Optimizer, optimizer_named
from .flow import Rest, flow
from .function import Array, Function
from .run import SHORT, Path, optimizer, run
from .verdict import Verdict, judge

MOST_STEPS, MOST_RUNS = 100_000, 6
_QUIETLY = np.errstate(all="ignore")  # what is not finite has a verdict, or is shown as it is
Start = float | Sequence[float] | Mapping[str, float] | str | None


@dataclass
class Run:
    """One of the runs: an optimizer with its rate, the path, the verdict."""

    rule: Optimizer
    path: Path
    verdict: Verdict


class Descent:
    """The runs of `descend`, the first one its own, the others those it is compared with.

    Attributes
    ----------
    verdict : str
        The word: "converges", "one_step", "oscillates", "cycles", "wanders", "diverges", "too_slow", "stuck",
        "other_minimum", "no_minimum", "no_derivative" or "left_domain".
    points, values, gradients : arrays
        What was visited: x, f and f′ at step k.
    table : list of dictionaries
        A row for each step: k, the variables, f, the derivatives, the step, where it leads.

    Examples
    --------
    >>> import backlit
    >>> found = backlit.descend("(x - 3)**2 + 1", start=0, learning_rate=0.5)
    >>> type(found).__name__, found.verdict, float(found.points[-1][0])
    ('Descent', 'one_step', 3.0)
    """

    @_QUIETLY
    def __init__(self, function: Function, start: Array, steps: int, rules: Sequence[Optimizer]) -> None:
        self.function, self.start, self.steps = function, start, steps
        self.home: Rest = flow(function, start)
        self.runs: list[Run] = []
        for rule in rules:
            path = run(function, start, rule, steps)
            self.runs.append(Run(rule, path, judge(function, path, self.home, steps)))

    @property
    def verdict(self) -> str:
        return self.runs[0].verdict.word

    @property
    def points(self) -> Array:
        return self.runs[0].path.points

    @property
    def values(self) -> Array:
        return self.runs[0].path.values

    @property
    def gradients(self) -> Array:
        return self.runs[0].path.gradients

    @cached_property
    @_QUIETLY
    def table(self) -> list[dict[str, Any]]:
        from .table import records

        return records(self.function, self.runs[0].path)

    @_QUIETLY
    def text(self, lang: str | None = None) -> str:
        """The table, the facts and the verdict, whose word stands on the last line."""
        from .text import text

        return text(self, lang or language())

    @_QUIETLY
    def svg(self, lang: str | None = None) -> str:
        """The picture as a file of its own; an ExpressionError (BL406) for more than two variables."""
        from .picture import standalone

        return standalone(self, lang or language())

    @_QUIETLY
    def html(self, lang: str | None = None) -> str:
        """Picture, table, verdict and the zones of the rate as one page without scripts."""
        from .html import page

        return page(self, lang or language())

    @_QUIETLY
    def csv(self) -> str:
        """The tables of all runs, with all digits."""
        from .table import csv

        return csv(self)

    @_QUIETLY
    def told(self) -> dict[str, Any]:
        """Everything as plain data, for JSON."""
        from .table import told

        return told(self)

    def __repr__(self) -> str:
        return self.text()

    @_QUIETLY
    def _repr_html_(self) -> str:
        """For a notebook: HTML and SVG, no script."""
        from .html import card

        return card(self, language())

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """The same for whoever asks: text/html, and text/plain with the same numbers."""
        found = {"text/plain": self.text(), "text/html": self._repr_html_()}
        wanted = {k: v for k, v in found.items() if include is None or k in include}
        return {k: v for k, v in wanted.items() if exclude is None or k not in exclude}


def descend(
    formula: str,
    start: Start = None,
    learning_rate: float | None = None,
    *,
    steps: int = 50,
    optimizer: str | Optimizer = "gd",
    compare: str | Sequence[float | str | Optimizer] = (),
) -> Descent:
    """Goes down a function that you type, step by step, and says how it went and why.

    The lecture's x_new = x_old - ε · f′(x_old), on any function: of one variable or of many, whatever they are called.
    f′ and f″ are exact (from the formula, never differences), and the steps are those that the optimizer makes in a
    training, worked out in float64.

    Parameters
    ----------
    formula : str
        As "(x - 3)**2 + 1": numbers, pi and e, + - * / ** ^, functions (cos, exp, log, max, every activation …).
    start : number, sequence, mapping or text
        -4; (-3, 4) in the order of the names; {"x": -3, "y": 4}; "x=-3,y=4".
    learning_rate : float, optional
        ε, above 0; without it the optimizer's own.
    steps : int
        1 to 100,000.
    optimizer : str or Optimizer
        "gd", "momentum", "nesterov", "adagrad", "rmsprop", "adam" or another of `backlit.optim`, with settings if
        wanted: "momentum(momentum=0.8)".
    compare : text or sequence
        Up to five further runs from the same start: rates (0.05), optimizers ("adam"), or both ("adam:0.3").

    Returns
    -------
    Descent
        With `table`, `verdict`, `text()`, `svg()`, `html()`, `csv()`; a notebook shows it.

    Verdict
    -------
    By rules that depend on nothing but the run; in short (all of them: docs/descend.md).  λ is f″ at the minimum to
    which the run leads, d the distance to it, d₀ at the start.  Of gradient descent every step multiplies d by
    ρ = 1 - ελ, near enough: ε < 1/λ comes from one side, 1/λ arrives in one step, up to 2/λ it changes sides, from 2/λ
    on it goes away.  *converges* and *oscillates*: d ≤ d₀ / 1000, or so after max(steps, 50) steps with this ρ;
    *too_slow*: later; *other_minimum*: not the one to which an infinitely small rate would have led.

    Derivatives at kinks are those of the words (|x| has 0 at 0, max(a, b) half of each at a tie); a visited kink is
    told.

    Raises
    ------
    ExpressionError
        BL401 to BL404: the formula; BL405: it has no variable; BL406: a picture of more than two.
    ParameterError
        BL365: the start; BL366, BL303: the optimizer; BL305: a rate or steps out of range.

    Examples
    --------
    >>> found = descend("(x - 3)**2 + 1", start=-4, learning_rate=0.1, steps=3)
    >>> found.points.ravel().round(6).tolist()
    [-4.0, -2.6, -1.48, -0.584]
    >>> found.verdict
    'converges'
    >>> [descend("x**2", 10, e).verdict for e in (0.01, 0.5, 0.9, 1.0, 1.1)]
    ['too_slow', 'one_step', 'oscillates', 'cycles', 'diverges']
    """
    function = Function(formula)
    begin = starting_point(start, function.variables)
    if isinstance(steps, bool) or not isinstance(steps, int) or not 1 <= steps <= MOST_STEPS:
        raise fail("BL305", name="steps", low=1, high=MOST_STEPS, value=steps, where="descend")
    rules = _rules(optimizer, learning_rate, compare)
    return Descent(function, begin, steps, rules)


def starting_point(start: Start, variables: Sequence[str]) -> Array:
    """The start in the order of the variables.

    >>> starting_point("y=4, x=-3", ("x", "y")).tolist()
    [-3.0, 4.0]
    """
    given: Any = start
    if isinstance(start, str):
        parts = [p.strip() for p in start.split(",")]
        named = [p.partition("=") for p in parts if "=" in p]
        by_name = {n.strip(): v for n, _, v in named}
        given = parts if not named else by_name if len(by_name) == len(parts) else None
    if isinstance(given, Mapping):
        given = [given[n] for n in variables] if set(given) == set(variables) else None
    try:
        found = np.atleast_1d(np.array(given, np.float64)) if given is not None else np.zeros(0)
    except (TypeError, ValueError):
        found = np.zeros(0)
    if found.shape != (len(variables),) or not np.isfinite(found).all():
        example = ",".join(f"{name}={k + 1}" for k, name in enumerate(variables[:3])) + ",…" * (len(variables) > 3)
        got = "-" if start is None else str(start)[:80]
        raise fail("BL365", expected=", ".join(variables), count=len(variables), got=got, name=example)
    return found


def _rules(main: str | Optimizer, learning_rate: float | None, compare: Any) -> list[Optimizer]:
    """The optimizers of all runs, each once."""
    own = optimizer(main, learning_rate)
    wanted = _split(compare) if isinstance(compare, str) else list(compare)
    found = [own]
    for entry in wanted:
        rule = _compared(entry, own, main, learning_rate)
        if all((rule.name, rule.settings) != (other.name, other.settings) for other in found):
            found.append(rule)
    if len(found) > MOST_RUNS:
        raise fail("BL305", name="compare", low=0, high=MOST_RUNS - 1, value=len(found) - 1, where="descend")
    return found


def _compared(entry: Any, own: Optimizer, main: str | Optimizer, learning_rate: float | None) -> Optimizer:
    """A rate, an optimizer, or an optimizer with a rate behind a colon."""
    if isinstance(entry, Optimizer):
        return optimizer(entry)
    if not isinstance(entry, str):
        return optimizer_named(own, learning_rate=entry)
    number = _number(entry)
    if number is not None:
        return optimizer_named(own, learning_rate=number)
    name, colon, rate = entry.rpartition(":")
    if not colon:
        return optimizer(entry, learning_rate)
    value = _number(rate)
    if value is None:
        bare = SHORT.get(name.strip(), name.strip()).partition("(")[0]
        if bare not in OPTIMIZERS:
            optimizer(name)  # says which there are
        raise fail("BL305", name="learning_rate", low=0.0, high=float("inf"), value=rate, where=entry)
    return optimizer(name, value)


def _split(text: str) -> list[str]:
    """At the commas that are not inside parentheses.

    >>> _split("0.1, adam(beta1=0.8, eps=1e-7):0.3")
    ['0.1', 'adam(beta1=0.8, eps=1e-7):0.3']
    """
    return [part.strip() for part in re.split(r",(?![^()]*\))", text) if part.strip()]


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None

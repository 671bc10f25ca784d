"""The typed function with its exact first and second derivatives, and what is wrong where it has no value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ...errors import fail
from ...ops import formula as fm
from ...ops.formula import Expr
from ...ops.parse import names_in, parse

Array = np.ndarray[Any, Any]
# Words with a kink: where it is, by their arguments.  floor has one at every whole number.
KINKS: dict[str, Callable[..., bool]] = {
    "abs": lambda a: a == 0,
    "sign": lambda a: a == 0,
    "floor": lambda a: a == np.floor(a),
    **dict.fromkeys(("max", "min", "gt", "ge", "lt", "le", "eq"), lambda a, b: a == b),
}
# Where a word with finite arguments makes an infinity at a pole; all other infinities are overflow.
POLES: dict[str, Callable[..., bool]] = {
    "div": lambda a, b: b == 0,
    "pow": lambda a, b: a == 0 and b < 0,
    "log": lambda a: a == 0,
    "log1p": lambda a: a == -1,
}


class Program:
    """Formulas in the order of their computation, to be run many times, on numbers or on arrays."""

    def __init__(self, roots: Sequence[Expr]) -> None:
        self.roots, self.parts = list(roots), fm.order(list(roots))

    def all(self, given: dict[str, Any]) -> dict[Expr, Any]:
        """The value of every part."""
        made: dict[Expr, Any] = {}
        with np.errstate(all="ignore"):
            for part in self.parts:
                if part.kind == "word":
                    made[part] = part.label.numpy(*(made[a] for a in part.args))
                else:
                    made[part] = np.float64(part.label) if part.kind == "constant" else given[part.label]
        return made

    def __call__(self, given: dict[str, Any]) -> list[Any]:
        made = self.all(given)
        return [made[r] for r in self.roots]


@dataclass(frozen=True)
class Trouble:
    """Why something is not finite: "overflow", or "domain" (no value there), and the part of the formula."""

    kind: str
    part: str


class Function:
    """f over named variables, f′ (the gradient) and f″ (the Hessian), all from the formula, in float64.

    Examples
    --------
    >>> f = Function("x ** 2 / 20 + y ** 2")
    >>> f.variables, f.value([10.0, 1.0]), f.gradient([10.0, 1.0]).tolist()
    (('x', 'y'), 6.0, [1.0, 2.0])
    >>> f.hessian([10.0, 1.0]).tolist()
    [[0.1, 0.0], [0.0, 2.0]]
    """

    def __init__(self, text: str) -> None:
        names = names_in(text)
        self.text = text
        self.formula = parse(text, names)
        self.variables = tuple(names)
        if not names:
            raise fail("BL405", text=text)
        self.slopes = [fm.differentiate(self.formula, name) for name in names]
        self._value, self._slopes = Program([self.formula]), Program(self.slopes)

    @cached_property
    def _curvature(self) -> Program:
        pairs = [(i, j) for i in range(len(self.slopes)) for j in range(i, len(self.slopes))]
        return Program([fm.differentiate(self.slopes[i], self.variables[j]) for i, j in pairs])

    def given(self, x: Sequence[Any] | Array) -> dict[str, Any]:
        """The values by name."""
        return dict(zip(self.variables, np.asarray(x, np.float64), strict=True))

    def value(self, x: Sequence[float] | Array) -> float:
        """f(x)."""
        return float(self._value(self.given(x))[0])

    def values(self, *grids: Array) -> Array:
        """f over arrays, one for each variable."""
        found = self._value(dict(zip(self.variables, grids, strict=True)))[0]
        return np.array(np.broadcast_to(found, grids[0].shape), np.float64)

    def gradient(self, x: Sequence[float] | Array) -> Array:
        """The partial derivatives at x, in the order of the variables."""
        return np.array([float(g) for g in self._slopes(self.given(x))])

    def hessian(self, x: Sequence[float] | Array) -> Array:
        """The second derivatives at x."""
        n = len(self.variables)
        found = np.zeros((n, n))
        found[np.triu_indices(n)] = [float(h) for h in self._curvature(self.given(x))]
        return np.asarray(np.triu(found) + np.triu(found, 1).T)

    def trouble(self, x: Array) -> tuple[str, Trouble] | None:
        """Why f ("value") or else its derivative ("slope") is not finite at x; None if both are."""
        for what, program in (("value", self._value), ("slope", self._slopes)):
            made = program.all(self.given(x))
            for root in program.roots:
                if not np.isfinite(made[root]):
                    return what, _first(root, made)
        return None

    def kinks(self, x: Array) -> list[tuple[str, str]]:
        """(word, part) of each kink at x on which a derivative from one side differs from that of the other."""
        made = self._value.all(self.given(x))
        at = [
            (p.label.name, repr(p))
            for p in self._value.parts
            if p.kind == "word" and p.label.name in KINKS and KINKS[p.label.name](*(made[a] for a in p.args))
        ]
        return at if at and self._bends(x) else []

    def _bends(self, x: Array) -> bool:
        """Whether the exact derivative, or f itself, jumps at x: looked at a hair's breadth to both sides."""
        for j in range(len(x)):
            hair = 1e-9 * max(1.0, abs(float(x[j]))) * np.eye(len(x))[j]
            a, b = (np.append(self.gradient(p), self.value(p)) for p in (x - hair, x + hair))
            if not np.allclose(a, b, rtol=1e-5, atol=1e-5):
                return True
        return False


def _first(root: Expr, made: dict[Expr, Any]) -> Trouble:
    """Down to the first part that is not finite though all it is made of is."""
    part = root
    while True:
        args = part.args
        if part.kind == "word" and part.label.name == "where":  # the branch that was not taken does not matter
            args = (args[0], args[1] if made[args[0]] != 0 else args[2])
        below = [a for a in args if not np.isfinite(made[a])]
        if not below:
            break
        part = below[0]
    if part.kind != "word" or np.isnan(made[part]):
        return Trouble("domain", repr(part))
    pole = POLES.get(part.label.name)
    at_pole = pole is not None and pole(*(made[a] for a in part.args))
    return Trouble("domain" if at_pole else "overflow", repr(part))

"""What a ledger is made of: numbers of the machine, each with the sum of products that it came from.

    Ledger → Block (a stage of a layer) → Line (a unit, or a parameter) → Cell (a number) → Sum → Term

All views (text, JSON, drawings, exercises) read these.  Units, rows and indices are counted from 0, and weights are
named as they are shown: dense1.weight[unit, input].
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Term:
    """One product of a sum, a · b, with what its factors are called; a factor of its own has no right side."""

    left: str
    a: float
    right: str = ""
    b: float = 1.0

    @property
    def product(self) -> float:
        return self.a * self.b


@dataclass(frozen=True)
class Rest:
    """What is not shown one by one: how many, and their sum."""

    count: int
    value: float


@dataclass(frozen=True)
class Sum:
    """A number of the machine as a sum: `value` is the machine's, `added` what the terms give in float64.

    bound : float
        How far rounding can take the machine's number from the exact sum: eps · (n + 2) · Σ|terms| for n terms, with
        the eps of the network's dtype (Higham, Accuracy and Stability of Numerical Algorithms, §3.1).
    """

    terms: tuple[Term, ...]
    rest: Rest | None
    value: float
    added: float
    bound: float

    @property
    def difference(self) -> float:
        return self.value - self.added

    @property
    def closes(self) -> bool:
        """Whether both agree within the bound; numbers that are not finite have to be the same."""
        if math.isfinite(self.value) and math.isfinite(self.added):
            return abs(self.difference) <= self.bound
        return not math.isfinite(self.value)  # infinite or NaN terms: nothing is left to compare


@dataclass(frozen=True)
class Cell:
    """A number of the ledger.

    symbol : str
        u, o, f′, e, t, E, δᵒ, δᵘ, x, ∂E/∂w, w, w′, or a state of the optimizer before and after: m, m′.
    value : float
        What stands in the machine's memory.
    name : str
        The value of the tape that it belongs to: dense1.u.
    at : tuple
        Its place in this array as it is shown: (row, unit), (unit, input), (unit,).
    instruction : int or None
        The line of the tape that made it; None for what was given.
    sum : Sum or None
        The products that it is the sum of.
    """

    symbol: str
    value: float
    name: str
    at: tuple[int, ...] = ()
    instruction: int | None = None
    sum: Sum | None = None


@dataclass(frozen=True)
class Line:
    """One unit, or one parameter, in a stage: `label` is "0" for a unit, "weight[0,1]" for a parameter."""

    label: str
    cells: tuple[Cell, ...]
    unit: int | None = None

    def __getitem__(self, symbol: str) -> Cell:
        for cell in self.cells:
            if cell.symbol == symbol:
                return cell
        raise KeyError(symbol)

    def __contains__(self, symbol: str) -> bool:
        return self.get(symbol) is not None

    def get(self, symbol: str) -> Cell | None:
        """The cell of this symbol, if there is one."""
        return next((cell for cell in self.cells if cell.symbol == symbol), None)


@dataclass(frozen=True)
class Others:
    """The lines that are not shown: how many there are, and the sum of each column."""

    count: int
    sums: dict[str, float]


@dataclass(frozen=True)
class Block:
    """A stage of a layer.

    stage : int
        1: u and its terms.  2: o = f(u) and f′(u).  3: E and δᵒ at the output.  4: δᵒ and δᵘ.  5: ∂E/∂w and the update.
    layer, kind : str
        The layer's name (dense1, at its second use dense1#2) and its class (Dense); "" and "" for E itself.
    formula : str
        What is done, in symbols: "o = max(u, 0)".
    reads : tuple of str
        The values that go in: dense1.o, x.
    """

    stage: int
    layer: str
    kind: str
    formula: str
    lines: tuple[Line, ...]
    others: Others | None = None
    reads: tuple[str, ...] = ()
    symbols: tuple[str, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Ledger:
    """All stages in the order in which the machine went through them: forward, E, backward, update.

    conventions : dict
        loss, half, reduction, rows, row, optimizer, learning_rate, dtype, seed, step, training …: what the numbers
        depend on beside the network.
    """

    blocks: tuple[Block, ...]
    E: float
    conventions: dict[str, Any]

    def cells(self) -> Iterator[Cell]:
        """Every number that is shown."""
        for block in self.blocks:
            for line in block.lines:
                yield from line.cells

    def stage(self, number: int, layer: str | None = None) -> list[Block]:
        """The blocks of a stage, of one layer or of all."""
        return [b for b in self.blocks if b.stage == number and layer in (None, b.layer)]

    @property
    def open(self) -> list[Cell]:
        """The numbers that are not the sum that they should be: there should be none."""
        return [c for c in self.cells() if c.sum is not None and not c.sum.closes]

    @property
    def closes(self) -> bool:
        """Whether every number is the sum that is shown beside it, within rounding."""
        return not self.open

    def to_dict(self) -> dict[str, Any]:
        """As plain data, for JSON: every cell with its sum, and whether it closes."""
        found = asdict(self)
        for block in found["blocks"]:
            for total in (cell["sum"] for line in block["lines"] for cell in line["cells"] if cell["sum"] is not None):
                total["difference"] = total["value"] - total["added"]
                for term in total["terms"]:
                    term["product"] = term["a"] * term["b"]
        return {"closes": self.closes, **found}


def largest(values: Array, top: int) -> tuple[list[int], Array]:
    """The places of the `top` largest |values| in their own order, and all others; NaN counts as largest.

    One alone is not left over: a row for "1 other" would be no shorter than the row itself.
    """
    n = len(values)
    if n <= top + 1:
        return list(range(n)), np.zeros(0, dtype=np.int64)
    size = np.where(np.isnan(values), np.inf, np.abs(values))
    # of many only the first few are sorted; the last of those that are as large as each other stays as it is found
    few = np.argpartition(-size, top)[: 2 * top + 1] if n > 8 * top else np.arange(n)
    chosen = np.sort(few[np.argsort(-size[few], kind="stable")[:top]])
    left = np.ones(n, dtype=bool)
    left[chosen] = False
    return [int(i) for i in chosen], np.flatnonzero(left)


def summed(
    value: float, products: Array, name: Any, eps: float, top: int, extra: Sequence[Term] = (), rounds: int = 2,
    size: float = 0.0,
) -> Sum:  # fmt: skip
    """The number `value` as Σ a · b (+ extra).

    Parameters
    ----------
    products : array of shape (2, n)
        The factors a and b of each product, as float64.
    name : callable
        The names (left, right) of the factors of product i.
    eps : float
        Of the machine's dtype.
    extra : terms
        Those that are always shown: a bias, a penalty.
    rounds : int
        Roundings that happen beside one for each term.
    size : float
        The size of what cancels inside the terms.
    """
    a, b = products
    with np.errstate(all="ignore"):
        each = a * b
        shown, left = largest(each, top)
        terms = [Term(name(i)[0], float(a[i]), name(i)[1], float(b[i])) for i in shown]
        others = each[left]
        rest = Rest(len(left), math.fsum(others) if np.isfinite(others).all() else float(others.sum()))
        every = [*each.tolist(), *(t.product for t in extra)]
        finite = all(map(math.isfinite, every))
        added = math.fsum(every) if finite else float(np.sum(every))
    size = size + math.fsum(map(abs, every)) if finite else math.inf
    bound = (len(every) + rounds) * (eps * size + TINY)
    return Sum((*terms, *extra), rest if len(left) else None, float(value), added, bound)


TINY = 1.5e-45  # the distance of two float32 numbers that are as small as can be

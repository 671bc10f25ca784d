"""Which rows are trained on, which choose the best epoch, and which are kept for the last question."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import BacklitError, fail
from .checks import generator
from .table import Table

Indices = NDArray[np.int64]
TINY = 10  # with fewer rows every one is needed: a fifth would be a single row, and its score a coin


@dataclass(frozen=True, eq=False)
class Split:
    """The row numbers of the three parts, each in a shuffled order; every row of the table is in exactly one.

    `validation` and `test` are empty when nothing is held out.
    """

    train: Indices
    validation: Indices
    test: Indices

    @property
    def held_out(self) -> bool:
        """Whether any row is kept away from training."""
        return len(self.train) < self.rows

    @property
    def rows(self) -> int:
        """How many rows there are in all."""
        return len(self.train) + len(self.validation) + len(self.test)


def split(table: Table, *, test: float = 0.2, validation: float = 0.2, seed: int = 0) -> Split:
    """Divide the rows of a table at random, the classes in equal shares.

    Parameters
    ----------
    table : Table
    test, validation : float
        The fractions held out, from 0; their sum is below 1.  The parts have round(rows · fraction) rows.
    seed : int
        The same seed divides the same table alike.

    Returns
    -------
    Split
        A table of fewer than ten rows is not divided: all of it is `train`.

    Raises
    ------
    DataError
        BL210 when a part that is asked for would stay empty, or a class without any row in training.

    Notes
    -----
    In a classification each part gets each class in its share, by the largest remainder: of 7 rows in shares
    of 1.4, 3.5 and 2.1 the classes get 1, 3 and 2, and the one that is left goes to the second (0.5).
    A class gives up all its rows only when it has one or two and the parts cannot be filled otherwise.

    Examples
    --------
    >>> from backlit.data import load
    >>> parts = split(load("iris"))
    >>> len(parts.train), len(parts.validation), len(parts.test)
    (90, 30, 30)
    >>> split(load("xor")).held_out
    False
    """
    fractions = {"test": test, "validation": validation}

    def refused() -> BacklitError:
        return fail("BL210", rows=table.rows, classes=len(table.classes), **fractions)

    if not all(_is_fraction(f) for f in fractions.values()) or sum(fractions.values()) >= 1:
        raise refused()
    random = generator(seed)
    order = random.permutation(table.rows)
    if table.rows < TINY:
        nothing = np.empty(0, dtype=np.int64)
        return Split(order, nothing, nothing)
    strata = table.t if table.task == "classification" else np.zeros(table.rows, dtype=np.int64)
    counts = np.bincount(strata)
    sizes = {part: math.floor(table.rows * fraction + 0.5) for part, fraction in fractions.items()}
    room = _room(counts, sum(sizes.values()))
    starved = any(fraction > 0 and sizes[part] == 0 for part, fraction in fractions.items())
    if room is None or starved or sum(sizes.values()) >= table.rows:
        raise refused()
    tests = _shares(sizes["test"], counts * fractions["test"], room)
    validations = _shares(sizes["validation"], counts * fractions["validation"], room - tests)
    group = strata[order]
    place = _places(group, counts)
    part = np.empty_like(order)
    part[order] = (place >= tests[group]).astype(np.int64) + (place >= (tests + validations)[group])
    # Shuffled anew: in the first order the rows that are left for training stand behind the ones given away.
    order = random.permutation(table.rows)
    return Split(*(order[part[order] == number] for number in (2, 1, 0)))


def _is_fraction(value: object) -> bool:
    return isinstance(value, int | float | np.floating) and bool(0 <= value < 1)


def _room(counts: Indices, held_out: int) -> Indices | None:
    """How many rows each class can give up: all but one; if that is too few, small classes may give all."""
    for smallest in (1, 3):
        room: Indices = counts - (counts >= smallest)
        if room.sum() >= held_out:
            return room
    return None


def _shares(total: int, quotas: NDArray[np.floating[Any]], room: Indices) -> Indices:
    """Divide `total` rows among the classes by the largest remainder, no class giving more than its room.

    >>> import numpy as np
    >>> _shares(7, np.array([1.4, 3.5, 2.1]), np.array([9, 9, 9]))
    array([1, 4, 2])
    """
    shares: Indices = np.minimum(np.floor(quotas).astype(np.int64), room)
    by_remainder = np.argsort(shares - quotas, kind="stable")
    while (left := total - int(shares.sum())) > 0:
        able = by_remainder[shares[by_remainder] < room[by_remainder]]
        shares[able[:left]] += 1
    return shares


def _places(strata: Indices, counts: Indices) -> Indices:
    """The place of each row within its class: 0 for the first of the class, 1 for the second, …

    >>> import numpy as np
    >>> _places(np.array([1, 0, 1, 1]), np.array([1, 3]))
    array([0, 0, 1, 2])
    """
    sorted_rows = np.argsort(strata, kind="stable")
    first = np.repeat(np.cumsum(counts) - counts, counts)
    places = np.empty_like(strata)
    places[sorted_rows] = np.arange(len(strata)) - first
    return places

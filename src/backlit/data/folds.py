"""Folds: every row is held out once."""

from __future__ import annotations

import numpy as np

from ..errors import fail
from .checks import generator
from .split import Indices, Split, split
from .table import Table


def fold(table: Table, number: int, count: int, *, validation: float = 0.2, seed: int = 0) -> Split:
    """The split in which the rows of one of `count` folds are the test.

    Parameters
    ----------
    table : Table
    number : int
        Which fold: 0 … count - 1.
    count : int
        2 … rows.
    validation : float
        The share of all rows that chooses the best epoch, taken from the other folds.
    seed : int
        The same seed gives the same folds.

    Raises
    ------
    DataError
        BL215, when there are fewer rows than folds, or fewer than two folds.

    Notes
    -----
    The rows are shuffled, put in the order of their classes, and dealt out one by one like cards: two folds differ by
    at most one row in all and in every class.

    Examples
    --------
    >>> from backlit.data import load
    >>> [len(fold(load("iris"), k, 4).test) for k in range(4)]
    [38, 38, 37, 37]
    """
    if not 2 <= count <= table.rows or not 0 <= number < count:
        raise fail("BL215", option="folds", value=count, allowed=f"2 ≤ folds ≤ {table.rows}")
    of = dealt(table, count, seed)
    test, rest = np.flatnonzero(of == number), np.flatnonzero(of != number)
    share = validation * table.rows / len(rest)
    parts = split(table.take(rest), test=0.0, validation=share, seed=seed)
    return Split(rest[parts.train], rest[parts.validation], test)


def dealt(table: Table, count: int, seed: int) -> Indices:
    """The fold of each row."""
    order = generator(seed).permutation(table.rows)
    if table.task == "classification":
        order = order[np.argsort(table.t[order], kind="stable")]
    of = np.empty(table.rows, dtype=np.int64)
    of[order] = np.arange(table.rows) % count
    return of

"""The table: numbers in, an answer to learn, and the names of both."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import fail
from .checks import Origin, one_of
from .kinds import Kind

Task = Literal["classification", "regression", "multilabel"]
TASKS: tuple[Task, Task, Task] = ("classification", "regression", "multilabel")


def one_of_tasks(task: str | None) -> None:
    """BL215 for a task that does not exist; None leaves it to what the values look like."""
    if task is not None:
        one_of("task", task, TASKS)


@dataclass(frozen=True, eq=False, repr=False)
class Table:
    """Rows to learn from, all of them numbers, and what the numbers of each column mean.

    Parameters
    ----------
    name : str
        A short name: "iris", or the file's name without its ending.
    x : array, shape (rows, features)
        The inputs as float64.  In columns that `kinds` describe, NaN is what is missing, a category its place in the
        column's levels, and a date a number of days.
    t : array
        The answers.  Classification: int64 indices into `classes`, shape (rows,).
        Regression: float64, shape (rows, k), one column per name in `target` (k = 0: inputs only).
        Multilabel: the same, 1 where a row has the label and 0 where it has not.
    features, target : tuple of str
        The names of the columns of x and of t.
    task : {"classification", "regression", "multilabel"}
    classes : tuple of str
        The names of the classes in the order of the indices; empty for a regression.
    source : str
        Where the data come from, in a sentence.
    kinds : tuple of Kind
        A kind for each column of x; empty when all are numbers and none is missing.
    notices : tuple of dict
        What a person should know of the data: {"code": "BL223", facts …}.
    reading : dict
        What has to be known to read other data in the same way, such as the size of images.
    origin : Origin, optional
        The file that the rows come from, with the line on which each begins; 1 is the first, which is the header's
        where there is one.

    Notes
    -----
    Both arrays are read-only: a table that has been hashed or split stays what it was.

    Examples
    --------
    >>> table = Table("or", [[0, 0], [0, 1], [1, 0]], [0, 1, 1], ("a", "b"), ("a or b",), "classification", ("0", "1"))
    >>> table
    Table('or', x (3, 2), t (3,), classification: 0, 1)
    >>> table.take([2, 1]).t
    array([1, 1])
    """

    name: str
    x: NDArray[np.float64]
    t: NDArray[Any]
    features: tuple[str, ...]
    target: tuple[str, ...]
    task: Task
    classes: tuple[str, ...] = ()
    source: str = ""
    kinds: tuple[Kind, ...] = ()
    notices: tuple[dict[str, Any], ...] = ()
    reading: dict[str, Any] = field(default_factory=dict)
    origin: Origin | None = None

    def __post_init__(self) -> None:
        labels = self.task == "classification"
        object.__setattr__(self, "x", _locked("x", self.x, np.float64, ndim=2))
        object.__setattr__(self, "t", _locked("t", self.t, np.int64 if labels else np.float64, ndim=1 if labels else 2))
        for key in ("features", "target", "classes", "kinds", "notices"):
            object.__setattr__(self, key, tuple(getattr(self, key)))
        if len(self.x) != len(self.t):
            raise fail("BL213", x_rows=len(self.x), t_rows=len(self.t))
        _names_fit("x", self.x.shape[1], self.features)
        if self.kinds:
            _names_fit("x", len(self.kinds), self.features)
        if not labels:
            _names_fit("t", self.t.shape[1], self.target)
        elif self.t.size and not (self.t.min() >= 0 and self.t.max() < len(self.classes)):
            got = f"{self.t.min()} … {self.t.max()}"
            raise fail("BL212", name="t", expected=f"0 ≤ t < {len(self.classes)}", got=got)

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.x)

    @cached_property
    def sha256(self) -> str:
        """The hash of the bytes of x and then t: the same numbers in the same order have the same hash."""
        digest = hashlib.sha256(self.x.tobytes())
        digest.update(self.t.tobytes())
        if levels := [kind.levels for kind in self.kinds if kind.levels]:
            digest.update(repr(levels).encode("utf-8", "surrogatepass"))
        return digest.hexdigest()

    def take(self, indices: ArrayLike) -> Table:
        """The table of these rows, in this order.

        Parameters
        ----------
        indices : array of int, shape (n,), or of bool, shape (rows,)
        """
        chosen = np.asarray(indices, dtype=None if np.size(indices) else np.int64)  # [] alone would be float
        origin = self.origin and self.origin.take(np.arange(self.rows)[chosen])
        return replace(self, x=self.x[chosen], t=self.t[chosen], origin=origin)

    def numbered(self, row: int) -> dict[str, int]:
        """How a row is found again: {"line"} from 1 in a text file, else {"row"} from 0, as Python counts.

        >>> Table("or", [[0], [1]], [0, 1], ("a",), ("b",), "classification", ("0", "1")).numbered(1)
        {'row': 1}
        """
        if self.origin is None:
            return {"row": row}
        return {"row" if self.origin.lines is None else "line": self.origin.number(row)}

    def place(self, row: int, column: int = 0) -> str:
        """Where an answer stands: its line and column in a file, else its place in the array t.

        >>> Table("or", [[0], [1]], [0, 1], ("a",), ("b",), "classification", ("0", "1")).place(1)
        't[1, 0]'
        """
        if self.origin is None:
            return f"t[{row}, {column}]"
        return f"{self.origin.place(row)} ({self.target[column]})"

    def __repr__(self) -> str:
        learned = ", ".join(self.classes if self.task == "classification" else self.target)
        return f"Table({self.name!r}, x {self.x.shape}, t {self.t.shape}, {self.task}: {learned})"


def _locked(name: str, values: ArrayLike, dtype: type[np.generic], ndim: int) -> NDArray[Any]:
    """A read-only view in the dtype of the table; the caller's own array stays writable."""
    array = np.ascontiguousarray(values, dtype=dtype)
    if array.ndim != ndim:
        raise fail("BL212", name=name, expected=f"{ndim}-D", got=f"{array.ndim}-D, shape {array.shape}")
    view = array.view()
    view.flags.writeable = False
    return view


def _names_fit(name: str, width: int, names: Sequence[str]) -> None:
    if width != len(names):
        raise fail("BL103", name=name, expected=len(names), got=width, columns=list(names[:12]))

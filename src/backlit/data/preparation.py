"""What is done to the numbers before a network sees them, learned from training rows, and undone after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from ..errors import fail
from .checks import Origin, finite
from .table import Table, Task

Numbers = NDArray[Any]


@dataclass(frozen=True)
class Column:
    """One column of numbers: its name, and z = (x - mean) / scale, which has mean 0 and deviation 1."""

    name: str
    mean: float = 0.0
    scale: float = 1.0


@dataclass(frozen=True)
class Preparation:
    """Inputs and regression targets standardised, classes one-hot.  Made by `Preparation.fit`.

    Parameters
    ----------
    features : tuple of Column
        The columns of x.
    target : tuple of Column
        The columns of t; in a classification only the name counts.
    task : {"classification", "regression"}
    classes : tuple of str
        The classes of a classification, in the order of the network's outputs; else empty.

    Notes
    -----
    A constant column has scale 1: it becomes 0.  Columns of one kind (the pixels of an image: at least 16 columns
    from 0 to one common top) share one scale.  The deviation has n in the denominator, not n - 1.

    Examples
    --------
    >>> from backlit.data import load
    >>> table = load("iris")
    >>> preparation = Preparation.fit(table, [0, 50, 100])
    >>> preparation.inputs(table.x[[0, 50, 100]]).std(axis=0).round(12).tolist()
    [1.0, 1.0, 1.0, 1.0]
    >>> preparation.targets([0, 2])
    array([[1., 0., 0.],
           [0., 0., 1.]])
    >>> preparation.labels([[0.1, 0.7, 0.2]]).tolist()
    ['versicolor']
    """

    features: tuple[Column, ...]
    target: tuple[Column, ...]
    task: Task
    classes: tuple[str, ...] = ()

    @classmethod
    def fit(cls, table: Table, rows: ArrayLike | None = None) -> Preparation:
        """Learn means and scales from some rows of a table.

        Parameters
        ----------
        table : Table
        rows : array of int, shape (n,), optional
            The training rows; nothing is learned from any other.  Default: all.
        """
        chosen = table if rows is None else table.take(rows)
        if chosen.rows == 0:
            raise fail("BL212", name="rows", expected="rows ≥ 1", got=0)
        if table.task == "classification":
            target = tuple(Column(name) for name in table.target)
        else:
            target = _standard(table.target, chosen.t)
        return cls(_standard(table.features, chosen.x), target, table.task, table.classes)

    @property
    def in_features(self) -> int:
        """How many inputs the network has."""
        return len(self.features)

    @property
    def out_features(self) -> int:
        """How many outputs the network has: one per class, or one per target column."""
        return len(self.classes) if self.task == "classification" else len(self.target)

    def inputs(self, x: ArrayLike, dtype: DTypeLike = np.float64) -> Numbers:
        """The rows as the network sees them.

        Parameters
        ----------
        x : array, shape (rows, in_features)
        dtype
            float32 or float64.

        Returns
        -------
        array of dtype, shape (rows, in_features)
            A new array.

        Raises
        ------
        ShapeError
            BL103 when x has another number of columns.
        DataError
            BL207 when a number is not finite or too large for dtype, BL212 when x is no 2-D array of numbers.
        """
        return _standardised("X", x, self.features, dtype)

    def targets(self, t: ArrayLike, dtype: DTypeLike = np.float64) -> Numbers:
        """The answers as the loss sees them.

        Parameters
        ----------
        t : array
            Classification: indices into `classes`, shape (rows,).
            Regression: shape (rows, k), or (rows,) for k = 1.
        dtype
            float32 or float64.

        Returns
        -------
        array of dtype, shape (rows, out_features)
        """
        if self.task == "regression":
            column = np.asarray(t)
            return _standardised("t", column[:, None] if column.ndim == 1 else column, self.target, dtype)
        indices = np.asarray(t)
        n = self.out_features
        if indices.ndim != 1 or indices.dtype.kind not in "iu" or ((indices < 0) | (indices >= n)).any():
            raise fail("BL212", name="t", expected=f"1-D, int, 0 ≤ t < {n}", got=_told(indices))
        one_hot = np.zeros((len(indices), n), dtype=dtype)
        one_hot[np.arange(len(indices)), indices] = 1
        return one_hot

    def restore(self, o: ArrayLike) -> Numbers:
        """The outputs of the network as answers: the inverse of `targets`.

        Parameters
        ----------
        o : array, shape (rows, out_features)

        Returns
        -------
        array
            Classification: the index of the largest output, int64, shape (rows,); -1 where an output is NaN.
            Regression: float64 in the units of the table, shape (rows, k).
        """
        outputs = np.asarray(o)
        _check("o", outputs, self.classes or [column.name for column in self.target])
        if self.task == "regression":
            mean, scale = _line(self.target)
            return outputs * scale + mean
        # argmax would name a class for a row of NaN, and hide that the network has broken down.
        return np.where(np.isnan(outputs).any(axis=1), -1, outputs.argmax(axis=1))

    def labels(self, o: ArrayLike) -> Numbers:
        """As `restore`, but with the names of the classes ("NaN" where an output is NaN)."""
        answers = self.restore(o)
        if self.task == "regression":
            return answers
        return np.array([*self.classes, "NaN"])[answers]  # index -1 is the last: NaN

    def to_dict(self) -> dict[str, Any]:
        """All of it as what JSON can hold; Python writes floats so that they come back to the bit.

        >>> Preparation((Column("age", 40.5, 12.25),), (Column("ill"),), "classification", ("no", "yes")).to_dict()
        ... # doctest: +NORMALIZE_WHITESPACE
        {'features': [{'name': 'age', 'mean': 40.5, 'scale': 12.25}],
         'target': [{'name': 'ill', 'mean': 0.0, 'scale': 1.0}],
         'task': 'classification', 'classes': ['no', 'yes']}
        """
        return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Preparation:
        """The inverse of `to_dict`."""
        return cls(
            tuple(Column(**column) for column in stored["features"]),
            tuple(Column(**column) for column in stored["target"]),
            stored["task"],
            tuple(stored["classes"]),
        )


def _standard(names: Sequence[str], values: Numbers) -> tuple[Column, ...]:
    """Mean and deviation of each column, from values of shape (rows, k)."""
    low, high = values.min(axis=0), values.max(axis=0)
    # Exact powers of two bring each column to at most 1: no square overflows (1e300) or vanishes (1e-300).
    _, exponent = np.frexp(np.maximum(-low, high))
    small = np.ldexp(values, -exponent)
    # Equal numbers are asked for by low == high: the mean of many 0.1 is not 0.1, and their deviation not 0.
    mean = np.where(low == high, low, np.ldexp(small.mean(axis=0), exponent))
    scale = np.where(low == high, 1.0, np.ldexp(small.std(axis=0), exponent))
    scale[scale == 0] = 1.0  # what is left of the smallest subnormal numbers
    if _of_one_kind(low, high):
        scale = np.where(low == high, 1.0, np.sqrt(np.mean(scale[low < high] ** 2)))
    return tuple(Column(*column) for column in zip(names, mean.tolist(), scale.tolist(), strict=True))


def _of_one_kind(low: Numbers, high: Numbers) -> bool:
    """True for columns that measure the same thing, as the pixels of an image do: many, from 0 to one common top.

    They keep one scale.  A scale for each would blow up the pixels that are hardly ever lit: on the digits that
    costs 0.4 ± 0.2 per cent of accuracy (docs/decisions/0008-defaults.md).
    """
    if len(high) < 16 or low.min() < 0:
        return False
    top = high.max()
    return bool(0 < top < 1e100 and np.mean(high == top) >= 0.25)


def _standardised(name: str, values: ArrayLike, columns: Sequence[Column], dtype: DTypeLike) -> Numbers:
    given = np.asarray(values)
    names = [column.name for column in columns]
    _check(name, given, names)
    mean, scale = _line(columns)
    with np.errstate(over="ignore", invalid="ignore"):  # told by `finite`, with the place
        result = ((given - mean) / scale).astype(dtype, order="C")
    finite(Origin(name), given, names, result)
    return result


def _line(columns: Sequence[Column]) -> tuple[Numbers, Numbers]:
    """The means and the scales, each of shape (k,)."""
    return np.array([column.mean for column in columns]), np.array([column.scale for column in columns])


def _check(name: str, values: Numbers, columns: Sequence[str]) -> None:
    """BL212 unless two-dimensional numbers, BL103 unless as many columns as there are names."""
    if values.ndim != 2 or values.dtype.kind not in "biuf":
        raise fail("BL212", name=name, expected=f"2-D (rows, {len(columns)}): int, float", got=_told(values))
    if values.shape[1] != len(columns):
        raise fail("BL103", name=name, expected=len(columns), got=values.shape[1], columns=list(columns[:12]))


def _told(values: Numbers) -> str:
    return f"{values.ndim}-D {values.shape}: {values.dtype}"

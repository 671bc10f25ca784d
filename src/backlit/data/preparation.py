"""What is done to the columns before a network sees them, learned from training rows, and undone after."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from ..errors import fail
from . import frames
from .checks import Origin, finite
from .column import Column, names_of
from .kinds import Kind
from .table import Table, Task

Numbers = NDArray[Any]
MOST_LEVELS = 200  # of a category; the rarest beyond that are treated as ones never seen


class Tally:
    """What had to be guessed in new rows: categories never seen in training, and holes where training had none."""

    def __init__(self) -> None:
        self.unseen: dict[str, Counter[str]] = {}
        self.filled: Counter[str] = Counter()

    def add(self, preparation: Preparation, table: Table) -> None:
        """Count in new rows."""
        if not preparation.is_plain and table.kinds:
            for column, j in zip(preparation.features, preparation.columns_of(table), strict=True):
                self._add(column, table.x[:, j], table.kinds[j])

    def _add(self, column: Column, values: Numbers, kind: Kind) -> None:
        if column.missing == "filled" and (holes := int(np.isnan(values).sum())):
            self.filled[column.name] += holes
        if column.kind == "category":
            there = values[~np.isnan(values)].astype(np.int64)
            for code in np.flatnonzero(column.places(kind) < 0):
                if count := int((there == code).sum()):
                    self.unseen.setdefault(column.name, Counter())[kind.levels[code]] += count

    def notices(self) -> list[dict[str, Any]]:
        """What a person should know: BL233 for each column with unseen categories, BL234 for one with new holes."""
        found: list[dict[str, Any]] = []
        for name, counts in self.unseen.items():
            values = [value for value, _ in counts.most_common(12)]
            found.append({"code": "BL233", "column": name, "count": counts.total(), "values": values})
        return found + [{"code": "BL234", "column": name, "count": n} for name, n in self.filled.items()]


@dataclass(frozen=True)
class Preparation:
    """Numbers standardised, categories and classes one-hot, dates as days and cycles.  Made by `Preparation.fit`.

    Parameters
    ----------
    features : tuple of Column
        The columns of x.
    target : tuple of Column
        The columns of t; in a classification only the name counts.
    task : {"classification", "regression", "multilabel"}
    classes : tuple of str
        The classes of a classification, in the order of the network's outputs; else empty.
    reading : dict
        What has to be known to read other data in the same way, such as the size of images.
    weight : str
        The name of a column that holds the weights of rows, and is no input; "" where there was none.

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
    reading: dict[str, Any] = field(default_factory=dict)
    weight: str = ""

    @classmethod
    def fit(cls, table: Table, rows: ArrayLike | None = None) -> Preparation:
        """Learn means, scales and categories from some rows of a table.

        Parameters
        ----------
        table : Table
        rows : array of int, shape (n,), optional
            The training rows; nothing is learned from any other.  Default: all.
        """
        chosen = table if rows is None else table.take(rows)
        if chosen.rows == 0:
            raise fail("BL212", name="rows", expected="rows ≥ 1", got=0)
        if table.task == "regression":
            target = _standard(table.target, chosen.t)
        else:
            target = tuple(Column(name) for name in table.target)
        features = _learned(chosen) if table.kinds else _standard(table.features, chosen.x)
        return cls(features, target, table.task, table.classes, table.reading)

    @cached_property
    def is_plain(self) -> bool:
        """Whether every column becomes one input, by mean and scale alone."""
        return all(column.is_plain for column in self.features)

    @cached_property
    def in_features(self) -> int:
        """How many inputs the network has."""
        return sum(column.width for column in self.features)

    def input_names(self) -> list[str]:
        """The names of the network's inputs: those of the columns, and of what was made of them.

        >>> town = Column("town", kind="category", levels=("Kyoto", "Osaka"))
        >>> Preparation((Column("age", 40.0, 12.0), town), (Column("rent"),), "regression").input_names()
        ['age', 'town = Kyoto', 'town = Osaka']
        """
        return [name for column in self.features for name in column.inputs()]

    @property
    def format(self) -> int:
        """The number of the oldest format of model files that can hold it."""
        plain = all(set(column.to_dict()) == {"name", "mean", "scale"} for column in self.features)
        return 1 if plain and self.task != "multilabel" and not self.reading else 2

    @property
    def out_features(self) -> int:
        """How many outputs the network has: one per class, or one per target column."""
        return len(self.classes) if self.task == "classification" else len(self.target)

    def inputs(self, x: Any, dtype: DTypeLike = np.float64) -> Numbers:
        """The rows as the network sees them.

        Parameters
        ----------
        x : Table, data frame, or array of shape (rows, columns)
            A table or a frame may hold its columns in another order, more of them, and other categories: they are
            found by name.  An array has the columns in order, and its categories have the codes of the table from
            which the preparation was learned (in a model that was loaded: their places in `levels`).
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
        kinds: Sequence[Kind | None] = [None] * len(self.features)
        if frames.is_frame(x):
            x = frames.read(x, target=[], known={column.name: column.as_kind() for column in self.features})
        origin = Origin("X")
        if isinstance(x, Table):
            places, origin = self.columns_of(x), x.origin or origin
            if x.kinds:
                kinds = [x.kinds[j] for j in places]
            x = x.x if places == list(range(x.x.shape[1])) else x.x[:, places]
        if self.is_plain:
            return _standardised("X", x, self.features, dtype, origin)
        return self._mixed(np.asarray(x), kinds, dtype, origin)

    def columns_of(self, table: Table) -> list[int]:
        """The places of the columns in a table: by name, or in order where the names are others."""
        names = names_of(self.features)
        if set(names) <= set(table.features):
            return [table.features.index(name) for name in names]
        _check("X", table.x, names)
        return list(range(len(names)))

    def _mixed(self, x: Numbers, kinds: Sequence[Kind | None], dtype: DTypeLike, origin: Origin) -> Numbers:
        """Column by column, each with as many inputs as it becomes."""
        _check("X", x, names_of(self.features))
        given = x.astype(np.float64, copy=False)
        out = np.empty((len(given), self.in_features))
        at = 0
        for j, (column, kind) in enumerate(zip(self.features, kinds, strict=True)):
            if column.missing == "refused":
                finite(origin, given[:, j : j + 1], [column.name])
            column.fill(given[:, j], out[:, at : at + column.width], kind)
            at += column.width
        with np.errstate(over="ignore", invalid="ignore"):
            result = out.astype(dtype, order="C")
        if not np.isfinite(result).all():
            k = int(np.argwhere(~np.isfinite(result))[0, 1])
            j = int(np.searchsorted(np.cumsum([column.width for column in self.features]), k, side="right"))
            bad = np.where(np.isfinite(result).all(axis=1), 0.0, given[:, j])[:, None]
            wrong = np.where(np.isfinite(result).all(axis=1), 0.0, np.inf)[:, None]
            finite(origin, bad, [self.features[j].name], wrong)
        return result

    def targets(self, t: ArrayLike, dtype: DTypeLike = np.float64) -> Numbers:
        """The answers as the loss sees them.

        Parameters
        ----------
        t : array
            Classification: indices into `classes`, shape (rows,).
            Regression: shape (rows, k), or (rows,) for k = 1.
            Multilabel: 0 and 1, shape (rows, k).
        dtype
            float32 or float64.

        Returns
        -------
        array of dtype, shape (rows, out_features)
        """
        if self.task != "classification":  # the columns of labels have mean 0 and scale 1: they stay as they are
            column = np.asarray(t)
            return _standardised("t", column[:, None] if column.ndim == 1 else column, self.target, dtype)
        indices = np.asarray(t)
        n = self.out_features
        if indices.ndim != 1 or indices.dtype.kind not in "iu" or ((indices < 0) | (indices >= n)).any():
            raise fail("BL212", name="t", expected=f"1-D, int, 0 ≤ t < {n}", got=_told(indices))
        one_hot = np.zeros((len(indices), n), dtype=dtype)
        one_hot[np.arange(len(indices)), indices] = 1
        return one_hot

    def restore(self, o: ArrayLike, edge: float = 0.5) -> Numbers:
        """The outputs of the network as answers: the inverse of `targets`.

        Parameters
        ----------
        o : array, shape (rows, out_features)
        edge : float
            Of several labels a row, the output from which on a label is told: one half, 0 after a hinge.

        Returns
        -------
        array
            Classification: the index of the largest output, int64, shape (rows,); -1 where an output is NaN.
            Regression: float64 in the units of the table, shape (rows, k).
            Multilabel: 1 where an output is at least `edge`, else 0, float64, shape (rows, k); NaN stays NaN.
        """
        outputs = np.asarray(o)
        _check("o", outputs, self.classes or [column.name for column in self.target])
        if self.task == "regression":
            mean, scale = _line(self.target)
            return outputs * scale + mean
        if self.task == "multilabel":
            return np.where(np.isnan(outputs), np.nan, (outputs >= edge).astype(np.float64))
        # argmax would name a class for a row of NaN, and hide that the network has broken down.
        return np.where(np.isnan(outputs).any(axis=1), -1, outputs.argmax(axis=1))

    def labels(self, o: ArrayLike) -> Numbers:
        """As `restore`, but with the names of the classes ("NaN" where an output is NaN)."""
        answers = self.restore(o)
        if self.task != "classification":
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
        stored = {
            "features": [column.to_dict() for column in self.features],
            "target": [column.to_dict() for column in self.target],
            "task": self.task,
            "classes": list(self.classes),
        }
        more = {"reading": self.reading, "weight": self.weight}
        return stored | {name: value for name, value in more.items() if value}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Preparation:
        """The inverse of `to_dict`."""
        return cls(
            tuple(Column.from_dict(column) for column in stored["features"]),
            tuple(Column.from_dict(column) for column in stored["target"]),
            stored["task"],
            tuple(stored["classes"]),
            dict(stored.get("reading", {})),
            str(stored.get("weight", "")),
        )


def _learned(table: Table) -> tuple[Column, ...]:
    """What is learned of columns of all kinds; their holes are left out of means and scales."""
    lines = [j for j, kind in enumerate(table.kinds) if kind.name != "category"]
    measured = dict(zip(lines, _standard([table.features[j] for j in lines], table.x[:, lines]), strict=True))
    found = []
    for j, (name, kind) in enumerate(zip(table.features, table.kinds, strict=True)):
        missing = "marked" if np.isnan(table.x[:, j]).any() else "filled"
        if j in measured:
            found.append(replace(measured[j], kind=kind.name, order=kind.order, missing=missing))
            continue
        codes = table.x[:, j]
        counts = np.bincount(codes[codes >= 0].astype(np.int64), minlength=len(kind.levels))
        most = np.argsort(-counts, kind="stable")[:MOST_LEVELS]
        seen = sorted(int(code) for code in most if counts[code])
        places = np.full(len(kind.levels), -1)
        places[seen] = np.arange(len(seen))
        levels = tuple(kind.levels[code] for code in seen)
        found.append(Column(name, kind="category", levels=levels, missing=missing, codes=tuple(places.tolist())))
    return tuple(found)


def _standard(names: Sequence[str], values: Numbers) -> tuple[Column, ...]:
    """Mean and deviation of each column, from values of shape (rows, k); NaN is left out."""
    holes = np.isnan(values).any(axis=0)
    if not holes.any():
        low, high, mean, scale = _measured(values)
    else:
        low, high, mean, scale = found = np.zeros((4, values.shape[1]))
        found[:, ~holes] = _measured(values[:, ~holes])
        for j in np.flatnonzero(holes):
            there = values[~np.isnan(values[:, j]), j][:, None]
            found[:, j] = np.ravel(_measured(there)) if len(there) else (0.0, 0.0, 0.0, 1.0)
    if _of_one_kind(low, high):
        scale = np.where(low == high, 1.0, np.sqrt(np.mean(scale[low < high] ** 2)))
    return tuple(Column(*column) for column in zip(names, mean.tolist(), scale.tolist(), strict=True))


def _measured(values: Numbers) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    """Least and largest value, mean and deviation of each column."""
    low, high = values.min(axis=0), values.max(axis=0)
    # Exact powers of two bring each column to at most 1: no square overflows (1e300) or vanishes (1e-300).
    _, exponent = np.frexp(np.maximum(-low, high))
    small = np.ldexp(values, -exponent)
    # Equal numbers are asked for by low == high: the mean of many 0.1 is not 0.1, and their deviation not 0.
    mean = np.where(low == high, low, np.ldexp(small.mean(axis=0), exponent))
    scale = np.where(low == high, 1.0, np.ldexp(small.std(axis=0), exponent))
    scale[scale == 0] = 1.0  # what is left of the smallest subnormal numbers
    return low, high, mean, scale


def _of_one_kind(low: Numbers, high: Numbers) -> bool:
    """True for columns that measure the same thing, as the pixels of an image do: many, from 0 to one common top.

    They keep one scale.  A scale for each would blow up the pixels that are hardly ever lit: on the digits that
    costs 0.6 ± 0.2 per cent of accuracy (docs/decisions/0008-defaults.md).
    """
    if len(high) < 16 or low.min() < 0:
        return False
    top = high.max()
    return bool(0 < top < 1e100 and np.mean(high == top) >= 0.25)


def _standardised(
    name: str, values: ArrayLike, columns: Sequence[Column], dtype: DTypeLike, origin: Origin | None = None
) -> Numbers:
    given = np.asarray(values)
    names = [column.name for column in columns]
    _check(name, given, names)
    mean, scale = _line(columns)
    with np.errstate(over="ignore", invalid="ignore"):  # told by `finite`, with the place
        result = ((given - mean) / scale).astype(dtype, order="C")
    finite(origin or Origin(name), given, names, result)
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

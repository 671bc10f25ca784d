"""What becomes of one column: a number of inputs of the network, made by rules that can be stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import fail
from .checks import shown
from .kinds import Kind, Numbers

YEAR, WEEK = 365.2425, 7.0  # days
CYCLES = {"date": (("year", YEAR), ("week", WEEK)), "datetime": (("year", YEAR), ("week", WEEK), ("day", 1.0))}


@dataclass(frozen=True)
class Column:
    """One column: its name, its kind, and what was learned from the training rows.

    Parameters
    ----------
    name : str
    mean, scale : float
        z = (x - mean) / scale has mean 0 and deviation 1 on the training rows; of no meaning for categories.
    kind : {"number", "boolean", "date", "datetime", "category"}
        A category becomes one input per level (one-hot).  A date becomes z of its days, and sine and cosine of its
        place in the year and in the week (and in the day).
    levels : tuple of str
        The categories that occur in the training rows.  Any other gives 0 at all of their inputs.
    order : {"", "dmy", "mdy"}
        How dates are written that do not begin with the year.
    missing : {"refused", "filled", "marked"}
        What becomes of a missing value: an error; the mean (z = 0; no category); the mean, and one more input that
        is 1 where the value is missing and 0 elsewhere.
    codes : tuple of int
        For the codes of the table that was learned from, their places in `levels`; not stored.
    """

    name: str
    mean: float = 0.0
    scale: float = 1.0
    kind: str = "number"
    levels: tuple[str, ...] = ()
    order: str = ""
    missing: str = "refused"
    codes: tuple[int, ...] = field(default=(), compare=False, repr=False)

    @property
    def is_plain(self) -> bool:
        """Whether the column becomes z and nothing else, and has no holes."""
        return self.kind in ("number", "boolean") and self.missing == "refused"

    @property
    def is_number(self) -> bool:
        """Whether the column holds nothing but numbers, without holes."""
        return self.kind == "number" and self.missing == "refused"

    @property
    def width(self) -> int:
        """How many inputs of the network it becomes."""
        marked = self.missing == "marked"
        if self.kind == "category":
            return len(self.levels) + marked
        return 1 + 2 * len(CYCLES.get(self.kind, ())) + marked

    def inputs(self) -> list[str]:
        """The names of those inputs.

        >>> Column("town", kind="category", levels=("Kyoto", "Osaka"), missing="marked").inputs()
        ['town = Kyoto', 'town = Osaka', 'town = –']
        """
        if self.kind == "category":
            found = [f"{self.name} = {level}" for level in self.levels]
        else:
            found = [self.name]
            for period, _ in CYCLES.get(self.kind, ()):
                found += [f"{self.name} sin({period})", f"{self.name} cos({period})"]
        return [*found, f"{self.name} = –"] if self.missing == "marked" else found

    def as_kind(self) -> Kind:
        """The kind with which cells are read."""
        return Kind(self.kind, self.levels, self.order)

    def places(self, kind: Kind | None) -> NDArray[np.int64]:
        """For the codes of a table's column their places in `levels`; -1 for others.

        `kind` is that of the column; None means the table from which the preparation was learned.
        """
        if kind is not None:
            known = {name: j for j, name in enumerate(self.levels)}
            return np.array([known.get(name, -1) for name in kind.levels], dtype=np.int64)
        return np.array(self.codes or range(len(self.levels)), dtype=np.int64)

    def fill(self, values: Numbers, out: Numbers, kind: Kind | None = None) -> None:
        """Write the inputs of the network, shape (rows, width), for the values of the column, shape (rows,)."""
        hole = np.isnan(values)
        if self.kind == "category":
            places = _looked_up(self, np.where(hole, -1.0, values), self.places(kind))
            out[:] = 0
            seen = np.flatnonzero(places >= 0)
            out[seen, places[seen]] = 1
        else:
            whole = np.where(hole, self.mean, values)  # NaN is declared: told, and marked where it was in training
            out[:, 0] = (whole - self.mean) / self.scale
            for k, (_, period) in enumerate(CYCLES.get(self.kind, ())):
                angle = 2 * np.pi / period * whole
                out[:, 2 * k + 1], out[:, 2 * k + 2] = np.sin(angle), np.cos(angle)
                out[hole, 2 * k + 1 : 2 * k + 3] = 0
        if self.missing == "marked":
            out[:, -1] = hole

    def to_dict(self) -> dict[str, Any]:
        """As JSON can hold it; what is as usual is left out.

        >>> Column("age", 40.5, 12.25).to_dict()
        {'name': 'age', 'mean': 40.5, 'scale': 12.25}
        """
        usual = {f.name: f.default for f in fields(self) if f.name not in ("name", "mean", "scale")}
        kept = {key: v for key, v in vars(self).items() if key != "codes" and (key not in usual or v != usual[key])}
        return {key: list(v) if isinstance(v, tuple) else v for key, v in kept.items()}

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Column:
        """The inverse of `to_dict`."""
        given: dict[str, Any] = {k: tuple(value) if isinstance(value, list) else value for k, value in stored.items()}
        return cls(**given)


def _looked_up(column: Column, codes: Numbers, places: NDArray[np.int64]) -> NDArray[np.int64]:
    """The place of each code; BL212 for what is no code."""
    bad = (codes != np.rint(codes)) | (codes < -1) | (codes >= len(places))
    if bad.any():
        told = f"-1 ≤ {column.name} < {len(places)}, int"
        raise fail("BL212", name=column.name, expected=told, got=shown(float(codes[np.argmax(bad)])))
    if not len(places):
        return np.full(len(codes), -1)
    whole = codes.astype(np.int64)
    found: NDArray[np.int64] = np.where(whole < 0, -1, places[whole])
    return found


def names_of(columns: Sequence[Column]) -> list[str]:
    """The names of the columns."""
    return [column.name for column in columns]

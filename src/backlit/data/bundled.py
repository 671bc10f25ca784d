"""The measured sets that ship with Backlit: a small `.npz` file each; `sets/SOURCES.md` tells their origin.

A file holds whole numbers: `x` is stored as x · 10^decimals, column by column, in the smallest unsigned type.
Dividing by an exact power of ten gives back the very float64 that reading the decimal text would give.
"""

from __future__ import annotations

from importlib import resources

import numpy as np

from .. import messages
from .table import TASKS, Table

FOLDER = resources.files(__package__) / "sets"


def names() -> tuple[str, ...]:
    """The names of the bundled sets: the files that are there.

    >>> names()
    ('breast_cancer', 'diabetes', 'digits', 'iris', 'wine')
    """
    return tuple(sorted(file.name.removesuffix(".npz") for file in FOLDER.iterdir() if file.name.endswith(".npz")))


def read(name: str) -> Table:
    """One bundled set as a table.

    >>> iris = read("iris")
    >>> iris
    Table('iris', x (150, 4), t (150,), classification: setosa, versicolor, virginica)
    >>> iris.x[0].tolist()
    [5.1, 3.5, 1.4, 0.2]
    """
    with (FOLDER / f"{name}.npz").open("rb") as file, np.load(file, allow_pickle=False) as stored:
        classes = tuple(stored["classes"].tolist())
        return Table(
            name,
            stored["x"] / 10.0 ** stored["decimals"],
            stored["t"],
            tuple(stored["features"].tolist()),
            tuple(stored["target"].tolist()),
            TASKS[0] if classes else TASKS[1],
            classes,
            messages.say(f"data.{name}"),
        )

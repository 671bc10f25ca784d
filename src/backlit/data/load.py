"""One door for data: a name, a file, a folder, a data frame, two arrays or a table."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import messages
from ..errors import fail, nearest
from . import answers, arrow, bundled, csv, frames, idx, images, npz
from .checks import Origin, finite, plain, shown
from .columns import Target
from .drawn import DRAWN
from .table import Table, Task, one_of_tasks

Make = Callable[..., Table]
# What reads a file, by the end of its name; all others are text.
READERS: dict[str, Make] = {
    **dict.fromkeys(arrow.ENDINGS, arrow.read),
    **dict.fromkeys(idx.ENDINGS, idx.read),
    ".npz": npz.read,
}
_COMMON = ("path", "source", "target", "task", "classes", "known")


def _options(make: Callable[..., Any]) -> list[str]:
    """The options that are a reader's own."""
    return [name for name in inspect.signature(make).parameters if name not in _COMMON]


_ALL: tuple[Make, ...] = (csv.read, images.read, *READERS.values())
READING = tuple(sorted({name for make in _ALL for name in _options(make)}))


def _registry() -> dict[str, Make]:
    """Every set that has a name, and what makes it: the files of `bundled`, the functions of `drawn`."""
    return {name: functools.partial(bundled.read, name) for name in bundled.names()} | DRAWN


def sources() -> tuple[str, ...]:
    """The names that `load` knows, sorted.

    >>> sources()
    ('blobs', 'breast_cancer', 'circles', 'diabetes', 'digits', 'iris', 'moons', 'spirals', 'wine', 'xor')
    """
    return tuple(sorted(_registry()))


def load(
    source: Any, *, target: Target | None = None, task: Task | None = None, seed: int = 0, **options: Any
) -> Table:
    """The table that `source` stands for.

    Parameters
    ----------
    source : str, path, data frame, (X, t) or Table
        The name of a set (`sources()`); a file: CSV, Parquet, Feather, Arrow, `.npz`, IDX (MNIST's); a folder of images
        with a folder for each class; a frame of pandas, polars or Arrow; two arrays; or a table, which comes back as
        it is.  A name goes before a file of that name: "./iris" is the file.
    target : str, int or a list of them, optional
        For a table in a file or a frame: the column or columns to be learned (default: the last).  For arrays: the
        name of t.
    task : {"classification", "regression", "multilabel"}, optional
        Default: what the set is, or what the values look like.
    seed : int
        For drawn sets.
    **options
        Those of `drawn.xor`, `drawn.spirals` … (n, noise, …), of `csv.read` (classes, header, delimiter, encoding,
        decimal), `images.read` (size, colour, skip), `npz.read` and `idx.read` (part) or of `of_arrays` (classes,
        features).

    Returns
    -------
    Table

    Raises
    ------
    DataError
        BL209 for an unknown name, BL214 for an unknown option; else what the readers raise.

    Examples
    --------
    >>> load("iris")
    Table('iris', x (150, 4), t (150,), classification: setosa, versicolor, virginica)
    >>> load("moons", n=50, noise=0.2, seed=1)
    Table('moons', x (50, 2), t (50,), classification: 0, 1)
    >>> load(([[0, 1], [2, 3]], [0.5, 1.5]), target="height")
    Table('arrays', x (2, 2), t (2, 1), regression: height)
    """
    one_of_tasks(task)
    if target is not None:
        options["target"] = target
    if isinstance(source, Table):
        return _with_task(_make(source.name, lambda: source, options), task)
    if isinstance(source, str) and source in (known := _registry()):
        return _with_task(_make(source, known[source], options, seed=seed), task)
    if isinstance(source, tuple | list) and len(source) == 2:
        return _make("(X, t)", functools.partial(of_arrays, *source, task=task), options)
    if isinstance(source, os.PathLike) or (isinstance(source, str) and _is_path(source)):
        path = os.fspath(source)
        return _make(plain(path), functools.partial(reader_of(path), path, task=task), options)
    if frames.is_frame(source):
        return _make(type(source).__name__, functools.partial(frames.read, source, task=task), options)
    raise fail("BL209", name=shown(source), nearest=nearest(str(source)[:80], sources()), known=sources())


def reader_of(path: str) -> Make:
    """What reads a file or a folder: by the end of the name, `.gz` left aside; text where it says nothing.

    >>> reader_of("a.csv").__module__, reader_of("train-images-idx3-ubyte.gz").__module__
    ('backlit.data.csv', 'backlit.data.idx')
    """
    folder = os.path.expanduser(path)
    if os.path.isdir(folder):
        return idx.read if idx.pairs_in(folder) else images.read
    name = path.lower().removesuffix(".gz")
    return next((read for end, read in READERS.items() if name.endswith(end)), csv.read)


def takes(source: Any, option: str) -> bool:
    """Whether the reader of a source has an option.

    >>> takes("a.csv", "delimiter"), takes("a.csv", "size"), takes("iris", "delimiter")
    (True, False, False)
    """
    if not isinstance(source, str | os.PathLike) or source in _registry():
        return False
    return option in _options(reader_of(os.fspath(source)))


def opened(source: Any, **reading: Any) -> csv.TextTable | arrow.ArrowTable | None:
    """A file that can be read in parts; None for all else."""
    if not isinstance(source, str | os.PathLike) or source in _registry():
        return None
    path = os.fspath(source)
    read = reader_of(path)
    if read not in (csv.read, arrow.read) or not _is_path(path):
        return None
    known = [name for name in reading if name in _options(read)]
    if left := [name for name in reading if name not in known and name in READING]:
        _make(plain(path), functools.partial(read, path), dict.fromkeys(left))  # BL214
    there = Path(os.path.expanduser(path))
    if read is arrow.read:
        return arrow.ArrowTable(there)
    return csv.TextTable(there, **{name: reading[name] for name in known})


def of_arrays(
    X: ArrayLike,
    t: ArrayLike,
    *,
    target: str | Sequence[str] | None = None,
    task: Task | None = None,
    classes: Sequence[str] | None = None,
    features: Sequence[str] | None = None,
) -> Table:
    """Two arrays as a table; they are copied.

    Parameters
    ----------
    X : array of numbers, shape (rows, features)
    t : array of numbers or text, shape (rows,) or (rows, k)
    target : str or sequence of str, optional
        The name of t, or of its k columns.
    task, classes
        As in `csv.read`.
    features : sequence of str, optional
        The names of the columns of X; by default x1, x2, …

    Returns
    -------
    Table

    Raises
    ------
    DataError
        BL207 (not finite), BL208 (one class), BL212 (not such an array), BL213 (lengths differ),
        BL217 (unknown class).

    Examples
    --------
    >>> of_arrays([[1.0], [2.0], [3.0]], ["cat", "dog", "cat"])
    Table('arrays', x (3, 1), t (3,), classification: cat, dog)
    """
    x, answer = _array("X", X), _array("t", t)
    if x.ndim != 2 or x.dtype.kind not in "biuf" or 0 in x.shape:
        raise _unfit("X", x, "2-D (rows ≥ 1, features ≥ 1): int, float, bool")
    named = answer.dtype.kind in "Ub"
    if answer.ndim not in (1, 2) or answer.dtype.kind not in "biufU" or (named and answer.ndim == 2):
        raise _unfit("t", answer, "1-D: int, float, bool, str / 2-D: int, float")
    if len(x) != len(answer):
        raise fail("BL213", x_rows=len(x), t_rows=len(answer))
    names = [f"x{j + 1}" for j in range(x.shape[1])] if features is None else list(features)
    x = x.astype(np.float64)
    finite(Origin("X"), x, names if len(names) == x.shape[1] else [""] * x.shape[1])
    columns = [target] if isinstance(target, str) else list(target or _target_names(answer))
    if named and task not in ("regression", "multilabel"):
        kind, settled, found = answers.of_names([str(v) for v in answer.tolist()], columns[0], Origin("t"), classes)
    elif answer.dtype.kind == "U":
        raise _unfit("t", answer, f"int, float (task = {task})")
    else:
        numbers = answer.astype(np.float64).reshape(len(x), -1)
        kind, settled, found = answers.of_numbers(numbers, columns, Origin("t"), task, classes)
    return Table(
        "arrays",
        x,
        settled,
        tuple(names),
        tuple(columns),
        kind,
        found,
        messages.say("data.arrays", rows=len(x)),
    )


def _target_names(t: NDArray[Any]) -> list[str]:
    return ["t"] if t.ndim == 1 or t.shape[1] == 1 else [f"t{j + 1}" for j in range(t.shape[1])]


def _array(name: str, values: ArrayLike) -> NDArray[Any]:
    """`values` as NumPy sees them, text in object arrays (pandas) as text; BL212 for ragged lists."""
    try:
        array = np.asarray(values)
    except (ValueError, TypeError):
        raise fail("BL212", name=name, expected="array", got=shown(values)) from None
    if array.dtype.kind == "O" and array.size and all(isinstance(v, str) for v in array.flat):
        array = array.astype(str)
    return array


def _unfit(name: str, array: NDArray[Any], expected: str) -> Exception:
    return fail("BL212", name=name, expected=expected, got=f"{array.ndim}-D {array.shape}: {array.dtype}")


def _is_path(text: str) -> bool:
    """Whether a name that is no set means a file: it is there, or it is written like one."""
    return os.path.exists(os.path.expanduser(text)) or bool(os.path.splitext(text)[1]) or os.path.basename(text) != text


def _make(name: str, make: Make, options: Mapping[str, Any], **known: Any) -> Table:
    """Call `make` with the options that it has; BL214 for one that it has not."""
    taken = list(inspect.signature(make).parameters)
    for option in options:
        if option not in taken:
            own = [key for key in taken if key not in ("path", "source", "task", "known")]
            close = nearest(option, own) or "–"
            raise fail("BL214", source=name, option=plain(option), known=own or "–", nearest=close)
    return make(**options, **{key: value for key, value in known.items() if key in taken})


def _with_task(table: Table, task: Task | None) -> Table:
    """The table for another task: numbers as classes, classes that are numbers as quantities (xor: 0, 1)."""
    if task is None or task == table.task:
        return table
    if task == "multilabel" and table.task == "regression":
        _, t, _ = answers.of_numbers(table.t, table.target, Origin("t"), task)
        return dataclasses.replace(table, t=t, task=task)
    if task == "classification":
        _, t, classes = answers.of_numbers(table.t, table.target, Origin("t"), task)
        return dataclasses.replace(table, t=t, task=task, classes=classes)
    try:
        numbers = np.array([float(name) for name in table.classes])
    except ValueError:
        raise fail("BL215", option="task", value=shown(task), allowed=table.task) from None
    table = dataclasses.replace(table, t=numbers[table.t][:, None], task="regression", classes=())
    return _with_task(table, task)

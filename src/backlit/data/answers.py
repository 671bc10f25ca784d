"""What is to be learned: is a target column a class or a quantity, and which classes are there?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..errors import fail, nearest
from .checks import SHOWN, Origin, finite, shown
from .table import Task

MOST_CLASSES = 20
ROWS_PER_CLASS = 10

Answer = tuple[Task, NDArray[np.int64] | NDArray[np.float64], tuple[str, ...]]


def of_names(cells: Sequence[str], column: str, origin: Origin, classes: Sequence[str] | None = None) -> Answer:
    """Class names as indices.

    Parameters
    ----------
    cells : sequence of str, length rows
    column, origin
        The name of the target and where its rows come from, for the messages.
    classes : sequence of str, optional
        The classes and their order, known from a model; by default those that occur, sorted.

    Raises
    ------
    DataError
        BL208 when a single class occurs, BL217 when a cell is none of the given classes.

    Examples
    --------
    >>> of_names(["yes", "no", "yes"], "rain", Origin("t"))
    ('classification', array([1, 0, 1]), ('no', 'yes'))
    """
    found = tuple(sorted(set(cells)) if classes is None else classes)
    if classes is None and len(found) < 2:
        raise fail("BL208", path=origin.name, column=column, value=shown(found[0]), rows=len(cells))
    index = {name: i for i, name in enumerate(found)}
    row = next((row for row, name in enumerate(cells) if name not in index), None)
    if row is not None:
        known = [shown(c) for c in found[:12]]
        close = shown(nearest(cells[row][:SHOWN], [c[:SHOWN] for c in found[:1000]]))
        place = origin.place(row)
        raise fail("BL217", place=place, column=column, value=shown(cells[row]), classes=known, nearest=close)
    return "classification", np.array([index[name] for name in cells], dtype=np.int64), found


def of_numbers(
    t: NDArray[np.float64],
    columns: Sequence[str],
    origin: Origin,
    task: Task | None = None,
    classes: Sequence[str] | None = None,
) -> Answer:
    """Numbers as quantities, as classes when they are few whole numbers, as labels when several columns are 0 or 1.

    Parameters
    ----------
    t : array, shape (rows, k)
        Numbers.  Only k = 1 can be a class.
    columns, origin
        The k names of the targets and where their rows come from, for the messages.
    task : {"classification", "regression", "multilabel"}, optional
        Without it: classes when `looks_like_classes`, labels when k > 1 columns hold nothing but 0 and 1.
    classes : sequence of str, optional
        As in `of_names`; they make it a classification.

    Raises
    ------
    DataError
        BL207 for a number that is not finite, BL215 when k ≠ 1 columns shall be a class; else as `of_names`.

    Examples
    --------
    >>> import numpy as np
    >>> of_numbers(np.array([[3.0], [1.0]]), ["size"], Origin("t"))
    ('regression', array([[3.],
           [1.]]), ())
    >>> of_numbers(np.array([[3.0], [1.0]]), ["size"], Origin("t"), task="classification")
    ('classification', array([1, 0]), ('1', '3'))
    """
    finite(origin, t, columns)
    one = t.shape[1] == 1
    labels = bool(t.size) and bool(((t == 0) | (t == 1)).all())
    if task == "multilabel" and not labels:
        raise fail("BL215", option="task", value=shown(task), allowed="regression")
    if task == "multilabel" or (task is None and labels and not one):
        return "multilabel", t, ()
    if task == "classification" and not one:
        raise fail("BL215", option="task", value=shown(task), allowed="regression, multilabel")
    if not one or task == "regression" or (task is None and classes is None and not looks_like_classes(t)):
        return "regression", t, ()
    # Sorted as numbers, not as text: 2 comes before 10.
    values, index = np.unique(t[:, 0], return_inverse=True)
    names = [name_of(v) for v in values]
    if classes is not None or len(names) < 2:
        return of_names([names[i] for i in index], columns[0], origin, classes)
    return "classification", index.astype(np.int64), tuple(names)


def looks_like_classes(t: NDArray[np.float64]) -> bool:
    """Whole numbers of at most 20 kinds, ten rows of each on average: those are taken for classes.

    >>> import numpy as np
    >>> looks_like_classes(np.arange(100) % 3.0), looks_like_classes(np.arange(10) % 3.0)
    (True, False)
    """
    if not np.array_equal(t, np.rint(t)):
        return False
    kinds = len(np.unique(t))
    return kinds <= MOST_CLASSES and kinds * ROWS_PER_CLASS <= len(t)


def name_of(number: float) -> str:
    """The name of a class that is a number: "3" for 3.0, "0.5" for 0.5.

    >>> name_of(3.0), name_of(0.5)
    ('3', '0.5')
    """
    value = float(number)
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)

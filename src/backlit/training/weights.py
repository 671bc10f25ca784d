"""How much each row counts: weights that a person gives, and weights of classes.

E = Σ wᵢ eᵢ / Σ wᵢ over all rows, as in scikit-learn, and as PyTorch's CrossEntropyLoss(weight=…) has it over a batch.
For that the weights are scaled once, to the mean 1 over all rows (`normalised`), and each batch divides by its number
of rows: a row counts the same in whatever batch it falls, weights of 1 change nothing, and weights 2 are the same as
weights 1.  Only "sum" takes the weights as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Real
from typing import Any

import numpy as np

from ..errors import fail, nearest
from ..nn.objective import Objective
from ..ops.loss import Loss
from .targets import one_class_a_row

Array = np.ndarray[Any, Any]
BALANCED = "balanced"


def checked(given: Any, rows: int, name: str = "sample_weight") -> Array:
    """One weight for each row, in float64; a DataError (BL219) unless they are finite, not negative, and not all 0."""
    try:
        w = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise fail("BL219", expected=rows, got=type(given).__name__, name=name, row="…") from None
    if w.ndim == 2 and w.shape[1] == 1:
        w = w[:, 0]
    if w.shape != (rows,):
        raise fail("BL219", expected=rows, got=w.shape, name=name, row="…")
    bad = ~np.isfinite(w) | (w < 0)
    if bad.any():
        row = int(np.argmax(bad))
        raise fail("BL219", expected=rows, got=w[row], name=name, row=row)
    if not w.any():
        raise fail("BL219", expected=rows, got="0, 0, …", name=name, row="…")
    return w


def classes_of(t: Array, kind: Loss) -> Array:
    """The class of each row, from targets of shape (rows, outputs)."""
    found: Array = (t[:, 0] > kind.between[1]).astype(np.int64) if t.shape[1] == 1 else t.argmax(axis=1)
    return found


def plain(given: Any) -> Any:
    """Weights of classes as JSON can hold them."""
    if isinstance(given, Mapping):
        return {int(k) if isinstance(k, np.integer) else k: plain(v) for k, v in given.items()}
    if isinstance(given, (list, tuple, np.ndarray)):
        return [plain(v) for v in given]
    return float(given) if isinstance(given, (np.floating, np.integer)) else given


def of_classes(given: Any, t: Array, kind: Loss) -> Array:
    """A weight for each class, from "balanced", a mapping (class → weight, 1 where nothing is said) or a list.

    "balanced" is rows / (classes · rows of the class), as in scikit-learn: each class counts the same in all.
    """
    if not kind.classes:
        raise fail("BL309", name="class_weight", other=f"loss={kind.name}")
    if not one_class_a_row(t, kind):
        raise fail("BL309", name="class_weight", other="task=multilabel")
    count = max(2, t.shape[1])
    if isinstance(given, str) and given == BALANCED:
        rows_of = np.bincount(classes_of(t, kind), minlength=count)
        there = np.count_nonzero(rows_of)  # a class without a row has no part in it
        return np.where(rows_of > 0, len(t) / (there * np.maximum(rows_of, 1)), 1.0)
    numbers: dict[Any, Any]
    if isinstance(given, Mapping):
        numbers = dict(given)
    elif isinstance(given, (list, tuple, np.ndarray)) and len(given) == count:
        numbers = dict(enumerate(given))
    else:
        raise _refused(given, count)
    w = np.ones(count)
    for name, value in numbers.items():
        whole = isinstance(name, (int, np.integer)) and not isinstance(name, bool) and 0 <= name < count
        if not whole or not isinstance(value, Real) or not 0 <= float(value) < np.inf:
            raise _refused({name: value}, count)
        w[name] = float(value)
    return w


def _refused(got: Any, count: int) -> Exception:
    known = [BALANCED, *map(str, range(count))]
    said = next(iter(got)) if isinstance(got, Mapping) and got else got
    return fail("BL330", got=got, expected=", ".join(known[:13]), nearest=nearest(said, known))


def column(sample: Any, by_class: Any, t: Array, learned: Array, aim: Objective) -> Array:
    """The weight of each row as a column: its own times that of its class.

    Parameters
    ----------
    sample : array or None
    by_class : as for `of_classes`, or None
    t : array, shape (rows, outputs)
    learned : array
        The training rows' targets, whose classes are counted for "balanced": rows held out are weighted as those.
    aim : Objective
    """
    w = np.ones(len(t)) if sample is None else checked(sample, len(t))
    if by_class is not None:
        w = checked(w * of_classes(by_class, learned, aim.kind)[classes_of(t, aim.kind)], len(t), "class_weight")
    return normalised(w, aim.options.get("reduction", "mean"))


def by_name(given: Any, classes: tuple[str, ...]) -> Any:
    """Weights of classes by their names as weights by their numbers."""
    if not isinstance(given, Mapping):
        return given
    found: dict[int, Any] = {}
    for name, value in given.items():
        if str(name) not in classes:
            known = [BALANCED, *classes]
            raise fail("BL330", got={name: value}, expected=", ".join(known[:13]), nearest=nearest(name, known))
        found[classes.index(str(name))] = value
    return found


def normalised(w: Array, reduction: str) -> Array:
    """The weights as a column, with the mean 1; as they are for "sum"."""
    scaled = w if reduction == "sum" else w / w.max()  # no sum of weights overflows
    scale = 1.0 if reduction == "sum" else len(w) / scaled.sum()
    column: Array = (scaled * scale)[:, None]
    return column

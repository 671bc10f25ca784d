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

from ...errors import fail, nearest
from ...messages import say
from ...nn.objective import Objective
from ...ops.loss import Loss
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
        raise fail("BL320", got=f"loss={kind.name}")
    if not one_class_a_row(t, kind):
        raise fail("BL320", got=f"{say('report.task_multilabel')} (loss={kind.name})")
    count = max(2, t.shape[1])
    if isinstance(given, str) and given == BALANCED:
        rows_of = np.bincount(classes_of(t, kind), minlength=count)
        there = np.count_nonzero(rows_of)  # a class without a row has no part in it
        return np.where(rows_of > 0, len(t) / (there * np.maximum(rows_of, 1)), 1.0)
    numbers = _numbered(given, tuple(map(str, range(count))))
    return np.array([float(numbers.get(k, 1.0)) for k in range(count)])


def _numbered(given: Any, classes: tuple[str, ...]) -> dict[int, Any]:
    """Weights by the numbers of the classes, from a mapping by number or name, or a list; BL330 names the fault."""
    known = [BALANCED, *classes]

    def refused(fault: str, got: Any, said: Any = "") -> Exception:
        near = nearest(said, known) if said else BALANCED
        facts = {"got": got, "expected": ", ".join(known[:13]), "nearest": near}
        return fail("BL330", fault=say(f"weights.{fault}", classes=len(classes)), **facts)

    if isinstance(given, (list, tuple, np.ndarray)):
        if len(given) != len(classes):
            raise refused("count", len(given))
        given = dict(enumerate(given))
    if not isinstance(given, Mapping):
        raise refused("kind", repr(given) if isinstance(given, str) else given, given)
    found: dict[int, Any] = {}
    for name, value in given.items():
        whole = isinstance(name, (int, np.integer)) and not isinstance(name, bool) and 0 <= name < len(classes)
        if not whole and str(name) not in classes:
            raise refused("no_class", name, name)
        place = classes.index(str(name)) if str(name) in classes else int(name)
        if isinstance(value, bool) or not isinstance(value, Real) or not 0 <= float(value) < np.inf:
            raise refused("value", f"{classes[place]} = {value}", classes[place])
        found[place] = value
    return found


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
    """Weights of classes by their names, or in their order, as weights by their numbers; "balanced" as it is."""
    if given is None or (isinstance(given, str) and given == BALANCED):
        return given
    return _numbered(given, classes)


def normalised(w: Array, reduction: str) -> Array:
    """The weights as a column, with the mean 1; as they are for "sum"."""
    scaled = w if reduction == "sum" else w / w.max()  # no sum of weights overflows
    scale = 1.0 if reduction == "sum" else len(w) / scaled.sum()
    column: Array = (scaled * scale)[:, None]
    return column

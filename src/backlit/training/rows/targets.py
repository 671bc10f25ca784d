"""Targets as a loss wants them: class numbers become rows, and what lies outside a loss's domain is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ...core.graph import Node
from ...errors import fail
from ...ops import REGISTRY
from ...ops.loss import LOSSES, Loss

Array = np.ndarray[Any, Any]
CLASSES, LABELS = "classes", "labels"


def one_hot(t: Array, classes: int) -> Array:
    """A row for each class number, 1 at its place; a ShapeError (BL106) for a number without an output."""
    if t.dtype.kind not in "iub":
        raise fail("BL212", name="t", expected="class numbers 0, 1, …", got=t.dtype)
    if len(t) == 0 or t.min() < 0 or t.max() >= classes:
        got = f"{t.min()} … {t.max()}" if len(t) else "-"
        raise fail("BL106", expected=f"0 … {classes - 1}", got=got, units=classes)
    return np.eye(classes)[t.astype(np.int64)]


def as_rows(t: Array, outputs: int, kind: Loss) -> Array:
    """Class numbers, or one column for two classes, as rows of `outputs` shares; rows stay what they are."""
    if outputs == 2 and t.ndim in (1, 2) and t.size == len(t) and set(np.unique(t)) <= {-1, 0, 1}:
        t = (t.reshape(-1) > kind.between[1]).astype(np.int64)
    return one_hot(t, outputs) if t.ndim == 1 else t


def coded(rows: Array, kind: Loss) -> Array:
    """Rows of 0 and 1 with the two numbers that the loss has for no and yes: -1 and 1 for the hinges."""
    if not kind.targets.only:
        return rows
    no, yes = kind.targets.only
    return np.where(rows > 0.5, yes, no)


def check_width(kind: Loss, outputs: int) -> None:
    """A ParameterError (BL333) where the loss would always be 0: the share of a single class is 1."""
    if kind.reads == "softmax" and outputs == 1:
        raise fail("BL333", loss=kind.name)


def check(kind: Loss, t: Array, place: Callable[[int, int], str] | None = None) -> None:
    """A DataError (BL218) for a target outside the loss's domain; `place` says where a row and a column stand."""
    found = kind.targets.wrong(t)
    if found is not None:
        row, column = found
        value = f"{t[row, column]:g}"
        facts = {"row": row, "column": column, "place": place(row, column) if place else f"t[{row}, {column}]"}
        raise fail("BL218", loss=kind.name, expected=kind.targets.told(), got=value, **facts)


def check_outputs(kind: Loss, output: Node, options: Mapping[str, Any]) -> None:
    """A ParameterError (BL335) where the last layer can leave the numbers that the loss takes a logarithm of."""
    if options.get("clip") or output.op is None:
        return
    if output.op.facts.role == "linear":
        low, high = -np.inf, np.inf
    elif REGISTRY.get(output.op.name) is output.op and output.op.facts.role == "activation":
        low, high = output.op.facts.range
    else:
        return  # a typed formula, a sum: nothing is known
    if low < kind.outputs[0] or high > kind.outputs[1]:
        raise fail(
            "BL335", loss=kind.name, expected=_interval(*kind.outputs), got=_interval(low, high), remedy=kind.layer
        )


def _interval(low: float, high: float) -> str:
    return f"{low:.3g} … {high:.3g}".replace("inf", "∞")


def one_class_a_row(t: Array, kind: Loss) -> bool:
    """Whether right answers can be counted: a single output, shares of classes, or one class in each row."""
    if not kind.classes:
        return False
    return t.shape[1] == 1 or kind.by == "rows" or _one_yes(t, kind)


def _one_yes(t: Array, kind: Loss) -> bool:
    return bool(((t > kind.between[1]).sum(axis=1) == 1).all())


def counts_of(t: Array, kind: Loss, task: str = "") -> str:
    """What can be counted as right: rows (CLASSES), labels and rows (LABELS), or nothing ("")."""
    if of_labels(kind) and t.shape[1] > 1 and (task == "multilabel" or not _one_yes(t, kind)):
        return LABELS
    return CLASSES if one_class_a_row(t, kind) else ""


def check_labels(kind: Loss) -> None:
    """A ParameterError (BL325) for a loss of one class a row, or of counts, where a row has several labels."""
    if kind.by == "rows" or (kind.targets.low == 0 and kind.targets.high == np.inf):
        raise fail("BL325", loss=kind.name, known=", ".join(n for n, one in LOSSES.items() if of_labels(one)))


def of_labels(kind: Loss) -> bool:
    """Whether a loss is made for yes or no in each output."""
    return kind.classes and kind.by == "elements"


def two_columns(o: Array, kind: Loss) -> Array:
    """A single output for two classes as a column for each: 1 - o and o; -o and o where 0 is between the classes."""
    if o.shape[1] != 1:
        return o
    return np.hstack([-o if kind.targets.only else 1 - o, o])


def of_classes(one_hot_rows: Array, width: int, kind: Loss) -> Array:
    """One-hot rows as the targets of an output layer of this width: one column for two classes is the second's."""
    rows = one_hot_rows[:, 1:] if width == 1 and one_hot_rows.shape[1] == 2 else one_hot_rows
    return coded(rows, kind)

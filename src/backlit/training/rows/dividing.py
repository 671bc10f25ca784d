"""The rows of a training: read, divided into parts, with their weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...data import READING, Split, Table, load, split
from ...data import fold as fold_of
from .weighting import load_weighted

Indices = np.ndarray[Any, Any]


def divided(
    source: Any, *, target: Any, task: Any, seed: int, test: float, validation: float, fold: tuple[int, int] | None,
    weight: Any, settings: dict[str, Any], read: Callable[[], None] = lambda: None,
) -> tuple[Table, Split, Any]:  # fmt: skip
    """The table, which of its rows are for what, and their weights, which may be a column of it.

    The options of its reader are taken out of `settings`.
    """
    given = {"target": target, "task": task, "seed": seed}
    given |= {name: settings.pop(name) for name in READING if name in settings}
    if isinstance(weight, str) and weight:
        table, weight = load_weighted(source, weight, **given)
    else:
        table = load(source, **given)
    read()
    if fold is None:
        return table, split(table, test=test, validation=validation, seed=seed), weight
    return table, fold_of(table, *fold, validation=validation, seed=seed), weight


def judged_part(parts: Split) -> tuple[str, Indices]:
    """The rows a run is judged on, and their name: test, else validation, else all there are."""
    for name in ("test", "validation"):
        if len(rows := getattr(parts, name)):
            return name, rows
    return "train", parts.train

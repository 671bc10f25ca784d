"""Baselines: what a constant answer and the best linear model get on the same rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..data import Preparation, Split, Table
from ..nn import Dense
from . import metrics
from .network import Network

Array = np.ndarray[Any, Any]


def baselines(table: Table, parts: Split, preparation: Preparation, judged: Array, seed: int) -> dict[str, Any]:
    """{"constant": metrics, "linear": metrics} on the rows `judged`; nothing is learned from them."""
    make = {"classification": _for_classes, "regression": _for_numbers, "multilabel": _for_labels}
    return make[table.task](table, parts, preparation, judged, seed)


def _for_classes(table: Table, parts: Split, preparation: Preparation, judged: Array, seed: int) -> dict[str, Any]:
    learned = np.concatenate([parts.train, parts.validation])
    shares = np.bincount(table.t[learned], minlength=len(table.classes)) / len(learned)
    constant = metrics.classes(np.tile(shares, (len(judged), 1)), table.t[judged])
    # The linear model is the same trainer's network without hidden layers: softmax regression, stopped early.
    net = Network([Dense(len(table.classes), "softmax", weights="zeros")])
    x = preparation.inputs(table.x)
    held = (x[parts.validation], table.t[parts.validation]) if len(parts.validation) else None
    net.fit(
        x[parts.train], table.t[parts.train], validation=held, learning_rate=0.02, batch_size=64,
        epochs=200, patience=20, seed=seed,
    )  # fmt: skip
    return {"constant": constant, "linear": metrics.classes(net.predict(x[judged]), table.t[judged])}


def _for_labels(table: Table, parts: Split, preparation: Preparation, judged: Array, seed: int) -> dict[str, Any]:
    """The same as for numbers, and 0.5 divides yes from no."""
    learned = np.concatenate([parts.train, parts.validation])
    t = table.t[judged]
    constant = metrics.labels(np.tile(table.t[learned].mean(axis=0), (len(judged), 1)), t)
    return {"constant": constant, "linear": metrics.labels(_linear(table, preparation, learned, judged), t)}


def _linear(table: Table, preparation: Preparation, learned: Array, judged: Array) -> Array:
    """The least squares fit to the learned rows, at the judged ones."""
    x = preparation.inputs(table.x)
    design = np.column_stack([x, np.ones(len(x))])
    weights = np.linalg.lstsq(design[learned], table.t[learned], rcond=None)[0]
    found: Array = design[judged] @ weights
    return found


def _for_numbers(table: Table, parts: Split, preparation: Preparation, judged: Array, seed: int) -> dict[str, Any]:
    learned = np.concatenate([parts.train, parts.validation])
    t = table.t[judged]
    constant = metrics.numbers(np.tile(table.t[learned].mean(axis=0), (len(judged), 1)), t)
    return {"constant": constant, "linear": metrics.numbers(_linear(table, preparation, learned, judged), t)}

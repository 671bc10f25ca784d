"""Baselines: what a constant answer and the best linear model get on the same rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..data import Preparation, Split, Table
from ..nn import Dense
from . import metrics
from .network import Network
from .scores import plain_scores

Array = np.ndarray[Any, Any]


def baselines(table: Table, parts: Split, preparation: Preparation, judged: Array, seed: int) -> dict[str, Any]:
    """{"constant": metrics, "linear": metrics} on the rows `judged`; nothing is learned from them."""
    make = {"classification": _for_classes, "regression": _for_numbers, "multilabel": _for_labels}[table.task]
    t = table.t[judged]
    answers = make(table, parts, preparation, judged, seed)
    return {
        name: {**plain_scores(table.task, out, t), **metrics.measure(table.task, out, t)}
        for name, out in answers.items()
    }


def _for_classes(table: Table, parts: Split, preparation: Preparation, judged: Array, seed: int) -> dict[str, Array]:
    learned = np.concatenate([parts.train, parts.validation])
    shares = np.bincount(table.t[learned], minlength=len(table.classes)) / len(learned)
    constant = np.tile(shares, (len(judged), 1))
    head = Dense(len(table.classes), "softmax", weights="zeros")
    return {"constant": constant, "linear": _linear(head, table, parts, preparation, judged, seed)}


def _for_labels(table: Table, parts: Split, preparation: Preparation, judged: Array, seed: int) -> dict[str, Array]:
    learned = np.concatenate([parts.train, parts.validation])
    constant = np.tile(table.t[learned].mean(axis=0), (len(judged), 1))
    head = Dense(table.t.shape[1], "sigmoid", weights="zeros")
    return {"constant": constant, "linear": _linear(head, table, parts, preparation, judged, seed)}


def _linear(head: Dense, table: Table, parts: Split, preparation: Preparation, judged: Array, seed: int) -> Array:
    """The same trainer's network without hidden layers: softmax or logistic regression, stopped early."""
    net = Network([head])
    x = preparation.inputs(table)
    held = (x[parts.validation], table.t[parts.validation]) if len(parts.validation) else None
    net.fit(
        x[parts.train], table.t[parts.train], validation=held, learning_rate=0.02, batch_size=64,
        epochs=200, patience=20, seed=seed, loss="binary_cross_entropy" if head.activation == "sigmoid" else None,
    )  # fmt: skip
    return net.predict(x[judged])


def _for_numbers(table: Table, parts: Split, preparation: Preparation, judged: Array, seed: int) -> dict[str, Array]:
    learned = np.concatenate([parts.train, parts.validation])
    constant = np.tile(table.t[learned].mean(axis=0), (len(judged), 1))
    x = preparation.inputs(table)
    design = np.column_stack([x, np.ones(len(x))])
    weights = np.linalg.lstsq(design[learned], table.t[learned], rcond=None)[0]
    return {"constant": constant, "linear": design[judged] @ weights}

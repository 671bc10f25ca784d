"""Baselines: what a constant answer and the best linear model get on the same rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...data import Preparation, Split, Table
from ...nn import Dense
from ..objects.network import Network
from ..rows import metrics
from ..rows.scores import plain_scores

Array = np.ndarray[Any, Any]


def baselines(
    table: Table, parts: Split, preparation: Preparation, judged: Array, seed: int, weight: Array | None = None
) -> dict[str, Any]:
    """{"constant": metrics, "linear": metrics} on the rows `judged`; nothing is learned from them.

    With a weight for each row of the table both are learned and judged with weights, as the network is.
    """
    make = {"classification": _for_classes, "regression": _for_numbers, "multilabel": _for_labels}[table.task]
    t, w = table.t[judged], None if weight is None else weight[judged]
    answers = make(table, parts, preparation, judged, seed, weight)
    return {
        name: {**plain_scores(table.task, out, t, weight=w), **metrics.measure(table.task, out, t, weight=w)}
        for name, out in answers.items()
    }


def _for_classes(
    table: Table, parts: Split, preparation: Preparation, judged: Array, seed: int, weight: Array | None
) -> dict[str, Array]:
    learned = np.concatenate([parts.train, parts.validation])
    w = None if weight is None else weight[learned]
    shares = np.bincount(table.t[learned], weights=w, minlength=len(table.classes))
    constant = np.tile(shares / shares.sum(), (len(judged), 1))
    head = Dense(len(table.classes), "softmax", weights="zeros")
    return {"constant": constant, "linear": _linear(head, table, parts, preparation, judged, seed, weight)}


def _for_labels(
    table: Table, parts: Split, preparation: Preparation, judged: Array, seed: int, weight: Array | None
) -> dict[str, Array]:
    constant = _mean(table, parts, judged, weight)
    head = Dense(table.t.shape[1], "sigmoid", weights="zeros")
    return {"constant": constant, "linear": _linear(head, table, parts, preparation, judged, seed, weight)}


def _linear(
    head: Dense, table: Table, parts: Split, preparation: Preparation, judged: Array, seed: int, weight: Array | None
) -> Array:
    """The same trainer's network without hidden layers: softmax or logistic regression, stopped early."""
    net = Network([head])
    given = [preparation.inputs(table), table.t] + ([] if weight is None else [weight])
    x, t, *own = (a[parts.train] for a in given)
    held = tuple(a[parts.validation] for a in given) if len(parts.validation) else None
    net.fit(
        x, t, validation=held, sample_weight=own[0] if own else None, learning_rate=0.02, batch_size=64,
        epochs=200, patience=20, seed=seed, loss="binary_cross_entropy" if head.activation == "sigmoid" else None,
    )  # fmt: skip
    return net.predict(given[0][judged])


def _mean(table: Table, parts: Split, judged: Array, weight: Array | None) -> Array:
    """The mean of the targets that are known, for every judged row."""
    learned = np.concatenate([parts.train, parts.validation])
    t = table.t[learned]
    mean = t.mean(axis=0) if weight is None else weight[learned] @ t / weight[learned].sum()
    return np.tile(mean, (len(judged), 1))


def _for_numbers(
    table: Table, parts: Split, preparation: Preparation, judged: Array, seed: int, weight: Array | None
) -> dict[str, Array]:
    learned = np.concatenate([parts.train, parts.validation])
    w = np.ones(len(learned)) if weight is None else weight[learned]
    x = preparation.inputs(table)
    design = np.column_stack([x, np.ones(len(x))])
    root = np.sqrt(w)[:, None]  # Σ w (o - t)² = Σ (√w o - √w t)²
    weights = np.linalg.lstsq(root * design[learned], root * table.t[learned], rcond=None)[0]
    return {"constant": _mean(table, parts, judged, weight), "linear": design[judged] @ weights}

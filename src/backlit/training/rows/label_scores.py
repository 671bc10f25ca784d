"""Figures of merit for several labels a row: of all labels together, and of each one.

The names and formulas are scikit-learn's for multilabel indicators (`tests/training/test_label_scores.py`).  A label is
told where its output is at least `edge`: 0.5 for shares, 0 for the hinge's signs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...ops.loss import loss_named
from .scores import area_under, mean_known, weighted_mean

Array = np.ndarray[Any, Any]
HALF = 0.5


def edge_of(loss: str) -> float:
    """The output from which on a network trained by this loss says yes: 0 after a hinge, else one half.

    >>> edge_of("hinge"), edge_of("binary_cross_entropy"), edge_of("")
    (0.0, 0.5, 0.5)
    """
    return 0.0 if loss and loss_named(loss).targets.only else HALF


def of_labels(out: Array, t: Array, edge: float = HALF) -> Callable[..., dict[str, Array]]:
    """The scores of outputs (rows, labels) against t of 0 and 1, for weighted rows as in `scores.py`.

    accuracy
        The share of labels told right, 1 - the Hamming loss.
    exact
        The share of rows whose labels are all right (subset accuracy).
    f1_micro, f1_macro
        2 · right / (labels there are + labels told): of all labels counted together; the mean over the labels.  A label
        that no row has and none was given has no F1 and is left out of the mean.
    hamming
        The share of labels told wrong.
    roc_auc
        The mean over the labels (macro) of the chance that a row with the label gets a larger output for it than one
        without.  A label that all rows have, or none, has no such chance and is left out; NaN where no label is left.
    loss
        The mean over rows and labels of the cross-entropy -t ln o - (1 - t) ln (1 - o).  Not clipped: a share of 0
        for the truth is ∞.
    brier
        The mean of (o - t)².

    The last two are left out where the outputs are no shares.  A NaN tells neither yes nor no, and is never right.

    >>> score = of_labels(np.array([[0.8, 0.2], [0.4, 0.6]]), np.array([[1, 0], [1, 1]]))
    >>> {name: round(float(v[0]), 4) for name, v in score(np.ones((1, 2))).items()}  # doctest: +NORMALIZE_WHITESPACE
    {'accuracy': 0.75, 'exact': 0.5, 'f1_micro': 0.8, 'f1_macro': 0.8333, 'hamming': 0.25, 'roc_auc': 1.0,
     'loss': 0.4684, 'brier': 0.15}
    """
    o, true = np.asarray(out, np.float64), np.asarray(t) == 1
    said = o >= edge
    right = (said == true) & ~np.isnan(o)
    hit, there, given = (np.asarray(a, np.float64) for a in (said & true, true, said))
    each, all_right = right.mean(axis=1), right.all(axis=1).astype(np.float64)
    shares = bool(np.all((o >= 0) & (o <= 1))) and edge == HALF
    if shares:
        with np.errstate(divide="ignore"):
            loss = -np.log(np.where(true, o, 1 - o)).mean(axis=1)
        far = np.square(o - true).mean(axis=1)
    areas = [area_under(o[:, k], true[:, k]) for k in range(o.shape[1])]

    def score(w: Array, *, ranks: bool = True) -> dict[str, Array]:
        total = w.sum(axis=1)
        hits, both = w @ hit, w @ there + w @ given
        accuracy = w @ each / total
        with np.errstate(divide="ignore", invalid="ignore"):
            micro = 2 * hits.sum(axis=1) / both.sum(axis=1)
            macro = mean_known(2 * hits / both)
        found = {"accuracy": accuracy, "exact": w @ all_right / total, "f1_micro": micro, "f1_macro": macro}
        found["hamming"] = 1 - accuracy
        if ranks:
            found["roc_auc"] = mean_known(np.stack([area(w) for area in areas], axis=1))
        if shares:
            found |= {"loss": weighted_mean(w, loss), "brier": w @ far / total}
        return found

    return score


def each_label(
    out: Array, t: Array, names: Sequence[str], edge: float = HALF, weight: Array | None = None
) -> list[dict[str, Any]]:
    """For each label its counts and scores; with weights of rows the scores are weighted, the counts are of rows.

    Returns
    -------
    list of dict
        "label"; "rows" that have it, "told": answers that say so, "right": both; "accuracy", "precision" (right /
        told), "recall" (right / rows), "f1", "roc_auc".  A score whose divisor is 0 is NaN.

    >>> first, _ = each_label(np.array([[0.8, 0.2], [0.4, 0.6]]), np.array([[1, 0], [1, 1]]), ["red", "round"])
    >>> first["label"], first["rows"], first["told"], first["right"], first["precision"], first["recall"]
    ('red', 2, 1, 1, 1.0, 0.5)
    """
    o, true = np.asarray(out, np.float64), np.asarray(t) == 1
    said = o >= edge
    w = np.ones(len(o)) if weight is None else weight
    found = []
    for k, name in enumerate(names):
        three = [a[:, k] for a in (true, said, true & said)]
        counts = dict(zip(("rows", "told", "right"), (int(np.count_nonzero(a)) for a in three), strict=True))
        rows, told, right = (float(w @ a) for a in three)
        same = (said[:, k] == true[:, k]) & ~np.isnan(o[:, k])
        found.append(
            {
                "label": str(name), **counts, "accuracy": _share(float(w @ same), float(w.sum())),
                "precision": _share(right, told), "recall": _share(right, rows), "f1": _share(2 * right, rows + told),
                "roc_auc": float(area_under(o[:, k], true[:, k])(w[None, :])[0]),
            }
        )  # fmt: skip
    return found


def _share(some: float, of: float) -> float:
    return some / of if of else float("nan")

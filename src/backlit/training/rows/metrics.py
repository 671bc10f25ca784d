"""How good the answers are: loss, accuracy, and for regression RMSE, MAE and R² in the target's own unit."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def mean(values: Any, weight: Array | None = None) -> float:
    """The mean, weighted where rows have weights; NaN where all of them are 0.

    Both sums are made in one order, so that the mean of nothing but ones is 1 to the last bit.

    >>> mean([1, 1, 1], np.array([0.1, 0.2, 0.7]))
    1.0
    """
    if weight is None:
        return float(np.mean(values))
    with np.errstate(divide="ignore", invalid="ignore"):
        there = weight > 0  # 0 · ∞ would be NaN
        w = weight[there]
        return float((w * np.asarray(values, np.float64)[there]).sum() / w.sum())


def classes(shares: Array, t: Array, weight: Array | None = None) -> dict[str, float]:
    """Cross-entropy (nats a row) and accuracy of shares (rows, classes) against class indices t (rows,).

    Outputs that are no shares (a network that learned the one-hot rows by squared error) have no cross-entropy.
    """
    accuracy = {"accuracy": mean(np.argmax(shares, axis=1) == t, weight)}
    if np.any(shares < 0) or not np.all(np.abs(shares.sum(axis=1) - 1) <= 1e-3):
        return accuracy
    chosen = shares[np.arange(len(t)), t].astype(np.float64)
    with np.errstate(divide="ignore"):
        return {"loss": mean(-np.log(chosen), weight), **accuracy}


def labels(out: Array, t: Array, edge: float = 0.5, weight: Array | None = None) -> dict[str, float]:
    """For several labels a row, both (rows, labels): the share of labels told right, and of rows with all of them.

    A label is told where its output is at least `edge` (one half; 0 after a hinge, see `label_scores.edge_of`); a NaN
    tells neither yes nor no, and is never right.
    """
    right = np.where(np.isnan(out), False, (out >= edge) == (t == 1))
    return {"accuracy": mean(right.mean(axis=1), weight), "exact": mean(right.all(axis=1), weight)}


def numbers(o: Array, t: Array, weight: Array | None = None) -> dict[str, float]:
    """RMSE, MAE and R² of outputs against targets, both (rows, targets), in the target's unit.

    R² is 1 - Σ(o - t)² / Σ(t - mean t)², averaged over the targets; NaN where all targets are equal.  With weights
    wᵢ of rows every mean and sum is weighted.
    """
    d = np.asarray(o, np.float64) - t
    w = np.ones(len(d)) if weight is None else weight
    with np.errstate(divide="ignore", invalid="ignore"):
        around = w @ np.square(t - w @ t / w.sum())
        r2 = float(np.mean(1 - w @ (d * d) / around))
    mse = mean((d * d).mean(axis=1), weight)
    return {"loss": mse, "rmse": mse**0.5, "mae": mean(np.abs(d).mean(axis=1), weight), "r2": r2}


def measure(task: str, out: Array, t: Array, edge: float = 0.5, weight: Array | None = None) -> dict[str, float]:
    """The measures of a task, weighted where rows have weights."""
    if task == "multilabel":
        return labels(out, t, edge, weight)
    return classes(out, t, weight) if task == "classification" else numbers(out, t, weight)


def confusion(shares: Array, t: Array, n: int) -> list[list[int]]:
    """counts[i][j]: rows of class i that were taken for class j."""
    counts = np.zeros((n, n), dtype=int)
    np.add.at(counts, (t, np.argmax(shares, axis=1)), 1)
    return [[int(v) for v in row] for row in counts]

"""How good the answers are: loss, accuracy, and for regression RMSE, MAE and R² in the target's own unit."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def classes(shares: Array, t: Array) -> dict[str, float]:
    """Cross-entropy (nats a row) and accuracy of shares (rows, classes) against class indices t (rows,).

    Outputs that are no shares (a network that learned the one-hot rows by squared error) have no cross-entropy.
    """
    accuracy = {"accuracy": float(np.mean(np.argmax(shares, axis=1) == t))}
    if np.any(shares < 0) or not np.all(np.abs(shares.sum(axis=1) - 1) <= 1e-3):
        return accuracy
    chosen = shares[np.arange(len(t)), t].astype(np.float64)
    with np.errstate(divide="ignore"):
        return {"loss": float(np.mean(-np.log(chosen))), **accuracy}


def labels(out: Array, t: Array, edge: float = 0.5) -> dict[str, float]:
    """For several labels a row, both (rows, labels): the share of labels told right, and of rows with all of them.

    A label is told where its output is at least `edge` (one half; 0 after a hinge, see `label_scores.edge_of`); a NaN
    tells neither yes nor no, and is never right.
    """
    right = np.where(np.isnan(out), False, (out >= edge) == (t == 1))
    return {"accuracy": float(np.mean(right)), "exact": float(np.mean(right.all(axis=1)))}


def numbers(o: Array, t: Array) -> dict[str, float]:
    """RMSE, MAE and R² of outputs against targets, both (rows, targets), in the target's unit.

    R² is 1 - Σ(o - t)² / Σ(t - mean t)², averaged over the targets; NaN where all targets are equal.
    """
    d = np.asarray(o, np.float64) - t
    around = np.sum((t - t.mean(axis=0)) ** 2, axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        r2 = float(np.mean(1 - np.sum(d * d, axis=0) / around))
    mse = float(np.mean(d * d))
    return {"loss": mse, "rmse": mse**0.5, "mae": float(np.mean(np.abs(d))), "r2": r2}


def measure(task: str, out: Array, t: Array, edge: float = 0.5) -> dict[str, float]:
    """The measures of a task."""
    if task == "multilabel":
        return labels(out, t, edge)
    return classes(out, t) if task == "classification" else numbers(out, t)


def confusion(shares: Array, t: Array, n: int) -> list[list[int]]:
    """counts[i][j]: rows of class i that were taken for class j."""
    counts = np.zeros((n, n), dtype=int)
    np.add.at(counts, (t, np.argmax(shares, axis=1)), 1)
    return [[int(v) for v in row] for row in counts]

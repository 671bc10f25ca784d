"""What a judgement rests on: the worst rows, how far shares can be believed, what each column is worth."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
WORST, BINS, REPEATS = 10, 10, 5
MOST = (
    10_000  # predictions that every training can afford for the importance of the columns: some hundredths of a second
)


def worst_rows(
    task: str, out: Array, t: Array, rows: Array, classes: Sequence[str] = (), edge: float = 0.5
) -> list[dict[str, Any]]:
    """The rows that the answers miss most, the worst first; `rows` are their numbers in the table, from 0.

    Of classes those whose true class got the smallest share (only wrong answers are listed); of numbers those with the
    largest error, over all targets; of several labels a row the labels that were told wrong with the surest output.
    """
    if task == "classification":
        given = out.argmax(axis=1)
        share = out[np.arange(len(t)), t]
        order = [i for i in np.argsort(share, kind="stable") if given[i] != t[i]][:WORST]
        return [
            {
                "row": int(rows[i]) + 1, "true": str(classes[t[i]]), "predicted": str(classes[given[i]]),
                "share_true": float(share[i]), "share_predicted": float(out[i, given[i]]),
            }
            for i in order
        ]  # fmt: skip
    if task == "multilabel":
        return _worst_labels(np.asarray(out, np.float64), t == 1, rows, classes, edge)
    error = np.asarray(out, np.float64) - t
    order = [int(i) for i in np.argsort(-np.abs(error).max(axis=1), kind="stable")[:WORST]]
    column = np.abs(error).argmax(axis=1)
    return [
        {
            "row": int(rows[i]) + 1, "true": float(t[i, k := int(column[i])]), "predicted": float(out[i, k]),
            "error": float(error[i, k]), **({"target": str(classes[k])} if len(classes) > 1 else {}),
        }
        for i in order
    ]  # fmt: skip


def _worst_labels(o: Array, true: Array, rows: Array, names: Sequence[str], edge: float) -> list[dict[str, Any]]:
    """Each row once, with the label that it missed most."""
    wrong = np.where((o >= edge) == true, 0.0, np.abs(o - edge))
    column = wrong.argmax(axis=1)
    order = [i for i in np.argsort(-wrong.max(axis=1), kind="stable") if wrong[i].max() > 0][:WORST]
    return [
        {
            "row": int(rows[i]) + 1, "target": str(names[k := int(column[i])]), "true": int(true[i, k]),
            "predicted": int(o[i, k] >= edge), "output": float(o[i, k]),
        }
        for i in order
    ]  # fmt: skip


def calibration(shares: Array, t: Array, *, each: bool = False) -> dict[str, Any]:
    """Whether answers given with a share of 80 % are right in 80 % of the cases.

    The rows are put into ten bins by the share of the class that was answered: {"bins": [{"low", "high", "rows",
    "share" (mean), "right"}], "error"}; with `each`, of several labels a row every label is such an
    answer.  The error (ECE) is the mean over the rows of abs(right - share) of their bin.
    Guo et al., On calibration of modern neural networks, ICML 2017.

    >>> found = calibration(np.array([[0.9, 0.1], [0.3, 0.7]]), np.array([0, 0]))
    >>> [(b["low"], b["rows"], b["right"]) for b in found["bins"]], round(found["error"], 2)
    ([(0.7, 1, 0.0), (0.9, 1, 1.0)], 0.4)
    """
    if each:  # yes or no for every label
        shares, t = np.column_stack([1 - shares.ravel(), shares.ravel()]), np.asarray(t).ravel()
    top, right = shares.max(axis=1).astype(np.float64), shares.argmax(axis=1) == t
    bin_of = np.minimum((np.round(top, 9) * BINS).astype(int), BINS - 1)
    found = []
    for k in np.unique(bin_of):
        inside = bin_of == k
        facts = {"rows": int(inside.sum()), "share": float(top[inside].mean()), "right": float(right[inside].mean())}
        found.append({"low": int(k) / BINS, "high": (int(k) + 1) / BINS, **facts})
    return {"bins": found, "error": sum(b["rows"] * abs(b["right"] - b["share"]) for b in found) / len(t)}


def importance(
    predict: Callable[[Array], Array], x: Array, t: Array, task: str, *, seed: int = 0, most: int | None = MOST,
    edge: float = 0.5,
) -> list[dict[str, float]]:  # fmt: skip
    """How much worse the answers get when a column is shuffled: for each column {"mean", "spread"} of 5 shuffles.

    Measured by accuracy (of several labels a row: the share of labels told right) or R², as scikit-learn's
    `permutation_importance` does.  What the network can know from another column just as well counts for little in
    both.  With more than `most` predictions only some of the rows, drawn at random, are asked; an empty list where
    these would be fewer than 50.
    Breiman, Random forests, Machine Learning 45 (2001).
    """
    random = np.random.default_rng(seed)
    rows, columns = x.shape
    if most is not None and columns * REPEATS * rows > most:
        rows = most // (columns * REPEATS)
        if rows < 50:
            return []
        chosen = random.choice(len(x), rows, replace=False)
        x, t = x[chosen], t[chosen]
    whole = _measured(predict(x), t, task, edge)[0]
    found = []
    for j in range(columns):
        tried = np.tile(x, (REPEATS, 1))
        for k in range(REPEATS):
            tried[k * rows : (k + 1) * rows, j] = x[random.permutation(rows), j]
        with np.errstate(invalid="ignore"):  # R² of answers that are all alike is no number, and stays one
            drops = whole - _measured(predict(tried), t, task, edge)
            found.append({"mean": float(drops.mean()), "spread": float(drops.std(ddof=1))})
    return found


def _measured(out: Array, t: Array, task: str, edge: float) -> Array:
    """Accuracy or R² of each of the copies of the rows that `out` holds one after the other."""
    parts = out.reshape(-1, len(t), out.shape[1])
    if task == "classification":
        return np.asarray((parts.argmax(axis=2) == t).mean(axis=1))
    if task == "multilabel":
        return np.asarray(((parts >= edge) == (t == 1)).mean(axis=(1, 2)))
    around = np.square(t - t.mean(axis=0)).sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray((1 - np.square(parts.astype(np.float64) - t).sum(axis=1) / around).mean(axis=1))

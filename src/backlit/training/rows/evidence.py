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
    task: str, out: Array, t: Array, rows: Array, classes: Sequence[str] = (), edge: float = 0.5,
    numbered: Callable[[int], dict[str, int]] | None = None,
) -> list[dict[str, Any]]:  # fmt: skip
    """The rows that the answers miss most, the worst first; `rows` are their numbers in the table, from 0.

    They are told as `numbered` finds them in their source (`Table.numbered`: "line" of a file, "row" from 0 elsewhere),
    else by these numbers ("row").  Outputs that are no shares (the margins of a hinge) are "output_true".

    Of classes those whose true class got the smallest share (only wrong answers are listed); of numbers those with the
    largest error, over all targets; of several labels a row the labels that were told wrong with the surest output.
    """

    def number(i: int) -> dict[str, int]:
        return {"row": int(rows[i])} if numbered is None else numbered(int(rows[i]))

    if task == "classification":
        given = out.argmax(axis=1)
        share = out[np.arange(len(t)), t]
        order = [i for i in np.argsort(share, kind="stable") if given[i] != t[i]][:WORST]
        key = "share" if np.all(out >= 0) and np.allclose(out.sum(axis=1), 1, atol=1e-3) else "output"
        return [
            {
                **number(i), "true": str(classes[t[i]]), "predicted": str(classes[given[i]]),
                f"{key}_true": float(share[i]), f"{key}_predicted": float(out[i, given[i]]),
            }
            for i in order
        ]  # fmt: skip
    if task == "multilabel":
        return _worst_labels(np.asarray(out, np.float64), t == 1, number, classes, edge)
    error = np.asarray(out, np.float64) - t
    order = [int(i) for i in np.argsort(-np.abs(error).max(axis=1), kind="stable")[:WORST]]
    column = np.abs(error).argmax(axis=1)
    return [
        {
            **number(i), "true": float(t[i, k := int(column[i])]), "predicted": float(out[i, k]),
            "error": float(error[i, k]), **({"target": str(classes[k])} if len(classes) > 1 else {}),
        }
        for i in order
    ]  # fmt: skip


def _worst_labels(
    o: Array, true: Array, number: Callable[[int], dict[str, int]], names: Sequence[str], edge: float
) -> list[dict[str, Any]]:
    """Each row once, with the label that it missed most."""
    wrong = np.where((o >= edge) == true, 0.0, np.abs(o - edge))
    column = wrong.argmax(axis=1)
    order = [int(i) for i in np.argsort(-wrong.max(axis=1), kind="stable") if wrong[i].max() > 0][:WORST]
    return [
        {
            **number(i), "target": str(names[k := int(column[i])]), "true": int(true[i, k]),
            "predicted": int(o[i, k] >= edge), "output": float(o[i, k]),
        }
        for i in order
    ]  # fmt: skip


def calibration(shares: Array, t: Array, weight: Array | None = None, *, each: bool = False) -> dict[str, Any]:
    """Whether answers given with a share of 80 % are right in 80 % of the cases.

    The rows are put into ten bins by the share of the class that was answered: {"bins": [{"low", "high", "rows",
    "share" (mean), "right"}], "error"}; with `each`, of several labels a row every label is such an
    answer.  The error (ECE) is the mean over the rows of abs(right - share) of their bin.  With weights of rows the
    means are weighted.
    Guo et al., On calibration of modern neural networks, ICML 2017.

    >>> found = calibration(np.array([[0.9, 0.1], [0.3, 0.7]]), np.array([0, 0]))
    >>> [(b["low"], b["rows"], b["right"]) for b in found["bins"]], round(found["error"], 2)
    ([(0.7, 1, 0.0), (0.9, 1, 1.0)], 0.4)
    """
    if each:  # yes or no for every label
        weight = None if weight is None else np.repeat(weight, shares.shape[1])
        shares, t = np.column_stack([1 - shares.ravel(), shares.ravel()]), np.asarray(t).ravel()
    top, right = shares.max(axis=1).astype(np.float64), shares.argmax(axis=1) == t
    bin_of = np.minimum((np.round(top, 9) * BINS).astype(int), BINS - 1)
    w = np.ones(len(t)) if weight is None else weight
    found, error = [], 0.0
    for k in np.unique(bin_of[w > 0]):
        inside = (bin_of == k) & (w > 0)
        part = w[inside]
        mean, hits = float(part @ top[inside] / part.sum()), float(part @ right[inside] / part.sum())
        facts = {"rows": int(inside.sum()), "share": mean, "right": hits}
        found.append({"low": int(k) / BINS, "high": (int(k) + 1) / BINS, **facts})
        error += float(part.sum()) * abs(hits - mean)
    with np.errstate(invalid="ignore"):
        return {"bins": found, "error": float(np.float64(error) / w.sum())}


def importance(
    predict: Callable[[Array], Array],
    x: Array,
    t: Array,
    task: str,
    *,
    seed: int = 0,
    most: int | None = MOST,
    edge: float = 0.5,
    weight: Array | None = None,
) -> list[dict[str, float]]:
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
        weight = None if weight is None else weight[chosen]
    w = np.ones(len(t)) if weight is None else weight
    whole = _measured(predict(x), t, task, edge, w)[0]
    found = []
    for j in range(columns):
        tried = np.tile(x, (REPEATS, 1))
        for k in range(REPEATS):
            tried[k * rows : (k + 1) * rows, j] = x[random.permutation(rows), j]
        with np.errstate(invalid="ignore"):  # R² of answers that are all alike is no number, and stays one
            drops = whole - _measured(predict(tried), t, task, edge, w)
            found.append({"mean": float(drops.mean()), "spread": float(drops.std(ddof=1))})
    return found


def _measured(out: Array, t: Array, task: str, edge: float, w: Array) -> Array:
    """Accuracy or R² of each of the copies of the rows that `out` holds one after the other."""
    parts = out.reshape(-1, len(t), out.shape[1])
    with np.errstate(divide="ignore", invalid="ignore"):
        if task == "classification":
            return np.asarray((parts.argmax(axis=2) == t) @ w / w.sum())
        if task == "multilabel":
            return np.asarray(((parts >= edge) == (t == 1)).mean(axis=2) @ w / w.sum())
        around = w @ np.square(t - w @ t / w.sum())
        squared = np.einsum("kij,i->kj", np.square(parts.astype(np.float64) - t), w)
        return np.asarray((1 - squared / around).mean(axis=1))

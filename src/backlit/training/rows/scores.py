"""Every figure of merit, with an interval: what it would have been on other rows of the same kind.

Each is written for *weighted* rows, so that one formula serves the figure itself (every weight 1) and its bootstrap: a
sample of as many rows, drawn with replacement, is a row of counts.  All formulas agree with scikit-learn's
(`tests/training/test_scores.py`), which is not needed for them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...report.numbers import wilson

Array = np.ndarray[Any, Any]
SAMPLES = 1000  # of the bootstrap
LEVEL = 0.95
AT_A_TIME = 2_000_000  # counts
SHARES_OF_ROWS = {"classification": ("accuracy",), "multilabel": ("exact",)}  # right or wrong, row by row


def interval(
    score: Callable[..., dict[str, Array]],
    rows: int,
    *,
    seed: int = 0,
    quick: bool = False,
    weight: Array | None = None,
) -> dict[str, dict[str, float]]:
    """{name: {"value", "low", "high"}}: the scores on all rows and their percentile bootstrap interval.

    Parameters
    ----------
    score : callable
        Weights of shape (samples, rows) → {name: array of shape (samples,)}; see `of_classes`, `of_numbers` and
        `label_scores.of_labels`.
    rows : int
    seed : int
        The same seed draws the same 1000 samples.
    quick : bool
        Leave out the interval of roc_auc, which takes longer than all others.
    weight : array of shape (rows,), optional
        How much each row counts, in the figure and in every sample.

    Notes
    -----
    The interval holds the middle 95 % of the scores of the samples.  It tells how far another set of held-out rows
    would have been from this one; it says nothing of another training.  A score that a sample does not have (no row of
    a class in it) counts for nothing; an interval is NaN where more than half of the samples are without.  It is NaN,
    too, where all samples have the same score: rows without a mistake have no sample with one, and know nothing of
    those that new rows would bring.
    """
    random = np.random.default_rng(seed)
    w = np.ones(rows) if weight is None else weight
    with np.errstate(divide="ignore", invalid="ignore"):  # a sample may hold nothing but rows of weight 0: NaN
        return _bootstrapped(score, w, random, quick)


def _bootstrapped(
    score: Callable[..., dict[str, Array]], w: Array, random: np.random.Generator, quick: bool
) -> dict[str, dict[str, float]]:
    rows = len(w)
    found = {name: [values] for name, values in score(w[None, :]).items()}
    some = max(1, AT_A_TIME // rows)
    for first in range(0, SAMPLES, some):
        drawn = random.integers(0, rows, (min(some, SAMPLES - first), rows))
        places = (drawn + rows * np.arange(len(drawn))[:, None]).ravel()
        counts = np.bincount(places, minlength=drawn.size).reshape(drawn.shape) * w
        for name, values in (score(counts, ranks=False) if quick else score(counts)).items():
            found[name].append(values)
    return {name: _ends(float(value[0]), samples) for name, (value, *samples) in found.items()}


def _ends(value: float, parts: list[Array]) -> dict[str, float]:
    if not parts:
        return {"value": value}
    samples = np.concatenate(parts)
    known = samples[~np.isnan(samples)]
    if 2 * len(known) < len(samples):
        return {"value": value, "low": float("nan"), "high": float("nan")}
    if known.min() == known.max():
        return {"value": value, "low": float("nan"), "high": float("nan")}
    low, high = np.sort(known)[[round(q * (len(known) - 1)) for q in ((1 - LEVEL) / 2, (1 + LEVEL) / 2)]]
    return {"value": value, "low": float(low), "high": float(high)}


# ---- classes ----------------------------------------------------------------------------------------------------


def of_classes(shares: Array, t: Array) -> Callable[..., dict[str, Array]]:
    """The scores of shares (rows, classes) against class numbers t (rows,).

    accuracy
        The share of rows whose class got the largest share.
    balanced_accuracy
        The mean over the classes of the share of their rows that was recognised.
    f1
        The mean over the classes (macro) of 2 · right / (rows of the class + answers of the class).
    roc_auc
        The chance that a row of a class gets a larger share of it than a row of another class: of two classes the
        same for both, of more the mean over the classes (one against the rest).  NaN where a class has no row.
    loss
        Cross-entropy: the mean of -ln (share of the true class).  Not clipped: a share of 0 for the truth is ∞.
    brier
        The mean squared distance of the shares from 0 and 1: of two classes of the second one's share, of more
        summed over the classes.

    The last three are left out where the outputs are no shares (a network that learned one-hot rows).

    >>> score = of_classes(np.array([[0.8, 0.2], [0.4, 0.6], [0.6, 0.4]]), np.array([0, 1, 1]))
    >>> {name: round(float(v[0]), 4) for name, v in score(np.ones((1, 3))).items()}  # doctest: +NORMALIZE_WHITESPACE
    {'accuracy': 0.6667, 'balanced_accuracy': 0.75, 'f1': 0.6667, 'roc_auc': 1.0, 'loss': 0.5501, 'brier': 0.1867}
    """
    n = shares.shape[1]
    answers = shares.argmax(axis=1)
    true, said = np.eye(n)[t], np.eye(n)[answers]
    right = (answers == t).astype(float)
    proper = bool(np.all(shares >= 0) and np.allclose(shares.sum(axis=1), 1, atol=1e-3))
    chosen = shares[np.arange(len(t)), t].astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):  # what is no share has no loss, and is left out below
        loss = -np.log(chosen)
    far = np.square(shares.astype(np.float64) - true)
    brier = far[:, 1] if n == 2 else far.sum(axis=1)
    auc = [area_under(shares[:, k], t == k) for k in (range(n) if n > 2 else range(1, n))]

    def score(w: Array, *, ranks: bool = True) -> dict[str, Array]:
        total = w.sum(axis=1)
        hits, there, given = w @ (true * right[:, None]), w @ true, w @ said
        with np.errstate(divide="ignore", invalid="ignore"):
            recalled = mean_known(np.where(there > 0, hits / there, np.nan))
            each = np.where(there + given > 0, 2 * hits / (there + given), np.nan)
        found = {"accuracy": w @ right / total, "balanced_accuracy": recalled, "f1": mean_known(each)}
        if proper and ranks:
            found["roc_auc"] = np.mean([a(w) for a in auc], axis=0) if auc else np.full(len(w), np.nan)
        if proper:
            found |= {"loss": weighted_mean(w, loss), "brier": w @ brier / total}
        return found

    return score


def weighted_mean(w: Array, values: Array) -> Array:
    """The weighted mean; an infinite value counts wherever its weight is not 0 (0 · ∞ would be NaN)."""
    bad = ~np.isfinite(values)
    found: Array = w @ np.where(bad, 0.0, values) / w.sum(axis=1)
    return np.where(w[:, bad].any(axis=1), np.inf, found)


def mean_known(values: Array) -> Array:
    """The mean over the classes or labels that have a value; NaN where none has."""
    known = ~np.isnan(values)
    with np.errstate(invalid="ignore"):
        mean: Array = np.where(known, values, 0.0).sum(axis=1) / known.sum(axis=1)
    return mean


def area_under(shares: Array, positive: Array) -> Callable[[Array], Array]:
    """The area under the ROC curve by ranks: pairs in the right order, of equal shares one half."""
    order = np.argsort(shares, kind="stable")
    ranked, is_positive = shares[order], positive[order]
    groups = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]]) if len(ranked) else np.zeros(0, int)

    def area(w: Array) -> Array:
        ordered = w[:, order]
        ups = np.add.reduceat(ordered * is_positive, groups, axis=1)
        downs = np.add.reduceat(ordered * ~is_positive, groups, axis=1)
        below = np.cumsum(downs, axis=1) - 0.5 * downs
        with np.errstate(divide="ignore", invalid="ignore"):
            found: Array = (ups * below).sum(axis=1) / (ups.sum(axis=1) * downs.sum(axis=1))
        return found

    return area


# ---- numbers ----------------------------------------------------------------------------------------------------


def of_numbers(o: Array, t: Array) -> Callable[..., dict[str, Array]]:
    """The scores of outputs o against targets t, both (rows, targets), in the target's unit.

    rmse
        √ of the mean of (o - t)², over all targets.
    mae
        The mean of abs(o - t).
    r2
        1 - Σ (o - t)² / Σ (t - mean t)², averaged over the targets; NaN (or -∞) where all targets are equal.

    >>> score = of_numbers(np.array([[1.0], [2.0], [5.0]]), np.array([[1.0], [3.0], [5.0]]))
    >>> {name: round(float(v[0]), 4) for name, v in score(np.ones((1, 3))).items()}
    {'rmse': 0.5774, 'mae': 0.3333, 'r2': 0.875}
    """
    d = np.asarray(o, np.float64) - t
    middle = t - t.mean(axis=0)  # for the digits

    def score(w: Array, *, ranks: bool = True) -> dict[str, Array]:
        total = w.sum(axis=1)
        squared = w @ (d * d)
        around = w @ (middle * middle) - np.square(w @ middle) / total[:, None]
        with np.errstate(divide="ignore", invalid="ignore"):
            r2 = np.mean(1 - squared / around, axis=1)
        mse = squared.mean(axis=1) / total
        return {"rmse": np.sqrt(mse), "mae": (w @ np.abs(d)).mean(axis=1) / total, "r2": r2}

    return score


def _made(task: str, out: Array, t: Array, edge: float) -> Callable[..., dict[str, Array]]:
    if task == "multilabel":
        from .label_scores import of_labels  # which is built on this file

        return of_labels(out, t, edge)
    return of_classes(out, t) if task == "classification" else of_numbers(out, t)


def scores(
    task: str, out: Array, t: Array, *,
    seed: int = 0, quick: bool = False, edge: float = 0.5, weight: Array | None = None,
) -> dict[str, dict[str, float]]:  # fmt: skip
    """All scores of outputs against answers, each with its interval; `edge` as in `label_scores`.

    A share of rows that are right (accuracy; of several labels a row: exact) has Wilson's interval, which needs no
    samples and is one even where all rows are right; all others have the bootstrap's (docs/decisions/0011-judging.md).
    Weighted rows count for Wilson's as so many as tell as much (`effective`).
    """
    found = interval(_made(task, out, t, edge), len(t), seed=seed, quick=quick, weight=weight)
    told = float(len(t)) if weight is None else effective(weight)
    for name in SHARES_OF_ROWS.get(task, ()):
        low, high = wilson(found[name]["value"], told) if told else (float("nan"), float("nan"))
        found[name] |= {"low": low, "high": high}
    return found


def effective(weight: Array) -> float:
    """As many rows of one weight tell as much: (Σw)² / Σw² (Kish, Survey Sampling, 1965); 0 where all weights are 0.

    >>> effective(np.array([2.0, 2.0])), effective(np.array([1.0, 0.0])), effective(np.zeros(2))
    (2.0, 1.0, 0.0)
    """
    return float(weight.sum() ** 2 / (weight @ weight)) if weight.any() else 0.0


def plain_scores(task: str, out: Array, t: Array, edge: float = 0.5, weight: Array | None = None) -> dict[str, float]:
    """All scores without intervals."""
    w = np.ones((1, len(t))) if weight is None else weight[None, :]
    with np.errstate(divide="ignore", invalid="ignore"):
        return {name: float(values[0]) for name, values in _made(task, out, t, edge)(w).items()}

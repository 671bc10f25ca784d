"""How good answers are, on a scale that depends neither on the loss nor on units: 0 is a constant, 1 is perfect."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.graph import Graph
from ..core.interpret import Interpreter
from ..core.lowering import lower
from ..nn.objective import Objective
from ..ops import REGISTRY, Rows

Array = np.ndarray[Any, Any]
DECIMALS = 1e-3  # by which the sum of a row's shares may miss 1: that of three shares written with three decimals


def task_of(t: Array, aim: Objective) -> str:
    """What is asked: "classes" (one of several), "labels" (yes or no, each by itself) or "numbers"."""
    zero_one = bool(np.isin(t, (0.0, 1.0)).all())
    signs = bool(np.isin(t, (-1.0, 1.0)).all())
    if t.shape[1] > 1 and zero_one and bool((t.sum(axis=1) == 1).all()):
        return "classes"
    if aim.kind.classes and t.shape[1] > 1 and bool(np.allclose(t.sum(axis=1), 1.0, atol=DECIMALS)):
        return "classes"
    if t.shape[1] == 1 and (zero_one or (signs and aim.kind.classes)) and len(np.unique(t)) == 2:
        return "classes"
    if t.shape[1] > 1 and (zero_one or (signs and aim.kind.classes)):
        return "labels"
    return "numbers"


def skill_of(out: Array, t: Array, aim: Objective) -> float:
    """(accuracy - that of the most frequent class) / (1 - it) for classes, R² (mean over the targets) for numbers.

    NaN where an answer is not finite, or where nothing is to be told apart.
    """
    rows = skills_of(out, t, aim)
    return float(rows.mean()) if len(rows) else float("nan")


def error_of(skills: Array) -> float:
    """The standard error of a skill: how far that of other rows of the same kind may lie from it."""
    return float(skills.std(ddof=1) / np.sqrt(len(skills))) if len(skills) > 1 else float("inf")


def skills_of(out: Array, t: Array, aim: Objective) -> Array:
    """What each row adds to the skill, which is their mean; empty where there is none."""
    with np.errstate(all="ignore"):
        if not np.isfinite(out).all():
            return np.zeros(0)
        task = task_of(t, aim)
        if task == "numbers" or out.shape != t.shape:
            return r2(out, t)
        edge = aim.kind.between[0] if aim.kind.classes and t.shape[1] == 1 else 0.5
        if task == "classes" and t.shape[1] > 1:
            right, often = out.argmax(1) == t.argmax(1), t.mean(axis=0).max()
        else:
            yes = t > (t.min() + t.max()) / 2
            if aim.kind.on_outputs and (out.min() >= 0 and out.max() <= 1):
                edge = 0.5
            right = ((out > edge) == yes).mean(axis=1)
            often = np.maximum(yes.mean(axis=0), 1 - yes.mean(axis=0)).mean()
        return np.asarray((right - often) / (1 - often)) if often < 1 else np.zeros(0)


def r2(out: Array, t: Array) -> Array:
    """1 - squared error / variance of each row, the mean over the targets that vary."""
    if out.shape != t.shape:
        out = np.broadcast_to(out.mean(axis=1, keepdims=True), t.shape)
    spread = t.var(axis=0)
    vary = spread > 0
    if not vary.any():
        return np.zeros(0)
    return np.asarray((1 - (t - out)[:, vary] ** 2 / spread[vary]).mean(axis=1))


def baseline_of(t: Array, aim: Objective) -> float:
    """The mean loss of the best answer that is the same for all rows; NaN where the loss has none.

    The best one among the mean and the median of the targets, and the sums u whose sigmoid, softmax or exponential
    they are: for every loss of the package its optimum, or close to it, is among these.
    """
    loss = loss_of_constants(t, aim)
    with np.errstate(all="ignore"):
        p = t.mean(axis=0)
        answers = [p, np.median(t, axis=0), np.log(p), np.log(p / (1 - p)), np.sign(p - 0.5), np.sign(p)]
        losses = [loss(np.nan_to_num(a, nan=0.0, posinf=80.0, neginf=-80.0)) for a in answers]
    finite = [value for value in losses if np.isfinite(value)]
    return min(finite, default=float("nan"))


def loss_of(out: Array, t: Array, aim: Objective) -> float:
    """The mean loss of these outputs; of a loss that reads u the outputs are taken for u, so it is none."""
    if aim.kind.reads or out.shape != t.shape:
        return 0.0
    return loss_of_constants(np.asarray(t, np.float64), aim)(np.asarray(out, np.float64))


def loss_of_constants(t: Array, aim: Objective) -> Callable[[Array], float]:
    """The mean loss of these targets as a function of the outputs: of one row, or of all."""
    kind, graph, shape = aim.kind, Graph(), (Rows(), t.shape[1])
    o, target = graph.input("o", shape), graph.input("t", shape)
    read = REGISTRY[kind.through](o) if kind.through else o
    options = {**aim.options, "reduction": "rows" if aim.options.get("reduction") == "rows" else "mean"}
    run = Interpreter(lower({"E": kind.total(read, target, None, **options)}), len(t), np.float64)

    def loss(answer: Array) -> float:
        run.arena["o"], run.arena["t"] = answer, t
        run.run()
        return float(run.arena["E"])

    return loss


def cheaper_elsewhere(t: Array, aim: Objective) -> float:
    """For which share of the targets another output costs less than the right one.

    Of nine targets, spread over all, each: E of the output t against E of other outputs of the same spread.
    """
    spread = float(t.std()) or 1.0
    grid = np.unique([*np.quantile(t, np.linspace(0, 1, 9)), t.min() - spread, t.max() + spread, 0.0])
    wrong = []
    with np.errstate(all="ignore"):
        for value in np.quantile(t, np.linspace(0, 1, 9)):
            one = loss_of_constants(np.full((1, t.shape[1]), value), aim)
            right = one(np.full(t.shape[1], value))
            others = np.array([one(np.full(t.shape[1], o)) for o in grid])
            least = np.min(others[np.isfinite(others)], initial=np.inf)
            wrong.append(not np.isfinite(right) or least < right - 1e-6 * max(abs(right), abs(least)))
    return float(np.mean(wrong))

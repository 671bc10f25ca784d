"""Trainings of our own making that should be healthy: all bundled and drawn sets, many shapes, steps and seeds.

Every run has standardised columns, an output and a loss for its task, a usual rate for its optimizer and some 1500
steps.  A run is called healthy in truth by a rule that does not know the doctor: its skill (0 a constant answer, 1
perfect) is at least half of the best that any of the runs on its set reached, on the rows it was trained on and on
those held out.  Others are shown and left out.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from backlit import Dense, Network
from backlit.data import load
from backlit.data.load import sources
from backlit.errors import BacklitError
from backlit.training.whole.diagnosing import diagnose

SHAPES = ((16,), (64,), (32, 16), (128, 32), (16, 16, 16))
ACTIVATIONS = ("relu", "tanh", "sigmoid", "silu", "elu", "gelu", "leaky_relu", "softplus", "selu", "mish")
OPTIMIZERS = (
    ("adam", 0.003), ("adamw", 0.003), ("nadam", 0.002), ("rmsprop", 0.001), ("sgd", 0.1), ("momentum", 0.02),
    ("nesterov", 0.02), ("adagrad", 0.05), ("radam", 0.005),
)  # fmt: skip
BATCHES = (16, 32, 64)
STEPS = 1500
ROWS = 1200  # of a set at most
HALF = 0.5


@dataclass
class Healthy:
    """One run: what it was, what it learned, and what the doctor says."""

    name: str
    data: str
    seen: float  # skill on the rows of the training
    new: float  # on those held out
    codes: list[str]
    seconds: float


def runs(count: int, budget: float, watch: Callable[[Healthy], None] = lambda one: None) -> list[Healthy]:
    """So many runs, a combination drawn for each; every set has its turn."""
    rng, names, made = np.random.default_rng(0), sources(), []
    tables = {name: rows_of(name) for name in names}
    for number in range(count):
        name = names[number % len(names)]
        shape, activation = SHAPES[rng.integers(len(SHAPES))], ACTIVATIONS[rng.integers(len(ACTIVATIONS))]
        (optimizer, rate), batch = OPTIMIZERS[rng.integers(len(OPTIMIZERS))], int(rng.choice(BATCHES))
        one = run(name, tables[name], shape, activation, optimizer, rate, batch, number, budget)
        made.append(one)
        watch(one)
    return made


def rows_of(name: str) -> tuple[np.ndarray, np.ndarray, str]:
    """Standardised inputs, targets, and the task: "classes", "labels" or "numbers"."""
    table = load(name)
    rng = np.random.default_rng(1)
    chosen = rng.permutation(len(table.x))[:ROWS]
    x, t = np.asarray(table.x, float)[chosen], np.asarray(table.t)[chosen]
    spread = x.std(axis=0)
    x = (x - x.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    if table.task == "classification":
        return x, t.ravel().astype(int), "classes"
    t = t.reshape(len(t), -1).astype(float)
    if np.isin(t, (0.0, 1.0)).all():
        return x, t, "labels"
    return x, (t - t.mean(axis=0)) / t.std(axis=0), "numbers"


def run(
    data: str, table: tuple[np.ndarray, np.ndarray, str], shape: tuple[int, ...], activation: str, optimizer: str,
    rate: float, batch: int, seed: int, budget: float,
) -> Healthy:  # fmt: skip
    """One training, its skill, and its diagnosis."""
    begin, (x, t, task) = time.perf_counter(), table
    held = np.zeros(len(x), bool)
    if len(x) >= 50:
        held[np.random.default_rng(seed).permutation(len(x))[: len(x) // 5]] = True
    layers = [Dense(units, activation) for units in shape]
    settings: dict[str, Any] = {"loss": "squared_error"}
    if task == "classes":
        layers.append(Dense(int(t.max()) + 1, "softmax"))
        settings = {"loss": "cross_entropy"}
    elif task == "labels":
        layers.append(Dense(t.shape[1], "sigmoid"))
        settings = {"loss": "binary_cross_entropy"}
    else:
        layers.append(Dense(t.shape[1]))
    rows = int((~held).sum())
    settings |= {"optimizer": optimizer, "learning_rate": rate, "batch_size": min(batch, rows), "seed": seed,
                 "epochs": max(20, STEPS * batch // rows)}  # fmt: skip
    if held.any() and (seed // len(sources())) % 2:
        settings["validation"] = (x[held], t[held])
    net, left = Network(layers), []
    name = f"{data} {'-'.join(map(str, shape))} {activation} {optimizer} {rate:g} batch {batch} seed {seed}"
    try:
        net.fit(x[~held], t[~held], left=left, **settings)
    except BacklitError as error:
        return Healthy(name, data, float("nan"), float("nan"), [error.code], time.perf_counter() - begin)
    found = diagnose(left[0], budget=budget)
    codes = [f.code for f in found.findings]
    seen = skill(np.asarray(left[0].last.predict(x[~held])), t[~held], task)
    new = skill(np.asarray(left[0].last.predict(x[held])), t[held], task) if held.any() else seen
    return Healthy(name, data, seen, new, codes, time.perf_counter() - begin)


def skill(out: np.ndarray, t: np.ndarray, task: str) -> float:
    """0 for a constant answer, 1 for a perfect one: by share of right answers, or R²."""
    if task == "classes":
        often = np.bincount(t).max() / len(t)
        return float(((out.argmax(axis=1) == t).mean() - often) / (1 - often))
    if task == "labels":
        out, yes = out.reshape(t.shape) > 0.5, t > 0.5
        often = np.maximum(yes.mean(axis=0), 1 - yes.mean(axis=0)).mean()
        return float(((out == yes).mean() - often) / (1 - often))
    out = out.reshape(t.shape)
    return float(1 - (((t - out) ** 2).mean(axis=0) / t.var(axis=0)).mean())


def healthy(made: list[Healthy]) -> list[Healthy]:
    """Those that are healthy in truth."""
    best = {data: max(one.seen for one in made if one.data == data and one.seen == one.seen) for data in _sets(made)}
    new = {data: max(one.new for one in made if one.data == data and one.new == one.new) for data in _sets(made)}
    return [one for one in made if one.seen >= HALF * best[one.data] and one.new >= HALF * new[one.data]]


def _sets(made: list[Healthy]) -> Iterator[str]:
    return iter(dict.fromkeys(one.data for one in made if one.seen == one.seen))

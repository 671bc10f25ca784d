"""What other learning rates would have done: short forks of a training from the same start, on the same batches."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ...lens.landscape import Surface
from ...nn import Structure
from ...optim import optimizer_named
from ..loop.fitting import Fitting
from ..loop.settings import Settings
from ..runs.again import not_begun, work_of

Array = np.ndarray[Any, Any]
FACTORS = (1 / 3, 1.0, 3.0)
STEPS = 50
ROWS = 2000  # by which start and end are judged


def rates(
    net: Structure, inputs: Mapping[str, Array], settings: Settings, *,
    factors: Sequence[float] = FACTORS, steps: int = STEPS,
) -> dict[str, Any]:  # fmt: skip
    """A third, once and three times the learning rate, for some steps each: what becomes of the loss.

    Each fork is a training like the one asked for, with its seed, its batches, its schedule and its clipping; only the
    rate differs.  It begins with the weights of `net`, which stay as they are, so `net` should stand where the
    training began.

    Parameters
    ----------
    net : Structure
        Prepared; its values are the start.
    inputs : name → array
        As for `Fitting`.
    settings : Settings
        With a rate that is known.

    Returns
    -------
    dict
        rate, steps, start (E over the rows before the first step), rows, and forks: for each factor, rate, losses (E
        of each step's batch before the step), end (E over the rows after the last step; None where it is not finite),
        done (steps), and word: "falls", "rises" or "breaks" (not finite).  No forks for an optimizer without a rate.

    Examples
    --------
    >>> from backlit.nn import Dense
    >>> from backlit.optim import gradient_descent
    >>> net = Structure([Dense(1, bias=False, weights=0.0)])
    >>> net.prepare(1)
    >>> given = {"x": np.array([[1.0], [2.0]]), "t": np.array([[1.0], [2.0]])}  # H = 5: stable below 2 / 5
    >>> found = rates(net, given, Settings(gradient_descent(learning_rate=0.2)))
    >>> [(fork["rate"], fork["word"]) for fork in found["forks"]]
    [(0.06666666666666667, 'falls'), (0.2, 'falls'), (0.6000000000000001, 'rises')]
    """
    rule = settings.optimizer
    chosen = np.sort(np.random.default_rng(settings.seed).permutation(len(inputs["t"]))[:ROWS])
    judged = {name: np.asarray(a)[chosen] for name, a in inputs.items()}
    surface = Surface(net, judged, settings.objective(), engine=settings.engine)
    found: dict[str, Any] = {"rate": rule.learning_rate, "steps": steps, "rows": len(chosen), "start": surface.loss()}
    if rule.update is None or math.isnan(rule.learning_rate) or settings.auto_rate:
        return {**found, "steps": 0, "forks": []}
    return {
        **found,
        "forks": [_fork(net, inputs, settings, factor, steps, surface, found["start"]) for factor in factors],
    }


def rates_of_run(folder: str | Path, *, factors: Sequence[float] = FACTORS, steps: int = STEPS) -> dict[str, Any]:
    """The same for the run in a folder, from where it began: its data is read and its first weights are drawn again."""
    _, fitting = not_begun(work_of(folder, anew=True))
    return rates(fitting.net, fitting.loop.job.inputs, fitting.settings, factors=factors, steps=steps)


def _fork(
    net: Structure, inputs: Mapping[str, Array], settings: Settings, factor: float, steps: int, surface: Surface,
    start: float,
) -> dict[str, Any]:  # fmt: skip
    rate = settings.optimizer.learning_rate * factor
    batch = len(inputs["t"]) if settings.optimizer.full_batch else min(settings.batch_size, len(inputs["t"]))
    epochs = -(-steps // -(-len(inputs["t"]) // batch))
    rule = optimizer_named(settings.optimizer, learning_rate=rate)
    own = replace(settings, optimizer=rule, epochs=max(settings.epochs, epochs), patience=0, time_budget=0.0)
    fitting = Fitting(net, inputs, {}, own)
    losses = []
    for _ in range(steps):
        if not fitting.loop.run(1):
            break
        losses.append(float(fitting.loop["E"]))
    broken = bool(fitting.stopped == "not finite")
    values = {name: fitting.loop[name] for name in net.values if name in fitting.loop.train_tape.names}
    theta = np.concatenate([np.asarray(values[name], np.float64).reshape(-1) for name in surface.names])
    end = surface.loss(theta, {name: a for name, a in values.items() if name not in surface.names})
    broken = broken or not math.isfinite(end)
    word = "breaks" if broken else "falls" if end < start else "rises"
    told = None if broken else end
    return {"factor": factor, "rate": rate, "losses": losses, "end": told, "done": len(losses), "word": word}

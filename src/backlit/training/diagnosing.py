"""A run handed to the doctor: what it was made of, a way to replay it and to try changes."""

from __future__ import annotations

import copy
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ..doctor.diagnosis import Diagnosis, examine
from ..doctor.patient import Patient
from ..doctor.skill import skill_of
from ..doctor.trial import Change, Outcome
from ..doctor.vitals import Look
from ..errors import BacklitError
from ..nn.objective import Objective
from .fitting import Fitting
from .settings import Settings

if TYPE_CHECKING:
    from .network import Network
    from .run import Run

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class Origin:
    """What a training began with: enough to train again, to the same bits or with a change."""

    values: dict[str, Array]
    inputs: Mapping[str, Array]
    held_out: Mapping[str, Array]
    settings: Settings
    trouble: list[BacklitError] = field(default_factory=list)


def diagnose(run: Run, *, budget: float = 20.0) -> Diagnosis:
    """The diagnosis of a run."""
    return examine(patient_of(run), budget=budget)


def patient_of(run: Run) -> Patient:
    """All that a diagnosis may look at."""
    origin = run.origin
    assert origin is not None
    net, settings = run.network, origin.settings
    last = run.last or net
    told = {**settings.told(), "steps_per_epoch": -(-len(origin.inputs["t"]) // settings.batch_size)}
    return Patient(
        net=net, start=origin.values, end=dict(last.values), aim=Objective.of(**settings.objective()), settings=told,
        inputs=dict(origin.inputs), held_out=dict(origin.held_out), history=run.history, looks=list(run.looks),
        stopped=str(run.result.get("stopped", "")),
        trouble={"code": origin.trouble[0].code, **origin.trouble[0].values} if origin.trouble else {},
        attempt=lambda change, epochs, seconds: attempt(run, change, epochs, seconds),
        look_again=lambda steps: look_again(run, steps),
    )  # fmt: skip


def look_again(run: Run, steps: int) -> list[Look]:
    """Train again from the start, and look at each of the first steps."""
    assert run.origin is not None
    fitting = begin_again(run.network, run.origin)
    if fitting.vitals is None:
        return []
    for _ in range(steps):
        fitting.vitals.look(fitting.loop)
        if fitting.loop.run(1) == 0:
            break
    return fitting.vitals.looks


def begin_again(net: Network, origin: Origin) -> Fitting:
    """The training as it began, not yet run."""
    from .full_batch import fitting_of

    again = copy.copy(net)
    again.values = {n: v.copy() for n, v in origin.values.items()}
    return fitting_of(again, origin.inputs, origin.held_out, origin.settings)


def attempt(run: Run, change: Change, epochs: int | None, seconds: float) -> Outcome:
    """Train from the same start, with the same seed and batches, with one change."""
    from .preparing import network_of

    origin = run.origin
    assert origin is not None
    begin = time.perf_counter()
    described = run.network.describe()
    for layer in described["layers"]:
        layer.update(change.layers.get(layer.get("name", ""), {}))
    if change.head is not None:
        last = described["layers"][described["links"][described["output"]][0]]
        last.clear()
        last.update(change.head)
    net = network_of(described)
    inputs, _ = scaled(origin, change)
    if change.initial is None and change.head is None:
        net.values = {n: v.copy() for n, v in origin.values.items()}
    settings = {**words_of(origin.settings), **change.settings}
    if epochs is not None:
        settings["epochs"] = epochs
    x = [inputs[link.layer.name] for link in run.network.inputs]
    losses: list[float] = []
    left: list[Run] = []
    broken = False
    try:
        net.fit(
            x if len(x) > 1 else x[0], inputs["t"], initial=change.initial, left=left,
            time_budget=max(seconds, 0.01), **settings,
        )  # fmt: skip
    except BacklitError:
        broken = True
    steps = int(left[0].result.get("steps", 0)) if left else 0
    losses = [float(row["train_loss"]) for row in left[0].history] if left else []
    skill = float("nan")
    if left and not broken:
        aim = Objective.of(**Settings.of(**settings).objective())
        out = net.predict(x if len(x) > 1 else x[0])
        skill = skill_of(np.asarray(out, np.float64), np.asarray(inputs["t"], np.float64), aim)
    return Outcome(change, skill, steps, losses, broken, time.perf_counter() - begin)


def scaled(origin: Origin, change: Change) -> tuple[dict[str, Array], dict[str, Array]]:
    """The rows, standardised by the training rows where the change says so."""
    inputs, held = dict(origin.inputs), dict(origin.held_out)
    for name in inputs:
        which = "t" if name == "t" else "x"
        if which in change.scale and name != "sample_weight":
            mean, spread = inputs[name].mean(axis=0), inputs[name].std(axis=0)
            spread = np.where(spread > 0, spread, 1.0)
            for part in (inputs, held):
                if name in part:
                    part[name] = (part[name] - mean) / spread
    return inputs, held


def words_of(settings: Settings) -> dict[str, Any]:
    """The settings as words for `Network.fit`."""
    left = ("optimizer", "auto_rate", "weighted", "class_weight", "time_budget")
    plain = {name: getattr(settings, name) for name in settings.__dataclass_fields__ if name not in left}
    return {**plain, "optimizer": settings.optimizer}

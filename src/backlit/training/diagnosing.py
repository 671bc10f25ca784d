"""A run handed to the doctor: what it was made of, a way to replay it and to try changes."""

from __future__ import annotations

import copy
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ..doctor.diagnosis import Diagnosis, examine, refused
from ..doctor.patient import Patient
from ..doctor.skill import skill_of
from ..doctor.trial import Change, Outcome
from ..doctor.vitals import Look
from ..errors import BacklitError
from ..nn import Dense
from ..nn.layers import revive
from ..nn.objective import Objective
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


def diagnose(given: Run | Network, x: Any = None, t: Any = None, *, budget: float = 20.0, **settings: Any) -> Diagnosis:
    """Why a network does not learn, or that it is healthy.

    Parameters
    ----------
    given : Run or Network
        A run is looked at as it was.  A network is trained first, on rows x with targets t: a copy of it, from the
        weights that it has.
    x, t : arrays
        As for `Network.fit`.
    budget : float
        Seconds for trials; 0: nothing is tried.
    **settings
        As for `Network.fit`.

    Returns
    -------
    Diagnosis

    Examples
    --------
    >>> import numpy as np
    >>> from backlit import Dense, Network
    >>> x = np.random.default_rng(0).normal(size=(100, 2))
    >>> found = diagnose(Network([Dense(8, "relu"), Dense(1, "sigmoid")]), x, 5 * x[:, 0], epochs=20)
    >>> found.findings[0].code, found.findings[0].grade
    ('DR101', 'proved')
    """
    from .network import Network

    if not isinstance(given, Network):
        return examine(patient_of(given), budget=budget)
    net = copy.copy(given)
    left: list[Run] = []
    try:
        net.fit(x, t, left=left, **settings)
    except BacklitError as error:
        if not left:
            return refused(error, _unfit(net, x, t, settings))
    return examine(patient_of(left[0]), budget=budget)


def _unfit(net: Network, x: Any, t: Any, settings: Mapping[str, Any]) -> Patient | None:
    """The patient of a training that was refused, as far as there is one: network, rows and targets of a shape."""
    from .arrays import as_matrix

    try:
        chosen = Settings.of(**{"loss": net._default_loss(), **settings})
        rows, targets = as_matrix("x", x), as_matrix("t", np.asarray(t).reshape(len(t), -1))
        net.prepare(rows.shape[1], seed=chosen.seed)
        if net.build().output.shape[1] != targets.shape[1]:
            return None
    except BacklitError:
        return None
    values = {n: v.copy() for n, v in net.values.items()}
    inputs = {net.inputs[0].layer.name: rows, "t": targets}
    return Patient(net, values, values, Objective.of(**chosen.objective()), chosen.told(), inputs)


def patient_of(run: Run) -> Patient:
    """All that a diagnosis may look at."""
    origin = run.origin
    assert origin is not None
    net, settings = run.network, origin.settings
    last = run.last or net
    told = {
        **settings.told(), "steps_per_epoch": -(-len(origin.inputs["t"]) // settings.batch_size),
        "steps": run.result.get("steps", 0), "seconds": run.result.get("seconds", 0.0),
    }  # fmt: skip
    return Patient(
        net=net, start=origin.values, end=dict(last.values), aim=Objective.of(**settings.objective()), settings=told,
        inputs=dict(origin.inputs), held_out=dict(origin.held_out), history=run.history, looks=list(run.looks),
        stopped=str(run.result.get("stopped", "")),
        trouble={"code": origin.trouble[0].code, **origin.trouble[0].values} if origin.trouble else {},
        attempt=lambda change, hold_out, seconds: attempt(run, change, hold_out, seconds),
        look_again=lambda at: look_again(run, at),
    )  # fmt: skip


def look_again(run: Run, at: Sequence[int]) -> list[Look]:
    """Train again from the start, and look at these steps (counted from 1)."""
    assert run.again is not None
    fitting = run.again()
    if fitting.vitals is None:
        return []
    for step in sorted(set(at)):
        ahead = step - 1 - fitting.loop.step
        if ahead > 0 and fitting.loop.run(ahead) < ahead:
            break
        if fitting.vitals.look(fitting.loop).loss != fitting.vitals.looks[-1].loss:  # NaN: nothing comes after
            break
    return fitting.vitals.looks


def attempt(run: Run, change: Change, hold_out: bool, seconds: float) -> Outcome:
    """Train from the same start, with the same seed and batches, with one change.

    With `hold_out` a fifth of the rows is kept back, and judges.
    """
    origin = run.origin
    assert origin is not None
    begin = time.perf_counter()
    inputs = scaled(origin.inputs, change)
    if change.decode == "one_hot":
        inputs["t"] = np.eye(int(inputs["t"].max()) + 1)[inputs["t"][:, 0].astype(int)]
    net = changed(run, change)
    settings = {**words_of(origin.settings), **change.settings}
    judged = np.zeros(len(inputs["t"]), bool)
    if hold_out:
        judged[np.random.default_rng(0).permutation(len(judged))[: len(judged) // 5]] = True
    learned = {n: a[~judged] for n, a in inputs.items()} if hold_out else inputs
    shown = {n: a[judged] for n, a in inputs.items()} if hold_out else inputs
    left: list[Run] = []
    broken = False
    try:
        net.fit(
            _x(run, learned), learned["t"], initial=change.initial, left=left, time_budget=max(seconds, 0.01),
            sample_weight=learned.get("sample_weight"), **settings,
        )  # fmt: skip
    except BacklitError:
        broken = True
    took = time.perf_counter() - begin
    if broken or not left:
        return Outcome(change, float("nan"), left[0].result.get("steps", 0) if left else 0, (), True, took)
    aim = Objective.of(**left[0].settings.objective())
    last = left[0].last or net
    out = last._predictor("output")([shown[link.layer.name] for link in run.network.inputs])
    skill = skill_of(np.asarray(out, np.float64), np.asarray(shown["t"], np.float64), aim)
    losses = [float(row["train_loss"]) for row in left[0].history]
    return Outcome(change, skill, int(left[0].result["steps"]), losses, False, took)


def _x(run: Run, rows: Mapping[str, Array]) -> Any:
    x = [rows[link.layer.name] for link in run.network.inputs]
    return x if len(x) > 1 else x[0]


def changed(run: Run, change: Change) -> Network:
    """The network as it was before training, with a change; weights that fit no longer are drawn anew."""
    from .preparing import network_of

    origin = run.origin
    assert origin is not None
    if change.stack:
        return network_of([revive(dict(layer)) for layer in change.stack])
    described = run.network.describe()
    for layer in described["layers"]:
        layer.update(change.layers.get(layer.get("name", ""), {}))
    if change.head is not None:
        last = described["layers"][described["links"][described["output"]][0]]
        last.clear()
        last.update(change.head)
    net = network_of(described)
    if change.initial is None and change.head is None:
        net.values = {n: v.copy() for n, v in origin.values.items()}
    elif change.initial is not None:
        for layer in net.layers():
            if isinstance(layer, Dense):
                layer.weights = layer.biases = None
    return net


def scaled(rows: Mapping[str, Array], change: Change) -> dict[str, Array]:
    """The rows, with inputs or targets standardised where the change says so."""
    found = dict(rows)
    for name, array in rows.items():
        if ("t" if name == "t" else "x") in change.scale and name != "sample_weight":
            spread = array.std(axis=0)
            found[name] = (array - array.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    return found


def words_of(settings: Settings) -> dict[str, Any]:
    """The settings as words for `Network.fit`."""
    left = ("optimizer", "auto_rate", "weighted", "class_weight", "time_budget")
    plain = {name: getattr(settings, name) for name in settings.__dataclass_fields__ if name not in left}
    return {**plain, "optimizer": settings.optimizer}

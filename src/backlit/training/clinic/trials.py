"""Training again for the doctor: from the same start, with the same seed and batches; with one change, or looked at."""

from __future__ import annotations

import copy
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...doctor.skill import error_of, skills_of
from ...doctor.time import SETTING_UP, OutOfTime, affordable
from ...doctor.trial import Change, Outcome
from ...doctor.vitals import Look
from ...errors import BacklitError
from ...nn import Dense
from ...nn.layers import revive
from ...nn.objective import Objective
from ..loop.settings import Settings
from ..runs.preparing import network_of

if TYPE_CHECKING:
    from ..loop.fitting import Fitting
    from ..objects.network import Network
    from ..objects.run import Run

Array = np.ndarray[Any, Any]
STEPS_A_LOOK = 8  # a look takes as long as so many steps of a large network


def look_again(run: Run, at: Sequence[int], seconds: float = float("inf")) -> list[Look]:
    """Train again from the start, and look at these steps (counted from 1), as far as the time allows.

    OutOfTime where it allows none.
    """
    assert run.again is not None
    until = time.perf_counter() + seconds
    pace = float(run.result.get("microseconds_per_step") or 0.0) * 1e-6
    if seconds < SETTING_UP * run.network.size + STEPS_A_LOOK * pace:
        raise OutOfTime
    fitting = run.again()
    if fitting.vitals is None:
        return []
    for step in sorted(set(at)):
        ahead = step - 1 - fitting.loop.step
        looking = max(fitting.vitals.cost, STEPS_A_LOOK * pace) if not fitting.vitals.looks else fitting.vitals.cost
        if time.perf_counter() + ahead * pace + looking > until:
            if not fitting.vitals.looks:
                raise OutOfTime
            break
        if ahead > 0 and fitting.loop.run(ahead) < ahead:
            break
        if not np.isfinite(fitting.vitals.look(fitting.loop).loss):  # the training ends here
            break
    return fitting.vitals.looks


def redrawn(run: Run, seed: int) -> dict[str, Array]:
    """The first weights as another seed draws them."""
    other = copy.copy(run.network)
    other.values = {}
    other.prepare(other.features, seed=seed, dtype=run.settings.dtype)
    return dict(other.values)


def attempt(run: Run, change: Change, hold_out: bool, seconds: float) -> Outcome:
    """Train from the same start, with the same seed and batches, with one change.

    With `hold_out` a fifth of the rows is kept back, and judges; of a large network fewer judge.  It ends after so many
    seconds, with its setting up; 0: when it is done.
    """
    assert run.origin is not None
    begin = time.perf_counter()
    until = _until(seconds)
    inputs = scaled(run.origin.inputs, change)
    if change.few:
        some = np.random.default_rng(0).permutation(len(inputs["t"]))[: change.few]
        inputs, hold_out = {n: a[some] for n, a in inputs.items()}, False
    judged = np.zeros(len(inputs["t"]), bool)
    most = affordable(0 if change.stack else run.network.size, len(judged) // (5 if hold_out else 1))
    judged[np.random.default_rng(0).permutation(len(judged))[:most]] = True
    learned = {n: a[~judged] for n, a in inputs.items()} if hold_out else inputs
    shown = inputs if judged.all() else {n: a[judged] for n, a in inputs.items()}
    made, broken = trained(run, change, learned, until)
    took = time.perf_counter() - begin
    if broken or made is None:
        steps = made.result.get("steps", 0) if made else 0
        return Outcome(change, float("nan"), steps, (), True, took, fresh=hold_out)
    aim = Objective.of(**made.settings.objective())
    last = made.last or made.network
    out = last._predictor("output")([shown[link.layer.name] for link in run.network.inputs])
    skills = skills_of(np.asarray(out, np.float64), np.asarray(shown["t"], np.float64), aim)
    skill = float(skills.mean()) if len(skills) else float("nan")
    losses = [float(row["train_loss"]) for row in made.history]
    cut = made.result.get("stopped") == "time"
    return Outcome(change, skill, int(made.result["steps"]), losses, False, took, error_of(skills), cut, hold_out)


def repaired(run: Run, change: Change, seconds: float = 0.0) -> Run:
    """The training done again with a change, on all rows.

    Where the change standardises inputs or targets, the new run's rows are so: `scales_of` gives means and spreads.
    An error that ends the training is raised.
    """
    assert run.origin is not None
    made, _ = trained(run, change, scaled(run.origin.inputs, change), _until(seconds), strict=True)
    assert made is not None
    return made


def trained(
    run: Run, change: Change, rows: Mapping[str, Array], until: float = float("inf"), *, strict: bool = False
) -> tuple[Run | None, bool]:
    """A training with a change on these rows, which ends at this time at the latest, and whether it broke."""
    origin = run.origin
    assert origin is not None
    net = changed(run, change)
    left: list[Run] = []

    def ready(fitting: Fitting) -> None:
        fitting.until = until

    try:
        net.fit(
            _x(run, rows), rows["t"], initial=change.initial, left=left, ready=ready,
            sample_weight=rows.get("sample_weight"), **{**words_of(origin.settings), **change.settings},
        )  # fmt: skip
    except BacklitError:
        if strict:
            raise
        return (left[0] if left else None), True
    return left[0], False


def _until(seconds: float) -> float:
    """The time in so many seconds; 0: never."""
    return time.perf_counter() + seconds if seconds > 0 else float("inf")


def _x(run: Run, rows: Mapping[str, Array]) -> Any:
    x = [rows[link.layer.name] for link in run.network.inputs]
    return x if len(x) > 1 else x[0]


def changed(run: Run, change: Change) -> Network:
    """The network as it was before training, with a change; weights that fit no longer are drawn anew."""
    origin = run.origin
    assert origin is not None
    if change.stack:
        return network_of([revive(dict(layer)) for layer in change.stack])
    described = run.network.describe()
    for layer in described["layers"]:
        new = change.layers.get(layer.get("name", ""), {})
        if "kind" in new:  # a layer of another kind has other settings
            name = layer["name"]
            layer.clear()
            layer["name"] = name
        layer.update(new)
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


def scales_of(rows: Mapping[str, Array], change: Change) -> dict[str, tuple[Array, Array]]:
    """Mean and spread of the inputs and targets that a change standardises, by name; a constant is only centred."""
    chosen = {n: a for n, a in rows.items() if ("t" if n == "t" else "x") in change.scale and n != "sample_weight"}
    spreads = {n: a.std(axis=0) for n, a in chosen.items()}
    return {n: (a.mean(axis=0), np.where(spreads[n] > 0, spreads[n], 1.0)) for n, a in chosen.items()}


def scaled(rows: Mapping[str, Array], change: Change) -> dict[str, Array]:
    """The rows as a change wants them: standardised, and class numbers as shares of classes."""
    found = dict(rows)
    for name, (mean, spread) in scales_of(rows, change).items():
        found[name] = (rows[name] - mean) / spread
    if change.decode == "one_hot" and rows["t"].shape[1] == 1:
        values, which = np.unique(rows["t"][:, 0], return_inverse=True)
        found["t"] = np.eye(len(values))[which]
    return found


def words_of(settings: Settings) -> dict[str, Any]:
    """The settings as words for `Network.fit`."""
    left = ("optimizer", "auto_rate", "weighted", "class_weight", "time_budget")
    plain = {name: getattr(settings, name) for name in settings.__dataclass_fields__ if name not in left}
    return {**plain, "optimizer": settings.optimizer}

"""Where a training stands: its network, rows and settings, and the optimizer's state; from a run's folder, or given.

A run's folder keeps the place of the last step (`resume.safetensors`).  The training is made anew from its
configuration and put there, so that rows, weights and state are those of the very next step.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ...core.lowering import followed
from ...errors import fail, nearest
from ...nn.objective import WEIGHT, Objective
from ...ops.loss import called, loss_named
from ...optim import optimizer_named
from ...optim.rule import owners
from ..loop.fitting import Fitting
from ..loop.perceptron import learning
from ..loop.settings import Settings
from ..objects import files
from ..objects.network import Network
from ..objects.run import Run
from ..rows import targets, weights
from ..runs import checkpoint
from ..runs.again import kept_of, not_begun, work_of
from ..runs.checkpoint import Checkpoint

Array = np.ndarray[Any, Any]
ROWS = 2000


@dataclass(frozen=True, eq=False)
class Standing:
    """A place in a training.

    Attributes
    ----------
    net : Network
        With the weights of that place.
    inputs : name → array
        Rows as the network sees them, those of "t" and "sample_weight" too.
    state : name → array of shape (size,), or None
        The optimizer's, in the order of the trained weights; None where it is not known.
    step : int
        Steps done.
    rate : float
        The learning rate of the last step.
    rows : int
        Of how many rows `inputs` holds some.
    origin : str
        "training" (the run's own rows to learn from) or "given".
    """

    net: Network
    inputs: Mapping[str, Array]
    settings: Settings
    state: Mapping[str, Array] | None
    step: int
    rate: float
    rows: int
    origin: str

    def sampled(self, most: int, seed: int = 0) -> Standing:
        """With at most so many rows, drawn without return; same seed, same rows."""
        if self.rows <= most:
            return self
        chosen = np.sort(np.random.default_rng(seed).permutation(self.rows)[:most])
        inputs = {name: np.asarray(a)[chosen] for name, a in self.inputs.items()}
        if WEIGHT in inputs:
            aim = Objective.of(**self.objective())
            inputs[WEIGHT] = weights.normalised(inputs[WEIGHT][:, 0], aim.options.get("reduction", "mean"))
        return replace(self, inputs=inputs)

    def objective(self) -> dict[str, Any]:
        """What is made small, as `Structure.build` takes it."""
        return {**self.settings.objective(), "weighted": WEIGHT in self.inputs}

    @property
    def differentiated(self) -> Any:
        """The network as its training differentiates it."""
        return learning(self.net, self.settings)


# ---- from a run's folder ----------------------------------------------------------------------------------------


def standing_of_run(folder: str | Path) -> Standing:
    """Where the run in this folder stands after its last step."""
    path = Path(folder) / checkpoint.NAME
    if not path.exists():
        Checkpoint.load(path)  # tells of it, before the data are read
    work = work_of(folder)
    _, fitting = not_begun(work)
    found = kept_of(folder, work, fitting)
    assert found is not None
    found.put_back(fitting)
    rows = dict(fitting.loop.job.inputs)
    return Standing(
        fitting.last_network(), rows, fitting.settings, fitting.optimizer_state(), fitting.loop.step, rate_of(fitting),
        len(rows["t"]), "training",
    )  # fmt: skip


def rate_of(fitting: Fitting) -> float:
    """The learning rate of the last step: the schedule's, where there is one."""
    scalars = fitting.loop.train.scalars
    place = scalars.get(followed("learning_rate"), scalars.get("learning_rate"))
    if place is None or fitting.settings.optimizer.update is None:
        return float("nan")
    rate = float(fitting.loop.table[place])
    return rate if rate else float(fitting.settings.optimizer.learning_rate)


# ---- from whatever is given -------------------------------------------------------------------------------------


def standing(model: Any, x: Any = None, t: Any = None, *, sample_weight: Any = None, **settings: Any) -> Standing:
    """Where a network, a run, a run's folder or a model file stands, on the run's own training rows or on x, t.

    Classes count as they did in the run ("balanced" by the run's own rows, where they are known).

    Raises
    ------
    ParameterError
        BL374: no rows are known: neither given nor kept with a run.
    """
    if isinstance(model, (str, Path)):
        found = _of_path(Path(model))
    elif isinstance(model, Run):
        found = _of_run(model, x is not None)
    elif isinstance(model, Network):
        found = _bare(model, settings)
    else:
        raise fail("BL374", got=type(model).__name__)
    if settings and not isinstance(model, Network):
        found = _with(found, settings)
    if x is None:
        if not found.rows:
            raise fail("BL374", got=type(model).__name__ if not isinstance(model, (str, Path)) else str(model))
        return found
    rows = rows_of(found.net, x, t, found.settings)
    by_class = found.settings.class_weight
    if sample_weight is not None or by_class is not None:
        aim = Objective.of(**{**found.settings.objective(), "weighted": True})
        learned = np.asarray(found.inputs.get("t", rows["t"]))
        rows[WEIGHT] = weights.column(sample_weight, by_class, rows["t"], learned, aim)
    return replace(found, inputs=rows, rows=len(rows["t"]), origin="given")


def _of_path(path: Path) -> Standing:
    folder = path if path.is_dir() else path.parent
    model = files.load(path)
    if not isinstance(model, Network):
        raise fail("BL374", got=str(path))
    if not (folder / checkpoint.NAME).is_file():
        return _bare(model, {})
    found = standing_of_run(folder)
    if path.is_dir():
        return found
    alike = all(np.array_equal(found.net.values[name], value) for name, value in model.values.items())
    return replace(found, net=model, state=found.state if alike else None)


def _of_run(run: Run, given: bool) -> Standing:
    if run.folder is not None and not given:
        return standing_of_run(run.folder)
    net = run.last or run.network
    rate = run.history[-1].get("learning_rate") if run.history else None
    rate = run.settings.optimizer.learning_rate if rate is None else rate
    known = run.origin.inputs if run.origin is not None else {}
    return Standing(net, known, run.settings, run.state, int(run.result.get("steps", 0)), rate, 0, "given")


def _with(found: Standing, settings: Mapping[str, Any]) -> Standing:
    """With another optimizer, or other settings of it; the state stays where it is the same kind."""
    given = dict(settings)
    before = found.settings.optimizer
    rule = optimizer_named(given.pop("optimizer", before))
    own = {name: given.pop(name) for name in list(given) if name in owners()}
    for name in given:
        known = ["optimizer", *owners()]
        raise fail("BL304", name=name, known=", ".join(known), nearest=nearest(name, known), where="curvature")
    rule = optimizer_named(rule, **own)
    state = found.state if rule.name == before.name else None
    rate = found.rate if rule.learning_rate == before.learning_rate else rule.learning_rate
    return replace(found, settings=replace(found.settings, optimizer=rule), state=state, rate=rate)


def _bare(net: Network, settings: Mapping[str, Any]) -> Standing:
    """A network without a run: the settings are those that are given, as for `Network.fit`."""
    if not net.values:
        raise fail("BL707")
    by_class = settings.get("class_weight")
    if net.preparation is not None and by_class is not None:
        by_class = weights.by_name(by_class, net.preparation.classes)
    own = {"loss": net.loss or net._default_loss(), **settings, "class_weight": weights.plain(by_class)}
    made = Settings.of(**own)
    return Standing(net, {}, made, None, 0, made.optimizer.learning_rate, 0, "given")


def rows_of(net: Network, x: Any, t: Any, settings: Settings) -> dict[str, Array]:
    """Rows and answers as the loss sees them; a network with a preparation takes raw ones."""
    known = net.preparation
    if known is None:
        before, net.loss = net.loss, settings.loss
        try:
            return net._rows(x, t)
        finally:
            net.loss = before
    answers = known.targets(t)
    if known.task == "classification":
        width = net._width() or known.out_features
        answers = targets.of_classes(answers, width, loss_named(called(settings.loss)[0]))
    inputs = known.inputs(x)
    if len(inputs) != len(answers):
        raise fail("BL213", x_rows=len(inputs), t_rows=len(answers))
    return {net.inputs[0].layer.name: inputs, "t": answers}

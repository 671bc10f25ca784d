"""A run handed to the doctor: what it was made of, a way to replay it and to try changes."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ..doctor.diagnosis import Diagnosis, examine, refused
from ..doctor.patient import Patient
from ..errors import BacklitError
from ..nn.objective import Objective
from .settings import Settings
from .trials import attempt, look_again, redrawn

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
            run = _unfit(net, x, t, settings)
            return refused(error, None if run is None else patient_of(run), budget=budget)
    return examine(patient_of(left[0]), budget=budget)


def _unfit(net: Network, x: Any, t: Any, settings: Mapping[str, Any]) -> Run | None:
    """The run that a training which was refused would have become, without a step; None where there is no network."""
    from .arrays import as_matrix
    from .run import Run

    try:
        chosen = Settings.of(**{"loss": net._default_loss(), **settings})
        rows, targets = as_matrix("x", x), as_matrix("t", np.asarray(t).reshape(len(t), -1))
        net.prepare(rows.shape[1], seed=chosen.seed)
    except BacklitError:
        return None
    run = Run(net, chosen)
    values = {n: v.copy() for n, v in net.values.items()}
    run.origin = Origin(values, {net.inputs[0].layer.name: rows, "t": targets}, {}, chosen)
    return run


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
        run=run, redraw=lambda seed: redrawn(run, seed),
        attempt=lambda change, hold_out, seconds: attempt(run, change, hold_out, seconds),
        look_again=(lambda at, seconds: look_again(run, at, seconds)) if run.again is not None else None,
    )  # fmt: skip

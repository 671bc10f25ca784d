"""A run handed to the doctor: what it was made of, a way to replay it and to try changes."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ..doctor.diagnosis import Diagnosis, examine, refused
from ..doctor.patient import Patient
from ..doctor.trial import Change, Outcome
from ..doctor.vitals import Look
from ..errors import BacklitError, fail
from ..nn.objective import Objective
from .settings import Settings
from .trials import attempt, look_again, redrawn
from .watching import Watch

if TYPE_CHECKING:
    from .network import Network
    from .run import Run

Array = np.ndarray[Any, Any]
CHECKING, LEAST = 10.0, 1.0  # seconds that the checks may take: where nothing is tried, and at least
SHARE = 0.6  # of the budget, that checks may take of it


@dataclass(frozen=True, eq=False)
class Origin:
    """What a training began with: enough to train again, to the same bits or with a change."""

    values: dict[str, Array]
    inputs: Mapping[str, Array]
    held_out: Mapping[str, Array]
    settings: Settings
    trouble: list[BacklitError] = field(default_factory=list)


def diagnose(
    given: Any, x: Any = None, t: Any = None, *, budget: float = 20.0, watch: Watch | None = None, **settings: Any
) -> Diagnosis:
    """Why a network does not learn, or that it is healthy.

    Parameters
    ----------
    given : Run, Network, path, or a source of data
        A run, or its folder, is looked at as it was.  A network is trained first, on rows x with targets t: a copy of
        it, from the weights that it has.  A model file is looked at on rows x with targets t, as far as that goes
        without its training.  Anything else is a source of data, trained as `backlit.train` does.
    x, t : arrays
        As for `Network.fit`; for a model file raw rows, as for `backlit.load(path).evaluate`.
    budget : float
        Seconds for checks and trials; 0: nothing is tried.  What does not fit in is left out, and said.
    watch : Watch, optional
        Hears what is being tried.
    **settings
        As for `Network.fit`, or as for `backlit.train`.

    Returns
    -------
    Diagnosis
        Ctrl-C (KeyboardInterrupt) ends the trials; what was found so far is returned.

    Raises
    ------
    ParameterError
        BL305: a budget that is no time; BL380: a model file without rows; BL381: a run that no longer holds its rows;
        BL382: a folder of several runs.
    FileError
        BL507, BL516: a run folder that is half written.

    Examples
    --------
    >>> import numpy as np
    >>> from backlit import Dense, Network
    >>> x = np.random.default_rng(0).normal(size=(100, 2))
    >>> found = diagnose(Network([Dense(8, "relu"), Dense(1, "sigmoid")]), x, 5 * x[:, 0], epochs=20)
    >>> found.findings[0].code, found.findings[0].grade
    ('DR101', 'proved')
    """
    from . import revisiting
    from .network import Network
    from .run import Run

    watch = watch or Watch()
    if not isinstance(budget, (int, float)) or not budget >= 0:  # nor NaN
        raise fail("BL305", name="budget", low=0, high="∞", value=budget, where="diagnose")
    if isinstance(given, Run):
        return _of_run(given, budget, watch)
    if isinstance(given, Network):
        return _of_network(given, x, t, budget, watch, settings)
    kind = revisiting.kind_of(given)
    if kind == "run":
        return _of_run(revisiting.run_again(given, watch), budget, watch)
    if kind == "model":
        return revisiting.of_model(given, x, t, budget, watch)
    return _of_run(revisiting.run_of_source(given, **settings), budget, watch)


def time_for_checks(budget: float) -> float:
    """Seconds, of a budget for checks and trials; 0 is a budget for no trials."""
    return max(SHARE * budget, LEAST) if budget > 0 else CHECKING


def _of_run(run: Run, budget: float, watch: Watch) -> Diagnosis:
    from .advising import with_words
    from .revisiting import run_again

    if run.origin is None:
        if run.folder is None:
            raise fail("BL381", got=repr(run))
        run = run_again(run.folder, watch)
    watch.phase("checking")
    made = with_words(examine(patient_of(run, watch), budget=budget, within=time_for_checks(budget)), run)
    if broke_off := run.facts.get("cut_run"):
        made.left_out.append(("run", "cut_run"))
        made.about["cut_run"] = broke_off
    return made


def _of_network(given: Network, x: Any, t: Any, budget: float, watch: Watch, settings: Mapping[str, Any]) -> Diagnosis:
    from .advising import with_words

    net = copy.copy(given)
    left: list[Run] = []
    try:
        net.fit(x, t, left=left, **settings)
    except BacklitError as error:
        if not left:
            run = _unfit(net, x, t, settings)
            found = refused(error, None if run is None else patient_of(run, watch), budget=budget)
            return found if run is None else with_words(found, run)
    return _of_run(left[0], budget, watch)


def _unfit(net: Network, x: Any, t: Any, settings: Mapping[str, Any]) -> Run | None:
    """The run that a training which was refused would have become, without a step; None where there is no network."""
    from .arrays import as_matrix
    from .run import Run

    try:
        chosen = Settings.of(**{"loss": net._default_loss(), **settings})
        column = np.asarray(t)
        rows, targets = as_matrix("x", x), as_matrix("t", column[:, None] if column.ndim == 1 else column)
        if len(rows) != len(targets):
            return None
        net.prepare(rows.shape[1], seed=chosen.seed)
    except BacklitError:
        return None
    run = Run(net, chosen)
    values = {n: v.copy() for n, v in net.values.items()}
    run.origin = Origin(values, {net.inputs[0].layer.name: rows, "t": targets}, {}, chosen)
    return run


def patient_of(run: Run, watch: Watch | None = None) -> Patient:
    """All that a diagnosis may look at."""
    origin, watch = run.origin, watch or Watch()
    assert origin is not None
    net, settings = run.network, origin.settings
    last = run.last or net
    told = {
        **settings.told(), "steps_per_epoch": -(-len(origin.inputs["t"]) // settings.batch_size),
        "steps": run.result.get("steps", 0), "seconds": run.result.get("seconds", 0.0),
    }  # fmt: skip

    def try_out(change: Change, hold_out: bool, seconds: float) -> Outcome:
        watch.trying(change)
        outcome = attempt(run, change, hold_out, seconds)
        watch.tried(outcome)
        return outcome

    def replay(at: Sequence[int], seconds: float) -> list[Look]:
        watch.phase("replaying")
        try:
            return look_again(run, at, seconds)
        finally:
            watch.phase("checking")

    known = net.preparation
    return Patient(
        net=net, start=origin.values, end=dict(last.values), aim=Objective.of(**settings.objective()), settings=told,
        inputs=dict(origin.inputs), held_out=dict(origin.held_out), history=run.history, looks=list(run.looks),
        stopped=str(run.result.get("stopped", "")),
        trouble={"code": origin.trouble[0].code, **origin.trouble[0].values} if origin.trouble else run.lost,
        run=run, redraw=lambda seed: redrawn(run, seed), attempt=try_out,
        look_again=replay if run.again is not None else None,
        features=known.input_names() if known is not None else (), classes=known.classes if known is not None else (),
    )  # fmt: skip

"""Why does it not learn?  A run, a network, a folder, a model or a source of data handed to the doctor."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np

from ...doctor.diagnosis import Diagnosis, examine, refused
from ...errors import BacklitError, fail
from ..clinic.advising import with_words
from ..clinic.patients import patient_of, time_for_checks
from ..clinic.watching import Watch
from ..loop.settings import Settings
from ..objects.network import Network
from ..objects.run import Origin, Run
from ..rows.arrays import as_matrix
from . import revisiting


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


def _of_run(run: Run, budget: float, watch: Watch) -> Diagnosis:
    if run.origin is None:
        if run.folder is None:
            raise fail("BL381", got=repr(run))
        run = revisiting.run_again(run.folder, watch)
    watch.phase("checking")
    made = with_words(examine(patient_of(run, watch), budget=budget, within=time_for_checks(budget)), run)
    if broke_off := run.facts.get("cut_run"):
        made.left_out.append(("run", "cut_run"))
        made.about["cut_run"] = broke_off
    return made


def _of_network(given: Network, x: Any, t: Any, budget: float, watch: Watch, settings: Mapping[str, Any]) -> Diagnosis:
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

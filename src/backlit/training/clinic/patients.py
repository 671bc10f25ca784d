"""A run as the doctor's patient: what it was made of, a way to replay it and to try changes."""

from __future__ import annotations

from collections.abc import Sequence

from ...doctor.patient import Patient
from ...doctor.trial import Change, Outcome
from ...doctor.vitals import Look
from ...nn.objective import Objective
from ..objects.run import Run
from .trials import attempt, look_again, redrawn
from .watching import Watch

CHECKING, LEAST = 10.0, 1.0  # seconds that the checks may take: where nothing is tried, and at least
SHARE = 0.6  # of the budget, that checks may take of it


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


def time_for_checks(budget: float) -> float:
    """Seconds, of a budget for checks and trials; 0 is a budget for no trials."""
    return max(SHARE * budget, LEAST) if budget > 0 else CHECKING

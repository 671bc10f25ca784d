"""A remedy applied: the same training with a change, in a folder of its own beside the first one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from ...doctor.diagnosis import Diagnosis
from ...doctor.trial import Change, Outcome
from ...errors import TrainingError
from ...optim.rule import owners
from ..clinic.trials import changed
from ..loop.settings import Settings
from ..objects.run import Run
from ..runs.configuring import arguments
from .pipeline import train

# What `backlit.train` does by itself: it standardises, and reads labels as classes.
BY_ITSELF = ("scale_x", "scale_t", "one_hot")


def remedy(diagnosis: Diagnosis) -> Outcome | None:
    """What to change: the repair that was found by trials, else what did most of all that was tried."""
    if diagnosis.repair is not None:
        return diagnosis.repair
    tried = [o for f in diagnosis.findings for o in f.tried if o.skill == o.skill]
    best = max(tried, key=lambda o: o.skill, default=None)
    return best if best is not None and not best.skill <= max(diagnosis.skill, 0.0) else None


def left_by(change: Change) -> list[Change]:
    """The parts of a change that no argument of `backlit.train` makes, because it makes them anyhow."""
    return [part for part in change.each if part.scale or part.decode]


def mended(run: Run, change: Change, *, out: str | Path | None = None, **words: Any) -> tuple[Run, str]:
    """The training of a run of `backlit.train` once more, with a change; and what was said where it broke again.

    The data are read, divided and prepared as before; seed and split stay.
    """
    asked = arguments(dict(run.facts.get("config") or {}), run.folder or ".")
    for name in ("time_budget", "progress", "report"):
        asked.pop(name, None)
    asked |= _settings(change, asked)
    if change.layers or change.head or change.stack:
        for name in ("hidden", "activation", "dropout", "start", "freeze"):
            asked.pop(name, None)
        asked["layers"] = changed(run, replace(change, initial=None))
    if change.initial:
        asked["initial"] = change.initial
    left: list[Run] = []
    try:
        return train(**{**asked, **words}, out=out, left=left), ""
    except TrainingError as error:
        if not left:
            raise
        return left[0], str(error)


def _settings(change: Change, asked: dict[str, Any]) -> dict[str, Any]:
    """The settings of a change as arguments; another optimizer brings its own settings."""
    given = {n: v for n, v in change.settings.items() if n in (*Settings.names(), *owners())}
    if "optimizer" in given:
        for name in [n for n in asked if n in owners()]:
            del asked[name]
    if given.get("loss_options") == {}:
        asked.pop("loss_options", None)
        del given["loss_options"]
    return {n: v for n, v in given.items() if v is not None or n in asked}

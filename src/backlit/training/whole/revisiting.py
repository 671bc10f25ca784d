"""Runs that are looked at once more: from their folder, from a source, or as a bare model."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from ...doctor.diagnosis import Diagnosis, examine
from ...doctor.screen import ENOUGH, reference_change
from ...doctor.trial import HALF
from ...errors import BacklitError, TrainingError, fail
from ..clinic.advising import with_words
from ..clinic.patients import patient_of, time_for_checks
from ..clinic.quick import sifted
from ..clinic.trials import attempt
from ..clinic.watching import Watch
from ..looks.standing import rows_of
from ..loop.fitting import Fitting
from ..loop.settings import Settings
from ..objects import files
from ..objects.ensemble import read_group
from ..objects.run import Origin, Run, read_run
from ..runs import checkpoint
from ..runs.again import kept_of, not_begun, work_of
from .pipeline import train

OF_A_RUN = ("run.json", "history.jsonl", "config.toml", checkpoint.NAME)
ENDS = ("epochs", "early", "converged", "not finite")  # a training that ended like this does so again


def kind_of(given: Any) -> str:
    """What is to be diagnosed: "run" (a folder), "model" (a file), or "source"; BL382 for a folder of several runs."""
    if not isinstance(given, (str, Path)):
        return "source"
    path = Path(given).expanduser()
    if (path / files.GROUP).is_file():
        raise _several(path, list(read_group(path)["members"]))
    if path.is_dir():
        if any((path / name).exists() for name in OF_A_RUN):
            return "run"
        if (path / "model.safetensors").is_file():
            return "model"
        if runs := sorted(run.parent.name for run in path.glob("*/run.json")):
            raise _several(path, runs)
        return "source"
    return "model" if path.suffix == ".safetensors" else "source"


def _several(path: Path, members: list[str]) -> BacklitError:
    """A folder of several runs, where one is wanted."""
    return fail("BL382", path=path, count=len(members), name=next(iter(members), ""))


def run_of_source(source: Any, **words: Any) -> Run:
    """A training of a source as `backlit.train` does it, also one that breaks."""
    left: list[Run] = []
    words.setdefault("progress", "none")
    try:
        return train(source, left=left, **words)
    except TrainingError:
        if not left:
            raise
        return left[0]


# ---- a run's folder ---------------------------------------------------------------------------------------------


def run_again(folder: str | Path, watch: Watch) -> Run:
    """A recorded run, trained once more to where it stood: the same bits, with all that a diagnosis looks at."""
    folder = Path(folder).expanduser()
    past, history = read_run(folder)
    result = past.get("result") or {}
    stopped = result.get("stopped", "running")
    if stopped == "running" and not history:
        raise fail("BL516", path=folder)
    watch.phase("replaying")
    work = work_of(folder, anew=True)
    run, fitting = not_begun(work)
    kept_of(folder, work, fitting)
    whole = stopped in ENDS
    steps = int(result.get("steps") or len(history) * fitting.loop.steps_per_epoch)
    _go(fitting, None if whole else steps, watch)
    trouble = fitting.trouble()
    fitting.finish()
    run.take(fitting)
    if trouble is not None and run.origin is not None:
        run.origin.trouble.append(trouble)
    run.folder = folder
    run.facts = {**run.facts, **{name: value for name, value in past.items() if name not in ("result", "diagnosis")}}
    if stopped == "running":
        run.facts["cut_run"] = {"epochs": len(history)}
    else:
        run.result |= result
    return run


def _go(fitting: Fitting, steps: int | None, watch: Watch) -> None:
    """Train until the end, or for so many steps."""
    while not fitting.done and (steps is None or fitting.loop.step < steps):
        if steps is not None:
            fitting.steps_a_slice = min(fitting.steps_a_slice, steps - fitting.loop.step)
        fitting.advance()
        watch.slice(fitting)


# ---- a bare model -----------------------------------------------------------------------------------------------


def of_model(path: Any, x: Any, t: Any, budget: float, watch: Watch) -> Diagnosis:
    """A model on rows, without its training: graph and data, what its units do, and whether there is more to learn."""
    path = Path(path).expanduser()
    if x is None:
        there = path.parent if (path.parent / "run.json").is_file() else None
        folder = f"; backlit diagnose {there}" if there is not None else ""
        if path.is_file() or path.is_dir():
            files.load(path)  # a damaged file is told first
        raise fail("BL380", path=path, folder=folder)
    net = files.load_network(path)
    settings = Settings.of(loss=net.loss or net._default_loss())
    inputs = rows_of(net, x, t, settings)
    run = Run(net, settings)
    run.origin = Origin({n: v.copy() for n, v in net.values.items()}, inputs, {}, settings)
    run.facts["name"] = path.name
    patient = patient_of(run, watch)
    patient.attempt = patient.look_again = patient.redraw = None
    patient.began = False
    watch.phase("checking")
    begin = time.perf_counter()
    made = examine(patient, budget=0, within=time_for_checks(budget))
    stopped = ("trials", "interrupted") in made.left_out
    made.left_out = [(code, reason) for code, reason in made.left_out if code != "trials"]
    if budget > 0 and not stopped:
        change, seconds = reference_change(patient), max(begin + budget - time.perf_counter(), budget / 4)
        watch.trying(change)
        try:
            made.reference = attempt(run, change, patient.rows >= ENOUGH, seconds)
            watch.tried(made.reference)
            sifted(made, made.skill < HALF * made.reference.skill or not np.isfinite(made.skill))
        except KeyboardInterrupt:  # what was found so far is told
            stopped = True
    made.left_out.append(("trials", "interrupted" if stopped else "no_course"))
    return with_words(made, run)

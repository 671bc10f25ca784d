"""`backlit diagnose SOURCE|RUN|MODEL`: why a network does not learn, found by experiments; and the remedy applied."""

from __future__ import annotations

import copy
import json
import os
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from ..messages import say
from . import models, page, reading, tables, told
from . import train as training
from .kinds import Duration, Word
from .options import command, option
from .signals import listener

if TYPE_CHECKING:
    from ..doctor.diagnosis import Diagnosis
    from ..training import Run
    from ..training.clinic.watching import Watch

Function = TypeVar("Function", bound=Callable[..., Any])
BUDGET = 20.0  # seconds
# Options of `backlit train` that a diagnosis has its own of, or no use for.
NOT_HERE = (
    "source", "config", "resume", "folds", "seeds", "out", "progress", "report", "learning_curve", "as_json",
    "time_budget", "baselines", "lang", "help",
)  # fmt: skip
KINDS = {".html": "html", ".htm": "html", ".json": "json", ".txt": "text"}


def trained(function: Function) -> Function:
    """Decorator: the options of `backlit train`, with its sentences."""
    for param in reversed(training.train.params):
        if param.name not in NOT_HERE:
            own = copy.copy(param)
            own.home = "cli_train"  # type: ignore[attr-defined]
            function.__click_params__ = [*getattr(function, "__click_params__", []), own]  # type: ignore[attr-defined]
    return function


@command("diagnose")
@click.argument("what")
@click.argument("data", required=False)
@trained
@option("--budget", type=Duration(none=True), metavar="20s", part="options", preset="20s")
@option("--repair", is_flag=True, part="options")
@option("--format", "form", type=Word("text", "html", "json"), metavar="text|html|json", part="output")
@option("--out", metavar="FILE", part="output")
@option("--runs", metavar="DIR", default="runs", part="output", preset="runs")
@option("--progress", type=Word("auto", "bar", "lines", "none"), metavar="NAME", part="output", preset="auto")
@click.pass_context
def diagnose(
    ctx: click.Context, /, what: str, data: str | None, budget: float | None, repair: bool, form: str | None,
    out: str | None, runs: str, progress: str | None, **given: Any,
) -> None:  # fmt: skip
    """Diagnose; its sentences are in the catalogue (`cli_diagnose`)."""
    from ..training.whole import revisiting

    seconds = BUDGET if budget is None else budget
    watch = watching(progress or "auto", seconds)
    kind = revisiting.kind_of(what)
    if data is not None and kind != "model":
        raise click.UsageError(say("cli_diagnose.too_many", what=what), ctx)
    if repair and kind == "model":
        raise click.UsageError(say("cli_diagnose.no_repair"), ctx)
    if kind != "source":
        _only_for(ctx, what, (*reading.NAMES, "target") if kind == "model" else ())
    found = _looked_at(ctx, kind, what, data, seconds, watch, given, runs, progress or "auto")
    after, stopped = None, None
    if repair and not listener.heard:
        try:
            after = _repaired(found, runs, progress or "auto")
        except KeyboardInterrupt as error:  # what was found is told all the same
            stopped = error
    _show(found, form, out, after)
    if stopped is not None:
        raise stopped
    listener.check()  # Ctrl-C ended the trials: what was found is told, and the end that was asked for comes now


def watching(kind: str, budget: float) -> Watch:
    """The watch of this name, on stderr: "auto" is a bar in a terminal that can move its cursor, else lines."""
    from ..training.clinic.watching import KINDS

    if kind == "auto":
        kind = "bar" if sys.stderr.isatty() and os.environ.get("TERM", "") not in ("dumb", "unknown") else "lines"
    return KINDS[kind](budget)


def _only_for(ctx: click.Context, what: str, allowed: Sequence[str]) -> None:
    """A usage error for options of a training where there is none to come."""
    for param in ctx.command.params:
        typed = ctx.get_parameter_source(str(param.name)) not in (ParameterSource.DEFAULT, None)
        if typed and bool(getattr(param, "home", "")) and param.name not in allowed:
            raise click.UsageError(say("cli_diagnose.not_with", name=max(param.opts, key=len), what=what), ctx)


def _looked_at(
    ctx: click.Context, kind: str, what: str, data: str | None, budget: float, watch: Watch, given: dict[str, Any],
    runs: str, progress: str,
) -> Diagnosis:  # fmt: skip
    """The diagnosis of whatever is given."""
    from ..training import diagnose as made

    if kind == "model":
        x, t, _ = models.known(what, data, given["target"], reading.asked(given))
        with watch:
            return made(what, x, t, budget=budget, watch=watch)
    run: Any = what
    if kind == "source":
        run = _run_of(ctx, what, given, runs, progress)
    with watch:
        return made(run, budget=budget, watch=watch)


def _run_of(ctx: click.Context, source: str, given: dict[str, Any], runs: str, progress: str) -> Run:
    """A training as `backlit train` does it; one that breaks is kept, too."""
    from ..errors import TrainingError
    from ..training import train

    target = given.pop("target")
    asked: dict[str, Any] = {"target": list(target) if len(target) > 1 else target[0]} if target else {}
    asked |= {name: value for name, value in given.items() if value is not None}
    asked["out"] = runs
    facts = {**training.facts(ctx, "train", source, asked), "command": _train_command(ctx, source, runs)}
    left: list[Run] = []
    try:
        run = train(source, progress=training.watching(progress), facts=facts, left=left, **asked)
    except TrainingError as error:
        if not left:
            raise
        run = left[0]
        page.err(say("cli_diagnose.broke_first", what=str(error).splitlines()[0]))
    listener.patient = False
    listener.check()
    return run


def _train_command(ctx: click.Context, source: str, runs: str) -> str:
    """What one types to train like this."""
    words = ["backlit", "train", source]
    for param in ctx.command.params:
        value = ctx.params.get(str(param.name))
        typed = ctx.get_parameter_source(str(param.name)) not in (ParameterSource.DEFAULT, None)
        if not (typed and bool(getattr(param, "home", ""))):
            continue
        name = max(param.opts, key=len)
        if getattr(param, "is_flag", False):
            words.append(name)
        else:
            for one in value if param.multiple else [value]:  # type: ignore[union-attr]
                words += [name, _typed(one)]
    return shlex.join(words + (["--out", runs] if runs != "runs" else []))


def _typed(value: Any) -> str:
    """A value as one types it."""
    if isinstance(value, dict):
        return ",".join(f"{k}={v}" for k, v in value.items())
    if isinstance(value, (list, tuple)):
        return ",".join(map(str, value)) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)


# ---- the repair ---------------------------------------------------------------------------------------------------


def _repaired(found: Diagnosis, runs: str, progress: str) -> dict[str, Any] | None:
    """The remedy applied to the run that was looked at, in a folder of its own; None where there is nothing to mend."""
    from ..messages import language
    from ..report.findings import Sentences
    from ..training.whole import repairing

    outcome = repairing.remedy(found)
    before: Run = found.run
    if outcome is None or before is None:
        page.err(say("cli_diagnose.nothing_to_repair"))
        return None
    say_of = Sentences(language())
    page.err(say("cli_diagnose.repairing", change=say_of.change(outcome.change.told())))
    if left := repairing.left_by(outcome.change):
        named = " + ".join(say_of.change(part.told()) for part in left)
        page.err(say("cli_diagnose.not_typed", change=named))
    folder = before.folder.parent if before.folder is not None else Path(runs)
    facts = {"command": outcome.change.command, "python": outcome.change.python, "versions": training.versions()}
    facts = {name: value for name, value in facts.items() if value}
    after, broke = repairing.mended(
        before, outcome.change, out=folder, progress=training.watching(progress), facts=facts
    )  # fmt: skip
    listener.patient = False
    return {"before": before, "after": after, "broke": broke, "change": outcome.change}


def _compared(after: dict[str, Any]) -> None:
    """Before and after: what was measured on rows that were not seen, and where both runs lie."""
    before, later = after["before"].describe(), after["after"].describe()
    task = before["data"]["task"]
    rows = []
    for name, facts in (("before", before), ("after", later)):
        part = told.judged(facts) if any(p in facts["result"] for p in told.PARTS) else ""
        keys = told.MEASURES[task]
        rows.append(
            [say(f"cli_diagnose.{name}"), *(tables.measured(k, facts["result"].get(part, {}).get(k)) for k in keys)]
        )
    tables.table([say("cli_diagnose.measure"), *(tables.named(k) for k in told.MEASURES[task])], rows)
    if after["broke"]:
        page.out(say("cli_diagnose.broke_again", what=str(after["broke"]).splitlines()[0]))
    page.out(say("cli_diagnose.kept_both", before=after["before"].folder, after=after["after"].folder))


# ---- what is shown ------------------------------------------------------------------------------------------------


def _show(found: Diagnosis, form: str | None, out: str | None, after: dict[str, Any] | None) -> None:
    """The diagnosis on stdout or in a file; before and after on stdout."""
    form = form or KINDS.get(Path(out).suffix.lower() if out else "", "text")
    if form == "json":
        told = found.told()
        if after is not None:
            told["repaired"] = {
                "before": _brief(after["before"]), "after": _brief(after["after"]), "broke": bool(after["broke"]),
            }  # fmt: skip
        made = json.dumps(tables.plain(told), ensure_ascii=False, indent=1)
    else:
        made = found.html() if form == "html" else found.text(columns=page.columns())
    if out is None:
        page.out(made)
    else:
        from ..errors import FileError
        from ..training.objects.files import write_atomic

        try:
            write_atomic(Path(out), (made.rstrip("\n") + "\n").encode("utf-8"))
        except FileError:  # minutes of work perhaps: they are not lost
            page.out(found.text(columns=page.columns()))
            raise
        page.err(say("cli_diagnose.written", path=out))
    if after is not None and not (form == "json" and out is None):
        page.out()
        _compared(after)


def _brief(run: Run) -> dict[str, Any]:
    """A run in short."""
    return {"folder": str(run.folder), "result": run.result}

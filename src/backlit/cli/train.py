"""`backlit train SOURCE`: train a network, judge it on rows it has not seen, keep the run."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from ..messages import say
from . import events, groups, page, reading, tables
from .configure import CONFIG, configure
from .kinds import Duration, Rate, Real, Weights, Whole, Widths, Word
from .options import command, option
from .signals import listener
from .told import tell

if TYPE_CHECKING:
    from ..training import Run
    from ..training.whole.progress import Progress

LENGTHENED = ("resume", "source", "epochs", "patience", "time_budget", "progress", "report", "as_json")


@command("train")
@click.argument("source", required=False)
@option("--config", metavar="FILE.toml", is_eager=True, expose_value=False, callback=configure, part="data")
@option("--resume", metavar="RUN", part="data")
@option("--folds", type=Whole(2, 1000), metavar="K", part="data")
@option("--target", metavar="NAME", multiple=True, part="data")
@option("--weight-column", metavar="NAME", part="data")
@option("--task", type=Word("classification", "regression", "multilabel"), metavar="NAME", part="data")
@reading.reading
@option("--test", type=Real(0, 1), metavar="F", part="data", preset="0.2")
@option("--validation", type=Real(0, 1), metavar="F", part="data", preset="0.15")
@option("--hidden", type=Widths(), metavar="64,32", part="network")
@option("--activation", metavar="NAME|FORMULA", part="network")
@option("--dropout", type=Real(0, 1), metavar="R", part="network")
@option("--initial", metavar="NAME", part="network")
@option("--from", "start", metavar="MODEL", part="network")
@option("--freeze", metavar="NAMES", part="network")
@option("--loss", metavar="NAME|FORMULA", part="training")
@option("--l1", type=Real(0), metavar="λ", part="training", preset="0")
@option("--l2", type=Real(0), metavar="λ", part="training", preset="0")
@option("--class-weight", type=Weights(), metavar="W", part="training")
@option("--label-smoothing", type=Real(0, 1), metavar="S", part="training", preset="0")
@option("--optimizer", metavar="NAME", part="training", preset="adam")
@option("--learning-rate", "--rate", "learning_rate", type=Rate(), metavar="ε|auto", part="training")
@option("--momentum", type=Real(0, 1), metavar="β", part="training")
@option("--weight-decay", type=Real(0), metavar="λ", part="training")
@option("--schedule", metavar="NAME", part="training", preset="constant")
@option("--warm-up", type=Real(0), metavar="EPOCHS", part="training")
@option("--clip-norm", type=Real(0), metavar="L", part="training")
@option("--clip-value", type=Real(0), metavar="L", part="training")
@option("--batch-size", type=Whole(1), metavar="N", part="training", preset="32")
@option("--epochs", type=Whole(1), metavar="N", part="training")
@option("--patience", type=Whole(0), metavar="N", part="training")
@option("--seed", type=Whole(0), metavar="N", part="training", preset="0")
@option("--seeds", type=Whole(1, 1000), metavar="N", part="training")
@option("--split-seed", type=Whole(0), metavar="N", part="training")
@option("--time-budget", type=Duration(), metavar="60s", part="training")
@option("--dtype", type=Word("float32", "float64"), metavar="NAME", part="training", preset="float32")
@option("--threads", type=Whole(0, 2), metavar="0|1|2", part="training", preset="0")
@option("--engine", type=Word("compiled", "interpreter", "plain"), metavar="NAME", part="training", preset="compiled")
@option("--out", metavar="DIR", part="output", preset="runs")
@option("--no-baselines", "baselines", is_flag=True, default=None, flag_value=False, part="output")
@option("--progress", type=Word("auto", "bar", "lines", "none"), metavar="NAME", part="output", preset="auto")
@option("--report/--no-report", default=None, part="output")
@option("--learning-curve", is_flag=True, default=None, part="output")
@option("--json", "as_json", is_flag=True, part="output")
@click.pass_context
def train(
    ctx: click.Context, /, source: str | None, resume: str | None, progress: str | None, as_json: bool, **given: Any
) -> None:
    """Train a network; its sentences are in the catalogue (`cli_train`)."""
    from ..training import train as train_network
    from ..training.whole.resuming import resume_run

    target = given.pop("target")
    asked: dict[str, Any] = {"target": list(target) if len(target) > 1 else target[0]} if target else {}
    asked |= {name: value for name, value in given.items() if value is not None}
    if resume is None:
        asked |= ctx.meta.get(CONFIG, {})
    if (column := asked.pop("weight_column", None)) is not None:
        asked["sample_weight"] = column
    several: dict[str, int] = {str(name): asked.pop(name) for name in groups.FUNCTIONS if name in asked}
    many = resume is not None and (Path(resume) / "group.json").is_file()
    if several or many:
        with events.last(ctx, as_json):
            groups.train(ctx, source, resume, several, asked, progress=progress or "auto", as_json=as_json)
        return
    shown = watching(progress or "auto", as_json=as_json)
    with events.last(ctx, as_json):
        if resume is not None:
            only_lengthened(ctx)
            run = resume_run(resume, source=source, progress=shown, **asked)
        else:
            source = needed(ctx, source)
            asked.setdefault("out", "runs")
            about = facts(ctx, "train", source, asked)
            run = train_network(source, progress=shown, facts=about, **asked)
        listener.patient = False
        if as_json:
            events.result(run.folder, run.describe())
    if not as_json:
        if progress != "none":
            page.err("")  # a line between the progress and the results
        tell(run, report=given["report"] is not False)
    listener.check()  # Ctrl-C while the last files were written: all is there, but somebody wanted an end


def needed(ctx: click.Context, source: str | None) -> str:
    """The source; a usage error where there is none."""
    if source is None:
        raise click.MissingParameter(ctx=ctx, param=next(p for p in ctx.command.params if p.name == "source"))
    return source


def facts(ctx: click.Context, function: str, source: str, asked: dict[str, Any]) -> dict[str, Any]:
    """How the training was asked for."""
    return {
        "command": _typed(ctx.obj or ()), "python": _in_python(function, source, asked), "versions": versions(),
    }  # fmt: skip


def only_lengthened(ctx: click.Context, allowed: Sequence[str] = LENGTHENED) -> None:
    """A usage error where somebody wants to go on with a run and to change what it is."""
    for param in ctx.command.params:
        name = str(param.name)
        typed = ctx.get_parameter_source(name) not in (ParameterSource.DEFAULT, None)
        if typed and name not in (*allowed, "lang"):
            raise click.UsageError(say("cli_train.not_on_resume", name=max(param.opts, key=len)), ctx)


def watching(kind: str, *, as_json: bool = False) -> Progress:
    """The progress of this name, on stderr, which also hands Ctrl-C to the training between two slices.

    With `as_json`, a line of JSON on stdout for the start and for every epoch.
    """
    from ..training.whole import progress

    if kind == "auto":  # a terminal that cannot move its cursor shows no bar
        kind = "bar" if sys.stderr.isatty() and os.environ.get("TERM", "") not in ("dumb", "unknown") else "lines"
    shown: type[Progress] = {"none": progress.Progress, "lines": progress.Lines, "bar": progress.Bar}[kind]

    class Stoppable(shown):  # type: ignore[valid-type, misc]
        reported = 0  # epochs

        def start(self, table: Any, parts: Any, net: Any, epochs: int) -> None:
            super().start(table, parts, net, epochs)
            if as_json:
                from ..training.whole.judging import about

                data = {k: v for k, v in about(table, parts).items() if k not in ("features", "classes")}
                layers = [layer.name for layer in net.layers()]
                tables.as_line({"event": "start", "data": data, "epochs": epochs, "layers": layers})

        def report(self, fitting: Any) -> None:
            self.reported = max(self.reported, fitting.begun)
            for row in fitting.history()[self.reported :] if fitting.loop.epoch > self.reported else ():
                tables.as_line({"event": "epoch", **row})
            self.reported = fitting.loop.epoch

        def phase(self, name: str) -> None:
            listener.check()
            # Somebody checks soon in these phases; in the others an exception may come at any moment.
            listener.patient = name in ("train", "write")
            super().phase(name)

        def slice(self, fitting: Any) -> None:
            super().slice(fitting)
            if as_json:
                self.report(fitting)
            listener.check()

        def kept(self, run: Run) -> None:
            super().kept(run)
            if as_json:
                events.result(run.folder, run.describe())
            if kind == "none":  # where the weights are is said in any case
                page.err(progress.kept_line(run))

    return Stoppable()


def _typed(arguments: Sequence[str]) -> str:
    """The command as it was typed, on one line of letters that can be printed."""
    line = shlex.join(["backlit", *arguments])
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)


def _in_python(function: str, source: str, asked: dict[str, Any]) -> str:
    """The same training in Python."""
    words = [ascii(source) if not source.isprintable() else repr(source)]
    words += [f"{name}={list(v) if isinstance(v, tuple) else v!r}" for name, v in asked.items()]
    return f"backlit.{function}({', '.join(words)})"


def versions() -> dict[str, str]:
    """What the numbers may depend on."""
    import platform
    from importlib.metadata import PackageNotFoundError, version

    found = {"python": platform.python_version()}
    for name in ("numpy", "numba", "scipy"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found

"""`backlit train --folds K` and `--seeds N`: several trainings, a table of them, mean and spread."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from ..messages import say
from . import events, page, tables
from .signals import listener

if TYPE_CHECKING:
    from ..training import Group
    from ..training.whole.progress import Progress

FUNCTIONS = {"folds": "cross_validate", "seeds": "repeat"}


def train(
    ctx: click.Context, source: str | None, resume: str | None, several: dict[str, int], asked: dict[str, Any],
    *, progress: str, as_json: bool,
) -> None:  # fmt: skip
    """Train them all, or go on with them."""
    from .. import training
    from ..errors import fail
    from ..training.whole.group import resume_group
    from . import train as command

    if len(several) > 1:
        raise fail("BL309", name="--folds", other="--seeds")
    watch = functools.partial(watching, progress, as_json)
    if resume is not None:
        command.only_lengthened(ctx)
        longer = {name: asked[name] for name in ("epochs", "patience", "time_budget", "report") if name in asked}
        group = resume_group(resume, source=source, progress=watch, **longer)
    else:
        source = command.needed(ctx, source)
        ((kind, count),) = several.items()
        typed, of_file = ctx.get_parameter_source(kind), ctx.get_parameter_source("test")
        if kind == "folds" and typed != of_file == ParameterSource.DEFAULT_MAP:
            del asked["test"]  # every run's config.toml has one, and what is typed goes before it
        asked.setdefault("out", "runs")
        words = {kind: count, **asked}
        about = command.facts(ctx, FUNCTIONS[kind], source, words)
        group = getattr(training, FUNCTIONS[kind])(source, progress=watch, facts=about, **words)
    listener.patient = False
    if as_json:
        events.result(group.folder, group.describe())
    else:
        tell(group)
    listener.check()


def watching(progress: str, as_json: bool, name: str) -> Progress:
    """The progress of one of them, after a line that says which."""
    from . import train as command

    if progress != "none":
        page.err(f"── {name}")
    if as_json:
        tables.as_line({"event": "member", "name": name})
    return command.watching(progress, as_json=as_json)


def tell(group: Group) -> None:
    """A table of each measure: a row for each training, then mean and standard deviation."""
    from .told import MEASURES

    first = next(iter(group.members.values()))
    for key in MEASURES[first["data"]["task"]]:
        baselines = [name for name in ("constant", "linear") if name in group.result]
        rows = []
        for (name, facts), own in zip(group.members.items(), group.judged(), strict=True):
            others = [facts.get("baselines", {}).get(b, {}).get(key) for b in baselines]
            rows.append([name, *(tables.measured(key, v) for v in (own.get(key), *others))])
        for end in ("mean", "std"):
            cells = [
                group.result[who][key][end] if _is_spread(group, who, key) else None for who in ("network", *baselines)
            ]
            rows.append([say(f"cli_train.{end}"), *(tables.measured(key, v) for v in cells)])
        if "ensemble" in group.result:
            rows.append(
                [
                    say("cli_train.ensemble"),
                    tables.measured(key, group.result["ensemble"][key]),
                    *["–"] * len(baselines),
                ]
            )
        head = [tables.named(key), say("cli_train.this_network"), *(say(f"cli_train.{b}") for b in baselines)]
        tables.table(head, rows, strong=1)
        page.out()
    page.out(say(f"cli_train.several_{group.kind}", count=len(group.members)))
    if group.folder is not None:
        report = group.folder / "report.html"
        more = {say("cli_train.report_path"): str(report)} if report.exists() else {}
        tables.facts({say("cli_train.folder"): str(group.folder), **more})


def _is_spread(group: Group, who: str, key: str) -> bool:
    return isinstance(group.result[who].get(key), dict)

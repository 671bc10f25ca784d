"""`backlit trace MODEL SOURCE --row 3`: one step of backpropagation with every number of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from ..messages import say
from . import faces, page, reading, tables
from .kinds import Real, Whole, Word
from .options import Function, command, option

if TYPE_CHECKING:
    from ..lens.trace import Trace
    from ..training import Network

LARGEST = "largest"
OF_THE_STEP = (
    option("--loss", metavar="NAME", part="training"),
    option("--reduction", type=Word("mean", "sum", "rows"), metavar="NAME", part="training"),
    option("--half/--no-half", default=None, part="training"),
    option("--optimizer", metavar="NAME", part="training", preset="gradient_descent"),
    option("--learning-rate", "--rate", type=Real(0, above=True), metavar="X", part="training"),
    option("--in-use", is_flag=True, part="training"),
)


def of_the_step(function: Function) -> Function:
    """Decorator: what is made small, and by which step: for every command that traces one."""
    for one in reversed(OF_THE_STEP):
        function = one(function)
    return function


@command("trace")
@click.argument("model")
@click.argument("source", required=False)
@option("--row", type=Whole(0), metavar="N", preset="0", part="data")
@option("--rows", type=Whole(1), metavar="N", preset="1", part="data")
@option("--parameter", metavar="NAME", part="output")
@option("--step", "at_step", type=Whole(1), metavar="K", part="data")
@option("--top", type=Whole(1), metavar="K", preset="8", part="output")
@of_the_step
@option("--symbols", metavar="NAME", part="output", preset="uoδ")
@option("--format", "output", type=Word(*faces.FORMS), metavar="FORM", part="output", preset="text")
@option("--out", metavar="FILE", part="output")
@option("--blank", is_flag=True, part="output")
@option("--stages", metavar="LIST", part="output", preset="1,2,3,4,5")
@option("--no-key", is_flag=True, part="output")
@option("--show-code", is_flag=True, part="output")
@option("--tape", is_flag=True, part="output")
@option("--target", metavar="NAME", multiple=True, part="data")
@reading.reading
@click.pass_context
def trace(
    ctx: click.Context, /, model: str, source: str | None, row: int | None, rows: int | None, parameter: str | None,
    at_step: int | None, top: int | None, target: tuple[str, ...], output: str | None, show_code: bool, tape: bool,
    out: str | None, blank: bool, stages: str | None, no_key: bool, **given: Any,
) -> None:  # fmt: skip
    """Trace a model; its sentences are in the catalogue (`cli_trace`)."""
    form = faces.form(ctx, output, out, blank=blank)
    left_out = faces.stages(ctx, stages)
    if not blank and (left_out is not None or no_key):
        raise click.UsageError(say("cli_trace.only_blank"), ctx)
    faces.together(ctx, form, blank=blank, parameter=bool(parameter), show_code=show_code, tape=tape)
    asked = reading.asked(given)
    shown: dict[str, Any] = {"row": row or 0, "top": top or 8, "symbols": given.pop("symbols") or "uoδ"}
    settings = {name: value for name, value in given.items() if value not in (None, False) or name == "half"}
    facts = {"model": model, "source": source, "rows": rows or 1, "target": target, "asked": asked, "step": at_step}
    facts |= {"settings": settings, **shown}
    made = of_facts(ctx, facts)
    if parameter == LARGEST:
        parameter = made.largest_parameter()
    if blank:
        faces.put(faces.exercise(made, form, left_out, not no_key, facts), out)
    elif show_code:
        faces.put(made.code(), out)
    elif form == "json":
        found = made.to_dict(parameter or "")
        faces.put(tables.json_text({**found, **({"tape": made.tape()} if tape else {})}), out)
    elif form == "text":
        faces.put(made.text(parameter or "", tape=tape), out)
    else:
        faces.put(faces.view(made, form, parameter or ""), out)


def of_facts(ctx: click.Context, facts: Mapping[str, Any]) -> Trace:
    """The trace that the options ask for; an exercise keeps them, so that it can be checked."""
    settings, asked = dict(facts.get("settings") or {}), dict(facts.get("asked") or {})
    shown = {"row": facts.get("row", 0), "top": facts.get("top", 8), "symbols": facts.get("symbols", "uoδ")}
    model, source = facts["model"], facts.get("source")
    if facts.get("step") is not None:
        return _of_run(ctx, model, source, facts["step"], {**settings, **asked}, shown)
    if source is None:
        raise click.MissingParameter(ctx=ctx, param=next(p for p in ctx.command.params if p.name == "source"))
    return _of_rows(model, source, tuple(facts.get("target") or ()), asked, settings, shown, facts.get("rows", 1))


def _of_run(
    ctx: click.Context, model: str, source: str | None, step: int, settings: dict[str, Any], shown: dict[str, Any]
) -> Trace:
    """A recorded step: all but the row, and how it is shown, is the run's own."""
    from ..training import trace as trace_any

    typed = [name for name, value in settings.items() if value is not None]
    if source is not None or typed:
        raise click.UsageError(say("cli_trace.of_the_run", name=source or typed[0]), ctx)
    made = trace_any(model, step=step, **shown)
    if not made.about["same_bits"]:
        page.err(f"{say('cli.warning')}: {say('cli_trace.other_bits')}")
    return made


def _of_rows(
    model: str, source: str, target: tuple[str, ...], asked: dict[str, Any], settings: dict[str, Any],
    shown: dict[str, Any], rows: int,
) -> Trace:  # fmt: skip
    """Rows of a source through a model, with the loss of its run."""
    from ..training import Ensemble, load
    from . import models

    found = load(model)
    net = found.networks[0] if isinstance(found, Ensemble) else found
    table, x, t, weight = models.judged(net, source, target, asked)
    first = int(shown.pop("row"))
    x, t = _taken(x, t, first, rows)
    counts = None if weight is None else weight[first : first + len(t)]
    settings["training"] = False if settings.pop("in_use", False) else None
    settings |= {name: value for name, value in _of_objective(net, model, rows).items() if settings.get(name) is None}
    places = f"{first}" if rows == 1 else f"{first} … {first + len(t) - 1}"
    about = {"source": f"{table.name}, {places}", "model": model}
    made: Trace = net.trace(x, t, about=about, sample_weight=counts, **shown, **settings)
    return made


def _taken(x: Any, t: Any, first: int, rows: int) -> tuple[Any, Any]:
    """Some rows of a source."""
    from dataclasses import replace

    from ..data import Table
    from ..errors import fail

    if first >= len(t):
        raise fail("BL360", row=first, rows=len(t), high=len(t) - 1)
    part = slice(first, first + rows)
    if isinstance(x, Table):
        return replace(x, x=x.x[part], t=x.t[part]), t[part]
    return x[part], t[part]


def _of_objective(net: Network, model: str, rows: int) -> dict[str, Any]:
    """What the run's settings say of E, where the loss is the model's own."""
    from ..ops.loss import loss_named
    from . import models

    told = models.run_facts(model, "settings")
    if not net.loss or told.get("loss") not in (None, net.loss):
        return {}
    known = ["label_smoothing", "l1", "l2", "penalty"]
    if (rows > 1 or told.get("reduction") == "sum") and isinstance(told.get("class_weight"), (dict, list)):
        known.append("class_weight")  # of a single row's mean it changes nothing; "balanced" needs all rows
    found = {name: told[name] for name in known if name in told}
    options = {k: told[k] for k in loss_named(net.loss).options if k in told}
    half, reduction = options.pop("half", None), options.pop("reduction", None)
    return found | {"half": half, "reduction": reduction} | ({"loss_options": options} if options else {})

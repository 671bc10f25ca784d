"""`backlit show MODEL`: what a model is made of, and the instructions that train it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ..messages import say
from . import page, tables
from .options import command, option

if TYPE_CHECKING:
    from ..core.tape import Tape
    from ..training import Network

SHOWN = 8  # categories


@command("show")
@click.argument("model")
@option("--tape", is_flag=True)
@option("--observed", is_flag=True)
@option("--preparation", "prepared", is_flag=True)
def show(model: str, tape: bool, observed: bool, prepared: bool) -> None:
    """Show a model; its sentences are in the catalogue (`cli_show`)."""
    from ..training import Ensemble, load
    from . import models

    found = load(model)
    net = found.networks[0] if isinstance(found, Ensemble) else found
    if prepared:
        if net.preparation is None:
            page.out(say("cli_show.unprepared"))
        else:
            preparation(net.preparation, whole=True)
        return
    if isinstance(found, Ensemble):
        page.out(say("cli_show.ensemble", count=len(found.networks)) + "\n")
    if tape or observed:
        shown = observed_tape(net) if observed else trained_tape(net, models.run_facts(model, "settings"), model)
        page.out(shown.text())
        return
    layers(net)
    page.out()
    source = models.run_facts(model, "data").get("source")
    tables.facts(_told(net, source, models.run_facts(model).get("command")))
    if net.preparation is not None:
        page.out()
        preparation(net.preparation)


def layers(net: Network) -> None:
    """A row for each layer."""
    keys = ("layer", "kind", "activation", "outputs", "parameters")
    rows = []
    for found in net.summary():
        outputs = " × ".join(map(str, found["output"] or ())) or "–"
        frozen = "" if found.get("trainable", True) else f" {say('cli_show.frozen')}"
        cells = [found["name"], found["kind"], str(found.get("activation", "–")), outputs]
        rows.append([*cells, f"{found['parameters']}{frozen}"])
    tables.table([say(f"cli_show.{key}") for key in keys], rows, left=(0, 1, 2))


def _told(net: Network, source: Any, typed: Any) -> dict[str, str]:
    """The facts below the layers."""
    known = net.preparation
    told = {
        "parameters": str(net.size),
        "loss": ", ".join([net.loss, *(f"{k}={v}" for k, v in net.loss_options.items())]),
    }
    told["dtype"] = ", ".join(sorted({str(v.dtype) for v in net.values.values()}))
    if known is not None:
        told["task"] = say(f"cli_show.task_{known.task}")
        told["target"] = ", ".join(column.name for column in known.target)
        told["weight"] = known.weight
        told["classes"] = ", ".join(known.classes)
    told["source"], told["command"] = str(source or ""), str(typed or "")
    return {say(f"cli_show.{key}"): value for key, value in told.items() if value}


def preparation(known: Any, *, whole: bool = False) -> None:
    """What is done to each column before the network sees it; on request with all that is known of it."""
    columns = list(known.features)
    if known.task == "regression":
        columns += [*known.target]
    page.out(say("cli_show.preparation"))
    if not whole and known.is_plain:
        headings = [say(f"cli_show.{key}") for key in ("column", "mean", "scale")]
        tables.table(headings, [[c.name, f"{c.mean:.6g}", f"{c.scale:.6g}"] for c in columns])
        return
    headings = [say(f"cli_show.{key}") for key in ("column", "kind", "mean", "scale", "inputs", "missing", "levels")]
    rows = []
    for c in columns:
        line = ["–", "–"] if c.kind == "category" else [_value(c, c.mean), f"{c.scale:.6g}"]
        names = ", ".join(c.levels if whole or len(c.levels) <= SHOWN else [*c.levels[:SHOWN], "…"])
        told = [say(f"cli_show.kind_{c.kind}"), *line, str(c.width), say(f"cli_show.missing_{c.missing}"), names]
        rows.append([c.name, *told])
    tables.table(headings, rows, left=(0, 1, 5, 6))
    if whole:
        facts = {"target": ", ".join(c.name for c in known.target), "classes": ", ".join(known.classes)}
        facts |= {"task": say(f"cli_show.task_{known.task}"), "inputs": str(known.in_features)}
        found = {say(f"cli_show.{key}"): value for key, value in facts.items() if value}
        page.out()
        tables.facts(found | {name: str(value).replace("\t", "tab") for name, value in known.reading.items()})


def _value(column: Any, value: float) -> str:
    """A mean; a date as a date."""
    from ..data import dates

    return dates.written(float(round(value))) if column.kind in ("date", "datetime") else f"{value:.6g}"


def trained_tape(net: Network, told: dict[str, Any], path: str) -> Tape:
    """The tape that trains this network, with the optimizer of its run where that is known."""
    from ..errors import fail
    from ..optim import optimizer_named, schedule_named
    from ..training.loop.fitting import training_tape
    from ..training.loop.settings import Settings

    own = optimizer_named(str(told.get("optimizer", "adam")))
    rates = {k: told[k] for k in own.settings if k in told}
    steps: dict[str, Any] = {k: told[k] for k in ("warm_up", "clip_norm", "clip_value", "epochs") if k in told}
    if not all(isinstance(v, (int, float)) for v in [*rates.values(), *steps.values()]):
        raise fail("BL507", path=path, reason=f"run.json: settings: {rates | steps}")
    steps["schedule"] = schedule_named(str(told.get("schedule") or ""))
    return training_tape(net, Settings(optimizer_named(own, **rates), net.loss, **_of_objective(net, told), **steps))


def _of_objective(net: Network, told: dict[str, Any]) -> dict[str, Any]:
    """What the run's settings say of E."""
    from ..ops.loss import loss_named
    from ..training.loop.settings import OBJECTIVE

    named = {k: told[k] for k in OBJECTIVE if k in told}
    of_run = {k: told[k] for k in loss_named(net.loss).options if k in told}
    return {**named, "loss_options": {**net.loss_options, **of_run}}


def observed_tape(net: Network) -> Tape:
    """The tape on which u, f′, o, δᵒ and δᵘ of every unit have places of their own."""
    from ..core.lowering import lower

    built, keep, gradient = net.observe(loss=net.loss, **net.loss_options)
    found = {p: gradient[p] for p in built.trained if p in gradient}
    return lower(keep, blocks=built.blocks(), gradients=found)

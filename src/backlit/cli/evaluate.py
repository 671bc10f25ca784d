"""`backlit evaluate MODEL SOURCE`: how good the answers of a trained network are on rows that have them."""

from __future__ import annotations

from typing import Any

import click

from ..messages import say
from . import page, reading, tables
from .options import command, option


@command("evaluate")
@click.argument("model")
@click.argument("source")
@option("--target", metavar="NAME", multiple=True)
@option("--json", "as_json", is_flag=True)
@reading.reading
def evaluate(model: str, source: str, target: tuple[str, ...], as_json: bool, **given: Any) -> None:
    """Measure a model; its sentences are in the catalogue (`cli_evaluate`)."""
    from ..data import Table, Tally
    from ..training import load, metrics
    from . import models

    net = load(model)
    table, x, t = models.judged(net, source, target, reading.asked(given))
    out = net.predict(x)
    measure: Any = metrics.classes if t.ndim == 1 else metrics.labels if net.task == "multilabel" else metrics.numbers
    found: dict[str, Any] = _checked(measure, out, t)
    seen = models.run_facts(model, "data").get("sha256") == table.sha256
    if as_json:
        tables.as_json({"model": model, "source": source, "rows": table.rows, "seen_in_training": seen, **found})
        return
    order = ("accuracy", "exact", "rmse", "mae", "r2", "loss")
    rows = {tables.named(key): tables.measured(key, found[key]) for key in order if key in found}
    tables.facts({say("cli_evaluate.rows"): str(table.rows), **rows})
    if seen:
        page.err(f"{say('cli.warning')}: {say('cli_evaluate.seen')}")
    tally = Tally()
    if isinstance(x, Table) and net.preparation is not None:
        tally.add(net.preparation, x)
    for notice in tally.notices():
        reading.warn(notice)


def _checked(measure: Any, out: Any, t: Any) -> dict[str, float]:
    """Measure, if outputs and answers fit: a model without a preparation knows nothing of classes and columns."""
    from ..errors import fail

    wanted = int(t.max()) + 1 if t.ndim == 1 else t.shape[1]
    if wanted > out.shape[1] or (t.ndim == 2 and wanted != out.shape[1]):
        raise fail("BL104", expected=out.shape[1], got=wanted, layer="t")
    found: dict[str, float] = measure(out, t)
    return found

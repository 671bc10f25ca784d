"""`backlit collapse MODEL [SOURCE]`: layers joined by identity units, multiplied into one."""

from __future__ import annotations

from typing import Any

import click

from ..messages import say
from . import page, reading, tables
from .kinds import Word
from .options import command, option


@command("collapse")
@click.argument("model")
@click.argument("source", required=False)
@option("--out", metavar="FILE.safetensors", part="output")
@option(
    "--format", "form", type=Word("text", "json"), metavar="text|json", default="text", preset="text", part="output"
)
@reading.reading
def collapse(model: str, source: str | None, out: str | None, form: str, **given: Any) -> None:
    """Join the layers; its sentences are in the catalogue (`cli_collapse`)."""
    from ..errors import fail
    from ..training import Network, load
    from ..training import collapse as join
    from . import models

    net = load(model)
    if not isinstance(net, Network):
        raise fail("BL374", got=model)
    x, *_ = models.known(model, source, (), reading.asked(given))
    found = join(net, x)
    if form == "json":
        tables.as_json({"model": model, "source": source, **found.data()})
    else:
        page.out(found.text())
    if out is not None and found.chains:
        page.err(say("cli_collapse.written", path=found.network.save(out)))

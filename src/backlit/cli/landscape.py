"""`backlit landscape MODEL [SOURCE]`: a slice of the loss, as a table or a picture."""

from __future__ import annotations

from typing import Any

import click

from ..messages import say
from . import page, reading, tables
from .kinds import Whole, Word
from .options import command, option


@command("landscape")
@click.argument("model")
@click.argument("source", required=False)
@option("--along", metavar="gradient|NAME[,NAME]|path", default="gradient", preset="gradient", part="output")
@option("--points", type=Whole(2, 401), metavar="N", part="output")
@option("--rows", type=Whole(1), metavar="N", default=2000, preset="2000", part="data")
@option("--target", metavar="NAME", multiple=True, part="data")
@option("--out", metavar="FILE.svg|html|csv", part="output")
@option(
    "--format", "form", type=Word("text", "json"), metavar="text|json", default="text", preset="text", part="output"
)
@reading.reading
def landscape(
    model: str, source: str | None, along: str, points: int | None, rows: int, target: tuple[str, ...],
    out: str | None, form: str, **given: Any,
) -> None:  # fmt: skip
    """Make a slice; its sentences are in the catalogue (`cli_landscape`)."""
    from ..training import landscape as sliced
    from . import models

    x, t, weight = models.known(model, source, target, reading.asked(given))
    found = sliced(model, x, t, sample_weight=weight, along=along, points=points, rows=rows)
    if form == "json":
        tables.as_json({"model": model, "source": source, "along": along, **found.data()})
    elif out is None:
        page.out(found.text())
    else:
        page.out("\n".join(found.sentences()))
    if out is not None:
        page.err(say("cli_landscape.written", path=found.save(out)))

"""`backlit curvature MODEL [SOURCE]`: how sharp the loss is there, and the learning rate beside its bound."""

from __future__ import annotations

from typing import Any

import click

from . import page, reading, tables
from .kinds import Real, Whole, Word
from .options import command, option


@command("curvature")
@click.argument("model")
@click.argument("source", required=False)
@option("--rows", type=Whole(1), metavar="N", default=2000, preset="2000", part="data")
@option("--target", metavar="NAME", multiple=True, part="data")
@option("--optimizer", metavar="NAME", part="training")
@option("--learning-rate", "--rate", type=Real(0.0, above=True), metavar="X", part="training")
@option(
    "--dtype",
    type=Word("auto", "float32", "float64"),
    metavar="auto|float32|float64",
    default="auto",
    preset="auto",
    part="training",
)
@option(
    "--format", "form", type=Word("text", "json"), metavar="text|json", default="text", preset="text", part="output"
)
@reading.reading
def curvature(
    model: str, source: str | None, rows: int, target: tuple[str, ...], optimizer: str | None,
    learning_rate: float | None, dtype: str, form: str, **given: Any,
) -> None:  # fmt: skip
    """Measure the curvature; its sentences are in the catalogue (`cli_curvature`)."""
    from ..training import curvature as measure
    from . import models

    x, t, weight = models.known(model, source, target, reading.asked(given))
    chosen = {"optimizer": optimizer, "learning_rate": learning_rate}
    settings: dict[str, Any] = {name: value for name, value in chosen.items() if value is not None}
    found = measure(model, x, t, sample_weight=weight, rows=rows, dtype=dtype, **settings)
    if form == "json":
        tables.as_json({"model": model, "source": source, **found.data()})
        return
    tables.facts(found.facts())
    page.out("\n".join(page.paragraph("\n".join(found.notes()))))
    page.out(found.last_line())

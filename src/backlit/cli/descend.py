"""`backlit descend FORMULA`: gradient descent on a function that a person types."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..messages import language, say
from . import page, tables
from .kinds import Real, Whole, Word
from .options import command, option

if TYPE_CHECKING:
    from ..lens.descent import Descent

FILES = (".svg", ".html", ".csv")


@command("descend")
@click.argument("formula")
@option("--start", metavar="X", part="steps")
@option("--rate", "--learning-rate", "learning_rate", type=Real(0, above=True), metavar="ε", part="steps")
@option("--steps", type=Whole(1, 100_000), metavar="N", default=50, preset="50", part="steps")
@option("--optimizer", metavar="NAME", default="gd", preset="gd", part="steps")
@option("--compare", metavar="LIST", default="", part="steps")
@option("--out", metavar="FILE", part="output")
@option("--format", "output_format", type=Word("text", "json"), metavar="text|json", default="text", part="output")
def descend(
    formula: str,
    start: str | None,
    learning_rate: float | None,
    steps: int,
    optimizer: str,
    compare: str,
    out: str | None,
    output_format: str,
) -> None:
    """Go down a function; its sentences are in the catalogue (`cli_descend`)."""
    from ..lens.descent import descend as going_down

    if out is not None and Path(out).suffix.lower() not in FILES:
        raise click.UsageError(say("cli.wants_word", words=FILES, got=repr(out)), click.get_current_context())
    found = going_down(formula, start, learning_rate, steps=steps, optimizer=optimizer, compare=compare)
    if out is not None:
        _write(found, Path(out))
    if output_format == "json":
        tables.as_json(found.told())
    else:
        page.out(found.text(language()))


def _write(found: Descent, path: Path) -> None:
    """The file that the name's ending asks for."""
    from ..training.objects.files import write_atomic

    kind = path.suffix.lower()
    text = found.csv() if kind == ".csv" else found.svg(language()) if kind == ".svg" else found.html(language())
    write_atomic(path, text.encode("utf-8"))
    page.err(say("cli_descend.written", path=path))

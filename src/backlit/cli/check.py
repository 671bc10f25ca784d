"""`backlit check LEDGER.csv`: a learner's numbers beside those of the ledger."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import fail
from . import page
from .options import command, option
from .trace import of_facts

if TYPE_CHECKING:
    from ..lens.trace import Trace


@command("check")
@click.argument("ledger")
@option("--show", is_flag=True, part="output")
@option("--model", metavar="MODEL", part="data")
@option("--source", metavar="SOURCE", part="data")
@click.pass_context
def check(ctx: click.Context, /, ledger: str, show: bool, model: str | None, source: str | None) -> None:
    """Compare a learner's ledger; its sentences are in the catalogue (`cli_check`)."""
    from ..lens.trace import checking

    given, facts = checking.read(_text(Path(ledger)), ledger)
    places = {name: value for name, value in (("model", model), ("source", source)) if value is not None}
    trace = _trace(ctx, {**facts, **places}, ledger)
    if checking.fingerprint(trace) != facts.get("numbers"):
        raise fail("BL376", path=ledger, model=facts["model"], source=facts.get("source") or "-")
    marks = checking.check(trace, given, ledger, facts.get("stages"))
    page.out("\n".join(checking.told(trace, marks, show=show)))
    if marks.wrong:
        ctx.exit(1)


def _trace(ctx: click.Context, facts: dict[str, Any], path: str) -> Trace:
    """The trace that the exercise was made of; BL375 where the file does not say which."""
    if "model" not in facts or "numbers" not in facts:
        raise fail("BL375", path=path, columns=("stage", "layer", "line", "symbol", "value"), head=sorted(facts))
    return of_facts(ctx, facts)


def _text(path: Path) -> str:
    """The file as text: UTF-8, with a mark in front or without, or as spreadsheets in Japan write it."""
    from ..data.files import text_of

    return text_of(path)

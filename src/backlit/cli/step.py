"""`backlit step MODEL SOURCE`: one row, one stage at a time: forward, then backward, then the update."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING, Any

import click

from ..messages import places, say
from . import keys, page, reading
from .kinds import Whole
from .options import command, option
from .trace import of_facts, of_the_step

if TYPE_CHECKING:
    from ..lens.trace.stepping import Walk

CLEAR = "\x1b[2J\x1b[H"


@command("step")
@click.argument("model")
@click.argument("source")
@option("--row", type=Whole(0), metavar="N", preset="0", part="data")
@option("--top", type=Whole(1), metavar="K", preset="8", part="output")
@of_the_step
@option("--symbols", metavar="NAME", part="output", preset="uoδ")
@option("--target", metavar="NAME", multiple=True, part="data")
@reading.reading
@click.pass_context
def step(
    ctx: click.Context, /, model: str, source: str, row: int | None, top: int | None, symbols: str | None,
    target: tuple[str, ...], **given: Any,
) -> None:  # fmt: skip
    """Walk through a step; its sentences are in the catalogue (`cli_step`)."""
    from ..lens.trace.stepping import Walk

    asked = reading.asked(given)
    settings = {name: value for name, value in given.items() if value not in (None, False) or name == "half"}
    facts = {"model": model, "source": source, "target": target, "asked": asked, "settings": settings}
    trace = of_facts(ctx, {**facts, "row": row or 0, "top": top or 8, "symbols": symbols or "uoδ"})
    walk = Walk(trace)
    if keys.watched():
        _walk(walk)
    else:
        page.out(walk.whole())


def _walk(walk: Walk) -> None:
    """Stage by stage, by keys; the last screen stays."""
    at, checked = 0, False
    with keys.single():
        while True:
            _show(walk.screen(at, checked=checked), walk, at)
            key = keys.pressed()
            checked = key == "check" and not checked
            if key == "end" or (key == "next" and at == len(walk) - 1):
                break
            at = {"next": at + 1, "back": max(at - 1, 0), "first": 0, "last": len(walk) - 1}.get(key, at)
    page.out()


def _show(lines: list[str], walk: Walk, at: int) -> None:
    """A screen: what is higher than the terminal keeps its beginning, and says how much is left out."""
    size = shutil.get_terminal_size()
    room = size.lines - 3
    if len(lines) > room > 3:
        lines = [*lines[: room - 1], say("cli_step.cut", count=len(lines) - room + 1)]
    lines = [_narrowed(line, size.columns) for line in lines]
    told = say("cli_step.keys", at=at + 1, of=len(walk))
    sys.stdout.write(CLEAR + "\n".join([*lines, "", _narrowed(told, size.columns)]))
    sys.stdout.flush()


def _narrowed(line: str, room: int) -> str:
    if places(line) < room:
        return line
    while line and places(line) > room - 2:
        line = line[:-1]
    return line + "…"

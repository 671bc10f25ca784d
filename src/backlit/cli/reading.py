"""How a source is read: the options that `train`, `evaluate` and `predict` share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from ..messages import say
from . import page
from .kinds import Word
from .options import naming, option

Function = TypeVar("Function", bound=Callable[..., Any])
NAMES = ("delimiter", "encoding", "decimal", "header", "size", "colour", "skip", "part")


def reading(function: Function) -> Function:
    """Decorator: the options of the readers."""
    own = (
        option("--delimiter", metavar="SIGN", part="data"),
        option("--encoding", metavar="NAME", part="data"),
        option("--decimal", type=Word(".", ","), metavar=".|,", part="data"),
        option("--header/--no-header", "header", default=None, part="data"),
        option("--size", metavar="28x28", part="data"),
        option("--colour", type=Word("grey", "colour"), metavar="grey|colour", part="data"),
        option("--skip-unreadable", "skip", is_flag=True, default=None, flag_value=True, part="data"),
        option("--part", type=Word("train", "test"), metavar="train|test", part="data"),
    )
    for decorate in reversed(own):
        function = decorate(function)
    return function


def asked(given: dict[str, Any]) -> dict[str, Any]:
    """What was typed of these options, taken out of all that was given."""
    found = {name: given.pop(name) for name in NAMES}
    return {name: value for name, value in found.items() if value is not None}


def warn(notice: dict[str, Any]) -> None:
    """A notice, of a run or of new rows, as a warning on stderr."""
    from ..errors import fail
    from .trouble import error_text

    facts = {name: value for name, value in notice.items() if name != "code"}
    error, ctx = fail(notice["code"], **facts), click.get_current_context(silent=True)
    _, _, text = error_text(naming(error, ctx.command) if ctx else error).partition(": ")
    page.err(f"{say('cli.warning')}: {text}")


def in_order(names: Sequence[str]) -> None:
    """Say that the columns were taken in order."""
    page.err(f"{say('cli.warning')}: {say('cli.in_order', names=names)}")

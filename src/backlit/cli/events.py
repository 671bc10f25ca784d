"""The events of `backlit train --json`: a line of JSON each on stdout, `result` the last one, however it ends."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import click

from ..errors import BacklitError
from . import tables

DONE = "backlit.result"  # the place in `ctx.meta` that says whether there was one
BROKEN = ("BL601", "BL604", "BL605")  # a loss that is not finite


def result(folder: object, facts: dict[str, Any]) -> None:
    """The last event, with all there is of the training."""
    click.get_current_context().meta[DONE] = True
    tables.as_line({"event": "result", "folder": str(folder), **facts})


@contextlib.contextmanager
def last(ctx: click.Context, wanted: bool) -> Iterator[None]:
    """Whatever ends the work before there is anything to keep: a `result` without a folder says so."""
    try:
        yield
    except (click.ClickException, click.exceptions.Exit, BrokenPipeError):  # nothing was begun, or nobody reads
        raise
    except BaseException as error:
        if wanted and not ctx.meta.get(DONE):
            with contextlib.suppress(OSError):  # a full disk is told by the error itself
                tables.as_line(_nothing(error))
        raise


def _nothing(error: BaseException) -> dict[str, Any]:
    code = error.code if isinstance(error, BacklitError) else None
    stopped = "interrupted" if isinstance(error, KeyboardInterrupt) else "not finite" if code in BROKEN else "error"
    return {
        "event": "result", "folder": None, "error": code,
        "result": {"stopped": stopped, "epochs": 0, "best_epoch": 0, "steps": 0},
    }  # fmt: skip

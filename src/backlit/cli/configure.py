"""`--config FILE.toml`: the options of a command from a file; what is typed beside it goes before."""

from __future__ import annotations

from typing import Any

import click

from ..messages import say
from .kinds import Weights

CONFIG = "backlit.config"  # the place in `ctx.meta` for what cannot be typed: layers, an optimizer with its settings
SHAPES: dict[str, type] = {"fold": list, "loss_options": dict}  # what no later check expects to be anything else
NOT_IN_FILES = ("config", "resume", "as_json", "help", "lang")


def configure(ctx: click.Context, param: click.Parameter, path: str | None) -> None:
    """Read the file and make its values the defaults of the options."""
    if path is None or ctx.resilient_parsing:
        return
    from ..errors import BacklitError, fail
    from ..training.runs.configuring import arguments, read_config
    from ..training.whole.pipeline import taken

    options = {str(p.name): p for p in ctx.command.params if p.name not in NOT_IN_FILES}
    found = read_config(path, {*options, *taken()})
    # What cannot be typed: what is no option, and an optimizer with its settings.
    tables = {n: v for n, v in found.items() if n not in options or (n == "optimizer" and not isinstance(v, str))}
    try:
        for name in SHAPES.keys() & tables.keys():
            if not isinstance(tables[name], SHAPES[name]):
                raise TypeError(repr(tables[name]))
        ctx.meta[CONFIG] = arguments(tables, path)
    except BacklitError:
        raise
    except Exception:  # whatever a table of layers that was written by hand makes go wrong
        raise fail("BL512", path=path, reason=say("toml.value", names=list(tables))) from None
    ctx.default_map = {n: _typed(options[n], value) for n, value in found.items() if n in options and n not in tables}


def _typed(param: click.Parameter, value: Any) -> Any:
    """A value as a person would type it, so that the option judges it by its own rules."""
    if isinstance(value, bool) or (isinstance(value, (dict, list)) and isinstance(param.type, Weights)):
        return value
    if param.multiple:
        return [str(v) for v in (value if isinstance(value, list) else [value])]
    if isinstance(value, list):
        return ",".join(map(str, value)) or "none"
    return str(value)

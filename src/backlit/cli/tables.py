"""Tables and facts on stdout: lines and colours in a terminal, plain columns of text elsewhere."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from ..messages import say
from . import page

WIDE = 10_000  # where nobody watches, nothing is cut or broken


def table(
    headings: Sequence[str], rows: Sequence[Sequence[str]], *, left: Sequence[int] = (0,), strong: int = -1
) -> None:
    """Print a table; the columns in `left` hold text, the others numbers; the column `strong` stands out."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    watched = sys.stdout.isatty()
    console = Console(file=sys.stdout, highlight=False, emoji=False, markup=False, width=None if watched else WIDE)
    made = Table(box=box.SIMPLE_HEAD if watched else None, pad_edge=False, header_style="dim", show_edge=False)
    for j, heading in enumerate(headings):
        kind: dict[str, Any] = {"style": "bold"} if j == strong else {}
        made.add_column(Text(heading), justify="left" if j in left else "right", overflow="fold", **kind)
    for row in rows:
        made.add_row(*(Text(cell) for cell in row))
    console.print(made)


def facts(rows: Mapping[str, str]) -> None:
    """Print names and values in two columns."""
    page.out("\n".join(page.pairs(rows.items(), indent=0)))


def measured(key: str, value: float | None) -> str:
    """A number as the tables show it: four decimals for shares, five digits for what has a unit."""
    if value is None:
        return "–"
    return f"{value:.4f}" if key not in ("rmse", "mae") else f"{value:.5g}"


def named(key: str) -> str:
    """What a measure is called."""
    return say(f"cli.{key}")


def as_json(value: Any) -> None:
    """Print one JSON object; what is not finite is null, since JSON has no word for it."""
    page.out(json_text(value))


def json_text(value: Any) -> str:
    """The same as text."""
    return json.dumps(_plain(value), ensure_ascii=False, indent=1)


def as_line(value: Any) -> None:
    """The same on one line: one of many."""
    page.out(json.dumps(_plain(value), ensure_ascii=False))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value

"""The numbers of a page as files that it holds itself: links that need no script, no network and no other file."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from .facts import number, spread
from .parts import Download, Section
from .words import Words

EPOCHS, LENGTH = 2000, 90_000  # epochs of the curves, characters of the JSON: the page stays below 500 kB
LISTS = ("lens", "residuals", "importance", "confusion", "labels", "architecture", "judged", "config", "data")


def section(facts: Mapping[str, Any], history: Sequence[Any], words: Words) -> Section:
    """A link to all facts as JSON and, where there are epochs, one to the curves as CSV."""
    made = Section("numbers", words("numbers_title"))
    if not facts:
        return made
    text, left_out = as_json(facts)
    data = base64.b64encode(text.encode()).decode()
    made.downloads = [Download(words("numbers_json"), "run.json", f"data:application/json;base64,{data}")]
    rows = [row for row in history if isinstance(row, dict)]
    if rows:
        table = quote(as_csv(rows), safe=",")
        made.downloads.append(Download(words("numbers_csv"), "curves.csv", f"data:text/csv;charset=utf-8,{table}"))
    made.intro = [words("numbers_intro")]
    if left_out:
        made.notes = [words("numbers_left_out", keys=words.listed(left_out))]
    if len(rows) > EPOCHS:
        made.notes.append(words("table_some", shown=f"{EPOCHS:,}", total=f"{len(rows):,}"))
    return made


def as_json(facts: Mapping[str, Any]) -> tuple[str, list[str]]:
    """The facts as JSON, and what was left out since it is too long; what is not finite stands there as a text.

    >>> as_json({"a": [1, float("nan")]})
    ('{"a": [1, "NaN"]}', [])
    """
    kept = {key: _told(value) for key, value in facts.items()}
    left_out: list[str] = []
    for key in sorted(LISTS, key=lambda key: -len(json.dumps(kept.get(key), ensure_ascii=False))):
        if len(json.dumps(kept, ensure_ascii=False).encode()) <= LENGTH:
            break
        if kept.pop(key, None) is not None:
            left_out.append(key)
    return json.dumps(kept, ensure_ascii=False), left_out


def _told(value: Any) -> Any:
    """JSON has no word for NaN and ∞."""
    if isinstance(value, Mapping):
        return {str(key): _told(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_told(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


def as_csv(history: Sequence[Mapping[str, Any]]) -> str:
    """A line an epoch, with as many digits as there are.

    >>> print(as_csv([{"epoch": 1, "train_loss": 0.5}, {"epoch": 2, "train_loss": float("nan")}]), end="")
    epoch,train_loss
    1,0.5
    2,nan
    """
    keys = [key for key in dict.fromkeys(key for row in history for key in row) if key.replace("_", "").isalnum()]
    lines = [",".join(keys)]
    for k in spread(len(history), EPOCHS):
        cells = (number(history[k].get(key)) for key in keys)
        lines.append(",".join("" if value is None else repr(value).removesuffix(".0") for value in cells))
    return "\n".join(lines) + "\n"

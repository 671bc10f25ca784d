"""Is the gradient right?  Backpropagation against central differences, on the network that was trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...messages import say
from ...report.parts import Section, Table


def checks(found: Sequence[Mapping[str, Any]], rows: int) -> Section:
    """A line for each parameter; `found` as `core.gradcheck` has it: name, checked, median, worst."""
    head = [say(f"lens.{key}") for key in ("parameter", "checked", "median", "worst")]
    lines = [[str(c["name"]), f"{c['checked']:,}", f"{c['median']:.1e}", f"{c['worst']:.1e}"] for c in found]
    table = Table(say("lens.checks_caption"), head, lines, notes=[say("lens.checks_note")])
    intro = [say("lens.checks_intro", rows=rows)]
    return Section("gradient-checks", say("lens.checks_title"), intro, tables=[table] if lines else [])

"""`backlit explain CODE`: the page of an error or a finding."""

from __future__ import annotations

import re
from typing import Any

import click

from ..errors import FAMILIES, fail, nearest
from ..messages import catalogue, entry, fill, language, placeholders, say
from . import page
from .options import command

CODE = re.compile(r"[A-Z]{2}\d{3}")


@command("explain")
@click.argument("code", required=False)
def explain(code: str | None) -> None:
    """Explain a code; its sentences are in the catalogue (`cli_explain`)."""
    known = sorted(key for key in catalogue(language()) if CODE.fullmatch(key))
    if code is None:
        page.out("\n".join(page.pairs(((key, title(key)) for key in known), indent=0)))
        return
    wanted = code.strip().upper()
    if wanted not in known:
        raise fail("BL308", code=code[:40], nearest=nearest(wanted[:40], known))
    family = FAMILIES.get(wanted[:3])
    kind = f" {family.__name__}" if family else ""
    told = with_rates(entry(wanted).get("page", "").strip().splitlines(), measured(wanted))
    page.out("\n".join([f"{wanted}{kind}: {title(wanted)}", "", *told]))


def with_rates(lines: list[str], rates: list[str]) -> list[str]:
    """A finding's page with what was measured in its third part: what it sees, why it hurts, how sure.

    >>> with_rates(["What", "  …", "Why", "  …", "How sure", "  …", "Example", "  …"], ["  measured"])[4:8]
    ['How sure', '  …', '  measured', 'Example']
    """
    heads = [i for i, line in enumerate(lines) if not line.startswith(" ")]
    at = heads[3] if rates and len(heads) > 3 else len(lines)
    return [*lines[:at], *rates, *lines[at:]]


def title(code: str) -> str:
    """What a code says, with … where the facts stand."""
    parts = entry(code)
    what = parts.get("what") or next(text for key, text in parts.items() if key.startswith("what"))
    return fill(what, dict.fromkeys(placeholders(what), "…"))


def measured(code: str) -> list[str]:
    """How often a finding was missed and told wrongly in the project's benchmark; nothing where that is not known."""
    from ..doctor.measured import rates

    found = rates(code)
    if found is None:
        return []
    lines = ["  " + say("doctor_faces.rates_title")]
    if found.programs:
        share = found.missed / found.programs
        lines.append("    " + say("doctor_faces.rates_missed", count=found.missed, total=found.programs, share=share))
    else:
        lines.append("    " + say("doctor_faces.rates_none"))
    if found.made:
        share = found.made_missed / found.made
        lines.append("    " + say("doctor_faces.rates_made", count=found.made_missed, total=found.made, share=share))
    share, high = found.false / found.healthy, found.at_most
    facts: dict[str, Any] = {"count": found.false, "total": found.healthy, "share": share, "high": high}
    return [*lines, "    " + say("doctor_faces.rates_false", **facts)]

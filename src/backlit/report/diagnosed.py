"""The parts of a diagnosis in a page: its table, what was tried as bars, and the section of a run's report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import charts, signs
from .facts import part
from .findings import Said, Sentences, Told, Trial, share, told
from .parts import Figure, Section, Table
from .words import Words

WIDE = 720


def section(run: Mapping[str, Any], words: Words) -> Section:
    """The quick diagnosis of a run, in its report; empty where there is none, or nothing was checked."""
    found = part(dict(run), "diagnosis")
    say = Sentences(words.language)
    made = Section("diagnosis", say("title"), below=True)
    if not found:
        return made
    known = told(found, words.language)
    figures = signs.figures(known.signs, say)
    if not (known.findings or known.passed or figures):
        return made
    if known.findings:
        made.tables.append(findings_table(known, say))
    made.intro = [say("section_intro")]
    if known.passed and not known.findings:
        made.notes.append(say("section_none", checks=len(known.passed)))
    made.figures = figures
    return made


def findings_table(made: Told, say: Sentences) -> Table:
    """A row for each finding and what follows from it: code, grade, what, and what to do."""
    rows = []
    for one in made.findings:
        rows.append([one.code, one.grade, one.what, one.remedy])
        rows += [[f"→ {under.code}", under.grade, under.what, ""] for under in one.under]
    return Table(say("title"), ["", say("sure"), say("evidence_of"), say("try")], rows, words=4)


def tried(found: Said, made: Told, say: Sentences) -> Figure | None:
    """What the changes did, as bars between the network as it is and the plain one."""
    if not found.tried:
        return None
    rows: list[Trial] = [made.now, *sorted(found.tried, key=lambda t: -(-9.0 if t.skill is None else t.skill))]
    rows += [made.reference] if made.reference is not None else []
    key = f"tried-{found.code}"
    bars = [(_labelled(row), max(row.skill or 0.0, 0.0), 0.0) for row in rows]
    svg = charts.bars(key, say("tried"), "", [*bars], say("skill_axis"), WIDE)
    head = [say("change"), say("skill"), say("steps_head")]
    cells = [[_labelled(row), share(row.skill), f"{row.steps:,}" if row.steps else "–"] for row in rows]
    return Figure(key, say("tried"), "", svg, Table(say("tried"), head, cells), WIDE)


def _labelled(row: Trial) -> str:
    return f"{row.label} ({row.note})" if row.note else row.label

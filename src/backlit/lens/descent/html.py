"""The descent as a page of HTML without scripts, and as a card for a notebook: picture, verdict, zones, table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...messages import say
from ...report import axes, cards
from ...report.page import POLICY, environment
from ...report.parts import Figure, Section, Table
from ...report.svg import Raw, drawing, group, label, line, marker, number, tag, width
from ...report.words import Words
from ...version import __version__
from . import theory
from .picture import SHAPES, WIDE, drawn
from .table import GRADIENT_DESCENT, shown
from .table import label as named
from .table import number as written
from .text import compared, facts, introduced, sentences
from .theory import LEAST, Zone
from .verdict import GOOD

if TYPE_CHECKING:
    from .result import Descent

ROWS, SOME = 40, 15  # a table of so many rows is shown whole; else so many from both ends
GROUND = 300.0
TOP, BOTTOM = 40.0, 48.0


def page(descent: Descent, lang: str) -> str:
    """One file with everything in it; the same descent gives the same bytes."""
    words, main = Words(lang), descent.runs[0]
    head = introduced(descent, lang)
    of = ", ".join(descent.function.variables)
    said = {"variables": of, "formula": descent.function.text.strip()}
    word = main.verdict.word
    found = environment().get_template("descent.html").render(
        words=words,
        policy=POLICY,
        version=__version__,
        title=say("descent.page_title", lang, **said),
        over=say("descent.over", lang),
        heading=say("descent.heading", lang, **said),
        lines=head[1:],
        status="good" if word in GOOD else "bad" if word in ("diverges", "left_domain") else "even",
        verdict=say("descent.word_name", lang, word=word),
        sentences=sentences(descent, main, lang),
        sections=_sections(descent, lang),
    )  # fmt: skip
    return found.lstrip()


def card(descent: Descent, lang: str) -> str:
    """For a notebook: the sentences, the picture, the table."""
    main = descent.runs[0]
    of = ", ".join(descent.function.variables)
    title = say("descent.heading", lang, variables=of, formula=descent.function.text.strip())
    told = [introduced(descent, lang)[-1], *sentences(descent, main, lang)]
    told.append(say("descent.word_name", lang, word=main.verdict.word))
    tables = [_compared(descent, lang)] if len(descent.runs) > 1 else []
    pictures = _pictures(descent, lang)
    steps = [] if pictures else [_steps(descent, 0, lang)]
    return cards._card(Words(lang), title, told, [*tables, *steps], pictures)


def _sections(descent: Descent, lang: str) -> list[Section]:
    main, several = descent.runs[0], len(descent.runs) > 1
    heading = {key: say(f"descent.section_{key}", lang) for key in ("picture", "rate", "compared", "table")}
    picture = Section("picture", heading["picture"], figures=_pictures(descent, lang))
    if not picture.figures:
        picture.notes.append(say("descent.picture_none", lang, count=len(descent.function.variables)))
    falls = _falls(descent, lang)
    fall = Section("fall", say("descent.section_fall", lang), figures=[falls] if falls else [])
    rate = Section("rate", heading["rate"], facts=facts(descent, main, lang))
    zones = _zones(descent, lang)
    rate.figures += [zones] if zones else []
    if main.verdict.rest is not None and main.verdict.rest.curved and not zones:
        rate.notes.append(say("descent.zones_none", lang, rule=main.rule.name))
    tables = [_steps(descent, k, lang) for k in range(len(descent.runs))]
    found = [picture, fall, rate]
    if several:
        start = sentences_of_start(descent, lang)
        found.append(Section("compared", heading["compared"], [start], tables=[_compared(descent, lang)]))
    found.append(Section("table", heading["table"], tables=tables))
    return [section for section in found if not section.empty()]


def sentences_of_start(descent: Descent, lang: str) -> str:
    """That all runs begin at one point and make as many steps."""
    from .table import point

    start = point(descent.function, descent.start)
    return say("descent.picture_first", lang, count=len(descent.runs), start=start)


def _compared(descent: Descent, lang: str) -> Table:
    head, rows = compared(descent, lang)
    return Table(say("descent.compared_caption", lang), head, rows, words=2)


def _steps(descent: Descent, k: int, lang: str) -> Table:
    """The steps of a run; of a long one its beginning and its end."""
    run = descent.runs[k]
    head, rows = shown(descent.function, run.path, lang)
    notes = []
    if len(rows) > ROWS:
        notes = [say("descent.table_some", lang, shown=2 * SOME, count=len(rows))]
        rows = [*rows[:SOME], ["…"] + [""] * (len(head) - 1), *rows[-SOME:]]
    return Table(say("descent.table_caption", lang, label=named(run.rule)), head, rows, words=1, notes=notes)


def _pictures(descent: Descent, lang: str) -> list[Figure]:
    if len(descent.function.variables) > 2:
        return []
    svg, told, size, notes = drawn(descent, lang)
    title = say("descent.picture_title", lang)
    return [Figure("descent", title, told, svg, _steps(descent, 0, lang), size[0], notes)]


# ---- f over the steps -------------------------------------------------------------------------------------------


def _falls(descent: Descent, lang: str) -> Figure | None:
    """f above the lowest minimum over the steps, on a logarithmic axis; None where no minimum is known."""
    known = [r.verdict.rest.value for r in descent.runs if r.verdict.rest is not None and r.verdict.rest.is_minimum]
    lines = []
    for run in descent.runs:
        height = run.path.values - min(known, default=np.nan)
        lines.append(
            [(float(j), float(v)) for j, v in enumerate(height) if 1e-14 * (1 + abs(min(known, default=0))) < v]
        )
    values = [v for found in lines for _, v in found]
    if not values:
        return None
    y = axes.logarithmic(values, GROUND - BOTTOM, TOP)
    x = axes.counted(0, max(descent.steps, 1), axes.left_margin(y), WIDE - 24)
    least = written(min(known), 5)
    above = say("descent.fall_axis", lang, value=least) if least != "0" else say("descent.fall_axis_zero", lang)
    parts = axes.frame(x, y, say("descent.step_axis", lang), above)
    for k, found in reversed(list(enumerate(lines))):
        pixels = [(x(a), y(b)) for a, b in found[:: max(1, len(found) // 700)]]
        if pixels:
            path = "M" + "L".join(f"{number(a)} {number(b)}" for a, b in pixels)
            some = pixels[:: max(1, len(pixels) // 12)]
            marks = [marker(SHAPES[k], *place, f"r{k}", 3.4) for place in some]
            parts.append(group(tag("path", d=path, class_=f"curve r{k}"), *marks))
    names = [named(run.rule) for run in descent.runs]
    told = f"{say('descent.fall_title', lang)}: {', '.join(names)}"
    svg = drawing("figure-fall", say("descent.fall_title", lang), told, (WIDE, GROUND), *parts)
    jump = max(1, -(-descent.steps // 20))
    rows = []
    for j in range(0, descent.steps + 1, jump):
        cells = [run.path.values[j] if j < len(run.path.values) else None for run in descent.runs]
        rows.append([str(j), *("–" if c is None else written(float(c)) for c in cells)])
    twin = Table(say("descent.fall_title", lang), [say("descent.step_axis", lang), *names], rows)
    return Figure("fall", say("descent.fall_title", lang), told, svg, twin, WIDE)


# ---- zones ------------------------------------------------------------------------------------------------------


def _zones(descent: Descent, lang: str) -> Figure | None:
    """What becomes of which rate at the minimum reached, with the rate of this run."""
    run = descent.runs[0]
    rest, edge = run.verdict.rest, run.verdict.bound
    if rest is None or not rest.curved or edge is None:
        return None
    budget = max(descent.steps, LEAST)
    found = theory.zones(run.rule, rest.eigenvalues, budget)
    rule = named(run.rule).rpartition(" ")[0]
    title = say("descent.zones_title", lang, rule=rule)
    names = [say(f"descent.zone_{zone.name}", lang) for zone in found]
    ends = [(written(z.low, 4), "∞" if np.isinf(z.high) else written(z.high, 4)) for z in found]
    rows = [[name, *end] for name, end in zip(names, ends, strict=True)]
    head = [say(f"descent.{key}", lang) for key in ("zone", "zone_from", "zone_to")]
    twin = Table(say("descent.zones_caption", lang), head, rows)
    listed = Words(lang).listed([f"{name} {low}–{high}" for name, (low, high) in zip(names, ends, strict=True)])
    told = say("descent.zones_described", lang, zones=listed, rate=written(run.rule.learning_rate, 6))
    parts, high = _bar(descent, found, names, edge, lang)
    svg = drawing("figure-zones", title, told, (WIDE, high), *parts)
    return Figure("zones", title, told, svg, twin, WIDE, [say("descent.zones_note", lang, budget=budget)])


def _bar(descent: Descent, zones: list[Zone], names: list[str], edge: float, lang: str) -> tuple[list[Raw], float]:
    """The bar of zones from ε = 0 to beyond the bound; the rates of all runs of the same rule as marks."""
    main = descent.runs[0].rule
    rates = [run.rule.learning_rate for run in descent.runs if run.rule.name == main.name]
    x = axes.linear([0.0, min(max(1.25 * edge, 1.05 * max(rates)), 2.5 * edge)], 24, WIDE - 40, 8)
    top, high = 52.0, 26.0
    parts: list[Raw] = []
    free = 24.0  # where the next name may begin, above the bar
    for zone, name in zip(zones, names, strict=True):
        a, b = x(zone.low), x(min(zone.high, x.high))
        parts.append(tag("rect", x=a, y=top, width=max(1.0, b - a), height=high, class_=f"zone {zone.name}"))
        at = max(free, min((a + b) / 2 - width(name, 13) / 2, WIDE - width(name, 13)))
        parts.append(label(at, top - 8, name, "kind"))
        free = at + width(name, 13) + 12
    bottom = top + high
    for value, text in x.ticks:
        parts.append(line(x(value), bottom, x(value), bottom + 5, "axis"))
        parts.append(label(x(value), bottom + 18, text, "tick", "middle"))
    parts += _marks(descent, x, top, bottom)
    taken: list[float] = []
    for epsilon in rates:
        at = x(epsilon)
        parts.append(tag("path", d=f"M{number(at)} {number(top + 3)}l-6 -11h12z", class_="pointer"))
        text = f"ε = {written(epsilon, 4)}" + (" →" if epsilon > x.high else "")
        if all(abs(at - other) > 74 for other in taken):
            taken.append(at)
            left = min(max(at - width(text) / 2, 0), WIDE - width(text))
            parts.append(label(left, 16, text, "note"))
            parts.append(line(at, 21, at, top - 8, "best"))
    parts.append(label((x.start + x.end) / 2, bottom + 54, say("descent.zones_axis", lang), "name", "middle"))
    return parts, bottom + 62


def _marks(descent: Descent, x: axes.Scale, top: float, bottom: float) -> list[Raw]:
    """1/λ and the bound, below the ticks."""
    run = descent.runs[0]
    rest, edge = run.verdict.rest, run.verdict.bound
    assert rest is not None
    assert edge is not None
    name = "λmax" if len(rest.eigenvalues) > 1 else "λ"
    own = {"momentum": f"2(1+β)/{name}", "nesterov": f"2(1+β)/((1+2β){name})"}.get(run.rule.name, f"2/{name}")
    ends = [(edge, own), *([(edge / 2, f"1/{name}")] if run.rule.name in GRADIENT_DESCENT else [])]
    parts: list[Raw] = []
    for epsilon, text in ends:
        parts.append(line(x(epsilon), top, x(epsilon), bottom + 7, "best"))
        parts.append(label(x(epsilon), bottom + 35, text, "note", "middle"))
    return parts

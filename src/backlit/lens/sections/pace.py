"""The learning rate beside its bound, and what a third and three times the rate would have done."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ...messages import language, say
from ...report import axes
from ...report.numbers import measured
from ...report.parts import Figure, Section, Table
from ...report.svg import Raw, drawing, label, marker, number, tag, width

WIDE, HIGH, TOP, BOTTOM = 640, 300, 24, 44
LOOKS = (("triangle", "valid"), ("dot", "train"), ("diamond", "third"))  # of a third, once and three times the rate
ROWS = 11  # of the table twin


def pace(curvature: Any | None, rates: Mapping[str, Any] | None, left_out: Sequence[str] = ()) -> Section:
    """`curvature` is what `backlit.curvature` returns, `rates` what `training/looks/rates.py` does; None: left out."""
    section = Section("rate", say("lens.pace_title"))
    if curvature is not None:
        verdict = curvature.verdict(language())
        section.intro = [verdict[:1].upper() + verdict[1:]]
        section.facts = list(curvature.facts(language()).items())
        section.notes = curvature.notes(language())
    if rates is not None and rates["forks"]:
        section.figures = [_figure(rates)]
        section.tables = [_ends(rates)]
        section.below = True
    section.notes = [*section.notes, *left_out]
    return section


def _name(fork: Mapping[str, Any]) -> str:
    return say("lens.times", times="⅓" if fork["factor"] < 1 else f"{fork['factor']:g}", rate=fork["rate"])


def _word(fork: Mapping[str, Any]) -> str:
    return say(f"lens.word_{fork['word']}")


def _ends(rates: Mapping[str, Any]) -> Table:
    """Where each fork begins and ends."""
    rows = [
        [_name(f), _word(f), measured(rates["start"], 4), measured(_end(f), 4), f"{f['done']}"] for f in rates["forks"]
    ]
    head = [say(f"lens.{key}") for key in ("fork", "course", "before", "after", "steps")]
    note = say("lens.rates_note", rows=f"{rates['rows']:,}")
    return Table(say("lens.rates_caption", steps=rates["steps"]), head, rows, words=2, notes=[note])


def _end(fork: Mapping[str, Any]) -> float:
    return math.nan if fork["end"] is None else float(fork["end"])


def _figure(rates: Mapping[str, Any]) -> Figure:
    forks = rates["forks"]
    title = say("lens.rates_title", steps=rates["steps"])
    described = " ".join(f"{_name(f)}: {_word(f)}, E = {measured(_end(f), 4)}." for f in forks)
    svg = drawing("figure-rates", title, described, (WIDE, HIGH), *_curves(forks)) if _good(forks) else ""
    longest = max(len(f["losses"]) for f in forks)
    shown = sorted({round(k * (longest - 1) / (ROWS - 1)) for k in range(ROWS)}) if longest else []
    rows = [[f"{k + 1}", *(measured(f["losses"][k], 4) if k < len(f["losses"]) else "–" for f in forks)] for k in shown]
    table = Table(say("lens.rates_twin"), [say("lens.step"), *map(_name, forks)], rows)
    return Figure("rates", title, described, svg, table, WIDE)


def _good(forks: Sequence[Mapping[str, Any]]) -> list[float]:
    return [v for f in forks for v in f["losses"] if math.isfinite(v)]


def _curves(forks: Sequence[Mapping[str, Any]]) -> list[Raw]:
    good = _good(forks)
    log = axes.spans_decades(good, 1.5)
    y = (axes.logarithmic if log else axes.linear)(good, HIGH - BOTTOM, TOP)
    room = max(width(_name(f), 13) for f in forks)
    longest = max(len(f["losses"]) for f in forks)
    x = axes.counted(1, max(longest, 2), axes.left_margin(y), WIDE - room - 44)
    parts = axes.frame(x, y, say("lens.step"), say("lens.batch_loss_log" if log else "lens.batch_loss"))
    ends = []
    for fork, (shape, class_) in zip(forks, LOOKS, strict=False):
        places = [(x(k + 1), y(v)) for k, v in enumerate(fork["losses"]) if math.isfinite(v)]
        if not places:
            continue
        path = "M" + "L".join(f"{number(a)} {number(b)}" for a, b in places)
        parts.append(tag("path", d=path, class_=f"curve {class_}"))
        parts += [marker(shape, *place, class_) for place in places[:: max(1, len(places) // 8)]]
        ends.append((places[-1][1], fork, shape, class_))
    heights: list[float] = []
    for at, fork, shape, class_ in sorted(ends, key=lambda e: e[0]):
        heights.append(max(at, heights[-1] + 18) if heights else at)
        parts.append(marker(shape, x.end + 13, heights[-1] - 4, class_))
        parts.append(label(x.end + 22, heights[-1], _name(fork), f"direct {class_}"))
    return parts

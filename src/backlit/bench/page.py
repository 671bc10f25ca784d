"""The figures for people: rows of tables, and the page of results in Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from ..messages import say
from .machine import QUIET
from .peers import OURS, Missing, shown
from .results import Goal, Measured, PeerFigure, Results, Section, Target

HEADINGS = ("peer", "time", "quartiles", "ratio", "target", "met")
WORKLOAD_NAMES = "`{}`"


def number(value: float) -> str:
    """Three digits, as people write them.

    >>> number(0.01234), number(5.678), number(123.4), number(28931.0)
    ('0.0123', '5.68', '123', '28,931')
    """
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}" if value < 1 else f"{value:.{1 if value >= 10 else 2}f}"


def judged(target: Target) -> tuple[str, str]:
    """The target, and whether it is met."""
    if target.least is None:
        return "", ""
    return f"{'>' if target.above else '≥'} {target.least:g}", say("bench.met" if target.met else "bench.not_met")


def headings() -> list[str]:
    """What stands above the columns of `rows`."""
    return [say(f"bench.{key}") for key in HEADINGS]


def rows(m: Measured) -> list[list[str]]:
    """A row for Backlit, each peer and the limit."""
    found = [[shown(OURS), number(m.ours.median), f"{number(m.ours.low)}–{number(m.ours.high)}", "", "", ""]]
    for p in m.peers:
        name = shown(p.peer) + (f" ({p.way})" if p.way else "")
        quartiles = f"{number(p.microseconds.low)}–{number(p.microseconds.high)}"
        found.append([name, number(p.microseconds.median), quartiles, f"{number(p.ratio.median)} ×", *_judged(p)])
    if m.limit:
        took, held = m.limit.microseconds, m.limit.fraction
        quartiles = f"{number(took.low)}–{number(took.high)}"
        found.append([say("bench.limit"), number(took.median), quartiles, f"{held.value:.2f}", *judged(held)])
    return found


def _judged(p: PeerFigure) -> tuple[str, str]:
    return judged(p.target)


def title(m: Measured) -> str:
    """The workload in a line."""
    return f"{m.name}: {m.text}"


def notes(m: Measured) -> list[str]:
    """What belongs below the table of a workload."""
    found = [say(f"bench.flop_{m.kind}", flop=f"{m.flop:,}")]
    if m.limit:
        found.append(
            say("bench.limit_of", bytes=f"{m.limit.bytes:,}", rate=m.limit.gigabytes_a_second,
                size=f"{m.limit.working_set / 1000:,.0f}")
        )  # fmt: skip
    checks = [f"{shown(p.peer)} {p.checked.difference:.0e} (≤ {p.checked.tolerance:g})" for p in m.peers]
    if checks:
        found.append(say(f"bench.checked_{m.kind}", checks=", ".join(checks)))
    if m.checked_without_dropout:
        found.append(say("bench.without_dropout"))
    compiled = [f"{shown(p.peer)} {p.prepared:.1f} s" for p in m.peers if p.prepared]
    if compiled:
        found.append(say("bench.compiled", times=", ".join(compiled)))
    return found + [missing(each) for each in m.missing]


def missing(left: Missing) -> str:
    """Why a peer or a workload is left out."""
    return say("bench.left_out", who=shown(left.peer), why=say(f"bench.{left.key}", detail=left.detail))


def targets(results: Results) -> list[Target | Goal]:
    """All targets that the figures were held against."""
    found: list[Target | Goal] = [p.target for m in results.measured for p in m.peers]
    found += [m.limit.fraction for m in results.measured if m.limit]
    found += [goal for section in results.sections for goal in section.goals]
    return [t for t in found if t.met is not None]


def verdict(results: Results) -> str:
    """How many targets are met, and a warning where the machine was not quiet."""
    held = targets(results)
    told = say("bench.verdict", met=sum(bool(t.met) for t in held), count=len(held))
    least = min(results.machine["two_threads_do"], results.machine["two_threads_do_at_the_end"])
    return told if least >= QUIET else f"{told} {say('bench.not_quiet', two=least, least=QUIET)}"


def surroundings(results: Results) -> dict[str, str]:
    """The machine, in names and values."""
    m = results.machine
    return {
        say("bench.processor"): f"{m['processor']}, {say('bench.cores', count=m['cores'])}",
        say("bench.system"): f"{m['system']}; {', '.join(m['blas'])}",
        say("bench.versions"): ", ".join(f"{name} {version}" for name, version in m["versions"].items()),
        say("bench.date"): m["date"],
        say("bench.load"): say(
            "bench.loads", before=m["load"], after=m["load_at_the_end"], two=m["two_threads_do"],
            two_after=m["two_threads_do_at_the_end"], meet=m["two_threads_meet"],
            meet_after=m["two_threads_meet_at_the_end"],
        ),
        say("bench.repeats"): say("bench.turns", repeats=results.repeats, seconds=results.seconds),
    }  # fmt: skip


def markdown_table(head: Sequence[str], body: Sequence[Sequence[str]]) -> list[str]:
    """A table in Markdown: the first column to the left, the others to the right."""
    line = "| " + " | ".join(["---", *["---:"] * (len(head) - 1)]) + " |"
    return [f"| {' | '.join(head)} |", line, *(f"| {' | '.join(row)} |" for row in body)]


def summary(results: Results) -> list[str]:
    """One row for each workload: our time, the ratios, the fraction of the limit, a mark at each target."""
    peers = list(dict.fromkeys(p.peer for m in results.measured for p in m.peers))
    head = [say("bench.workload"), f"{shown(OURS)} (µs)", *map(shown, peers), say("bench.limit")]
    body = []
    for m in results.measured:
        of = {p.peer: f"{number(p.ratio.median)} ×{_mark(p.target)}" for p in m.peers}
        limit = f"{m.limit.fraction.value:.2f}{_mark(m.limit.fraction)}" if m.limit else ""
        body.append([WORKLOAD_NAMES.format(m.name), number(m.ours.median), *(of.get(p, "") for p in peers), limit])
    return markdown_table(head, body)


def _mark(t: Target) -> str:
    return "" if t.met is None else " ✓" if t.met else f" ✗ ({judged(t)[0]})"


def markdown(results: Results) -> str:
    """The page of results."""
    lines = [f"# {say('bench.title')}", "", say("bench.about"), ""]
    lines += [f"- {name}: {value}" for name, value in surroundings(results).items()]
    if results.measured:
        lines += ["", *summary(results), "", say("bench.legend")]
    lines += ["", verdict(results)]
    for m in results.measured:
        lines += ["", f"## {title(m)}", "", *markdown_table(headings(), rows(m)), "", *(f"- {n}" for n in notes(m))]
        if m.limit:
            lines += ["", *_products(m)]
    if results.skipped:
        lines += ["", *(f"- {missing(left)}" for left in results.skipped)]
    for section in results.sections:
        lines += ["", f"## {section.title}", "", *section_lines(section)]
        for drawing in section.drawings:
            lines += ["", f"![{drawing.shows}]({drawing.file})"]
    return "\n".join(lines) + "\n"


def section_lines(section: Section) -> list[str]:
    """What a section says, and its goals as a table."""
    if not section.goals:
        return section.lines
    head = [say("bench.figure"), say("bench.value"), say("bench.target"), say("bench.met")]
    body = []
    for goal in section.goals:
        bound = ("", "") if goal.met is None else (_bound(goal), say("bench.met" if goal.met else "bench.not_met"))
        body.append([goal.text, f"{number(goal.value)} {goal.unit}".rstrip(), *bound])
    return [*section.lines, "", *markdown_table(head, body)]


def _bound(goal: Goal) -> str:
    if goal.least is None:
        return f"≤ {goal.most:g} {goal.unit}".rstrip()
    return f"{'>' if goal.above else '≥'} {goal.least:g} {goal.unit}".rstrip()


def _products(m: Measured) -> list[str]:
    """The matrix products of the limit, each alone at its best."""
    assert m.limit is not None
    head = [say("bench.product"), say("bench.count"), "µs", "GFLOP/s", say("bench.layout"), say("bench.threads")]
    body = [
        [
            f"({p['m']}, {p['k']}) · ({p['k']}, {p['n']})",
            str(p["count"]),
            number(_float(p["microseconds"])),
            number(_float(p["gigaflop_a_second"])),
            str(p["layout"]),
            say(f"bench.threads_{p['threads']}"),
        ]
        for p in m.limit.products
    ]
    return markdown_table(head, body)


def _float(value: object) -> float:
    assert isinstance(value, float)
    return value

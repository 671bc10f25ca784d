"""A diagnosis as text: the root cause first, its evidence, what was tried as bars, the remedy as one would type it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..messages import places
from ..messages.wrapping import padded, wrap
from ..report.findings import Said, Sentences, Told, Trial, share, told

BAR, SHORT = 20, 4  # cells of a bar, and of the shortest
NAME = 16  # places that the name of a change gets before its bar, where there is little room
BLOCKS = " ▏▎▍▌▋▊▉█"


def text(found: Mapping[str, Any], language: str, columns: int = 96) -> str:
    """What was found, or that the network is healthy, in lines of at most `columns` places."""
    made, say = told(found, language), Sentences(language)
    lines = [*_head(made, say, columns)]
    for number, finding in enumerate(made.findings):
        lines += ["", *_finding(finding, made, say, columns, root=number == 0)]
    for note in made.notes:
        lines += ["", *_titled(f"{note.code}  {say('note')}", note.what, columns)]
        lines += _rows([("", note.evidence), ("", note.remedy)], columns, 2)
        lines += _typed([("", note.python)], 2)
    lines += _repair(made, say, columns)
    lines += _checks(made, say, columns)
    return "\n".join(line.rstrip() for line in lines)


def _head(made: Told, say: Sentences, columns: int) -> Iterator[str]:
    """The verdict, and how good the network is."""
    if not made.findings:
        yield from wrap(made.verdict, columns)
    elif len(made.findings) == 1:
        yield from wrap(say("one_found", what=made.verdict), columns)
    else:
        yield from wrap(say("several_found", count=len(made.findings), what=made.verdict), columns)
    for sentence in made.more:
        yield from wrap(sentence, columns)


def _finding(found: Said, made: Told, say: Sentences, columns: int, *, root: bool) -> Iterator[str]:
    """One finding with all that belongs to it."""
    yield from _titled(f"{found.code}  {found.grade}", found.what, columns)
    rows = [
        (say("evidence"), found.evidence), (say("threshold"), found.threshold), (say("sure"), found.sure),
        (say("consequence"), found.consequence),
    ]  # fmt: skip
    wide = _wide(say)
    yield from _rows(rows, columns, wide)
    if found.tried:
        yield from _bars(found.tried, made, say, columns, wide)
    yield from _rows([(say("try"), found.remedy)], columns, wide)
    yield from _typed([("", found.command), ("Python", found.python)], wide)
    for number, one in enumerate(found.under):
        yield from _rows([(say("follows") if number == 0 else "", f"{one.code} {one.what}")], columns, wide)
        if one.shown:  # it can be looked at by itself
            yield from _rows([("", one.evidence)], columns, wide)
            yield from _typed([("", one.shown)], wide)
    yield from _rows([(say("more"), f"backlit explain {found.code}")], columns, wide)


def _wide(say: Sentences) -> int:
    """The places of the first column."""
    keys = ("evidence", "threshold", "sure", "consequence", "tried", "try", "follows", "more")
    return max(*(places(say(key)) for key in keys), 6)


def _titled(head: str, what: str, columns: int) -> Iterator[str]:
    """A code with its grade, and the sentence beside it."""
    room = columns - places(head) - 2
    first, *rest = wrap(what, room)
    yield f"{head}  {first}"
    for line in rest:
        yield " " * (places(head) + 2) + line


def _rows(rows: Sequence[tuple[str, str]], columns: int, wide: int) -> Iterator[str]:
    """Names and sentences in two columns; what is empty is left out."""
    for name, sentence in rows:
        if sentence:
            first, *rest = wrap(sentence, columns - wide - 4)
            yield f"  {padded(name, wide)}  {first}"
            for line in rest:
                yield " " * (wide + 4) + line


def _typed(rows: Sequence[tuple[str, str]], wide: int) -> Iterator[str]:
    """What one types: never wrapped, so that it can be copied."""
    for name, typed in rows:
        for number, line in enumerate(typed.splitlines()):
            yield f"  {padded(name if number == 0 else '', wide)}  {line}"


def _bars(tried: Sequence[Trial], made: Told, say: Sentences, columns: int, wide: int) -> Iterator[str]:
    """What each change did, the best one first, between the network as it is and the plain reference."""
    rows = [made.now, *sorted(tried, key=lambda t: -(t.skill if t.skill is not None else -9.0))]
    if made.reference is not None:
        rows.append(made.reference)
    room = columns - wide - 4 - 10  # for a name, a space, and the bar: which is shorter where there is little
    longest = max(places(row.label) for row in rows)
    cells = min(BAR, max(room - min(longest, NAME), SHORT))
    names = min(longest, room - cells)
    for number, row in enumerate(rows):
        first, *rest = wrap(row.label, names)
        value = _value(row.skill)
        told_steps = say("steps", steps=row.steps) if row.steps else ""
        notes = "  ".join(part for part in (told_steps, row.note) if part)
        head = padded(say("tried") if number == 0 else "", wide)
        line = f"  {head}  {padded(first, names)}  {bar(row.skill, cells)} {value}"
        yield f"{line}  {notes}" if notes and places(line) + places(notes) + 2 <= columns else line
        for more in rest:
            yield " " * (wide + 4) + more


def _value(skill: float | None) -> str:
    """A skill in six places.

    >>> _value(0.5), _value(-45.3), _value(-1.5e40), _value(None)
    ('  0.50', '-45.30', '-2e+40', '     –')
    """
    if skill is None:
        return "     –"
    return f"{skill:6.2f}" if len(f"{skill:.2f}") <= 6 else f"{skill:6.0e}"


def bar(skill: float | None, cells: int = BAR) -> str:
    """A bar from 0 to 1 of so many cells, with eighths of a cell.

    >>> bar(0.5).count("█"), len(bar(0.27)), bar(None).strip("·")
    (10, 20, '')
    """
    share = min(max(skill or 0.0, 0.0), 1.0)
    whole, eighths = divmod(round(share * cells * 8), 8)
    filled = "█" * whole + (BLOCKS[eighths] if eighths else "")
    return filled + "·" * (cells - len(filled))


def _repair(made: Told, say: Sentences, columns: int) -> Iterator[str]:
    """All that is advised together, where it is more than the first finding's own remedy."""
    found = made.own_repair
    if found is None:
        return
    yield ""
    key = "repair_fresh" if found.fresh else "repair"
    yield from wrap(say(key, change=found.label, skill=share(found.skill)), columns)
    yield from _typed([("", found.command), ("Python", found.python)], _wide(say))


def _checks(made: Told, say: Sentences, columns: int) -> Iterator[str]:
    """The checks that were passed, by name, and what was left out and why."""
    if made.passed and made.healthy:
        yield ""
        yield from _named(made.passed, columns)
    elif made.passed:
        yield ""
        passed = " ".join(code for code, _ in made.passed)
        yield from wrap(f"{say('passed', checks=len(made.passed))} {passed}", columns)
    reasons: dict[str, list[str]] = {}
    for code, reason in made.left_out:
        reasons.setdefault(reason, []).append(code)
    if reasons:
        yield ""
        yield say("left_out")
    for reason, codes in reasons.items():
        named = " ".join(code for code in codes if code)
        yield from ("  " + line for line in wrap(f"{reason}{': ' if named else ''}{named}", columns - 2))


def _named(passed: Sequence[tuple[str, str]], columns: int) -> Iterator[str]:
    """Checks with their names, in two columns where there is room."""
    cells = [f"{code} {name}" for code, name in passed]
    half = -(-len(cells) // 2)
    left = max(map(places, cells[:half]))
    if left + 4 + max(map(places, cells[half:] or [""])) > columns:
        yield from (f"  {cell}" for cell in cells)
        return
    for k in range(half):
        yield f"  {padded(cells[k], left)}  {cells[k + half] if k + half < len(cells) else ''}"

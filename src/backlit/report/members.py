"""Several trainings of one kind beside each other: a mark for each, mean and spread, and all of it as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from . import axes
from .facts import finite, part, text
from .judged import score
from .numbers import count, duration, measured, percent
from .parts import Figure, Table
from .svg import Raw, drawing, fit, group, label, line, marker, tag, width
from .verdict import SETS
from .words import Words

ROW, TOP, DRAWN, LISTED = 24, 44, 40, 200
MODELS = {"network": ("dot", "train"), "linear": ("triangle", "valid")}  # mark and class (colour)


def judged(run: dict[str, Any]) -> dict[str, Any]:
    """The measures of the rows that a member is judged on."""
    result = part(run, "result")
    return next((part(result, name) for name in SETS if part(result, name)), {})


def of(run: dict[str, Any], who: str, key: str) -> float | None:
    """A measure of the network, or of a simple model on the same rows."""
    return finite((judged(run) if who == "network" else part(part(run, "baselines"), who)).get(key))


def figure(runs: Mapping[str, dict[str, Any]], found: dict[str, Any], key: str, words: Words, wide: float) -> Figure:
    """A row for each member: its measure, the linear model's on the same rows, and the mean ± standard deviation."""
    measure = words(f"score_{key}_name")
    title = words("members_figure", measure=measure)
    write = percent if key == "accuracy" else measured
    spread = part(part(found, "network"), key)
    mean, std = finite(spread.get("mean")), finite(spread.get("std")) or 0.0
    marks = {who: {name: of(run, who, key) for name, run in runs.items()} for who in MODELS}
    values = [v for own in marks.values() for v in own.values() if v is not None]
    facts = {"count": count(len(runs)), "measure": measure, "mean": write(mean), "std": write(std)}
    description = words("members_described", **facts)
    svg = ""
    if values and mean is not None:
        svg = _drawing(list(runs)[:DRAWN], marks, (mean, std), values, words, (title, description, measure), wide)
    notes = [words("members_some", shown=count(DRAWN), total=count(len(runs)))] if len(runs) > DRAWN else []
    names = [measure, *(words(f"model_{who}") for who in MODELS)]
    rows = [[name, *(write(own[name]) if own[name] is not None else "–" for own in marks.values())] for name in runs]
    twin = Table(title, [words("member"), *names[1:]], rows[:LISTED])
    return Figure("members", title, description, svg, twin, wide, notes)


def _drawing(
    names: Sequence[str], marks: Mapping[str, Mapping[str, float | None]], spread: tuple[float, float],
    values: list[float], words: Words, said: tuple[str, str, str], wide: float,
) -> str:  # fmt: skip
    """From the back to the front: band and line of mean and spread, axis, marks, what the marks are."""
    title, description, measure = said
    mean, std = spread
    left = min(0.3 * wide, max(width(name, 13) for name in names) + 16)
    shares = measure == words("score_accuracy_name")
    x = axes.linear([*values, mean - std, mean + std], left, wide - 30, 6, shares=shares)
    bottom = TOP + ROW * len(names)
    parts: list[Raw] = [
        tag(
            "rect",
            x=x(mean - std),
            y=TOP - 6,
            width=x(mean + std) - x(mean - std),
            height=bottom - TOP + 6,
            class_="band",
        )
    ]
    for value, shown in x.ticks:
        parts.append(line(x(value), TOP - 6, x(value), bottom, "grid"))
        parts.append(label(x(value), bottom + 16, shown, "tick", "middle"))
    parts.append(line(x(mean), TOP - 6, x(mean), bottom, "best"))
    for k, name in enumerate(names):
        y = TOP + ROW * (k + 0.5)
        parts.append(label(left - 10, y + 4.5, fit(name, left - 14, 13), "kind", "end"))
        for shift, (who, (shape, class_)) in zip((-5, 5), MODELS.items(), strict=True):  # equal ones are both seen
            if (at := marks[who][name]) is not None:
                parts.append(marker(shape, x(at), y + shift, class_, 4.5))
    parts.append(label((x.start + x.end) / 2, bottom + 34, measure, "name", "middle"))
    parts.append(_legend(left, [who for who in MODELS if any(v is not None for v in marks[who].values())], words))
    return drawing("figure-members", title, description, (wide, bottom + 42), *parts)


def _legend(left: float, there: Sequence[str], words: Words) -> Raw:
    at, parts = left + 4, []
    for who in there:
        shape, class_ = MODELS[who]
        name = words(f"model_{who}")
        parts.append(marker(shape, at, 16, class_, 4.5))
        parts.append(label(at + 10, 20.5, name, f"direct {class_}"))
        at += width(name, 14) + 40
    parts.append(line(at, 9, at, 23, "best"))
    parts.append(label(at + 10, 20.5, words("members_mean"), "small"))
    return group(*parts)


def table(
    runs: Mapping[str, dict[str, Any]], found: dict[str, Any], keys: Sequence[str], words: Words, links: bool
) -> Table:
    """A row for each member, with a link to its own report; below them mean, standard deviation, ensemble."""
    simple = [who for who in ("constant", "linear") if part(found, who)]
    main = keys[0]
    head = [words("member"), words("best_epoch"), words("time"), *(words(f"score_{key}_name") for key in keys)]
    head += [f"{words(f'model_{who}')}: {words(f'score_{main}_name')}" for who in simple]
    rows, targets = [], []
    for name, run in list(runs.items())[:LISTED]:
        result = part(run, "result")
        cells = [count(finite(result.get("best_epoch"))) or "–", duration(finite(result.get("seconds"))) or "–"]
        cells += [score(key, judged(run).get(key)) for key in keys]
        cells += [score(main, part(part(run, "baselines"), who).get(main)) for who in simple]
        rows.append([name, *cells])
        targets.append(f"{name}/report.html" if links else "")
    for end in ("mean", "std"):
        cells = [score(key, part(part(found, "network"), key).get(end)) for key in keys]
        cells += [score(main, part(part(found, who), main).get(end)) for who in simple]
        rows.append([words("members_mean_row" if end == "mean" else "members_std"), "", "", *cells])
    if together := part(found, "ensemble"):
        cells = [score(key, together.get(key)) for key in keys]
        rows.append([words("members_ensemble"), "", "", *cells, *[""] * len(simple)])
    notes = [words("members_ensemble_note")] if together else []
    if len(runs) > LISTED:
        notes.append(words("members_listed", shown=count(LISTED), total=count(len(runs))))
    targets += [""] * (len(rows) - len(targets))
    return Table(words("members_caption"), head, rows, notes=notes, links=targets)


def better(runs: Mapping[str, dict[str, Any]], key: str) -> int | None:
    """In how many of the members the network is better than the linear model on the same rows."""
    pairs = [(of(run, "network", key), of(run, "linear", key)) for run in runs.values()]
    known = [(own, other) for own, other in pairs if own is not None and other is not None]
    return sum(own > other for own, other in known) if len(known) == len(runs) else None


def named(run: dict[str, Any]) -> str:
    """The measure that a task is judged by first."""
    return "r2" if text(part(run, "data"), "task") == "regression" else "accuracy"

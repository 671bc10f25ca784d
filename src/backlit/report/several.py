"""The report of several trainings: the folds of a cross-validation, or one split with several seeds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import downloads, members
from .evidence import METRICS, confusion, errors
from .facts import clean, finite, items, part, text
from .judged import score
from .numbers import count, duration, prose
from .page import whole
from .parts import Section
from .sections import architecture, data, glossary, reproduce, settings, start
from .verdict import SETS, Verdict, target
from .words import Words

WIDE = 760


def page(found: Mapping[str, Any], runs: Mapping[str, Mapping[str, Any]], language: str, links: bool = True) -> str:
    """The whole page; see `backlit.report.render_group`."""
    facts, every = clean(found), {str(name): clean(run) for name, run in runs.items()}
    words = Words(language)
    first: dict[str, Any] = next(iter(every.values()), {})
    kind = "seeds" if text(facts, "kind") == "seeds" else "folds"
    if kind == "seeds":  # judged on the same rows: the first one's simple models are those of all
        every = {name: {**run, "baselines": first.get("baselines")} for name, run in every.items()}
    run = _one(facts, first, every, kind)
    told = [_members(facts, every, words, kind, links), settings(run, words), start(run, words), data(run, words)]
    told += [architecture(run, words), confusion(run, words), errors(run, words), reproduce(run, words)]
    told.append(downloads.section(facts, [], words))
    shown = [section for section in told if not section.empty()]
    shown.append(glossary(run, [], {section.key for section in shown}, words))
    name = text(facts, "name") or text(first, "name") or words("unnamed")
    return whole(
        words, facts, f"{name}: {words(f'several_{kind}', count=count(len(every)))}", over=words("over_several"),
        verdict=_verdict(facts, every, words, kind), effort=_effort(every, words), sections=shown,
    )  # fmt: skip


def _one(
    facts: dict[str, Any], first: dict[str, Any], every: Mapping[str, dict[str, Any]], kind: str
) -> dict[str, Any]:
    """All members as one run: what they share, and over folds, in which every row is held out once, all answers."""
    run = {key: first.get(key) for key in ("settings", "architecture", "parameters", "start", "backlit")}
    run |= {key: facts.get(key) for key in ("command", "python", "versions")}
    own = dict(part(first, "settings"))
    table = dict(part(first, "data"))
    if kind == "seeds":
        own.pop("seed", None)
    else:
        table.pop("split", None)
    run |= {"settings": own, "data": table, "result": {"test": members.judged(first)}}
    if kind == "folds":
        run |= {"confusion": _summed(every), "residuals": _joined(every)}
    return run


def _summed(every: Mapping[str, dict[str, Any]]) -> dict[str, Any] | None:
    """The confusion matrices of all folds, added up; None where they are not of the same classes."""
    found = [part(run, "confusion") for run in every.values()]
    classes = items(found[0], "classes") if found else []
    if not classes or any(items(one, "classes") != classes for one in found):
        return None
    size, total = len(classes), [[0.0] * len(classes) for _ in classes]
    for one in found:
        counts = items(one, "counts")
        if len(counts) != size or any(not isinstance(row, list) or len(row) != size for row in counts):
            return None
        total = [
            [a + (finite(b) or 0.0) for a, b in zip(x, y, strict=True)] for x, y in zip(total, counts, strict=True)
        ]
    return {"classes": classes, "counts": total}


def _joined(every: Mapping[str, dict[str, Any]]) -> dict[str, Any] | None:
    """The targets and outputs of all folds, one after the other."""
    found = [part(run, "residuals") for run in every.values()]
    if not found or not all(found):
        return None
    lists = {key: [value for one in found for value in items(one, key)] for key in ("t", "o")}
    return {"target": text(found[0], "target"), **lists}


def _members(
    facts: dict[str, Any], every: Mapping[str, dict[str, Any]], words: Words, kind: str, links: bool
) -> Section:
    section = Section("members", words("members_title"), intro=[words(f"members_intro_{kind}")], below=True)
    result = part(facts, "result")
    keys = [key for key in METRICS if part(part(result, "network"), key)]
    if keys and every:
        key = members.named(next(iter(every.values())))
        section.figures = [members.figure(every, result, key if key in keys else keys[0], words, WIDE)]
        section.tables = [members.table(every, result, sorted(keys, key=lambda k: k != key), words, links)]
    return section


def _effort(every: Mapping[str, dict[str, Any]], words: Words) -> list[tuple[str, str]]:
    """How many there are, and how long they took together."""
    seconds = [finite(part(run, "result").get("seconds")) for run in every.values()]
    total = sum(s for s in seconds if s is not None)
    return [(words("members_title"), count(len(every))), (words("time_all"), duration(total))]


def _verdict(facts: dict[str, Any], every: Mapping[str, dict[str, Any]], words: Words, kind: str) -> Verdict | None:
    """Mean and spread, the simple models, and in how many members the network is better than the linear one."""
    if not every:
        return None
    first = next(iter(every.values()))
    key, result = members.named(first), part(facts, "result")

    def mean(who: str, end: str = "mean") -> float | None:
        found = part(result, who).get(key)
        return finite(found.get(end) if isinstance(found, dict) else found)

    own = mean("network")
    if own is None:
        return None
    split = part(part(first, "data"), "split")
    rows = next((count(finite(split.get(name))) for name in SETS if part(part(first, "result"), name)), "")
    named = words(f"score_{key}_name") + (f" ({target(first)})" if key == "r2" and target(first) else "")
    said = {"measure": named, "mean": score(key, own), "std": score(key, mean("network", "std"))}
    all_rows = count(finite(part(first, "data").get("rows")))
    main = words(f"several_main_{kind}", count=count(len(every)), rows=all_rows if kind == "folds" else rows, **said)
    simple = {who: mean(who) for who in ("constant", "linear")}
    clause = {who: score(key, value) for who, value in simple.items() if value is not None}
    sentence = (
        words("verdict_both", main=main, baselines=words("baseline_" + "_".join(clause), **clause))
        if clause else words("verdict_alone", main=main)
    )  # fmt: skip
    more, status = [], "plain"
    if (together := mean("ensemble")) is not None:
        more.append(words("several_ensemble", value=score(key, together)))
    wins = members.better(every, key)
    if wins is not None:
        more.append(words(f"several_better_{kind}", better=count(wins) or "0", count=count(len(every))))
        status = "good" if wins == len(every) else "even"
    if simple["constant"] is not None and own <= simple["constant"]:
        status = "bad"
        more.insert(0, words("judged_constant"))
    return Verdict(status, prose(sentence), [prose(line) for line in more])

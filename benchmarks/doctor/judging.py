"""What the results of the cases add up to: rates, intervals, and what published tools said of the same programs."""

from __future__ import annotations

import collections
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from backlit.doctor.diagnosis import categories
from backlit.report.numbers import wilson

Case = dict[str, Any]
FOUR = ("first", "three", "macro", "macro_three")  # macro: averaged over categories


def category_table() -> list[str]:
    """Which category of the cases each finding counts as: what a hit is."""
    rows = [f"{code}  {category or '-':26} {title}" for code, category, title in categories()]
    return [*rows, "a symptom (-) names no fault; where nothing else is found it counts as other"]


def named_in(findings: Any, others: Any = ()) -> list[str]:
    """The categories that a diagnosis names, in its order: the root's first, then those of its consequences.

    Behind all findings stand the suspicions that no trial bore out, which are told in one line, the nearest first.
    """
    named: list[str] = []
    for finding in findings:
        for one in (finding, *finding.consequences):
            category = one.category or ("other" if one is findings[0] else "")
            if category and category not in named:
                named.append(category)
    for one in others if findings else ():
        if one.category and one.category not in named:
            named.append(one.category)
    return named


def rates(cases: list[Case], answer: list[str] | None = None) -> dict[str, float]:
    """Shares of runs whose category comes first, and among the first three; and both, averaged over categories."""
    each, either = collections.defaultdict(list), collections.defaultdict(list)
    for case in cases:
        for run in case["faulty"]:
            named = run["named"] if answer is None else answer
            each[case["category"]].append(named[:1] == [case["category"]])
            either[case["category"]].append(case["category"] in named[:3])
    hits = [hit for some in each.values() for hit in some]
    three = [hit for some in either.values() for hit in some]
    macro, macro_three = (float(np.mean([np.mean(some) for some in kept.values()])) for kept in (each, either))
    return {"first": float(np.mean(hits)), "three": float(np.mean(three)), "macro": macro, "macro_three": macro_three,
            "runs": len(hits), "hits": int(sum(hits)), "in_three": int(sum(three))}  # fmt: skip


def interval(count: int, total: int) -> tuple[float, float]:
    """The interval of a share, 95 % (Wilson)."""
    if not total:
        return (0.0, 1.0)
    low, high = wilson(count / total, total)
    return (max(0.0, low), min(1.0, high))


def share(count: int, total: int) -> str:
    """A share with its interval."""
    low, high = interval(count, total)
    return f"{count} of {total} = {count / max(total, 1):.1%} ({low:.1%} … {high:.1%})"


def reaches(run: Case) -> bool:
    """Whether the repaired program does what counts as working."""
    return run["repair"]["metric"] is not None and run["repair"]["metric"] >= run["target"]


def same_verdict(case: Case) -> tuple[int, int]:
    """Of the runs of a faulty program (one a seed) those that say what most of them say, and all."""
    first = collections.Counter(run["named"][0] if run["named"] else "healthy" for run in case["faulty"])
    return first.most_common(1)[0][1], len(case["faulty"])


def published(cases: list[Case]) -> Iterator[str]:
    """For each tool and study: on how many of these programs it was right, and on how many of the same ours is."""
    found: dict[tuple[str, str], list[tuple[bool, float]]] = collections.defaultdict(list)
    for case in cases:
        hit = float(np.mean([run["named"][:1] == [case["category"]] for run in case["faulty"]]))
        for study, what, tools in _claims(case.get("published") or {}):
            for tool, right in tools.items():
                if right is not None:
                    found[f"{study}: {what}", tool].append((bool(right), hit))
    for (study, tool), pairs in sorted(found.items()):
        theirs, ours = sum(right for right, _ in pairs), sum(hit for _, hit in pairs)
        yield f"{study:42} {tool:14} {theirs:3} of {len(pairs):2}    Backlit, right category first: {ours:4.1f}"


def _claims(given: Case) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(study, what was counted, tool → whether) of a case."""
    for study, claims in given.items():
        name = study.partition("_")[0]
        if "diagnose" in claims:
            yield name, "right type of fault", claims["diagnose"]
        else:
            yield name, study.rpartition("_")[2] if "bug" not in study else "identified", claims


def summary(results: list[Case], left: list[Case], seconds: float) -> dict[str, Any]:
    """All of it, as data and as text."""
    failing = [case for case in results if case["effect"] == "fails"]
    sure = [case for case in failing if case["label_confidence"] == "high"]
    rows = []
    for name, some in (("seen to fail", failing), ("of these, labels of high confidence", sure), ("all", results)):
        if some:
            often = [c for c, _ in collections.Counter(case["category"] for case in some).most_common(3)]
            rows.append({"cases": name, "count": len(some), "ours": rates(some), "constant": rates(some, often)})
    text = [f"{'':38} {'first':>7} {'three':>7} {'macro':>7} {'macro 3':>7}   always the same: the same four"]
    for row in rows:
        told, same = (" ".join(f"{row[who][k]:7.1%}" for k in FOUR) for who in ("ours", "constant"))
        text.append(f"{row['cases']:34} {row['count']:3} {told}   {same}")
    if failing:
        text += _of_failing(rows[0]["ours"], [run for case in failing for run in case["faulty"]])
    fixed = [run for case in results if case["fixed_works"] is True for run in case["fixed"]]
    alarms = sum(run["findings"] > 0 for run in fixed)
    text.append(f"false alarms on repaired programs that work: {share(alarms, len(fixed))}")
    seeds = max((len(case["faulty"]) for case in results), default=0)
    if seeds > 1:
        agree = [same_verdict(case) for case in failing]
        text.append(f"same verdict over {seeds} seeds: {share(sum(a for a, _ in agree), sum(n for _, n in agree))}")
    text += ["", "published tools on the same programs, of those that they were tried on:", *published(failing)]
    text += ["", f"all in {seconds:.0f} s"]
    text += [f"not run: {case['id']} ({case['reason']})" for case in left]
    return {"rows": rows, "alarms": [alarms, len(fixed)], "seconds": round(seconds, 1), "text": "\n".join(text)}


def _of_failing(ours: dict[str, float], faulty: list[Case]) -> list[str]:
    """Lines about the programs that were seen to fail."""
    worked = [reaches(run) for run in faulty]
    replaced = sum(reaches(run) and run["repair"]["changes"] == ["reference"] for run in faulty)
    seconds = [run["seconds"] for run in faulty]
    return [
        f"right category first: {share(int(ours['hits']), int(ours['runs']))}",
        f"right category among three: {share(int(ours['in_three']), int(ours['runs']))}",
        f"findings a faulty run: {np.mean([run['findings'] for run in faulty]):.2f}",
        f"the applied remedy reaches the target: {share(sum(worked), len(worked))}",
        f"  of these by the plain network in its place: {replaced}",
        f"seconds a diagnosis, training included: {np.median(seconds):.2f} (median), {max(seconds):.1f} (most)",
    ]


def page(told: dict[str, Any], versions: str, files: tuple[str, str]) -> str:
    """The results as a page: what was printed, and the table that defines a hit.

    `files` are the cases and the page.
    """
    command = f"python benchmarks/doctor/run.py {files[0]} --seeds {told.get('seeds', 1)}"
    if "healthy" in told:
        command += f" --healthy {len(told['healthy'])}"
    command += f" --page {files[1]}"
    about = f"Made by `{command}` with {versions}. The cases and their format: [README.md](README.md). In brackets: "
    parts = [
        "# The doctor, measured",
        about + "95 % intervals (Wilson).",
        "## Troubled programs",
        block([told["text"]]),
    ]
    if "healthy_text" in told:
        rule = "What they are, and the rule for which of them are healthy in truth: [healthy.py](healthy.py)."
        parts += ["## Healthy trainings of our own making", rule, block(told["healthy_text"])]
    parts += ["## Each program", block(map(line, told["cases"])), "## What counts as a hit", block(category_table())]
    return "\n\n".join(parts) + "\n"


def block(lines: Iterable[str]) -> str:
    """Lines as they were printed."""
    return "\n".join(["```text", *lines, "```"])


def line(case: Case) -> str:
    """A case on one line: hits, what the first run said, and alarms on its twin."""
    first = ", ".join(case["faulty"][0]["codes"][:4]) or "healthy"
    alarms = sum(run["findings"] > 0 for run in case["fixed"])
    hit = sum(run["named"][:1] == [case["category"]] for run in case["faulty"])
    right = f"{hit}/{len(case['faulty'])}"
    return (
        f"{case['id']:22} {case['category']:26} {right} | {first:32} | fixed: {alarms} of {len(case['fixed'])} alarms"
    )

"""How well the doctor names the fault of troubled training programs.

    python benchmarks/doctor/run.py benchmarks/doctor/cases.json [--seeds 3] [--only ID ...] [--out FILE.json]

Each program is trained and diagnosed as written and with its repair, once a seed.  Printed are the share of faulty
programs whose category is named first, or among the first three, beside the best answer that is always the same;
false alarms on repaired programs that work; findings a program; whether the applied remedy reaches the target; and
what published tools said of the same programs.
"""

from __future__ import annotations

import argparse
import collections
import json
import math
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))
from programs import CannotRun, Program, program

import backlit
from backlit.training.diagnosing import diagnose


def main() -> None:
    given = arguments()
    cases = json.loads(Path(given.cases).read_text(encoding="utf-8"))
    if given.only:
        cases = [case for case in cases if case["id"] in given.only]
    begin = time.perf_counter()
    results, left = [], []
    for case in cases:
        try:
            results.append(one_case(case, given.seeds, given.budget))
            print(line(results[-1]), flush=True)
        except CannotRun as reason:
            left.append({"id": case["id"], "category": case["category"], "reason": str(reason)})
    told = summary(results, left, time.perf_counter() - begin)
    print("\n" + told["text"])
    if given.out:
        Path(given.out).write_text(json.dumps({"cases": results, "left": left, **told}, indent=1), encoding="utf-8")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("cases")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--budget", type=float, default=10.0, help="seconds of trials for each diagnosis")
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--out")
    return parser.parse_args()


# ---- one case ------------------------------------------------------------------------------------------------


def one_case(case: dict[str, Any], seeds: int, budget: float) -> dict[str, Any]:
    made = {key: case.get(key) for key in ("id", "category", "categories_all", "label_confidence", "real")}
    made |= {"effect": (case.get("verified") or {}).get("effect"), "published": case.get("published_results")}
    made["faulty"] = [one_run(program(case, fixed=False), case, seed, budget, True) for seed in range(seeds)]
    made["fixed"] = []
    if case.get("fix_patch"):
        made["fixed"] = [one_run(program(case, fixed=True), case, seed, budget, False) for seed in range(seeds)]
    made["fixed_works"] = (case.get("verified") or {}).get("fixed_works")
    return made


def one_run(p: Program, case: dict[str, Any], seed: int, budget: float, faulty: bool) -> dict[str, Any]:
    begin = time.perf_counter()
    found = diagnose(p.network(), p.x, p.y, budget=budget, time_budget=20.0, **{**p.settings(), "seed": seed})
    named: list[str] = []
    shown: list[str] = []
    for finding in found.findings:
        for one in (finding, *finding.consequences):
            shown.append(f"{one.code}{'' if one is finding else '*'}")
            if one.category and one.category not in named:  # a symptom names no fault
                named.append(one.category)
    told = {
        "seed": seed, "skill": number(found.skill), "named": named, "codes": shown, "findings": len(found.findings),
        "seconds": round(time.perf_counter() - begin, 2), "target": target(case),
    }  # fmt: skip
    if faulty:
        told["repair"] = repair_of(p, found)
    return told


def repair_of(p: Program, found: Any) -> dict[str, Any]:
    """What the doctor's repair does to the program, by the program's own metric."""
    if found.repair is None:
        return {"changes": [], "metric": None}
    change = found.repair.change
    try:
        metric = p.metric_of(found.run, change)
    except backlit.errors.BacklitError as error:
        return {"changes": [c.name for c in change.each], "metric": None, "error": error.code}
    return {"changes": [c.name for c in change.each], "metric": number(metric), "skill": number(found.repair.skill)}


def number(value: float) -> float | None:
    return round(float(value), 4) if math.isfinite(value) else None


def target(case: dict[str, Any]) -> float:
    """The metric that counts as working: the constant answer's and half of what the reference adds to it."""
    found = case.get("verified") or {}
    base, reference = found.get("baseline") or 0.0, found.get("reference")
    reference = found.get("reference_fixed", reference)
    return base + 0.5 * ((1.0 if reference is None else reference) - base)


# ---- all of them ---------------------------------------------------------------------------------------------


def line(case: dict[str, Any]) -> str:
    first = [", ".join(run["codes"][:4]) or "healthy" for run in case["faulty"]]
    alarms = sum(run["findings"] > 0 for run in case["fixed"])
    hit = sum(run["named"][:1] == [case["category"]] for run in case["faulty"])
    named = f"{case['id']:22} {case['category']:26} {hit}/{len(first)} | {first[0]:32}"
    return f"{named} | fixed: {alarms} of {len(case['fixed'])} alarms"


def rates(cases: list[dict[str, Any]], answer: list[str] | None = None) -> dict[str, float]:
    """Shares of runs whose category comes first, and among the first three; and first, averaged over categories."""
    each = collections.defaultdict(list)
    three = []
    for case in cases:
        for run in case["faulty"]:
            named = run["named"] if answer is None else answer
            each[case["category"]].append(named[:1] == [case["category"]])
            three.append(case["category"] in named[:3])
    hits = [hit for some in each.values() for hit in some]
    macro = [float(np.mean(some)) for some in each.values()]
    return {
        "first": float(np.mean(hits)),
        "three": float(np.mean(three)),
        "macro": float(np.mean(macro)),
        "runs": len(hits),
    }


def wilson(count: int, total: int, z: float = 1.96) -> tuple[float, float]:
    """The interval of a share, 95 %."""
    if not total:
        return (0.0, 1.0)
    p, d = count / total, 1 + z * z / total
    middle, half = (p + z * z / (2 * total)) / d, z * math.sqrt(p * (1 - p) / total + z * z / (4 * total * total)) / d
    return (max(0.0, middle - half), min(1.0, middle + half))


def reaches(run: dict[str, Any]) -> bool:
    """Whether the repaired program does what counts as working."""
    return run["repair"]["metric"] is not None and run["repair"]["metric"] >= run["target"]


def share(count: int, total: int) -> str:
    """A share with its interval."""
    low, high = wilson(count, total)
    return f"{count} of {total} = {count / max(total, 1):.1%} ({low:.1%} … {high:.1%})"


def summary(results: list[dict[str, Any]], left: list[dict[str, Any]], seconds: float) -> dict[str, Any]:
    failing = [case for case in results if case["effect"] == "fails"]
    sure = [case for case in failing if case["label_confidence"] == "high"]
    rows = []
    for name, some in (("seen to fail", failing), ("of these, labels of high confidence", sure), ("all", results)):
        if not some:
            continue
        often = [c for c, _ in collections.Counter(case["category"] for case in some).most_common(3)]
        ours, constant = rates(some), rates(some, often)
        rows.append({"cases": name, "count": len(some), "ours": ours, "constant": constant})
    fixed = [run for case in results if case["fixed_works"] is True for run in case["fixed"]]
    alarms = sum(run["findings"] > 0 for run in fixed)
    faulty = [run for case in failing for run in case["faulty"]]
    worked = [reaches(run) for run in faulty]
    replaced = sum(reaches(run) and run["repair"]["changes"] == ["reference"] for run in faulty)
    text = [f"{'':38} {'first':>7} {'three':>7} {'macro':>7}   always the same: first, three, macro"]
    for row in rows:
        told = " ".join(f"{row['ours'][k]:7.1%}" for k in ("first", "three", "macro"))
        same = " ".join(f"{row['constant'][k]:7.1%}" for k in ("first", "three", "macro"))
        text.append(f"{row['cases']:34} {row['count']:3} {told}   {same}")
    text += [
        f"false alarms on repaired programs that work: {share(alarms, len(fixed))}",
        f"findings a faulty run: {np.mean([run['findings'] for run in faulty]):.2f}",
        f"the applied remedy reaches the target: {share(sum(worked), len(worked))}",
        f"  of these {replaced} by the plain network in its place",
        f"seconds a diagnosis, training included: {np.median([r['seconds'] for r in faulty]):.2f} (median)",
        f"  the longest {max(r['seconds'] for r in faulty):.1f}; all: {seconds:.0f} s",
    ]
    text += [f"not run: {case['id']} ({case['reason']})" for case in left]
    return {"rows": rows, "alarms": [alarms, len(fixed)], "seconds": round(seconds, 1), "text": "\n".join(text)}


if __name__ == "__main__":
    assert backlit
    main()

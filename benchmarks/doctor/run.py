"""How well the doctor names the fault of troubled training programs.

    python benchmarks/doctor/run.py benchmarks/doctor/cases.json [--seeds 3] [--only ID ...] [--out FILE.json]
    python benchmarks/doctor/run.py --healthy 360

Each program is trained and diagnosed as written and with its repair, once a seed.  Printed are the share of faulty
programs whose category is named first, or among the first three, beside the best answer that is always the same;
false alarms on repaired programs that work; findings a program; whether the applied remedy reaches the target; and
what published tools said of the same programs.  With `--healthy` trainings of our own making are diagnosed
(`healthy.py`), and what is found there is a false alarm.  The table of what counts as which category comes first.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import sys
import time
import warnings
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
import healthy
import judging
from programs import CannotRun, Program, program

import backlit
from backlit.training.whole.diagnosing import diagnose


def main() -> None:
    given = arguments()
    warnings.simplefilter("ignore")  # of generators whose numbers overflow on purpose
    told: dict[str, Any] = {}
    if given.table:
        print("\n".join(judging.category_table()))
    if given.cases:
        told |= all_cases(given)
    if given.healthy:
        told |= all_healthy(given.healthy, given.budget)
    if given.page and "cases" in told:
        versions = f"Backlit {backlit.__version__}, Python {platform.python_version()}, {os.cpu_count()} cores"
        Path(given.page).write_text(judging.page(told, versions, (given.cases, given.page)), encoding="utf-8")
    if given.out:
        Path(given.out).write_text(json.dumps(told, indent=1), encoding="utf-8")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("cases", nargs="?")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--twins", type=int, help="so many seeds of the repaired programs; usually as many")
    parser.add_argument("--budget", type=float, default=20.0, help="seconds of trials for each diagnosis")
    parser.add_argument("--only", nargs="*", help="these cases only")
    parser.add_argument("--healthy", type=int, default=0, help="so many healthy trainings of our own making")
    parser.add_argument("--table", action="store_true", help="which category each finding counts as")
    parser.add_argument("--page", help="the results as a page (Markdown)")
    parser.add_argument("--out", help="all results as JSON")
    return parser.parse_args()


def all_cases(given: argparse.Namespace) -> dict[str, Any]:
    """Every case of a file; those that ask for what there is not are listed apart."""
    cases = json.loads(Path(given.cases).read_text(encoding="utf-8"))
    begin = time.perf_counter()
    results, left = [], []
    for case in cases:
        if given.only and case["id"] not in given.only:
            continue
        try:
            results.append(one_case(case, given.seeds, given.budget, given.twins))
            print(judging.line(results[-1]), flush=True)
        except CannotRun as reason:
            left.append({"id": case["id"], "category": case["category"], "reason": str(reason)})
        except Exception as error:  # a program of a kind that was never met: told, and the others go on
            left.append({"id": case["id"], "category": case.get("category"), "reason": f"failed: {error!r}"[:200]})
    told = judging.summary(results, left, time.perf_counter() - begin)
    print("\n" + told["text"])
    return {"cases": results, "left": left, "seeds": given.seeds, **told}


def all_healthy(count: int, budget: float) -> dict[str, Any]:
    """Healthy trainings, and the false alarms among them."""

    def watch(one: healthy.Healthy) -> None:
        if one.codes:
            print(f"{one.name}: skill {one.seen:.2f}, held out {one.new:.2f}: {', '.join(one.codes)}", flush=True)

    begin = time.perf_counter()
    made = healthy.runs(count, budget, watch)
    good = healthy.healthy(made)
    alarms = [one for one in good if one.codes]
    text = [
        f"{len(made)} trainings, {len(good)} of them healthy in truth (skill at least half of the best on its set)",
        f"false alarms on healthy trainings: {judging.share(len(alarms), len(good))}",
        f"of the others the doctor finds fault with {sum(bool(o.codes) for o in made) - len(alarms)}",
        f"in {time.perf_counter() - begin:.0f} s",
    ]
    print("\n" + "\n".join(text))
    return {"healthy": [vars(one) for one in made], "healthy_text": text}


# ---- one case ------------------------------------------------------------------------------------------------


def one_case(case: dict[str, Any], seeds: int, budget: float, twins: int | None = None) -> dict[str, Any]:
    made = {key: case.get(key) for key in ("id", "category", "categories_all", "label_confidence", "real")}
    made |= {"effect": (case.get("verified") or {}).get("effect"), "published": case.get("published_results")}
    made["faulty"] = [one_run(program(case, fixed=False), case, seed, budget, True) for seed in range(seeds)]
    made["fixed"] = []
    if case.get("fix_patch"):
        made["fixed"] = [
            one_run(program(case, fixed=True), case, seed, budget, False)
            for seed in range(seeds if twins is None else twins)
        ]
    made["fixed_works"] = (case.get("verified") or {}).get("fixed_works")
    return made


def one_run(p: Program, case: dict[str, Any], seed: int, budget: float, faulty: bool) -> dict[str, Any]:
    begin = time.perf_counter()
    found = diagnose(p.network(), p.x, p.y, budget=budget, time_budget=20.0, **{**p.settings(), "seed": seed})
    shown = [f"{one.code}{'' if one is f else '*'}" for f in found.findings for one in (f, *f.consequences)]
    told = {
        "seed": seed, "skill": number(found.skill), "codes": shown,
        "named": judging.named_in(found.findings, found.others),
        "findings": len(found.findings),
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


if __name__ == "__main__":
    main()

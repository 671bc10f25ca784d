"""From what the benchmark of the doctor found to the rates that `backlit explain DR401` tells.

    python benchmarks/doctor/run.py benchmarks/doctor/cases.json --out found.json
    python benchmarks/doctor/measured.py found.json

A run of a faulty program misses a finding's fault where it names none of that category, first or as a consequence.
A false alarm is a finding told of a repaired program that was seen to work.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from backlit import doctor
from backlit.doctor.diagnosis import in_order
from backlit.doctor.measured import NAME

PATH = Path(doctor.__file__).parent / NAME


def main() -> None:
    cases = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))["cases"]
    made = {check.code: of_check(check.code, check.category, cases) for check in in_order()}
    before = json.loads(PATH.read_text(encoding="utf-8")) if PATH.is_file() else {}
    known = {code: {**before.get(code, {}), **found} for code, found in made.items()}  # what made.py wrote stays
    PATH.write_text(lines_of(known), encoding="utf-8")
    print(f"{PATH.name}: {len(made)} findings, {len(cases)} programs")


def lines_of(found: dict[str, dict[str, int]]) -> str:
    """A line for each finding."""
    lines = [f" {json.dumps(code)}: {json.dumps(counts)}" for code, counts in sorted(found.items())]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def of_check(code: str, category: str, cases: list[dict[str, Any]]) -> dict[str, int]:
    """The counts of one finding; a category that many findings share (other) says nothing of one of them."""
    own = [case for case in cases if case["effect"] == "fails" and case["category"] == category != "other"]
    faulty = [run for case in own for run in case["faulty"]]
    fixed = [run for case in cases if case["fixed_works"] is True for run in case["fixed"]]
    told = [{name.rstrip("*") for name in run["codes"]} for run in fixed]
    return {
        "programs": len(faulty), "missed": sum(category not in run["named"] for run in faulty),
        "healthy": len(fixed), "false": sum(code in names for names in told),
    }  # fmt: skip


if __name__ == "__main__":
    main()

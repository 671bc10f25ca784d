"""How often a check misses a training that was made to have its fault: the sick examples of the tests, newly drawn.

    python benchmarks/doctor/made.py --seeds 10

Rows, targets and first weights are drawn anew for each seed.  The collection of troubled programs has no case of some
findings; these counts stand beside its own in measured.json, which `backlit explain DR203` reads.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import warnings
from collections import Counter
from pathlib import Path

TESTS = Path(__file__).parents[2] / "tests"


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--seeds", type=int, default=10)
    asked.add_argument("--one", action="store_true", help="the seed of the environment, as JSON")
    given = asked.parse_args()
    if given.one:
        print(json.dumps(of_one_seed()))
        return
    made: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    for seed in range(given.seeds):
        words = [sys.executable, __file__, "--one"]
        done = subprocess.run(
            words, env={**os.environ, "BACKLIT_EXAMPLE_SEED": str(seed)}, stdout=subprocess.PIPE, check=True
        )
        for name, seen in json.loads(done.stdout).items():
            code = name.partition(" ")[0]
            made[code] += 1
            missed[code] += not seen
            if not seen:
                print(f"seed {seed}: {name} was missed")
    write(made, missed)
    print(f"{sum(missed.values())} of {sum(made.values())} missed")


def of_one_seed() -> dict[str, bool]:
    """Which of the sick examples are found."""
    warnings.simplefilter("ignore")
    sys.path.insert(0, str(TESTS))
    from doctor.examples import SICK, found

    seen = {}
    for name in SICK:
        try:
            found(name)
            seen[name] = True
        except (ValueError, StopIteration):  # there is no such finding
            seen[name] = False
    return seen


def write(made: Counter[str], missed: Counter[str]) -> None:
    """Into measured.json, beside what the collection of programs gave."""
    from measured import PATH, lines_of

    known = json.loads(PATH.read_text(encoding="utf-8"))
    for code, found in known.items():
        found |= {"made": made[code], "made_missed": missed[code]}
    PATH.write_text(lines_of(known), encoding="utf-8")


if __name__ == "__main__":
    main()

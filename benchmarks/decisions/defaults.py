"""docs/decisions/0008: what is trained when nothing is said, against other choices, over ten splits of each set.

    python benchmarks/decisions/defaults.py [--splits 10] [--sets digits,iris]

Test accuracy in percent (diabetes: R² in hundredths), the mean over the splits ± its standard error.  All see the
same training rows of a split, and choose on the same validation rows; "linear" is scikit-learn's LogisticRegression
(C of 0.01, 0.1, 1, 10 by the validation rows, then fitted on training and validation rows together) or
LinearRegression.  "better" and "worse" count the splits in which a choice beats ours, and is beaten.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from unittest import mock

import numpy as np
from timing import machine_line

import backlit
from backlit.data import Preparation, Table, load, preparation, split
from backlit.training.runs import defaults

MEASURED = ("breast_cancer", "diabetes", "digits", "iris", "wine")
DRAWN = {"spirals": {}, "moons": {}, "circles": {}}

TABLES = {  # name of a choice → what is given to backlit.train
    "ours": {},
    "before": {"hidden": (128,), "dropout": 0.5, "learning_rate": 0.001},  # with 6000 steps: `OWN` in defaults.py
    "relu": {"activation": "relu"},
    "tanh": {"activation": "tanh"},
    "no dropout": {"dropout": 0.0},
    "128": {"hidden": (128,)},
    "64-64": {"hidden": (64, 64)},
    "rate 0.001": {"learning_rate": 0.001},
    "patience 40": {"patience": 40},
}
PLANE = {
    "ours": {},
    "before": {"learning_rate": 0.003},
    "relu": {"activation": "relu"},
    "128": {"hidden": (128,)},
    "128 dropout": {"hidden": (128,), "dropout": 0.5},
    "rate 0.001": {"learning_rate": 0.001},
    "pat. 50": {"patience": 50},
}


def linear(source: str, seed: int) -> float:
    """The best linear model's score on the test rows of a split."""
    from sklearn.linear_model import LinearRegression, LogisticRegression

    table: Table = load(source, seed=seed)
    parts = split(table, test=defaults.TEST, validation=defaults.VALIDATION, seed=seed)
    x = Preparation.fit(table, parts.train).inputs(table.x)
    both = np.concatenate([parts.train, parts.validation])
    if table.task == "regression":
        return float(LinearRegression().fit(x[both], table.t[both]).score(x[parts.test], table.t[parts.test]))

    def fitted(c: float, rows):
        return LogisticRegression(C=c, max_iter=5000).fit(x[rows], table.t[rows])

    def judged(c: float) -> float:
        return fitted(c, parts.train).score(x[parts.validation], table.t[parts.validation])

    best = max((0.1, 1.0, 10.0, 0.01), key=judged)
    return float(fitted(best, both).score(x[parts.test], table.t[parts.test]))


def trained(source: str, seed: int, given: dict) -> float:
    """The score of a network on the test rows of a split."""
    result = backlit.train(source, seed=seed, progress="none", baselines=False, **given).result["test"]
    return result["accuracy"] if "accuracy" in result else result["r2"]


def row(source: str, choices: dict[str, Callable[[int], float]], splits: int) -> None:
    scores = {name: 100 * np.array([score(seed) for seed in range(splits)]) for name, score in choices.items()}
    cells = [f"{np.mean(s):6.1f} ±{np.std(s, ddof=1) / splits**0.5:4.1f}" for s in scores.values()]
    print(f"{source:14}" + "".join(f"{c:>12}" for c in cells), flush=True)
    ours = scores["ours"]
    counts = ["" if s is ours else f"{np.sum(s > ours + 1e-9)} / {np.sum(s < ours - 1e-9)}" for s in scores.values()]
    print(f"{'':14}" + "".join(f"{c:>12}" for c in counts), flush=True)


def table(title: str, sources: list[str], choices: dict[str, dict], splits: int, with_linear: bool = True) -> None:
    print(f"\n{title}; below: splits in which the choice is better / worse than ours")
    names = (["linear"] if with_linear else []) + list(choices)
    print(f"{'':14}" + "".join(f"{n:>12}" for n in names))
    for source in sources:
        scores: dict[str, Callable[[int], float]] = {}
        if with_linear:
            scores["linear"] = lambda seed, source=source: linear(source, seed)
        for name, given in choices.items():
            scores[name] = lambda seed, source=source, given=given: trained(source, seed, given)
        row(source, scores, splits)


def pixels(splits: int) -> None:
    """Digits with one scale for all pixels (ours), and with one for each."""

    def each_its_own(score: Callable[[int], float]) -> np.ndarray:
        with mock.patch.object(preparation, "_of_one_kind", return_value=False):
            return 100 * np.array([score(seed) for seed in range(splits)])

    print(f"\n{'Digits':14}{'one scale':>15}{'each its own':>15}{'difference':>15}")
    for name, score in (
        ("ours", lambda seed: trained("digits", seed, {})),
        ("linear", lambda seed: linear("digits", seed)),
    ):
        one = 100 * np.array([score(seed) for seed in range(splits)])
        each = each_its_own(score)
        cells = (f"{np.mean(s):6.2f} ±{np.std(s, ddof=1) / splits**0.5:5.2f}" for s in (one, each, one - each))
        print(f"{name:14}" + "".join(f"{c:>15}" for c in cells))


def main() -> None:
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--splits", type=int, default=10)
    parser.add_argument("--sets", default=",".join([*MEASURED, *DRAWN]))
    given = parser.parse_args()
    wanted = given.sets.split(",")
    begin = time.perf_counter()
    print(f"{machine_line()}; {given.splits} splits")
    table("Measured sets", [s for s in MEASURED if s in wanted], TABLES, given.splits)
    table("Drawn sets", [s for s in DRAWN if s in wanted], PLANE, given.splits, with_linear=False)
    if "digits" in wanted:
        pixels(given.splits)
    print(f"\n{time.perf_counter() - begin:.0f} s")


if __name__ == "__main__":
    main()

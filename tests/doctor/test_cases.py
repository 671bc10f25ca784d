"""A fixed part of the benchmark of troubled programs: faults named, twins left in peace, remedies that work.

`benchmarks/doctor/run.py` runs all of them, with several seeds; its figures are in benchmarks/doctor/results.md.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

import pytest

from backlit.optim.rule import OPTIMIZERS

FOLDER = Path(__file__).parents[2] / "benchmarks" / "doctor"

# One or two of each category, those that train quickly.
SOME = (
    "DM-56452176", "TDC-IPS_17", "DFD-51181393", "DM-60831731", "DL-50306988", "DL-31627380", "DL-52800582",
    "DM-68701979", "DM-66840108", "DM-52566823", "DL-34311586", "DM-70650848", "DM-58055105", "DM-68751439",
)  # fmt: skip


@pytest.fixture(scope="module")
def benchmark():
    """The modules of the benchmark, which is no package."""
    sys.path.insert(0, str(FOLDER))
    rules = dict(OPTIMIZERS)  # some programs bring their own
    try:
        yield importlib.import_module("run")
    finally:
        sys.path.remove(str(FOLDER))
        for name in set(OPTIMIZERS) - set(rules):
            del OPTIMIZERS[name]


@pytest.fixture(scope="module")
def cases():
    return {case["id"]: case for case in json.loads((FOLDER / "cases.json").read_text(encoding="utf-8"))}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_faults_are_named_twins_left_in_peace_and_remedies_work(benchmark, cases):
    results = [benchmark.one_case(cases[name], 1, 20.0) for name in SOME]
    hits = [case["faulty"][0]["named"][:1] == [case["category"]] for case in results]
    assert sum(hits) >= 0.8 * len(SOME)
    assert not [case["id"] for case in results if case["fixed_works"] and case["fixed"][0]["findings"]]
    works = [benchmark.judging.reaches(case["faulty"][0]) for case in results]
    assert sum(works) >= 0.8 * len(SOME)
    told = benchmark.judging.summary(results, [], 1.0)["text"]
    assert "the applied remedy reaches the target" in told
    assert "published tools" in told


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_healthy_trainings_raise_no_alarm(benchmark):
    healthy = benchmark.healthy
    made = healthy.runs(30, 20.0)
    good = healthy.healthy(made)
    assert len(good) > 20
    assert sum(bool(one.codes) for one in good) <= 1


MISSING = object()
STRANGE = {
    "an unknown generator": {"data_spec": {"gen": "made_of_dreams", "n_samples": 10}},
    "an unknown layer": {"layers": [{"type": "attention", "units": 3}]},
    "an unknown loss": {"loss": "regret"},
    "an unknown optimizer": {"optimizer": "wishes"},
    "an unknown activation": {"layers": [{"type": "dense", "units": 1, "activation": "wobble"}]},
    "a field that is missing": {"loss": MISSING},
}


@pytest.mark.parametrize("what", STRANGE)
def test_what_cannot_be_run_is_listed_apart(what, benchmark, cases, tmp_path, monkeypatch, capsys):
    strange = {**cases["DM-58055105"], **STRANGE[what], "id": "strange", "fix_patch": None}
    strange = {name: value for name, value in strange.items() if value is not MISSING}
    (tmp_path / "cases.json").write_text(json.dumps([strange]), encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["run.py", str(tmp_path / "cases.json"), "--seeds", "1"])
    benchmark.main()
    assert "not run: strange" in capsys.readouterr().out


def test_the_table_of_categories_knows_every_finding(benchmark):
    from backlit.doctor.finding import CHECKS

    table = benchmark.judging.category_table()
    assert {line[:5] for line in table if line.startswith("DR")} == set(CHECKS)


@pytest.mark.parametrize(("count", "total", "low", "high"), [(0, 48, 0.0, 0.0741), (10, 10, 0.7225, 1.0)])
def test_wilson_intervals(benchmark, count, total, low, high):
    assert benchmark.judging.interval(count, total) == pytest.approx((low, high), abs=1e-4)

"""What training costs beside its steps: processes, first models, new shapes, and what they are held against."""

from __future__ import annotations

import json

import numpy as np
import pytest

from backlit import messages
from backlit.bench import costs, page, peers, processes
from backlit.bench.costs import FirstModels, NoModel
from backlit.bench.peers import OURS, Missing
from backlit.bench.processes import Ended
from backlit.bench.results import Results

WHERE = {
    "processor": "P", "cores": 2, "system": "S", "blas": ["B"], "versions": {"backlit": "1"}, "date": "D", "load": 0.1,
    "two_threads_do": 2.0, "load_at_the_end": 0.2, "two_threads_do_at_the_end": 1.9,
    "two_threads_meet": 100, "two_threads_meet_at_the_end": 110,
}  # fmt: skip


def silent(text):
    """Nobody listens."""


def test_the_peak_is_that_of_the_process_alone():
    ours = np.ones(300_000_000, dtype=np.uint8)  # what a child would be born with
    small = processes.python(["-c", "pass"])
    large = processes.python(["-c", "x = bytearray(200_000_000)"])
    assert small.peak < 100_000_000 < 200_000_000 < large.peak
    assert ours[-1] == 1


def test_the_seconds_are_those_of_the_process():
    ended = processes.python(["-c", "import time; time.sleep(0.3)"])
    assert 0.3 < ended.seconds < 60


def test_a_process_that_fails_says_why(tmp_path):
    assert processes.python(["-c", "raise SystemExit(3)"]).code == 3
    with pytest.raises(NoModel, match="no_such_rows"):
        costs.first_model("sklearn", tmp_path / "no_such_rows.npz", 1, tmp_path)


def test_a_network_that_learned_nothing_is_no_model(tmp_path, monkeypatch):
    monkeypatch.setattr(processes, "python", lambda *given: Ended(1.0, 1, 0, "0.62\n", ""))
    with pytest.raises(NoModel, match=r"0\.62"):
        costs.first_model(OURS, tmp_path, 1, tmp_path)


@pytest.mark.slow
@pytest.mark.oracle
@pytest.mark.parametrize("peer", costs.OTHERS)
def test_every_library_has_a_first_model(peer, tmp_path):
    for package in peers.PEERS[peer][1]:
        pytest.importorskip(package)
    costs.write_rows(tmp_path / "rows.npz")
    ended = costs.first_model(peer, tmp_path / "rows.npz", 30, tmp_path)
    assert costs.LEAST <= float(ended.out) <= 1
    assert ended.peak > 50_000_000


@pytest.mark.slow
def test_first_models_are_made_in_turns_and_who_is_missing_is_told(monkeypatch):
    monkeypatch.setitem(peers.PEERS, "other", ("other", ("no_such_package",)))
    found = costs.first_models(silent, others=("other",), repeats=1, cold=0, epochs=30)
    assert set(found.seconds) == set(found.peaks) == {OURS}
    assert 0.1 < found.seconds[OURS][0] < 100
    assert found.missing == [Missing("other", "not_installed", "no_such_package")]


def test_an_empty_cache_comes_first_and_is_warm_afterwards(monkeypatch):
    seen = []

    def first_model(peer, rows, epochs, cache):
        seen.append((peer, cache.name))
        assert set(np.load(rows)) == {"x", "t", "x_new", "t_new"}
        return Ended(float(len(seen)), 100, 0, "1.0", "")

    monkeypatch.setattr(costs, "first_model", first_model)
    monkeypatch.setattr(costs, "absent", lambda peer: None)
    found = costs.first_models(silent, others=("jax",), repeats=2, cold=2)
    assert seen[:2] == [(OURS, "cache0"), (OURS, "cache1")]
    assert {cache for _, cache in seen[2:]} == {"cache1"}
    assert [peer for peer, _ in seen[4:]] == [OURS, "jax", "jax", OURS]
    assert (found.cold_seconds, found.seconds[OURS], found.seconds["jax"]) == ([1.0, 2.0], [5.0, 8.0], [6.0, 7.0])


def test_a_library_without_a_model_is_left_out(monkeypatch):
    def first_model(peer, rows, epochs, cache):
        if peer == "jax":
            raise NoModel("it broke")
        return Ended(1.0, 100, 0, "1.0", "")

    monkeypatch.setattr(costs, "first_model", first_model)
    monkeypatch.setattr(costs, "absent", lambda peer: None)
    found = costs.first_models(silent, others=("jax",), repeats=1, cold=0)
    assert found.missing == [Missing("jax", "failed", "it broke")]
    assert list(found.seconds) == [OURS]


def test_the_import_is_measured_within_rounds():
    (seconds,) = costs.import_seconds(1)
    assert -10 < seconds < 60  # a difference of two processes: below 0 where the second one had to wait


def test_new_shapes_are_trained_for_a_step():
    found = costs.new_shapes(2)
    assert len(found) == 2
    assert all(0.1 < ms < 10_000 for ms in found)


MODELS = FirstModels(
    {OURS: [1.0, 1.1, 1.3], "pytorch": [4.0, 4.4, 5.2], "jax": [0.5, 0.55, 0.65]},
    {OURS: [150_000_000], "pytorch": [300_000_000], "jax": []},
    [12.0],
    [200_000_000],
    [Missing("sklearn", "not_installed", "sklearn")],
)


def test_the_targets_are_held():
    found = {g.name: (round(g.value, 3), g.met) for g in costs.goals(MODELS, [0.01, 0.02, 0.5], [4.0, 6.0])}
    assert found == {
        "first model to pytorch": (4.0, True), "first model to jax": (0.5, False), "first model": (1.1, True),
        "first model cold": (12.0, False), "import": (0.02, True), "new shape": (5.0, True),
        "memory to pytorch": (0.5, True),
    }  # fmt: skip


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_the_section_stands_on_the_page_and_in_the_json_file(language):
    messages.use(language)
    section = costs.told(MODELS, [0.01], [4.0])
    results = Results(dict(WHERE), 1, 0.1, False, [], [], [section])
    text = page.markdown(results)
    for part in ("| Backlit | 1.10 |", "| PyTorch | 4.40 |", "4.00 ×", "| 150 |", "≤ 1.2 s", "> 1 ×"):
        assert part in text, part
    assert page.verdict(results).startswith(("5 of 7", "目標 7 件のうち 5 件"))
    assert any("ぁ" <= c <= "ん" for c in text) == (language == "ja")
    plain = json.loads(json.dumps(results.plain(), allow_nan=False))["sections"][0]
    assert [goal["met"] for goal in plain["goals"]] == [True, False, True, False, True, True, True]
    assert plain["figures"]["cold_seconds"] == [12.0]

"""The benchmark as a whole: who is left out and why, the page, the JSON file, the command."""

from __future__ import annotations

import json
import time
from dataclasses import replace

import pytest

from backlit import messages
from backlit.bench import page, peers, predicting, run, specialists, timing, training
from backlit.bench.peers import OURS, Learner, Missing
from backlit.bench.results import Drawing, Measured, Results, Section
from backlit.bench.workloads import PREDICTION, TRAINING

TINY = replace(TRAINING[0], batches=3)
KEYS = {"schema", "machine", "repeats", "seconds", "quick", "measured", "skipped", "sections"}
WHERE = {
    "processor": "P", "cores": 2, "system": "S", "blas": ["B"], "versions": {"backlit": "1"}, "date": "D", "load": 0.1,
    "two_threads_do": 2.0, "load_at_the_end": 0.2, "two_threads_do_at_the_end": 1.9,
    "two_threads_meet": 100, "two_threads_meet_at_the_end": 110,
}  # fmt: skip


@pytest.fixture(autouse=True)
def _short_turns(monkeypatch):
    monkeypatch.setattr("backlit.bench.native.SPINNING", 0.0)


def measured(others, w=TINY, tell=lambda text: None):
    found = training.measure(w, others, 3, 1e-4, tell, lambda: None)
    assert isinstance(found, Measured)
    return found


class Slower(Learner):
    """Gives what a test wants it to give, and takes two milliseconds for a step."""

    def __init__(self, workload, off=0.0):
        super().__init__(workload)
        self.off = off

    def epoch(self, order):
        raise AssertionError("a test asks for losses and turns alone")

    finish = loss_of = epoch

    def losses(self, epochs):
        return [loss + self.off for loss in peers.learning(OURS, self.workload).losses(epochs)]

    def turn(self, seconds):
        return 2000.0


@pytest.fixture
def other(monkeypatch):
    """A peer that a test defines: other(make) takes part as "other"."""

    def enter(make, packages=()):
        monkeypatch.setitem(peers.PEERS, "other", ("other", packages))
        real = peers.learning
        monkeypatch.setattr(peers, "learning", lambda peer, w: make(w) if peer == "other" else real(peer, w))

    return enter


def test_a_peer_is_compared_within_each_round(other):
    other(Slower)
    targets = {"other": 1.0, "limit": 1e-9}
    found = measured(["other"], replace(TINY, targets=targets))
    (peer,) = found.peers
    assert (peer.microseconds.median, peer.target.met) == (2000.0, True)
    assert peer.ratio.median == pytest.approx(2000 / found.ours.median)
    assert found.limit.fraction.met
    assert found.missing == []


def test_a_peer_that_is_not_installed_is_left_out_with_a_line(other):
    other(Slower, packages=("no_such_package",))
    found = measured(["other"])
    assert found.missing == [Missing("other", "not_installed", "no_such_package")]
    assert "other is left out: not installed (no_such_package)" in page.notes(found)


def test_a_peer_that_fails_is_left_out_with_its_reason(other):
    def broken(w):
        raise RuntimeError("no compiler\nat all")

    other(broken)
    assert "other is left out: RuntimeError: no compiler" in page.notes(measured(["other"]))


def test_a_peer_with_other_losses_is_not_timed(other):
    other(lambda w: Slower(w, off=1e-3))
    found = measured(["other"])
    assert found.peers == []
    assert found.missing[0].key == "differs"


def test_a_workload_whose_parts_do_not_exist_is_skipped():
    found = training.measure(replace(TINY, hidden="no_such_function"), [], 1, 1e-4, lambda text: None, lambda: None)
    assert found == Missing("tiny", "no_layer")
    assert "tiny is left out: it lacks" in page.missing(found)


def test_everything_that_begins_is_told(other):
    other(Slower)
    told = []
    measured(["other"], tell=told.append)
    assert [line for line in told if "other" in line]
    assert len(told) == 4  # Backlit, the other, the limit, the rounds


def test_the_quickest_way_of_a_peer_counts(monkeypatch):
    asking = replace(PREDICTION[0], targets={"sklearn": 1e-6})
    ours = peers.answering(OURS, asking)["predict"]

    def slow(x):
        for _ in range(20):
            ours(x)
        return ours(x)

    real = peers.answering
    ways = {"slow": slow, "quick": ours}
    monkeypatch.setattr(peers, "absent", lambda peer: None)
    monkeypatch.setattr(peers, "answering", lambda peer, a: ways if peer == "sklearn" else real(peer, a))
    found = predicting.measure(asking, ["sklearn"], 3, 1e-3, lambda text: None, lambda: None)
    (peer,) = found.peers
    assert (peer.way, peer.target.met) == ("quick", True)
    assert found.flop == 2 * (30 * 32 + 32 * 16 + 16)


def test_the_limit_of_many_rows_is_that_of_all_of_them():
    asking = replace(PREDICTION[1], rows=2560)
    found = predicting.measure(asking, [], 1, 1e-4, lambda text: None, lambda: None)
    limits = predicting._limits(asking, 1e-4)
    assert [limit.rows for limit in limits] == [256, 1024]
    assert found.limit.bytes in {round(limit.bytes * 2560 / limit.rows) for limit in limits}
    assert found.limit.microseconds.median > 100


def test_there_are_signs_of_life_while_something_is_prepared():
    ticks = []
    with timing.alive(lambda: ticks.append(1), every=0.01):
        time.sleep(0.2)
    assert 2 <= len(ticks) <= 20
    time.sleep(0.05)
    assert len(ticks) <= 20


def test_the_rounds_take_turns_and_move_on():
    seen = []
    turns = {name: lambda name=name: float(len(seen)) if seen.append(name) is None else 0.0 for name in "abc"}
    found = timing.rounds(turns, 3)
    assert "".join(seen) == "abcbcacab"
    assert found["a"] == [1.0, 6.0, 8.0]


@pytest.fixture(scope="module")
def results():
    """A run of two workloads without other libraries, as it is written."""
    found = training.measure(TINY, [], 2, 1e-4, lambda text: None, lambda: None)
    asked = predicting.measure(PREDICTION[0], [], 2, 1e-4, lambda text: None, lambda: None)
    section = Section("more", "More", ["A line."], {"one": 1.0})
    return Results(dict(WHERE), 2, 1e-4, False, [found, asked], [Missing("gelu", "no_layer")], [section])


def test_the_json_file_has_its_schema(results):
    plain = json.loads(json.dumps(results.plain(), allow_nan=False))
    assert set(plain) == KEYS
    assert plain["schema"] == 1
    one, two = plain["measured"]
    assert set(one) == set(two) >= {"name", "text", "kind", "flop", "ours", "peers", "limit", "missing"}
    assert (one["kind"], two["kind"]) == ("training", "prediction")
    assert set(one["ours"]) == {"median", "low", "high"}
    assert set(one["limit"]["fraction"]) == {"value", "least", "above", "met"}
    assert set(one["limit"]["products"][0]) == {
        "m",
        "n",
        "k",
        "count",
        "microseconds",
        "gigaflop_a_second",
        "layout",
        "threads",
    }
    assert two["limit"] is None
    assert plain["sections"][0]["figures"] == {"one": 1.0}


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_every_specialist_has_its_reason(language):
    messages.use(language)
    made = specialists.section(lambda text: None)
    assert len(made.lines) == len(made.figures) + 2 == len(specialists.TRIED) + 2
    assert len(set(made.figures.values())) == len(made.figures)


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_the_page_shows_every_workload_and_section(results, language):
    messages.use(language)
    text = page.markdown(results)
    for part in ("## tiny: 2-4-1", "## one-row", "| Backlit |", "gelu", "## More\n\nA line.\n", "(4, 2) · (2, 4)"):
        assert part in text, part
    assert any("ぁ" <= c <= "ん" for c in text) == (language == "ja")
    tables = [line for line in text.splitlines() if line.startswith("|")]
    assert all(line.endswith("|") for line in tables)


def test_a_target_that_is_missed_is_said(results):
    first = results.measured[0]
    held = replace(first.limit.fraction, value=0.4, least=0.5)
    missed = replace(first, limit=replace(first.limit, fraction=held))
    found = replace(results, measured=[missed])
    assert page.rows(missed)[-1][-3:] == ["0.40", "≥ 0.5", "not met"]
    assert page.verdict(found) == "0 of 1 targets are met."
    busy = replace(found, machine={**WHERE, "two_threads_do_at_the_end": 1.2})
    assert "not quiet: two threads did 1.2 times" in page.verdict(busy)
    assert "0.40 ✗ (≥ 0.5)" in page.markdown(found)


def test_the_sections_of_a_full_run_are_made_last(monkeypatch):
    monkeypatch.setattr(run, "TRAINING", (TINY,))
    monkeypatch.setattr(run, "PREDICTION", ())
    monkeypatch.setattr(run, "SECONDS", 1e-4)
    monkeypatch.setattr(run.machine, "keep_to_two_cores", lambda: None)
    monkeypatch.setattr(peers, "TRAINING", ())
    monkeypatch.setattr(run, "SECTIONS", {name: _section(name) for name in ("more", "less")})
    ticks = []
    found = run.run((), quick=False, repeats=2, tell=lambda text: None, tick=lambda: ticks.append(1))
    assert [s.name for s in found.sections] == ["more", "less"]
    assert len(ticks) == 3 * 2  # Backlit and the limit, once to find the pace
    assert run.run(("tiny",), quick=False, repeats=1, tell=lambda text: None, tick=lambda: None).sections == []
    quiet = {"repeats": 1, "tell": lambda text: None, "tick": lambda: None}
    for names, quick, measured_, made in (
        ((), False, [], ["less"]),  # a section alone
        ((), True, ["tiny"], ["less"]),
        (("tiny",), False, ["tiny"], ["less"]),
    ):
        found = run.run(names, quick=quick, sections=("less",), **quiet)
        assert ([m.name for m in found.measured], [s.name for s in found.sections]) == (measured_, made)


def _section(name):
    return lambda tell: Section(name, name.title(), ["A line."], drawings=[Drawing(f"{name}.svg", "It.", "<svg/>")])


def test_a_drawing_stands_below_its_section_and_its_file_is_told(results):
    found = replace(results, sections=[_section("more")(None)])
    assert page.markdown(found).endswith("## More\n\nA line.\n\n![It.](more.svg)\n")
    assert found.plain()["sections"][0]["drawings"] == ["more.svg"]

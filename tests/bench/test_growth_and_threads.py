"""One thread against two, and how the time grows: small measurements, and the figures on the page."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from backlit import messages
from backlit.bench import growth, page, threads, timing
from backlit.bench.growth import AXES, Axis, Growth
from backlit.bench.native import Bench
from backlit.bench.threads import SIZES, Compared

SVG = "{http://www.w3.org/2000/svg}"
BY_NAME = {axis.name: axis for axis in AXES}
LINES = {axis.name: Growth(axis, [2.0 * n for n in axis.sizes]) for axis in AXES}


# ---- turns ----------------------------------------------------------------------------------------------


def test_a_turn_of_many_steps_finds_its_pace():
    asked = []

    def run(steps):
        asked.append(steps)
        return steps

    turn = timing.many(run, 0.1)
    assert all(turn() > 0 for _ in range(3))
    assert asked == [1, 10, 100]  # never more than ten times what was tried


def test_a_turn_of_a_training_that_has_ended_is_none():
    with pytest.raises(RuntimeError, match="0 of 1 steps"):
        timing.many(lambda steps: 0, 0.1)()


# ---- one thread and two ---------------------------------------------------------------------------------


def test_one_thread_and_two_are_compared():
    found = threads.compare(replace(SIZES[0], batches=4), Bench("float32"), repeats=2, seconds=1e-3)
    assert len(found.one) == len(found.two) == 2
    assert all(0.1 < us < 1e6 for us in found.one + found.two)
    assert (found.chosen, found.choice) == (1, 1.0)
    assert 1e5 < found.operations < 1e6


def test_the_second_core_is_woken_before_a_turn():
    class Stream:
        def stream(self, length, count, seconds):
            seen.append((count, seconds))

    seen = []
    assert threads._awake(Stream(), lambda: seen.append("turn") or 3.0)() == 3.0
    assert seen == [(2, threads.WAKING), "turn"]


def test_the_sizes_reach_from_the_smallest_to_the_largest():
    assert len(SIZES) == len({w.name for w in SIZES}) == 8
    assert (SIZES[0].sizes, SIZES[-1].sizes) == ((30, 32, 16, 1), (784, 1024, 1024, 10))
    assert set(threads.GAIN) <= {w.name for w in SIZES}


def compared(name, gain, chosen):
    (w,) = (w for w in SIZES if w.name == name)
    return Compared(w, 1_000_000, chosen, [10.0 * gain] * 3, [10.0] * 3)


FOUND = [compared("small", 0.5, 1), compared("784-128-10", 0.9, 2), compared("mnist", 1.8, 2), compared("wide", 1.6, 2)]


def test_a_choice_that_costs_is_found_out():
    held = {goal.name: (goal.value, goal.met) for goal in threads.goals(FOUND)}
    assert held == {
        "two threads on mnist": (1.8, True),
        "two threads on wide": (1.6, False),
        "the worst choice": (0.9, False),
    }
    assert threads.goals([FOUND[0]])[-1].met  # one thread was chosen: two would have been slower


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_the_section_on_threads(language):
    messages.use(language)
    section = threads.told(FOUND)
    text = "\n".join(page.section_lines(section))
    assert "| 784-256-128-10 relu, batch 128, adam, float32 | 1.0 | 18.0 | 10.0 | 1.80 × (1.80–1.80) | 2 |" in text
    assert "≥ 1.7 ×" in text
    assert json.loads(json.dumps(section.figures))["mnist"]["chosen"] == 2


# ---- growth ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", BY_NAME)
def test_an_axis_is_measured_at_each_of_its_sizes(name):
    axis = replace(BY_NAME[name], sizes=BY_NAME[name].sizes[:2])
    found = growth.measure(axis, repeats=1, seconds=1e-4)
    assert len(found.microseconds) == 2
    assert all(0.1 < us < 1e6 for us in found.microseconds)


@pytest.mark.parametrize("name", BY_NAME)
def test_an_axis_changes_what_it_is_called_by_and_nothing_else(name):
    sizes = {n: BY_NAME[name].network(n) for n in (8, 16)}
    loops = {n: growth.fitting(*sizes[n]).loop for n in sizes}
    changed = {
        "rows": (sizes[8][0] == sizes[16][0], [len(loop.order) for loop in loops.values()]),
        "width": (sizes[8][1:] == sizes[16][1:], [made[0][1] for made in sizes.values()]),
        "depth": (sizes[8][1:] == sizes[16][1:], [len(made[0]) - 2 for made in sizes.values()]),
        "batch": (sizes[8][0] == sizes[16][0], [loop.batch for loop in loops.values()]),
    }
    assert changed[name] == (True, [8, 16])
    assert {loop.threads for loop in loops.values()} == {1}


def test_the_time_of_an_epoch_is_that_of_its_steps():
    axis = Axis("rows", (640,), BY_NAME["rows"].network, epoch=True)
    (epoch,), (step,) = (growth.measure(a, 3, 1e-3).microseconds for a in (axis, replace(axis, epoch=False)))
    assert 2 < epoch / step < 50  # ten steps


def test_the_slope_is_that_of_the_upper_half():
    axis = Axis("width", (1, 10, 100, 1000), lambda n: ((), 0, 0))
    assert Growth(axis, [5.0, 5.0, 10.0, 1000.0]).slope == pytest.approx(2)
    assert LINES["rows"].slope == pytest.approx(1)


@pytest.mark.parametrize("language", messages.LANGUAGES)
@pytest.mark.parametrize("name", BY_NAME)
def test_a_drawing_shows_every_size_and_the_slope(name, language):
    messages.use(language)
    made = growth.draw(LINES[name])
    root = ET.fromstring(made.svg)
    marks = [path for path in root.iter(f"{SVG}path") if "mark" in path.get("class", "")]
    assert len(marks) == len(BY_NAME[name].sizes)
    texts = [text.text for text in root.iter(f"{SVG}text")]
    assert messages.say("bench_growth.slope_is", slope=1.0) in texts
    assert messages.say(f"bench_growth.{name}") in texts
    assert root.find(f"{SVG}desc").text == made.shows
    assert made.file == f"growth-{name}.svg"


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_the_section_on_growth(language):
    messages.use(language)
    section = growth.told(list(LINES.values()))
    text = "\n".join(page.section_lines(section))
    assert "| 256 – 65,536 | 512 | 131,072 | 1.00 |" in text
    assert len(section.drawings) == len(AXES)
    assert json.loads(json.dumps(section.figures))["depth"]["upper_half_from"] == 8

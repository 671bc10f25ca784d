"""`backlit bench`: what it prints and writes."""

from __future__ import annotations

import json

import pytest

from backlit.bench import machine, run
from backlit.bench.results import Drawing, Goal, Section


@pytest.mark.slow
def test_the_command_prints_and_writes(call, tmp_path, monkeypatch):
    monkeypatch.setattr(machine, "keep_to_two_cores", lambda: None)  # the other tests may have them all
    done = call("bench", "--quick", "--workload", "tiny", "--repeats", "1", "--out", tmp_path / "figures")
    assert done.code == 0, done.err
    assert "2-4-1 sigmoid, batch 4, sgd" in done.out
    assert "torch.compile is left out" in done.out
    assert all(part in done.err for part in ("Backlit is prepared", "scikit-learn is prepared", "."))
    written = json.loads((tmp_path / "figures" / "results.json").read_text(encoding="utf-8"))
    assert written["measured"][0]["name"] == "tiny"
    assert "2-4-1" in (tmp_path / "figures" / "results.md").read_text(encoding="utf-8")


def test_a_section_alone_is_printed_and_its_drawings_are_written(call, tmp_path, monkeypatch):
    monkeypatch.setattr(machine, "keep_to_two_cores", lambda: None)
    goals = [Goal("one", "A figure", 0.5, "s", most=1.0)]
    made = Section("more", "More", ["A line."], goals=goals, drawings=[Drawing("more.svg", "It.", "<svg/>")])
    monkeypatch.setitem(run.SECTIONS, "specialists", lambda tell: made)
    done = call("bench", "--section", "specialists", "--out", tmp_path)
    assert done.code == 0, done.err
    assert "More\n\nA line.\n" in done.out
    assert "A figure | 0.5 s | ≤ 1 s | met" in done.out
    assert "1 of 1 targets are met" in done.out
    assert (tmp_path / "more.svg").read_text(encoding="utf-8") == "<svg/>"
    assert "prepared" not in done.err


def test_a_folder_that_cannot_be_made_is_told_before_anything_is_measured(call, tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    done = call("bench", "--quick", "--out", tmp_path / "file" / "figures")
    assert done.code == 1
    assert "[BL505]" in done.err
    assert "prepared" not in done.err

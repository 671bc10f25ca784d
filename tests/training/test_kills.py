"""SIGKILL at random moments of training and saving, renames included: never a broken model or run folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
PROGRAM = Path(__file__).with_name("kills.py")

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")


def kill(kills: int, seed: int, base: Path) -> dict[str, int]:
    """What the folders of the killed runs looked like; nothing may be wrong with any."""
    places = os.pathsep.join([str(TESTS.parent / "src"), os.environ.get("PYTHONPATH", "")])
    # BLAS' own threads would not survive a fork
    environment = {**os.environ, "PYTHONPATH": places, "OPENBLAS_NUM_THREADS": "1"}
    found = subprocess.run(
        [sys.executable, str(PROGRAM), str(kills), str(seed), str(base)],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert found.returncode == 0, found.stderr
    told = json.loads(found.stdout)
    assert told["wrong"] == []
    assert told["kills"] == kills
    return told["seen"]


@pytest.mark.slow
def test_forty_kills_leave_no_broken_run(tmp_path):
    seen = kill(40, 0, tmp_path)
    assert seen["runs"] >= 10


@pytest.mark.slow
def test_a_thousand_kills_leave_no_broken_run(tmp_path):
    """They meet runs in every state: hardly begun, training, in the midst of writing, finished."""
    seen = kill(1000, 1, tmp_path)
    print(f"\n{seen}")
    assert seen["running"] >= 100
    assert seen["model"] >= 100
    assert seen["left over"] >= 20  # a file was being written when the signal came
    assert seen["epochs"] >= 10


def test_a_file_that_was_being_written_is_taken_for_nothing(tmp_path):
    """Left-over parts, even whole ones under a likely name, are neither read nor counted."""
    import backlit
    from backlit.training.objects.run import read_run

    run = backlit.train("iris", epochs=3, out=tmp_path, progress="none", baselines=False)
    for name in ("model.safetensors", "run.json", "history.jsonl"):
        (run.folder / f".{name}.abc123.tmp").write_bytes(b"half")
    known = run.network["0.weight"]
    assert (backlit.load(run.folder)["0.weight"] == known).all()
    assert read_run(run.folder)[1] == run.history
    again = backlit.train("iris", epochs=3, out=tmp_path, progress="none", baselines=False)
    assert again.folder.name == "iris-2"
    run.save(run.folder)
    assert (backlit.load(run.folder)["0.weight"] == known).all()


def test_a_run_is_a_run_from_the_moment_that_its_facts_are_there(tmp_path, monkeypatch):
    """The history is written before run.json, so that no folder with run.json lacks anything."""
    from backlit.training.runs import keeping

    written = []
    monkeypatch.setattr(keeping, "write_facts", lambda folder, facts: written.append("facts"))
    monkeypatch.setattr(keeping, "write_history", lambda folder, history: written.append("history"))
    keeping.Keeper(keeping.Place(tmp_path), {})
    assert written == ["history", "facts"]

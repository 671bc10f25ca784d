"""Ctrl-C and SIGTERM: what there is is kept, quickly; a second one ends at once."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import backlit
from backlit.cli.signals import Listener, Stopped
from backlit.data import load
from backlit.training.objects.run import read_run
from cli.processes import environment

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of another kind")

# Whoever runs the tests may ignore Ctrl-C, and children inherit that.
BEGIN = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from backlit.cli import main
main()
"""
LONG = ("train", "digits", "--epochs", "100000", "--patience", "0", "--progress", "lines")
LONG_FULL = (*LONG, "--dtype", "float64", "--optimizer", "lbfgs(ftol=0, gtol=0)")
LONG_FULL = tuple("diabetes" if word == "digits" else word for word in LONG_FULL)


def seconds_of(process: int) -> float | None:
    """Processor time that a running process has had; None where no file tells it."""
    file = Path(f"/proc/{process}/stat")
    if not file.exists():
        return None
    user, system = file.read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def children_seconds() -> float:
    """Processor time of all processes that were started here and have ended."""
    times = os.times()
    return times.children_user + times.children_system


def under_way(folder, *command):
    """A training under way in a process of its own."""
    done = subprocess.Popen(
        [sys.executable, "-c", BEGIN, *command], cwd=folder, env=environment(BACKLIT_LANG="en"),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
    )  # fmt: skip
    with done:
        for line in done.stderr:
            if line.startswith("epoch 3/"):
                break
        yield done
        done.kill()


@pytest.fixture
def training(tmp_path):
    yield from under_way(tmp_path, *LONG)


@pytest.fixture
def full_batch(tmp_path):
    """L-BFGS on a network that takes thousands of iterations: SciPy runs in a thread of its own."""
    yield from under_way(tmp_path, *LONG_FULL)


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_keeps_what_there_is(training, tmp_path, number, code):
    time.sleep(0.2)
    others, begun = children_seconds(), seconds_of(training.pid)
    training.send_signal(number)
    out, err = training.communicate(timeout=60)
    assert (training.returncode, out) == (code, "")
    if begun is not None:
        assert children_seconds() - others - begun < 2  # of the processor: judging, writing, the report
    *_, kept, last = err.splitlines()
    assert last == "interrupted"
    assert "runs/digits-1" in kept
    assert "Traceback" not in err

    folder = tmp_path / "runs" / "digits-1"
    run, history = read_run(folder)
    assert run["result"]["stopped"] == "interrupted"
    assert run["result"]["epochs"] == len(history) > 0
    assert run["command"].startswith("backlit train digits")
    digits = load("digits")
    measured = backlit.load(folder).evaluate(digits.x, digits.t)["accuracy"]
    parts, split = run["result"], run["data"]["split"]
    assert measured == pytest.approx(sum(parts[p]["accuracy"] * split[p] for p in split) / 1797)
    assert "<!doctype html>" in (folder / "report.html").read_text(encoding="utf-8")
    assert sorted(path.name for path in folder.iterdir()) == [
        "config.toml", "history.jsonl", "last.safetensors", "model.safetensors", "report.html", "resume.safetensors",
        "run.json",
    ]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_in_lbfgs_keeps_the_best_of_whole_iterations(full_batch, tmp_path, number, code):
    """The line search tries parameters that are never to be kept; the weights told must be those of an epoch."""
    time.sleep(0.3)
    full_batch.send_signal(number)
    out, err = full_batch.communicate(timeout=20)
    assert (full_batch.returncode, out) == (code, "")
    assert err.splitlines()[-1] == "interrupted"
    assert "Traceback" not in err
    folder = tmp_path / "runs" / "diabetes-1"
    run, history = read_run(folder)
    assert (run["result"]["stopped"], run["result"]["epochs"]) == ("interrupted", len(history))
    assert 3 <= len(history) < 4000
    table, parts, split = load("diabetes"), run["result"], run["data"]["split"]
    told = sum(parts[p]["rmse"] ** 2 * split[p] for p in split) / 442
    squares = (backlit.load(folder).predict(table.x)[:, 0] - table.t[:, 0]) ** 2
    assert squares.mean() == pytest.approx(told, rel=1e-6)
    assert np.isfinite(backlit.load(folder / "last.safetensors").predict(table.x)).all()


@pytest.mark.slow
def test_a_second_signal_ends_at_once(training, tmp_path):
    time.sleep(1.1)
    for _ in range(3):
        training.send_signal(signal.SIGINT)
        time.sleep(0.01)
    _, err = training.communicate(timeout=20)
    assert training.returncode == 130
    assert "Traceback" not in err
    folder = tmp_path / "runs" / "digits-1"
    json.loads((folder / "run.json").read_text(encoding="utf-8"))
    if (folder / "model.safetensors").exists():
        assert np.isfinite(backlit.load(folder).predict(load("digits").x[:5])).all()


@pytest.mark.slow
@pytest.mark.parametrize("wait", [0.02, 0.08, 0.3, 0.6])
def test_a_signal_before_there_is_anything_leaves_nothing(tmp_path, wait):
    done = subprocess.Popen(
        [sys.executable, "-c", BEGIN, *LONG], cwd=tmp_path, env=environment(), stderr=subprocess.PIPE, encoding="utf-8"
    )
    time.sleep(wait)
    done.send_signal(signal.SIGTERM)
    _, err = done.communicate(timeout=20)
    assert done.returncode in (143, -signal.SIGTERM)  # the second: Python itself was not there yet
    assert "Traceback" not in err


# ---- the listener -----------------------------------------------------------------------------------------------


def test_a_signal_asks_while_somebody_checks():
    listener = Listener()
    with listener.listening():
        listener.patient = True
        signal.raise_signal(signal.SIGTERM)
        with pytest.raises(Stopped) as stopped:
            listener.check()
        assert stopped.value.code == 143
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_a_second_signal_does_not_ask():
    listener = Listener()
    with listener.listening():
        listener.patient = True
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(Stopped):
            signal.raise_signal(signal.SIGINT)


def test_a_signal_raises_where_nobody_checks():
    with Listener().listening(), pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_a_signal_that_is_ignored_stays_ignored():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with Listener().listening():
            signal.raise_signal(signal.SIGINT)
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_signal_that_a_callback_of_compiled_code_swallows_comes_again():
    callback = ctypes.CFUNCTYPE(None)(lambda: signal.raise_signal(signal.SIGINT))
    begin = time.perf_counter()
    with Listener().listening():
        callback()  # as LLVM calls back into Python while it compiles: the exception cannot get through
        with pytest.raises(Stopped):
            time.sleep(600)
    assert time.perf_counter() - begin < 300  # it did not sleep to the end

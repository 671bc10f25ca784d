"""Why a run ends: all epochs done, nothing better, a loss that is not finite, a kernel that gives up."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from backlit.machine import backend
from backlit.machine.loop import Job, Loop
from backlit.machine.state import PLACE
from backlit.ops import random
from machine.networks import SHAPES, assert_same, data, loop, tapes
from tolerance import same_bits

ENGINES = ("compiled", "plain", "interpreter")
FAILS = "@inline\ndef kernel(A, I, S, C, lo, hi, thread):\n    return 7\n"


def spoilt_data(value: float) -> dict[str, np.ndarray]:
    """Rows of which one, met in the second step, holds `value`."""
    given = data(75)
    given["x"][random.permutation(3, 0, 75)[40], 2] = value
    return given


@pytest.mark.parametrize("engine", ENGINES)
def test_a_loss_that_is_not_finite_stops_the_run_before_the_weights_are_spoilt(engine):
    made = loop(engine=engine, inputs=spoilt_data(np.nan))
    assert made.run(1) == 1
    before = {n: made[n].copy() for n in (*SHAPES, "m", "v")}
    assert made.run(1000) == 0
    assert made.stopped == "not finite"
    assert made.step == 1
    assert all(same_bits(made[n].copy(), value) for n, value in before.items())
    assert np.isnan(made["E"])
    assert made.run(1000) == 0  # and it stays stopped


@pytest.mark.parametrize("engine", ENGINES)
def test_weights_that_a_finite_loss_has_spoilt_stop_the_run_in_the_next_step(engine):
    # tanh(∞) is 1, so the loss is finite, but ∂E/∂W = xᵀ δ has ∞ · 0
    made = loop(engine=engine, inputs=spoilt_data(np.inf))
    assert made.run(1000) == 2
    assert made.stopped == "not finite"
    assert np.isnan(made["W1"]).any()


@pytest.mark.parametrize("engine", ENGINES)
def test_a_kernel_that_gives_up_stops_the_run_and_is_named(engine, monkeypatch):
    made = loop(engine=engine)
    made.run(2)
    spoil(made, made.train, 1, monkeypatch)
    before = made["W1"].copy()
    assert made.run(10) == 0
    assert made.stopped == "kernel"
    assert made.failed == (1, 7)
    assert same_bits(made["W1"].copy(), before)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("threads", [1, 2])
def test_a_kernel_that_gives_up_in_the_validation_stops_the_run_too(engine, threads, monkeypatch):
    made = loop(engine=engine, threads=threads)
    made.run(3)
    assert made.stopped == ""
    spoil(made, made.valid, 1, monkeypatch)
    made.run(1000)
    assert made.stopped == "kernel"
    assert made.step == 6
    assert len(made.epochs_done()) == 1


def test_two_threads_leave_together_whichever_instruction_gives_up(rng, monkeypatch):
    for i in range(30):  # in the first version one of the threads could wait for ever
        made = loop("float32", threads=2, epochs=100)
        made.run(int(rng.integers(9)))
        code = made.train if i % 2 else made.valid
        at = int(rng.integers(len(code.starts) - code.extra))
        spoil(made, code, at, monkeypatch)
        made.run(1000)
        assert made.stopped == "kernel"
        assert made.failed[1] == 7


def spoil(made: Loop, code: Any, at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a kernel that returns 7 in place of instruction `at`."""
    start = code.starts[at + code.extra]
    if made.backend.name == "interpreter":
        code.template[start] = -1
        monkeypatch.setitem(backend._kernels, -1, lambda *arguments: 7)
    else:
        code.template[start] = made.backend.address("fails", FAILS)
    made.state[PLACE["RESOLVED"]] = made.state[PLACE["VALID_RESOLVED"]] = 0


def test_the_run_stops_early_when_nothing_gets_better_and_keeps_the_best_weights():
    made = loop(patience=2, epochs=50)
    made.set("learning_rate", 0.05)
    kept = {}
    while not made.stopped:
        made.run(made.steps_per_epoch)
        kept[made.epoch] = made["θ"].copy()
    losses = [e["valid_loss"] for e in made.epochs_done()]
    assert made.stopped == "early"
    assert made.best_epoch == 1 + int(np.argmin(losses)) == len(losses) - 2
    assert same_bits(made.best, kept[made.best_epoch])
    made.take_best()
    assert same_bits(made["θ"].copy(), kept[made.best_epoch])


def test_without_rows_held_out_the_training_loss_decides_which_epoch_is_best():
    made = loop(held_out={}, epochs=4)
    made.run(1000)
    losses = [e["train_loss"] for e in made.epochs_done()]
    assert made.best_epoch == 1 + int(np.argmin(losses))
    assert all(np.isnan(e["valid_loss"]) for e in made.epochs_done())


def test_a_run_that_has_ended_can_be_allowed_to_go_on():
    long, short = loop(epochs=9), loop(epochs=4)
    long.run(1000)
    short.run(1000)
    assert (short.stopped, short.run(5)) == ("epochs", 0)
    short.forget_stop(9)
    assert short.stopped == ""
    short.run(1000)
    assert_same(long, short)


def test_a_batch_larger_than_the_data_is_the_data():
    train, valid = tapes()
    made = Loop(train, valid, Job(data(5), {}, batch=1000, epochs=2))
    assert (made.batch, made.steps_per_epoch) == (5, 1)
    assert made.run(10) == 2

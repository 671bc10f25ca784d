"""A guard against a slower engine: how many times as long the same work takes in plain NumPy, in the same process.

Both are timed by the processor's time of this process, in turns, with one thread, and the best turn of each counts: so
a busy neighbour slows down neither, or both.  Never is a time held against a number of microseconds.

The bounds are about half of what was measured beside busy neighbours (in brackets): an engine that becomes twice as
slow fails, a processor that is a little different does not.
"""

from __future__ import annotations

import time

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from backlit.bench.peers import ours
from backlit.bench.workloads import TRAINING
from bench.plain import Plain

BY_NAME = {w.name: w for w in TRAINING}
BOUNDS = {"small": 13.0, "digits": 2.6}  # how many times Backlit's time NumPy's takes (26.9 to 28.4, 4.9 to 5.7)
PREDICTION = 1.7  # (3.4 to 4.1)
ROUNDS, SECONDS = 8, 0.02


def ratio(theirs, ours):
    """The least time of `theirs` over the least time of `ours`, in turns of about SECONDS."""
    best, calls = {}, {}
    with threadpool_limits(1, user_api="blas"):
        for turn in range(ROUNDS + 1):
            for work in (theirs, ours):
                begin = time.process_time()
                for _ in range(calls.get(work, 1)):
                    work()
                took = (time.process_time() - begin) / calls.get(work, 1)
                if turn:  # the first one finds out how many calls fill a turn
                    best[work] = min(took, best.get(work, took))
                calls[work] = max(1, round(SECONDS / max(took, 1e-6)))
    return best[theirs] / best[ours]


def training_ratio(w, engine="compiled", steps=1):
    """An epoch of NumPy to an epoch of the engine; with `steps` that many epochs of it."""
    plain, loop, number = Plain(w), ours.fitting(w, 20_000, engine=engine, threads=1).loop, iter(range(10**9))
    found = ratio(lambda: plain.epoch(next(number)), lambda: loop.run(steps * w.batches))
    assert not loop.stopped
    assert loop.epoch > ROUNDS
    return found


@pytest.mark.parametrize("name", BOUNDS)
def test_numpy_computes_the_same(name):
    w = BY_NAME[name]
    plain, made = Plain(w), ours.fitting(w, epochs=3)
    made.run()
    losses = [row["train_loss"] for row in made.history()]
    assert losses == pytest.approx([plain.epoch(number) for number in range(3)], rel=1e-4)
    assert losses[2] < losses[0]


@pytest.mark.parametrize("name", BOUNDS)
def test_a_step_is_so_many_times_as_quick_as_in_numpy(name):
    assert training_ratio(BY_NAME[name]) >= BOUNDS[name]


def test_a_prediction_is_so_many_times_as_quick_as_in_numpy():
    w = BY_NAME["digits"]
    plain, net = Plain(w), ours.network(w)
    x = np.random.default_rng(0).standard_normal((10_000, 64), dtype=np.float32)
    assert np.allclose(net.predict(x), plain.predict(x), atol=1e-5)
    assert ratio(lambda: plain.predict(x), lambda: net.predict(x)) >= PREDICTION


@pytest.mark.parametrize("name", BOUNDS)
def test_the_guard_catches_a_slower_engine(name):
    assert training_ratio(BY_NAME[name], engine="interpreter") < BOUNDS[name]


@pytest.mark.parametrize("name", BOUNDS)
def test_the_guard_catches_a_step_that_takes_three_times_as_long(name):
    assert training_ratio(BY_NAME[name], steps=3) < BOUNDS[name]

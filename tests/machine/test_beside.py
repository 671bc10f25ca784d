"""A second thread keeps off the core of the first one."""

import os
import threading

import pytest

from backlit.machine import beside

needs_cores = pytest.mark.skipif(
    not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) < 2, reason="one core, or nobody knows"
)


@needs_cores
def test_a_second_thread_may_not_run_on_its_makers_core():
    all_cores = os.sched_getaffinity(0)
    core = min(all_cores)
    os.sched_setaffinity(0, {core})
    os_of = {}
    try:
        thread = beside.thread_beside(lambda: os_of.update(second=os.sched_getaffinity(0)))
        os.sched_setaffinity(0, all_cores)
        thread.start()
        thread.join()
    finally:
        os.sched_setaffinity(0, all_cores)
    assert os_of["second"] == all_cores - {core}
    assert os.sched_getaffinity(0) == all_cores  # the first one may go where it likes


@needs_cores
def test_on_a_single_core_it_runs_there():
    all_cores = os.sched_getaffinity(0)
    done = []
    os.sched_setaffinity(0, {min(all_cores)})
    try:
        thread = beside.thread_beside(done.append, threading.get_ident())
        thread.start()
        thread.join(10)
    finally:
        os.sched_setaffinity(0, all_cores)
    assert done == [threading.get_ident()]


def test_where_nobody_knows_the_core_it_is_a_plain_thread(monkeypatch):
    monkeypatch.setattr(beside, "_core", lambda: -1)
    done = []
    thread = beside.thread_beside(done.append, 1)
    thread.start()
    thread.join(10)
    assert done == [1]


def slices(quicker, pace, number, seconds=0.05):
    """How many threads each of some slices takes, where a step with n threads takes pace(n) seconds."""
    chosen = []
    for _ in range(number):
        threads = quicker.threads()
        chosen.append(threads)
        quicker.took(threads, seconds, int(seconds / pace(threads)))
    return chosen


def test_two_threads_go_on_where_they_are_quicker_and_one_is_tried_seldom():
    chosen = slices(beside.Quicker(), {1: 2e-5, 2: 1e-5}.get, 400)
    assert chosen[:4] == [2, 2, 1, 2]
    assert 5 <= chosen.count(1) <= 8


def test_one_thread_goes_on_where_the_second_core_is_taken_and_two_are_tried_now_and_then():
    chosen = slices(beside.Quicker(), {1: 2e-5, 2: 6e-5}.get, 400)
    assert chosen[:4] == [2, 2, 1, 1]
    assert 5 <= chosen[3:].count(2) <= 10


def test_two_threads_come_back_when_the_core_is_free_again():
    quicker = beside.Quicker()
    slices(quicker, {1: 2e-5, 2: 6e-5}.get, 300)
    assert slices(quicker, {1: 2e-5, 2: 1e-5}.get, 200)[-100:].count(2) >= 95


def test_short_slices_decide_nothing():
    quicker = beside.Quicker()
    assert set(slices(quicker, {1: 1e-5, 2: 9e-5}.get, 50, seconds=0.001)) == {2}


def test_the_other_way_is_tried_at_once_when_a_training_becomes_slower():
    quicker = beside.Quicker()
    slices(quicker, {1: 2e-5, 2: 1e-5}.get, 40)  # two are quicker; one is not due for a while
    assert slices(quicker, {1: 2e-5, 2: 5e-5}.get, 4) == [2, 1, 1, 1]

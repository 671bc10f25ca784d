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

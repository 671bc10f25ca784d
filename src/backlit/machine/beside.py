"""A second thread that really runs beside the first one: on another core."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import threading
from collections.abc import Callable
from typing import Any


def thread_beside(function: Callable[..., Any], *given: Any) -> threading.Thread:
    """A thread, to be started, that calls `function(*given)` on any core but the one that its maker runs on.

    A system may put a new thread onto the core of the one that made it, and needs some milliseconds to notice that
    both want to work.  Two threads that wait for each other every few microseconds are then slower than one.
    """
    maker = _core()

    def run() -> None:
        _keep_off(maker)
        function(*given)

    return threading.Thread(target=run, daemon=True)


def _keep_off(core: int) -> None:
    """The calling thread may run on any of its cores but this one, if there is another."""
    if core >= 0:
        with contextlib.suppress(OSError):
            others = os.sched_getaffinity(0) - {core}
            if others:
                os.sched_setaffinity(0, others)


def _core() -> int:
    """The number of the core that runs this, -1 where nobody knows."""
    ask = _sched_getcpu()
    return ask() if ask is not None else -1


@functools.cache
def _sched_getcpu() -> Callable[[], int] | None:
    if not hasattr(os, "sched_setaffinity"):  # macOS, Windows
        return None
    found: Callable[[], int] | None = getattr(ctypes.CDLL(None), "sched_getcpu", None)
    return found

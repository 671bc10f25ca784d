"""A second thread that really runs beside the first one, on another core; and a look at whether that helps."""

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


def cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


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


class Quicker:
    """Chooses two threads or one from slice to slice of a training, as the second core may be somebody else's.

    Now and then, and when it becomes slower, a slice is done the other way, and whoever is quicker goes on.  The
    numbers of a training do not depend on it (docs/decisions/0006-threads.md).
    """

    SHORT = 0.01  # seconds: slices that are shorter say nothing
    SLOWER = 1.25  # times the pace of the slice before, from which the other way is tried at once
    FIRST, SOON, LATE = 2, 8, 64  # slices until the other way is tried: at the start, after a change, later

    def __init__(self) -> None:
        self.now, self.left, self.pause = 2, self.FIRST, self.LATE
        self.pace = {1: 0.0, 2: 0.0}

    def threads(self) -> int:
        """How many for the next slice."""
        return self.now if self.left > 0 else 3 - self.now

    def took(self, threads: int, seconds: float, steps: int) -> None:
        """What the slice took."""
        if seconds < self.SHORT or steps == 0:
            return
        before, self.pace[threads] = self.pace[threads], seconds / steps
        if threads == self.now:
            # suddenly slower: somebody came, or the cores of a virtual machine were moved apart
            self.left = 0 if 0 < before < self.pace[threads] / self.SLOWER else self.left - 1
        elif self.pace[threads] < 0.95 * self.pace[self.now]:
            self.now, self.left, self.pause = threads, self.SOON, self.SOON
        else:
            self.pause = min(2 * self.pause, self.LATE)
            self.left = self.pause

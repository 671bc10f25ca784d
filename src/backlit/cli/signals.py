"""Ctrl-C and SIGTERM: the first one ends the work in order, the second one at once.

While a training runs, the first signal only asks, and the training stops between two slices (50 ms): an exception in
the middle of copying weights would leave half of them.  At all other times it is an exception like any Ctrl-C.
"""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any

NUMBERS = (signal.SIGINT, signal.SIGTERM)
AGAIN = 0.05  # seconds


class Stopped(KeyboardInterrupt):
    """The end that a signal asked for; `code` is the exit code that goes with it."""

    def __init__(self, number: int = signal.SIGINT) -> None:
        super().__init__()
        self.code = 128 + number


class Listener:
    """Hears the signals of this process while it is in force; see the module's text."""

    def __init__(self) -> None:
        self.heard = 0  # the last signal
        self.patient = False  # whether somebody will call `check` soon

    def check(self) -> None:
        """Stop here if a signal has asked for it."""
        if self.heard:
            self.patient = False
            raise Stopped(self.heard)

    def hear(self, number: int, frame: FrameType | None) -> None:
        """The handler."""
        first, self.heard = not self.heard, number
        if not (self.patient and first):
            self.check()

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Put the handlers in force; a signal that whoever started us ignores (`nohup`, `&`) stays ignored."""
        before: dict[signal.Signals, Any] = {}
        self.heard, self.patient = 0, False
        hook = sys.unraisablehook
        sys.unraisablehook = lambda found: self._again() if isinstance(found.exc_value, Stopped) else hook(found)
        try:
            for number in NUMBERS:
                if signal.getsignal(number) not in (signal.SIG_IGN, None):
                    before[number] = signal.signal(number, self.hear)
        except ValueError:
            pass  # only the main thread may: elsewhere signals are somebody else's
        try:
            yield
        finally:
            for number in before:
                signal.signal(number, before[number])
            sys.unraisablehook = hook

    def _again(self) -> None:
        """An exception in a callback of compiled code (LLVM's, when it compiles) goes nowhere: raise it once more."""
        main = threading.main_thread().ident
        if hasattr(signal, "pthread_kill") and main:
            timer = threading.Timer(AGAIN, signal.pthread_kill, (main, self.heard))  # wakes it, too
        else:
            timer = threading.Timer(AGAIN, signal.raise_signal, (self.heard,))
        timer.daemon = True
        timer.start()


listener = Listener()  # signals belong to the process, and so does the one who hears them

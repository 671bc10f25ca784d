"""Ctrl-C and SIGTERM: the first one ends the work in order, the second one at once.

While a training runs, the first signal only asks, and the training stops between two slices (50 ms): an exception in
the middle of copying weights would leave half of them.  At all other times it is an exception like any Ctrl-C.
"""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType
from typing import Any

NUMBERS = (signal.SIGINT, signal.SIGTERM)


class Stopped(KeyboardInterrupt):
    """The end that a signal asked for; `code` is the exit code that goes with it."""

    def __init__(self, number: int = signal.SIGINT) -> None:
        super().__init__()
        self.code = 128 + number


class Listener:
    """Hears the signals of this process while it is in force; see the module's text."""

    def __init__(self) -> None:
        self.patient = False  # whether somebody will call `check` soon
        self.asked = 0

    def check(self) -> None:
        """Stop here if a signal has asked for it."""
        if self.asked:
            number, self.asked, self.patient = self.asked, 0, False
            raise Stopped(number)

    def hear(self, number: int, frame: FrameType | None) -> None:
        """The handler."""
        ask, self.asked = self.patient and not self.asked, number
        if not ask:
            self.patient = False
            raise Stopped(number)  # should somebody swallow it, `check` raises it again

    @contextlib.contextmanager
    def listening(self) -> Iterator[Listener]:
        """Put the handlers in force; a signal that whoever started us ignores (`nohup`, `&`) stays ignored."""
        before: dict[int, Any] = {}
        self.patient, self.asked = False, 0
        try:
            for number in NUMBERS:
                if signal.getsignal(number) not in (signal.SIG_IGN, None):
                    before[number] = signal.signal(number, self.hear)
        except ValueError:
            pass  # only the main thread may: elsewhere signals are somebody else's
        try:
            yield self
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


listener = Listener()  # signals belong to the process, and so does the one who hears them

"""Single keys of a terminal, without Enter; the terminal is left as it was found."""

from __future__ import annotations

import contextlib
import os
import select
import sys
from collections.abc import Iterator

try:
    import termios
    import tty
except ImportError:  # a system without termios: `watched` says no, and all is printed at once
    termios = tty = None  # type: ignore[assignment]

NAMES = {
    b"\x1b[C": "next", b"\x1bOC": "next", b"\x1b[B": "next", b"n": "next", b" ": "next", b"\r": "next", b"\n": "next",
    b"\x1b[D": "back", b"\x1bOD": "back", b"\x1b[A": "back", b"p": "back", b"\x7f": "back",
    b"q": "end", b"Q": "end", b"\x1b": "end", b"\x04": "end", b"": "end",
    b"g": "check", b"G": "check", b"\x1b[H": "first", b"\x1b[F": "last",
}  # fmt: skip


def watched() -> bool:
    """Whether there is a terminal on both sides."""
    return termios is not None and sys.stdin.isatty() and sys.stdout.isatty()


@contextlib.contextmanager
def single() -> Iterator[None]:
    """Keys come one by one inside, and are not echoed; Ctrl-C still interrupts."""
    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    try:
        tty.setcbreak(descriptor)
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def pressed() -> str:
    """The next key that means something: next, back, end, check, first or last."""
    while True:
        key = os.read(sys.stdin.fileno(), 1)
        while key.startswith(b"\x1b") and len(key) < 3 and select.select([sys.stdin], [], [], 0.05)[0]:
            key += os.read(sys.stdin.fileno(), 1)
        if key in NAMES:
            return NAMES[key]

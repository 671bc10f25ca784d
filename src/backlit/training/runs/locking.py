"""One process at a time in a run's folder; the system lets go of the lock when the process ends, however it ends."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

from ...errors import fail

NAME = ".lock"  # on Windows, where a folder itself cannot be locked


class Lock:
    """Holds a folder until `release`; a FileError (BL508) when another process, or another run, holds it."""

    def __init__(self, folder: Path) -> None:
        self.held: int | None = None
        handle = _opened(folder)
        if handle is None:
            return
        try:
            _lock(handle)
        except BlockingIOError:
            os.close(handle)
            raise fail("BL508", path=folder) from None
        except OSError:  # a disk that knows no locks
            os.close(handle)
            return
        self.held = handle

    def release(self) -> None:
        """Let others have it; once is enough."""
        if self.held is not None:
            with contextlib.suppress(OSError):
                os.close(self.held)
            self.held = None


def _opened(folder: Path) -> int | None:
    with contextlib.suppress(OSError):
        if sys.platform == "win32":
            return os.open(folder / NAME, os.O_CREAT | os.O_RDWR)
        return os.open(folder, os.O_RDONLY)
    return None


def _lock(handle: int) -> None:
    if sys.platform == "win32":
        import msvcrt

        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except PermissionError as error:
            raise BlockingIOError(str(error)) from None
    else:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)

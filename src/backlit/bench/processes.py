"""Whole processes, from their start to their end: how long they take, and how much memory they have."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
PATIENCE = 600  # seconds


@dataclass(frozen=True)
class Ended:
    """A process that has ended; `peak` in bytes, None where the system does not tell."""

    seconds: float
    peak: int | None
    code: int
    out: str
    err: str


def python(arguments: Sequence[str], environment: Mapping[str, str] | None = None) -> Ended:
    """Run this Python in a process of its own, with this Backlit at hand and more of the environment if given.

    >>> ended = python(["-c", "print(6 * 7)"])
    >>> ended.code, ended.out.strip()
    (0, '42')
    """
    places = [str(HERE.parents[1]), os.environ.get("PYTHONPATH", "")]
    given = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, places)), **(environment or {})}
    command = [sys.executable, "-I", str(HERE / "launch.py"), sys.executable, *arguments]
    done = subprocess.run(
        command, capture_output=True, text=True, encoding="utf-8", env=given, timeout=PATIENCE, check=True
    )  # fmt: skip
    return Ended(**json.loads(done.stdout))

"""Run a command and print, as JSON, how long it took and how much memory it had at its peak.

This is a small program of its own (`processes.py` starts it): a child is born with the peak memory of its parent, and
the parent that measures other libraries has half a gigabyte.  It imports nothing of Backlit.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import Any


def peak() -> int | None:
    """The bytes that the ended child held at its peak; None where the system does not tell."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    most: int = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return most if sys.platform == "darwin" else 1024 * most


def launch(command: list[str]) -> dict[str, Any]:
    """Seconds, peak in bytes, exit code and what was printed."""
    begin = time.perf_counter()
    ended = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", errors="replace", check=False)
    seconds = time.perf_counter() - begin
    told = {"code": ended.returncode, "out": ended.stdout, "err": ended.stderr}
    return {"seconds": seconds, "peak": peak(), **told}


if __name__ == "__main__":
    print(json.dumps(launch(sys.argv[1:])))

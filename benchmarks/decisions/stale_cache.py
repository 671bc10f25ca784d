"""docs/decisions/0003: a compiled function goes on calling the old version of a function in another file.

    python benchmarks/decisions/stale_cache.py

Needs nothing, and leaves nothing behind.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

INNER = "from numba import njit\n\n@njit\ndef inner():\n    return {value}\n"
OUTER = "from numba import njit\nfrom inner import inner\n\n@njit(cache=True)\ndef outer():\n    return inner()\n"


def answer(folder: Path) -> str:
    """What a new process gets from outer()."""
    command = [sys.executable, "-c", "from outer import outer; print(outer())"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout.strip()


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "outer.py").write_text(OUTER)
        for value in (1, 2):
            (folder / "inner.py").write_text(INNER.format(value=value))
            print(f"two files, inner() returns {value}: outer() gives {answer(folder)}")

    from backlit.machine import unit

    with tempfile.TemporaryDirectory() as name:
        unit.cache_folder = lambda: Path(name)
        for value in (1, 2):
            body = f"@inline\ndef inner():\n    return {value}\n\n\n@entry()\ndef outer():\n    return inner()\n"
            module = unit.functions("outer", body, "float32")
            file = Path(module.__file__).name
            print(f"one unit, inner() returns {value}: outer() gives {module.outer()}, from {file}")


if __name__ == "__main__":
    main()

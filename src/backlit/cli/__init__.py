"""The command line: `backlit train digits`.

    app.py       the group of commands, the language, the way in
    options.py   options and commands whose sentences come from the catalogue;  page.py: their help pages
    kinds.py     the values that options take
    trouble.py   what is said, and the exit code, when something goes wrong;  signals.py: Ctrl-C
    tables.py    results as tables;  models.py: models, runs, and rows that fit them
    train.py, diagnose.py, evaluate.py, predict.py, show.py, explain.py, warmup.py, bench.py   a command each; also
    curvature.py, landscape.py, collapse.py

A command's file is loaded when it is asked for, and what computes (NumPy, Numba) inside its function: help is quick.
"""

from __future__ import annotations

from typing import NoReturn


def main() -> NoReturn:
    """The command `backlit`.

    >>> import subprocess, sys
    >>> done = subprocess.run([sys.executable, "-m", "backlit", "explain", "BL301"], capture_output=True, text=True)
    >>> done.returncode, "BL301" in done.stdout
    (0, True)
    """
    import signal

    # Until our own handlers are there, Ctrl-C ends the process without a traceback of half-done imports.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from .app import enter

    enter()


__all__ = ["main"]

"""What a person sees while the doctor works: what is being tried and what it did; never silent for a second."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

from ..messages import language, say

if TYPE_CHECKING:
    from ..doctor.trial import Change, Outcome
    from ..training.fitting import Fitting

SILENT = 0.9  # seconds after which something has to be said


def watching(kind: str, budget: float) -> Any:
    """The watch of this name, on stderr: "auto" is a bar in a terminal that can move its cursor, else lines."""
    if kind == "auto":
        kind = "bar" if sys.stderr.isatty() and os.environ.get("TERM", "") not in ("dumb", "unknown") else "lines"
    from ..training.diagnosing import Watch

    class Silent(Watch):
        """Says nothing."""

        def __enter__(self) -> Watch:
            self.begin = time.perf_counter()
            return self

        def __exit__(self, *error: object) -> None:
            pass

    class Lines(Silent):
        """A line for every trial, and one a second while nothing else is said."""

        def __init__(self) -> None:
            self.doing, self.last = "", time.perf_counter()
            self.over = threading.Event()

        def __enter__(self) -> Watch:
            super().__enter__()
            self.phase("checking")
            self.thread = threading.Thread(target=self._beat, daemon=True)
            self.thread.start()
            return self

        def __exit__(self, *error: object) -> None:
            self.over.set()
            self.thread.join()

        def say(self, line: str) -> None:
            self.last = time.perf_counter()
            print(line, file=sys.stderr, flush=True)

        def _beat(self) -> None:
            with contextlib.suppress(OSError, ValueError):  # the reader has gone
                while not self.over.wait(0.1):
                    if time.perf_counter() - self.last > SILENT:
                        self.say(self.still())

        def still(self) -> str:
            """What is being done, and for how long the whole has been going on."""
            seconds = time.perf_counter() - self.begin
            return say("cli_diagnose.still", doing=self.doing, seconds=seconds, budget=max(budget, seconds))

        def phase(self, name: str) -> None:
            self.doing = say(f"cli_diagnose.{name}")

        def trying(self, change: Change) -> None:
            self.doing = say("cli_diagnose.trying", change=_named(change))

        def tried(self, outcome: Outcome) -> None:
            from ..report.findings import share

            key = "broke" if outcome.broken or outcome.skill != outcome.skill else "did"
            self.say(
                say(f"cli_diagnose.{key}", change=_named(outcome.change), skill=share(outcome.skill),
                    steps=outcome.steps)
            )  # fmt: skip
            self.phase("checking")

        def slice(self, fitting: Fitting) -> None:
            pass

    class Bar(Lines):
        """A bar over the budget, with what is being tried."""

        def __enter__(self) -> Watch:
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

            console = Console(file=sys.stderr, highlight=False, markup=False, emoji=False)
            columns = (BarColumn(20), TimeElapsedColumn(), TextColumn("{task.description}", markup=False))
            self.bar = Progress(*columns, console=console, transient=True)
            self.task = self.bar.add_task("", total=max(budget, 1.0))
            self.bar.start()
            return super().__enter__()

        def __exit__(self, *error: object) -> None:
            super().__exit__(*error)
            self.bar.stop()

        def say(self, line: str) -> None:
            self.last = time.perf_counter()
            self.bar.console.print(line, soft_wrap=True)

        def _beat(self) -> None:
            while not self.over.wait(0.1):
                done = min(time.perf_counter() - self.begin, max(budget, 1.0))
                self.bar.update(self.task, completed=done, description=self.doing)

    return {"none": Silent, "lines": Lines, "bar": Bar}[kind]()


def _named(change: Change) -> str:
    """What is changed, in the language in force."""
    from ..report.findings import Sentences

    return Sentences(language()).change({**change.told(), "facts": dict(change.facts)})

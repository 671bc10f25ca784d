"""What a person sees while the doctor works: what is being tried and what it did; never silent for a second."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from typing import TYPE_CHECKING

from ...messages import language, say
from ...report.findings import Sentences, share

if TYPE_CHECKING:
    from typing import Self

    from ...doctor.trial import Change, Outcome
    from ..loop.fitting import Fitting

SILENT = 0.9  # seconds after which something has to be said


class Watch:
    """Hears how a diagnosis goes, and says nothing: the base of those that do.

    It is entered while the work is done.
    """

    def __init__(self, budget: float = 0.0) -> None:
        self.budget = budget

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """The work is done, or has ended."""

    def phase(self, name: str) -> None:
        """Another part of the work begins: "checking", "replaying"."""

    def trying(self, change: Change) -> None:
        """A change is about to be tried."""

    def tried(self, outcome: Outcome) -> None:
        """What it did."""

    def slice(self, fitting: Fitting) -> None:
        """About twenty times a second while a training is gone through again."""


class Lines(Watch):
    """A line for every trial, and one a second while nothing else is said."""

    def __init__(self, budget: float = 0.0) -> None:
        super().__init__(budget)
        self.doing, self.begin = "", time.perf_counter()
        self.last = self.begin  # when something was said last
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._beat, daemon=True)

    def __enter__(self) -> Self:
        self.begin = time.perf_counter()
        self.phase("checking")
        self.thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.over.set()
        self.thread.join()

    def say(self, line: str) -> None:
        self.last = time.perf_counter()
        print(line, file=sys.stderr, flush=True)

    def _beat(self) -> None:
        with contextlib.suppress(OSError, ValueError):  # the reader has gone: the work will notice by itself
            while not self.over.wait(0.1):
                now = time.perf_counter()
                if now - self.last > SILENT:
                    seconds = now - self.begin
                    facts = {"seconds": seconds, "budget": max(self.budget, seconds)}
                    self.say(say("cli_diagnose.still", doing=self.doing, **facts))  # type: ignore[arg-type]

    def phase(self, name: str) -> None:
        self.doing = say(f"cli_diagnose.{name}")

    def trying(self, change: Change) -> None:
        self.doing = say("cli_diagnose.trying", change=_named(change))

    def tried(self, outcome: Outcome) -> None:
        key = "broke" if outcome.broken or outcome.skill != outcome.skill else "did"
        facts = {"change": _named(outcome.change), "skill": share(outcome.skill), "steps": outcome.steps}
        self.say(say(f"cli_diagnose.{key}", **facts))  # type: ignore[arg-type]
        self.phase("checking")


class Bar(Lines):
    """A bar over the budget with what is being tried, and a line for what each trial did."""

    def __enter__(self) -> Self:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        console = Console(file=sys.stderr, highlight=False, markup=False, emoji=False)
        columns = (BarColumn(20), TimeElapsedColumn(), TextColumn("{task.description}", markup=False))
        self.bar = Progress(*columns, console=console, transient=True)
        self.task = self.bar.add_task("", total=max(self.budget, 1.0))
        self.bar.start()
        return super().__enter__()

    def __exit__(self, *error: object) -> None:
        super().__exit__(*error)
        self.bar.stop()

    def say(self, line: str) -> None:
        self.bar.console.print(line, soft_wrap=True)

    def _beat(self) -> None:
        while not self.over.wait(0.1):
            done = min(time.perf_counter() - self.begin, max(self.budget, 1.0))
            self.bar.update(self.task, completed=done, description=self.doing)


KINDS: dict[str, type[Watch]] = {"none": Watch, "lines": Lines, "bar": Bar}


def _named(change: Change) -> str:
    """What is changed, in the language in force."""
    return Sentences(language()).change({**change.told(), "facts": dict(change.facts)})

"""What a person sees while a network trains: a bar in a terminal, a line an epoch elsewhere.  Never silent long."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TextIO

from ...errors import fail, nearest
from ...machine import unit
from ...messages import say
from ...nn.layers.base import activation_of

if TYPE_CHECKING:
    from ...data import Split, Table
    from ..loop.fitting import Fitting
    from ..objects.network import Network
    from ..objects.run import Run

SILENT = 0.9  # seconds after which something has to be said


class Progress:
    """Says nothing: the base of the others.

    A run goes through the phases "read", "prepare" (kernels may be compiled), "train", "judge" and "write".
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self.stream = stream or sys.stderr
        self.epochs = 0

    @contextlib.contextmanager
    def session(self) -> Iterator[None]:
        """Around the whole run; hears of kernels that are compiled."""
        before, unit.listener = unit.listener, self.compiling
        try:
            yield
        finally:
            unit.listener = before
            self.stop()

    def phase(self, name: str) -> None:
        """Another part of the work begins."""

    def start(self, table: Table, parts: Split, net: Network, epochs: int) -> None:
        """All is known of what will be trained."""
        self.epochs = epochs

    def compiling(self, name: str | None) -> None:
        """A kernel is being compiled (name), or was (None)."""

    def slice(self, fitting: Fitting) -> None:
        """About twenty times a second while the network trains."""

    def kept(self, run: Run) -> None:
        """A training that did not come to its end has been written."""

    def finished(self, run: Run) -> None:
        """All is written."""

    def stop(self) -> None:
        """There is no more to show, whatever happened."""


class Lines(Progress):
    """Plain text: what is trained, a line an epoch, and when there is nothing to tell, how long it has been so."""

    def __init__(self, stream: TextIO | None = None) -> None:
        super().__init__(stream)
        self.told = self.compiled = 0
        self.doing, self.since = "", time.perf_counter()
        self.last = self.since  # when something was said last

    @contextlib.contextmanager
    def session(self) -> Iterator[None]:
        over = threading.Event()
        threading.Thread(target=self._beat, args=(over,), daemon=True).start()
        try:
            with super().session():
                yield
        finally:
            over.set()

    def say(self, *lines: str) -> None:
        self.last = time.perf_counter()
        print("\n".join(lines), file=self.stream, flush=True)

    def _beat(self, over: threading.Event) -> None:
        """Runs beside the work, which may be one long step or one long compilation."""
        with contextlib.suppress(OSError, ValueError):  # the reader has gone: the work will notice by itself
            while not over.wait(0.1):
                now = time.perf_counter()
                if self.doing and now - self.last > SILENT:
                    self.say(say("train.still", doing=say(f"train.{self.doing}"), seconds=now - self.since))

    def phase(self, name: str) -> None:
        self.doing, self.since = name, time.perf_counter()

    def start(self, table: Table, parts: Split, net: Network, epochs: int) -> None:
        super().start(table, parts, net, epochs)
        self.say(*opening(table, parts, net))

    def compiling(self, name: str | None) -> None:
        if name is None:
            return
        if not self.compiled:
            self.say(say("train.compiling"))
        self.compiled += 1
        self.say(f"  {name}")

    def slice(self, fitting: Fitting) -> None:
        loop = fitting.loop
        self.told = max(self.told, fitting.begun)
        if loop.epoch > self.told:
            self.say(*(epoch_line(row, self.epochs) for row in fitting.history()[self.told :]))
            self.told = loop.epoch
        elif time.perf_counter() - self.last > SILENT:
            self.say(say("train.within", epoch=loop.epoch + 1, epochs=self.epochs, step=loop.step))

    def kept(self, run: Run) -> None:
        self.say(kept_line(run))


class Bar(Progress):
    """A bar with the losses, in place."""

    def __init__(self, stream: TextIO | None = None) -> None:
        super().__init__(stream)
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as RichProgress

        self.console = Console(file=self.stream, highlight=False, markup=False, emoji=False)
        self.width = max(8, min(30, self.console.width - 72))
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(self.width),
            TextColumn("{task.fields[told]}", markup=False),
            TimeElapsedColumn(),
        )
        self.bar = RichProgress(*columns, console=self.console)
        self.task: Any = None
        self.told = ""

    def phase(self, name: str) -> None:
        if self.task is None:
            self.task = self.bar.add_task("", total=None, told="")
            self.bar.start()
        if name in ("judge", "write"):  # trained: the bar is full, though it may have stopped early
            self.bar.update(self.task, total=1, completed=1)
        self.bar.update(self.task, description=say(f"train.{name}"), refresh=True)

    def start(self, table: Table, parts: Split, net: Network, epochs: int) -> None:
        super().start(table, parts, net, epochs)
        for line in opening(table, parts, net):
            self.console.print(line)

    def compiling(self, name: str | None) -> None:
        if self.task is not None:
            told = say("train.compiling_one", name=name) if name else self.told
            self.bar.update(self.task, told=told, refresh=True)

    def slice(self, fitting: Fitting) -> None:
        loop = fitting.loop
        if loop.epoch:
            self.told = self._fitted([f"{loop.epoch}/{self.epochs}", *measures(fitting.history()[-1])])
        else:
            self.told = say("train.within", epoch=1, epochs=self.epochs, step=loop.step)
        part = loop.step / max(1, loop.steps_per_epoch)
        self.bar.update(self.task, total=self.epochs, completed=part, told=self.told)

    def _fitted(self, parts: list[str]) -> str:
        """As many of the parts as there is room for; the training loss goes first, it says least."""
        from rich.cells import cell_len

        room = self.console.width - self.width - 12 - cell_len(say("train.train"))
        while len(parts) > 2 and cell_len("  ".join(parts)) > room:
            del parts[1]
        return "  ".join(parts)

    def kept(self, run: Run) -> None:
        self.stop()
        self.console.print(kept_line(run), soft_wrap=True)

    def finished(self, run: Run) -> None:
        self.bar.update(self.task, description=say("train.trained"), refresh=True)

    def stop(self) -> None:
        self.bar.live.transient = not self.told  # a bar that has shown nothing leaves nothing
        self.bar.stop()


def opening(table: Table, parts: Split, net: Network) -> list[str]:
    """What is about to be trained, on what."""
    learned = ", ".join(table.target)
    counts: dict[str, Any] = {"train": len(parts.train), "validation": len(parts.validation)}
    kind = say(f"train.{table.task}", classes=len(table.classes), target=learned)
    return [
        say("train.data", name=table.name, rows=table.rows, features=len(table.features), kind=kind),
        say("train.split", test=len(parts.test), **counts),
        say("train.network", layers=" → ".join(_short(layer) for layer in net.layers())),
    ]


def _short(layer: Any) -> str:
    """A layer in a few letters: Dense(64, relu)."""
    facts = (getattr(layer, name, None) for name in ("units", "features", "rate"))
    return f"{type(layer).__name__}({', '.join(str(f) for f in (*facts, activation_of(layer)) if f)})"


def measures(row: dict[str, float]) -> list[str]:
    """What was measured in an epoch."""
    names = {"train_loss": "loss", "valid_loss": "valid", "valid_accuracy": "accuracy", "valid_exact": "exact"}
    return [say(f"train.{name}", value=row[key]) for key, name in names.items() if key in row]


def epoch_line(row: dict[str, float], epochs: int) -> str:
    """One epoch in one line."""
    return "  ".join([say("train.epoch", epoch=int(row["epoch"]), epochs=epochs), *measures(row)])


def kept_line(run: Run) -> str:
    """What there is of a training that did not come to its end."""
    best = run.result.get("best_epoch", 0)
    key = "kept" if best else "kept_never" if run.result.get("epochs") else "kept_early"
    if run.folder is not None and not (run.folder / "report.html").exists():  # --no-report
        key += "_no_report"
    return say(f"train.{key}", epochs=run.result.get("epochs", 0), best=best, folder=run.folder or "-")


_KINDS: dict[str, type[Progress]] = {"none": Progress, "lines": Lines, "bar": Bar}


def progress_named(given: str | Progress | None) -> Progress:
    """A progress by name; "auto" is a bar in a terminal and nothing elsewhere."""
    if isinstance(given, Progress):
        return given
    if given == "auto":
        given = "bar" if sys.stderr.isatty() else "none"
    name = given or "none"
    if name not in _KINDS:
        raise fail("BL304", name=name, known=", ".join(_KINDS), nearest=nearest(name, _KINDS), where="progress")
    return _KINDS[name]()

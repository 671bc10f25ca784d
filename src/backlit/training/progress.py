"""What a person sees while a network trains: a bar in a terminal, a line an epoch elsewhere.  Never silent long."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TextIO

from ..errors import fail, nearest
from ..machine import unit
from ..messages import say

if TYPE_CHECKING:
    from ..data import Split, Table
    from .fitting import Fitting
    from .network import Network
    from .run import Run


class Progress:
    """Says nothing: the base of the others."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self.stream = stream or sys.stderr

    @contextlib.contextmanager
    def training(self, table: Table, parts: Split, net: Network, epochs: int) -> Iterator[None]:
        """Around the training; tells of kernels that are compiled."""
        before, unit.listener = unit.listener, self.compiling
        self.compiled = 0
        self.start(table, parts, net, epochs)
        try:
            yield
        finally:
            unit.listener = before

    def start(self, table: Table, parts: Split, net: Network, epochs: int) -> None:
        """Before the first step."""

    def compiling(self, name: str | None) -> None:
        """A kernel is being compiled (name), or was (None)."""

    def slice(self, fitting: Fitting) -> None:
        """About twenty times a second."""

    def stop(self) -> None:
        """After the last step, whatever happened."""

    def finished(self, run: Run) -> None:
        """When all is written."""


class Lines(Progress):
    """Plain text: what is trained, a line an epoch (at most ten a second), what came out."""

    def __init__(self, stream: TextIO | None = None) -> None:
        super().__init__(stream)
        self.told, self.last, self.epochs = 0, 0.0, 0

    def say(self, text: str) -> None:
        print(text, file=self.stream, flush=True)

    def start(self, table: Table, parts: Split, net: Network, epochs: int) -> None:
        self.epochs = epochs
        for line in opening(table, parts, net):
            self.say(line)

    def compiling(self, name: str | None) -> None:
        if name is None:
            return
        if not self.compiled:
            self.say(say("train.compiling"))
        self.compiled += 1
        self.say(f"  {name}")

    def slice(self, fitting: Fitting) -> None:
        loop, now = fitting.loop, time.perf_counter()
        if loop.epoch > self.told and (now - self.last > 0.1 or fitting.done):
            rows = fitting.history()
            first = self.told if loop.steps_per_epoch > 50 else len(rows) - 1
            for row in rows[first:]:
                self.say(epoch_line(row, self.epochs))
            self.told, self.last = loop.epoch, now
        elif now - self.last > 0.9:
            self.say(say("train.within", epoch=loop.epoch + 1, epochs=self.epochs, step=loop.step))
            self.last = now


class Bar(Progress):
    """A bar with the losses, in place."""

    def __init__(self, stream: TextIO | None = None) -> None:
        super().__init__(stream)
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as RichProgress

        self.console = Console(file=self.stream)
        told = TextColumn("{task.fields[told]}")
        columns = [TextColumn("{task.description}"), BarColumn(), told, TimeElapsedColumn()]
        self.bar = RichProgress(*columns, console=self.console, transient=False)
        self.task: Any = None

    def start(self, table: Table, parts: Split, net: Network, epochs: int) -> None:
        for line in opening(table, parts, net):
            self.console.print(line, markup=False, highlight=False)
        self.task = self.bar.add_task(say("train.bar"), total=epochs, told="")
        self.bar.start()

    def compiling(self, name: str | None) -> None:
        if self.task is not None:
            self.bar.update(self.task, told=f"{say('train.compiling')} {name}" if name else "")
            self.bar.refresh()

    def slice(self, fitting: Fitting) -> None:
        rows = fitting.loop.epochs_done()[-1:]
        part = fitting.loop.step / max(1, fitting.loop.steps_per_epoch)
        told = epoch_line(fitting.history()[-1], 0) if rows else ""
        self.bar.update(self.task, completed=part, told=told)

    def stop(self) -> None:
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
    width = getattr(layer, "units", None) or getattr(layer, "features", "")
    function = getattr(layer, "activation", None) or getattr(layer, "function", "") or ""
    return f"{type(layer).__name__}({', '.join(str(p) for p in (width, function) if p)})"


def epoch_line(row: dict[str, float], epochs: int) -> str:
    """One epoch in one line."""
    head = say("train.epoch", epoch=row["epoch"], epochs=f"/{epochs}" if epochs else "")
    text = f"{head}  {say('train.loss', value=row['train_loss'])}"
    if "valid_loss" in row:
        text += f"  {say('train.valid', value=row['valid_loss'])}"
    if "valid_accuracy" in row:
        text += f"  {say('train.accuracy', value=row['valid_accuracy'])}"
    return text


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

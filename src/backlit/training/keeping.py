"""Keeping a run on disk while it trains: best weights and history, at most once a second."""

from __future__ import annotations

import contextlib
import re
import time
from pathlib import Path
from typing import Any

from .files import disk_error
from .fitting import Fitting
from .run import Run, write_facts, write_history

EVERY = 1.0  # seconds


def new_folder(base: str | Path, name: str) -> Path:
    """A folder of its own for a run: base/name-1, base/name-2 …, made now."""
    base = Path(base)
    clean = re.sub(r"[^\w.-]+", "_", name).strip("._") or "run"
    number = 1
    while True:
        folder = base / f"{clean}-{number}"
        try:
            folder.mkdir(parents=True)
            return folder
        except FileExistsError as error:
            if not base.is_dir():
                raise disk_error(error, base) from error
            number += 1
        except OSError as error:
            raise disk_error(error, folder) from error


class Keeper:
    """Writes what there is of a run into its folder, from the first second on."""

    def __init__(self, folder: Path, facts: dict[str, Any], *, report: bool = True) -> None:
        self.folder, self.facts, self.report = folder, facts, report
        self.last = time.perf_counter()
        self.best = 0
        write_history(folder, [])
        write_facts(folder, {**facts, "result": {"stopped": "running"}})  # last: a folder with run.json is a run

    def __call__(self, fitting: Fitting) -> None:
        if time.perf_counter() - self.last < EVERY:
            return
        write_history(self.folder, fitting.history())
        if fitting.loop.best_epoch > self.best:
            self.best = fitting.loop.best_epoch
            fitting.best_network().save(self.folder / "model.safetensors")
        self.last = time.perf_counter()

    def finish(self, run: Run) -> None:
        """The last word: everything, the report too if it is wanted."""
        run.save(self.folder, report=self.report)

    def forget(self) -> None:
        """Nothing was trained: take the folder away again."""
        with contextlib.suppress(OSError):
            for name in ("run.json", "history.jsonl"):
                (self.folder / name).unlink(missing_ok=True)
            self.folder.rmdir()

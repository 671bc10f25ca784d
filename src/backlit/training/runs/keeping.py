"""Keeping a run on disk while it trains: where it stands, best weights and history, for a twentieth of the time."""

from __future__ import annotations

import contextlib
import re
import time
from pathlib import Path
from typing import Any

from ...errors import fail
from ..loop.fitting import Fitting
from ..objects.files import disk_error
from ..objects.run import Run, write_facts, write_history
from . import checkpoint
from .checkpoint import Checkpoint
from .configuring import reproducing, write_config
from .locking import Lock
from .preparing import Prepared

EVERY = 1.0  # seconds between two savings …
TIMES = 20  # … and so many times as long as the last one took


class Place:
    """A run's folder, held for one process; `Place.new` makes one, `Place(folder)` goes back to one.

    Its report shows the insides of the network, unless it is one of many (`looks`).
    """

    def __init__(self, folder: str | Path, past: dict[str, Any] | None = None, *, looks: bool = True) -> None:
        self.folder, self.past, self.looks = Path(folder), past or {}, looks
        self.lock = Lock(self.folder)

    @classmethod
    def new(cls, base: str | Path, name: str) -> Place:
        """A folder of its own for a run: base/name-1, base/name-2 …, made now."""
        return cls(new_folder(base, name))

    def begun(self, start: Any) -> Any:
        """A model to begin with, or, for a run that is gone on with, its own: structure and preparation are the same.

        The weights come from where it stood.  So nobody needs the model that it once began with.
        """
        own = self.folder / "model.safetensors"
        there = "start" in self.past and own.exists() and (self.folder / checkpoint.NAME).exists()
        return own if there else start

    def close(self) -> None:
        """Let others have it."""
        self.lock.release()


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

    def __init__(self, place: Place, facts: dict[str, Any], *, report: bool = True) -> None:
        self.place, self.facts, self.report = place, facts, report
        self.looks = report and place.looks
        self.folder = place.folder
        self.next = time.perf_counter() + EVERY
        self.best = 0
        self.fitting: Fitting | None = None
        self.marks: dict[str, str] = {}
        self.again = bool(place.past)
        if not self.again:
            write_history(self.folder, [])
            write_facts(self.folder, {**facts, "result": {"stopped": "running"}})  # last: with run.json it is a run

    def begin(self, work: Prepared, fitting: Fitting) -> None:
        """Before the first step: go back to where the run stood, if it is not a new one."""
        self.marks, self.fitting = checkpoint.data_marks(work), fitting
        path = self.folder / checkpoint.NAME
        if not self.again or not path.exists():  # killed within the first second: it begins anew
            return
        found = Checkpoint.load(path)
        source = self.facts.get("config", {}).get("source") or work.table.name
        found.check(path, {**self.marks, **checkpoint.network_marks(fitting)}, str(source))
        done, epochs = found.stands["EPOCH"], fitting.settings.epochs
        if done > epochs:
            raise fail("BL510", path=self.folder, done=done, epochs=epochs)
        found.put_back(fitting)
        written = self.place.past.get("result", {}).get("stopped") != "running"
        if fitting.loop.stopped in ("epochs", "early") and written:
            raise fail("BL510", path=self.folder, done=done, epochs=epochs)

    def __call__(self, fitting: Fitting) -> None:
        """After a slice: save if it is time to."""
        begin = time.perf_counter()
        if begin >= self.next:
            self.save_now(fitting)
            end = time.perf_counter()
            self.next = end + max(EVERY, TIMES * (end - begin))

    def save_now(self, fitting: Fitting) -> None:
        """Where it stands, the history, and the best weights if there are better ones."""
        self._stand(fitting)
        write_history(self.folder, fitting.history())
        if fitting.loop.best_epoch > self.best:
            self.best = fitting.loop.best_epoch
            fitting.best_network().save(self.folder / "model.safetensors")

    def _stand(self, fitting: Fitting) -> None:
        found = Checkpoint.of(fitting, self.marks)
        if found is not None:
            found.save(self.folder / checkpoint.NAME)

    def finish(self, run: Run) -> None:
        """The last word: everything, the report too if it is wanted."""
        if self.fitting is not None:
            self._stand(self.fitting)
        write_config(self.folder, reproducing(run))
        run.save(self.folder, report=self.report)

    def forget(self) -> None:
        """Nothing was trained: take the folder away again, if it was new."""
        if self.again:
            return
        with contextlib.suppress(OSError):
            for name in ("run.json", "history.jsonl"):
                (self.folder / name).unlink(missing_ok=True)
            self.folder.rmdir()

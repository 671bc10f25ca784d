"""Where a training stands, as a file: what `Loop.snapshot` copies, and by what it is known to belong to a run.

The file is a safetensors file like the model, written whole or not at all.  A training that is put back to it goes on
with the same bits as one that was never interrupted: nothing else decides what the next step does.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import fail
from ...machine.loop import Snapshot
from ...machine.state import HISTORY, PLACE
from ...version import __version__
from ..loop.fitting import Fitting
from ..objects.files import read_tensors, write_tensors
from .configuring import NAME as CONFIG
from .preparing import Prepared

NAME = "resume.safetensors"
# Of the state what says where the run stands; the rest is the job.
STANDS = (
    "STEP", "EPOCH", "POSITION", "BEST_EPOCH", "WAIT", "STOP", "STATUS", "FAILED", "PLATEAU_WAIT", "PLATEAU_COOLING",
)  # fmt: skip
Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Checkpoint:
    """A place in a training: the arrays, the fields of the state, the time that was spent, the run's marks."""

    arrays: dict[str, Array]
    stands: dict[str, int]
    seconds: float
    scalars: list[str]  # of the table, in its order, which follows that of the instructions
    marks: dict[str, str]

    @classmethod
    def of(cls, fitting: Fitting, marks: dict[str, str]) -> Checkpoint | None:
        """Where a training stands now; None when a weight is not finite (the next step will tell of it)."""
        if not np.isfinite(fitting.loop.arena.kept()).all():
            return None
        s = fitting.loop.snapshot()
        arrays = {n: getattr(s, n) for n in ("kept", "table", "sums", "best", "history")}
        stands = {name: int(s.state[PLACE[name]]) for name in STANDS}
        return cls(arrays, stands, fitting.seconds, _scalars(fitting), {**marks, **network_marks(fitting)})

    def save(self, path: Path) -> Path:
        """Write it; the file is whole or the one before."""
        about = {
            "format": 1, "version": __version__, "stands": self.stands, "seconds": self.seconds,
            "scalars": self.scalars, "marks": self.marks, "history": HISTORY,
        }  # fmt: skip
        flat = {name: np.ascontiguousarray(a).reshape(-1) for name, a in self.arrays.items()}
        return write_tensors(path, flat, json.dumps(about))

    @classmethod
    def load(cls, path: Path) -> Checkpoint:
        """Read what `save` wrote; BL501 where the file is damaged, BL515 where another version wrote it."""
        about, arrays = read_tensors(path)
        try:
            _same_layout(path, about, arrays)
            stands = {name: int(about["stands"][name]) for name in STANDS}
            found = cls(arrays, stands, float(about["seconds"]), list(about["scalars"]), dict(about["marks"]))
            if len(found.scalars) != len(found.arrays["table"]):
                raise ValueError("table")
            found.arrays["history"] = found.arrays["history"].reshape(stands["EPOCH"], len(HISTORY))
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            raise fail("BL501", path=path, reason=f"{type(error).__name__}: {error}") from None
        return found

    def check(self, path: Path, marks: dict[str, str], source: str = "–") -> None:
        """A FileError (BL509) when data or network are not those of the run."""
        for what, found in marks.items():
            if self.marks.get(what) != found:
                facts = {"expected": str(self.marks.get(what))[:12], "got": found[:12], "source": source}
                raise fail("BL509", path=path, part=what, **facts)

    def put_back(self, fitting: Fitting) -> None:
        """Let a training that was made anew stand where the other one stood."""
        loop = fitting.loop
        state = loop.state.copy()
        for name, value in self.stands.items():
            state[PLACE[name]] = value
        table = dict(zip(self.scalars, self.arrays["table"], strict=True))
        ordered = np.array([table[name] for name in _scalars(fitting)])
        fitting.stand_at(Snapshot(state=state, **{**self.arrays, "table": ordered}), self.seconds)


def _same_layout(path: Path, about: dict[str, Any], arrays: dict[str, Array]) -> None:
    """A FileError (BL515) where a file that is whole tells of other things than this version's: it is another's."""
    stands = about["stands"]
    missing = [name for name in STANDS if name not in stands]
    columns = about.get("history")
    if columns is None:  # names were not always written; a new column comes last
        width = arrays["history"].size / stands["EPOCH"] if stands.get("EPOCH") else len(HISTORY)
        columns = HISTORY[: int(width)] if width <= len(HISTORY) else (f"{width:g} > {len(HISTORY)}",)
    if missing or tuple(columns) != HISTORY:
        wanted, there = (STANDS, [n for n in STANDS if n in stands]) if missing else (HISTORY, columns)
        facts = {"version": about.get("version", "?"), "own": __version__, "config": path.parent / CONFIG}
        raise fail("BL515", path=path, expected=", ".join(wanted), got=", ".join(map(str, there)), **facts)


def _scalars(fitting: Fitting) -> list[str]:
    place = fitting.loop.train.scalars
    return sorted(place, key=lambda name: place[name])


def data_marks(work: Prepared) -> dict[str, str]:
    """The hash of the rows, of their division and weights, and of what is done to their columns."""
    total = hashlib.sha256(work.table.sha256.encode())
    for rows in (work.parts.train, work.parts.validation, work.parts.test):
        total.update(np.ascontiguousarray(rows).tobytes() + b"|")
    if work.weight is not None:
        total.update(work.weight.tobytes())
    total.update(json.dumps(work.preparation.to_dict(), sort_keys=True).encode())
    return {"data": total.hexdigest()}


def network_marks(fitting: Fitting) -> dict[str, str]:
    """The hash of the instructions that train the network, and of all that they read beside the rows."""
    loop = fitting.loop
    told = [loop.asked_tape.text(), loop.dtype, loop.batch, loop.job.seed, loop.job.shuffle]
    return {"network": hashlib.sha256("\n".join(map(str, told)).encode()).hexdigest()}

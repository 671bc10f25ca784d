"""A run: what was trained on what, how it went, what came out, and where it is kept."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import BacklitError, fail
from ...messages import say
from ...version import __version__
from .files import write_atomic
from .showing import History, Shown, run_card, run_rows

if TYPE_CHECKING:
    from ...doctor.diagnosis import Diagnosis
    from ...doctor.vitals import Look
    from ...lens.trace import Trace
    from ..looks.looking import Looked
    from ..loop.fitting import Fitting
    from ..loop.settings import Settings
    from .network import Network

Array = np.ndarray[Any, Any]
SHOWN = 4000  # epochs in the report's curves


@dataclass(frozen=True, eq=False)
class Origin:
    """What a training began with: enough to train again, to the same bits or with a change."""

    values: dict[str, Array]
    inputs: Mapping[str, Array]
    held_out: Mapping[str, Array]
    settings: Settings
    trouble: list[BacklitError] = field(default_factory=list)


class Run(Shown):
    """The result of a training.

    Attributes
    ----------
    network : Network
        With the best weights.
    history : list of dict
        One an epoch: epoch, train_loss, and with held-out rows valid_loss (and valid_accuracy, of
        several labels a row also valid_exact: the share of rows with all labels right).
    result : dict
        epochs, best_epoch, stopped ("epochs", "early", "time", "interrupted", "not finite"), seconds, steps,
        microseconds_per_step, threads; after `backlit.train` also the metrics of train, validation and test rows.
    facts : dict
        Everything that run.json holds.
    folder : Path or None

    Examples
    --------
    >>> from backlit import Dense, Network
    >>> run = Network([Dense(1)]).fit([[0.0], [1.0]], [1.0, 3.0], epochs=5, seed=0)
    >>> run.result["epochs"], run.result["stopped"], sorted(run.history[-1])
    (5, 'epochs', ['epoch', 'train_loss'])
    """

    def __init__(self, network: Network, settings: Settings) -> None:
        self.network, self.settings = network, settings
        self.history: list[dict[str, float]] = History()
        self.result: dict[str, Any] = {}
        self.notices: list[dict[str, Any]] = []
        self.facts: dict[str, Any] = {
            "format": 1,
            "backlit": __version__,
            "created": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "settings": settings.told(),
        }
        self.folder: Path | None = None
        self.last: Network | None = None  # with the weights of the last step
        self.state: dict[str, Any] | None = None  # of the optimizer after it
        self.lost: dict[str, Any] = {}  # where that ceased to be finite, if it did
        self.looks: list[Look] = []  # vital signs of sampled steps
        self.origin: Origin | None = None  # what the training began with
        self.place_of_row: Callable[[int], str] | None = None  # where a training row stands in its source
        self._diagnosis: Diagnosis | None = None
        self.looked: Looked | None = None  # what the report shows of its insides
        self.again: Callable[[], Fitting] | None = None  # the same training before its first step

    def __getstate__(self) -> dict[str, Any]:
        """What is pickled: the run, without the rows that it could be done again with."""
        return {**self.__dict__, "again": None, "origin": None, "looked": None, "place_of_row": None}

    def trace(self, step: int, **given: Any) -> Trace:
        """A step of the run, from 1, done again under the lens: see `backlit.trace`."""
        from ..looks.replaying import trace

        return trace(self, step=step, **given)

    def follow(self, first: int = 1, last: int | None = None) -> Sequence[Look]:
        """The vital signs of every step from `first` to `last` (from 1; by default the last one).

        The training is gone through again, to the same bits, which takes less than twice its time (docs/speed.md).
        The loss after a step and r are measured at some steps only; elsewhere they are NaN.

        Returns
        -------
        sequence of Look
            Each is read from the records when it is asked for.

        Raises
        ------
        ParameterError
            BL381: the run no longer holds its rows.
        """
        if self.again is None:
            raise fail("BL381", got=repr(self))
        fitting = self.again()
        if fitting.vitals is None:
            return []
        if first > 1:
            fitting.loop.run(first - 1)
        end = int(self.result.get("steps", 0)) if last is None else last
        return fitting.vitals.follow(fitting.loop, max(end - fitting.loop.step, 0))

    def take(self, fitting: Fitting) -> None:
        """What the training left behind."""
        loop = fitting.loop
        self.history = History(fitting.history())
        steps = loop.step
        self.result |= {
            "epochs": loop.epoch,
            "best_epoch": loop.best_epoch,
            "stopped": fitting.stopped or "interrupted",
            "seconds": round(fitting.seconds, 6),
            "steps": steps,
            "microseconds_per_step": round(fitting.seconds / steps * 1e6, 3) if steps else None,
            "threads": loop.threads,
        }
        self.facts["settings"]["threads"] = loop.threads
        self.last, self.state = fitting.last_network(), fitting.optimizer_state()
        self.lost = fitting.lost()
        self.looks = fitting.vitals.looks if fitting.vitals is not None else []

    @property
    def diagnosis(self) -> Diagnosis:
        """Why the network does not learn, or that it is healthy (`backlit.diagnose`); made when first asked for."""
        if self._diagnosis is None:
            from ..whole.diagnosing import diagnose

            self._diagnosis = diagnose(self)
        return self._diagnosis

    def describe(self) -> dict[str, Any]:
        """The run as plain data: what run.json holds and the report is made of."""
        about = {
            "architecture": [row for row in self.network.summary() if row["kind"] != "Input"],
            "parameters": self.network.size,
            "result": self.result,
            "notices": self.notices,
        }
        return {**self.facts, **about}

    def report(self, path: str | Path | None = None, language: str | None = None) -> Path | str:
        """The report as one HTML file; without a path (and without a run folder) its text."""
        from ...messages import language as chosen
        from ...report import render

        asked = language or chosen()
        more = self.looked.sections(asked) if self.looked is not None else []
        page = render(self.describe(), self._curves(), asked, more=more)
        target = Path(path) if path is not None else self.folder / "report.html" if self.folder else None
        return page if target is None else write_atomic(target, page.encode("utf-8"))

    def _curves(self) -> list[dict[str, float]]:
        """As many epochs as a picture can show, the best and the last among them: Ctrl-C waits for the report."""
        step = 1 + len(self.history) // SHOWN
        ends = (self.result.get("best_epoch"), len(self.history))
        return [row for row in self.history if row["epoch"] % step == 1 % step or row["epoch"] in ends]

    def save(self, folder: str | Path, *, report: bool = True) -> Path:
        """Write model, history, run.json and (if wanted) report into a folder; each file whole or not at all."""
        self.folder = Path(folder)
        self.network.save(self.folder / "model.safetensors")
        if self.last is not None:
            self.last.save(self.folder / "last.safetensors")
        write_history(self.folder, self.history)
        write_facts(self.folder, self.describe())
        if report:
            self.report()
        return self.folder

    def _card(self) -> str:
        return run_card(self)

    def _told(self) -> tuple[str, list[str], list[list[str]]]:
        return run_rows(self)

    def __str__(self) -> str:
        from ...report.numbers import duration

        best = self.result.get("test") or self.result.get("validation") or {}
        name = "accuracy" if "accuracy" in best else "r2" if "r2" in best else ""
        told = {"name": self.facts.get("name", "-"), "epochs": self.result.get("epochs", 0)}
        told |= {"time": duration(self.result.get("seconds", 0.0)).replace("\u00a0", " ")}
        text = say("train.run", **told)
        return f"{text} {say(f'train.{name}', value=best[name])}" if name else text

    def __repr__(self) -> str:
        return f"<Run {self.facts.get('name', '')} {self.result.get('epochs', 0)} epochs>"


def write_facts(folder: Path, facts: dict[str, Any]) -> Path:
    """run.json."""
    return write_atomic(folder / "run.json", json.dumps(facts, ensure_ascii=False, indent=1).encode("utf-8"))


def write_history(folder: Path, history: list[dict[str, float]]) -> Path:
    """history.jsonl: one line an epoch."""
    lines = "".join(json.dumps(row) + "\n" for row in history)
    return write_atomic(folder / "history.jsonl", lines.encode("utf-8"))


def read_run(folder: str | Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The facts and the history of a run folder."""
    folder = Path(folder)
    try:
        facts = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        lines = (folder / "history.jsonl").read_text(encoding="utf-8").splitlines()
        return facts, [json.loads(line) for line in lines if line.strip()]
    except (OSError, ValueError) as error:
        raise fail("BL507", path=folder, reason=str(error)) from None

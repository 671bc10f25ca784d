"""A recorded run before its first step, made again from its folder: rows, network, settings, and the loop.

A run is the same bits whenever it is done again, so this is where everything begins that looks back at one: a step that
is traced, the place in which a run stands, a diagnosis.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from ...errors import fail
from ..loop.fitting import Fitting
from ..objects.run import Run, read_run
from ..rows.dividing import divided
from . import checkpoint, defaults
from .checkpoint import Checkpoint
from .configuring import arguments
from .preparing import Prepared, prepare

NOT_OF_THE_STEPS = ("out", "progress", "facts", "baselines", "report", "learning_curve", "time_budget")
_APART = ("test", "validation", "split_seed", "fold", "task", "target", "source", "sample_weight")  # not for `prepare`


def work_of(folder: str | Path, *, anew: bool = False) -> Prepared:
    """The training of a run once more, prepared but not begun.

    With `anew` a model that it began with is read again, for its weights; else the run's own model says all that is
    needed.
    """
    folder = Path(folder)
    past, _ = read_run(folder)
    config = dict(past.get("config") or {})
    if config.get("source") is None:
        raise fail("BL513", path=folder, name="source")
    own = folder / "model.safetensors"
    if "start" in past and not anew and own.exists():
        config["start"] = str(own)
    words = {name: value for name, value in arguments(config, folder).items() if name not in NOT_OF_THE_STEPS}
    apart = {name: words.pop(name, None) for name in _APART}
    weight = apart["sample_weight"]
    table, parts, counted = divided(
        apart["source"], target=apart["target"], task=apart["task"],
        seed=words.get("seed", 0) if apart["split_seed"] is None else apart["split_seed"],
        test=defaults.TEST if apart["test"] is None else apart["test"],
        validation=defaults.VALIDATION if apart["validation"] is None else apart["validation"],
        fold=tuple(apart["fold"]) if apart["fold"] else None, weight=weight, settings=words,
    )  # fmt: skip
    column = weight if isinstance(weight, str) else ""
    return prepare(table, parts, **words, sample_weight=counted, weight_column=column)


class _Begun(Exception):
    """Ends a training before its first step."""


def not_begun(work: Prepared) -> tuple[Run, Fitting]:
    """The training of a prepared table, where it stands before its first step."""
    left: list[Run] = []
    caught: list[Fitting] = []

    def ready(fitting: Fitting) -> None:
        caught.append(fitting)
        raise _Begun

    with contextlib.suppress(_Begun):
        work.net.fit(
            *work.learned, sample_weight=work.weights, validation=work.held, ready=ready, left=left, **work.settings
        )
    left[0].place_of_row = work.place
    return left[0], caught[0]


def kept_of(folder: str | Path, work: Prepared, fitting: Fitting) -> Checkpoint | None:
    """Where the run came to, None if nothing tells; BL509 where data or network are no longer those of the run."""
    path = Path(folder) / checkpoint.NAME
    if not path.exists():
        return None
    found = Checkpoint.load(path)
    found.check(path, {**checkpoint.data_marks(work), **checkpoint.network_marks(fitting)})
    return found

"""From a source of data to a run: load, split, prepare, train, judge, keep."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..data import READING, Preparation, Split, Table, load, split
from ..errors import fail
from ..nn import Layer
from . import defaults, metrics
from .baseline import baselines as baselines_of
from .fitting import Fitting
from .keeping import Keeper, new_folder
from .network import Network
from .progress import Progress, progress_named
from .run import Run

Array = np.ndarray[Any, Any]


def train(
    source: Any,
    *,
    target: Any = None,
    task: Any = None,
    layers: Sequence[Layer] | None = None,
    hidden: Sequence[int] | None = None,
    activation: str | None = None,
    dropout: float | None = None,
    loss: str | None = None,
    epochs: int | None = None,
    patience: int | None = None,
    test: float = defaults.TEST,
    validation: float = defaults.VALIDATION,
    seed: int = 0,
    out: str | Path | None = None,
    progress: str | Progress | None = "auto",
    baselines: bool = True,
    report: bool = True,
    facts: Mapping[str, Any] | None = None,
    **settings: Any,
) -> Run:
    """Train a network on a table and judge it on rows it has not seen.

    Parameters
    ----------
    source : str, path, (X, t), data frame or Table
        "digits", "people.csv", two arrays: see `backlit.data.load`.
    target, task
        The column to learn; "classification", "regression" or "multilabel".  Inferred if not given.
    layers : list of Layer, optional
        The whole network.  Else `hidden` widths with `activation` and `dropout` between them, and an output layer
        that fits the task; the defaults follow from the table's size (`backlit.training.defaults`).
    test, validation : float
        Shares of the rows held out, stratified by class.
    epochs, patience : int
        At most so many epochs (600, and at least 6000 steps); stop when the validation loss has not fallen for
        `patience` epochs (a sixth of them; half, where there are many rows a feature).
    out : path, optional
        The folder in which the run gets a folder of its own.
    progress : "auto", "bar", "lines", "none" or a Progress
    baselines : bool
        Also judge a constant answer and the best linear model.
    report : bool
        Write report.html into the run's folder.
    facts : mapping, optional
        More for run.json and the report: "command", "python", "versions".
    **settings
        optimizer, learning_rate, batch_size, dtype, engine, threads: see `Settings`.  Those of the reader of the
        source too (delimiter, encoding, decimal, header, size, …): see `backlit.data.load`.

    Returns
    -------
    Run

    Examples
    --------
    >>> run = train("iris", progress="none")
    >>> run.result["test"]["accuracy"] > 0.85
    True
    """
    for name, given in {"hidden": hidden, "activation": activation, "dropout": dropout}.items():
        if layers is not None and given is not None:
            raise fail("BL309", name="layers", other=name)
    shown = progress_named(progress)
    with shown.session():
        shown.phase("read")
        reading = {name: settings.pop(name) for name in READING if name in settings}
        table = load(source, target=target, task=task, seed=seed, **reading)
        shown.phase("prepare")
        parts = split(table, test=test, validation=validation, seed=seed)
        preparation = Preparation.fit(table, parts.train)
        batch_size = settings.setdefault("batch_size", defaults.BATCH)
        plan = defaults.plan(
            table, parts, batch_size, hidden=hidden, activation=activation, dropout=dropout,
            epochs=epochs, patience=patience,
        )  # fmt: skip
        if layers is None and plan.learning_rate and not {"optimizer", "learning_rate"} & set(settings):
            settings["learning_rate"] = plan.learning_rate
        net = Network(layers if layers is not None else defaults.layers_of(plan, table, preparation.out_features))
        net.preparation, net.task = preparation, table.task
        x, t = preparation.inputs(table.x), _targets(table, preparation, net, loss)
        held = (x[parts.validation], t[parts.validation]) if len(parts.validation) else None
        told = {"name": table.name, **(facts or {}), "data": about(table, parts)}
        keeper = Keeper(new_folder(out, table.name), told, report=report) if out is not None else None
        with _rescue(told, keeper, shown, table, parts) as left:
            shown.start(table, parts, net, plan.epochs)
            run = net.fit(
                x[parts.train], t[parts.train], watch=_watching(shown, keeper), left=left, validation=held, loss=loss,
                epochs=plan.epochs, patience=plan.patience if held else 0, seed=seed, **settings,
            )  # fmt: skip
            run.facts |= told
            run.notices = [*table.notices, *run.notices]
            shown.phase("judge")
            judge(run, table, parts)
            if baselines:
                run.facts["baselines"] = baselines_of(table, parts, preparation, judged_rows(parts), seed)
            shown.phase("write")
        if keeper is not None:
            keeper.finish(run)
        shown.finished(run)
    return run


@contextlib.contextmanager
def _rescue(
    told: dict[str, Any], keeper: Keeper | None, shown: Progress, table: Table, parts: Split
) -> Iterator[list[Run]]:
    """When a training is interrupted or breaks, what there is is judged and kept before the error goes on."""
    left: list[Run] = []
    try:
        yield left
    except BaseException:
        if keeper is not None and left and left[0].result.get("steps"):
            left[0].facts |= told
            left[0].notices = [*table.notices, *left[0].notices]
            judge(left[0], table, parts)
            keeper.finish(left[0])
            shown.kept(left[0])
        elif keeper is not None:
            keeper.forget()
        raise


def _watching(shown: Progress, keeper: Keeper | None) -> Callable[[Fitting], None]:
    begun = False

    def watch(fitting: Fitting) -> None:
        nonlocal begun
        if not begun:  # the first slice has loaded, and perhaps compiled, the loop
            begun = True
            shown.phase("train")
        shown.slice(fitting)
        if keeper is not None:
            keeper(fitting)

    return watch


def _targets(table: Table, preparation: Preparation, net: Network, loss: str | None) -> Array:
    """One-hot rows or standardised numbers; squared error on classes learns the one-hot rows."""
    t: Array = preparation.targets(table.t)
    width = net._width()
    if width and t.shape[1] != width:
        raise fail("BL104", expected=t.shape[1], got=width, layer=repr(net.chain[-1] if net.chain else net.last))
    return t


def judged_rows(parts: Split) -> Array:
    """The rows a run is judged on: test, else validation, else all there are."""
    for rows in (parts.test, parts.validation, parts.train):
        if len(rows):
            return rows
    return parts.train


def judge(run: Run, table: Table, parts: Split) -> None:
    """Metrics of all three parts, and the confusion matrix or the residuals of the judged rows."""
    net = run.network
    rows = {"train": parts.train, "validation": parts.validation, "test": parts.test}
    out = {name: net.predict(table.x[r]) for name, r in rows.items() if len(r)}
    measure = metrics.MEASURES[table.task]
    for name, o in out.items():
        run.result[name] = measure(o, table.t[rows[name]])
    name = next(n for n in ("test", "validation", "train") if n in out)
    t = table.t[rows[name]]
    if table.task == "classification":
        counts = metrics.confusion(out[name], t, len(table.classes))
        run.facts["confusion"] = {"classes": list(table.classes), "counts": counts}
    elif table.task == "regression" and t.shape[1] == 1:
        listed = {"t": t[:, 0].tolist(), "o": np.asarray(out[name][:, 0], np.float64).tolist()}
        run.facts["residuals"] = {"target": table.target[0], **listed}


def about(table: Table, parts: Split) -> dict[str, Any]:
    """The data, as the report tells them."""
    return {
        "name": table.name,
        "source": table.source,
        "rows": table.rows,
        "features": list(table.features),
        "target": list(table.target),
        "task": table.task,
        "classes": list(table.classes),
        "split": {"train": len(parts.train), "validation": len(parts.validation), "test": len(parts.test)},
        "stratified": table.task == "classification",
        "sha256": table.sha256,
    }

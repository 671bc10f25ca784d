"""From a source of data to a run: load, split, prepare, train, judge, keep."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ..data import Preparation, Split, Table, load, split
from ..errors import fail
from ..nn import Layer
from ..ops.loss import Loss, called, loss_named
from . import defaults, metrics, targets, weights
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
    sample_weight: Any = None,
    class_weight: Any = None,
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
    source : str, path, (X, t) or Table
        "digits", "people.csv", two arrays: see `backlit.data.load`.
    target, task
        The column to learn; "classification" or "regression".  Inferred if not given.
    layers : list of Layer, optional
        The whole network.  Else `hidden` widths with `activation` and `dropout` between them, and an output layer
        that fits the task; the defaults follow from the table's size (`backlit.training.defaults`).
    loss : str, optional
        A name (docs/losses.md), a name with options ("huber(delta=2)"), or a formula in o and t.  The output layer
        follows: one sigmoid unit for binary_cross_entropy and two classes, one unit for a hinge.  Targets of a
        regression are standardised, so o and t count deviations, unless the loss is for counts or shares.
    sample_weight : array of shape (rows,), optional
        How much each row of the source counts in training and validation; see `Network.fit`.
    class_weight : "balanced" or mapping, optional
        A weight for each class, by its name.
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
        optimizer, learning_rate, batch_size, dtype, engine, threads, l1, l2, label_smoothing: see `Network.fit`.

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
        table = load(source, target=target, task=task, seed=seed)
        shown.phase("prepare")
        parts = split(table, test=test, validation=validation, seed=seed)
        loss = loss or defaults.loss_of(table, layers)
        kind = loss_named(called(loss)[0]) if loss else None
        preparation = _prepared(table, parts, kind)
        weight = None if sample_weight is None else weights.checked(sample_weight, table.rows)
        class_weight = weights.by_name(class_weight, table.classes)
        batch_size = settings.setdefault("batch_size", defaults.BATCH)
        plan = defaults.plan(
            table, parts, batch_size, hidden=hidden, activation=activation, dropout=dropout,
            epochs=epochs, patience=patience,
        )  # fmt: skip
        if layers is None and plan.learning_rate and not {"optimizer", "learning_rate"} & set(settings):
            settings["learning_rate"] = plan.learning_rate
        if layers is None:
            layers = defaults.layers_of(plan, table, preparation.out_features, kind)
        net = Network(layers)
        net.preparation, net.task = preparation, table.task
        x, t = preparation.inputs(table.x), _targets(table, preparation, net, kind)
        rows = [x, t] if weight is None else [x, t, weight]
        held = tuple(a[parts.validation] for a in rows) if len(parts.validation) else None
        told = {"name": table.name, **(facts or {}), "data": about(table, parts)}
        keeper = Keeper(new_folder(out, table.name), told, report=report) if out is not None else None
        with _rescue(told, keeper, shown, table, parts) as left:
            shown.start(table, parts, net, plan.epochs)
            run = net.fit(
                x[parts.train], t[parts.train], watch=_watching(shown, keeper), left=left, validation=held, loss=loss,
                epochs=plan.epochs, patience=plan.patience if held else 0, seed=seed,
                sample_weight=None if weight is None else weight[parts.train], class_weight=class_weight, **settings,
            )  # fmt: skip
            run.facts |= told
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


def _prepared(table: Table, parts: Split, kind: Loss | None) -> Preparation:
    """The preparation; targets stay as they are where the loss is made for some numbers only (counts, shares)."""
    made = Preparation.fit(table, parts.train)
    if kind is None or table.task == "classification" or not kind.targets.told():
        return made
    return replace(made, target=tuple(replace(column, mean=0.0, scale=1.0) for column in made.target))


def _targets(table: Table, preparation: Preparation, net: Network, kind: Loss | None) -> Array:
    """One-hot rows (one column where there is one output for two classes) or standardised numbers."""
    t: Array = preparation.targets(table.t)
    width = net._width()
    if table.task == "classification":
        t = targets.of_classes(t, width, kind or loss_named(net._default_loss()))
    elif kind is not None:
        targets.check(kind, t)  # here the rows still have the numbers of the table
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
    measure = metrics.classes if table.task == "classification" else metrics.numbers
    for name, o in out.items():
        run.result[name] = measure(o, table.t[rows[name]])
    name = next(n for n in ("test", "validation", "train") if n in out)
    t = table.t[rows[name]]
    if table.task == "classification":
        counts = metrics.confusion(out[name], t, len(table.classes))
        run.facts["confusion"] = {"classes": list(table.classes), "counts": counts}
    elif t.shape[1] == 1:
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

"""From a source of data to a run: load, split, prepare, train, judge, keep."""

from __future__ import annotations

import contextlib
import functools
import inspect
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ...data import READING
from ...errors import TrainingError
from ...messages import say
from ...nn import Layer, Structure
from ...optim.rule import owners
from ..clinic.quick import quick
from ..looks.looking import look
from ..loop.fitting import Fitting
from ..loop.settings import Settings
from ..objects.network import Network
from ..objects.run import Run
from ..rows.dividing import divided, judged_part
from ..rows.weighting import worth
from ..runs import defaults
from ..runs.configuring import UNWRITTEN, config_of
from ..runs.keeping import Keeper, Place
from ..runs.preparing import Prepared, prepare
from .baseline import baselines as baselines_of
from .data_sizes import data_sizes
from .judging import about, judge
from .progress import Progress, progress_named


def train(
    source: Any,
    *,
    target: Any = None,
    task: Any = None,
    layers: Sequence[Layer] | Structure | None = None,
    hidden: Sequence[int] | None = None,
    activation: str | None = None,
    dropout: float | None = None,
    start: str | Path | Network | None = None,
    freeze: str | Sequence[str] | None = None,
    loss: str | None = None,
    sample_weight: Any = None,
    class_weight: Any = None,
    epochs: int | None = None,
    patience: int | None = None,
    test: float = defaults.TEST,
    validation: float = defaults.VALIDATION,
    seed: int = 0,
    split_seed: int | None = None,
    fold: tuple[int, int] | None = None,
    out: str | Path | Place | None = None,
    progress: str | Progress | None = "auto",
    baselines: bool = True,
    report: bool = True,
    learning_curve: bool = False,
    facts: Mapping[str, Any] | None = None,
    left: list[Run] | None = None,
    **settings: Any,
) -> Run:
    """Train a network on a table and judge it on rows it has not seen.

    Parameters
    ----------
    source : str, path, (X, t), data frame or Table
        "digits", "people.csv", two arrays: see `backlit.data.load`.
    target, task
        The column to learn; "classification", "regression" or "multilabel".  Inferred if not given.
    layers : list of Layer or Network, optional
        The whole network (of a Network its structure: new weights are drawn).  Else `hidden` widths with `activation`
        and `dropout` between them, and an output layer that fits the task; the defaults follow from the table's size
        (`backlit.training.runs.defaults`).
    start : path or Network, optional
        A model to begin with: its weights, and its preparation of the inputs; the head is new, unless the classes or
        target columns are the same (`backlit.training.runs.starting`): then its loss is taken too, unless one is given.
        With `layers` all but their head is taken over.
    freeze : str or list of str, optional
        Layers that stay as they are, by name: "dense1, dense2", or "body" for all but the head.
    loss : str, optional
        A name (docs/losses.md), a name with options ("huber(delta=2)"), or a formula in o and t.  The output layer
        follows: one sigmoid unit for binary_cross_entropy and two classes, one unit for a hinge.  Targets of a
        regression are standardised, so o and t count deviations, unless the loss is for counts or shares.
    sample_weight : str or array of shape (rows,), optional
        How much each row of the source counts in training and validation; see `Network.fit`.  The name of a column:
        its numbers are the weights, it is no input, and all measures are weighted as well, here and in `backlit
        evaluate`.
    class_weight : "balanced" or mapping, optional
        A weight for each class, by its name.
    test, validation : float
        Shares of the rows held out, stratified by class.
    split_seed : int, optional
        The seed of the split (and of drawn sets), where it is to stay while `seed` changes.
    fold : (number, count), optional
        Hold out this one of so many folds, in place of `test`: see `cross_validate`.
    epochs, patience : int
        At most so many epochs; stop when the validation loss has not fallen for `patience` epochs.  By default 100
        epochs, at least 400 steps (3000 where there are many rows a feature), and a patience of a fifth of them (a
        half); with a network or an optimizer of your own 600, at least 6000 steps, and a sixth (a half).
    out : path, optional
        The folder in which the run gets a folder of its own (a `Place` is that folder).
    progress : "auto", "bar", "lines", "none" or a Progress
    baselines : bool
        Also judge a constant answer and the best linear model.
    report : bool
        Write report.html into the run's folder.
    learning_curve : bool
        Train also on a tenth, a fifth … of the training rows: would more data help?  (In `run.facts["data_sizes"]`.)
    facts : mapping, optional
        More for run.json and the report: "command", "python", "versions".
    left : list, optional
        The run is put into it before training begins: what there is when it breaks (`backlit.diagnose` takes it).
    **settings
        optimizer, learning_rate (a number, or "auto"), schedule, warm_up, clip_norm, clip_value, batch_size, dtype,
        engine, threads, time_budget, l1, l2, label_smoothing, initial, and settings of the optimizer (momentum,
        weight_decay …): see `Network.fit`.  Those of the reader of the source too (delimiter, encoding, decimal,
        header, size, …): see `backlit.data.load`.

    Returns
    -------
    Run

    Examples
    --------
    >>> run = train("iris", progress="none")
    >>> run.result["test"]["accuracy"] > 0.85
    True
    """
    asked = {**locals()}
    del asked["left"]
    asked |= asked.pop("settings")
    shown = progress_named(progress)
    with shown.session(), contextlib.ExitStack() as ending:
        shown.phase("read")
        column = sample_weight if isinstance(sample_weight, str) else ""
        table, parts, sample_weight = divided(
            source, target=target, task=task, seed=seed if split_seed is None else split_seed, test=test,
            validation=validation, fold=fold, weight=sample_weight, settings=settings,
            read=functools.partial(shown.phase, "prepare"),
        )  # fmt: skip
        words = {
            "layers": layers, "hidden": hidden, "activation": activation, "dropout": dropout, "start": start,
            "freeze": freeze, "epochs": epochs, "patience": patience, "loss": loss, "seed": seed,
            "sample_weight": sample_weight, "class_weight": class_weight,
            "weight_column": column, **settings,
        }  # fmt: skip
        past = out.past if isinstance(out, Place) else {}
        work = prepare(table, parts, **{**words, "start": out.begun(start) if isinstance(out, Place) else start})
        told = {"name": table.name, **(facts or {}), "data": about(table, parts), "config": config_of(asked, work)}
        if column:
            told["data"] |= {"weight": column, "worth": worth(parts, sample_weight)}
        if work.start:
            told["start"] = past.get("start", work.start)
        keeper = None
        if out is not None:
            place = out if isinstance(out, Place) else Place.new(out, table.name)
            ending.callback(place.close)
            keeper = Keeper(place, told, report=report)
        sizes = functools.partial(data_sizes, work, words) if learning_curve else None
        return course(work, told, shown, keeper, baselines=baselines, sizes=sizes, left=left)


def taken() -> list[str]:
    """Every argument of `backlit.train` that a file can hold: its own, and settings of training, optimizer, reader."""
    own = set(inspect.signature(train).parameters) - {"facts", "settings"}
    return sorted({*own, *Settings.names(), *owners(), *READING, UNWRITTEN})


def course(
    work: Prepared, told: dict[str, Any], shown: Progress, keeper: Keeper | None,
    *, baselines: bool = True, sizes: Callable[[Mapping[str, Any]], Any] | None = None, left: list[Run] | None = None,
) -> Run:  # fmt: skip
    """Run a training that is prepared, judge it, keep it."""
    table, parts, begin = work.table, work.parts, time.perf_counter()
    left = [] if left is None else left
    with _rescue(told, keeper, shown, work, left):
        shown.start(table, parts, work.net, work.settings["epochs"])
        run = work.net.fit(
            *work.learned, sample_weight=work.weights, validation=work.held, watch=_watching(shown, keeper), left=left,
            ready=functools.partial(keeper.begin, work) if keeper is not None else None, **work.settings,
        )  # fmt: skip
        run.facts |= told
        run.place_of_row = work.place
        run.notices = [*table.notices, *run.notices]
        shown.phase("judge")
        judge(run, table, parts, evidence=keeper is not None and keeper.report, weight=work.counted)
        if baselines:
            judged = judged_part(parts)[1]
            run.facts["baselines"] = baselines_of(
                table, parts, work.preparation, judged, work.settings["seed"], work.counted
            )
        run.facts["diagnosis"] = quick(run, time.perf_counter() - begin, judged_part(parts)[0]).told()
        if sizes is not None:
            run.facts["data_sizes"] = sizes(run.result)
        shown.phase("write")
        if keeper is not None and keeper.looks:
            run.looked = look(run, work)
            run.facts["lens"] = run.looked.told()
    if keeper is not None:
        keeper.finish(run)
    shown.finished(run)
    return run


@contextlib.contextmanager
def _rescue(
    told: dict[str, Any], keeper: Keeper | None, shown: Progress, work: Prepared, left: list[Run]
) -> Iterator[None]:
    """When a training is interrupted or breaks, what there is is judged and kept before the error goes on."""
    try:
        yield
    except BaseException as error:
        begun = bool(left and left[0].result)
        if begun:
            left[0].facts |= told
            left[0].place_of_row = work.place
            left[0].notices = [*work.table.notices, *left[0].notices]
        broke = isinstance(error, TrainingError) and begun
        if broke:
            left[0].facts["diagnosis"] = quick(left[0], 0.0, "").told()
        if keeper is not None and begun and (left[0].result.get("steps") or broke):
            judge(left[0], work.table, work.parts, weight=work.counted)
            keeper.finish(left[0])
            shown.kept(left[0])
            if isinstance(error, TrainingError):
                error.values["again"] = say("doctor_train.again", folder=left[0].folder)
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

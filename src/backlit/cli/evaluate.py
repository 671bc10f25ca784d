"""`backlit evaluate MODEL SOURCE`: how good the answers of a trained network are on rows that have them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from ..messages import say
from . import page, reading, tables
from .options import command, option

if TYPE_CHECKING:
    from ..data import Table
    from ..training import Ensemble, Network

SHOWN = 20  # columns
PER_LABEL = ("accuracy", "precision", "recall", "f1", "roc_auc")
WIDEST = 20  # classes of a confusion matrix in a terminal
WORST = ("line", "row", "target", "true", "predicted", "share_true", "output_true", "output", "error")


@command("evaluate")
@click.argument("model")
@click.argument("source")
@option("--target", metavar="NAME", multiple=True, part="data")
@option("--full", is_flag=True, part="output")
@option("--json", "as_json", is_flag=True, part="output")
@reading.reading
def evaluate(model: str, source: str, target: tuple[str, ...], full: bool, as_json: bool, **given: Any) -> None:
    """Measure a model; its sentences are in the catalogue (`cli_evaluate`)."""
    from ..data import Table, Tally
    from ..ops.loss import loss_named
    from ..training import load
    from ..training.rows import metrics
    from ..training.rows.label_scores import edge_of
    from ..training.rows.targets import two_columns
    from . import models

    net = load(model)
    table, x, t, w = models.judged(net, source, target, reading.asked(given))
    out = two_columns(net.predict(x), loss_named(net.loss)) if net.loss and t.ndim == 1 else net.predict(x)
    _check(out, t)
    task = "classification" if t.ndim == 1 else net.task if net.task == "multilabel" else "regression"
    found: dict[str, Any] = metrics.measure(task, out, t, edge_of(net.loss), w)
    more = evidence(net, table, x, t, out, w) if full else {}
    seen = models.was_seen(model, table)
    weighted = {} if w is None or net.preparation is None else {"weighted_by": net.preparation.weight}
    if as_json:
        tables.as_json(
            {
                "model": model,
                "source": source,
                "rows": table.rows,
                "seen_in_training": seen,
                **weighted,
                **found,
                **more,
            }
        )
        return
    order = ("accuracy", "exact", "rmse", "mae", "r2", "loss")
    rows = {tables.named(key): tables.measured(key, found[key]) for key in order if key in found}
    by = {say(f"cli_evaluate.{key}"): name for key, name in weighted.items()}
    tables.facts({say("cli_evaluate.rows"): str(table.rows), **by, **({} if full else rows)})
    if full:
        show_evidence(more)
    if seen:
        page.err(f"{say('cli.warning')}: {say('cli_evaluate.seen')}")
    tally = Tally()
    if isinstance(x, Table) and net.preparation is not None:
        tally.add(net.preparation, x)
    for notice in tally.notices():
        reading.warn(notice)


def _check(out: Any, t: Any) -> None:
    """Outputs and answers have to fit: a model without a preparation knows nothing of classes and columns."""
    from ..errors import fail

    wanted = int(t.max()) + 1 if t.ndim == 1 else t.shape[1]
    if wanted > out.shape[1] or (t.ndim == 2 and wanted != out.shape[1]):
        raise fail("BL104", expected=out.shape[1], got=wanted, layer="t")


# ---- --full -----------------------------------------------------------------------------------------------------


def evidence(net: Network | Ensemble, table: Table, x: Any, t: Any, out: Any, w: Any) -> dict[str, Any]:
    """All scores with intervals, confusion matrix, calibration, worst rows, importance of the columns."""
    from dataclasses import replace

    import numpy as np

    from ..data import Table
    from ..training.rows import metrics
    from ..training.rows.label_scores import edge_of
    from ..training.whole import judging

    known = net.preparation
    predict = judging.answering(net, x) if isinstance(x, Table) else net.predict
    x = x.x if isinstance(x, Table) else x
    if known is not None and known.task == "multilabel":
        table = replace(table, target=tuple(column.name for column in known.target))
    if known is not None:  # the columns and classes in the order and under the names of the model
        classes, names = tuple(known.classes), tuple(column.name for column in known.features)
        table = replace(table, x=x, t=t, features=names, classes=classes or table.classes)
    rows, edge = np.arange(len(t)), edge_of(net.loss)
    found: dict[str, Any] = judging.evidence_of(predict, out, x, t, rows, table, edge=edge, weight=w)
    if table.task == "classification":
        counts = metrics.confusion(out, t, out.shape[1])
        names = table.classes or tuple(map(str, range(out.shape[1])))
        found["confusion"] = {"classes": list(names), "counts": counts}
    return found


def show_evidence(found: dict[str, Any]) -> None:
    """The same as tables."""
    head = [say(f"cli_evaluate.{key}") for key in ("score", "value", "low", "high")]
    rows = [
        [tables.named(key), *(tables.measured(key, score.get(end)) for end in ("value", "low", "high"))]
        for key, score in found["scores"].items()
    ]
    _section("scores", head, rows)
    page.out(say("cli_evaluate.interval"))
    if "labels" in found:
        keys = ("label", "rows", "told", "right")
        head = [say(f"cli_evaluate.label_{key}") for key in (*keys, *PER_LABEL)]
        rows = [
            [*(str(one[key]) for key in keys), *(tables.measured(key, one[key]) for key in PER_LABEL)]
            for one in found["labels"]
        ]
        _section("labels", head, rows)
    if "confusion" in found and len(found["confusion"]["classes"]) <= WIDEST:
        classes = found["confusion"]["classes"]
        counts = zip(classes, found["confusion"]["counts"], strict=True)
        _section("confusion", [say("cli_evaluate.true_said"), *classes], [[c, *map(str, row)] for c, row in counts])
    if "calibration" in found:
        head = [say(f"cli_evaluate.{key}") for key in ("share", "rows", "share_mean", "right")]
        bins = found["calibration"]["bins"]
        rows = [
            [f"{b['low']:.1f}–{b['high']:.1f}", str(b["rows"]), f"{b['share']:.3f}", f"{b['right']:.3f}"] for b in bins
        ]
        _section("calibration", head, rows)
        page.out(say("cli_evaluate.calibration_error", error=found["calibration"]["error"]))
    _worst(found["worst"])
    if found["importance"]:
        head = [say(f"cli_evaluate.{key}") for key in ("column", "importance_mean", "spread")]
        rows = [[f["feature"], f"{f['mean']:.4f}", f"{f['spread']:.4f}"] for f in found["importance"][:SHOWN]]
        _section("importance", head, rows)


def _worst(found: list[dict[str, Any]]) -> None:
    if not found:
        return
    keys = [key for key in WORST if key in found[0]]
    cells = [[f"{row[k]:.5g}" if isinstance(row[k], float) else str(row[k]) for k in keys] for row in found]
    left = [j for j, key in enumerate(keys) if isinstance(found[0][key], str)]
    _section("worst", [say(f"cli_evaluate.worst_{key}") for key in keys], cells, left=left)


def _section(key: str, head: list[str], rows: list[list[str]], left: Sequence[int] = (0,)) -> None:
    page.out(f"\n{say(f'cli_evaluate.{key}')}")
    tables.table(head, rows, left=left)

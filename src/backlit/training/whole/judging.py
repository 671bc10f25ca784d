"""A trained network judged: every part of the rows, and what stands beside the figures in the report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ...data import Split, Table
from ..objects.run import Run
from ..rows import metrics
from ..rows.dividing import judged_part
from ..rows.evidence import MOST, calibration, importance, worst_rows
from ..rows.label_scores import each_label, edge_of
from ..rows.scores import scores

if TYPE_CHECKING:
    from ..objects.ensemble import Ensemble
    from ..objects.network import Network

RANKED = 500  # rows times outputs for which every training can afford the interval of roc_auc: some milliseconds
Indices = np.ndarray[Any, Any]
Weights = np.ndarray[Any, Any] | None


def answering(net: Network | Ensemble, table: Table) -> Callable[[Indices], Indices]:
    """`net.predict` for rows of the table's x, whose categories may have other codes than its own."""
    if not table.kinds:
        return net.predict
    return lambda x: net.predict(replace(table, x=x, t=np.resize(table.t, (len(x), *table.t.shape[1:])), origin=None))


def judge(run: Run, table: Table, parts: Split, *, evidence: bool = False, weight: Weights = None) -> None:
    """Metrics of all three parts, and the confusion matrix or the residuals of the judged rows.

    With a `weight` for each row of the table the metrics are weighted; the confusion matrix counts rows.
    With `evidence` also what a report shows and nobody else asks for (`evidence_of`).
    """
    predict = answering(run.network, table)
    rows = {"train": parts.train, "validation": parts.validation, "test": parts.test}
    out = {name: predict(table.x[r]) for name, r in rows.items() if len(r)}
    edge = edge_of(run.network.loss)
    for name, o in out.items():
        run.result[name] = metrics.measure(table.task, o, table.t[rows[name]], edge, of(weight, rows[name]))
    name, judged = judged_part(parts)
    t = table.t[judged]
    if table.task == "classification":
        counts = metrics.confusion(out[name], t, len(table.classes))
        run.facts["confusion"] = {"classes": list(table.classes), "counts": counts}
    elif table.task == "regression" and t.shape[1] == 1:
        listed = {"t": t[:, 0].tolist(), "o": np.asarray(out[name][:, 0], np.float64).tolist()}
        run.facts["residuals"] = {"target": table.target[0], **listed}
    if evidence:
        told = evidence_of(
            predict, out[name], table.x[judged], t, judged, table, most=MOST, edge=edge, weight=of(weight, judged)
        )
        run.facts |= told


def of(weight: Weights, rows: Indices) -> Weights:
    """The weights of some rows; None where all rows count the same."""
    return None if weight is None else weight[rows]


def evidence_of(
    predict: Callable[[Indices], Indices], out: Indices, x: Indices, t: Indices, rows: Indices, table: Table,
    *, most: int | None = None, edge: float = 0.5, weight: Weights = None,
) -> dict[str, Any]:  # fmt: skip
    """Scores with intervals, worst rows, calibration, importance of the columns; of several labels each one by itself.

    With a limit for the predictions, what would take long is left out: the interval of roc_auc for more than some
    hundred rows, importance on many columns.
    """
    names = table.classes if table.task == "classification" else table.target
    found: dict[str, Any] = {
        "scores": scores(table.task, out, t, quick=most is not None and out.size > RANKED, edge=edge, weight=weight),
        "worst": worst_rows(table.task, out, t, rows, names, edge, table.numbered),
    }
    if table.task == "multilabel":
        found["labels"] = each_label(out, t, names, edge, weight)
    if "brier" in found["scores"]:
        found["calibration"] = calibration(out, t, weight, each=table.task == "multilabel")
    each = importance(predict, x, t, table.task, most=most, edge=edge, weight=weight)
    order = sorted(range(len(each)), key=lambda j: -each[j]["mean"])
    found["importance"] = [{"feature": table.features[j], **each[j]} for j in order]
    return found


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

"""A trained network judged: every part of the rows, and what stands beside the figures in the report."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..data import Split, Table
from . import metrics
from .run import Run

Indices = np.ndarray[Any, Any]


def judged_part(parts: Split) -> tuple[str, Indices]:
    """The rows a run is judged on, and their name: test, else validation, else all there are."""
    for name in ("test", "validation"):
        if len(rows := getattr(parts, name)):
            return name, rows
    return "train", parts.train


def judge(run: Run, table: Table, parts: Split) -> None:
    """Metrics of all three parts, and the confusion matrix or the residuals of the judged rows."""
    net = run.network
    rows = {"train": parts.train, "validation": parts.validation, "test": parts.test}
    out = {name: net.predict(table.x[r]) for name, r in rows.items() if len(r)}
    measure = metrics.classes if table.task == "classification" else metrics.numbers
    for name, o in out.items():
        run.result[name] = measure(o, table.t[rows[name]])
    name, judged = judged_part(parts)
    t = table.t[judged]
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

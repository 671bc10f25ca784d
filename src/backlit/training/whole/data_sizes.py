"""The learning curve by size: the same training on a part of the rows, judged on the same rows that are held out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...data import Split
from ..rows import metrics
from ..rows.dividing import judged_part
from ..rows.label_scores import edge_of
from ..runs.preparing import Prepared, prepare
from .judging import of

SHARES = (0.1, 0.2, 0.4, 0.7)
LEAST = 5  # rows


def data_sizes(work: Prepared, asked: Mapping[str, Any], result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """[{"rows", "train": measures, "test" (or "validation"): measures}], from a tenth of the training rows to all.

    The smaller parts are the first rows of the larger ones (training rows are in a shuffled order), each class in its
    share as far as it goes; a part without some class is left out.  `asked` are the words for `prepare`: what follows
    from the number of rows (how many epochs) follows anew.  The last entry is the training itself.
    """
    table, parts = work.table, work.parts
    name, judged = judged_part(parts)
    found = []
    for share in SHARES:
        rows = _some(work, share)
        if len(rows) < LEAST or name == "train":
            continue
        if table.task == "classification" and len(np.unique(table.t[rows])) < len(np.unique(table.t[parts.train])):
            continue
        part = prepare(table, Split(rows, parts.validation, parts.test), **asked)
        part.net.fit(*part.learned, sample_weight=part.weights, validation=part.held, **part.settings)
        entry: dict[str, Any] = {"rows": len(rows)}
        for which, chosen in (("train", rows), (name, judged)):
            out, w = part.net.predict(table.x[chosen]), of(work.counted, chosen)
            entry[which] = metrics.measure(table.task, out, table.t[chosen], edge_of(part.net.loss), w)
        found.append(entry)
    return [*found, {"rows": len(parts.train), **{n: result[n] for n in ("train", name) if n in result}}]


def _some(work: Prepared, share: float) -> Any:
    """The first rows of every class, in the order of the training rows."""
    rows, table = work.parts.train, work.table
    if table.task != "classification":
        return rows[: round(share * len(rows))]
    kept = np.zeros(len(rows), dtype=bool)
    for k in np.unique(table.t[rows]):
        own = np.flatnonzero(table.t[rows] == k)
        kept[own[: max(1, round(share * len(own)))]] = True
    return rows[kept]

"""`backlit predict MODEL SOURCE`: the answers of a trained network as CSV."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..messages import say
from . import page, reading
from .options import command, option

if TYPE_CHECKING:
    import numpy as np

    from ..ops.loss import Loss
    from ..training import Ensemble, Network

    Model = Network | Ensemble

    Array = np.ndarray[Any, Any]


@command("predict")
@click.argument("model")
@click.argument("source")
@option("--out", metavar="FILE.csv", part="output")
@option("--proba", is_flag=True, part="output")
@reading.reading
def predict(model: str, source: str, out: str | None, proba: bool, **given: Any) -> None:
    """Answer for rows; its sentences are in the catalogue (`cli_predict`)."""
    from ..data import Tally
    from ..training import Ensemble, load
    from ..training.objects.files import write_atomic
    from . import models

    asked = reading.asked(given)
    if out is not None and any(_same(out, path) for path in (source, model)):
        raise click.UsageError(say("cli_predict.same_file", path=out), click.get_current_context())
    net = load(model)
    if proba and not _has_shares(net):
        raise click.UsageError(say("cli_predict.no_shares"), click.get_current_context())
    if proba and _kind(net).targets.only:
        raise click.UsageError(say("cli_predict.only_signs", loss=net.loss), click.get_current_context())
    tally, count = Tally(), 0

    def lines() -> Iterator[str]:
        """The file in pieces: the head, then some rows at a time; nothing before the first rows are answered."""
        nonlocal count
        for x in models.inputs(net, source, tally, asked):
            found, spread = net.predict_with_spread(x) if isinstance(net, Ensemble) else (net.predict(x), None)
            if not count:
                yield _csv([_head(net, found.shape[1], proba, spread is not None)])
            count += len(found)
            yield _csv(_rows(net, found, spread, proba))

    if out is None:
        for text in lines():
            sys.stdout.write(text)
    else:
        write_atomic(Path(out), (text.encode("utf-8") for text in lines()))
        page.err(say("cli_predict.written", rows=count, path=out))
    for notice in tally.notices():
        reading.warn(notice)


def _same(a: str, b: str) -> bool:
    """Whether two paths are one file that is there: answers never go over what they were made from."""
    return Path(a).exists() and Path(b).exists() and Path(a).samefile(b)


def _is_classifier(net: Model) -> bool:
    return net.task == "classification" or (not net.task and _kind(net).by == "rows")


def _kind(net: Model) -> Loss:
    from ..ops.loss import loss_named

    return loss_named(net.loss or "squared_error")


def _has_shares(net: Model) -> bool:
    return _is_classifier(net) or net.task == "multilabel"


def _head(net: Model, width: int, proba: bool, spread: bool) -> list[str]:
    """The names of the columns; of an ensemble with the spread of its members."""
    known = net.preparation
    labels = _is_classifier(net) and not proba
    if _is_classifier(net):
        head = list(known.classes if known else map(str, range(width))) if proba else ["prediction"]
    else:
        names = [column.name for column in known.target] if known else [f"o{j + 1}" for j in range(width)]
        head = names if len(names) > 1 else ["prediction"]
    if not spread:
        return head
    return head + (["share", "spread"] if labels else ["spread"] if width == 1 else [f"{name}_spread" for name in head])


def _rows(net: Model, found: Array, spread: Array | None, proba: bool) -> list[list[str]]:
    """The answers for some rows."""
    import numpy as np

    from ..training.rows.label_scores import edge_of

    known = net.preparation
    more = found[:, :0] if spread is None else spread
    if _is_classifier(net) and not proba:
        answers = found.argmax(axis=1)
        shown = known.labels(found) if known else answers
        chosen = (np.arange(len(found)), answers)
        both = more if spread is None else np.column_stack([found[chosen], more[chosen]])
        numbers = [[_number(v, net) for v in row] for row in both.tolist()]
        return [[str(label), *row] for label, row in zip(shown, numbers, strict=True)]
    if net.task == "multilabel" and known and not proba:
        found = known.restore(found, edge_of(net.loss))
    return [[_number(v, net) for v in row] for row in np.column_stack([found, more]).tolist()]


def _number(value: float, net: Model) -> str:
    """As many digits as tell one number of the model's kind from the next."""
    single = str(next(iter(net.values.values())).dtype) == "float32"
    return f"{value:.9g}" if single else repr(value)


def _csv(rows: list[list[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()

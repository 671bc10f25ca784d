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
from . import page
from .options import command, option

if TYPE_CHECKING:
    import numpy as np

    from ..ops.loss import Loss
    from ..training import Ensemble, Network

    Model = Network | Ensemble

    Array = np.ndarray[Any, Any]

AT_A_TIME = 1000  # rows


@command("predict")
@click.argument("model")
@click.argument("source")
@option("--out", metavar="FILE.csv")
@option("--proba", is_flag=True)
def predict(model: str, source: str, out: str | None, proba: bool) -> None:
    """Answer for rows; its sentences are in the catalogue (`cli_predict`)."""
    from ..training import Ensemble, load
    from ..training.files import write_atomic
    from . import models

    if out is not None and any(_same(out, given) for given in (source, model)):
        raise click.UsageError(say("cli_predict.same_file", path=out), click.get_current_context())
    net = load(model)
    if proba and not _is_classifier(net):
        raise click.UsageError(say("cli_predict.no_shares"), click.get_current_context())
    if proba and _kind(net).targets.only:
        raise click.UsageError(say("cli_predict.only_signs", loss=net.loss), click.get_current_context())
    x = models.inputs(net, source)
    found, spread = net.predict_with_spread(x) if isinstance(net, Ensemble) else (net.predict(x), None)
    if out is None:
        for text in _lines(net, found, spread, proba):
            sys.stdout.write(text)
        return
    write_atomic(Path(out), "".join(_lines(net, found, spread, proba)).encode("utf-8"))
    page.err(say("cli_predict.written", rows=len(found), path=out))


def _same(a: str, b: str) -> bool:
    """Whether two paths are one file that is there: answers never go over what they were made from."""
    return Path(a).exists() and Path(b).exists() and Path(a).samefile(b)


def _is_classifier(net: Model) -> bool:
    return net.task == "classification" or (not net.task and _kind(net).by == "rows")


def _kind(net: Model) -> Loss:
    from ..ops.loss import loss_named

    return loss_named(net.loss or "squared_error")


def _lines(net: Model, found: Array, spread: Array | None, proba: bool) -> Iterator[str]:
    """The file in pieces: the head, then some rows at a time; of an ensemble with the spread of its members."""
    import numpy as np

    known = net.preparation
    width = found.shape[1]
    labels = _is_classifier(net) and not proba
    if _is_classifier(net):
        head = list(known.classes if known else map(str, range(width))) if proba else ["prediction"]
    else:
        names = [column.name for column in known.target] if known else [f"o{j + 1}" for j in range(width)]
        head = names if len(names) > 1 else ["prediction"]
    if spread is not None:
        head += ["share", "spread"] if labels else ["spread"] if width == 1 else [f"{name}_spread" for name in head]
    yield _csv([head])
    for start in range(0, len(found), AT_A_TIME):
        rows = found[start : start + AT_A_TIME]
        more = spread[start : start + AT_A_TIME] if spread is not None else rows[:, :0]
        if labels:
            answers = rows.argmax(axis=1)
            shown = known.labels(rows) if known else answers
            chosen = (np.arange(len(rows)), answers)
            both = np.column_stack([rows[chosen], more[chosen]]) if spread is not None else more
            numbers = [[_number(v, net) for v in row] for row in both.tolist()]
            yield _csv([[str(label), *row] for label, row in zip(shown, numbers, strict=True)])
        else:
            yield _csv([[_number(v, net) for v in row] for row in np.column_stack([rows, more]).tolist()])


def _number(value: float, net: Model) -> str:
    """As many digits as tell one number of the model's kind from the next."""
    single = str(next(iter(net.values.values())).dtype) == "float32"
    return f"{value:.9g}" if single else repr(value)


def _csv(rows: list[list[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()

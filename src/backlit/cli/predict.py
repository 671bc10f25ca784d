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

    from ..training import Network

    Array = np.ndarray[Any, Any]


@command("predict")
@click.argument("model")
@click.argument("source")
@option("--out", metavar="FILE.csv")
@option("--proba", is_flag=True)
@reading.reading
def predict(model: str, source: str, out: str | None, proba: bool, **given: Any) -> None:
    """Answer for rows; its sentences are in the catalogue (`cli_predict`)."""
    from ..data import Tally
    from ..training import load
    from ..training.files import write_atomic
    from . import models

    asked = reading.asked(given)
    if out is not None and any(_same(out, path) for path in (source, model)):
        raise click.UsageError(say("cli_predict.same_file", path=out), click.get_current_context())
    net = load(model)
    if proba and not _has_shares(net):
        raise click.UsageError(say("cli_predict.no_shares"), click.get_current_context())
    tally, count = Tally(), 0

    def lines() -> Iterator[str]:
        """The file in pieces: the head, then some rows at a time; nothing before the first rows are answered."""
        nonlocal count
        for x in models.inputs(net, source, tally, asked):
            found = net.predict(x)
            if not count:
                yield _csv([_head(net, found.shape[1], proba)])
            count += len(found)
            yield _csv(_rows(net, found, proba))

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


def _is_classifier(net: Network) -> bool:
    return net.task == "classification" or (not net.task and net.loss == "cross_entropy")


def _has_shares(net: Network) -> bool:
    return _is_classifier(net) or net.task == "multilabel"


def _head(net: Network, width: int, proba: bool) -> list[str]:
    """The names of the columns."""
    known = net.preparation
    if _is_classifier(net):
        return list(known.classes if known else map(str, range(width))) if proba else ["prediction"]
    names = [column.name for column in known.target] if known else [f"o{j + 1}" for j in range(width)]
    return names if len(names) > 1 else ["prediction"]


def _rows(net: Network, found: Array, proba: bool) -> list[list[str]]:
    """The answers for some rows."""
    known = net.preparation
    if _is_classifier(net) and not proba:
        labels = known.labels(found) if known else found.argmax(axis=1)
        return [[str(label)] for label in labels]
    if net.task == "multilabel" and known and not proba:
        found = known.restore(found)
    return [[_number(v, net) for v in row] for row in found.tolist()]


def _number(value: float, net: Network) -> str:
    """As many digits as tell one number of the model's kind from the next."""
    single = str(next(iter(net.values.values())).dtype) == "float32"
    return f"{value:.9g}" if single else repr(value)


def _csv(rows: list[list[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()

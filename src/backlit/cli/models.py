"""Models and runs by path, and rows that fit a model: its columns by name where the file has names, else in order."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import reading

if TYPE_CHECKING:
    import numpy as np

    from ..data import Preparation, Table, Tally
    from ..training import Ensemble, Network

    Model = Network | Ensemble

    Array = np.ndarray[Any, Any]


def run_facts(path: str, part: str = "") -> dict[str, Any]:
    """What run.json says of the run that a model belongs to, or a part of it; nothing where there is none."""
    from ..errors import FileError
    from ..training.objects.run import read_run

    folder = Path(path) if Path(path).is_dir() else Path(path).parent
    try:
        facts: Any = read_run(folder)[0]
    except FileError:
        return {}
    found = facts.get(part) if part and isinstance(facts, dict) else facts
    return found if isinstance(found, dict) else {}


def was_seen(path: str, table: Table) -> bool:
    """Whether the model, or a member of several, was trained on this very table."""
    from ..errors import FileError
    from ..training.objects.ensemble import read_group

    folders = [path]
    with contextlib.suppress(FileError):  # a single run
        folders += [str(Path(path) / name) for name in read_group(Path(path))["members"]]
    return any(run_facts(folder, "data").get("sha256") == table.sha256 for folder in folders)


# ---- rows without answers ---------------------------------------------------------------------------------------


def inputs(net: Model, source: str, tally: Tally, asked: dict[str, Any]) -> Iterator[Table | Array]:
    """The rows of a source, a block at a time; a file may hold the answers, or more columns, as well."""
    from ..data import load, rows, sources

    if source not in sources() and not Path(source).expanduser().exists():
        load(source)  # it says better than we could what is missing
    for table in rows(source, net.preparation, net.features[0], in_order=reading.in_order, **asked):
        if net.preparation is None:
            yield table.x
        else:
            tally.add(net.preparation, table)
            yield table


# ---- rows with answers ------------------------------------------------------------------------------------------


def judged(
    net: Model, source: str, target: Sequence[str], asked: dict[str, Any]
) -> tuple[Table, Table | Array, Array, Array | None]:
    """A source's table, its inputs in the order of the model's columns, its answers as the model counts them.

    Last the weights of the rows, where the model was trained with a column of them and the source has it.
    """
    from ..data import load, sources
    from ..data.rows import reading_of
    from ..ops.loss import loss_named
    from ..training.rows.weighting import without

    known = net.preparation
    asked = {**reading_of(source, known), **asked}
    classes = bool(net.loss) and loss_named(net.loss).classes
    task: Any = known.task if known else "classification" if classes else "regression"
    given: dict[str, Any] = {"task": task, **asked}
    wanted = _targets(net)
    if source in sources():
        given |= {"target": list(target)} if target else {}
    else:
        names = _names(source, asked)
        if target or (names is not None and wanted):
            there = names is not None and set(wanted) <= set(names)
            own = [j for j, name in enumerate(names or ()) if not known or name != known.weight]
            last: list[Any] = own[-len(wanted) :] if wanted else []
            given["target"] = list(target) or (list(wanted) if there else last)
        if known and known.classes:
            given["classes"] = known.classes
        if known and names is not None:
            given["known"] = _kinds(known, names)
    table, weight = load(source, **given), None
    if known and known.weight in table.features:
        table, weight = without(table, known.weight)
    elif known and known.weight:
        reading.warn({"code": "BL323", "column": known.weight, "names": list(table.features[:12])})
    x = _inputs(net, table, source)
    return table, x, _counted(known, table) if known else table.t, weight


def known(model: str, source: str | None, target: Sequence[str], asked: dict[str, Any]) -> tuple[Any, Any, Any]:
    """Rows, answers and weights of a source for one network; nothing where none is given: then a run knows its own."""
    from ..errors import fail
    from ..training import Network, load

    if source is None:
        return None, None, None
    net = load(model)
    if not isinstance(net, Network):
        raise fail("BL374", got=model)
    return judged(net, source, target, asked)[1:]


def _kinds(known: Preparation, names: Sequence[str]) -> dict[str, Any]:
    """The kinds of a file's columns that the model knows by name."""
    from ..data.kinds import Kind

    found = {column.name: column.as_kind() for column in known.features if not column.is_number}
    if known.weight:
        found[known.weight] = Kind()
    return {name: kind for name, kind in found.items() if name in names}


def _inputs(net: Model, table: Table, source: str) -> Table | Array:
    """The columns of the model, under its names."""
    from dataclasses import replace

    from ..data.rows import columns

    known = net.preparation
    wanted = [column.name for column in known.features] if known else []
    places = columns(wanted, net.features[0], table.features, (), reading.in_order, place=source)
    x: Array = table.x[:, places]
    if known is None:
        return x
    kinds = tuple(table.kinds[j] for j in places) if table.kinds else ()
    return replace(table, x=x, features=tuple(wanted), kinds=kinds)


def _targets(net: Model) -> tuple[str, ...]:
    return tuple(column.name for column in net.preparation.target) if net.preparation else ()


def _names(source: str, asked: dict[str, Any]) -> list[str] | None:
    """The names of the columns of a file that is a table."""
    from ..data.load import opened

    if not Path(source).expanduser().is_file():
        return None
    stream = opened(source, **asked)
    return list(stream.names) if stream is not None else None


def _counted(known: Preparation, table: Table) -> Array:
    """The answers with the model's numbers of the classes; the same classes may stand in another order."""
    import numpy as np

    from ..data.checks import shown
    from ..errors import fail, nearest

    if known.task != "classification":
        if table.t.shape[1] != known.out_features:
            names = [column.name for column in known.target]
            raise fail("BL103", name="t", expected=len(names), got=table.t.shape[1], columns=names[:12])
        return table.t
    for name in table.classes:
        if name not in known.classes:
            close, classes = nearest(name, known.classes[:1000]), [shown(c) for c in known.classes[:12]]
            facts = {"place": table.name, "column": table.target[0], "value": shown(name)}
            raise fail("BL217", classes=classes, nearest=close, **facts)
    numbers = np.array([known.classes.index(name) for name in table.classes], dtype=np.int64)
    return np.take(numbers, table.t)

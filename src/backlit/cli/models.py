"""Models and runs by path, and rows that fit a model: its columns by name where the file has names, else in order."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..messages import say
from . import page

if TYPE_CHECKING:
    import numpy as np

    from ..data import Preparation, Table
    from ..training import Ensemble, Network

    Model = Network | Ensemble

    Array = np.ndarray[Any, Any]

ENCODING = "utf-8-sig"


def run_facts(path: str, part: str = "") -> dict[str, Any]:
    """What run.json says of the run that a model belongs to, or a part of it; nothing where there is none."""
    from ..errors import FileError
    from ..training.run import read_run

    folder = Path(path) if Path(path).is_dir() else Path(path).parent
    try:
        facts: Any = read_run(folder)[0]
    except FileError:
        return {}
    found = facts.get(part) if part and isinstance(facts, dict) else facts
    return found if isinstance(found, dict) else {}


# ---- rows without answers ---------------------------------------------------------------------------------------


def inputs(net: Model, source: str) -> Array:
    """The inputs of a source in the order of the model's columns; a file may hold the answers, or more, as well."""
    from ..data import load, sources

    if source in sources():
        table = load(source)
        return table.x[:, _columns(net, table.features, ())]
    if not Path(source).expanduser().exists():
        load(source)  # it says better than we could what is missing
    return _read(source, lambda names: _columns(net, names, _targets(net)))


def _targets(net: Model) -> tuple[str, ...]:
    return tuple(column.name for column in net.preparation.target) if net.preparation else ()


def _columns(net: Model, names: Sequence[str], targets: Sequence[str]) -> list[int]:
    """The places of the model's columns among `names`."""
    from ..errors import fail

    wanted = [column.name for column in net.preparation.features] if net.preparation else []
    if wanted and set(wanted) <= set(names):
        return [names.index(name) for name in wanted]
    count = net.features[0]
    left = [j for j, name in enumerate(names) if name not in targets]
    if len(left) != count and len(names) == count + max(1, len(targets)):
        left = list(range(count))  # the answers come last, whatever they are called
    if len(left) != count:
        raise fail("BL103", name="X", expected=count, got=len(names), columns=wanted[:12])
    if wanted and any(not name.startswith("column") for name in names):
        page.err(f"{say('cli.warning')}: {say('cli.in_order', names=wanted[:12])}")
    return left


def _read(source: str, choose: Callable[[list[str]], list[int]]) -> Array:
    """The chosen columns of a file as numbers; what stands in the others is not looked at."""
    import numpy as np

    from ..data import csv, files
    from ..data.checks import Origin, finite, plain
    from ..errors import fail

    path = Path(source).expanduser()
    records = csv.Records(path, files.text_of(path, ENCODING), None)
    names = records.header(None)
    chosen = choose(names)
    values, lines = array("d"), array("q")
    for line, cells in records:
        if len(cells) != len(names):
            facts = {"path": plain(path), "line": line, "delimiter": repr(records.delimiter)}
            raise fail("BL204", expected=len(names), got=len(cells), **facts)
        for j in chosen:
            try:
                values.append(records.number(cells[j]))
            except ValueError:
                raise records.refusal(line, names[j], cells[j]) from None
        lines.append(line)
    if not lines:
        raise fail("BL203", path=plain(path), names=names[:12])
    x = np.array(values, dtype=np.float64).reshape(len(lines), len(chosen))
    finite(Origin(plain(path), lines), x, [names[j] for j in chosen])
    return x


# ---- rows with answers ------------------------------------------------------------------------------------------


def judged(net: Model, source: str, target: Sequence[str]) -> tuple[Table, Array, Array]:
    """A source's table, its inputs in the order of the model's columns, its answers as the model counts them."""
    from ..data import load, sources
    from ..ops.loss import loss_named

    known = net.preparation
    task: Any = known.task if known else "classification" if net.loss and loss_named(net.loss).classes else "regression"
    given: dict[str, Any] = {"task": task}
    if source in sources():
        given |= {"target": list(target)} if target else {}
    else:
        given["target"] = list(target) or _answers(net, source)
        if known and known.classes:
            given["classes"] = known.classes
    table = load(source, **given)
    x = table.x[:, _columns(net, table.features, ())]
    return table, x, _counted(known, table) if known else table.t


def _answers(net: Model, source: str) -> list[str | int] | None:
    """The columns of a file that hold the answers: those of the model, else as many at the end."""
    from ..data import csv, files

    path = Path(source).expanduser()
    targets = _targets(net)
    if not targets or not path.is_file():
        return None
    names = csv.Records(path, files.text_of(path, ENCODING), None).header(None)
    return list(targets) if set(targets) <= set(names) else list(range(-min(len(targets), len(names)), 0))


def _counted(known: Preparation, table: Table) -> Array:
    """The answers with the model's numbers of the classes; the same classes may stand in another order."""
    import numpy as np

    from ..data.checks import shown
    from ..errors import fail, nearest

    if known.task == "regression":
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

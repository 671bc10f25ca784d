"""A training that begins with the weights of another one: fine-tuning.

Kept from the model: the weights of its body, and what was done to its inputs, since the body's first weights expect
inputs on that scale.  New: the head (unless the answers are the very same ones), and the scale of the targets.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...data import Preparation, Table, Tally
from ...errors import fail, nearest
from ...nn import Dense, tuning
from ..objects.files import load
from ..objects.network import Network


def begin(
    model: Network,
    table: Table,
    fitted: Preparation,
    head: Dense,
    layers: Network | None = None,
    *,
    seed: int = 0,
    dtype: str = "float32",
    as_they_are: bool = False,
    told: list[dict[str, Any]],
) -> tuple[Network, Preparation, dict[str, Any]]:
    """The network and the preparation with which a training on `table` begins, and what is told of them.

    Parameters
    ----------
    model : Network
        With weights (`model_of`).
    fitted : Preparation
        Learned from the table's training rows; its part for the targets is used.
    head : Dense
        The output layer, where it has to be a new one.
    layers : Network, optional
        The whole new network, whose layers but for the head have the names and shapes of the model's.  By default the
        model's own body with a head that fits the table.
    as_they_are : bool
        The loss is made for some numbers only: the targets are not brought to the model's scale.
    told : list
        Notices are put into it: columns taken in order (BL247), categories that the model does not know (BL248).
    """
    preparation = _prepared(model, table, fitted, told)
    same = same_answers(model, table)
    if layers is not None:
        net = layers
        net.prepare(preparation.in_features, seed=seed, dtype=dtype)
        taken = tuning.take_over(net, model)
    elif same:
        net = _copied(model)
        whole = model.preparation or preparation
        scale = fitted.target if as_they_are else whole.target
        preparation = replace(whole, reading=fitted.reading, target=scale)
        taken = sorted({n.rsplit(".", 1)[0] for n in net.values})
    else:
        net = model.replace_head(head)
        taken = sorted({n.rsplit(".", 1)[0] for n in net.values})
    return net, preparation, {"taken": taken, "head": "kept" if same and layers is None else "new"}


def model_of(start: str | Path | Network) -> Network:
    """The model with which a training begins: in a file, of a run's folder, or the network itself."""
    found = start if isinstance(start, Network) else load(start)
    if not isinstance(found, Network):
        raise fail("BL502", path=start, got=f"{len(found.networks)} networks (several folds or seeds)")
    if not found.values:
        raise fail("BL707")
    return found


def name_of(start: str | Path | Network) -> str:
    """What run.json says of it."""
    return str(start) if isinstance(start, (str, Path)) else type(start).__name__


def _copied(model: Network) -> Network:
    net = Network(*Network.links_of(model.describe()))
    net.values = {name: value.copy() for name, value in model.values.items()}
    return net


def _prepared(model: Network, table: Table, fitted: Preparation, told: list[dict[str, Any]]) -> Preparation:
    """The model's preparation of inputs, and the table's of targets."""
    known = model.preparation
    if known is None:  # the model took its numbers as they were
        known = replace(fitted, features=tuple(replace(c, mean=0.0, scale=1.0) for c in fitted.features))
    own, new = [c.name for c in known.features], list(table.features)
    missing = [name for name in own if name not in new]
    where = model.inputs[0].layer.name
    if known.in_features != sum(model.features):
        raise fail("BL351", expected=sum(model.features), got=known.in_features, columns=new[:5], name=where)
    if len(own) != len(new) or (own != new and len(missing) < len(own)):
        differ = missing or [n for n in new if n not in own] or own
        raise fail("BL351", expected=len(own), got=len(new), columns=differ[:5], name=where)
    if missing and not (_numbered(own) or _numbered(new)):
        near = nearest(missing[0], new)
        raise fail("BL246", missing=missing[:12], names=new[:12], nearest=near, path=table.name)
    if missing:
        told.append({"code": "BL247", "columns": own[:12], "names": new[:12]})
    preparation = replace(fitted, features=known.features)
    tally = Tally()
    tally.add(preparation, table)
    renamed = {"BL233": "BL248"}  # here there is no other training that could learn them
    told.extend({**notice, "code": renamed.get(notice["code"], notice["code"])} for notice in tally.notices())
    return preparation


def _numbered(names: Sequence[str]) -> bool:
    """Whether names say no more than the place of a column: x1, column2, 3.

    >>> _numbered(["x1", "x2"]), _numbered(["0", "1"]), _numbered(["x1", "age"])
    (True, True, False)
    """
    return all(re.fullmatch(r"(x|column|feature|pixel)?[ _]?\d+", name, re.IGNORECASE) for name in names)


def same_answers(model: Network, table: Table) -> bool:
    """Whether the model answers the very question of the table: the same classes, or the same columns."""
    known = model.preparation
    if known is None or known.task != table.task:
        return False
    return known.classes == table.classes and tuple(column.name for column in known.target) == table.target


def frozen_in(net: Network, names: str | Sequence[str] | None, features: int) -> list[str]:
    """Freeze these layers; names are given when the number of inputs is known."""
    if not names:
        return []
    net.connect(features)
    frozen = net.freeze(*tuning.names_in(names))
    if not net.build(training=True).trained:
        raise fail("BL354", names=frozen)
    return frozen

"""A training that begins with the weights of another one: fine-tuning.

Kept from the model: the weights of its body, and what was done to its inputs, since the body's first weights expect
inputs on that scale.  New: the head (unless the answers are the very same ones), and the scale of the targets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..data import Preparation, Table
from ..errors import fail
from ..nn import Dense, tuning
from .network import Network


def begin(
    model: Network,
    table: Table,
    fitted: Preparation,
    head: Dense,
    layers: Network | None = None,
    *,
    seed: int = 0,
    dtype: str = "float32",
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
    """
    preparation = _prepared(model, table, fitted)
    same = same_answers(model, table)
    if layers is not None:
        net = layers
        net.prepare(preparation.in_features, seed=seed, dtype=dtype)
        taken = tuning.take_over(net, model)
    elif same:
        net = _copied(model)
        preparation = replace(model.preparation or preparation, reading=fitted.reading)
        taken = sorted({n.rsplit(".", 1)[0] for n in net.values})
    else:
        net = model.replace_head(head)
        taken = sorted({n.rsplit(".", 1)[0] for n in net.values})
    return net, preparation, {"taken": taken, "head": "kept" if same and layers is None else "new"}


def model_of(start: str | Path | Network) -> Network:
    """The model with which a training begins: in a file, of a run's folder, or the network itself."""
    from .files import load

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


def _prepared(model: Network, table: Table, fitted: Preparation) -> Preparation:
    """The model's preparation of inputs, and the table's of targets."""
    known = model.preparation
    if known is None:  # the model took its numbers as they were
        known = replace(fitted, features=tuple(replace(c, mean=0.0, scale=1.0) for c in fitted.features))
    own, new = [c.name for c in known.features], list(table.features)
    if known.in_features != sum(model.features) or len(own) != len(new) or (own != new and set(own) & set(new)):
        differ = [n for n in own if n not in new] or [n for n in new if n not in own] or own
        where = model.inputs[0].layer.name
        raise fail("BL351", expected=sum(model.features), got=len(new), columns=differ[:5], name=where)
    return replace(fitted, features=known.features)


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
    return net.freeze(*tuning.names_in(names))

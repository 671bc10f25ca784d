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
from .defaults import OUTPUT
from .network import Network


def begin(
    start: str | Path | Network,
    table: Table,
    fitted: Preparation,
    layers: Network | None = None,
    *,
    seed: int = 0,
    dtype: str = "float32",
) -> tuple[Network, Preparation, dict[str, Any]]:
    """The network and the preparation with which a training on `table` begins, and what is told of them.

    Parameters
    ----------
    start : path or Network
        The model: a file, a run's folder, or a network.
    fitted : Preparation
        Learned from the table's training rows; its part for the targets is used.
    layers : Network, optional
        The whole new network, whose layers but for the head have the names and shapes of the model's.  By default the
        model's own body with a head that fits the table.
    """
    model = start if isinstance(start, Network) else _load(start)
    if not model.values:
        raise fail("BL707")
    preparation = _prepared(model, table, fitted)
    same = _same_answers(model, fitted)
    if layers is not None:
        net = layers
        net.prepare(preparation.in_features, seed=seed, dtype=dtype)
        taken = tuning.take_over(net, model)
    elif same:
        net = _copied(model)
        preparation = model.preparation or preparation
        taken = sorted({n.rsplit(".", 1)[0] for n in net.values})
    else:
        net = model.replace_head(Dense(fitted.out_features, OUTPUT[table.task]))
        taken = sorted({n.rsplit(".", 1)[0] for n in net.values})
    name = str(start) if isinstance(start, (str, Path)) else type(start).__name__
    head = "kept" if same and layers is None else "new"
    return net, preparation, {"model": name, "taken": taken, "head": head}


def _load(path: str | Path) -> Network:
    from .files import load

    found = load(path)
    if not isinstance(found, Network):
        raise fail("BL502", path=path, got=f"{len(found.networks)} networks (several folds or seeds)")
    return found


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


def _same_answers(model: Network, fitted: Preparation) -> bool:
    """Whether the model answers the very question of the table: the same classes, or the same columns."""
    known = model.preparation
    if known is None or known.task != fitted.task:
        return False
    return known.classes == fitted.classes and [c.name for c in known.target] == [c.name for c in fitted.target]


def frozen_in(net: Network, names: str | Sequence[str] | None, features: int) -> list[str]:
    """Freeze these layers; names are given when the number of inputs is known."""
    if not names:
        return []
    net.connect(features)
    return net.freeze(*tuning.names_in(names))

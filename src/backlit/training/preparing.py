"""What is settled before the first step: the table divided, its columns on a scale, the network, its settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..data import Preparation, Split, Table
from ..errors import fail
from ..nn import Layer, Structure
from . import defaults
from .network import Network
from .starting import begin, frozen_in

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class Prepared:
    """A training that only has to be run; `settings` are the words for `Network.fit`."""

    table: Table
    parts: Split
    preparation: Preparation
    plan: defaults.Plan
    net: Network
    x: Array
    t: Array
    settings: Mapping[str, Any]
    start: Mapping[str, Any] | None = None  # what a model that the training begins with gave it

    @property
    def learned(self) -> tuple[Array, Array]:
        """The rows to learn from, as the network sees them."""
        return self.x[self.parts.train], self.t[self.parts.train]

    @property
    def held(self) -> tuple[Array, Array] | None:
        """The rows that choose the best epoch."""
        rows = self.parts.validation
        return (self.x[rows], self.t[rows]) if len(rows) else None


def prepare(
    table: Table,
    parts: Split,
    *,
    layers: Sequence[Layer] | Structure | None = None,
    hidden: Sequence[int] | None = None,
    activation: str | None = None,
    dropout: float | None = None,
    start: Any = None,
    freeze: Any = None,
    epochs: int | None = None,
    patience: int | None = None,
    loss: str | None = None,
    **settings: Any,
) -> Prepared:
    """The training of a table that is divided into `parts`: see `backlit.train`."""
    for name, given in {"hidden": hidden, "activation": activation, "dropout": dropout}.items():
        if (layers is not None or start is not None) and given is not None:
            raise fail("BL309", name="layers" if layers is not None else "start (--from)", other=name)
    preparation = Preparation.fit(table, parts.train)
    batch_size = settings.setdefault("batch_size", defaults.batch_of(settings.get("optimizer")))
    plan = defaults.plan(
        table, parts, batch_size, hidden=hidden, activation=activation, dropout=dropout,
        epochs=epochs, patience=patience, optimizer=settings.get("optimizer"),
    )  # fmt: skip
    if layers is None and plan.learning_rate and not {"optimizer", "learning_rate"} & set(settings):
        settings["learning_rate"] = plan.learning_rate
    begun: dict[str, Any] | None = None
    if start is not None:
        whole = network_of(layers) if layers is not None else None
        drawn = {"seed": settings.get("seed", 0), "dtype": settings.get("dtype", "float32")}
        net, preparation, begun = begin(start, table, preparation, whole, **drawn)
    else:
        net = network_of(layers if layers is not None else defaults.layers_of(plan, table, preparation.out_features))
    net.preparation, net.task = preparation, table.task
    frozen = frozen_in(net, freeze, preparation.in_features)
    if begun is not None:
        begun["frozen"] = frozen
    told = {"loss": loss, "epochs": plan.epochs, "patience": plan.patience if len(parts.validation) else 0}
    x, t = preparation.inputs(table.x), _targets(table, preparation, net)
    return Prepared(table, parts, preparation, plan, net, x, t, {**told, **settings}, begun)


def network_of(layers: Structure | Mapping[str, Any] | Sequence[Layer]) -> Network:
    """A new network of these layers, of the description of a structure, or like this network."""
    described = layers.describe() if isinstance(layers, Structure) else layers
    return Network(*Network.links_of(described)) if isinstance(described, Mapping) else Network(described)


def _targets(table: Table, preparation: Preparation, net: Network) -> Array:
    """One-hot rows or standardised numbers; squared error on classes learns the one-hot rows."""
    t: Array = preparation.targets(table.t)
    width = net._width()
    if width and t.shape[1] != width:
        raise fail("BL104", expected=t.shape[1], got=width, layer=repr(net.chain[-1] if net.chain else net.last))
    return t

"""What is settled before the first step: the table divided, its columns on a scale, the network, its settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ...data import Preparation, Split, Table
from ...errors import fail
from ...messages import say
from ...nn import Layer, Structure
from ...nn.layers import describe, revive
from ...ops.loss import Loss, called, loss_named
from ..objects.network import Network
from ..rows import targets, weights
from . import defaults, starting

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
    weight: Array | None = None  # of each row of the table

    @property
    def learned(self) -> tuple[Array, Array]:
        """The rows to learn from, as the network sees them."""
        return self.x[self.parts.train], self.t[self.parts.train]

    def place(self, row: int) -> str:
        """Where a row to learn from stands in its source: "people.csv:17"; "" where that has no name."""
        return "" if self.table.origin is None else self.table.origin.place(int(self.parts.train[row]))

    @property
    def weights(self) -> Array | None:
        """The weights of the rows to learn from."""
        return None if self.weight is None else self.weight[self.parts.train]

    @property
    def counted(self) -> Array | None:
        """The weights by which measures are weighted, too: those that are a column of the table."""
        return self.weight if self.preparation.weight else None

    @property
    def held(self) -> tuple[Array, ...] | None:
        """The rows that choose the best epoch, with their weights where rows have some."""
        given = [self.x, self.t] if self.weight is None else [self.x, self.t, self.weight]
        return tuple(a[self.parts.validation] for a in given) if len(self.parts.validation) else None


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
    sample_weight: Any = None,
    weight_column: str = "",
    class_weight: Any = None,
    **settings: Any,
) -> Prepared:
    """The training of a table that is divided into `parts`: see `backlit.train`."""
    for name, given in {"hidden": hidden, "activation": activation, "dropout": dropout}.items():
        if (layers is not None or start is not None) and given is not None:
            raise fail("BL309", name="layers" if layers is not None else "start (--from)", other=name)
    heard: list[dict[str, Any]] = [
        {"code": "BL355", "name": name} for name in ("clip_norm", "clip_value") if settings.get(name) == 0
    ]
    rule = defaults.named(settings.get("optimizer"))
    _check_task(table, rule, class_weight)
    model = None if start is None else starting.model_of(start)
    kept = model is not None and layers is None and starting.same_answers(model, table)
    if model is not None and kept and loss is None and model.loss:  # its head comes along, and was made for it
        loss = model.loss
        if options := {**model.loss_options, **(settings.get("loss_options") or {})}:
            settings["loss_options"] = options
    loss = loss or (None if rule == "perceptron" else defaults.loss_of(table, layers))
    kind = loss_named(called(loss)[0]) if loss else None
    preparation = _fitted(table, parts, kind)
    weight = None if sample_weight is None else weights.checked(sample_weight, table.rows)
    batch_size = settings.setdefault("batch_size", defaults.batch_of(settings.get("optimizer")))
    plan = defaults.plan(
        table, parts, batch_size, layers=layers, start=start, hidden=hidden, activation=activation, dropout=dropout,
        epochs=epochs, patience=patience, optimizer=settings.get("optimizer"),
        learning_rate=settings.get("learning_rate"),
    )  # fmt: skip
    if plan.learning_rate is not None:
        settings["learning_rate"] = plan.learning_rate
    begun: dict[str, Any] | None = None
    if model is not None:
        whole = network_of(layers) if layers is not None else None
        drawn = {"seed": settings.get("seed", 0), "dtype": settings.get("dtype", "float32")}
        drawn |= {"as_they_are": kind is not None and bool(kind.targets.told()), "told": heard}
        head = defaults.head_of(table, preparation.out_features, kind, plan.output)
        net, preparation, begun = starting.begin(model, table, preparation, head, whole, **drawn)
        begun = {"model": starting.name_of(start), **begun}
    else:
        net = network_of(
            layers if layers is not None else defaults.layers_of(plan, table, preparation.out_features, kind)
        )
    preparation = replace(preparation, weight=weight_column)
    net.preparation, net.task = preparation, table.task
    frozen = starting.frozen_in(net, freeze, preparation.in_features)
    if begun is not None:
        begun["frozen"] = frozen
    told = {
        "loss": loss,
        "class_weight": weights.by_name(class_weight, table.classes),
        "epochs": plan.epochs,
        "patience": plan.patience if len(parts.validation) else 0,
    }
    x, t = preparation.inputs(table), _targets(table, preparation, net, kind)
    table = replace(table, notices=(*table.notices, *heard))
    return Prepared(table, parts, preparation, plan, net, x, t, {**told, **settings}, begun, weight)


def _check_task(table: Table, rule: str, class_weight: Any) -> None:
    """What is for classes only: weights of classes (BL320), the perceptron's rule (BL321; labels are classes too)."""
    got = f"{say(f'report.task_{table.task}')}: {', '.join(table.target[:5])}"
    if class_weight is not None and table.task != "classification":
        raise fail("BL320", got=got)
    if rule == "perceptron" and table.task == "regression":
        raise fail("BL321", got=got)


def network_of(layers: Structure | Mapping[str, Any] | Sequence[Layer]) -> Network:
    """A new network of these layers, of the description of a structure, or like this network."""
    described: Any = layers
    if isinstance(layers, Structure):  # one that has seen no data is a chain without links
        described = layers.describe() if layers.links else [revive(describe(layer)) for layer in layers.chain or ()]
    return Network(*Network.links_of(described)) if isinstance(described, Mapping) else Network(described)


def _fitted(table: Table, parts: Split, kind: Loss | None) -> Preparation:
    """The preparation; targets stay as they are where the loss is made for some numbers only (counts, shares)."""
    made = Preparation.fit(table, parts.train)
    if kind is None or table.task == "classification" or not kind.targets.told():
        return made
    return replace(made, target=tuple(replace(column, mean=0.0, scale=1.0) for column in made.target))


def _targets(table: Table, preparation: Preparation, net: Network, kind: Loss | None) -> Array:
    """One-hot rows (one column where there is one output for two classes) or standardised numbers."""
    t: Array = preparation.targets(table.t)
    width = net._width()
    if table.task == "classification":
        t = targets.of_classes(t, width, kind or loss_named(net._default_loss()))
    elif table.task == "multilabel":
        targets.check_labels(kind or loss_named(net._default_loss()))
        t = targets.coded(t, kind) if kind is not None else t
    elif kind is not None:
        targets.check(kind, t, table.place)  # the loss sees the numbers of the table
    if width and t.shape[1] != width:
        raise fail("BL104", expected=t.shape[1], got=width, layer=repr(net.chain[-1] if net.chain else net.last))
    return t

"""What is trained when nothing is said: chosen by ten splits of each bundled set (docs/decisions/0008-defaults.md)."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

from ...data import Split, Table
from ...nn import Dense, Dropout, Layer
from ...ops.loss import Loss

EPOCHS, STEPS, STEPS_IF_ROOMY = 100, 400, 3000  # at least so many of both: small tables have few steps an epoch
# What somebody asks for, a network or an optimizer, may learn more slowly than what was chosen here: it gets longer.
OWN = ("layers", "start", "hidden", "activation", "dropout", "optimizer", "learning_rate")
OWN_EPOCHS, OWN_STEPS = 600, 6000
RATE = 0.005  # of Adam, for the networks below
BATCH, VALIDATION, TEST = 32, 0.15, 0.2
ROOMY = 100  # rows a feature
OUTPUT = {"classification": "softmax", "regression": None, "multilabel": "sigmoid"}


@dataclass(frozen=True)
class Plan:
    """The network and the length of a training."""

    hidden: tuple[int, ...]
    activation: str
    dropout: float
    epochs: int
    patience: int
    learning_rate: float | str | None = None  # None: the optimizer's own
    output: str | None = None  # activation function of the output layer; None: what fits the task


def plan(table: Table, parts: Split, batch_size: int, **asked: Any) -> Plan:
    """The plan for a table, with what was asked for (not None) in place of the defaults.

    Few rows a feature: one layer and dropout, since such tables are soon learned by heart.  Many rows a feature (drawn
    shapes in the plane): two layers, no dropout, more steps, and patience for early plateaus.  Nothing held out: no
    dropout, as there is nothing to generalise to.
    """
    own = any(asked.get(name) is not None for name in OWN)
    roomy = table.rows >= ROOMY * table.x.shape[1]
    least, steps = (OWN_EPOCHS, OWN_STEPS) if own else (EPOCHS, STEPS_IF_ROOMY if roomy else STEPS)
    epochs = asked.get("epochs") or max(least, steps // max(1, -(-len(parts.train) // batch_size)))
    patience = max(1, epochs // (2 if roomy else 6 if own else 5))
    rate = None if any(asked.get(name) is not None for name in ("layers", "start", "optimizer")) else RATE
    if roomy:
        made = Plan((64, 64), "silu", 0.0, epochs, patience, rate)
    else:
        made = Plan((64,), "silu", 0.2 if parts.held_out else 0.0, epochs, patience, rate)
    made = _for_optimizer(made, asked.get("optimizer"))
    if asked.get("hidden") is not None:
        asked["hidden"] = tuple(asked["hidden"])
    return replace(made, **{f.name: v for f in fields(made) if (v := asked.get(f.name)) is not None})


def batch_of(optimizer: Any) -> int:
    """Rows a step: the perceptron's rule goes row by row."""
    return 1 if named(optimizer) == "perceptron" else BATCH


def _for_optimizer(made: Plan, optimizer: Any) -> Plan:
    """What an optimizer cannot do without: no randomness for L-BFGS, a single layer of steps for the perceptron."""
    if named(optimizer) == "perceptron":
        return replace(made, hidden=(), dropout=0.0, output="step")
    return replace(made, dropout=0.0) if named(optimizer) == "lbfgs" else made


def named(optimizer: Any) -> str:
    """The name of an optimizer that may be given as a text with settings."""
    return str(getattr(optimizer, "name", optimizer)).partition("(")[0].strip()


def layers_of(plan: Plan, table: Table, outputs: int, kind: Loss | None = None) -> list[Layer]:
    """Hidden layers and an output layer that fits the task and the loss."""
    layers: list[Layer] = []
    for width in plan.hidden:
        layers.append(Dense(width, plan.activation))
        if plan.dropout:
            layers.append(Dropout(plan.dropout))
    return [*layers, head_of(table, outputs, kind, plan.output)]


def head_of(table: Table, outputs: int, kind: Loss | None = None, asked: str | None = None) -> Dense:
    """The output layer that fits the task and the loss (`OUTPUT`), with another activation function where one is asked.

    Where the loss is one of yes or no and there are two classes, it is a single unit.
    """
    own = kind.layer if kind is not None and (kind.layer or kind.classes) else OUTPUT[table.task]
    alone = kind is not None and kind.classes and kind.by == "elements" and len(table.classes) == 2
    return Dense(1 if alone else outputs, asked or own or None)


def loss_of(table: Table, layers: Any) -> str | None:
    """The loss where it is not the usual one: yes or no for labels, and for a single sigmoid unit and two classes."""
    if table.task == "multilabel" and layers is None:
        return "binary_cross_entropy"
    last = list(layers)[-1] if isinstance(layers, (list, tuple)) and layers else None
    single = getattr(last, "units", 0) == 1 and getattr(last, "activation", None) == "sigmoid"
    return "binary_cross_entropy" if single and len(table.classes) == 2 else None

"""What is trained when nothing is said: chosen by ten splits of each bundled set (docs/decisions/0008-defaults.md)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from ..data import Split, Table
from ..nn import Dense, Dropout, Layer

STEPS, EPOCHS = 6000, 600  # at least so many of both: small tables have few steps an epoch
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
    learning_rate: float | None = None  # None: the optimizer's own


def plan(table: Table, parts: Split, batch_size: int, **asked: Any) -> Plan:
    """The plan for a table, with what was asked for (not None) in place of the defaults.

    Few rows a feature: one wide layer and much dropout, since such tables are soon learned by heart.  Many rows a
    feature (drawn shapes in the plane): two layers, no dropout, a quicker rate, and patience for early plateaus.
    Nothing held out: no dropout, as there is nothing to generalise to.
    """
    steps = max(1, -(-len(parts.train) // batch_size))
    epochs = asked.get("epochs") or max(EPOCHS, STEPS // steps)
    if table.rows >= ROOMY * table.x.shape[1]:
        made = Plan((64, 64), "silu", 0.0, epochs, max(1, epochs // 2), 0.003)
    else:
        made = Plan((128,), "silu", 0.5 if parts.held_out else 0.0, epochs, max(1, epochs // 6))
    if asked.get("hidden") is not None:
        asked["hidden"] = tuple(asked["hidden"])
    return replace(made, **{k: v for k, v in asked.items() if v is not None})


def layers_of(plan: Plan, table: Table, outputs: int) -> list[Layer]:
    """Hidden layers and an output layer that fits the task: softmax for classes, sigmoid for labels, else identity."""
    layers: list[Layer] = []
    for width in plan.hidden:
        layers.append(Dense(width, plan.activation))
        if plan.dropout:
            layers.append(Dropout(plan.dropout))
    return [*layers, Dense(outputs, OUTPUT[table.task])]

"""Networks, losses and rows drawn at random for the lens: every layer, every loss, every activation function."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from backlit.errors import TrainingError
from backlit.nn import Activation, Dense
from backlit.ops.declare import REGISTRY, Elementwise
from backlit.ops.loss import LOSSES, Loss, loss_named
from backlit.training import Network
from nn.nets import random_network, random_rows

ACTIVATIONS = sorted(n for n, op in REGISTRY.items() if op.facts.role == "activation" and isinstance(op, Elementwise)
                     and len(op.inputs) == 1)  # fmt: skip
WHOLE = sorted(n for n, op in REGISTRY.items() if op.facts.role == "activation" and not isinstance(op, Elementwise))
OPTIMIZERS = ("sgd", "momentum(momentum=0.9)", "adam", "rmsprop", "gradient_descent")


@dataclass
class Drawn:
    """A network after some training in float32, rows for it, and what `Network.trace` is called with."""

    net: Network
    rows: dict[str, Any]
    loss: str
    given: dict[str, Any]

    @property
    def x(self) -> Any:
        found = [self.rows[link.layer.name] for link in self.net.inputs]
        return found if len(found) > 1 else found[0]


def drawn(seed: int) -> Drawn:
    """The network of this number: its loss goes through all losses in turn, its functions through all functions."""
    rng = np.random.default_rng([77, seed])
    loss = list(LOSSES)[seed % len(LOSSES)]
    kind = loss_named(loss)
    shares = kind.outputs[0] == 0.0 or kind.reads == "softmax"
    net = random_network(rng, shares)
    layers = [layer for layer in net.layers() if isinstance(layer, (Dense, Activation))]
    for i, layer in enumerate(layers[:-1] if shares else layers):
        name = WHOLE[seed % len(WHOLE)] if i == 1 and seed % 5 == 0 else ACTIVATIONS[(seed * 3 + i) % len(ACTIVATIONS)]
        if isinstance(layer, Dense):
            layer.activation = name
        else:
            layer.function = name
    rows = random_rows(net, int(rng.integers(6, 10)), False, rng)
    rows["t"] = targets_for(kind, rows["t"], rng)
    given: dict[str, Any] = {"optimizer": OPTIMIZERS[seed % len(OPTIMIZERS)], "learning_rate": 0.01}
    given["reduction"] = ("mean", "sum", "rows")[seed % 3]
    given |= {"l2": 0.01} if seed % 7 == 0 else {"l1": 0.01} if seed % 7 == 1 else {}
    given |= {"label_smoothing": 0.1} if kind.smoothing and seed % 2 else {}
    given |= {"half": True} if loss == "squared_error" and seed // len(LOSSES) % 2 else {}
    given |= {"sample_weight": rng.random(len(rows["t"])) + 0.1} if seed % 4 == 3 else {}
    made = Drawn(net, rows, loss, given)
    options = {n: given[n] for n in ("reduction", "half") if n in given}
    fit = {n: v for n, v in given.items() if n not in options}
    with contextlib.suppress(TrainingError):  # a loss that is not finite leaves the best weights so far
        net.fit(made.x, rows["t"], loss=loss, loss_options=options, epochs=6, batch_size=len(rows["t"]), **fit)
    return made


def targets_for(kind: Loss, t: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Targets that the loss is made for."""
    if kind.targets.only:
        return rng.choice(kind.targets.only, t.shape)
    if kind.targets.high == 1.0:
        if kind.by == "rows":  # shares of classes
            return np.eye(t.shape[1])[rng.integers(0, t.shape[1], len(t))] * 0.9 + 0.1 / t.shape[1]
        return rng.integers(0, 2, t.shape).astype(float)
    return rng.integers(0, 4, t.shape).astype(float) if kind.targets.low == 0.0 else t

"""Backlit itself, by the path that everybody gets: `Network.fit`'s own loop, and `Network.predict`."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import numpy as np

from ... import nn
from ...errors import BacklitError
from ...ops import activation_named
from ...training.loop.fitting import Fitting
from ...training.loop.settings import Settings
from ...training.objects.network import Network
from ..workloads import Array, Asking, Workload
from . import Learner, Unsuited, Ways

MANY = 200_000  # epochs: no turn comes to the end of them


def network(w: Workload) -> Network:
    """The workload as a network with its weights."""
    layers: list[Any] = []
    if w.batch_norm and not hasattr(nn, "BatchNorm"):
        raise Unsuited("no_layer")
    for units in w.sizes[1:-1]:
        if w.batch_norm:
            layers += [nn.Dense(units), nn.BatchNorm(), nn.Activation(w.hidden)]
        else:
            layers.append(nn.Dense(units, w.hidden))
        if w.dropout:
            layers.append(nn.Dropout(w.dropout))
    net = Network([*layers, nn.Dense(w.sizes[-1], w.last or None)])
    net.loss = "cross_entropy" if w.classes else "squared_error"
    net.prepare(w.sizes[0], dtype=w.dtype)
    dense = [layer.name for layer in net.layers() if isinstance(layer, nn.Dense)]
    for name, (weight, bias) in zip(dense, w.weights(), strict=True):
        net[f"{name}.weight"], net[f"{name}.bias"] = weight.T, bias
    return net


def settings(w: Workload, epochs: int) -> Settings:
    """What `fit` would be given."""
    return Settings.of(
        optimizer=w.optimizer, learning_rate=w.learning_rate, batch_size=w.batch, epochs=epochs, seed=w.seed,
        dtype=w.dtype, loss="cross_entropy" if w.classes else "squared_error",
        loss_options={} if w.classes else {"half": True},
    )  # fmt: skip


def fitting(w: Workload, epochs: int = MANY, **other: Any) -> Fitting:
    """A training as `Network.fit` begins it, with other settings if any are given: `threads`, `engine`."""
    x, t = w.data()
    net = network(w)
    return Fitting(net, net._rows(x, t, connect=True), {}, replace(settings(w, epochs), **other))


class Ours(Learner):
    """Slices of `Fitting.advance`; an epoch ends somewhere inside of one, so time is counted by steps."""

    def __init__(self, workload: Workload) -> None:
        super().__init__(workload)
        self.fitting = fitting(workload)

    def losses(self, epochs: int) -> list[float]:
        short = fitting(self.workload, epochs)
        short.run()
        return [row["train_loss"] for row in short.history()]

    def turn(self, seconds: float) -> float:
        before, begin = self.fitting.loop.step, time.perf_counter()
        while (took := time.perf_counter() - begin) < seconds:
            self.fitting.advance()
        if self.fitting.done:
            raise self.fitting.trouble() or RuntimeError("the training came to its end")
        return took / (self.fitting.loop.step - before) * 1e6

    def epoch(self, order: Array) -> Any:
        raise NotImplementedError("the loop draws the order itself")

    def finish(self, found: Any) -> None:
        raise NotImplementedError("the loop has finished when it returns")

    def loss_of(self, found: Any) -> float:
        raise NotImplementedError("the loop keeps the history")


def learner(w: Workload) -> Learner:
    """Backlit's training of a workload."""
    try:
        activation_named(w.hidden)
    except BacklitError:
        raise Unsuited("no_layer") from None
    return Ours(w)


def answerer(asking: Asking) -> Ways:
    """`Network.predict`."""
    net = network(asking.network)
    return {"predict": lambda x: np.asarray(net.predict(x))}

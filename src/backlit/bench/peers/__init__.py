"""The libraries that are measured, each in a file of its own with two functions:

    learner(workload) → Learner     trains it
    answerer(asking) → Ways         answers for rows, in one or more ways; the quickest one counts

Either raises `Unsuited` where the library lacks a part of the network, and ImportError where it is not installed.
ONNX Runtime has no `learner`, and the compiled PyTorch no `answerer`: see TRAINING and PREDICTION.
"""

from __future__ import annotations

import importlib
import importlib.util
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from ..workloads import Array, Asking, Workload

OURS = "backlit"
# name → (file of this folder, the packages that it needs)
PEERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "pytorch": ("pytorch", ("torch",)),
    "torch.compile": ("compiled", ("torch",)),
    "jax": ("jaxed", ("jax",)),
    "sklearn": ("sklearned", ("sklearn",)),
    "onnxruntime": ("onnxed", ("onnxruntime", "onnx")),
}
TRAINING = ("pytorch", "torch.compile", "jax", "sklearn")  # who takes part in which kind of workload
PREDICTION = ("pytorch", "jax", "sklearn", "onnxruntime")
SHOWN = {OURS: "Backlit", "pytorch": "PyTorch", "jax": "JAX", "sklearn": "scikit-learn", "onnxruntime": "ONNX Runtime"}
Ways = Mapping[str, Callable[[Array], Array]]


class Unsuited(Exception):
    """A library has not what a workload needs; the text is a key of the catalogue (`bench.no_…`)."""


class Learner(ABC):
    """A training under way, from the workload's weights, epoch by epoch.

    Parameters
    ----------
    workload : Workload

    `tolerances` are those of the mean loss of an epoch, in relation to Backlit's.  `prepared` is what it took to
    compile, in seconds, where a library does that for every network.
    """

    tolerances: ClassVar[dict[str, float]] = {"float32": 1e-4, "float64": 1e-9}
    prepared = 0.0

    def __init__(self, workload: Workload) -> None:
        self.workload = workload
        self.done = 0  # epochs
        self.pace = 1  # epochs that fit into a turn

    @abstractmethod
    def epoch(self, order: Array) -> Any:
        """Train for an epoch in this order of the rows; returns what `loss_of` makes its mean loss from."""

    @abstractmethod
    def finish(self, found: Any) -> None:
        """Wait until all that was asked for is computed."""

    @abstractmethod
    def loss_of(self, found: Any) -> float:
        """The mean loss of an epoch over its rows."""

    @property
    def tolerance(self) -> float:
        return self.tolerances[self.workload.dtype]

    def losses(self, epochs: int) -> list[float]:
        """Train for some epochs; the mean loss of each."""
        return [self.loss_of(self._next()) for _ in range(epochs)]

    def turn(self, seconds: float) -> float:
        """Train for about so long, whole epochs; returns the microseconds of a step."""
        orders = [self.workload.order(self.done + i) for i in range(self.pace)]
        begin = time.perf_counter()
        for order in orders:
            found = self.epoch(order)
        self.finish(found)
        took = time.perf_counter() - begin
        self.done += len(orders)
        self.pace = max(1, round(seconds / took * len(orders)))
        return took / (len(orders) * self.workload.batches) * 1e6

    def _next(self) -> Any:
        found = self.epoch(self.workload.order(self.done))
        self.done += 1
        return found


@dataclass(frozen=True)
class Missing:
    """Why a peer is left out."""

    peer: str
    key: str  # of the catalogue
    detail: str = ""


def module(peer: str) -> Any:
    """The file that speaks to a peer, or to Backlit itself."""
    return importlib.import_module(f".{'ours' if peer == OURS else PEERS[peer][0]}", __package__)


def shown(peer: str) -> str:
    """How a peer is written in tables."""
    return SHOWN.get(peer, peer)


def absent(peer: str) -> Missing | None:
    """The missing package of a peer, if one is missing; nothing is imported."""
    for package in PEERS[peer][1]:
        if importlib.util.find_spec(package) is None:
            return Missing(peer, "not_installed", package)
    return None


def answering(peer: str, asking: Asking) -> Ways:
    """The ways in which a peer answers."""
    made: Ways = module(peer).answerer(asking)
    return made


def learning(peer: str, workload: Workload) -> Learner:
    """A peer's training of a workload."""
    made: Learner = module(peer).learner(workload)
    return made

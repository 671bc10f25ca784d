"""The workloads: networks, data, initial weights, and the targets that the figures are held against."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..ops.random import permutation

Array = np.ndarray[Any, Any]
ORDERS = 8  # epochs with an order of their own; the next ones repeat these
REPEATED = 4  # times that each row of inputs occurs, with other answers: no network can learn these by heart


@dataclass(frozen=True)
class Workload:
    """A network and the way it is trained; all libraries get the same numbers.

    Parameters
    ----------
    name : str
        How the command line calls it.
    sizes : tuple of int
        Inputs, hidden units layer by layer, outputs.
    hidden, last : str
        Activation functions; `last` "softmax" goes with cross-entropy, "" and "sigmoid" with ½ mean squared error.
    optimizer : str
        "sgd", "adam" or "adamw", with PyTorch's defaults but for the learning rate.
    epochs : int
        Batches of an epoch, the last one partial.
    batch_norm, dropout : bool, float
        After each hidden linear sum, and after each hidden activation.
    targets : {peer: least ratio of its time to ours}; None: faster than it, "limit" the least share of the limit
    quick : bool
        Whether `--quick` measures it.
    """

    name: str
    sizes: tuple[int, ...]
    hidden: str
    batch: int
    batches: int
    optimizer: str = "adam"
    learning_rate: float = 1e-3
    last: str = "softmax"
    dtype: str = "float32"
    batch_norm: bool = False
    dropout: float = 0.0
    targets: Mapping[str, float] = field(default_factory=dict, compare=False)
    quick: bool = False
    seed: int = 0

    @property
    def rows(self) -> int:
        """Never a multiple of the batch: the last batch of an epoch is partial."""
        return self.batch * (self.batches - 1) + max(2, self.batch * 3 // 5)

    @property
    def text(self) -> str:
        """The network, the batch and the optimizer in a line."""
        width = self.sizes[1]
        many = len(self.sizes) > 6 and set(self.sizes[1:-1]) == {width}
        sizes = (
            f"{self.sizes[0]}-{len(self.sizes) - 2}×{width}-{self.sizes[-1]}"
            if many
            else "-".join(map(str, self.sizes))
        )
        extra = " BatchNorm" * self.batch_norm + f" Dropout({self.dropout:g})" * bool(self.dropout)
        return f"{sizes} {self.hidden}{extra}, batch {self.batch}, {self.optimizer}, {self.dtype}"

    @property
    def classes(self) -> bool:
        return self.last == "softmax"

    def without_dropout(self) -> Workload:
        """The same at dropout rate 0: masks differ from library to library, so this is what can be compared."""
        return replace(self, dropout=0.0)

    def data(self) -> tuple[Array, Array]:
        """Inputs (rows, features), and class numbers (rows,) or numbers (rows, 1) with noise."""
        return _data(self)

    def weights(self) -> list[tuple[Array, Array]]:
        """For each layer W of shape (in, out) and b: what every library begins with."""
        rng = np.random.default_rng(self.seed + 1)
        gain = 2.0 if self.hidden in ("relu", "gelu") else 1.0
        made = []
        for fan_in, fan_out in itertools.pairwise(self.sizes):
            w = rng.normal(size=(fan_in, fan_out)) * np.sqrt(gain / fan_in)
            made.append((w.astype(self.dtype), rng.uniform(-0.1, 0.1, fan_out).astype(self.dtype)))
        return made

    def order(self, epoch: int) -> Array:
        """The order of the rows in an epoch, as Backlit draws it itself."""
        return _order(self.seed, epoch % ORDERS, self.rows)


@functools.cache
def _order(seed: int, epoch: int, rows: int) -> Array:
    return permutation(seed, epoch, rows)


@functools.lru_cache(maxsize=1)
def _data(w: Workload) -> tuple[Array, Array]:
    rng = np.random.default_rng(w.seed)
    different = rng.normal(size=(-(-w.rows // REPEATED), w.sizes[0]))
    x = np.ascontiguousarray(np.tile(different, (REPEATED, 1))[: w.rows], dtype=w.dtype)
    if w.classes:
        return x, rng.integers(0, w.sizes[-1], w.rows)
    signal = np.tanh(x[:, :1] - x[:, -1:] * x[:, 1:2])
    noisy = signal + 0.3 * rng.normal(size=signal.shape)
    return x, (0.5 + 0.3 * noisy if w.last == "sigmoid" else noisy).astype(w.dtype)


AHEAD = {"jax": 1.0, "ahead": True}
TRAINING = (
    Workload(
        "tiny", (2, 4, 1), "sigmoid", 4, 256, "sgd", 0.1, last="sigmoid", quick=True,
        targets={"pytorch": 150, "jax": 1.5},
    ),
    Workload(
        "small", (30, 32, 16, 1), "relu", 32, 64, last="", quick=True,
        targets={"pytorch": 60, "jax": 3, "sklearn": 30},
    ),
    Workload(
        "digits", (64, 128, 10), "relu", 64, 32, quick=True,
        targets={"pytorch": 12, "jax": 2.5, "sklearn": 9, "limit": 0.5},
    ),
    Workload(
        "mnist", (784, 256, 128, 10), "relu", 128, 32, learning_rate=3e-4,
        targets={"pytorch": 2.8, "jax": 1.1, "sklearn": 4, "limit": 0.8},
    ),
    Workload(
        "wide", (784, 1024, 1024, 10), "relu", 256, 8, learning_rate=1e-4,
        targets={"pytorch": 1.35, "jax": 1.0, "sklearn": 2.3, "limit": 0.85},
    ),
    Workload("deep", (64, *(64,) * 20, 10), "tanh", 64, 32, targets=AHEAD),
    Workload("gelu", (30, 256, 256, 1), "gelu", 256, 16, "adamw", last="", dtype="float64", targets=AHEAD),
    Workload(
        "batchnorm", (64, 128, 128, 10), "relu", 64, 32, batch_norm=True, dropout=0.2, targets=AHEAD
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Asking:
    """Answers asked of a trained network: `rows` rows a call."""

    name: str
    network: Workload
    rows: int
    targets: Mapping[str, float] = field(compare=False)
    quick: bool = False

    @property
    def text(self) -> str:
        return f"{'-'.join(map(str, self.network.sizes))} {self.network.hidden}, rows {self.rows:,}"

    def inputs(self) -> Array:
        """Rows to answer for, float32."""
        rng = np.random.default_rng(7)
        return rng.standard_normal(size=(self.rows, self.network.sizes[0]), dtype=np.float32)


_BY_NAME = {w.name: w for w in TRAINING}
PREDICTION = (
    Asking(
        "one-row", _BY_NAME["small"], 1, {"pytorch": 5, "jax": 3, "sklearn": 10, "onnxruntime": 1}, quick=True
    ),
    Asking("many-rows", _BY_NAME["mnist"], 100_000, {"pytorch": 1.1, "jax": 1.1, "sklearn": 1.2, "limit": 0.8}),
)  # fmt: skip
NAMES = tuple(w.name for w in (*TRAINING, *PREDICTION))

"""Small networks built by hand for the tests of the loop."""

from __future__ import annotations

from typing import Any

import numpy as np

from backlit.core.backprop import backprop
from backlit.core.blocks import Blocks
from backlit.core.graph import Graph
from backlit.core.lowering import Update, lower
from backlit.core.tape import Tape
from backlit.machine.loop import Job, Loop
from backlit.ops import Rows, random
from backlit.ops import formula as fm
from backlit.ops.activation.sigmoid import tanh
from backlit.ops.arithmetic import sqrt
from backlit.ops.linear import affine
from backlit.ops.loss import cross_entropy, hits
from tolerance import same_bits

FEATURES, HIDDEN, CLASSES = 4, 6, 3
SHAPES = {"W1": (FEATURES, HIDDEN), "b1": (HIDDEN,), "W2": (HIDDEN, CLASSES), "b2": (CLASSES,)}
ADAM = {"k": 0.0, "learning_rate": 0.01, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8}


def adam() -> Update:
    w, g, m, v = map(fm.symbol, "wgmv")
    k, rate, b1, b2, eps = map(fm.uniform, ADAM)
    m2 = b1 * m + (1 - b1) * g
    v2 = b2 * v + (1 - b2) * g * g
    step = rate / (1 - b1**k) * m2 / (sqrt(v2) / sqrt(1 - b2**k) + eps)
    return Update((w - step, m2, v2), ("m", "v"), ADAM)


def tapes(rate: float = 0.0, reduction: str = "mean") -> tuple[Tape, Tape]:
    """The training tape and the validation tape of 4-6-3, with dropout in the hidden layer if `rate` is not 0."""
    g = Graph()
    x, t = g.input("x", (Rows(), FEATURES)), g.input("t", (Rows(), CLASSES))
    w1, b1, w2, b2 = parameters = [g.parameter(n, s) for n, s in SHAPES.items()]
    hidden = tanh(affine(x, w1, b1))
    dropped = random.dropout(hidden, rate=rate, key=1) if rate else hidden
    loss = cross_entropy(affine(dropped, w2, b2), t, reduction=reduction)
    found = backprop(loss, parameters)
    blocks = Blocks.of(parameters)
    train = lower({"E": loss}, blocks=blocks, gradients={p: found[p] for p in parameters}, update=adam())
    u = affine(hidden, w2, b2)
    return train, lower({"E": cross_entropy(u, t, reduction=reduction), "hits": hits(u, t)}, blocks=blocks)


def data(rows: int, seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, FEATURES))
    return {"x": x, "t": np.eye(CLASSES)[np.argmax(x[:, :CLASSES] + 0.5 * rng.normal(size=(rows, CLASSES)), axis=1)]}


def weights(seed: int = 1) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {n: rng.normal(size=s) * 0.5 for n, s in SHAPES.items()}


def loop(dtype: str = "float64", *, engine: str = "compiled", threads: int = 1, **changed: Any) -> Loop:
    """A run over 75 rows in batches of 32 (the last one of an epoch has 11), with 40 rows held out."""
    rate, reduction = changed.pop("rate", 0.0), changed.pop("reduction", "mean")
    settings = {"inputs": data(75), "held_out": data(40, 5), "batch": 32, "epochs": 12, "seed": 3} | changed
    made = Loop(*tapes(rate, reduction), Job(**settings), dtype, engine=engine, threads=threads)
    for name, value in weights().items():
        made[name] = value
    return made


def results(made: Loop) -> dict[str, np.ndarray]:
    """All that a run leaves behind."""
    found = {n: made[n].copy() for n in (*SHAPES, "m", "v")}
    return found | {"history": made.history.copy(), "best": made.best.copy(), "epoch": np.array(made.best_epoch)}


def assert_same(one: Loop, other: Loop) -> None:
    for (name, a), b in zip(results(one).items(), results(other).values(), strict=True):
        assert same_bits(a, b), name

"""`backlit warmup`: compile beforehand what trainings need, in an image or on a new machine."""

from __future__ import annotations

import contextlib
import itertools
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..messages import say
from . import page
from .kinds import Word
from .options import command, option

if TYPE_CHECKING:
    from ..training import Network

ROWS, FEATURES, OUTPUTS = 7, 3, 2  # the batch of 4 leaves a partial one of 3


@command("warmup")
@option("--dtype", type=Word("float32", "float64"), metavar="NAME", preset="float32")
def warmup(dtype: str | None) -> None:
    """Compile kernels; its sentences are in the catalogue (`cli_warmup`)."""
    from ..machine import unit

    begin, before = time.perf_counter(), len(unit.compiled)
    with _telling():
        for net, settings in trainings():
            _train(net, {**settings, "dtype": dtype or "float32"})
    page.out(
        say("cli_warmup.done", count=len(unit.compiled) - before, seconds=time.perf_counter() - begin,
            folder=unit.cache_folder())
    )  # fmt: skip


@contextlib.contextmanager
def _telling() -> Iterator[None]:
    """A line on stderr for each kernel: a compilation takes about a second."""
    from ..machine import unit

    before = unit.listener

    def listener(name: str | None) -> None:
        if name:
            print(f"  {name}", file=sys.stderr, flush=True)

    unit.listener = listener
    try:
        yield
    finally:
        unit.listener = before


def trainings() -> Iterator[tuple[Network, dict[str, Any]]]:
    """Networks and settings that together meet every kernel of an ordinary training."""
    from ..nn import Activation, Add, BatchNorm, Concatenate, Dense, Dropout, Input, Residual, made_of_nothing
    from ..ops import REGISTRY, Structural
    from ..ops.loss import REDUCTIONS
    from ..optim import OPTIMIZERS
    from ..training import Network

    losses: list[dict[str, Any]] = [{"loss": "cross_entropy"}, {"loss": "squared_error"}]
    # The others run on the formula machine, which is compiled with the first of these.
    own = [op for op in REGISTRY.values() if op.facts.hot or isinstance(op, Structural)]
    activations = [op.name for op in own if op.facts.role == "activation"]
    for name, loss in itertools.product(activations, losses):
        last = "softmax" if loss["loss"] == "cross_entropy" else name
        yield Network([Dense(4, name), Dropout(0.5), Dense(OUTPUTS, last)]), loss
    rules = {name: make() for name, make in OPTIMIZERS.items()}
    stepwise = [name for name, rule in rules.items() if rule.update is not None and not rule.surrogate]
    for optimizer, loss in itertools.product(stepwise, losses):  # L-BFGS and the perceptron need no kernel of their own
        yield Network([Dense(4, bias=False), Dense(OUTPUTS)]), {**loss, "optimizer": optimizer}
    for clip in ({"clip_norm": 1.0, "schedule": "cosine"}, {"clip_value": 1.0}, {"weight_decay": 0.1}):
        yield Network([Dense(OUTPUTS)]), {**losses[1], **clip}
    for reduction, half in itertools.product(REDUCTIONS, (True, False)):
        options = {"half": half, "reduction": reduction}
        yield Network([Dense(OUTPUTS)]), {"loss": "squared_error", "loss_options": options}
    for reduction in ("mean", "sum"):
        yield Network([Dense(OUTPUTS)]), {"loss": "cross_entropy", "loss_options": {"reduction": reduction}}
    for affine in (True, False):
        yield Network([Dense(4, bias=False), BatchNorm(affine=affine), Activation("relu"), Dense(OUTPUTS)]), losses[1]
    for layer in made_of_nothing():
        yield Network([Dense(4), layer, Dense(OUTPUTS)]), losses[1]
    yield Network([Residual(Dense(FEATURES, "tanh")), Activation("u * 0.5"), Dense(OUTPUTS)]), losses[1]
    x = Input(FEATURES)()
    both = Add()(Dense(4)(x), Dense(4, "relu")(x))
    yield Network(x, Dense(OUTPUTS)(Concatenate()(both, x))), losses[1]


def _train(net: Network, settings: dict[str, Any]) -> None:
    """An epoch on next to nothing, and a look at the answers."""
    import numpy as np

    rng = np.random.default_rng(0)
    x, t = rng.normal(size=(ROWS, FEATURES)), np.eye(OUTPUTS)[np.arange(ROWS) % OUTPUTS]
    with contextlib.suppress(ArithmeticError):  # it is compiled, and that is all that counts here
        net.fit(x, t, validation=(x, t), epochs=1, batch_size=4, learning_rate=1e-3, **settings)
        net.predict(x)

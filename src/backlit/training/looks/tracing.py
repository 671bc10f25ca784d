"""From a network, its rows and the words of `fit` to a trace of one step."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import fail
from ...lens.trace import Step, Trace
from ...nn.objective import WEIGHT, Objective
from ...ops.loss import loss_named
from ..loop.perceptron import learning
from ..loop.settings import Settings
from ..rows import targets, weights
from ..rows.arrays import as_array

if TYPE_CHECKING:
    from ..objects.network import Network

Array = np.ndarray[Any, Any]
FIRST = "gradient_descent"  # w ← w - ε ∂E/∂w, the lecture's rule, where nobody names another


def trace_network(
    net: Network,
    x: Any,
    t: Any,
    *,
    row: int = 0,
    top: int = 8,
    symbols: str = "uoδ",
    loss: str | None = None,
    half: bool | None = None,
    reduction: str | None = None,
    optimizer: Any = FIRST,
    state: Mapping[str, Any] | None = None,
    step: int = 1,
    training: bool | None = None,
    sample_weight: Any = None,
    class_weight: Any = None,
    about: Mapping[str, Any] | None = None,
    **settings: Any,
) -> Trace:
    """One step of a training on these rows, every number of it read from the machine; the network stays as it is.

    Parameters
    ----------
    x, t
        Rows and targets as for `Network.fit`; a single row may come without its outer brackets.
    row, top, symbols
        The row of the ledger, from 0; how many lines and terms are shown of what is large; "uoδ", "azyt" or "za".
    loss : str, optional
        As for `fit`; by default the network's own.
    half, reduction
        Conventions of the loss: E = ½ Σ (o - t)² or without ½; "mean", "sum" or "rows".
    optimizer : str or Optimizer
        Whose step is taken; gradient descent by default.
    state : name → array, optional
        The optimizer's state before the step, else 0.
    step : int
        The number of the step, from 1: for the optimizer, and for what dropout draws.
    training : bool, optional
        True: dropout acts, and batch normalisation takes mean and variance of these rows.  False: neither, as in
        prediction.  By default True, but False where a single row comes to a layer that needs several.
    sample_weight, class_weight, **settings
        As for `fit`: learning_rate, momentum, seed, dtype, l1, l2, label_smoothing, clip_norm …

    Returns
    -------
    Trace

    Examples
    --------
    >>> from backlit import Dense, Network
    >>> net = Network([Dense(2, "tanh"), Dense(1)])
    >>> trace = net.trace([0.5, -1.0], [1.0], half=True, reduction="sum", learning_rate=0.5)
    >>> chain = trace.parameter("dense1.weight[0,1]")
    >>> chain.closes, len(chain.paths)
    (True, 1)
    """
    options = {"half": half, "reduction": reduction, **(settings.pop("loss_options", None) or {})}
    loss = loss or net.loss or net._default_loss()
    if net.values:
        settings.setdefault("dtype", str(next(iter(net.values.values())).dtype))
    given = Settings.of(
        loss=loss, loss_options={k: v for k, v in options.items() if v is not None}, optimizer=optimizer,
        class_weight=weights.plain(class_weight), **settings,
    )  # fmt: skip
    own = copy.copy(net)  # nothing of what follows stays with the network
    own.loss = given.loss
    inputs = own._rows(*_prepared(own, x, t), connect=not net.values)
    own.prepare(own.features, seed=given.seed, dtype=given.dtype)
    if class_weight is not None or sample_weight is not None:
        given = replace(given, weighted=True)
        aim = Objective.of(**given.objective())
        inputs[WEIGHT] = weights.column(sample_weight, class_weight, inputs["t"], inputs["t"], aim)
    if training is None:
        training = all(len(inputs["t"]) >= layer.least_rows for layer in own.layers())
    _check(own, len(inputs["t"]), training)
    made = Step(
        inputs, given.objective(), given.update(), dict(state or {}), {}, given.seed, step, training, given.dtype,
        given.engine,
    )  # fmt: skip
    told = {"optimizer": given.optimizer.name, "settings": dict(given.optimizer.settings), **(about or {})}
    return Trace(learning(own, given), made, row=row, top=top, symbols=symbols, about=told)


def _prepared(net: Network, x: Any, t: Any) -> tuple[Any, Any]:
    """Rows as the network sees them; a single one becomes a batch of one."""
    alone = not isinstance(x, np.ndarray) and np.ndim(x[0]) == 0 if isinstance(x, (list, tuple)) else np.ndim(x) == 1
    if alone:
        x, t = np.asarray(x)[None], np.atleast_1d(np.asarray(t))
        t = t[None] if t.ndim == 1 and len(t) > 1 else t
    known = net.preparation
    if known is None:
        return x, t
    given = known.targets(as_array("t", t))
    if net.task == "classification":
        given = targets.of_classes(given, int(net.build().output.shape[1]), loss_named(net.loss))  # type: ignore[arg-type]
    return known.inputs(x), given


def _check(net: Network, rows: int, training: bool) -> None:
    for layer in net.layers():
        if training and rows < layer.least_rows:
            raise fail("BL310", least=layer.least_rows, rows=rows, batch=rows, layer=layer.name, other=layer.least_rows)

"""The first number that is not finite, in trainings: every activation, every loss, every optimizer, and the data."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from backlit import Dense, Network
from backlit.core.backprop import backprop
from backlit.core.blocks import Blocks
from backlit.core.graph import Graph, Node, reachable
from backlit.core.lowering import lower
from backlit.errors import BacklitError
from backlit.machine.loop import Job, Loop
from backlit.nn import initial
from backlit.ops import REGISTRY, Elementwise, shapes
from backlit.ops import formula as fm
from backlit.ops.arithmetic import mul
from backlit.ops.loss import LOSSES
from backlit.ops.loss.declare import REDUCTIONS
from backlit.ops.random import permutation
from backlit.ops.reduction import sum_
from backlit.ops.words import WORDS
from backlit.optim import OPTIMIZERS, optimizer_named
from backlit.training.loop import hunt
from backlit.training.loop.fitting import training_graph
from backlit.training.loop.settings import Settings
from doctor import origins

Array = np.ndarray[Any, Any]
ROWS, BATCH, BAD = origins.ROWS, origins.BATCH, origins.BAD
ACTIVATIONS = sorted(n for n, op in REGISTRY.items() if op.facts.role == "activation")


def eye(activation: str, width: int = 2) -> Dense:
    """A layer whose u is x itself."""
    return Dense(width, activation, weights=initial.constant(0.0), bias=False)


def prepared(layers: list[Dense], dtype: str, width: int = 2) -> Network:
    net = Network(layers)
    net.prepare(width, dtype=dtype)
    net["dense1.weight"] = np.eye(width)
    return net


def first_broken(
    net: Network, x: Array, t: Array, settings: Settings
) -> tuple[int, list[Node], dict[Node, Array], Array] | None:
    """The first step of the first epoch that breaks, by walking the graph; the weights stay what they are."""
    built = training_graph(net, settings)
    assert built.loss is not None
    found = backprop(built.loss, built.trained)
    nodes = sorted(reachable([built.loss, *(found[p] for p in built.trained)]), key=lambda n: n.index)
    rows = net._rows(x, t)
    for step in range(ROWS // BATCH):
        chosen = permutation(0, 0, ROWS)[step * BATCH : (step + 1) * BATCH]
        given = {**net.values, **{n: v[chosen].astype(settings.dtype) for n, v in rows.items()}}
        values = origins.walked(nodes, given, BATCH, step + 1, settings.dtype, 0)
        if sources := origins.broken_in(values):
            forward = [n for n in sources if n in set(reachable([built.loss]))]
            return step + 1, forward or sources, values, chosen  # a loss that breaks ends the step
    return None


def told_of(net: Network, x: Array, t: Array, **settings: Any) -> Mapping[str, Any]:
    with pytest.raises(BacklitError) as caught:
        net.fit(x, t, batch_size=BATCH, epochs=2, learning_rate=1e-30, **settings)
    assert caught.value.code in ("BL601", "BL604")
    return {"epoch": 1, "step": 1, **caught.value.values}


# ---- activation functions ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_that_overflows_is_named_with_its_layer_and_unit(name):
    broken = origins.search(REGISTRY[name], "float32", backward=False)
    if broken is None:
        return
    (x,) = (v for n, v in broken.given.items() if n in REGISTRY[name].inputs)
    width = x.shape[1]
    net = prepared([eye(name, width), Dense(1, weights=initial.constant(0.0))], "float32", width)
    net.loss = "squared_error"
    place = first_broken(net, x, np.zeros(ROWS), Settings.of(loss="squared_error"))
    assert place is not None
    told = told_of(net, x, np.zeros(ROWS), engine="interpreter")
    assert (told["layer"], told["value"], told["source"]) == ("dense1", "dense1.o", place[1][0].op.name)
    assert (told["step"], told["row"], told["way"]) == (place[0], BAD, "forward")
    met = told["given"]["dense1.u"]
    assert met in (x[BAD] if isinstance(REGISTRY[name], Elementwise) else [x[BAD][np.argmax(np.abs(x[BAD]))]])


# ---- losses --------------------------------------------------------------------------------------------------


def targets_for(name: str, rng: np.random.Generator) -> Array:
    kind = LOSSES[name]
    if kind.classes and not kind.targets.only:
        return rng.integers(0, 2, ROWS) if kind.by == "rows" else rng.integers(0, 2, (ROWS, 2)).astype(float)
    if kind.targets.only:
        return rng.choice(kind.targets.only, (ROWS, 2))
    low, high = max(kind.targets.low, -1.0), min(kind.targets.high, 1.0)
    return rng.uniform(low, high, (ROWS, 2))


def broken_loss(name: str, reduction: str, dtype: str) -> tuple[Any, ...] | None:
    """Rows of which one breaks the loss and nothing else."""
    kind, rng = LOSSES[name], np.random.default_rng(2)
    settings = Settings.of(loss=name, loss_options={"reduction": reduction}, dtype=dtype)
    t = targets_for(name, rng)
    net = prepared([eye(kind.layer or kind.reads or "identity")], dtype)
    net.loss, net.loss_options = name, {"reduction": reduction}
    for values in itertools.product(origins.grid(dtype), repeat=2):
        x = rng.uniform(0.5, 1.5, (ROWS, 2))
        x[BAD] = values
        found = first_broken(net, x, t, settings)
        built = training_graph(net, settings)
        if (
            found
            and len(found[1]) == 1
            and found[1][0].index > built.output.index
            and found[1][0].index <= built.loss.index
        ):
            return net, x, t, settings, found
    return None


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("name", sorted(LOSSES))
def test_a_loss_that_overflows_is_named_with_its_row(name, reduction):
    found = broken_loss(name, reduction, "float32")
    if found is None:
        return
    net, x, t, _, (step, (node,), _, _) = found
    told = told_of(net, x, t, loss=name, loss_options={"reduction": reduction}, engine="interpreter")
    assert (told["source"], told["step"], told["way"]) == (node.op.name, step, "forward")
    assert told["row"] == BAD
    assert told["given"]
    assert all(map(math.isfinite, told["given"].values()))


def test_all_losses_are_broken_but_those_whose_own_layer_breaks_first():
    """Poisson's layer is e^u, which breaks before it; the quantile's term is half as large as what it is made of."""
    whole = {name for name in LOSSES if broken_loss(name, "sum", "float32") is None}
    assert whole <= {"poisson", "poisson_from_rates", "quantile"}


# ---- optimizers ----------------------------------------------------------------------------------------------


def descent(name: str, dtype: str, x: Array, start: float, rate: float, engine: str) -> tuple[Loop, Any]:
    """A training in which the gradient of w is the sum of a batch's rows, whatever w is: E = Σ w x, times nearly 0."""
    graph = Graph()
    rows, w = graph.input("x", (shapes.Rows(), 2)), graph.parameter("net.w", (2,))
    loss = sum_(mul(rows, w))
    update = optimizer_named(name, **({"learning_rate": rate} if rate else {})).update
    tape = lower({"E": loss}, blocks=Blocks.of([w]), gradients={w: backprop(loss, [w])[w]}, update=update)
    loop = Loop(tape, None, Job({"x": x}, {}, BATCH, 2, seed=origins.SEED), dtype, engine=engine, threads=1)
    loop["net.w"] = start
    return loop, update


def stepped(update: Any, x: Array, start: float, dtype: str) -> tuple[int, str, tuple[int, ...]] | None:
    """The first step whose update is not finite, though loss and gradient are: word by word, in NumPy alone."""
    kind = np.dtype(dtype).type
    w = np.full(2, start, dtype)
    state = {n: np.zeros(1 if n in update.single else 2, dtype) for n in update.state}
    for step in range(2 * ROWS // BATCH):
        epoch, first = divmod(step * BATCH, ROWS)
        rows = x[permutation(origins.SEED, epoch, ROWS)[first : first + BATCH]].astype(dtype)
        with np.errstate(all="ignore"):
            g, loss = rows.sum(axis=0), (rows * w).sum()
        if not (np.isfinite(g).all() and np.isfinite(loss)):
            return None
        scalars = {**update.scalars, "k": float(step + 1)}
        values = {"w": w, "g": g, **state, **scalars}
        results = fm.evaluate(update.formulas, values, dtype)
        for out, result in zip(("θ", *update.state), results, strict=True):
            if not np.isfinite(result).all():
                return step + 1, out, tuple(int(n) for n in np.argwhere(~np.isfinite(result))[0])
        w, *others = (np.asarray(r, kind) for r in results)
        state = dict(zip(update.state, others, strict=True))
    return None


def broken_step(name: str, dtype: str) -> tuple[Any, ...] | None:
    most = float(np.finfo(dtype).max)
    rates = [0.0, most / 2, 1e3] if "learning_rate" in optimizer_named(name).settings else [0.0]
    for value, rate, start in itertools.product(origins.grid(dtype), rates, (0.0, most / 2, -most / 2, 1.0)):
        x = np.full((ROWS, 2), 1e-3)
        x[BAD, 1] = value
        update = optimizer_named(name, **({"learning_rate": rate} if rate else {})).update
        found = stepped(update, x, start, dtype)
        if found is not None:
            return x, rate, start, found
    return None


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", [n for n in OPTIMIZERS if optimizer_named(n).update is not None])
def test_an_update_that_overflows_is_named_with_its_weight(name, dtype):
    case = broken_step(name, dtype)
    assert case is not None, f"no step of {name} overflows"
    x, rate, start, (step, out, place) = case
    loop, update = descent(name, dtype, x, start, rate, "interpreter")
    before = loop.snapshot()
    while not loop.stopped and np.isfinite(loop.arena.kept()).all():
        loop.run(1)
    told = hunt.first_not_finite(loop, before)
    assert (told.step, told.way, told.value) == (step, "update", out)
    assert told.place == told.unit == place
    assert told.parameter == ("" if out in update.single else "net.w")
    word = WORDS[told.word]
    operands = [np.float64(v) for n, v in told.given.items() if n.startswith(f"{told.word}[")]
    with np.errstate(all="ignore"):  # what holds no array is worked out in float64
        assert len(operands) == word.arity
        assert np.isfinite(operands).all()
        assert not np.isfinite(np.dtype(dtype).type(word.numpy(*operands)))


def test_every_optimizer_is_broken_here():
    """One that is no rule for single steps has no update that could overflow: only what it calls can."""
    assert {n for n in OPTIMIZERS if optimizer_named(n).update is None} == {"lbfgs"}


# way: layers, the bad x, loss, operation, row
FULL_BATCH = {
    "forward": ([("squared_relu", 1.0), ("identity", 1.0)], 1e30, "squared_error", "squared_relu", BAD),
    "the loss": ([("identity", 1.0)], 1e25, "squared_error", "squared_error", BAD),
    "backward": ([("tanh", 1e-3), ("identity", 1e30)], 1.0, "1e10 * abs(t - o)", "matmul", 0),
}


@pytest.mark.parametrize("way", FULL_BATCH)
def test_lbfgs_which_would_say_nothing_tells_it_too(way):
    layers, value, loss, source, row = FULL_BATCH[way]
    x, t = np.ones((ROWS, 1)), np.linspace(0, 1, ROWS)
    x[BAD] = value
    net = Network([Dense(1, activation, weights=initial.constant(w)) for activation, w in layers])
    with pytest.raises(BacklitError) as caught:
        net.fit(x, t, optimizer="lbfgs", loss=loss, epochs=5)
    told = caught.value.values
    assert caught.value.code == "BL604"
    assert (told["source"], told["row"], told["way"]) == (source, row, "backward" if way == "backward" else "forward")
    assert all(map(math.isfinite, told["given"].values()))

"""A loss that is not finite stops the run: the message names the first instruction that made it, good weights stay.

Each case is replayed by plain NumPy code that walks the same training, to find that instruction independently.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from backlit.core.tape import Tape
from backlit.errors import TrainingError
from backlit.nn import Dense
from backlit.ops import formula as fm
from backlit.ops import shapes
from backlit.ops.random import permutation
from backlit.training import Network
from backlit.training.loop.fitting import Fitting, training_tape
from backlit.training.loop.settings import Settings

Array = np.ndarray[Any, Any]
ROWS = 40


def table() -> tuple[Array, Array]:
    rng = np.random.default_rng(0)
    return rng.normal(size=(ROWS, 3)), rng.normal(size=(ROWS, 2))


# name: layers, settings; each blows up somewhere else
CASES = {
    "a rate that is far too large": ([Dense(8, "relu"), Dense(2)], {"learning_rate": 50.0, "optimizer": "sgd"}),
    "full batch": ([Dense(8, "silu"), Dense(2)], {"learning_rate": 1e4, "optimizer": "gradient_descent"}),
    "momentum": ([Dense(8, "silu"), Dense(8, "silu"), Dense(2)], {"learning_rate": 3.0, "optimizer": "momentum"}),
    "a typed activation that overflows": ([Dense(6, "exp(u^2)"), Dense(2)], {"learning_rate": 10.0}),
    "a typed activation that leaves its domain": ([Dense(6, "log(u + 4)"), Dense(2)], {"learning_rate": 0.3}),
    "a slope that is infinite": ([Dense(6, "sqrt(max(u, 0))"), Dense(2)], {"learning_rate": 0.1}),
    "the largest rate of float32": ([Dense(8, "relu"), Dense(2)], {"learning_rate": 1e38, "optimizer": "sgd"}),
    "a saturated gate": ([Dense(8, "sigmoid"), Dense(2)], {"learning_rate": 3e37, "optimizer": "sgd"}),
    "overflow late in a run": ([Dense(8, "relu"), Dense(2)], {"learning_rate": 1.5, "optimizer": "sgd"}),
}
every_case = pytest.mark.parametrize("name", CASES)


def described(name: str, dtype: str) -> tuple[Network, dict[str, Any]]:
    layers, settings = CASES[name]
    net = Network([Dense(layer.units, layer.activation) for layer in layers])
    return net, {"epochs": 200, "batch_size": 16, "seed": 4, "dtype": dtype, **settings}


def broken(name: str, dtype: str = "float32", **more: Any) -> tuple[Network, dict[str, Any], Any]:
    net, settings = described(name, dtype)
    left: list[Any] = []
    with pytest.raises(TrainingError) as caught:
        net.fit(*table(), left=left, **settings, **more)
    assert caught.value.code == "BL601"
    return net, caught.value.values, left[0]


# --- the replay -----------------------------------------------------------------------------------------------


def results(
    tape: Tape, values: dict[int, Array], rows: int, settings: dict[str, float], k: int
) -> Iterator[tuple[int, list[Array]]]:
    """Every instruction of one step in NumPy, on arrays of their own: nothing of the machine, no arena, no slots."""
    scalars: dict[str, Any] = {**settings, "k": float(k)}
    scalars |= {n: float(v.factor * rows) for n, v in tape.scalars.items() if isinstance(v, shapes.Rows)}
    for name, e in tape.derived:
        scalars[name] = float(fm.evaluate([e], scalars, np.float64)[0])
    for i in tape.instructions:
        given, shape = [values[v] for v in i.inputs], shapes.resolve(i.shape, rows)
        if i.op is not None:
            attrs = dict(i.attrs)
            if "shape" in attrs:
                attrs["shape"] = shapes.resolve(attrs["shape"], rows)
            yield i.number, [np.asarray(i.op.compute(given, attrs))]
            continue
        kind, leaves = given[0].dtype.type, {}
        for n, (x, view) in enumerate(zip(given, i.views, strict=True)):
            leaves[f"x{n}"] = np.broadcast_to(x.reshape(shapes.resolve(view, rows)), shape)
        for n, u in enumerate(i.uniforms):
            leaves[f"p{n}"] = kind(scalars[u] if isinstance(u, str) else shapes.count(u, rows))
        yield i.number, [np.broadcast_to(f, shape) for f in fm.evaluate(i.formula, leaves, kind)]


def replay(name: str, dtype: str) -> tuple[int, int, int, str]:
    """(epoch, step, instruction, value) of the first result that is not finite, by training in plain NumPy."""
    net, given = described(name, dtype)
    settings = Settings.of(loss="squared_error", **given)
    net.prepare(3, seed=4, dtype=dtype)
    tape = training_tape(net, settings)
    x, t = (a.astype(dtype) for a in table())
    block = {v.number: v for v in tape.values if v.kind == "block"}
    kept = {n: np.zeros(shapes.resolve(v.shape, 1), dtype) for n, v in block.items()}

    def write(number: int, value: Array) -> None:
        """Into a block or a part of one; parts are views of their block."""
        part(number)[...] = value

    def part(number: int) -> Array:
        v = block[number]
        if v.block is None:
            return kept[number]
        shape = shapes.resolve(v.shape, 1)
        return kept[v.block][v.place : v.place + shapes.elements(shape)].reshape(shape)

    for own, value in net.values.items():
        write(tape.names[own], value)
    batch = ROWS if settings.optimizer.full_batch else 16
    k = 0
    with np.errstate(all="ignore"):
        for epoch in range(settings.epochs):
            order = np.arange(ROWS) if settings.optimizer.full_batch else permutation(4, epoch, ROWS)
            for first in range(0, ROWS, batch):
                rows, k = order[first : first + batch], k + 1
                values = {number: part(number) for number in block}
                values |= {tape.names["x"]: x[rows], tape.names["t"]: t[rows]}
                for number, found in results(tape, values, len(rows), dict(settings.optimizer.settings), k):
                    for v, result in zip(tape.instructions[number].outputs, found, strict=True):
                        if not np.isfinite(result).all():
                            return epoch + 1, k, number, tape.values[v].called
                        if v in block:
                            write(v, result)
                        else:
                            values[v] = result
    raise AssertionError("the replay stayed finite")


@pytest.mark.parametrize("engine", ["compiled", "interpreter"])
@every_case
def test_the_message_names_the_first_instruction_whose_result_is_not_finite(name, engine):
    _, told, _ = broken(name, engine=engine)
    assert (told["epoch"], told["step"], told["number"], told["value"]) == replay(name, "float32")
    assert told["op"] == training_tape_of(name).instructions[told["number"]].name


@pytest.mark.parametrize("name", ["a rate that is far too large", "full batch", "a typed activation that overflows"])
def test_in_float64_too(name):
    _, told, _ = broken(name, "float64")
    assert (told["epoch"], told["step"], told["number"], told["value"]) == replay(name, "float64")


def training_tape_of(name: str) -> Tape:
    net, settings = described(name, "float32")
    net.prepare(3, seed=4)
    return training_tape(net, Settings.of(**settings))


@every_case
def test_the_network_keeps_good_weights_and_can_be_used(name):
    net, told, run = broken(name)
    assert all(np.isfinite(value).all() for value in net.weights().values())
    start = Network([Dense(layer.units, layer.activation) for layer in net.chain])
    start.prepare(3, seed=4)
    assert run.result["stopped"] == "not finite"
    if told["kept"] != "-":
        best = run.history[told["kept"] - 1]["train_loss"]
        assert best == min(row["train_loss"] for row in run.history)
        short, settings = described(name, "float32")
        short.fit(*table(), **{**settings, "epochs": told["kept"]})
        for key, value in net.weights().items():
            assert (value == short[key]).all()


@pytest.mark.parametrize("rate", [1e3, 1e10, 1e20, 1e30, 1e37])
@pytest.mark.parametrize("held", [True, False])
def test_weights_that_broke_the_run_in_their_first_step_are_not_kept(rate, held):
    """What is kept has given a finite loss at least once: it predicts numbers, and the loss on all rows is one."""
    x, t = table()
    net, settings = Network([Dense(8, "silu"), Dense(2)]), {"optimizer": "sgd", "learning_rate": rate, "batch_size": 16}
    with pytest.raises(TrainingError):
        net.fit(x, t, validation=(x, t) if held else None, **settings)
    assert np.isfinite(net.predict(x)).all()


@pytest.mark.parametrize("settings", [{"optimizer": "gradient_descent"}, {"optimizer": "sgd", "validation": table()}])
def test_the_weights_of_the_best_epoch_outlive_a_late_explosion(settings):
    x, t = table()
    net = Network([Dense(8, "tanh"), Dense(2)])

    def watch(fitting: Fitting) -> None:
        if fitting.loop.epoch >= 50:
            fitting.loop.set("learning_rate", 1e38)

    with pytest.raises(TrainingError) as caught:
        net.fit(x, t, epochs=10**6, learning_rate=0.01, watch=watch, **settings)
    assert caught.value.values["kept"] >= 50
    assert net.evaluate(x, t)["loss"] < 1.0


def test_weights_that_overflow_in_the_very_last_step_are_told_too():
    """The loss of the only step is finite; what the step leaves is not."""
    net = Network([Dense(2)])
    net.prepare(3)
    before, (x, t) = net.weights(), table()
    settings = {"optimizer": "sgd", "learning_rate": 1e38}
    with pytest.raises(TrainingError) as caught:
        net.fit(x * 50, t, epochs=1, batch_size=ROWS - 1, validation=None, **settings)
    told = caught.value.values
    assert (told["epoch"], told["step"], told["kept"]) == (1, 1, "-")
    assert told["number"] == training_tape(net, Settings.of(**settings)).update_at
    for key, value in net.weights().items():
        np.testing.assert_array_equal(value, before[key])


@pytest.mark.parametrize(
    ("layers", "value"),
    [
        ([Dense(6, "log(u - 100)"), Dense(2)], "dense1.o"),
        ([Dense(6, weights=1e38), Dense(2)], "dense1.u"),
        ([Dense(2, weights=1e20)], "E"),
    ],
)
def test_what_is_not_finite_before_any_update_is_told_apart(layers, value):
    net = Network(layers)
    net.prepare(3)
    before, (x, t) = net.weights(), table()
    with pytest.raises(TrainingError) as caught:
        net.fit(x * 10, t)
    assert caught.value.code == "BL604"
    assert caught.value.values["value"] == value
    for key, kept in net.weights().items():
        np.testing.assert_array_equal(kept, before[key])


def test_data_that_overflow_are_told_as_data():
    x, t = table()
    x[7, 1] = 1e39
    with pytest.raises(TrainingError) as caught:
        Network([Dense(2)]).fit(x, t, shuffle=False, batch_size=5)
    told = caught.value.values
    assert (told["step"], told["number"], told["op"], told["value"]) == (2, -1, "data", "x")


def test_a_formula_without_a_value_is_not_blamed_on_the_learning_rate():
    with pytest.raises(TrainingError) as told:
        Network([Dense(4, "sqrt(u)"), Dense(1)]).fit([[1.0, -1.0], [0.0, 2.0]], [0.0, 1.0])
    assert told.value.code == "BL604"
    assert told.value.values["value"] == "dense1.o"

"""Clipping by norm and by value: PyTorch's numbers, the same bits with two threads, and no NaN clipped away."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from backlit import Dense, Network
from backlit.errors import TrainingError
from backlit.machine.runner import Machine
from backlit.optim import optimizer_named
from backlit.optim.clipping import PART
from backlit.training.loop.fitting import Fitting, training_tape
from backlit.training.loop.settings import Settings
from tolerance import same_bits

ENGINES = ["compiled", "plain", "interpreter"]
RNG = np.random.default_rng(3)
X, T = RNG.normal(size=(6, 3)), RNG.normal(size=(6, 2))


def start(**settings: Any) -> tuple[Network, Fitting]:
    net = Network([Dense(4, "tanh"), Dense(2)])
    net.prepare(3, seed=1, dtype="float64")
    given = {"optimizer": "sgd", "learning_rate": 0.5, "dtype": "float64", "batch_size": 6, "shuffle": False}
    return net, Fitting(net, {"x": X, "t": T}, {}, Settings.of(epochs=50, **{**given, **settings}))


@pytest.mark.oracle
@pytest.mark.parametrize("clip", [{"clip_norm": 0.2}, {"clip_norm": 50.0}, {"clip_value": 0.05}])
@pytest.mark.parametrize("decay", [0.0, 0.1])
@pytest.mark.parametrize("engine", ENGINES)
def test_twenty_clipped_steps_are_those_of_torch(clip, decay, engine):
    torch = pytest.importorskip("torch")
    net, fitting = start(**clip, weight_decay=decay, engine=engine)
    twin = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2)).double()
    twin.load_state_dict({name: torch.from_numpy(v) for name, v in net.weights().items()})
    rule = torch.optim.SGD(twin.parameters(), lr=0.5, weight_decay=decay)
    for _ in range(20):
        rule.zero_grad()
        torch.nn.functional.mse_loss(twin(torch.from_numpy(X)), torch.from_numpy(T)).backward()
        if "clip_norm" in clip:
            torch.nn.utils.clip_grad_norm_(twin.parameters(), clip["clip_norm"])
        else:
            torch.nn.utils.clip_grad_value_(twin.parameters(), clip["clip_value"])
        rule.step()
        fitting.loop.run(1)
        for ours, theirs in (("dense1.weight", twin[0].weight), ("dense2.bias", twin[2].bias)):
            found = fitting.loop[ours]
            np.testing.assert_allclose(found.T, theirs.detach().numpy(), rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("engine", ENGINES)
def test_the_norm_is_over_all_trained_parameters_and_nothing_else(engine):
    net = Network([Dense(4, "tanh", trainable_bias=False), Dense(2)])
    net.prepare(3, seed=1)
    fitting = Fitting(net, {"x": X, "t": T}, {}, Settings.of(epochs=9, batch_size=4, clip_norm=1.0, engine=engine))
    loop = fitting.loop
    (place,) = [v.number for v in loop.train_tape.values if v.name == "‖g‖"]
    loop.run(1)
    g = [loop[f"∂E/∂{n}"].astype(np.float64) for n in ("dense1.weight", "dense2.weight", "dense2.bias")]
    expected = np.sqrt(sum(np.sum(part**2) for part in g))
    np.testing.assert_allclose(loop.arena.view(place)[0], expected, rtol=1e-6)


def large(dtype: str = "float32") -> tuple[Network, Any]:
    net = Network([Dense(300, "relu"), Dense(200, "relu"), Dense(5)])
    net.prepare(90, seed=1)
    assert net.size > 16 * PART
    return net, training_tape(net, Settings.of(optimizer="adam", clip_norm=0.1, dtype=dtype, loss="squared_error"))


def test_one_thread_and_two_make_the_same_bits_of_the_norm():
    net, tape = large()
    rng = np.random.default_rng(0)
    gradient = rng.normal(size=tape.values[tape.names["∂E/∂θ"]].shape)
    found = []
    for threads in (1, 2):
        machine = Machine(tape, rows=4)
        for name, value in net.values.items():
            machine[name] = value
        machine["∂E/∂θ"] = gradient
        machine.step = 1
        machine.run(0, 0)
        machine.run(tape.update_at, threads=threads)
        found.append(machine["θ"].copy())
    assert same_bits(*found)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("clip", [{"clip_norm": 1.0}, {"clip_value": 1.0}])
def test_a_gradient_that_is_not_finite_is_not_clipped_away(value, engine, clip):
    """By value an infinite one becomes the limit, as in PyTorch; a NaN stays."""
    tape = training_tape_of(**clip)
    machine = Machine(tape, rows=4, engine=engine)
    machine["θ"] = 1.0
    machine["∂E/∂θ"] = 0.5
    machine["∂E/∂θ"][3] = value
    machine.step = 1
    with np.errstate(all="ignore"):
        machine.run(0, 0)
        machine.run(tape.update_at)
    after = machine["θ"]
    if "clip_norm" in clip:
        assert np.isnan(after).all()
    elif np.isnan(value):
        assert np.isnan(after[3])
    else:
        np.testing.assert_allclose(after[3], 1 - 0.01 * np.sign(value), rtol=1e-6)


def training_tape_of(**clip: float) -> Any:
    net = Network([Dense(2)])
    net.prepare(3)
    return training_tape(net, Settings.of(optimizer=optimizer_named("sgd"), loss="squared_error", **clip))


def test_squares_that_float32_cannot_hold_do_not_make_the_norm_infinite():
    tape = training_tape_of(clip_norm=1.0)
    machine = Machine(tape, rows=4)
    machine["θ"], machine["∂E/∂θ"] = 0.0, 0.0
    machine["∂E/∂θ"][:2] = 3e30, 4e30
    machine.step = 1
    machine.run(0, 0)
    machine.run(tape.update_at)
    np.testing.assert_allclose(machine["θ"][:3], [-0.006, -0.008, 0.0], rtol=1e-6)


def test_a_run_that_overflows_under_clipping_stops_and_tells():
    net = Network([Dense(2, "exp(u)"), Dense(1)])
    x = np.array([[40.0, 40.0], [30.0, 50.0]])
    with pytest.raises(TrainingError):
        net.fit(x, [0.0, 1.0], optimizer="sgd", learning_rate=1e30, clip_norm=1.0, epochs=50)


def test_a_clipped_run_goes_the_same_way_with_one_thread_and_with_two():
    rng = np.random.default_rng(0)
    x, t = rng.normal(size=(64, 90)), rng.normal(size=(64, 5))

    def run(threads: int) -> Fitting:
        net = Network([Dense(300, "relu"), Dense(200, "relu"), Dense(5)])
        net.prepare(90, seed=1)
        given = {"optimizer": "nadam", "clip_norm": 0.1, "schedule": "one_cycle", "epochs": 5, "threads": threads}
        made = Fitting(net, {"x": x, "t": t}, {}, Settings.of(batch_size=16, **given))
        made.loop.run(20)
        return made

    one, two = run(1), run(2)
    assert two.loop.threads == 2
    assert np.isfinite(one.loop.arena.kept()).all()
    assert np.array_equal(one.loop["θ"], two.loop["θ"])

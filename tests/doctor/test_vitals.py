"""Vital signs: the step that is looked at is the step that the training takes, and the look costs little."""

from __future__ import annotations

import numpy as np
import pytest

from backlit import BatchNorm, Dense, Dropout, Network, PReLU
from backlit.doctor.slopes import largest_slope
from backlit.ops import REGISTRY
from backlit.ops.random import permutation
from backlit.training.fitting import Fitting
from backlit.training.settings import Settings

LAYERS = {
    "relu": lambda: [Dense(8, "relu"), Dense(3, "softmax")],
    "dropout and batch norm": lambda: [Dense(8), BatchNorm(), PReLU(), Dropout(0.4), Dense(3, "softmax")],
}
RULES = ["gradient_descent(learning_rate=0.1)", "momentum", "adam", "adamw", "rmsprop"]


def training(layers, rule="adam", rows=100, **more):
    rng = np.random.default_rng(0)
    x, t = rng.normal(size=(rows, 5)), rng.integers(0, 3, rows)
    net = Network(layers)
    net.loss = "cross_entropy"
    inputs = net._rows(x, t, connect=True)
    net.prepare(5)
    settings = Settings.of(loss="cross_entropy", batch_size=16, epochs=50, optimizer=rule, **more)
    return Fitting(net, inputs, {}, settings)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("kind", LAYERS)
def test_a_look_sees_the_very_step_that_comes_next(kind, rule):
    fitting = training(LAYERS[kind](), rule, schedule="cosine", clip_norm=0.5)
    loop, vitals = fitting.loop, fitting.vitals
    for steps in (0, 1, 5, 8):  # among them the last, shorter batch of an epoch
        loop.run(steps)
        before = loop.snapshot()
        look = vitals.look(loop)
        assert np.array_equal(loop.arena.kept(), before.kept), "looking changes nothing"
        loop.run(1)
        assert np.array_equal(loop["θ"], vitals.machine["θ"])
        assert look.step == loop.step


def test_what_a_look_measures():
    fitting = training(
        [Dense(8, "relu"), Dense(4, "sigmoid"), Dense(3, "softmax")], "sgd(learning_rate=0.02)", shuffle=False
    )
    fitting.loop["dense1.bias"][2] = -100.0  # dead
    fitting.loop["dense2.bias"][1] = 30.0  # saturated
    look = fitting.vitals.look(fitting.loop)
    assert look.units["dense1"]["f′=0"][2] == 1.0
    assert look.units["dense1"]["f′=0"].sum() < 8
    assert look.units["dense2"]["saturated"].round().tolist() == [0, 1, 0, 0]
    x = fitting.loop.job.inputs["x"][:16]
    u = x @ fitting.loop["dense1.weight"] + fitting.loop["dense1.bias"]
    np.testing.assert_allclose(look.units["dense1"]["mean(u²)"], (u * u).mean(axis=0), rtol=1e-4)
    weight = look.parameters["dense3.weight"]
    assert weight["Δ"] == pytest.approx(0.02 * weight["g"], rel=1e-4)


@pytest.mark.parametrize(("factor", "raised"), [(0.5, False), (1.5, False), (2.5, True)])
def test_r_says_what_the_step_does_to_its_batch(factor, raised):
    """On a linear network with squared error the loss is a quadratic: r is exact."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(32, 3))
    net = Network([Dense(1)])
    net.loss = "squared_error"
    inputs = net._rows(x, x @ [1.0, 2.0, 3.0], connect=True)
    net.prepare(3, dtype="float64")

    def look(rate):
        settings = Settings.of(optimizer="gradient_descent", learning_rate=rate, batch_size=32, dtype="float64")
        fitting = Fitting(net, inputs, {}, settings)
        return fitting.vitals.look(fitting.loop)

    first = look(1e-3)
    seen = look(1e-3 / first.r * factor)
    assert seen.r == pytest.approx(factor, rel=1e-6)
    assert (seen.after > seen.loss) == raised
    assert seen.after - seen.loss == pytest.approx(seen.slope + seen.curvature / 2, rel=1e-6)


def test_looks_take_their_share_of_the_time_and_no_more():
    fitting = training([Dense(256, "relu"), Dense(256, "relu"), Dense(3, "softmax")], rows=2000)
    vitals = fitting.vitals
    vitals.look(fitting.loop)
    vitals.look(fitting.loop)
    vitals.looks, vitals.seconds = [], 0.0
    fitting.run()
    assert vitals.looks
    assert vitals.seconds - vitals.cost < 0.04 * fitting.seconds, "before the last look it fitted into its share"


def test_the_largest_slope():
    assert largest_slope(REGISTRY["tanh"], {}) == 1.0
    assert largest_slope(REGISTRY["silu"], {}) == pytest.approx(1.0998, abs=1e-4)
    assert largest_slope(REGISTRY["leaky_relu"], {"slope": 0.1}) == 1.0
    assert largest_slope(REGISTRY["step"], {}) == 0.0


def test_a_look_that_goes_wrong_is_the_last_one_and_the_training_goes_on(monkeypatch):
    wanted = training(LAYERS["relu"]())
    wanted.loop.run(10_000)
    fitting = training(LAYERS["relu"]())
    vitals = fitting.vitals
    monkeypatch.setattr(vitals, "due", lambda *_: True)
    monkeypatch.setattr(vitals, "_prepare", lambda loop: np.empty(1 << 50))  # no memory for the tapes
    while not fitting.done:
        fitting.advance()
    assert isinstance(vitals.trouble, MemoryError)
    assert not vitals.looks
    assert fitting.loop.weights().tobytes() == wanted.loop.weights().tobytes()


def test_a_long_training_keeps_so_many_looks_spread_over_all_of_it(monkeypatch):
    monkeypatch.setattr("backlit.doctor.vitals.MOST", 20)
    fitting = training(LAYERS["relu"]())
    vitals = fitting.vitals
    monkeypatch.setattr("backlit.doctor.vitals.SHARE", 1.0)
    vitals.cost = -10.0
    for second in range(1, 301):  # a slice of a second each
        fitting.loop.run(1)
        vitals.beside(fitting.loop, second)
    steps = [look.step for look in vitals.looks]
    assert 10 <= len(steps) < 20
    assert steps[0] < 30
    assert steps[-1] > 270
    assert max(np.diff(steps)) < 60


def test_what_the_first_look_of_a_deep_or_wide_network_takes_is_foreseen():
    deep = training([Dense(4, "tanh") for _ in range(60)] + [Dense(3, "softmax")])
    assert deep.vitals.cost > 0.1
    assert not deep.vitals.due(1.0)
    small = training(LAYERS["relu"]())
    assert small.vitals.due(1.0)
    small.loop.run(1)
    small.vitals.beside(small.loop, 1.0)  # a step of a second: nothing is known, and a look takes several
    assert not small.vitals.looks


@pytest.mark.parametrize("engine", ["compiled", "plain", "interpreter"])
def test_the_rows_of_a_look_at_the_beginning_of_an_epoch_are_those_of_the_epoch(engine):
    fitting = training(LAYERS["relu"](), engine=engine)
    loop = fitting.loop
    for _ in range(2):
        order = permutation(loop.job.seed, loop.epoch, 100)
        before = loop.snapshot()
        rows = loop.load_batch()
        np.testing.assert_array_equal(loop["x"][:rows], loop.job.inputs["x"][order[:rows]].astype("float32"))
        assert before.state.tobytes() == loop.state.tobytes()
        loop.run(3)
        rows = loop.load_batch()
        np.testing.assert_array_equal(loop["x"][:rows], loop.job.inputs["x"][order[48:64]].astype("float32"))
        loop.run(loop.steps_per_epoch - 3)

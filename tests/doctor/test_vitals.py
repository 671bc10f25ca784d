"""Vital signs: the step that is looked at is the step that the training takes, and the look costs little."""

from __future__ import annotations

import numpy as np
import pytest

from backlit import BacklitError, BatchNorm, Dense, Dropout, Network, PReLU
from backlit.doctor.slopes import largest_slope
from backlit.ops import REGISTRY
from backlit.ops.random import permutation
from backlit.training.loop.fitting import Fitting
from backlit.training.loop.settings import Settings

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


# ---- every step -----------------------------------------------------------------------------------------------------


def held(fitting_of):
    """The same training twice: one to go its way, one to be followed."""
    return fitting_of(), fitting_of()


def same_look(one, other, rounding=1e-30):
    """What two ways to look at the same step found: but for rounding the same."""
    assert one.step == other.step
    assert one.loss == pytest.approx(other.loss, rel=1e-6)
    assert one.units.keys() == other.units.keys()
    for layer, signs in one.units.items():
        assert signs.keys() == other.units[layer].keys()
        for sign, values in signs.items():
            np.testing.assert_allclose(values, other.units[layer][sign], rtol=1e-5, atol=rounding)
    assert one.parameters.keys() == other.parameters.keys()
    for name, sizes in one.parameters.items():
        assert sizes == pytest.approx(other.parameters[name], rel=1e-5, abs=1e-30)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("kind", LAYERS)
def test_a_training_that_is_followed_makes_the_same_bits(kind, rule):
    plain, followed = held(lambda: training(LAYERS[kind](), rule, schedule="cosine", clip_norm=0.5))
    plain.loop.run(40)
    followed.loop.run(3)
    looks = followed.vitals.follow(followed.loop, 30)
    followed.loop.run(7)  # and goes on as if nothing had been
    assert [look.step for look in looks] == list(range(4, 34))
    assert followed.loop["θ"].tobytes() == plain.loop["θ"].tobytes()
    assert followed.loop.weights().tobytes() == plain.loop.weights().tobytes()
    np.testing.assert_array_equal(followed.loop.history[:5], plain.loop.history[:5])


@pytest.mark.parametrize("kind", LAYERS)
def test_looks_at_every_step_are_what_single_looks_are(kind):
    alone, followed = held(lambda: training(LAYERS[kind]()))
    wanted = []
    for _ in range(10):
        wanted.append(alone.vitals.look(alone.loop))
        alone.loop.run(1)
    looks = followed.vitals.follow(followed.loop, 10)
    for one, other in zip(looks, wanted, strict=True):
        same_look(one, other)
    assert np.isnan(looks[0].turn)
    assert [look.turn for look in looks[1:]] == pytest.approx([look.turn for look in wanted[1:]], rel=1e-3)


def test_some_of_the_steps_are_probed(monkeypatch):
    monkeypatch.setattr("backlit.doctor.vitals.PROBING", 1e9)
    monkeypatch.setattr("backlit.doctor.vitals.CHUNK", 1)
    alone, followed = held(lambda: training(LAYERS["relu"]()))
    looks = followed.vitals.follow(followed.loop, 3)
    alone.loop.run(looks.first)
    seen = alone.vitals.look(alone.loop)
    assert np.isnan(looks[0].r), "no step was taken yet, so there was no time for a probe"
    assert looks[1].r == pytest.approx(seen.r)
    assert looks[1].after == pytest.approx(seen.after)


def test_following_ends_where_the_training_does():
    fitting = training(LAYERS["relu"]())
    looks = fitting.vitals.follow(fitting.loop, 10**4)
    assert len(looks) == fitting.loop.step == 50 * 7
    assert fitting.loop.stopped == "epochs"
    assert len(fitting.vitals.follow(fitting.loop, 10)) == 0
    assert [look.step for look in looks[-2:]] == [349, 350]
    assert looks[-1].step == 350


@pytest.mark.parametrize("engine", ["plain", "interpreter"])
def test_every_engine_follows_alike(engine):
    one, other = (training(LAYERS["relu"](), rows=40, engine=name) for name in ("compiled", engine))
    looks, others = (f.vitals.follow(f.loop, 4) for f in (one, other))
    for a, b in zip(looks, others, strict=True):
        same_look(a, b, rounding=1e-6)


def test_gradients_whose_squares_leave_the_range_are_measured():
    fitting = training([Dense(4), Dense(3)], "gradient_descent(learning_rate=1e-30)")
    fitting.loop["dense1.weight"] *= 1e21
    (look,) = fitting.vitals.follow(fitting.loop, 1)
    assert 1e19 < look.parameters["dense1.weight"]["w"] < 1e23
    assert look.parameters["dense1.weight"]["lost"] == 1.0


def test_a_run_is_followed_from_step_to_step():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(64, 2))
    run = Network([Dense(4, "tanh"), Dense(1)]).fit(x, x[:, 0], epochs=5, batch_size=16)
    assert [look.step for look in run.follow()] == list(range(1, 21))
    assert [look.step for look in run.follow(3, 6)] == [3, 4, 5, 6]
    run.again = None
    with pytest.raises(BacklitError, match="BL381"):
        run.follow()


@pytest.mark.parametrize("more", [{"threads": 2}, {"schedule": "plateau"}])
def test_held_out_rows_and_a_second_thread_change_nothing(more):
    def made():
        rng = np.random.default_rng(0)
        x, t = rng.normal(size=(90, 5)), rng.integers(0, 3, 90)
        net = Network([Dense(40, "relu"), BatchNorm(), Dense(3, "softmax")])
        net.loss = "cross_entropy"
        inputs = net._rows(x[:60], t[:60], connect=True)
        held_out = net._rows(x[60:], t[60:])
        net.prepare(5)
        return Fitting(net, inputs, held_out, Settings.of(loss="cross_entropy", batch_size=16, epochs=9, **more))

    plain, followed = held(made)
    plain.loop.run(100)
    followed.loop.run(5)
    before = followed.loop.snapshot()
    looks = followed.vitals.follow(followed.loop, 12)
    followed.loop.run(100)
    assert len(looks) == 12
    assert followed.loop.weights().tobytes() == plain.loop.weights().tobytes()
    np.testing.assert_array_equal(followed.loop.history, plain.loop.history)
    followed.loop.restore(before)  # from before it was watched
    followed.loop.run(100)
    assert followed.loop.weights().tobytes() == plain.loop.weights().tobytes()

"""What is only a change of units changes no verdict, where theory says so: loss, data, width."""

from __future__ import annotations

import numpy as np
import pytest

from backlit import Dense, Network
from backlit.errors import BacklitError
from backlit.nn import initial
from backlit.training.clinic.patients import patient_of
from backlit.training.whole.diagnosing import diagnose


def rows(count=160):
    rng = np.random.default_rng(3)
    x = rng.normal(size=(count, 3))
    return x, x[:, 0] - 0.5 * x[:, 1] ** 2


def run_of(layers, x, t, **settings):
    net, left = Network(layers), []
    try:
        net.fit(x, t, left=left, batch_size=32, patience=0, dtype="float64", **settings)
    except BacklitError:
        assert left
    return left[0]


def verdict(run):
    found = diagnose(run, budget=20.0)
    return [(f.code, f.grade) for f in found.findings]  # what follows from them hangs on the last digits


# What ails: layers and settings
AILMENTS = {
    "nothing": ([Dense(16, "tanh"), Dense(1)], {"optimizer": "sgd", "learning_rate": 0.05, "epochs": 120}),
    "a rate too high": ([Dense(16, "tanh"), Dense(1)], {"optimizer": "sgd", "learning_rate": 5.0, "epochs": 20}),
    "a rate too low": ([Dense(16, "tanh"), Dense(1)], {"optimizer": "sgd", "learning_rate": 1e-5, "epochs": 60}),
    "a bound": ([Dense(16, "tanh"), Dense(1, "sigmoid")], {"optimizer": "sgd", "learning_rate": 0.05, "epochs": 60}),
    "dead": (
        [Dense(6, "relu", biases=initial.constant(-90.0)), Dense(1)],
        {"optimizer": "sgd", "learning_rate": 0.05, "epochs": 20},
    ),
}  # fmt: skip


def ailing(name):
    layers, settings = AILMENTS[name]
    return [Dense(layer.units, layer.activation, biases=layer.biases) for layer in layers], settings


@pytest.mark.slow
@pytest.mark.parametrize("factor", [1 / 16, 16])
@pytest.mark.parametrize("name", AILMENTS)
def test_gradient_descent_with_the_loss_times_c_and_the_rate_by_c(name, factor):
    x, t = rows()
    (layers, settings), (again, _) = ailing(name), ailing(name)
    plain = run_of(layers, x, t, loss="(t - o) ** 2", **settings)
    other = {**settings, "learning_rate": settings["learning_rate"] / factor}
    scaled = run_of(again, x, t, loss=f"{factor} * (t - o) ** 2", **other)
    assert verdict(plain) == verdict(scaled)


@pytest.mark.parametrize("name", ["nothing", "a rate too low"])
def test_the_vital_signs_that_are_judged_do_not_change_with_the_loss(name):
    x, t = rows()
    (layers, settings), (again, _) = ailing(name), ailing(name)
    short = {**settings, "epochs": 4}
    plain = run_of(layers, x, t, loss="(t - o) ** 2", **short)
    scaled = run_of(again, x, t, loss="16 * (t - o) ** 2", **{**short, "learning_rate": short["learning_rate"] / 16})
    ours, theirs = patient_of(plain).course, patient_of(scaled).course
    assert [look.r for look in ours] == pytest.approx([look.r for look in theirs], rel=1e-9)
    assert [look.turn for look in ours] == pytest.approx([look.turn for look in theirs], rel=1e-9, nan_ok=True)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["nothing", "a bound", "dead"])
def test_adam_does_not_see_the_size_of_the_loss(name):
    x, t = rows()
    (layers, settings), (again, _) = ailing(name), ailing(name)
    settings = {**settings, "optimizer": "adam", "learning_rate": 0.01, "eps": 1e-14}
    plain = run_of(layers, x, t, loss="(t - o) ** 2", **settings)
    scaled = run_of(again, x, t, loss="16 * (t - o) ** 2", **settings)
    assert verdict(plain) == verdict(scaled)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["nothing", "a rate too low", "a bound"])
def test_inputs_times_c_with_first_weights_by_c_is_the_same_network(name):
    """The first layer is frozen: x · c with w / c gives the same u in every row, and all that follows is the same."""
    x, t = rows()
    found = []
    for factor in (1, 4):
        layers, settings = ailing(name)
        net, left = Network(layers), []
        net.prepare(3, seed=0, dtype="float64")
        net.values["dense1.weight"] = net.values["dense1.weight"] / factor
        net.freeze("dense1")
        net.fit(factor * x, t, left=left, batch_size=32, patience=0, dtype="float64", loss="(t - o) ** 2", **settings)
        found.append(left[0])
    ours, theirs = (patient_of(run) for run in found)
    assert [look.r for look in ours.course] == pytest.approx([look.r for look in theirs.course], rel=1e-6)
    assert ours.skill() == pytest.approx(theirs.skill(), rel=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("width", [8, 16, 64, 128])
def test_the_verdict_is_the_same_for_all_widths(width):
    x, t = rows()
    good = {"optimizer": "adam", "learning_rate": 0.01, "epochs": 120}
    assert not verdict(run_of([Dense(width, "tanh"), Dense(1)], x, t, **good))
    bound = verdict(run_of([Dense(width, "tanh"), Dense(1, "sigmoid")], x, t, **good))
    assert bound[0][:2] == ("DR101", "proved")
    slow = verdict(run_of([Dense(width, "tanh"), Dense(1)], x, t, **{**good, "learning_rate": 1e-6}))
    assert slow[0][:2] == ("DR402", "measured")

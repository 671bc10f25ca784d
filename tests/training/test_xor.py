"""XOR: what a network with one hidden layer learns and a threshold unit cannot, and what is said about it."""

from __future__ import annotations

import numpy as np
import pytest

import backlit
from backlit.nn import Dense
from backlit.training import Network

X, T = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])
LEARN = ["sigmoid", "tanh", "relu", "u / (1 + abs(u))"]
SEEDS = range(5)


def train(activation: str, seed: int):
    return backlit.train("xor", activation=activation, seed=seed, progress="none", baselines=False)


@pytest.mark.parametrize("activation", LEARN)
def test_it_is_learned_from_every_seed(activation):
    for seed in SEEDS:
        run = train(activation, seed)
        assert run.result["train"]["accuracy"] == 1.0
        assert run.network.predict(X).argmax(axis=1).tolist() == T.tolist()
        assert run.notices == []


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "u / (1 + abs(u))"])
def test_four_hidden_units_are_enough(activation):
    for seed in SEEDS:
        net = Network([Dense(4, activation), Dense(2, "softmax")])
        net.fit(X, T, epochs=2000, learning_rate=0.05, batch_size=4, seed=seed)
        assert net.evaluate(X, T)["accuracy"] == 1.0


def test_one_squared_output_learns_it_too():
    net = Network([Dense(8, "tanh"), Dense(1, "sigmoid")])
    net.fit(X, T * 1.0, epochs=2000, learning_rate=0.05, seed=1)
    np.testing.assert_allclose(net.predict(X)[:, 0], T, atol=0.05)


def test_without_a_hidden_layer_it_is_not_learned():
    net = Network([Dense(2, "softmax")])
    run = net.fit(X, T, epochs=2000, learning_rate=0.05, batch_size=4)
    assert run.history[-1]["train_loss"] == pytest.approx(np.log(2), abs=1e-3)
    np.testing.assert_allclose(net.predict(X), 0.5, atol=0.03)
    assert run.notices == []  # the weights are reached: what is missing is a layer


def test_with_step_it_stays_at_a_half_and_a_notice_says_why():
    for seed in SEEDS:
        run = train("step", seed)
        np.testing.assert_allclose(run.network.predict(X), 0.5, atol=0.02)
        assert run.history[-1]["train_loss"] == pytest.approx(np.log(2), abs=1e-3)
        assert run.result["train"]["accuracy"] < 1.0
        (notice,) = run.notices
        assert notice == {"code": "BL603", "activation": "step", "parameters": "dense1.weight, dense1.bias"}
        assert run.describe()["notices"] == [notice]


def test_no_error_signal_passes_a_step():
    net = Network([Dense(8, "step"), Dense(8, "tanh"), Dense(1, "step")])
    net.prepare(2)
    before = net.weights()
    run = net.fit(X, T * 1.0, epochs=50)
    for key, value in net.weights().items():
        np.testing.assert_array_equal(value, before[key])
    assert {row["train_loss"] for row in run.history} == {run.history[0]["train_loss"]}
    assert run.notices[0]["parameters"].count("weight") == 3


def test_layers_after_the_step_still_learn_and_are_not_in_the_notice():
    net = Network([Dense(4, "tanh"), Dense(8, "step"), Dense(8, "tanh"), Dense(2, "softmax")])
    net.prepare(2)
    before = net.weights()
    (notice,) = net.fit(X, T, epochs=5).notices
    assert notice["parameters"] == "dense1.weight, dense1.bias, dense2.weight, dense2.bias"
    moved = [key for key, value in net.weights().items() if not np.array_equal(value, before[key])]
    assert moved == ["4.weight", "4.bias", "6.weight", "6.bias"]


@pytest.mark.parametrize("activation", ["0 * u", "where(u > 0, 1, -1)", "3"])
def test_a_typed_activation_that_is_flat_is_told_as_well(activation):
    (notice,) = Network([Dense(8, activation), Dense(2, "softmax")]).fit(X, T, epochs=1).notices
    assert notice["code"] == "BL603"
    assert notice["parameters"] == "dense1.weight, dense1.bias"


def test_frozen_weights_that_cannot_be_reached_are_no_news():
    layers = [Dense(8, "step", trainable=False), Dense(2, "softmax")]
    assert Network(layers).fit(X, T, epochs=1).notices == []


@pytest.mark.parametrize("activation", [*LEARN, "silu", "leaky_relu", "identity", "u^3", "max(u, 0)^2"])
def test_no_notice_where_the_signal_passes(activation):
    assert Network([Dense(8, activation), Dense(2, "softmax")]).fit(X, T, epochs=1).notices == []

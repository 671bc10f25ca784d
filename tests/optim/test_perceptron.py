"""Rosenblatt's rule, row by row, as it stands in books; what it can learn and what not."""

from __future__ import annotations

import numpy as np
import pytest

import backlit
from backlit import Dense, Network
from backlit.errors import ParameterError
from backlit.ops.random import permutation

X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
TASKS = {"and": [0, 0, 0, 1], "or": [0, 1, 1, 1], "nand": [1, 1, 1, 0]}


@pytest.mark.parametrize("engine", ["compiled", "plain", "interpreter"])
@pytest.mark.parametrize("shuffle", [True, False])
def test_the_weights_are_those_of_the_rule_written_out(engine, shuffle):
    rng = np.random.default_rng(1)
    x, t = rng.normal(size=(12, 3)), rng.integers(0, 2, size=(12, 2)).astype(float)
    net = Network([Dense(2, "step", weights="normal")])
    net.prepare(3, seed=2, dtype="float64")
    w, b, losses = net["0.weight"].copy(), net["0.bias"].copy(), []
    run = net.fit(
        x, t, optimizer="perceptron", learning_rate=0.5, epochs=6, seed=2, dtype="float64", engine=engine,
        shuffle=shuffle,
    )  # fmt: skip
    weights = []
    for epoch in range(6):
        order = permutation(2, epoch, 12) if shuffle else range(12)
        loss = 0.0
        for i in order:
            wrong = t[i] - (x[i] @ w.T + b >= 0)
            loss += 0.5 * np.sum(wrong**2)
            w, b = w + 0.5 * wrong[:, None] * x[i], b + 0.5 * wrong
        losses.append(loss)
        weights.append((w.copy(), b.copy()))
    assert run.settings.batch_size == 1
    np.testing.assert_allclose([row["train_loss"] for row in run.history], losses)
    best_w, best_b = weights[run.result["best_epoch"] - 1]
    np.testing.assert_allclose(net["0.weight"], best_w)
    np.testing.assert_allclose(net["0.bias"], best_b)


@pytest.mark.parametrize("task", TASKS)
def test_what_a_line_separates_is_learned_without_an_error(task):
    net = Network([Dense(1, "step")])
    run = net.fit(X, TASKS[task], optimizer="perceptron", epochs=100)
    assert net.predict(X)[:, 0].tolist() == TASKS[task]
    assert run.notices == []  # that a step has no slope is no news here


def test_xor_is_never_learned():
    net = Network([Dense(1, "step")])
    run = net.fit(X, [0, 1, 1, 0], optimizer="perceptron", epochs=200)
    assert min(row["train_loss"] for row in run.history) > 0


@pytest.mark.parametrize(
    "layers",
    [[Dense(4, "step"), Dense(1, "step")], [Dense(1, "sigmoid")], [Dense(1)], [Dense(4, "relu"), Dense(1, "step")]],
)
def test_other_networks_are_refused(layers):
    with pytest.raises(ParameterError) as told:
        Network(layers).fit(X, TASKS["and"], optimizer="perceptron")
    assert told.value.code == "BL344"


def test_another_loss_is_refused():
    with pytest.raises(ParameterError) as told:
        Network([Dense(1, "step")]).fit(X, TASKS["and"], optimizer="perceptron", loss="cross_entropy")
    assert told.value.code == "BL309"


def test_it_trains_a_table():
    run = backlit.train("iris", optimizer="perceptron", progress="none", epochs=30)
    assert [type(layer).__name__ for layer in run.network.layers()] == ["Input", "Dense"]
    assert run.result["test"]["accuracy"] > 0.6

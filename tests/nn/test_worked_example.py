"""Mazur's worked network of 2-2-2 sigmoid units, whose numbers stand in many pages and slides, digit by digit.

https://mattmazur.com/2015/03/17/a-step-by-step-backpropagation-example/; E = ½ Σ (t - o)², rate 0.5, biases fixed.
"""

from __future__ import annotations

import numpy as np
import pytest

from backlit.core.lowering import lower
from backlit.nn import Dense
from backlit.training import Network
from backlit.training.loop.fitting import training_tape
from backlit.training.loop.settings import Settings
from nn.nets import machine_of

X, T = [[0.05, 0.10]], [[0.01, 0.99]]
LOSS = {"half": True, "reduction": "sum"}
DIGITS = 5.001e-11  # half a unit of the tenth decimal

GOLDEN = {
    "dense1.u": [0.3775, 0.3925],
    "dense1.o": [0.5932699921, 0.5968843783],
    "dense2.u": [1.1059059671, 1.2249214041],
    "dense2.o": [0.7513650696, 0.7729284653],
    "dense2.δᵘ": [0.1384985616, -0.0380982365],
    "dense1.δᵘ": [0.0087713547, 0.0099542547],
}


def mazur(**first) -> Network:
    given = {"trainable_bias": False, **first}
    net = Network([Dense(2, "sigmoid", **given), Dense(2, "sigmoid", trainable_bias=False)])
    net.prepare(2, dtype=np.float64)
    net["0.weight"], net["0.bias"] = [[0.15, 0.20], [0.25, 0.30]], [0.35, 0.35]
    net["2.weight"], net["2.bias"] = [[0.40, 0.45], [0.50, 0.55]], [0.60, 0.60]
    return net


def fit(net: Network, **settings):
    return net.fit(
        X, T, optimizer="gradient_descent", learning_rate=0.5, epochs=1, dtype="float64", loss_options=LOSS, **settings
    )


def by_hand() -> dict[str, np.ndarray]:
    """All values of the pass by the textbook's formulas, unit by unit, without a matrix product."""

    def sigmoid(u: float) -> float:
        return float(1 / (1 + np.exp(-u)))

    w, v = [[0.15, 0.20], [0.25, 0.30]], [[0.40, 0.45], [0.50, 0.55]]
    x, t = X[0], T[0]
    u1 = [sum(w[j][i] * x[i] for i in range(2)) + 0.35 for j in range(2)]
    o1 = [sigmoid(u) for u in u1]
    u2 = [sum(v[k][j] * o1[j] for j in range(2)) + 0.60 for k in range(2)]
    o2 = [sigmoid(u) for u in u2]
    after2 = [-(t[k] - o2[k]) for k in range(2)]
    before2 = [after2[k] * o2[k] * (1 - o2[k]) for k in range(2)]
    after1 = [sum(before2[k] * v[k][j] for k in range(2)) for j in range(2)]
    before1 = [after1[j] * o1[j] * (1 - o1[j]) for j in range(2)]
    found = {"dense1.u": u1, "dense1.o": o1, "dense2.u": u2, "dense2.o": o2}
    found |= {"dense1.f′": [o * (1 - o) for o in o1], "dense2.f′": [o * (1 - o) for o in o2]}
    found |= {"dense2.δᵒ": after2, "dense2.δᵘ": before2, "dense1.δᵒ": after1, "dense1.δᵘ": before1}
    return {name: np.array(value) for name, value in found.items()}


def observed_machine(engine: str):
    net = mazur()
    built, keep, gradients = net.observe(loss="squared_error", **LOSS)
    tape = lower(
        keep,
        blocks=built.blocks(),
        gradients={p: gradients[p] for p in built.trained},
        update=Settings.of(optimizer="gradient_descent", learning_rate=0.5).optimizer.update,
    )
    return machine_of(tape, net, {"x": np.array(X), "t": np.array(T)}, "float64", engine)


@pytest.mark.parametrize("engine", ["compiled", "plain", "interpreter"])
def test_the_observed_tape_shows_the_golden_numbers(engine):
    machine = observed_machine(engine)
    machine.run()
    for name, value in GOLDEN.items():
        np.testing.assert_allclose(machine[name][0], value, rtol=0, atol=DIGITS, err_msg=name)
    for name, value in by_hand().items():
        np.testing.assert_allclose(machine[name][0], value, rtol=0, atol=1e-15, err_msg=name)
    assert machine["E"] == pytest.approx(0.2983711088, abs=DIGITS)
    assert machine["∂E/∂dense2.weight"].T[0, 0] == pytest.approx(0.0821670406, abs=DIGITS)  # w5
    assert machine["∂E/∂dense1.weight"].T[0, 0] == pytest.approx(0.0004385677, abs=DIGITS)  # w1
    assert machine["dense1.weight"].T[0, 0] == pytest.approx(0.1497807161, abs=DIGITS)
    assert machine["dense2.weight"].T[0, 0] == pytest.approx(0.3589164797, abs=DIGITS)


@pytest.mark.parametrize("engine", ["compiled", "plain", "interpreter"])
def test_one_step_of_fit_gives_the_golden_weights_and_error(engine):
    net = mazur()
    run = fit(net, engine=engine)
    assert run.history == [{"epoch": 1, "train_loss": pytest.approx(0.2983711088, abs=DIGITS)}]
    assert net["0.weight"][0, 0] == pytest.approx(0.1497807161, abs=DIGITS)
    assert net["2.weight"][0, 0] == pytest.approx(0.3589164797, abs=DIGITS)
    assert net["0.bias"].tolist() == [0.35, 0.35]
    assert net["2.bias"].tolist() == [0.60, 0.60]
    o = net.predict(X)
    assert 0.5 * np.sum((o - T) ** 2) == pytest.approx(0.2910277737, abs=DIGITS)


def test_all_eight_weights_move_by_half_their_gradient_written_out():
    net, seen = mazur(), by_hand()
    before = net.weights()
    fit(net)
    for key, delta, source in (
        ("0.weight", "dense1.δᵘ", np.array(X[0])),
        ("2.weight", "dense2.δᵘ", seen["dense1.o"]),
    ):
        known = before[key] - 0.5 * np.outer(seen[delta], source)
        np.testing.assert_allclose(net[key], known, rtol=0, atol=1e-16)


def test_fit_and_the_observed_tape_with_its_update_give_the_same_bits():
    net, machine = mazur(), observed_machine("compiled")
    fit(net)
    machine.run()
    for name, value in net.values.items():
        assert machine[name].tobytes() == value.tobytes(), name


def test_the_frozen_biases_are_no_part_of_the_trained_block():
    net = mazur()
    built = net.build(training=True, loss="squared_error", **LOSS)
    assert [p.name for p in built.trained] == ["dense1.weight", "dense2.weight"]
    assert [p.name for p in built.frozen] == ["dense1.bias", "dense2.bias"]
    assert "∂E/∂dense1.bias" not in training_tape(net, Settings.of(loss_options=LOSS)).names


def test_with_free_biases_the_error_falls_further():
    net = mazur(trainable_bias=True)
    fit(net)
    assert (net["0.bias"] != 0.35).all()
    assert 0.5 * np.sum((net.predict(X) - T) ** 2) < 0.2910277737

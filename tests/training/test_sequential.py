"""Initial weights fitted to the rows: u has the variance 1 in every layer, by the same seed to the same bits."""

from __future__ import annotations

import numpy as np
import pytest

import backlit
from backlit.core.interpret import Interpreter
from backlit.core.lowering import lower
from backlit.errors import BacklitError
from backlit.nn import BatchNorm, Concatenate, Dense, Dropout, Input, LayerNorm, Maxout, PReLU, Residual
from backlit.training import Network
from tolerance import same_bits


def variances(net: Network, x: np.ndarray) -> dict[str, float]:
    """The variance of each u on rows that were not looked at."""
    built = net.build()
    names = {n: v for n, v in built.graph.names.items() if n.startswith("dense") and n.endswith(".u")}
    run = Interpreter(lower(names, blocks=built.blocks()), len(x))
    for name, value in {**net.values, "x": x}.items():
        run.arena[name] = value
    run.run()
    return {n: float(run.arena[n].var()) for n in names}


@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid", "silu", "sin(3 * u)", "exp(-u*u)"])
def test_every_layer_has_the_variance_1_on_other_rows_of_the_same_kind_too(activation, rng):
    net = Network([Dense(60, activation) for _ in range(8)])
    found = net.initialize_from(rng.normal(size=(300, 20)) * 7 + 2, seed=1, dtype="float64")
    assert all(abs(v - 1) <= 0.01 for v in found.values())
    assert len(found) == 8
    for name, variance in variances(net, rng.normal(size=(300, 20)) * 7 + 2).items():
        assert 0.2 < variance < 5, name  # 256 rows and 60 units leave some chance
    if activation in ("tanh", "sigmoid"):  # what it is for: by the usual rule the signals fade
        usual = Network([Dense(60, activation) for _ in range(8)])
        usual.prepare(20, seed=1, dtype=np.float64)
        assert variances(usual, rng.normal(size=(300, 20)) * 7 + 2)["dense8.u"] < 0.5


def test_branches_normalisations_and_other_layers_are_passed_through(rng):
    x = Input(6)()
    y = Residual(LayerNorm(), Dense(12, "relu"), Dropout(0.5), Dense(12))(Dense(12, "tanh")(x))
    z = Maxout(2)(Dense(12)(BatchNorm()(y)))
    net = Network(x, Dense(1)(PReLU()(Dense(9)(Concatenate()(y, z)))))
    rows = rng.normal(size=(400, 6))
    found = net.initialize_from(rows)
    assert len(found) == 6
    assert all(abs(v - 1) <= 0.01 for v in found.values())
    assert all(np.isfinite(v).all() for v in net.values.values())


def test_the_rows_of_a_linear_layer_stay_at_right_angles(rng):
    net = Network([Dense(5)])
    net.initialize_from(rng.normal(size=(50, 9)), dtype="float64")
    w = net["0.weight"]
    products = w @ w.T
    np.testing.assert_allclose(products, products[0, 0] * np.eye(5), atol=1e-12)


def test_the_same_seed_gives_the_same_bits_and_another_one_others(rng):
    x, t = rng.normal(size=(500, 6)), rng.normal(size=500)

    def begun(seed: int) -> np.ndarray:
        net = Network([Dense(16, "silu"), Dense(1)])
        net.fit(x, t, epochs=1, learning_rate=1e-30, initial="lsuv", seed=seed)
        return net.values["dense1.weight"]

    assert same_bits(begun(1), begun(1))
    assert not np.array_equal(begun(1), begun(2))


def test_frozen_layers_and_weights_that_are_there_stay(rng):
    x, t = rng.normal(size=(60, 4)), rng.normal(size=60)
    net = Network([Dense(6, "tanh"), Dense(6, "tanh", trainable=False), Dense(1)])
    net.prepare(4, seed=3)
    before = {n: v.copy() for n, v in net.values.items()}
    assert net.initialize_from(x).keys() == {"dense1", "dense3"}
    assert same_bits(net.values["dense2.weight"], before["dense2.weight"])
    other = net.replace_head(Dense(2))
    kept = other.values["dense1.weight"].copy()
    other.fit(x, np.stack([t, -t], axis=1), epochs=1, initial="lsuv", optimizer="sgd", learning_rate=1e-30)
    assert same_bits(other.values["dense1.weight"], kept)
    assert variances(other, x)["dense3.u"] == pytest.approx(1, abs=0.01)


def test_a_layer_that_nothing_varying_reaches_keeps_its_rotation():
    net = Network([Dense(4, "relu"), Dense(1)])
    assert net.initialize_from(np.ones((10, 3))) == {"dense1": net_variance(net), "dense2": 0.0}
    assert np.isfinite(net["dense1.weight"]).all()


def net_variance(net: Network) -> float:
    """Of one row, repeated: that of its four sums."""
    u = np.ones(3) @ net.values["dense1.weight"].astype(np.float64)
    return round(float(u.var()), 3)


@pytest.mark.parametrize("initial", ["orthogonal", ("normal", 0.3), 0.25, "glorot_normal"])
def test_fit_draws_by_the_rule_that_is_given(initial, rng):
    x, t = rng.normal(size=(40, 5)), rng.normal(size=40)
    net = Network([Dense(5, "tanh"), Dense(4, weights="he"), Dense(1)])
    net.fit(x, t, epochs=1, optimizer="sgd", learning_rate=1e-30, initial=initial, seed=4)
    known = Network([Dense(5, "tanh", weights=initial), Dense(4, weights="he"), Dense(1, weights=initial)])
    known.prepare(5, seed=4)
    assert all(same_bits(v, known.values[n]) for n, v in net.values.items() if n.endswith("weight"))
    assert net.describe() == known.describe()


def test_an_unknown_rule_is_told(rng):
    with pytest.raises(BacklitError) as told:
        backlit.train("iris", initial="ortogonal", progress="none", epochs=1)
    assert (told.value.code, told.value.values["nearest"]) == ("BL306", "orthogonal")


def test_train_takes_it_too():
    run = backlit.train("iris", initial="lsuv", progress="none", epochs=30, baselines=False)
    assert run.result["test"]["accuracy"] > 0.7

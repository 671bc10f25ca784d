"""Networks as lists and as graphs: shapes, names, shared layers, frozen layers, and back from plain data."""

from __future__ import annotations

import json

import numpy as np
import pytest

from backlit.nn import Activation, Concatenate, Dense, Dropout, Input, Residual
from backlit.training import Network
from nn.nets import ByHand, observed, random_network, random_rows
from tolerance import assert_close


def prepared(layers, features=3, **more) -> Network:
    net = Network(layers)
    net.prepare(features, **more)
    return net


def shapes_of(net: Network) -> dict[str, tuple[int, ...]]:
    return {key: value.shape for key, value in net.weights().items()}


# --- shapes ---------------------------------------------------------------------------------------------------


def test_the_number_of_inputs_is_inferred_from_the_data():
    net = Network([Dense(4, "relu"), Dense(2)])
    assert net.features == []
    net.fit(np.zeros((5, 7)), np.zeros((5, 2)), epochs=1)
    assert net.features == [7]
    assert shapes_of(net) == {"0.weight": (4, 7), "0.bias": (4,), "2.weight": (2, 4), "2.bias": (2,)}


def test_an_input_layer_states_the_number_of_inputs():
    net = Network([Input(7), Dense(2)])
    assert net.features == [7]
    net.prepare(7)
    assert shapes_of(net) == {"0.weight": (2, 7), "0.bias": (2,)}


def test_a_network_of_links_infers_the_widths_of_branches():
    a, b = Input(3)(), Input(2)()
    left, right = Dense(4, "relu")(a), Dense(6)(b)
    net = Network([a, b], Dense(1)(Concatenate()(left, right, b)))
    net.prepare([3, 2])
    assert net["dense3.weight"].shape == (1, 4 + 6 + 2)
    assert net.size == 3 * 4 + 4 + 2 * 6 + 6 + 12 + 1


def test_without_bias_there_is_no_bias():
    net = prepared([Dense(4, "tanh", bias=False), Dense(2, bias=False)])
    assert net.weights().keys() == {"0.weight", "2.weight"}
    u = np.ones((1, 3)) @ net["0.weight"].T
    np.testing.assert_allclose(net.predict(np.ones((1, 3))), np.tanh(u) @ net["2.weight"].T, rtol=1e-6)


@pytest.mark.parametrize("seed", range(8))
def test_the_outputs_of_random_networks_are_those_computed_by_hand(seed):
    rng = np.random.default_rng(seed)
    net = random_network(rng, classes=True)
    for name, value in net.values.items():
        if name.endswith(("running_mean", "running_var")):
            value[:] = rng.uniform(0.5, 2.0, value.shape)
    rows = random_rows(net, 5, True, rng)
    net.loss = "cross_entropy"
    last = ByHand(net, rows, "cross_entropy", training=False).seen[f"{net.last.name}.o"]
    given = [rows[link.layer.name] for link in net.inputs]
    assert_close(net.predict(given if len(given) > 1 else given[0]), last, "float64", "graph")


def test_dropout_does_nothing_when_it_predicts_and_something_when_it_trains(rng):
    net = prepared([Dense(50), Dropout(0.5), Dense(1)], dtype=np.float64)
    x = rng.normal(size=(6, 3))
    plain = Network([Dense(50), Dense(1)])
    plain.prepare(3, dtype=np.float64)
    for name in plain.values:
        plain.values[name] = net.values[name]
    np.testing.assert_array_equal(net.predict(x), plain.predict(x))
    rows = {"x": x, "t": np.zeros((6, 1))}
    seen, _ = observed(net, rows, "squared_error")
    dropped = seen["dropout1.o"] == 0
    assert 0.3 < dropped.mean() < 0.7
    np.testing.assert_allclose(seen["dropout1.o"][~dropped], 2 * seen["dense1.o"][~dropped])


def test_residual_adds_what_goes_in(rng):
    net = prepared([Residual(Dense(3, "relu")), Dense(1)], dtype=np.float64)
    x = rng.normal(size=(4, 3))
    inside = np.maximum(x @ net["dense1.weight"].T + net["dense1.bias"], 0)
    np.testing.assert_allclose(net.predict(x), (x + inside) @ net["dense2.weight"].T + net["dense2.bias"])


# --- names ----------------------------------------------------------------------------------------------------


def test_layers_get_names_by_kind_in_order():
    net = prepared([Dense(4, "relu"), Dropout(0.1), Residual(Dense(4), Activation("tanh")), Dense(2)])
    assert [layer.name for layer in net.layers()] == [
        "x", "dense1", "dropout1", "residual1", "dense2", "activation1", "dense3",
    ]  # fmt: skip


def test_a_given_name_is_kept_and_not_given_again():
    net = prepared([Dense(4, name="dense2"), Dense(4), Dense(4)])
    assert [layer.name for layer in net.layers()] == ["x", "dense2", "dense1", "dense3"]


def test_several_inputs_are_numbered():
    a, b = Input(3)(), Input(2)()
    net = Network([a, b], Dense(1)(Concatenate()(a, b)))
    assert [link.layer.name for link in net.inputs] == ["x1", "x2"]
    assert net.features == [3, 2]


def test_a_shared_layer_has_one_set_of_parameters(rng):
    a, b = Input(3)(), Input(3)()
    tower = Dense(4, "tanh")
    net = Network([a, b], Dense(1)(Concatenate()(tower(a), tower(b))))
    net.prepare([3, 3], dtype=np.float64)
    assert net.values.keys() == {"dense1.weight", "dense1.bias", "dense2.weight", "dense2.bias"}
    x = rng.normal(size=(5, 3))
    both = net.predict([x, x])
    half = np.tanh(x @ net["dense1.weight"].T + net["dense1.bias"])
    known = np.concatenate([half, half], axis=1) @ net["dense2.weight"].T + net["dense2.bias"]
    np.testing.assert_allclose(both, known)


# --- frozen ---------------------------------------------------------------------------------------------------


def moved(net: Network, rng, **settings) -> dict[str, bool]:
    before = net.weights()
    net.fit(rng.normal(size=(20, 3)), rng.normal(size=(20, 2)), epochs=3, learning_rate=0.1, **settings)
    return {key: not np.array_equal(value, before[key]) for key, value in net.weights().items()}


@pytest.mark.parametrize("optimizer", ["gradient_descent", "sgd", "momentum", "adam", "adamw"])
def test_frozen_parameters_stay_put_to_the_bit_and_the_others_move(optimizer, rng):
    net = prepared(
        [Dense(4, "tanh"), Dense(5, "tanh", trainable=False), Dense(4, "tanh", trainable_bias=False), Dense(2)]
    )
    assert moved(net, rng, optimizer=optimizer) == {
        "0.weight": True, "0.bias": True, "2.weight": False, "2.bias": False,
        "4.weight": True, "4.bias": False, "6.weight": True, "6.bias": True,
    }  # fmt: skip


def test_a_network_that_is_frozen_as_a_whole_can_be_judged_and_does_not_move(rng):
    net = prepared([Dense(4, "tanh", trainable=False), Dense(2, trainable=False)])
    assert not any(moved(net, rng).values())


def test_thawed_layers_move_again(rng):
    net = prepared([Dense(4, "tanh", trainable=False), Dense(2)])
    assert moved(net, rng)["0.weight"] is False
    net.chain[0].trainable = True
    assert moved(net, rng)["0.weight"] is True


# --- as data --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(12))
def test_a_structure_comes_back_from_plain_data(seed):
    rng = np.random.default_rng(seed)
    net = random_network(rng, classes=bool(seed % 2))
    data = json.loads(json.dumps(net.describe()))
    other = Network(*Network.links_of(data))
    assert other.describe() == net.describe()
    other.prepare(other.features, dtype=np.float64)
    assert {n: v.shape for n, v in other.values.items()} == {n: v.shape for n, v in net.values.items()}
    other.values = net.values
    rows = [rng.normal(size=(3, n)) for n in net.features]
    given = rows if len(rows) > 1 else rows[0]
    np.testing.assert_array_equal(other.predict(given), net.predict(given))


def test_every_setting_of_every_layer_is_described_and_revived():
    layers = [
        Dense(3, "u^2", bias=False, weights=("normal", 0.1), name="first"),
        Dense(4, biases="uniform", trainable=False, weights=0.5),
        Residual(Dense(4, trainable_bias=False), Dropout(0.25), Activation("leaky_relu")),
        Dense(2, "softmax", weights="lecun"),
    ]
    net = prepared(layers)
    again = Network(*Network.links_of(json.loads(json.dumps(net.describe()))))
    for one, other in zip(net.layers(), again.layers(), strict=True):
        assert (type(one), one.name, one.settings()) == (type(other), other.name, other.settings())
        if isinstance(one, Dense):
            assert [one.trains("weight"), one.trains("bias")] == [other.trains("weight"), other.trains("bias")]


def test_a_chain_of_a_thousand_layers_needs_no_recursion():
    link = first = Input(2)()
    for _ in range(1000):
        link = Dense(2, bias=False)(link)
    net = Network(first, link)
    net.prepare(2)
    again = Network(*Network.links_of(net.describe()))
    assert len(again.links) == 1001

"""What is no layer and no network is refused where it is described, with a code."""

from __future__ import annotations

import numpy as np
import pytest

from backlit.errors import BacklitError, GraphError, ParameterError, ShapeError
from backlit.nn import Activation, Add, Concatenate, Dense, Dropout, Input, Residual
from backlit.training import Network

X, T = np.zeros((4, 3)), np.array([0, 1, 1, 0])


def code_of(describe) -> str:
    with pytest.raises(BacklitError) as caught:
        describe()
    return caught.value.code


def linked(build) -> Network:
    x = Input(3)()
    return Network(x, build(x))


@pytest.mark.parametrize("make", [lambda f: Dense(3, f), Activation])
def test_an_unknown_activation_is_told_with_the_nearest(make):
    with pytest.raises(ParameterError) as caught:
        make("rleu")
    assert caught.value.code == "BL301"
    assert "relu" in caught.value.values["nearest"]


@pytest.mark.parametrize("given", [np.tanh, 7, ["relu"], "squared_error"])
def test_an_activation_is_a_name_or_a_formula_and_nothing_else(given):
    assert code_of(lambda: Dense(3, given)) == "BL301"


@pytest.mark.parametrize("given", [0, -1, 2.0, "3", True, None])
def test_the_number_of_units_is_a_whole_number_from_one_on(given):
    assert code_of(lambda: Dense(given)) == "BL305"
    assert code_of(lambda: Input(given)) == "BL305"


def test_a_whole_number_of_numpy_is_one_too():
    assert Dense(np.int64(3)).settings() == {"units": 3}
    assert type(Dense(np.int32(3)).units) is int


@pytest.mark.parametrize("rate", [-0.1, 1, 1.5, float("nan"), "half", True])
def test_the_rate_of_dropout_is_below_one(rate):
    assert code_of(lambda: Dropout(rate)) == "BL305"


@pytest.mark.parametrize(
    "build",
    [
        lambda: Network([]),
        lambda: Network("dense"),
        lambda: Network(5),
        lambda: Network([Dense(3), "relu"]),
        lambda: Network([Dense]),
        lambda: Network(Dense(3)(Input(3)())),
        lambda: Network([Input(3)], Dense(3)(Input(3)())),
        lambda: Network(Input(3)(), Dense(3)),
        lambda: Network([], Dense(3)(Input(3)())),
        lambda: linked(lambda x: Network(Dense(2)(x), Dense(3)(x))),
        lambda: Residual(),
        lambda: Residual(Input(3)),
        lambda: Residual(Dense(3), Add()),
        lambda: Residual(7),
    ],
)
def test_what_is_no_list_of_layers_and_no_links_is_no_network(build):
    with pytest.raises(GraphError) as caught:
        build()
    assert caught.value.code == "BL701"


@pytest.mark.parametrize(
    "build",
    [
        lambda: Network([Dense(3), Input(3)]).prepare(3),
        lambda: Network([Dense(3), Add()]).prepare(3),
        lambda: Dense(3)(Dense(3)),
        lambda: Dense(3)(X),
        lambda: Dense(3)(Input(3)(), Input(3)()),
        lambda: Concatenate()(Input(3)()),
        lambda: Input(3)(Input(3)()),
    ],
)
def test_a_layer_wants_its_number_of_links(build):
    with pytest.raises(GraphError) as caught:
        build()
    assert caught.value.code == "BL706"


def test_a_name_is_given_once():
    assert code_of(lambda: Network([Dense(3, name="a"), Dense(3, name="a")]).prepare(3)) == "BL703"
    x = Input(3)()
    assert code_of(lambda: Network([x, x], Dense(1)(x))) == "BL703"


def test_a_network_that_reads_an_input_it_does_not_list_is_refused():
    a, b = Input(3)(), Input(2)()
    with pytest.raises(GraphError) as caught:
        Network([a], Dense(3)(Concatenate()(a, b)))
    assert caught.value.code == "BL708"


@pytest.mark.parametrize("use", [
    lambda net: net.predict(X),
    lambda net: net.save("never.safetensors"),
    lambda net: net.build(),
    lambda net: net.summary(),
])  # fmt: skip
def test_a_network_without_shapes_cannot_be_used_yet(use):
    assert code_of(lambda: use(Network([Dense(3)]))) == "BL707"


@pytest.mark.parametrize(
    "build",
    [
        lambda x: Add()(Dense(2)(x), Dense(3)(x)),
        lambda x: Add()(Dense(1)(x), Dense(3)(x)),
        lambda x: Add()(Dense(3)(x), Dense(3)(x), Dense(1)(x)),
        lambda x: Residual(Dense(2))(x),
        lambda x: Residual(Dense(1))(x),
        lambda x: (lambda shared: shared(shared(x)))(Dense(4)),
    ],
)
def test_widths_that_do_not_fit_are_told_and_nothing_is_repeated_silently(build):
    with pytest.raises(ShapeError) as caught:
        linked(build).prepare(3)
    assert caught.value.code == "BL101"


@pytest.mark.parametrize(
    ("use", "code"),
    [
        (lambda net: net.prepare(4), "BL102"),
        (lambda net: net.predict(np.zeros((2, 4))), "BL102"),
        (lambda net: net.fit(np.zeros((4, 4)), T), "BL102"),
        (lambda net: net.fit([X, X], T), "BL212"),
        (lambda net: net.fit(X, T, validation=(np.zeros((2, 50)), T[:2])), "BL102"),
        (lambda net: net.fit(X, np.zeros((4, 3))), "BL104"),
        (lambda net: net.fit(X, np.eye(2)[T], validation=(X, np.zeros((4, 9)))), "BL104"),
        (lambda net: net.evaluate(X, np.zeros((4, 3))), "BL104"),
        (lambda net: net.fit(np.full((4, 3), np.nan), T), "BL105"),
        (lambda net: net.fit(X, np.full((4, 2), np.inf)), "BL105"),
        (lambda net: net.fit(X, T + 1), "BL106"),
        (lambda net: net.fit(X, T - 1), "BL106"),
        (lambda net: net.evaluate(X, T + 1), "BL106"),
        (lambda net: net.fit(X, T[:3]), "BL213"),
        (lambda net: net.evaluate(X, T[:3]), "BL213"),
        (lambda net: net.fit(X, T.astype(str)), "BL212"),
        (lambda net: net.fit(X, T * 1.0), "BL212"),
        (lambda net: net.fit(X, [[1, 0], [1]]), "BL212"),
        (lambda net: net.fit([[1, 2, 3], [1]], T), "BL212"),
        (lambda net: net.fit(X[0], T), "BL212"),
        (lambda net: net.fit(X[:0], T[:0]), "BL212"),
        (lambda net: net.fit(X + 1j, T), "BL212"),
        (lambda net: net.fit(X, T, validation=X), "BL212"),
    ],
)
def test_data_that_do_not_fit_the_network_are_told_before_anything_runs(use, code):
    net = Network([Dense(5, "relu"), Dense(2, "softmax")])
    net.prepare(3)
    net.loss = "cross_entropy"
    before = net.weights()
    assert code_of(lambda: use(net)) == code
    for key, value in net.weights().items():
        np.testing.assert_array_equal(value, before[key])


def test_after_a_first_call_with_wrong_data_the_network_is_as_it_was():
    net = Network([Dense(5, "relu"), Dense(2, "softmax")])
    assert code_of(lambda: net.fit(np.zeros((4, 7)), T + 1, seed=9)) == "BL106"
    assert not net.values
    net.fit(X, T, seed=1, epochs=1)
    assert net.features == [3]

"""Initial weights: every rule has the statistics it promises, and the default follows the activation."""

from __future__ import annotations

import numpy as np
import pytest

from backlit.errors import ParameterError
from backlit.nn import Dense, constant, he, lecun, normal, uniform, xavier, zeros
from backlit.nn.initial import initializer
from backlit.training import Network

IN, OUT = 300, 200

# name: what is given, standard deviation, largest |w| (None: normal)
RULES = {
    "xavier": (xavier(), np.sqrt(2 / (IN + OUT)), np.sqrt(6 / (IN + OUT))),
    "he": (he(), np.sqrt(2 / IN), None),
    "lecun": (lecun(), np.sqrt(1 / IN), None),
    "uniform": (uniform(0.3), 0.3 / np.sqrt(3), 0.3),
    "uniform by default": ("uniform", 0.05 / np.sqrt(3), 0.05),
    "normal": (normal(0.2), 0.2, None),
    "normal by default": ("normal", 0.05, None),
}


def weights(given, activation=None, seed=0, units=OUT) -> np.ndarray:
    net = Network([Dense(units, activation, weights=given)])
    net.prepare(IN, seed=seed, dtype=np.float64)
    return net["dense1.weight"]


@pytest.mark.parametrize("name", RULES)
def test_the_weights_have_the_stated_mean_spread_and_bounds(name):
    given, std, limit = RULES[name]
    w = weights(given)
    n = w.size
    assert abs(w.mean()) < 4 * std / np.sqrt(n)
    # var(s²) = (κ - 1) σ⁴ / n with κ = 3 for the normal, 9/5 for the uniform distribution
    spread = np.sqrt((3 if limit is None else 1.8) - 1) / np.sqrt(n)
    assert abs(w.var() / std**2 - 1) < 4 * spread
    fourth = np.mean(w**4) / std**4
    if limit is None:
        assert abs(w).max() > 3.5 * std
        assert fourth == pytest.approx(3, rel=0.1)
    else:
        assert 0.999 * limit < abs(w).max() <= limit
        assert fourth == pytest.approx(1.8, rel=0.05)


def test_zeros_and_constants_are_exact():
    assert (weights(zeros()) == 0).all()
    assert (weights(constant(-0.25)) == -0.25).all()
    assert (weights(0.5) == 0.5).all()


@pytest.mark.parametrize(
    ("activation", "name"),
    [("relu", "he"), ("leaky_relu", "he"), ("tanh", "xavier"), ("sigmoid", "xavier"), (None, "xavier"),
     ("softmax", "xavier"), ("u / (1 + abs(u))", "xavier")],
)  # fmt: skip
def test_the_default_follows_the_activation(activation, name):
    np.testing.assert_array_equal(weights(None, activation), weights(name, activation))
    assert not np.array_equal(weights(None, activation), weights("lecun", activation))


def test_biases_start_at_zero_or_as_asked():
    net = Network([Dense(4), Dense(3, biases=0.1), Dense(500, biases=("normal", 2.0))])
    net.prepare(2)
    assert (net["0.bias"] == 0).all()
    assert (net["1.bias"] == np.float32(0.1)).all()
    assert 1.8 < net["2.bias"].std() < 2.2


def test_the_same_seed_draws_the_same_weights_and_another_one_others():
    np.testing.assert_array_equal(weights("he", seed=5), weights("he", seed=5))
    assert not np.array_equal(weights("he", seed=5), weights("he", seed=6))


def test_layers_of_one_shape_draw_different_weights():
    net = Network([Dense(5), Dense(5), Dense(5)])
    net.prepare(5)
    assert not np.array_equal(net["0.weight"], net["1.weight"])
    assert not np.array_equal(net["1.weight"], net["2.weight"])


def test_a_layer_more_at_the_end_leaves_the_others_their_numbers():
    short, long = Network([Dense(5), Dense(4)]), Network([Dense(5), Dense(4), Dense(3)])
    for net in (short, long):
        net.prepare(6, seed=3)
    for key in short.weights():
        np.testing.assert_array_equal(short[key], long[key])


def test_float32_and_float64_begin_with_the_same_numbers():
    nets = [Network([Dense(5, "relu"), Dense(2)]) for _ in range(2)]
    for net, dtype in zip(nets, ("float32", "float64"), strict=True):
        net.prepare(4, dtype=dtype)
        assert {str(v.dtype) for v in net.values.values()} == {dtype}
    for key, value in nets[1].weights().items():
        np.testing.assert_array_equal(nets[0][key], value.astype(np.float32))


def test_an_initializer_is_itself_a_name_a_pair_or_a_number():
    assert initializer(he()) == initializer("he") == he()
    assert initializer(["normal", 0.01]) == initializer(("normal", 0.01)) == normal(0.01)
    assert initializer(2) == initializer(np.float32(2)) == constant(2.0)
    for one in (he(), normal(0.01), constant(3.0), uniform(), zeros()):
        assert initializer(one.spec()) == one


@pytest.mark.parametrize(
    ("given", "code"),
    [("hee", "BL306"), ([], "BL306"), (["normal"], "BL306"), (("he", 3), "BL306"), (print, "BL306"), ("", "BL306"),
     (("normal", "wide"), "BL305"), (("normal", -1), "BL305"), (("uniform", float("inf")), "BL305"),
     (float("nan"), "BL305")],
)  # fmt: skip
def test_what_is_no_initializer_is_told(given, code):
    with pytest.raises(ParameterError) as caught:
        Dense(3, weights=given)
    assert caught.value.code == code


def test_the_nearest_initializer_is_offered():
    with pytest.raises(ParameterError) as caught:
        Dense(3, weights="xaver")
    assert caught.value.values["nearest"] == "xavier"

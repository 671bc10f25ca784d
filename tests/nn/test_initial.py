"""Initial weights: every rule has the statistics it promises, and the default follows the activation."""

from __future__ import annotations

import numpy as np
import pytest

from backlit.errors import ParameterError
from backlit.nn import (
    APL,
    Dense,
    constant,
    gain,
    he,
    identity,
    lecun,
    normal,
    orthogonal,
    sparse,
    truncated_normal,
    uniform,
    xavier,
    zeros,
)  # fmt: skip
from backlit.nn.initial import _OTHERS, _RULES, initializer
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
    "xavier_normal": (xavier(distribution="normal"), np.sqrt(2 / (IN + OUT)), None),
    "xavier_uniform with a gain": (xavier(2.0), 2 * np.sqrt(2 / (IN + OUT)), 2 * np.sqrt(6 / (IN + OUT))),
    "he_uniform": (he(distribution="uniform"), np.sqrt(2 / IN), np.sqrt(6 / IN)),
    "he_normal with a gain": (he(1.5), 1.5 / np.sqrt(IN), None),
    "lecun_uniform": ("lecun_uniform", np.sqrt(1 / IN), np.sqrt(3 / IN)),
    "lecun_normal": (("lecun_normal", 0.5), 0.5 / np.sqrt(IN), None),
    "kaiming_normal": ("kaiming_normal", np.sqrt(2 / IN), None),
    "glorot_uniform": ("glorot_uniform", np.sqrt(2 / (IN + OUT)), np.sqrt(6 / (IN + OUT))),
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
    assert caught.value.values["nearest"].split(", ")[0] == "xavier"


# ---- truncated, orthogonal, sparse, identity ------------------------------------------------------------

# Bounds of five standard errors: with another seed a right rule would fail less than once in a million times.


def test_truncated_normal_numbers_have_the_truncated_distribution():
    special = pytest.importorskip("scipy.special")
    w = weights(truncated_normal(0.1)).reshape(-1) / 0.1
    assert abs(w).max() <= 2
    assert abs(w).max() > 1.99
    low, high = special.ndtr(-2), special.ndtr(2)
    known = (special.ndtr(np.sort(w)) - low) / (high - low)
    places = np.arange(w.size + 1) / w.size
    distance = max(np.max(known - places[:-1]), np.max(places[1:] - known))
    assert distance * np.sqrt(w.size) < 2.7  # Kolmogorov and Smirnov: above that with a chance of 9e-7
    variance = 1 - 4 * np.exp(-2) / np.sqrt(2 * np.pi) / (high - low)
    assert w.var() == pytest.approx(variance, abs=5 * np.sqrt(2 / w.size))
    assert weights("trunc_normal").std() == pytest.approx(0.05 * np.sqrt(variance), rel=0.02)


@pytest.mark.oracle
def test_truncated_normal_has_pytorchs_quantiles():
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    theirs = torch.nn.init.trunc_normal_(torch.empty(200_000, dtype=torch.float64)).numpy()
    ours = weights(truncated_normal(1.0), units=700).reshape(-1)
    for q in (0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99):
        # the standard error of a quantile is √(q (1 - q) / n) / density; the density is above 0.05 inside
        a, b = np.quantile(theirs, q), np.quantile(ours, q)
        density = np.exp(-0.5 * a * a) / np.sqrt(2 * np.pi)
        assert abs(a - b) < 5 * np.sqrt(q * (1 - q) * 2 / 200_000) / density


@pytest.mark.parametrize(("inputs", "units"), [(7, 7), (12, 5), (5, 12), (1, 4)])
def test_orthogonal_weights_turn_and_do_not_stretch(inputs, units):
    net = Network([Dense(units, weights=orthogonal(1.5))])
    net.prepare(inputs, dtype=np.float64)
    w = net["0.weight"]
    small = w @ w.T if units <= inputs else w.T @ w
    np.testing.assert_allclose(small, 1.5**2 * np.eye(len(small)), atol=1e-12)


def test_orthogonal_weights_have_no_favourite_direction():
    """Without the signs of R's diagonal, Q's first column would mostly point one way."""
    first = np.array([weights("orthogonal", seed=s, units=3)[0, 0] for s in range(400)])
    assert abs(np.sign(first).mean()) < 5 / np.sqrt(400)


def test_sparse_weights_leave_each_unit_its_share():
    w = weights(sparse(0.95))
    assert ((w == 0).sum(axis=1) == 285).all()  # of 300 inputs, for every unit
    left = w[w != 0]
    assert abs(left.std() / 0.01 - 1) < 5 / np.sqrt(2 * left.size)
    used = (w != 0).sum(axis=0)  # an input is used by 10 of 200 units, by chance
    assert abs(used.mean() - 10) < 1e-9
    assert used.max() < 10 + 6 * np.sqrt(10)


def test_the_identity_hands_on_what_it_gets(rng):
    net = Network([Dense(4, weights="eye"), Dense(6, weights=identity(2.0))])
    x = rng.normal(size=(3, 4)).astype(np.float32)
    net.prepare(4)
    np.testing.assert_allclose(net.predict(x), np.pad(2 * x, ((0, 0), (0, 2))), rtol=1e-6)


def test_names_of_other_libraries_are_the_same_rules():
    for name, own in _OTHERS.items():
        assert initializer(name).name == own
    assert initializer("ones") == constant(1.0)
    assert initializer("kaiming_uniform") == initializer("he_uniform") == he(distribution="uniform")
    assert [xavier(), he(), lecun()] == [initializer(n) for n in ("xavier", "he", "lecun")]


@pytest.mark.parametrize("name", sorted(_RULES))
def test_every_rule_draws_for_every_shape_the_same_from_the_same_seed(name):
    rule = initializer(name)
    for shape in ((5, 3), (3, 5), (1, 1), (4,)):
        one, other = (rule(shape[0], shape[-1], shape, np.random.default_rng(3)) for _ in range(2))
        assert one.shape == shape
        assert np.isfinite(one).all()
        np.testing.assert_array_equal(one, other)
    assert initializer(rule.spec()) == rule


@pytest.mark.parametrize(
    ("given", "value"), [(("sparse", 1.0), 1.0), (("sparse", -0.1), -0.1), (("orthogonal", -1), -1)]
)
def test_a_number_out_of_range_is_told(given, value):
    with pytest.raises(ParameterError) as caught:
        Dense(3, weights=given)
    assert (caught.value.code, caught.value.values["value"]) == ("BL305", value)


def test_the_hinges_of_apl_begin_in_different_places():
    net = Network([Dense(4), APL(3), Dense(1)])
    net.prepare(2)
    assert len(np.unique(net["apl1.b"])) == 12
    assert (net["apl1.a"] == 0).all()


# ---- gains ----------------------------------------------------------------------------------------------


@pytest.mark.oracle
def test_gains_are_pytorchs_where_pytorch_has_the_exact_one():
    init = pytest.importorskip("torch.nn.init")
    assert gain("relu") == pytest.approx(init.calculate_gain("relu"), rel=1e-7)
    assert gain("leaky_relu") == pytest.approx(init.calculate_gain("leaky_relu", 0.01), rel=1e-7)
    assert gain(None) == gain("identity") == init.calculate_gain("linear")
    assert gain("tanh") == pytest.approx(init.calculate_gain("tanh"), rel=0.05)  # 5/3 is rounded up


@pytest.mark.parametrize(
    ("activation", "depth"), [("relu", 10), ("tanh", 10), ("sigmoid", 10), ("u / (1 + abs(u))", 10), ("silu", 1)]
)
def test_with_its_gain_an_activation_keeps_the_size_of_signals(activation, depth, rng):
    """u has the variance gain² · E o² = 1; where f grows quicker than a line (silu) that is no rest, and one layer."""
    layers = [Dense(400, activation, weights=("lecun_normal", gain(activation))) for _ in range(depth - 1)]
    net = Network([Dense(400, activation, weights="orthogonal"), *layers])
    net.prepare(400, seed=1)
    o = net.predict(rng.normal(size=(50, 400)))
    # a layer of 400 units adds about a tenth of chance
    assert 0.3 < np.mean(o**2) * gain(activation) ** 2 < 3


def test_functions_without_a_size_have_the_gain_1():
    assert gain("softmax") == gain("u * 0") == 1.0

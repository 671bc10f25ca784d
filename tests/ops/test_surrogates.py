"""Step functions with a surrogate derivative: they answer as the step does, and learn as another function would."""

from __future__ import annotations

import numpy as np
import pytest

from backlit import Dense, Network
from backlit.ops import REGISTRY, Elementwise
from backlit.ops.activation.steps import step
from tolerance import same_bits

NAMES = [n for n, op in REGISTRY.items() if isinstance(op, Elementwise) and op.facts.surrogate]
U = np.concatenate([np.linspace(-4, 4, 401) + 1e-3, [np.nan, np.inf, -np.inf, 0.0, -0.0]])
SCALES = (0.5, 1.0, 4.0)


def slope(name: str, u: np.ndarray, **given: float) -> np.ndarray:
    op = REGISTRY[name].slope(0).op
    return op.compute([u] if op.inputs else [], {n: given.get(n, v) for n, v in op.defaults.items()})


def surrogates(name: str, u: np.ndarray, scale: float) -> np.ndarray:
    """The function whose derivative is taken, written out."""
    x = scale * u
    return {
        "identity": u,
        "sigmoid": 1 / (1 + np.exp(-x)),
        "triangle": np.where(x < 0, np.maximum(x + 1, 0) ** 2 / 2, 1 - np.maximum(1 - x, 0) ** 2 / 2),
    }[REGISTRY[name].facts.surrogate]


def test_there_are_three():
    assert sorted(NAMES) == ["step_identity", "step_sigmoid", "step_triangle"]


@pytest.mark.parametrize("name", NAMES)
def test_the_answer_is_that_of_the_step(name):
    assert same_bits(REGISTRY[name](U), step(U))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("scale", SCALES)
def test_the_derivative_is_that_of_the_named_function(name, scale):
    if "scale" not in REGISTRY[name].defaults and scale != 1.0:
        return  # the identity has none
    u, h = U[:401], 1e-6
    wanted = (surrogates(name, u + h, scale) - surrogates(name, u - h, scale)) / (2 * h)
    np.testing.assert_allclose(slope(name, u, scale=scale), wanted, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_nan_stays_and_far_away_there_is_no_slope_but_the_identitys(name):
    found = slope(name, U[401:404])
    assert np.isnan(found[0])
    if name == "step_identity":
        assert np.isnan(found[1:]).all()  # 0 · ∞: an infinite sum is evidence
    else:
        assert found[1:].tolist() == [0.0, 0.0]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("engine", ["compiled", "plain", "interpreter"])
def test_hidden_steps_learn_xor_with_a_surrogate_and_not_without(name, engine):
    x, t = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])
    epochs = 300 if engine == "compiled" else 3

    def trained(activation: str) -> tuple[np.ndarray, np.ndarray, Network]:
        net = Network([Dense(16, activation), Dense(2, "softmax")])
        net.prepare(2, seed=1)
        before = net["dense1.weight"].copy()
        net.fit(x, t, learning_rate=0.05, epochs=epochs, batch_size=4, seed=1, engine=engine)
        return before, net["dense1.weight"], net

    before, after, net = trained(name)
    assert not np.array_equal(before, after)
    if engine == "compiled":
        assert net.predict(x).argmax(axis=1).tolist() == [0, 1, 1, 0]
    before, after, _ = trained("step")
    assert same_bits(before, after)

"""A learning rate by the step probe: what it must be where the curvature is known, and that it trains."""

from __future__ import annotations

import numpy as np
import pytest

import backlit
from backlit import Dense, Network
from backlit.errors import ParameterError
from backlit.optim import OPTIMIZERS
from backlit.training.loop.probe import SHARE, find_rate, longest_step
from backlit.training.loop.settings import Settings

RNG = np.random.default_rng(1)
X, T = RNG.normal(size=(32, 3)), RNG.normal(size=(32, 1))


def found(optimizer: str, net: Network | None = None, x=X, t=T, **settings):
    net = net or Network([Dense(1, bias=False)])
    net.loss = "squared_error"
    net.connect(x.shape[1])
    net.prepare(net.features, seed=1, dtype="float64")
    given = {"batch_size": 32, "dtype": "float64", "loss": "squared_error"} | settings
    return net, find_rate(net, {"x": x, "t": t}, Settings.of(optimizer=optimizer, learning_rate="auto", **given))


def slope_and_curvature(net: Network) -> tuple[np.ndarray, np.ndarray]:
    h = 2 / len(X) * X.T @ X
    w = net["0.weight"][0]
    return h @ w - 2 / len(X) * X.T @ T[:, 0], h


@pytest.mark.parametrize(("optimizer", "reach"), [("sgd", 1.0), ("momentum", (1 - 0.9**30) / 0.1), ("adam", None)])
def test_on_a_bowl_the_rate_is_where_the_step_reaches_its_share_of_the_bottom(optimizer, reach):
    net, probe = found(optimizer)
    g, h = slope_and_curvature(net)
    step = np.sign(g) if reach is None else reach * g
    (bottom,) = probe.bottoms
    np.testing.assert_allclose(bottom, (g @ step) / (step @ h @ step), rtol=1e-6)
    np.testing.assert_allclose(probe.rate, SHARE * bottom, rtol=0.06)  # two digits
    assert probe.told()["upwards"] == 1


def test_a_loss_twice_as_large_wants_half_the_rate_of_sgd_and_the_same_of_adam():
    options = {"loss_options": {"half": True}}
    for name, factor in (("sgd", 2.0), ("adam", 1.0)):
        one, half = found(name)[1].bottoms[0], found(name, **options)[1].bottoms[0]
        np.testing.assert_allclose(half, factor * one, rtol=1e-5)


@pytest.mark.parametrize("name", [n for n in OPTIMIZERS if n not in ("lbfgs", "perceptron")])
def test_every_optimizer_gets_a_rate_with_which_it_learns(name):
    net = Network([Dense(8, "tanh"), Dense(1)])
    run = net.fit(X, T, optimizer=name, learning_rate="auto", epochs=30, seed=1)
    assert run.history[-1]["train_loss"] < run.history[0]["train_loss"]
    rate = run.settings.optimizer.learning_rate
    assert rate == run.facts["rate_probe"]["rate"] == run.facts["settings"]["learning_rate"]


def test_the_same_run_gets_the_same_rate_and_the_weights_stay_as_they_were():
    net, probe = found("adam", Network([Dense(4, "tanh"), Dense(1)]), batch_size=4)
    before = {n: v.copy() for n, v in net.values.items()}
    again = found("adam", net, batch_size=4)[1]
    assert again == probe
    assert len(probe.bottoms) == 8
    assert all(np.array_equal(before[n], v) for n, v in net.values.items())


def test_clipping_is_in_the_step_and_weight_decay_is_not():
    w, g = np.ones(2), np.array([3.0, 4.0])
    given = {"optimizer": "sgd", "learning_rate": "auto"}
    np.testing.assert_allclose(longest_step(Settings.of(**given, clip_norm=1.0), w, g), [-0.6, -0.8], rtol=1e-6)
    np.testing.assert_allclose(longest_step(Settings.of(**given, clip_value=1.0), w, g), [-1.0, -1.0])
    np.testing.assert_allclose(longest_step(Settings.of(**given, weight_decay=0.5), w, g), -g)


def test_without_a_slope_it_is_told():
    net = Network([Dense(4, "step"), Dense(1, weights="zeros", trainable=False)])
    with pytest.raises(ParameterError) as told:
        net.fit(X, T, learning_rate="auto")
    assert told.value.code == "BL346"


def test_it_is_known_to_train_and_to_the_run_file(tmp_path):
    run = backlit.train("iris", learning_rate="auto", progress="none", epochs=60, out=tmp_path)
    assert run.result["test"]["accuracy"] > 0.8
    assert '"rate_probe"' in (run.folder / "run.json").read_text()

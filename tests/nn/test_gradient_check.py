"""The public gradient check finds networks right that are, and catches a derivative that is not."""

from __future__ import annotations

import numpy as np
import pytest

import backlit
from backlit.nn import Dense, Dropout
from backlit.ops import REGISTRY
from backlit.ops.formula import Expr
from backlit.training import Network, gradient_check
from nn.nets import ELEMENTWISE, random_network, random_rows


def worst(net: Network, rows: dict, loss: str, **options) -> float:
    names = [link.layer.name for link in net.inputs]
    x = [rows[n] for n in names] if len(names) > 1 else rows[names[0]]
    checks = gradient_check(net, x, rows["t"], loss=loss, **options)
    # a bias in front of a batch normalisation has no effect: both sides are 0 but for rounding
    return max((c.worst for c in checks if max(abs(c.backpropagated), abs(c.measured)) > 1e-9), default=0.0)


@pytest.mark.parametrize("loss", ["squared_error", "cross_entropy"])
@pytest.mark.parametrize("seed", range(12))
def test_right_networks_pass(seed, loss):
    rng = np.random.default_rng([seed, 7])
    net = random_network(rng, loss == "cross_entropy")
    assert worst(net, random_rows(net, 4, loss == "cross_entropy", rng), loss, most=30) < 1e-6


@pytest.mark.parametrize("options", [{}, {"half": True}, {"reduction": "sum"}, {"half": True, "reduction": "rows"}])
def test_every_form_of_the_loss_passes(options, rng):
    net = Network([Dense(4, "tanh"), Dense(2)])
    rows = {"x": rng.normal(size=(5, 3)), "t": rng.normal(size=(5, 2))}
    net.prepare(3)
    assert worst(net, rows, "squared_error", **options) < 1e-6


def test_it_looks_at_every_trained_parameter_and_at_no_frozen_one(rng):
    net = Network([Dense(4, "tanh", trainable=False), Dense(3, "tanh"), Dense(2, trainable_bias=False)])
    checks = backlit.gradient_check(net, rng.normal(size=(3, 2)), rng.normal(size=(3, 2)))
    assert [c.name for c in checks] == ["dense2.weight", "dense2.bias", "dense3.weight"]
    assert [c.checked for c in checks] == [12, 3, 6]


def test_dropout_draws_the_same_mask_on_both_sides(rng):
    net = Network([Dense(20, "tanh"), Dropout(0.5), Dense(2)])
    checks = gradient_check(net, rng.normal(size=(3, 2)), rng.normal(size=(3, 2)))
    assert max(c.worst for c in checks) < 1e-6
    assert np.mean([c.backpropagated == 0 for c in checks]) < 1


def test_the_network_is_left_as_it_was(rng):
    net = Network([Dense(4, "relu"), Dense(2, "softmax")])
    net.prepare(3, seed=5)
    before = net.weights()
    gradient_check(net, rng.normal(size=(3, 3)), [0, 1, 1])
    for key, value in net.weights().items():
        np.testing.assert_array_equal(value, before[key])


def plant(monkeypatch, name: str, by: float) -> None:
    """The derivative of an elementwise operation, wrong by a factor."""
    op = REGISTRY[name]
    right: Expr = op.slope(0).op.formula
    slope = op.slope(0)
    wrong = type(slope.op)(f"{name}″", slope.op.inputs, slope.op.defaults, right * by, slope.op.facts)
    monkeypatch.setitem(vars(op), "_slopes", (type(slope)(wrong, slope.reads),))


@pytest.mark.parametrize("name", [n for n in ELEMENTWISE if n in REGISTRY])
def test_a_derivative_that_is_wrong_by_a_thousandth_is_caught(name, monkeypatch, rng):
    net = Network([Dense(5, name), Dense(2, "softmax")])
    x, t = rng.normal(size=(6, 3)), rng.integers(0, 2, 6)
    assert max(c.worst for c in gradient_check(net, x, t)) < 1e-6
    plant(monkeypatch, name, 1.001)
    checks = {c.name: c for c in gradient_check(net, x, t)}
    assert checks["dense1.weight"].worst > 5e-4
    assert checks["dense1.weight"].backpropagated == pytest.approx(1.001 * checks["dense1.weight"].measured, rel=1e-5)
    assert checks["dense2.weight"].worst < 1e-6  # nothing wrong on the way there


def test_a_wrong_structural_derivative_is_caught(monkeypatch, rng):
    affine = REGISTRY["affine"]
    right = affine.rule_vjp

    def wrong(g, y, x, w, b):
        to_x, to_w, to_b = right(g, y, x, w, b)
        return [to_x, to_w, REGISTRY["mul"](to_b, 2.0)]

    monkeypatch.setattr(affine, "rule_vjp", wrong)
    checks = {c.name: c.worst for c in gradient_check(Network([Dense(2)]), rng.normal(size=(3, 4)), np.ones((3, 2)))}
    assert checks["dense1.bias"] > 0.4
    assert checks["dense1.weight"] < 1e-6

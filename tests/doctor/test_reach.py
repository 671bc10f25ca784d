"""The ranges of activation functions in a row: no value lies outside, and the ends are reached."""

from __future__ import annotations

import numpy as np
import pytest

from backlit import Activation, Dense, Network
from backlit.doctor.reach import reach

WIDE = np.concatenate([np.linspace(-40, 40, 4001), [-1e4, 1e4]])[:, None]
ROW = ("relu", "sigmoid", "tanh", "softplus", "silu", "gelu", "elu", "leaky_relu")


def of(*functions: str):
    net = Network([Dense(1, weights=1.0), *map(Activation, functions)])
    net.prepare(1)
    return net, reach(net.build().output)


@pytest.mark.parametrize("inner", ROW)
@pytest.mark.parametrize("outer", ROW)
def test_no_value_lies_outside(inner, outer):
    net, (low, high) = of(inner, outer)
    out = np.asarray(net._predictor("output")([WIDE]), np.float64)
    slack = 1e-5 * max(1.0, float(np.abs(out).max()))  # of float32
    assert out.min() >= low - slack
    assert out.max() <= high + slack


def test_the_ends_are_those_of_the_second_function_over_the_first_one_s_range():
    assert of("relu", "sigmoid")[1] == (0.5, 1.0)
    assert of("sigmoid", "sigmoid")[1] == pytest.approx((0.5, 0.7310585786300049))
    assert of("tanh", "relu")[1] == pytest.approx((0.0, 1.0))


def test_a_function_that_falls_far_away_is_not_taken_for_one_that_rises():
    low, _ = of("relu", "30 - abs(u - 400)")[1]
    assert low < -1000


@pytest.mark.parametrize("classes", [2, 10])
def test_a_softmax_of_a_softmax_stays_between_shares_that_are_less_than_one(classes):
    net = Network([Dense(classes, "softmax"), Activation("softmax")])
    net.prepare(3)
    low, high = reach(net.build().output)
    assert high == pytest.approx(np.e / (np.e + classes - 1))
    assert low == pytest.approx(1 / (1 + (classes - 1) * np.e))

"""Optimizers by name, and what is told of settings that do not exist or do not fit."""

from __future__ import annotations

import numpy as np
import pytest

from backlit.errors import ParameterError
from backlit.optim import OPTIMIZERS, Optimizer, adam, adamw, gradient_descent, momentum, optimizer_named, sgd


def code_of(make) -> str:
    with pytest.raises(ParameterError) as caught:
        make()
    return caught.value.code


def test_the_defaults_are_stated():
    assert repr(gradient_descent()) == "gradient_descent(learning_rate=0.1)"
    assert repr(sgd()) == "sgd(learning_rate=0.01)"
    assert repr(momentum()) == "momentum(learning_rate=0.01, momentum=0.9)"
    assert repr(adam()) == "adam(learning_rate=0.001, beta1=0.9, beta2=0.999, eps=1e-08)"
    assert repr(adamw()) == "adamw(learning_rate=0.001, beta1=0.9, beta2=0.999, eps=1e-08, weight_decay=0.01)"


def test_only_gradient_descent_takes_the_full_batch():
    assert [name for name in OPTIMIZERS if optimizer_named(name).full_batch] == ["gradient_descent"]


def test_an_optimizer_is_a_name_or_itself():
    assert optimizer_named("adam", learning_rate=0.5) == adam(learning_rate=0.5)
    made = adam(learning_rate=0.5, beta1=0.8)
    assert optimizer_named(made) is made
    changed = optimizer_named(made, learning_rate=0.25)
    assert isinstance(changed, Optimizer)
    assert dict(changed.settings) == {"learning_rate": 0.25, "beta1": 0.8, "beta2": 0.999, "eps": 1e-8}


def test_an_unknown_optimizer_is_told_with_the_nearest():
    with pytest.raises(ParameterError) as caught:
        optimizer_named("adma")
    assert caught.value.code == "BL303"
    assert caught.value.values["nearest"] == "adam, adamw"
    assert code_of(lambda: optimizer_named(3)) == "BL303"
    assert code_of(lambda: optimizer_named(None)) == "BL303"


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_unknown_setting_is_told_with_the_nearest(name):
    with pytest.raises(ParameterError) as caught:
        optimizer_named(name, learningrate=0.1)
    assert caught.value.code == "BL304"
    assert "learning_rate" in caught.value.values["nearest"]
    assert code_of(lambda: optimizer_named(name, k=3)) == "BL304"


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("rate", [0, -0.1, float("inf"), float("nan"), "fast", None, [0.1]])
def test_the_learning_rate_is_a_positive_finite_number(name, rate):
    assert code_of(lambda: optimizer_named(name, learning_rate=rate)) == "BL305"


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("momentum", {"momentum": 1.5}),
        ("momentum", {"momentum": -0.1}),
        ("adam", {"beta1": 1.1}),
        ("adam", {"beta1": 1}),
        ("adam", {"beta2": 1.0}),
        ("adam", {"eps": float("inf")}),
        ("adam", {"beta2": -1}),
        ("adam", {"eps": -1e-8}),
        ("adam", {"eps": "small"}),
    ],
)
def test_a_setting_outside_its_range_is_told(name, settings):
    assert code_of(lambda: optimizer_named(name, **settings)) == "BL305"


@pytest.mark.parametrize("rate", [1e-12, 1, 1e30, np.float32(0.5), np.float64(0.25), np.int64(2)])
def test_any_positive_number_is_a_rate(rate):
    assert optimizer_named("sgd", learning_rate=rate).learning_rate == float(rate)

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


def test_gradient_descent_and_lbfgs_take_the_full_batch():
    assert {name for name in OPTIMIZERS if optimizer_named(name).full_batch} == {"gradient_descent", "lbfgs"}


def test_an_optimizer_is_a_name_or_itself():
    assert optimizer_named("adam", learning_rate=0.5) == adam(learning_rate=0.5)
    made = adam(learning_rate=0.5, beta1=0.8)
    assert optimizer_named(made) is made
    changed = optimizer_named(made, learning_rate=0.25)
    assert isinstance(changed, Optimizer)
    assert dict(changed.settings) == {
        "learning_rate": 0.25, "beta1": 0.8, "beta2": 0.999, "eps": 1e-8, "weight_decay": 0.0, "amsgrad": 0.0,
    }  # fmt: skip


def test_an_unknown_optimizer_is_told_with_the_nearest():
    with pytest.raises(ParameterError) as caught:
        optimizer_named("adma")
    assert caught.value.code == "BL303"
    assert caught.value.values["nearest"] == "adam, radam, nadam"
    assert code_of(lambda: optimizer_named(3)) == "BL303"
    assert code_of(lambda: optimizer_named(None)) == "BL303"


WITH_RATE = [name for name in OPTIMIZERS if name != "lbfgs"]


@pytest.mark.parametrize("name", WITH_RATE)
def test_an_unknown_setting_is_told_with_the_nearest(name):
    with pytest.raises(ParameterError) as caught:
        optimizer_named(name, learningrate=0.1)
    assert caught.value.code == "BL304"
    assert "learning_rate" in caught.value.values["nearest"]
    assert code_of(lambda: optimizer_named(name, k=3)) == "BL304"


@pytest.mark.parametrize("name", WITH_RATE)
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
        ("adam", {"eps": 0}),
        ("adam", {"weight_decay": -1}),
        ("adam", {"weight_decay": True}),
        ("adagrad", {"lr_decay": -1}),
        ("adadelta", {"rho": 1.5}),
        ("rmsprop", {"alpha": -0.1}),
        ("nadam", {"momentum_decay": -1}),
        ("lbfgs", {"memory": 0}),
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


def test_a_text_may_hold_settings_and_the_text_of_an_optimizer_makes_it_again():
    for name, make in OPTIMIZERS.items():
        assert optimizer_named(repr(make())) == make(), name
    made = optimizer_named(" momentum ( momentum = 0.5 , learning_rate=1e-3 ) ", weight_decay=0.25)
    assert repr(made) == "momentum(learning_rate=0.001, momentum=0.5, weight_decay=0.25)"
    assert optimizer_named(repr(adam(learning_rate=0.1 + 0.2))).learning_rate == 0.1 + 0.2
    assert optimizer_named("adam()") == adam()


@pytest.mark.parametrize(
    "text", ["adam(0.1)", "adam(beta1)", "adam(beta1=)", "adam(beta1=0,9)", "adam(beta1=0.9", "adam beta1=0.9",
             "adam(beta1=0.9, beta1=0.8)", "adam(beta1=__import__('os'))", "adam(beta1=0.9,)"],
)  # fmt: skip
def test_a_text_that_cannot_be_read_is_told(text):
    assert code_of(lambda: optimizer_named(text)) == "BL341"


def test_a_setting_of_other_optimizers_is_told_with_those_that_have_it():
    with pytest.raises(ParameterError) as caught:
        optimizer_named("sgd", momentum=0.9)
    assert (caught.value.code, caught.value.values["known"]) == ("BL340", "rmsprop, momentum, nesterov")
    assert code_of(lambda: optimizer_named("lbfgs", learning_rate=0.1)) == "BL340"
    assert code_of(lambda: optimizer_named("perceptron", weight_decay=0.1)) == "BL340"


@pytest.mark.parametrize("on", ["adam(amsgrad=1)", "adam(amsgrad=true)", "adam(amsgrad=True)"])
def test_a_switch_is_on_or_off(on):
    assert optimizer_named(on) == adam(amsgrad=True) != adam()
    assert optimizer_named("adam", amsgrad=np.bool_(True)) == adam(amsgrad=True)
    assert repr(adam(amsgrad=False)) == repr(adam())
    assert optimizer_named(repr(adam(amsgrad=True))) == adam(amsgrad=True)


@pytest.mark.parametrize("value", [0.5, 2, -1, float("nan"), "yes", None])
def test_a_switch_has_no_size(value):
    with pytest.raises(ParameterError) as caught:
        adam(amsgrad=value)
    assert (caught.value.code, caught.value.values["name"]) == ("BL336", "amsgrad")

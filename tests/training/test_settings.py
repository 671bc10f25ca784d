"""The settings of a training: defaults, names and ranges, and what run.json tells of them."""

from __future__ import annotations

import numpy as np
import pytest

import backlit
from backlit.errors import BacklitError, ParameterError
from backlit.nn import Dense
from backlit.optim import adam
from backlit.training import Network
from backlit.training.loop.settings import MOST_EPOCHS, Settings

X, T = np.zeros((4, 3)), np.array([0, 1, 1, 0])


def fit(**settings):
    return Network([Dense(2, "softmax")]).fit(X, T, **{"epochs": 1, **settings})


def code_of(**settings) -> str:
    with pytest.raises(ParameterError) as caught:
        fit(**settings)
    return caught.value.code


def test_the_defaults_are_stated():
    assert Settings.of().told() == {
        "optimizer": "adam", "learning_rate": 0.001, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8,
            "amsgrad": 0.0, "weight_decay": 0.0,
        "loss": "squared_error", "batch_size": 32, "epochs": 100, "patience": 0, "seed": 0, "shuffle": True,
        "dtype": "float32", "engine": "compiled", "threads": 0,
    }  # fmt: skip


def test_what_is_told_is_what_was_asked_for():
    made = adam(learning_rate=0.5, beta1=0.8)
    told = fit(optimizer=made, batch_size=3, seed=7, loss_options={"reduction": "sum"}).facts["settings"]
    assert {"learning_rate": 0.5, "beta1": 0.8, "batch_size": 3, "seed": 7, "reduction": "sum"}.items() <= told.items()
    assert told["threads"] == 1  # how many there were, not how many were asked for


def test_the_loss_follows_the_last_layer():
    assert fit().facts["settings"]["loss"] == "cross_entropy"
    assert Network([Dense(1)]).fit(X, T * 1.0, epochs=1).facts["settings"]["loss"] == "squared_error"


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"loss": "mse"}, "BL302"),
        ({"loss": 3}, "BL302"),
        ({"optimizer": "adan"}, "BL303"),
        ({"optimizer": adam}, "BL303"),
        ({"lr": 0.1}, "BL304"),
        ({"epoch": 3}, "BL304"),
        ({"dtype": "float16"}, "BL304"),
        ({"engine": "jit"}, "BL304"),
        ({"loss_options": {"half": True}}, "BL304"),
        ({"loss_options": {"reduction": "average"}}, "BL304"),
        ({"learning_rate": -1}, "BL305"),
        ({"learning_rate": "quick"}, "BL305"),
        ({"batch_size": 0}, "BL305"),
        ({"batch_size": 2.5}, "BL305"),
        ({"epochs": 0}, "BL305"),
        ({"epochs": True}, "BL305"),
        ({"epochs": MOST_EPOCHS + 1}, "BL305"),
        ({"patience": -1}, "BL305"),
        ({"seed": -1}, "BL305"),
        ({"seed": 2**53 + 1}, "BL305"),
        ({"seed": None}, "BL305"),
        ({"threads": -1}, "BL305"),
        ({"threads": 3}, "BL305"),
    ],
)
def test_a_setting_that_does_not_exist_or_fit_is_told(settings, code):
    assert code_of(**settings) == code


def test_the_nearest_setting_is_offered():
    with pytest.raises(ParameterError) as caught:
        fit(batchsize=3)
    assert "batch_size" in caught.value.values["nearest"]
    with pytest.raises(BacklitError) as told:
        backlit.train("iris", learning_rat=0.1, progress="none")
    assert told.value.code == "BL304"
    assert "learning_rate" in told.value.values["nearest"]


def test_whole_numbers_of_numpy_are_whole_numbers():
    told = fit(epochs=np.int64(2), batch_size=np.int32(3), seed=np.uint8(4)).facts["settings"]
    assert (told["epochs"], told["batch_size"], told["seed"]) == (2, 3, 4)
    assert {type(told[name]) for name in ("epochs", "batch_size", "seed")} == {int}


def test_a_learning_rate_goes_to_an_optimizer_that_was_made():
    told = fit(optimizer=adam(beta1=0.5), learning_rate=0.25).facts["settings"]
    assert (told["learning_rate"], told["beta1"]) == (0.25, 0.5)

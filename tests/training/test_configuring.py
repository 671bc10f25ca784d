"""What a run writes down of its arguments, and what comes back from it."""

from __future__ import annotations

import pytest

import backlit
from backlit.optim import optimizer_named
from backlit.training.runs.configuring import arguments, read_config

QUICK = {"epochs": 6, "hidden": [5], "baselines": False, "progress": "none"}


def bits(run) -> dict[str, bytes]:
    return {key: value.tobytes() for key, value in run.network.weights().items()}


def again(run, **more):
    """The training that the run's config.toml asks for."""
    return backlit.train(**arguments(read_config(run.folder / "config.toml")), **more, progress="none")


@pytest.mark.parametrize(
    ("asked", "planned"),
    [({"schedule": "cosine"}, True), ({"schedule": "plateau"}, True), ({"warm_up": 900.0}, True), ({}, False)],
)
def test_a_run_that_was_ended_holds_the_epochs_that_its_rates_follow_from(asked, planned, tmp_path):
    more = {**QUICK, "epochs": 100_000, "patience": 0, **asked}
    run = backlit.train("iris", **more, time_budget=0.02, out=tmp_path)
    assert run.result["stopped"] == "time"
    config = read_config(run.folder / "config.toml")
    assert config["epochs"] == (100_000 if planned else run.result["epochs"])
    repeated = again(run, time_budget=0.02)
    both = min(len(run.history), len(repeated.history))
    assert repeated.history[:both] == run.history[:both]


@pytest.mark.parametrize(
    "asked",
    [
        {"optimizer": "momentum(momentum=0.5)"},
        {"optimizer": "adam(beta1=0.5)"},
        {"optimizer": "adam(beta1=0.5)", "beta2": 0.9, "learning_rate": 0.01},
        {"optimizer": "momentum", "momentum": 0.25, "weight_decay": 0.125},
        {"optimizer": optimizer_named("adamw", learning_rate=0.02), "learning_rate": 0.03},
        {"optimizer": optimizer_named("rmsprop", alpha=1 / 3), "learning_rate": "auto"},
        {"optimizer": "lbfgs(memory=3)"},
        {"momentum_decay": 0.01, "optimizer": "nadam"},
    ],
    ids=str,
)
def test_an_optimizer_comes_back_with_all_its_settings(asked, tmp_path):
    run = backlit.train("iris", **QUICK, **asked, out=tmp_path)
    assert bits(again(run)) == bits(run)
    assert repr(again(run).settings.optimizer) == repr(run.settings.optimizer)

"""`backlit.train` on every set that has a name: what comes out, and that the promised figures are met."""

from __future__ import annotations

import numpy as np
import pytest

import backlit
from backlit.data import load, sources, split
from backlit.nn import Dense
from backlit.training.runs import defaults

# The least accuracy, or R² (diabetes), of a run with default settings and seed 0 on its test rows.
LEAST = {
    "blobs": 0.98, "breast_cancer": 0.93, "circles": 0.95, "diabetes": 0.4, "digits": 0.97, "iris": 0.9, "moons": 0.95,
    "spirals": 0.9, "wine": 0.93, "xor": 1.0,
}  # fmt: skip


def train(name, **given):
    return backlit.train(name, **{"progress": "none", "baselines": False, **given})


def test_the_table_of_figures_has_every_set():
    assert set(LEAST) == set(sources())


@pytest.mark.parametrize("name", LEAST)
def test_every_set_is_learned_with_default_settings(name):
    run, table = train(name, baselines=True), load(name)
    parts = split(table, test=defaults.TEST, validation=defaults.VALIDATION, seed=0)
    judged = run.result["test" if name != "xor" else "train"]
    assert judged["accuracy" if table.task == "classification" else "r2"] >= LEAST[name]
    assert run.facts["data"]["split"] == {
        "train": len(parts.train), "validation": len(parts.validation), "test": len(parts.test),
    }  # fmt: skip
    assert len(run.history) == run.result["epochs"]
    assert run.facts["baselines"].keys() == {"constant", "linear"}
    own, constant = judged["loss"], run.facts["baselines"]["constant"]["loss"]
    assert own < constant
    if table.task == "classification":
        counts = np.array(run.facts["confusion"]["counts"])
        assert counts.sum() == (len(parts.test) or table.rows)
        assert np.trace(counts) / counts.sum() == judged["accuracy"]
    else:
        d = np.subtract(run.facts["residuals"]["o"], run.facts["residuals"]["t"])
        assert np.sqrt(np.mean(d * d)) == pytest.approx(judged["rmse"])


def test_a_network_trained_by_name_takes_raw_rows_and_answers_in_the_targets_unit():
    run, table = train("diabetes", epochs=50), load("diabetes")
    o = run.network.predict(table.x)
    assert 100 < o.mean() < 200  # of 25 to 346
    judged = run.network.evaluate(table.x, table.t)
    assert judged["rmse"] < table.t.std()


def test_spirals_are_told_apart():
    """Mean over five seeds: other points, another split, other weights each time."""
    accuracies = [train("spirals", seed=seed).result["test"]["accuracy"] for seed in range(5)]
    assert np.mean(accuracies) >= 0.97


def test_a_linear_model_does_not_tell_spirals_apart():
    assert train("spirals", hidden=[]).result["test"]["accuracy"] < 0.8


def test_the_whole_network_can_be_given():
    run = train("iris", layers=[Dense(5, "tanh"), Dense(3, "softmax")], epochs=100, learning_rate=0.02)
    assert run.result["test"]["accuracy"] > 0.8
    assert run.describe()["parameters"] == 4 * 5 + 5 + 5 * 3 + 3


def test_nothing_is_held_out_when_nothing_is_asked_for():
    run = train("iris", test=0.0, validation=0.0, epochs=20)
    assert run.facts["data"]["split"] == {"train": 150, "validation": 0, "test": 0}
    assert run.result.keys() >= {"train"}
    assert "test" not in run.result
    assert run.result["epochs"] == 20


def test_the_preparation_is_fitted_on_training_rows_alone():
    """Rows that are held out may be anything: neither the preparation nor one weight changes."""
    table = load("wine")
    parts = split(table, test=defaults.TEST, validation=0.0, seed=0)
    x = table.x.copy()
    x[parts.test] *= 1000
    runs = [train((given, table.t), task="classification", epochs=20, validation=0.0) for given in (table.x, x)]
    for key, value in runs[0].network.weights().items():
        np.testing.assert_array_equal(value, runs[1].network[key])


@pytest.mark.parametrize("hidden", [[], [3], [8, 4]])
def test_widths_activation_and_dropout_can_be_chosen(hidden):
    run = train("iris", hidden=hidden, activation="tanh", dropout=0.1, epochs=5)
    dense = [layer for layer in run.network.layers() if isinstance(layer, Dense)]
    assert [layer.units for layer in dense] == [*hidden, 3]
    assert {layer.activation for layer in dense[:-1]} <= {"tanh"}


def test_one_hot_rows_can_be_learned_by_squared_error():
    run = train("iris", loss="squared_error", epochs=300, learning_rate=0.01)
    assert run.result["test"]["accuracy"] > 0.85

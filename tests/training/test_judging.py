"""Predictions, figures of merit and baselines, against their definitions and scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest

import backlit
from backlit.data import load, split
from backlit.nn import Dense
from backlit.training import Network
from backlit.training.rows import metrics
from backlit.training.runs import defaults


def trained(last: Dense, dtype: str = "float64") -> tuple[Network, np.ndarray]:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(700, 4))
    net = Network([Dense(6, "tanh"), last])
    t = rng.integers(0, last.units, 700) if last.activation else rng.normal(size=(700, last.units))
    net.fit(x, t, epochs=1, dtype=dtype)
    return net, x


def test_many_rows_are_predicted_in_batches_as_one_by_one():
    net, x = trained(Dense(3, "softmax"))
    whole = net.predict(x)
    assert whole.shape == (700, 3)
    for rows in (slice(0, 1), slice(0, 255), slice(100, 357), slice(0, 513), slice(699, 700)):
        np.testing.assert_allclose(net.predict(x[rows]), whole[rows], rtol=1e-13)


def test_predictions_are_those_of_the_weights_written_out():
    net, x = trained(Dense(3, "softmax"))
    u = np.tanh(x @ net["0.weight"].T + net["0.bias"]) @ net["2.weight"].T + net["2.bias"]
    known = np.exp(u) / np.exp(u).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(net.predict(x), known, rtol=1e-12)


def test_a_prediction_follows_weights_that_were_changed():
    net, x = trained(Dense(2))
    net.predict(x)
    net["2.weight"] = np.zeros((2, 6))
    net["2.bias"] = [1.0, 2.0]
    np.testing.assert_array_equal(net.predict(x[:3]), [[1, 2]] * 3)


def test_a_network_trained_on_logits_gives_shares():
    rng = np.random.default_rng(0)
    net = Network([Dense(3)])
    net.fit(rng.normal(size=(20, 2)), rng.integers(0, 3, 20), loss="cross_entropy", epochs=1)
    shares = net.predict(rng.normal(size=(5, 2)))
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-6)


def test_shares_are_judged_by_their_logarithm_and_the_largest_one():
    shares, t = np.array([[0.7, 0.2, 0.1], [0.3, 0.3, 0.4], [0.5, 0.4, 0.1]]), np.array([0, 2, 1])
    assert metrics.classes(shares, t) == {
        "loss": pytest.approx(-np.log([0.7, 0.4, 0.4]).mean()), "accuracy": pytest.approx(2 / 3),
    }  # fmt: skip
    assert metrics.confusion(shares, t, 3) == [[1, 0, 0], [1, 0, 0], [0, 0, 1]]


def test_class_numbers_and_one_hot_rows_are_judged_alike():
    net, x = trained(Dense(3, "softmax"))
    t = np.arange(700) % 3
    assert net.evaluate(x, t) == net.evaluate(x, np.eye(3)[t])


@pytest.mark.oracle
def test_the_figures_of_a_regression_are_scikit_learns(rng):
    sk = pytest.importorskip("sklearn.metrics")
    o, t = rng.normal(size=(30, 2)), rng.normal(size=(30, 2))
    found = metrics.numbers(o, t)
    assert found["r2"] == pytest.approx(sk.r2_score(t, o))
    assert found["mae"] == pytest.approx(sk.mean_absolute_error(t, o))
    assert found["loss"] == pytest.approx(sk.mean_squared_error(t, o)) == pytest.approx(found["rmse"] ** 2)


@pytest.mark.oracle
def test_the_linear_baseline_of_a_regression_is_least_squares():
    linear = pytest.importorskip("sklearn.linear_model").LinearRegression()
    table = load("diabetes")
    parts = split(table, test=defaults.TEST, validation=defaults.VALIDATION, seed=0)
    run = backlit.train("diabetes", epochs=1, progress="none")
    rows = np.concatenate([parts.train, parts.validation])
    linear.fit(table.x[rows], table.t[rows])
    told = run.facts["baselines"]
    assert told["linear"]["r2"] == pytest.approx(linear.score(table.x[parts.test], table.t[parts.test]), abs=1e-6)
    assert told["constant"]["mae"] == pytest.approx(np.abs(table.t[parts.test] - table.t[rows].mean()).mean())


@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer"])
def test_the_constant_baseline_answers_with_the_shares_of_the_classes(name):
    table = load(name)
    parts = split(table, test=defaults.TEST, validation=defaults.VALIDATION, seed=0)
    told = backlit.train(name, epochs=1, progress="none").facts["baselines"]
    rows = np.concatenate([parts.train, parts.validation])
    shares = np.bincount(table.t[rows]) / len(rows)
    assert told["constant"]["accuracy"] == np.mean(table.t[parts.test] == shares.argmax())
    assert told["constant"]["loss"] == pytest.approx(-np.log(shares[table.t[parts.test]]).mean())
    assert told["linear"]["accuracy"] > told["constant"]["accuracy"] + 0.2

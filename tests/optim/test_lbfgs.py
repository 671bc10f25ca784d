"""L-BFGS: SciPy's own course on the machine's numbers, and the manners of every other training."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

import backlit
from backlit import BatchNorm, Dense, Dropout, Network
from backlit.errors import ParameterError, TrainingError
from backlit.training.loop.full_batch import FullBatch

RNG = np.random.default_rng(2)
X = RNG.normal(size=(40, 3))
T = np.sin(X[:, :1]) + X[:, 1:2] * X[:, 2:]


def fit(net: Network, **given: Any) -> Any:
    return net.fit(X, T, **{"optimizer": "lbfgs", "epochs": 60, "dtype": "float64", "seed": 4} | given)


def test_a_linear_fit_is_that_of_least_squares():
    net = Network([Dense(1)])
    run = fit(net)
    best = np.linalg.lstsq(np.c_[X, np.ones(len(X))], T, rcond=None)[0]
    np.testing.assert_allclose(np.r_[net["0.weight"][0], net["0.bias"]], best[:, 0], atol=1e-5)
    assert run.result["stopped"] == "converged"
    assert run.result["epochs"] == len(run.history) < 60


@pytest.mark.parametrize("engine", ["compiled", "plain", "interpreter"])
def test_the_losses_are_those_of_scipy_on_the_same_function(engine):
    from scipy.optimize import minimize

    net = Network([Dense(4, "tanh"), Dense(1)])
    net.prepare(3, seed=4, dtype="float64")
    begin = np.concatenate([net["0.weight"].T.ravel(), net["0.bias"], net["2.weight"].ravel(), net["2.bias"]])

    def value(p):
        w, b, v, c = p[:12].reshape(3, 4), p[12:16], p[16:20], p[20]
        o = np.tanh(X @ w + b)
        d = 2 * (o @ v + c - T[:, 0]) / len(X)
        u = d[:, None] * v * (1 - o * o)
        return np.mean((o @ v + c - T[:, 0]) ** 2), np.r_[(X.T @ u).ravel(), u.sum(0), o.T @ d, d.sum()]

    expected: list[float] = []
    options = {"maxiter": 15, "maxcor": 10, "ftol": 1e-9, "gtol": 1e-6}

    def note(p):
        expected.append(value(p)[0])

    minimize(value, begin, jac=True, method="L-BFGS-B", options=options, callback=note)
    run = fit(net, epochs=15, engine=engine)
    assert run.result["stopped"] == "epochs"
    np.testing.assert_allclose([row["train_loss"] for row in run.history], expected, rtol=1e-6)


def test_the_best_weights_by_the_rows_held_out_are_kept_and_patience_counts():
    net = Network([Dense(30, "tanh"), Dense(1)])
    run = fit(net, validation=(X[:10] + 0.1, -T[:10]), patience=3, epochs=200)
    assert run.result["stopped"] == "early"
    losses = [row["valid_loss"] for row in run.history]
    assert run.result["best_epoch"] == int(np.argmin(losses)) + 1
    np.testing.assert_allclose(net.evaluate(X[:10] + 0.1, -T[:10])["loss"], min(losses), rtol=1e-6)


def test_an_interruption_leaves_the_best_weights_and_no_thread():
    net = Network([Dense(8, "tanh"), Dense(1)])
    seen: list[int] = []

    def watch(fitting: Any) -> None:
        assert isinstance(fitting, FullBatch)
        seen.append(fitting.loop.epoch)
        if len(seen) == 5:
            raise KeyboardInterrupt

    left: list[Any] = []
    with pytest.raises(KeyboardInterrupt):
        fit(net, watch=watch, left=left)
    assert seen == [1, 2, 3, 4, 5]
    assert left[0].result["stopped"] == "interrupted"
    np.testing.assert_allclose(net.evaluate(X, T)["loss"], left[0].history[-1]["train_loss"], rtol=1e-6)
    assert threading.active_count() == 1


def test_a_loss_that_is_not_finite_is_told():
    net = Network([Dense(2, "exp(u * u)"), Dense(1)])
    with pytest.raises(TrainingError):
        net.fit(1e4 * np.abs(X), T, optimizer="lbfgs")
    assert threading.active_count() == 1


def test_batch_norm_has_its_averages_and_dropout_is_refused():
    net = Network([Dense(4), BatchNorm(), Dense(1)])
    fit(net)
    assert np.any(net.values["batchnorm1.running_mean"] != 0) if "batchnorm1.running_mean" in net.values else True
    with pytest.raises(ParameterError) as told:
        fit(Network([Dense(4), Dropout(0.5), Dense(1)]))
    assert (told.value.code, told.value.values["layer"]) == ("BL345", "dropout1")


def test_it_trains_a_table_and_a_start_at_the_bottom_ends_at_once():
    run = backlit.train("diabetes", optimizer="lbfgs", progress="none", hidden=[8], epochs=40)
    assert run.result["test"]["r2"] > 0.2
    net = Network([Dense(1)])
    fit(net)
    again = fit(net)
    assert again.result["epochs"] <= 2

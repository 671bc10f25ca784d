"""`Network.fit`: what it learns, what it keeps, when it stops and what it writes down."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from backlit.nn import Concatenate, Dense, Dropout, Input
from backlit.ops.random import permutation
from backlit.training import Network
from tolerance import assert_close

CLASSES = [Dense(12, "tanh"), Dense(3, "softmax")]


def table(rows: int = 60, seed: int = 0, noise: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Three overlapping clouds in the plane."""
    rng = np.random.default_rng(seed)
    t = rng.integers(0, 3, rows)
    return np.array([[0, 1], [1, -1], [-1, -1]])[t] + noise * rng.normal(size=(rows, 2)), t


def fitted(layers: Any = None, **settings: Any):
    # layers are described anew: a network of its own each time
    net = Network(layers or [Dense(12, "tanh"), Dense(3, "softmax")])
    x, t = table()
    given = {"epochs": 12, "learning_rate": 0.05, "batch_size": 8, **settings}
    return net, net.fit(x, t, **given)


def same_weights(a: Network, b: Network) -> bool:
    return all(np.array_equal(a[key], b[key]) for key in a.weights())


# --- the best weights -----------------------------------------------------------------------------------------


def test_the_weights_of_the_best_validation_epoch_are_kept():
    net, run = fitted(validation=table(40, seed=1), epochs=60)
    losses = [row["valid_loss"] for row in run.history]
    best = int(np.argmin(losses)) + 1
    assert run.result["best_epoch"] == best < 60
    short, again = fitted(validation=table(40, seed=1), epochs=best)
    assert again.history == run.history[:best]
    assert same_weights(net, short)


def test_the_kept_weights_give_the_loss_and_accuracy_of_the_best_row_of_the_history():
    held = table(40, seed=1)
    net, run = fitted(validation=held, epochs=60, dtype="float64")
    row = run.history[run.result["best_epoch"] - 1]
    judged = net.evaluate(*held)
    assert judged["loss"] == pytest.approx(row["valid_loss"], rel=1e-12)
    assert judged["accuracy"] == row["valid_accuracy"]


def test_without_validation_the_training_loss_decides():
    net, run = fitted(learning_rate=0.4, epochs=40)
    losses = [row["train_loss"] for row in run.history]
    best = int(np.argmin(losses)) + 1
    assert run.result["best_epoch"] == best < 40
    assert same_weights(net, fitted(learning_rate=0.4, epochs=best)[0])
    assert all(row.keys() == {"epoch", "train_loss"} for row in run.history)


def test_with_one_step_an_epoch_the_kept_weights_are_those_whose_error_was_the_lowest():
    """Gradient descent at a rate a little too large: the error falls, and then overshoots for good."""
    rng = np.random.default_rng(3)
    x, t = rng.normal(size=(30, 4)), rng.normal(size=30)
    errors, fits = [], {"optimizer": "gradient_descent", "learning_rate": 0.9, "dtype": "float64"}
    for epochs in range(1, 30):
        net = Network([Dense(6, "tanh"), Dense(1)])
        run = net.fit(x, t, epochs=epochs, **fits)
        errors.append(net.evaluate(x, t)["loss"])
    losses = [row["train_loss"] for row in run.history]
    assert run.result["best_epoch"] < 20  # it did overshoot
    assert errors[-1] == pytest.approx(min(losses), rel=1e-12)
    assert (np.diff(errors) <= 0).all()
    assert losses[run.result["best_epoch"]] == min(losses)  # the weights after epoch b are judged in epoch b + 1
    assert all(row.keys() == {"epoch", "train_loss"} for row in run.history)


# --- when it stops --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("patience", [1, 3, 10])
def test_it_stops_so_many_epochs_after_the_best_one(patience):
    _, run = fitted(validation=table(40, seed=1), epochs=1000, patience=patience, learning_rate=0.1)
    assert run.result["stopped"] == "early"
    assert run.result["epochs"] == run.result["best_epoch"] + patience == len(run.history)


def test_patience_zero_never_stops_early():
    _, run = fitted(validation=table(40, seed=1), epochs=80, patience=0, learning_rate=0.2)
    assert run.result["best_epoch"] < 70
    assert (run.result["stopped"], run.result["epochs"]) == ("epochs", 80)


def test_the_history_has_a_full_row_for_every_epoch():
    _, run = fitted(validation=table(40, seed=1), epochs=25)
    assert [row["epoch"] for row in run.history] == list(range(1, 26))
    for row in run.history:
        assert row.keys() == {"epoch", "train_loss", "valid_loss", "valid_accuracy"}
        assert np.isfinite(list(row.values())).all()
    assert run.result["steps"] == 25 * 8
    assert run.result["seconds"] > 0
    assert run.facts["settings"]["learning_rate"] == 0.05


def test_it_looks_up_after_every_slice_and_can_be_stopped_from_there():
    class Enough(Exception):
        pass

    def watch(fitting):
        if fitting.loop.epoch >= 3:
            raise Enough

    net, left = Network(CLASSES), []
    with pytest.raises(Enough):
        net.fit(*table(), epochs=10**6, watch=watch, left=left)
    (run,) = left
    assert run.result["stopped"] == "interrupted"
    assert 3 <= run.result["epochs"] == len(run.history) < 10**6
    assert net.evaluate(*table())["loss"] == pytest.approx(min(r["train_loss"] for r in run.history), rel=0.2)


def test_a_network_with_the_best_weights_can_be_had_while_it_trains():
    found = []

    def watch(fitting):
        best = fitting.best_network()
        found.append((fitting.loop.best_epoch, best.predict(x), best))

    net = Network(CLASSES)
    x, t = table()
    net.fit(x, t, epochs=30, validation=table(40, seed=1), watch=watch)
    assert len(found) > 1
    np.testing.assert_array_equal(found[-1][1], net.predict(x))
    for _, known, network in found:  # each keeps its own numbers
        np.testing.assert_array_equal(network.predict(x), known)


# --- batches --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rows", "batch", "steps"), [(60, 8, 8), (60, 60, 1), (60, 1000, 1), (61, 20, 4), (7, 1, 7)])
def test_an_epoch_takes_every_row_once_the_last_batch_may_be_smaller(rows, batch, steps):
    net = Network([Dense(3, "softmax")])
    run = net.fit(*table(rows), epochs=2, batch_size=batch)
    assert run.result["steps"] == 2 * steps


@pytest.mark.parametrize("options", [{}, {"half": True}, {"reduction": "sum"}, {"half": True, "reduction": "rows"}])
def test_losses_and_weights_are_those_of_a_hand_written_loop(options):
    """Linear regression, 13 rows in batches of 5, 5 and 3, in the shuffled order, sgd."""
    rng = np.random.default_rng(0)
    x, t = rng.normal(size=(13, 3)), rng.normal(size=(13, 2))
    vx, vt = rng.normal(size=(300, 3)), rng.normal(size=(300, 2))
    net = Network([Dense(2)])
    net.prepare(3, dtype="float64")
    w, b, rate, weights = net["0.weight"].copy(), net["0.bias"].copy(), 0.02, []
    run = net.fit(
        x, t, validation=(vx, vt), optimizer="sgd", learning_rate=rate, batch_size=5, epochs=4, seed=6,
        dtype="float64", loss_options=options,
    )  # fmt: skip
    front = 0.5 if options.get("half") else 1.0
    divisor = {"sum": lambda d: 1, "rows": len, "mean": np.size}[options.get("reduction", "mean")]
    weigh = options.get("reduction") != "sum"
    for epoch, row in enumerate(run.history):
        order, total = permutation(6, epoch, 13), 0.0
        for rows in (order[:5], order[5:10], order[10:]):
            d = x[rows] @ w.T + b - t[rows]
            total += front * np.sum(d * d) / divisor(d) * (len(rows) if weigh else 1)
            slope = 2 * front * d / divisor(d)
            w, b = w - rate * slope.T @ x[rows], b - rate * slope.sum(axis=0)
        d = vx @ w.T + b - vt
        assert row["train_loss"] == pytest.approx(total / (13 if weigh else 1), rel=1e-12)
        assert row["valid_loss"] == pytest.approx(front * np.sum(d * d) / divisor(d), rel=1e-12)
        weights.append((w, b))
    best = run.result["best_epoch"]
    assert best == 1 + np.argmin([row["valid_loss"] for row in run.history])
    np.testing.assert_allclose(net["0.weight"], weights[best - 1][0], rtol=1e-12)
    np.testing.assert_allclose(net["0.bias"], weights[best - 1][1], rtol=1e-12)


def test_a_second_fit_goes_on_from_the_weights_of_the_first():
    net, _ = fitted()
    before = net.evaluate(*table())["loss"]
    run = net.fit(*table(), epochs=3, learning_rate=1e-6)
    assert run.history[0]["train_loss"] == pytest.approx(before, rel=1e-3)


# --- kinds of numbers and engines -----------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_weights_and_outputs_have_the_dtype_that_was_trained_with(dtype):
    net, _ = fitted(dtype=dtype, epochs=1)
    assert {str(v.dtype) for v in net.weights().values()} == {dtype}
    assert net.predict(table()[0]).dtype == dtype


def test_the_dtype_can_be_changed_between_two_fits():
    net, _ = fitted(dtype="float64", epochs=1)
    known = net.predict(table()[0])
    net.fit(*table(), epochs=1, dtype="float32", learning_rate=1e-12)
    assert net.predict(table()[0]).dtype == "float32"
    np.testing.assert_allclose(net.predict(table()[0]), known, rtol=1e-4)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("engine", ["interpreter", "plain"])
def test_the_other_engines_train_to_the_same_weights(engine, dtype):
    layers = [Dense(6, "sigmoid"), Dropout(0.2), Dense(5, "u / (1 + abs(u))"), Dense(3, "softmax")]
    given = {"epochs": 2, "batch_size": 32, "dtype": dtype, "validation": table(20, seed=1)}
    net, run = fitted(layers, **given)
    other, again = fitted(layers, engine=engine, **given)
    for key, value in other.weights().items():
        assert_close(value, net[key], dtype, "training", key)
    for row, known in zip(again.history, run.history, strict=True):
        assert_close(list(row.values()), list(known.values()), dtype, "training")


# --- several inputs, several forms of targets -----------------------------------------------------------------


def test_a_network_with_two_inputs_learns_from_both():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(200, 2)), rng.normal(size=(200, 3))
    t = a[:, 0] * b[:, 0]
    left, right = Input(2)(), Input(3)()
    net = Network([left, right], Dense(1)(Dense(24, "silu")(Concatenate()(left, right))))
    settings = {"epochs": 300, "learning_rate": 0.01, "validation": ([a[:50], b[:50]], t[:50])}
    run = net.fit([a[50:], b[50:]], t[50:], **settings)
    assert run.history[-1]["train_loss"] < 0.1 * run.history[0]["train_loss"]
    assert net.evaluate([a[:50], b[:50]], t[:50])["r2"] > 0.8
    constant = net.predict([a[:50], np.zeros((50, 3))])[:, 0]
    assert np.corrcoef(constant, t[:50])[0, 1] < 0.5


def test_class_numbers_and_shares_are_the_same_targets():
    x, t = table()
    nets = [Network([Dense(3, "softmax")]) for _ in range(2)]
    for net, target in zip(nets, (t, np.eye(3)[t]), strict=True):
        net.fit(x, target, epochs=3)
    assert same_weights(*nets)


def test_numbers_may_be_a_column_or_a_row_of_numbers():
    x, t = table()
    nets = [Network([Dense(1)]) for _ in range(3)]
    for net, target in zip(nets, (t * 1.0, t[:, None] * 1.0, t.tolist()), strict=True):
        net.fit(x.tolist(), target, epochs=3)
    assert same_weights(nets[0], nets[1])
    assert same_weights(nets[0], nets[2])


def test_numbers_too_large_for_float32_are_told_as_they_are_met():
    x, t = table()
    with pytest.raises(ArithmeticError) as caught:
        Network([Dense(3, "softmax")]).fit(x * 1e300, t)
    assert caught.value.code == "BL601"
    assert caught.value.values["value"] == "x"
    Network([Dense(3, "softmax")]).fit(x * 1e300, t, epochs=1, dtype="float64", learning_rate=1e-300)

"""Batch normalisation: values and derivatives on every engine, running averages, what is told and what is kept."""

from __future__ import annotations

import numpy as np
import pytest

from backlit.core.backprop import backprop
from backlit.core.curvature import hessian_vector
from backlit.core.graph import Graph
from backlit.core.interpret import Interpreter
from backlit.core.lowering import lower
from backlit.errors import BacklitError
from backlit.machine.runner import Machine
from backlit.nn import Activation, BatchNorm, Dense, Dropout, Input, Residual, Structure
from backlit.ops import Rows
from backlit.ops.arithmetic import mul
from backlit.ops.batch_norm import batch_norm, batch_norm_slope, reciprocal_root, variance
from backlit.ops.reduction import mean, sum_
from backlit.training import Network, gradient_check
from backlit.training.loop.fitting import training_tape
from backlit.training.loop.settings import Settings
from tolerance import EPS, assert_close, same_bits

ENGINES = ("compiled", "plain", "interpreter")
ROWS, FEATURES = 9, 18  # more than a cache line of columns, so that two threads have some each


def normalised(*, composed: bool = False, backward: bool = True):
    """A batch normalisation as the layer writes it, and the tape of o and the gradients for a signal δ."""
    g = Graph()
    x, w, b = g.input("x", (Rows(), FEATURES)), g.input("w", (FEATURES,)), g.input("b", (FEATURES,))
    d = g.input("d", x.shape)
    m = mean(x, axis=0)
    given = (x, m, reciprocal_root(variance(x, m), eps=1e-3), w, b)
    o = batch_norm.twin(*given) if composed else batch_norm(*given)
    found = backprop(o, [x, w, b], seed=d) if backward else {}
    keep = {"o": o} | {f"∂{n.name}": v for n, v in found.items() if n.name in ("x", "w", "b")}
    return lower(keep)


def drawn(rng, rows=ROWS):
    x = rng.normal(size=(rows, FEATURES)) * rng.uniform(0.5, 3, FEATURES) + rng.normal(size=FEATURES)
    w, b, d = rng.normal(size=FEATURES), rng.normal(size=FEATURES), rng.normal(size=x.shape)
    return {"x": x, "w": w, "b": b, "d": d}


def outcome(tape, given, dtype, engine, threads=1):
    rows = len(given["x"])
    made = Interpreter(tape, rows, dtype) if engine == "interpreter" else Machine(tape, rows, dtype, engine=engine)
    for name, value in given.items():
        if name in tape.names:
            made.arena[name] = value
    made.run(rows=rows, **({} if engine == "interpreter" else {"threads": threads}))
    return {n: made.arena[n].copy() for n in tape.names}


# ---- values and derivatives -----------------------------------------------------------------------------


@pytest.mark.oracle
@pytest.mark.parametrize("dtype", EPS)
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("rows", [2, 3, ROWS, 64])
def test_outputs_and_gradients_are_pytorchs(rows, engine, dtype, rng):
    torch = pytest.importorskip("torch")
    given = drawn(rng, rows)
    x, w, b = (torch.tensor(given[n], requires_grad=True) for n in ("x", "w", "b"))
    o = torch.nn.functional.batch_norm(x, None, None, w, b, training=True, eps=1e-3)
    o.backward(torch.tensor(given["d"]))
    found = outcome(normalised(), given, dtype, engine)
    size = float(np.abs(given["d"]).max())  # with two rows nearly all of the signal cancels
    assert_close(found["o"], o.detach().numpy(), dtype, "graph")
    for n, v in (("x", x), ("w", w), ("b", b)):
        assert_close(found[f"∂{n}"], v.grad.numpy(), dtype, "graph", n, size)


@pytest.mark.parametrize("dtype", EPS)
@pytest.mark.parametrize("engine", ENGINES)
def test_the_one_pass_back_is_the_chain_rule_through_mean_and_variance(engine, dtype, rng):
    given = drawn(rng)
    short, long = normalised(), normalised(composed=True)
    assert batch_norm_slope in [i.op for i in short.instructions]
    assert batch_norm_slope not in [i.op for i in long.instructions]
    one, other = outcome(short, given, dtype, engine), outcome(long, given, dtype, engine)
    for name in ("o", "∂x", "∂w", "∂b"):
        assert_close(one[name], other[name], dtype, "graph", name, 3.0)


@pytest.mark.parametrize("engine", ["compiled", "plain"])
@pytest.mark.parametrize("dtype", EPS)
def test_two_threads_give_the_bits_of_one(dtype, engine, rng):
    given = drawn(rng, 37)
    one, two = (outcome(normalised(), given, dtype, engine, threads) for threads in (1, 2))
    assert all(same_bits(one[n], two[n]) for n in one)


def test_second_derivatives_are_those_of_the_composed_twin():
    products = []
    for composed in (False, True):
        g = Graph()
        x, w, b = g.input("x", (5, 3)), g.input("w", (3,)), g.input("b", (3,))
        m = mean(x, axis=0)
        o = (batch_norm.twin if composed else batch_norm)(x, m, reciprocal_root(variance(x, m)), w, b)
        directions, found = hessian_vector(sum_(mul(o, mul(o, o))), [x, w, b])
        run = Interpreter(lower({f"H{n.name}": found[n] for n in (x, w, b)}))
        values = np.random.default_rng(4)
        for n in (x, w, b, *directions.values()):
            given = values.normal(size=n.shape)
            if n.name in run.tape.names:
                run.arena[n.name] = given
        run.run()
        products.append([run.arena[f"H{n.name}"].copy() for n in (x, w, b)])
    for one, other in zip(*products, strict=True):
        assert_close(one, other, "float64", "graph", size=10.0)


@pytest.mark.parametrize("affine", [True, False])
def test_the_gradient_check_of_a_network_is_passed(affine, rng):
    net = Network([Dense(5, "tanh"), BatchNorm(affine=affine), Activation("silu"), BatchNorm(), Dense(3, "softmax")])
    checks = gradient_check(net, rng.normal(size=(8, 4)), rng.integers(0, 3, 8))
    assert {c.name for c in checks} >= {"dense1.weight", "batch_norm2.weight", "batch_norm2.bias"}
    assert ("batch_norm1.weight" in {c.name for c in checks}) == affine
    assert not any("running" in c.name for c in checks)
    # a bias in front of a batch normalisation has no effect: its gradient is 0 but for rounding
    assert all(c.worst < 1e-7 for c in checks if np.abs(c.backpropagated) > 1e-9)


def test_gradients_pass_through_a_network_in_use_too(rng):
    """With known averages it is a scaling: ∂o/∂x = γ / √(running variance + ε)."""
    net = Structure([Input(3), BatchNorm(eps=0.5)])
    net.prepare(3, dtype=np.float64)
    net["batch_norm1.weight"], net["batch_norm1.running_var"] = [1.0, 2.0, 3.0], [0.5, 1.5, 3.5]
    built = net.build()
    (x,) = built.inputs
    tape = lower({"∂x": backprop(built.output, [x], seed=built.graph.input("d", x.shape))[x]}, blocks=built.blocks())
    run = Interpreter(tape, 2)
    for name, value in net.values.items():
        if name in tape.names:
            run.arena[name] = value
    run.arena["d"] = np.ones((2, 3))
    run.run()
    np.testing.assert_allclose(run.arena["∂x"], [[1.0, 2 / np.sqrt(2), 1.5]] * 2, rtol=1e-14)


def test_the_variance_keeps_its_digits_where_the_mean_is_large(rng):
    x = (rng.normal(size=(256, FEATURES)) + 3000).astype(np.float32)
    exact = (x - x.mean(axis=0, dtype=np.float64)) / np.sqrt(x.var(axis=0, dtype=np.float64) + 1e-3)
    given = {"x": x, "w": np.ones(FEATURES), "b": np.zeros(FEATURES)}
    for engine in ENGINES:
        found = outcome(normalised(backward=False), given, "float32", engine)
        assert np.abs(found["o"] - exact).max() < 2e-3  # E[x²] - E[x]² would be wrong by about 1


@pytest.mark.parametrize("engine", ENGINES)
def test_a_nan_spoils_its_column_and_no_other(engine, rng):
    given = drawn(rng)
    given["x"][4, 2] = np.nan
    found = outcome(normalised(), given, "float32", engine)
    for name in ("o", "∂x"):
        spoilt = np.isnan(found[name])
        assert spoilt[:, 2].all()
        assert not np.delete(spoilt, 2, axis=1).any()
    assert np.isnan(found["∂w"][2])


def test_a_constant_column_becomes_beta(rng):
    given = drawn(rng)
    given["x"][:, 5] = 7.25
    found = outcome(normalised(), given, "float32", "compiled")
    assert (found["o"][:, 5] == np.float32(given["b"][5])).all()


# ---- the layer ------------------------------------------------------------------------------------------


def test_a_layer_is_told_by_what_is_not_usual_and_comes_back_from_plain_data():
    assert repr(BatchNorm()) == "BatchNorm()"
    layer = BatchNorm(0.3, eps=1e-3, affine=False, trainable=False)
    assert repr(layer) == "BatchNorm(momentum=0.3, eps=0.001, affine=False, trainable=False)"
    net = Network([Dense(3), layer, Residual(BatchNorm(name="inner")), Dense(1)])
    net.prepare(2)
    again = Network(*Network.links_of(net.describe()))
    assert again.describe() == net.describe()
    again.prepare(2)
    assert again.values.keys() == net.values.keys()
    assert {"batch_norm1.running_mean", "inner.weight", "inner.running_var"} <= net.values.keys()
    assert "batch_norm1.weight" not in net.values


@pytest.mark.parametrize(
    ("name", "value"),
    [("momentum", v) for v in (-0.1, 1.1, np.nan, "0.1", None, True)]
    + [("eps", v) for v in (0, 0.0, -1e-5, np.inf, np.nan, "small", None, True)],
)
def test_settings_out_of_range_are_told(name, value):
    with pytest.raises(BacklitError) as told:
        BatchNorm(**{name: value})
    assert told.value.code == "BL305"
    assert told.value.values["name"] == name
    assert "BatchNorm" in str(told.value)


def test_averages_are_kept_and_named_and_are_no_parameters():
    net = Network([Dense(4, bias=False), BatchNorm(), Activation("relu"), Dense(2)])
    net.prepare(3)
    assert list(net.weights()) == [
        "0.weight", "1.weight", "1.bias", "1.running_mean", "1.running_var", "3.weight", "3.bias",
    ]  # fmt: skip
    assert net.size == 3 * 4 + 2 * 4 + 4 * 2 + 2
    assert [row["parameters"] for row in net.summary() if row["kind"] == "BatchNorm"] == [8]
    assert (net["1.weight"] == 1).all()
    assert (net["1.bias"] == 0).all()
    assert (net["1.running_mean"] == 0).all()
    assert (net["batch_norm1.running_var"] == 1).all()
    net["1.running_var"] = [4.0] * 4
    assert (net.values["batch_norm1.running_var"] == 4).all()


def test_averages_are_neither_trained_nor_frozen():
    net = Network([BatchNorm(), Dense(2), BatchNorm(trainable=False), Dense(1)])
    net.prepare(3)
    built = net.build(training=True, loss="squared_error")
    assert [p.name for p in built.frozen] == ["batch_norm2.weight", "batch_norm2.bias"]
    assert [p.name for p in built.running] == [
        f"batch_norm{i}.running_{part}" for i in (1, 2) for part in ("mean", "var")
    ]
    assert list(built.updates) == built.running
    assert net.build().updates == {}
    names = [v.name for v in training_tape(net, Settings.of()).values]
    assert not any(n.startswith("∂E/∂") and "running" in n for n in names)


@pytest.mark.parametrize(("rows", "batch"), [(1, 32), (33, 32), (7, 1), (9, 4)])
def test_a_batch_of_a_single_row_is_told_before_training(rows, batch, rng):
    net = Network([Dense(3), Residual(BatchNorm()), Dense(1)])
    x, t = rng.normal(size=(rows, 2)), rng.normal(size=rows)
    with pytest.raises(BacklitError) as told:
        net.fit(x, t, batch_size=batch, epochs=1)
    assert told.value.code == "BL310"
    assert told.value.values["layer"] == "batch_norm1"
    if rows > 1:
        net.fit(x, t, batch_size=told.value.values["other"], epochs=1)  # what it says works
    net.fit(x[:1].repeat(2, axis=0), t[:1].repeat(2), epochs=1, optimizer="gradient_descent")


def test_one_row_at_a_time_is_predicted_as_all_of_them_together(rng):
    net = Network([Dense(6, "tanh"), BatchNorm(), Dense(2)])
    x = rng.normal(size=(20, 3))
    net.fit(x, rng.normal(size=(20, 2)), epochs=3, batch_size=8)
    alone = np.concatenate([net.predict(row[None]) for row in x])
    np.testing.assert_allclose(alone, net.predict(x), rtol=1e-5, atol=1e-6)


def test_a_dropout_layer_used_twice_draws_another_mask_the_second_time():
    x = Input(400)()
    shared = Dropout(0.5)
    net = Network(x, shared(shared(x)))
    net.connect(400)
    built = net.build(training=True)
    names = ("dropout1.o", "dropout1#2.o")
    run = Interpreter(lower({n: built.graph.names[n] for n in names}))
    run.arena["x"] = np.ones((1, 400))
    run.run()
    first, second = (run.arena[n] != 0 for n in names)
    assert not (second & ~first).any()
    assert 60 < second.sum() < 140  # a quarter; with one mask twice it would be a half

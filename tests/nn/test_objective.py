"""E as a part of the graph: penalties, label smoothing, weights and what a loss reads of the output layer."""

from __future__ import annotations

import numpy as np
import pytest

from backlit.errors import ParameterError
from backlit.nn import BatchNorm, Dense
from backlit.nn.objective import Objective
from backlit.ops.loss import LOSSES
from backlit.training import Network, gradient_check
from nn.nets import fused, observed, random_network, random_rows
from ops.test_losses import answers
from tolerance import assert_close

LINKED = [n for n, kind in LOSSES.items() if kind.on_outputs]


def made(rng: np.random.Generator, *layers, features: int = 3) -> Network:
    net = Network(list(layers))
    net.prepare(features, seed=int(rng.integers(100)), dtype=np.float64)
    return net


def rows_for(name: str, rng: np.random.Generator, width: int = 3) -> dict[str, np.ndarray]:
    return {"x": rng.normal(size=(6, 3)), "t": answers(LOSSES[name], rng, (6, width))}


# ---- penalties -----------------------------------------------------------------------------------------------


def test_penalties_are_terms_of_e_with_the_gradient_that_the_formula_has(rng):
    net = made(rng, Dense(4, "tanh"), Dense(2))
    rows = {"x": rng.normal(size=(6, 3)), "t": rng.normal(size=(6, 2))}
    e, plain = fused(net, rows, "squared_error")
    for l1, l2 in ((0.3, 0.0), (0.0, 0.7), (0.3, 0.7)):
        more, gradients = fused(net, rows, "squared_error", l1=l1, l2=l2)
        weights = [v for n, v in net.values.items() if n.endswith("weight")]
        added = sum(l1 * np.abs(w).sum() + l2 / 2 * (w * w).sum() for w in weights)
        assert_close(more, e + added, "float64", "graph")
        for name, w in net.values.items():
            slope = l1 * np.sign(w) + l2 * w if name.endswith("weight") else 0.0
            assert_close(gradients[name], plain[name] + slope, "float64", "graph", name)


def test_a_weight_of_zero_feels_no_l1(rng):
    net = made(rng, Dense(2))
    net["dense1.weight"] = np.zeros((2, 3))
    rows = {"x": rng.normal(size=(6, 3)), "t": rng.normal(size=(6, 2))}
    assert_close(
        fused(net, rows, "squared_error", l1=5.0)[1]["dense1.weight"],
        fused(net, rows, "squared_error")[1]["dense1.weight"], "float64", "op",
    )  # fmt: skip


def test_penalties_leave_biases_scales_and_frozen_weights_alone_unless_all_is_asked_for(rng):
    net = made(rng, Dense(4, trainable=False), BatchNorm(), Dense(2))
    net["dense3.weight" if "dense3.weight" in net.values else "dense2.bias"] = rng.normal(size=2)
    rows = {"x": rng.normal(size=(6, 3)), "t": rng.normal(size=(6, 2))}
    e = {p: fused(net, rows, "squared_error", l2=1.0, penalty=p)[0] for p in ("weights", "all")}
    base = fused(net, rows, "squared_error")[0]
    (last,) = (v for n, v in net.values.items() if n == "dense2.weight")
    trained = [v for n, v in net.parameters().items() if not n.startswith("dense1")]
    assert_close(e["weights"] - base, 0.5 * (last * last).sum(), "float64", "graph")
    assert_close(e["all"] - base, 0.5 * sum((v * v).sum() for v in trained), "float64", "graph")


@pytest.mark.parametrize("engine", ["compiled", "plain"])
def test_penalties_are_the_same_on_every_engine(engine, rng):
    net = made(rng, Dense(40, "tanh"), Dense(2))
    rows = {"x": rng.normal(size=(6, 3)), "t": rng.normal(size=(6, 2))}
    one = fused(net, rows, "huber", l1=0.1, l2=0.2, engine=engine)
    by_check = gradient_check(net, rows["x"], rows["t"], loss="huber", l1=0.1, l2=0.2, most=20)
    assert max(c.worst for c in by_check) < 1e-6
    assert np.isfinite(one[0])


# ---- every loss in a network -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(LOSSES))
@pytest.mark.parametrize("seed", range(3))
def test_the_gradient_check_passes_with_weights_penalties_and_smoothing(name, seed):
    rng = np.random.default_rng([seed, 11])
    kind = LOSSES[name]
    net = made(rng, Dense(5, "tanh"), Dense(3, kind.layer or None))
    options = {"l1": 0.01, "l2": 0.1, "reduction": ("mean", "sum", "rows")[seed]}
    if kind.smoothing:
        options["label_smoothing"] = 0.2
    rows = rows_for(name, rng)
    w = rng.uniform(0, 2, 6)
    checks = gradient_check(net, rows["x"], rows["t"], loss=name, sample_weight=w, **options)
    assert len(checks) == 4
    assert max(c.worst for c in checks) < 1e-6


@pytest.mark.parametrize("loss", ["huber", "log_cosh", "abs(t - o)**1.5", "quantile(q=0.9)"])
@pytest.mark.parametrize("seed", range(6))
def test_random_networks_pass_with_losses_for_numbers(loss, seed):
    rng = np.random.default_rng([seed, 13])
    net = random_network(rng, False)
    rows = random_rows(net, 4, False, rng)
    names = [link.layer.name for link in net.inputs]
    x = [rows[n] for n in names] if len(names) > 1 else rows[names[0]]
    checks = gradient_check(net, x, rows["t"], loss=loss, most=30, l2=0.1)
    assert max((c.worst for c in checks), default=0.0) < 1e-6


# ---- what a loss reads ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", LINKED)
def test_a_loss_reads_u_of_its_own_activation_and_shows_the_signal_at_o(name, rng):
    kind = LOSSES[name]
    net = made(rng, Dense(4, "tanh"), Dense(3, kind.layer))
    rows = rows_for(name, rng)
    built = net.build(loss=name)
    assert built.graph.names["dense2.u"] in built.loss.args or any(
        built.graph.names["dense2.u"] in n.args for n in built.graph.nodes if n.op is not None and "t" not in n.name
    )
    for options in ({}, {"reduction": "sum"}):
        by_u, slopes = observed(net, rows, name, **options)
        by_o, others = observed(net, rows, kind.on_outputs, **options)
        assert_close(by_u["E"], by_o["E"], "float64", "graph")
        assert_close(by_u["dense2.δᵒ"], by_o["dense2.δᵒ"], "float64", "graph")
        assert_close(by_u["dense2.δᵘ"], by_o["dense2.δᵘ"], "float64", "graph")
        for parameter in slopes:
            assert_close(slopes[parameter], others[parameter], "float64", "graph", parameter)


def test_the_signal_at_o_counts_weights_and_smoothing(rng):
    net = made(rng, Dense(3, "sigmoid"))
    rows = {
        "x": rng.normal(size=(6, 3)),
        "t": rng.integers(0, 2, (6, 3)) * 1.0,
        "sample_weight": rng.uniform(size=(6, 1)),
    }
    options = {"label_smoothing": 0.1, "weighted": True}
    seen, _ = observed(net, rows, "binary_cross_entropy", **options)
    assert_close(seen["dense1.δᵒ"] * seen["dense1.f′"], seen["dense1.δᵘ"], "float64", "graph")


def test_without_its_activation_a_loss_takes_the_output_for_u(rng):
    rows = rows_for("binary_cross_entropy", rng, 2)
    net = made(rng, Dense(2, "sigmoid"))
    bare = made(rng, Dense(2))
    for name in net.values:
        bare.values[name] = net.values[name]
    assert fused(net, rows, "binary_cross_entropy")[0] == fused(bare, rows, "binary_cross_entropy")[0]


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"loss": "huber", "label_smoothing": 0.1}, "BL332"),
        ({"loss": "hinge", "label_smoothing": 0.1}, "BL332"),
        ({"loss": "cross_entropy", "label_smoothing": 1.0}, "BL305"),
        ({"loss": "cross_entropy", "l1": -0.1}, "BL305"),
        ({"loss": "cross_entropy", "l2": "1"}, "BL305"),
        ({"loss": "cross_entropy", "l2": np.nan}, "BL305"),
        ({"loss": "cross_entropy", "penalty": "biases"}, "BL304"),
        ({"loss": "cross_entropy", "delta": 1.0}, "BL304"),
    ],
)
def test_an_objective_that_cannot_be_is_told(options, code):
    with pytest.raises(ParameterError) as caught:
        Objective.of(**options)
    assert caught.value.code == code

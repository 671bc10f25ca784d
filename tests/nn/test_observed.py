"""The observed tape holds the lecture's values of every layer by name, and computes what the training tape computes."""

from __future__ import annotations

import numpy as np
import pytest

from backlit.core.lowering import lower
from backlit.nn import (
    KINDS,
    Activation,
    Add,
    BatchNorm,
    Concatenate,
    Dense,
    Dropout,
    Input,
    LayerNorm,
    Residual,
)  # fmt: skip
from backlit.training import Network
from backlit.training.loop.fitting import training_tape
from backlit.training.loop.settings import Settings
from nn.hand_layers import FIRING, HAND
from nn.nets import ELEMENTWISE, ByHand, fused, observed, random_network, random_rows
from tolerance import assert_close, error, same_bits

LOSSES = ("squared_error", "cross_entropy")
every_seed = pytest.mark.parametrize("seed", range(30))
both_losses = pytest.mark.parametrize("loss", LOSSES)


def drawn(seed: int, loss: str):
    rng = np.random.default_rng([seed, LOSSES.index(loss)])
    net = random_network(rng, loss == "cross_entropy")
    least = 5 if has_batch_norm(net) else 1  # of two rows batch normalisation leaves nothing but their signs
    return net, random_rows(net, int(rng.integers(least, least + 8)), loss == "cross_entropy", rng)


def has_batch_norm(net: Network) -> bool:
    return any(isinstance(layer, BatchNorm) for layer in net.layers())


def takes_away(net: Network) -> bool:
    """Layers after which only small differences of large error signals are left."""
    return any(isinstance(layer, BatchNorm | LayerNorm) for layer in net.layers())


def units_of(net: Network) -> list[str]:
    """The names of all layers of units that fire, inner ones too, and of the second use of shared ones."""
    uses = [link.layer for link in net.links] + [i for link in net.links for i in link.layer.inner()]
    names: dict[str, int] = {}
    for layer in uses:
        if isinstance(layer, (Dense, Activation, *FIRING)):
            names[layer.name] = names.get(layer.name, 0) + 1
    return [n if i == 1 else f"{n}#{i}" for n, count in names.items() for i in range(1, count + 1)]


@both_losses
@every_seed
def test_the_observed_tape_holds_what_the_chain_rule_gives_by_hand(seed, loss):
    net, rows = drawn(seed, loss)
    hand = ByHand(net, rows, loss)
    # batch normalisation takes away what is common to all rows: small differences of the signals above are left
    above = max(float(np.abs(v).max()) for n, v in hand.seen.items() if ".δ" in n) if takes_away(net) else 0.0
    for dtype in ("float64", "float32"):
        seen, gradients = observed(net, rows, loss, dtype)
        for name in units_of(net):
            for symbol in ("u", "f′", "o", "δᵒ", "δᵘ"):
                assert_close(
                    seen[f"{name}.{symbol}"], hand.seen[f"{name}.{symbol}"], dtype, "graph", (name, symbol), above
                )
        assert_close(seen["E"], hand.loss, dtype, "graph")
        for name, value in gradients.items():
            assert_close(value, hand.gradients[name], dtype, "graph", name, above)


def test_every_kind_of_layer_and_every_function_is_among_the_networks_drawn():
    kinds, functions = set(), set()
    for seed in range(30):
        for loss in LOSSES:
            for layer in drawn(seed, loss)[0].layers():
                kinds.add(type(layer))
                functions.add(getattr(layer, "activation", None) or getattr(layer, "function", None))
    known = {Input, Dense, Activation, Dropout, BatchNorm, Add, Concatenate, Residual, *HAND}
    assert kinds == known == set(KINDS.values())
    assert {*ELEMENTWISE, "softmax"} <= functions


@pytest.mark.parametrize("engine", ["compiled", "interpreter"])
@both_losses
@every_seed
def test_the_observed_and_the_training_tape_give_the_same_bits(seed, loss, engine):
    """Same formulas, same order: joining them into one pass changes no rounding."""
    net, rows = drawn(seed, loss)
    for dtype in ("float64", "float32"):
        seen, gradients = observed(net, rows, loss, dtype, engine)
        known, trained = fused(net, rows, loss, dtype, engine)
        assert same_bits(seen["E"], known)
        assert gradients.keys() == trained.keys()
        for name, value in gradients.items():
            assert same_bits(value, trained[name]), name


def test_the_training_tape_is_shorter_than_the_observed_one():
    longer = 0
    for seed in range(10):
        net, _ = drawn(seed, "squared_error")
        built, keep, found = net.observe(loss="squared_error")
        gradients = {p: found[p] for p in built.trained if p in found}
        tape = lower(keep, blocks=built.blocks(), gradients=gradients)
        short = training_tape(net, Settings.of())
        assert short.update_at <= len(tape.instructions)
        longer += short.update_at < len(tape.instructions)
    assert longer >= 8


@pytest.mark.parametrize("function", ELEMENTWISE)
def test_the_error_signal_before_an_activation_is_the_one_after_it_times_the_slope(function, rng):
    net = Network([Dense(5, function), Dense(3, function), Dense(2, "softmax")])
    net.prepare(4, dtype=np.float64)
    seen, _ = observed(net, random_rows(net, 6, True, rng), "cross_entropy")
    for layer in ("dense1", "dense2"):
        assert error(seen[f"{layer}.δᵘ"], seen[f"{layer}.f′"] * seen[f"{layer}.δᵒ"]) < 4 * 2**-52


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_before_softmax_the_error_signal_is_that_after_it_through_the_whole_jacobian(reduction, rng):
    net = Network([Dense(6, "tanh"), Dense(4, "softmax")])
    net.prepare(3, dtype=np.float64)
    rows = random_rows(net, 5, True, rng)
    seen, _ = observed(net, rows, "cross_entropy", reduction=reduction)
    n = 1 if reduction == "sum" else 5
    for o, t, after, before in zip(seen["dense2.o"], rows["t"], seen["dense2.δᵒ"], seen["dense2.δᵘ"], strict=True):
        jacobian = np.diag(o) - np.outer(o, o)
        np.testing.assert_allclose(before, jacobian.T @ after, rtol=0, atol=1e-14)
        np.testing.assert_allclose(before, (o - t) / n, rtol=0, atol=1e-15)
    np.testing.assert_allclose(seen["dense2.f′"], seen["dense2.o"] * (1 - seen["dense2.o"]), rtol=1e-14)


def test_a_layer_used_twice_has_its_values_under_two_names_and_one_gradient(rng):
    x = Input(3)()
    shared = Dense(3, "tanh", name="turn")
    net = Network(x, Dense(1)(shared(shared(x))))
    net.prepare(3, dtype=np.float64)
    rows = random_rows(net, 4, False, rng)
    seen, gradients = observed(net, rows, "squared_error")
    assert {"turn.u", "turn#2.u", "turn.δᵘ", "turn#2.δᵘ"} <= seen.keys()
    known = rows["x"].T @ seen["turn.δᵘ"] + seen["turn.o"].T @ seen["turn#2.δᵘ"]
    np.testing.assert_allclose(gradients["turn.weight"], known, rtol=1e-13)


def test_frozen_layers_are_observed_too(rng):
    net = Network([Dense(4, "sigmoid", trainable=False), Dense(2)])
    net.prepare(3, dtype=np.float64)
    seen, gradients = observed(net, random_rows(net, 4, False, rng), "squared_error")
    assert gradients.keys() == {"dense2.weight", "dense2.bias"}
    assert {f"dense1.{s}" for s in ("u", "f′", "o", "δᵒ", "δᵘ")} <= seen.keys()

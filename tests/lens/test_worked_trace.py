"""The worked 2-2-2 example (Mazur, "A step by step backpropagation example", 2015), digit by digit, in a ledger."""

from __future__ import annotations

import numpy as np
import pytest

from backlit import Dense, Network

DIGITS = 5e-11  # the numbers are known to ten digits


def mazur() -> Network:
    """Its network; the biases stay as they are there."""
    net = Network([Dense(2, "sigmoid", trainable_bias=False), Dense(2, "sigmoid", trainable_bias=False)])
    net.prepare(2, dtype=np.float64)
    net["dense1.weight"] = [[0.15, 0.20], [0.25, 0.30]]
    net["dense1.bias"] = [0.35, 0.35]
    net["dense2.weight"] = [[0.40, 0.45], [0.50, 0.55]]
    net["dense2.bias"] = [0.60, 0.60]
    return net


@pytest.fixture
def trace():
    return mazur().trace([0.05, 0.10], [0.01, 0.99], half=True, reduction="sum", learning_rate=0.5)


def test_every_number_of_the_ledger_is_that_of_the_worked_example(trace):
    known = {
        (1, "dense1", "u"): (0.3775, 0.3925),
        (2, "dense1", "o"): (0.5932699921, 0.5968843783),
        (1, "dense2", "u"): (1.1059059671, 1.2249214041),
        (2, "dense2", "o"): (0.7513650696, 0.7729284653),
        (4, "dense2", "δᵘ"): (0.1384985616, -0.0380982365),
        (4, "dense1", "δᵘ"): (0.0087713547, 0.0099542547),
    }
    ledger = trace.ledger()
    for (stage, layer, symbol), numbers in known.items():
        (block,) = ledger.stage(stage, layer)
        found = [line[symbol].value for line in block.lines]
        np.testing.assert_allclose(found, numbers, rtol=0, atol=DIGITS)
    assert abs(ledger.E - 0.2983711088) < DIGITS
    assert ledger.closes


def test_a_sum_has_the_terms_that_a_pencil_writes(trace):
    (sums,) = trace.ledger().stage(1, "dense1")
    total = sums.lines[0]["u"].sum
    assert [(t.left, t.a, t.right, t.b) for t in total.terms] == [
        ("dense1.weight[0,0]", 0.15, "x[0]", 0.05),
        ("dense1.weight[0,1]", 0.20, "x[1]", 0.10),
        ("dense1.bias[0]", 0.35, "", 1.0),
    ]
    (signals,) = trace.ledger().stage(4, "dense1")
    total = signals.lines[0]["δᵒ"].sum
    assert [(t.left, t.right) for t in total.terms] == [
        ("dense2.weight[0,0]", "dense2.δᵘ[0]"),
        ("dense2.weight[1,0]", "dense2.δᵘ[1]"),
    ]
    assert [t.product for t in total.terms] == pytest.approx([0.0553994, -0.0190491], abs=1e-7)


def test_the_chain_rule_of_the_first_weight_is_the_sum_of_two_paths(trace):
    chain = trace.parameter("dense1.weight[0,0]")
    assert chain.gradient == pytest.approx(0.0004385677, abs=DIGITS)
    assert (chain.closes, chain.ways, chain.others) == (True, 2, None)
    assert [f.name for f in chain.trunk] == ["x[0]", "dense1.f′[0]"]
    assert [f.value for f in chain.trunk] == pytest.approx([0.05, 0.2413007], abs=1e-7)
    assert [(b.station, b.factor.name, b.factor.value) for b in chain.branches] == [
        ("dense2.u[0]", "dense2.weight[0,0]", 0.40),
        ("dense2.u[1]", "dense2.weight[1,0]", 0.50),
    ]
    assert [b.signal for b in chain.branches] == pytest.approx([0.138499, -0.0380982], abs=1e-6)
    assert [f.name for f in chain.paths[0].factors] == [
        "x[0]", "dense1.f′[0]", "dense2.weight[0,0]", "dense2.f′[0]", "∂E/∂dense2.o[0]",
    ]  # fmt: skip
    assert sum(p.product for p in chain.paths) == pytest.approx(chain.gradient, rel=1e-14)
    assert chain.difference.error < 1e-7
    old, new = chain.step[0].value, chain.step[-1].value
    assert (old, new) == (0.15, pytest.approx(0.1497807161, abs=DIGITS))


def test_the_update_closes_and_lowers_the_loss(trace):
    net = mazur()
    for name in ("dense1.weight", "dense2.weight"):
        net[name] = trace.after[name]
    again = net.trace([0.05, 0.10], [0.01, 0.99], half=True, reduction="sum")
    assert trace.after["dense2.weight"][0, 0] == pytest.approx(0.3589164797, abs=DIGITS)
    assert trace["∂E/∂dense2.weight"][0, 0] == pytest.approx(0.0821670406, abs=DIGITS)
    assert abs(again.E - 0.2910277737) < DIGITS


def test_the_network_stays_as_it_was():
    net = mazur()
    before = {n: v.copy() for n, v in net.weights().items()}
    net.trace([0.05, 0.10], [0.01, 0.99])
    assert all(np.array_equal(before[n], v) for n, v in net.weights().items())


def test_conventions_change_the_numbers_and_are_told():
    whole = mazur().trace([0.05, 0.10], [0.01, 0.99], half=False, reduction="sum")
    mean = mazur().trace([0.05, 0.10], [0.01, 0.99])
    assert abs(whole.E - 2 * 0.2983711088) < 1e-9
    assert abs(mean.E - 0.2983711088) < 1e-9
    assert (whole.conventions["half"], whole.conventions["reduction"], whole.conventions["n"]) == (False, "sum", 1)
    assert (mean.conventions["reduction"], mean.conventions["n"]) == ("mean", 2)

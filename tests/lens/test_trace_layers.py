"""What a trace shows of each kind of layer, against the same numbers worked out by hand in NumPy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from backlit import (
    Add,
    BatchNorm,
    Concatenate,
    Dense,
    Dropout,
    Input,
    LayerNorm,
    Maxout,
    Network,
    PReLU,
    Residual,
)  # fmt: skip
from backlit.errors import BacklitError
from backlit.lens.trace import Recording
from backlit.nn import GLU
from backlit.ops.random import bits


def prepared(layers, features=3, outputs=None) -> Network:
    net = Network(layers, outputs) if outputs is not None else Network(layers)
    net.prepare(features, seed=5, dtype=np.float64)
    return net


def rows_of(rng, rows=4, features=3, outputs=2):
    return rng.normal(size=(rows, features)), rng.normal(size=(rows, outputs))


def test_every_instruction_is_looked_at_once_and_the_machine_makes_the_numbers(rng, monkeypatch):
    net = prepared([Dense(4, "tanh"), Dense(2)])
    from backlit.machine.runner import Machine

    ran = []
    run = Machine.run
    monkeypatch.setattr(
        Machine, "run", lambda self, lo=0, hi=None, *a, **k: (ran.append((lo, hi)), run(self, lo, hi, *a, **k))
    )
    trace = net.trace(*rows_of(rng))
    assert ran == [(i, i + 1) for i in range(len(trace.recording.tape.instructions))]
    assert trace.recording.made["dense1.u"] == 0
    u = trace["dense1.u"]
    np.testing.assert_allclose(trace["dense1.o"], np.tanh(u), rtol=1e-15)


def test_softmax_and_cross_entropy_begin_with_o_minus_t(rng):
    net = prepared([Dense(4, "tanh"), Dense(3, "softmax")])
    trace = net.trace(rng.normal(size=(5, 3)), np.array([0, 2, 1, 1, 0]), row=1)
    (block,) = trace.ledger().stage(4, "dense2")
    o, delta = trace["dense2.o"], trace["dense2.δᵘ"]
    np.testing.assert_allclose(delta, (o - np.eye(3)[[0, 2, 1, 1, 0]]) / 5, atol=1e-16)
    assert [(t.left, t.right) for t in block.lines[2]["δᵘ"].sum.terms] == [("o[2]", "1/n"), ("t[2]", "-1/n")]
    (loss,) = trace.ledger().stage(3)
    whole = loss.lines[0]["E"]
    assert whole.value == pytest.approx(-np.log(o[np.arange(5), [0, 2, 1, 1, 0]]).mean(), rel=1e-14)
    assert loss.lines[3]["δᵒ"].value == pytest.approx(-1 / o[1, 2] / 5)


def test_squared_error_after_softmax_goes_through_the_whole_matrix(rng):
    net = prepared([Dense(3, "softmax")])
    trace = net.trace(rng.normal(size=(1, 3)), [[0.2, 0.3, 0.5]], loss="squared_error")
    (block,) = trace.ledger().stage(4, "dense1")
    o, after = trace["dense1.o"][0], trace["dense1.δᵒ"][0]
    matrix = np.diag(o) - np.outer(o, o)
    for i, line in enumerate(block.lines):
        terms = line["δᵘ"].sum.terms
        np.testing.assert_allclose([t.a for t in terms], matrix[:, i], atol=1e-15)
        np.testing.assert_allclose([t.b for t in terms], after, atol=0)


def test_a_value_used_twice_has_the_sum_of_its_signals(rng):
    x = Input(3)()
    first = Dense(3, "tanh")(x)
    net = prepared(x, outputs=Dense(2)(Concatenate()(Add()(first, Dense(3, "relu")(first)), first)))
    trace = net.trace(*rows_of(rng))
    (block,) = trace.ledger().stage(4, "dense1")
    line = block.lines[0]
    ways = {t.right.rpartition("[")[0] for t in line["δᵒ"].sum.terms}
    assert ways == {"dense2.δᵘ", "add1.δᵒ", "concatenate1.δᵒ"}
    assert trace.ledger().closes
    chain = trace.parameter("dense1.weight[1,2]")
    assert {b.station.rpartition("[")[0] for b in chain.branches} == {"dense2.u", "add1.o", "concatenate1.o"}
    assert chain.closes
    assert chain.difference.error < 1e-6


def test_the_way_around_a_residual_branch_is_a_path_of_its_own(rng):
    net = prepared([Dense(3, "tanh"), Residual(Dense(3, "sigmoid")), Dense(1)])
    chain = net.trace(*rows_of(rng, 1, 3, 1)).parameter("dense1.bias[0]", top=20)
    direct = [p for p in chain.paths if "dense2.u" not in str(p.stations)]
    assert [s for p in direct for s in p.stations] == [
        "dense1.u[0]",
        "dense1.o[0]",
        "residual1.o[0]",
        "dense3.u[0]",
        "E",
    ]
    assert chain.ways == len(chain.paths) == 4  # one around, three through the three units
    assert sum(p.product for p in chain.paths) == pytest.approx(chain.gradient, rel=1e-12)


def test_dropout_shows_the_masks_that_the_step_draws(rng):
    net = prepared([Dense(6, "tanh"), Dropout(0.5), Dense(2)])
    x, t = rows_of(rng)
    for step in (1, 2):
        trace = net.trace(x, t, seed=9, step=step, row=2)
        key = next(i for i, layer in enumerate(net.layers()) if isinstance(layer, Dropout)) + 1
        kept = (bits(9, step, key, 24) >= 0.5 * 2**32).reshape(4, 6)
        np.testing.assert_array_equal(trace["dropout1.o"] != 0, kept)
        (block,) = trace.ledger().stage(4, "dense1")
        factors = [line["δᵒ"].sum.terms[0].a for line in block.lines]
        np.testing.assert_array_equal(factors, 2.0 * kept[2])
        assert trace.ledger().closes
    still = net.trace(x, t, training=False)
    assert "dropout1.o" not in still.recording


def test_a_path_through_a_batch_norm_leads_to_every_row(rng):
    net = prepared([Dense(2, "tanh"), BatchNorm(), Dense(1)])
    trace = net.trace(*rows_of(rng, 5, 3, 1), row=3)
    chain = trace.parameter("dense1.weight[0,1]", top=50)
    assert chain.ways == len(chain.paths) == 5  # one unit, five rows
    assert [r for r, _ in chain.rows] == [0, 1, 2, 3, 4]
    assert chain.closes
    assert chain.difference.error < 1e-6
    x = trace["dense1.o"][:, 0]
    m, s, n = x.mean(), np.sqrt(x.var() + 1e-5), 5
    hat = (x - m) / s
    expected = ((np.arange(5) == 3) - 1 / n - hat * hat[3] / n) / s
    found = {p.stations[2]: p.factors[2].value for p in chain.paths}
    names = [f"batch_norm1.o[0]{f' (row {r})' if r != 3 else ''}" for r in range(5)]
    np.testing.assert_allclose([found[name] for name in names], expected, atol=1e-12)


def test_one_row_before_a_batch_norm_takes_the_running_averages(rng):
    net = prepared([Dense(2, "tanh"), BatchNorm(), Dense(1)])
    x, t = rows_of(rng, 1, 3, 1)
    trace = net.trace(x, t)
    assert trace.conventions["training"] is False
    np.testing.assert_allclose(trace["batch_norm1.o"], trace["dense1.o"] / np.sqrt(1 + 1e-5), rtol=1e-14)
    assert trace.parameter("dense1.weight[0,0]").closes
    with pytest.raises(BacklitError) as caught:
        net.trace(x, t, training=True)
    assert caught.value.code == "BL310"


@pytest.mark.parametrize("layer", [LayerNorm(), PReLU(), PReLU(per_unit=True), GLU(), Maxout(2)], ids=repr)
def test_layers_of_several_units_have_entries_of_their_jacobians(layer, rng):
    net = prepared([Dense(4, "tanh"), layer, Dense(2)])
    trace = net.trace(*rows_of(rng), row=2)
    ledger = trace.ledger()
    assert ledger.closes
    name = layer.name
    (block,) = ledger.stage(2, name)
    assert [line["o"].value for line in block.lines] == trace[f"{name}.o"][2].tolist()
    for parameter in [*[n for n in net.values if n.startswith(name)], "dense1.weight"]:
        at = ",".join("0" for _ in trace[parameter].shape)
        chain = trace.parameter(f"{parameter}[{at}]", top=100)
        assert chain.closes
        assert chain.difference.error < 1e-6


def test_penalties_and_weights_of_rows_are_terms(rng):
    net = prepared([Dense(2)])
    x, t = rows_of(rng, 3)
    w = np.array([1.0, 2.0, 3.0])
    trace = net.trace(x, t, l2=0.1, sample_weight=w, row=1)
    assert trace.ledger().closes
    chain = trace.parameter("dense1.weight[1,0]")
    assert chain.penalty.product == pytest.approx(0.1 * net["dense1.weight"][1, 0])
    assert chain.closes
    assert chain.difference.error < 1e-7
    (loss,) = trace.ledger().stage(3)
    assert loss.lines[0]["E"].sum.terms[-1].left == "penalty"


def test_a_large_layer_shows_its_largest_and_sums_the_rest(rng):
    net = prepared([Dense(40, "tanh"), Dense(2)], features=30)
    trace = net.trace(*rows_of(rng, 1, 30), top=5)
    (sums,) = trace.ledger().stage(1, "dense1")
    assert len(sums.lines) == 5
    assert sums.others.count == 35
    total = sums.lines[0]["u"].sum
    assert len(total.terms) == 6  # five products and the bias
    assert total.rest.count == 25
    assert sum(t.product for t in total.terms) + total.rest.value == pytest.approx(total.value, rel=1e-12)
    delta = np.abs(trace["dense1.δᵘ"][0])
    assert {line.unit for line in sums.lines} == set(np.argsort(-delta)[:5].tolist())
    everything = sum(line["u"].value for line in sums.lines) + sums.others.sums["u"]
    assert everything == pytest.approx(trace["dense1.u"].sum(), rel=1e-10)


def test_layers_that_work_on_every_unit_show_those_of_the_layer_before(rng):
    net = prepared([Dense(30), PReLU(), Dropout(0.5), Dense(2)])
    ledger = net.trace(*rows_of(rng, 1), top=4).ledger()
    shown = [[line.unit for line in b.lines] for b in ledger.stage(2)[:3] + ledger.stage(4)[1:4]]
    assert len(shown[0]) == 4
    assert all(units == shown[0] for units in shown)
    assert ledger.closes


def test_paths_that_are_not_written_out_are_in_the_sum(rng):
    net = prepared([Dense(6, "tanh"), Dense(6, "tanh"), Dense(6, "tanh"), Dense(2)])
    trace = net.trace(*rows_of(rng, 1))
    chain = trace.parameter("dense1.weight[0,0]", top=3)
    assert (len(chain.paths), chain.ways, chain.others.count) == (3, 72, 69)
    assert chain.closes
    whole = trace.parameter("dense1.weight[0,0]", top=72)
    assert (len(whole.paths), whole.others) == (72, None)
    assert sum(p.product for p in whole.paths) == pytest.approx(whole.gradient, rel=1e-11)
    written = sum(p.product for p in sorted(whole.paths, key=lambda p: -abs(p.product))[:72])
    assert written == pytest.approx(sum(p.product for p in chain.paths) + chain.others.value, rel=1e-11)


def test_a_number_that_is_not_its_sum_is_found(rng):
    """The ledger can fail: one number of the machine changed by a millionth does not close."""
    net = prepared([Dense(3, "tanh"), Dense(2)])
    for name in ("dense1.u", "dense1.δᵘ", "dense1.δᵒ", "dense2.u", "E", "∂E/∂dense1.weight"):
        trace = net.trace(*rows_of(rng))
        trace.recording.before[name][...] *= 1 + 1e-6
        ledger = trace.ledger()
        assert not ledger.closes, name
        assert name in {c.name for c in ledger.open}
    trace = net.trace(*rows_of(rng))
    trace.recording.after["dense1.weight"][...] *= 1 + 1e-6
    assert {c.symbol for c in trace.ledger().open} == {"w′"}
    chain = net.trace(*rows_of(rng)).parameter("dense1.weight[0,0]")
    assert not replace(chain, total=chain.total * (1 + 1e-6)).closes


def test_an_optimizer_with_a_state_has_it_before_and_after(rng):
    net = prepared([Dense(2)])
    x, t = rows_of(rng)
    trace = net.trace(x, t, optimizer="adam", learning_rate=0.1)
    cells = {c.symbol: c.value for c in trace.ledger().stage(5)[0].lines[0].cells}
    g = cells["∂E/∂w"]
    assert (cells["m"], cells["v"]) == (0.0, 0.0)
    assert cells["m′"] == pytest.approx(0.1 * g)
    assert cells["v′"] == pytest.approx(0.001 * g * g)
    assert cells["w′"] == pytest.approx(cells["w"] - 0.1 * np.sign(g), rel=1e-6)


def test_float32_numbers_close_within_float32(rng):
    net = Network([Dense(20, "relu"), Dense(20, "gelu"), Dense(3, "softmax")])
    x, t = rng.normal(size=(60, 8)), rng.integers(0, 3, 60)
    net.fit(x, t, epochs=10)
    trace = net.trace(x[:7], t[:7], row=4)
    assert trace["dense1.u"].dtype == np.float32
    assert trace.ledger().closes
    chain = trace.parameter("0.weight[3,5]")
    assert chain.name == "dense1.weight"
    assert chain.closes
    assert chain.bound < 1e-4 * max(abs(chain.gradient), 1e-3)


def test_frozen_layers_are_shown_and_not_updated(rng):
    net = prepared([Dense(3, "tanh", trainable=False), Dense(2)])
    trace = net.trace(*rows_of(rng))
    assert [b.layer for b in trace.ledger().stage(5)] == ["dense2"]
    with pytest.raises(BacklitError) as caught:
        trace.parameter("dense1.weight[0,0]")
    assert caught.value.code == "BL362"


@pytest.mark.parametrize(
    ("name", "code"),
    [("dense1.wieght[0,0]", "BL307"), ("dense1.weight[3,0]", "BL361"), ("dense1.weight", "BL361"),
     ("dense1.weight[0]", "BL361"), ("dense1.bias[-1]", "BL361"), ("dense1.weight[a,b]", "BL361"), ("", "BL307")],
)  # fmt: skip
def test_a_parameter_that_is_not_there_is_told(name, code, rng):
    trace = prepared([Dense(3), Dense(2)]).trace(*rows_of(rng))
    with pytest.raises(BacklitError) as caught:
        trace.parameter(name)
    assert caught.value.code == code


def test_a_row_that_is_not_there_is_told(rng):
    net = prepared([Dense(3), Dense(2)])
    for row in (4, -1, True):
        with pytest.raises(BacklitError) as caught:
            net.trace(*rows_of(rng), row=row)
        assert caught.value.code == "BL360"


def test_a_loss_that_is_not_finite_is_shown_and_not_hidden():
    net = Network([Dense(1, "exp(u)")])
    net.prepare(1, dtype=np.float64)
    net["dense1.weight"] = [[1000.0]]
    trace = net.trace([[1.0]], [[1.0]])
    assert np.isinf(trace.recording["dense1.o"]).all()
    assert "inf" in trace.text()


def test_numbers_do_not_depend_on_what_else_is_kept(rng):
    """The recording keeps more than the observed tape; gradients and losses are the same bits."""
    net = prepared([Dense(4, "gelu"), BatchNorm(), Residual(Dense(4, "tanh")), Dense(2)])
    net.values = {n: v.astype(np.float32) for n, v in net.values.items()}
    x, t = rows_of(rng)
    trace = net.trace(x, t, learning_rate=0.01)
    run = net.fit(x, t, epochs=1, batch_size=4, shuffle=False, optimizer="gradient_descent", learning_rate=0.01)
    assert isinstance(trace.recording, Recording)
    assert run.last is not None
    for name, value in run.last.values.items():
        assert np.array_equal(value, trace.recording.after[name]), name


@pytest.mark.slow
def test_a_large_network_is_traced_within_a_third_of_a_second(rng):
    """784-256-128-10 on one row, once its kernels are loaded: ledger and a chain rule, in time of the processor."""
    import time

    net = Network([Dense(256, "relu"), Dense(128, "relu"), Dense(10, "softmax")])
    net.prepare(784)
    x, t = rng.random((1, 784)), np.array([3])

    def once() -> float:
        begin = time.process_time()
        trace = net.trace(x, t, optimizer="adam")
        assert trace.ledger().closes
        assert trace.parameter("dense1.weight[3,5]").closes
        trace.text()
        return time.process_time() - begin

    assert min(once() for _ in range(4)) < 0.3

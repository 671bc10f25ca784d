"""The training loop: the same bits in one go, in slices, resumed and replayed; and the right numbers."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backlit.errors import ParameterError
from backlit.machine import loop as machine_loop
from backlit.machine.beside import Quicker
from backlit.ops import random
from machine.networks import ADAM, SHAPES, assert_same, data, loop, results, weights
from tolerance import EPS, assert_close, same_bits

ENGINES = ("compiled", "plain", "interpreter")


# ---- the same bits --------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", EPS)
@pytest.mark.parametrize("rate", [0.0, 0.4], ids=["", "dropout"])
def test_the_same_seed_gives_the_same_bits_and_another_seed_others(dtype, rate):
    one, other, third = loop(dtype, rate=rate), loop(dtype, rate=rate), loop(dtype, rate=rate, seed=4)
    for made in (one, other, third):
        assert made.run(1000) == 36
        assert made.stopped == "epochs"
    assert_same(one, other)
    assert not same_bits(one["W1"], third["W1"])


@settings(max_examples=25)
@given(st.lists(st.integers(1, 9), min_size=36), st.sampled_from([0.0, 0.4]))
def test_slices_of_any_size_give_the_bits_of_one_go(slices, rate):
    whole, sliced = loop("float32", rate=rate), loop("float32", rate=rate)
    whole.run(1000)
    assert sum(sliced.run(n) for n in slices) == 36
    assert_same(whole, sliced)


@settings(max_examples=25)
@given(st.integers(0, 36), st.integers(0, 36), st.booleans())
def test_a_run_resumed_from_a_snapshot_at_any_step_gives_the_same_bits(at, further, fresh):
    whole = loop("float32", rate=0.4)
    whole.run(1000)
    first = loop("float32", rate=0.4)
    assert first.run(at) == first.step == at
    kept = first.snapshot()
    assert kept.step == at
    first.run(further)  # the snapshot is a copy: what comes after does not change it
    second = loop("float32", rate=0.4, seed=99) if fresh else first
    second.restore(kept)
    assert second.step == at
    second.run(1000)
    assert_same(whole, second)


@pytest.mark.parametrize("engine", ["plain", "interpreter"])
def test_slices_and_snapshots_work_on_the_other_engines_too(engine):
    whole, parts = (loop("float64", engine=engine, rate=0.4, epochs=3) for _ in range(2))
    whole.run(1000)
    parts.run(4)
    kept = parts.snapshot()
    parts.run(3)
    other = loop("float64", engine=engine, rate=0.4, epochs=3)
    other.restore(kept)
    other.run(1000)
    assert_same(whole, other)


def test_a_run_can_be_forked_and_each_branch_goes_its_way():
    made = loop()
    made.run(10)
    kept = made.snapshot()
    ends = []
    for rate in (0.01, 0.1, 0.01):
        made.restore(kept)
        made.set("learning_rate", rate)
        made.run(10)
        ends.append(made["W1"].copy())
    assert same_bits(ends[0], ends[2])
    assert not same_bits(ends[0], ends[1])


def test_setting_a_learning_rate_counts_from_the_next_step_and_stands_in_the_history():
    made = loop()
    made.run(3)
    made.set("learning_rate", 0.5)
    before = made["W1"].copy()
    made.run(1)
    assert np.abs(made["W1"] - before).max() > 0.2
    made.run(2)
    assert [e["learning_rate"] for e in made.epochs_done()] == [0.01, 0.5]
    with pytest.raises(ParameterError) as told:
        made.set("learnig_rate", 0.1)
    assert told.value.code == "BL304"


# ---- the right numbers ----------------------------------------------------------------------------------


def by_hand(
    steps: int, batch: int, rows: int, seed: int, rate: float = 0.0
) -> tuple[dict[str, np.ndarray], list[float]]:
    """The same training in NumPy, as it stands in a textbook: weights after `steps`, and the epochs' losses."""
    given, w = data(rows), weights()
    m, v = ({n: np.zeros(s) for n, s in SHAPES.items()} for _ in range(2))
    total, losses = 0.0, []
    per_epoch = -(-rows // batch)
    for k in range(1, steps + 1):
        epoch, place = divmod(k - 1, per_epoch)
        chosen = random.permutation(seed, epoch, rows)[place * batch : (place + 1) * batch]
        x, t = given["x"][chosen], given["t"][chosen]
        hidden = np.tanh(x @ w["W1"] + w["b1"])
        mask = 1.0
        if rate:
            drawn = random.bits(seed, k, 1, hidden.size).reshape(hidden.shape)
            mask = (drawn >= np.uint64(rate * 2**32)) / (1 - rate)
        u = (hidden * mask) @ w["W2"] + w["b2"]
        e = np.exp(u - u.max(axis=1, keepdims=True))
        shares = e / e.sum(axis=1, keepdims=True)
        total -= float(np.sum(t * np.log(shares)))
        delta = (shares - t) / len(x)
        back = delta @ w["W2"].T * mask * (1 - hidden**2)
        g = {"W1": x.T @ back, "b1": back.sum(0), "W2": (hidden * mask).T @ delta, "b2": delta.sum(0)}
        for n in SHAPES:
            m[n] = ADAM["beta1"] * m[n] + (1 - ADAM["beta1"]) * g[n]
            v[n] = ADAM["beta2"] * v[n] + (1 - ADAM["beta2"]) * g[n] ** 2
            first, second = m[n] / (1 - ADAM["beta1"] ** k), v[n] / (1 - ADAM["beta2"] ** k)
            w[n] = w[n] - ADAM["learning_rate"] * first / (np.sqrt(second) + ADAM["eps"])
        if place == per_epoch - 1:
            losses.append(total / rows)
            total = 0.0
    return w, losses


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("rate", [0.0, 0.4], ids=["", "dropout"])
@pytest.mark.parametrize(("batch", "rows"), [(32, 75), (75, 75), (100, 75), (1, 5), (7, 8)])
def test_twenty_steps_give_the_weights_that_a_textbook_loop_gives(engine, rate, batch, rows):
    made = loop(engine=engine, inputs=data(rows), batch=batch, rate=rate, epochs=20, held_out={})
    assert made.run(20) == 20
    wanted, losses = by_hand(20, min(batch, rows), rows, seed=3, rate=rate)
    for name, value in wanted.items():
        assert np.abs(made[name] - value).max() < 1e-12, name
    assert [e["train_loss"] for e in made.epochs_done()] == pytest.approx(losses, rel=1e-12)


@pytest.mark.parametrize("dtype", EPS)
@pytest.mark.parametrize("rate", [0.0, 0.4], ids=["", "dropout"])
def test_all_engines_train_alike(dtype, rate):
    made = {engine: loop(dtype, engine=engine, rate=rate, epochs=7) for engine in ENGINES}
    for each in made.values():
        assert each.run(1000) == 21
    expected = results(made["interpreter"])
    for engine in ("compiled", "plain"):
        for name, value in results(made[engine]).items():
            assert_close(value, expected[name], dtype, "training", (engine, name))


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_the_losses_in_the_history_are_those_of_all_rows(reduction):
    made = loop(reduction=reduction, sum_loss=reduction == "sum", epochs=3, batch=75)
    made.run(2)
    before = {n: made[n].copy() for n in SHAPES}
    made.run(1)
    after = {n: made[n].copy() for n in SHAPES}
    last = made.epochs_done()[-1]
    for w, name, rows in ((before, "train_loss", data(75)), (after, "valid_loss", data(40, 5))):
        u = np.tanh(rows["x"] @ w["W1"] + w["b1"]) @ w["W2"] + w["b2"]
        each = np.log(np.exp(u).sum(1)) - (u * rows["t"]).sum(1)
        assert last[name] == pytest.approx(each.sum() if reduction == "sum" else each.mean(), rel=1e-12)
    right = np.argmax(u, 1) == np.argmax(rows["t"], 1)
    assert last["valid_hits"] == right.sum()


def test_more_rows_held_out_than_fit_in_one_batch_are_all_counted():
    many = data(1000, 7)
    made = loop(held_out=many, epochs=1)
    made.run(3)
    u = np.tanh(many["x"] @ made["W1"] + made["b1"]) @ made["W2"] + made["b2"]
    last = made.epochs_done()[-1]
    assert last["valid_loss"] == pytest.approx(np.mean(np.log(np.exp(u).sum(1)) - (u * many["t"]).sum(1)), rel=1e-12)
    assert last["valid_hits"] == (np.argmax(u, 1) == np.argmax(many["t"], 1)).sum()


def test_every_row_is_seen_once_in_an_epoch_and_in_the_stated_order():
    made = loop()
    for epoch in range(3):
        seen: list[Any] = []
        for step in range(made.steps_per_epoch):
            rows = made.load_batch()
            shown = made["x"][:rows].copy()
            made.run(1)
            if step < made.steps_per_epoch - 1:  # the validation has its rows in the same memory
                assert same_bits(made["x"][:rows].copy(), shown)
            seen += shown.tolist()
        assert seen == data(75)["x"][random.permutation(3, epoch, 75)].tolist()
    still = loop(shuffle=False)
    still.run(1)
    assert same_bits(still["x"].copy(), data(75)["x"][:32])


# ---- threads --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", EPS)
def test_two_threads_train_as_one_to_the_bit(dtype):
    one, two, again = loop(dtype, rate=0.4), loop(dtype, rate=0.4, threads=2), loop(dtype, rate=0.4, threads=2)
    one.run(1000)
    two.run(1000)
    for n in itertools.chain([1, 5], itertools.repeat(3, 12)):
        again.run(n)
    assert_same(two, again)
    for name, value in results(one).items():
        assert same_bits(results(two)[name], value), name


def test_going_from_two_threads_to_one_and_back_changes_no_bit(monkeypatch):
    monkeypatch.setattr(machine_loop, "WORTH_TWO_THREADS", 0)
    for name, value in {"SHORT": 0.0, "FIRST": 1, "SOON": 1, "LATE": 2}.items():
        monkeypatch.setattr(Quicker, name, value)
    changing, still = loop(rate=0.4, threads=0), loop(rate=0.4, threads=2)
    used = set()
    for _ in range(20):
        used.add(changing.quicker.threads())
        changing.run(7)
        still.run(7)
    assert used == {1, 2}
    for name, value in results(still).items():
        assert same_bits(results(changing)[name], value), name


def test_the_number_of_threads_follows_from_the_shapes():
    assert loop(threads=0).threads == 1  # far too small for two
    assert loop(threads=2, engine="plain").threads == 1
    assert loop(threads=5).threads == 2
